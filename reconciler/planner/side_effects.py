"""What a provider does to aliases by itself when a mailbox is deleted, and what the plan has to write again after it.

Some mail servers take a deleted mailbox out of the aliases that go to it, and delete those that go to nothing else; a
catch-all is an alias like any other there. Where the mailbox's address lives on (as an alias, as a new mailbox, through a
catch-all) an alias that stays must not lose it.

    lasting   the mailbox is deleted and its address may go on to be answered
    taken     the address goes over to an alias or a new mailbox in one step

This module says which aliases are in the plan only because of that; `rewriting` says when they, and all others, are
written.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress, shown_address
from reconciler.model.plan import Change, FieldChange
from reconciler.model.resources import Desired, Fields, Live, Value, as_set
from reconciler.planner.fields import before_update, with_versions
from reconciler.planner.handover import handed_over, other_kind
from reconciler.planner.situation import Situation
from reconciler.planner.worlds import Changes, Flows

MEMBER = {"alias": "destinations", "domain": "catch_all"}


@dataclass(slots=True)
class Vanishing:
    """The mailboxes of one provider that are deleted. *taken*: those whose address goes over in one step."""

    lasting: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    @property
    def all(self) -> set[str]:
        return self.lasting | self.taken


def vanishing(changes: Changes, situation: Situation) -> dict[str, Vanishing]:
    """By provider, where deleting a mailbox edits aliases."""
    found: dict[str, Vanishing] = defaultdict(Vanishing)
    for address, change in changes.items():
        if address.kind != "mailbox" or change.blocked or change.action not in ("delete", "replace"):
            continue
        if not situation.capabilities(address.provider).mailbox_delete_edits_aliases:
            continue
        alias = other_kind(address)
        taken = change.action == "replace" or (alias is not None and handed_over(alias, changes) == address)
        (found[address.provider].taken if taken else found[address.provider].lasting).add(address.key)
    return dict(found)


def destinations(live: Live | None) -> tuple[str, ...]:
    """Where a live alias, or a domain's catch-all, goes to."""
    return as_addresses(live.fields.get(MEMBER.get(live.address.kind, ""))) if live else ()


def as_addresses(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def wanted_destinations(change: Change) -> tuple[str, ...]:
    """Where it goes to after the plan: as the manifest says, and as it is live where the manifest leaves that open."""
    if change.action == "delete" or change.desired is None:
        return ()
    member = MEMBER.get(change.address.kind, "")
    return as_addresses(change.desired.fields.get(member, destinations(change.live)))


def staying(change: Change, gone: Vanishing) -> tuple[str, ...]:
    """Where it is to go to when the provider has done its part."""
    wanted = wanted_destinations(change)
    left_open = change.address.kind == "domain" and change.desired and "catch_all" not in change.desired.fields
    return tuple(one for one in wanted if one not in gone.lasting) if left_open else wanted


def catch_alls_left(changes: Changes, situation: Situation) -> dict[ResourceAddress, Fields]:
    """What becomes of catch-alls that the manifest leaves open, when a mailbox of theirs goes for good: nobody asked for
    more than the provider leaves of them. (They would often go round: the address falls to the catch-all.)"""
    found: dict[ResourceAddress, Fields] = {}
    for provider, gone in vanishing(changes, situation).items():
        for live in _holders(provider, gone, situation):
            if live.address.kind == "domain" and not gone.lasting.isdisjoint(destinations(live)):
                desired = situation.manifest.resources.get(live.address)
                if desired is None or "catch_all" not in desired.fields:
                    found[live.address] = {"catch_all": as_set(set(destinations(live)) - gone.lasting)}
    return found


def written_again(changes: Changes, situation: Situation) -> dict[ResourceAddress, Change]:
    """The changes, with those added by which an alias that stays as it is gets back what the provider takes out of it."""
    result = dict(changes)
    for provider, gone in vanishing(changes, situation).items():
        for live in _holders(provider, gone, situation):
            change, desired = changes.get(live.address), situation.manifest.resources.get(live.address)
            if desired is None or (change is not None and change.action not in ("adopt", "forget")):
                continue
            adopted = change if change is not None and change.action == "adopt" else None
            if again := _rewriting(adopted or _unchanged(live, desired, situation), live, gone):
                result[live.address] = again
    return result


def _holders(provider: str, gone: Vanishing, situation: Situation) -> Iterator[Live]:
    """The live aliases and catch-alls that the provider will edit."""
    kinds = {"alias", "domain"} if situation.capabilities(provider).catch_all_is_alias else {"alias"}
    affected = gone.all
    for live in situation.snapshots[provider].resources.values():
        if live.address.kind in kinds and not affected.isdisjoint(destinations(live)):
            yield live


def _unchanged(live: Live, desired: Desired, situation: Situation) -> Change:
    before = before_update(desired, live, situation.entry(live.address))
    place = situation.manifest.places(live.address)
    return Change(live.address, "update", before, with_versions(desired), desired=desired, live=live, source=place)


def _rewriting(change: Change, live: Live, gone: Vanishing) -> Change | None:
    """None where nothing is taken out that has to stay."""
    final = staying(change, gone)
    back = as_set(gone.all & set(final))
    if not back:
        return None
    left, member = as_set(set(destinations(live)) - gone.all) or None, MEMBER[change.address.kind]
    who, provider = " and ".join(shown_address(one) for one in back), change.address.provider
    if left is None and change.address.kind == "alias":
        note = f"written again: {provider} deletes it together with {who}"
        return replace(change, action="create", before=None, rewrites=back, note=note)
    note = f"written again: {provider} takes {who} out of it with the mailbox"
    return replace(
        change, action="update", before={**(change.before or {}), member: left},
        fields=(FieldChange(member, left, final),), rewrites=back, note=note,
    )  # fmt: skip


def edited_by_provider(
    both: Flows, changes: Mapping[ResourceAddress, Change], situation: Situation
) -> Iterator[Diagnostic]:
    """Aliases that are not in the manifest, so that nobody would write them again."""
    after = both.after.world
    for provider, gone in vanishing(changes, situation).items():
        for live in _holders(provider, gone, situation):
            change = changes.get(live.address)
            if live.address in situation.manifest.resources or (change is not None and change.action == "delete"):
                continue
            # Where nothing answers it any more that is the finding (`destination-removed`).
            lost = sorted(one for one in gone.all & set(destinations(live)) if after.node(one) is not None)
            if lost:
                yield _edited(live.address, lost)


def _edited(address: ResourceAddress, lost: list[str]) -> Diagnostic:
    who = " and ".join(shown_address(one) for one in lost)
    return Diagnostic(
        "error",
        "alias-edited",
        f"{address} is not in the manifest, and {address.provider} takes {who} out of it when the plan deletes the mailbox",
        "declare it in the manifest, so that it is written again, or change it at the provider first",
        address=str(address),
    )
