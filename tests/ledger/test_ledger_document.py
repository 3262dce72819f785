"""The state file: what is written, what is read, and what is refused."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import StateError
from reconciler.ledger.document import journal_entries, journal_line, ledger_from_bytes, ledger_to_bytes
from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.names import ResourceAddress
from reconciler.model.resources import as_set

JOHN = ResourceAddress("hosting", "mailbox", "john@example.com")
ENTRY = LedgerEntry(
    applied={"name": "John Doe", "quota": 5368709120},
    remote_id="456",
    secret_versions={"password": 1},
    protect=True,
    created=True,
    updated_at="2026-01-31T12:00:00Z",
)
LEDGER = Ledger("7c0e", 3, {JOHN: ENTRY})
DOCUMENT = {
    "format_version": 1,
    "lineage": "7c0e",
    "serial": 3,
    "pending": [],
    "resources": {
        "hosting/mailbox/john@example.com": {
            "remote_id": "456",
            "applied": {"name": "John Doe", "quota": 5368709120},
            "secret_versions": {"password": 1},
            "protect": True,
            "created": True,
            "updated_at": "2026-01-31T12:00:00Z",
        }
    },
}

text = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**63)
addresses = st.builds(
    ResourceAddress,
    st.sampled_from(["hosting", "a-b_1"]),
    st.sampled_from(["mailbox", "alias"]),
    st.from_regex(r"[a-z0-9]{1,8}@[a-z]{1,5}\.example", fullmatch=True),
) | st.builds(ResourceAddress, st.just("hosting"), st.just("webhook"), st.text(min_size=1, max_size=8))
entries = st.builds(
    LedgerEntry,
    applied=st.dictionaries(text, text | numbers | st.booleans() | st.none() | st.lists(text).map(as_set), max_size=4),
    remote_id=text | numbers | st.none() | st.lists(numbers).map(tuple),
    secret_versions=st.dictionaries(text, numbers, max_size=2),
    protect=st.booleans(),
    created=st.booleans(),
    updated_at=text,
)
ledgers = st.builds(
    Ledger,
    lineage=st.text(min_size=1, max_size=8),
    serial=st.integers(0, 2**63),
    resources=st.dictionaries(addresses, entries, max_size=5),
    pending=st.frozensets(addresses, max_size=3),
)


def read(document: object) -> Ledger:
    return ledger_from_bytes(json.dumps(document).encode(), "state.json")


def changed(**members: object) -> dict[str, object]:
    return {**DOCUMENT, **members}


def with_entry(**members: object) -> dict[str, object]:
    return changed(resources={str(JOHN): {**DOCUMENT["resources"][str(JOHN)], **members}})


def test_the_file_is_the_documented_json():
    assert json.loads(ledger_to_bytes(LEDGER)) == DOCUMENT
    assert read(DOCUMENT) == LEDGER


@given(ledgers)
def test_what_is_written_is_read_back(ledger):
    assert ledger_from_bytes(ledger_to_bytes(ledger), "state.json") == ledger


@given(ledgers)
def test_the_same_ledger_gives_the_same_bytes_in_any_order(ledger):
    shuffled = Ledger(
        ledger.lineage, ledger.serial, dict(reversed(ledger.resources.items())), frozenset(sorted(ledger.pending))
    )
    assert ledger_to_bytes(shuffled) == ledger_to_bytes(ledger)


def test_a_resource_is_a_line_and_sets_and_pending_are_sorted_lists():
    """So that two versions of a state can be compared with the tools that everybody has."""
    alias = ResourceAddress("hosting", "alias", "a@example.com")
    entry = LedgerEntry({"destinations": ("a@example.net", "b@example.net")}, remote_id=(7, 8))
    lines = ledger_to_bytes(Ledger("7c0e", 1, {JOHN: ENTRY, alias: entry}, frozenset({JOHN, alias}))).splitlines()
    assert b'"pending":["hosting/alias/a@example.com","hosting/mailbox/john@example.com"]' in lines[0]
    assert lines[2].startswith(b'"hosting/alias/a@example.com":{"remote_id":[7,8],"applied":{"destinations":["a@ex')
    assert lines[3].startswith(b'"hosting/mailbox/john@example.com":')


def test_keys_of_a_later_minor_version_are_tolerated():
    """What an older program would misread raises format_version instead."""
    assert read(changed(written_by="mailsync 9")) == LEDGER
    assert read(with_entry(etag="x")) == LEDGER


def test_an_edited_address_is_normalised():
    assert set(read(changed(resources={"hosting/mailbox/John@Example.COM": {"applied": {}}})).resources) == {JOHN}


def test_the_case_of_a_regular_expression_is_kept():
    address = ResourceAddress("forwarding", "alias", "[A-Z]+@example.com")
    assert set(read(changed(resources={str(address): {"applied": {}}})).resources) == {address}


def test_a_newer_format_is_refused_with_what_to_do():
    with pytest.raises(StateError, match=r"state\.json has format_version 2, which is newer") as caught:
        read(changed(format_version=2))
    assert "version of mailsync" in caught.value.hint


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "it must be an object"),
        ({"version": 4, "terraform_version": "1.11.0", "lineage": "x", "serial": 1}, "no format_version"),
        (changed(format_version="1"), "no format_version"),
        (changed(format_version=True), "no format_version"),
        (changed(lineage=""), "lineage"),
        (changed(lineage=None), "lineage"),
        (changed(serial=-1), "serial"),
        (changed(serial=1.5), "serial"),
        (changed(pending={}), "pending"),
        (changed(pending=[1]), "1 is not a resource address"),
        (changed(pending=["hosting/john"]), "'hosting/john' is not a resource address"),
        (changed(resources=None), "resources"),
        (changed(resources={"hosting/mailbox/@": {"applied": {}}}), "'hosting/mailbox/@': "),
        (changed(resources={"hosting/user/a@b.example": {"applied": {}}}), "its kind must be one of"),
        (changed(resources={str(JOHN): []}), "john@example.com': the entry must be an object"),
        (with_entry(applied=None), "applied"),
        (with_entry(applied={"quota": 1.5}), r"applied\.quota"),
        (with_entry(applied={"destinations": [1]}), r"applied\.destinations"),
        (with_entry(applied={"name": {}}), r"applied\.name"),
        (with_entry(remote_id={}), "remote_id"),
        (with_entry(remote_id=[1.5]), "remote_id"),
        (with_entry(remote_id=True), "remote_id"),
        (with_entry(secret_versions={"password": "1"}), "secret_versions"),
        (with_entry(secret_versions=[]), "secret_versions"),
        (with_entry(protect=1), "protect"),
        (with_entry(created="yes"), "created"),
        (with_entry(updated_at=0), "updated_at"),
    ],
)
def test_what_is_no_state_is_refused_with_the_place_and_what_to_do(document, reason):
    with pytest.raises(StateError, match=reason) as caught:
        read(document)
    assert caught.value.message.startswith("state.json is not a state that mailsync can read: ")
    assert "restore it from a backup" in caught.value.hint


@pytest.mark.parametrize(
    "data",
    [b"\xff", b"<html>", b"null", b"[" * 200_000, b'{"serial": ' + b"9" * 5000 + b"}", b'{"a":NaN}', b"\0", b" "],
    ids=range(8),
)
def test_bytes_that_are_no_state_are_refused_without_a_traceback(data):
    with pytest.raises(StateError):
        ledger_from_bytes(data, "state.json")


def test_a_state_that_is_cut_off_anywhere_is_refused():
    whole = ledger_to_bytes(LEDGER)
    for length in range(len(whole.rstrip())):
        with pytest.raises(StateError):
            ledger_from_bytes(whole[:length], "state.json")
    with pytest.raises(StateError, match="cut off"):
        ledger_from_bytes(whole[:-40], "state.json")


@given(entry=entries | st.none(), address=addresses)
def test_a_line_of_the_journal_gives_back_its_result(entry, address):
    line = journal_line(LEDGER, address, entry)
    assert b"\n" not in line
    assert list(journal_entries(LEDGER, [line], "state.json")) == [(address, entry)]


def test_a_line_that_belongs_to_another_serial_or_lineage_does_not_count():
    """What a crash between a write and the removal of its journal leaves behind."""
    lines = [journal_line(Ledger("7c0e", 2), JOHN, None), journal_line(Ledger("0000", 3), JOHN, None)]
    assert list(journal_entries(LEDGER, lines, "state.json")) == []


def test_a_damaged_last_line_was_never_confirmed_and_any_other_is_an_error():
    whole = journal_line(LEDGER, JOHN, None)
    assert list(journal_entries(LEDGER, [whole, b"\0\0" + whole[9:]], "state.json")) == [(JOHN, None)]
    with pytest.raises(StateError, match=r"line 1 of the journal of state\.json is damaged"):
        list(journal_entries(LEDGER, [whole[9:], whole], "state.json"))


def test_a_hundred_thousand_resources_are_read_and_written_in_moments():
    entry = DOCUMENT["resources"][str(JOHN)]
    data = json.dumps(changed(resources={f"hosting/mailbox/u{n}@example.com": entry for n in range(100_000)})).encode()
    start = time.process_time()
    ledger = ledger_from_bytes(data, "state.json")
    assert ledger_to_bytes(ledger)
    assert time.process_time() - start < 5
