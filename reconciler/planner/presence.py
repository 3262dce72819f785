"""Which action a resource needs, from its presence in manifest, provider and ledger.

    manifest  live  owned   action
    yes       no    -       create
    yes       yes   no      adopt, or an adopting update where a managed field differs
    yes       yes   yes     update or replace where a managed field differs, else nothing
    no        yes   yes     delete, as far as `prune` reaches
    no        yes   no      delete under `prune: all`, within the domains and webhooks that the manifest declares
    no        no    yes     forget

Deleting a domain is more than one resource and has a module of its own (`removal`). Pure; knows no provider.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress, shown_address
from reconciler.model.plan import Block, Change
from reconciler.model.resources import Desired, Live
from reconciler.planner.fields import before_update, differences, needs_replacing, with_versions
from reconciler.planner.situation import Situation


@dataclass(slots=True)
class Findings:
    """What the walk over manifest, providers and ledger brings together. *kept*: live and owned, but left where it is."""

    changes: dict[ResourceAddress, Change] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unchanged: int = 0
    unmanaged: int = 0


def present(situation: Situation) -> Findings:
    """Every action that a single resource needs, by address."""
    findings = Findings(diagnostics=list(_missing_domains(situation)))
    for desired in situation.manifest.resources.values():
        _wanted(desired, situation, findings)
    for live in situation.all_live():
        if live.address not in situation.manifest.resources:
            _unwanted(live, situation, findings)
    for change in _gone(situation):
        findings.changes[change.address] = change
    return findings


def _wanted(desired: Desired, situation: Situation, findings: Findings) -> None:
    live = situation.live(desired.address)
    if live is None:
        if not situation.may_own(desired.address):
            return
        findings.changes[desired.address] = _create(desired, situation, findings)
        return
    change = _compare(desired, live, situation, findings)
    if change is None:
        findings.unchanged += 1
    else:
        findings.changes[desired.address] = change


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


def _create(desired: Desired, situation: Situation, findings: Findings) -> Change:
    kind = situation.capabilities(desired.address.provider).kinds[desired.address.kind]
    given = desired.fields.keys() | desired.secrets.keys()
    for name in sorted(kind.required - given):
        findings.diagnostics.append(
            Diagnostic(
                "error",
                "required-field",
                f"{desired.address} cannot be created without `{name}`",
                f"give it `{name}`",
                situation.manifest.places(desired.address),
                str(desired.address),
            )
        )
    blocked = (
        None if kind.can("create") else Block("unsupported", f"{desired.address.provider} has no call to create it")
    )
    return Change(
        desired.address, "create", None, with_versions(desired), blocked=blocked, desired=desired,
        source=situation.manifest.places(desired.address),
        note="expired or deleted there" if situation.entry(desired.address) else None,
    )  # fmt: skip


def _compare(desired: Desired, live: Live, situation: Situation, findings: Findings) -> Change | None:
    """The update, replacement or adoption that brings *live* to *desired*; None when it is there and owned."""
    entry = situation.entry(desired.address)
    adopting = entry is None and situation.may_own(desired.address)
    changed = differences(desired, live, entry, situation)
    if not changed and not adopting:
        return None
    if adopting:
        _warn_of_assumed_versions(desired, situation, findings)
    change = Change(
        desired.address, "adopt", before_update(desired, live, entry), with_versions(desired), changed,
        adopting=adopting, desired=desired, live=live, source=situation.manifest.places(desired.address),
    )  # fmt: skip
    return _with_verb(change, situation) if changed else change


def _with_verb(change: Change, situation: Situation) -> Change:
    kind = situation.capabilities(change.address.provider).kinds[change.address.kind]
    if not needs_replacing(change.fields, kind):
        return replace(change, action="update")
    if kind.can("create") and kind.can("delete"):
        return replace(change, action="replace")
    names = ", ".join(field.field for field in change.fields)
    blocked = Block(
        "unsupported", f"{change.address.provider} has no call to change {names}; change it in its own panel"
    )
    return replace(change, action="update", blocked=blocked)


def _warn_of_assumed_versions(desired: Desired, situation: Situation, findings: Findings) -> None:
    if desired.address in situation.ledger.pending:
        return
    for name, secret in desired.secrets.items():
        if secret.version > 1:
            findings.diagnostics.append(
                Diagnostic(
                    "warning",
                    "version-assumed",
                    f"{desired.address} is adopted: its `{name}` counts as version {secret.version} and is not sent",
                    f"raise `{name}_version` after the adoption to set it",
                    situation.manifest.places(desired.address, f"{name}_version"),
                    str(desired.address),
                )
            )


def _unwanted(live: Live, situation: Situation, findings: Findings) -> None:
    """What to do with a live resource that the manifest does not name."""
    address = live.address
    owned = situation.ledger.owns(address)
    if address in situation.manifest.forget or live.inert or _only_its_children_are_ours(address, situation):
        if owned:
            findings.changes[address] = _forget(address, situation)
    elif owned and _moved(address, situation):
        _keep_until_consent(address, situation, findings)
    elif covered(address, owned, situation):
        findings.changes[address] = _delete(live, situation, findings)
    elif not owned:
        findings.unmanaged += 1


def _only_its_children_are_ours(address: ResourceAddress, situation: Situation) -> bool:
    return address.kind == "domain" and situation.here(address.domain, address.provider)


def _moved(address: ResourceAddress, situation: Situation) -> bool:
    """Whether the manifest has the address's domain at another provider now, without consent to delete the old one."""
    if not address.domain or address.domain not in situation.manifest.domains:
        return False
    old_domain = ResourceAddress(address.provider, "domain", address.domain)
    moved = not situation.here(address.domain, address.provider)
    return moved and old_domain not in situation.manifest.removed


