"""What changed at the providers since the last apply, as views like those of a plan."""

from collections.abc import Iterable, Mapping

from reconciler.model.plan import Action
from reconciler.model.report import Drift
from reconciler.render.view import ChangeView, field_view, shown

# Told as what happened, not as what would bring it back.
_LOOKS: Mapping[str, Action] = {"changed": "update", "gone": "delete", "appeared": "create"}


def drift_views(found: Iterable[Drift]) -> list[ChangeView]:
    return [_view(drift) for drift in found]


def _view(drift: Drift) -> ChangeView:
    fields = tuple(field_view(drift.address.kind, field) for field in drift.fields)
    return ChangeView(_LOOKS[drift.kind_of_drift], shown(drift.address), drift.kind_of_drift, fields, risky=True)
