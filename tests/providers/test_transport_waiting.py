"""How an account waits: its own rate, what the provider's headers say, and 429 in each of its forms."""

from email.utils import formatdate

import httpx
import pytest
from provider_fakes import GET, POST, START, World, reply

from reconciler.errors import RateLimited
from reconciler.model.quantities import Rate, parse_rate
from reconciler.providers.rest.messages import Request

OK = {"fine": True}


def far_too_many(**headers: str) -> httpx.Response:
    return reply(429, {"error": {"message": "Too many requests"}}, **headers)


@pytest.mark.parametrize(
    ("refusal", "seconds"),
    [
        (far_too_many(Retry_After="7"), 7),
        (far_too_many(Retry_After=formatdate(START + 30, usegmt=True)), 30),
        (far_too_many(X_RateLimit_Reset=str(int(START) + 12)), 12),
        (far_too_many(Retry_After="7", X_RateLimit_Reset=str(int(START) + 12)), 7),
        (reply(429, {"error": {"message": "slow down", "retry_after": 33}}), 33),
        (far_too_many(X_RateLimit_Reset=str(START + 0.2)), 1),
    ],
    ids=["seconds", "date", "reset", "seconds before reset", "in the body", "a reset that is about to pass"],
)
def test_a_429_is_waited_for_as_it_says(refusal, seconds):
    """Retry-After in seconds or as a date, X-RateLimit-Reset, or a number in the body."""
    world = World([refusal, reply(200, OK)])
    assert world.call(GET) == OK
    assert world.time.slept == [pytest.approx(seconds)]


def test_a_server_whose_clock_is_wrong_is_measured_with_its_own_clock():
    """The reset minus the Date of the same answer."""
    behind = START - 3600
    refusal = far_too_many(X_RateLimit_Reset=str(int(behind) + 20), Date=formatdate(behind, usegmt=True))
    world = World([refusal, reply(200, OK)])
    world.call(GET)
    assert world.time.slept == [pytest.approx(20)]


@pytest.mark.parametrize("nonsense", ["", "soon", "-5", "0", "nan", "1e400"])
def test_a_429_that_says_nothing_sensible_is_waited_for_longer_each_time(nonsense):
    """Exponential backoff."""
    world = World([far_too_many(Retry_After=nonsense)] * 4 + [reply(200, OK)])
    assert world.call(GET) == OK
    assert world.time.slept == [1, 2, 4, 8]


def test_a_post_that_was_refused_with_429_is_sent_again():
    """A refused call changed nothing."""
    world = World([far_too_many(Retry_After="1"), reply(201, OK)])
    assert world.call(POST) == OK
    assert world.sent == ["POST /api/things"] * 2


def test_a_429_holds_up_all_calls_of_the_account():
    """Nothing is sent while one of them waits, and what was refused goes first and alone."""
    answers = {"/api/b": [far_too_many(Retry_After="9"), reply(200, OK)]}
    world = World(lambda request: answers[request.url.path].pop(0) if request.url.path in answers else reply(200, OK))
    world.call(*(Request("GET", path) for path in "abcdef"))
    refused = world.sent.index("GET /api/b")
    again = world.sent.index("GET /api/b", refused + 1)
    assert world.network.times[again] == pytest.approx(9)
    assert not [t for t in world.network.times if 0 < t < 9]


def test_refused_calls_are_a_small_share_when_the_limit_is_unknown():
    """A bucket of 10 that refills 10 a second, and nobody told us: at most 1 % of 2,000 calls are refused."""
    level, at, refused = 10.0, 0.0, 0

    def bucket(request: httpx.Request) -> httpx.Response:
        nonlocal level, at, refused
        now = world.time.elapsed
        level, at = min(10.0, level + (now - at) * 10), now
        if level < 1:
            refused += 1
            return far_too_many(Retry_After=f"{(1 - level) / 10:.3f}")
        level -= 1
        return reply(200, OK)

    world = World(bucket)
    world.call(*(Request("GET", f"things/{n}") for n in range(2000)))
    assert refused <= 20
    assert world.time.elapsed <= 1.15 * 2000 / 10


