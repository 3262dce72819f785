"""The kinds of resource and their fields; a resource as a manifest wants it and as a provider holds it.

A resource is its address and a mapping of the fields that are *managed*: a field left out is not in the mapping. Values
are plain and ready for JSON (text, whole numbers, flags, None, sorted tuples for sets), so that comparing is `==` and
ledger, plan and provider need no conversion between them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from reconciler.model.names import DomainName, Kind, ResourceAddress
from reconciler.model.secret import VersionedSecret

Value = str | int | bool | None | tuple[str, ...]
Fields = Mapping[str, Value]
ValueType = Literal["text", "flag", "size", "count", "addresses", "events", "expiry", "url", "secret"]
RemoteId = str | int | tuple[str | int, ...] | None

FIELDS: Final[Mapping[Kind, Mapping[str, ValueType]]] = {
    "domain": {
        "active": "flag",
        "description": "text",
        "quota": "size",
        "default_mailbox_quota": "size",
        "max_mailbox_quota": "size",
        "max_mailboxes": "count",
        "max_aliases": "count",
        "backup_mx": "flag",
        "catch_all": "addresses",
    },
    "mailbox": {
        "name": "text",
        "password": "secret",
        "quota": "size",
        "active": "flag",
        "force_password_update": "flag",
        "tls_enforce_in": "flag",
        "tls_enforce_out": "flag",
        "expires": "expiry",
    },
    "alias": {"destinations": "addresses", "active": "flag", "description": "text"},
    "webhook": {"url": "url", "events": "events", "secret": "secret", "enabled": "flag"},
}
SECRET_FIELDS: Final = frozenset(
    name for fields in FIELDS.values() for name, value_type in fields.items() if value_type == "secret"
)
# What bounds the children of a domain: raised before they change, lowered after.
LIMIT_FIELDS: Final = frozenset({"quota", "default_mailbox_quota", "max_mailbox_quota", "max_mailboxes", "max_aliases"})


def as_set(members: Iterable[str]) -> tuple[str, ...]:
    """The form in which sets (destinations, events) are held: sorted, each member once."""
    return tuple(sorted(set(members)))


def same(wanted: Value, live: Value) -> bool:
    """Whether two values of a field are equal. An empty text, an empty set and null all mean `nothing`."""
    return wanted == live or (wanted in (None, "", ()) and live in (None, "", ()))


@dataclass(frozen=True, slots=True)
class Desired:
    """A resource as the manifest wants it. *fields* are the managed ones only, without the write-only ones."""

    address: ResourceAddress
    fields: Fields
    secrets: Mapping[str, VersionedSecret] = field(default_factory=dict)
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the provider holds it.

    *fields*: all that the provider reports of the portable fields. *remote_id*: how the provider calls it (a tuple where
    one resource is several records), None when not known yet. *inert*: it is as good as deleted and no call can delete
    it further. *wire*: what the adapter needs besides to write it back (never shown, never stored)."""

    address: ResourceAddress
    fields: Fields
    remote_id: RemoteId = None
    inert: bool = False
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def domain(self) -> DomainName | None:
        return self.address.domain
