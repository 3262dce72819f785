"""`--target` and `--exclude`: a part of a plan that can be carried out by itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress, matches
from reconciler.model.plan import Change, PlanOptions
from reconciler.planner.steps import Changes, Drafts

Needs = Mapping[ResourceAddress, Iterable[ResourceAddress]]


def selected(changes: Changes, drafts: Drafts, options: PlanOptions) -> set[ResourceAddress]:
    """The addresses that stay: targets bring along what they need, and what needs something that is excluded goes with
    it."""
    kept = set(changes)
    if options.targets:
        needs = {address: _needs(address, drafts) & changes.keys() for address in changes}
        kept = _reached((a for a in changes if _any(a, options.targets)), needs)
    needed_by: dict[ResourceAddress, list[ResourceAddress]] = defaultdict(list)
    for address in changes:
        # A domain does not go because of a destination of its catch-all: all that is in it would go with it. Its
        # catch-all alone does (`without_catch_alls_to`).
        for one in _needs(address, drafts, but="catch_all") & changes.keys():
            needed_by[one].append(address)
    return kept - _reached((a for a in kept if _any(a, options.excludes)), needed_by)


def without_catch_alls_to(
    left_out: Collection[ResourceAddress], changes: Changes, kept: Collection[ResourceAddress]
) -> dict[ResourceAddress, Change]:
    """The changes that stay. A catch-all that would go to an address that is left out stays as it is, too."""
    missing = {address.key for address in left_out if changes[address].action == "create"}
    return {
        address: _without_catch_all(change) if _goes_to(change, missing) else change
        for address, change in changes.items()
        if address in kept
    }


def _goes_to(change: Change, missing: set[str]) -> bool:
    catch_all = (change.after or {}).get("catch_all")
    return isinstance(catch_all, tuple) and not missing.isdisjoint(catch_all)


def _without_catch_all(change: Change) -> Change:
    assert change.desired is not None
    rest = {name: value for name, value in change.desired.fields.items() if name != "catch_all"}
    after = {name: value for name, value in (change.after or {}).items() if name != "catch_all"}
    fields = tuple(field for field in change.fields if field.field != "catch_all")
    return replace(change, after=after, fields=fields, desired=replace(change.desired, fields=rest))


def unmatched(addresses: Collection[ResourceAddress], options: PlanOptions) -> Iterator[Diagnostic]:
    """A glob that matches nothing that is in the manifest, live or owned is probably misspelt."""
    for option, globs in (("--target", options.targets), ("--exclude", options.excludes)):
        for glob in globs:
            if not any(matches(address, glob) for address in addresses):
                yield Diagnostic(
                    "warning",
                    "matches-nothing",
                    f"{option} {glob} matches nothing",
                    "addresses are PROVIDER/KIND/KEY; `mailsync state list` shows those that are owned",
                )


def _needs(address: ResourceAddress, drafts: Drafts, but: str = "") -> set[ResourceAddress]:
    own = [draft for draft in drafts.get(address, ()) if draft.phase != but]
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
