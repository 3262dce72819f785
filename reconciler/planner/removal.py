"""Deleting a domain: its children go with it, whoever they belong to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.names import ResourceAddress, shown_address
from reconciler.model.plan import Block, Change
from reconciler.model.resources import Live
from reconciler.planner.presence import Findings, deletion
from reconciler.planner.situation import Situation

_NAMED = 5  # as many foreign children are named in a block; the rest are counted


def take_children_along(findings: Findings, situation: Situation) -> None:
    """Adds the children of each deleted domain as deletions, or blocks the domain when some are not ours to delete."""
    doomed = [c for c in findings.changes.values() if c.action == "delete" and c.address.kind == "domain"]
    children = _children_by_domain(situation) if doomed else {}
    for change in doomed:
        here = children.get((change.address.provider, change.address.key), [])
        foreign = [child for child in here if not _goes_along(child.address, findings, situation)]
        if foreign:
            findings.changes[change.address] = replace(change, blocked=_foreign(foreign))
        else:
            _delete_all(here, change.address, findings, situation)


def _children_by_domain(situation: Situation) -> Mapping[tuple[str, str], list[Live]]:
    children = defaultdict(list)
    for live in situation.all_live():
        if live.address.domain and live.address.kind != "domain":
            children[live.address.provider, str(live.address.domain)].append(live)
    return children


def _goes_along(address: ResourceAddress, findings: Findings, situation: Situation) -> bool:
    change = findings.changes.get(address)
    if change is not None:
        return change.action == "delete"
    return address in situation.manifest.removed or situation.prune(address) == "all"


def _delete_all(children: list[Live], domain: ResourceAddress, findings: Findings, situation: Situation) -> None:
    cascade = situation.capabilities(domain.provider).cascade
    for child in children:
        if child.address not in findings.changes:
            findings.unmanaged -= 1
        change = findings.changes.get(child.address) or deletion(child)
        note = f"goes with {domain}" if child.address.kind in cascade else change.note
        findings.changes[child.address] = replace(change, note=note)


def _foreign(children: list[Live]) -> Block:
    names = sorted(shown_address(child.address.key) for child in children)[:_NAMED]
    more = f" and {len(children) - _NAMED} more" if len(children) > _NAMED else ""
    return Block(
        "foreign-children",
        f"it has {', '.join(names)}{more}, which mailsync does not own; list each under removed:, or adopt or move them",
    )


def goes_with_its_domain(change: Change, changes: Mapping[ResourceAddress, Change], situation: Situation) -> bool:
    """Whether the provider deletes it itself, with its domain."""
    address = change.address
    if change.action != "delete" or not address.domain or address.kind == "domain":
        return False
    domain = changes.get(ResourceAddress(address.provider, "domain", address.domain))
    cascade = situation.capabilities(address.provider).cascade
    return domain is not None and domain.action == "delete" and address.kind in cascade
