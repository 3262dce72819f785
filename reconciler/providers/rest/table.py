"""What a provider is written in: its kinds, their calls and their fields, as data. `engine` runs it.

    RestApi   the provider: settings, credential, dialect, limits, kinds
    Kind      one kind of resource: how it is listed, recognised, created, updated and deleted
    Listing   how its rows are obtained; Inside: they stand in the rows of their domain
    Call      one documented call
    Field     one portable field and its name on the wire, read and written by one codec

Capabilities are read off the table, so what is not in it is refused by `validate` and can never be sent.
"""

import builtins
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import AuthenticationFailed
from reconciler.model import names
from reconciler.model.capability import Capabilities, FieldCapability, KindCapability, Verb
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.quantities import Rate, parse_rate
from reconciler.model.resources import Desired, Fields, Live, Value
from reconciler.model.snapshot import AccountLimits
from reconciler.providers.base import ProviderSettings, Surroundings
from reconciler.providers.rest.answers import Dialect, nothing
from reconciler.providers.rest.auth import Scheme
from reconciler.providers.rest.codec import TEXT, Codec, always, anything, as_it_is
from reconciler.providers.rest.messages import Method
from reconciler.providers.rest.pages import Pages, single

if TYPE_CHECKING:
    from httpx import AsyncBaseTransport

    from reconciler.providers.rest.engine import RestAccount
    from reconciler.providers.rest.pace import Clock

CATCH_ALL: Final = "catch_all"
# In Live.wire of a resource that is several rows: the member of each row, by the row's id.
RECORDS: Final = "records"
# In Live.wire of a domain: why what is in it cannot be managed.
CLOSED: Final = "closed"


@dataclass(frozen=True, slots=True)
class Call:
    """*path*: relative, with {key}, {local}, {domain} (of the resource's key) or {id} (the provider's own) in it; a
    function where it depends on the resource. *whole*: the body holds every field, live values overlaid with the wanted
    ones. *also*: what the body has to hold besides the fields, with the same placeholders. *sets*: fields to which the
    call itself gives a value. *repeatable*: a POST that, sent twice, does no more than once."""

    method: Method
    path: str | Callable[[ResourceAddress], str]
    whole: bool = False
    also: Mapping[str, str] = field(default_factory=dict)
    sets: Fields = field(default_factory=dict)
    repeatable: bool = False

    def path_of(self, address: ResourceAddress) -> str:
        return self.path if isinstance(self.path, str) else self.path(address)

    def needs_id(self, address: ResourceAddress) -> bool:
        return "{id}" in self.path_of(address)


@dataclass(frozen=True, slots=True)
class Listing:
    """A GET of *path*, by *pages*."""

    path: str
    pages: Pages = single


@dataclass(frozen=True, slots=True)
class Inside:
    """The rows stand in the rows of their domains, as *member*. A domain that shows *cap* of them may have more, which
    *rest* lists then (its path has the domain as {key})."""

    member: str
    cap: int = 0
    rest: Listing | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """*wire*: its name there, if it is another one. *create_only*: no call changes it. *write_only*: no call shows it.
    *one_shot*: see FieldCapability. *fixed*: it has always this value, and is not on the wire at all."""

    name: str
    wire: str = ""
    codec: Codec = TEXT
    create_only: bool = False
    write_only: bool = False
    one_shot: bool = False
    fixed: Value = None

    @property
    def on_wire(self) -> str:
        return self.wire or self.name

    @property
    def capability(self) -> FieldCapability:
        if self.fixed is not None:
            return FieldCapability(always(self.fixed), fixed=True)
        return FieldCapability(self.codec.check, not self.create_only, not self.write_only, self.one_shot)


@dataclass(frozen=True, slots=True)
class Creation:
    """A resource to be created. *parent*: its domain as it is live, if it has one."""

    address: ResourceAddress
    fields: Fields
    room: Room
    parent: Live | None


