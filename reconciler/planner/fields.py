"""Which managed fields of a resource differ: desired against live, with a look at what was applied last."""

from reconciler.model.capability import KindCapability
from reconciler.model.ledger import LedgerEntry
from reconciler.model.plan import FieldChange
from reconciler.model.resources import Desired, Fields, Live, Value, same
from reconciler.planner.situation import Situation


def differences(
    desired: Desired, live: Live, entry: LedgerEntry | None, situation: Situation
) -> tuple[FieldChange, ...]:
    """The fields that have to be written, in the manifest's order; secrets last."""
    changed = []
    for name, wanted in desired.fields.items():
        held = live.fields.get(name)
        if wanted != held and not same(wanted, held) and situation.counts(desired.address, name, wanted):
            changed.append(FieldChange(name, held, wanted, drifted=_drifted(name, held, entry)))
    if desired.secrets and entry is not None:
        changed.extend(_rotations(desired, entry))
    return tuple(changed)


def _drifted(name: str, held: Value, entry: LedgerEntry | None) -> bool:
    return entry is not None and name in entry.applied and not same(entry.applied[name], held)


def _rotations(desired: Desired, entry: LedgerEntry) -> list[FieldChange]:
    """The write-only fields whose version is not the one last applied. Their values are the versions."""
    return [
        FieldChange(name, entry.secret_versions.get(name), secret.version, sensitive=True)
        for name, secret in desired.secrets.items()
        if entry.secret_versions.get(name) != secret.version
    ]


def with_versions(desired: Desired) -> Fields:
    """The managed fields as a plan shows them: a write-only field's value is its version."""
    return {**desired.fields, **{name: secret.version for name, secret in desired.secrets.items()}}


def before_update(desired: Desired, live: Live, entry: LedgerEntry | None) -> Fields:
    """The managed fields as they are live; of a write-only field the version last applied, None where unknown."""
    versions = entry.secret_versions if entry else {}
    return {
        **{name: live.fields.get(name) for name in desired.fields},
        **{name: versions.get(name) for name in desired.secrets},
    }


def needs_replacing(changed: tuple[FieldChange, ...], kind: KindCapability) -> bool:
    """Whether the provider has no call that changes these fields."""
    return not kind.can("update") or any(
        (capability := kind.fields.get(change.field)) is not None and not capability.update for change in changed
    )
