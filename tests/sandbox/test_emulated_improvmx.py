"""The emulated ImprovMX API, version 3, answers as its contract says."""

import base64

import pytest

from reconciler.sandbox import Sandbox, SandboxOptions

HERE = "/domains/example.com"
ALIASES = f"{HERE}/aliases"


@pytest.fixture
def hosted(improvmx):
    """A client of an account with example.com."""
    assert done(improvmx.post("/domains", json={"domain": "example.com"}))
    return improvmx


def done(answer):
    """The body of a success."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.pop("success") is True
    return body


def invalid(answer, field):
    """A 400 that blames *field*; gives its message."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (set(body), body["success"], list(body["errors"])) == ({"errors", "success"}, False, [field])
    (message,) = body["errors"][field]
    return message


def refused(answer, status):
    """Any other error; gives its message."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (set(body), body["success"], body["code"]) == ({"code", "error", "success"}, False, status)
    return body["error"]


def names(answer):
    return [alias["alias"] for alias in done(answer)["aliases"]]


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer sk_00000000000000000000000000000000", "Basic !!!", "Basic " + base64.b64encode(b"api:x").decode()],
)
def test_only_the_key_of_user_api_opens(sandbox, connect, authorization):
    """No key, a wrong one, or the right one in another scheme: 401."""
    headers = {"Authorization": authorization} if authorization else {}
    refused(connect(sandbox, "improvmx", auth=None, headers=headers).get("/domains"), 401)


def test_a_new_domain_has_a_catch_all_that_nobody_asked_for(improvmx):
    """`*` to the account's own address, in the create answer already."""
    domain = done(improvmx.post("/domains", json={"domain": "example.com"}))["domain"]
    (alias,) = domain["aliases"]
    assert set(alias) == {"alias", "forward", "id"}
    assert (alias["alias"], alias["forward"]) == ("*", done(improvmx.get("/account"))["account"]["email"])
    assert done(improvmx.get(HERE))["domain"] == domain
    assert isinstance(domain.pop("added"), int)
    assert domain.pop("aliases")
    assert domain == {
        "active": False,
        "domain": "example.com",
        "display": "example.com",
        "dkim_selector": "dkimprovmx",
        "notification_email": None,
        "webhook": None,
        "whitelabel": None,
        "routing_engine": "alias",
        "banned": False,
    }


def test_a_domain_is_shown_in_u_labels_too(improvmx):
    """display is for people."""
    domain = done(improvmx.post("/domains", json={"domain": "xn--mnchen-3ya.example"}))["domain"]
    assert (domain["domain"], domain["display"]) == ("xn--mnchen-3ya.example", "münchen.example")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "domain"),
        ({"domain": "no domain"}, "domain"),
        ({"domain": None}, "domain"),
        ({"domain": "example.net", "active": True}, "active"),
        ({"domain": "example.net", "webhook": "https://example.net"}, "webhook"),
        ({"domain": "example.net", "notification_email": "x"}, "notification_email"),
    ],
)
def test_a_domain_that_is_not_allowed_is_refused(improvmx, body, field):
    """400 with the field; webhook can be set by PUT only, active never."""
    assert invalid(improvmx.post("/domains", json=body), field)
    assert done(improvmx.get("/domains"))["total"] == 0


def test_a_domain_that_exists_already(sandbox, hosted):
    """400 whose text says already, on this account and on somebody else's."""
    sandbox.seed("improvmx", "foreign-domain", {"domain": "taken.example"})
    assert "already" in invalid(hosted.post("/domains", json={"domain": "Example.com"}), "domain")
    assert "already" in invalid(hosted.post("/domains", json={"domain": "taken.example"}), "domain")
    refused(hosted.get("/domains/taken.example"), 404)


def test_put_merges_the_settings_of_a_domain(hosted):
    """What is left out stays, null clears; the name and the DNS state are no settings."""
    settings = {
        "notification_email": "a@example.net",
        "webhook": "https://example.net/x",
        "whitelabel": "mx.example.net",
    }
    assert done(hosted.put(HERE, json=settings))["domain"].items() >= settings.items()
    domain = done(hosted.put(HERE, json={"webhook": None}))["domain"]
    assert (domain["webhook"], domain["notification_email"]) == (None, "a@example.net")
    for field, value in {"domain": "example.net", "active": True, "aliases": [], "webhook": "x"}.items():
        assert invalid(hosted.put(HERE, json={field: value}), field)


