"""What has to be listed before a plan can be made: no kind that nobody asked about, none left out that matters."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.model.capability import Terms
from reconciler.model.ledger import Ledger
from reconciler.model.manifest import Manifest
from reconciler.model.names import DomainName, Kind, ResourceAddress
from reconciler.model.snapshot import Scope


def scopes(manifest: Manifest, ledger: Ledger, terms: Mapping[str, Terms]) -> dict[str, Scope]:
    """Per provider: the kinds that manifest or ledger name there, all mail kinds wherever a domain is declared (mail flow
    and ownership need them), webhooks where the manifest declares one. A provider without anything is left out."""
    kinds: dict[str, set[Kind]] = defaultdict(set)
    domains: dict[str, set[DomainName]] = defaultdict(set)
    for domain in manifest.domains.values():
        kinds[domain.provider].update(("domain", "mailbox", "alias"))
        domains[domain.provider].add(domain.name)
    for address in _named(manifest, ledger):
        kinds[address.provider].add(address.kind)
        if address.domain:
            # Deleting a domain takes its children along, so they have to be known.
            kinds[address.provider].update(("domain", "mailbox", "alias"))
            domains[address.provider].add(address.domain)
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
