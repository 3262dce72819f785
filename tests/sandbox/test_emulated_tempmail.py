"""The emulated chat-tempmail API answers as its contract says."""

import re
import uuid
from datetime import datetime

import pytest

from reconciler.sandbox import CREDENTIALS, Sandbox, SandboxOptions

HOUR, DAY, THREE_DAYS = 3_600_000, 86_400_000, 259_200_000
NEW = {"name": "6Tg3VT", "expiryTime": DAY, "domain": "chat-tempmail.com"}
OTHER_USER = "00000000-0000-4000-8000-000000000000"


def done(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer, status):
    """An error in the vendor's envelope; gives its text."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    return answer.json()["error"]


def create(client, **change):
    return done(client.post("/api/emails/generate", json={**NEW, **change}))


def addresses(client):
    return [row["address"] for row in done(client.get("/api/emails"))["emails"]]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": f"Bearer {CREDENTIALS['tempmail']['api_key']}"},
        {"Authorization": f"Bearer {CREDENTIALS['tempmail']['api_key']}"},
    ],
)
def test_only_the_bare_key_opens(sandbox, connect, headers):
    """X-API-Key without any scheme; everything else is 401."""
    refused(connect(sandbox, "tempmail", headers=headers).get("/api/emails"), 401)


def test_the_services_domains(tempmail):
    """Names only."""
    assert "chat-tempmail.com" in done(tempmail.get("/api/email/domains"))["domains"]


def test_an_address_is_created_and_listed(tempmail):
    """`email` in the create answer, `address` in the list, ids are UUIDs, times have milliseconds."""
    created = create(tempmail)
    assert set(created) == {"id", "email"}
    listing = done(tempmail.get("/api/emails"))
    (row,) = listing.pop("emails")
    assert listing == {"nextCursor": None, "total": 1}
    assert set(row) == {"id", "address", "userId", "createdAt", "expiresAt"}
    assert (row["id"], row["address"]) == (created["id"], "6Tg3VT@chat-tempmail.com") == (row["id"], created["email"])
    assert str(uuid.UUID(row["id"])) == row["id"] != str(uuid.UUID(row["userId"]))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["createdAt"])


@pytest.mark.parametrize("expiry", [HOUR, DAY, THREE_DAYS, float(DAY)])
def test_an_address_lives_as_long_as_asked(tempmail, expiry):
    """expiresAt is that much after createdAt."""
    create(tempmail, expiryTime=expiry)
    (row,) = done(tempmail.get("/api/emails"))["emails"]
    span = datetime.fromisoformat(row["expiresAt"]) - datetime.fromisoformat(row["createdAt"])
    assert abs(span.total_seconds() * 1000 - expiry) < 2


def test_an_address_that_never_expires(sandbox, tempmail):
    """Written as the year 9999, and still there after a century."""
    create(tempmail, expiryTime=0)
    sandbox.advance(100 * 365 * 86400)
    (row,) = done(tempmail.get("/api/emails"))["emails"]
    assert row["expiresAt"] == "9999-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "body",
    [
        {**NEW, "expiryTime": 7_200_000},
        {**NEW, "expiryTime": "86400000"},
        {**NEW, "expiryTime": False},
        {**NEW, "expiryTime": None},
        {**NEW, "domain": "example.net"},
        {**NEW, "name": ""},
        {**NEW, "name": "a b"},
        {**NEW, "name": "a+b"},
        {**NEW, "name": "x" * 65},
        {**NEW, "password": "x"},
        {"name": "x", "expiryTime": 0},
        {"name": "x", "domain": "example.com"},
        {"expiryTime": 0, "domain": "example.com"},
    ],
)
def test_an_address_that_is_not_allowed_is_refused(tempmail, body):
    """400 for an unknown domain, another lifetime, a bad name, unknown and missing fields."""
    refused(tempmail.post("/api/emails/generate", json=body), 400)
    assert addresses(tempmail) == []


def test_an_address_is_taken_whoever_has_it(sandbox, tempmail):
    """409, compared case-insensitively, and also for another customer's, which is in no list."""
    create(tempmail)
    sandbox.seed("tempmail", "mailbox", {"address": "theirs@example.com", "userId": OTHER_USER})
    refused(tempmail.post("/api/emails/generate", json={**NEW, "name": "6tg3vt"}), 409)
    refused(tempmail.post("/api/emails/generate", json={**NEW, "name": "Theirs", "domain": "example.com"}), 409)
    assert addresses(tempmail) == ["6Tg3VT@chat-tempmail.com"]


