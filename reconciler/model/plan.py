"""A plan as data: what differs (changes), in which calls and order it is carried out (steps), and what follows from it
for mail. Executed by the applier, told by the renderers; it holds no function and no secret value."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.location import Diagnostic, Location
from reconciler.model.names import EmailAddress, Kind, ResourceAddress
from reconciler.model.resources import Desired, Fields, Live, Value

Action = Literal["create", "update", "replace", "delete", "adopt", "forget"]
ACTIONS: tuple[Action, ...] = ("create", "update", "replace", "delete", "adopt", "forget")
Risk = Literal["none", "delivery", "data-loss"]
BlockCode = Literal["data-loss", "protect", "unsupported", "foreign-children"]
FlowEffect = Literal["new", "bounces", "changed", "widened", "narrowed"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """*drifted*: the live value is not the one last applied, so somebody else changed it. A sensitive field's values are
    its versions."""

    field: str
    before: Value
    after: Value
    sensitive: bool = False
    drifted: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Why a change may not be carried out, and what would allow it."""

    code: BlockCode
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that is not as it should be.

    *before*, *after*: the managed fields, None where there is nothing. *note*: a remark for the reader (`expired`, `part
    of hosting/domain/…`). *requests*: the calls that change something; none for a blocked change, which makes none.
    *rewrites*: destinations that the provider takes out by itself when the plan deletes their mailboxes, and that are
    written again. *copies*: further live ones with the same natural key, that go. What follows *note* is for the planner
    and the applier, and not part of the document."""

    address: ResourceAddress
    action: Action
    before: Fields | None
    after: Fields | None
    fields: tuple[FieldChange, ...] = ()
    blocked: Block | None = None
    adopting: bool = False
    depends_on: tuple[ResourceAddress, ...] = ()
    risk: Risk = "none"
    requests: int = 0
    source: Location | None = None
    note: str | None = None
    rewrites: tuple[str, ...] = field(default=(), compare=False)
    copies: tuple[Live, ...] = field(default=(), repr=False, compare=False)
    desired: Desired | None = field(default=None, repr=False, compare=False)
    live: Live | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Room:
    """What a new domain has to hold: the planned children, and their quotas in bytes (None: the domain's default)."""

    mailboxes: int = 0
    aliases: int = 0
    quotas: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One or more calls for one resource that belong together.

    *number* is its place in Plan.steps, *after* the numbers of the steps that must be done before. A change is one step,
    or several (a domain's limits, its catch-all). *removes*: deleted as part of a create, in one breath: the resource
    itself when it is replaced, the other kind when an address is handed over. *create_first*: the new one exists before
    the old one goes. *copy*: of several live ones with this address, exactly this one."""

    number: int
    address: ResourceAddress
    verb: Literal["create", "update", "delete"]
    fields: Fields = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    after: tuple[int, ...] = ()
    requests: int = 1
    removes: ResourceAddress | None = None
    create_first: bool = False
    room: Room | None = None
    copy: Live | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FlowChange:
    """An address whose final recipients are others after the plan."""

    address: EmailAddress
    effect: FlowEffect
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProviderSummary:
    """One provider of a plan. *live*: how many resources of each kind it holds; *requests*: the calls that listing took;
    *rate*: its limit as text, None when there is none. *account* is a digest of type and base_url: a plan made for one
    account is not applied to another."""

    name: str
    type: str
    account: str
    live: Mapping[Kind, int]
    requests: int
    rate: str | None = None


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What narrows or allows: globs of resource addresses, and consent."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    destroy: bool = False
    allow_data_loss: bool = False

    @property
    def partial(self) -> bool:
        return bool(self.targets or self.excludes)


@dataclass(frozen=True, slots=True)
class Plan:
    """*unchanged* counts manifest resources only. *seconds*: how long the requests take at the providers' rate limits.

    For the applier, and not part of the document: *left_out*, the addresses that differ but are not in this part of the
    plan; *pending*, creates of an earlier apply that turned out to have happened, and that this plan does not settle."""

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    unchanged: int = 0
    unmanaged: int = 0
    mail_flow: tuple[FlowChange, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    providers: tuple[ProviderSummary, ...] = ()
    options: PlanOptions = PlanOptions()
    requests: int = 0
    seconds: float = 0.0
    lineage: str = ""
    serial: int = 0
    manifest_digest: str = ""
    vars_digest: str = ""
    created_at: str = ""
    left_out: frozenset[ResourceAddress] = frozenset()
    pending: frozenset[ResourceAddress] = frozenset()

    @property
    def blocked(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.blocked)

    @property
    def work(self) -> tuple[Change, ...]:
        """The changes that are more than bookkeeping, blocked ones included: what exit code 2 counts."""
        return tuple(change for change in self.changes if change.action not in ("adopt", "forget"))

    def count(self, action: Action) -> int:
        """How many changes of *action* can be carried out; a blocked change counts as blocked only."""
        return sum(change.action == action and change.blocked is None for change in self.changes)

    @property
    def digest(self) -> str:
        """sha256 over provider type and base_url, address, action, before and after of all changes."""
        accounts = {provider.name: provider.account for provider in self.providers}
        return digest_of(
            [accounts.get(c.address.provider), str(c.address), c.action, c.before, c.after] for c in self.changes
        )


def digest_of(parts: Iterable[Any]) -> str:
    """`sha256:…` over the canonical JSON of *parts*, whatever their order."""
    lines = sorted(json.dumps(part, sort_keys=True, ensure_ascii=False, default=list) for part in parts)
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