def test_deleting_a_domain_takes_its_aliases(sandbox, hosted):
    """All at once; afterwards all its paths are 404."""
    assert done(hosted.delete(HERE)) == {}
    assert sandbox.rows("improvmx", "alias") == []
    for path in (HERE, ALIASES, f"{HERE}/check", f"{HERE}/logs", f"{HERE}/rules", f"{HERE}/credentials"):
        refused(hosted.get(path), 404)
    refused(hosted.delete(HERE), 404)
    refused(hosted.put(HERE, json={}), 404)
    refused(hosted.post(ALIASES, json={"alias": "a", "forward": "a@example.net"}), 404)


def test_the_check_finds_everything_right_and_sets_active(hosted):
    """It is a GET that writes."""
    records = done(hosted.get(f"{HERE}/check"))["records"]
    assert set(records) == {"provider", "advanced", "dkim1", "dkim2", "dmarc", "mx", "spf", "error", "valid"}
    assert (records["valid"], records["error"]) == (True, None)
    for name in ("dkim1", "dkim2", "dmarc", "mx", "spf"):
        assert set(records[name]) == {"expected", "valid", "values"}
    assert done(hosted.get(HERE))["domain"]["active"] is True


def test_domains_are_listed_by_prefix_and_state(sandbox, improvmx):
    """q is a prefix, is_active 1 or 0."""
    sandbox.seed("improvmx", "domain", {"domain": "one.example"}, {"domain": "two.example", "active": True})

    def listed(query):
        return [domain["domain"] for domain in done(improvmx.get(f"/domains?{query}"))["domains"]]

    assert listed("") == ["one.example", "two.example"]
    assert (listed("q=ONE"), listed("q=example"), listed("is_active=1")) == (["one.example"], [], ["two.example"])
    assert listed("is_active=0") == ["one.example"]
    assert invalid(improvmx.get("/domains?is_active=true"), "is_active")


def test_pages_of_domains(sandbox, improvmx):
    """50 by default, 5 to 100; past the end an empty page."""
    sandbox.seed("improvmx", "domain", *({"domain": f"d{number}.example"} for number in range(60)))
    first = done(improvmx.get("/domains"))
    assert (first.pop("domains")[0]["domain"], first) == ("d0.example", {"total": 60, "limit": 50, "page": 1})
    second = done(improvmx.get("/domains?page=2"))["domains"]
    assert [domain["domain"] for domain in second] == [f"d{number}.example" for number in range(50, 60)]
    assert done(improvmx.get("/domains?page=3")) == {"domains": [], "total": 60, "limit": 50, "page": 3}
    assert len(done(improvmx.get("/domains?limit=100"))["domains"]) == 60


@pytest.mark.parametrize("path", ["/domains", ALIASES])
@pytest.mark.parametrize(
    ("query", "field"), [("limit=4", "limit"), ("limit=101", "limit"), ("page=0", "page"), ("per_page=5", "per_page")]
)
def test_a_page_out_of_range_is_refused(hosted, path, query, field):
    """400 that names the parameter, an unknown one too."""
    assert invalid(hosted.get(f"{path}?{query}"), field)


def test_a_domain_shows_two_hundred_aliases_and_the_list_of_aliases_all(sandbox, hosted):
    """Inline they are cut, in their own list they are paged."""
    forward = "a@example.net"
    rows = ({"domain": "example.com", "alias": f"a{number}", "forward": forward} for number in range(250))
    sandbox.seed("improvmx", "alias", *rows)
    assert len(done(hosted.get(HERE))["domain"]["aliases"]) == 200
    assert len(done(hosted.get("/domains"))["domains"][0]["aliases"]) == 200
    page = done(hosted.get(f"{ALIASES}?limit=100&page=3"))
    assert (page["total"], [alias["alias"] for alias in page["aliases"]][-1], len(page["aliases"])) == (251, "a249", 51)
    assert done(hosted.get(f"{ALIASES}?page=99"))["aliases"] == []


