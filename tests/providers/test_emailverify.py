"""What is particular about EmailVerify: webhooks that are replaced, several with one URL, envelopes, long waits."""

import pytest
from provider_fakes import FakeClock, FakeNetwork, reply, run

from reconciler.errors import AlreadyExists, RateLimited
from reconciler.model.names import ResourceAddress
from reconciler.model.snapshot import Scope
from reconciler.providers.base import Surroundings
from reconciler.providers.emailverify import PROVIDER, message, payload

URL = "https://your-app.example/hook"
HOOK = ResourceAddress("checks", "webhook", URL)
HELD = PROVIDER.capabilities({})
EVENTS = {"url": URL, "events": ("credits.low",)}


def row(number, at="10:30:00", events=("credits.low",)):
    return {"id": f"webhook_{number}", "url": URL, "events": list(events), "created_at": f"2025-01-15T{at}Z"}


def with_replies(work, *replies):
    clock = FakeClock()
    network = FakeNetwork(replies, clock)

    async def opened():
        settings = PROVIDER.settings.model_validate({"api_key": "bv_live_x"})
        account = PROVIDER.connect("checks", settings, Surroundings("1"), clock.clock(), network)
        try:
            return await work(account)
        finally:
            await account.close()

    return run(opened()), [f"{r.method} {r.url.path.removeprefix('/v1/')}" for r in network.requests]


def fetch(account):
    return account.fetch(Scope(frozenset({"webhook"})))


def test_it_holds_what_its_contract_lists():
    webhook = HELD.kinds["webhook"]
    assert set(HELD.kinds) == {"webhook"}
    assert webhook.verbs == {"create", "delete"}
    assert set(webhook.fields) == {"url", "events", "secret", "enabled"}
    assert webhook.replace_create_first
    assert webhook.inherent_key == "url"
    assert not webhook.fields["secret"].reads
    assert str(HELD.rate) == "10/s"


def test_of_several_with_one_url_the_newest_counts_and_the_others_are_surplus():
    snapshot, _ = with_replies(fetch, reply(200, [row(1), row(3, "10:30:02"), row(2, "10:30:01")]))
    assert snapshot.resources[HOOK].remote_id == "webhook_3"
    assert [live.remote_id for live in snapshot.surplus] == ["webhook_1", "webhook_2"]


def test_replacing_makes_the_new_one_and_then_deletes_the_old_one():
    """No moment without either, and the new one is what is known afterwards."""

    async def replace(account):
        old = (await fetch(account)).resources[HOOK]
        await account.create(HOOK, EVENTS, {"secret": "new"})
        await account.delete(HOOK, old)
        return account.live(HOOK)

    live, sent = with_replies(replace, reply(200, [row(1)]), reply(200, row(2)), reply(204))
    assert sent == ["GET webhooks", "POST webhooks", "DELETE webhooks/webhook_1"]
    assert live.remote_id == "webhook_2"


def test_a_service_that_refuses_a_second_one_is_not_taken_for_having_made_it():
    """What is there is the old one, and deleting that afterwards would leave nothing."""

    async def replace(account):
        await fetch(account)
        await account.create(HOOK, EVENTS, {"secret": "new"})

    taken = reply(409, {"error": {"code": "CONFLICT", "message": "URL exists"}})
    with pytest.raises(AlreadyExists, match="URL exists"):
        with_replies(replace, reply(200, [row(1)]), taken, reply(200, [row(1)]))


def test_a_new_one_that_got_lost_on_the_way_is_known_by_its_id():
    """Also when it is not the newest by the server's clock."""

    async def create(account):
        await fetch(account)
        await account.create(HOOK, EVENTS, {})
        return await fetch(account)

    both = [row(1, "10:30:05"), row(2)]
    snapshot, sent = with_replies(create, reply(200, [row(1, "10:30:05")]), reply(504), *[reply(200, both)] * 2)
    assert sent.count("POST webhooks") == 1
    assert len(snapshot.surplus) == 1


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        ({"success": True, "data": [1]}, [1]),
        ({"code": "0", "data": {"id": 1}}, {"id": 1}),
        ({"data": 1}, {"data": 1}),
        ([1], [1]),
        ({"id": 1}, {"id": 1}),
        (None, None),
    ],
)
def test_an_envelope_is_opened(body, inside):
    assert payload(body) == inside


def test_two_kinds_of_403_are_told_apart_by_their_code():
    assert message({"error": {"code": "FORBIDDEN", "message": "No"}}) == "No (FORBIDDEN)"
    assert message({"error": {"code": "X", "message": "No", "details": "why"}}) == "No: why (X)"
    assert message({"error": {"code": "X"}}) is None
    assert message({"error": "No"}) is None


def test_an_hour_that_is_used_up_is_an_error_with_the_time_of_its_end():
    """Known from the headers of the last answer that came through: no call is refused first."""
    headers = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1700003600"}

    async def twice(account):
        await fetch(account)
        await fetch(account)

    with pytest.raises(RateLimited, match="until 2023-11-14 23:13:20 UTC"):
        with_replies(twice, reply(200, [], **headers))
