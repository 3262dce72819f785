"""What the children of a domain take of its room, before and after the plan, and the limits that bound them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Fields, Value
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes

COUNTED = ("max_mailboxes", "max_aliases", "quota")


@dataclass(slots=True)
class Usage:
    """How many children there are, and their quotas in bytes. *quotas*: of each mailbox that has one."""

    mailboxes: int = 0
    aliases: int = 0
    quota: int = 0
    quotas: dict[ResourceAddress, int] = field(default_factory=dict)

    def of(self, limit: str) -> int:
        return {"max_mailboxes": self.mailboxes, "max_aliases": self.aliases, "quota": self.quota}[limit]

    def add(self, address: ResourceAddress, quota: Value) -> None:
        if address.kind == "alias":
            self.aliases += 1
            return
        self.mailboxes += 1
        if is_number(quota):
            self.quota += quota
            self.quotas[address] = quota


@dataclass(slots=True)
class Occupancy:
    """One domain. *held*, *wanted*: its fields before and after the plan."""

    held: Fields
    wanted: Fields
    before: Usage = field(default_factory=Usage)
    after: Usage = field(default_factory=Usage)

    def meanwhile(self, limit: str) -> int | None:
        """The limit in force while its children change: raised before, lowered after. None where there is none."""
        numbers = [value for value in (self.held.get(limit), self.wanted.get(limit)) if is_number(value)]
        return max(numbers) if len(numbers) == (2 if self.held else 1) else None

    @property
    def default_quota(self) -> Value:
        return self.wanted.get("default_mailbox_quota")


def is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def domain_of(address: ResourceAddress) -> ResourceAddress:
    return ResourceAddress(address.provider, "domain", address.domain or "")


def occupancies(changes: Changes, situation: Situation) -> dict[ResourceAddress, Occupancy]:
    """Of every domain in which the plan changes something: what is too full already is not this plan's doing."""
    found = {domain: _empty(domain, changes, situation) for domain in _touched(changes)}
    if not found:
        return found
    for live in situation.all_live():
        if live.address.kind in ("mailbox", "alias") and (one := found.get(domain_of(live.address))):
            change = changes.get(live.address)
            one.before.add(live.address, live.fields.get("quota"))
            if change is None or change.action != "delete" or change.blocked:
                after = (change.after or {}) if change and not change.blocked else {}
                one.after.add(live.address, after.get("quota", live.fields.get("quota")))
    for change in changes.values():
        if change.action == "create" and change.live is None and change.address.kind in ("mailbox", "alias"):
            one = found[domain_of(change.address)]
            one.after.add(change.address, (change.after or {}).get("quota", one.default_quota))
    return found


def _touched(changes: Changes) -> Iterable[ResourceAddress]:
    return sorted(
        {
            domain_of(address)
            for address, change in changes.items()
            if address.domain and change.action in ("create", "update", "replace")
        }
    )


def _empty(domain: ResourceAddress, changes: Changes, situation: Situation) -> Occupancy:
    """Without its mailboxes and aliases; a catch-all may be one of these."""
    live, change = situation.live(domain), changes.get(domain)
    held: Mapping[str, Value] = live.fields if live else {}
    one = Occupancy(held, {**held, **((change.after or {}) if change and not change.blocked else {})})
    if situation.capabilities(domain.provider).catch_all_is_alias:
        one.before.aliases += bool(one.held.get("catch_all"))
        one.after.aliases += bool(one.wanted.get("catch_all"))
    return one