def test_an_alias_is_created_read_changed_and_deleted(hosted):
    """Always 200; the id is a number; only forward can change."""
    alias = done(hosted.post(ALIASES, json={"alias": "Info", "forward": "A@example.net"}))["alias"]
    assert alias == {"alias": "info", "forward": "a@example.net", "id": 2}
    for name in ("info", "INFO", "2"):
        assert done(hosted.get(f"{ALIASES}/{name}"))["alias"] == alias
    changed = done(hosted.put(f"{ALIASES}/info", json={"forward": "b@example.net"}))["alias"]
    assert changed == {**alias, "forward": "b@example.net"}
    assert invalid(hosted.put(f"{ALIASES}/info", json={"forward": "b@example.net", "alias": "x"}), "alias")
    assert invalid(hosted.put(f"{ALIASES}/info", json={}), "forward")
    assert done(hosted.delete(f"{ALIASES}/info")) == {}
    refused(hosted.get(f"{ALIASES}/info"), 404)
    refused(hosted.put(f"{ALIASES}/info", json={"forward": "b@example.net"}), 404)
    refused(hosted.delete(f"{ALIASES}/info"), 404)


@pytest.mark.parametrize("path", ["*", "%2A", "1"])
def test_the_catch_all_is_reached_by_its_name(hosted, path):
    """`*`, encoded or not, or its number; a second one exists already."""
    assert "already exists" in invalid(hosted.post(ALIASES, json={"alias": "*", "forward": "a@example.net"}), "alias")
    assert done(hosted.put(f"{ALIASES}/{path}", json={"forward": "a@example.net"}))["alias"]["alias"] == "*"
    assert done(hosted.delete(f"{ALIASES}/{path}")) == {}
    assert names(hosted.get(ALIASES)) == []


def test_a_name_of_digits_comes_before_a_number(hosted):
    """Alias `1` is not the alias with id 1."""
    done(hosted.post(ALIASES, json={"alias": "1", "forward": "a@example.net"}))
    assert done(hosted.get(f"{ALIASES}/1"))["alias"]["id"] == 2


def test_a_number_of_another_domain_is_not_found(hosted):
    """Ids are only good below their own domain."""
    other = done(hosted.post("/domains", json={"domain": "example.net"}))["domain"]["aliases"][0]["id"]
    refused(hosted.get(f"{ALIASES}/{other}"), 404)


def test_an_alias_may_be_a_regular_expression(hosted):
    """Case is kept, it is reached by its id or, encoded, by itself; groups may stand in forward."""
    pattern = "(Sales|Press)/[0-9]+"
    alias = done(hosted.post(ALIASES, json={"alias": pattern, "forward": "team-$1@example.net"}))["alias"]
    assert (alias["alias"], alias["forward"]) == (pattern, "team-$1@example.net")
    assert done(hosted.get(f"{ALIASES}/{alias['id']}"))["alias"] == alias
    assert done(hosted.get(f"{ALIASES}/(Sales%7CPress)%2F%5B0-9%5D%2B"))["alias"] == alias
    refused(hosted.get(f"{ALIASES}/(sales%7Cpress)%2F%5B0-9%5D%2B"), 404)


@pytest.mark.parametrize("name", ["", "a b", "a@example.com", "(", "x?" * 76, None, 5])
def test_a_name_that_is_none_is_refused(hosted, name):
    """Neither a local part nor a regular expression of at most 150 characters without blanks and @."""
    assert invalid(hosted.post(ALIASES, json={"alias": name, "forward": "a@example.net"}), "alias")


def test_forward_holds_addresses_and_urls_in_no_order(hosted):
    """What comes back is the same set; order and blanks are the service's."""
    given = "z@example.net,https://example.net/hook, a@example.net"
    forward = done(hosted.post(ALIASES, json={"alias": "all", "forward": given}))["alias"]["forward"]
    assert forward == "a@example.net, https://example.net/hook, z@example.net"


@pytest.mark.parametrize(
    "forward",
    ["", "nobody", "a@example.net,", "a@example.com", "a@example.net,b@EXAMPLE.com", "ftp://x.example", [], None],
)
def test_a_forward_that_is_not_allowed_is_refused(hosted, forward):
    """No address, a URL of another scheme, and a destination in the same domain are 400, on create and update."""
    assert invalid(hosted.post(ALIASES, json={"alias": "info", "forward": forward}), "forward")
    assert invalid(hosted.put(f"{ALIASES}/*", json={"forward": forward}), "forward")
    assert names(hosted.get(ALIASES)) == ["*"]


