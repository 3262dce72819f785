"""What a provider is written in: its kinds, their calls and their fields, as data. `engine` runs it.

    RestApi   the provider: settings, credential, dialect, limits, kinds
    Kind      one kind of resource: how it is listed, recognised, created, updated and deleted
    Call      one documented call
    Field     one portable field and its name on the wire, read and written by one codec

Capabilities are read off the table, so what is not in it is refused by `validate` and can never be sent.
"""

import builtins
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.errors import AuthenticationFailed
from reconciler.model import names
from reconciler.model.capability import Capabilities, FieldCapability, KindCapability, Verb
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.quantities import Rate, parse_rate
from reconciler.model.resources import Desired, Fields, Live
from reconciler.providers.base import ProviderSettings, Surroundings
from reconciler.providers.rest.answers import Dialect
from reconciler.providers.rest.auth import Scheme
from reconciler.providers.rest.codec import TEXT, Codec, anything
from reconciler.providers.rest.messages import Method
from reconciler.providers.rest.pages import Pages, single

if TYPE_CHECKING:
    from httpx import AsyncBaseTransport

    from reconciler.providers.rest.engine import RestAccount
    from reconciler.providers.rest.pace import Clock

CATCH_ALL: Final = "catch_all"


@dataclass(frozen=True, slots=True)
class Call:
    """*path*: relative, with {key}, {local}, {domain} (of the resource's key) or {id} (the provider's own) in it. *whole*:
    the body holds every field, live values overlaid with the wanted ones. *also*: what the body has to hold besides the
    fields, with the same placeholders."""

    method: Method
    path: str
    whole: bool = False
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_id(self) -> bool:
        return "{id}" in self.path


@dataclass(frozen=True, slots=True)
class Field:
    """*wire*: its name there, if it is another one. *create_only*: no call changes it. *write_only*: no call shows it.
    *one_shot*: see FieldCapability."""

    name: str
    wire: str = ""
    codec: Codec = TEXT
    create_only: bool = False
    write_only: bool = False
    one_shot: bool = False

    @property
    def on_wire(self) -> str:
        return self.wire or self.name

    @property
    def capability(self) -> FieldCapability:
        return FieldCapability(self.codec.check, not self.create_only, not self.write_only, self.one_shot)


@dataclass(frozen=True, slots=True)
class Creation:
    """A resource to be created. *parent*: its domain as it is live, if it has one."""

    address: ResourceAddress
    fields: Fields
    room: Room
    parent: Live | None


def no_defaults(creation: Creation) -> Fields:
    return {}


@dataclass(frozen=True, slots=True)
class Kind:
    """*listing*: gives all of them, by *pages*. *key*: the wire field with the natural key (an address, a domain, a URL);
    *id*: the one with the provider's own, if calls need that. *one*: shows a single one, for looking up. *defaults*: what
    a create sends for fields that the manifest leaves open. *required*: what it may not leave open."""

    name: names.Kind
    listing: Call
    key: str
    fields: tuple[Field, ...]
    id: str | None = None
    one: Call | None = None
    create: Call | None = None
    update: Call | None = None
    delete: Call | None = None
    pages: Pages = single
    defaults: Callable[[Creation], Fields] = no_defaults
    required: frozenset[str] = frozenset()

    def call(self, verb: Verb) -> Call | None:
        return {"create": self.create, "update": self.update, "delete": self.delete}[verb]

    @property
    def capability(self) -> KindCapability:
        verbs: tuple[Verb, ...] = ("create", "update", "delete")
        return KindCapability(
            verbs=frozenset(verb for verb in verbs if self.call(verb)),
            fields={field.name: field.capability for field in self.fields},
            required=self.required,
        )


@dataclass(frozen=True, slots=True)
class RestApi:
    """A provider type, as a table.

    *catch_all_alias*: a domain's catch-all is the alias without a local part (`@example.com`), written by calls of its own
    and no alias to anybody else. The rest: see Capabilities."""

    type: str
    settings: builtins.type[ProviderSettings]
    auth: Scheme
    dialect: Dialect
    kinds: tuple[Kind, ...]
    rate: Rate | None = None
    catch_all_alias: bool = False
    rules: tuple[Callable[[Desired], Iterable[tuple[str, str]]], ...] = ()
    cascade: frozenset[names.Kind] = frozenset()
    alias_beside_mailbox: bool = False
    mailbox_delete_edits_aliases: bool = False

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        kinds = {kind.name: kind.capability for kind in self.kinds}
        if self.catch_all_alias:
            domain = kinds["domain"]
            catch_all = FieldCapability(anything)
            kinds["domain"] = KindCapability(domain.verbs, {**domain.fields, CATCH_ALL: catch_all}, domain.required)
        return Capabilities(
            type=self.type,
            kinds=kinds,
            rate=self.rate,
            rules=self.rules,
            cost=self.cost,
            cascade=self.cascade,
            alias_beside_mailbox=self.alias_beside_mailbox,
            mailbox_delete_edits_aliases=self.mailbox_delete_edits_aliases,
        )

    def cost(self, kind: names.Kind, verb: Verb, fields: Fields, live: Live | None) -> int:
        """The changing calls of *verb* with exactly *fields*: what the engine makes."""
        if kind != "domain" or not self.catch_all_alias or CATCH_ALL not in fields or verb == "delete":
            return 1
        if verb == "create":
            return 2 if fields[CATCH_ALL] else 1
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

        rate = self.rate if settings.rate_limit is None else parse_rate(settings.rate_limit)
        try:
            auth = self.auth(settings)
        except ValueError as error:
            raise AuthenticationFailed(f"{error}; nothing was sent", provider=name) from None
        transport = Transport(
            name, settings, around, rate=rate, auth=auth, dialect=self.dialect, clock=clock, over=over
        )
        return RestAccount(self, name, transport, around)
