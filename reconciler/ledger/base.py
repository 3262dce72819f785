"""A state backend: bytes, and a lock. Format, lineage, serial and migrations are one level above, in `store`."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes as they lie in the backend, and the backend's own mark of this version (ETag, row version, digest)."""

    data: bytes
    mark: str


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds the lock. *created*: UTC, ISO 8601. It informs people; it decides nothing."""

    id: str
    holder: str
    host: str
    pid: int
    command: str
    created: str

    def __str__(self) -> str:
        return f"{self.holder}@{self.host}, pid {self.pid}, `{self.command}` since {self.created} (lock {self.id})"


class Backend(Protocol):
    """Keeps one ledger. All methods raise StateError when the backend cannot be used. `str()` of it says where the ledger
    lies (a path, a URL without credentials)."""

    async def get(self) -> Stored | None:
        """What is stored, None when nothing ever was."""

    async def put(self, data: bytes, *, over: Stored | None) -> Stored:
        """Writes over exactly *over* (None: where nothing is). Raises StateOvertaken when somebody wrote in between."""

    def lock(self, info: LockInfo) -> AbstractAsyncContextManager[None]:
        """Holds the lock for the block. Raises StateLocked, naming the holder, when another has it."""

    async def unlock(self, lock_id: str) -> None:
        """Breaks the lock with exactly this id. Raises StateError for another one."""


@runtime_checkable
class Journaled(Protocol):
    """A backend that can append a line cheaply, so that a crash between two writes loses nothing."""

    async def append(self, line: bytes) -> None:
        """Durable when it returns."""

    async def journal(self) -> list[bytes]:
        """The lines appended since the last put; a torn last line is left out."""
