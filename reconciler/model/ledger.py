"""What mailsync owns, what it last applied there, and how the provider calls it. Never the source of truth about what
exists: that is fetched live."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Fields, RemoteId


def as_text(remote_id: RemoteId) -> RemoteId:
    """The provider's id as the ledger holds it, in which numbers are texts: it is compared, never counted with."""
    if isinstance(remote_id, tuple):
        return tuple(str(part) for part in remote_id)
    return remote_id if remote_id is None else str(remote_id)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One owned resource. *applied*: the managed fields as last applied. *created*: mailsync made it (False: adopted).
    *updated_at*: UTC, ISO 8601 with Z."""

    applied: Fields
    remote_id: RemoteId = None
    secret_versions: Mapping[str, int] = field(default_factory=dict)
    protect: bool = False
    created: bool = False
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """*lineage* tells ledgers of different origin apart, *serial* counts writes. *pending*: creates that the last apply
    may have sent; one that is live is owned. `Ledger()` is none at all: lineage empty, serial 0."""

    lineage: str = ""
    serial: int = 0
    resources: Mapping[ResourceAddress, LedgerEntry] = field(default_factory=dict)
    pending: frozenset[ResourceAddress] = frozenset()

    @property
    def exists(self) -> bool:
        return bool(self.lineage)

    def owns(self, address: ResourceAddress) -> bool:
        return address in self.resources or address in self.pending
