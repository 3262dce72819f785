"""`--target` and `--exclude`: a part of a plan that can be carried out by itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.model.names import ResourceAddress, matches
from reconciler.model.plan import PlanOptions
from reconciler.planner.steps import Changes, Drafts

Needs = Mapping[ResourceAddress, Iterable[ResourceAddress]]


def selected(changes: Changes, drafts: Drafts, options: PlanOptions) -> set[ResourceAddress]:
    """The addresses that stay: targets bring along what they need, and what needs something that is excluded goes with
    it."""
    needs = {address: _needs(address, drafts) & changes.keys() for address in changes}
    kept = set(changes)
    if options.targets:
        kept = _reached((a for a in changes if _any(a, options.targets)), needs)
    needed_by: dict[ResourceAddress, list[ResourceAddress]] = defaultdict(list)
    for address, needed in needs.items():
        for one in needed:
            needed_by[one].append(address)
    return kept - _reached((a for a in kept if _any(a, options.excludes)), needed_by)


def _needs(address: ResourceAddress, drafts: Drafts) -> set[ResourceAddress]:
    own = drafts.get(address, ())
    together = {draft.removes for draft in own if draft.removes} | {draft.address for draft in own}
    return together | {before.address for draft in own for before in draft.needs}


def _reached(start: Iterable[ResourceAddress], along: Needs) -> set[ResourceAddress]:
    reached: set[ResourceAddress] = set()
    waiting = list(start)
    while waiting:
        address = waiting.pop()
        if address not in reached:
            reached.add(address)
            waiting.extend(along.get(address, ()))
    return reached


def _any(address: ResourceAddress, globs: tuple[str, ...]) -> bool:
    return any(matches(address, glob) for glob in globs)
