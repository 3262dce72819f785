"""What the account at a provider does not allow: more than its own plan holds, or anything in a domain that is closed."""

from collections import Counter
from collections.abc import Iterator

from reconciler.model.location import Diagnostic
from reconciler.model.names import DomainName, Kind, ResourceAddress, shown_address, shown_domain
from reconciler.model.snapshot import Snapshot
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes

_WAY_OUT = "take some out, or have the account's plan extended"


def account_findings(changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """An error for each limit of an account that the plan would exceed, and for each change in a closed domain."""
    for name, snapshot in situation.snapshots.items():
        own = {address: change for address, change in changes.items() if address.provider == name}
        if own:
            yield from _in_all(own, snapshot)
            yield from _in_each_domain(own, snapshot, situation)
            yield from _destinations(own, snapshot, situation)
            yield from _closed(own, snapshot, situation)


def _growth(changes: Changes, kind: Kind) -> Counter[DomainName | None]:
    """How many more of a kind there will be, by domain."""
    growth: Counter[DomainName | None] = Counter()
    for address, change in changes.items():
        if address.kind == kind and change.blocked is None:
            created = change.action == "create" and change.live is None
            growth[address.domain] += created - (change.action == "delete")
    return growth


def _in_all(changes: Changes, snapshot: Snapshot) -> Iterator[Diagnostic]:
    for kind, limit in snapshot.limits.at_most.items():
        grown = _growth(changes, kind).total()
        there = sum(address.kind == kind for address in snapshot.resources) if grown > 0 else 0
        if grown > 0 and there + grown > limit:
            message = (
                f"{snapshot.provider}: the account may hold {limit} of kind {kind}, and would hold {there + grown}"
            )
            yield Diagnostic("error", "limit-exceeded", message, _WAY_OUT)


def _in_each_domain(changes: Changes, snapshot: Snapshot, situation: Situation) -> Iterator[Diagnostic]:
    for kind, limit in snapshot.limits.in_each_domain.items():
        grown = {domain: more for domain, more in _growth(changes, kind).items() if domain and more > 0}
        there = Counter(a.domain for a in snapshot.resources if a.kind == kind and a.domain in grown) if grown else {}
        for domain, more in grown.items():
            if there.get(domain, 0) + more > limit:
                address = ResourceAddress(snapshot.provider, "domain", domain)
                message = (
                    f"{shown_domain(domain)} would hold {there.get(domain, 0) + more} of kind {kind}, and the account "
                    f"allows {limit} in each domain"
                )
                place = situation.manifest.places(address)
                yield Diagnostic("error", "limit-exceeded", message, _WAY_OUT, place, str(address))


def _destinations(changes: Changes, snapshot: Snapshot, situation: Situation) -> Iterator[Diagnostic]:
    limit = snapshot.limits.destinations
    for address, change in changes.items() if limit is not None else ():
        member = "catch_all" if address.kind == "domain" else "destinations"
        wanted = (change.after or {}).get(member) if change.action in ("create", "update") else None
        if isinstance(wanted, tuple) and limit is not None and len(wanted) > limit:
            message = f"{shown_address(address.key)} has {len(wanted)} destinations, and the account allows {limit}"
            place = situation.manifest.places(address, member) or situation.manifest.places(address)
            yield Diagnostic("error", "limit-exceeded", message, _WAY_OUT, place, str(address))


def _closed(changes: Changes, snapshot: Snapshot, situation: Situation) -> Iterator[Diagnostic]:
    for domain, why in snapshot.closed.items():
        for address, change in changes.items():
            inside = address.kind != "domain" or any(field.field == "catch_all" for field in change.fields)
            if address.domain == domain.domain and inside and change.action not in ("adopt", "forget"):
                message = f"{shown_address(address.key)} cannot be changed: {why}"
                place = situation.manifest.places(address)
                yield Diagnostic("error", "domain-closed", message, None, place, str(address))
