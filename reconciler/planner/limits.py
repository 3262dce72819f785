"""What a domain has no room for: said before the first write."""

from collections.abc import Callable, Iterator, Mapping

from reconciler.model.location import Diagnostic, Severity
from reconciler.model.names import ResourceAddress, shown_address, shown_domain
from reconciler.model.quantities import format_size
from reconciler.model.resources import Desired
from reconciler.planner.situation import Situation
from reconciler.planner.steps import Changes
from reconciler.planner.usage import COUNTED, Occupancy, is_number, occupancies

_SAID: Mapping[str, Callable[[int], str]] = {
    "max_mailboxes": lambda count: f"{count} mailboxes",
    "max_aliases": lambda count: f"{count} aliases",
    "quota": lambda size: f"mailbox quotas of {format_size(size)} in all",
}


def limit_findings(changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """A finding for each domain and mailbox over a limit: an error where the plan brings it there."""
    for domain, one in occupancies(changes, situation).items():
        yield from _too_full(domain, one, situation)
        yield from _too_large(domain, one, situation)
    yield from _broken_rules(changes, situation)


def _too_full(domain: ResourceAddress, one: Occupancy, situation: Situation) -> Iterator[Diagnostic]:
    for name in COUNTED:
        limit, used = one.wanted.get(name), one.after.of(name)
        if not is_number(limit) or used <= limit:
            continue
        had = one.held.get(name)
        worse = used > one.before.of(name) or not is_number(had) or limit < had
        yield exceeded(
            domain, name, f"would hold {_SAID[name](used)}", limit, situation, "error" if worse else "warning"
        )


def exceeded(
    domain: ResourceAddress, name: str, what: str, limit: int, situation: Situation, severity: Severity = "error"
) -> Diagnostic:
    allowed = format_size(limit) if name == "quota" else str(limit)
    return Diagnostic(
        severity,
        "limit-exceeded",
        f"{shown_domain(domain.key)} {what}, but its `{name}` is {allowed}",
        f"raise `{name}`, or take something out",
        situation.manifest.places(domain, name) or situation.manifest.places(domain),
        str(domain),
    )


def said(name: str, amount: int) -> str:
    return _SAID[name](amount)


def _too_large(domain: ResourceAddress, one: Occupancy, situation: Situation) -> Iterator[Diagnostic]:
    limit, had_limit = one.wanted.get("max_mailbox_quota"), one.held.get("max_mailbox_quota")
    if not is_number(limit):
        return
    lowered = is_number(had_limit) and limit < had_limit
    for address, quota in one.after.quotas.items():
        if quota > limit:
            worse = lowered or quota > one.before.quotas.get(address, 0)
            yield Diagnostic(
                "error" if worse else "warning",
                "limit-exceeded",
                f"{shown_address(address.key)} would have {format_size(quota)}, but `max_mailbox_quota` is "
                f"{format_size(limit)}",
                f"raise `max_mailbox_quota` of {shown_domain(domain.key)}, or lower the quota",
                situation.manifest.places(address, "quota") or situation.manifest.places(address),
                str(address),
            )


def _broken_rules(changes: Changes, situation: Situation) -> Iterator[Diagnostic]:
    """The provider's own rules, on what a resource becomes: `validate` sees the manifest's fields only, and one of two that
    contradict each other may be live."""
    for change in changes.values():
        if change.action != "update" or change.live is None or change.desired is None or change.blocked:
            continue
        for rule in situation.capabilities(change.address.provider).rules:
            held = set(rule(Desired(change.address, change.live.fields)))
            becomes = Desired(change.address, {**change.live.fields, **change.desired.fields})
            for name, message in sorted(set(rule(becomes)) - held):
                place = situation.manifest.places(change.address, name) or situation.manifest.places(change.address)
                yield Diagnostic(
                    "error", "limit-exceeded", f"{shown_address(change.address.key)}: {message}", None, place,
                    str(change.address),
                )  # fmt: skip
