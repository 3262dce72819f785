"""The ledger on a backend: read without a lock, written in a session that holds it.

What a write must not lose is stored before it (`begin`: the creates that may be sent) and after it (`record`), so that a
kill at any moment leaves a ledger from which the next apply goes on.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType

from reconciler.errors import StateError
from reconciler.ledger.base import Backend, Journaled, LockInfo, Stored
from reconciler.ledger.document import journal_entries, journal_line, ledger_from_bytes, ledger_to_bytes
from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.names import ResourceAddress

CHECKPOINT_SECONDS = 5.0


class LedgerStore:
    """*clock*: seconds that only grow; paces the checkpoints."""

    def __init__(self, backend: Backend, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.backend = backend
        self._clock = clock

    async def read(self) -> Ledger:
        """What is owned now, the results of a running or killed apply included; `Ledger()` where nothing is stored
        (an empty file counts as nothing).

        Takes no lock. Raises StateError when it cannot be read."""
        _, _, ledger = await self._load()
        return ledger

    @asynccontextmanager
    async def session(self, info: LockInfo) -> AsyncIterator["LedgerSession"]:
        """Holds the lock for the block, and writes what is not written yet at its end, however it ends.

        Raises StateLocked when somebody else has the lock, StateOvertaken when somebody wrote regardless of it."""
        async with self.backend.lock(info):
            session = LedgerSession(self.backend, *await self._load(), self._clock)
            try:
                yield session
            except StateError:
                raise
            except BaseException:
                await session.interrupt()
                raise
            else:
                await session.close()

    async def _load(self) -> tuple[Stored | None, Ledger, Ledger]:
        # The journal first: results that a write in between takes into the ledger are then seen there; the other way
        # round they would be in neither.
        lines = await self.backend.journal() if isinstance(self.backend, Journaled) else []
        stored = await self.backend.get()
        if stored is None or not stored.data:
            return stored, Ledger(), Ledger()
        written = ledger_from_bytes(stored.data, str(self.backend))
        resources = dict(written.resources)
        for address, entry in journal_entries(written, lines, str(self.backend)):
            _set(resources, address, entry)
        return stored, written, replace(written, resources=resources)


class LedgerSession:
    """A ledger that is being written, by whoever holds its lock. Methods may be called concurrently.

    Nothing is written when nothing changed."""

    def __init__(
        self, backend: Backend, stored: Stored | None, written: Ledger, ledger: Ledger, clock: Callable[[], float]
    ) -> None:
        self._backend = backend
        self._journal = backend if isinstance(backend, Journaled) else None
        self._stored = stored
        self._lineage = ledger.lineage
        self._serial = ledger.serial
        self._resources = dict(ledger.resources)
        self._pending = ledger.pending
        self._stored_pending = ledger.pending
        # Replayed results stay in the journal until the next write; so there is one to do.
        self._changed = ledger != written
        self._finished = False
        self._clock = clock
        self._written_at = clock()
        self._turn = asyncio.Lock()

    @property
    def ledger(self) -> Ledger:
        """What is owned now, recorded results included. A view: its resources follow further records."""
        return Ledger(self._lineage, self._serial, MappingProxyType(self._resources), self._pending)

    async def begin(self, pending: frozenset[ResourceAddress]) -> None:
        """Before the first call that writes: stores *pending*, all creates that may be sent, beside those that an
        earlier apply left open."""
        async with self._turn:
            self._pending |= pending
            if self._pending != self._stored_pending:
                await self._write()

    async def record(self, address: ResourceAddress, entry: LedgerEntry | None) -> None:
        """After a call: what is owned there now, None when it is forgotten. Durable when it returns where the backend
        has a journal; elsewhere at the next checkpoint, at most 5 s later."""
        async with self._turn:
            if not self._apply(address, entry):
                return
            if not self._lineage or self._due():
                await self._write()
            elif self._journal is not None:
                await self._journal.append(journal_line(self.ledger, address, entry))

    async def note(self, changes: Mapping[ResourceAddress, LedgerEntry | None]) -> None:
        """Adoptions and forgetting, many at once: written at the next checkpoint and not before, for no call stands
        behind them and the next plan would find them again."""
        async with self._turn:
            for address, entry in changes.items():
                self._apply(address, entry)
            if self._changed and self._due():
                await self._write()

    async def finish(self, pending: frozenset[ResourceAddress] = frozenset()) -> None:
        """The last write. *pending*: the creates whose outcome is still unknown; all others are settled."""
        async with self._turn:
            self._finished = True
            self._pending = pending
            await self._write_rest()

    async def close(self) -> None:
        """Finishes, unless that is done."""
        if not self._finished:
            await self.finish()

    async def interrupt(self) -> None:
        """Writes what is known; the creates without a result stay pending."""
        if not self._finished:
            await self.finish(self._pending - self._resources.keys())

    def _apply(self, address: ResourceAddress, entry: LedgerEntry | None) -> bool:
        if self._resources.get(address) == entry:
            return False
        _set(self._resources, address, entry)
        self._changed = True
        return True

    def _due(self) -> bool:
        return self._clock() - self._written_at >= CHECKPOINT_SECONDS

    async def _write_rest(self) -> None:
        if self._changed or self._pending != self._stored_pending:
            await self._write()

    async def _write(self) -> None:
        lineage = self._lineage or str(uuid.uuid4())
        ledger = Ledger(lineage, self._serial + 1, self._resources, self._pending)
        self._stored = await self._backend.put(ledger_to_bytes(ledger), over=self._stored)
        self._lineage, self._serial = lineage, ledger.serial
        self._stored_pending, self._changed = self._pending, False
        self._written_at = self._clock()


def _set(resources: dict[ResourceAddress, LedgerEntry], address: ResourceAddress, entry: LedgerEntry | None) -> None:
    if entry is None:
        resources.pop(address, None)
    else:
        resources[address] = entry
