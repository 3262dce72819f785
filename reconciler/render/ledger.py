"""The ledger for people and machines: what is owned, and what was last applied there."""

from collections.abc import Iterable
from typing import Any

from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.names import ResourceAddress, matches, shown_address
from reconciler.render.view import value_text


def addresses(ledger: Ledger, patterns: Iterable[str] = ()) -> list[ResourceAddress]:
    """The owned resources that one of *patterns* matches, sorted; all where there is no pattern."""
    globs = tuple(patterns)
    return sorted(a for a in ledger.resources if not globs or any(matches(a, glob) for glob in globs))


def find(ledger: Ledger, text: str) -> ResourceAddress | None:
    """The owned resource of this address, written in any case and with U-labels or A-labels."""
    try:
        address = ResourceAddress.parse(text)
    except ValueError:
        return None
    return address if address in ledger.resources else None


def line(address: ResourceAddress) -> str:
    return f"{address.provider}/{address.kind}/{shown_address(address.key)}"


def entry_document(address: ResourceAddress, entry: LedgerEntry) -> dict[str, Any]:
    return {
        "address": str(address),
        "remote_id": entry.remote_id,
        "applied": dict(entry.applied),
        "secret_versions": dict(entry.secret_versions),
        "protect": entry.protect,
        "created": entry.created,
        "updated_at": entry.updated_at,
    }


def render_entry(address: ResourceAddress, entry: LedgerEntry) -> str:
    """One resource as indented lines: its fields, then what the ledger knows besides."""
    rows = [(name, value_text(address.kind, name, value)) for name, value in entry.applied.items()]
    rows += [(name, f"(sensitive, version {version})") for name, version in entry.secret_versions.items()]
    rows += [
        ("remote id", str(entry.remote_id)),
        ("protected", "yes" if entry.protect else "no"),
        ("came from", "a create" if entry.created else "an adoption"),
        ("updated at", entry.updated_at),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join([line(address), *(f"  {name:<{width}} = {value}" for name, value in rows)])
