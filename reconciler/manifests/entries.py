"""`providers:` and `state:`: settings against the model of their type. References are not resolved and not checked."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from reconciler.errors import MailsyncError
from reconciler.manifests import shapes
from reconciler.manifests.checking import Shape, explain
from reconciler.manifests.documents import Part
from reconciler.manifests.findings import Findings, guess
from reconciler.manifests.nodes import BROKEN
from reconciler.manifests.positions import Path
from reconciler.manifests.secrecy import is_secret, quoted
from reconciler.model.capability import Capabilities
from reconciler.model.location import Location, Severity
from reconciler.model.manifest import Policies, ProviderConfig, Setting, StateConfig
from reconciler.model.secret import Plaintext, SecretRef
from reconciler.providers.base import Provider, ProviderSettings

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:[^@\s]+@")
_STATE: Final = {name: Shape(f"state backend {name!r}", shape) for name, shape in shapes.STATE_BACKENDS.items()}
# Settings that say whose account it is, beside the secret ones.
_IDENTITY: Final = frozenset({"email", "username", "user"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `providers:`. *config* and *capabilities* are None when it is wrong (which has been reported)."""

    name: str
    part: Part
    config: ProviderConfig | None = None
    capabilities: Capabilities | None = None


def read_entries(
    parts: Mapping[str, Part], registry: Mapping[str, Provider], policies: Policies, findings: Findings
) -> dict[str, Entry]:
    return {name: _entry(name, part, registry, policies, findings) for name, part in parts.items()}


def _entry(name: str, part: Part, registry: Mapping[str, Provider], policies: Policies, findings: Findings) -> Entry:
    if not _NAME.fullmatch(name):
        findings.error("invalid-name", f"provider {name!r}: a name has letters, digits, - and _", part.at())
    provider = _provider(name, part, registry, findings)
    if provider is None:
        return Entry(name, part)
    settings = {key: value for key, value in part.body.items() if key != "type"}
    if not _settings_fit(provider, settings, part, findings):
        return Entry(name, part)
    hidden = _hide(settings, {key for key in settings if _is_credential(key, provider.settings)})
    for key, value in hidden.items():
        if isinstance(value, Plaintext):
            report_plaintext(findings, policies, f"{key!r} of provider {name!r}", part.at(key))
    config = ProviderConfig(name, provider.type, hidden)
    return Entry(name, part, config, provider.capabilities(hidden))


def _provider(name: str, part: Part, registry: Mapping[str, Provider], findings: Findings) -> Provider | None:
    if not isinstance(part.body, dict):
        if part.body is not BROKEN:
            findings.error("wrong-type", f"provider {name!r} must be a mapping with a type", part.at())
        return None
    kind = part.body.get("type")
    if kind is None:
        findings.error("missing-field", f"provider {name!r} has no type", part.at(), guess("", registry))
    elif not isinstance(kind, str):
        if kind is not BROKEN:
            findings.error("wrong-type", "'type' must be the text of a provider type", part.at_value("type"))
    elif kind not in registry:
        findings.error("unknown-type", f"unknown provider type {kind!r}", part.at_value("type"), guess(kind, registry))
    else:
        return _loaded(kind, part, registry, findings)
    return None


def _loaded(kind: str, part: Part, registry: Mapping[str, Provider], findings: Findings) -> Provider | None:
    try:
        return registry[kind]
    except MailsyncError as error:  # a plug-in that does not load
        findings.error(error.code, error.message, part.at_value("type"), error.hint)
        return None


def _settings_fit(provider: Provider, settings: Mapping[str, Any], part: Part, findings: Findings) -> bool:
    """Reports what does not fit the model. In place of a reference the model sees its text, so that it is not missing;
    what the model says of that text does not count. JSON is what makes `strict` take text for an enumeration but not for
    a flag."""
    by_reference = {key for key, value in settings.items() if isinstance(value, SecretRef) or value is BROKEN}
    seen = {key: "reference" if key in by_reference else value for key, value in settings.items()}
    try:
        provider.settings.model_validate_json(json.dumps(seen), strict=True)
    except ValidationError as error:
        wrong = [one for one in error.errors(include_url=False) if not by_reference.intersection(one["loc"][:1])]
        for one in wrong:
            _report(one, provider, part, findings)
        return not wrong
    return True


