"""What is particular about imply: ways to log in, what it can hold, what changing an alias costs."""

import pytest
from pydantic import ValidationError

from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Live
from reconciler.providers.imply import PROVIDER, Settings, message

GIB = 2**30
HELD = PROVIDER.capabilities({})
ALIAS = ResourceAddress("hosting", "alias", "info@example.com")


def refusal(kind, field, value):
    with pytest.raises(ValueError) as caught:
        HELD.kinds[kind].fields[field].check(value)
    return str(caught.value)


def test_it_holds_what_its_contract_lists():
    assert {kind: (set(one.verbs), set(one.fields)) for kind, one in HELD.kinds.items()} == {
        "domain": ({"create", "update", "delete"}, {"catch_all", "active"}),
        "mailbox": ({"create", "update", "delete"}, {"name", "password", "quota", "active"}),
        "alias": ({"create", "update", "delete"}, {"destinations", "active"}),
        "webhook": ({"create"}, {"url", "events", "enabled"}),
    }
    assert HELD.kinds["mailbox"].required == {"password"}
    assert HELD.kinds["webhook"].inherent_key == "url"
    assert HELD.cascade == {"mailbox", "alias"}
    assert not HELD.alias_beside_mailbox
    assert not HELD.catch_all_is_alias
    assert str(HELD.rate) == "60/min burst 10"


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("domain", "catch_all", ("a@x.example", "b@x.example"), "it takes one address here, not 2"),
        ("domain", "active", False, "it is always true here"),
        ("mailbox", "quota", "unlimited", "cannot be unlimited"),
        ("mailbox", "quota", 1000, "not a whole number of MiB"),
        ("alias", "active", False, "it is always true here"),
        ("webhook", "enabled", False, "it is always true here"),
        (
            "webhook",
            "events",
            ("email.lost", "email.sent"),
            "'email.lost' is no event here: there are domain.created, ",
        ),
        ("webhook", "events", (), "at least one"),
        ("webhook", "url", "ftp://x.example", "must be an http"),
    ],
)
def test_what_it_cannot_hold_is_explained(kind, field, value, words):
    assert words in refusal(kind, field, value)


@pytest.mark.parametrize("kind", ["domain", "mailbox", "alias"])
def test_the_one_value_that_it_has_may_be_written(kind):
    HELD.kinds[kind].fields["active"].check(True)
    assert HELD.kinds[kind].fields["active"].fixed


def test_a_catch_all_may_be_cleared():
    HELD.kinds["domain"].fields["catch_all"].check(None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs email and password, or a token"),
        ({"email": "a@x.example"}, "needs email and password, or a token"),
        ({"password": "x"}, "needs email and password, or a token"),
        ({"token": "x", "email": "a@x.example", "password": "x"}, "not both"),
        ({"token": "x", "totp_secret": "x"}, "not both"),
        ({"email": "a@x.example", "password": "x", "totp_code": "1", "totp_secret": "x"}, "not both"),
    ],
)
def test_there_is_one_way_in(given, words):
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(given)


@pytest.mark.parametrize("given", [{"token": "x"}, {"email": "a@x.example", "password": "x", "totp_code": "123456"}])
def test_either_way_in_is_fine(given):
    assert Settings.model_validate(given).base_url == "https://imply.nl/api/v1"


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (("a@x.example", "b@x.example"), 0),
        (("a@x.example",), 1),
        (("a@x.example", "c@x.example"), 2),
        (("c@x.example", "d@x.example"), 4),
    ],
)
def test_changing_an_alias_costs_a_call_for_each_record(wanted, calls):
    live = Live(ALIAS, {"destinations": ("a@x.example", "b@x.example")}, (1, 2))
    assert HELD.cost("alias", "update", {"destinations": wanted}, live) == calls
    assert HELD.cost("alias", "create", {"destinations": wanted}, None) == len(wanted)
    assert HELD.cost("alias", "delete", {}, live) == 2


def test_two_records_for_one_destination_are_both_deleted():
    """Written differently, they are one destination to us."""
    records = {1: "a@x.example", 2: "a@x.example", 3: "b@x.example"}
    live = Live(ALIAS, {"destinations": ("a@x.example", "b@x.example")}, (1, 2, 3), wire={"records": records})
    assert HELD.cost("alias", "update", {"destinations": ("b@x.example",)}, live) == 2


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"message": "Bad", "details": {"field": "password", "value": "Bad"}}, "…"),
        ({"message": "a@x is bad", "details": {"field": "email", "value": "a@x"}}, "a@x is bad"),
        ({"message": "bad", "details": {"field": "password", "value": 7}}, "bad"),
        ({"message": "bad", "details": []}, "bad"),
        ({"message": 7}, None),
        ("bad", None),
    ],
)
def test_a_message_does_not_quote_a_password(error, text):
    assert message({"success": False, "error": error}) == text
