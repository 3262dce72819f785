"""How the ledger is read and written, on any backend."""

import asyncio
import json

import pytest
from ledger_fakes import INFO, Clock, JournaledBackend, MemoryBackend

from reconciler.errors import StateError, StateOvertaken
from reconciler.ledger.base import Stored
from reconciler.ledger.store import LedgerStore
from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.names import ResourceAddress

ANN, BOB, EVE = (ResourceAddress("hosting", "mailbox", f"{name}@example.com") for name in ("ann", "bob", "eve"))
ONE, TWO = LedgerEntry({"quota": 1}, remote_id=1), LedgerEntry({"quota": 2}, remote_id=2)


@pytest.fixture(params=[MemoryBackend, JournaledBackend])
def backend(request):
    return request.param()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(backend, clock):
    return LedgerStore(backend, clock=clock)


def read(store: LedgerStore) -> Ledger:
    return asyncio.run(store.read())


def written(backend: MemoryBackend) -> list[tuple[int, set[str], set[str]]]:
    """Serial, owned and pending of each write."""
    documents = [json.loads(data) for data in backend.puts]
    return [(d["serial"], set(d["resources"]), set(d["pending"])) for d in documents]


def run(store: LedgerStore, *steps: tuple[object, ...], failure: BaseException | None = None) -> None:
    """A session with *steps*, each a method and its arguments; ends with *failure* if there is one."""

    async def session():
        async with store.session(INFO) as ledger:
            for method, *arguments in steps:
                await getattr(ledger, method)(*arguments)
            if failure:
                raise failure

    asyncio.run(session())


def test_there_is_no_ledger_before_the_first_write(store):
    assert read(store) == Ledger()
    assert not read(store).exists


def test_an_empty_file_is_no_ledger(store, backend):
    """A lost or empty state is no error: everything is adopted again."""
    backend.puts.append(b"")
    assert read(store) == Ledger()
    run(store, ("record", ANN, ONE))
    assert read(store).resources == {ANN: ONE}


def test_nothing_is_written_when_nothing_changed(store, backend):
    """Not at the first time, nor when what is recorded is what is there."""
    run(store, ("begin", frozenset()))
    assert backend.puts == []
    run(store, ("record", ANN, ONE))
    writes = len(backend.puts)
    run(store, ("begin", frozenset()), ("record", ANN, ONE), ("record", BOB, None), ("note", {ANN: ONE}), ("finish",))
    assert len(backend.puts) == writes


def test_a_new_ledger_has_a_lineage_of_its_own_and_keeps_it(store):
    run(store, ("record", ANN, ONE))
    first = read(store)
    run(store, ("record", BOB, TWO))
    other = LedgerStore(MemoryBackend())
    run(other, ("record", ANN, ONE))
    assert len(first.lineage) == 36
    assert read(store).lineage == first.lineage != read(other).lineage


def test_pending_is_stored_before_the_first_write_and_gone_at_the_end(store, backend):
    run(store, ("begin", frozenset({ANN, BOB})), ("record", ANN, ONE), ("record", BOB, TWO))
    assert written(backend) == [(1, set(), {str(ANN), str(BOB)}), (2, {str(ANN), str(BOB)}, set())]


def test_each_write_raises_the_serial_by_one(store, backend):
    for number in range(4):
        run(store, ("record", ANN, LedgerEntry({"quota": number})))
    assert [serial for serial, _, _ in written(backend)][-1] == read(store).serial
    serials = [serial for serial, _, _ in written(backend)]
    assert serials == list(range(1, len(serials) + 1))


def test_what_is_forgotten_is_gone(store):
    run(store, ("record", ANN, ONE), ("record", BOB, TWO))
    run(store, ("record", ANN, None))
    assert read(store).resources == {BOB: TWO}


def test_adoptions_are_written_once_at_the_end(store, backend):
    """They have no call behind them, and a first run may adopt thousands."""
    run(store, ("note", {ANN: ONE, BOB: TWO}), ("note", {ANN: None}))
    assert written(backend) == [(1, {str(BOB)}, set())]


def test_a_checkpoint_is_written_at_most_every_five_seconds(backend, clock, store):
    async def session():
        async with store.session(INFO) as ledger:
            await ledger.begin(frozenset({ANN}))
            for quota in range(1000):
                clock.now += 0.01
                await ledger.record(ANN, LedgerEntry({"quota": quota}))

    asyncio.run(session())
    # pending; at 5 s and at 10 s; the end, unless the last checkpoint has it all but pending.
    assert len(backend.puts) <= 4


def test_a_backend_without_a_journal_loses_at_most_what_came_after_the_last_checkpoint(clock):
    backend = MemoryBackend()
    store = LedgerStore(backend, clock=clock)

    async def killed():
        async with store.session(INFO) as ledger:
            await ledger.begin(frozenset({ANN, BOB, EVE}))
            clock.now = 5
            await ledger.record(ANN, ONE)
            await ledger.record(BOB, TWO)
            return await store.read()

    left = asyncio.run(killed())
    assert left.resources == {ANN: ONE}
    assert left.pending == {ANN, BOB, EVE}


