"""All that is desired: the manifest files of a root directory, merged, rendered and normalised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.location import Diagnostic, Places
from reconciler.model.names import DomainName, ResourceAddress
from reconciler.model.resources import Desired
from reconciler.model.secret import Secret

Prune = Literal["owned", "all", "none"]
Setting = str | int | float | bool | None | Secret


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One entry of `providers:`. *settings* are as written, without `type`; references in them are not resolved."""

    name: str
    type: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class StateConfig:
    """`state:`. *settings* are as written, without `backend`; references in them are not resolved."""

    backend: str = "local"
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policies:
    prune: Prune = "owned"
    max_change_percent: int | float = 30
    require_addresses: tuple[str, ...] = ()
    plaintext_secrets: Literal["warn", "deny"] = "warn"
    external_recipients: Literal["allow", "warn", "deny"] = "allow"


@dataclass(frozen=True, slots=True)
class ManagedDomain:
    """A domain that the manifest names. *manage* False: it is somebody else's, only its children are ours. *prune*: the
    domain's own mode, None for the policy's."""

    name: DomainName
    provider: str
    manage: bool = True
    prune: Prune | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """*root*: the root directory, that `state.path` is relative to. *digest* covers the content of all files and the
    vars, *vars_digest* the vars alone. *diagnostics*: what was found while reading that is no error."""

    root: str
    providers: Mapping[str, ProviderConfig]
    domains: Mapping[DomainName, ManagedDomain]
    resources: Mapping[ResourceAddress, Desired]
    policies: Policies = Policies()
    state: StateConfig = StateConfig()
    removed: frozenset[ResourceAddress] = frozenset()
    forget: frozenset[ResourceAddress] = frozenset()
    digest: str = ""
    vars_digest: str = ""
    places: Places = Places()
    diagnostics: tuple[Diagnostic, ...] = ()

    def prune(self, domain: DomainName | None) -> Prune:
        """The prune mode of a domain, or of what belongs to none."""
        own = self.domains[domain].prune if domain is not None and domain in self.domains else None
        return own or self.policies.prune


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """Which manifest: `-f` paths (none: `mailsync.yaml`), `--var` pairs as written and `--var-file` paths. Relative
    paths are relative to *directory*."""

    directory: str = "."
    files: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    variable_files: tuple[str, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict, repr=False)
