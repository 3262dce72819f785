"""A change as the calls that carry it out: mostly one step, for a domain up to three.

early      create the domain, raise its limits, everything else      before its mailboxes and aliases
catch_all  set it                                                    after what it points to
late       lower its limits, switch it off                           after its mailboxes and aliases
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.model.capability import Capabilities
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Change, Room
from reconciler.model.quantities import UNLIMITED
from reconciler.model.resources import LIMIT_FIELDS, Fields, Live, Value
from reconciler.planner.removal import goes_with_its_domain
from reconciler.planner.situation import Situation

Phase = Literal["early", "catch_all", "late"]


@dataclass(slots=True, eq=False)
class Draft:
    """A step before it has a number. *after*: the drafts that are done before it; *needs*: those of them without which it
    cannot be done at all, and which `--target` therefore brings along."""

    address: ResourceAddress
    verb: Literal["create", "update", "delete"]
    phase: Phase
    fields: Fields = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    requests: int = 1
    removes: ResourceAddress | None = None
    create_first: bool = False
    room: Room | None = None
    after: list["Draft"] = field(default_factory=list)
    needs: list["Draft"] = field(default_factory=list)


Changes = Mapping[ResourceAddress, Change]
Drafts = Mapping[ResourceAddress, list[Draft]]


def drafts_of(changes: Changes, situation: Situation) -> dict[ResourceAddress, list[Draft]]:
    """The steps of every change that may be carried out and needs a call, in the order early, catch_all, late. An address
    that changes its kind has its removal inside the create of the new kind."""
    drafts = {
        address: list(_drafts(change, changes, situation))
        for address, change in changes.items()
        if change.blocked is None and change.action not in ("adopt", "forget")
    }
    for address in list(drafts):
        other = _other_kind(address)
        if other and _is_handover(address, other, drafts, changes, situation):
            [create], [delete] = drafts[address], drafts[other]
            create.removes = other
            create.requests += delete.requests
            drafts[other] = [create]
    return drafts


def _is_handover(
    new: ResourceAddress, old: ResourceAddress, drafts: Drafts, changes: Changes, situation: Situation
) -> bool:
    """Whether an address changes its kind at a provider that does not allow both at once."""
    return (
        new in drafts
        and old in drafts
        and (changes[new].action, changes[old].action) == ("create", "delete")
        and not situation.capabilities(new.provider).alias_beside_mailbox
    )


def _other_kind(address: ResourceAddress) -> ResourceAddress | None:
    """The mailbox of an alias's address, and the other way round."""
    if address.kind == "alias":
        return address._replace(kind="mailbox")
    return address._replace(kind="alias") if address.kind == "mailbox" else None


def _drafts(change: Change, changes: Changes, situation: Situation) -> Iterator[Draft]:
    address, capabilities = change.address, situation.capabilities(change.address.provider)
    if change.action == "delete":
        together = goes_with_its_domain(change, changes, situation)
        cost = 0 if together else capabilities.cost(address.kind, "delete", {}, change.live)
        yield Draft(address, "delete", "late", requests=cost)
    elif change.desired is None:
        raise ValueError(f"{address}: {change.action} of nothing")
    elif change.action == "replace":
        yield _replacement(change, capabilities)
    elif address.kind == "domain":
        yield from _domain_drafts(change, changes, capabilities)
    else:
        yield _single(change, capabilities)


def _single(change: Change, capabilities: Capabilities) -> Draft:
    assert change.desired is not None
    verb: Literal["create", "update"] = "create" if change.action == "create" else "update"
    if verb == "create":
        fields, secrets = change.desired.fields, frozenset(change.desired.secrets)
    else:
        fields = _written(change, capabilities)
        secrets = frozenset(f.field for f in change.fields if f.sensitive)
    paid = {**fields, **dict.fromkeys(secrets)}
    cost = capabilities.cost(change.address.kind, verb, paid, change.live)
    return Draft(change.address, verb, "early", fields, secrets, cost)