def _report(error: ErrorDetails, provider: Provider, part: Part, findings: Findings) -> None:
    key = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        hint = guess(key, {*provider.settings.model_fields, "type"})
        findings.error(
            "unknown-field", f"provider type {provider.type!r} has no setting {quoted(key)}", part.at(key), hint
        )
    elif error["type"] == "missing":
        description = provider.settings.model_fields[key].description if key in provider.settings.model_fields else None
        findings.error("missing-field", f"provider type {provider.type!r} needs {key!r}", part.at(), description)
    else:
        code, message, hint = explain(error, f"provider type {provider.type!r}")
        findings.error(code, message, part.at_value(*error["loc"]) if error["loc"] else part.at(), hint)


def _is_credential(key: str, model: type[ProviderSettings]) -> bool:
    field = model.model_fields.get(key)
    hidden = field is not None and any(
        kind in str(field.annotation) for kind in (SecretStr.__name__, SecretBytes.__name__)
    )
    return hidden or is_secret(key)


def _hide(settings: Mapping[str, Any], secret: Collection[str]) -> dict[str, Setting]:
    """Literals of secret settings, and URLs with a password in them, as Plaintext."""
    return {
        key: Plaintext(value) if isinstance(value, str) and (key in secret or _URL_PASSWORD.search(value)) else value
        for key, value in settings.items()
    }


def report_plaintext(
    findings: Findings, policies: Policies, what: str, at: Location, address: str | None = None
) -> None:
    severity: Severity = "error" if policies.plaintext_secrets == "deny" else "warning"
    hint = "write a reference instead: ${env:NAME} or ${file:PATH}"
    findings.error("plaintext-secret", f"{what} stands in the manifest", at, hint, address, severity=severity)


def check_one_entry_each(
    entries: Mapping[str, Entry], registry: Mapping[str, Provider], pruned: Iterable[str], findings: Findings
) -> None:
    """Two entries for one account would each take the other's resources for foreign; *pruned*: the entries under
    `prune: all`, where that deletes them."""
    first: dict[Any, Entry] = {}
    pruned = set(pruned)
    for entry in entries.values():
        if entry.config is None:
            continue
        one = first.setdefault(_identity(entry.config, registry), entry)
        if one is not entry and one.config is not None:
            severity: Severity = "error" if pruned & {one.config.name, entry.config.name} else "warning"
            message = f"providers {one.config.name!r} and {entry.config.name!r} are one account: see {one.part.at()}"
            hint = "use one entry for all domains of an account"
            findings.error("same-account", message, entry.part.at(), hint, severity=severity)


def _identity(config: ProviderConfig, registry: Mapping[str, Provider]) -> tuple[Any, ...]:
    model = registry[config.type].settings
    base = config.settings.get("base_url", model.model_fields["base_url"].default)
    said = {key: value for key, value in config.settings.items() if key in _IDENTITY or _is_credential(key, model)}
    return config.type, str(base).rstrip("/").lower(), tuple(sorted(said.items(), key=lambda item: item[0]))


def member_place(parts: Mapping[str, Part], path: Path, value: bool) -> Location:
    """The place of a path whose first step is one of *parts*."""
    part = parts[str(path[0])]
    return part.at_value(*path[1:]) if value else part.at(*path[1:])


def read_state(parts: Mapping[str, Part], policies: Policies, findings: Findings) -> StateConfig:
    backend = parts["backend"].body if "backend" in parts else "local"
    if not isinstance(backend, str) or backend not in _STATE:
        if backend is not BROKEN:
            message, hint = f"unknown state backend {backend!r}", guess(str(backend), _STATE)
            findings.error("unknown-type", message, parts["backend"].at_value(), hint)
        return StateConfig()
    values = {key: part.body for key, part in parts.items()}
    checked = _STATE[backend].check(values, findings, lambda path, value: member_place(parts, path, value))
    for key in shapes.REQUIRED_STATE.get(backend, ()):
        if key not in values:
            findings.error("missing-field", f"state backend {backend!r} needs {key!r}", parts["backend"].at())
    settings = _hide(
        {key: value for key, value in checked.items() if key != "backend"}, set(filter(is_secret, checked))
    )
    for key, value in settings.items():
        if isinstance(value, Plaintext):
            report_plaintext(findings, policies, f"{key!r} of the state", parts[key].at())
    return StateConfig(backend, settings)
