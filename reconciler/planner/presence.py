"""Which action a resource needs, from its presence in manifest, provider and ledger.

    manifest  live  owned   action
    yes       no    -       create
    yes       yes   no      adopt, or an adopting update where a managed field differs
    yes       yes   yes     update or replace where a managed field differs, else nothing
    no        yes   yes     delete, as far as `prune` reaches
    no        yes   no      delete under `prune: all`, within the domains and webhooks that the manifest declares
    no        no    yes     forget

Three things are more than one resource and have modules of their own: what goes with a deleted domain (`removal`), several
live ones with one natural key (`copies`), what a provider edits by itself (`side_effects`). Pure; knows no provider.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reconciler.model.ledger import LedgerEntry
from reconciler.model.location import Diagnostic
from reconciler.model.names import DomainName, ResourceAddress, shown_address
from reconciler.model.plan import Block, Change
from reconciler.model.resources import Desired, Live
from reconciler.planner.fields import before_update, differences, needs_replacing, with_versions
from reconciler.planner.situation import Situation


@dataclass(slots=True)
class Findings:
    """What the walk over manifest, providers and ledger brings together."""

    changes: dict[ResourceAddress, Change] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unchanged: int = 0
    unmanaged: int = 0


def present(situation: Situation) -> Findings:
    """Every action that a single resource needs, by address."""
    findings = Findings(diagnostics=list(_missing_domains(situation)))
    _walk_over_wanted(situation, findings)
    _walk_over_unwanted(situation, findings)
    for address in situation.ledger.resources.keys() - situation.manifest.resources.keys():
        if situation.live(address) is None:
            findings.changes[address] = _forget(address, situation)
    return findings


def _walk_over_wanted(situation: Situation, findings: Findings) -> None:
    # Nearly all resources of a plan are live, owned and as they should be: this loop is what planning costs.
    lives = {name: snapshot.resources for name, snapshot in situation.snapshots.items()}
    entries = situation.ledger.resources
    unchanged = 0
    for address, desired in situation.manifest.resources.items():
        live, entry = lives[address.provider].get(address), entries.get(address)
        change = None
        if live is None:
            change = _create(desired, situation, findings)
        elif entry is None or address.kind == "domain" or differences(desired, live, entry, situation):
            change = _compare(desired, live, entry, situation, findings)
        if change is not None:
            findings.changes[address] = change
        elif live is not None:
            unchanged += 1
    findings.unchanged = unchanged


def _walk_over_unwanted(situation: Situation, findings: Findings) -> None:
    """The live resources that the manifest does not name. Those of a domain that has moved stay together."""
    kept: set[ResourceAddress] = set()
    for snapshot in situation.snapshots.values():
        for address in snapshot.resources.keys() - situation.manifest.resources.keys():
            _unwanted(snapshot.resources[address], situation, findings, kept)
    findings.diagnostics.extend(_move_pending(domain, situation) for domain in kept)


def _missing_domains(situation: Situation) -> Iterator[Diagnostic]:
    """Domains that have to be there already, because mailsync may not create them, and are not."""
    for domain in situation.manifest.domains.values():
        address = ResourceAddress(domain.provider, "domain", domain.name)
        snapshot = situation.snapshots.get(domain.provider)
        if snapshot is None or "domain" not in snapshot.listed or situation.is_ours(domain.name, domain.provider):
            continue
        if address not in snapshot.resources:
            yield Diagnostic(
                "error",
                "domain-missing",
                f"{shown_address(domain.name)} is not at {domain.provider}, and mailsync may not create it there",
                "create it at the provider, or let mailsync manage it (`manage: true`) where the provider can",
                situation.manifest.places(address),
                str(address),
            )


# --- in the manifest


def _create(desired: Desired, situation: Situation, findings: Findings) -> Change | None:
    if not situation.may_own(desired.address):
        return None
    capabilities = situation.capabilities(desired.address.provider)
    kind = capabilities.kinds[desired.address.kind]
    findings.diagnostics.extend(_left_open(desired, situation))
    unable = Block("unsupported", f"{desired.address.provider} has no call to create it")
    return Change(
        desired.address, "create", None, with_versions(desired), blocked=None if kind.can("create") else unable,
        desired=desired, source=situation.manifest.places(desired.address),
        note="expired or deleted there" if situation.entry(desired.address) else None,
    )  # fmt: skip


def _left_open(desired: Desired, situation: Situation) -> Iterator[Diagnostic]:
    """What a create has to be told and is not."""
    capabilities = situation.capabilities(desired.address.provider)
    given = desired.fields.keys() | desired.secrets.keys()
    place = situation.manifest.places(desired.address)
    for name in sorted(capabilities.kinds[desired.address.kind].required - given):
        message = f"{desired.address} cannot be created without `{name}`"
        yield Diagnostic("error", "required-field", message, f"give it `{name}`", place, str(desired.address))
    if desired.address.kind == "domain" and capabilities.automatic_catch_all and "catch_all" not in given:
        yield Diagnostic(
            "warning",
            "catch-all-left-open",
            f"{shown_address(desired.address.key)} is new and has no `catch_all`: {desired.address.provider} sends all its "
            "mail to the account's own address",
            "give it a `catch_all`; null is none",
            place,
            str(desired.address),
        )


def _compare(
    desired: Desired, live: Live, entry: LedgerEntry | None, situation: Situation, findings: Findings
) -> Change | None:
    """The update, replacement or adoption that brings *live* to *desired*; None when it is there and owned."""
    ours = situation.may_own(desired.address)
    adopting = entry is None and ours
    changed = differences(desired, live, entry, situation)
    if not changed and not adopting:
        # Not ours any more: the domain is under `manage: false` now.
        return _forget(desired.address, situation) if entry is not None and not ours else None
    if adopting:
        findings.diagnostics.extend(_assumed_versions(desired, situation))
    change = Change(
        desired.address, "adopt", before_update(desired, live, entry), with_versions(desired), changed,
        adopting=adopting, desired=desired, live=live, source=situation.manifest.places(desired.address),
    )  # fmt: skip
    return _with_verb(change, situation) if changed else change


def _with_verb(change: Change, situation: Situation) -> Change:
    kind = situation.capabilities(change.address.provider).kinds[change.address.kind]
    if not needs_replacing(change.fields, kind):
        return replace(change, action="update")
    # A new domain instead of the old one would be an empty one.
    if kind.can("create") and kind.can("delete") and change.address.kind != "domain":
        return replace(change, action="replace")
    names = ", ".join(field.field for field in change.fields)
    blocked = Block(
        "unsupported", f"{change.address.provider} has no call to change {names}; change it in its own panel"
    )
    return replace(change, action="update", blocked=blocked)


def _assumed_versions(desired: Desired, situation: Situation) -> Iterator[Diagnostic]:
    """What is adopted has the manifest's version of its secrets, since nobody can tell. A pending create was sent them."""
    if desired.address in situation.ledger.pending:
        return
    for name, secret in desired.secrets.items():
        if secret.version > 1:
            yield Diagnostic(
                "warning",
                "version-assumed",
                f"{desired.address} is adopted: its `{name}` counts as version {secret.version} and is not sent",
                f"raise `{name}_version` after the adoption to set it",
                situation.manifest.places(desired.address, f"{name}_version"),
                str(desired.address),
            )


