"""The emulated ImprovMX API, version 2, answers as its contract says."""

import pytest

HERE = "/domains/example.com"
ALIASES = f"{HERE}/aliases"


@pytest.fixture
def hosted(improvmx_v2):
    """A client of an account with example.com."""
    assert done(improvmx_v2.post("/domains/", json={"domain": "example.com"}))
    return improvmx_v2


def done(answer):
    """The body of a success."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.pop("success") is True
    return body


def refused(answer, status, field):
    """An error in the envelope of version 2, which blames *field*; gives its message."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (set(body), body["success"], list(body["errors"])) == ({"errors", "success"}, False, [field])
    (message,) = body["errors"][field]
    return message


def test_a_bad_key_is_403(sandbox, connect):
    """This version knows no 401."""
    assert refused(connect(sandbox, "improvmx-v2", auth=("api", "x")).get("/domains/"), 403, "authorization")


def test_a_domain_is_wrapped_when_created_and_bare_when_read(hosted):
    """Five members, all aliases inline."""
    domain = hosted.get(HERE).json()
    assert set(domain) == {"active", "domain", "added", "daily_quota", "aliases"}
    assert [alias["alias"] for alias in domain["aliases"]] == ["*"]
    assert done(hosted.get("/domains/")) == {"domains": [domain], "total": 1}


def test_lists_have_no_pages_and_all_aliases(sandbox, hosted):
    """More than 200 aliases, more than 50 domains; only q is known."""
    sandbox.seed("improvmx", "domain", *({"domain": f"d{number}.example"} for number in range(120)))
    rows = ({"domain": "example.com", "alias": f"a{number}", "forward": "a@example.net"} for number in range(250))
    sandbox.seed("improvmx", "alias", *rows)
    listing = done(hosted.get("/domains/"))
    assert (listing["total"], len(listing["domains"]), len(listing["domains"][0]["aliases"])) == (121, 121, 251)
    assert done(hosted.get("/domains/?q=d11"))["total"] == 11
    for query in ("page=1", "limit=50", "is_active=1"):
        assert refused(hosted.get(f"/domains/?{query}"), 400, query.partition("=")[0])


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "domain"), ({"domain": "x"}, "domain"), ({"domain": "example.net", "whitelabel": "x.example"}, "whitelabel")],
)
def test_a_domain_has_a_name_only(improvmx_v2, body, field):
    """400 for anything else."""
    assert refused(improvmx_v2.post("/domains/", json=body), 400, field)


def test_a_domain_that_exists_already(hosted):
    """400 whose text says already."""
    assert "already" in refused(hosted.post("/domains/", json={"domain": "example.com"}), 400, "domain")


def test_the_check_is_a_post_that_writes(hosted):
    """success tells whether the DNS is right."""
    assert done(hosted.post(f"{HERE}/check")) == {"reason": None}
    assert hosted.get(HERE).json()["active"] is True


def test_aliases_are_created_changed_and_deleted_by_name(hosted):
    """The same bodies as in version 3, but an id is no name."""
    alias = done(hosted.post(f"{ALIASES}/", json={"alias": "info", "forward": "a@example.net"}))["alias"]
    assert alias == {"alias": "info", "forward": "a@example.net", "id": 2}
    changed = done(hosted.put(f"{ALIASES}/info", json={"forward": "b@example.net"}))["alias"]
    assert changed == {**alias, "forward": "b@example.net"}
    assert refused(hosted.put(f"{ALIASES}/2", json={"forward": "b@example.net"}), 404, "alias")
    assert refused(hosted.delete(f"{ALIASES}/2"), 404, "alias")
    assert done(hosted.delete(f"{ALIASES}/info")) == {}
    assert refused(hosted.delete(f"{ALIASES}/info"), 404, "alias")
    assert done(hosted.delete(f"{ALIASES}/%2A")) == {}


def test_a_regular_expression_is_named_in_the_path(hosted):
    """Percent-encoded, its slash too."""
    done(hosted.post(f"{ALIASES}/", json={"alias": "(A|b)/x", "forward": "a@example.net"}))
    assert done(hosted.delete(f"{ALIASES}/%28A%7Cb%29%2Fx")) == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"alias": "*", "forward": "a@example.net"}, "alias"),
        ({"alias": "info", "forward": "a@example.com"}, "forward"),
        ({"alias": "info"}, "forward"),
        ({"alias": "info", "forward": "a@example.net", "id": 3}, "id"),
    ],
)
def test_an_alias_that_is_not_allowed_is_refused(hosted, body, field):
    """Existing, to its own domain, incomplete or with more than it has."""
    assert refused(hosted.post(f"{ALIASES}/", json=body), 400, field)


def test_unknown_domains_are_not_found(improvmx_v2):
    """404 with errors."""
    assert refused(improvmx_v2.get(HERE), 404, "domain")
    assert refused(improvmx_v2.delete(HERE), 404, "domain")
    assert refused(improvmx_v2.post(f"{HERE}/check"), 404, "domain")
    body = {"alias": "info", "forward": "a@example.net"}
    assert refused(improvmx_v2.post(f"{ALIASES}/", json=body), 404, "domain")


def test_deleting_a_domain_takes_its_aliases(sandbox, hosted):
    """All at once."""
    assert done(hosted.delete(HERE)) == {}
    assert sandbox.rows("improvmx", "alias") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/domains"),
        ("POST", "/domains"),
        ("GET", f"{HERE}/"),
        ("PUT", HERE),
        ("GET", f"{HERE}/check"),
        ("GET", f"{ALIASES}/"),
        ("GET", f"{ALIASES}/*"),
        ("POST", ALIASES),
        ("GET", "/account"),
        ("GET", f"{HERE}/rules"),
    ],
)
def test_what_this_version_does_not_have_is_not_found(hosted, method, path):
    """Later calls, and paths without the slash (or with one) that the document does not show."""
    assert refused(hosted.request(method, path), 404, "request")


def test_both_versions_show_one_account(hosted, improvmx):
    """What one writes the other reads."""
    improvmx.post("/domains/example.com/aliases", json={"alias": "info", "forward": "a@example.net"})
    assert [alias["alias"] for alias in hosted.get(HERE).json()["aliases"]] == ["*", "info"]
    done(hosted.delete(HERE))
    assert improvmx.get("/domains").json()["total"] == 0


def test_logs_tell_times_in_words(sandbox, hosted):
    """created as text, created_raw, and the mail exchangers beside."""
    row = {"domain": "example.com", "alias": "info", "created": 1_547_337_642_000, "subject": "x"}
    sandbox.seed("improvmx", "log", row, {**row, "alias": "sales"})
    answer = done(hosted.get(f"{HERE}/logs"))
    assert answer["mxes"] == ["mx2.improvmx.com", "mx1.improvmx.com"]
    log = answer["logs"][0]
    assert (log["created"], log["created_raw"]) == ("2019-01-13 00:00:42+0000", "Sun, 13 Jan 2019 00:00:42 GMT")
    assert set(log["events"][0]) == {"status", "code", "created", "ip", "server", "message"}
    assert len(done(hosted.get(f"{HERE}/logs/info"))["logs"]) == 1


def test_account_and_key_are_bare_objects(improvmx_v2):
    """Neither has success."""
    account, key = improvmx_v2.get("/account/").json(), improvmx_v2.get("/account/api/").json()
    assert {"email", "company_name", "premium", "created"} <= set(account)
    assert set(key) == {"token", "created", "name", "removed"}
    assert "success" not in account
