"""One fake backend and one fake clock for the tests of the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reconciler.errors import StateLocked, StateOvertaken
from reconciler.ledger.base import LockInfo, Stored

INFO = LockInfo("4f1a", "ci", "runner-7", 4711, "mailsync apply", "2026-01-31T12:00:00Z")


class MemoryBackend:
    """Keeps everything that was ever put; `str()` as a URL."""

    def __init__(self) -> None:
        self.puts: list[bytes] = []
        self.held = False

    def __str__(self) -> str:
        return "memory://state"

    async def get(self) -> Stored | None:
        return Stored(self.puts[-1], str(len(self.puts))) if self.puts else None

    async def put(self, data: bytes, *, over: Stored | None) -> Stored:
        if over != await self.get():
            raise StateOvertaken("somebody wrote in between")
        self.puts.append(data)
        return Stored(data, str(len(self.puts)))

    @asynccontextmanager
    async def lock(self, info: LockInfo) -> AsyncIterator[None]:
        if self.held:
            raise StateLocked(f"locked by {info}")
        self.held = True
        try:
            yield
        finally:
            self.held = False

    async def unlock(self, lock_id: str) -> None:
        self.held = False


class JournaledBackend(MemoryBackend):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []

    async def put(self, data: bytes, *, over: Stored | None) -> Stored:
        stored = await super().put(data, over=over)
        self.lines.clear()
        return stored

    async def append(self, line: bytes) -> None:
        self.lines.append(line)

    async def journal(self) -> list[bytes]:
        return list(self.lines)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
