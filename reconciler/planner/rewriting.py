"""When destinations are written that the provider takes out by itself (`side_effects`).

before the mailbox goes    what has to stop pointing to it, and what lasts: it is written again afterwards
after it                   an alias that points to what takes over the address; one that was deleted with it is created
"""

from collections.abc import Iterable, Mapping

from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Change
from reconciler.model.resources import Value
from reconciler.planner.fields import in_full
from reconciler.planner.side_effects import MEMBER, Vanishing, destinations, staying, vanishing
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes, Draft, Drafts, Verb


def write_again_after(drafts: Drafts, changes: Changes, situation: Situation) -> None:
    """Puts each step that writes an alias or a catch-all on the right side of the deletions of its mailboxes, and adds the
    steps that write again."""
    for provider, gone in vanishing(changes, situation).items():
        for address, own in drafts.items():
            if address.provider == provider and address.kind in MEMBER:
                _Holder(changes[address], own, gone, situation).place(drafts)


class _Holder:
    """An alias, or a domain with its catch-all, that the plan writes; or an alias that it deletes."""

    def __init__(self, change: Change, own: list[Draft], gone: Vanishing, situation: Situation) -> None:
        self.change, self.own, self.gone = change, own, gone
        self.capabilities = situation.capabilities(change.address.provider)
        self.kind, self.member = change.address.kind, MEMBER[change.address.kind]
        self.wanted = staying(change, gone)
        self.live, self.final = set(destinations(change.live)), set(self.wanted)
        self.writer = next((step for step in own if self._is_writer(step)), None)

    def _is_writer(self, step: Draft) -> bool:
        if self.kind == "domain":
            return step.phase == "catch_all"
        return step.phase in ("early", "late") and step.address == self.change.address

    def place(self, drafts: Drafts) -> None:
        removals = self._removals(drafts)
        before = {mailbox for mailbox, step in removals.items() if self._goes_first(step, mailbox in self.gone.taken)}
        if self.writer is not None and self.live and self.live <= before:
            self._create_in_full(self.writer)
        held = self.live
        if self.writer is not None and self.member in self.writer.fields:
            held, removals = self.final, {m: step for m, step in removals.items() if m not in before}
        if not self.final.isdisjoint(removals.keys() & held):
            self._write_again(removals, wiped=held <= removals.keys())

    def _removals(self, drafts: Drafts) -> Mapping[str, Draft]:
        mailboxes = self.gone.all & (self.live | self.final)
        found = {
            mailbox: step
            for mailbox in sorted(mailboxes)
            for step in drafts.get(ResourceAddress(self.change.address.provider, "mailbox", mailbox), ())
        }
        return {mailbox: step for mailbox, step in found.items() if step is not self.writer}

    def _goes_first(self, removal: Draft, taken: bool) -> bool:
        """Whether the mailbox goes before the alias is written: where something takes over its address that the alias goes
        to. Any other alias is written before, unless it has to wait for that anyway."""
        writer = self.writer
        if writer is None:
            return False
        takes_over = taken and removal.address.key in self.final and self.member in writer.fields
        first = waits_for(writer, removal) or (takes_over and not waits_for(removal, writer))
        if first:
            writer.wait_for(removal)
        else:
            removal.wait_for(writer)
        removal.needs.append(writer)
        return first

    def _create_in_full(self, writer: Draft) -> None:
        """The provider has deleted the alias together with its last mailbox."""
        if writer.verb == "update" and self.kind == "alias":
            writer.verb, writer.fields = "create", self._in_full()
            writer.requests = self._cost("create", writer)

    def _write_again(self, removals: Mapping[str, Draft], *, wiped: bool) -> None:
        verb: Verb = "create" if wiped and self.kind == "alias" else "update"
        fields = self._in_full() if verb == "create" else {self.member: self.wanted}
        again = Draft(self.change.address, verb, "again", fields)
        again.requests = self._cost(verb, again)
        again.wait_for(*removals.values())
        if self.writer is not None:
            again.wait_for(self.writer)
        for removal in removals.values():
            removal.needs.append(again)
        self.own.append(again)

    def _in_full(self) -> Mapping[str, Value]:
        assert self.change.desired is not None
        whole = in_full(self.change.desired, self.change.live, self.capabilities.kinds[self.kind])
        return {**whole, self.member: self.wanted}

    def _cost(self, verb: Verb, draft: Draft) -> int:
        live = self.change.live if verb == "update" else None
        return self.capabilities.cost(self.kind, verb, draft.fields, live)


def waits_for(step: Draft, other: Draft) -> bool:
    """Whether *step* comes after *other* already, at one remove or more."""
    seen, stack = {id(step)}, [step]
    while stack:
        for before in stack.pop().after:
            if before is other:
                return True
            if id(before) not in seen:
                seen.add(id(before))
                stack.append(before)
    return False


def note_of(own: Iterable[Draft]) -> str | None:
    """What a change says of itself whose destinations are written again."""
    again = any(step.phase == "again" for step in own)
    return "written again after the provider has taken a deleted mailbox out of it" if again else None
