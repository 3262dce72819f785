"""Where mail ends up before and after a plan, and what is wrong in that (interface 3.7)."""

import time
from dataclasses import replace

import pytest
from reconciler_fakes import IMPLY, IMPROVMX, MAILSERVER, World, alias, change, codes, domain, flow, mailbox

from reconciler.planner import manifest_circles, plan

DOMAIN, INFO = "hosting/domain/example.com", "hosting/alias/info@example.com"


def found(made, code: str) -> list:
    return [d for d in made.diagnostics if d.code == code]


# --- effects


def test_no_change_of_mail_is_no_entry(world):
    """A name or a description moves no mail."""
    world.settled("hosting", mailbox("john@example.com", name="a"))
    world.wants("hosting", mailbox("john@example.com", name="b"))
    made = world.plan()
    assert (made.mail_flow, made.changes[0].risk) == ((), "none")


def test_new(world):
    """Nobody received it before."""
    world.wants("hosting", mailbox("john@example.com", password=1), alias("info@example.com", "john@example.com"))
    made = world.plan()
    assert flow(made) == {
        "john@example.com": ("new", (), ("john@example.com",)),
        "info@example.com": ("new", (), ("john@example.com",)),
    }
    assert [c.risk for c in made.changes] == ["none", "none"]


def test_bounces(world):
    """Nobody receives it any more."""
    world.has("hosting", alias("info@example.com", "x@example.net"))
    made = world.plan()
    assert flow(made) == {"info@example.com": ("bounces", ("x@example.net",), ())}
    assert made.changes[0].risk == "delivery"


@pytest.mark.parametrize(
    ("had", "has", "effect"),
    [
        (("x@example.net",), ("y@example.net",), "changed"),
        (("x@example.net",), ("x@example.net", "y@example.net"), "widened"),
        (("x@example.net", "y@example.net"), ("y@example.net",), "narrowed"),
        (("x@example.net", "y@example.net"), ("y@example.net", "z@example.net"), "changed"),
    ],
)
def test_changed_widened_narrowed(world, had, has, effect):
    """Somebody else reads it; somebody more; somebody less."""
    world.settled("hosting", alias("info@example.com", *had))
    world.wants("hosting", alias("info@example.com", *has))
    made = world.plan()
    assert flow(made) == {"info@example.com": (effect, had, has)}
    assert made.changes[0].risk == "delivery"


def test_through_chains_and_across_providers(world):
    """Every address resolves to its final recipients, through aliases in other domains at other providers."""
    world.settled("other", domain("example.org"), alias("list@example.org", "info@example.com", "x@example.net"))
    world.settled("hosting", alias("info@example.com", "john@example.com"), mailbox("john@example.com"))
    world.wants("hosting", alias("info@example.com", "y@example.net"))
    made = world.plan()
    assert flow(made)["list@example.org"] == (
        "changed",
        ("john@example.com", "x@example.net"),
        ("x@example.net", "y@example.net"),
    )
    assert [d.address for d in found(made, "dangling-destination")] == []


def test_through_the_catch_all(world):
    """An address without a node of its own is answered by its domain's catch-all, before and after."""
    world.settled("hosting", domain("example.com", catch_all=("john@example.com",)), mailbox("john@example.com"))
    world.settled("other", domain("example.org"), alias("list@example.org", "whoever@example.com"))
    world.wants("hosting", domain("example.com", catch_all=("x@example.net",)))
    made = world.plan()
    assert flow(made) == {
        "*@example.com": ("changed", ("john@example.com",), ("x@example.net",)),
        "list@example.org": ("changed", ("john@example.com",), ("x@example.net",)),
    }
    assert change(made, DOMAIN).risk == "delivery"


def test_a_new_address_takes_its_mail_from_the_catch_all(world):
    """That somebody else reads it now is `changed`, and a risk, although it is a create."""
    world.settled("hosting", domain("example.com", catch_all=("john@example.com",)), mailbox("john@example.com"))
    world.wants("hosting", mailbox("eve@example.com", password=1))
    made = world.plan()
    assert flow(made) == {"eve@example.com": ("changed", ("john@example.com",), ("eve@example.com",))}
    assert made.changes[0].risk == "delivery"


def test_a_deleted_address_falls_to_the_catch_all(world):
    """It does not bounce."""
    world.settled("hosting", domain("example.com", catch_all=("john@example.com",)), mailbox("john@example.com"))
    world.has("hosting", alias("info@example.com", "x@example.net"))
    assert flow(world.plan()) == {"info@example.com": ("changed", ("x@example.net",), ("john@example.com",))}


