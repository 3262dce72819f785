"""The mail flow before and after a plan: the live world, and the live world with the plan applied.

Unmanaged resources are part of both. A blocked change is not carried out, so it is not part of the world after.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reconciler.model.location import Location
from reconciler.model.names import DomainName, EmailAddress, ResourceAddress, domain_of
from reconciler.model.plan import Change, FlowChange, FlowEffect
from reconciler.model.resources import Fields
from reconciler.planner.mail_flow import NOBODY, Flow, Recipients, World, catch_all_of, resolve
from reconciler.planner.situation import Situation

Changes = Mapping[ResourceAddress, Change]
Resources = Iterable[tuple[ResourceAddress, Fields]]
Edits = Mapping[ResourceAddress, Fields]

_PATTERN = re.compile(r"[^a-z0-9._+@-]")  # what no plain local part has where aliases may be regular expressions


class Flows(NamedTuple):
    before: Flow
    after: Flow


def flows(changes: Changes, situation: Situation, edited: Edits | None = None) -> Flows:
    """The recipients of every address, before and after. One walk where nothing changes. *edited*: what providers make of
    resources by themselves, which no change tells."""
    effective = {a: c for a, c in changes.items() if c.blocked is None and c.action not in ("adopt", "forget")}
    live = [(r.address, r.fields) for r in situation.all_live()]
    patterns = {name for name, there in situation.terms.items() if there.capabilities.regex_aliases}
    before = resolve(build(live, _hosts(live, situation), patterns))
    if not effective:
        return Flows(before, before)
    planned = list(_planned(live, effective, edited or {}))
    return Flows(before, resolve(build(planned, _hosts(planned, situation), patterns)))


def _planned(live: Resources, changes: Changes, edited: Edits) -> Iterator[tuple[ResourceAddress, Fields]]:
    """Live resources with the plan applied."""
    for address, fields in live:
        change = changes.get(address)
        if change is None:
            yield address, {**fields, **edited[address]} if address in edited else fields
        elif change.action != "delete":
            yield address, {**fields, **edited.get(address, {}), **(change.after or {})}
    for address, change in changes.items():
        # One that is live is created again, after the provider has deleted it by itself.
        if change.action == "create" and change.live is None:
            yield address, change.after or {}


def build(resources: Resources, hosts: Mapping[DomainName, str], patterns: Iterable[str] = ()) -> World:
    """The world that *resources* make; of a domain that several providers hold, the host in *hosts* receives its mail.
    *patterns*: the providers whose aliases may be regular expressions."""
    world = World(hosts_of=dict(hosts))
    switched_off = []
    patterned, providers = frozenset(patterns), set(hosts.values())
    only_host = providers.pop() if len(providers) == 1 else None
    for (provider, kind, key), fields in resources:
        if kind == "webhook" or (provider != only_host and hosts.get(domain_of(key), provider) != provider):
            continue
        active = fields.get("active") is not False
        if kind == "mailbox":
            world.mailboxes[key] = active
        elif kind == "domain":
            _add_domain(world, key, active, fields)
        elif not active:
            switched_off.append(key)
        else:
            world.aliases[key] = _addresses(fields.get("destinations"))
            if provider in patterned and _PATTERN.search(key):
                world.patterned.add(domain_of(key))
    for key in switched_off:
        # It receives nothing itself; a mailbox with its address does.
        if key not in world.mailboxes:
            world.aliases[key] = ()
    return world


def _add_domain(world: World, name: str, active: bool, fields: Fields) -> None:
    if not active:
        world.closed.add(name)
    catch_all = _addresses(fields.get("catch_all"))
    if catch_all:
        world.aliases[catch_all_of(name)] = catch_all


def _addresses(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _hosts(resources: Resources, situation: Situation) -> dict[DomainName, str]:
    """Which provider receives a domain's mail: the manifest's where it holds the domain, else one that does (an owned one
    rather than another). mailsync does not read DNS here; the manifest says where the mail is meant to go."""
    hosts: dict[DomainName, str] = {}
    for (provider, kind, key), _ in resources:
        if kind != "domain":
            continue
        name = DomainName(key)
        known = hosts.get(name)
        if known is None or _rank(name, provider, situation) < _rank(name, known, situation):
            hosts[name] = provider
    return hosts


def _rank(domain: DomainName, provider: str, situation: Situation) -> tuple[bool, bool, str]:
    owned = situation.ledger.owns(ResourceAddress(provider, "domain", domain))
    return not situation.here(domain, provider), not owned, provider


def flow_changes(both: Flows) -> tuple[FlowChange, ...]:
    """Every address whose final recipients are others afterwards, sorted."""
    before, after = both
    if before is after:
        return ()
    changed = []
    for address in {*before.world.explicit(), *after.world.explicit()}:
        had, has = recipients(before, address), recipients(after, address)
        if had != has:
            changed.append(FlowChange(EmailAddress(address), _effect(had, has), tuple(sorted(had)), tuple(sorted(has))))
    return tuple(sorted(changed, key=lambda change: change.address))


def recipients(flow: Flow, address: str) -> Recipients:
    """As Flow.of, but an address of a domain that is not here has no recipients that we know of: nobody."""
    return flow.of(address) if flow.world.hosts(address) else NOBODY


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
        return ResourceAddress(provider, "domain", DomainName(domain)), "catch_all"
    return ResourceAddress(provider, "alias" if node in world.aliases else "mailbox", node), None


def place_of(world: World, node: str, situation: Situation) -> Location | None:
    address, member = resource_of(world, node)
    return situation.manifest.places(address, member)
