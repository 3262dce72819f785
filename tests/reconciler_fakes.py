"""The fakes of planner and applier: provider types, a provider in memory, a state in memory, and a world to plan in.

world.settled("hosting", domain("example.com"))          wanted, live and owned
world.live("hosting", mailbox("eve@example.com"))        live
assert world.plan().changes == ()
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.errors import AlreadyExists, NotFound, OutcomeUnknown, Rejected, StateOvertaken
from reconciler.ledger.base import LockInfo, Stored
from reconciler.model.capability import Capabilities, FieldCapability, KindCapability, Terms
from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.location import Location, Places
from reconciler.model.manifest import ManagedDomain, Manifest, Policies, ProviderConfig
from reconciler.model.names import DomainName, Kind, ResourceAddress
from reconciler.model.plan import Plan, PlanOptions, Room, Step
from reconciler.model.quantities import Rate
from reconciler.model.report import Event, Report
from reconciler.model.resources import FIELDS, Fields, Live, Value, as_set
from reconciler.model.secret import SecretRef, VersionedSecret
from reconciler.model.snapshot import AccountLimits, Scope, Snapshot
from reconciler.planner import Situation, plan

GIB = 1024**3
NOW = "2026-01-31T12:00:00Z"
ANYTHING = FieldCapability(check=lambda value: None)
IMMUTABLE = replace(ANYTHING, update=False)
FIXED = replace(ANYTHING, fixed=True)
ALL_VERBS = frozenset({"create", "update", "delete"})


# --- provider types, after the vendors' contracts


def kind(*fields: str, verbs: Iterable[str] = ALL_VERBS, **more: Any) -> KindCapability:
    """A kind whose *fields* can all be changed; *more* are members of KindCapability, and fields with a capability."""
    special = {name: value for name, value in more.items() if isinstance(value, FieldCapability)}
    rest = {name: value for name, value in more.items() if name not in special}
    return KindCapability(frozenset(verbs), {**dict.fromkeys(fields, ANYTHING), **special}, **rest)  # type: ignore[arg-type]


PASSWORD = replace(ANYTHING, reads=False)
ONE_SHOT = replace(ANYTHING, one_shot=True)


def _mailserver_cost(kind: Kind, verb: str, fields: Fields, live: Live | None) -> int:
    """A catch-all is an alias, and written by a call of its own."""
    if kind != "domain" or "catch_all" not in fields or verb == "delete":
        return 1
    if verb == "create":
        return 2 if fields["catch_all"] else 1
    return 1 if len(fields) == 1 else 2


MAILSERVER = Capabilities(
    type="mailserver",
    kinds={
        "domain": kind(*FIELDS["domain"]),
        "mailbox": kind(
            "name", "quota", "active", "tls_enforce_in", "tls_enforce_out",
            password=PASSWORD, force_password_update=ONE_SHOT, required=frozenset({"password"}),
        ),
        "alias": kind(*FIELDS["alias"]),
    },
    rate=Rate(100, 60),
    cost=_mailserver_cost,  # type: ignore[arg-type]
    cascade=frozenset({"alias"}),
    mailbox_delete_edits_aliases=True,
    catch_all_is_alias=True,
)  # fmt: skip

IMPLY = Capabilities(
    type="imply",
    kinds={
        "domain": kind("catch_all", active=FIXED),
        "mailbox": kind("name", "quota", password=PASSWORD, active=FIXED),
        "alias": kind("destinations", active=FIXED),
        "webhook": kind("events", verbs={"create"}, url=IMMUTABLE, inherent_key="url"),
    },
    rate=Rate(60, 60, 10),
    cascade=frozenset({"mailbox", "alias"}),
    alias_beside_mailbox=True,
)

IMPROVMX = Capabilities(
    type="improvmx",
    kinds={
        "domain": kind("catch_all", verbs={"create", "delete", "update"}),
        "alias": kind("destinations", active=FIXED),
    },
    rate=Rate(60, 60),
    cascade=frozenset({"alias"}),
    automatic_catch_all=True,
    bounded=frozenset({"domain", "alias"}),
    regex_aliases=True,
    url_destinations=True,
)

TEMPMAIL = Capabilities(
    type="tempmail",
    kinds={
        "domain": kind(active=FIXED, verbs=()),
        "mailbox": kind(expires=IMMUTABLE, active=FIXED, verbs={"create", "delete"}),
        "webhook": kind("url", "enabled", singleton="default"),
    },
    rate=Rate(60, 60),
)

EMAILVERIFY = Capabilities(
    type="emailverify",
    kinds={
        "webhook": kind(
            verbs={"create", "delete"}, url=IMMUTABLE, events=IMMUTABLE, enabled=FIXED,
            secret=replace(PASSWORD, update=False), inherent_key="url", replace_create_first=True,
        ),
    },
    rate=Rate(10, 1),
)  # fmt: skip


# --- resources, without saying where


@dataclass(frozen=True)
class Thing:
    """A resource, wherever it is. *options*: what a manifest says of a domain besides its fields."""

    kind: Kind
    key: str
    fields: dict[str, Value]
    secrets: Mapping[str, int] = field(default_factory=dict)
    protect: bool = False
    remote_id: int | None = None
    inert: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def at(self, provider: str) -> ResourceAddress:
        return ResourceAddress(provider, self.kind, self.key)


def _thing(kind: Kind, key: str, given: dict[str, Any]) -> Thing:
    own = {name: given.pop(name) for name in ("protect", "remote_id", "inert") if name in given}
    secrets = {name: given.pop(name) for name in ("password", "secret") if name in given}
    options = {name: given.pop(name) for name in ("manage", "prune") if name in given}
    fields = {name: as_set(value) if isinstance(value, list | tuple) else value for name, value in given.items()}
    return Thing(kind, key, fields, secrets, options=options, **own)


def domain(name: str, **fields: Any) -> Thing:
    return _thing("domain", name, fields)


def mailbox(address: str, **fields: Any) -> Thing:
    """*password*: its version."""
    return _thing("mailbox", address, fields)


def alias(address: str, *destinations: str, **fields: Any) -> Thing:
    return _thing("alias", address, {"destinations": as_set(destinations), **fields} if destinations else fields)


def webhook(key: str, **fields: Any) -> Thing:
    """*secret*: its version."""
    return _thing("webhook", key, fields)


def address(text: str) -> ResourceAddress:
    return ResourceAddress.parse(text)


# --- a provider in memory


class Holding:
    """What one account holds, with the manners of its type: it refuses what the vendor refuses, and changes by itself what
    the vendor does. *sent* counts the calls that change something."""

    def __init__(self, name: str, capabilities: Capabilities) -> None:
        self.name, self.capabilities = name, capabilities
        self.resources: dict[ResourceAddress, Live] = {}
        self.surplus: list[Live] = []
        self.limits = AccountLimits()
        self.passwords: dict[ResourceAddress, Mapping[str, str]] = {}
        self.sent = 0
        self.next_id = 100

    def put(self, thing: Thing) -> Live:
        """As somebody else would: by hand."""
        self.next_id += 1
        usual = {"active": True} if thing.kind in ("domain", "mailbox", "alias") else {}
        remote_id = thing.remote_id if thing.remote_id is not None else self.next_id
        live = Live(thing.at(self.name), {**usual, **thing.fields}, remote_id, thing.inert)
        self.resources[live.address] = live
        return live

    def snapshot(self) -> Snapshot:
        listed = frozenset(self.capabilities.kinds)
        return Snapshot(self.name, dict(self.resources), listed, len(listed), tuple(self.surplus), self.limits)

    def create(
        self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room | None = None
    ) -> None:
        self._pay(address.kind, "create", {**fields, **secrets}, None)
        if address in self.resources and not self.capabilities.kinds[address.kind].replace_create_first:
            raise AlreadyExists(f"{address.key} exists")
        self._check_neighbours(address)
        if address in self.resources:
            self.surplus.append(self.resources.pop(address))
        whole = {"active": True, **self._defaults(address, room or Room()), **fields}
        whole = whole if address.kind != "webhook" else dict(fields)
        self._check_room(address, whole, None)
        self.next_id += 1
        self.resources[address] = Live(address, whole, self.next_id)
        self.passwords[address] = dict(secrets)

    def _check_neighbours(self, address: ResourceAddress) -> None:
        other = {"alias": "mailbox", "mailbox": "alias"}.get(address.kind)
        if other and not self.capabilities.alias_beside_mailbox and address._replace(kind=other) in self.resources:  # type: ignore[arg-type]
            raise AlreadyExists(f"{address.key} exists as {other}")
        if address.kind in ("mailbox", "alias") and self._domain(address) is None:
            raise Rejected(f"no domain {address.domain}")

    def _domain(self, address: ResourceAddress) -> Live | None:
        return self.resources.get(ResourceAddress(self.name, "domain", address.domain or ""))

    def _defaults(self, address: ResourceAddress, room: Room) -> dict[str, Value]:
        if self.capabilities.type != "mailserver":
            return {"catch_all": ("account@example.net",)} if self._catches_all(address) else {}
        if address.kind == "domain":
            default, quotas = 3 * GIB, [3 * GIB if quota is None else quota for quota in room.quotas]
            return {
                "max_mailboxes": max(10, room.mailboxes),
                "max_aliases": max(400, room.aliases),
                "default_mailbox_quota": default,
                "max_mailbox_quota": max([10 * GIB, *quotas]),
                "quota": max(10 * GIB, sum(quotas)),
            }
        parent = self._domain(address)
        quota = parent.fields.get("default_mailbox_quota") if parent else None
        return {"quota": quota} if address.kind == "mailbox" and quota is not None else {}

    def _catches_all(self, address: ResourceAddress) -> bool:
        return address.kind == "domain" and self.capabilities.automatic_catch_all

    def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        live = self.resources.get(address)
        self._pay(address.kind, "update", {**fields, **secrets}, live)
        if live is None:
            raise NotFound(f"{address.key} is not there")
        changed = {**live.fields, **fields}
        self._check_room(address, changed, live)
        self.resources[address] = replace(live, fields=changed)
        if secrets:
            self.passwords[address] = dict(secrets)

    def delete(self, address: ResourceAddress, one: Live | None = None) -> None:
        live = self.resources.get(address)
        self._pay(address.kind, "delete", {}, live)
        if one is not None and any(copy.remote_id == one.remote_id for copy in self.surplus):
            self.surplus = [copy for copy in self.surplus if copy.remote_id != one.remote_id]
            return
        if live is None:
            return
        if address.kind == "domain":
            self._delete_children(address)
        del self.resources[address]
        if address.kind == "mailbox" and self.capabilities.mailbox_delete_edits_aliases:
            self._edit_aliases(address.key)

    def _delete_children(self, domain: ResourceAddress) -> None:
        children = [a for a in self.resources if a.domain == domain.key and a != domain]
        if staying := [child for child in children if child.kind not in self.capabilities.cascade]:
            raise Rejected(f"{domain.key} still has {len(staying)} mailboxes")
        for child in children:
            del self.resources[child]

    def _edit_aliases(self, mailbox: str) -> None:
        """Takes a deleted mailbox out of aliases and catch-alls, and deletes those that go to nothing else."""
        for address, live in list(self.resources.items()):
            member = {"alias": "destinations", "domain": "catch_all"}.get(address.kind, "")
            goes_to = live.fields.get(member)
            if not isinstance(goes_to, tuple) or mailbox not in goes_to:
                continue
            left = tuple(one for one in goes_to if one != mailbox)
            if left or address.kind == "domain":
                self.resources[address] = replace(live, fields={**live.fields, member: left or None})
            else:
                del self.resources[address]

    def _pay(self, kind: Kind, verb: Any, fields: Fields, live: Live | None) -> None:
        assert self.capabilities.kinds[kind].can(verb), f"{self.name} has no call to {verb} a {kind}"
        self.sent += self.capabilities.cost(kind, verb, fields, live)

    def _check_room(self, address: ResourceAddress, fields: Fields, before: Live | None) -> None:
        """The rules of a domain's limits: how many, how much in all, how much in one."""
        domain = address if address.kind == "domain" else ResourceAddress(self.name, "domain", address.domain or "")
        others = {a: one.fields for a, one in self.resources.items() if a.domain == domain.key and a != address}
        others[address] = fields
        limits = others.get(domain, {})
        mailboxes = [one for a, one in others.items() if a.kind == "mailbox"]
        aliases = sum(a.kind == "alias" for a in others)
        if self.capabilities.catch_all_is_alias:
            aliases += bool(limits.get("catch_all"))
        quotas = [quota for one in mailboxes if isinstance(quota := one.get("quota"), int)]
        used = {"max_mailboxes": len(mailboxes), "max_aliases": aliases, "quota": sum(quotas)}
        used["max_mailbox_quota"] = max(quotas, default=0)
        for name, amount in used.items():
            if isinstance(limit := limits.get(name), int) and amount > limit:
                raise Rejected(f"{domain.key}: {name} is {limit}, and {amount} would be needed")

    def execute(self, step: Step, change_of: Mapping[ResourceAddress, Any]) -> None:
        """One step of a plan, without any fault on the way."""
        secrets = dict.fromkeys(step.secrets, "s3cret")
        if step.verb == "delete":
            if step.requests:
                self.delete(step.address, step.copy or change_of[step.address].live)
        elif step.verb == "update":
            self.update(step.address, step.fields, secrets)
        elif step.removes is None:
            self.create(step.address, step.fields, secrets, step.room)
        elif step.create_first:
            self.create(step.address, step.fields, secrets, step.room)
            self.delete(step.removes, change_of[step.removes].live)
        else:
            self.delete(step.removes, change_of[step.removes].live)
            self.create(step.address, step.fields, secrets, step.room)


