"""The state file on this machine."""

import asyncio
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_fakes import INFO

from reconciler.errors import StateError, StateLocked, StateOvertaken
from reconciler.ledger import open_backend
from reconciler.ledger.base import Journaled, Stored
from reconciler.ledger.local import LocalBackend
from reconciler.ledger.store import LedgerStore

OTHER = replace(INFO, id="9999", holder="eve")


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".mailsync" / "state.json"


@pytest.fixture
def backend(path):
    return LocalBackend(path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(backend: LocalBackend, data: bytes) -> Stored:
    async def over_what_is_there():
        return await backend.put(data, over=await backend.get())

    return asyncio.run(over_what_is_there())


def test_what_was_put_is_what_is_got(backend):
    assert asyncio.run(backend.get()) is None
    stored = put(backend, b"one")
    assert asyncio.run(backend.get()) == stored
    assert stored.data == b"one"


def test_only_the_owner_can_read_state_lock_and_journal(backend, path):
    old = os.umask(0)
    try:
        put(backend, b"one")
        asyncio.run(backend.append(b"line"))
        asyncio.run(hold(backend))
    finally:
        os.umask(old)
    assert mode(path.parent) == 0o700
    assert {file.name: oct(mode(file)) for file in path.parent.iterdir()} == {
        "state.json": "0o600",
        "state.json.lock": "0o600",
        "state.json.journal": "0o600",
    }


def test_a_write_over_another_version_is_refused(backend, path):
    first = put(backend, b"one")
    path.write_bytes(b"two")
    for over in (first, None):
        with pytest.raises(StateOvertaken, match=r"state\.json was changed by somebody else"):
            asyncio.run(backend.put(b"three", over=over))
    assert path.read_bytes() == b"two"


def test_a_symbolic_link_is_followed(tmp_path):
    """The file beside which it is written is the real one; the link stays a link."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "state.json"
    link.symlink_to(tmp_path / "real" / "kept.json")
    put(LocalBackend(link), b"one")
    put(LocalBackend(link), b"two")
    assert link.is_symlink()
    assert (tmp_path / "real" / "kept.json").read_bytes() == b"two"
    assert sorted(os.listdir(tmp_path)) == ["real", "state.json"]


def test_what_a_killed_write_left_behind_is_no_obstacle(backend, path):
    put(backend, b"one")
    path.with_name("state.json.tmp").write_bytes(b"hal")
    put(backend, b"two")
    assert os.listdir(path.parent) == ["state.json"]


def test_a_write_that_fails_leaves_what_was_there(backend, path, monkeypatch):
    put(backend, b"one")

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StateError, match=r"state\.json cannot be written: No space left on device"):
        put(backend, b"two")
    assert path.read_bytes() == b"one"
    assert os.listdir(path.parent) == ["state.json"]


def test_what_is_no_file_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be read: Is a directory"):
        asyncio.run(LocalBackend(tmp_path).get())
    with pytest.raises(StateError, match=r"file/state\.json cannot be"):
        put(LocalBackend(tmp_path / "file" / "state.json"), b"one")


class TestJournal:
    def test_lines_come_back_in_order_until_the_next_write(self, backend):
        assert isinstance(backend, Journaled)
        put(backend, b"one")
        for line in (b"a", b"b"):
            asyncio.run(backend.append(line))
        assert asyncio.run(backend.journal()) == [b"a", b"b"]
        put(backend, b"two")
        assert asyncio.run(backend.journal()) == []

    def test_a_torn_last_line_is_left_out_and_the_next_one_stands_alone(self, backend, path):
        put(backend, b"one")
        for line in (b"a", b"b", b"c"):
            asyncio.run(backend.append(line))
            with path.with_name("state.json.journal").open("ab") as journal:
                journal.write(b"torn")
        assert asyncio.run(backend.journal()) == [b"a", b"b", b"c"]


async def hold(backend: LocalBackend, info=INFO, then=None):
    async with backend.lock(info):
        return await then() if then else None


class TestLock:
    def test_a_second_one_is_refused_and_told_who_has_it(self, backend, path):
        async def second():
            await hold(LocalBackend(path), OTHER)

        with pytest.raises(StateLocked) as caught:
            asyncio.run(hold(backend, then=second))
        for part in ("state.json", "ci", "runner-7", "4711", "mailsync apply", "2026-01-31T12:00:00Z", "4f1a"):
            assert part in caught.value.message
        assert caught.value.exit_code == 4
        assert "mailsync state unlock 4f1a" in caught.value.hint

    def test_it_is_free_after_the_block_and_the_text_is_gone(self, backend, path):
        asyncio.run(hold(backend))
        assert path.with_name("state.json.lock").read_bytes() == b""
        asyncio.run(hold(LocalBackend(path), OTHER))

    def test_the_text_alone_locks_nothing(self, backend, path):
        """The operating system's lock ends with its process, however that ends."""
        path.parent.mkdir()
        path.with_name("state.json.lock").write_text(json.dumps({"id": "dead"}))
        asyncio.run(hold(backend))

    def test_a_holder_that_has_not_said_who_it_is_locks_all_the_same(self, backend, path, monkeypatch):
        monkeypatch.setattr("reconciler.ledger.local._PAUSE", 0)

        async def second():
            path.with_name("state.json.lock").write_bytes(b"")
            await hold(LocalBackend(path), OTHER)

        with pytest.raises(StateLocked, match="locked by another process"):
            asyncio.run(hold(backend, then=second))

    def test_reading_needs_no_lock(self, backend, path):
        put(backend, b"one")
        assert asyncio.run(hold(backend, then=LocalBackend(path).get)).data == b"one"

    def test_unlock_breaks_the_lock_with_that_id_and_no_other(self, backend, path):
        async def breaking():
            with pytest.raises(StateError, match=r"is locked by ci@runner-7.*not by lock 9999"):
                await LocalBackend(path).unlock("9999")
            await LocalBackend(path).unlock(INFO.id)
            await hold(LocalBackend(path), OTHER)

        asyncio.run(hold(backend, then=breaking))
        with pytest.raises(StateError, match="is not locked"):
            asyncio.run(backend.unlock(INFO.id))

    def test_a_holder_whose_lock_was_broken_writes_no_more(self, backend, path):
        """Whoever broke it took it for dead and goes on from what is there."""

        async def broken():
            await LocalBackend(path).unlock(INFO.id)
            with pytest.raises(StateOvertaken, match=r"lock .* was broken"):
                await backend.append(b"line")
            with pytest.raises(StateOvertaken, match=r"lock .* was broken"):
                await backend.put(b"one", over=None)

        asyncio.run(hold(backend, then=broken))
        assert not path.exists()


class TestOpen:
    def test_local_is_below_the_root_directory_by_default(self, tmp_path):
        assert str(open_backend("local", {}, tmp_path)) == str(tmp_path / ".mailsync" / "state.json")

    def test_a_path_is_relative_to_the_root_directory(self, tmp_path):
        assert str(open_backend("local", {"path": "a/b.json"}, tmp_path)) == str(tmp_path / "a" / "b.json")
        assert str(open_backend("local", {"path": "/a/b.json"}, tmp_path)) == "/a/b.json"

    @pytest.mark.parametrize(
        ("kind", "settings", "message", "hint"),
        [
            ("locl", {}, "no state backend 'locl'", "did you mean 'local'?"),
            ("ftp", {}, "no state backend 'ftp'", "known are: "),
            ("local", {"paht": "x"}, "no setting 'paht'", "did you mean 'path'?"),
            ("local", {"path": 7}, "must be the name of a file, not 7", None),
            ("local", {"path": ""}, "must be the name of a file", None),
        ],
    )
    def test_what_is_not_known_is_an_error_with_a_suggestion(self, tmp_path, kind, settings, message, hint):
        with pytest.raises(StateError, match=message) as caught:
            open_backend(kind, settings, tmp_path)
        assert (hint or "") in (caught.value.hint or "")


WRITER = """
import asyncio, os, sys
from pathlib import Path
from reconciler.ledger.base import LockInfo
from reconciler.ledger.local import LocalBackend
from reconciler.ledger.store import LedgerStore
from reconciler.model.ledger import LedgerEntry
from reconciler.model.names import ResourceAddress

start, ticks = int(sys.argv[2]), iter(range(10**9))
store = LedgerStore(LocalBackend(Path(sys.argv[1])), clock=lambda: next(ticks))

def address(number):
    return ResourceAddress("hosting", "mailbox", f"u{number}@example.com")

def say(what, number):
    os.write(1, f"{what} {number}\\n".encode())

async def main():
    async with store.session(LockInfo("1", "test", "here", os.getpid(), "test", "now")) as session:
        for first in range(start, 10**9, 20):
            await session.begin(frozenset(map(address, range(first, first + 20))))
            for number in range(first, first + 20):
                say("pending", number)
                await session.record(address(number), LedgerEntry({"name": "x" * 1000}, remote_id=number))
                say("recorded", number)

asyncio.run(main())
"""


def killed_writer(path: Path, start: int, seconds: float) -> list[list[str]]:
    """What a process that writes without end had confirmed when it was killed."""
    command = [sys.executable, "-c", WRITER, str(path), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        said = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        said += process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    return [line.split() for line in said.decode().splitlines()]


def test_a_kill_at_any_moment_loses_nothing_that_was_confirmed(path):
    """A real process that does nothing but write ledger and journal, and a real kill -9, twenty times over one file: it
    is readable, holds all that was recorded, each create in flight is pending, and nobody has the lock."""
    chance = random.Random(20260131)
    confirmed: set[str] = set()
    for _ in range(20):
        said = killed_writer(path, len(confirmed), chance.uniform(0, 0.08))
        confirmed |= {number for what, number in said if what == "recorded"}
        ledger = asyncio.run(LedgerStore(LocalBackend(path)).read())
        owned = {str(entry.remote_id) for entry in ledger.resources.values()}
        pending = {address.key.partition("@")[0][1:] for address in ledger.pending}
        assert confirmed <= owned
        assert {number for _, number in said} <= owned | pending
        confirmed = owned
    assert len(confirmed) > 20
