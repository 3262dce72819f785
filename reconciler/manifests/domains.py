"""Domains, with the templates that they use, as resources: addresses normalised, secrets apart from fields."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.manifests import overlay, shapes
from reconciler.manifests.checking import Locate, Shape
from reconciler.manifests.documents import Part
from reconciler.manifests.entries import Entry, report_plaintext
from reconciler.manifests.expressions import Expressions, holds_expression
from reconciler.manifests.findings import Findings, guess
from reconciler.manifests.merging import given_twice
from reconciler.manifests.nodes import BROKEN
from reconciler.manifests.overlay import Said
from reconciler.manifests.positions import Path
from reconciler.model import names
from reconciler.model.location import Location
from reconciler.model.manifest import ManagedDomain, Policies
from reconciler.model.names import DomainName, ResourceAddress
from reconciler.model.resources import FIELDS, Desired
from reconciler.model.secret import Plaintext, Secret, VersionedSecret

_CHILDREN: Final = {
    "mailboxes": Shape("a mailbox", shapes.Mailbox),
    "aliases": Shape("an alias", shapes.AliasFields),
}
_DOMAIN: Final = Shape("a domain", shapes.Domain, _CHILDREN)
_TEMPLATE: Final = Shape("a template", shapes.Template, _CHILDREN)
_WEBHOOK: Final = Shape("a webhook", shapes.Webhook)
_UNMANAGED: Final = frozenset(FIELDS["domain"]) - {"catch_all"}
_NO_SECRETS: Final[Mapping[str, VersionedSecret]] = {}


@dataclass(slots=True)
class Resources:
    """What has been assembled so far."""

    domains: dict[DomainName, ManagedDomain] = field(default_factory=dict)
    resources: dict[ResourceAddress, Desired] = field(default_factory=dict)
    said: dict[DomainName, Said] = field(default_factory=dict)
    webhooks: dict[ResourceAddress, Part] = field(default_factory=dict)


@dataclass(slots=True)
class Assembler:
    """Makes resources of domains and webhooks."""

    entries: Mapping[str, Entry]
    policies: Policies
    expressions: Expressions
    findings: Findings
    done: Resources = field(default_factory=Resources)
    _templates: dict[str, Part] = field(default_factory=dict)

    # Templates

    def define_templates(self, templates: Mapping[str, Part]) -> None:
        """Checks each template once, by itself, so that its mistakes are told once and where they stand."""
        for name, part in templates.items():
            if isinstance(part.body, dict):
                part = overlay.star_as_catch_all(part, self.findings)
            locate = Said(DomainName(name), [part]).locate
            body = _TEMPLATE.cleaned(part.body, _unseen(part.body), self.findings, locate)
            self._templates[name] = part._replace(body=body)

    def _used(self, names_used: Any, said: Said) -> list[Part]:
        """The templates of one domain, rendered for it, the winning one first."""
        parts = []
        for number, name in enumerate(names_used if isinstance(names_used, list) else ()):
            if isinstance(name, str) and name in self._templates:
                rendered = self.expressions.render(self._templates[name], said.name)
                parts.append(overlay.star_as_catch_all(rendered, self.findings))
            elif isinstance(name, str):
                at = said.locate(("use", number), True)
                self.findings.unknown(
                    "unknown-template", f"unknown template {name!r}", at, guess(name, self._templates)
                )
        return parts[::-1]

    # Domains

    def add_domain(self, name: DomainName, parts: list[Part]) -> None:
        own = [self._own(part) for part in parts]
        said = Said(name, [part for part in own if part is not None])
        if not said.own:
            return
        self.done.said[name] = said
        body = overlay.combine(said, self.findings)
        said.templates = self._used(body.get("use"), said)
        if said.templates:
            body = overlay.overlay([*(part.body for part in reversed(said.templates)), body])
        fields = _DOMAIN.check(body, self.findings, said.locate)
        said.forget_values()
        entry = self._entry(fields.pop("provider", body.get("provider")), said.locate)
        self._add_fields(said, entry, fields)

    def _own(self, part: Part) -> Part | None:
        if part.body is None:
            return part._replace(body={})
        if isinstance(part.body, dict):
            return overlay.star_as_catch_all(part, self.findings)
        _DOMAIN.check(part.body, self.findings, part.place)
        return None

    def _entry(self, named: Any, locate: Locate) -> Entry | None:
        """The entry of `providers:`; *named* None: the only one there is."""
        if named is None and len(self.entries) == 1:
            return next(iter(self.entries.values()))
        if named is None:
            message = (
                "no provider is named, and several are configured" if self.entries else "no provider is configured"
            )
            self.findings.unknown("missing-field", message, locate((), False), guess("", self.entries))
        elif isinstance(named, str) and named not in self.entries:
            message = f"unknown provider {named!r}"
            self.findings.unknown("unknown-provider", message, locate(("provider",), True), guess(named, self.entries))
        return self.entries.get(named) if isinstance(named, str) else None

    def _add_fields(self, said: Said, entry: Entry | None, fields: dict[str, Any]) -> None:
        provider = entry.name if entry else ""
        manage, prune = fields.pop("manage", True), fields.pop("prune", None)
        mailboxes, aliases = fields.pop("mailboxes", None) or {}, fields.pop("aliases", None) or {}
        protect = fields.pop("protect", False)
        fields.pop("use", None)
        for name in () if manage else fields.keys() & _UNMANAGED:
            hint = "under manage: false only its children are managed, and catch_all"
            self.findings.error(
                "unmanaged-field", f"{name!r} of a domain with manage: false", said.locate((name,)), hint
            )
        self.done.domains[said.name] = ManagedDomain(said.name, provider, manage, prune)
        if manage or "catch_all" in fields:
            address = ResourceAddress(provider, "domain", said.name)
            self._check_urls(fields.get("catch_all") or (), entry, said, ("catch_all",))
            self.done.resources[address] = Desired(address, fields, _NO_SECRETS, protect)
        self._add_mailboxes(said, provider, mailboxes)
        self._add_aliases(said, entry, aliases)

    def _add_mailboxes(self, said: Said, provider: str, mailboxes: dict[str, dict[str, Any] | None]) -> None:
        at_domain, resources = f"@{said.name}", self.done.resources
        for key, given in mailboxes.items():
            fields = {} if given is None else given
            try:
                address = ResourceAddress(provider, "mailbox", names.local_part(key) + at_domain)
            except ValueError as error:
                self.findings.error("invalid-name", str(error), said.locate(("mailboxes", key)))
                continue
            if address in resources:
                self._twice(address, said, "mailboxes", key)
                continue
            secrets = _take_secret(fields, "password")
            if secrets and type(secrets["password"].source) is Plaintext:
                self._plaintext("password", address, said.locate(("mailboxes", key, "password")))
            protect = fields.pop("protect", False)
            resources[address] = Desired(address, fields, secrets, protect)

    def _add_aliases(self, said: Said, entry: Entry | None, aliases: dict[str, dict[str, Any]]) -> None:
        at_domain, resources = f"@{said.name}", self.done.resources
        provider = entry.name if entry else ""
        for key, fields in aliases.items():
            try:
                address = ResourceAddress(provider, "alias", _alias_local_part(key, entry) + at_domain)
            except ValueError as error:
                self.findings.error("invalid-name", str(error), said.locate(("aliases", key)))
                continue
            if address in resources:
                self._twice(address, said, "aliases", key)
                continue
            self._check_urls(fields.get("destinations", ()), entry, said, ("aliases", key))
            protect = fields.pop("protect", False)
            resources[address] = Desired(address, fields, _NO_SECRETS, protect)

    def _check_urls(self, destinations: Iterable[str], entry: Entry | None, said: Said, path: Path) -> None:
        for destination in destinations:
            if "://" in destination and entry and entry.capabilities and not entry.capabilities.url_destinations:
                message = f"provider {entry.name!r} ({entry.capabilities.type}) delivers to addresses only, not to URLs"
                self.findings.error("unsupported-value", message, said.locate(path, True))

    def _twice(self, address: ResourceAddress, said: Said, section: str, key: str) -> None:
        first, *others = said.all_places(section, key) or [said.locate((section, key))]
        for other in others:
            given_twice(self.findings, f"{address.kind} {names.shown_address(address.key)!r}", first, other)

    def _plaintext(self, name: str, address: ResourceAddress, at: Location) -> None:
        whose = str(address) if address.provider else address.key
        report_plaintext(self.findings, self.policies, f"the {name} of {whose}", at, str(address))

    # Webhooks

    def add_webhook(self, name: str, part: Part) -> None:
        fields = _WEBHOOK.check(part.body, self.findings, part.place)
        given = part.body if isinstance(part.body, dict) else {}
        entry = self._entry(fields.pop("provider", given.get("provider")), part.place)
        capability = entry.capabilities.kinds.get("webhook") if entry and entry.capabilities else None
        key = (capability.singleton if capability else None) or fields.get("url")
        if key is None:
            if "url" not in given:
                self.findings.error("missing-field", f"webhook {name!r} has no url", part.at())
            return
        address = ResourceAddress(entry.name if entry else "", "webhook", key)
        if address in self.done.webhooks:
            first = self.done.webhooks[address].at()
            given_twice(self.findings, f"the webhook {str(address)!r}", first, part.at())
            return
        self.done.webhooks[address] = part._replace(body=None)
        secrets = _take_secret(fields, "secret")
        if secrets and type(secrets["secret"].source) is Plaintext:
            self._plaintext("secret", address, part.at("secret"))
        protect = fields.pop("protect", False)
        self.done.resources[address] = Desired(address, fields, secrets, protect)


def _take_secret(fields: dict[str, Any], name: str) -> Mapping[str, VersionedSecret]:
    version = fields.pop(f"{name}_version", 1)
    source: Secret | None = fields.pop(name, None)
    return {name: VersionedSecret(source, version)} if source is not None else _NO_SECRETS


def _alias_local_part(key: str, entry: Entry | None) -> str:
    """Raises ValueError. Where an alias may be a regular expression, what is no plain local part is one."""
    patterns = entry is None or entry.capabilities is None or entry.capabilities.regex_aliases
    if not patterns or not names.is_pattern(key):
        return names.local_part(key)
    if "@" in key or any(map(str.isspace, key)):
        raise ValueError(f"{key!r} is no alias: a regular expression matches the local part, without @ and blanks")
    try:
        re.compile(key)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{key!r} is neither a local part nor a regular expression: {error}") from None
    return key


def _unseen(value: Any) -> Any:
    """*value* with BROKEN for what is computed later."""
    match value:
        case str():
            return BROKEN if holds_expression(value) else value
        case dict():
            return {key: _unseen(member) for key, member in value.items()}
        case list():
            return [_unseen(member) for member in value]
        case _:
            return value