def never(value: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource.

    How its rows are read: *listing* gives all of them; *row* makes of an item the row that the rest speaks of. *key*:
    the wire field with the natural key (an address, a domain, a URL), which *normal* brings into the form in which it is
    compared if that is not the usual one; *singleton*: the key where there is but one. *id*: the wire field with the
    provider's own, if calls need that. *each*: the field of which a row holds one member only, so that all rows with one
    key are one resource. *newest*: the wire field with the time that tells the newest of several with one key. *closed*:
    why what is in a domain cannot be managed. *one*: the call that shows a single row, for looking up.

    How it is written: *create*, *update*, *delete*; *answer*: the member of the answer to a create that is the new row
    ("" for the whole answer, None where it does not tell). *defaults*: what a create sends for fields that the manifest
    leaves open. *required*: what it may not leave open. *unique*: False where several may have one key. *inert*: whether
    fields mean that it is as good as deleted."""

    name: names.Kind
    listing: Listing | Inside
    key: str
    fields: tuple[Field, ...]
    row: Callable[[Any], Any] = as_it_is
    normal: Callable[[Any], str] | None = None
    singleton: str | None = None
    id: str | None = None
    each: str | None = None
    newest: str | None = None
    closed: Callable[[Any], str | None] = nothing
    one: Call | None = None
    create: Call | None = None
    update: Call | None = None
    delete: Call | None = None
    answer: str | None = None
    defaults: Fields | Callable[[Creation], Fields] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    unique: bool = True
    inert: Callable[[Fields], bool] = never

    @property
    def verbs(self) -> frozenset[Verb]:
        calls: dict[Verb, Call | None] = {"create": self.create, "update": self.update, "delete": self.delete}
        # Members that come and go are an update, too.
        return frozenset(v for v, call in calls.items() if call or (v == "update" and self.each and self.delete))

    @property
    def capability(self) -> KindCapability:
        return KindCapability(
            verbs=self.verbs,
            fields={field.name: field.capability for field in self.fields},
            required=self.required,
            singleton=self.singleton,
            inherent_key=self._inherent_key,
            replace_create_first=not self.unique,
        )

    @property
    def _inherent_key(self) -> str | None:
        return next((field.name for field in self.fields if field.on_wire == self.key and not self.singleton), None)


@dataclass(frozen=True, slots=True)
class Limits:
    """The call that tells how many of these *kinds* the account may hold; *read* gives what its answer says, and raises
    ValueError."""

    path: str
    read: Callable[[Any], AccountLimits]
    kinds: frozenset[names.Kind]


@dataclass(frozen=True, slots=True)
class RestApi:
    """A provider type, as a table.

    *anonymous_rate*: the limit of calls without a credential (logging in). *limits*: where the account's own are told.
    *catch_all_alias*: the local part of the alias that is a domain's catch-all (empty: `@example.com`); it is written by
    calls of its own and no alias to anybody else. *unsure*: the statuses of a delete that leave open whether it is gone:
    the list decides. The rest: see Capabilities."""

    type: str
    settings: builtins.type[ProviderSettings]
    auth: Scheme
    dialect: Dialect
    kinds: tuple[Kind, ...]
    rate: Rate | None = None
    anonymous_rate: Rate | None = None
    limits: Limits | None = None
    catch_all_alias: str | None = None
    automatic_catch_all: bool = False
    unsure: frozenset[int] = frozenset()
    rules: tuple[Callable[[Desired], Iterable[tuple[str, str]]], ...] = ()
    cascade: frozenset[names.Kind] = frozenset()
    alias_beside_mailbox: bool = False
    mailbox_delete_edits_aliases: bool = False
    regex_aliases: bool = False
    url_destinations: bool = False

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        return Capabilities(
            type=self.type,
            kinds={kind.name: self._capability(kind) for kind in self.kinds},
            rate=self.rate,
            rules=self.rules,
            cost=self.cost,
            cascade=self.cascade,
            alias_beside_mailbox=self.alias_beside_mailbox,
            mailbox_delete_edits_aliases=self.mailbox_delete_edits_aliases,
            catch_all_is_alias=self.catch_all_alias is not None,
            automatic_catch_all=self.automatic_catch_all,
            bounded=self.limits.kinds if self.limits else frozenset(),
            regex_aliases=self.regex_aliases,
            url_destinations=self.url_destinations,
        )

    def _capability(self, kind: Kind) -> KindCapability:
        capability = kind.capability
        if kind.name != "domain" or self.catch_all_alias is None:
            return capability
        fields = {**capability.fields, CATCH_ALL: FieldCapability(anything)}
        return replace(capability, verbs=capability.verbs | {"update"}, fields=fields)

    def cost(self, kind: names.Kind, verb: Verb, fields: Fields, live: Live | None) -> int:
        """The changing calls of *verb* with exactly *fields*: what the engine makes."""
        table = next(one for one in self.kinds if one.name == kind)
        if table.each:
            return _cost_of_members(table.each, verb, fields, live)
        if kind != "domain" or self.catch_all_alias is None or CATCH_ALL not in fields or verb == "delete":
            return 1
        if verb == "create":
            return 2 if fields[CATCH_ALL] or self.automatic_catch_all else 1
        return 1 if len(fields) == 1 else 2

    @asynccontextmanager
    async def open(
        self, name: str, settings: ProviderSettings, around: Surroundings
    ) -> AsyncGenerator["RestAccount", None]:
        account = self.connect(name, settings, around)
        try:
            yield account
        finally:
            await account.close()

    def connect(
        self,
        name: str,
        settings: ProviderSettings,
        around: Surroundings,
        clock: "Clock | None" = None,
        over: "AsyncBaseTransport | None" = None,
    ) -> "RestAccount":
        """The account, to be closed by the caller. *clock* and *over* (instead of the network) are for tests."""
        # Imported here: httpx and asyncio cost most of the start of commands that talk to nobody.
        from reconciler.providers.rest.engine import RestAccount
        from reconciler.providers.rest.transport import Transport

        try:
            auth = self.auth(settings)
        except ValueError as error:
            raise AuthenticationFailed(f"{error}; nothing was sent", provider=name) from None
        transport = Transport(
            name, settings, around, rates=self._rates(settings), auth=auth, dialect=self.dialect, clock=clock, over=over
        )
        return RestAccount(self, name, transport, around)

    def _rates(self, settings: ProviderSettings) -> tuple[Rate | None, Rate | None]:
        """How fast to call at most, with the credential and without."""
        if settings.rate_limit is None:
            return self.rate, self.anonymous_rate or self.rate
        asked = parse_rate(settings.rate_limit)
        return asked, asked and (self.anonymous_rate or asked)


def _cost_of_members(each: str, verb: Verb, fields: Fields, live: Live | None) -> int:
    """A call for each row that comes or goes."""
    if verb == "delete":
        return len(live.remote_id) if live and isinstance(live.remote_id, tuple) else 1
    wanted, held = _members(fields.get(each)), _members(live.fields.get(each)) if live else set()
    if verb == "create" or each not in fields:
        return len(wanted)
    leaving = held - wanted
    rows: Mapping[Any, str] = live.wire.get(RECORDS, {}) if live else {}
    return len(wanted - held) + (sum(member in leaving for member in rows.values()) if rows else len(leaving))


def _members(value: Value) -> set[str]:
    return set(value) if isinstance(value, tuple) else set()
