"""What became of a plan: an outcome per change, and the events on the way; and what drifted since."""

from dataclasses import dataclass
from typing import Literal

from reconciler.model.location import Diagnostic, errors_of
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Action, FieldChange

Status = Literal["done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """*message*: the provider's own words, or ours, masked. *because*: of a skipped change, the address that failed."""

    address: ResourceAddress
    action: Action
    status: Status
    message: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """*interrupted*: the user or the system stopped the apply; what was done is in *outcomes* and in the ledger."""

    outcomes: tuple[Outcome, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    interrupted: bool = False

    def count(self, status: Status) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def failed(self) -> bool:
        undone = any(outcome.status != "done" for outcome in self.outcomes)
        return self.interrupted or undone or bool(errors_of(self.diagnostics))


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth telling while work goes on. *done* and *total* count resources (fetching: requests, total 0)."""

    kind: Literal["fetching", "fetched", "waiting", "started", "finished"]
    provider: str
    address: ResourceAddress | None = None
    outcome: Outcome | None = None
    message: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """An owned resource that is not as it was applied, or one that nobody planned. *fields*: of a changed resource, what
    was applied (before) and what is live (after)."""

    address: ResourceAddress
    kind_of_drift: Literal["changed", "gone", "appeared"]
    fields: tuple[FieldChange, ...] = ()
