"""What is particular about ImprovMX: its versions, what an alias may be, domains on its other engine, account limits."""

import asyncio

import httpx
import pytest
from pydantic import ValidationError

from reconciler.errors import BrokenContract, Rejected
from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Desired
from reconciler.model.snapshot import AccountLimits, Scope
from reconciler.providers.base import Surroundings
from reconciler.providers.improvmx import PROVIDER, Settings, alias_key, limits, message

HELD = PROVIDER.capabilities({})
BOTH = frozenset({"domain", "alias"})


def problems(kind, key, **fields):
    desired = Desired(ResourceAddress("fwd", kind, key), fields)
    return [problem for rule in HELD.rules for problem in rule(desired)]


def test_it_holds_what_its_contract_lists():
    assert {kind: (set(one.verbs), set(one.fields)) for kind, one in HELD.kinds.items()} == {
        "domain": ({"create", "update", "delete"}, {"catch_all", "active"}),
        "alias": ({"create", "update", "delete"}, {"destinations", "active"}),
    }
    assert HELD.catch_all_is_alias
    assert HELD.automatic_catch_all
    assert HELD.regex_aliases
    assert HELD.url_destinations
    assert HELD.cascade == {"alias"}
    assert str(HELD.rate) == "60/min"


def test_both_versions_hold_the_same():
    older = PROVIDER.capabilities({"api_version": "v2"})
    assert older.kinds.keys() == HELD.kinds.keys()
    assert older.automatic_catch_all


def test_only_the_newer_one_tells_what_the_account_may_hold():
    assert HELD.bounded == {"domain", "alias"}
    assert not PROVIDER.capabilities({"api_version": "v2"}).bounded


def test_an_automatic_catch_all_costs_a_call_also_to_be_without():
    assert HELD.cost("domain", "create", {"catch_all": None}, None) == 2
    assert HELD.cost("domain", "create", {"catch_all": ("a@x.example",)}, None) == 2
    assert HELD.cost("domain", "create", {}, None) == 1
    assert HELD.cost("domain", "update", {"catch_all": None}, None) == 1


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.improvmx.com/v3"),
        ({"api_version": "v3"}, "https://api.improvmx.com/v3"),
        ({"api_version": "v2"}, "https://api.improvmx.com/v2"),
        ({"api_version": "v2", "base_url": "https://mx.example.com/v2"}, "https://mx.example.com/v2"),
    ],
)
def test_each_version_is_at_its_own_place(given, url):
    assert Settings.model_validate({"api_key": "sk_1", **given}).base_url == url


def test_another_version_is_refused():
    with pytest.raises(ValidationError, match="api_version"):
        Settings.model_validate({"api_key": "sk_1", "api_version": "v4"})


def test_a_destination_in_the_same_domain_is_refused():
    assert problems("alias", "info@x.example", destinations=("a@x.example", "b@y.example")) == [
        ("destinations", "a@x.example is in the same domain, to which ImprovMX does not forward")
    ]
    assert problems("domain", "x.example", catch_all=("a@x.example",))[0][0] == "catch_all"
    assert not problems("domain", "x.example", catch_all=None)
    assert not problems("alias", "info@x.example", destinations=("a@sub.x.example", "https://hook/?to=a@x.example"))


def test_a_regular_expression_has_a_length():
    assert not problems("alias", f"{'(a|b)' * 30}@x.example")
    assert problems("alias", f"{'(a|b)' * 30}.@x.example") == [
        ("address", "a regular expression may have 150 characters, and this one has 151")
    ]


def test_a_url_with_a_comma_would_be_two_destinations():
    with pytest.raises(ValueError, match="a comma ends a destination"):
        HELD.kinds["alias"].fields["destinations"].check(("https://x.example/?a=1,2",))


