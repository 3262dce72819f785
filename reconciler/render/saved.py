"""A saved plan, read back to be shown or approved.

It may have been edited, cut off or written by something else, so every value is checked and nothing is taken on trust. What
only the applier needs (steps, live resources) is not in it: an apply makes the plan again and compares.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast, get_args

from reconciler.errors import MailsyncError
from reconciler.model.location import Diagnostic, Location, Severity
from reconciler.model.names import KINDS, EmailAddress, ResourceAddress
from reconciler.model.plan import (
    ACTIONS,
    Block,
    BlockCode,
    Change,
    FieldChange,
    FlowChange,
    FlowEffect,
    Plan,
    PlanOptions,
    ProviderSummary,
    Risk,
    digest_of,
)
from reconciler.model.resources import Fields, Value
from reconciler.render.schema import FORMAT_VERSION

T = TypeVar("T")
Raw = Mapping[str, Any]

AGAIN: Final = "make the plan again with `mailsync plan --out FILE`"


def read_plan(data: bytes, name: str) -> Plan:
    """The plan in a document of `plan --out`, without its steps. Raises MailsyncError, which calls the file *name*."""
    try:
        document = _document(data)
        _check_version(document.get("format_version"), name)
        plan = _plan(document)
    except (ValueError, RecursionError) as error:
        raise MailsyncError(f"{name} is not a plan that mailsync saved: {error}", hint=AGAIN) from None
    rest = {key: value for key, value in document.items() if key != "document_digest"}
    if document.get("document_digest") != digest_of([rest]) or plan.digest != document.get("plan_digest"):
        raise MailsyncError(f"{name} was edited: its digests are not those of what it holds", hint=AGAIN)
    return plan


def _document(data: bytes) -> Raw:
    try:
        document = json.loads(data.decode("utf-8"))
    except json.JSONDecodeError as error:
        cut_off = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        raise ValueError("it is cut off" if cut_off else f"it is not JSON ({error})") from None
    if type(document) is not dict:
        raise ValueError("it is not an object")
    return document


def _check_version(version: object, name: str) -> None:
    match = re.fullmatch(r"(\d{1,9})\.\d{1,9}", version, re.ASCII) if isinstance(version, str) else None
    if match is None:
        raise ValueError("it has no format_version")
    if int(match[1]) > int(FORMAT_VERSION.partition(".")[0]):
        raise MailsyncError(
            f"{name} has format_version {version}, which is newer than this program ({FORMAT_VERSION})",
            hint="use the version of mailsync that wrote it, or a newer one",
        )


def _plan(raw: Raw) -> Plan:
    state, summary, estimate = (_get(raw, name, dict) for name in ("state", "summary", "estimate"))
    return Plan(
        changes=_each(raw, "changes", _change),
        unchanged=_get(summary, "noop", int),
        unmanaged=_get(summary, "unmanaged", int, 0),
        mail_flow=_each(raw, "mail_flow", _flow),
        diagnostics=_each(raw, "diagnostics", _finding),
        providers=_each(raw, "providers", _provider),
        options=_options(_get(raw, "options", dict, {})),
        requests=_get(estimate, "requests", int),
        seconds=float(_get(estimate, "seconds", (int, float))),
        lineage=_get(state, "lineage", str),
        serial=_get(state, "serial", int),
        manifest_digest=_get(raw, "manifest_digest", str),
        vars_digest=_get(raw, "vars_digest", str, ""),
        created_at=_get(raw, "created_at", str),
    )


def _change(raw: Raw) -> Change:
    source = _get(raw, "source", (dict, type(None)))
    blocked = _get(raw, "blocked", (str, type(None)))
    return Change(
        address=_address(_get(raw, "address", str)),
        action=_one_of(raw, "action", ACTIONS),
        before=_values(raw, "before"),
        after=_values(raw, "after"),
        fields=_each(raw, "fields", _field),
        blocked=None if blocked is None else _block(blocked),
        adopting=_get(raw, "adopting", bool),
        depends_on=tuple(_address(text) for text in _texts(raw, "depends_on")),
        risk=_one_of(raw, "risk", get_args(Risk)),
        requests=_get(raw, "requests", int),
        source=None if source is None else _location(source),
        note=_get(raw, "note", (str, type(None)), None),
    )


def _field(raw: Raw) -> FieldChange:
    return FieldChange(
        field=_get(raw, "field", str),
        before=_value(raw.get("before"), "before"),
        after=_value(raw.get("after"), "after"),
        sensitive=_get(raw, "sensitive", bool),
        drifted=_get(raw, "drifted", bool),
    )


def _block(text: str) -> Block:
    code, colon, reason = text.partition(": ")
    if not colon or code not in get_args(BlockCode):
        raise ValueError(f"blocked must be CODE: TEXT with a known code, not {text!r}")
    return Block(cast(BlockCode, code), reason)


def _flow(raw: Raw) -> FlowChange:
    return FlowChange(
        # Not checked as an address: it may be a pattern or a catch-all.
        address=EmailAddress(_get(raw, "address", str)),
        effect=_one_of(raw, "effect", get_args(FlowEffect)),
        before=_texts(raw, "before"),
        after=_texts(raw, "after"),
    )


def _finding(raw: Raw) -> Diagnostic:
    return Diagnostic(
        severity=_one_of(raw, "severity", get_args(Severity)),
        code=_get(raw, "code", str),
        message=_get(raw, "message", str),
        hint=_get(raw, "hint", (str, type(None)), None),
        location=None if raw.get("file") is None else _location(raw),
        address=_get(raw, "address", (str, type(None)), None),
    )


def _provider(raw: Raw) -> ProviderSummary:
    live = _get(raw, "live", dict)
    return ProviderSummary(
        name=_get(raw, "name", str),
        type=_get(raw, "type", str),
        account=_get(raw, "account", str),
        live={kind: _get(live, kind, int) for kind in KINDS if kind in live},
        requests=_get(raw, "requests", int),
        rate=_get(raw, "rate", (str, type(None)), None),
    )


def _options(raw: Raw) -> PlanOptions:
    return PlanOptions(
        targets=_texts(raw, "targets"),
        excludes=_texts(raw, "excludes"),
        destroy=_get(raw, "destroy", bool, False),
        allow_data_loss=_get(raw, "allow_data_loss", bool, False),
    )


def _location(raw: Raw) -> Location:
    return Location(_get(raw, "file", str), _get(raw, "line", int), _get(raw, "column", int))


def _address(text: str) -> ResourceAddress:
    address = ResourceAddress.parse(text)
    if str(address) != text:
        raise ValueError(f"the address {text!r} is not in its normal form")
    return address


def _values(raw: Raw, name: str) -> Fields | None:
    fields = _get(raw, name, (dict, type(None)))
    return None if fields is None else {key: _value(value, key) for key, value in fields.items()}


def _value(raw: Any, name: str) -> Value:
    if type(raw) in (str, int, bool, type(None)):
        return cast(Value, raw)
    return _texts({name: raw}, name)


def _texts(raw: Raw, name: str) -> tuple[str, ...]:
    members = _get(raw, name, list, [])
    if not all(type(member) is str for member in members):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(members)


def _each(raw: Raw, name: str, read: Callable[[Raw], T]) -> tuple[T, ...]:
    members = _get(raw, name, list, [])
    for number, member in enumerate(members):
        if type(member) is not dict:
            raise ValueError(f"{name}[{number}] must be an object")
    return tuple(map(read, members))


def _one_of(raw: Raw, name: str, choices: tuple[Any, ...]) -> Any:
    choice = raw.get(name)
    if choice not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {choice!r}")
    return choice


_REQUIRED: Final = object()


def _get(raw: Raw, name: str, types: type | tuple[type, ...], default: Any = _REQUIRED) -> Any:
    """A member of exactly one of *types*: true is no number here."""
    if name not in raw and default is not _REQUIRED:
        return default
    value = raw.get(name)
    if type(value) not in (types if isinstance(types, tuple) else (types,)):
        raise ValueError(f"{name} is missing or of the wrong type")
    return value
