"""imply's login, over real HTTP: tokens that run out in the middle, refresh tokens that work once, one-time codes."""

import asyncio
import time

import httpx
import pytest
from contract_world import CASES, create_all, fields_of, with_account

from reconciler.errors import AuthenticationFailed
from reconciler.providers.rest.login import totp
from reconciler.sandbox import Sandbox, SandboxOptions

IMPLY = next(case for case in CASES if case.type == "imply")
SECRET = "JBSWY3DPEHPK3PXP"
ADDRESS = IMPLY.address("mailbox")


def logins(sandbox):
    return [f"{r.path} {r.status}" for r in sandbox.requests if r.path.startswith("/auth/")]


def test_one_login_serves_all_calls(sandbox):
    with_account(IMPLY, sandbox, lambda account: create_all(account, IMPLY))
    assert logins(sandbox) == ["/auth/login 200"]


def test_a_token_that_runs_out_in_the_middle_is_renewed_once_for_all(sandbox):
    """Eight calls under way find it expired; the refresh token works only once; none of them fails or is done twice."""

    async def go_on(account):
        await create_all(account, IMPLY)
        sandbox.advance(3600)
        names = [f"a{n}@example.com" for n in range(8)]
        wanted = {"destinations": ("eve@example.net",)}
        await asyncio.gather(*(account.create(IMPLY.address("alias", name), wanted, {}) for name in names))
        sandbox.advance(3600)
        return await account.fetch(IMPLY.scope)

    snapshot = with_account(IMPLY, sandbox, go_on)
    assert len(sandbox.rows("imply", "alias")) == 10
    assert sum(address.kind == "alias" for address in snapshot.resources) == 9
    assert logins(sandbox) == ["/auth/login 200", "/auth/refresh 200", "/auth/refresh 200"]


class Ageing(httpx.AsyncHTTPTransport):
    """The real network; before the first request with *mark* in its query, an hour passes at the server."""

    def __init__(self, sandbox, mark):
        super().__init__()
        self.sandbox, self.mark = sandbox, mark

    async def handle_async_request(self, request):
        if self.mark and self.mark in str(request.url):
            self.mark = None
            self.sandbox.advance(3600)
        return await super().handle_async_request(request)


def test_a_listing_goes_on_at_the_page_where_the_token_ran_out(sandbox):
    with_account(IMPLY, sandbox, lambda account: create_all(account, IMPLY, until="alias"))
    rows = ({"alias": f"a{n}@example.com", "destination": "eve@example.net"} for n in range(350))
    sandbox.seed("imply", "alias", *rows)
    snapshot = with_account(IMPLY, sandbox, lambda account: account.fetch(IMPLY.scope), Ageing(sandbox, "page=3"))
    assert sum(address.kind == "alias" for address in snapshot.resources) == 350
    assert logins(sandbox)[-2:] == ["/auth/login 200", "/auth/refresh 200"]


def test_a_token_is_renewed_before_it_runs_out():
    """A life of 2 s is renewed after 1 s: the service never has to refuse it."""
    with Sandbox(SandboxOptions(token_lifetime=2)) as sandbox:

        async def slowly(account):
            for _ in range(3):
                await account.fetch(IMPLY.scope)
                await asyncio.sleep(0.6)

        with_account(IMPLY, sandbox, slowly)
        assert 401 not in {request.status for request in sandbox.requests}
        assert logins(sandbox)[:2] == ["/auth/login 200", "/auth/refresh 200"]


def test_when_the_refresh_token_is_dead_it_logs_in_again(sandbox):
    async def go_on(account):
        await account.fetch(IMPLY.scope)
        for row in sandbox.rows("imply", "session"):
            sandbox.remove("imply", "session", refresh_token=row["refresh_token"])
        sandbox.advance(3600)
        await account.fetch(IMPLY.scope)

    with_account(IMPLY, sandbox, go_on)
    assert logins(sandbox) == ["/auth/login 200", "/auth/refresh 401", "/auth/login 200"]


@pytest.fixture
def two_factor():
    with Sandbox(SandboxOptions(totp_secret=SECRET)) as running:
        yield running


def with_settings(sandbox, work, **settings):
    async def opened():
        account = IMPLY.connect(sandbox, **settings)
        try:
            return await work(account)
        finally:
            await account.close()

    return asyncio.run(opened())


def test_a_secret_makes_the_one_time_code(two_factor):
    with_settings(two_factor, lambda account: create_all(account, IMPLY), totp_secret=SECRET.lower())
    assert logins(two_factor) == ["/auth/login 200"]


def test_without_a_code_the_hint_says_what_to_give(two_factor):
    with pytest.raises(AuthenticationFailed) as caught:
        with_settings(two_factor, lambda account: account.fetch(IMPLY.scope))
    assert "one-time code is required" in caught.value.message
    assert "totp_secret" in caught.value.hint
    assert len(two_factor.requests) == 1


def test_a_fixed_code_is_good_for_one_login(two_factor):
    """The error of the second one says why."""
    code = totp(b"Hello!\xde\xad\xbe\xef", int(time.time() // 30))

    async def go_on(account):
        await account.fetch(IMPLY.scope)
        two_factor.remove("imply", "session", **two_factor.rows("imply", "session")[0])
        two_factor.advance(3600)
        await account.fetch(IMPLY.scope)

    with pytest.raises(AuthenticationFailed) as caught:
        with_settings(two_factor, go_on, totp_code=code)
    assert "second login of the run" in caught.value.hint
    assert logins(two_factor) == ["/auth/login 200", "/auth/refresh 401", "/auth/login 401"]


def test_a_token_is_used_as_it_is(sandbox):
    async def fetch(account):
        await account.fetch(IMPLY.scope)

    with_settings(sandbox, fetch, email=None, password=None, token="imply_live_sandbox")
    assert logins(sandbox) == []


def test_a_token_that_is_refused_is_final(sandbox):
    async def fetch(account):
        with pytest.raises(AuthenticationFailed):
            await account.fetch(IMPLY.scope)

    with_settings(sandbox, fetch, email=None, password=None, token="revoked")
    assert len(sandbox.requests) == 1


def test_a_second_account_does_not_disturb_the_first(sandbox):
    """Each has its own session."""
    with_account(IMPLY, sandbox, lambda account: create_all(account, IMPLY))
    shown = with_account(IMPLY, sandbox, lambda account: fields_of(account, IMPLY, "mailbox"))
    assert shown["name"] == "John Doe"
