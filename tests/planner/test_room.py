"""What a domain or an account has no room for is said before the first write (interface 3.7, `limit-exceeded`)."""

from dataclasses import replace

import pytest
from reconciler_fakes import GIB, IMPROVMX, MAILSERVER, World, alias, codes, domain, mailbox

from reconciler.model.snapshot import AccountLimits
from reconciler.planner import bounded_by_account


def findings(world: World, **options) -> list[tuple[str, str]]:
    made = world.plan(allow_data_loss=True, **options)
    return [(d.severity, d.message) for d in made.diagnostics if d.code == "limit-exceeded"]


@pytest.mark.parametrize(
    ("limit", "things", "said"),
    [
        ({"max_mailboxes": 1}, [mailbox("b@example.com", password=1)], "2 mailboxes"),
        ({"max_aliases": 0}, [alias("b@example.com", "x@example.net")], "1 aliases"),
        ({"quota": 5 * GIB}, [mailbox("b@example.com", password=1, quota=3 * GIB)], "6 GiB in all"),
        ({"max_mailbox_quota": 3 * GIB}, [mailbox("b@example.com", password=1, quota=4 * GIB)], "4 GiB"),
    ],
)
@pytest.mark.parametrize("where", ["live", "manifest"])
def test_more_than_the_domain_allows_is_an_error(world, limit, things, said, where):
    """More mailboxes, aliases or storage than the domain (manifest or live) allows, or a mailbox over its highest quota."""
    world.settled("hosting", mailbox("a@example.com", quota=3 * GIB))
    world.live("hosting", domain("example.com", **(limit if where == "live" else {})))
    if where == "manifest":
        world.wants("hosting", domain("example.com", **limit))
    world.wants("hosting", *things)
    [(severity, message)] = findings(world)
    assert (severity, said in message) == ("error", True)


def test_what_fits_is_no_finding(world):
    """Exactly as many as allowed."""
    world.settled("hosting", domain("example.com", max_mailboxes=1, quota=3 * GIB))
    world.wants("hosting", mailbox("a@example.com", quota=3 * GIB, password=1))
    assert findings(world) == []


def test_what_goes_makes_room(world):
    """The whole plan counts."""
    world.settled("hosting", domain("example.com", max_mailboxes=1))
    world.has("hosting", mailbox("a@example.com"))
    world.wants("hosting", mailbox("b@example.com", password=1))
    assert findings(world) == []


def test_a_blocked_deletion_makes_no_room(world):
    """It is not carried out."""
    world.settled("hosting", domain("example.com", max_mailboxes=1))
    world.has("hosting", mailbox("a@example.com"))
    world.wants("hosting", mailbox("b@example.com", password=1))
    assert "limit-exceeded" in codes(world.plan(), "error")


def test_unmanaged_children_count(world):
    """They are there, whoever they belong to."""
    world.settled("hosting", domain("example.com", max_mailboxes=1))
    world.live("hosting", mailbox("stray@example.com"))
    world.wants("hosting", mailbox("b@example.com", password=1))
    assert len(findings(world)) == 1


def test_a_catch_all_that_is_an_alias_counts(world):
    """At providers where it is one of the domain's aliases."""
    world.settled("hosting", domain("example.com", max_aliases=1, catch_all=("x@example.net",)))
    world.wants("hosting", alias("a@example.com", "x@example.net"))
    assert "2 aliases" in findings(world)[0][1]


def test_a_mailbox_without_a_quota_takes_the_default(world):
    """The domain's, as it will be."""
    world.settled("hosting", domain("example.com", quota=5 * GIB, default_mailbox_quota=2 * GIB))
    world.wants("hosting", mailbox("a@example.com", password=1), mailbox("b@example.com", password=1))
    assert findings(world) == []
    world.wants("hosting", domain("example.com", quota=5 * GIB, default_mailbox_quota=3 * GIB))
    assert "6 GiB" in findings(world)[0][1]


