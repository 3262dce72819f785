"""The steps in an order in which they can be executed one by one: Kahn's algorithm, lowest level first."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping

from reconciler.model.names import Kind, ResourceAddress
from reconciler.model.plan import Change, Step
from reconciler.planner.graph import components
from reconciler.planner.steps import Draft, Drafts

LEVEL: Mapping[Kind, int] = {"domain": 0, "mailbox": 1, "alias": 2, "webhook": 3}


def numbered(drafts: Drafts) -> tuple[Step, ...]:
    """The drafts as steps, each after those that it waits for."""
    unique = list({id(draft): draft for own in drafts.values() for draft in own}.values())
    place = {id(draft): index for index, draft in enumerate(unique)}
    waits = [{place[id(one)] for one in draft.after if id(one) in place} for draft in unique]
    order = _sequence([_rank(draft) for draft in unique], waits, unique)
    number = {index: at for at, index in enumerate(order)}
    return tuple(
        _step(unique[index], at, sorted(number[one] for one in waits[index] if number[one] < at))
        for at, index in enumerate(order)
    )


Rank = tuple[int, int, str, str]


def _rank(draft: Draft) -> Rank:
    level, where = LEVEL[draft.address.kind], (draft.address.provider, draft.address.key)
    if draft.phase == "again":
        # Until it is written again an alias is not whole.
        return -1, level, *where
    if draft.verb == "delete":
        return 2, -level, *where
    return int(draft.phase == "late"), level, *where


def _sequence(ranks: list[Rank], waits: list[set[int]], drafts: list[Draft]) -> list[int]:
    unblocks: dict[int, list[int]] = defaultdict(list)
    for index, before in enumerate(waits):
        for one in before:
            unblocks[one].append(index)
    left = [set(before) for before in waits]
    ready = [(ranks[index], index) for index, before in enumerate(left) if not before]
    heapq.heapify(ready)
    order: list[int] = []
    done = [False] * len(waits)
    while len(order) < len(waits):
        if not ready:
            for index in list(_circle_openers(left, done, ranks, drafts)):
                left[index].clear()
                heapq.heappush(ready, (ranks[index], index))
        _, index = heapq.heappop(ready)
        order.append(index)
        done[index] = True
        for then in unblocks[index]:
            if index in left[then]:
                left[then].discard(index)
                if not left[then]:
                    heapq.heappush(ready, (ranks[then], then))
    return order


def _circle_openers(left: list[set[int]], done: list[bool], ranks: list[Rank], drafts: list[Draft]) -> Iterator[int]:
    """Aliases that point at each other live, and still do afterwards (a warning), have no right order. From each circle that
    waits for nothing but itself one is taken: one that can be done at all, and of those the lowest."""
    undone = (index for index, is_done in enumerate(done) if not is_done)
    for members in components(undone, lambda index: sorted(left[index])):
        inside = set(members)
        if all(left[index] <= inside for index in members):
            yield min(members, key=lambda index: _opening_rank(index, left, ranks, drafts))


def _opening_rank(index: int, left: list[set[int]], ranks: list[Rank], drafts: list[Draft]) -> tuple[bool, Rank]:
    needed = {id(one) for one in drafts[index].needs}
    return any(id(drafts[one]) in needed for one in left[index]), ranks[index]


def _step(draft: Draft, number: int, before: list[int]) -> Step:
    return Step(
        number, draft.address, draft.verb, draft.fields, draft.secrets, tuple(before), draft.requests, draft.removes,
        draft.create_first, draft.room, draft.copy,
    )  # fmt: skip


def in_order(changes: Mapping[ResourceAddress, Change], steps: tuple[Step, ...]) -> tuple[Change, ...]:
    """The changes in the order of their first step; a hand-over's removal right before its create; bookkeeping last."""
    first: dict[ResourceAddress, tuple[int, int]] = {}
    for step in steps:
        first.setdefault(step.address, (step.number, 1))
        if step.removes and step.removes != step.address:
            first.setdefault(step.removes, (step.number, 0))
    last = (len(steps), 0)
    return tuple(sorted(changes.values(), key=lambda c: (first.get(c.address, last), c.address)))
