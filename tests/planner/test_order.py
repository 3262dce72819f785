"""Who comes before whom (interface 3.3), and in which calls."""

import itertools
from dataclasses import replace

import pytest
from reconciler_fakes import GIB, IMPLY, World, actions, alias, change, codes, domain, mailbox, told, webhook

JOHN, INFO = "hosting/mailbox/john@example.com", "hosting/alias/info@example.com"
DOMAIN = "hosting/domain/example.com"


def before(made, first: str, then: str) -> bool:
    """Whether *first* is done before *then*, in every order that the plan allows."""
    steps = told(made)
    start = next(n for n, text in enumerate(steps) if text.startswith(then))
    waiting, found = [start], set()
    while waiting:
        for number in made.steps[waiting.pop()].after:
            if number not in found:
                found.add(number)
                waiting.append(number)
    return any(steps[number].startswith(first) for number in found)


# --- creates and updates


def test_creates_go_from_the_domain_to_what_depends_on_it():
    """domain -> mailbox -> alias -> webhook."""
    world = World(hosting=IMPLY)

    world.wants(
        "hosting",
        webhook("https://h.example/"),
        alias("info@example.com", "john@example.com"),
        mailbox("john@example.com"),
        domain("example.com"),
    )
    made = world.plan()
    assert [step.address.kind for step in made.steps] == ["domain", "mailbox", "alias", "webhook"]
    assert before(made, f"create {DOMAIN}", f"create {JOHN}")
    assert before(made, f"create {JOHN}", f"create {INFO}")


def test_an_alias_comes_after_the_aliases_that_it_points_to(world):
    """Along a chain, and across domains; the order of names has nothing to do with it."""
    world.wants("hosting", domain("example.net"))
    world.wants("hosting", alias("a@example.com", "b@example.net"), alias("b@example.net", "c@example.com"))
    world.wants("hosting", alias("c@example.com", "x@example.org"))
    made = world.plan()
    assert before(made, "create hosting/alias/b@", "create hosting/alias/a@")
    assert before(made, "create hosting/alias/c@", "create hosting/alias/b@")


def test_what_is_independent_waits_for_nothing(world):
    """So that it can run side by side."""
    world.wants("hosting", alias("a@example.com", "x@example.org"), alias("b@example.com", "x@example.org"))
    assert [step.after for step in world.plan().steps] == [(), ()]


def test_the_catch_all_is_set_after_what_it_points_to(world):
    """A step of its own, also when the domain is new."""
    world.wants(
        "hosting", domain("example.net", catch_all=("john@example.net",)), mailbox("john@example.net", password=1)
    )
    made = world.plan()
    assert told(made) == [
        "create hosting/domain/example.net",
        "create hosting/mailbox/john@example.net",
        "update hosting/domain/example.net catch_all",
    ]
    assert (change(made, "hosting/domain/example.net").requests, made.requests) == (2, 3)


def test_changes_stand_in_an_order_in_which_they_could_be_executed(world):
    """By their first step."""
    world.wants("hosting", alias("a@example.com", "john@example.com"), mailbox("john@example.com", password=1))
    assert [str(c.address) for c in world.plan().changes] == [JOHN, "hosting/alias/a@example.com"]


def test_depends_on_names_the_domain_and_what_is_waited_for(world):
    """Of a deletion only what is waited for."""
    world.wants("hosting", alias("info@example.com", "john@example.com"), mailbox("john@example.com", password=1))
    made = world.plan()
    assert [str(a) for a in change(made, INFO).depends_on] == [DOMAIN, JOHN]


# --- deletes


def test_deletes_go_the_other_way_round(world):
    """alias before mailbox before domain; what goes with its domain is shown with it."""
    world.has(
        "hosting", domain("example.net"), mailbox("john@example.net"), alias("info@example.net", "john@example.net")
    )
    made = world.plan(allow_data_loss=True)
    assert told(made) == [
        "delete hosting/mailbox/john@example.net",
        "delete hosting/domain/example.net",
        "delete hosting/alias/info@example.net",
    ]


