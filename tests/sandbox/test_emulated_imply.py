"""The emulated Imply API answers as its contract says."""

import time

import pytest

from reconciler.sandbox import CREDENTIALS, Sandbox, SandboxOptions
from reconciler.sandbox.imply_login import totp

LOGIN = dict(CREDENTIALS["imply"])
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
MAILBOX = {"email": "john@example.com", "password": "Password1", "storage_quota_mb": 1024, "name": "John Doe"}
ALIAS = {"alias": "info@example.com", "destination": "john@example.com"}
WEBHOOK = {"url": "https://hooks.example.com/mail", "events": ["mailbox.created", "email.sent"]}


@pytest.fixture
def hosted(imply):
    """A client of an account that hosts example.com."""
    assert done(imply.post("/domains", json={"domain": "example.com"}), 201)["id"] == 1
    return imply


def done(answer, status=200):
    """The data of a success."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"success", "message", "data"}
    assert body["success"] is True
    assert isinstance(body["message"], str)
    return body["data"]


def listed(answer):
    """The data of a list, and its pagination."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"success", "message", "data", "pagination"}
    assert body["success"] is True
    return body["data"], body["pagination"]


def refused(answer, status, code):
    """An error in the vendor's envelope; gives its details."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (set(body), body["success"]) == ({"success", "error"}, False)
    assert body["error"]["code"] == code, body
    assert isinstance(body["error"]["message"], str)
    return body["error"].get("details")


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


# Sessions


def test_login_gives_tokens_that_open(sandbox, connect):
    """The access token is a JWT that lives an hour; verify names its user."""
    stranger = connect(sandbox, "imply", headers={})
    answer = stranger.post("/auth/login", json=LOGIN)
    session = done(answer)
    assert answer.json()["message"] == "Login successful"
    assert set(session) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert (session["token_type"], session["expires_in"]) == ("Bearer", 3600)
    assert session["user"] == {"id": 123, "email": LOGIN["email"], "role": "user"}
    assert session["access_token"].count(".") == 2
    client = connect(sandbox, "imply", **bearer(session["access_token"]))
    assert done(client.get("/auth/verify")) == {"valid": True, "user": session["user"]}


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"email": "eve@example.com"}])
def test_wrong_credentials_are_refused(imply, change):
    """401, the same for a wrong address and a wrong password."""
    refused(imply.post("/auth/login", json={**LOGIN, **change}), 401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize("body", [{}, {"email": LOGIN["email"]}, {**LOGIN, "remember": True}, {**LOGIN, "password": 1}])
def test_a_login_is_shaped_as_documented(imply, body):
    """Missing, unknown and wrongly typed fields are 400."""
    refused(imply.post("/auth/login", json=body), 400, "INVALID_PARAMETER")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}, {"X-API-Key": "x"}]
)
@pytest.mark.parametrize("path", ["/auth/verify", "/domains", "/stats/storage"])
def test_nothing_opens_without_a_token(sandbox, connect, headers, path):
    """401 INVALID_TOKEN."""
    refused(connect(sandbox, "imply", headers=headers).get(path), 401, "INVALID_TOKEN")


def test_a_token_is_not_forged(sandbox, connect, imply):
    """Another signature, or a refresh token in place of an access token, opens nothing."""
    session = done(imply.post("/auth/login", json=LOGIN))
    forged = session["access_token"][:-3] + "abc"
    for token in (forged, session["refresh_token"]):
        refused(connect(sandbox, "imply", **bearer(token)).get("/domains"), 401, "INVALID_TOKEN")


def test_an_access_token_expires(sandbox, connect, imply):
    """After its lifetime the code is TOKEN_EXPIRED; a refresh opens again."""
    session = done(imply.post("/auth/login", json=LOGIN))
    client = connect(sandbox, "imply", **bearer(session["access_token"]))
    sandbox.advance(3590)
    assert client.get("/domains").status_code == 200
    sandbox.advance(11)
    refused(client.get("/domains"), 401, "TOKEN_EXPIRED")
    refused(client.get("/auth/verify"), 401, "TOKEN_EXPIRED")
    fresh = done(client.post("/auth/refresh", json={"refresh_token": session["refresh_token"]}))
    assert set(fresh) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert connect(sandbox, "imply", **bearer(fresh["access_token"])).get("/domains").status_code == 200


def test_a_refresh_token_works_once(imply):
    """It rotates: the old one is dead, the new one works."""
    old = done(imply.post("/auth/login", json=LOGIN))["refresh_token"]
    new = done(imply.post("/auth/refresh", json={"refresh_token": old}))["refresh_token"]
    refused(imply.post("/auth/refresh", json={"refresh_token": old}), 401, "INVALID_TOKEN")
    assert done(imply.post("/auth/refresh", json={"refresh_token": new}))["refresh_token"] != new


def test_a_refresh_token_lives_thirty_days(sandbox, imply):
    """Longer than any run, but not for ever."""
    token = done(imply.post("/auth/login", json=LOGIN))["refresh_token"]
    sandbox.advance(30 * 86400 + 1)
    refused(imply.post("/auth/refresh", json={"refresh_token": token}), 401, "INVALID_TOKEN")


def test_the_token_lifetime_can_be_chosen(connect):
    """For runs that want to see a token expire."""
    with Sandbox(SandboxOptions(token_lifetime=60)) as sandbox:
        session = done(connect(sandbox, "imply").post("/auth/login", json=LOGIN))
        assert session["expires_in"] == 60
        sandbox.advance(61)
        refused(connect(sandbox, "imply", **bearer(session["access_token"])).get("/domains"), 401, "TOKEN_EXPIRED")


def test_a_session_survives_a_restart(tmp_path, connect):
    """Tokens given out before it are still good."""
    with Sandbox(SandboxOptions(data=tmp_path)) as sandbox:
        session = done(connect(sandbox, "imply").post("/auth/login", json=LOGIN))
    with Sandbox(SandboxOptions(data=tmp_path)) as sandbox:
        client = connect(sandbox, "imply", **bearer(session["access_token"]))
        assert client.get("/domains").status_code == 200
        assert client.post("/auth/refresh", json={"refresh_token": session["refresh_token"]}).status_code == 200


@pytest.fixture
def guarded(connect):
    """A sandbox with 2FA on, and a client of it."""
    with Sandbox(SandboxOptions(totp_secret=SECRET)) as sandbox:
        yield sandbox, connect(sandbox, "imply")


def code_now(steps=0):
    """The code of this moment, or of some steps later."""
    return totp(SECRET, int(time.time() // 30) + steps)


def test_the_codes_are_those_of_rfc_6238():
    """The RFC's own vectors, the last six of their eight digits."""
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {moment: totp(SECRET, moment // 30) for moment in vectors} == vectors


def test_with_2fa_a_login_needs_a_code(guarded):
    """None: TOTP_REQUIRED; a wrong or malformed one: TOTP_INVALID; the password is looked at first."""
    _, client = guarded
    refused(client.post("/auth/login", json=LOGIN), 401, "TOTP_REQUIRED")
    for wrong in ("000000", "", "12345", "einszwei", code_now(steps=20)):
        refused(client.post("/auth/login", json={**LOGIN, "totp_code": wrong}), 401, "TOTP_INVALID")
    refused(client.post("/auth/login", json={**LOGIN, "totp_code": 123456}), 400, "INVALID_PARAMETER")
    bad = {**LOGIN, "password": "wrong", "totp_code": code_now()}
    refused(client.post("/auth/login", json=bad), 401, "INVALID_CREDENTIALS")


def test_a_code_is_good_for_one_login(guarded):
    """The same step again is refused, the next one works."""
    sandbox, client = guarded
    code = code_now()
    done(client.post("/auth/login", json={**LOGIN, "totp_code": code}))
    refused(client.post("/auth/login", json={**LOGIN, "totp_code": code}), 401, "TOTP_INVALID")
    sandbox.advance(30)
    done(client.post("/auth/login", json={**LOGIN, "totp_code": code_now(steps=1)}))


def test_without_2fa_a_code_is_ignored(imply):
    """The field is optional."""
    done(imply.post("/auth/login", json={**LOGIN, "totp_code": "000000"}))


def test_login_and_refresh_have_a_limit_of_their_own(connect):
    """Ten at once from one client address; the account's other calls go on."""
    with Sandbox(SandboxOptions(rate_limit="documented")) as sandbox:
        client = connect(sandbox, "imply")
        answers = [client.post("/auth/login", json=LOGIN) for _ in range(12)]
        assert [answer.status_code for answer in answers[:10]] == [200] * 10
        details = refused(answers[-1], 429, "RATE_LIMIT_EXCEEDED")
        assert details == {"retry_after": int(answers[-1].headers["Retry-After"])}
        assert 1 <= details["retry_after"] <= 3
        assert client.get("/domains").status_code == 200


def test_the_accounts_bucket_refills_one_a_second(connect):
    """Ten at once, then one a second."""
    with Sandbox(SandboxOptions(rate_limit="documented")) as sandbox:
        client = connect(sandbox, "imply")
        met = [client.get("/domains").status_code for _ in range(11)]
        assert met == [200] * 10 + [429]
        sandbox.advance(3)
        met = [client.get("/domains").status_code for _ in range(4)]
        assert met == [200] * 3 + [429]


# Domains


def test_a_domain_as_created_and_read(hosted):
    """The single read and the writes add the DNS records; lists have everything else."""
    domain = done(hosted.get("/domains/1"))
    records = domain.pop("dns_records")
    assert {record["type"] for record in records} == {"MX", "TXT", "CNAME"}
    assert all(set(record) == {"type", "name", "value", "priority", "verified"} for record in records)
    assert listed(hosted.get("/domains"))[0] == [domain]
    assert domain.pop("created_at") == domain.pop("updated_at")
    assert domain == {"id": 1, "domain": "example.com", "catch_all": None, "verified": False}
    created = done(hosted.post("/domains", json={"domain": "EXAMPLE.net", "catch_all": "a@example.net"}), 201)
    assert (created["id"], created["domain"], created["catch_all"]) == (2, "example.net", "a@example.net")
    assert len(created["dns_records"]) == 3


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"domain": "example.com"}, "INVALID_DOMAIN", "domain"),
        ({"domain": "invalid-domain"}, "INVALID_DOMAIN", "domain"),
        ({"domain": 1}, "INVALID_PARAMETER", "domain"),
        ({}, "INVALID_PARAMETER", "domain"),
        ({"domain": "example.net", "catch_all": "nobody"}, "INVALID_EMAIL", "catch_all"),
        ({"domain": "example.net", "catch_all": ["a@example.net"]}, "INVALID_PARAMETER", "catch_all"),
        ({"domain": "example.net", "verified": True}, "INVALID_PARAMETER", "verified"),
    ],
)
def test_a_domain_that_is_not_allowed_is_refused(hosted, body, code, field):
    """400 with the field and its value; "exists already" is a 400 too."""
    assert refused(hosted.post("/domains", json=body), 400, code) == {"field": field, "value": body.get(field)}


