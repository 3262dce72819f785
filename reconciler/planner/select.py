"""`--target` and `--exclude`: a part of a plan that can be carried out by itself."""

from collections.abc import Iterable

from reconciler.model.names import ResourceAddress, matches
from reconciler.model.plan import PlanOptions
from reconciler.planner.steps import Changes, Drafts


def selected(changes: Changes, drafts: Drafts, options: PlanOptions) -> list[ResourceAddress]:
    """The addresses that stay: targets bring along what they need, and what needs something that is excluded goes with
    it."""
    needs = {address: _needs(address, drafts) & changes.keys() for address in changes}
    kept = set(changes)
    if options.targets:
        kept = _closure((a for a in changes if _any(a, options.targets)), needs)
    dropped = {address for address in kept if _any(address, options.excludes)}
    while lost := {a for a in kept - dropped if needs[a] & dropped}:
        dropped |= lost
    return [address for address in changes if address in kept - dropped]


def _needs(address: ResourceAddress, drafts: Drafts) -> set[ResourceAddress]:
    own = drafts.get(address, ())
    together = {draft.removes for draft in own if draft.removes} | {draft.address for draft in own}
    return together | {before.address for draft in own for before in draft.needs}


def _closure(
    start: Iterable[ResourceAddress], needs: dict[ResourceAddress, set[ResourceAddress]]
) -> set[ResourceAddress]:
    reached, waiting = set(), list(start)
    while waiting:
        address = waiting.pop()
        if address not in reached:
            reached.add(address)
            waiting.extend(needs[address])
    return reached


def _any(address: ResourceAddress, globs: tuple[str, ...]) -> bool:
    return any(matches(address, glob) for glob in globs)