Call = tuple[str, ResourceAddress]
Fault = Callable[[str, ResourceAddress], Any]


class FakeAccount:
    """A Holding as an Account. *calls*: what was called, in order. *fault* is asked before each call and may raise; what it
    returns decides: `"lie"` (accept it and do nothing), `"lose"` (do it, and lose the answer), a number (take that long),
    None (do it)."""

    def __init__(self, holding: Holding) -> None:
        self.holding = holding
        self.calls: list[Call] = []
        self.fault: Fault = lambda verb, address: None
        self.fetched = 0
        self.busy = self.most_busy = 0
        self.requests = 0

    async def fetch(self, scope: Scope) -> Snapshot:
        self.fetched += 1
        await self._meet("fetch", ResourceAddress(self.holding.name, "domain", ""), lambda: None)
        return self.holding.snapshot()

    async def create(
        self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room | None = None
    ) -> None:
        await self._meet("create", address, lambda: self.holding.create(address, fields, secrets, room))

    async def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        await self._meet("update", address, lambda: self.holding.update(address, fields, secrets))

    async def delete(self, address: ResourceAddress, live: Live | None = None) -> None:
        await self._meet("delete", address, lambda: self.holding.delete(address, live))

    def live(self, address: ResourceAddress) -> Live | None:
        return self.holding.resources.get(address)

    async def _meet(self, verb: str, address: ResourceAddress, do: Callable[[], None]) -> None:
        self.calls.append((verb, address))
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        try:
            await asyncio.sleep(0)
            met = self.fault(verb, address)
            if isinstance(met, float | int):
                await asyncio.sleep(met)
            if met != "lie":
                do()
            if met == "lose":
                raise OutcomeUnknown("no answer", call=f"{verb.upper()} {address.kind}")
        finally:
            self.busy -= 1