# --- not in the manifest


def _unwanted(live: Live, situation: Situation, findings: Findings, kept: set[ResourceAddress]) -> None:
    address = live.address
    owned = situation.ledger.owns(address)
    if address in situation.manifest.forget or live.inert or _only_its_children_are_ours(address, situation):
        if owned:
            findings.changes[address] = _forget(address, situation)
    elif owned and (old_domain := _moved(address, situation)):
        kept.add(old_domain)
    elif covered(address, owned, situation):
        _delete(live, owned, situation, findings)
    elif not owned and not _the_providers_own(address, situation):
        findings.unmanaged += 1


def _only_its_children_are_ours(address: ResourceAddress, situation: Situation) -> bool:
    return address.kind == "domain" and situation.here(address.domain, address.provider)


def _moved(address: ResourceAddress, situation: Situation) -> ResourceAddress | None:
    """The old domain, where the manifest has it at another provider now and no consent to delete the old one."""
    if not address.domain or address.domain not in situation.manifest.domains:
        return None
    old_domain = ResourceAddress(address.provider, "domain", address.domain)
    moved = not situation.here(address.domain, address.provider)
    return old_domain if moved and old_domain not in situation.manifest.removed else None


def _move_pending(old: ResourceAddress, situation: Situation) -> Diagnostic:
    now_at = situation.manifest.domains[DomainName(old.key)].provider
    return Diagnostic(
        "warning",
        "move-pending",
        f"{old} stays, although {shown_address(old.key)} is at {now_at} now: mail may still arrive there",
        f"list {old} under `removed:` when no mail arrives there any more",
        situation.manifest.places(ResourceAddress(now_at, "domain", old.key)),
        str(old),
    )


def _the_providers_own(address: ResourceAddress, situation: Situation) -> bool:
    """A domain that nobody could create there is the provider's, not something that was left out."""
    return address.kind == "domain" and not situation.capabilities(address.provider).kinds["domain"].can("create")


def covered(address: ResourceAddress, owned: bool, situation: Situation) -> bool:
    """Whether pruning reaches a live resource that the manifest does not name."""
    prune = situation.prune(address)
    if owned:
        return prune in ("owned", "all")
    if prune != "all" or address.kind == "domain":
        return False
    if address.kind == "webhook":
        return address.provider in situation.declares_webhooks
    return situation.here(address.domain, address.provider)


def _delete(live: Live, owned: bool, situation: Situation, findings: Findings) -> None:
    if situation.capabilities(live.address.provider).kinds[live.address.kind].can("delete"):
        findings.changes[live.address] = deletion(live)
        return
    findings.diagnostics.append(left_behind(live.address))
    if owned:
        findings.changes[live.address] = _forget(live.address, situation)


def left_behind(address: ResourceAddress) -> Diagnostic:
    return Diagnostic(
        "warning",
        "left-behind",
        f"{address} is left behind: {address.provider} has no call to delete it",
        "remove it by hand, in the provider's own panel",
        address=str(address),
    )


def deletion(live: Live) -> Change:
    return Change(live.address, "delete", live.fields, None, live=live)


def _forget(address: ResourceAddress, situation: Situation) -> Change:
    entry = situation.entry(address)
    return Change(address, "forget", entry.applied if entry else None, None)