def test_patch_merges_a_domain(hosted):
    """catch_all is set, kept when left out, and cleared by null; the name cannot change."""
    assert done(hosted.patch("/domains/1", json={"catch_all": "a@example.com"}))["catch_all"] == "a@example.com"
    assert done(hosted.patch("/domains/1", json={}))["catch_all"] == "a@example.com"
    assert done(hosted.patch("/domains/1", json={"catch_all": None}))["catch_all"] is None
    refused(hosted.patch("/domains/1", json={"domain": "example.net"}), 400, "INVALID_PARAMETER")
    refused(hosted.patch("/domains/1", json={"catch_all": "nobody"}), 400, "INVALID_EMAIL")


def test_deleting_a_domain_takes_its_mailboxes_and_aliases(hosted):
    """The cascade stops at other domains."""
    hosted.post("/domains", json={"domain": "example.net"})
    hosted.post("/mailboxes", json=MAILBOX)
    hosted.post("/mailboxes", json={**MAILBOX, "email": "eve@example.net"})
    hosted.post("/aliases", json=ALIAS)
    hosted.post("/aliases", json={"alias": "info@example.net", "destination": "john@example.com"})
    assert done(hosted.delete("/domains/1")) is None
    assert [mailbox["email"] for mailbox in listed(hosted.get("/mailboxes"))[0]] == ["eve@example.net"]
    assert [alias["alias"] for alias in listed(hosted.get("/aliases"))[0]] == ["info@example.net"]


