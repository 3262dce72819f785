"""What is particular about mailserver: what it can hold, and what a create sends for what the manifest leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.model.names import ResourceAddress
from reconciler.model.plan import Room
from reconciler.model.resources import Desired, Live
from reconciler.providers.mailserver import MIB, PROVIDER, limits_fit, new_domain, new_mailbox
from reconciler.providers.rest.table import Creation

DOMAIN = ResourceAddress("hosting", "domain", "example.com")
MAILBOX = ResourceAddress("hosting", "mailbox", "john@example.com")
GIB = 1024 * MIB
LIMITS = ("default_mailbox_quota", "max_mailbox_quota", "quota")


DOMAIN_FIELDS = {*LIMITS, "active", "description", "max_mailboxes", "max_aliases", "backup_mx", "catch_all"}
MAILBOX_FIELDS = {"name", "password", "quota", "active", "force_password_update", "tls_enforce_in", "tls_enforce_out"}


def defaults(room: Room | None = None, **given: int):
    return {**new_domain(Creation(DOMAIN, given, room or Room(), None)), **given}


def test_it_holds_what_its_contract_lists():
    held = PROVIDER.capabilities({})
    assert {kind: set(capability.fields) for kind, capability in held.kinds.items()} == {
        "domain": DOMAIN_FIELDS,
        "mailbox": MAILBOX_FIELDS,
        "alias": {"active", "description", "destinations"},
    }
    assert all(capability.verbs == {"create", "update", "delete"} for capability in held.kinds.values())
    assert held.kinds["mailbox"].required == {"password"}
    assert str(held.rate) == "100/min"
    assert held.mailbox_delete_edits_aliases
    assert held.cascade == {"alias"}


def test_the_catch_all_has_calls_of_its_own():
    cost = PROVIDER.capabilities({}).cost
    assert cost("domain", "create", {"active": True}, None) == 1
    assert cost("domain", "create", {"catch_all": ("a@x.example",)}, None) == 2
    assert cost("domain", "create", {"catch_all": None}, None) == 1
    assert cost("domain", "update", {"catch_all": None}, None) == 1
    assert cost("domain", "update", {"catch_all": None, "active": True}, None) == 2
    assert cost("domain", "delete", {}, None) == 1
    assert cost("mailbox", "create", {}, None) == 1


def test_a_domain_left_open_is_the_vendors_sample():
    assert defaults() == {
        "active": True,
        "max_aliases": 400,
        "max_mailboxes": 10,
        "default_mailbox_quota": 3 * GIB,
        "max_mailbox_quota": 10 * GIB,
        "quota": 10 * GIB,
    }


@pytest.mark.parametrize(
    ("given", "room", "expected"),
    [
        ({"quota": 2 * GIB}, Room(), (2 * GIB, 2 * GIB, 2 * GIB)),
        ({"max_mailbox_quota": GIB}, Room(), (GIB, GIB, 10 * GIB)),
        ({"default_mailbox_quota": 20 * GIB}, Room(), (20 * GIB, 20 * GIB, 20 * GIB)),
        ({"max_mailbox_quota": 50 * GIB}, Room(), (3 * GIB, 50 * GIB, 50 * GIB)),
        ({}, Room(2, 0, (15 * GIB, GIB)), (3 * GIB, 15 * GIB, 16 * GIB)),
        ({}, Room(5, 0, (None,) * 5), (3 * GIB, 10 * GIB, 15 * GIB)),
        ({"quota": 12 * GIB}, Room(1, 0, (15 * GIB,)), (3 * GIB, 12 * GIB, 12 * GIB)),
    ],
)
def test_limits_left_open_move_just_enough(given, room, expected):
    """To fit what is given, and to hold the planned mailboxes."""
    assert tuple(defaults(room, **given)[name] for name in LIMITS) == expected


def test_counts_left_open_hold_the_planned_children():
    made = defaults(Room(mailboxes=25, aliases=900))
    assert (made["max_mailboxes"], made["max_aliases"]) == (25, 900)


SIZES = some.integers(1, 50_000).map(lambda n: n * MIB)


@given(
    given=some.dictionaries(some.sampled_from(LIMITS), SIZES).filter(
        lambda given: not list(limits_fit(Desired(DOMAIN, given)))
    ),
    quotas=some.lists(some.one_of(some.none(), SIZES), max_size=5),
)
def test_a_new_domain_always_fits_the_rules_of_the_server(given, quotas):
    """default <= max <= total, whatever the manifest gives (as long as that fits) and whatever is planned."""
    made = defaults(Room(len(quotas), 0, tuple(quotas)), **given)
    assert MIB <= made["default_mailbox_quota"] <= made["max_mailbox_quota"] <= made["quota"]
    if "quota" not in given:
        assert made["quota"] >= sum(made["default_mailbox_quota"] if q is None else q for q in quotas)


def test_a_new_mailbox_gets_the_quota_of_its_domain():
    parent = Live(DOMAIN, {"default_mailbox_quota": GIB})
    assert new_mailbox(Creation(MAILBOX, {}, Room(), parent)) == {"name": "john", "quota": GIB, "active": True}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"quota": GIB, "max_mailbox_quota": 2 * GIB}, ["max_mailbox_quota"]),
        ({"quota": GIB, "default_mailbox_quota": 2 * GIB}, ["default_mailbox_quota"]),
        (
            {"default_mailbox_quota": 3 * GIB, "max_mailbox_quota": 2 * GIB, "quota": GIB},
            ["default_mailbox_quota", "max_mailbox_quota"],
        ),
        ({"default_mailbox_quota": GIB, "quota": GIB}, []),
        ({"quota": GIB}, []),
    ],
)
def test_limits_that_contradict_each_other_are_found_in_the_manifest(fields, wrong):
    found = list(limits_fit(Desired(DOMAIN, fields)))
    assert [name for name, _ in found] == wrong


def test_the_contradiction_is_told_with_units():
    ((_, message),) = limits_fit(Desired(DOMAIN, {"quota": GIB, "max_mailbox_quota": 2 * GIB}))
    assert message == "max_mailbox_quota (2 GiB) is more than quota (1 GiB)"