def test_aliases_are_listed_by_prefix(hosted):
    """q is a prefix of the name; all aliases are active."""
    for name in ("info", "sales"):
        hosted.post(ALIASES, json={"alias": name, "forward": "a@example.net"})
    assert names(hosted.get(f"{ALIASES}?q=in")) == ["info"]
    assert names(hosted.get(f"{ALIASES}?is_active=1")) == ["*", "info", "sales"]
    assert names(hosted.get(f"{ALIASES}?is_active=0")) == []


def test_a_trailing_slash_makes_no_difference(hosted):
    """Documents and clients use both."""
    assert done(hosted.get("/domains/")) == done(hosted.get("/domains"))
    assert done(hosted.get(f"{ALIASES}/")) == done(hosted.get(ALIASES))


def test_what_a_plan_does_not_allow_is_403(connect):
    """Domains, aliases of a domain and destinations of an alias have limits, which the account tells."""
    options = SandboxOptions(improvmx_domains=1, improvmx_aliases=2, improvmx_destinations=2)
    with Sandbox(options) as sandbox:
        client = connect(sandbox, "improvmx")
        done(client.post("/domains", json={"domain": "example.com"}))
        refused(client.post("/domains", json={"domain": "example.net"}), 403)
        three = "a@example.net,b@example.net,c@example.net"
        refused(client.post(ALIASES, json={"alias": "info", "forward": three}), 403)
        done(client.post(ALIASES, json={"alias": "info", "forward": "a@example.net"}))
        refused(client.post(ALIASES, json={"alias": "more", "forward": "a@example.net"}), 403)
        refused(client.put(f"{ALIASES}/info", json={"forward": three}), 403)
        account = done(client.get("/account"))["account"]
        assert account["limits"].items() >= {"domains": 1, "aliases": 2, "destinations": 2}.items()
        assert (account["plan"]["domains_limit"], account["plan"]["aliases_limit"]) == (1, 2)


def test_the_rate_limit_is_per_endpoint(connect):
    """Two hundred a minute each: another call, or another method on the path, has its own."""
    with Sandbox(SandboxOptions(rate_limit="documented")) as sandbox:
        client = connect(sandbox, "improvmx")
        last = [client.get("/domains") for _ in range(201)][-1]
        assert "Retry-After" in last.headers
        refused(last, 429)
        assert client.get("/account").headers["X-RateLimit-Remaining"] == "199"
        assert client.post("/domains", json={"domain": "example.com"}).headers["X-RateLimit-Remaining"] == "199"


RULE = {"type": "alias", "config": {"alias": "info", "forward": "a@example.net"}}


def test_rules_are_created_ordered_changed_and_deleted(hosted):
    """The Rule comes bare; lists are in the order of rank; created is in seconds."""
    rules = f"{HERE}/rules"
    first = hosted.post(rules, json=RULE)
    assert first.status_code == 200
    rule = first.json()
    assert set(rule) == {"id", "type", "config", "rank", "active", "created"}
    assert (rule["active"], rule["config"], rule["created"] < 10**11) == (True, RULE["config"], True)
    regex = {"regex": "a.*", "scopes": ["subject"], "forward": "b@example.net"}
    second = hosted.post(rules, json={"type": "regex", "config": regex, "rank": 0.5, "active": False}).json()
    listing = done(hosted.get(rules))
    assert [one["id"] for one in listing["rules"]] == [second["id"], rule["id"]]
    assert listing["total"] == 2
    assert [one["id"] for one in done(hosted.get(f"{rules}?search=INFO"))["rules"]] == [rule["id"]]
    path = f"{rules}/{rule['id']}"
    assert hosted.put(path, json={"active": False}).json() == hosted.get(path).json() == {**rule, "active": False}
    assert done(hosted.delete(path)) == {}
    refused(hosted.get(path), 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "cel"}, "alias"),
        ({"type": "other"}, "type"),
        ({"config": []}, "config"),
        ({"config": {"alias": "info"}}, "forward"),
        ({"rank": "1"}, "rank"),
        ({"id": "x"}, "id"),
    ],
)
def test_a_rule_that_is_not_allowed_is_refused(hosted, change, field):
    """The config must be the one of its type."""
    assert invalid(hosted.post(f"{HERE}/rules", json=RULE | change), field)