@pytest.mark.parametrize("kind", ["domains", "mailboxes"])
@pytest.mark.parametrize("number", ["99", "x", "-1", "%31%30"])
def test_an_unknown_id_is_not_found(hosted, kind, number):
    """404 NOT_FOUND for read, update and delete."""
    refused(hosted.get(f"/{kind}/{number}"), 404, "NOT_FOUND")
    refused(hosted.patch(f"/{kind}/{number}", json={}), 404, "NOT_FOUND")
    refused(hosted.delete(f"/{kind}/{number}"), 404, "NOT_FOUND")


def test_domains_are_found_by_part_of_the_name_and_by_verification(sandbox, hosted):
    """search is a substring; verified is true or false, nothing else."""
    sandbox.seed("imply", "domain", {"domain": "shop.example.net", "verified": True})
    assert [one["domain"] for one in listed(hosted.get("/domains?search=SHOP"))[0]] == ["shop.example.net"]
    assert [one["domain"] for one in listed(hosted.get("/domains?verified=true"))[0]] == ["shop.example.net"]
    assert [one["domain"] for one in listed(hosted.get("/domains?verified=false"))[0]] == ["example.com"]
    refused(hosted.get("/domains?verified=1"), 400, "INVALID_PARAMETER")
    assert all(record["verified"] for record in done(hosted.get("/domains/2"))["dns_records"])


