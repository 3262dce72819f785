"""Every provider with its documented rate limit in force: a whole apply is paced, not refused.

Waiting is not waited for: the sandbox's time and the client's are moved on together."""

import asyncio
import time

import pytest
from contract_world import CASES, HOOK, create_all

from reconciler.providers.rest.pace import Clock
from reconciler.sandbox import Sandbox, SandboxOptions

CHANGES = 100
KINDS = [
    pytest.param(case, next(k for k in ("alias", "mailbox", "webhook") if k in case.row), id=case.api) for case in CASES
]


def moving(sandbox: Sandbox) -> Clock:
    """Sleeping moves the time of both sides."""
    ahead = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds
        sandbox.advance(seconds)
        await asyncio.sleep(0)

    return Clock(lambda: time.monotonic() + ahead, lambda: time.time() + ahead, sleep)


@pytest.mark.parametrize(("case", "kind"), KINDS)
def test_a_hundred_changes_meet_no_refusal(case, kind):
    """Listing, logging in and a hundred creates, eight at a time."""
    key = {"webhook": "https://h{}.example/"}.get(kind, "x{}@example.com")
    wanted = case.wanted[kind]

    async def work(account):
        try:
            await account.fetch(case.scope)
            await create_all(account, case, until=kind)
            turns = asyncio.Semaphore(8)

            async def one(n):
                address = case.address(kind, key.format(n))
                given = {name: address.key if value == HOOK else value for name, value in wanted.fields.items()}
                async with turns:
                    await account.create(address, given, wanted.secrets)

            await asyncio.gather(*(one(n) for n in range(CHANGES)))
            return await account.fetch(case.scope)
        finally:
            await account.close()

    with Sandbox(SandboxOptions(rate_limit="documented")) as sandbox:
        account = case.connect(sandbox, clock=moving(sandbox), rate_limit=None)
        snapshot = asyncio.run(work(account))
        assert 429 not in {request.status for request in sandbox.requests}
    assert sum(address.kind == kind for address in snapshot.resources) >= CHANGES
