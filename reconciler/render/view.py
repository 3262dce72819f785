"""One walk over a plan, that every format starts from: what is shown, in which order and in which words.

Nothing here knows a format. All text that comes out is escaped (`foreign.escaped`), domains are in U-labels, values are
written by the type of their field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from reconciler.model.names import KINDS, ResourceAddress, shown_address
from reconciler.model.plan import ACTIONS, Action, Change, FieldChange, FlowChange, FlowEffect, Plan, ProviderSummary
from reconciler.model.quantities import format_size
from reconciler.model.resources import FIELDS, SECRET_FIELDS, Value
from reconciler.render.foreign import escaped, quoted

NOTHING: Final = "(none)"
# The reader's eye stays at the end of a terminal's output, so what needs it most comes last.
_ORDER: Final[Mapping[str, int]] = {
    name: place for place, name in enumerate(("adopt", "forget", "create", "update", "replace", "delete", "blocked"))
}
_LEVEL: Final[Mapping[str, int]] = {kind: level for level, kind in enumerate(KINDS)}
_PLURAL: Final = {"domain": "domains", "mailbox": "mailboxes", "alias": "aliases", "webhook": "webhooks"}
_FLOW_ORDER: Final[Mapping[FlowEffect, int]] = {"bounces": 0, "changed": 1, "widened": 2, "narrowed": 3, "new": 4}

Look = Action | Literal["blocked"]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of a change. *is_new*: there was no resource before. *before* is None where nothing is to be told of it; of a
    set that changes, *added* and *removed* say what differs."""

    name: str
    is_new: bool
    before: str | None
    after: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    drifted: bool = False


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change. *remark*: why it is blocked, or what is lost by it. *risky*: a reviewer must have seen it."""

    look: Look
    address: str
    remark: str
    fields: tuple[FieldView, ...]
    risky: bool


def ordered(changes: Iterable[Change]) -> list[Change]:
    """For readers: by what is done, then by provider, domain, kind and key."""
    return sorted(changes, key=lambda c: (_ORDER[look(c)], _place(c.address)))


def change_views(plan: Plan) -> list[ChangeView]:
    flows: dict[str, FlowChange] = {flow.address: flow for flow in plan.mail_flow}
    return [_change_view(change, flows) for change in ordered(plan.changes)]


def look(change: Change) -> Look:
    return "blocked" if change.blocked else change.action


def shown(address: ResourceAddress) -> str:
    """PROVIDER/KIND/KEY for people."""
    key = address.key if address.kind == "webhook" else shown_address(address.key)
    return escaped(f"{address.provider}/{address.kind}/{key}")


def provider_line(provider: ProviderSummary) -> str:
    """`hosting: mailserver, 3 domains, 42 mailboxes (3 requests)`."""
    live = [count(provider.live[kind], kind, _PLURAL[kind]) for kind in KINDS if kind in provider.live]
    parts = ", ".join([escaped(provider.type), *live])
    return f"{escaped(provider.name)}: {parts} ({count(provider.requests, 'request')})"


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def summary(plan: Plan) -> dict[str, int]:
    """How many changes of each action can be carried out, and the rest, by the keys of the JSON document."""
    counts: dict[str, int] = dict.fromkeys(ACTIONS, 0)
    for change in plan.changes:
        if not change.blocked:
            counts[change.action] += 1
    forget = counts.pop("forget")
    rest = {"noop": plan.unchanged, "blocked": len(plan.blocked), "forget": forget, "unmanaged": plan.unmanaged}
    return counts | rest


def seconds(plan: Plan) -> float:
    return round(float(plan.seconds), 1)


def flow_sentences(plan: Plan) -> list[str]:
    """Whose mail goes elsewhere, the worst first. That a new address is answered is no news beside its creation."""
    flows = sorted(plan.mail_flow, key=lambda flow: (_FLOW_ORDER[flow.effect], flow.address))
    return [_flow_sentence(flow) for flow in flows if flow.effect != "new"]


def value_text(kind: str, field: str, value: Value) -> str:
    """A value as a manifest would write it; sets on one line."""
    if value is None or value == ():
        return NOTHING
    if isinstance(value, tuple):
        return ", ".join(_members(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return format_size(value) if _type(kind, field) == "size" else str(value)
    return quoted(value) if _type(kind, field) == "text" else escaped(value)


def field_views(change: Change) -> tuple[FieldView, ...]:
    """The fields that are set or differ; none for what only goes, comes under ownership or leaves it."""
    if change.action in ("delete", "adopt", "forget"):
        return ()
    is_new = change.action == "create"
    return tuple(
        replace(field_view(change.address.kind, field, is_new=is_new), drifted=field.drifted)
        for field in change.fields or _as_created(change)
    )


def _as_created(change: Change) -> Iterable[FieldChange]:
    for name, value in (change.after or {}).items():
        yield FieldChange(name, None, value, sensitive=name in SECRET_FIELDS)


def field_view(kind: str, field: FieldChange, *, is_new: bool = False) -> FieldView:
    """A field of a resource that exists, or of one that *is_new*; not marked as drifted."""
    name, after = escaped(field.field), value_text(kind, field.field, field.after)
    if field.sensitive:
        return FieldView(name, is_new, None, _secret(field, is_new))
    if is_new:
        return FieldView(name, is_new, None, after)
    added, removed = _difference(field)
    return FieldView(name, is_new, value_text(kind, field.field, field.before), after, added, removed)


def _difference(field: FieldChange) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a set gains and loses; null is the empty one."""
    if not isinstance(field.before, tuple) and not isinstance(field.after, tuple):
        return (), ()
    old, new = _as_tuple(field.before), _as_tuple(field.after)
    return tuple(_members(m for m in new if m not in set(old))), tuple(_members(m for m in old if m not in set(new)))


