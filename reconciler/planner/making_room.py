"""A domain too full to hold what comes beside what goes: some of what goes has to go first.

Each step that takes room gets room of its own: of what is free, or of what certain steps release, which it then waits for.
So the limits hold in whatever order the steps are carried out.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress
from reconciler.planner.limits import exceeded, said
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes, Draft, Drafts
from reconciler.planner.usage import COUNTED, Occupancy, domain_of, is_number, occupancies

Room = tuple[Draft, int]


def release_first(drafts: Drafts, changes: Changes, situation: Situation) -> list[Diagnostic]:
    """Adds the edges; and finds where there is no room for all that has to come before anything can go."""
    occupied = occupancies(changes, situation)
    moving = _Movements(drafts, changes, situation)
    graph: _Dependants | None = None
    findings = []
    for domain in sorted(occupied.keys() & moving.coming.keys()):
        for limit in COUNTED:
            free = _free(occupied[domain], limit)
            coming = moving.coming[domain][limit]
            if free is None or sum(amount for _, amount in coming) <= free:
                continue
            graph = graph or _Dependants(drafts)
            short = _assign(coming, moving.going[domain][limit], free, graph)
            # Where all together is too much that is said already.
            bound = occupied[domain].meanwhile(limit)
            if short and bound is not None and occupied[domain].after.of(limit) <= bound:
                what = f"would hold {said(limit, bound + short)} on the way, before anything can go"
                findings.append(exceeded(domain, limit, what, bound, situation))
    return findings


def _free(one: Occupancy, limit: str) -> int | None:
    bound = one.meanwhile(limit)
    return None if bound is None else max(0, bound - one.before.of(limit))


class _Movements:
    """The steps that take room in a domain and those that release some, by domain and limit, with how much."""

    def __init__(self, drafts: Drafts, changes: Changes, situation: Situation) -> None:
        self.changes, self.situation = changes, situation
        self.coming: dict[ResourceAddress, dict[str, list[Room]]] = defaultdict(lambda: defaultdict(list))
        self.going: dict[ResourceAddress, dict[str, list[Room]]] = defaultdict(lambda: defaultdict(list))
        for address, own in drafts.items():
            for step in own:
                for limit, amount in self._amounts(address, step):
                    side = self.coming if amount > 0 else self.going
                    if amount:
                        side[domain_of(address)][limit].append((step, abs(amount)))

    def _amounts(self, address: ResourceAddress, step: Draft) -> Iterator[tuple[str, int]]:
        change = self.changes[address]
        held = change.live.fields.get("quota") if change.live else None
        quota = held if is_number(held) else 0
        if step.phase == "again":
            return
        if address.kind == "alias":
            yield "max_aliases", (change.action == "create") - (change.action == "delete")
        elif address.kind == "mailbox":
            yield "max_mailboxes", (change.action == "create") - (change.action == "delete")
            yield "quota", (0 if change.action == "delete" else self._new_quota(address, step, quota)) - quota
        elif step.phase == "catch_all" and self.situation.capabilities(address.provider).catch_all_is_alias:
            had = bool(change.live and change.live.fields.get("catch_all"))
            yield "max_aliases", bool(step.fields.get("catch_all")) - had

    def _new_quota(self, address: ResourceAddress, step: Draft, held: int) -> int:
        default: object = held
        if self.changes[address].action == "create":
            domain = domain_of(address)
            live, change = self.situation.live(domain), self.changes.get(domain)
            fields = {**(live.fields if live else {}), **((change.after or {}) if change else {})}
            default = fields.get("default_mailbox_quota")
        quota = step.fields.get("quota", default)
        return quota if is_number(quota) else 0


class _Dependants:
    """Which steps wait for which, looked at from the other end, and kept as edges are added."""

    def __init__(self, drafts: Drafts) -> None:
        self.of: dict[int, list[Draft]] = defaultdict(list)
        for own in drafts.values():
            for step in own:
                for before in step.after:
                    self.of[id(before)].append(step)

    def add(self, before: Draft, then: Draft) -> None:
        then.wait_for(before)
        self.of[id(before)].append(then)

    def reached(self, step: Draft) -> set[int]:
        """The steps that come after *step*, by their id, and itself."""
        found, stack = {id(step)}, [step]
        while stack:
            for then in self.of[id(stack.pop())]:
                if id(then) not in found:
                    found.add(id(then))
                    stack.append(then)
        return found


def _assign(coming: list[Room], going: list[Room], free: int, graph: _Dependants) -> int:
    """Gives each step that comes its room; returns how much is missing. A release can be waited for by what it does not
    itself wait for, so those on which releases wait come first."""
    releases = {id(step) for step, _ in going}
    reach = {id(step): graph.reached(step) & releases for step, _ in coming}
    waiting = Counter(release for step, _ in coming for release in reach[id(step)])
    unusable = [room for room in going if waiting[id(room[0])]]
    pool = deque(room for room in going if not waiting[id(room[0])])
    short = 0
    for step, amount in sorted(coming, key=lambda room: (-len(reach[id(room[0])]), room[0].address)):
        taken = min(free, amount)
        free -= taken
        amount -= taken
        while amount and pool:
            release, offered = pool.popleft()
            graph.add(release, step)
            if offered > amount:
                pool.appendleft((release, offered - amount))
            amount = max(0, amount - offered)
        short += amount
        waiting.subtract(reach[id(step)])
        if reach[id(step)]:
            pool.extend(room for room in unusable if not waiting[id(room[0])])
            unusable = [room for room in unusable if waiting[id(room[0])]]
    return short
