"""One fake clock, one fake network and one scripted HTTP server for the tests of the providers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from reconciler.model.quantities import Rate
from reconciler.model.report import Event
from reconciler.providers.base import ProviderSettings, Surroundings
from reconciler.providers.rest.answers import Dialect, member
from reconciler.providers.rest.auth import Auth, Static
from reconciler.providers.rest.messages import Method, Request
from reconciler.providers.rest.pace import Clock
from reconciler.providers.rest.transport import Transport

START = 1_700_000_000.0
Reply = httpx.Response | Exception
GET = Request("GET", "things")
POST = Request("POST", "things", body={"name": "x"}, repeatable=False)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


class FakeClock:
    """Time passes only by sleeping. *slept*: every sleep, in seconds."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds
        await asyncio.sleep(0)

    def clock(self, jitter: float = 1.0) -> Clock:
        return Clock(lambda: self.elapsed, lambda: START + self.elapsed, self.sleep, lambda: jitter)


class FakeNetwork(httpx.AsyncBaseTransport):
    """Answers from a script, or by a function of the request; keeps what it was asked, and when."""

    def __init__(self, replies: Iterable[Reply] | Callable[[httpx.Request], Reply], clock: FakeClock) -> None:
        self.answer = replies if callable(replies) else _one_after_the_other(replies)
        self.clock = clock
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.under_way = self.most_under_way = 0
        self.slow: str | None = None  # a method whose answers take longer than others'

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.clock.elapsed)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(300 if request.method == self.slow else 3):  # others get their turn while it is under way
            await asyncio.sleep(0)
        self.under_way -= 1
        reply = self.answer(request)
        if isinstance(reply, Exception):
            raise reply
        return reply


def _one_after_the_other(replies: Iterable[Reply]) -> Callable[[httpx.Request], Reply]:
    left = list(replies)
    return lambda request: left.pop(0)


def reply(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()}, json=body)


def failure(method: Method, body: Any) -> str | None:
    return "the body says that it failed" if member(body, "ok") is False else None


DIALECT = Dialect(
    message=lambda body: member(body, "error", "message") or member(body, "msg"),
    failure=failure,
    retry_after=lambda body: member(body, "error", "retry_after"),
)


class World:
    """A transport on a fake network and a fake clock."""

    def __init__(
        self,
        replies: Iterable[Reply] | Callable[[httpx.Request], Reply],
        *,
        rate: Rate | None = None,
        anonymous_rate: Rate | None = None,
        auth: Auth | None = None,
        mask: Callable[[str], str] = lambda text: text,
        **settings: Any,
    ) -> None:
        self.time = FakeClock()
        self.network = FakeNetwork(replies, self.time)
        self.told: list[Event] = []
        self._make = lambda: Transport(
            "hosting",
            ProviderSettings(base_url="https://mail.example.com/api", **settings),
            Surroundings("1.2.3", mask, self.told.append),
            rates=(rate, anonymous_rate),
            auth=auth or Static("Authorization", "Bearer key"),
            dialect=DIALECT,
            clock=self.time.clock(),
            over=self.network,
        )

    def call(self, *requests: Request) -> Any:
        """Sends all at the same time; the body of the answer, or a list of bodies and errors."""
        return run(self._call(requests))

    async def _call(self, requests: tuple[Request, ...]) -> Any:
        self.transport = transport = self._make()
        try:
            if len(requests) == 1:
                return await transport.call(requests[0])
            return await asyncio.gather(*map(transport.call, requests), return_exceptions=True)
        finally:
            await transport.close()

    def one_after_the_other(self, *requests: Request) -> list[Any]:
        async def in_turn(transport: Transport) -> list[Any]:
            return [await transport.call(request) for request in requests]

        return self.work(in_turn)

    def work(self, do: Callable[[Transport], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            self.transport = transport = self._make()
            try:
                return await do(transport)
            finally:
                await transport.close()

        return run(opened())

    @property
    def sent(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.network.requests]


Exchange = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


@asynccontextmanager
async def http_server(exchange: Exchange) -> AsyncIterator[str]:
    """A real server on loopback; *exchange* gets each request's head and writes whatever it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0
                )
                await reader.readexactly(length)
                await exchange(writer, head)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def http_reply(body: Any, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
