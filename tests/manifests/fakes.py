"""Provider types for these tests: what manifests are checked against, without any network."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from reconciler.model.capability import Capabilities, FieldCapability, KindCapability
from reconciler.model.names import Kind
from reconciler.model.resources import FIELDS, Value
from reconciler.providers.base import Account, ProviderSettings, Surroundings


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


def anything(value: Value) -> None:
    """Holds every value."""


def whole_mebibytes(value: Value) -> None:
    if isinstance(value, int) and value % 1024**2:
        raise ValueError("must be a whole number of MiB")
    if value in (None, "unlimited"):
        raise ValueError("must be a size")


def kind(name: Kind, *without: str, **more: object) -> KindCapability:
    fields = {field: FieldCapability(anything) for field in FIELDS[name] if field not in without}
    return KindCapability(frozenset({"create", "update", "delete"}), fields, **more)  # type: ignore[arg-type]


MAIL_KINDS = {"domain": kind("domain"), "mailbox": kind("mailbox", "expires"), "alias": kind("alias")}
HOOKS = {"webhook": kind("webhook", inherent_key="url")}


@dataclass
class FakeProvider:
    type: str
    settings: type[ProviderSettings]
    capable: Capabilities = field(default_factory=lambda: Capabilities("fake", {}, None))

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        return self.capable

    def open(
        self, name: str, settings: ProviderSettings, around: Surroundings
    ) -> AbstractAsyncContextManager[Account]:
        raise NotImplementedError("no test of manifests opens an account")


SERVER = FakeProvider("mailserver", ServerSettings, Capabilities("mailserver", MAIL_KINDS, None))
SERVICE = FakeProvider("imply", ServiceSettings, Capabilities("imply", MAIL_KINDS | HOOKS, None))
FORWARDER = FakeProvider(
    "improvmx",
    type("ForwarderSettings", (ServerSettings,), {"__annotations__": {"base_url": str}, "base_url": "https://forward.example/v3"}),
    Capabilities(
        "improvmx",
        {"domain": kind("domain", *(FIELDS["domain"].keys() - {"catch_all", "active"})), "alias": kind("alias", "description")},
        None,
        regex_aliases=True,
        url_destinations=True,
    ),
)
SINGLE = FakeProvider(
    "tempmail",
    ServiceSettings,
    Capabilities("tempmail", {"webhook": kind("webhook", "secret", singleton="default")}, None),
)
PROVIDERS = {provider.type: provider for provider in (SERVER, SERVICE, FORWARDER, SINGLE)}
