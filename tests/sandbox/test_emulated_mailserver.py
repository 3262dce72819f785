"""The emulated mailserver API answers as its contract says."""

import pytest

DOMAIN = {
    "domain": "example.com",
    "active": True,
    "aliases": 400,
    "mailboxes": 10,
    "defquota": 3072,
    "maxquota": 10240,
    "quota": 10240,
}
MAILBOX = {
    "local_part": "john",
    "domain": "example.com",
    "password": "secret1",
    "name": "John Doe",
    "quota": 1024,
    "active": True,
}
SETTINGS = {"name": "John", "quota": 1024, "active": True}
ALIAS = {"address": "info@example.com", "goto": "john@example.com"}


@pytest.fixture
def hosted(mailserver):
    """A client of a server that hosts example.com."""
    assert mailserver.post("/domains", json=DOMAIN).status_code == 201
    return mailserver


def refused(answer, status):
    """An error in the vendor's envelope; gives its text."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"type", "msg"}
    assert answer.json()["type"] == "error"
    return answer.json()["msg"]


def aliases(client):
    return {alias["address"]: alias["goto"] for alias in client.get("/aliases").json()}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "sandbox-mailserver-key"}])
def test_only_the_bearer_key_opens(sandbox, connect, headers):
    """A missing or wrong key is a 401, whatever other header carries the right one."""
    refused(connect(sandbox, "mailserver", headers=headers).get("/domains"), 401)


def test_an_unknown_route_is_404_and_an_unknown_method_405(mailserver):
    """There is no single read of a domain or an alias, so GET on one is a wrong method."""
    refused(mailserver.get("/sync-jobs"), 404)
    refused(mailserver.get("/domains/example.com"), 405)
    refused(mailserver.get("/aliases/1"), 405)
    refused(mailserver.patch("/domains/example.com", json={}), 405)


def test_empty_lists_are_bare_empty_arrays(mailserver):
    """Lists are bare arrays, also when they are empty."""
    for path in ("/domains", "/mailboxes", "/aliases"):
        assert mailserver.get(path).json() == []


def test_a_created_domain_is_listed_with_the_defaults_of_what_was_left_out(mailserver):
    """Create answers with a message only; the list has the names and units of the create call."""
    answer = mailserver.post("/domains", json=DOMAIN)
    assert (answer.status_code, answer.json()) == (201, {"type": "success", "msg": "Domain has been added to system"})
    (domain,) = mailserver.get("/domains").json()
    assert domain.items() >= {**DOMAIN, "backupmx": False, "description": "", "modified": None}.items()
    assert domain["created"]


@pytest.mark.parametrize(
    "change",
    [
        {"relayhost": "x"},
        {"created": "2026-01-01"},
        {"active": 1},
        {"quota": "10240"},
        {"quota": 10240.0},
        {"aliases": -1},
        {"defquota": 0},
        {"description": None},
        {"domain": "not a domain"},
        {"domain": "münchen.example"},
        {"defquota": 20000},
        {"maxquota": 20000},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_domain_that_the_contract_does_not_allow_is_refused(hosted, method, change):
    """Unknown and read-only fields, wrong types and limits that contradict each other are 400, and change nothing."""
    before = hosted.get("/domains").json()
    path, name = ("/domains", "example.net") if method == "POST" else ("/domains/example.com", "example.com")
    refused(hosted.request(method, path, json={**DOMAIN, "domain": name, **change}), 400)
    assert hosted.get("/domains").json() == before


@pytest.mark.parametrize("missing", DOMAIN)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_each_required_field_of_a_domain_is_required(hosted, method, missing):
    """Required means required, in updates too: a PUT carries the whole object."""
    body = {name: value for name, value in DOMAIN.items() if name != missing}
    path = "/domains" if method == "POST" else "/domains/example.com"
    assert missing in refused(hosted.request(method, path, json=body), 400)


def test_the_same_domain_twice_is_a_conflict(hosted):
    """Names compare case-insensitively."""
    refused(hosted.post("/domains", json={**DOMAIN, "domain": "EXAMPLE.com"}), 409)


def test_put_replaces_a_domain(hosted):
    """An optional field that is left out goes back to its default."""
    assert hosted.put("/domains/example.com", json={**DOMAIN, "description": "x", "backupmx": True}).json() == {
        "type": "success",
        "msg": "Domain has been updated",
    }
    assert hosted.put("/domains/example.com", json={**DOMAIN, "active": False}).status_code == 200
    (domain,) = hosted.get("/domains").json()
    assert (domain["active"], domain["description"], domain["backupmx"]) == (False, "", False)
    assert domain["modified"]


def test_put_cannot_rename_a_domain_nor_make_one(hosted):
    """The name in the body is the one in the path, and the domain exists."""
    refused(hosted.put("/domains/example.com", json={**DOMAIN, "domain": "example.net"}), 400)
    refused(hosted.put("/domains/example.net", json={**DOMAIN, "domain": "example.net"}), 404)


@pytest.mark.parametrize(
    "limit", [{"mailboxes": 1}, {"aliases": 0}, {"maxquota": 500, "defquota": 1}, {"quota": 2000, "maxquota": 1500}]
)
def test_the_limits_of_a_domain_cannot_go_below_what_it_holds(hosted, limit):
    """Counts, the largest mailbox and the sum of quotas are lower bounds of a domain's limits."""
    hosted.post("/mailboxes", json=MAILBOX)
    hosted.post("/mailboxes", json={**MAILBOX, "local_part": "jane"})
    hosted.post("/aliases", json=ALIAS)
    refused(hosted.put("/domains/example.com", json={**DOMAIN, "defquota": 1, **limit}), 400)


