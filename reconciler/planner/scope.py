"""What has to be listed before a plan can be made: no kind that nobody asked about, none left out that matters."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.model.capability import Terms
from reconciler.model.ledger import Ledger
from reconciler.model.manifest import Manifest
from reconciler.model.names import DomainName, Kind, ResourceAddress
from reconciler.model.plan import Plan
from reconciler.model.snapshot import Scope

# Mail flow needs them all wherever a domain is declared, and a domain that is deleted takes its children along.
_OF_A_DOMAIN: frozenset[Kind] = frozenset({"domain", "mailbox", "alias"})


def scopes(manifest: Manifest, ledger: Ledger, terms: Mapping[str, Terms]) -> dict[str, Scope]:
    """Per provider: the kinds that manifest or ledger name there, and all mail kinds wherever a domain is declared. A
    provider without anything is left out. (`prune: all` covers no further kind: children of declared domains, and webhooks
    where one is declared.)"""
    kinds: dict[str, set[Kind]] = defaultdict(set)
    domains: dict[str, set[DomainName]] = defaultdict(set)
    for domain in manifest.domains.values():
        kinds[domain.provider] |= _OF_A_DOMAIN
        domains[domain.provider].add(domain.name)
    for address in _named(manifest, ledger):
        name = address.domain
        if name is None:
            kinds[address.provider].add(address.kind)
        elif name not in domains[address.provider]:
            kinds[address.provider] |= _OF_A_DOMAIN
            domains[address.provider].add(name)
    return {
        name: Scope(frozenset(wanted), frozenset(domains[name]))
        for name, terms_there in terms.items()
        if (wanted := kinds[name] & terms_there.capabilities.kinds.keys())
    }


def _named(manifest: Manifest, ledger: Ledger) -> Iterable[ResourceAddress]:
    yield from manifest.resources
    yield from manifest.removed
    yield from ledger.resources
    yield from ledger.pending


def bounded_by_account(plan: Plan, terms: Mapping[str, Terms]) -> frozenset[str]:
    """The providers whose account limits have to be listed before *plan* can be relied on: it creates there what they
    bound."""
    return frozenset(
        change.address.provider
        for change in plan.changes
        if change.action == "create" and change.address.kind in terms[change.address.provider].capabilities.bounded
    )
