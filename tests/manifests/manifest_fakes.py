"""Provider types for tests of manifests, and how these tests read one: no network, no command line."""

import builtins
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, SecretStr, model_validator

from reconciler import manifests
from reconciler.errors import InvalidInput
from reconciler.model.capability import Capabilities, FieldCapability, KindCapability
from reconciler.model.location import Diagnostic
from reconciler.model.manifest import Manifest, ManifestRequest
from reconciler.model.names import Kind, ResourceAddress
from reconciler.model.resources import FIELDS, Desired, Value
from reconciler.providers.base import Account, Provider, ProviderSettings, Surroundings


class ServerSettings(ProviderSettings):
    api_key: SecretStr = Field(description="The key of the API.")


class ServiceSettings(ProviderSettings):
    base_url: str = "https://service.example/api/v1"
    email: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    api_version: Literal["v2", "v3"] = "v3"

    @model_validator(mode="after")
    def _has_credentials(self) -> "ServiceSettings":
        if not (self.token or (self.email and self.password)):
            raise ValueError("email and password, or a token, are needed")
        return self


class ForwarderSettings(ServerSettings):
    base_url: str = "https://forward.example/v3"


def holds_anything(value: Value) -> None:
    """A field without limits."""


def holds_whole_mebibytes(value: Value) -> None:
    if not isinstance(value, int) or value % 1024**2:
        raise ValueError("must be a whole number of MiB")


def kind(name: Kind, *without: str, **more: Any) -> KindCapability:
    fields = {field: FieldCapability(holds_anything) for field in FIELDS[name] if field not in without}
    return KindCapability(frozenset({"create", "update", "delete"}), fields, **more)


@dataclass
class FakeProvider:
    type: str
    settings: builtins.type[ProviderSettings]
    capable: Capabilities = field(default_factory=lambda: Capabilities("fake", {}, None))

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        return self.capable

    def open(self, name: str, settings: ProviderSettings, around: Surroundings) -> AbstractAsyncContextManager[Account]:
        raise NotImplementedError("no test of manifests opens an account")


MAIL: Mapping[Kind, KindCapability] = {
    "domain": kind("domain"),
    "mailbox": kind("mailbox", "expires"),
    "alias": kind("alias"),
}
SERVER = Capabilities("mailserver", MAIL, None)
SERVICE = Capabilities("imply", {**MAIL, "webhook": kind("webhook", inherent_key="url")}, None)
FORWARDER = Capabilities(
    "improvmx",
    {
        "domain": kind("domain", *(FIELDS["domain"].keys() - {"catch_all", "active"})),
        "alias": kind("alias", "description"),
    },
    None,
    regex_aliases=True,
    url_destinations=True,
)
SINGLE = Capabilities("tempmail", {"webhook": kind("webhook", "secret", singleton="default")}, None)
PROVIDERS: Mapping[str, Provider] = {
    "mailserver": FakeProvider("mailserver", ServerSettings, SERVER),
    "imply": FakeProvider("imply", ServiceSettings, SERVICE),
    "improvmx": FakeProvider("improvmx", ForwarderSettings, FORWARDER),
    "tempmail": FakeProvider("tempmail", ServiceSettings, SINGLE),
}
HEAD = "providers: {hosting: {type: mailserver, base_url: 'https://mail.example.com/api/v1', api_key: '${env:KEY}'}}\n"


def write(folder: Path, files: str | bytes | Mapping[str, str | bytes]) -> None:
    """*files*: one mailsync.yaml, or texts by name. HEAD stands for one provider, `hosting`."""
    for name, text in files.items() if isinstance(files, Mapping) else [("mailsync.yaml", files)]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.replace("HEAD\n", HEAD).encode())


def load(folder: Path, files: str | bytes | Mapping[str, str | bytes], *named: str, **request: Any) -> Manifest:
    write(folder, files)
    return manifests.load(ManifestRequest(str(folder), named, **request), PROVIDERS)


def refused(
    folder: Path, files: str | bytes | Mapping[str, str | bytes], *named: str, **request: Any
) -> tuple[Diagnostic, ...]:
    """What is found in a manifest that has errors."""
    with pytest.raises(InvalidInput) as caught:
        load(folder, files, *named, **request)
    return caught.value.findings


def desired(manifest: Manifest, address: str) -> Desired:
    return manifest.resources[ResourceAddress.parse(address)]


def fields(manifest: Manifest, address: str) -> dict[str, Value]:
    return dict(desired(manifest, address).fields)
