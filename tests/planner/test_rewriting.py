"""What a mail server does by itself when a mailbox is deleted: it takes it out of aliases, and deletes those that go to
nothing else. What stays is written again (a trap of the vendor's contract)."""

from dataclasses import replace

import pytest
from reconciler_fakes import MAILSERVER, World, actions, alias, change, codes, domain, flow, mailbox, told

JOHN = "hosting/mailbox/john@example.com"
INFO = "hosting/alias/info@example.com"
DOMAIN = "hosting/domain/example.com"


@pytest.fixture
def handed_over(world):
    """john@ is a mailbox and becomes an alias."""
    world.has("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    return world


def converges(world, made) -> bool:
    """Carried out, as many calls as promised, and nothing left to do."""
    world.execute(made)
    sent = sum(holding.sent for holding in world.holdings.values())
    return (sent, world.plan(allow_data_loss=True).changes) == (made.requests, ())


def test_an_alias_that_stays_is_written_again(handed_over):
    """An update right after the hand-over, with a note that says why; it counts among the requests."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com", "y@example.net"))
    made = handed_over.plan(allow_data_loss=True)
    again = change(made, INFO)
    assert (again.action, again.requests, made.requests) == ("update", 1, 3)
    assert [(f.before, f.after) for f in again.fields] == [
        (("y@example.net",), ("john@example.com", "y@example.net")),
    ]
    assert "john@example.com" in again.note
    assert (made.unchanged, made.steps[1].after) == (1, (0,))
    assert converges(handed_over, made)


def test_an_alias_that_went_with_its_only_mailbox_is_created(handed_over):
    """With all that it had, managed or not."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com"))
    handed_over.live("hosting", alias("info@example.com", "john@example.com", description="Office"))
    made = handed_over.plan(allow_data_loss=True)
    assert (change(made, INFO).action, change(made, INFO).before) == ("create", None)
    assert converges(handed_over, made)
    live = handed_over.holdings["hosting"].resources[alias("info@example.com").at("hosting")]
    assert live.fields["description"] == "Office"


def test_it_is_written_right_after(handed_over):
    """Before everything else that could be done by then."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com"))
    handed_over.wants("hosting", *(alias(f"a{n}@example.com", "x@example.net") for n in range(3)))
    steps = told(handed_over.plan(allow_data_loss=True))
    at = steps.index(f"create hosting/alias/john@example.com in place of {JOHN}")
    assert steps[at + 1] == f"create {INFO}"


def test_an_adoption_is_not_forgotten_over_it(handed_over):
    """What is adopted and written again is an adopting update."""
    handed_over.wants("hosting", alias("info@example.com", "john@example.com", "y@example.net"))
    handed_over.live("hosting", alias("info@example.com", "john@example.com", "y@example.net"))
    made = handed_over.plan(allow_data_loss=True)
    assert (change(made, INFO).action, change(made, INFO).adopting) == ("update", True)
    assert converges(handed_over, made)


def test_a_catch_all_is_an_alias_too(handed_over):
    """... and is written again as part of its domain."""
    handed_over.settled("hosting", domain("example.com", catch_all=("john@example.com", "y@example.net")))
    made = handed_over.plan(allow_data_loss=True)
    assert f"update {DOMAIN} catch_all" in told(made)
    assert converges(handed_over, made)


def test_a_catch_all_that_the_manifest_leaves_open_keeps_what_it_has(handed_over):
    """A field that is left out is not managed: whatever the provider has stays."""
    handed_over.live("hosting", domain("example.com", catch_all=("john@example.com",)))
    made = handed_over.plan(allow_data_loss=True)
    handed_over.execute(made)
    live = handed_over.holdings["hosting"].resources[domain("example.com").at("hosting")]
    assert live.fields["catch_all"] == ("john@example.com",)


def test_a_catch_all_that_the_manifest_leaves_open_loses_a_mailbox_that_goes_for_good(world):
    """Nobody asked for more than the provider leaves of it; written again it would point to itself."""
    world.live("hosting", domain("example.com", catch_all=("john@example.com", "x@example.net")))
    world.has("hosting", mailbox("john@example.com"))
    made = world.plan(allow_data_loss=True)
    assert (told(made), codes(made)) == ([f"delete {JOHN}"], [])
    assert flow(made)["*@example.com"] == ("narrowed", ("john@example.com", "x@example.net"), ("x@example.net",))
    assert converges(world, made)


def test_an_alias_that_changes_anyway_is_written_after_the_hand_over(handed_over):
    """One call does both."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com", "y@example.net"))
    handed_over.wants("hosting", alias("info@example.com", "john@example.com", "z@example.net"))
    made = handed_over.plan(allow_data_loss=True)
    assert told(made) == [
        f"create hosting/alias/john@example.com in place of {JOHN}",
        f"update {INFO} destinations",
    ]
    assert converges(handed_over, made)


