"""All that a plan is made from, in one value: what is desired, live and owned, and on which terms.

`destroy` is the same plan made from another desired side: nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from reconciler.model.capability import Capabilities, Terms
from reconciler.model.ledger import Ledger, LedgerEntry
from reconciler.model.manifest import Manifest, Prune
from reconciler.model.names import DomainName, ResourceAddress
from reconciler.model.plan import PlanOptions
from reconciler.model.resources import Live, Value
from reconciler.model.snapshot import Snapshot


@dataclass(frozen=True)
class Situation:
    """*snapshots* and *terms* by the provider's name in the manifest. *protected*: what is protected although *manifest*
    does not name it."""

    manifest: Manifest
    snapshots: Mapping[str, Snapshot]
    ledger: Ledger
    terms: Mapping[str, Terms]
    options: PlanOptions = PlanOptions()
    protected: frozenset[ResourceAddress] = frozenset()

    def live(self, address: ResourceAddress) -> Live | None:
        snapshot = self.snapshots.get(address.provider)
        return snapshot.resources.get(address) if snapshot else None

    def all_live(self) -> Iterator[Live]:
        for snapshot in self.snapshots.values():
            yield from snapshot.resources.values()

    def entry(self, address: ResourceAddress) -> LedgerEntry | None:
        return self.ledger.resources.get(address)

    def capabilities(self, provider: str) -> Capabilities:
        return self.terms[provider].capabilities

    def here(self, domain: DomainName | None, provider: str) -> bool:
        """Whether the manifest has *domain* at *provider*."""
        declared = self.manifest.domains.get(domain) if domain else None
        return declared is not None and declared.provider == provider

    def prune(self, address: ResourceAddress) -> Prune:
        """The mode that decides about *address* when the manifest does not name it."""
        if self.options.destroy:
            return "owned"
        return self.manifest.prune(address.domain if self.here(address.domain, address.provider) else None)

    def is_ours(self, domain: DomainName | None, provider: str) -> bool:
        """Whether the domain itself is managed: named at this provider, not `manage: false`, and not read-only there."""
        if not domain or not self.here(domain, provider):
            return False
        kind = self.capabilities(provider).kinds.get("domain")
        return self.manifest.domains[domain].manage and kind is not None and kind.can("create")

    def may_own(self, address: ResourceAddress) -> bool:
        """Whether the ledger may hold it. A domain under `manage: false` is somebody else's even when its catch-all is ours:
        were it in the ledger, it would be deleted when it leaves the manifest."""
        if address.kind != "domain":
            return True
        return not self.here(address.domain, address.provider) or self.is_ours(address.domain, address.provider)

    @cached_property
    def declares_webhooks(self) -> frozenset[str]:
        """The providers for which the manifest declares a webhook."""
        return frozenset(address.provider for address in self.manifest.resources if address.kind == "webhook")

    def protects(self, address: ResourceAddress) -> bool:
        """By the manifest where it names the resource; else the ledger remembers."""
        desired = self.manifest.resources.get(address)
        if desired is not None:
            return desired.protect
        entry = self.entry(address)
        return address in self.protected or (entry is not None and entry.protect)

    def counts(self, address: ResourceAddress, name: str, wanted: Value) -> bool:
        """Whether a difference between *wanted* and live in this field is one: not where the provider cannot tell, nor for
        a one-shot flag that the user has used up since it was sent."""
        capability = self.capabilities(address.provider).kinds[address.kind].fields.get(name)
        return capability is None or (capability.reads and not (capability.one_shot and wanted is True))


def nothing_wanted(situation: Situation) -> Situation:
    """The situation of `destroy`: the manifest wants nothing, and whatever is owned and not protected goes."""
    wanted = situation.manifest
    return replace(
        situation,
        manifest=replace(wanted, resources={}, domains={}, forget=frozenset()),
        protected=frozenset(address for address, desired in wanted.resources.items() if desired.protect),
    )
