"""What holds of every plan, whatever the world (hypothesis)."""

import copy
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from random_worlds import ADDRESSES, DOMAINS, worlds
from reconciler_fakes import World

from reconciler.model.location import errors_of
from reconciler.model.names import ResourceAddress, domain_of, matches
from reconciler.model.plan import Plan, Step
from reconciler.model.resources import Live
from reconciler.planner import plan
from reconciler.planner.worlds import _hosts

# `EXAMPLES=50000 pytest tests/planner/test_random_worlds.py` is the long version.
EXAMPLES = int(os.environ.get("EXAMPLES", "300"))
LONG = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
CHECKED = (*ADDRESSES, *(f"anybody@{name}" for name in DOMAINS))


def shuffled(world: World, seed: int) -> Plan:
    """The plan of the same world, with every list and mapping in another order."""
    rng, situation = random.Random(seed), world.situation(allow_data_loss=True)

    def mixed(mapping: Mapping) -> dict:
        items = list(mapping.items())
        rng.shuffle(items)
        return dict(items)

    manifest = replace(
        situation.manifest, resources=mixed(situation.manifest.resources), domains=mixed(situation.manifest.domains)
    )
    snapshots = {name: replace(s, resources=mixed(s.resources)) for name, s in mixed(situation.snapshots).items()}
    ledger = replace(situation.ledger, resources=mixed(situation.ledger.resources))
    return plan(replace(situation, manifest=manifest, snapshots=snapshots, ledger=ledger))


@LONG
@given(worlds(), st.integers(0, 2**32))
def test_a_plan_does_not_depend_on_the_order_of_anything(world, seed):
    """The same world gives the same plan, in whatever order lists come."""
    one, other = shuffled(world, seed), shuffled(world, seed + 1)
    for part in one.__dataclass_fields__:
        assert getattr(one, part) == getattr(other, part)


@LONG
@given(worlds(), st.booleans(), st.booleans())
def test_what_may_not_be_deleted_is_not(world, allow, destroy):
    """Only what is owned goes, unless `prune: all` or `removed:`; and nothing protected ever."""
    made = world.plan(allow_data_loss=allow, destroy=destroy)
    for change in made.changes:
        if change.action not in ("delete", "replace") or change.blocked:
            continue
        place = change.address
        owned = world.ledger.owns(place) or place in world.wanted
        modes = {world.policies.prune, *(d.prune for d in world.domains.values())}
        assert owned or place in world.removed or "all" in modes, place
        desired, entry = world.wanted.get(place), world.entries.get(place)
        assert not (desired.protect if desired and not destroy else entry and entry.protect), place


class Watched:
    """The holdings of a world, and who receives mail there; resolved in the plainest way."""

    def __init__(self, world: World, made: Plan) -> None:
        self.world = world
        self.writes: dict[ResourceAddress, int] = {}
        for step in made.steps:
            if step.verb != "delete":
                self.writes[step.address] = self.writes.get(step.address, 0) + 1
        self.edited: dict[ResourceAddress, Live] = {}

    def do(self, step: Step, changes: Mapping) -> None:
        before = self.everything()
        self.world.holdings[step.address.provider].execute(step, changes)
        if step.verb != "delete":
            self.writes[step.address] -= 1
        self.edited.pop(step.address, None)
        now = self.everything(edited=False)
        for place, live in before.items():
            # What the provider edits by itself and the plan writes again right after is counted as it was.
            if place not in (step.address, step.removes) and now.get(place) != live and self.writes.get(place):
                self.edited[place] = live

    def everything(self, edited: bool = True) -> dict[ResourceAddress, Live]:
        there = {a: live for holding in self.world.holdings.values() for a, live in holding.resources.items()}
        return {**there, **self.edited} if edited else there

    def hosts(self) -> dict[str, str]:
        return _hosts([(a, live.fields) for a, live in self.everything().items()], self.world.situation())

    def receives(self, address: str, hosts: Mapping[str, str], seen: frozenset = frozenset()) -> bool:
        name = domain_of(address)
        if name not in hosts:
            # Outside, and somebody sends there. What was a domain here may be nobody's.
            return bool(seen) and name not in DOMAINS
        there, provider = self.everything(), hosts[name]
        head = there.get(ResourceAddress(provider, "domain", name))
        if address in seen or head is None or head.fields.get("active") is False:
            return False
        box = there.get(ResourceAddress(provider, "mailbox", address))
        way = there.get(ResourceAddress(provider, "alias", address))
        in_box = box is not None and box.fields.get("active") is not False
        if way is not None and way.fields.get("active") is False:
            return in_box
        if way is None and box is not None:
            return in_box
        goes_to = way.fields["destinations"] if way else head.fields.get("catch_all") or ()
        through = {address} if way else {f"*@{name}"}
        if seen & through:
            return False
        return any(
            (target == address and box is not None and in_box) or self.receives(target, hosts, seen | through)
            for target in goes_to
        )