def _secret(field: FieldChange, is_new: bool) -> str:
    if field.after is None:
        return "(sensitive)"
    step = "" if is_new or field.before is None else f"{field.before} -> "
    return f"(sensitive, version {escaped(f'{step}{field.after}')})"


def _as_tuple(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else () if value is None else (str(value),)


def _members(members: Iterable[str]) -> list[str]:
    return [escaped(shown_address(member)) for member in members]


def _type(kind: str, field: str) -> str | None:
    # A plug-in's field is not in the table, and a saved plan may say anything.
    types: Mapping[str, Mapping[str, str]] = FIELDS  # type: ignore[assignment]
    return types.get(kind, {}).get(field, "text")


def _change_view(change: Change, flows: Mapping[str, FlowChange]) -> ChangeView:
    return ChangeView(
        look=look(change),
        address=shown(change.address),
        remark="; ".join(_remarks(change, flows.get(change.address.key))),
        fields=field_views(change),
        risky=change.blocked is not None or change.risk != "none",
    )


def _remarks(change: Change, flow: FlowChange | None) -> Iterable[str]:
    if change.blocked:
        yield f"{change.action} blocked: {escaped(change.blocked.text)}"
    elif change.risk == "data-loss":
        yield "the mail in it is lost"
    if not change.blocked and change.action != "create" and flow:
        yield from _flow_remark(change, flow)
    if change.adopting and change.action != "adopt":
        yield "adopted"
    if change.note:
        yield escaped(change.note)


def _flow_remark(change: Change, flow: FlowChange) -> Iterable[str]:
    if flow.effect == "bounces":
        yield "mail to it will bounce"
    elif change.action == "delete":
        # Its fields do not tell, as those of an update do: it falls to a catch-all.
        yield f"mail to it will reach {_listed(flow.after)}"


def _flow_sentence(flow: FlowChange) -> str:
    address = escaped(shown_address(flow.address))
    gained = _listed(r for r in flow.after if r not in flow.before)
    lost = _listed(r for r in flow.before if r not in flow.after)
    match flow.effect:
        case "bounces":
            return f"{address} will bounce"
        case "widened":
            return f"{address} reaches {gained} too"
        case "narrowed":
            return f"{address} no longer reaches {lost}"
        case _:
            return f"{address} reaches {gained} instead of {lost}"


def _listed(recipients: Iterable[str]) -> str:
    *rest, last = _members(recipients) or [NOTHING]
    return f"{', '.join(rest)} and {last}" if rest else last


def _place(address: ResourceAddress) -> tuple[str, str, int, str]:
    return address.provider, address.domain or "", _LEVEL[address.kind], address.key
