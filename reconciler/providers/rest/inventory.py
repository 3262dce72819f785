"""What an account knows of all its kinds, and the listings that it knows it from.

Asked again, it lists again: when the outcome of a write is unknown, or the provider says that something exists already,
only a listing that began afterwards can tell.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from reconciler.errors import NotFound, ProviderError
from reconciler.model import names
from reconciler.model.names import ResourceAddress
from reconciler.model.report import Event
from reconciler.model.resources import Live, RemoteId
from reconciler.model.snapshot import AccountLimits
from reconciler.providers.base import Surroundings
from reconciler.providers.rest.held import Held
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.pages import items as list_in
from reconciler.providers.rest.rows import Rows
from reconciler.providers.rest.table import Call, Inside, Listing, RestApi
from reconciler.providers.rest.transport import Transport


class Inventory:
    """*pages*: how many calls listing took so far."""

    def __init__(self, api: RestApi, name: str, transport: Transport, around: Surroundings) -> None:
        self.held = {kind.name: Held(Rows(name, kind)) for kind in api.kinds}
        self.pages = 0
        self._name = name
        self._limits = api.limits
        self._transport = transport
        self._tell = around.tell

    # Listing

    async def list_all(self, kinds: frozenset[names.Kind]) -> None:
        """All of these kinds, at the same time; what stands inside others comes with them."""
        wanted = [self._source(held) for kind, held in self.held.items() if kind in kinds]
        await together(self._list(held) for held in dict.fromkeys(wanted))

    async def limits(self) -> AccountLimits:
        if self._limits is None:
            return AccountLimits()
        request = Request("GET", self._limits.path)
        body = await self._page(request, "limits")
        with self.naming(request):
            return self._limits.read(body)

    def _source(self, held: Held) -> Held:
        """The kind whose listing has the rows of *held*."""
        return self.held["domain"] if isinstance(held.kind.listing, Inside) else held

    async def _list(self, held: Held) -> None:
        assert isinstance(held.kind.listing, Listing)
        inside = [one for one in self.held.values() if self._source(one) is held and one is not held]
        began = [(one, one.number()) for one in (held, *inside)]
        items, last = await self._walk(held.kind.listing, held, "")
        with self.naming(last):
            found = [held.rows.read(items)]
        for one in inside:
            found.append(await self._inside(items, found[0], one, last))
        with self.naming(last):
            for (one, at), lives in zip(began, found, strict=True):
                one.replace(lives, at)

    async def _walk(self, listing: Listing, held: Held, key: str) -> tuple[list[Any], Request]:
        """All items, and the last request that was needed for them."""
        address = ResourceAddress(self._name, held.kind.name, key)
        walk = listing.pages(held.rows.request(Call("GET", listing.path), address, None))
        request = next(walk)
        while True:
            body = await self._page(request, held.kind.name)
            with self.naming(request):
                try:
                    request = walk.send(body)
                except StopIteration as end:
                    return end.value, request

    async def _page(self, request: Request, of: str) -> Any:
        body = await self._transport.call(request)
        self.pages += 1
        self._tell(Event("fetching", self._name, message=of, done=self.pages))
        return body

    async def _inside(self, items: list[Any], domains: list[Live], held: Held, request: Request) -> list[Live]:
        """What stands in the rows of the domains, and in lists of their own where those do not show all."""
        where = held.kind.listing
        assert isinstance(where, Inside)
        full: list[str] = []
        found: list[Live] = []
        with self.naming(request):
            for item, live in zip(items, domains, strict=True):
                rows = list_in(item, where.member)
                if where.rest and len(rows) >= where.cap:
                    full.append(live.address.key)
                else:
                    found += self._read_in(live.address.key, held, rows)
        await together(self._rest(where.rest, name, held, found) for name in full if where.rest)
        return found

    async def _rest(self, listing: Listing, name: str, held: Held, found: list[Live]) -> None:
        rows, last = await self._walk(listing, self.held["domain"], name)
        with self.naming(last):
            found += self._read_in(name, held, rows)

    def _read_in(self, name: str, held: Held, rows: Iterable[Any]) -> list[Live]:
        """The resources of a domain, whose rows do not say which domain they are in. Raises ValueError."""
        key = self.held["domain"].kind.key
        try:
            return held.rows.read({**row, key: name} if isinstance(row, Mapping) else row for row in rows)
        except ValueError as error:
            raise ValueError(f"in {name}: {error}") from None

    @contextmanager
    def naming(self, request: Request) -> Iterator[None]:
        """What is wrong with an answer is told with the call that it answers."""
        try:
            yield
        except ValueError as error:
            raise self._transport.reader.broken(request, str(error)) from None

    async def list_again(self, held: Held) -> None:
        """A listing that begins after this call; those who ask while one is under way share the next one."""
        source = self._source(held)
        asked = held.number()
        async with source.lock:
            if held.listed < asked:
                await self._list(source)

    # What is known

    async def known(self, address: ResourceAddress) -> Live | None:
        """As remembered; listed first if that was never done."""
        held = self.held[address.kind]
        if not held.listed and address.key not in held.by_key:
            await self.list_again(held)
        return held.by_key.get(address.key)

    async def look_up(self, address: ResourceAddress) -> Live | None:
        """As the provider holds it now."""
        held = self.held[address.kind]
        if held.kind.one is None:
            await self.list_again(held)
            return held.by_key.get(address.key)
        request = held.rows.request(held.kind.one, address, None)
        try:
            body = await self._transport.call(request)
        except NotFound:
            held.forget(address.key)
            return None
        with self.naming(request):
            held.remember(held.rows.read([body])[0])
        return held.by_key.get(address.key)

    async def look_up_after(self, error: ProviderError, address: ResourceAddress) -> Live | None:
        """As `look_up`; where looking fails too, *error* stays what is known of the call that is asked about."""
        try:
            return await self.look_up(address)
        except ProviderError:
            raise error from None

    async def identified(self, call: Call, live: Live) -> RemoteId:
        """The provider's own id, if *call* needs one. A create that did not tell it is listed."""
        if live.remote_id is not None or not call.needs_id(live.address):
            return live.remote_id
        held = self.held[live.address.kind]
        source = self._source(held)
        async with source.lock:
            known = held.by_key.get(live.address.key)
            if known is not None and known.remote_id is None:
                await self._list(source)
        known = held.by_key.get(live.address.key)
        return known.remote_id if known else None

    def remember_inside(self, address: ResourceAddress, row: Mapping[str, Any]) -> None:
        """What came with a new domain. Raises ValueError."""
        for held in self.held.values():
            where = held.kind.listing
            if isinstance(where, Inside) and address.kind == "domain":
                for live in self._read_in(address.key, held, list_in(row, where.member)):
                    held.remember(live)


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