def topological(steps: Iterable[Step], rng: random.Random) -> list[Step]:
    """Any order that respects `after`."""
    left, order, done = list(steps), [], set()
    while left:
        ready = [step for step in left if done.issuperset(step.after)]
        step = rng.choice(ready)
        left.remove(step)
        order.append(step)
        done.add(step.number)
    return order


@LONG
@given(worlds(), st.integers(0, 2**32))
def test_carried_out_in_any_allowed_order(world, seed):
    """At every moment each address that had a recipient before and has one afterwards has one; afterwards there is nothing
    left to do; and the calls are those that the plan said."""
    made = world.plan(allow_data_loss=True)
    if carried_out(world, made, seed):
        again = world.plan(allow_data_loss=True)
        assert again.changes == (), again.changes


PATTERNS = ("*", "hosting/*", "*/alias/*", "*/mailbox/*", "*@one.example", "*/domain/*", "hosting/alias/a@*", "*/b@*")
some_patterns = st.lists(st.sampled_from(PATTERNS), max_size=2).map(tuple)


@LONG
@given(worlds(), some_patterns, some_patterns, st.integers(0, 2**32))
def test_a_part_of_a_plan_can_be_carried_out_by_itself(world, targets, excludes, seed):
    """Whatever is named: nothing is refused, no mail is lost on the way, and nothing that was excluded is touched."""
    made = world.plan(allow_data_loss=True, targets=targets, excludes=excludes)
    assert not any(matches(change.address, glob) for change in made.changes for glob in excludes)
    carried_out(world, made, seed)


def carried_out(world: World, made: Plan, seed: int) -> bool:
    """Carries a plan out and watches. False where it says itself that it cannot be."""
    if errors_of(made.diagnostics) or made.blocked:
        event(
            "errors: " + ", ".join(sorted({d.code for d in errors_of(made.diagnostics)}))
            if errors_of(made.diagnostics)
            else "blocked"
        )
        return False
    event(f"steps: {min(9, len(made.steps) // 2 * 2)}+")
    rng, changes = random.Random(seed), {change.address: change for change in made.changes}
    order = topological(made.steps, rng) if seed % 2 else list(made.steps)
    watched, finished = Watched(world, made), Watched(copy.deepcopy(world), made)
    old_hosts = watched.hosts()
    lasting = {address for address in CHECKED if watched.receives(address, old_hosts)}
    for step in order:
        finished.do(step, changes)
    lasting &= {address for address in CHECKED if finished.receives(address, finished.hosts())}
    new_hosts, told = {**old_hosts, **finished.hosts()}, []
    for step in order:
        watched.do(step, changes)
        told.append(f"{step.number} {step.verb} {step.address} {dict(step.fields)} removes {step.removes}")
        for address in lasting:
            # Mail to a domain that moves arrives at its old place or at its new one: mailsync does not set DNS.
            alive = watched.receives(address, old_hosts) or watched.receives(address, new_hosts)
            assert alive, (address, told, made.steps)
    assert made.requests == sum(holding.sent for holding in world.holdings.values())
    assert made.requests == sum(change.requests for change in made.changes)
    world.record(made)
    return True
