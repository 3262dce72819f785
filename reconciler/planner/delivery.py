"""The order that keeps mail flowing: no moment exists in which mail is not delivered that was delivered before and will be
afterwards.

An address *begins* to be answered by the plan, *ceases* to be, or *lasts*. What lasts has to be answered at every moment:

    a step that points mail somewhere       comes after all by which its new targets begin
    what makes its old targets cease        comes after that step
    an alias that the plan does not touch   keeps one target: the old ones cease after the new ones have begun
    an address that another node answers    is taken from the old node after the new one is there
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from reconciler.model.names import ResourceAddress, domain_of
from reconciler.model.plan import Change
from reconciler.planner.mail_flow import Flow, catch_all_of
from reconciler.planner.side_effects import destinations, wanted_destinations
from reconciler.planner.steps import Changes, Draft, Drafts
from reconciler.planner.worlds import Flows, recipients

Steps = tuple[Draft, ...]
_Own = Callable[[str], list[Draft]]
_POINTING = frozenset({"destinations", "active"})


def keep_mail_flowing(drafts: Drafts, changes: Changes, both: Flows) -> None:
    """Adds the edges of the table above."""
    if all(address.kind == "webhook" for address in drafts):
        return
    turning = Turning(drafts, both)
    for address, own in drafts.items():
        for step in own:
            if points_mail(address, step):
                _between_targets(step, changes[address], turning)
    for key in {address.key for address in drafts if address.kind in ("mailbox", "alias")}:
        _hand_address_over(key, turning)
    _keep_untouched(turning, drafts)


def points_mail(address: ResourceAddress, step: Draft) -> bool:
    """Whether a step of *address* changes where mail goes on to: an alias's or a catch-all's. (That of a hand-over belongs
    to two addresses.)"""
    if address.kind == "alias":
        writes = step.verb != "update" or step.address != address or not _POINTING.isdisjoint(step.fields)
        return writes and step.phase != "again"
    return address.kind == "domain" and (step.phase == "catch_all" or step.verb == "delete")


class Turning:
    """The addresses that begin or cease to be answered, and the steps that bring it about."""

    def __init__(self, drafts: Drafts, both: Flows) -> None:
        self.before, self.after = both
        # Domains that come here or leave: what is outside of them for one moment is not counted as answered.
        self.changing = self.before.world.hosts_of.keys() ^ self.after.world.hosts_of.keys()
        self.of_node: dict[str, list[Draft]] = defaultdict(list)
        self.of_domain: dict[str, list[Draft]] = defaultdict(list)
        for address, own in drafts.items():
            for step in own:
                self._file(address, step)
        self.beginning = self._turning(self.after, self.before, self._begins_by)
        self.ceasing = self._turning(self.before, self.after, self._ceases_by)

    def answered(self, flow: Flow, address: str) -> bool:
        """Whether somebody receives what is sent to *address*."""
        reached = recipients(flow, address)
        if not self.changing:
            return bool(reached)
        return any(flow.world.hosts(one) or domain_of(one) not in self.changing for one in reached)

    def _file(self, address: ResourceAddress, step: Draft) -> None:
        if address.kind in ("mailbox", "alias") and step.phase != "again":
            self.of_node[address.key].append(step)
        elif address.kind == "domain" and step.phase == "catch_all":
            self.of_node[catch_all_of(address.key)].append(step)
        elif address.kind == "domain" and (step.verb != "update" or "active" in step.fields):
            self.of_domain[address.key].append(step)

    def _turning(self, there: Flow, not_there: Flow, own: _Own) -> dict[str, Steps]:
        """What is answered in one flow and not in the other, and by which steps: its own, and where none of these points
        mail somewhere those of what it points to. (A flow holds an alias after those; in a knot it is all the same.)"""
        steps: dict[str, Steps] = {}
        group_of = {node: knot for knot in there.knots for node in knot}
        mailboxes = (address for address in there.world.mailboxes if address not in there.recipients)
        for node in chain(mailboxes, there.recipients):
            if node in steps or not self.answered(there, node) or self.answered(not_there, node):
                continue
            group = group_of.get(node, (node,))
            direct = [step for one in group for step in own(one)]
            if len(group) > 1 or not any(points_mail(step.address, step) for step in direct):
                targets = (steps.get(target, ()) for one in group for target in there.world.arrows(one))
                steps.update(dict.fromkeys(group, _united(direct, targets)))
            else:
                steps[node] = tuple(direct)
        return steps

    def _begins_by(self, node: str) -> list[Draft]:
        return [*self._at(node, self.after, ends=False), *self._domain(node, ends=False)]

    def _ceases_by(self, node: str) -> list[Draft]:
        return [*self._at(node, self.before), *self._domain(node, ends=True)]

    def _at(self, node: str, flow: Flow, ends: bool | None = None) -> list[Draft]:
        """The steps on a node at the provider that receives its mail."""
        host = flow.world.hosts_of.get(domain_of(node))
        steps = (step for step in self.of_node.get(node, ()) if step.address.provider == host)
        return [step for step in steps if ends is None or step.ends is ends]

    def _domain(self, address: str, *, ends: bool) -> list[Draft]:
        flow = self.before if ends else self.after
        host = flow.world.hosts_of.get(domain_of(address))
        return [
            step
            for step in self.of_domain.get(domain_of(address), ())
            if step.address.provider == host and step.ends is ends
        ]

    def begins(self, address: str) -> Steps:
        """The steps after which *address* is answered, if it was not before."""
        return self._of(address, self.after, self.before, self.beginning)

    def ceases(self, address: str) -> Steps:
        """The steps by which *address* is not answered any more, if it was before."""
        return self._of(address, self.before, self.after, self.ceasing)

    def _of(self, address: str, there: Flow, not_there: Flow, known: Mapping[str, Steps]) -> Steps:
        if self.answered(not_there, address) or not self.answered(there, address):
            return ()
        node = there.world.node(address)
        # Where the catch-all answers it only because its own node goes, or no more because that comes, this is the step.
        shadow = self._at(address, self.before) if node != address else []
        return (*known.get(node or "", ()), *shadow)

    def lasts(self, address: str) -> bool:
        return self.answered(self.before, address) and self.answered(self.after, address)

    def makes(self, address: str) -> list[Draft]:
        """The steps that make or change what answers *address* afterwards."""
        node = self.after.world.node(address)
        if node is None:
            return []
        wanted = [step for step in self._at(node, self.after) if step.verb != "delete"]
        # What receives nothing afterwards need not be waited for, but it has to exist.
        return wanted if self.answered(self.after, address) else [step for step in wanted if step.verb == "create"]

    def removes(self, address: str) -> list[Draft]:
        """The deletions of what answered *address* before."""
        node = self.before.world.node(address)
        return [step for step in self._at(node, self.before) if step.verb == "delete"] if node else []


def _united(own: Iterable[Draft], others: Iterable[Steps]) -> Steps:
    """All of them, each once. Along an alias that the plan does not touch it is the same tuple again and again."""
    own, different = list(own), list({id(steps): steps for steps in others if steps}.values())
    if not own and len(different) == 1:
        return different[0]
    return tuple({id(step): step for steps in (own, *different) for step in steps}.values())


def _between_targets(step: Draft, change: Change, turning: Turning) -> None:
    """A step that points mail somewhere: after its new targets are there, before its old ones go."""
    had, has = destinations(change.live), wanted_destinations(change)
    own = catch_all_of(change.address.key) if change.address.kind == "domain" else change.address.key
    switched_off = not turning.answered(turning.after, own)
    for target in has:
        makes = [*turning.makes(target), *turning.begins(target)]
        if switched_off:
            # No mail goes through it, and such aliases may well go round; but its mailboxes have to exist.
            makes = [one for one in turning.makes(target) if one.address.kind == "mailbox"]
        # What is answered already needs not be brought along by `--target`.
        step.wait_for(*makes, needed=not turning.answered(turning.before, target))
    along = step.verb == "delete" and not step.requests
    for target in had:
        if along and domain_of(target) == change.address.domain:
            continue  # both go with their domain, or before it: nothing is kept up between them
        gone = turning.removes(target) if target not in has else []
        for end in (*gone, *turning.ceases(target)):
            end.wait_for(step, needed=True)


def _hand_address_over(address: str, turning: Turning) -> None:
    """An address that another node answers afterwards: the old one ends after the new one is there."""
    if not turning.lasts(address):
        return
    old, new = turning.before.world.node(address), turning.after.world.node(address)
    steps = turning.of_node[address]
    makes = [step for step in steps if not step.ends]
    if new != address and new is not None:
        makes += [*turning.begins(new), *turning.makes(address)]
    ends = [step for step in steps if step.ends]
    if old != address and old is not None:
        ends += turning.ceases(old)
    for end in ends:
        end.wait_for(*makes)


def _keep_untouched(turning: Turning, drafts: Drafts) -> None:
    """Aliases that no step touches, and that live on by another target than before."""
    if not turning.beginning or not turning.ceasing:
        return
    touched = {
        catch_all_of(address.key) if address.kind == "domain" else address.key
        for address, own in drafts.items()
        if any(points_mail(address, step) for step in own)
    }
    for node, targets in turning.after.world.aliases.items():
        if node in touched or not turning.lasts(node):
            continue
        begin = [step for target in targets for step in turning.begins(target)]
        for target in targets if begin else ():
            for end in turning.ceases(target):
                end.wait_for(*begin)
