"""Which managed fields of a resource differ: desired against live, with a look at what was applied last."""

from reconciler.model.capability import KindCapability
from reconciler.model.ledger import LedgerEntry
from reconciler.model.plan import FieldChange
from reconciler.model.resources import Desired, Fields, Live, Value, same
from reconciler.planner.situation import Situation

# Stands among the fields of a change that deletes further live resources with the same key; no provider has it.
COPIES = "copies"


def differences(
    desired: Desired, live: Live, entry: LedgerEntry | None, situation: Situation
) -> tuple[FieldChange, ...]:
    """The fields that have to be written, in the manifest's order; secrets last."""
    changed = []
    held_fields = live.fields
    for name, wanted in desired.fields.items():
        held = held_fields.get(name)
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


def in_full(desired: Desired, live: Live | None, kind: KindCapability) -> Fields:
    """What a new one in the place of *live* has to be given: the manifest's fields and, where that leaves them open, the
    live values, as far as they can be set."""
    kept = live.fields.items() if live else ()
    return {
        **{name: value for name, value in kept if name not in desired.fields and _can_be_set(name, value, kind)},
        **desired.fields,
    }


def _can_be_set(name: str, value: Value, kind: KindCapability) -> bool:
    capability = kind.fields.get(name)
    if capability is None or capability.fixed or capability.one_shot or name == kind.inherent_key:
        return False
    try:
        capability.check(value)
    except ValueError:
        return False
    return True
