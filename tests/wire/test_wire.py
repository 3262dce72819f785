"""What the vendors' documents say goes over the wire, as data: one file for one documented call or error.

A file has its *source*, the *verb* of the account that is called and with what, the *exchanges* over the wire that this
has to lead to, and what comes of it: *live* resources, an *error*, or nothing. An emulator made by us proves that we
agree with ourselves; these files hold us to what others wrote.
"""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from wire_world import Wire

from reconciler.errors import MailsyncError
from reconciler.model.names import ResourceAddress
from reconciler.model.snapshot import Scope

FILES = sorted(Path(__file__).parent.glob("*/*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_wire_is_as_documented(file: Path):
    case = json.loads(file.read_text())
    wire = Wire(file.parent.name, case.get("before"), case["exchanges"], case.get("settings"))
    if "error" in case:
        with pytest.raises(MailsyncError) as caught:
            wire.run(lambda account: call(account, case))
        assert {"code": caught.value.code, "message": str(caught.value)} == case["error"]
    else:
        outcome = wire.run(lambda account: call(account, case))
        if "live" in case:
            assert portable(outcome) == case["live"]
    assert wire.sent == [{"body": None, **exchange["request"]} for exchange in case["exchanges"]]
    assert wire.waited == case.get("waited", 0)


async def call(account: Any, case: dict[str, Any]) -> Any:
    match case["verb"]:
        case "fetch":
            return await account.fetch(Scope(frozenset(case["kinds"])))
        case "create":
            return await account.create(address(case), values(case["fields"]), case.get("secrets", {}))
        case "update":
            return await account.update(address(case), values(case["fields"]), case.get("secrets", {}))
        case "delete":
            return await account.delete(address(case))


def address(case: dict[str, Any]) -> ResourceAddress:
    kind, _, key = case["address"].partition("/")
    return ResourceAddress("hosting", kind, key)


def values(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def portable(snapshot: Any) -> dict[str, Any]:
    return {
        f"{address.kind}/{address.key}": {
            name: list(value) if isinstance(value, tuple) else value for name, value in live.fields.items()
        }
        for address, live in snapshot.resources.items()
    }


def test_there_is_a_source_for_everything():
    assert FILES
    assert all(json.loads(file.read_text())["source"] for file in FILES)


def test_httpx_is_the_wire():
    """The fake network stands where httpx would open a connection, so headers and paths are really built."""
    assert issubclass(type(Wire("mailserver", None, []).network), httpx.AsyncBaseTransport)
