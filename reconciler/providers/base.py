"""What a provider is. Built-in and third-party providers enter through this and nothing else.

A *Provider* describes a type: its settings and capabilities, known without any call. Opened with settings it is an
*Account*, which lists and changes resources over the network. Values are portable: sizes in bytes, sets as sorted tuples,
addresses in lower case with A-labels (see `reconciler.model.resources`).
"""

import builtins
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from reconciler.model.capability import Capabilities
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.quantities import parse_rate
from reconciler.model.report import Event
from reconciler.model.resources import Fields, Live
from reconciler.model.snapshot import Scope, Snapshot
from reconciler.providers.hosts import check_scheme, normal_url


class ProviderSettings(BaseModel):
    """The settings that all providers have; a provider adds its credentials by subclassing. Field descriptions appear in
    the JSON Schema, the documentation and the editor."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # Before base_url, which is checked with it.
    allow_http: bool = Field(False, description="Allow plain http:// to hosts other than this machine.")
    base_url: str = Field(description="Root of the API, with the version prefix.")
    timeout: float = Field(30, gt=0, le=3600, description="Seconds until a call without an answer is given up.")
    concurrency: int = Field(8, ge=1, le=64, description="Calls to the account at the same time.")
    rate_limit: str | None = Field(
        None, description="How fast to call at most: `60/min`, `10/s`, `60/min burst 10`, or `none`."
    )
    verify_tls: bool = Field(True, description="Check the server's certificate.")
    ca_file: str | None = Field(None, description="PEM file of the authorities to trust instead of the system's.")

    @field_validator("base_url")
    @classmethod
    def _is_a_base_url(cls, text: str, others: ValidationInfo) -> str:
        return check_scheme(normal_url(text), allow_http=others.data.get("allow_http", True))

    @field_validator("rate_limit")
    @classmethod
    def _is_a_rate(cls, text: str | None) -> str | None:
        if text is not None:
            parse_rate(text)
        return text


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an account gets from outside. *mask* takes resolved secrets out of foreign text; *tell* reports progress and
    waits; *allowed_hosts*: globs, None for any host."""

    version: str
    mask: Callable[[str], str] = field(default=lambda text: text)
    tell: Callable[[Event], None] = field(default=lambda event: None)
    allowed_hosts: tuple[str, ...] | None = None


class Account(Protocol):
    """One account at a provider, for the length of one command. Methods may be called concurrently; the account keeps
    its own limits. All raise ProviderError. An account remembers what it listed and wrote, so that a write that needs the
    whole object sends the live values of what it does not change."""

    async def fetch(self, scope: Scope) -> Snapshot:
        """All resources in *scope*, by address: complete, or an error. Sizes in bytes."""

    async def create(
        self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str], room: Room | None = None
    ) -> None:
        """Creates it. *room* (domains): what it has to hold, for limits that *fields* leaves open. An existing one that is
        what was wanted counts as created; another one raises AlreadyExists. Where several may have one key, a new one is
        made in any case."""

    async def update(self, address: ResourceAddress, fields: Fields, secrets: Mapping[str, str]) -> None:
        """Changes exactly *fields* and *secrets*."""

    async def delete(self, address: ResourceAddress, live: Live | None = None) -> None:
        """Deletes it; already gone is fine. *live*: exactly this one of several with the address."""

    def live(self, address: ResourceAddress) -> Live | None:
        """What is known of it now from listing and writing, without a call."""

    @property
    def requests(self) -> int:
        """All calls sent so far, refused ones included."""


class Provider(Protocol):
    """A type of provider. *type* is what manifests write; *settings* validates and describes their entry."""

    @property
    def type(self) -> str: ...

    @property
    def settings(self) -> builtins.type[ProviderSettings]: ...

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        """What it can hold. *settings* as in the manifest, unresolved: a version of the API may differ from another."""

    def open(self, name: str, settings: ProviderSettings, around: Surroundings) -> AbstractAsyncContextManager[Account]:
        """The account, for the block. *name* is the manifest's; nothing is sent before the first method is called."""
