"""What a domain or an account has room for: said before the first write, and kept at every step of the way.

Only domains in which the plan changes something are looked at: what is too full already is not this plan's doing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from reconciler.model.location import Diagnostic
from reconciler.model.names import ResourceAddress, shown_domain
from reconciler.model.quantities import format_size
from reconciler.model.resources import Fields, Live, Value
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes, Draft, Drafts


@dataclass(slots=True)
class Usage:
    """What the children of one domain take: how many there are, and their quotas in bytes."""

    mailboxes: int = 0
    aliases: int = 0
    quota: int = 0
    largest: dict[ResourceAddress, int] = field(default_factory=dict)

    def of(self, limit: str) -> int:
        return {"max_mailboxes": self.mailboxes, "max_aliases": self.aliases, "quota": self.quota}[limit]


_SAID: Mapping[str, Callable[[int], str]] = {
    "max_mailboxes": lambda count: f"{count} mailboxes",
    "max_aliases": lambda count: f"{count} aliases",
    "quota": lambda size: f"mailbox quotas of {format_size(size)} in all",
}


def limit_findings(changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """An error for each domain or account that would hold more than it may."""
    before, after = _usage(changes, situation)
    for domain, usage in after.items():
        limits_before, limits = _limits(domain, changes, situation)
        for name, said in _SAID.items():
            limit, had = limits.get(name), limits_before.get(name)
            if _is_number(limit) and usage.of(name) > limit:
                worse = usage.of(name) > before[domain].of(name) or not _is_number(had) or limit < had
                yield _exceeded(domain, name, said(usage.of(name)), limit, worse, situation)
        yield from _too_large(domain, usage, limits.get("max_mailbox_quota"), changes, situation)
    yield from _account_limits(changes, situation)


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _touched(changes: Changes) -> set[ResourceAddress]:
    return {
        ResourceAddress(address.provider, "domain", address.domain)
        for address, change in changes.items()
        if address.domain and change.action in ("create", "update", "replace") and change.blocked is None
    }


def _usage(
    changes: Changes, situation: Situation
) -> tuple[Mapping[ResourceAddress, Usage], Mapping[ResourceAddress, Usage]]:
    touched = _touched(changes)
    before: dict[ResourceAddress, Usage] = defaultdict(Usage)
    after: dict[ResourceAddress, Usage] = defaultdict(Usage)
    for domain in touched:
        _count_catch_all(domain, changes, situation, before[domain], after[domain])
    for live in situation.all_live() if touched else ():
        domain = _domain_of(live.address)
        if domain in touched and live.address != domain:
            change = changes.get(live.address)
            _add(before[domain], live.address, live.fields, None)
            if change is None or change.action != "delete":
                _add(after[domain], live.address, {**live.fields, **(change.after or {} if change else {})}, None)
    for change in changes.values():
        domain = _domain_of(change.address)
        if change.action == "create" and change.address != domain:
            _add(after[domain], change.address, change.after or {}, _default_quota(domain, changes, situation))
    return before, {domain: usage for domain, usage in after.items() if domain in touched}


def _domain_of(address: ResourceAddress) -> ResourceAddress:
    return ResourceAddress(address.provider, "domain", address.domain or "")


def _add(usage: Usage, address: ResourceAddress, fields: Fields, default_quota: int | None) -> None:
    if address.kind == "alias":
        usage.aliases += 1
        return
    usage.mailboxes += 1
    quota = fields.get("quota", default_quota)
    if _is_number(quota):
        usage.quota += quota
        usage.largest[address] = quota


def _default_quota(domain: ResourceAddress, changes: Changes, situation: Situation) -> int | None:
    default = _limits(domain, changes, situation)[1].get("default_mailbox_quota")
    return default if isinstance(default, int) else None


def _count_catch_all(
    domain: ResourceAddress, changes: Changes, situation: Situation, before: Usage, after: Usage
) -> None:
    if not situation.capabilities(domain.provider).catch_all_is_alias:
        return
    had, has = _limits(domain, changes, situation)
    before.aliases += bool(had.get("catch_all"))
    after.aliases += bool(has.get("catch_all"))


def _limits(domain: ResourceAddress, changes: Changes, situation: Situation) -> tuple[Fields, Fields]:
    """The domain's fields before and after: live, and live with the manifest's over them."""
    live, change = situation.live(domain), changes.get(domain)
    held: Mapping[str, Value] = live.fields if live else {}
    return held, {**held, **((change.after or {}) if change else {})}


def _exceeded(
    domain: ResourceAddress, name: str, usage: str, limit: Value, worse: bool, situation: Situation
) -> Diagnostic:
    allowed = format_size(limit) if name == "quota" and isinstance(limit, int) else str(limit)
    return Diagnostic(
        "error" if worse else "warning",
        "limit-exceeded",
        f"{shown_domain(domain.key)} would hold {usage}, but its `{name}` is {allowed}",
        f"raise `{name}`, or take something out",
        situation.manifest.places(domain, name) or situation.manifest.places(domain),
        str(domain),
    )


def _too_large(
    domain: ResourceAddress, usage: Usage, limit: Value, changes: Changes, situation: Situation
) -> Iterator[Diagnostic]:
    if not _is_number(limit):
        return
    for address, quota in usage.largest.items():
        if quota > limit and (address in changes or domain in changes):
            yield Diagnostic(
                "error",
                "limit-exceeded",
                f"{address.key} would have {format_size(quota)}, but `max_mailbox_quota` is {format_size(limit)}",
                f"raise `max_mailbox_quota` of {shown_domain(domain.key)}, or lower the quota",
                situation.manifest.places(address, "quota") or situation.manifest.places(address),
                str(address),
            )


def _account_limits(changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    growth: Counter[tuple[str, str]] = Counter()
    for address, change in changes.items():
        growth[address.provider, address.kind] += (change.action == "create") - (change.action == "delete")
    for name, snapshot in situation.snapshots.items():
        for kind, limit in snapshot.limits.at_most.items():
            there = sum(address.kind == kind for address in snapshot.resources)
            grown = growth[name, kind]
            if grown > 0 and there + grown > limit:
                yield Diagnostic(
                    "error",
                    "limit-exceeded",
                    f"{name}: the account allows {limit} of kind {kind}, and would hold {there + grown}",
                    "take some out, or have the account's plan extended",
                )


def releases_first(drafts: Drafts, changes: Changes, situation: Situation) -> None:
    """Where a domain is so full that what comes does not fit beside what goes, what goes (and waits for nothing) goes
    first. Needed only where the way there is fuller than its end."""
    coming: dict[ResourceAddress, list[Draft]] = defaultdict(list)
    going: dict[ResourceAddress, list[Draft]] = defaultdict(list)
    for address, own in drafts.items():
        if address.kind not in ("mailbox", "alias"):
            continue
        for step in own:
            releases = step.verb == "delete" or _shrinks(step, changes[address].live)
            (going if releases else coming)[_domain_of(address)].append(step)
    for domain in coming.keys() & going.keys():
        if _tight(domain, coming[domain], changes, situation):
            free = [step for step in going[domain] if all(before.phase == "early" for before in step.after)]
            free = [step for step in free if not _waits_for(step, coming[domain])]
            for step in coming[domain]:
                step.after.extend(free)


def _shrinks(step: Draft, live: Live | None) -> bool:
    wanted, held = step.fields.get("quota"), live.fields.get("quota") if live else None
    return step.verb == "update" and _is_number(wanted) and _is_number(held) and wanted < held


def _waits_for(step: Draft, others: list[Draft]) -> bool:
    targets, seen, stack = {id(other) for other in others}, set(), list(step.after)
    while stack:
        one = stack.pop()
        if id(one) in targets:
            return True
        if id(one) not in seen:
            seen.add(id(one))
            stack.extend(one.after)
    return False


def _tight(domain: ResourceAddress, coming: list[Draft], changes: Changes, situation: Situation) -> bool:
    """Whether the domain, at the limits in force meanwhile, cannot hold all that is there and all that comes."""
    before, _ = _usage(changes, situation)
    held, wanted = _limits(domain, changes, situation)
    peak = before[domain]
    news = [step for step in coming if step.verb == "create"]
    counts = {
        "max_mailboxes": peak.mailboxes + sum(step.address.kind == "mailbox" for step in news),
        "max_aliases": peak.aliases + sum(step.address.kind == "alias" for step in news),
        "quota": peak.quota + sum(_grown(step, changes) for step in coming),
    }
    return any(
        count > max((v for v in (held.get(name), wanted.get(name)) if _is_number(v)), default=count)
        for name, count in counts.items()
    )


def _grown(step: Draft, changes: Changes) -> int:
    quota, live = step.fields.get("quota"), changes[step.address].live
    held = live.fields.get("quota") if live and step.verb == "update" else 0
    return max(0, quota - held) if _is_number(quota) and _is_number(held) else 0
