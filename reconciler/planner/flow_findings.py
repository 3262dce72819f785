"""What is wrong, or worth a second look, in where mail goes.

What the plan brings about is an error; what is so live already, and no worse afterwards, is a warning.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from reconciler.model.location import Diagnostic, Severity
from reconciler.model.manifest import Manifest
from reconciler.model.names import ResourceAddress, domain_of, shown_address, shown_domain
from reconciler.model.plan import FlowChange
from reconciler.model.resources import Fields
from reconciler.planner.mail_flow import Flow, World, circle, resolve
from reconciler.planner.situation import Situation
from reconciler.planner.worlds import Flows, build, place_of, recipients, resource_of


def flow_findings(both: Flows, changed: Iterable[FlowChange], situation: Situation) -> Iterator[Diagnostic]:
    """Every finding of the interface's table that follows from the flows before and after."""
    yield from _circles(both, situation)
    yield from _destinations(both, situation)
    yield from _unanswered(both, situation)
    if situation.manifest.policies.external_recipients != "allow" and both.before is not both.after:
        yield from _new_outside(both, changed, situation)


def _unanswered(both: Flows, situation: Situation) -> Iterator[Diagnostic]:
    """The addresses that every domain has to answer, and does not."""
    for domain in situation.manifest.domains.values():
        if not situation.capabilities(domain.provider).kinds["domain"].can("create"):
            continue  # the provider's own, which answers for itself
        own = ResourceAddress(domain.provider, "domain", domain.name)
        for local in situation.manifest.policies.require_addresses:
            address = f"{local}@{domain.name}"
            if recipients(both.after, address):
                continue
            already = situation.live(own) is not None and not recipients(both.before, address)
            yield Diagnostic(
                "warning" if already else "error",
                "required-address-missing",
                f"nothing answers {shown_address(address)}",
                f"give the domain an alias {local}, as policies.require_addresses asks",
                situation.manifest.places(own),
                str(own),
            )


def manifest_circles(manifest: Manifest, beside: Iterable[str] = ()) -> Iterator[Diagnostic]:
    """The circles that the manifest alone shows: among aliases, not through a catch-all, since it is not known here which
    addresses are live beside the manifest's. *beside*: providers at which an alias may stand beside a mailbox, so that an
    address among its own destinations may be a copy kept in a mailbox that only the provider knows."""
    resources: list[tuple[ResourceAddress, Fields]] = [
        (address, {name: value for name, value in desired.fields.items() if name != "catch_all"})
        for address, desired in manifest.resources.items()
    ]
    hosts = {domain.name: domain.provider for domain in manifest.domains.values()}
    tolerant = frozenset(beside)
    flow = resolve(build(resources, hosts))
    for knot in flow.knots:
        hops, _ = circle(flow.world, knot)
        if len(hops) > 1 or hosts.get(domain_of(hops[0])) not in tolerant:
            yield _circle(hops, flow.world, "error", manifest)


def _circles(both: Flows, situation: Situation) -> Iterator[Diagnostic]:
    for knot in both.after.knots:
        hops, is_new = circle(both.after.world, knot, both.before.world)
        yield _circle(hops, both.after.world, "error" if is_new else "warning", situation.manifest)


def _circle(hops: tuple[str, ...], world: World, severity: Severity, manifest: Manifest) -> Diagnostic:
    places = [(node, manifest.places(*resource_of(world, node))) for node in hops]
    way = " -> ".join(shown_address(node) for node in (*hops, hops[0]))
    where = ", ".join(f"{shown_address(node)} at {place}" for node, place in places if place)
    first = next((place for _, place in places if place), None)
    return Diagnostic(
        severity,
        "alias-loop",
        f"mail goes in a circle: {way}" + (f" ({where})" if where else ""),
        "take one of these destinations out",
        first,
        str(resource_of(world, hops[0])[0]),
    )


def _destinations(both: Flows, situation: Situation) -> Iterator[Diagnostic]:
    """Destinations that this plan removes, and destinations in managed domains that nothing answers."""
    before, after = both.before.world, both.after.world
    managed = situation.manifest.domains
    for node, targets in after.aliases.items():
        for target in targets:
            if target in after.mailboxes or target in after.aliases or after.node(target) is not None:
                continue
            domain = domain_of(target)
            if before is not after and before.node(target) is not None:
                yield _finding(
                    "error", "destination-removed", node, target, "which this plan removes", after, situation
                )
            elif domain in managed and after.hosts(target) and domain not in after.patterned:
                yield _finding(
                    "warning", "dangling-destination", node, target, "which nothing answers", after, situation
                )


def _finding(
    severity: Severity, code: str, node: str, target: str, why: str, world: World, situation: Situation
) -> Diagnostic:
    address, member = resource_of(world, node)
    name = "the catch-all of " + shown_domain(domain_of(node)) if member else shown_address(node)
    return Diagnostic(
        severity,
        code,
        f"{name} goes to {shown_address(target)}, {why}",
        f"take {shown_address(target)} out of its destinations, or keep it",
        place_of(world, node, situation),
        str(address),
    )


# --- outside recipients


def _new_outside(both: Flows, changed: Iterable[FlowChange], situation: Situation) -> Iterator[Diagnostic]:
    """Mail of managed domains that will be read at an outside domain to which no managed alias leads today. Said once for
    an outside address, at the alias that goes straight there, if there is one."""
    today = {_outside_domain(target) for target in _outside_today(both.before, situation)}
    said: dict[str, list[str]] = {}
    for change in changed:
        if domain_of(change.address) not in situation.manifest.domains:
            continue
        for target in set(change.after) - set(change.before):
            if not both.after.world.hosts(target) and _outside_domain(target) not in today:
                said.setdefault(target, []).append(change.address)
    for target in sorted(said):
        straight = [a for a in said[target] if target in both.after.world.aliases.get(a, ())]
        for node in straight or said[target][:1]:
            yield _read_outside(node, target, both.after.world, situation)


def _outside_today(flow: Flow, situation: Situation) -> Iterator[str]:
    """The outside addresses that managed aliases lead to: those that the manifest or the ledger names."""
    for node in flow.world.aliases:
        address, _ = resource_of(flow.world, node)
        if address in situation.manifest.resources or situation.ledger.owns(address):
            yield from (target for target in flow.recipients[node] if not flow.world.hosts(target))


def _outside_domain(target: str) -> str:
    """Where a destination is read: an address's domain, a URL's host."""
    return urlsplit(target).hostname or target if "://" in target else domain_of(target)


def _read_outside(node: str, target: str, world: World, situation: Situation) -> Diagnostic:
    severity: Severity = "error" if situation.manifest.policies.external_recipients == "deny" else "warning"
    return Diagnostic(
        severity,
        "new-external-recipient",
        f"mail to {shown_address(node)} will be read at {shown_address(target)}; no managed alias goes to that domain today",
        "policies.external_recipients decides whether this is allowed",
        place_of(world, node, situation),
        str(resource_of(world, node)[0]),
    )
