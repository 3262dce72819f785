"""The rows that a provider lists, as portable resources, and portable fields as the body of a call: one kind, both ways.

Made once per kind, because a listing of a hundred thousand rows pays for every look-up in the table.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from reconciler.model import names
from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Fields, Live, RemoteId, Value
from reconciler.providers.rest.codec import address_key, as_it_is, domain_key
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.table import Call, Field, Kind

_KEYS: Final[Mapping[names.Kind, Callable[[Any], Any]]] = {
    "domain": domain_key,
    "mailbox": address_key,
    "alias": address_key,
    "webhook": as_it_is,
}
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError)


class Rows:
    """*provider* is the name in the manifest."""

    def __init__(self, provider: str, kind: Kind) -> None:
        self.kind = kind
        self._provider = provider
        self._key = _KEYS[kind.name]
        self._fields: dict[str, Field] = {field.name: field for field in kind.fields}
        self._readers = tuple((f.name, f.on_wire, f.codec.from_wire) for f in kind.fields if not f.write_only)

    def read(self, rows: Iterable[Any]) -> list[Live]:
        """Raises ValueError, which says which row and field is not what the contract promises."""
        found: list[Live] = []
        row = None
        try:
            for row in rows:
                found.append(self.one(row))
        except _MALFORMED:
            raise ValueError(f"item {len(found) + 1}: {self._complaint(row)}") from None
        return found

    def one(self, row: Any) -> Live:
        kind = self.kind
        address = ResourceAddress(self._provider, kind.name, self._key(row[kind.key]))
        fields = {name: from_wire(row[wire]) for name, wire, from_wire in self._readers}
        return Live(address, fields, self.remote_id(row))

    def remote_id(self, row: Any) -> RemoteId:
        if self.kind.id is None:
            return None
        value = row[self.kind.id]
        if not value or type(value) not in (int, str):
            raise ValueError("not an id")
        return value  # type: ignore[no-any-return]

    def _complaint(self, row: Any) -> str:
        if not isinstance(row, dict):
            return "it is not an object"
        readers: list[tuple[str, Callable[[Any], Any]]] = [(self.kind.key, self._key)]
        readers += [(wire, from_wire) for _, wire, from_wire in self._readers]
        for wire, from_wire in readers:
            if wire not in row:
                return f"it has no {wire!r}"
            try:
                from_wire(row[wire])
            except _MALFORMED:
                return f"{wire!r} is of the wrong type or form"
        return f"{self.kind.id!r} is missing or not an id"

    def body(self, call: Call, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> dict[str, Any]:
        """*fields* and *secrets* on the wire, and what *call* has to hold besides."""
        body: dict[str, Any] = {wire: text.format(**_parts(address)) for wire, text in call.also.items()}
        for name, value in {**fields, **secrets}.items():
            field = self._fields[name]
            body[field.on_wire] = field.codec.to_wire(value)
        return body

    def request(self, call: Call, address: ResourceAddress, remote_id: RemoteId, body: Any = None) -> Request:
        parts = {**_parts(address), "id": str(remote_id)}
        path = call.path.format(**{name: quote(part, safe="") for name, part in parts.items()})
        return Request(call.method, path, body=body, repeatable=call.method != "POST")

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
