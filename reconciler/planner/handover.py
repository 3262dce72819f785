"""An address that changes its kind: the mailbox goes and an alias comes, or the other way round, in one step."""

from collections.abc import Mapping

from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Change


def other_kind(address: ResourceAddress) -> ResourceAddress | None:
    """The mailbox of an alias's address, and the other way round."""
    if address.kind == "alias":
        return address._replace(kind="mailbox")
    return address._replace(kind="alias") if address.kind == "mailbox" else None


def handed_over(new: ResourceAddress, changes: Mapping[ResourceAddress, Change]) -> ResourceAddress | None:
    """What a create takes its address from, where that is deleted in the same plan."""
    old = other_kind(new)
    if old is None:
        return None
    create, delete = changes.get(new), changes.get(old)
    if create is None or delete is None or create.blocked or delete.blocked or create.live is not None:
        return None
    return old if (create.action, delete.action) == ("create", "delete") else None
