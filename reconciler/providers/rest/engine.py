"""Runs any RestApi: lists, creates, updates and deletes what its table describes. The only loop here that awaits.

An account remembers what it listed and wrote. When the outcome of a write is unknown, or the provider says that something
exists already, it looks: by natural key, in a listing that began afterwards.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from reconciler.errors import AlreadyExists, NotFound, OutcomeUnknown, ProviderError
from reconciler.model import names
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.quantities import format_size
from reconciler.model.report import Event
from reconciler.model.resources import FIELDS, Fields, Live, RemoteId, Value, same
from reconciler.model.snapshot import Scope, Snapshot
from reconciler.providers.base import Surroundings
from reconciler.providers.rest.held import Held
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.rows import Rows
from reconciler.providers.rest.table import CATCH_ALL, Call, Creation, RestApi, no_defaults
from reconciler.providers.rest.transport import TRIES, Transport


class RestAccount:
    """One account at a provider (see providers.base.Account)."""

    def __init__(self, api: RestApi, name: str, transport: Transport, around: Surroundings) -> None:
        self.api = api
        self.name = name
        self._transport = transport
        self._around = around
        self._held = {kind.name: Held(Rows(name, kind)) for kind in api.kinds}
        self._pages = 0
        self._deleted_mailboxes: set[str] = set()

    @property
    def requests(self) -> int:
        return self._transport.requests

    async def close(self) -> None:
        await self._transport.close()

    # Listing

    async def fetch(self, scope: Scope) -> Snapshot:
        behind = self._kinds_behind(scope.kinds)
        pages = self._pages
        await together(self._list(held) for kind, held in self._held.items() if kind in behind)
        listed = frozenset(kind for kind in self._held if kind in scope.kinds)
        resources = {live.address: live for kind in listed for live in self._shown(kind)}
        surplus = (live for kind in listed for live in self._held[kind].surplus if not self._is_catch_all(live))
        return Snapshot(self.name, resources, listed, self._pages - pages, tuple(surplus))

    def _kinds_behind(self, kinds: frozenset[names.Kind]) -> frozenset[names.Kind]:
        """*kinds*, and those whose rows hold a part of them."""
        return kinds | {"alias"} if self.api.catch_all_alias and "domain" in kinds else kinds

    def _shown(self, kind: names.Kind) -> Iterable[Live]:
        lives = self._held[kind].by_key.values()
        if not self.api.catch_all_alias:
            return lives
        if kind == "domain":
            return [self._with_catch_all(live) for live in lives]
        return [live for live in lives if not self._is_catch_all(live)]

    async def _list(self, held: Held) -> None:
        began = held.number()
        address = ResourceAddress(self.name, held.kind.name, "")
        walk = held.kind.pages(held.rows.request(held.kind.listing, address, None))
        request: Request | None = next(walk)
        while request is not None:
            body = await self._transport.call(request)
            self._pages += 1
            self._around.tell(Event("fetching", self.name, message=held.kind.name, done=self._pages))
            with self._naming(request):
                try:
                    request = walk.send(body)
                except StopIteration as end:
                    held.replace(held.rows.read(end.value), began)
                    request = None

    @contextmanager
    def _naming(self, request: Request) -> Iterator[None]:
        """What is wrong with an answer is told with the call that it answers."""
        try:
            yield
        except ValueError as error:
            raise self._transport.reader.broken(request, str(error)) from None

    async def _list_again(self, held: Held) -> None:
        """A listing that begins after this call; those who ask while one is under way share the next one."""
        asked = held.number()
        async with held.lock:
            if held.listed < asked:
                await self._list(held)

    # What is known

    def live(self, address: ResourceAddress) -> Live | None:
        live = self._held[address.kind].by_key.get(address.key)
        if live is None or not self.api.catch_all_alias or address.kind != "domain":
            return live
        return self._with_catch_all(live)

    def _with_catch_all(self, domain: Live) -> Live:
        alias = self._held["alias"].by_key.get(f"@{domain.address.key}")
        # An alias that is switched off catches nothing.
        on = alias is not None and alias.fields.get("active", True)
        value = alias.fields["destinations"] if alias is not None and on else None
        return replace(domain, fields={**domain.fields, CATCH_ALL: value})

    def _is_catch_all(self, live: Live) -> bool:
        return self.api.catch_all_alias and live.address.kind == "alias" and live.address.key.startswith("@")

    async def _known(self, address: ResourceAddress) -> Live | None:
        """As remembered; listed first if that was never done."""
        held = self._held[address.kind]
        if not held.listed and address.key not in held.by_key:
            await self._list_again(held)
        return held.by_key.get(address.key)

    async def _look_up(self, address: ResourceAddress) -> Live | None:
        """As the provider holds it now."""
        held = self._held[address.kind]
        if held.kind.one is None:
            await self._list_again(held)
            return held.by_key.get(address.key)
        request = held.rows.request(held.kind.one, address, None)
        try:
            body = await self._transport.call(request)
        except NotFound:
            held.forget(address.key)
            return None
        with self._naming(request):
            held.remember(held.rows.read([body])[0])
        return held.by_key.get(address.key)

    async def _look_up_after(self, unknown: OutcomeUnknown, address: ResourceAddress) -> Live | None:
        """As `_look_up`; where looking fails too, the outcome stays unknown."""
        try:
            return await self._look_up(address)
        except ProviderError:
            raise unknown from None

    async def _identified(self, call: Call, live: Live) -> RemoteId:
        """The provider's own id, if *call* needs one. A create that did not tell it is listed."""
        if live.remote_id is not None or not call.by_id:
            return live.remote_id
        held = self._held[live.address.kind]
        async with held.lock:
            known = held.by_key.get(live.address.key)
            if known is not None and known.remote_id is None:
                await self._list(held)
        known = held.by_key.get(live.address.key)
        return known.remote_id if known else None

    # Creating

    async def create(
        self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room | None = None
    ) -> None:
        await self._create(address, self._own(address, fields), secrets, room or Room())
        if self._has_catch_all(address, fields):
            await self._set_catch_all(address, fields[CATCH_ALL])

    async def _create(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room) -> None:
        held = self._held[address.kind]
        call = self._offered(held.kind.create, address)
        complete = {**await self._defaults(address, fields, room), **fields}
        request = held.rows.request(call, address, None, held.rows.body(call, address, complete, secrets))
        if not await self._found_there(request, address, fields):
            held.remember(Live(address, complete))
        self._deleted_mailboxes.discard(address.key)

    async def _defaults(self, address: ResourceAddress, fields: Fields, room: Room) -> Fields:
        kind = self._held[address.kind].kind
        if kind.defaults is no_defaults:
            return {}
        parent = None
        if kind.name != "domain" and address.domain is not None:
            parent = await self._known(ResourceAddress(self.name, "domain", address.domain))
        return kind.defaults(Creation(address, fields, room, parent))

    async def _found_there(self, create: Request, address: ResourceAddress, wanted: Fields) -> bool:
        """Sends *create*. True when it turned out that the resource is there, as wanted, without or in spite of it."""
        for attempt in range(1, TRIES + 1):
            try:
                await self._transport.call(create)
            except AlreadyExists as refused:
                if (found := await self._look_up(address)) is None:
                    raise
                self._adopt(found, wanted, refused)
                return True
            except OutcomeUnknown as unknown:
                if (found := await self._look_up_after(unknown, address)) is not None:
                    self._adopt(found, wanted, unknown)
                    return True
                if attempt == TRIES:
                    raise
            else:
                return False
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _adopt(self, found: Live, wanted: Fields, error: ProviderError) -> None:
        """Raises AlreadyExists if *found* is not what was wanted; secrets cannot be compared."""
        differences = self._differences(found, wanted)
        if differences:
            raise AlreadyExists(
                f"it exists already, but is different: {'; '.join(differences)}",
                provider=self.name,
                call=error.call,
                hint="plan again: what exists will be updated to what the manifest says",
                status=error.status,
            )

    def _differences(self, found: Live, wanted: Fields) -> list[str]:
        kind = found.address.kind
        return [
            f"{name} is {_spelled(kind, name, found.fields[name])}, wanted {_spelled(kind, name, value)}"
            for name, value in self._held[kind].rows.comparable(wanted).items()
            if not same(value, found.fields[name])
        ]

    # Updating

    async def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        own = self._own(address, fields)
        if own or secrets:
            await self._update(address, own, secrets)
        if self._has_catch_all(address, fields):
            await self._set_catch_all(address, fields[CATCH_ALL])

    async def _update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        held = self._held[address.kind]
        call = self._offered(held.kind.update, address)
        live = self._as_it_is_now(await self._present(address))
        after = held.rows.overlaid(live, fields)
        body = held.rows.body(call, address, after if call.whole else fields, secrets)
        remote_id = await self._identified(call, live)
        try:
            await self._transport.call(held.rows.request(call, address, remote_id, body))
        except OutcomeUnknown as unknown:
            found = await self._look_up_after(unknown, address)
            if secrets or found is None or self._differences(found, fields):
                raise
        held.remember(replace(live, fields={**live.fields, **fields}, remote_id=remote_id))

    async def _present(self, address: ResourceAddress) -> Live:
        if (live := await self._known(address)) is None:
            raise NotFound(f"{address.kind} {address.key} is not there", provider=self.name)
        return live

    def _as_it_is_now(self, live: Live) -> Live:
        """Without the destinations that went with their mailboxes: sent again, they would come back."""
        destinations = live.fields.get("destinations")
        if not isinstance(destinations, tuple) or self._deleted_mailboxes.isdisjoint(destinations):
            return live
        left = tuple(one for one in destinations if one not in self._deleted_mailboxes)
        return replace(live, fields={**live.fields, "destinations": left})

    # Deleting

    async def delete(self, address: ResourceAddress, live: Live | None = None) -> None:
        held = self._held[address.kind]
        call = self._offered(held.kind.delete, address)
        known = live or await self._known(address)
        remote_id = await self._identified(call, known) if known else None
        if call.by_id and remote_id is None:
            return
        try:
            await self._transport.call(held.rows.request(call, address, remote_id))
        except NotFound:
            pass
        except OutcomeUnknown as unknown:
            found = await self._look_up_after(unknown, address)
            if found is not None and found.remote_id == remote_id:
                raise
        held.forget(address.key, live)
        if address.kind == "mailbox" and self.api.mailbox_delete_edits_aliases:
            self._deleted_mailboxes.add(address.key)

    # A domain's catch-all, where it is an alias

    def _own(self, address: ResourceAddress, fields: Fields) -> Fields:
        """The fields that the resource's own calls write."""
        if not self._has_catch_all(address, fields):
            return fields
        return {name: value for name, value in fields.items() if name != CATCH_ALL}

    def _has_catch_all(self, address: ResourceAddress, fields: Fields) -> bool:
        return self.api.catch_all_alias and address.kind == "domain" and CATCH_ALL in fields

    async def _set_catch_all(self, domain: ResourceAddress, value: Value) -> None:
        alias = ResourceAddress(self.name, "alias", f"@{domain.key}")
        wanted: Fields = {"destinations": value, "active": True}
        if not value:
            await self.delete(alias)
        elif await self._known(alias) is not None:
            await self._update(alias, wanted, {})
        else:
            await self._create(alias, wanted, {}, Room())

    def _offered(self, call: Call | None, address: ResourceAddress) -> Call:
        if call is None:
            raise ProviderError(f"{self.api.type} has no call to do this with a {address.kind}", provider=self.name)
        return call


async def together(calls: Iterable[Awaitable[None]]) -> None:
    """Awaits all; when one fails, the others are called off and its error is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(_awaited(call))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _awaited(call: Awaitable[None]) -> None:
    await call


def _spelled(kind: names.Kind, name: str, value: Value) -> str:
    if FIELDS[kind][name] == "size" and isinstance(value, int | str):
        return format_size(value)  # type: ignore[arg-type]
    return ", ".join(value) if isinstance(value, tuple) else repr(value)
