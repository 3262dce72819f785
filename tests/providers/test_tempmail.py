"""What is particular about tempmail: read-only domains, addresses that expire, the one webhook."""

import asyncio

import httpx
import pytest

from reconciler.errors import BrokenContract, Rejected
from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Desired
from reconciler.model.snapshot import Scope
from reconciler.providers.base import Surroundings
from reconciler.providers.tempmail import PROVIDER, Settings, with_span

HELD = PROVIDER.capabilities({})
SLOT = ResourceAddress("tmp", "webhook", "default")


def test_it_holds_what_its_contract_lists():
    assert {kind: (set(one.verbs), set(one.fields)) for kind, one in HELD.kinds.items()} == {
        "domain": (set(), {"active"}),
        "mailbox": ({"create", "delete"}, {"expires", "active"}),
        "webhook": ({"create", "update", "delete"}, {"url", "enabled", "events"}),
    }
    assert HELD.kinds["webhook"].singleton == "default"
    assert HELD.kinds["webhook"].inherent_key is None
    assert not HELD.kinds["mailbox"].fields["expires"].update
    assert not HELD.kinds["mailbox"].replace_create_first
    assert str(HELD.rate) == "60/min"


def test_its_one_event_may_be_written_and_no_other():
    check = HELD.kinds["webhook"].fields["events"].check
    check(("new_message",))
    with pytest.raises(ValueError, match="it is always new_message here"):
        check(("new_message", "old_message"))


@pytest.mark.parametrize(("local", "fits"), [("a.b-c_7", True), ("a+b", False), ("o'brien", False), ("a" * 65, False)])
def test_a_name_has_letters_digits_and_little_else(local, fits):
    desired = Desired(ResourceAddress("tmp", "mailbox", f"{local}@x.example"), {})
    assert [name for rule in HELD.rules for name, _ in rule(desired)] == ([] if fits else ["address"])


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/"])
def test_the_url_may_end_in_api(path):
    settings = Settings.model_validate({"api_key": "k", "base_url": f"https://mail.example.com{path}"})
    assert settings.base_url == "https://mail.example.com"


@pytest.mark.parametrize(
    ("end", "span"),
    [
        ("2025-04-21T09:30:45.084Z", 3_600_000),
        ("2025-04-21T09:31:45.084Z", 3_600_000),
        ("2025-04-21T09:29:45.084Z", 3_600_000),
        ("2025-04-21T09:31:46.084Z", 3_661_000),
        ("2025-04-22T08:30:45.084Z", 86_400_000),
        ("2025-04-24T08:30:45.000Z", 259_200_000),
        ("9999-01-01T00:00:00.000Z", 0),
        ("2025-04-21T08:30:45.084Z", 0),
    ],
)
def test_the_span_is_the_one_that_was_asked_for(end, span):
    """Give or take a minute; anything else is what it is."""
    row = with_span({"createdAt": "2025-04-21T08:30:45.084Z", "expiresAt": end})
    assert row["expiryTime"] == span


def with_answers(work, *answers):
    left = list(answers)
    sent = []

    def answer(request):
        sent.append(f"{request.method} {request.url.path} {request.content.decode()}".strip())
        return left.pop(0)

    async def opened():
        settings = Settings.model_validate({"api_key": "k", "rate_limit": "none"})
        account = PROVIDER.connect("tmp", settings, Surroundings("1"), None, httpx.MockTransport(answer))
        try:
            return await work(account)
        finally:
            await account.close()

    result = asyncio.run(opened())
    return result, sent


def fetch(account):
    return account.fetch(Scope(frozenset({"webhook"})))


def slot(url, enabled):
    return httpx.Response(200, json={"url": url, "enabled": enabled, "extra": 1})


def test_a_webhook_that_is_switched_off_is_as_good_as_deleted():
    snapshot, _ = with_answers(fetch, slot("https://x.example/", False))
    assert snapshot.resources[SLOT].inert
    snapshot, _ = with_answers(fetch, slot("https://x.example/", True))
    assert not snapshot.resources[SLOT].inert


def test_deleting_switches_it_off_with_its_url_and_only_once():
    done = httpx.Response(200, json={"success": True})

    async def work(account):
        await fetch(account)
        await account.delete(SLOT)
        await account.delete(SLOT)
        return account.live(SLOT)

    live, sent = with_answers(work, slot("https://x.example/", True), done)
    assert sent[1:] == ['POST /api/webhook {"url":"https://x.example/","enabled":false}']
    assert live.inert


def test_a_key_goes_bare_in_its_own_header():
    def answer(request):
        assert request.headers["x-api-key"] == "k"
        assert "authorization" not in request.headers
        return slot("", False)

    async def opened():
        settings = Settings.model_validate({"api_key": "k"})
        account = PROVIDER.connect("tmp", settings, Surroundings("1"), None, httpx.MockTransport(answer))
        await fetch(account)
        await account.close()

    asyncio.run(opened())


@pytest.mark.parametrize(("status", "kind"), [(200, BrokenContract), (403, Rejected)])
def test_a_challenge_page_is_called_one(status, kind):
    page = httpx.Response(status, html="<!DOCTYPE html><title>Just a moment...</title>")
    with pytest.raises(kind, match="an HTML page") as caught:
        with_answers(fetch, page)
    assert "challenge page" in caught.value.hint