def test_a_kept_copy_is_no_loop():
    """An address among its own destinations, where a mailbox has that address."""
    world = World(hosting=IMPLY)
    world.settled("hosting", domain("example.com"), mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "john@example.com", "x@example.net"))
    made = world.plan()
    assert flow(made) == {"john@example.com": ("widened", ("john@example.com",), ("john@example.com", "x@example.net"))}
    assert codes(made) == []


def test_an_alias_without_a_copy_takes_the_mailboxes_mail():
    """Where both may have an address the alias goes first."""
    world = World(hosting=IMPLY)
    world.settled("hosting", domain("example.com"))
    world.live("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    made = world.plan()
    assert flow(made) == {"john@example.com": ("changed", ("john@example.com",), ("x@example.net",))}
    assert codes(made, "warning") == ["alias-shadowed"]


@pytest.mark.parametrize(
    ("thing", "address"),
    [
        (mailbox("john@example.com", active=False), "john@example.com"),
        (alias("a@example.com", active=False), "a@example.com"),
    ],
)
def test_what_is_inactive_receives_nothing(world, thing, address):
    """An inactive alias or mailbox; also not the catch-all in its place."""
    world.settled("hosting", domain("example.com", catch_all=("x@example.net",)))
    world.settled(
        "hosting", mailbox("john@example.com", active=True), alias("a@example.com", "y@example.net", active=True)
    )
    world.wants("hosting", thing)
    [(effect, _, after)] = [flow(world.plan())[address]]
    assert (effect, after) == ("bounces", ())


def test_an_inactive_alias_beside_a_mailbox_leaves_it_its_mail():
    """It receives nothing itself."""

    world = World(hosting=replace(MAILSERVER, alias_beside_mailbox=True))
    world.settled("hosting", domain("example.com"), mailbox("a@example.com"))
    world.settled("hosting", alias("a@example.com", "y@example.net", active=True))
    world.wants("hosting", alias("a@example.com", "y@example.net", active=False))
    assert flow(world.plan()) == {"a@example.com": ("changed", ("y@example.net",), ("a@example.com",))}


def test_a_domain_that_is_switched_off_receives_nothing(world):
    """None of its addresses; the change of the domain carries the risk."""
    world.settled("hosting", domain("example.com", active=True), mailbox("john@example.com"))
    world.wants("hosting", domain("example.com", active=False))
    made = world.plan()
    assert flow(made) == {"john@example.com": ("bounces", ("john@example.com",), ())}
    assert change(made, DOMAIN).risk == "delivery"


def test_a_deleted_domain_bounces(world):
    """All that it answered; an outside address in a domain that is nobody's is not known to be read."""
    world.has("hosting", domain("example.net"), alias("info@example.net", "x@example.org"))
    made = world.plan()
    assert flow(made) == {"info@example.net": ("bounces", ("x@example.org",), ())}
    assert change(made, "hosting/domain/example.net").risk == "delivery"


def test_a_domain_at_two_providers_is_answered_where_the_manifest_has_it(world):
    """What the other one holds is not part of the flow."""
    world.settled("hosting", alias("info@example.com", "x@example.net"))
    world.live("other", domain("example.com"), alias("info@example.com", "stray@example.net"))
    world.wants("hosting", alias("info@example.com", "y@example.net"))
    assert flow(world.plan()) == {"info@example.com": ("changed", ("x@example.net",), ("y@example.net",))}


def test_a_moved_domain_is_answered_at_its_new_place_afterwards(world):
    """Before by the old one; the difference is told, and the new domain carries the risk of what is not there any more."""
    world.has("hosting", alias("info@example.com", "x@example.net"), alias("old@example.com", "x@example.net"))
    world.no_longer_wants(DOMAIN)
    world.wants("other", domain("example.com"), alias("info@example.com", "y@example.net"))
    made = world.plan()
    assert flow(made) == {
        "info@example.com": ("changed", ("x@example.net",), ("y@example.net",)),
        "old@example.com": ("bounces", ("x@example.net",), ()),
    }
    assert change(made, "other/domain/example.com").risk == "delivery"


def test_unmanaged_resources_are_part_of_the_flow(world):
    """Live with the plan applied, unmanaged resources included."""
    world.live("hosting", alias("team@example.com", "john@example.com"))
    world.wants("hosting", mailbox("john@example.com", password=1))
    assert flow(world.plan())["team@example.com"] == ("new", (), ("john@example.com",))


# --- circles


def test_a_circle_is_an_error_that_names_every_hop_and_its_place(world):
    """Mail would go in a circle."""
    world.wants("hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "c@example.com"))
    world.wants("hosting", alias("c@example.com", "a@example.com", "x@example.net"))
    [error] = found(world.plan(), "alias-loop")
    assert error.severity == "error"
    assert "a@example.com -> b@example.com -> c@example.com -> a@example.com" in error.message
    for hop, line in (("a", 2), ("b", 3), ("c", 4)):
        assert f"{hop}@example.com at mailsync.yaml:{line}:1" in error.message


def test_a_circle_through_the_catch_all(world):
    """It is known at plan what is live."""
    world.wants("hosting", domain("example.com", catch_all=("a@example.com",)), alias("a@example.com", "b@example.com"))
    [error] = found(world.plan(), "alias-loop")
    assert "*@example.com -> a@example.com -> *@example.com" in error.message


def test_a_live_mailbox_breaks_the_circle(world):
    """b@ is answered by a mailbox that no manifest mentions, and not by the catch-all."""
    world.live("hosting", mailbox("b@example.com"))
    world.wants("hosting", domain("example.com", catch_all=("a@example.com",)), alias("a@example.com", "b@example.com"))
    assert codes(world.plan()) == []


def test_a_circle_that_is_live_already_is_a_warning(world):
    """The plan neither brings it about nor makes it worse."""
    world.settled("hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "a@example.com"))
    assert [d.severity for d in found(world.plan(), "alias-loop")] == ["warning"]


def test_an_old_circle_hides_no_new_one(world):
    """A new way round among aliases that went in a circle before is an error."""
    world.settled("hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "a@example.com"))
    world.settled("hosting", alias("c@example.com", "a@example.com"))
    world.wants("hosting", alias("b@example.com", "a@example.com", "c@example.com"))
    [error] = found(world.plan(), "alias-loop")
    assert error.severity == "error"
    assert "c@example.com" in error.message


def test_a_part_of_an_old_circle_is_an_old_circle(world):
    """One way out of two is taken away; the other was live already."""
    world.settled("hosting", alias("a@example.com", "b@example.com", "c@example.com"))
    world.settled("hosting", alias("b@example.com", "a@example.com"), alias("c@example.com", "a@example.com"))
    world.wants("hosting", alias("b@example.com", "x@example.net"))
    assert [d.severity for d in found(world.plan(), "alias-loop")] == ["warning"]


def test_an_inactive_alias_is_no_hop(world):
    """No mail goes through it."""
    world.wants(
        "hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "a@example.com", active=False)
    )
    assert found(world.plan(), "alias-loop") == []


def test_the_manifest_alone_shows_circles_among_aliases(world):
    """Not through a catch-all."""
    world.wants("hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "a@example.com"))
    world.wants("hosting", domain("example.com", catch_all=("z@example.com",)), alias("z@example.com", "y@example.com"))
    [error] = manifest_circles(world.manifest)
    assert (error.severity, error.code) == ("error", "alias-loop")
    assert "a@example.com -> b@example.com -> a@example.com" in error.message


def test_the_manifest_alone_shows_an_alias_to_itself(world):
    """... but where an alias may stand beside a mailbox the provider may know one that keeps a copy."""
    world.wants("hosting", alias("a@example.com", "a@example.com", "x@example.net"))
    assert [d.code for d in manifest_circles(world.manifest)] == ["alias-loop"]
    assert list(manifest_circles(world.manifest, beside=("hosting",))) == []


# --- destinations


def test_a_destination_that_the_plan_removes_is_an_error(world):
    """An alias that stays points at something that this plan removes."""
    world.settled("hosting", alias("info@example.com", "john@example.com", "x@example.net"))
    world.has("hosting", mailbox("john@example.com"))
    [error] = found(world.plan(allow_data_loss=True), "destination-removed")
    assert (error.severity, error.address) == ("error", INFO)
    assert "john@example.com" in error.message


def test_it_is_an_error_also_for_an_alias_that_nobody_manages(world):
    """It stays, and would bounce."""
    world.live("hosting", alias("info@example.com", "john@example.com"))
    world.has("hosting", mailbox("john@example.com"))
    assert "destination-removed" in codes(world.plan(allow_data_loss=True), "error")


def test_it_is_an_error_when_the_domain_goes(world):
    """... or its domain."""
    world.settled("hosting", alias("info@example.com", "team@example.net"))
    world.has("hosting", domain("example.net"), alias("team@example.net", "x@example.org"))
    assert "destination-removed" in codes(world.plan(), "error")


def test_it_is_an_error_when_the_catch_all_that_answers_goes(world):
    """... or what answered it is cleared."""
    world.settled("hosting", domain("example.com", catch_all=("x@example.net",)))
    world.settled("other", domain("example.org"), alias("list@example.org", "whoever@example.com"))
    world.wants("hosting", domain("example.com", catch_all=None))
    assert codes(world.plan(), "error") == ["destination-removed"]


def test_a_destination_that_somebody_else_answers_afterwards_is_not_removed(world):
    """The catch-all takes it."""
    world.provider("other", IMPLY)
    world.settled("hosting", domain("example.com", catch_all=("x@example.net",)))
    world.settled("other", domain("example.org"), alias("list@example.org", "john@example.com"))
    world.has("hosting", mailbox("john@example.com"))
    assert codes(world.plan(allow_data_loss=True), "error") == []


def test_a_dangling_destination_is_a_warning(world):
    """A destination in a managed domain that nothing answers."""
    world.wants("hosting", alias("info@example.com", "nobody@example.com"))
    [warning] = found(world.plan(), "dangling-destination")
    assert (warning.severity, warning.address) == ("warning", INFO)


def test_an_outside_destination_does_not_dangle(world):
    """Nor does one in a domain that the manifest does not manage."""
    world.live("hosting", domain("example.net"))
    world.wants("hosting", alias("info@example.com", "nobody@example.net", "x@example.org"))
    assert codes(world.plan()) == []


def test_a_dangling_catch_all_is_named_as_such(world):
    """`the catch-all of …`."""
    world.settled("other", domain("example.org"))
    world.wants("hosting", domain("example.com", catch_all=("nobody@example.org",)))
    [warning] = world.plan().diagnostics
    assert (warning.code, warning.address) == ("dangling-destination", DOMAIN)
    assert "the catch-all of example.com" in warning.message


def test_nobody_knows_what_regular_expressions_answer():
    """Where a domain has such aliases nothing is said to dangle."""
    world = World(forwarding=IMPROVMX)
    world.settled("forwarding", domain("example.com", catch_all=None))
    world.wants("forwarding", alias("/^sales-.*$/@example.com", "x@example.net"))
    world.wants("forwarding", domain("example.org", catch_all=None), alias("a@example.org", "sales-1@example.com"))
    assert codes(world.plan()) == []


# --- outside recipients


@pytest.fixture
def watched(world):
    """Mail of example.com is read at friend.example by a managed alias."""
    world.policy(external_recipients="warn")
    world.settled("hosting", alias("old@example.com", "a@friend.example"))
    return world


def test_a_new_outside_domain_is_told_as_the_policy_says(watched):
    """Mail of a managed domain will be read at an outside domain that no managed alias uses today."""
    watched.wants("hosting", alias("info@example.com", "a@stranger.example"))
    assert codes(watched.plan(), "warning") == ["new-external-recipient"]
    watched.policy(external_recipients="deny")
    assert codes(watched.plan(), "error") == ["new-external-recipient"]
    watched.policy(external_recipients="allow")
    assert codes(watched.plan()) == []


def test_an_outside_domain_in_use_is_not_new(watched):
    """Another address there is fine."""
    watched.wants("hosting", alias("info@example.com", "b@friend.example"))
    assert codes(watched.plan()) == []


def test_what_only_unmanaged_aliases_use_is_new(watched):
    """A stray alias is no reason to trust a domain; by itself it is nothing that the plan does."""
    watched.live("hosting", alias("stray@example.com", "a@stranger.example"))
    assert codes(watched.plan()) == []
    watched.wants("hosting", alias("info@example.com", "b@stranger.example"))
    assert [d.address for d in found(watched.plan(), "new-external-recipient")] == [INFO]


def test_what_is_only_adopted_is_not_new(watched):
    """It is live and in the manifest: a managed alias uses it today."""
    watched.wants("hosting", alias("info@example.com", "a@stranger.example"))
    watched.live("hosting", alias("info@example.com", "a@stranger.example"))
    assert codes(watched.plan()) == []


def test_it_is_found_through_a_domain_that_is_not_managed(watched):
    """The recipient counts, not the first hop."""
    watched.live("other", domain("example.org"), alias("way@example.org", "a@stranger.example"))
    watched.wants("hosting", alias("info@example.com", "way@example.org"))
    assert [d.address for d in found(watched.plan(), "new-external-recipient")] == [INFO]


def test_it_is_told_once_for_a_chain(watched):
    """At the alias that goes straight there."""
    watched.wants("hosting", alias("a@example.com", "b@example.com"), alias("b@example.com", "c@example.com"))
    watched.wants("hosting", alias("c@example.com", "x@stranger.example"))
    assert [d.address for d in found(watched.plan(), "new-external-recipient")] == ["hosting/alias/c@example.com"]


def test_a_url_is_read_at_its_host():
    """Another path of a host in use is not new."""
    world = World(forwarding=IMPROVMX)
    world.policy(external_recipients="warn")
    world.settled("forwarding", domain("example.com", catch_all=("https://hooks.example.net/a",)))
    world.wants("forwarding", alias("info@example.com", "https://hooks.example.net/b"))
    assert codes(world.plan()) == []
    world.wants("forwarding", alias("info@example.com", "https://other.example.net/b"))
    assert codes(world.plan()) == ["new-external-recipient"]


# --- large worlds


def test_a_chain_of_ten_thousand_aliases(world):
    """Neither recursion nor squares: it is created from its end."""
    world.wants("hosting", *(alias(f"a{n:05d}@example.com", f"a{n + 1:05d}@example.com") for n in range(10_000)))
    world.wants("hosting", alias("a10000@example.com", "x@example.net"))
    start = time.process_time()
    made = world.plan()
    assert time.process_time() - start < 20
    assert [step.address.key for step in made.steps] == [f"a{n:05d}@example.com" for n in range(10_000, -1, -1)]
    assert flow(made)["a00000@example.com"] == ("new", (), ("x@example.net",))


def test_a_live_chain_of_ten_thousand_aliases_begins_and_ends_as_one(world):
    """Nothing of it changes but its two ends: the mailbox that it goes to, and an alias that leaves it."""
    world.live("hosting", *(alias(f"a{n:05d}@example.com", f"a{n + 1:05d}@example.com") for n in range(10_000)))
    world.live("hosting", alias("a10000@example.com", "eve@example.com"))
    world.settled("hosting", mailbox("eve@example.com", active=True), alias("info@example.com", "a00000@example.com"))
    world.wants("hosting", mailbox("eve@example.com", active=False), alias("info@example.com", "x@example.net"))
    made = world.plan()
    assert [(step.address.kind, step.after) for step in made.steps] == [("alias", ()), ("mailbox", (0,))]


def test_a_circle_of_ten_thousand_aliases(world):
    """One finding, with every hop."""
    world.wants("hosting", *(alias(f"a{n}@example.com", f"a{(n + 1) % 10_000}@example.com") for n in range(10_000)))
    [error] = found(world.plan(), "alias-loop")
    assert error.message.count(" -> ") == 10_000


@pytest.mark.parametrize("many", ["created", "moved", "deleted", "loops"])
def test_planning_takes_linear_time(many):
    """Ten times as much takes about ten times as long; and in no case seconds."""
    taken = {}
    for count in (400, 4000):
        world = World(hosting=MAILSERVER)
        world.wants("hosting", domain("example.com"))
        things = [mailbox(f"m{n}@example.com", password=1) for n in range(count)]
        ways = [alias(f"a{n}@example.com", f"m{n}@example.com", "m0@example.com") for n in range(count)]
        if many == "created":
            world.wants("hosting", *things, *ways)
        elif many == "moved":
            world.settled("hosting", domain("example.com"), *things, *ways)
            world.wants("hosting", *(alias(f"a{n}@example.com", "x@example.net") for n in range(count)))
        elif many == "deleted":
            world.has("hosting", domain("example.com"), *things, *ways)
        else:
            pairs = [alias(f"a{n}@example.com", f"a{n ^ 1}@example.com") for n in range(count)]
            world.settled("hosting", domain("example.com"), *pairs)
            world.wants(
                "hosting", *(alias(f"a{n}@example.com", f"a{n ^ 1}@example.com", "x@y.net") for n in range(count))
            )
        situation = world.situation(allow_data_loss=True)
        start = time.process_time()

        plan(situation)
        taken[count] = time.process_time() - start
    assert taken[4000] < 25 * taken[400] + 0.5
