"""Each codec reads back what it wrote, tolerates what servers really send, and says why it cannot hold a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.model.resources import FIELDS, as_set
from reconciler.providers.registry import installed
from reconciler.providers.rest import codec
from reconciler.providers.rest.codec import MIB
from reconciler.providers.rest.table import RestApi
from reconciler.providers.rest.versions import Versions

ADDRESS = some.from_regex(r"[a-z][a-z0-9.]{0,8}[a-z]@[a-z]{1,9}\.example", fullmatch=True)
EVENTS = [
    ("domain.created", "domain.verified", "mailbox.created", "mailbox.quota_exceeded", "email.received", "email.sent"),
    ("verification.completed", "bulk.completed", "bulk.failed", "credits.low"),
]
URLS = some.from_regex(r"https?://[a-z]{1,9}\.example/[A-Za-z0-9?&=_@-]*", fullmatch=True)
VALUES = {
    "flag": some.booleans(),
    "text": some.text(),
    "size": some.one_of(some.integers(1, 2**40).map(lambda n: n * MIB), some.just("unlimited")),
    "count": some.integers(0, 10**6),
    "addresses": some.tuples(ADDRESS) | some.sets(ADDRESS | URLS, min_size=1, max_size=4).map(as_set),
    "expiry": some.sampled_from(["1h", "1d", "3d", "never"]),
    "url": URLS,
    "secret": some.text(min_size=1),
}


def fields_of_every_table():
    for name, provider in installed().items():
        assert isinstance(provider, RestApi | Versions)
        table = provider if isinstance(provider, RestApi) else provider.tables["v3"]
        for kind in table.kinds:
            for field in kind.fields:
                if field.fixed is None:
                    yield pytest.param(kind, field, id=f"{name}-{kind.name}-{field.name}")


@pytest.mark.parametrize(("kind", "field"), list(fields_of_every_table()))
@given(data=some.data())
def test_a_field_survives_the_wire(kind, field, data):
    """Whatever its check lets through."""
    value = data.draw(values_of(kind, field).filter(lambda value: holds(field.codec, value)))
    assert field.codec.from_wire(field.codec.to_wire(value)) == value


def values_of(kind, field):
    value_type = FIELDS[kind.name][field.name]
    if value_type != "events":
        return VALUES[value_type]
    known = next(one for one in EVENTS if holds(field.codec, one))
    return some.sets(some.sampled_from(known), min_size=1).map(as_set)


def holds(one, value):
    try:
        one.check(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("value", [True, 1, "1", "true"])
def test_a_flag_that_is_set_is_read_in_all_its_forms(value):
    assert codec.FLAG.from_wire(value) is True


@pytest.mark.parametrize("value", [False, 0, "0", "false"])
def test_a_flag_that_is_not_set_is_read_in_all_its_forms(value):
    assert codec.FLAG.from_wire(value) is False


@pytest.mark.parametrize("value", [None, "yes", 2, [], {}, ""])
def test_what_is_no_flag_is_an_error(value):
    with pytest.raises((KeyError, TypeError)):
        codec.FLAG.from_wire(value)


@pytest.mark.parametrize(("value", "number"), [(5, 5), ("5", 5), ("0", 0), ("-1", -1)])
def test_a_number_may_come_as_text(value, number):
    assert codec.COUNT.from_wire(value) == number


@pytest.mark.parametrize("value", [None, True, "", "five", "1e3", 1.5, [], "9" * 5000])
def test_what_is_no_whole_number_is_an_error(value):
    with pytest.raises((ValueError, TypeError)):
        codec.COUNT.from_wire(value)


def test_a_text_with_half_a_character_is_an_error():
    """JSON can hold it; a terminal and a file cannot."""
    with pytest.raises(ValueError):
        codec.TEXT.from_wire("\ud800")


def test_no_text_is_read_and_written_as_the_empty_one():
    assert codec.TEXT.from_wire(None) == ""
    assert codec.TEXT.to_wire(None) == ""


@pytest.mark.parametrize(
    ("wire", "members"),
    [
        ("b@y.example,a@x.example", ("a@x.example", "b@y.example")),
        (" B@Y.example , a@x.example,", ("a@x.example", "b@y.example")),
        ("a@münchen.example", ("a@xn--mnchen-3ya.example",)),
        ("null@localhost", ("null@localhost",)),
        ("", ()),
    ],
)
def test_destinations_are_a_set(wire, members):
    """Order, blanks and case do not count; what is no address by our rules is shown as it is."""
    assert codec.ADDRESSES.from_wire(wire) == members


@pytest.mark.parametrize(
    ("wire", "key"),
    [
        ("John@Example.COM", "john@example.com"),
        ("info@münchen.example", "info@xn--mnchen-3ya.example"),
        ("@Example.com", "@example.com"),
        ("Root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_compared_in_one_form(wire, key):
    assert codec.address_key(wire) == key


@pytest.mark.parametrize("wire", [None, "", "john", 7, ["a@b.example"]])
def test_what_is_no_address_is_an_error(wire):
    with pytest.raises((ValueError, TypeError)):
        codec.address_key(wire)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1_500_000, "1500000 bytes is not a whole number of MiB"),
        (0, "1 MiB at least"),
        ("unlimited", "cannot be unlimited"),
        (None, "cannot be cleared"),
    ],
)
def test_a_size_that_cannot_be_held_is_explained(value, words):
    with pytest.raises(ValueError, match=words):
        codec.mebibytes().check(value)


def test_unlimited_has_a_number_where_there_is_such_a_thing():
    limited = codec.mebibytes(unlimited=0)
    limited.check("unlimited")
    assert limited.to_wire("unlimited") == 0
    assert limited.from_wire("0") == "unlimited"


@pytest.mark.parametrize(
    "one", [codec.FLAG, codec.COUNT, codec.ADDRESSES, codec.SECRET], ids=["flag", "count", "set", "secret"]
)
def test_what_cannot_be_cleared_says_so(one):
    with pytest.raises(ValueError):
        one.check(None)