# --- a state in memory


class MemoryState:
    """A ledger backend with a journal: what a kill at any moment would leave."""

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.puts = 0
        self.lines: list[bytes] = []
        self.fault: Callable[[], None] = lambda: None

    def __str__(self) -> str:
        return "memory"

    async def get(self) -> Stored | None:
        return None if self.data is None else Stored(self.data, str(self.puts))

    async def put(self, data: bytes, *, over: Stored | None) -> Stored:
        self.fault()
        if (over.mark if over else None) != (str(self.puts) if self.data is not None else None):
            raise StateOvertaken("somebody wrote in between")
        self.data, self.puts = data, self.puts + 1
        self.lines.clear()
        return Stored(data, str(self.puts))

    async def append(self, line: bytes) -> None:
        self.fault()
        self.lines.append(line)

    async def journal(self) -> list[bytes]:
        return list(self.lines)

    @asynccontextmanager
    async def lock(self, info: LockInfo) -> AsyncIterator[None]:
        yield

    async def unlock(self, lock_id: str) -> None:
        return


LOCK = LockInfo("1", "tester", "here", 1, "mailsync apply", NOW)


# --- a world to plan and apply in


class World:
    """Manifest, providers and ledger, and how they were said to be. Everything goes by the provider's name first."""

    def __init__(self, **providers: Capabilities) -> None:
        self.holdings: dict[str, Holding] = {}
        self.terms: dict[str, Terms] = {}
        self.domains: dict[DomainName, ManagedDomain] = {}
        self.wanted: dict[ResourceAddress, Any] = {}
        self.entries: dict[ResourceAddress, LedgerEntry] = {}
        self.pending: set[ResourceAddress] = set()
        self.removed: set[ResourceAddress] = set()
        self.forgotten: set[ResourceAddress] = set()
        self.policies = Policies()
        self.lineage = "lineage"
        for name, capabilities in providers.items():
            self.provider(name, capabilities)

    def __repr__(self) -> str:
        """The whole story, so that a failing example can be read."""
        live = [
            f"live   {live.address} {dict(live.fields)}"
            for h in self.holdings.values()
            for live in h.resources.values()
        ]
        owned = [
            f"owned  {place} {dict(entry.applied)} {dict(entry.secret_versions)} {entry.protect or ''}"
            for place, entry in self.entries.items()
        ]
        wanted = [
            f"wanted {place} {dict(one.fields)} { {n: v.version for n, v in one.secrets.items()} } {one.protect or ''}"
            for place, one in self.wanted.items()
        ]
        domains = [f"domain {one}" for one in self.domains.values()]
        rest = [
            f"removed {sorted(map(str, self.removed))} forgotten {self.forgotten} pending {self.pending} {self.policies}"
        ]
        return "\n".join(["", *sorted(domains), *sorted(wanted), *sorted(live), *sorted(owned), *rest])

    def provider(self, name: str, capabilities: Capabilities) -> None:
        self.holdings[name] = Holding(name, capabilities)
        self.terms[name] = Terms(capabilities, capabilities.rate, f"sha256:{name}")

    def wants(self, provider: str, *things: Thing) -> None:
        """The manifest says so."""
        from reconciler.model.resources import Desired

        for thing in things:
            place = thing.at(provider)
            if thing.kind == "domain":
                name = DomainName(thing.key)
                self.domains[name] = ManagedDomain(
                    name, provider, thing.options.get("manage", True), thing.options.get("prune")
                )
                if not self.domains[name].manage and "catch_all" not in thing.fields:
                    self.wanted.pop(place, None)
                    continue
            secrets = {
                name: VersionedSecret(SecretRef("env", name.upper()), version)
                for name, version in thing.secrets.items()
            }
            fields = (
                {"url": thing.key, **thing.fields} if thing.kind == "webhook" and "/" in thing.key else thing.fields
            )
            self.wanted[place] = Desired(place, fields, secrets, thing.protect)

    def no_longer_wants(self, *addresses: str) -> None:
        for text in addresses:
            place = address(text)
            self.wanted.pop(place, None)
            if place.kind == "domain":
                self.domains.pop(DomainName(place.key), None)

    def live(self, provider: str, *things: Thing) -> None:
        """The provider has it."""
        for thing in things:
            if thing.kind == "webhook" and "/" in thing.key:
                thing.fields.setdefault("url", thing.key)
            self.holdings[provider].put(thing)

    def copy(self, provider: str, thing: Thing) -> Live:
        """The provider has it once more, and this one is older."""
        main = self.holdings[provider].resources[thing.at(provider)]
        live = replace(main, remote_id=thing.remote_id)
        self.holdings[provider].surplus.append(live)
        return live

    def owns(self, provider: str, *things: Thing) -> None:
        """The ledger says so: mailsync applied these fields."""
        for thing in things:
            held = self.holdings[provider].resources.get(thing.at(provider))
            remote_id = thing.remote_id if thing.remote_id is not None else held.remote_id if held else None
            self.entries[thing.at(provider)] = LedgerEntry(
                thing.fields, remote_id, dict(thing.secrets), thing.protect, True, NOW
            )

    def has(self, provider: str, *things: Thing) -> None:
        """Live and owned."""
        self.live(provider, *things)
        self.owns(provider, *things)

    def settled(self, provider: str, *things: Thing) -> None:
        """Wanted, live and owned."""
        self.wants(provider, *things)
        self.has(provider, *things)

    def consents(self, *addresses: str) -> None:
        """`removed:` lists them."""
        self.removed |= {address(text) for text in addresses}

    def forgets(self, *addresses: str) -> None:
        """`forget:` lists them."""
        self.forgotten |= {address(text) for text in addresses}

    def policy(self, **policies: Any) -> None:
        self.policies = replace(self.policies, **policies)

    @property
    def manifest(self) -> Manifest:
        providers = {name: ProviderConfig(name, t.capabilities.type, {}) for name, t in self.terms.items()}
        lines = {place: Location("mailsync.yaml", 1 + n) for n, place in enumerate(self.wanted)}
        return Manifest(
            root="/",
            providers=providers,
            domains=self.domains,
            resources=self.wanted,
            policies=self.policies,
            removed=frozenset(self.removed),
            forget=frozenset(self.forgotten),
            places=Places(lambda resource, member: lines.get(resource)),
        )

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lineage, 1, self.entries, frozenset(self.pending))

    def situation(self, **options: Any) -> Situation:
        snapshots = {name: holding.snapshot() for name, holding in self.holdings.items()}
        return Situation(self.manifest, snapshots, self.ledger, self.terms, PlanOptions(**options))

    def plan(self, **options: Any) -> Plan:
        return plan(self.situation(**options))

    def execute(self, made: Plan) -> None:
        """Carries a plan out, one step after the other, and keeps the ledger as an apply would."""
        change_of = {change.address: change for change in made.changes}
        for step in made.steps:
            self.holdings[step.address.provider].execute(step, change_of)
        self.record(made)

    def record(self, made: Plan) -> None:
        may_own = self.situation().may_own
        for change in made.changes:
            if change.action in ("delete", "forget") or not may_own(change.address):
                self.entries.pop(change.address, None)
            elif change.desired is not None:
                live = self.holdings[change.address.provider].resources.get(change.address)
                versions = {name: secret.version for name, secret in change.desired.secrets.items()}
                self.entries[change.address] = LedgerEntry(
                    change.desired.fields, live.remote_id if live else None, versions, change.desired.protect, True, NOW
                )
        self.pending = set(made.pending)


