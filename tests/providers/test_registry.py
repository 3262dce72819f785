"""How provider types are found."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from reconciler.errors import MailsyncError
from reconciler.providers.registry import GROUP, Installed, installed


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_the_built_in_types_enter_by_the_same_door_as_foreign_ones():
    assert "mailserver" in installed()
    assert installed()["mailserver"].type == "mailserver"
    assert installed()["mailserver"] is installed()["mailserver"]


def test_asking_which_types_there_are_loads_none():
    """A broken plug-in fails only those who use it."""
    types = Installed([entry("broken", "no.such.module:PROVIDER")])
    assert list(types) == ["broken"]
    assert len(types) == 1
    assert "broken" in types
    assert types.get("unknown") is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no.such.module:PROVIDER", "does not load: ModuleNotFoundError"),
        ("reconciler.providers.mailserver:NOTHING", "does not load: AttributeError"),
        ("reconciler.providers.mailserver:MEBIBYTES", "has no type, settings, capabilities, open"),
        ("reconciler.providers.mailserver:PROVIDER", "calls itself 'mailserver'"),
    ],
)
def test_a_broken_plug_in_is_an_error_that_names_it(value, words):
    with pytest.raises(MailsyncError, match=f"'acme' of the package .*{words}"):
        Installed([entry("acme", value)])["acme"]


def test_one_type_from_two_packages_is_an_error():
    """Which one is meant is not ours to guess."""
    types = Installed([entry("acme", "one:PROVIDER"), entry("acme", "two:PROVIDER")])
    with pytest.raises(MailsyncError, match="several packages give the provider type 'acme': one, two"):
        types["acme"]


def test_loading_a_provider_loads_no_http():
    """`validate` and `--help` know all capabilities and talk to nobody."""
    code = (
        "import sys; from reconciler.providers.registry import installed; "
        "[p.capabilities({}) for p in installed().values()]; "
        "print([m for m in ('httpx', 'asyncio', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
