"""What is listed for a plan (interface 3.1), and what `drift` finds."""

from reconciler_fakes import EMAILVERIFY, MAILSERVER, World, alias, domain, mailbox, webhook

from reconciler.planner import drift, scopes


def scope(world: World) -> dict[str, set[str]]:
    return {name: set(one.kinds) for name, one in scopes(world.manifest, world.ledger, world.terms).items()}


def test_all_mail_kinds_are_listed_wherever_a_domain_is_declared(world):
    """Mail flow and ownership need them. A provider that has nothing to do with the plan is not asked."""
    assert scope(world) == {"hosting": {"domain", "mailbox", "alias"}}


def test_a_kind_that_the_ledger_names_is_listed(world):
    """What is owned there may have to go."""
    world.owns("other", webhook("https://h.example/"))
    assert scope(world)["other"] == {"webhook"}
    world.owns("other", mailbox("a@example.org"))
    assert scope(world)["other"] == {"webhook", "domain", "mailbox", "alias"}


def test_a_kind_that_the_manifest_names_is_listed():
    """Webhooks where one is declared; of what a provider does not have nothing."""
    world = World(a=EMAILVERIFY, b=MAILSERVER)
    world.wants("a", webhook("https://h.example/"))
    assert scope(world) == {"a": {"webhook"}}


def test_what_was_pending_and_what_may_go_is_listed(world):
    """A create that may have been sent, and a consent."""
    world.pending.add(alias("a@example.org").at("other"))
    assert scope(world)["other"] == {"domain", "mailbox", "alias"}
    world.pending.clear()
    world.consents("other/domain/example.org")
    assert scope(world)["other"] == {"domain", "mailbox", "alias"}


def test_the_domains_are_named_for_providers_that_list_by_domain(world):
    """Those of manifest and ledger."""
    world.owns("hosting", alias("a@example.net", "x@example.org"))
    found = scopes(world.manifest, world.ledger, world.terms)
    assert found["hosting"].domains == {"example.com", "example.net"}


# --- drift


def found(world: World) -> dict[str, tuple]:
    return {
        str(one.address): (one.kind_of_drift, *((f.field, f.before, f.after) for f in one.fields))
        for one in drift(world.situation())
    }


def test_nothing_has_drifted_that_is_as_it_was_applied(world):
    """What the manifest says now has nothing to do with it."""
    world.settled("hosting", mailbox("john@example.com", name="a"))
    world.wants("hosting", mailbox("john@example.com", name="b"))
    assert found(world) == {}


def test_owned_resources_that_differ_or_are_gone(world):
    """By what was last applied: what was (before) and what is live (after)."""
    world.settled("hosting", mailbox("john@example.com", name="a"))
    world.live("hosting", mailbox("john@example.com", name="b", quota=1))
    world.owns("hosting", alias("info@example.com", "x@example.net"))
    assert found(world) == {
        "hosting/mailbox/john@example.com": ("changed", ("name", "a", "b")),
        "hosting/alias/info@example.com": ("gone",),
    }


def test_what_appeared_counts_under_prune_all_only(world):
    """... and, under `prune: all`, ones that appeared, where pruning reaches."""
    world.live("hosting", alias("info@example.com", "x@example.net"), domain("example.net"))
    assert found(world) == {}
    world.policy(prune="all")
    assert found(world) == {"hosting/alias/info@example.com": ("appeared",)}


def test_a_one_shot_flag_that_was_used_up_is_no_drift(world):
    """The provider resets it by itself."""
    world.settled("hosting", mailbox("john@example.com", force_password_update=True))
    world.live("hosting", mailbox("john@example.com", force_password_update=False))
    assert found(world) == {}