def test_a_domain_with_mailboxes_is_not_deleted_and_one_without_takes_its_aliases(hosted):
    """400 while there are mailboxes; after that the domain goes with its aliases."""
    hosted.post("/mailboxes", json=MAILBOX)
    hosted.post("/aliases", json={**ALIAS, "goto": "eve@example.net"})
    refused(hosted.delete("/domains/example.com"), 400)
    hosted.delete("/mailboxes/john%40example.com")
    assert hosted.delete("/domains/example.com").json() == {"type": "success", "msg": "Domain has been deleted"}
    assert hosted.get("/aliases").json() == []
    refused(hosted.delete("/domains/example.com"), 404)


def test_a_mailbox_is_read_as_it_was_created_and_never_with_its_password(sandbox, hosted):
    """List and single read have the same shape; the password is stored and not given back."""
    answer = hosted.post("/mailboxes", json={**MAILBOX, "tls_enforce_in": True})
    assert (answer.status_code, answer.json()) == (201, {"type": "success", "msg": "Mailbox has been added"})
    mailbox = hosted.get("/mailboxes/john%40example.com").json()
    assert hosted.get("/mailboxes").json() == [mailbox]
    assert hosted.get("/mailboxes/john@example.com").json() == mailbox
    assert mailbox.pop("created")
    assert mailbox == {
        "email": "john@example.com",
        "local_part": "john",
        "domain": "example.com",
        "name": "John Doe",
        "quota": 1024,
        "quota_used": 0,
        "active": True,
        "force_pw_update": False,
        "tls_enforce_in": True,
        "tls_enforce_out": False,
        "modified": None,
    }
    assert sandbox.rows("mailserver", "mailbox")[0]["password"] == "secret1"


@pytest.mark.parametrize(
    "change",
    [
        {"email": "john@example.com"},
        {"quota_used": 1},
        {"active": "true"},
        {"quota": None},
        {"quota": -1},
        {"quota": 10241},
        {"password": "short"},
        {"local_part": "john doe"},
        {"local_part": ""},
        {"local_part": "x" * 65},
        {"domain": "example.net"},
    ],
)
def test_a_mailbox_that_the_contract_does_not_allow_is_refused(hosted, change):
    """Unknown fields, wrong types, a short password, an unknown domain and a quota over the maximum are 400."""
    refused(hosted.post("/mailboxes", json={**MAILBOX, **change}), 400)
    assert hosted.get("/mailboxes").json() == []


@pytest.mark.parametrize("missing", MAILBOX)
def test_each_required_field_of_a_mailbox_is_required(hosted, missing):
    """A create that lacks one is a 400 that names it."""
    body = {name: value for name, value in MAILBOX.items() if name != missing}
    assert missing in refused(hosted.post("/mailboxes", json=body), 400)


def test_a_local_part_has_up_to_64_characters(hosted):
    """The longest one is fine."""
    assert hosted.post("/mailboxes", json={**MAILBOX, "local_part": "x" * 64}).status_code == 201


def test_mailboxes_share_the_quota_of_their_domain(hosted):
    """The sum of the quotas stays within the domain's; 0 is unlimited and counts as nothing."""
    assert hosted.post("/mailboxes", json={**MAILBOX, "quota": 10240}).status_code == 201
    refused(hosted.post("/mailboxes", json={**MAILBOX, "local_part": "jane", "quota": 1}), 400)
    assert hosted.post("/mailboxes", json={**MAILBOX, "local_part": "jane", "quota": 0}).status_code == 201
    assert hosted.put("/mailboxes/john@example.com", json={**SETTINGS, "quota": 10239}).status_code == 200
    assert hosted.put("/mailboxes/jane@example.com", json={**SETTINGS, "quota": 1}).status_code == 200
    refused(hosted.put("/mailboxes/jane@example.com", json={**SETTINGS, "quota": 2}), 400)