def test_unlimited_takes_nothing_and_bounds_nothing(world):
    """Mail servers count an unlimited mailbox as 0."""
    world.settled("hosting", domain("example.com", quota=5 * GIB))
    world.wants("hosting", mailbox("a@example.com", quota="unlimited", password=1))
    assert findings(world) == []


def test_what_is_too_full_already_is_a_warning(world):
    """Neither brought about nor made worse by this plan."""
    world.settled("hosting", domain("example.com", max_aliases=1, max_mailbox_quota=1 * GIB))
    world.settled("hosting", alias("a@example.com", "x@example.net"), alias("b@example.com", "x@example.net"))
    world.settled("hosting", mailbox("m@example.com", quota=2 * GIB, name="a"))
    assert findings(world) == []
    world.wants("hosting", mailbox("m@example.com", quota=2 * GIB, name="b"))
    assert {severity for severity, _ in findings(world)} == {"warning"}
    assert len(findings(world)) == 2


def test_lowering_a_limit_below_what_is_there_is_an_error(world):
    """The plan brings it about."""
    world.settled("hosting", domain("example.com", max_aliases=2), alias("a@example.com", "x@example.net"))
    world.wants("hosting", domain("example.com", max_aliases=0))
    assert [severity for severity, _ in findings(world)] == ["error"]


def test_a_rule_of_the_provider_is_held_against_what_is_live(world):
    """`default_mailbox_quota` over a `max_mailbox_quota` that only the provider knows."""

    def rule(desired):
        fields = desired.fields
        if fields.get("default_mailbox_quota", 0) > fields.get("max_mailbox_quota", 0):
            yield "default_mailbox_quota", "default_mailbox_quota is more than max_mailbox_quota"

    world.provider("strict", replace(MAILSERVER, rules=(rule,)))
    world.settled("strict", domain("example.net", default_mailbox_quota=1))
    world.live("strict", domain("example.net", default_mailbox_quota=1, max_mailbox_quota=2))
    world.wants("strict", domain("example.net", default_mailbox_quota=3))
    assert [severity for severity, _ in findings(world)] == ["error"]


def test_the_account_may_allow_only_so_many(world):
    """More than the account allows, where the plan creates some."""
    world.provider("forwarding", IMPROVMX)
    world.settled("forwarding", domain("example.org", catch_all=None))
    world.holdings["forwarding"].limits = AccountLimits({"domain": 1, "alias": 1})
    world.wants("forwarding", alias("a@example.org", "x@example.net"))
    assert findings(world) == []
    world.wants("forwarding", alias("b@example.org", "x@example.net"), domain("example.biz", catch_all=None))
    assert [severity for severity, _ in findings(world)] == ["error", "error"]


def test_account_limits_are_asked_for_only_where_something_is_created(world):
    """... fetched only when the plan creates something that they bound."""
    world.provider("forwarding", IMPROVMX)
    world.settled("forwarding", domain("example.org", catch_all=None))
    assert bounded_by_account(world.plan(), world.terms) == frozenset()
    world.wants("forwarding", alias("a@example.org", "x@example.net"))
    assert bounded_by_account(world.plan(), world.terms) == {"forwarding"}
    world.wants("hosting", alias("a@example.com", "x@example.net"))
    assert bounded_by_account(world.plan(), world.terms) == {"forwarding"}


def test_a_new_domain_is_told_what_it_has_to_hold(world):
    """For limits that the manifest leaves open: the children that the plan creates, and the catch-all."""
    world.wants("hosting", domain("example.net", catch_all=("a@example.net",)), alias("x@example.net", "a@example.net"))
    world.wants("hosting", mailbox("a@example.net", password=1, quota=GIB), mailbox("b@example.net", password=1))
    world.wants("hosting", mailbox("c@example.net", password=1, quota="unlimited"))
    room = next(step.room for step in world.plan().steps if step.address.kind == "domain")
    assert (room.mailboxes, room.aliases, room.quotas) == (3, 2, (0, GIB, None))
