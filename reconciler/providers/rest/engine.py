"""Runs any RestApi: one account, which lists, creates, updates and deletes what the table describes.

An account remembers what it listed (`inventory`) and wrote (`writing`, and `members` where one resource is several rows).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.errors import Rejected
from reconciler.model import names
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.resources import Fields, Live, Value
from reconciler.model.snapshot import AccountLimits, Scope, Snapshot
from reconciler.providers.base import Surroundings
from reconciler.providers.rest.inventory import Inventory
from reconciler.providers.rest.members import MembersWriter
from reconciler.providers.rest.table import CATCH_ALL, CLOSED, RestApi
from reconciler.providers.rest.transport import Transport
from reconciler.providers.rest.writing import Writer


class RestAccount:
    """One account at a provider (see providers.base.Account)."""

    def __init__(self, api: RestApi, name: str, transport: Transport, around: Surroundings) -> None:
        self.api = api
        self.name = name
        self._transport = transport
        self._inventory = Inventory(api, name, transport, around)
        self._held = self._inventory.held
        gone: set[str] = set()
        self._writers = {
            kind: (MembersWriter if held.kind.each else Writer)(api, name, held, self._inventory, transport, gone)
            for kind, held in self._held.items()
        }

    @property
    def requests(self) -> int:
        return self._transport.requests

    async def close(self) -> None:
        await self._transport.close()

    # Listing

    async def fetch(self, scope: Scope) -> Snapshot:
        pages = self._inventory.pages
        await self._inventory.list_all(self._kinds_behind(scope.kinds))
        limits = await self._inventory.limits() if scope.limits else AccountLimits()
        listed = frozenset(kind for kind in self._held if kind in scope.kinds)
        shown = {live.address: live for kind in listed for live in self._shown(kind)}
        surplus = (live for kind in listed for live in self._held[kind].surplus if not self._is_catch_all(live))
        closed = {live.address: why for live in self._domains() if (why := live.wire.get(CLOSED))}
        return Snapshot(self.name, shown, listed, self._inventory.pages - pages, tuple(surplus), limits, closed)

    def _kinds_behind(self, kinds: frozenset[names.Kind]) -> frozenset[names.Kind]:
        """*kinds*, and those whose rows hold a part of them."""
        return kinds | {"alias"} if self._catch_alls and "domain" in kinds else kinds

    def _domains(self) -> Iterable[Live]:
        return self._held["domain"].by_key.values() if "domain" in self._held else ()

    def _shown(self, kind: names.Kind) -> Iterable[Live]:
        lives = self._held[kind].by_key.values()
        if not self._catch_alls:
            return lives
        if kind == "domain":
            return [self._with_catch_all(live) for live in lives]
        return [live for live in lives if not self._is_catch_all(live)]

    def live(self, address: ResourceAddress) -> Live | None:
        live = self._held[address.kind].by_key.get(address.key)
        if live is None or not self._catch_alls or address.kind != "domain":
            return live
        return self._with_catch_all(live)

    # Writing

    async def create(
        self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room | None = None
    ) -> None:
        self._check_open(address)
        await self._writers[address.kind].create(address, self._own(address, fields), secrets, room or Room())
        if self._has_catch_all(address, fields):
            await self._set_catch_all(address, fields[CATCH_ALL])

    async def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        self._check_open(address)
        own = self._own(address, fields)
        if own or secrets:
            await self._writers[address.kind].update(address, own, secrets)
        if self._has_catch_all(address, fields):
            await self._set_catch_all(address, fields[CATCH_ALL])

    async def delete(self, address: ResourceAddress, live: Live | None = None) -> None:
        self._check_open(address)
        await self._writers[address.kind].delete(address, live)
        if address.kind == "mailbox" and self.api.mailbox_delete_edits_aliases and self._catch_alls:
            self._forget_catch_all_of(address)

    def _forget_catch_all_of(self, mailbox: ResourceAddress) -> None:
        """A catch-all that went to nothing but a deleted mailbox went with it: setting it anew is a create."""
        alias = self._alias_of(mailbox._replace(kind="domain", key=mailbox.domain or ""))
        catch_all = self._held["alias"].by_key.get(alias.key)
        if catch_all is not None and catch_all.fields.get("destinations") == (mailbox.key,):
            self._held["alias"].forget(alias.key, None)

    def _check_open(self, address: ResourceAddress) -> None:
        """Raises Rejected for what is in a domain in which nothing can be managed."""
        if address.kind == "domain" or not address.domain or "domain" not in self._held:
            return
        domain = self._held["domain"].by_key.get(address.domain)
        if domain is not None and (why := domain.wire.get(CLOSED)):
            raise Rejected(f"{address.domain}: {why}", provider=self.name)

    # A domain's catch-all, where it is an alias

    @property
    def _catch_alls(self) -> bool:
        return self.api.catch_all_alias is not None

    def _alias_of(self, domain: ResourceAddress) -> ResourceAddress:
        return ResourceAddress(self.name, "alias", f"{self.api.catch_all_alias}@{domain.key}")

    def _with_catch_all(self, domain: Live) -> Live:
        alias = self._held["alias"].by_key.get(self._alias_of(domain.address).key)
        # An alias that is switched off catches nothing.
        on = alias is not None and alias.fields.get("active", True)
        value = alias.fields["destinations"] if alias is not None and on else None
        return replace(domain, fields={**domain.fields, CATCH_ALL: value})

    def _is_catch_all(self, live: Live) -> bool:
        local = self.api.catch_all_alias
        return local is not None and live.address.kind == "alias" and live.address.key.startswith(f"{local}@")

    def _own(self, address: ResourceAddress, fields: Fields) -> Fields:
        """The fields that the resource's own calls write: no fixed ones, no catch-all that has calls of its own."""
        others = set(self._held[address.kind].rows.fixed)
        if self._has_catch_all(address, fields):
            others.add(CATCH_ALL)
        return {name: value for name, value in fields.items() if name not in others} if others else fields

    def _has_catch_all(self, address: ResourceAddress, fields: Fields) -> bool:
        return self._catch_alls and address.kind == "domain" and CATCH_ALL in fields

    async def _set_catch_all(self, domain: ResourceAddress, value: Value) -> None:
        alias = self._alias_of(domain)
        wanted: Fields = {"destinations": value, "active": True}
        if not value:
            await self.delete(alias)
        elif await self._inventory.known(alias) is not None:
            await self.update(alias, wanted, {})
        else:
            await self.create(alias, wanted, {})