def test_a_domain_has_no_more_mailboxes_and_aliases_than_it_may(hosted):
    """Both counts are limits; deleting makes room again."""
    hosted.put("/domains/example.com", json={**DOMAIN, "mailboxes": 1, "aliases": 1})
    assert hosted.post("/mailboxes", json=MAILBOX).status_code == 201
    refused(hosted.post("/mailboxes", json={**MAILBOX, "local_part": "jane"}), 400)
    assert hosted.post("/aliases", json=ALIAS).status_code == 201
    refused(hosted.post("/aliases", json={**ALIAS, "address": "@example.com"}), 400)
    assert hosted.delete("/aliases/1").status_code == 200
    assert hosted.post("/aliases", json={**ALIAS, "address": "@example.com"}).status_code == 201


def test_an_address_is_a_mailbox_or_an_alias_not_both(hosted):
    """409 whichever comes second."""
    hosted.post("/mailboxes", json=MAILBOX)
    hosted.post("/aliases", json=ALIAS)
    refused(hosted.post("/mailboxes", json={**MAILBOX, "local_part": "JOHN"}), 409)
    refused(hosted.post("/mailboxes", json={**MAILBOX, "local_part": "info"}), 409)
    refused(hosted.post("/aliases", json={**ALIAS, "address": "john@example.com"}), 409)
    refused(hosted.post("/aliases", json={**ALIAS, "address": "info@example.com"}), 409)


def test_put_replaces_a_mailbox_but_for_its_password(sandbox, hosted):
    """Optional flags left out go back to false; the password stays unless one is sent."""
    hosted.post("/mailboxes", json={**MAILBOX, "force_pw_update": True})
    answer = hosted.put("/mailboxes/john@example.com", json={**SETTINGS, "name": "Johnny"})
    assert answer.json() == {"type": "success", "msg": "Mailbox has been updated"}
    (row,) = sandbox.rows("mailserver", "mailbox")
    assert (row["name"], row["force_pw_update"], row["password"]) == ("Johnny", False, "secret1")
    hosted.put("/mailboxes/john@example.com", json={**SETTINGS, "password": "secret2"})
    assert sandbox.rows("mailserver", "mailbox")[0]["password"] == "secret2"


@pytest.mark.parametrize(
    "body",
    [
        {**SETTINGS, "local_part": "john"},
        {**SETTINGS, "domain": "example.com"},
        {**SETTINGS, "password": "short"},
        {"name": "John", "quota": 1},
        {},
    ],
)
def test_a_mailbox_update_names_no_address_and_misses_nothing(hosted, body):
    """local_part and domain belong to create only; name, quota and active are always required."""
    hosted.post("/mailboxes", json=MAILBOX)
    refused(hosted.put("/mailboxes/john@example.com", json=body), 400)


def test_an_unknown_mailbox_is_not_found(hosted):
    """404 for read, update and delete."""
    refused(hosted.get("/mailboxes/eve@example.com"), 404)
    refused(hosted.put("/mailboxes/eve@example.com", json=SETTINGS), 404)
    refused(hosted.delete("/mailboxes/eve@example.com"), 404)


def test_deleting_a_mailbox_takes_it_out_of_the_aliases(hosted):
    """Aliases and catch-alls that go only to it are deleted, others lose that destination."""
    hosted.post("/mailboxes", json=MAILBOX)
    for address, goto in {
        "info@example.com": "john@example.com",
        "@example.com": "john@example.com",
        "sales@example.com": "eve@example.net,john@example.com,bob@example.net",
        "press@example.com": "eve@example.net",
    }.items():
        assert hosted.post("/aliases", json={"address": address, "goto": goto}).status_code == 201
    assert hosted.delete("/mailboxes/john%40example.com").json()["msg"] == "Mailbox has been deleted"
    assert aliases(hosted) == {
        "sales@example.com": "eve@example.net,bob@example.net",
        "press@example.com": "eve@example.net",
    }


