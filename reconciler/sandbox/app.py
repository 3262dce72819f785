"""The ASGI application: all emulated APIs side by side, each under its own prefix, and what every request goes through.

A request is recorded, may meet a fault, is answered by its API under one lock (handlers never wait, so they are atomic),
committed, and held back for the latency."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .api import Answer, Api, Request, Surroundings
from .clock import Clock
from .emailverify import Emailverify
from .faults import DROPPED, Fault, Faults
from .imply import Imply
from .improvmx import Improvmx
from .improvmx_v2 import ImprovmxV2
from .mailserver import Mailserver
from .options import SandboxOptions
from .recording import RecordedRequest, Recorder, readable
from .store import Row, Store
from .tempmail import Tempmail

APIS: tuple[type[Api], ...] = (Mailserver, Imply, Improvmx, ImprovmxV2, Tempmail, Emailverify)
# Where the connection's own `abort` stands in an ASGI scope: dropping a connection is nothing ASGI has a message for.
DROP_EXTENSION = "sandbox.drop"


class SandboxApp:
    """The emulated APIs, their rows and the record of requests. *close* when done."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.clock = Clock()
        self.recorder = Recorder()
        self._lock = RLock()
        self._faults = Faults(options.fault_rate, options.seed)
        self._store = Store(options.data)
        self.apis = self._assembled()

    def _assembled(self) -> dict[str, Api]:
        around = Surroundings(self.options, self._store, self.clock)
        apis = {api.name: api(around) for api in APIS}
        self._store.commit()
        return apis

    def close(self) -> None:
        with self._lock:
            self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _received(HttpRequest(scope, receive))
        api = self._api_of(request.path)
        if api is None:
            await Response("no emulated API here", 404)(scope, receive, send)
            return
        below = request.path.removeprefix(api.prefix)
        fault = self._faults.draw(request.method, request.path, request.content)
        answer = self._answered(api, replace(request, path=below), fault)
        if self.options.latency:
            await asyncio.sleep(self.options.latency)
        if answer is None:
            await _drop(scope, receive)
        else:
            await Response(answer.content, answer.status, answer.headers, answer.media_type)(scope, receive, send)

    def _api_of(self, path: str) -> Api | None:
        for api in self.apis.values():
            if path.startswith(f"{api.prefix}/"):
                return api
        return None

    def _answered(self, api: Api, request: Request, fault: Fault | None) -> Answer | None:
        """The answer to send; None when the connection is to be dropped."""
        with self._lock:
            answer: Answer | None = api.answer(request) if fault is None or fault.carried_out else None
            self._store.commit()
            if fault is not None:
                answer = None if fault.status == DROPPED else api.fault(fault.status)
        self.recorder.add(_record(api.name, request, answer, fault))
        return answer

    def rows(self, api: str, kind: str) -> list[Row]:
        with self._lock:
            self.apis[api].before()
            return [dict(row) for row in self.apis[api].kinds[kind]]

    def seed(self, api: str, kind: str, rows: tuple[Mapping[str, Any], ...]) -> None:
        with self._lock:
            for row in rows:
                self.apis[api].seed(kind, dict(row))
            self._store.commit()

    def remove(self, api: str, kind: str, chosen: Callable[[Row], bool]) -> int:
        with self._lock:
            collection = self.apis[api].kinds[kind]
            gone = [collection.remove(row[collection.key]) for row in collection if chosen(row)]
            self._store.commit()
            return len(gone)

    def reset(self) -> None:
        """As if it had just been made, in an empty folder."""
        with self._lock:
            self._store.wipe()
            self.clock = Clock()
            self.apis = self._assembled()
            self._faults = Faults(self.options.fault_rate, self.options.seed)
            self.recorder.reset()


async def _received(request: HttpRequest) -> Request:
    # The path as it was sent: an encoded slash inside a name is no separator.
    path = request.scope["raw_path"].decode("ascii")
    query = request.scope["query_string"].decode("latin-1")
    client = request.client.host if request.client else ""
    return Request(request.method, path, query, dict(request.headers), await request.body(), client)


def _record(api: str, request: Request, answer: Answer | None, fault: Fault | None) -> RecordedRequest:
    note = None if fault is None else "carried out, answer lost" if fault.carried_out else "not carried out"
    return RecordedRequest(
        api,
        request.method,
        request.path,
        dict(parse_qsl(request.query, keep_blank_values=True)),
        readable(request.content),
        DROPPED if answer is None else answer.status,
        note,
    )


async def _drop(scope: Scope, receive: Receive) -> None:
    scope["extensions"][DROP_EXTENSION]()
    # Until the server has noticed, it would answer 500 on our behalf.
    while (await receive())["type"] != "http.disconnect":
        pass
