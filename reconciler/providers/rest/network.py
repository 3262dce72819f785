"""One try of one call over HTTP: an answer, or Broken with what is known of it. The only module that knows httpx."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import httpx

from reconciler.errors import MailsyncError
from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.messages import Answer

LARGEST_BODY: Final = 64 * 1024 * 1024
# Servers close idle connections after 2 seconds (gunicorn) or more; one that is closed while a POST is on its way leaves
# its outcome unknown.
KEEP_ALIVE: Final = 1.5


@dataclass
class Broken(Exception):
    """A try that gave no usable answer. *sent*: the provider may have got the call. *final*: trying again is no use."""

    reason: str
    sent: bool = True
    final: bool = False
    hint: str | None = None


class TooLarge(Exception):
    """A body over LARGEST_BODY."""


class Network:
    """*over* replaces the real network in tests."""

    def __init__(
        self, base_url: str, settings: ProviderSettings, version: str, over: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._timeout = settings.timeout
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"mailsync/{version}", "Accept": "application/json"},
            timeout=httpx.Timeout(settings.timeout, pool=None),
            limits=httpx.Limits(
                max_connections=settings.concurrency,
                max_keepalive_connections=settings.concurrency,
                keepalive_expiry=KEEP_ALIVE,
            ),
            verify=_trust(base_url, settings),
            follow_redirects=False,
            transport=over,
        )
        # A session cookie would tie concurrent calls together at the server (PHP locks a session while it answers).
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def close(self) -> None:
        await self._client.aclose()

    async def exchange(self, method: str, url: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        """Raises Broken and TooLarge."""
        sent = dict(headers)
        content = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            # httpx's time-outs are for each operation; this one ends an answer that trickles.
            async with (
                asyncio.timeout(2 * self._timeout),
                self._client.stream(method, url, content=content, headers=sent) as response,
            ):
                return Answer(response.status_code, response.headers, await _content(response))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> Broken:
        text = str(error) or type(error).__name__
        match error:
            case httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
                return Broken(f"the call cannot be sent: {text}", sent=False, final=True)
            case httpx.ConnectError() if "SSL" in text:
                hint = "ca_file names the authorities to trust"
                return Broken(f"no secure connection: {text}", sent=False, final=True, hint=hint)
            case httpx.ConnectError() | httpx.ProxyError():
                return Broken(f"no connection: {text}", sent=False)
            case httpx.ConnectTimeout():
                return Broken(f"no connection within {self._timeout:g} s", sent=False)
            case httpx.TimeoutException() | TimeoutError():
                return Broken(f"no complete answer within {self._timeout:g} s")
            case httpx.DecodingError():
                return Broken(f"the answer cannot be unpacked: {text}")
            case _:
                return Broken(f"the connection broke: {text}")


async def _content(response: httpx.Response) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def _trust(base_url: str, settings: ProviderSettings) -> ssl.SSLContext | bool:
    if base_url.startswith("http:") or not settings.verify_tls:
        return False
    if settings.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise MailsyncError(f"ca_file: {settings.ca_file} cannot be used: {error}") from None