# Pages


@pytest.mark.parametrize("path", ["/domains", "/mailboxes", "/aliases", "/webhooks"])
def test_an_empty_collection_is_one_empty_page(imply, path):
    """No rows: no pages in the count, and one empty page to read."""
    assert listed(imply.get(path)) == ([], {"page": 1, "per_page": 20, "total": 0, "total_pages": 0})


def test_pages_follow_the_ids_and_end_empty(sandbox, hosted):
    """20 by default, at most 100; past the end an empty page with the same counts."""
    sandbox.seed("imply", "mailbox", *({"email": f"u{number}@example.com"} for number in range(45)))
    first, pagination = listed(hosted.get("/mailboxes"))
    assert [row["id"] for row in first] == list(range(1, 21))
    assert pagination == {"page": 1, "per_page": 20, "total": 45, "total_pages": 3}
    assert [row["id"] for row in listed(hosted.get("/mailboxes?page=3"))[0]] == list(range(41, 46))
    assert listed(hosted.get("/mailboxes?page=4")) == ([], {**pagination, "page": 4})
    assert len(listed(hosted.get("/mailboxes?per_page=100"))[0]) == 45


@pytest.mark.parametrize(
    "query", ["per_page=101", "per_page=0", "page=0", "page=x", "page=", "limit=5", "page=1&page=2"]
)
@pytest.mark.parametrize("path", ["/domains", "/mailboxes", "/aliases", "/webhooks"])
def test_a_page_out_of_range_is_refused(imply, path, query):
    """400 INVALID_PARAMETER, and so is a parameter that is not documented."""
    refused(imply.get(f"{path}?{query}"), 400, "INVALID_PARAMETER")


# Mailboxes


def test_a_mailbox_as_created_and_read(sandbox, hosted):
    """List and single read agree; the password is stored and never returned."""
    created = done(hosted.post("/mailboxes", json={**MAILBOX, "email": "John@Example.com"}), 201)
    assert done(hosted.get("/mailboxes/1")) == created
    assert listed(hosted.get("/mailboxes"))[0] == [created]
    assert created.pop("created_at") == created.pop("updated_at")
    assert created == {
        "id": 1,
        "email": "john@example.com",
        "name": "John Doe",
        "domain_id": 1,
        "storage_quota_mb": 1024,
        "storage_used_mb": 0,
    }
    assert sandbox.rows("imply", "mailbox")[0]["password"] == "Password1"


def test_the_defaults_of_a_mailbox(hosted):
    """5120 MB and no name."""
    created = done(hosted.post("/mailboxes", json={"email": "a@example.com", "password": "Password1"}), 201)
    assert (created["storage_quota_mb"], created["name"]) == (5120, "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "john"}, "INVALID_EMAIL"),
        ({"email": "*@example.com"}, "INVALID_EMAIL"),
        ({"email": "john@example.net"}, "DOMAIN_NOT_FOUND"),
        ({"email": "jane@example.com"}, "MAILBOX_EXISTS"),
        ({"email": "info@example.com"}, "ADDRESS_IN_USE"),
        ({"password": "short"}, "INVALID_PASSWORD"),
        ({"storage_quota_mb": 0}, "INVALID_QUOTA"),
        ({"storage_quota_mb": "1024"}, "INVALID_PARAMETER"),
        ({"storage_quota_mb": True}, "INVALID_PARAMETER"),
        ({"name": None}, "INVALID_PARAMETER"),
        ({"active": True}, "INVALID_PARAMETER"),
        ({"domain_id": 1}, "INVALID_PARAMETER"),
    ],
)
def test_a_mailbox_that_is_not_allowed_is_refused(hosted, change, code):
    """400 with the field that is to blame, its value echoed, a password too."""
    hosted.post("/mailboxes", json={**MAILBOX, "email": "jane@example.com"})
    hosted.post("/aliases", json=ALIAS)
    ((field, value),) = change.items()
    assert refused(hosted.post("/mailboxes", json={**MAILBOX, **change}), 400, code) == {"field": field, "value": value}