def _written(change: Change, capabilities: Capabilities) -> Fields:
    """The fields of an update: those that differ, and with a new password the one-shot flags that are wanted."""
    assert change.desired is not None
    fields: dict[str, Value] = {f.field: f.after for f in change.fields if not f.sensitive}
    if any(f.sensitive for f in change.fields):
        known = capabilities.kinds[change.address.kind].fields
        fields |= {n: v for n, v in change.desired.fields.items() if n in known and known[n].one_shot and v is True}
    return fields


def _replacement(change: Change, capabilities: Capabilities) -> Draft:
    assert change.desired is not None
    kind = change.address.kind
    cost = capabilities.cost(kind, "create", change.desired.fields, None)
    cost += capabilities.cost(kind, "delete", {}, change.live)
    return Draft(
        change.address, "create", "early", change.desired.fields, frozenset(change.desired.secrets), cost,
        removes=change.address, create_first=capabilities.kinds[kind].replace_create_first,
    )  # fmt: skip


def _domain_drafts(change: Change, changes: Changes, capabilities: Capabilities) -> Iterator[Draft]:
    assert change.desired is not None
    address, creating = change.address, change.action == "create"
    wanted = change.desired.fields if creating else {f.field: f.after for f in change.fields}
    rest = {name: value for name, value in wanted.items() if name != "catch_all"}
    early, late = (rest, {}) if creating else _split(rest, change.live)

    def step(verb: Literal["create", "update"], phase: Phase, fields: Fields) -> Draft:
        cost = capabilities.cost("domain", verb, fields, change.live)
        return Draft(address, verb, phase, fields, requests=cost)

    if creating:
        yield replace(step("create", "early", early), room=room_for(address, changes))
    elif early:
        yield step("update", "early", early)
    # A new domain has no catch-all that could be cleared.
    if "catch_all" in wanted and (wanted["catch_all"] or not creating):
        yield step("update", "catch_all", {"catch_all": wanted["catch_all"]})
    if late:
        yield step("update", "late", late)


def _split(fields: Fields, live: Live | None) -> tuple[Fields, Fields]:
    """What is written before the children change, and what after: limits that go up, and limits that go down."""
    late = {name: value for name, value in fields.items() if _takes_away(name, value, live)}
    early = {name: value for name, value in fields.items() if name not in late}
    raises = any(name in LIMIT_FIELDS or name == "active" for name in early)
    return (early, late) if raises or not late else ({}, {**early, **late})


def _takes_away(name: str, value: Value, live: Live | None) -> bool:
    if name == "active":
        return value is False
    held = live.fields.get(name) if live else None
    return name in LIMIT_FIELDS and _amount(value) < _amount(held)


def _amount(value: Value) -> float:
    return float(value) if isinstance(value, int) and value is not True else float("inf")


def room_for(domain: ResourceAddress, changes: Changes) -> Room:
    """What a new domain has to hold: the children that the plan creates in it, and its catch-all."""
    children = [
        change.desired
        for change in changes.values()
        if change.action == "create" and change.desired is not None and change.address.provider == domain.provider
        and change.address.domain == domain.key and change.address.kind != "domain"
    ]  # fmt: skip
    mailboxes = [child for child in children if child.address.kind == "mailbox"]
    quotas = tuple(_bytes(child.fields.get("quota")) for child in mailboxes)
    catch_all = bool((changes[domain].after or {}).get("catch_all"))
    return Room(len(mailboxes), len(children) - len(mailboxes) + catch_all, quotas)


def _bytes(quota: Value) -> int | None:
    """An unlimited quota takes nothing from the domain's: mail servers count it as 0."""
    if quota == UNLIMITED:
        return 0
    return quota if isinstance(quota, int) else None


def with_requests(changes: Changes, drafts: Drafts) -> dict[ResourceAddress, Change]:
    """Each change with the number of its calls; of a hand-over, the create carries them all."""
    counted = {}
    for address, change in changes.items():
        own = [draft for draft in drafts.get(address, ()) if draft.address == address]
        counted[address] = replace(change, requests=sum(draft.requests for draft in own))
    return counted
