"""Who comes before whom.

    level            0        1         2       3
    create, update   domain   mailbox   alias   webhook
    delete           webhook  alias     mailbox domain      the same list reversed, after all of those above

The level orders what is independent (`sequence`); what depends on each other is an edge: inside a domain and between the
two sides of a move (here), for mail (`delivery`), for what a provider edits by itself, and for the room in a domain
(`making_room`).
"""

from collections import defaultdict
from itertools import pairwise

from reconciler.model.location import Diagnostic
from reconciler.model.names import DomainName, ResourceAddress
from reconciler.planner.delivery import keep_mail_flowing
from reconciler.planner.making_room import release_first
from reconciler.planner.removal import goes_with_its_domain
from reconciler.planner.rewriting import write_again_after
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes, Draft, Drafts
from reconciler.planner.worlds import Flows


def connect(drafts: Drafts, changes: Changes, both: Flows, situation: Situation) -> list[Diagnostic]:
    """Gives every draft the drafts that must be done before it. Returns what stands in the way of any order."""
    _inside_domains(drafts, changes, situation)
    _after_moves(drafts, situation)
    keep_mail_flowing(drafts, changes, both)
    write_again_after(drafts, changes, situation)
    return release_first(drafts, changes, situation)


def _inside_domains(drafts: Drafts, changes: Changes, situation: Situation) -> None:
    """A domain's early step comes before its children, its late one after; its deletion after those that need a call of
    their own, and before those that go with it."""
    for address, own in drafts.items():
        for earlier, later in pairwise(own):
            later.wait_for(earlier)
        if not address.domain or address.kind == "domain":
            continue
        domain = drafts.get(ResourceAddress(address.provider, "domain", address.domain), ())
        along = goes_with_its_domain(changes[address], changes, situation)
        for step in domain:
            for child in own:
                _beside_domain(child, step, along=along)


def _beside_domain(child: Draft, domain: Draft, *, along: bool) -> None:
    if domain.verb == "delete":
        # Neither goes without the other.
        first, then = (domain, child) if along else (child, domain)
        then.wait_for(first, needed=True)
        first.needs.append(then)
    elif domain.phase == "early":
        child.wait_for(domain, needed=domain.verb == "create")
    elif domain.phase == "late":
        domain.wait_for(child)


def _after_moves(drafts: Drafts, situation: Situation) -> None:
    """What is deleted of a domain that has moved to another provider goes after all that is made there."""
    moved: dict[DomainName, list[Draft]] = defaultdict(list)
    for address, own in drafts.items():
        if address.domain and situation.here(address.domain, address.provider):
            moved[address.domain].extend(step for step in own if step.verb != "delete")
    for address, own in drafts.items():
        if address.domain in moved and not situation.here(address.domain, address.provider):
            for step in own:
                if step.verb == "delete":
                    step.wait_for(*moved[address.domain])


def depends_on(address: ResourceAddress, drafts: Drafts) -> tuple[ResourceAddress, ...]:
    """The resources that a change waits for: its domain, and those of its steps' predecessors."""
    named = {before.address for draft in drafts.get(address, ()) for before in draft.after}
    deleting = all(draft.verb == "delete" for draft in drafts.get(address, ()))
    if address.domain and address.kind != "domain" and not deleting:
        named.add(ResourceAddress(address.provider, "domain", address.domain))
    return tuple(sorted(named - {address}))
