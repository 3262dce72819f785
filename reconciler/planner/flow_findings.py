"""What is wrong, or worth a second look, in where mail goes.

What the plan brings about is an error; what is so live already, and no worse afterwards, is a warning.
"""

from collections.abc import Iterator

from reconciler.model.location import Diagnostic, Severity
from reconciler.model.manifest import Manifest
from reconciler.model.names import ResourceAddress, domain_of, shown_address, shown_domain
from reconciler.model.resources import Fields
from reconciler.planner.mail_flow import Flow, World, resolve
from reconciler.planner.situation import Situation
from reconciler.planner.worlds import Changes, Flows, build, place_of, resource_of


def flow_findings(both: Flows, changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """Every finding of the interface's table that follows from the flows before and after."""
    yield from _circles(both, situation)
    yield from _destinations(both, changes, situation)
    if situation.manifest.policies.external_recipients != "allow":
        yield from _new_outside(both, situation)


def manifest_circles(manifest: Manifest) -> Iterator[Diagnostic]:
    """The circles that the manifest alone shows: among aliases, not through a catch-all, since it is not known here which
    addresses are live beside the manifest's."""
    resources: list[tuple[ResourceAddress, Fields]] = [
        (address, {name: value for name, value in desired.fields.items() if name != "catch_all"})
        for address, desired in manifest.resources.items()
    ]
    domains: list[tuple[ResourceAddress, Fields]] = [
        (ResourceAddress(domain.provider, "domain", domain.name), {}) for domain in manifest.domains.values()
    ]
    hosts = {domain.name: domain.provider for domain in manifest.domains.values()}
    flow = resolve(build([*domains, *resources], hosts))
    for circle in flow.circles:
        yield _circle(circle, flow.world, "error", manifest)


def _circles(both: Flows, situation: Situation) -> Iterator[Diagnostic]:
    known = [frozenset(circle) for circle in both.before.circles]
    for circle in both.after.circles:
        old = any(frozenset(circle) <= before for before in known)
        yield _circle(circle, both.after.world, "warning" if old else "error", situation.manifest)


def _circle(circle: tuple[str, ...], world: World, severity: Severity, manifest: Manifest) -> Diagnostic:
    places = [(node, manifest.places(*resource_of(world, node))) for node in circle]
    hops = " -> ".join(shown_address(node) for node in (*circle, circle[0]))
    where = ", ".join(f"{shown_address(node)} at {place}" for node, place in places if place)
    first = next((place for _, place in places if place), None)
    return Diagnostic(
        severity,
        "alias-loop",
        f"mail goes in a circle: {hops}" + (f" ({where})" if where else ""),
        "take one of these destinations out",
        first,
        str(resource_of(world, circle[0])[0]),
    )


def _destinations(both: Flows, changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """Destinations that this plan removes, and destinations in managed domains that nothing answers."""
    before, after = both.before.world, both.after.world
    for node, targets in after.aliases.items():
        for target in targets:
            if after.node(target) is not None or "://" in target:
                continue
            if both.before is not both.after and _removed_by_plan(target, before, after, changes):
                yield _finding(
                    "error", "destination-removed", node, target, "which this plan removes", after, situation
                )
            elif domain_of(target) in situation.manifest.domains and after.hosts(target):
                yield _finding(
                    "warning", "dangling-destination", node, target, "which nothing answers", after, situation
                )


def _removed_by_plan(target: str, before: World, after: World, changes: Changes) -> bool:
    node = before.node(target)
    if node is None:
        return False
    address, _ = resource_of(before, node)
    domain = ResourceAddress(address.provider, "domain", domain_of(target))
    return any((change := changes.get(a)) is not None and change.blocked is None for a in (address, domain))


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


def _new_outside(both: Flows, situation: Situation) -> Iterator[Diagnostic]:
    """Outside domains that will read mail of a managed domain and that no alias uses today."""
    today = {domain_of(target) for _, target in _outside(both.before)}
    severity: Severity = "error" if situation.manifest.policies.external_recipients == "deny" else "warning"
    for node, target in _outside(both.after):
        if domain_of(target) not in today and domain_of(node) in situation.manifest.domains:
            yield Diagnostic(
                severity,
                "new-external-recipient",
                f"mail to {shown_address(node)} will be read at {shown_address(target)}; no alias goes to that domain today",
                "policies.external_recipients decides whether this is allowed",
                place_of(both.after.world, node, situation),
                str(resource_of(both.after.world, node)[0]),
            )


def _outside(flow: Flow) -> Iterator[tuple[str, str]]:
    for node, targets in flow.world.aliases.items():
        for target in targets:
            if not flow.world.hosts(target):
                yield node, target