def actions(made: Plan) -> dict[str, str]:
    """Address -> action, with the blocks that there are."""
    return {str(c.address): f"{c.action} blocked: {c.blocked.code}" if c.blocked else c.action for c in made.changes}


def codes(made: Plan, severity: str | None = None) -> list[str]:
    return [d.code for d in made.diagnostics if severity is None or d.severity == severity]


def change(made: Plan, text: str) -> Any:
    return next(c for c in made.changes if str(c.address) == text)


def told(made: Plan) -> list[str]:
    """The steps as a reader would tell them: `create hosting/mailbox/…`, `update … quota`."""
    return [_told(step) for step in made.steps]


def _told(step: Step) -> str:
    taking = f" in place of {step.removes}" if step.removes else ""
    fields = f" {' '.join(step.fields)}" if step.verb == "update" and step.fields else ""
    return f"{step.verb} {step.address}{fields}{taking}"


def flow(made: Plan) -> dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return {f.address: (f.effect, f.before, f.after) for f in made.mail_flow}


# --- applying


@dataclass
class Applied:
    """What came of an apply. *ledger*: as the next one would read it."""

    report: Report
    ledger: Ledger
    accounts: Mapping[str, FakeAccount]
    events: list[Event]
    state: MemoryState

    @property
    def outcomes(self) -> dict[str, str]:
        return {str(o.address): o.status for o in self.report.outcomes}

    def outcome(self, text: str) -> Any:
        return next(o for o in self.report.outcomes if str(o.address) == text)

    def calls(self, provider: str = "hosting") -> list[str]:
        return [f"{verb} {place}" for verb, place in self.accounts[provider].calls if verb != "fetch"]
