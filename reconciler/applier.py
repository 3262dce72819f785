"""Carries a plan out: steps in their order, side by side as far as they are independent, each result recorded at once.

A failed step skips what waits for it and nothing else. Stopping (Ctrl-C) starts nothing new and awaits what is under way.
At the end what was written is listed again and compared: a provider's word is not taken for it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.errors import AlreadyExists, BrokenContract, MailsyncError, OutcomeUnknown, ProviderError
from reconciler.ledger.store import LedgerSession
from reconciler.model.ledger import LedgerEntry, as_text
from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Change, Plan, Step
from reconciler.model.report import Event, Outcome, Report
from reconciler.model.resources import Desired, Fields, RemoteId, Value, same
from reconciler.model.snapshot import Scope, Snapshot
from reconciler.providers.base import Account
from reconciler.render.view import value_text


@dataclass(frozen=True, slots=True)
class Tools:
    """What an apply works with. *accounts*, *scopes* and *width* (steps at the same time) by provider name. *secrets*:
    values by address and field, all resolved beforehand. *owned*: addresses that may be in the ledger. *now*: UTC, ISO
    8601. *stop*: set to start nothing new."""

    accounts: Mapping[str, Account]
    scopes: Mapping[str, Scope]
    width: Mapping[str, int]
    secrets: Mapping[tuple[ResourceAddress, str], str]
    session: LedgerSession
    may_own: Callable[[ResourceAddress], bool]
    reads_back: Callable[[ResourceAddress, str, Value], bool]
    tell: Callable[[Event], None]
    now: Callable[[], str]
    stop: asyncio.Event
    fail_fast: bool = False


async def apply(plan: Plan, desired: Iterable[Desired], tools: Tools) -> Report:
    """Executes *plan*, which holds no blocked change. *desired*: all that the manifest wants, for what the ledger has to
    remember of resources that do not change."""
    await _note_what_needs_no_call(plan, desired, tools)
    run = _Run(plan, tools)
    if plan.steps:
        await tools.session.begin(frozenset(s.address for s in plan.steps if s.verb == "create"))
        try:
            await run.execute()
        finally:
            await asyncio.shield(tools.session.finish(run.unknown()))
        if not tools.stop.is_set():
            await run.read_back()
    await tools.session.finish(run.unknown())
    return run.report()


async def _note_what_needs_no_call(plan: Plan, desired: Iterable[Desired], tools: Tools) -> None:
    """Adoptions, forgetting, and what the manifest says of owned resources without changing them (`protect`, a field
    that is managed from now on and has its value already)."""
    notes: dict[ResourceAddress, LedgerEntry | None] = {}
    changing = set()
    for change in plan.changes:
        changing.add(change.address)
        if change.action == "forget":
            notes[change.address] = None
        elif change.action == "adopt" and change.desired is not None and tools.may_own(change.address):
            remote_id = change.live.remote_id if change.live else None
            notes[change.address] = _entry(change.desired, None, remote_id, tools.now())
    owned = tools.session.ledger.resources
    for one in desired:
        entry = owned.get(one.address)
        if entry is not None and one.address not in changing and _is_stale(one, entry):
            notes[one.address] = _entry(one, entry, entry.remote_id, tools.now())
    await tools.session.note(notes)


def _is_stale(desired: Desired, entry: LedgerEntry) -> bool:
    return entry.protect != desired.protect or entry.applied != desired.fields


def _entry(
    desired: Desired, before: LedgerEntry | None, remote_id: RemoteId, now: str, *, created: bool = False
) -> LedgerEntry:
    return LedgerEntry(
        desired.fields,
        as_text(remote_id),
        {name: secret.version for name, secret in desired.secrets.items()},
        desired.protect,
        created or (before is not None and before.created),
        now,
    )


@dataclass(slots=True)
class _Result:
    """What is known of a change so far."""

    message: str | None = None
    because: ResourceAddress | None = None
    failed: bool = False
    unknown: bool = False
    steps_left: int = 0


class _Run:
    """One execution: which steps may start, which are under way, what became of each change."""

    def __init__(self, plan: Plan, tools: Tools) -> None:
        self.plan, self.tools = plan, tools
        self.changes = {change.address: change for change in plan.changes}
        self.results: dict[ResourceAddress, _Result] = {
            address: _Result() for address, change in self.changes.items() if change.action not in ("adopt", "forget")
        }
        self.waits = {step.number: set(step.after) for step in plan.steps}
        self.unblocks: dict[int, list[int]] = defaultdict(list)
        for step in plan.steps:
            for before in step.after:
                self.unblocks[before].append(step.number)
            for address in _covered(step):
                self.results[address].steps_left += 1
        self.ready: dict[str, deque[Step]] = defaultdict(deque)
        self.running: dict[asyncio.Task[None], Step] = {}
        self.skipped: set[int] = set()
        self.ended: set[ResourceAddress] = set()
        self.diagnostics: list[Diagnostic] = []
        self.halted = False

    # --- the loop

    async def execute(self) -> None:
        for step in self.plan.steps:
            if not self.waits[step.number]:
                self.ready[step.address.provider].append(step)
        stopped = asyncio.create_task(self.tools.stop.wait())
        try:
            self._start()
            while self.running:
                await asyncio.wait({*self.running, stopped}, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in self.running if task.done()]:
                    self._settle(self.running.pop(task), task)
                self._start()
                if stopped.done() and self.running:
                    await asyncio.wait(self.running)
        finally:
            stopped.cancel()
            await self._abandon()

    def _start(self) -> None:
        if self.halted or self.tools.stop.is_set():
            return
        busy: dict[str, int] = defaultdict(int)
        for step in self.running.values():
            busy[step.address.provider] += 1
        for provider, waiting in self.ready.items():
            while waiting and busy[provider] < self.tools.width[provider]:
                step = waiting.popleft()
                busy[provider] += 1
                self.running[asyncio.create_task(self._carry_out(step))] = step

    async def _abandon(self) -> None:
        """A second Ctrl-C: what is under way is given up, and its outcome is unknown."""
        for task, step in self.running.items():
            task.cancel()
            self.results[step.address].unknown = True
            self._fail(step, "given up while it was under way: whether it happened is unknown")
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()

    def _settle(self, step: Step, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if error is None:
            self._done(step)
            return
        if not isinstance(error, MailsyncError):
            raise error
        # After an answer that cannot be read, too, it may have happened.
        self.results[step.address].unknown |= isinstance(error, OutcomeUnknown | BrokenContract)
        self._fail(step, error.reason if isinstance(error, ProviderError) else error.message)
        self.halted |= self.tools.fail_fast

    def _done(self, step: Step) -> None:
        for address in _covered(step):
            result = self.results[address]
            result.steps_left -= 1
            if not result.steps_left:
                self._tell_end(address)
        for then in self.unblocks[step.number]:
            self.waits[then].discard(step.number)
            if not self.waits[then] and then not in self.skipped:
                self.ready[self.plan.steps[then].address.provider].append(self.plan.steps[then])

    def _fail(self, step: Step, message: str) -> None:
        for address in _covered(step):
            self.results[address].failed = True
            self.results[address].message = message
            self._tell_end(address)
        self._skip_after(step)

    def _skip_after(self, failed: Step) -> None:
        waiting = list(self.unblocks[failed.number])
        while waiting:
            number = waiting.pop()
            if number in self.skipped:
                continue
            self.skipped.add(number)
            waiting.extend(self.unblocks[number])
            for address in _covered(self.plan.steps[number]):
                if self.results[address].because is None:
                    self.results[address].because = failed.address
                    self._tell_end(address)

    def _tell_end(self, address: ResourceAddress) -> None:
        self.ended.add(address)
        outcome = self._outcome(self.changes[address])
        self.tools.tell(
            Event("finished", address.provider, address, outcome, done=len(self.ended), total=len(self.results))
        )

    # --- one step

    async def _carry_out(self, step: Step) -> None:
        account = self.tools.accounts[step.address.provider]
        self.tools.tell(Event("started", step.address.provider, step.address))
        secrets = {name: self.tools.secrets[step.address, name] for name in step.secrets}
        if step.verb == "delete":
            if step.requests:
                await account.delete(step.address, self.changes[step.address].live)
            await self.tools.session.record(step.address, None)
        elif step.removes is not None:
            await self._take_over(step, step.removes, secrets, account)
        elif step.verb == "create":
            await account.create(step.address, step.fields, secrets, step.room)
            await self._record(step, account)
        else:
            await account.update(step.address, step.fields, secrets)
            await self._record(step, account)

    async def _take_over(
        self, step: Step, removed: ResourceAddress, secrets: Mapping[str, str], account: Account
    ) -> None:
        """A create that has another resource's place: the same one replaced, or the other kind with its address."""
        old = self.changes[removed].live
        if step.create_first:
            try:
                await account.create(step.address, step.fields, secrets, step.room)
            except AlreadyExists:
                # Not beside the old one after all, so in its place.
                await account.delete(removed, old)
                await account.create(step.address, step.fields, secrets, step.room)
            else:
                await account.delete(removed, old)
        else:
            await account.delete(removed, old)
            try:
                await account.create(step.address, step.fields, secrets, step.room)
            except ProviderError as error:
                await self._mend(step, removed, secrets, account, error)
        if removed != step.address:
            await self.tools.session.record(removed, None)
        await self._record(step, account)

    async def _mend(
        self,
        step: Step,
        removed: ResourceAddress,
        secrets: Mapping[str, str],
        account: Account,
        error: ProviderError,
    ) -> None:
        """The address has nothing now. An alias is put back; a mailbox cannot be, so the create is tried again."""
        old = self.changes[removed].live
        try:
            if removed.kind == "alias" and old is not None:
                await account.create(removed, old.fields, {})
            else:
                await account.create(step.address, step.fields, secrets, step.room)
                return
        except ProviderError as again:
            await self.tools.session.record(removed, None)
            raise ProviderError(
                f"{error.reason}; {step.address.key} receives nothing now ({again.reason})", provider=error.provider
            ) from again
        raise ProviderError(f"{error.reason}; the alias {removed.key} was put back", provider=error.provider) from error

    async def _record(self, step: Step, account: Account) -> None:
        if not self.tools.may_own(step.address):
            return
        change = self.changes[step.address]
        before = self.tools.session.ledger.resources.get(step.address)
        live = account.live(step.address)
        remote_id = live.remote_id if live else (before.remote_id if before else None)
        created = step.verb == "create"
        assert change.desired is not None
        if self.results[step.address].steps_left == 1:
            entry = _entry(change.desired, before, remote_id, self.tools.now(), created=created)
        else:
            entry = _partial(before, step, remote_id, change.desired, self.tools.now(), created)
        await self.tools.session.record(step.address, entry)

    # --- afterwards

    async def read_back(self) -> None:
        """Lists again what was written to, and compares; what the provider does not hold as written has failed."""
        touched = {step.address.provider for step in self.plan.steps if self._touched(step)}
        for name in sorted(touched):
            try:
                snapshot = await self.tools.accounts[name].fetch(self.tools.scopes[name])
            except ProviderError as error:
                self.diagnostics.append(
                    Diagnostic("error", "read-back-failed", f"what was written could not be read back: {error.message}")
                )
                continue
            for address, result in self.results.items():
                if address.provider == name and result.unknown:
                    await self._own_what_came_to_be(self.changes[address], snapshot)
                if address.provider == name and not result.failed and result.because is None and not result.steps_left:
                    await self._compare(self.changes[address], snapshot, result)

    def _touched(self, step: Step) -> bool:
        return self.results[step.address].because is None and (
            not self.results[step.address].steps_left or self.results[step.address].failed
        )

    async def _own_what_came_to_be(self, change: Change, snapshot: Snapshot) -> None:
        """A create that seemed to fail and did happen: it is ours, and so is what has to be mended there."""
        live = snapshot.resources.get(change.address)
        if change.action == "create" and live is not None and change.desired is not None:
            held = {name: live.fields.get(name) for name in change.desired.fields}
            now = self.tools.now()
            entry = _entry(replace(change.desired, fields=held, secrets={}), None, live.remote_id, now, created=True)
            await self.tools.session.record(change.address, entry)

    async def _compare(self, change: Change, snapshot: Snapshot, result: _Result) -> None:
        live = snapshot.resources.get(change.address)
        if change.action == "delete":
            if live is not None and not live.inert:
                result.failed, result.message = True, "the provider accepted the deletion but still has it"
                await self.tools.session.record(change.address, self._entry_before(change))
            return
        if live is None:
            result.failed, result.message = True, "the provider accepted it but does not have it"
            await self.tools.session.record(change.address, None)
            return
        kind = change.address.kind
        wrong = [
            f"{name} is {value_text(kind, name, live.fields.get(name))}, not {value_text(kind, name, wanted)}"
            for name, wanted in (change.desired.fields.items() if change.desired else ())
            if not same(wanted, live.fields.get(name)) and self.tools.reads_back(change.address, name, wanted)
        ]
        if wrong:
            result.failed, result.message = True, "the provider accepted it but does not hold it: " + "; ".join(wrong)
        await self._learn_id(change, live.remote_id)

    def _entry_before(self, change: Change) -> LedgerEntry:
        """What the ledger says of a resource whose deletion did not happen: still owned."""
        remote_id = change.live.remote_id if change.live else None
        return LedgerEntry(change.before or {}, as_text(remote_id), updated_at=self.tools.now())

    async def _learn_id(self, change: Change, remote_id: RemoteId) -> None:
        entry = self.tools.session.ledger.resources.get(change.address)
        if entry is not None and entry.remote_id != as_text(remote_id) and change.desired is not None:
            await self.tools.session.note({change.address: _entry(change.desired, entry, remote_id, self.tools.now())})

    # --- the report

    def unknown(self) -> frozenset[ResourceAddress]:
        """The creates of which nobody knows whether they happened, those of an earlier apply included that a partial plan
        did not look at."""
        open_now = {a for a, r in self.results.items() if r.unknown and self.changes[a].action == "create"}
        ledger = self.tools.session.ledger
        earlier = ledger.pending - self.changes.keys() if self.plan.options.partial else frozenset()
        return frozenset((open_now | earlier) - ledger.resources.keys())

    def report(self) -> Report:
        outcomes = tuple(self._outcome(change) for change in self.plan.changes)
        return Report(outcomes, tuple(self.diagnostics), self.tools.stop.is_set())

    def _outcome(self, change: Change) -> Outcome:
        result = self.results.get(change.address)
        if result is None:
            return Outcome(change.address, change.action, "done")
        if result.failed:
            return Outcome(change.address, change.action, "failed", result.message)
        if result.because is not None:
            return Outcome(change.address, change.action, "skipped", because=str(result.because))
        if result.steps_left:
            return Outcome(change.address, change.action, "skipped", because=self._why_not_started())
        return Outcome(change.address, change.action, "done", result.message)

    def _why_not_started(self) -> str:
        return "interrupted" if self.tools.stop.is_set() else "--fail-fast"


def _covered(step: Step) -> tuple[ResourceAddress, ...]:
    """The changes that a step is part of: its own, and that of the resource whose place it takes."""
    if step.removes is None or step.removes == step.address:
        return (step.address,)
    return step.address, step.removes


def _partial(
    before: LedgerEntry | None, step: Step, remote_id: RemoteId, desired: Desired, now: str, created: bool
) -> LedgerEntry:
    """The entry after a first step of several: what was applied before, and what this step wrote."""
    applied: Fields = {**(before.applied if before else {}), **step.fields}
    return LedgerEntry(
        applied,
        as_text(remote_id),
        before.secret_versions if before else {},
        desired.protect,
        created or (before is not None and before.created),
        now,
    )
