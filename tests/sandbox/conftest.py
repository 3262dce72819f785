"""One sandbox for all tests of this folder, emptied before each, and a client with the right credentials for each API."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from reconciler.sandbox import CREDENTIALS, Sandbox

Connect = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients that are closed after the test: connect(sandbox, api), with its credentials unless told others."""
    clients: list[httpx.Client] = []

    def connect(sandbox: Sandbox, api: str, **options: object) -> httpx.Client:
        options = credentials(api) | options
        clients.append(httpx.Client(base_url=sandbox.url(api), trust_env=False, **options))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def credentials(api: str) -> dict[str, object]:
    key = CREDENTIALS[api].get("api_key", "")
    if api.startswith("improvmx"):
        return {"auth": ("api", key)}
    if api == "tempmail":
        return {"headers": {"X-API-Key": key}}
    if api == "imply":
        return {"headers": {"Authorization": "Bearer imply_live_sandbox"}}
    return {"headers": {"Authorization": f"Bearer {key}"}}


@pytest.fixture
def mailserver(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    return connect(sandbox, "mailserver")


@pytest.fixture
def imply(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    return connect(sandbox, "imply")


@pytest.fixture
def improvmx(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    return connect(sandbox, "improvmx")


@pytest.fixture
def improvmx_v2(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    return connect(sandbox, "improvmx-v2")


@pytest.fixture
def tempmail(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    return connect(sandbox, "tempmail")


@pytest.fixture
def emailverify(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    return connect(sandbox, "emailverify")