def test_smtp_credentials_never_show_their_password(sandbox, hosted):
    """Created, listed, given another password, deleted; the password is stored only."""
    path = f"{HERE}/credentials"
    created = done(hosted.post(path, json={"username": "john", "password": "password"}))
    assert created["requires_new_mx_check"] is False
    assert done(hosted.get(path))["credentials"] == [created["credential"]]
    assert (set(created["credential"]), created["credential"]["usage"]) == ({"username", "created", "usage"}, 0)
    assert invalid(hosted.post(path, json={"username": "john", "password": "password"}), "username")
    assert invalid(hosted.post(path, json={"username": "jo", "password": "password"}), "username")
    assert invalid(hosted.put(f"{path}/john", json={"password": "short"}), "password")
    assert done(hosted.put(f"{path}/john", json={"password": "password2"})) == {"credential": created["credential"]}
    assert sandbox.rows("improvmx", "credential")[0]["password"] == "password2"
    assert done(hosted.delete(f"{path}/john")) == {}
    refused(hosted.delete(f"{path}/john"), 404)


@pytest.fixture
def logged(sandbox, hosted):
    """A client of a domain with sixty messages, a second apart."""
    rows = (
        {
            "domain": "example.com",
            "alias": "info" if number % 2 else "sales",
            "subject": f"Message {number}",
            "created": 1_700_000_000_000 + 1000 * number,
        }
        for number in range(60)
    )
    sandbox.seed("improvmx", "log", *rows)
    return hosted


def subjects(answer):
    return [int(log["subject"].split()[1]) for log in done(answer)["logs"]]


def test_logs_come_newest_first_behind_a_cursor(logged):
    """Fifty at a time; the last page has no cursor; an unknown cursor is refused."""
    page = done(logged.get(f"{HERE}/logs"))
    keys = {
        "id",
        "created",
        "hostname",
        "messageId",
        "subject",
        "transport",
        "sender",
        "recipient",
        "forward",
        "events",
    }
    assert set(page["logs"][0]) == keys
    assert subjects(logged.get(f"{HERE}/logs")) == list(range(59, 9, -1))
    rest = logged.get(f"{HERE}/logs", params={"next_cursor": page["next_cursor"]})
    assert (subjects(rest), rest.json()["next_cursor"]) == (list(range(9, -1, -1)), None)
    assert invalid(logged.get(f"{HERE}/logs?next_cursor=999"), "next_cursor")


def test_logs_of_an_alias_and_found_logs(logged):
    """By alias; by time (in seconds, required), text and status, in either order."""
    assert subjects(logged.get(f"{HERE}/logs/info")) == list(range(59, 0, -2))
    span = "after=1700000010&before=1700000012"
    assert subjects(logged.get(f"{HERE}/logs/search?{span}")) == [12, 11, 10]
    assert subjects(logged.get(f"{HERE}/logs/search?{span}&order=asc&text=message 1")) == [10, 11, 12]
    assert subjects(logged.get(f"{HERE}/logs/search?{span}&filter=delivered&text=11")) == [11]
    assert subjects(logged.get(f"{HERE}/logs/search?{span}&filter=refused")) == []
    assert invalid(logged.get(f"{HERE}/logs/search?after=1"), "before")


def test_the_account_tells_plan_and_limits(improvmx):
    """Its keys are those of the contract, and whitelabels have names."""
    account = done(improvmx.get("/account"))["account"]
    assert {"email", "plan", "limits", "premium", "locked", "lock_reason", "renew_date"} <= set(account)
    assert set(account["limits"]) == {
        *("aliases", "domains", "daily_quota", "daily_send", "ratelimit"),
        *("redirections", "subdomains", "api", "credentials", "destinations"),
    }
    assert set(done(improvmx.get("/account/whitelabels"))["whitelabels"][0]) == {"name"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", HERE),
        ("POST", f"{HERE}/check"),
        ("POST", f"{ALIASES}/bulk"),
        ("DELETE", f"{HERE}/aliases-all"),
        ("DELETE", f"{ALIASES}/aliases-all"),
        ("GET", "/account/api"),
        ("GET", "/nothing"),
    ],
)
def test_what_is_not_offered_is_not_found(hosted, method, path):
    """404, a wrong method included: the vendor's codes know no 405. Bulk and delete-all are never to be used."""
    refused(hosted.request(method, path), 404)
    assert names(hosted.get(ALIASES)) == ["*"]


def test_a_body_of_another_type_is_refused(hosted):
    """JSON only."""
    assert invalid(hosted.post(ALIASES, data={"alias": "info", "forward": "a@example.net"}), "request")