def test_a_mailbox_goes_after_the_alias_that_stops_pointing_to_it(world):
    """No moment exists in which mail is not delivered that was delivered and will be."""
    world.settled("hosting", alias("info@example.com", "eve@example.com"), mailbox("eve@example.com"))
    world.wants("hosting", alias("info@example.com", "john@example.com"), mailbox("john@example.com", password=1))
    world.no_longer_wants("hosting/mailbox/eve@example.com")
    made = world.plan(allow_data_loss=True)
    assert told(made) == [
        f"create {JOHN}",
        f"update {INFO} destinations",
        "delete hosting/mailbox/eve@example.com",
    ]
    assert [step.after for step in made.steps] == [(), (0,), (1,)]


def test_an_alias_goes_before_the_mailbox_that_it_points_to(world):
    """... also when it is deleted itself."""
    world.has("hosting", alias("info@example.com", "john@example.com"), mailbox("john@example.com"))
    made = world.plan(allow_data_loss=True)
    assert before(made, f"delete {INFO}", f"delete {JOHN}")


def test_an_address_falls_to_the_catch_all_after_that_is_set(world):
    """A deletion after which the catch-all answers."""
    world.wants("hosting", domain("example.com", catch_all=("john@example.com",)))
    world.settled("hosting", mailbox("john@example.com"))
    world.has("hosting", alias("info@example.com", "john@example.com"))
    made = world.plan()
    assert told(made) == [f"update {DOMAIN} catch_all", f"delete {INFO}"]
    assert made.steps[1].after == (0,)


def test_the_catch_all_is_cleared_after_what_takes_over_from_it(world):
    """An address that it answered gets an alias of its own."""
    world.settled("hosting", mailbox("john@example.com"))
    world.wants("hosting", domain("example.com", catch_all=None), alias("info@example.com", "john@example.com"))
    world.live("hosting", domain("example.com", catch_all=("john@example.com",)))
    made = world.plan()
    assert told(made) == [f"create {INFO}", f"update {DOMAIN} catch_all"]
    assert made.steps[1].after == (0,)


def test_what_is_switched_off_waits_like_what_is_deleted(world):
    """An alias leaves a mailbox before that stops taking mail, through an alias in between that nobody touches."""
    world.settled("hosting", mailbox("eve@example.com", active=True), mailbox("john@example.com", active=True))
    world.settled("hosting", alias("mid@example.com", "eve@example.com"), alias("info@example.com", "mid@example.com"))
    world.wants("hosting", mailbox("eve@example.com", active=False), alias("info@example.com", "john@example.com"))
    made = world.plan()
    assert told(made) == [f"update {INFO} destinations", "update hosting/mailbox/eve@example.com active"]
    assert made.steps[1].after == (0,)


def test_what_is_switched_on_is_waited_for_like_what_is_created(world):
    """... through an alias in between that nobody touches."""
    world.settled("hosting", mailbox("eve@example.com", active=False), mailbox("john@example.com", active=True))
    world.settled("hosting", alias("mid@example.com", "eve@example.com"), alias("info@example.com", "john@example.com"))
    world.wants("hosting", mailbox("eve@example.com", active=True), alias("info@example.com", "mid@example.com"))
    made = world.plan()
    assert told(made) == ["update hosting/mailbox/eve@example.com active", f"update {INFO} destinations"]
    assert made.steps[1].after == (0,)


def test_an_alias_that_nobody_touches_keeps_one_of_its_targets(world):
    """One begins to take mail before the other stops."""
    world.settled("hosting", alias("info@example.com", "a@example.com", "b@example.com"))
    world.settled("hosting", mailbox("a@example.com", active=True), mailbox("b@example.com", active=False))
    world.wants("hosting", mailbox("a@example.com", active=False), mailbox("b@example.com", active=True))
    made = world.plan()
    assert told(made) == ["update hosting/mailbox/b@example.com active", "update hosting/mailbox/a@example.com active"]
    assert made.steps[1].after == (0,)


# --- an address that changes its kind


