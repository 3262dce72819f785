"""The way from a reference to its value."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from reconciler.errors import SecretUnavailable
from reconciler.model.secret import Plaintext, SecretRef
from reconciler.secrets import resolver
from reconciler.secrets.resolver import Resolver

calls = []


def counting(ref, environment):
    calls.append(ref)
    return f"value of {ref.path}"


def breaking(ref, environment):
    raise RuntimeError("the canary value is in this message")


def empty(ref, environment):
    return ""


def surrogate(ref, environment):
    return "canary\udcff"


def nothing(ref, environment):
    return None


@pytest.fixture
def plugins(monkeypatch):
    """Schemes of this module, installed as a third party's package would."""
    calls.clear()
    names = ("counting", "breaking", "empty", "surrogate", "nothing", "absent")
    points = EntryPoints(EntryPoint(name, f"{__name__}:{name}", resolver.GROUP) for name in names)
    monkeypatch.setattr(resolver, "entry_points", lambda group: points.select(group=group))


def failure(ref: SecretRef) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        Resolver({}).resolve(ref)
    return caught.value


def test_env_and_file_are_installed(tmp_path):
    (tmp_path / "key").write_text("two\n")
    resolve = Resolver({"KEY": "one"}).resolve
    assert resolve(SecretRef("env", "KEY")) == "one"
    assert resolve(SecretRef("file", "key", str(tmp_path))) == "two"


def test_a_third_partys_scheme_comes_in_by_its_entry_point(plugins):
    assert Resolver({}).resolve(SecretRef("counting", "a")) == "value of a"


def test_each_reference_is_resolved_once(plugins):
    """A vault may count, and may rotate in between."""
    resolve = Resolver({}).resolve
    assert [resolve(SecretRef("counting", path)) for path in "aba"] == ["value of a", "value of b", "value of a"]
    assert [ref.path for ref in calls] == ["a", "b"]


def test_every_value_that_was_given_out_is_masked():
    resolver = Resolver({"KEY": "canary-one"})
    resolver.resolve(SecretRef("env", "KEY"))
    resolver.resolve(Plaintext("canary-two"))
    assert resolver.masker.mask("canary-one, canary-two") == "***, ***"


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ("empty", "is empty"),
        ("surrogate", "not UTF-8"),
        ("nothing", "no text"),
        ("breaking", "failed with RuntimeError"),
        ("absent", "cannot be loaded"),
    ],
)
def test_what_a_scheme_cannot_give_is_an_error_that_names_the_reference_only(plugins, scheme, reason):
    error = failure(SecretRef(scheme, "a"))
    assert error.message.startswith(f"${{{scheme}:a}}")
    assert reason in error.message
    assert "canary" not in f"{error!r} {error.__context__!r} {error.__cause__!r}"


def test_an_unknown_scheme_suggests_the_one_that_was_meant(plugins):
    assert failure(SecretRef("countng", "a")).hint == "did you mean ${counting:a}?"
    assert "installed are: absent, breaking, counting" in failure(SecretRef("xyz", "a")).hint


def test_the_reference_and_not_the_value_shows_in_what_the_resolver_prints():
    resolver = Resolver({"KEY": "canary"})
    resolver.resolve(SecretRef("env", "KEY"))
    assert "canary" not in repr(resolver) + repr(resolver.masker)
