"""An alias and a mailbox with one address, as it shows only at the provider: one is to be created, the other is live there
and stays. (What the manifest alone shows is said by `validate`.)"""

from collections.abc import Iterator

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress, shown_address
from reconciler.model.plan import Change
from reconciler.model.resources import Live
from reconciler.planner.handover import other_kind
from reconciler.planner.side_effects import destinations, wanted_destinations
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes

_A = {"alias": "an alias", "mailbox": "a mailbox"}


def shadowed(changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """An error where the provider refuses it, a warning elsewhere."""
    for address, change in changes.items():
        other = other_kind(address)
        if change.action != "create" or change.live is not None or other is None:
            continue
        live, there = situation.live(other), changes.get(other)
        if live is None or (there is not None and there.action == "delete"):
            continue
        beside = situation.capabilities(address.provider).alias_beside_mailbox
        if not beside or not (other in situation.manifest.resources or _keeps_a_copy(change, live)):
            yield _finding(address, other, situation, beside=beside)


def _keeps_a_copy(change: Change, other: Live) -> bool:
    """Whether the alias goes to the mailbox of its own address too, which needs both."""
    return change.address.key in (*wanted_destinations(change), *destinations(other))


def _finding(address: ResourceAddress, other: ResourceAddress, situation: Situation, *, beside: bool) -> Diagnostic:
    refused = "" if beside else f", and cannot be {_A[address.kind]} as well"
    return Diagnostic(
        "warning" if beside else "error",
        "alias-shadowed",
        f"{shown_address(address.key)} is live at {address.provider} as {_A[other.kind]} already{refused}",
        f"give {other} up there, or declare it instead of {address}",
        situation.manifest.places(address),
        str(address),
    )
