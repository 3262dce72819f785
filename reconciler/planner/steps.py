"""A change as the calls that carry it out: mostly one step, for a domain up to four.

early      create the domain, raise its limits, everything else      before its mailboxes and aliases
catch_all  set it                                                    after what it points to
again      write destinations that the provider took out by itself   after their mailboxes are gone (see `rewriting`)
late       lower its limits, switch it off                           after its mailboxes and aliases
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.model.capability import Capabilities
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Change, Room
from reconciler.model.quantities import UNLIMITED
from reconciler.model.resources import LIMIT_FIELDS, Fields, Live, Value
from reconciler.planner.fields import COPIES, in_full
from reconciler.planner.handover import handed_over
from reconciler.planner.removal import goes_with_its_domain
from reconciler.planner.situation import Situation

Phase = Literal["early", "catch_all", "again", "late"]
Verb = Literal["create", "update", "delete"]


@dataclass(slots=True, eq=False)
class Draft:
    """A step before it has a number. *after*: the drafts that are done before it; *needs*: those of them without which it
    cannot be done at all, and which `--target` therefore brings along."""

    address: ResourceAddress
    verb: Verb
    phase: Phase
    fields: Fields = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    requests: int = 1
    removes: ResourceAddress | None = None
    create_first: bool = False
    room: Room | None = None
    copy: Live | None = None
    after: list["Draft"] = field(default_factory=list)
    needs: list["Draft"] = field(default_factory=list)

    def wait_for(self, *others: "Draft", needed: bool = False) -> None:
        waited_for = [other for other in others if other is not self]
        self.after.extend(waited_for)
        if needed:
            self.needs.extend(waited_for)

    @property
    def ends(self) -> bool:
        """Whether it switches something off, or away."""
        return self.verb == "delete" or self.fields.get("active") is False


Changes = Mapping[ResourceAddress, Change]
Drafts = Mapping[ResourceAddress, list[Draft]]


def drafts_of(changes: Changes, situation: Situation) -> dict[ResourceAddress, list[Draft]]:
    """The steps of every change that may be carried out and needs a call, in the order in which they follow each other. An
    address that changes its kind has its removal inside the create of the new kind."""
    making = _Drafting(changes, situation)
    drafts = {
        address: list(making.drafts(change))
        for address, change in changes.items()
        if change.blocked is None and change.action not in ("adopt", "forget")
    }
    for new in drafts:
        if old := handed_over(new, changes):
            create, [delete] = drafts[new][0], drafts[old]
            create.removes, create.requests = old, create.requests + delete.requests
            create.create_first = situation.capabilities(new.provider).alias_beside_mailbox
            drafts[old] = [create]
    return drafts


class _Drafting:
    """Makes the drafts of one change after the other, with what they have to know of all changes."""

    def __init__(self, changes: Changes, situation: Situation) -> None:
        self.changes, self.situation = changes, situation
        self.new_children: dict[ResourceAddress, list[Change]] = defaultdict(list)
        for change in changes.values():
            is_new = change.action == "create" and change.live is None and not change.blocked
            if is_new and change.address.kind in ("mailbox", "alias"):
                self.new_children[_domain_of(change.address)].append(change)

    def drafts(self, change: Change) -> Iterator[Draft]:
        capabilities = self.situation.capabilities(change.address.provider)
        if not change.rewrites:
            yield from self._own(change, capabilities)
        if change.address.kind == "domain" and change.action == "update":
            yield from _late(change, self._needs_default_early(change), capabilities)
        for copy in change.copies:
            cost = capabilities.cost(change.address.kind, "delete", {}, copy)
            yield Draft(change.address, "delete", "late", requests=cost, copy=copy)

    def _own(self, change: Change, capabilities: Capabilities) -> Iterator[Draft]:
        address = change.address
        if change.action == "delete":
            together = goes_with_its_domain(change, self.changes, self.situation)
            cost = 0 if together else capabilities.cost(address.kind, "delete", {}, change.live)
            yield Draft(address, "delete", "late", requests=cost)
        elif change.action == "replace":
            yield _replacement(change, capabilities)
        elif address.kind != "domain":
            yield from _single(change, capabilities)
        elif change.action == "create":
            yield from _new_domain(change, _room(change, self.new_children[address]), capabilities)
        else:
            yield from _early(change, self._needs_default_early(change), capabilities)

    def _needs_default_early(self, change: Change) -> bool:
        """Whether mailboxes are created that take the domain's default quota: then they take the new one."""
        children = self.new_children.get(change.address, ())
        return any(c.address.kind == "mailbox" and "quota" not in (c.after or {}) for c in children)


def _domain_of(address: ResourceAddress) -> ResourceAddress:
    return ResourceAddress(address.provider, "domain", address.domain or "")


# --- mailboxes, aliases, webhooks