def test_an_alias_that_changes_anyway_and_went_with_its_mailbox_is_created(handed_over):
    """An update would find nothing there."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com"))
    handed_over.wants("hosting", alias("info@example.com", "john@example.com", "z@example.net"))
    made = handed_over.plan(allow_data_loss=True)
    assert (actions(made)[INFO], made.steps[1].verb) == ("update", "create")
    assert converges(handed_over, made)


def test_an_alias_that_leaves_is_written_before(handed_over):
    """Else it would go with the mailbox, and mail to it bounce for a moment."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com"))
    handed_over.wants("hosting", alias("info@example.com", "z@example.net"))
    made = handed_over.plan(allow_data_loss=True)
    assert told(made)[0] == f"update {INFO} destinations"
    assert converges(handed_over, made)


def test_a_description_alone_is_written_beside_it(handed_over):
    """The alias is still there to be described, and its destinations are written again."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com", description="a"))
    handed_over.wants("hosting", alias("info@example.com", "john@example.com", description="b"))
    made = handed_over.plan(allow_data_loss=True)
    assert change(made, INFO).requests == 2
    assert converges(handed_over, made)


def test_a_mailbox_that_falls_to_the_catch_all(world):
    """It is deleted; an alias that goes to it stays, and the catch-all answers its address."""
    world.settled("hosting", domain("example.com", catch_all=("x@example.net",)))
    world.settled("hosting", alias("info@example.com", "john@example.com", "y@example.net"))
    world.has("hosting", mailbox("john@example.com"))
    made = world.plan(allow_data_loss=True)
    assert codes(made, "error") == []
    assert told(made) == [f"delete {JOHN}", f"update {INFO} destinations"]
    assert converges(world, made)


def test_a_new_destination_that_falls_to_the_catch_all_is_written_twice(world):
    """Before the mailbox goes, so that nothing is lost on the way, and again after it."""
    world.settled("hosting", domain("example.com", catch_all=("x@example.net",)))
    world.settled("hosting", alias("info@example.com", "y@example.net"))
    world.has("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("info@example.com", "john@example.com"))
    made = world.plan(allow_data_loss=True)
    assert (change(made, INFO).requests, "written again" in change(made, INFO).note) == (2, True)
    assert converges(world, made)


def test_an_alias_that_is_not_in_the_manifest_is_an_error(handed_over):
    """Nobody would write it again: said before the first write."""
    handed_over.live("hosting", alias("info@example.com", "john@example.com", "y@example.net"))
    [error] = [d for d in handed_over.plan(allow_data_loss=True).diagnostics if d.severity == "error"]
    assert (error.code, error.address) == ("alias-edited", INFO)
    assert "john@example.com" in error.message


def test_an_alias_at_another_provider_is_not_edited(handed_over):
    """A server edits its own aliases only."""
    handed_over.settled("other", domain("example.org"), alias("list@example.org", "john@example.com"))
    made = handed_over.plan(allow_data_loss=True)
    assert (len(made.steps), codes(made)) == (1, [])


def test_other_providers_do_not_edit_aliases():
    """Nothing is written again where nothing is taken out."""
    world = World(hosting=replace(MAILSERVER, mailbox_delete_edits_aliases=False))
    world.settled("hosting", domain("example.com"), alias("info@example.com", "john@example.com"))
    world.has("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    assert len(world.plan(allow_data_loss=True).steps) == 1


def test_a_blocked_deletion_edits_nothing(handed_over):
    """It is not carried out."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com"))
    assert INFO not in actions(handed_over.plan())


def test_a_target_brings_along_what_is_written_again(handed_over):
    """Deleting the mailbox without that would lose destinations; writing again without it is nothing to do."""
    handed_over.settled("hosting", alias("info@example.com", "john@example.com"))
    whole = {JOHN, "hosting/alias/john@example.com", INFO}
    assert set(actions(handed_over.plan(targets=(JOHN,), allow_data_loss=True))) == whole
    assert actions(handed_over.plan(targets=(INFO,), allow_data_loss=True)) == {}
    assert actions(handed_over.plan(excludes=(INFO,), allow_data_loss=True)) == {}


# --- alias-shadowed at plan


def test_an_alias_cannot_be_created_over_a_live_mailbox(world):
    """Nobody's mailbox has the address: an error, where the provider refuses it."""
    world.live("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    [error] = world.plan().diagnostics
    assert (error.severity, error.code, error.address) == (
        "error",
        "alias-shadowed",
        "hosting/alias/john@example.com",
    )


def test_a_mailbox_cannot_be_created_over_a_live_alias(world):
    """The other way round; also one that is only forgotten."""
    world.has("hosting", alias("john@example.com", "x@example.net"))
    world.forgets("hosting/alias/john@example.com")
    world.wants("hosting", mailbox("john@example.com", password=1))
    assert codes(world.plan(), "error") == ["alias-shadowed"]


def test_one_that_goes_is_handed_over(world):
    """No error where it is owned and leaves."""
    world.has("hosting", alias("john@example.com", "x@example.net"))
    world.wants("hosting", mailbox("john@example.com", password=1))
    assert codes(world.plan()) == []
