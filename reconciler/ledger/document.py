"""Ledger <-> JSON, the same for all backends: the state file and the lines of its journal.

Checked by hand: a large ledger is read on every run, and the file was nearly always written by this very code. Keys that
are not known are left out, so that a later version may add some; what an older program would misread raises
`format_version` instead.
"""

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from reconciler.errors import StateError
from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.names import KINDS, ResourceAddress
from reconciler.model.resources import RemoteId, Value

FORMAT_VERSION = 1
RESTORE = (
    "restore it from a backup; or move it away: then everything in the manifest is adopted again at the next apply, "
    "and what was owned but has left the manifest stays until it is deleted by hand"
)

Entries = Iterable[tuple[ResourceAddress, LedgerEntry | None]]

_SCALARS = frozenset({str, int, bool, type(None)})
_NUMBERS = frozenset({int})
_KINDS = frozenset(KINDS)


class _Malformed(ValueError):
    """What is wrong in a document; the caller adds where it lies."""


def ledger_to_bytes(ledger: Ledger) -> bytes:
    """ASCII JSON, one resource a line, sorted: the same ledger gives the same bytes."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    head = {
        "format_version": FORMAT_VERSION,
        "lineage": ledger.lineage,
        "serial": ledger.serial,
        "pending": sorted(map(str, ledger.pending)),
    }
    lines = [f"{encode(str(address))}:{encode(_written(entry))}" for address, entry in ledger.resources.items()]
    body = ",\n".join(sorted(lines))
    return f'{encode(head)[:-1]},\n"resources":{{\n{body}\n}}}}\n'.encode("ascii")


def ledger_from_bytes(data: bytes, where: str) -> Ledger:
    """Raises StateError, which names *where*, for what is not a whole and valid ledger of this format or an older one."""
    with _collector_paused():
        try:
            return _ledger(_object(_parsed(data), "it"), where)
        except _Malformed as error:
            raise StateError(f"{where} is not a state that mailsync can read: {error}", hint=RESTORE) from None


def journal_line(ledger: Ledger, address: ResourceAddress, entry: LedgerEntry | None) -> bytes:
    """One result, bound to the ledger that it changes: it counts only until the next one is written."""
    line = {
        "lineage": ledger.lineage,
        "serial": ledger.serial,
        "address": str(address),
        "entry": None if entry is None else _written(entry),
    }
    return json.dumps(line, separators=(",", ":")).encode("ascii")


def journal_entries(ledger: Ledger, lines: list[bytes], where: str) -> Entries:
    """The results in *lines* that belong to *ledger*, in order; None for what was forgotten.

    A last line that is damaged was never confirmed and is left out; any other raises StateError."""
    for number, line in enumerate(lines, 1):
        try:
            raw = _object(_parsed(line), "the line")
            if (raw.get("lineage"), raw.get("serial")) == (ledger.lineage, ledger.serial):
                yield _journaled(raw)
        except _Malformed as error:
            if number < len(lines):
                raise StateError(f"line {number} of the journal of {where} is damaged: {error}", hint=RESTORE) from None


def _journaled(raw: dict[str, Any]) -> tuple[ResourceAddress, LedgerEntry | None]:
    entry = raw.get("entry")
    return _address(raw.get("address")), None if entry is None else _entry(entry)


def _written(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "remote_id": entry.remote_id,
        "applied": dict(entry.applied),
        "secret_versions": dict(entry.secret_versions),
        "protect": entry.protect,
        "created": entry.created,
        "updated_at": entry.updated_at,
    }


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise _Malformed("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
            raise _Malformed("it is cut off") from None
        raise _Malformed(f"it is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise _Malformed(f"it is not JSON ({type(error).__name__})") from None


def _ledger(raw: dict[str, Any], where: str) -> Ledger:
    _check_version(raw, where)
    lineage, serial = raw.get("lineage"), raw.get("serial")
    if type(lineage) is not str or not lineage:
        raise _Malformed("its lineage must be a text")
    if type(serial) is not int or serial < 0:
        raise _Malformed("its serial must be a number from 0")
    pending = raw.get("pending", [])
    if type(pending) is not list:
        raise _Malformed("its pending must be a list")
    resources = _object(raw.get("resources"), "its resources")
    return Ledger(lineage, serial, _resources(resources), frozenset(map(_address, pending)))


def _check_version(raw: dict[str, Any], where: str) -> None:
    version = raw.get("format_version")
    if type(version) is not int or version < 1:
        raise _Malformed("it has no format_version, so something else wrote it")
    if version > FORMAT_VERSION:
        raise StateError(
            f"{where} has format_version {version}, which is newer than this program ({FORMAT_VERSION})",
            hint="use the version of mailsync that wrote it, or a newer one",
        )


def _address(text: Any) -> ResourceAddress:
    if type(text) is not str:
        raise _Malformed(f"{text!r} is not a resource address")
    # Written by ourselves it is in its normal form already; parsing it again would double the time of reading.
    parts = text.split("/", 2)
    if len(parts) == 3 and parts[1] in _KINDS and parts[2].islower() and text.isascii():
        # Not by name, which costs twice as much.
        return tuple.__new__(ResourceAddress, parts)
    try:
        return ResourceAddress.parse(text)
    except ValueError as error:
        raise _Malformed(str(error)) from None


def _resources(raw: dict[str, Any]) -> dict[ResourceAddress, LedgerEntry]:
    resources = {}
    for address, entry in raw.items():
        try:
            resources[_address(address)] = _entry(entry)
        except _Malformed as error:
            raise _Malformed(f"{address!r}: {error}") from None
    return resources


def _entry(raw: Any) -> LedgerEntry:
    if type(raw) is not dict:
        raise _Malformed("the entry must be an object")
    applied, versions, remote_id = raw.get("applied"), raw.get("secret_versions", {}), raw.get("remote_id")
    protect, created, updated_at = raw.get("protect", False), raw.get("created", False), raw.get("updated_at", "")
    if type(applied) is not dict or type(versions) is not dict:
        raise _Malformed("applied and secret_versions must be objects")
    if type(protect) is not bool or type(created) is not bool or type(updated_at) is not str:
        raise _Malformed("protect and created must be true or false, and updated_at a text")
    if not _SCALARS.issuperset(map(type, applied.values())):
        applied = {name: _value(name, value) for name, value in applied.items()}
    if versions and not _NUMBERS.issuperset(map(type, versions.values())):
        raise _Malformed("secret_versions must be numbers")
    return LedgerEntry(
        applied, remote_id if type(remote_id) is str else _remote_id(remote_id), versions, protect, created, updated_at
    )


def _value(name: str, raw: Any) -> Value:
    if type(raw) in _SCALARS:
        return cast(Value, raw)
    if type(raw) is list and all(type(member) is str for member in raw):
        return tuple(raw)
    raise _Malformed(f"applied.{name} must be a text, a whole number, a flag, null or a list of texts")


def _remote_id(raw: Any) -> RemoteId:
    if raw is None or type(raw) in (str, int):
        return cast(RemoteId, raw)
    if type(raw) is list and all(type(part) in (str, int) for part in raw):
        return tuple(raw)
    raise _Malformed("remote_id must be a text, a number, a list of these or null")


def _object(raw: Any, what: str) -> dict[str, Any]:
    if type(raw) is not dict:
        raise _Malformed(f"{what} must be an object")
    return raw


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the cyclic collector, which costs a third of the time of reading 100,000 entries and finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
