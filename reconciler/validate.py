"""Whether the chosen providers can hold what the manifest wants, as far as the manifest alone shows it.

What depends on what is live (a field that only a create needs, limits of the account, where mail ends up) is for the
planner. Pure: Manifest + Capabilities -> Diagnostics.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.capability import Capabilities, KindCapability
from reconciler.model.location import Diagnostic, Severity
from reconciler.model.manifest import ManagedDomain, Manifest
from reconciler.model.names import DomainName, Kind, ResourceAddress, shown_address, shown_domain
from reconciler.model.quantities import format_size
from reconciler.model.resources import Desired, Fields, Value

_PLURAL: Mapping[Kind, str] = {
    "domain": "domains",
    "mailbox": "mailboxes",
    "alias": "aliases",
    "webhook": "webhooks",
}
_LIMITS: Mapping[Kind, str] = {"mailbox": "max_mailboxes", "alias": "max_aliases"}


def supported(manifest: Manifest, capabilities: Mapping[str, Capabilities]) -> tuple[Diagnostic, ...]:
    """What the providers cannot hold, whatever is live. *capabilities*: of each provider of the manifest, by its name
    there."""
    check = _Check(manifest, capabilities)
    return (*check.resources(), *check.shadowed())


def validate(manifest: Manifest, capabilities: Mapping[str, Capabilities]) -> tuple[Diagnostic, ...]:
    """All that is wrong as far as the manifest alone shows it. A plan asks `supported` only, and judges the rest by what is
    live: what was so already is a warning there."""
    return (*supported(manifest, capabilities), *_Check(manifest, capabilities).domains())


@dataclass(slots=True)
class _Children:
    """What the manifest wants in one domain."""

    mailboxes: list[Desired] = field(default_factory=list)
    aliases: list[Desired] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Desired]:
        return self.mailboxes if kind == "mailbox" else self.aliases


@dataclass(frozen=True, slots=True)
class _Check:
    manifest: Manifest
    capabilities: Mapping[str, Capabilities]

    def _finding(
        self,
        code: str,
        message: str,
        address: ResourceAddress,
        member: str | None = None,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> Diagnostic:
        return Diagnostic(severity, code, message, hint, self.manifest.places(address, member), str(address))

    # One resource

    def resources(self) -> Iterator[Diagnostic]:
        for address, desired in self.manifest.resources.items():
            capable = self.capabilities.get(address.provider)
            if capable is None:
                continue
            kind = capable.kinds.get(address.kind)
            if kind is None:
                yield self._no_kind(address, capable)
                continue
            for name, value in desired.fields.items():
                yield from self._value(address, capable, kind, name, value)
            for name in desired.secrets:
                if name not in kind.fields:
                    yield self._no_field(address, capable, name)
            for rule in capable.rules:
                for name, problem in rule(desired):
                    member = name if name in desired.fields else None
                    yield self._finding("unsupported-value", f"{name}: {problem}", address, member)

    def _no_kind(self, address: ResourceAddress, capable: Capabilities) -> Diagnostic:
        able = [name for name, other in self.capabilities.items() if address.kind in other.kinds]
        message = f"provider {address.provider!r} ({capable.type}) has no {_PLURAL[address.kind]}"
        hint = f"providers that have them: {', '.join(able)}" if able else None
        return self._finding("unsupported-kind", message, address, None, hint)

    def _value(
        self, address: ResourceAddress, capable: Capabilities, kind: KindCapability, name: str, value: Value
    ) -> Iterator[Diagnostic]:
        capability = kind.fields.get(name)
        if capability is None:
            if name != kind.inherent_key:
                yield self._no_field(address, capable, name)
            return
        try:
            capability.check(value)
        except ValueError as error:
            message = f"{name}: {error}"
            yield self._finding("unsupported-value", message, address, name, f"this is what {capable.type} can hold")

    def _no_field(self, address: ResourceAddress, capable: Capabilities, name: str) -> Diagnostic:
        able = [
            other_name
            for other_name, other in self.capabilities.items()
            if (kind := other.kinds.get(address.kind)) and name in kind.fields
        ]
        message = f"provider {address.provider!r} ({capable.type}) cannot hold {name!r} of {_PLURAL[address.kind]}"
        hint = f"leave it out, or use a provider that has it: {', '.join(able)}" if able else "leave it out"
        return self._finding("unsupported-field", message, address, name, hint)

    # One domain

    def domains(self) -> Iterator[Diagnostic]:
        children: defaultdict[DomainName, _Children] = defaultdict(_Children)
        for desired in self.manifest.resources.values():
            kind, name = desired.address.kind, desired.address.domain
            if name is not None and kind != "domain":
                children[name].of(kind).append(desired)
        for domain in self.manifest.domains.values():
            yield from self._required_addresses(domain)
            yield from self._limits(domain, children[domain.name])

    def _own(self, domain: ManagedDomain) -> ResourceAddress:
        return ResourceAddress(domain.provider, "domain", domain.name)

    def _required_addresses(self, domain: ManagedDomain) -> Iterator[Diagnostic]:
        capable = self.capabilities.get(domain.provider)
        if capable is not None and not _is_the_customers(capable):
            return
        own = self.manifest.resources.get(self._own(domain))
        if own is not None and own.fields.get("catch_all"):
            return
        for local_part in self.manifest.policies.require_addresses:
            if not any(self._answers(domain, kind, local_part) for kind in _LIMITS):
                message = f"nothing answers {local_part}@{shown_domain(domain.name)}"
                hint = f"give the domain an alias {local_part}, as policies.require_addresses asks"
                yield self._finding("required-address-missing", message, self._own(domain), None, hint)

    def _answers(self, domain: ManagedDomain, kind: Kind, local_part: str) -> bool:
        found = self.manifest.resources.get(ResourceAddress(domain.provider, kind, f"{local_part}@{domain.name}"))
        return found is not None and found.fields.get("active") is not False

    def shadowed(self) -> Iterator[Diagnostic]:
        for alias in self.manifest.resources.values():
            mailbox = alias.address._replace(kind="mailbox")
            capable = self.capabilities.get(alias.address.provider)
            if capable is not None and alias.address.kind == "alias" and mailbox in self.manifest.resources:
                severity: Severity = "warning" if capable.alias_beside_mailbox else "error"
                message = f"an alias and a mailbox share the address {shown_address(alias.address.key)}"
                at = self.manifest.places(mailbox)
                hint = f"the mailbox is at {at}" if at else None
                yield self._finding("alias-shadowed", message, alias.address, None, hint, severity)

    def _limits(self, domain: ManagedDomain, children: _Children) -> Iterator[Diagnostic]:
        own = self._own(domain)
        fields = self.manifest.resources[own].fields if own in self.manifest.resources else {}
        for kind, name in _LIMITS.items():
            limit, count = fields.get(name), len(children.of(kind)) + self._hidden(kind, domain, fields)
            if isinstance(limit, int) and count > limit:
                message = f"{shown_domain(domain.name)} has {count} {_PLURAL[kind]} here, and {name} is {limit}"
                yield self._finding("limit-exceeded", message, own, name)
        yield from self._storage(own, fields.get("quota"), children.mailboxes)
        yield from self._mailbox_quotas(fields.get("max_mailbox_quota"), children.mailboxes)

    def _hidden(self, kind: Kind, domain: ManagedDomain, fields: Fields) -> int:
        """Where a catch-all is an alias at the provider, it counts as one."""
        capable = self.capabilities.get(domain.provider)
        counts = capable is not None and capable.catch_all_is_alias and kind == "alias"
        return int(counts and bool(fields.get("catch_all")))

    def _storage(self, own: ResourceAddress, quota: Value, mailboxes: list[Desired]) -> Iterator[Diagnostic]:
        together = sum(given for mailbox in mailboxes if isinstance(given := mailbox.fields.get("quota"), int))
        if isinstance(quota, int) and together > quota:
            message = f"the mailboxes have {format_size(together)} together, and quota is {format_size(quota)}"
            yield self._finding("limit-exceeded", message, own, "quota")

    def _mailbox_quotas(self, limit: Value, mailboxes: list[Desired]) -> Iterator[Diagnostic]:
        for mailbox in mailboxes if isinstance(limit, int) else ():
            given = mailbox.fields.get("quota")
            if isinstance(given, int) and isinstance(limit, int) and given > limit:
                message = f"quota is {format_size(given)}, and the domain's max_mailbox_quota is {format_size(limit)}"
                yield self._finding("limit-exceeded", message, mailbox.address, "quota")


def _is_the_customers(capable: Capabilities) -> bool:
    """Whether a provider's domains are brought along by those who use it, and not its own, which it answers for itself."""
    kind = capable.kinds.get("domain")
    return kind is None or kind.can("create")
