"""An account at a provider whose network is a list of exchanges."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from reconciler.model.snapshot import Scope
from reconciler.providers.base import Surroundings
from reconciler.providers.registry import installed
from reconciler.providers.rest.engine import RestAccount
from reconciler.providers.rest.pace import Clock
from reconciler.providers.rest.table import RestApi
from reconciler.providers.rest.versions import Versions

NOW = 1_700_000_000.0
SETTINGS: dict[str, dict[str, Any]] = {
    "mailserver": {"base_url": "https://mail.example.com/api/v1", "api_key": "key"},
    "imply": {"token": "key"},
    "improvmx": {"api_key": "key"},
    "tempmail": {"api_key": "key"},
    "emailverify": {"api_key": "key"},
}


class Wire:
    """*before*: what the lists of the account say before the call, by path. *settings*: others than usual. *sent*: the
    requests of the call itself."""

    def __init__(
        self,
        type_name: str,
        before: dict[str, Any] | None,
        exchanges: list[dict[str, Any]],
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.type_name = type_name
        self.before = before
        self.settings = {"rate_limit": "none", **SETTINGS[type_name], **(settings or {})}
        self.responses = [exchange["response"] for exchange in exchanges]
        self.sent: list[dict[str, Any]] = []
        self.waited = 0.0
        self.network = httpx.MockTransport(self._answer)
        self._listing = before is not None

    def run(self, work: Callable[[RestAccount], Awaitable[Any]]) -> Any:
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[RestAccount], Awaitable[Any]]) -> Any:
        api = installed()[self.type_name]
        assert isinstance(api, RestApi | Versions)
        settings = api.settings.model_validate(self.settings)
        self.root = f"{urlsplit(settings.base_url).path}/"
        clock = Clock(lambda: self.waited, lambda: NOW + self.waited, self._sleep)
        account = api.connect("hosting", settings, Surroundings("1"), clock, self.network)
        try:
            if self._listing:
                await account.fetch(Scope(frozenset(api.capabilities(self.settings).kinds)))
                self._listing = False
            return await work(account)
        finally:
            await account.close()

    async def _sleep(self, seconds: float) -> None:
        self.waited += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix(self.root)
        if self._listing and self.before is not None:
            return httpx.Response(200, json=self.before[path])
        self.sent.append({"method": request.method, "path": path, "body": json.loads(request.content or b"null")})
        response = self.responses[len(self.sent) - 1]
        return httpx.Response(response["status"], headers=response.get("headers"), json=response.get("body"))
