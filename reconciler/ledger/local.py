"""State in a file of this machine: PATH, its lock PATH.lock and its journal PATH.journal.

The order of writing is what makes a kill or a power cut at any point harmless: the new content is durable under another
name before it takes PATH's, and only then the journal goes. A journal that survives is bound to the content before and
counts no more (`document.journal_entries`).
"""

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from reconciler.errors import StateError, StateLocked, StateOvertaken
from reconciler.ledger.base import LockInfo, Stored

# How long to wait for a holder that has the lock but has not written yet who it is.
_TRIES, _PAUSE = 20, 0.05


class LocalBackend:
    """Calls block: they are short, and nothing else is to happen meanwhile. A symbolic link as *path* is followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: int | None = None

    def __str__(self) -> str:
        return str(self.path)

    async def get(self) -> Stored | None:
        with self._failures("read"):
            data = _read(self._beside(""))
        return None if data is None else Stored(data, _mark(data))

    async def put(self, data: bytes, *, over: Stored | None) -> Stored:
        self._check_lock()
        current = await self.get()
        if (current and current.mark) != (over and over.mark):
            raise StateOvertaken(f"{self} was changed by somebody else meanwhile", hint="run the command again")
        with self._failures("written"):
            self._make_folder()
            _replace(self._beside(""), self._beside(".tmp"), data)
            self._beside(".journal").unlink(missing_ok=True)
        return Stored(data, _mark(data))

    async def append(self, line: bytes) -> None:
        self._check_lock()
        with self._failures("written"):
            is_new = not self._beside(".journal").exists()
            with _opened(self._beside(".journal"), os.O_RDWR | os.O_CREAT) as journal:
                _append(journal, line + b"\n")
            if is_new:
                _sync_folder(self._beside("").parent)

    async def journal(self) -> list[bytes]:
        with self._failures("read"):
            data = _read(self._beside(".journal")) or b""
        return data.split(b"\n")[:-1]

    @asynccontextmanager
    async def lock(self, info: LockInfo) -> AsyncIterator[None]:
        with self._failures("locked"):
            self._make_folder()
            descriptor = await self._acquire()
        try:
            with self._failures("locked"):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(asdict(info)).encode(), 0)
            self._held = descriptor
            yield
        finally:
            self._held = None
            # The file stays: removed, somebody who has just opened it would hold a lock that nobody else sees.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)

    async def unlock(self, lock_id: str) -> None:
        with self._failures("unlocked"):
            holder = _holder(self._beside(".lock"))
            if holder is None:
                raise StateError(f"{self} is not locked")
            if holder.id != lock_id:
                raise StateError(f"{self} is locked by {holder}, not by lock {lock_id}")
            # The next one makes a lock file anew; a holder that still lives sees that it lost its own.
            self._beside(".lock").unlink(missing_ok=True)

    async def _acquire(self) -> int:
        holder = None
        for _ in range(_TRIES):
            descriptor = _try_lock(self._beside(".lock"))
            if descriptor is not None:
                return descriptor
            holder = _holder(self._beside(".lock"))
            if holder:
                break
            await asyncio.sleep(_PAUSE)
        raise StateLocked(
            f"{self} is locked by {holder or 'another process'}",
            hint="wait until it is done; the lock ends with its process, and only one that hangs needs "
            f"`mailsync state unlock {holder.id if holder else 'ID'}`",
        )

    def _check_lock(self) -> None:
        if self._held is not None and not _is_at(self._held, self._beside(".lock")):
            raise StateOvertaken(f"the lock of {self} was broken by somebody else meanwhile", hint="run it again")

    def _beside(self, suffix: str) -> Path:
        real = Path(os.path.realpath(self.path))
        return real.with_name(real.name + suffix)

    def _make_folder(self) -> None:
        self._beside("").parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _failures(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StateError(
                f"{self} cannot be {verb}: {error.strerror or error}", hint="check its folder and permissions"
            ) from error


def _mark(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, temporary: Path, data: bytes) -> None:
    # One fixed name, so that kills leave no more than one such file behind; only the holder of the lock gets here.
    temporary.unlink(missing_ok=True)
    try:
        with _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _append(journal: int, line: bytes) -> None:
    # What a kill left half written is cut off first, or this line would become a part of it.
    size = os.fstat(journal).st_size
    whole = os.pread(journal, size, 0).rfind(b"\n") + 1 if size and os.pread(journal, 1, size - 1) != b"\n" else size
    os.ftruncate(journal, whole)
    os.lseek(journal, whole, os.SEEK_SET)
    _write_all(journal, line)
    os.fsync(journal)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    with _opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    if _is_at(descriptor, path):
        return descriptor
    # `unlock` took the file away between the two calls.
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> LockInfo | None:
    """Who wrote the lock file; None while nobody has, or when it is not readable as that."""
    try:
        return LockInfo(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
