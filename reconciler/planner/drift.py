"""What changed at the providers since the last apply, by what the ledger says was applied."""

from collections.abc import Iterator

from reconciler.model.ledger import LedgerEntry
from reconciler.model.plan import FieldChange
from reconciler.model.report import Drift
from reconciler.model.resources import Live, same
from reconciler.planner.presence import covered
from reconciler.planner.situation import Situation


def drift(situation: Situation) -> tuple[Drift, ...]:
    """Owned resources that differ from what was applied, or are gone; under `prune: all` also those that appeared."""
    return tuple(sorted((*_owned(situation), *_appeared(situation)), key=lambda one: one.address))


def _owned(situation: Situation) -> Iterator[Drift]:
    for address, entry in situation.ledger.resources.items():
        live = situation.live(address)
        if live is None:
            yield Drift(address, "gone")
        elif fields := _changed(entry, live, situation):
            yield Drift(address, "changed", fields)


def _changed(entry: LedgerEntry, live: Live, situation: Situation) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, applied, live.fields.get(name), drifted=True)
        for name, applied in entry.applied.items()
        if not same(applied, live.fields.get(name)) and situation.counts(live.address, name, applied)
    )


def _appeared(situation: Situation) -> Iterator[Drift]:
    for live in situation.all_live():
        unknown = live.address not in situation.manifest.resources and not situation.ledger.owns(live.address)
        if unknown and not live.inert and covered(live.address, False, situation):
            yield Drift(live.address, "appeared")
