"""Runs the sandbox: a uvicorn server on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from types import TracebackType
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import DROP_EXTENSION, SandboxApp
from .options import SandboxOptions
from .recording import RecordedRequest
from .store import Row

HOST = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 5.0


class Sandbox:
    """The emulated provider APIs, listening while started. Use it as a context manager, or call `start` and `stop`.

    *port* 0 takes a free one, known from `start` on. OSError when the port is taken."""

    def __init__(self, options: SandboxOptions | None = None, port: int = 0) -> None:
        self.options = options or SandboxOptions()
        self.port = port
        self._app: SandboxApp | None = None
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Returns when the sandbox answers."""
        app = SandboxApp(self.options)
        try:
            listener = _listener(self.port)
        except OSError:
            app.close()
            raise
        self._app = app
        self.port = listener.getsockname()[1]
        self._server = uvicorn.Server(_config(app))
        self._thread = Thread(target=self._server.run, args=([listener],), name="sandbox", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Ends after the requests in flight, or after some seconds without them. What it holds can still be read."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._running.close()
        self._server = self._thread = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, api: str) -> str:
        """The `base_url` of a provider that is to talk to *api*: a provider type, or `improvmx-v2`."""
        return f"http://{HOST}:{self.port}{self._running.apis[api].prefix}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked so far, in the order of the answers; the last 100,000."""
        return self._running.recorder.all()

    def reset_requests(self) -> None:
        self._running.recorder.reset()

    def rows(self, api: str, kind: str) -> list[Row]:
        """Copies of the stored rows, in the order in which they came, secrets included."""
        return self._running.rows(api, kind)

    def seed(self, api: str, kind: str, *rows: Mapping[str, Any]) -> None:
        """Stores *rows* past the API: no checks, no side effects. What a row leaves out is as the API would have made it.

        A row with the natural key (or id) of a stored one changes just the fields given: somebody else's edit."""
        self._running.seed(api, kind, rows)

    def remove(self, api: str, kind: str, **fields: Any) -> int:
        """Removes the rows whose *fields* have these values, past the API; says how many there were."""
        return self._running.remove(api, kind, lambda row: all(row[name] == want for name, want in fields.items()))

    def reset(self) -> None:
        """Forgets all rows and requests, also those in a data folder."""
        self._running.reset()

    def advance(self, seconds: float) -> None:
        """Moves the sandbox's time on: tokens and disposable addresses expire, rate limits recover."""
        self._running.clock.advance(seconds)

    @property
    def _running(self) -> SandboxApp:
        if self._app is None:
            raise RuntimeError("the sandbox was not started")
        return self._app


def serve(options: SandboxOptions, port: int, ready: Callable[[Sandbox], None] | None = None) -> None:
    """Runs a sandbox until SIGINT or SIGTERM comes; main thread only. *ready* is called once it answers."""
    ended = Event()
    before = {one: signal.signal(one, lambda *_: ended.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Sandbox(options, port) as sandbox:
            if ready is not None:
                ready(sandbox)
            # In slices, because a bare wait() is not interrupted by a signal on every platform.
            while not ended.wait(0.5):
                pass
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class _DroppableConnection(H11Protocol):
    """Gives the application a way to cut the connection, in the scope's extensions."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[DROP_EXTENSION] = transport.abort
            await inner(scope, receive, send)

        self.app = with_drop


def _listener(port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is; with it, each answer to a
    # request in two packets takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _config(app: SandboxApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_DroppableConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        # Longer than clients keep a connection, so that none is closed under a request.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