@pytest.mark.parametrize("missing", ["email", "password"])
def test_what_a_mailbox_must_have(hosted, missing):
    """Address and password are required."""
    body = {name: value for name, value in MAILBOX.items() if name != missing}
    assert refused(hosted.post("/mailboxes", json=body), 400, "INVALID_PARAMETER")["field"] == missing


def test_patch_merges_a_mailbox(sandbox, hosted):
    """What is left out stays; the address cannot change."""
    done(hosted.post("/mailboxes", json=MAILBOX), 201)
    changed = done(hosted.patch("/mailboxes/1", json={"name": ""}))
    assert (changed["name"], changed["storage_quota_mb"]) == ("", 1024)
    assert "password" not in done(hosted.patch("/mailboxes/1", json={"password": "Password2", "storage_quota_mb": 2}))
    (row,) = sandbox.rows("imply", "mailbox")
    assert (row["password"], row["storage_quota_mb"], row["name"]) == ("Password2", 2, "")
    refused(hosted.patch("/mailboxes/1", json={"email": "jane@example.com"}), 400, "INVALID_PARAMETER")
    refused(hosted.patch("/mailboxes/1", json={"storage_quota_mb": -1}), 400, "INVALID_QUOTA")
    refused(hosted.patch("/mailboxes/1", json={"password": "short"}), 400, "INVALID_PASSWORD")


def test_aliases_to_a_deleted_mailbox_stay(hosted):
    """Its mail is gone, the aliases are not."""
    hosted.post("/mailboxes", json=MAILBOX)
    hosted.post("/aliases", json=ALIAS)
    assert done(hosted.delete("/mailboxes/1")) is None
    assert [alias["alias"] for alias in listed(hosted.get("/aliases"))[0]] == ["info@example.com"]
    refused(hosted.delete("/mailboxes/1"), 404, "NOT_FOUND")


# Aliases


def test_records_with_one_alias_fan_out(hosted):
    """A record is one pair; another destination is another record, the same pair exists already."""
    record = done(hosted.post("/aliases", json=ALIAS), 201)
    assert record.pop("created_at")
    assert record == {"id": 1, **ALIAS, "domain_id": 1}
    done(hosted.post("/aliases", json={**ALIAS, "destination": "eve@example.net"}), 201)
    refused(hosted.post("/aliases", json={**ALIAS, "destination": "JOHN@example.com"}), 400, "ALIAS_EXISTS")
    assert [row["destination"] for row in listed(hosted.get("/aliases"))[0]] == ["john@example.com", "eve@example.net"]
    assert done(hosted.delete("/aliases/1")) is None
    assert [row["id"] for row in listed(hosted.get("/aliases"))[0]] == [2]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alias": "info"}, "INVALID_EMAIL"),
        ({"alias": "@example.com"}, "INVALID_EMAIL"),
        ({"alias": "*@example.com"}, "INVALID_EMAIL"),
        ({"alias": "info@example.net"}, "DOMAIN_NOT_FOUND"),
        ({"alias": "john@example.com"}, "ADDRESS_IN_USE"),
        ({"destination": "a@example.net,b@example.net"}, "INVALID_EMAIL"),
        ({"destination": ["a@example.net"]}, "INVALID_PARAMETER"),
        ({"active": True}, "INVALID_PARAMETER"),
    ],
)
def test_an_alias_that_is_not_allowed_is_refused(hosted, change, code):
    """One full address to one address; no wildcard, no list, no address of a mailbox."""
    hosted.post("/mailboxes", json=MAILBOX)
    ((field, value),) = change.items()
    assert refused(hosted.post("/aliases", json={**ALIAS, **change}), 400, code) == {"field": field, "value": value}