def test_an_expired_address_vanishes_with_its_messages_and_is_free_again(sandbox, tempmail):
    """It leaves the list silently; creating it again gives an empty one with another id."""
    old = create(tempmail, expiryTime=HOUR)["id"]
    create(tempmail, name="longer")
    sandbox.seed("tempmail", "message", {"emailId": old})
    sandbox.advance(3599)
    assert len(addresses(tempmail)) == 2
    sandbox.advance(2)
    assert addresses(tempmail) == ["longer@chat-tempmail.com"]
    assert done(tempmail.get("/api/emails"))["total"] == 1
    refused(tempmail.get(f"/api/emails/{old}"), 404)
    assert sandbox.rows("tempmail", "message") == []
    assert create(tempmail)["id"] != old


def test_seeded_addresses_expire_too(sandbox, tempmail):
    """Whatever came before them."""
    create(tempmail)
    assert len(addresses(tempmail)) == 1
    sandbox.seed("tempmail", "mailbox", {"address": "x@example.com", "expiresAt": "2020-01-01T00:00:00.000Z"})
    assert addresses(tempmail) == ["6Tg3VT@chat-tempmail.com"]


def test_deleting_an_address_takes_its_messages(sandbox, tempmail):
    """Once; then it is unknown."""
    number = create(tempmail)["id"]
    sandbox.seed("tempmail", "message", {"emailId": number})
    assert done(tempmail.delete(f"/api/emails/{number}")) == {"success": True}
    assert sandbox.rows("tempmail", "message") == []
    refused(tempmail.delete(f"/api/emails/{number}"), 404)
    refused(tempmail.get(f"/api/emails/{number}"), 404)


def test_another_customers_address_is_not_found(sandbox, tempmail):
    """Neither its inbox nor its deletion."""
    sandbox.seed("tempmail", "mailbox", {"address": "theirs@example.com", "userId": OTHER_USER})
    (row,) = sandbox.rows("tempmail", "mailbox")
    refused(tempmail.get(f"/api/emails/{row['id']}"), 404)
    refused(tempmail.delete(f"/api/emails/{row['id']}"), 404)


def pages(client, path, plural):
    """All pages behind *path*, each as the list of its ids."""
    found, cursor = [], None
    while True:
        page = done(client.get(path, params={"cursor": cursor} if cursor else {}))
        found.append([row["id"] for row in page[plural]])
        if (cursor := page["nextCursor"]) is None:
            return found


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (20, [20]), (21, [20, 1]), (45, [20, 20, 5])])
def test_addresses_come_newest_first_twenty_at_a_time(sandbox, tempmail, count, sizes):
    """The last page has no cursor; total counts all."""
    sandbox.seed("tempmail", "mailbox", *({"address": f"a{number}@example.com"} for number in range(count)))
    found = pages(tempmail, "/api/emails", "emails")
    assert [len(page) for page in found] == sizes
    newest_first = [row["id"] for row in sandbox.rows("tempmail", "mailbox")][::-1]
    assert [number for page in found for number in page] == newest_first
    assert done(tempmail.get("/api/emails"))["total"] == count


