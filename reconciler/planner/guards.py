"""What may not happen without consent, decided before the first write.

A guard blocks a single change (`Change.blocked`) and thereby the apply, but for `max_change_percent`, which looks at all
changes of a provider together and is a diagnostic.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress, shown_address
from reconciler.model.plan import Block, Change
from reconciler.model.resources import Live
from reconciler.planner.situation import Situation

MAX_CHANGE_PERCENT = "max-change-percent"
# Under ten resources a share says nothing: one of three is a third.
_ENOUGH_TO_COUNT = 10

_ALLOW = "pass --allow-data-loss"
_ASK = f"list it under removed: or {_ALLOW}"


def guarded(changes: Mapping[ResourceAddress, Change], situation: Situation) -> dict[ResourceAddress, Change]:
    """The same changes, each with the reason that blocks it where there is one."""
    mailboxes = _mailboxes_of_deleted_domains(changes, situation)
    return {address: _guard(change, mailboxes, situation) for address, change in changes.items()}


def _mailboxes_of_deleted_domains(
    changes: Mapping[ResourceAddress, Change], situation: Situation
) -> Mapping[ResourceAddress, list[Live]]:
    if not any(change.action == "delete" and change.address.kind == "domain" for change in changes.values()):
        return {}
    mailboxes = defaultdict(list)
    for live in situation.all_live():
        if live.address.kind == "mailbox" and live.address.domain:
            mailboxes[ResourceAddress(live.address.provider, "domain", live.address.domain)].append(live)
    return mailboxes


def _guard(change: Change, mailboxes: Mapping[ResourceAddress, list[Live]], situation: Situation) -> Change:
    if change.action not in ("delete", "replace"):
        return change
    inside = mailboxes.get(change.address, []) if change.address.kind == "domain" else []
    blocked = change.blocked or _protection(change, inside, situation) or _loss(change, inside, situation)
    risk = change.risk
    if change.address.kind == "mailbox" or inside:
        risk = "data-loss"
    return replace(change, blocked=blocked, risk=risk)


def _protection(change: Change, inside: list[Live], situation: Situation) -> Block | None:
    verb = "delete" if change.action == "delete" else "replace"
    if situation.protects(change.address):
        return Block("protect", f"it is protected; set protect: false and apply that first, then {verb} it")
    protected = [mailbox.address.key for mailbox in inside if situation.protects(mailbox.address)]
    return Block("protect", f"it holds the protected mailbox {min(protected)}") if protected else None


def _loss(change: Change, inside: list[Live], situation: Situation) -> Block | None:
    """Deleting or replacing what holds mail needs consent: for a domain, to it and to each of its mailboxes."""
    if situation.options.allow_data_loss:
        return None
    removed = situation.manifest.removed
    if change.address.kind == "mailbox" and change.address not in removed:
        # What is replaced is declared: listing it under removed: would contradict the manifest.
        ask = _ASK if change.action == "delete" else f"a change of {_fields(change)} takes a new mailbox; {_ALLOW}"
        return Block("data-loss", f"holds mail; {ask}")
    if inside and change.address not in removed:
        return Block("data-loss", f"holds {_mailboxes(len(inside))} with mail; {_ASK}")
    missing = [mailbox for mailbox in inside if mailbox.address not in removed]
    if missing:
        return Block("data-loss", f"{_mailboxes(len(missing))} in it not listed under removed:; list them or {_ALLOW}")
    return None


def _fields(change: Change) -> str:
    return ", ".join(field.field for field in change.fields)


def _mailboxes(count: int) -> str:
    return "1 mailbox" if count == 1 else f"{count} mailboxes"


def too_much_at_once(changes: Mapping[ResourceAddress, Change], situation: Situation) -> Iterator[Diagnostic]:
    """A warning per provider at which a larger share changes, or has vanished, than the policy allows."""
    if situation.options.destroy:
        return
    limit = situation.manifest.policies.max_change_percent
    touched = Counter(c.address.provider for c in changes.values() if c.action in ("update", "replace", "delete"))
    gone = _gone(situation)
    owned = Counter(address.provider for address in situation.ledger.resources) if gone else gone
    for name, snapshot in situation.snapshots.items():
        live = len(snapshot.resources) + len(snapshot.surplus)
        if _exceeds(touched[name], live, limit):
            yield _too_much(f"{name}: {touched[name]} of {live} live resources would be changed", limit)
        if _exceeds(gone[name], owned[name], limit):
            yield _too_much(f"{name}: {gone[name]} of {owned[name]} owned resources are suddenly gone", limit)


def _gone(situation: Situation) -> Counter[str]:
    """How many owned resources of each provider are not live."""
    missing = set(situation.ledger.resources)
    for snapshot in situation.snapshots.values():
        missing -= snapshot.resources.keys()
    return Counter(address.provider for address in missing)


def _exceeds(part: int, whole: int, percent: int | float) -> bool:
    return whole >= _ENOUGH_TO_COUNT and part * 100 > whole * percent


def _too_much(what: str, limit: int | float) -> Diagnostic:
    return Diagnostic(
        "warning",
        MAX_CHANGE_PERCENT,
        f"{what}, more than policies.max_change_percent: {limit} allows",
        "apply refuses this; pass --force if it is meant",
    )


def unused_consent(situation: Situation) -> list[Diagnostic]:
    """A consent for something that is neither live nor owned is probably misspelt, or done with."""
    return [
        Diagnostic(
            "warning",
            "unused-consent",
            f"removed: lists {address}, which is neither live nor owned",
            "take it out of removed:, or correct it",
            address=str(address),
        )
        for address in sorted(situation.manifest.removed)
        if situation.live(address) is None and not situation.ledger.owns(address)
    ]


def incomplete(changes: Mapping[ResourceAddress, Change], situation: Situation) -> list[Diagnostic]:
    """A domain that would be created while mailboxes or aliases of it are live: it is there too, and was not listed."""
    missing = {a for a, change in changes.items() if a.kind == "domain" and change.action == "create"}
    inside = {}
    for live in situation.all_live() if missing else ():
        domain = ResourceAddress(live.address.provider, "domain", live.address.domain or "")
        if live.address.kind != "domain" and domain in missing:
            inside[domain] = live.address
    return [
        Diagnostic(
            "error",
            "incomplete-listing",
            f"{domain.provider} lists {shown_address(child.key)} and not its domain: the listing is incomplete",
            "plan again; if it stays so, ask whoever runs the provider",
            address=str(domain),
        )
        for domain, child in sorted(inside.items())
    ]