def test_an_address_is_handed_over_in_one_step(world):
    """mailbox -> alias where the provider does not allow both: the old one is deleted right before."""
    world.has("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    made = world.plan(allow_data_loss=True)
    [step] = made.steps
    assert (str(step.address), str(step.removes), step.create_first) == ("hosting/alias/john@example.com", JOHN, False)
    assert (step.requests, made.requests) == (2, 2)
    assert [(c.action, c.requests) for c in made.changes] == [("delete", 0), ("create", 2)]


def test_an_alias_becomes_a_mailbox_in_one_step(world):
    """alias -> mailbox."""
    world.has("hosting", alias("john@example.com", "x@example.net"))
    world.wants("hosting", mailbox("john@example.com", password=1))
    made = world.plan()
    assert told(made) == [f"create {JOHN} in place of hosting/alias/john@example.com"]


def test_where_the_provider_allows_both_the_new_one_comes_first():
    """No gap at all."""
    world = World(hosting=IMPLY)
    world.settled("hosting", domain("example.com"))
    world.has("hosting", alias("john@example.com", "x@example.net"))
    world.wants("hosting", mailbox("john@example.com"))
    [step] = world.plan().steps
    assert step.create_first


def test_what_the_handed_over_alias_pointed_to_goes_afterwards(world):
    """The step is both: the mailbox's creation and the alias's end."""
    world.settled("hosting", mailbox("eve@example.com"))
    world.has("hosting", alias("john@example.com", "eve@example.com"))
    world.no_longer_wants("hosting/mailbox/eve@example.com")
    world.wants("hosting", mailbox("john@example.com", password=1))
    made = world.plan(allow_data_loss=True)
    assert before(made, f"create {JOHN}", "delete hosting/mailbox/eve@example.com")


# --- a domain's limits


LIMITS = {"quota": 10 * GIB, "max_mailbox_quota": 5 * GIB, "max_mailboxes": 2}


def test_limits_are_raised_before_the_children_change(world):
    """A mailbox that would not fit before."""
    world.settled("hosting", domain("example.com", max_mailboxes=0))
    world.wants("hosting", domain("example.com", max_mailboxes=1), mailbox("john@example.com", password=1))
    made = world.plan()
    assert told(made) == [f"update {DOMAIN} max_mailboxes", f"create {JOHN}"]
    assert made.steps[1].after == (0,)


def test_limits_are_lowered_after_the_children_have_changed(world):
    """... to what would not have held them before."""
    world.settled("hosting", domain("example.com", max_mailboxes=2), mailbox("john@example.com"))
    world.wants("hosting", domain("example.com", max_mailboxes=0))
    world.no_longer_wants(JOHN)
    made = world.plan(allow_data_loss=True)
    assert told(made) == [f"delete {JOHN}", f"update {DOMAIN} max_mailboxes"]
    assert made.steps[1].after == (0,)


def test_an_update_that_raises_and_lowers_takes_two_calls(world):
    """Two calls when an update does both."""
    world.settled("hosting", domain("example.com", description="a", **LIMITS))
    world.wants(
        "hosting", domain("example.com", description="b", quota=8 * GIB, max_mailbox_quota=5 * GIB, max_mailboxes=3)
    )
    made = world.plan()
    assert told(made) == [f"update {DOMAIN} description max_mailboxes", f"update {DOMAIN} quota"]
    assert (made.requests, change(made, DOMAIN).requests) == (2, 2)


def test_an_update_that_only_lowers_takes_one_call(world):
    """What may be written at either time goes along."""
    world.settled("hosting", domain("example.com", description="a", **LIMITS))
    world.wants("hosting", domain("example.com", description="b", quota=8 * GIB))
    assert told(world.plan()) == [f"update {DOMAIN} description quota"]


def test_unlimited_is_more_than_any_number(world):
    """From a number to `unlimited` is raising, back is lowering."""
    world.settled("hosting", domain("example.com", quota=8 * GIB), mailbox("john@example.com", quota=1 * GIB))
    world.wants("hosting", domain("example.com", quota="unlimited"), mailbox("john@example.com", quota=2 * GIB))
    made = world.plan()
    assert told(made) == [f"update {DOMAIN} quota", f"update {JOHN} quota"]


def test_new_mailboxes_take_the_new_default(world):
    """A default that is lowered is written before mailboxes are created that take it, not after."""
    world.settled("hosting", domain("example.com", default_mailbox_quota=3 * GIB))
    world.wants(
        "hosting", domain("example.com", default_mailbox_quota=1 * GIB), mailbox("john@example.com", password=1)
    )
    made = world.plan()
    assert told(made) == [f"update {DOMAIN} default_mailbox_quota", f"create {JOHN}"]
    assert made.steps[1].after == (0,)


def test_a_domain_is_switched_off_last_and_on_first(world):
    """Its children change while it takes mail."""
    world.settled("hosting", domain("example.com", active=True), mailbox("john@example.com", name="a"))
    world.wants("hosting", domain("example.com", active=False), mailbox("john@example.com", name="b"))
    assert told(world.plan()) == [f"update {JOHN} name", f"update {DOMAIN} active"]
    world.has("hosting", domain("example.com", active=False))
    world.wants("hosting", domain("example.com", active=True))
    assert told(world.plan()) == [f"update {DOMAIN} active", f"update {JOHN} name"]


# --- room


def test_in_a_full_domain_something_goes_first(world):
    """What waits for nothing makes room for what comes."""
    world.settled("hosting", domain("example.com", max_mailboxes=1), mailbox("eve@example.com"))
    world.no_longer_wants("hosting/mailbox/eve@example.com")
    world.wants("hosting", mailbox("john@example.com", password=1))
    made = world.plan(allow_data_loss=True)
    assert told(made) == ["delete hosting/mailbox/eve@example.com", f"create {JOHN}"]
    assert (made.steps[1].after, codes(made)) == ((0,), [])


def test_each_newcomer_waits_for_a_release_of_its_own(world):
    """So that it fits in whatever order things happen."""
    world.settled(
        "hosting", domain("example.com", max_mailboxes=3), *(mailbox(f"old{n}@example.com") for n in range(3))
    )
    for n in range(3):
        world.no_longer_wants(f"hosting/mailbox/old{n}@example.com")
    world.wants("hosting", *(mailbox(f"new{n}@example.com", password=1) for n in range(3)))
    made = world.plan(allow_data_loss=True)
    waits = [step.after for step in made.steps if step.verb == "create"]
    assert [len(after) for after in waits] == [1, 1, 1]
    assert len(set(itertools.chain(*waits))) == 3


def test_room_of_quota_is_made_by_mailboxes_that_shrink(world):
    """The sum of the quotas never exceeds the domain's."""
    world.settled("hosting", domain("example.com", quota=6 * GIB), mailbox("a@example.com", quota=5 * GIB))
    world.wants(
        "hosting", mailbox("a@example.com", quota=1 * GIB), mailbox("john@example.com", quota=5 * GIB, password=1)
    )
    made = world.plan()
    assert told(made) == ["update hosting/mailbox/a@example.com quota", f"create {JOHN}"]


def test_no_order_is_needed_where_there_is_room(world):
    """Deletes stay last."""
    world.settled("hosting", domain("example.com", max_mailboxes=2), mailbox("eve@example.com"))
    world.no_longer_wants("hosting/mailbox/eve@example.com")
    world.wants("hosting", mailbox("john@example.com", password=1))
    made = world.plan(allow_data_loss=True)
    assert told(made) == [f"create {JOHN}", "delete hosting/mailbox/eve@example.com"]


def test_where_no_order_fits_it_is_said_before_the_first_write(world):
    """The new mailbox has to be there before the alias leaves the old one, and there is no room for both."""
    world.settled("hosting", domain("example.com", max_mailboxes=1), mailbox("eve@example.com"))
    world.settled("hosting", alias("info@example.com", "eve@example.com"))
    world.no_longer_wants("hosting/mailbox/eve@example.com")
    world.wants("hosting", mailbox("john@example.com", password=1), alias("info@example.com", "john@example.com"))
    made = world.plan(allow_data_loss=True)
    [error] = [d for d in made.diagnostics if d.severity == "error"]
    assert (error.code, error.address) == ("limit-exceeded", DOMAIN)
    assert "on the way" in error.message


# --- targets


@pytest.fixture
def office(world):
    """A new alias to a new mailbox in a new domain, and something else."""
    world.wants("hosting", domain("example.net"), mailbox("john@example.net", password=1))
    world.wants("hosting", alias("info@example.net", "john@example.net"), alias("info@example.com", "x@example.org"))
    return world


def test_a_target_brings_along_what_it_needs(office):
    """The alias, its mailbox, their domain."""
    made = office.plan(targets=("hosting/alias/*@example.net",))
    assert len(made.changes) == 3
    assert made.options.partial
    assert {str(a) for a in made.left_out} == {INFO}


def test_what_needs_something_that_is_excluded_is_left_out_with_it(office):
    """Without its mailbox the alias is left out too."""
    made = office.plan(excludes=("hosting/mailbox/*",))
    assert actions(made) == {"hosting/domain/example.net": "create", INFO: "create"}


def test_excluding_a_domain_leaves_all_that_is_created_in_it_out(office):
    """... and what points there."""
    assert actions(office.plan(excludes=("hosting/domain/example.net",))) == {INFO: "create"}


def test_a_deletion_brings_along_the_updates_that_stop_pointing_to_it(world):
    """Else mail would bounce."""
    world.settled("hosting", alias("info@example.com", "john@example.com"), mailbox("john@example.com"))
    world.settled("hosting", alias("other@example.com", "x@example.net"))
    world.wants("hosting", alias("info@example.com", "x@example.net"), alias("other@example.com", "y@example.net"))
    world.no_longer_wants(JOHN)
    made = world.plan(targets=(JOHN,), allow_data_loss=True)
    assert set(actions(made)) == {JOHN, INFO}


def test_an_update_does_not_bring_along_the_deletion_that_waits_for_it(world):
    """It can be done without."""
    world.settled("hosting", alias("info@example.com", "john@example.com"), mailbox("john@example.com"))
    world.wants("hosting", alias("info@example.com", "x@example.net"))
    world.no_longer_wants(JOHN)
    assert set(actions(world.plan(targets=(INFO,), allow_data_loss=True))) == {INFO}


def test_a_deleted_domain_and_its_children_go_together_or_not_at_all(world):
    """A part of them is no plan that can be carried out."""
    world.has("hosting", domain("example.net"), mailbox("j@example.net"), alias("i@example.net", "x@example.org"))
    whole = {"hosting/domain/example.net", "hosting/mailbox/j@example.net", "hosting/alias/i@example.net"}
    for target in ("hosting/domain/example.net", "hosting/alias/i@example.net"):
        assert set(actions(world.plan(targets=(target,), allow_data_loss=True))) == whole
    for excluded in ("hosting/mailbox/j@example.net", "hosting/alias/i@example.net"):
        assert "hosting/domain/example.net" not in actions(world.plan(excludes=(excluded,), allow_data_loss=True))


def test_a_hand_over_is_not_torn_apart(world):
    """Both sides, whichever is named."""
    world.has("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    for target in (JOHN, "hosting/alias/john@example.com"):
        assert len(world.plan(targets=(target,), allow_data_loss=True).changes) == 2
        assert world.plan(excludes=(target,), allow_data_loss=True).changes == ()


# --- how much, how long


def test_the_estimate_counts_calls_and_divides_by_the_rate(world):
    """The largest time over the providers; 0 without a limit."""
    world.wants("hosting", *(alias(f"a{n}@example.com", "x@example.net") for n in range(10)))
    made = world.plan()
    assert (made.requests, made.seconds) == (10, 10 / (100 / 60))
    assert world.terms["hosting"].rate is not None


def test_no_rate_takes_no_time(world):
    """`rate_limit: none`."""

    world.terms["hosting"] = replace(world.terms["hosting"], rate=None)
    world.wants("hosting", alias("a@example.com", "x@example.net"))
    assert world.plan().seconds == 0.0


def test_the_slowest_provider_decides(world):
    """They work side by side."""
    world.settled("other", domain("example.org"))
    world.wants("hosting", alias("a@example.com", "x@example.net"))
    world.wants("other", *(alias(f"a{n}@example.org", "x@example.net") for n in range(3)))
    assert world.plan().seconds == 3.0


def test_a_circle_of_live_aliases_can_still_be_updated(world):
    """Any order will do; what merely waits for the circle is not done before it."""
    world.settled("hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "a@example.com"))
    world.settled("hosting", mailbox("eve@example.com"), alias("c@example.com", "eve@example.com"))
    world.wants("hosting", alias("a@example.com", "b@example.com", "x@example.net"))
    world.wants("hosting", alias("b@example.com", "a@example.com", "y@example.net"))
    world.wants("hosting", alias("c@example.com", "a@example.com"))
    world.no_longer_wants("hosting/mailbox/eve@example.com")
    made = world.plan(allow_data_loss=True)
    assert codes(made, "error") == []
    assert told(made)[-1] == "delete hosting/mailbox/eve@example.com"
    assert told(made).index("update hosting/alias/c@example.com destinations") > 0
