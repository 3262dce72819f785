"""Logging in without a network: what is sent, what is waited for, what is made of the answers."""

import json

import httpx
import pytest
from provider_fakes import GET, World, reply

from reconciler.errors import AuthenticationFailed, BrokenContract, OutcomeUnknown, Rejected
from reconciler.model.quantities import Rate
from reconciler.providers.rest.login import Session, TotpCode, TotpSecret, totp

OK = reply(200, {"fine": True})
WHO = {"email": "admin@example.com", "password": "hunter22"}


def tokens(number, life=3600):
    data = {"access_token": f"access{number}", "refresh_token": f"refresh{number}", "expires_in": life}
    return reply(200, {"success": True, "data": data})


def refused(code, status=401):
    return reply(status, {"error": {"code": code, "message": "no"}})


def bodies(world):
    return [json.loads(request.content) for request in world.network.requests if request.content]


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds, code):
    """The last six digits of the test vectors of RFC 6238, appendix B."""
    assert totp(b"12345678901234567890", seconds // 30) == code


def test_the_login_says_who_and_the_call_carries_the_token():
    world = World([tokens(1), OK], auth=Session(WHO))
    assert world.call(GET) == {"fine": True}
    assert bodies(world) == [WHO]
    login, call = world.network.requests
    assert "authorization" not in login.headers
    assert call.headers["authorization"] == "Bearer access1"


def test_a_token_about_to_run_out_is_renewed_with_a_token_that_works_once():
    """Sixty seconds before, and the new refresh token is the one used next."""
    world = World([tokens(1, 100), OK, tokens(2, 100), OK, tokens(3), OK], auth=Session(WHO))

    async def three_calls(transport):
        for _ in range(3):
            await transport.call(GET)
            world.time.elapsed += 51

    world.work(three_calls)
    assert bodies(world) == [WHO, {"refresh_token": "refresh1"}, {"refresh_token": "refresh2"}]


def test_a_renewal_that_never_answers_is_followed_by_a_login():
    """The refresh token may be used up by then."""
    world = World([tokens(1, 10), OK, httpx.ReadTimeout("late"), tokens(2), OK], auth=Session(WHO))

    async def two_calls(transport):
        await transport.call(GET)
        world.time.elapsed += 6
        await transport.call(GET)

    world.work(two_calls)
    assert bodies(world) == [WHO, {"refresh_token": "refresh1"}, WHO]


def test_a_used_code_is_replaced_by_the_next_one_and_that_is_told():
    """The step is waited for, once."""
    world = World([refused("TOTP_INVALID"), tokens(1), OK], auth=Session(WHO, TotpSecret("JBSW Y3DP EHPK 3PXP")))
    world.call(GET)
    first, second = (body["totp_code"] for body in bodies(world))
    assert first != second
    assert sum(world.time.slept) == pytest.approx(10)  # the clock starts 20 s into a step
    assert any("one-time code" in event.message for event in world.told)


def test_a_code_refused_twice_is_an_error():
    world = World([refused("TOTP_INVALID")] * 2, auth=Session(WHO, TotpSecret("JBSWY3DPEHPK3PXP")))
    with pytest.raises(AuthenticationFailed, match="POST auth/login: no"):
        world.call(GET)


def test_a_login_of_unknown_outcome_may_have_used_the_code():
    world = World([httpx.ReadTimeout("late"), tokens(1), OK], auth=Session(WHO, TotpSecret("JBSWY3DPEHPK3PXP")))
    world.call(GET)
    assert len({body["totp_code"] for body in bodies(world)}) == 2


def test_a_fixed_code_is_not_sent_twice():
    world = World([httpx.ReadTimeout("late")], auth=Session(WHO, TotpCode("123456")))
    with pytest.raises(OutcomeUnknown, match="POST auth/login"):
        world.call(GET)
    assert len(world.sent) == 1


def test_a_fixed_code_that_is_refused_is_explained():
    world = World([refused("TOTP_INVALID")], auth=Session(WHO, TotpCode("123456")))
    with pytest.raises(AuthenticationFailed) as caught:
        world.call(GET)
    assert "good for one login only" in caught.value.hint


def test_wrong_credentials_are_tried_once_by_all_calls_together():
    """Each further try would be a step towards being locked out."""
    world = World(lambda request: refused("INVALID_CREDENTIALS"), auth=Session(WHO))
    outcomes = world.call(*[GET] * 8)
    assert {type(one) for one in outcomes} == {AuthenticationFailed}
    assert world.sent == ["POST /api/auth/login"]


def test_a_server_in_trouble_is_not_a_wrong_password():
    with pytest.raises(Rejected, match="HTTP 500"):
        World([reply(500, {"error": {"message": "down"}})], auth=Session(WHO)).call(GET)


def test_logins_have_a_limit_of_their_own():
    """And do not count against that of the calls."""
    world = World([tokens(1, 2), OK, refused("X"), tokens(2, 2), OK], auth=Session(WHO), anonymous_rate=Rate(1, 60))

    async def two_calls(transport):
        await transport.call(GET)
        world.time.elapsed += 1.5
        await transport.call(GET)

    world.work(two_calls)
    login, call, renewal, again, _ = world.network.times
    assert call == login
    assert renewal - login == pytest.approx(60, rel=0.01)
    assert again - renewal == pytest.approx(60, rel=0.01)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"access_token": "a", "refresh_token": "b"},
        {"access_token": 7, "refresh_token": "b", "expires_in": 5},
        {"access_token": "a", "refresh_token": "b", "expires_in": 0},
        {"access_token": "sesame", "refresh_token": "b", "expires_in": "soon"},
        {"access_token": "sesame\n", "refresh_token": "b", "expires_in": 5},
    ],
)
def test_an_answer_without_tokens_is_an_error_that_does_not_show_it(data):
    with pytest.raises(BrokenContract, match="POST auth/login") as caught:
        World([reply(200, {"success": True, "data": data})], auth=Session(WHO)).call(GET)
    assert "sesame" not in str(caught.value)


def test_a_secret_that_is_none_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="not base32") as caught:
        TotpSecret("hunter2!")
    assert "hunter" not in str(caught.value)