@pytest.mark.parametrize(
    ("listed", "key"),
    [
        ("Info@X.example", "info@x.example"),
        ("*@x.example", "*@x.example"),
        ("^Info|Sales$@x.example", "^Info|Sales$@x.example"),
        ("a/(b|C)@münchen.example", "a/(b|C)@xn--mnchen-3ya.example"),
    ],
)
def test_case_counts_in_regular_expressions_only(listed, key):
    assert alias_key(listed) == key


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"errors": {"alias": ["one.", "two."]}}, "alias: one. two."),
        ({"errors": {"alias": "text", "forward": ["list"]}}, "alias: text; forward: list"),
        ({"errors": {}, "error": "plain"}, "plain"),
        ({"error": "plain", "code": 403}, "plain"),
        ({"errors": ["odd"]}, None),
        ({}, None),
        ([], None),
    ],
)
def test_errors_come_in_several_shapes(body, text):
    assert message(body) == text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"domains": 5, "aliases": 25, "destinations": 3, "redirections": 9},
            AccountLimits({"domain": 5}, {"alias": 25}, 3),
        ),
        ({"domains": 0, "aliases": None, "redirections": 9}, AccountLimits({}, {}, 9)),
        ({}, AccountLimits()),
    ],
)
def test_limits_that_are_missing_bound_nothing(said, expected):
    assert limits({"account": {"limits": said}, "success": True}) == expected


def with_answers(work, **answers):
    """Runs *work* with an account that gets *answers* by path (without slashes); the result, and the calls."""
    calls = []

    def answer(request):
        path = request.url.path.removeprefix("/v3/")
        calls.append(f"{request.method} {path}")
        return httpx.Response(200, json={"success": True, **answers[path]})

    async def opened():
        settings = Settings.model_validate({"api_key": "sk_1", "rate_limit": "none"})
        account = PROVIDER.connect("fwd", settings, Surroundings("1"), None, httpx.MockTransport(answer))
        try:
            return await work(account)
        finally:
            await account.close()

    return asyncio.run(opened()), calls


def test_limits_are_asked_for_only_when_wanted():
    account = {"account": {"limits": {"domains": 5}}}
    snapshot, calls = with_answers(lambda a: a.fetch(Scope(frozenset(), limits=True)), account=account)
    assert (snapshot.limits.at_most, snapshot.requests, calls) == ({"domain": 5}, 1, ["GET account"])
    _, calls = with_answers(lambda a: a.fetch(Scope(BOTH)), domains={"domains": [], "total": 0})
    assert calls == ["GET domains"]


def test_an_account_without_limits_is_no_account():
    with pytest.raises(BrokenContract, match=r"GET account: .* it has no 'limits' in 'account'"):
        with_answers(lambda a: a.fetch(Scope(frozenset(), limits=True)), account={"account": None})


ON_RULES = {"domain": "x.example", "routing_engine": "rules", "aliases": [{"id": 1, "alias": "a", "forward": "b@c.d"}]}


def test_a_domain_on_the_rules_engine_is_told_and_its_aliases_are_not_touched():
    """Listing goes on: other domains are none the worse for it."""
    domain, alias = ResourceAddress("fwd", "domain", "x.example"), ResourceAddress("fwd", "alias", "a@x.example")

    async def work(account):
        snapshot = await account.fetch(Scope(BOTH))
        for write in (
            account.delete(alias),
            account.update(alias, {"destinations": ("e@f.example",)}, {}),
            account.update(domain, {"catch_all": None}, {}),
        ):
            with pytest.raises(Rejected, match=r"fwd: x\.example: it is on ImprovMX's rules engine"):
                await write
        return snapshot

    snapshot, calls = with_answers(work, domains={"domains": [ON_RULES], "total": 1})
    assert list(snapshot.closed) == [domain]
    assert snapshot.resources.keys() == {domain, alias}
    assert calls == ["GET domains"]


@pytest.mark.parametrize("engine", [{}, {"routing_engine": ""}, {"routing_engine": "alias"}])
def test_a_domain_is_on_aliases_unless_it_says_otherwise(engine):
    row = {"domain": "x.example", "aliases": [], **engine}
    snapshot, _ = with_answers(lambda a: a.fetch(Scope(BOTH)), domains={"domains": [row], "total": 1})
    assert not snapshot.closed
