"""The providers under test: how each is opened against the sandbox, what is created there, and what is then changed.

A case says only what cannot be read off the capabilities."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from reconciler.model.capability import Capabilities
from reconciler.model.names import KINDS, Kind, ResourceAddress
from reconciler.model.resources import FIELDS, Fields, Value
from reconciler.model.snapshot import Scope
from reconciler.providers.base import Surroundings
from reconciler.providers.registry import installed
from reconciler.providers.rest.engine import RestAccount
from reconciler.providers.rest.pace import Clock
from reconciler.providers.rest.table import RestApi
from reconciler.sandbox import CREDENTIALS, Sandbox

MIB = 1024 * 1024
WORDS = "correct horse battery staple"


@dataclass(frozen=True)
class Wanted:
    """One resource to create."""

    key: str
    fields: Fields = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """*api*: its name in the sandbox. *wanted*: one of each kind, in an order in which they can be created. *changed*: for
    each kind, another value of every field that can be updated."""

    type: str
    api: str
    wanted: Mapping[Kind, Wanted]
    changed: Mapping[Kind, Mapping[str, Value]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provider(self) -> RestApi:
        found = installed()[self.type]
        assert isinstance(found, RestApi)
        return found

    @property
    def capabilities(self) -> Capabilities:
        return self.provider.capabilities(self.settings)

    @property
    def kinds(self) -> list[Kind]:
        return [kind for kind in KINDS if kind in self.wanted]

    @property
    def scope(self) -> Scope:
        return Scope(frozenset(self.kinds), frozenset({"example.com"}))

    def address(self, kind: Kind, key: str | None = None) -> ResourceAddress:
        return ResourceAddress(self.type, kind, key or self.wanted[kind].key)

    def connect(self, sandbox: Sandbox, over: httpx.AsyncBaseTransport | None = None) -> RestAccount:
        values = {"base_url": sandbox.url(self.api), "rate_limit": "none", **CREDENTIALS[self.api], **self.settings}
        settings = self.provider.settings.model_validate(values)
        return self.provider.connect(self.type, settings, Surroundings("1"), Clock(sleep=no_time), over)


CASES = (
    Case(
        "mailserver",
        "mailserver",
        {
            "domain": Wanted("example.com", {"description": "ours", "quota": 20480 * MIB}),
            "mailbox": Wanted("john@example.com", {"name": "John Doe", "quota": 1024 * MIB}, {"password": WORDS}),
            "alias": Wanted("info@example.com", {"destinations": ("eve@example.net", "john@example.com")}),
        },
        {
            "domain": {
                "active": False,
                "description": None,
                "quota": 30720 * MIB,
                "default_mailbox_quota": 512 * MIB,
                "max_mailbox_quota": 20480 * MIB,
                "max_mailboxes": 5,
                "max_aliases": 7,
                "backup_mx": True,
                "catch_all": ("john@example.com", "x@example.net"),
            },
            "mailbox": {
                "name": "Jane",
                "quota": "unlimited",
                "active": False,
                "force_password_update": True,
                "tls_enforce_in": True,
                "tls_enforce_out": True,
            },
            "alias": {"destinations": ("eve@example.net",), "active": False, "description": "for all"},
        },
    ),
)


async def no_time(seconds: float) -> None:
    await asyncio.sleep(0)


class Unreliable(httpx.AsyncBaseTransport):
    """The real network, except that the next calls of a method fail: *after* the server has done its work, or before.

    *answer*: what comes instead of the real answer; None breaks the connection."""

    def __init__(self, method: str, times: int = 1, *, after: bool, answer: httpx.Response | None = None) -> None:
        self.real = httpx.AsyncHTTPTransport()
        self.method, self.left, self.after, self.answer = method, times, after, answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != self.method or not self.left:
            return await self.real.handle_async_request(request)
        self.left -= 1
        if self.after:
            response = await self.real.handle_async_request(request)
            await response.aread()
            await response.aclose()
        if self.answer is None:
            raise httpx.ReadError("connection reset")
        return self.answer

    async def aclose(self) -> None:
        await self.real.aclose()


def with_account(
    case: Case,
    sandbox: Sandbox,
    work: Callable[[RestAccount], Awaitable[Any]],
    over: httpx.AsyncBaseTransport | None = None,
) -> Any:
    async def opened() -> Any:
        account = case.connect(sandbox, over)
        try:
            return await work(account)
        finally:
            await account.close()

    return asyncio.run(opened())


async def create_all(account: RestAccount, case: Case, until: Kind | None = None) -> None:
    """All that is wanted, up to but without *until*."""
    for kind in case.kinds:
        if kind == until:
            return
        wanted = case.wanted[kind]
        await account.create(case.address(kind), wanted.fields, wanted.secrets)


async def fields_of(account: RestAccount, case: Case, kind: Kind) -> dict[str, Value]:
    snapshot = await account.fetch(case.scope)
    return dict(snapshot.resources[case.address(kind)].fields)


def secret_of(kind: Kind) -> str | None:
    return next((name for name, value_type in FIELDS[kind].items() if value_type == "secret"), None)
