"""Who comes before whom.

    level            0        1         2       3
    create, update   domain   mailbox   alias   webhook
    delete           webhook  alias     mailbox domain      the same list reversed, after all of those above

The level orders what is independent; what depends on each other is an edge. The edges keep one promise: no moment exists
in which mail is not delivered that was delivered before and will be afterwards. So what begins to receive mail comes
before whatever begins to point at it, and what ceases to receive comes after whatever ceases to point at it.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from reconciler.model.names import DomainName, Kind, ResourceAddress, domain_of
from reconciler.model.plan import Change, Step
from reconciler.model.resources import Value
from reconciler.planner.limits import releases_first
from reconciler.planner.mail_flow import World, catch_all_of
from reconciler.planner.removal import goes_with_its_domain
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes, Draft, Drafts
from reconciler.planner.worlds import Flows, recipients

LEVEL: Mapping[Kind, int] = {"domain": 0, "mailbox": 1, "alias": 2, "webhook": 3}


def connect(drafts: Drafts, changes: Changes, both: Flows, situation: Situation) -> None:
    """Gives every draft the drafts that must be done before it."""
    _inside_domains(drafts, changes, situation)
    _hand_mail_over(drafts, changes, both)
    _after_moves(drafts, changes, situation)
    releases_first(drafts, changes, situation)


def _inside_domains(drafts: Drafts, changes: Changes, situation: Situation) -> None:
    """A domain's early step comes before its children, its late one after; its deletion after those that need a call of
    their own, and before those that go with it."""
    for address, own in drafts.items():
        if not address.domain or address.kind == "domain":
            continue
        domain = drafts.get(ResourceAddress(address.provider, "domain", address.domain), [])
        along = goes_with_its_domain(changes[address], changes, situation)
        for step in domain:
            if step.phase == "early" or (along and step.verb == "delete"):
                _after(own, step, needed=along or step.verb == "create")
            elif step.phase == "late":
                _after([step], *own)
    for own in drafts.values():
        for earlier, later in pairwise(own):
            _after([later], earlier)


def _after(later: Iterable[Draft], *earlier: Draft, needed: bool = False) -> None:
    for step in later:
        others = [one for one in earlier if one is not step]
        step.after.extend(others)
        if needed:
            step.needs.extend(others)


class _Answers:
    """Which steps begin, or end, that an address is answered."""

    def __init__(self, drafts: Drafts, both: Flows) -> None:
        self.both = both
        self.by_node: dict[str, list[Draft]] = defaultdict(list)
        self.ending: dict[str, list[Draft]] = defaultdict(list)
        for address, own in drafts.items():
            if address.kind in ("mailbox", "alias"):
                self.by_node[address.key].extend(own)
            elif address.kind == "domain":
                self._add_domain(address, own)

    def _add_domain(self, address: ResourceAddress, own: list[Draft]) -> None:
        star = catch_all_of(address.key)
        self.by_node[star].extend(step for step in own if step.phase == "catch_all")
        # Deleting a domain, or switching it off, ends every address in it.
        self.ending[address.key].extend(
            step for step in own if step.verb == "delete" or step.fields.get("active") is False
        )

    def of(self, address: str, world: World) -> list[Draft]:
        node = world.node(address)
        return self.by_node.get(node, []) if node else []

    def ends(self, address: str) -> list[Draft]:
        return self.of(address, self.both.before.world) + self.ending.get(domain_of(address), [])

    def ceases(self, address: str) -> bool:
        return bool(recipients(self.both.before, address)) and not recipients(self.both.after, address)


def _hand_mail_over(drafts: Drafts, changes: Changes, both: Flows) -> None:
    answers = _Answers(drafts, both)
    for address, own in drafts.items():
        for step, had, has in _pointing(address, own, changes[address]):
            for target in has:
                begins = [s for s in answers.of(target, both.after.world) if s.verb != "delete"]
                _after([step], *begins, needed=not recipients(both.before, target))
            for target in set(had) - set(has):
                if _is_lost(target, answers):
                    _after(answers.ends(target), step, needed=True)
    _catch_alls(drafts, changes)


def _is_lost(target: str, answers: _Answers) -> bool:
    """Whether nobody answers *target* afterwards, or another node than before."""
    before, after = answers.both.before.world, answers.both.after.world
    return answers.ceases(target) or before.node(target) != after.node(target)


def _pointing(
    address: ResourceAddress, own: list[Draft], change: Change
) -> Iterator[tuple[Draft, tuple[str, ...], tuple[str, ...]]]:
    """The steps of a change that point mail somewhere: the step, its targets before, its targets after."""
    member = {"alias": "destinations", "domain": "catch_all"}.get(address.kind)
    if member is None:
        return
    had = _targets(change.live.fields.get(member) if change.live else None)
    has = _targets(change.desired.fields.get(member, had)) if change.desired else ()
    for step in own:
        if address.kind == "alias" or step.phase == "catch_all" or step.verb == "delete":
            yield step, had, has


def _targets(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _catch_alls(drafts: Drafts, changes: Changes) -> None:
    """An address that loses its own answer to the catch-all goes after the catch-all is set; a catch-all that is cleared
    goes after the addresses that take over from it."""
    for address, own in drafts.items():
        if address.kind not in ("mailbox", "alias"):
            continue
        domain = drafts.get(ResourceAddress(address.provider, "domain", domain_of(address.key)), [])
        for star in (step for step in domain if step.phase == "catch_all"):
            if changes[address].action == "delete" and star.fields.get("catch_all"):
                _after((step for step in own if step.verb == "delete"), star)
            elif not star.fields.get("catch_all"):
                _after([star], *(step for step in own if step.verb != "delete"))


def _after_moves(drafts: Drafts, changes: Changes, situation: Situation) -> None:
    """What is deleted of a domain that has moved to another provider goes after all that is made there."""
    moved: dict[DomainName, list[Draft]] = defaultdict(list)
    for address, own in drafts.items():
        if address.domain and situation.here(address.domain, address.provider):
            moved[address.domain].extend(step for step in own if step.verb != "delete")
    for address, own in drafts.items():
        if address.domain in moved and not situation.here(address.domain, address.provider):
            _after((step for step in own if step.verb == "delete"), *moved[address.domain])


def numbered(drafts: Drafts) -> tuple[Step, ...]:
    """The steps in an order in which they can be executed one by one: Kahn's algorithm, lowest level first."""
    unique = {id(draft): draft for own in drafts.values() for draft in own}
    waits = {key: {id(before) for before in draft.after if id(before) in unique} for key, draft in unique.items()}
    unblocks: dict[int, list[int]] = defaultdict(list)
    for key, before in waits.items():
        for one in before:
            unblocks[one].append(key)
    ready = [(_rank(unique[key]), key) for key, before in waits.items() if not before]
    heapq.heapify(ready)
    ordered: dict[int, int] = {}
    while len(ordered) < len(unique):
        key = heapq.heappop(ready)[1] if ready else _cheapest_of_a_circle(waits, unique)
        if key in ordered:
            continue
        ordered[key] = len(ordered)
        waits.pop(key)
        for then in unblocks[key]:
            if then in waits:
                waits[then].discard(key)
                if not waits[then]:
                    heapq.heappush(ready, (_rank(unique[then]), then))
    return tuple(_step(unique[key], number, ordered) for key, number in ordered.items())


