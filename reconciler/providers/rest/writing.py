"""Writes one kind: sends what the table says, finds out what became of it, and remembers that.

What could be done twice is not repeated blindly: when the outcome of a write is unknown, the resource is looked up first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import AlreadyExists, NotFound, OutcomeUnknown, ProviderError, Rejected
from reconciler.model import names
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.quantities import format_size
from reconciler.model.resources import FIELDS, Fields, Live, RemoteId, Value, same
from reconciler.providers.rest.held import Held
from reconciler.providers.rest.inventory import Inventory
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.table import Call, Creation, RestApi
from reconciler.providers.rest.transport import TRIES, Transport


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a create: the answer, or what is there *despite* an error that turned out to be none."""

    answer: Any = None
    found: Live | None = None
    despite: ProviderError | None = None


class Writer:
    """*provider* is the name in the manifest. *gone*: mailboxes that this account has deleted."""

    def __init__(
        self, api: RestApi, provider: str, held: Held, inventory: Inventory, transport: Transport, gone: set[str]
    ) -> None:
        self.api = api
        self.provider = provider
        self.held = held
        self.kind = held.kind
        self.rows = held.rows
        self.inventory = inventory
        self.transport = transport
        self.gone = gone

    # Creating

    async def create(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room) -> None:
        call = self.offered(self.kind.create)
        complete = {**await self._defaults(address, fields, room), **fields}
        request = self.rows.request(call, address, None, self.rows.body(call, address, complete, secrets))
        before = await self._ids(address)
        sent = await self.send_once(request, address, lambda live: self.kind.unique or live.remote_id not in before)
        if sent.found and sent.despite:
            self.adopt(sent.found, fields, sent.despite)
        else:
            self._remember_made(request, sent.answer, address, complete)
        self.gone.discard(address.key)

    def _remember_made(self, request: Request, answer: Any, address: ResourceAddress, complete: Fields) -> None:
        with self.inventory.naming(request):
            self.held.remember(self.rows.made(answer, address, complete))
            if self.kind.answer is not None:
                self.inventory.remember_inside(address, self.rows.told(answer))

    async def _defaults(self, address: ResourceAddress, fields: Fields, room: Room) -> Fields:
        if not callable(self.kind.defaults):
            return self.kind.defaults
        parent = None
        if self.kind.name != "domain" and address.domain is not None:
            parent = await self.inventory.known(ResourceAddress(self.provider, "domain", address.domain))
        return self.kind.defaults(Creation(address, fields, room, parent))

    async def _ids(self, address: ResourceAddress) -> set[RemoteId]:
        """Where several may have one key, only an id that was not there before proves that a new one is there."""
        if self.kind.unique:
            return set()
        if not self.held.listed:
            await self.inventory.list_again(self.held)
        return {live.remote_id for live in self.held.all(address.key)}

    async def send_once(self, create: Request, address: ResourceAddress, is_it: Callable[[Live], bool]) -> Sent:
        """Sends *create* until what *is_it* recognises is there. Raises what says that it is not."""
        for attempt in range(1, TRIES + 1):
            try:
                return Sent(await self.transport.call(create))
            except OutcomeUnknown as unknown:
                await self.inventory.look_up_after(unknown, address)
                if (found := self._recognised(address, is_it)) is not None:
                    return Sent(None, found, unknown)
                if attempt == TRIES:
                    raise
            except Rejected as refused:
                if not self.may_exist(refused):
                    raise
                await self.inventory.look_up_after(refused, address)
                if (found := self._recognised(address, is_it)) is None:
                    raise
                return Sent(None, found, refused)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def may_exist(self, refused: Rejected) -> bool:
        return isinstance(refused, AlreadyExists) or refused.status in self.api.dialect.may_exist

    def _recognised(self, address: ResourceAddress, is_it: Callable[[Live], bool]) -> Live | None:
        return next(filter(is_it, self.held.all(address.key)), None)

    def adopt(self, found: Live, wanted: Fields, error: ProviderError) -> None:
        """Raises AlreadyExists if *found* is not what was wanted; secrets cannot be compared."""
        differences = self._differences(found, wanted)
        if differences:
            raise AlreadyExists(
                f"it exists already, but is different: {'; '.join(differences)}",
                provider=self.provider,
                call=error.call,
                hint="plan again: what exists will be updated to what the manifest says",
                status=error.status,
            )

    def _differences(self, found: Live, wanted: Fields) -> list[str]:
        return [
            f"{name} is {_spelled(self.kind.name, name, held)}, wanted {_spelled(self.kind.name, name, value)}"
            for name, value in self.rows.comparable(wanted).items()
            if not same(value, held := found.fields[name])
        ]

    # Updating

    async def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        call = self.offered(self.kind.update)
        live = self._as_it_is_now(await self.present(address))
        after = self.rows.overlaid(live, fields)
        body = self.rows.body(call, address, after if call.whole else fields, secrets)
        remote_id = await self.inventory.identified(call, live)
        try:
            await self.transport.call(self.rows.request(call, address, remote_id, body))
        except OutcomeUnknown as unknown:
            found = await self.inventory.look_up_after(unknown, address)
            if secrets or found is None or self._differences(found, fields):
                raise
        self._remember_changed(replace(live, remote_id=remote_id), fields)

    def _remember_changed(self, live: Live, fields: Fields) -> None:
        self.held.remember(self.rows.live(live.address, {**live.fields, **fields}, live.remote_id, live.wire))

    async def present(self, address: ResourceAddress) -> Live:
        if (live := await self.inventory.known(address)) is None:
            raise NotFound(f"{address.kind} {address.key} is not there", provider=self.provider)
        return live

    def _as_it_is_now(self, live: Live) -> Live:
        """Without the destinations that went with their mailboxes: sent again, they would come back."""
        destinations = live.fields.get("destinations")
        if not isinstance(destinations, tuple) or self.gone.isdisjoint(destinations):
            return live
        left = tuple(one for one in destinations if one not in self.gone)
        return replace(live, fields={**live.fields, "destinations": left})

    # Deleting

    async def delete(self, address: ResourceAddress, live: Live | None) -> None:
        call = self.offered(self.kind.delete)
        known = live or await self.inventory.known(address)
        remote_id = await self.inventory.identified(call, known) if known else None
        if (call.needs_id(address) and remote_id is None) or (call.sets and (known is None or known.inert)):
            return
        body = self.rows.body(call, address, self.rows.overlaid(known, {}), {}) if known and call.sets else None
        await self.erase(self.rows.request(call, address, remote_id, body), address, remote_id)
        if known and call.sets:
            self._remember_changed(known, call.sets)
            return
        self.held.forget(address.key, live)
        if address.kind == "mailbox" and self.api.mailbox_delete_edits_aliases:
            self.gone.add(address.key)

    async def erase(self, delete: Request, address: ResourceAddress, remote_id: RemoteId) -> None:
        """Sends *delete*; that nothing is there (any more) is fine."""
        try:
            await self.transport.call(delete)
        except OutcomeUnknown as unknown:
            await self.inventory.look_up_after(unknown, address)
            if self._is_there(address, remote_id):
                raise
        except Rejected as refused:
            if refused.status in self.api.unsure:
                await self.inventory.look_up_after(refused, address)
                if self._is_there(address, remote_id):
                    raise
            elif not isinstance(refused, NotFound):
                raise

    def _is_there(self, address: ResourceAddress, remote_id: RemoteId) -> bool:
        """A resource that is as good as deleted is not."""
        return any(remote_id in ids_of(live) and not live.inert for live in self.held.all(address.key))

    def offered(self, call: Call | None) -> Call:
        if call is None:
            what = f"{self.api.type} has no call to do this with a {self.kind.name}"
            raise ProviderError(what, provider=self.provider)
        return call


def ids_of(live: Live) -> tuple[RemoteId, ...]:
    return live.remote_id if isinstance(live.remote_id, tuple) else (live.remote_id,)


def _spelled(kind: names.Kind, name: str, value: Value) -> str:
    if FIELDS[kind][name] == "size" and isinstance(value, int | str):
        return format_size(value)  # type: ignore[arg-type]
    return ", ".join(value) if isinstance(value, tuple) else repr(value)