def test_lists_can_be_narrowed_to_a_domain_and_a_part_of_the_address(hosted):
    """domain_id and search, on mailboxes and aliases."""
    hosted.post("/domains", json={"domain": "example.net"})
    for email in ("john@example.com", "jane@example.com", "john@example.net"):
        hosted.post("/mailboxes", json={**MAILBOX, "email": email})
        hosted.post("/aliases", json={"alias": f"x-{email}", "destination": email})
    found = listed(hosted.get("/mailboxes?domain_id=1&search=jo"))
    assert ([row["email"] for row in found[0]], found[1]["total"]) == (["john@example.com"], 1)
    assert [row["alias"] for row in listed(hosted.get("/aliases?domain_id=2"))[0]] == ["x-john@example.net"]
    assert listed(hosted.get("/mailboxes?domain_id=9"))[0] == []
    refused(hosted.get("/mailboxes?domain_id=x"), 400, "INVALID_PARAMETER")


# Webhooks


def test_a_webhook_is_added_and_listed(imply):
    """Four members, no secret; the url is unique."""
    webhook = done(imply.post("/webhooks", json=WEBHOOK), 201)
    assert listed(imply.get("/webhooks"))[0] == [webhook]
    assert webhook.pop("created_at")
    assert webhook == {"id": 1, **WEBHOOK}
    refused(imply.post("/webhooks", json={**WEBHOOK, "events": ["email.sent"]}), 400, "WEBHOOK_EXISTS")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "ftp://example.com"}, "INVALID_URL"),
        ({"url": "hooks.example.com"}, "INVALID_URL"),
        ({"url": ""}, "INVALID_URL"),
        ({"events": ["mailbox.deleted"]}, "INVALID_EVENT"),
        ({"events": []}, "INVALID_PARAMETER"),
        ({"events": "email.sent"}, "INVALID_PARAMETER"),
        ({"secret": "x"}, "INVALID_PARAMETER"),
    ],
)
def test_a_webhook_that_is_not_allowed_is_refused(imply, change, code):
    """http or https, at least one known event, no secret."""
    refused(imply.post("/webhooks", json={**WEBHOOK, **change}), 400, code)


def test_what_the_vendor_does_not_offer_is_not_there(hosted):
    """No update of aliases, no single read of them, no update or delete of webhooks."""
    hosted.post("/aliases", json=ALIAS)
    hosted.post("/webhooks", json=WEBHOOK)
    refused(hosted.get("/aliases/1"), 405, "METHOD_NOT_ALLOWED")
    refused(hosted.patch("/aliases/1", json={}), 405, "METHOD_NOT_ALLOWED")
    refused(hosted.put("/domains/1", json={}), 405, "METHOD_NOT_ALLOWED")
    refused(hosted.delete("/webhooks/1"), 404, "NOT_FOUND")
    refused(hosted.get("/webhooks/1"), 404, "NOT_FOUND")
    refused(hosted.get("/account"), 404, "NOT_FOUND")


# Statistics


def test_mail_traffic_is_counted_by_day(hosted):
    """Both ends of the period belong to it; 30 days by default."""
    hosted.post("/mailboxes", json=MAILBOX)
    stats = done(hosted.get("/stats/email?start_date=2026-01-30&end_date=2026-02-01"))
    assert (stats["start_date"], stats["end_date"], stats["domain_id"]) == ("2026-01-30", "2026-02-01", None)
    assert [day["date"] for day in stats["daily"]] == ["2026-01-30", "2026-01-31", "2026-02-01"]
    assert stats["received"] == sum(day["received"] for day in stats["daily"]) > 0
    assert stats["sent"] == sum(day["sent"] for day in stats["daily"]) > 0
    assert len(done(hosted.get("/stats/email"))["daily"]) == 30
    assert done(hosted.get("/stats/email?domain_id=1"))["domain_id"] == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("start_date=20260130", "INVALID_PARAMETER"),
        ("start_date=2026-02-30", "INVALID_PARAMETER"),
        ("start_date=2026-02-02&end_date=2026-02-01", "INVALID_PARAMETER"),
        ("domain_id=9", "DOMAIN_NOT_FOUND"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(hosted, query, code):
    """400 for dates that are none, in the wrong order, and unknown domains."""
    refused(hosted.get(f"/stats/email?{query}"), 400, code)


def test_storage_is_summed_by_domain(hosted):
    """Quota and use of all mailboxes, in MB."""
    hosted.post("/mailboxes", json=MAILBOX)
    hosted.post("/mailboxes", json={**MAILBOX, "email": "jane@example.com", "storage_quota_mb": 1})
    domain = {"domain_id": 1, "domain": "example.com", "mailboxes": 2, "quota_mb": 1025, "used_mb": 0}
    assert done(hosted.get("/stats/storage")) == {"quota_mb": 1025, "used_mb": 0, "domains": [domain]}