def test_a_provider_that_never_stops_refusing_is_given_up():
    """Bounded in tries, however short the waits are that it asks for."""
    world = World(lambda request: far_too_many(Retry_After="1"))
    with pytest.raises(RateLimited):
        world.call(GET)
    assert len(world.sent) == 12


@pytest.mark.parametrize(
    "refusal",
    [
        far_too_many(Retry_After="3600"),
        far_too_many(X_RateLimit_Reset=str(int(START) + 3600)),
        reply(429, {"error": {"message": "", "retry_after": 3600}}),
    ],
)
def test_a_wait_of_more_than_ten_minutes_is_an_error_with_the_time_of_the_reset(refusal):
    """A pipeline that sleeps for an hour helps nobody."""
    world = World([refusal])
    with pytest.raises(RateLimited, match="until 2023-11-14 23:13:20 UTC") as caught:
        world.call(GET)
    assert caught.value.call == "GET things"
    assert world.time.slept == []


def test_after_such_a_refusal_other_calls_are_not_even_sent():
    """The limit holds for the account."""
    world = World([far_too_many(Retry_After="3600")] * 8)
    outcomes = world.call(*(Request("GET", path) for path in "abcd"))
    assert [type(outcome) for outcome in outcomes] == [RateLimited] * 4
    assert len(world.sent) == 1


def test_an_allowance_that_is_used_up_is_waited_for_before_the_next_call():
    """X-RateLimit-Remaining: 0 pauses until X-RateLimit-Reset; nothing has to be refused first."""
    last = reply(200, OK, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(START) + 40))
    world = World([last, reply(200, OK)])
    world.one_after_the_other(GET, GET)
    assert world.network.times == [0, 40]


def test_an_allowance_that_comes_back_in_an_hour_fails_the_next_call_not_this_one():
    """What was answered counts."""
    last = reply(200, OK, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(START) + 3600))
    world = World([last])
    with pytest.raises(RateLimited):
        world.one_after_the_other(GET, GET)
    assert world.sent == ["GET /api/things"]


def test_a_reset_in_the_past_pauses_nothing():
    world = World(lambda request: reply(200, OK, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(START) - 5)))
    world.one_after_the_other(GET, GET)
    assert world.time.slept == []


@pytest.mark.parametrize("rate", ["100/min", "10/s", "60/min burst 10", "60/min"])
def test_calls_keep_to_the_rate_of_the_account(rate):
    """No window of any length holds more calls than burst + rate allow; and no time is wasted."""
    parsed = parse_rate(rate)
    world = World(lambda request: reply(200, OK), rate=parsed)
    world.call(*(Request("GET", f"things/{n}") for n in range(60)))
    times = world.network.times
    for first in range(60):
        for last in range(first, 60):
            assert last - first + 1 <= parsed.burst + (times[last] - times[first]) * parsed.per_second + 1e-6
    assert times[-1] <= (60 - parsed.burst) / parsed.per_second + 1


def test_a_fixed_window_of_the_documented_limit_never_refuses():
    """100 calls in 60 seconds, counted from the first: calls spread over that do not hit it."""
    world = World(lambda request: reply(200, OK), rate=Rate(100, 60))
    world.call(*(Request("GET", f"things/{n}") for n in range(250)))
    ends, used = 0.0, 0
    for at in world.network.times:
        ends, used = (at + 60, 1) if at >= ends else (ends, used + 1)
        assert used <= 100


def test_without_a_rate_nothing_waits():
    world = World(lambda request: reply(200, OK))
    world.call(*(Request("GET", f"things/{n}") for n in range(60)))
    assert world.time.slept == []


def test_waits_are_told():
    """So that nobody takes a long wait for a hang."""
    world = World([far_too_many(Retry_After="7"), reply(200, OK)])
    world.call(GET)
    assert [(event.kind, event.provider, event.message) for event in world.told] == [
        ("waiting", "hosting", "Too many requests (HTTP 429): waiting 7 s")
    ]
