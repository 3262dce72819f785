"""Writes a kind of which one row holds one member only (an alias with one destination), and no row can be changed.

What is new comes first and what is old goes after it, so that there is no moment without either; if it breaks off in
between, there is too much rather than too little, and the next run takes that away.
"""

from collections.abc import Iterable, Mapping

from reconciler.errors import OutcomeUnknown, ProviderError, Rejected
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.resources import Fields, Live, RemoteId
from reconciler.providers.rest.table import RECORDS
from reconciler.providers.rest.writing import Writer


class MembersWriter(Writer):
    """See the module's first lines."""

    async def create(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room) -> None:
        despite = None
        for member in self._wanted(fields):
            despite = await self._add(address, member) or despite
        found = self.held.by_key.get(address.key)
        if despite and found:
            self.adopt(found, fields, despite)

    async def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        live = await self.present(address)
        wanted, had = self._wanted(fields), self._wanted(live.fields)
        try:
            for member in wanted:
                if member not in had:
                    await self._add(address, member)
        except Rejected as refused:
            if len(wanted) != 1 or len(had) != 1 or not self.may_exist(refused):
                raise
            await self._swap(address, had[0], wanted[0])
        await self._remove(address, [member for member in had if member not in wanted])

    async def delete(self, address: ResourceAddress, live: Live | None) -> None:
        if live is not None and address.key not in self.held.by_key:
            self.held.remember(live)
        known = await self.inventory.known(address)
        if known is not None:
            await self._remove(address, self._wanted(known.fields))

    def _wanted(self, fields: Fields) -> tuple[str, ...]:
        members = fields.get(self.kind.each or "")
        return members if isinstance(members, tuple) else ()

    async def _add(self, address: ResourceAddress, member: str) -> ProviderError | None:
        """Adds a row. The error in spite of which it is there, if any."""
        call = self.offered(self.kind.create)
        body = self.rows.body(call, address, {self.kind.each or "": (member,)}, {})
        request = self.rows.request(call, address, None, body)
        sent = await self.send_once(request, address, lambda live: member in self._wanted(live.fields))
        if sent.despite is None:
            with self.inventory.naming(request):
                made = self.rows.made(sent.answer, address, {})
            self._remember(address, {**self._records(address), made.remote_id: member})
        return sent.despite

    async def _remove(self, address: ResourceAddress, members: Iterable[str]) -> None:
        call = self.offered(self.kind.delete)
        leaving = frozenset(members)
        for remote_id, member in self._records(address).items():
            if member in leaving:
                await self.erase(self.rows.request(call, address, remote_id), address, remote_id)
                left = {other: one for other, one in self._records(address).items() if other != remote_id}
                self._remember(address, left)

    async def _swap(self, address: ResourceAddress, old: str, new: str) -> None:
        """Where the service turns out to take one row for each key, the old one has to go first. If the new one is then
        refused all the same, the old one is put back."""
        await self._remove(address, [old])
        try:
            await self._add(address, new)
        except OutcomeUnknown:
            raise
        except ProviderError as error:
            try:
                await self._add(address, old)
            except ProviderError as again:
                what = f"{error.reason}; {address.key} receives nothing now ({again.reason})"
                raise ProviderError(what, provider=self.provider, call=error.call) from again
            raise ProviderError(
                f"{error.reason}; {old} was put back", provider=self.provider, call=error.call
            ) from error

    def _records(self, address: ResourceAddress) -> Mapping[RemoteId, str]:
        known = self.held.by_key.get(address.key)
        return known.wire.get(RECORDS, {}) if known else {}

    def _remember(self, address: ResourceAddress, records: Mapping[RemoteId, str]) -> None:
        if records:
            self.held.remember(self.rows.group(address, records))
        else:
            self.held.forget(address.key)
