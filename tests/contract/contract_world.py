"""The providers under test: how each is opened against the sandbox, what is created there, and what is then changed.

A case says only what cannot be read off the capabilities."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from reconciler.model.capability import Capabilities, Verb
from reconciler.model.names import KINDS, Kind, ResourceAddress
from reconciler.model.resources import FIELDS, Fields, Value
from reconciler.model.snapshot import Scope, Snapshot
from reconciler.providers.base import Surroundings
from reconciler.providers.registry import installed
from reconciler.providers.rest.engine import RestAccount
from reconciler.providers.rest.pace import Clock
from reconciler.providers.rest.table import RestApi
from reconciler.providers.rest.versions import Versions
from reconciler.sandbox import CREDENTIALS, Sandbox

MIB = 1024 * 1024
HOOK = "https://hooks.example.com/mail?key=a@b"
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
    each kind, another value of every field that can be updated. *other*: another value of a field that cannot. *row*: for
    each kind, the nth row of many as the sandbox takes it; *calls*: how many calls listing takes when there are that many
    of a kind, and one of each other kind at most."""

    type: str
    api: str
    wanted: Mapping[Kind, Wanted]
    changed: Mapping[Kind, Mapping[str, Value]]
    row: Mapping[Kind, Callable[[int], Mapping[str, Any]]]
    calls: Callable[[Kind, int], int]
    other: Mapping[Kind, Mapping[str, Value]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provider(self) -> RestApi | Versions:
        found = installed()[self.type]
        assert isinstance(found, RestApi | Versions)
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

    def can(self, kind: Kind, verb: Verb) -> bool:
        return self.capabilities.kinds[kind].can(verb)

    def different(self, kind: Kind) -> tuple[str, Value]:
        """A field, and another value than the wanted one."""
        return next(iter({**self.changed.get(kind, {}), **self.other.get(kind, {})}.items()))

    def connect(
        self,
        sandbox: Sandbox,
        over: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> RestAccount:
        values = {"base_url": sandbox.url(self.api), "rate_limit": "none", **CREDENTIALS[self.api], **self.settings}
        checked = self.provider.settings.model_validate({**values, **settings})
        return self.provider.connect(self.type, checked, Surroundings("1"), clock or Clock(sleep=no_time), over)


def improvmx_calls(kind: Kind, count: int) -> int:
    """A domain shows 200 aliases, the catch-all among them; if it does, its own list says whether that is all."""
    if kind == "domain":
        return max(1, -(-count // 100))
    return 1 if count + 1 < 200 else 1 + -(-(count + 1) // 100)


FORWARDING: dict[str, Any] = {
    "wanted": {
        "domain": Wanted("example.com", {"catch_all": ("eve@example.net",)}),
        "alias": Wanted("info@example.com", {"destinations": ("eve@example.net", "https://hooks.example.net/A?b=C")}),
    },
    "changed": {
        "domain": {"catch_all": ("zoe@example.org",)},
        "alias": {"destinations": ("eve@example.net", "zoe@example.org")},
    },
    "row": {
        "domain": lambda n: {"domain": f"d{n}.example"},
        "alias": lambda n: {"domain": "example.com", "alias": f"a{n}", "forward": "eve@example.net"},
    },
}
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
        {
            "domain": lambda n: {"domain": f"d{n}.example"},
            "mailbox": lambda n: {"email": f"m{n}@example.com"},
            "alias": lambda n: {"address": f"a{n}@example.com", "goto": "eve@example.net"},
        },
        calls=lambda kind, count: 3,
    ),
    Case(
        "imply",
        "imply",
        {
            "domain": Wanted("example.com", {"catch_all": ("eve@example.net",)}),
            "mailbox": Wanted("john@example.com", {"name": "John Doe", "quota": 1024 * MIB}, {"password": WORDS}),
            "alias": Wanted("info@example.com", {"destinations": ("eve@example.net", "john@example.com")}),
            "webhook": Wanted(HOOK, {"url": HOOK, "events": ("email.sent", "mailbox.created")}),
        },
        {
            "domain": {"catch_all": ("john@example.com",)},
            "mailbox": {"name": None, "quota": 5120 * MIB},
            "alias": {"destinations": ("eve@example.net", "zoe@example.org")},
        },
        {
            "domain": lambda n: {"domain": f"d{n}.example"},
            "mailbox": lambda n: {"email": f"m{n}@example.com"},
            "alias": lambda n: {"alias": f"a{n}@example.com", "destination": "eve@example.net"},
            "webhook": lambda n: {"url": f"https://h{n}.example/"},
        },
        calls=lambda kind, count: 3 + max(1, -(-count // 100)),
        other={"webhook": {"events": ("domain.created",)}},
    ),
    Case(
        "tempmail",
        "tempmail",
        {
            "domain": Wanted("example.com"),
            "mailbox": Wanted("john@example.com", {"expires": "3d"}),
            "webhook": Wanted("default", {"url": HOOK, "enabled": True}),
        },
        {"webhook": {"url": "https://elsewhere.example/", "enabled": False}},
        {
            "domain": lambda n: {"domain": f"d{n}.example"},
            "mailbox": lambda n: {
                "number": n,
                "id": f"00000000-0000-0000-0000-{n:012}",
                "userId": "bd08008d-e944-44b2-a0d0-67f2b528ee6d",
                "address": f"m{n}@example.com",
                "createdAt": "2025-04-21T08:30:45.084Z",
                "expiresAt": "9999-01-01T00:00:00.000Z",
            },
        },
        calls=lambda kind, count: 2 + (max(1, -(-count // 20)) if kind == "mailbox" else 1),
        other={"mailbox": {"expires": "never"}},
    ),
    Case(
        "emailverify",
        "emailverify",
        {"webhook": Wanted(HOOK, {"url": HOOK, "events": ("bulk.completed", "credits.low")}, {"secret": WORDS})},
        {},
        {"webhook": lambda n: {"url": f"https://h{n}.example/"}},
        calls=lambda kind, count: 1,
    ),
    Case("improvmx", "improvmx", calls=improvmx_calls, **FORWARDING),
    Case("improvmx", "improvmx-v2", calls=lambda kind, count: 1, settings={"api_version": "v2"}, **FORWARDING),
)


async def no_time(seconds: float) -> None:
    await asyncio.sleep(0)


class Unreliable(httpx.AsyncBaseTransport):
    """The real network, except that the next calls of a method fail (but logins do not): *after* the server has done its
    work, or before.

    *answer*: what comes instead of the real answer; None breaks the connection."""

    def __init__(self, method: str, times: int = 1, *, after: bool, answer: httpx.Response | None = None) -> None:
        self.real = httpx.AsyncHTTPTransport()
        self.method, self.left, self.after, self.answer = method, times, after, answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != self.method or not self.left or "/auth/" in request.url.path:
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


async def create(account: RestAccount, case: Case, kind: Kind) -> None:
    wanted = case.wanted[kind]
    await account.create(case.address(kind), wanted.fields, wanted.secrets)


async def create_all(account: RestAccount, case: Case, until: Kind | None = None) -> None:
    """All that is wanted and can be created, up to but without *until*."""
    for kind in case.kinds:
        if kind == until:
            return
        if case.can(kind, "create"):
            await create(account, case, kind)


async def fields_of(account: RestAccount, case: Case, kind: Kind) -> dict[str, Value]:
    snapshot = await account.fetch(case.scope)
    return dict(snapshot.resources[case.address(kind)].fields)


def secret_of(kind: Kind) -> str | None:
    return next((name for name, value_type in FIELDS[kind].items() if value_type == "secret"), None)


def left(case: Case, snapshot: Snapshot) -> set[ResourceAddress]:
    """What is there and could be deleted."""
    return {a for a, live in snapshot.resources.items() if case.can(a.kind, "delete") and not live.inert}


def held_as_wanted(case: Case, snapshot: Snapshot, kind: Kind) -> bool:
    live, wanted = snapshot.resources[case.address(kind)].fields, case.wanted[kind].fields
    return {name: live[name] for name in wanted} == wanted
