"""The mail flow before and after a plan: the live world, and the live world with the plan applied.

Unmanaged resources are part of both. A blocked change is not carried out, so it is not part of the world after.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reconciler.model.location import Location
from reconciler.model.names import DomainName, EmailAddress, ResourceAddress, domain_of
from reconciler.model.plan import Change, FlowChange, FlowEffect
from reconciler.model.resources import Fields
from reconciler.planner.mail_flow import Flow, Recipients, World, catch_all_of, resolve
from reconciler.planner.situation import Situation

Changes = Mapping[ResourceAddress, Change]


class Flows(NamedTuple):
    before: Flow
    after: Flow


def flows(changes: Changes, situation: Situation) -> Flows:
    """The recipients of every address, before and after. One walk where nothing changes."""
    effective = {a: c for a, c in changes.items() if c.blocked is None and c.action not in ("adopt", "forget")}
    live = [(r.address, r.fields) for r in situation.all_live()]
    before = resolve(build(live, _hosts(live, situation)))
    if not effective:
        return Flows(before, before)
    planned = list(_planned(live, effective))
    return Flows(before, resolve(build(planned, _hosts(planned, situation))))


def _planned(
    live: Iterable[tuple[ResourceAddress, Fields]], changes: Changes
) -> Iterator[tuple[ResourceAddress, Fields]]:
    """Live resources with the plan applied."""
    for address, fields in live:
        change = changes.get(address)
        if change is None:
            yield address, fields
        elif change.action != "delete":
            yield address, {**fields, **(change.after or {})}
    for address, change in changes.items():
        if change.action == "create":
            yield address, change.after or {}


def build(resources: Iterable[tuple[ResourceAddress, Fields]], hosts: Mapping[DomainName, str]) -> World:
    """The world that *resources* make; of a domain that several providers hold, the host in *hosts* receives its mail."""
    world = World()
    world.hosts_of.update(hosts)
    for (provider, kind, key), fields in resources:
        if kind == "webhook" or hosts.get(domain_of(key), provider) != provider:
            continue
        active = fields.get("active") is not False
        if kind == "domain":
            _add_domain(world, key, active, fields)
        elif kind == "mailbox":
            world.mailboxes[key] = active
        else:
            world.aliases[key] = _addresses(fields.get("destinations")) if active else ()
    return world


def _add_domain(world: World, name: str, active: bool, fields: Fields) -> None:
    world.domains[name] = active
    catch_all = _addresses(fields.get("catch_all"))
    if catch_all:
        world.aliases[catch_all_of(name)] = catch_all


def _addresses(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _hosts(resources: Iterable[tuple[ResourceAddress, Fields]], situation: Situation) -> dict[DomainName, str]:
    """Which provider receives a domain's mail: the manifest's where it holds the domain, else one that does (an owned one
    rather than another). mailsync does not read DNS here; the manifest says where the mail is meant to go."""
    hosts: dict[DomainName, str] = {}
    for address, _ in resources:
        if address.kind != "domain":
            continue
        name = DomainName(address.key)
        known = hosts.get(name)
        better = situation.here(name, address.provider) or (
            known is not None and not situation.here(name, known) and situation.ledger.owns(address)
        )
        if known is None or better:
            hosts[name] = address.provider
    return hosts


def flow_changes(both: Flows) -> tuple[FlowChange, ...]:
    """Every address whose final recipients are others afterwards, sorted."""
    before, after = both
    if before is after:
        return ()
    addresses = {*before.world.explicit(), *after.world.explicit()}
    changed = []
    for address in sorted(addresses):
        had, has = recipients(before, address), recipients(after, address)
        if had != has:
            changed.append(FlowChange(EmailAddress(address), _effect(had, has), tuple(sorted(had)), tuple(sorted(has))))
    return tuple(changed)


def recipients(flow: Flow, address: str) -> Recipients:
    """As Flow.of, but an address of a domain that is not here has no recipients that we know of: nobody."""
    return flow.of(address) if flow.world.hosts(address) else frozenset()


def _effect(had: Recipients, has: Recipients) -> FlowEffect:
    if not had:
        return "new"
    if not has:
        return "bounces"
    if has > had:
        return "widened"
    return "narrowed" if has < had else "changed"


def resource_of(world: World, node: str) -> tuple[ResourceAddress, str | None]:
    """The resource that a node of the world is, and the member in it: an alias, a mailbox, or a domain's catch-all."""
    local, _, domain = node.rpartition("@")
    provider = world.hosts_of.get(DomainName(domain), "")
    if local == "*":
        return ResourceAddress(provider, "domain", domain), "catch_all"
    return ResourceAddress(provider, "alias" if node in world.aliases else "mailbox", node), None


def place_of(world: World, node: str, situation: Situation) -> Location | None:
    address, member = resource_of(world, node)
    return situation.manifest.places(address, member)