def test_an_alias_is_listed_with_a_number_and_its_destinations_in_the_order_given(hosted):
    """Create answers without the number; the list has it."""
    answer = hosted.post("/aliases", json={**ALIAS, "goto": "z@example.net,a@example.net"})
    assert (answer.status_code, answer.json()) == (201, {"type": "success", "msg": "Alias has been added"})
    (alias,) = hosted.get("/aliases").json()
    assert alias.pop("created")
    assert alias == {
        "id": 1,
        "address": "info@example.com",
        "goto": "z@example.net,a@example.net",
        "active": True,
        "description": "",
        "domain": "example.com",
        "modified": None,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7},
        {"domain": "example.com"},
        {"goto": ""},
        {"goto": "a@example.net, b@example.net"},
        {"goto": ["a@example.net"]},
        {"goto": "nobody"},
        {"address": "info"},
        {"address": "*@example.com"},
        {"address": "info@example.net"},
        {"active": None},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_alias_that_the_contract_does_not_allow_is_refused(hosted, method, change):
    """Read-only fields, blanks or nothing in goto, bad addresses and unknown domains are 400."""
    hosted.post("/aliases", json={**ALIAS, "address": "other@example.com"})
    path = "/aliases" if method == "POST" else "/aliases/1"
    refused(hosted.request(method, path, json={**ALIAS, **change}), 400)
    assert aliases(hosted) == {"other@example.com": "john@example.com"}


def test_put_replaces_an_alias_and_may_rename_it(hosted):
    """Another address renames, unless somebody has it; optional fields go back to their defaults."""
    hosted.post("/aliases", json={**ALIAS, "active": False, "description": "x"})
    hosted.post("/aliases", json={**ALIAS, "address": "press@example.com"})
    renamed = {"address": "hello@example.com", "goto": "eve@example.net"}
    assert hosted.put("/aliases/1", json=renamed).json() == {"type": "success", "msg": "Alias has been updated"}
    alias = hosted.get("/aliases").json()[0]
    assert (alias["id"], alias["address"], alias["active"], alias["description"]) == (1, "hello@example.com", True, "")
    refused(hosted.put("/aliases/1", json={**ALIAS, "address": "press@example.com"}), 409)
    refused(hosted.put("/aliases/9", json=ALIAS), 404)
    refused(hosted.put("/aliases/x", json=ALIAS), 404)


def test_an_alias_may_move_to_a_domain_that_has_room(hosted):
    """A rename within a full domain is fine, one into a full or unknown domain is not."""
    full = {**DOMAIN, "aliases": 1}
    hosted.put("/domains/example.com", json=full)
    hosted.post("/domains", json={**full, "domain": "example.net"})
    hosted.post("/aliases", json=ALIAS)
    assert hosted.put("/aliases/1", json={**ALIAS, "address": "Other@Example.com"}).status_code == 200
    assert aliases(hosted) == {"other@example.com": "john@example.com"}
    refused(hosted.put("/aliases/1", json={**ALIAS, "address": "info@example.org"}), 400)
    assert hosted.put("/aliases/1", json={**ALIAS, "address": "@EXAMPLE.net"}).status_code == 200
    assert aliases(hosted) == {"@example.net": "john@example.com"}
    hosted.post("/aliases", json=ALIAS)
    refused(hosted.put("/aliases/2", json={**ALIAS, "address": "info@example.net"}), 400)


def test_the_number_of_a_deleted_alias_is_never_given_again(hosted):
    """Numbers only go up."""
    hosted.post("/aliases", json=ALIAS)
    assert hosted.delete("/aliases/1").json() == {"type": "success", "msg": "Alias has been deleted"}
    refused(hosted.delete("/aliases/1"), 404)
    hosted.post("/aliases", json=ALIAS)
    assert [alias["id"] for alias in hosted.get("/aliases").json()] == [2]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"", "application/json"),
        (b'{"quota": NaN}', "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"domain": "example.net"}', "text/plain"),
        (b"domain=example.net", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(mailserver, content, media_type):
    """400 in the envelope, whatever it is instead."""
    refused(mailserver.post("/domains", content=content, headers={"Content-Type": media_type}), 400)


def test_what_is_not_documented_in_a_request_is_refused(hosted):
    """No query parameters anywhere, no body where none is documented."""
    refused(hosted.get("/domains?page=1"), 400)
    refused(hosted.request("DELETE", "/domains/example.com", json={"force": True}), 400)


def test_every_answer_has_the_rate_limit_headers(mailserver):
    """Errors too; without a limit asked for they tell of one that nobody reaches, and no 429 comes."""
    for answer in (mailserver.get("/domains"), mailserver.get("/nothing"), mailserver.post("/domains", json={})):
        assert int(answer.headers["X-RateLimit-Remaining"]) > 100_000
        assert int(answer.headers["X-RateLimit-Limit"]) > 100_000
        assert int(answer.headers["X-RateLimit-Reset"]) > 1_700_000_000
