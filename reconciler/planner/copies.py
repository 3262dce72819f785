"""Several live resources with one natural key (EmailVerify allows one URL twice): one of them counts, the others go.

They are part of the one change of their address, with deletions of their own among its steps, so that an address stands
in a plan once.
"""

from collections import defaultdict
from dataclasses import replace

from reconciler.model.ledger import as_text
from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Change, FieldChange
from reconciler.model.resources import Live
from reconciler.planner.fields import before_update, with_versions
from reconciler.planner.presence import Findings, covered, left_behind
from reconciler.planner.situation import Situation


def drop_copies(findings: Findings, situation: Situation) -> None:
    """Deletes the copies that are owned (the ledger has their id) or under `prune: all`; of others there is a warning."""
    copies: dict[ResourceAddress, list[Live]] = defaultdict(list)
    for snapshot in situation.snapshots.values():
        for live in snapshot.surplus:
            copies[live.address].append(live)
    for address, lives in copies.items():
        going = [live for live in lives if _goes(live, situation)]
        if len(going) < len(lives) and _concerns_us(address, situation):
            findings.diagnostics.append(_duplicate(address, len(lives) - len(going), situation))
        if going and not situation.capabilities(address.provider).kinds[address.kind].can("delete"):
            findings.diagnostics.append(left_behind(address))
        elif going:
            _add(address, going, len(lives), findings, situation)


def _goes(live: Live, situation: Situation) -> bool:
    if live.inert or live.address in situation.manifest.forget:
        return False
    entry = situation.entry(live.address)
    owned = entry is not None and live.remote_id is not None and as_text(entry.remote_id) == as_text(live.remote_id)
    return covered(live.address, owned, situation)


def _concerns_us(address: ResourceAddress, situation: Situation) -> bool:
    return address in situation.manifest.resources or situation.ledger.owns(address)


def _add(address: ResourceAddress, going: list[Live], there: int, findings: Findings, situation: Situation) -> None:
    """To the change of the address; where there is none, as an update that changes nothing else."""
    change = findings.changes.get(address) or _unchanged(address, findings, situation)
    if change is None or change.action == "forget":
        return
    fields = change.fields
    if change.action != "delete":
        fields = (*fields, FieldChange("copies", 1 + there, 1 + there - len(going)))
    findings.changes[address] = replace(
        change,
        action="update" if change.action == "adopt" else change.action,
        fields=fields,
        copies=tuple(going),
        note=f"{_number(len(going))} with the same key {'goes' if len(going) == 1 else 'go'}",
    )


def _unchanged(address: ResourceAddress, findings: Findings, situation: Situation) -> Change | None:
    desired, live, entry = situation.manifest.resources.get(address), situation.live(address), situation.entry(address)
    if desired is None or live is None:
        return None
    findings.unchanged -= 1
    return Change(
        address, "update", before_update(desired, live, entry), with_versions(desired), desired=desired, live=live,
        source=situation.manifest.places(address),
    )  # fmt: skip


def _number(copies: int) -> str:
    return "1 copy" if copies == 1 else f"{copies} copies"


def _duplicate(address: ResourceAddress, copies: int, situation: Situation) -> Diagnostic:
    return Diagnostic(
        "warning",
        "duplicate-live",
        f"{address}: {_number(copies)} with the same key, not owned by mailsync, left alone",
        "remove what is too many at the provider, or set `prune: all`",
        situation.manifest.places(address),
        str(address),
    )