def test_a_cursor_outlives_the_address_it_was_made_from(sandbox, tempmail):
    """What is deleted while paging leaves no gap."""
    sandbox.seed("tempmail", "mailbox", *({"address": f"a{number}@example.com"} for number in range(25)))
    first = done(tempmail.get("/api/emails"))
    done(tempmail.delete(f"/api/emails/{first['emails'][-1]['id']}"))
    rest = done(tempmail.get("/api/emails", params={"cursor": first["nextCursor"]}))
    assert [row["address"] for row in rest["emails"]] == [f"a{number}@example.com" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("cursor", ["x", "eA==", "%00", str(uuid.uuid4())])
def test_an_invalid_cursor_is_refused(tempmail, cursor):
    """400, also for one that looks like the vendor's sample."""
    refused(tempmail.get("/api/emails", params={"cursor": cursor}), 400)


@pytest.fixture
def inbox(sandbox, tempmail):
    """The id of an address with 25 messages."""
    number = create(tempmail)["id"]
    rows = ({"emailId": number, "subject": f"Test {one}", "content": "text", "html": "<p>"} for one in range(25))
    sandbox.seed("tempmail", "message", *rows)
    return number


def test_messages_are_listed_read_and_deleted(tempmail, inbox):
    """The list has no content, the single read has; times are milliseconds."""
    listing = done(tempmail.get(f"/api/emails/{inbox}"))
    assert (len(listing["messages"]), listing["total"], listing["messages"][0]["subject"]) == (20, 25, "Test 24")
    assert set(listing["messages"][0]) == {"id", "from_address", "subject", "received_at"}
    assert isinstance(listing["messages"][0]["received_at"], int)
    assert [len(page) for page in pages(tempmail, f"/api/emails/{inbox}", "messages")] == [20, 5]
    path = f"/api/emails/{inbox}/{listing['messages'][0]['id']}"
    message = done(tempmail.get(path))["message"]
    assert (message["content"], message["html"]) == ("text", "<p>")
    assert set(message) == {"id", "from_address", "subject", "content", "html", "received_at"}
    assert done(tempmail.delete(path)) == {"success": True}
    refused(tempmail.get(path), 404)
    refused(tempmail.delete(path), 404)


def test_a_message_belongs_to_one_address(tempmail, inbox):
    """Below another address it is not found."""
    message = done(tempmail.get(f"/api/emails/{inbox}"))["messages"][0]["id"]
    other = create(tempmail, name="other")["id"]
    refused(tempmail.get(f"/api/emails/{other}/{message}"), 404)


def test_there_is_one_webhook(tempmail):
    """Never set it is empty and off; a POST replaces both members."""
    assert done(tempmail.get("/api/webhook")) == {"url": "", "enabled": False}
    for webhook in ({"url": "https://a.example/x", "enabled": True}, {"url": "http://b.example", "enabled": False}):
        assert done(tempmail.post("/api/webhook", json=webhook)) == {"success": True}
        assert done(tempmail.get("/api/webhook")) == webhook


@pytest.mark.parametrize(
    "body",
    [
        {"enabled": False},
        {"url": "https://a.example"},
        {"url": "", "enabled": False},
        {"url": "ftp://a.example", "enabled": True},
        {"url": "https://a.example", "enabled": "true"},
        {"url": "https://a.example", "enabled": True, "events": ["new_message"]},
    ],
)
def test_a_webhook_that_is_not_allowed_is_refused(tempmail, body):
    """Both members are required, and the url may not be empty."""
    refused(tempmail.post("/api/webhook", json=body), 400)
    assert done(tempmail.get("/api/webhook")) == {"url": "", "enabled": False}


def test_an_account_may_have_a_limit(connect):
    """403 when it is reached; what is deleted, expired or another's does not count."""
    with Sandbox(SandboxOptions(tempmail_addresses=2)) as sandbox:
        client = connect(sandbox, "tempmail")
        sandbox.seed("tempmail", "mailbox", {"address": "theirs@example.com", "userId": OTHER_USER})
        first = create(client, name="a")["id"]
        create(client, name="b", expiryTime=HOUR)
        refused(client.post("/api/emails/generate", json={**NEW, "name": "c"}), 403)
        done(client.delete(f"/api/emails/{first}"))
        create(client, name="c")
        sandbox.advance(3601)
        create(client, name="d")
        refused(client.post("/api/emails/generate", json={**NEW, "name": "e"}), 403)


def test_the_bucket_refills_one_a_second(connect):
    """Sixty at once, then one a second."""
    with Sandbox(SandboxOptions(rate_limit="documented")) as sandbox:
        client = connect(sandbox, "tempmail")
        met = [client.get("/api/webhook").status_code for _ in range(62)]
        assert met[:60] == [200] * 60
        assert met[-1] == 429
        sandbox.advance(10)
        assert [client.get("/api/webhook").status_code for _ in range(10)] == [200] * 10


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/emails"),
        ("POST", "/api/emails"),
        ("PATCH", "/api/emails/x"),
        ("DELETE", "/api/webhook"),
        ("PUT", "/api/webhook"),
        ("GET", "/api/emails/domains/x/y"),
        ("POST", "/api/email/domains"),
    ],
)
def test_what_is_not_offered_is_not_found(tempmail, method, path):
    """404, a wrong method included: no 405 is documented."""
    refused(tempmail.request(method, path), 404)


def test_bodies_are_json(tempmail):
    """Anything else is 400."""
    refused(tempmail.post("/api/webhook", data={"url": "https://a.example", "enabled": "true"}), 400)


def test_the_same_run_has_the_same_ids(connect):
    """So that injected faults, which depend on paths, are the same too."""
    found = []
    for _ in range(2):
        with Sandbox() as sandbox:
            found.append(create(connect(sandbox, "tempmail"))["id"])
    assert found[0] == found[1]