def _single(change: Change, capabilities: Capabilities) -> Iterator[Draft]:
    assert change.desired is not None
    if change.action == "create":
        verb: Verb = "create"
        fields, secrets = change.desired.fields, frozenset(change.desired.secrets)
    else:
        verb = "update"
        fields, secrets = _written(change, capabilities), frozenset(f.field for f in change.fields if f.sensitive)
    if verb == "create" or fields or secrets:
        paid = {**fields, **dict.fromkeys(secrets)}
        cost = capabilities.cost(change.address.kind, verb, paid, change.live)
        yield Draft(change.address, verb, "early", fields, secrets, cost)


def _written(change: Change, capabilities: Capabilities) -> Fields:
    """The fields of an update: those that differ, and with a new password the one-shot flags that are wanted."""
    assert change.desired is not None
    fields: dict[str, Value] = {f.field: f.after for f in change.fields if not f.sensitive and f.field != COPIES}
    if any(f.sensitive for f in change.fields):
        known = capabilities.kinds[change.address.kind].fields
        fields |= {n: v for n, v in change.desired.fields.items() if n in known and known[n].one_shot and v is True}
    return fields


def _replacement(change: Change, capabilities: Capabilities) -> Draft:
    assert change.desired is not None
    kind = capabilities.kinds[change.address.kind]
    fields = in_full(change.desired, change.live, kind)
    cost = capabilities.cost(change.address.kind, "create", fields, None)
    cost += capabilities.cost(change.address.kind, "delete", {}, change.live)
    return Draft(
        change.address, "create", "early", fields, frozenset(change.desired.secrets), cost,
        removes=change.address, create_first=kind.replace_create_first,
    )  # fmt: skip


# --- domains


def _domain_step(change: Change, verb: Verb, phase: Phase, fields: Fields, capabilities: Capabilities) -> Draft:
    cost = capabilities.cost("domain", verb, fields, change.live)
    return Draft(change.address, verb, phase, fields, requests=cost)


def _new_domain(change: Change, room: Room, capabilities: Capabilities) -> Iterator[Draft]:
    assert change.desired is not None
    fields = dict(change.desired.fields)
    catch_all = {name: fields.pop(name) for name in ("catch_all",) if name in fields}
    yield replace(_domain_step(change, "create", "early", fields, capabilities), room=room)
    # Most new domains have no catch-all that could be cleared.
    if catch_all.get("catch_all") or (catch_all and capabilities.automatic_catch_all):
        yield _domain_step(change, "update", "catch_all", catch_all, capabilities)


def _early(change: Change, default_early: bool, capabilities: Capabilities) -> Iterator[Draft]:
    early, _ = _split(change, default_early)
    if early:
        yield _domain_step(change, "update", "early", early, capabilities)
    for one in change.fields:
        if one.field == "catch_all":
            yield _domain_step(change, "update", "catch_all", {"catch_all": one.after}, capabilities)


def _late(change: Change, default_early: bool, capabilities: Capabilities) -> Iterator[Draft]:
    _, late = _split(change, default_early)
    if late:
        yield _domain_step(change, "update", "late", late, capabilities)


def _split(change: Change, default_early: bool) -> tuple[Fields, Fields]:
    """What is written before the children change, and what after: limits that go up, and limits that go down. What may be
    written at either time goes with the others, to save a call."""
    fields = {field.field: field.after for field in change.fields if field.field != "catch_all"}
    late = {n: v for n, v in fields.items() if _takes_away(n, v, change.live)}
    if default_early:
        late.pop("default_mailbox_quota", None)
    early = {name: value for name, value in fields.items() if name not in late}
    pressing = any(name in LIMIT_FIELDS or name == "active" for name in early)
    return (early, late) if pressing or not late else ({}, fields)


def _takes_away(name: str, value: Value, live: Live | None) -> bool:
    if name == "active":
        return value is False
    held = live.fields.get(name) if live else None
    return name in LIMIT_FIELDS and _amount(value) < _amount(held)


def _amount(value: Value) -> float:
    return float(value) if isinstance(value, int) and value is not True else float("inf")


def _room(domain: Change, children: list[Change]) -> Room:
    """What a new domain has to hold: the children that the plan creates in it, and its catch-all."""
    mailboxes = [child for child in children if child.address.kind == "mailbox"]
    quotas = tuple(
        sorted((_bytes((child.after or {}).get("quota")) for child in mailboxes), key=lambda q: (q is None, q))
    )
    catch_all = bool((domain.after or {}).get("catch_all"))
    return Room(len(mailboxes), len(children) - len(mailboxes) + catch_all, quotas)


def _bytes(quota: Value) -> int | None:
    """An unlimited quota takes nothing from the domain's: mail servers count it as 0."""
    if quota == UNLIMITED:
        return 0
    return quota if isinstance(quota, int) else None


def requests_of(change: Change, drafts: Drafts) -> int:
    """The number of its calls; of a hand-over, the create carries them all."""
    return sum(draft.requests for draft in drafts.get(change.address, ()) if draft.address == change.address)