def test_with_a_journal_each_result_is_durable_at_once():
    """Read beside the running session, as after a kill."""
    store = LedgerStore(JournaledBackend())

    async def killed():
        async with store.session(INFO) as ledger:
            await ledger.begin(frozenset({ANN}))
            seen = []
            for address, entry in ((ANN, ONE), (BOB, TWO), (ANN, None)):
                await ledger.record(address, entry)
                seen.append((await store.read()).resources)
            return seen

    assert asyncio.run(killed()) == [{ANN: ONE}, {ANN: ONE, BOB: TWO}, {BOB: TWO}]


def test_what_a_kill_left_in_the_journal_is_written_by_the_next_session():
    backend = JournaledBackend()
    store = LedgerStore(backend)
    run(store, ("record", ANN, ONE))

    async def killed():
        async with store.session(INFO) as ledger:
            await ledger.record(BOB, TWO)
            return list(backend.lines)

    lines = asyncio.run(killed())
    backend.puts.pop()
    backend.lines = lines
    run(store)
    assert written(backend)[-1][1] == {str(ANN), str(BOB)}
    assert backend.lines == []


def test_a_journal_that_survived_its_ledger_does_not_count():
    """A crash between the write and the removal of the journal must not bring back what was forgotten since."""
    backend = JournaledBackend()
    store = LedgerStore(backend)
    run(store, ("record", ANN, ONE))

    async def session():
        async with store.session(INFO) as ledger:
            await ledger.record(BOB, TWO)
            stale = list(backend.lines)
            await ledger.record(BOB, None)
            await ledger.record(EVE, TWO)
        backend.lines = stale

    asyncio.run(session())
    assert read(store).resources == {ANN: ONE, EVE: TWO}


@pytest.mark.parametrize("failure", [KeyboardInterrupt, asyncio.CancelledError, RuntimeError])
def test_an_interrupted_session_writes_what_is_known_and_keeps_what_is_not(store, failure):
    """A create without a result may have happened; one with a result is owned by that."""
    with pytest.raises(failure):
        run(store, ("begin", frozenset({ANN, BOB})), ("record", ANN, ONE), failure=failure())
    assert read(store).resources == {ANN: ONE}
    assert read(store).pending == {BOB}


def test_finish_says_which_creates_remain_unknown(store):
    run(store, ("begin", frozenset({ANN, BOB, EVE})), ("record", ANN, ONE), ("finish", frozenset({BOB})))
    assert read(store).pending == {BOB}


def test_finish_counts_also_when_an_error_follows(store):
    with pytest.raises(RuntimeError):
        run(store, ("begin", frozenset({ANN, BOB})), ("finish", frozenset({BOB})), failure=RuntimeError())
    assert read(store).pending == {BOB}


def test_what_an_earlier_apply_left_pending_stays_until_the_end(store, backend):
    with pytest.raises(RuntimeError):
        run(store, ("begin", frozenset({ANN})), failure=RuntimeError())
    run(store, ("begin", frozenset({BOB})), ("record", BOB, ONE))
    assert [pending for _, _, pending in written(backend)] == [{str(ANN)}, {str(ANN), str(BOB)}, set()]


def test_a_write_over_what_somebody_else_wrote_is_refused(backend, store):
    """The lock should prevent it; where it was broken, nothing of the other is lost."""
    run(store, ("record", ANN, ONE))

    async def session():
        async with store.session(INFO) as ledger:
            await backend.put(b"somebody else's", over=await backend.get())
            await ledger.begin(frozenset({BOB}))

    with pytest.raises(StateOvertaken):
        asyncio.run(session())
    assert backend.puts[-1] == b"somebody else's"


def test_what_cannot_be_read_is_named_and_left_alone(backend, store):
    backend.puts.append(b'{"format_version": 1, "lineage": "x", "ser')
    with pytest.raises(StateError, match="memory://state is not a state"):
        run(store, ("record", ANN, ONE))
    assert len(backend.puts) == 1


def test_the_ledger_of_a_session_shows_what_was_recorded(store):
    async def session():
        async with store.session(INFO) as session:
            assert session.ledger == Ledger()
            await session.begin(frozenset({BOB}))
            await session.record(ANN, ONE)
            return session.ledger

    ledger = asyncio.run(session())
    assert ledger.resources == {ANN: ONE}
    assert ledger.pending == {BOB}
    assert ledger.exists


def test_results_that_come_at_the_same_time_are_all_kept():
    """A slow backend is written to one after the other."""

    class Slow(JournaledBackend):
        async def put(self, data: bytes, *, over: Stored | None) -> Stored:
            await asyncio.sleep(0.001)
            return await super().put(data, over=over)

    backend, clock = Slow(), Clock()
    store = LedgerStore(backend, clock=clock)
    addresses = [ResourceAddress("hosting", "mailbox", f"u{number}@example.com") for number in range(50)]

    async def session():
        async with store.session(INFO) as ledger:

            async def one(address):
                clock.now += 1
                await ledger.record(address, ONE)

            await asyncio.gather(*map(one, addresses))

    asyncio.run(session())
    assert set(read(store).resources) == set(addresses)