def _cheapest_of_a_circle(waits: Mapping[int, set[int]], unique: Mapping[int, Draft]) -> int:
    # Aliases that point at each other live, and still do afterwards (a warning), have no right order: any will do.
    return min(waits, key=lambda key: _rank(unique[key]))


def _rank(draft: Draft) -> tuple[int, int, str, str]:
    level = LEVEL[draft.address.kind]
    if draft.verb == "delete":
        return 2, -level, draft.address.provider, draft.address.key
    return int(draft.phase == "late"), level, draft.address.provider, draft.address.key


def _step(draft: Draft, number: int, ordered: Mapping[int, int]) -> Step:
    before = sorted({ordered[id(one)] for one in draft.after if id(one) in ordered and ordered[id(one)] < number})
    return Step(
        number, draft.address, draft.verb, draft.fields, draft.secrets, tuple(before), draft.requests, draft.removes,
        draft.create_first, draft.room,
    )  # fmt: skip


def in_order(changes: Changes, steps: tuple[Step, ...]) -> tuple[Change, ...]:
    """The changes in the order of their first step; a hand-over's removal right before its create; bookkeeping last."""
    first: dict[ResourceAddress, tuple[int, int]] = {}
    for step in steps:
        first.setdefault(step.address, (step.number, 1))
        if step.removes and step.removes != step.address:
            first.setdefault(step.removes, (step.number, 0))
    last = (len(steps), 0)
    return tuple(sorted(changes.values(), key=lambda c: (first.get(c.address, last), c.address)))


def depends_on(address: ResourceAddress, drafts: Drafts) -> tuple[ResourceAddress, ...]:
    """The resources that a change waits for: its domain, and those of its steps' predecessors."""
    named = {before.address for draft in drafts.get(address, ()) for before in draft.after}
    deleting = all(draft.verb == "delete" for draft in drafts.get(address, ()))
    if address.domain and address.kind != "domain" and not deleting:
        named.add(ResourceAddress(address.provider, "domain", address.domain))
    return tuple(sorted(named - {address}))