def _keep_until_consent(address: ResourceAddress, situation: Situation, findings: Findings) -> None:
    if address.kind != "domain" or not address.domain:
        return
    now_at = situation.manifest.domains[address.domain].provider
    findings.diagnostics.append(
        Diagnostic(
            "warning",
            "move-pending",
            f"{address} stays, although {shown_address(address.key)} is at {now_at} now: mail may still arrive there",
            f"list {address} under `removed:` when no mail arrives there any more",
            situation.manifest.places(ResourceAddress(now_at, "domain", address.key)),
            str(address),
        )
    )


def covered(address: ResourceAddress, owned: bool, situation: Situation) -> bool:
    """Whether pruning reaches a live resource that the manifest does not name."""
    prune = situation.prune(address)
    if owned:
        return prune in ("owned", "all")
    if prune != "all" or address.kind == "domain":
        return False
    if address.kind == "webhook":
        return any(a.kind == "webhook" and a.provider == address.provider for a in situation.manifest.resources)
    return situation.here(address.domain, address.provider)


def _delete(live: Live, situation: Situation, findings: Findings) -> Change:
    kind = situation.capabilities(live.address.provider).kinds[live.address.kind]
    if kind.can("delete"):
        return deletion(live)
    findings.diagnostics.append(
        Diagnostic(
            "warning",
            "left-behind",
            f"{live.address} is left behind: {live.address.provider} has no call to delete it",
            "remove it by hand, in the provider's own panel",
            address=str(live.address),
        )
    )
    return _forget(live.address, situation)


def deletion(live: Live) -> Change:
    return Change(live.address, "delete", live.fields, None, live=live)


def _forget(address: ResourceAddress, situation: Situation) -> Change:
    entry = situation.entry(address)
    return Change(address, "forget", entry.applied if entry else None, None)


def _gone(situation: Situation) -> Iterator[Change]:
    """Owned, not in the manifest, and not live any more."""
    for address in situation.ledger.resources:
        if address not in situation.manifest.resources and situation.live(address) is None:
            yield _forget(address, situation)
