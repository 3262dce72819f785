"""The rows that a provider lists, as portable resources, and portable fields as the body of a call: one kind, both ways.

Made once per kind, because a listing of a hundred thousand rows pays for every look-up in the table.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

from reconciler.model import names
from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Fields, Live, RemoteId, Value, as_set
from reconciler.providers.rest.answers import nothing
from reconciler.providers.rest.codec import address_key, as_it_is, domain_key, moment
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.table import CLOSED, RECORDS, Call, Field, Kind

_KEYS: Final[Mapping[names.Kind, Callable[[Any], Any]]] = {
    "domain": domain_key,
    "mailbox": address_key,
    "alias": address_key,
    "webhook": as_it_is,
}
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError)


_MADE_AT: Final = "made_at"
T = TypeVar("T")


class Rows:
    """*provider* is the name in the manifest."""

    def __init__(self, provider: str, kind: Kind) -> None:
        self.kind = kind
        self.fixed: Fields = {field.name: field.fixed for field in kind.fields if field.fixed is not None}
        self._provider = provider
        self._key = kind.normal or _KEYS[kind.name]
        self._fields: dict[str, Field] = {field.name: field for field in kind.fields}
        shown = (field for field in kind.fields if not field.write_only and field.fixed is None)
        self._readers = tuple((field.name, field.on_wire, field.codec.from_wire) for field in shown)
        self._row = None if kind.row is as_it_is else kind.row
        self._has_more = bool(kind.newest) or kind.closed is not nothing

    # Reading

    def read(self, items: Iterable[Any]) -> list[Live]:
        """The resources in a list, in its order, the newest last where there is such a thing. Raises ValueError, which
        says which item and field is not what the contract promises."""
        if self.kind.each:
            return self._together(self._each(items, self._record))
        found = self._each(items, self._one)
        if self.kind.newest:
            found.sort(key=lambda live: live.wire[_MADE_AT])
        return found

    def _each(self, items: Iterable[Any], read: Callable[[Any], T]) -> list[T]:
        found: list[T] = []
        item = None
        try:
            for item in items:
                found.append(read(item))
        except _MALFORMED:
            raise ValueError(f"item {len(found) + 1}: {self._complaint(item)}") from None
        return found

    def _one(self, item: Any) -> Live:
        row = self._row(item) if self._row else item
        fields = {name: from_wire(row[wire]) for name, wire, from_wire in self._readers}
        if self.fixed:
            fields.update(self.fixed)
        wire = self._beside(row) if self._has_more else {}
        return Live(self._address(row), fields, self.remote_id(row), self.kind.inert(fields), wire)

    def _beside(self, row: Any) -> dict[str, Any]:
        """What has to be remembered of a row besides its fields."""
        made_at = {_MADE_AT: moment(row[self.kind.newest])} if self.kind.newest else {}
        closed = self.kind.closed(row)
        return {**made_at, CLOSED: closed} if closed else made_at

    def _address(self, row: Any) -> ResourceAddress:
        return ResourceAddress(self._provider, self.kind.name, self.kind.singleton or self._key(row[self.kind.key]))

    def _record(self, item: Any) -> tuple[ResourceAddress, str, RemoteId]:
        """A row that is one member of a resource."""
        [(_, wire, from_wire)] = self._readers
        members = from_wire(item[wire])
        if not isinstance(members, tuple) or len(members) != 1:
            raise ValueError("not exactly one member")
        return self._address(item), members[0], self.remote_id(item)

    def live(
        self,
        address: ResourceAddress,
        fields: Fields,
        remote_id: RemoteId = None,
        wire: Mapping[str, Any] | None = None,
    ) -> Live:
        return Live(address, fields, remote_id, self.kind.inert(fields), wire or {})

    def made(self, body: Any, address: ResourceAddress, wanted: Fields) -> Live:
        """The resource that a create with *wanted* has made, by its answer where that tells. Raises ValueError."""
        fields = {**self.fixed, **wanted}
        if self.kind.answer is None:
            return self.live(address, fields)
        row = self.told(body)
        try:
            told = {name: from_wire(row[wire]) for name, wire, from_wire in self._readers if wire in row}
            return self.live(address, {**fields, **told}, self.remote_id(row))
        except _MALFORMED:
            raise ValueError(f"the new {self.kind.name}: {self._complaint(row)}") from None

    def told(self, body: Any) -> Mapping[str, Any]:
        """The new row in the answer to a create. Raises ValueError."""
        row = body.get(self.kind.answer) if self.kind.answer and isinstance(body, Mapping) else body
        if not isinstance(row, Mapping):
            raise ValueError(f"it does not show the new {self.kind.name}")
        return row

    def remote_id(self, row: Any) -> RemoteId:
        if self.kind.id is None:
            return None
        value = row[self.kind.id]
        if not value or type(value) not in (int, str):
            raise ValueError("not an id")
        return value  # type: ignore[no-any-return]

    def _together(self, records: Iterable[tuple[ResourceAddress, str, RemoteId]]) -> list[Live]:
        """One resource for all rows with one key. Raises ValueError when a row is there twice."""
        found: dict[ResourceAddress, dict[RemoteId, str]] = {}
        seen: set[RemoteId] = set()
        for address, member, remote_id in records:
            if remote_id in seen:
                raise ValueError(f"it lists one {self.kind.name} twice")
            seen.add(remote_id)
            found.setdefault(address, {})[remote_id] = member
        return [self.group(address, members) for address, members in found.items()]

    def group(self, address: ResourceAddress, records: Mapping[Any, str]) -> Live:
        """The resource that these rows are together: the member of each, by its id."""
        fields = {**self.fixed, self.kind.each or "": as_set(records.values())}
        return self.live(address, fields, tuple(records), {RECORDS: dict(records)})

    def _complaint(self, item: Any) -> str:
        try:
            row = self.kind.row(item)
        except _MALFORMED:
            return "it is not what it should be" if isinstance(item, dict) else "it is not an object"
        if not isinstance(row, Mapping):
            return "it is not an object"
        readers: list[tuple[str, Callable[[Any], Any]]] = [(wire, from_wire) for _, wire, from_wire in self._readers]
        if not self.kind.singleton:
            readers.insert(0, (self.kind.key, self._key))
        if self.kind.newest:
            readers.append((self.kind.newest, moment))
        for wire, from_wire in readers:
            if wire not in row:
                return f"it has no {wire!r}"
            try:
                from_wire(row[wire])
            except _MALFORMED:
                return f"{wire!r} is of the wrong type or form"
        return f"{self.kind.id!r} is missing or not an id"

    # Writing

    def body(self, call: Call, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> dict[str, Any]:
        """*fields* and *secrets* on the wire, and what *call* has to hold besides."""
        body: dict[str, Any] = {wire: text.format(**_parts(address)) for wire, text in call.also.items()}
        for name, value in {**fields, **secrets, **call.sets}.items():
            field = self._fields[name]
            if field.fixed is None:
                body[field.on_wire] = field.codec.to_wire(value)
        return body

    def request(self, call: Call, address: ResourceAddress, remote_id: RemoteId, body: Any = None) -> Request:
        parts = {**_parts(address), "id": str(remote_id)}
        path = call.path_of(address).format(**{name: quote(part, safe="") for name, part in parts.items()})
        return Request(call.method, path, body=body, repeatable=call.repeatable or call.method != "POST")

    def overlaid(self, live: Live, fields: Fields) -> dict[str, Value]:
        """All that can be changed, as it is to be."""
        changeable = {name: value for name, value in live.fields.items() if not self._fields[name].create_only}
        return {**changeable, **fields}

    def comparable(self, fields: Fields) -> dict[str, Value]:
        """The part of *fields* that has to read back as it was written."""
        return {name: value for name, value in fields.items() if not (value is True and self._fields[name].one_shot)}


def _parts(address: ResourceAddress) -> dict[str, str]:
    local, _, domain = address.key.rpartition("@")
    return {"key": address.key, "local": local, "domain": domain}
