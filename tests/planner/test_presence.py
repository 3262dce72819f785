"""Which action a resource needs (interface 3.1): manifest, provider and ledger."""

from dataclasses import replace

import pytest
from reconciler_fakes import (
    EMAILVERIFY,
    IMPLY,
    IMPROVMX,
    MAILSERVER,
    TEMPMAIL,
    World,
    actions,
    address,
    alias,
    change,
    codes,
    domain,
    kind,
    mailbox,
    told,
    webhook,
)

JOHN = "hosting/mailbox/john@example.com"
INFO = "hosting/alias/info@example.com"


def test_what_is_wanted_live_and_owned_needs_nothing(world):
    """In the manifest, live, owned, no managed field differs: nothing; it is counted and not listed."""
    world.settled("hosting", mailbox("john@example.com", name="John"))
    made = world.plan()
    assert (made.changes, made.steps, made.unchanged, made.requests, made.seconds) == ((), (), 2, 0, 0.0)


def test_what_is_not_live_is_created(world):
    """In the manifest, not live: create. `before` is null, `after` holds the managed fields."""
    world.wants("hosting", mailbox("john@example.com", name="John", password=3))
    made = world.plan()
    assert actions(made) == {JOHN: "create"}
    created = change(made, JOHN)
    assert (created.before, created.after, created.requests) == (None, {"name": "John", "password": 3}, 1)
    assert created.depends_on == (address("hosting/domain/example.com"),)
    assert created.source.file == "mailsync.yaml"


def test_what_is_live_and_not_owned_is_adopted(world):
    """In the manifest, live, not owned, nothing differs: adopt, without a call."""
    world.wants("hosting", mailbox("john@example.com", name="John"))
    world.live("hosting", mailbox("john@example.com", name="John", quota=1))
    made = world.plan()
    assert actions(made) == {JOHN: "adopt"}
    assert (made.steps, made.requests, made.work) == ((), 0, ())
    assert change(made, JOHN).adopting


def test_what_is_adopted_and_differs_is_updated(world):
    """In the manifest, live, not owned, a managed field differs: an update that adopts."""
    world.wants("hosting", mailbox("john@example.com", name="John"))
    world.live("hosting", mailbox("john@example.com", name="Jon"))
    made = world.plan()
    assert actions(made) == {JOHN: "update"}
    assert change(made, JOHN).adopting
    assert told(made) == [f"update {JOHN} name"]


@pytest.mark.parametrize("lost", [True, False], ids=["no ledger", "an empty one"])
def test_a_lost_ledger_leads_to_adoptions_only(world, lost):
    """A lost or empty state never leads to a duplicate or a failed create, nor to a delete: all is adopted again."""
    world.settled("hosting", mailbox("john@example.com"), alias("info@example.com", "john@example.com"))
    world.live("hosting", mailbox("eve@example.com"))
    world.entries.clear()
    world.lineage = "" if lost else "lineage"
    made = world.plan()
    assert set(actions(made).values()) == {"adopt"}
    assert (len(made.changes), made.steps, made.unmanaged) == (3, (), 1)


def test_a_field_that_is_left_out_is_not_managed(world):
    """Whatever the provider has in it stays, and is not shown."""
    world.settled("hosting", mailbox("john@example.com", name="John"))
    world.live("hosting", mailbox("john@example.com", name="Jon", quota=7))
    updated = change(world.plan(), JOHN)
    assert (updated.before, updated.after) == ({"name": "Jon"}, {"name": "John"})
    assert [field.field for field in updated.fields] == ["name"]


def test_null_clears_a_field_and_equals_nothing(world):
    """`null` clears; an empty text or set is the same nothing, and no difference."""
    world.settled("hosting", alias("info@example.com", "john@example.com", description=None))
    world.live("hosting", alias("info@example.com", "john@example.com", description=""))
    assert world.plan().changes == ()
    world.live("hosting", alias("info@example.com", "john@example.com", description="Office"))
    assert told(world.plan()) == [f"update {INFO} description"]


def test_sets_compare_as_sets(world):
    """Lists of destinations compare as sets."""
    world.wants("hosting", alias("info@example.com", "b@example.net", "a@example.net", "a@example.net"))
    world.has("hosting", alias("info@example.com", "a@example.net", "b@example.net"))
    assert world.plan().changes == ()


def test_a_field_that_somebody_else_changed_is_marked_as_drifted(world):
    """The live value is not the one last applied. A change of the manifest is no drift."""
    world.settled("hosting", mailbox("john@example.com", name="John", quota=1))
    world.live("hosting", mailbox("john@example.com", name="Jon", quota=1))
    world.wants("hosting", mailbox("john@example.com", name="John", quota=2))
    drifted = {field.field: field.drifted for field in change(world.plan(), JOHN).fields}
    assert drifted == {"name": True, "quota": False}


def test_a_field_that_was_never_applied_has_not_drifted(world):
    """A field that is managed from now on differs, and nobody changed it behind our back."""
    world.settled("hosting", mailbox("john@example.com"))
    world.wants("hosting", mailbox("john@example.com", name="John"))
    assert [field.drifted for field in change(world.plan(), JOHN).fields] == [False]


def test_what_left_the_manifest_is_deleted_if_it_is_owned(world):
    """Not in the manifest, live, owned: delete under `prune: owned`, which is the default."""
    world.has("hosting", alias("info@example.com", "john@example.net"))
    made = world.plan()
    assert actions(made) == {INFO: "delete"}
    assert (change(made, INFO).after, change(made, INFO).requests) == (None, 1)


def test_what_mailsync_does_not_own_is_never_deleted(world):
    """A mailbox that somebody else created stays, although no manifest mentions it; it is counted as unmanaged."""
    world.live("hosting", mailbox("eve@example.com"))
    made = world.plan()
    assert (made.changes, made.unmanaged) == ((), 1)


def test_what_is_pending_and_live_is_owned(world):
    """A create that an earlier apply may have sent, and that happened, is deleted when it has left the manifest."""
    world.live("hosting", alias("info@example.com", "john@example.net"))
    world.pending.add(address(INFO))
    made = world.plan()
    assert actions(made) == {INFO: "delete"}
    assert made.pending == frozenset()


def test_a_pending_create_that_happened_stays_pending_until_a_plan_settles_it(world):
    """It must not lose its owner because this plan has nothing to do with it."""
    world.live("hosting", alias("info@example.com", "john@example.net"))
    world.pending |= {address(INFO), address("hosting/alias/never@example.com")}
    assert world.plan(targets=("hosting/mailbox/*",)).pending == {address(INFO)}
    world.policy(prune="none")
    assert world.plan().pending == {address(INFO)}


def test_what_left_the_manifest_and_the_provider_is_forgotten(world):
    """Not in the manifest, not live, owned: forget. No call, and no change for exit codes."""
    world.owns("hosting", alias("info@example.com", "john@example.net"))
    made = world.plan()
    assert actions(made) == {INFO: "forget"}
    assert (made.steps, made.work) == ((), ())


def test_forget_gives_up_ownership_without_deleting(world):
    """`forget:` lists it: the ledger drops it, the provider keeps it. Once forgotten, nothing more is to be done."""
    world.has("hosting", alias("info@example.com", "john@example.net"))
    world.forgets(INFO)
    assert actions(world.plan()) == {INFO: "forget"}
    world.entries.pop(address(INFO))
    assert world.plan().changes == ()


# --- prune


def test_prune_all_deletes_children_of_declared_domains(world):
    """Under `prune: all` also what is not owned goes, in domains that the manifest has at this provider."""
    world.policy(prune="all")
    world.live("hosting", alias("info@example.com", "john@example.net"))
    made = world.plan()
    assert (actions(made), made.unmanaged) == ({INFO: "delete"}, 0)


def test_prune_all_leaves_other_domains_alone(world):
    """A domain that the manifest does not name is never deleted unless owned, nor are its children."""
    world.policy(prune="all")
    world.live("hosting", domain("example.net"), mailbox("eve@example.net"), alias("x@example.net", "eve@example.net"))
    made = world.plan()
    assert (made.changes, made.unmanaged) == ((), 3)


def test_prune_all_leaves_the_same_domain_at_another_provider_alone(world):
    """The manifest has example.com at `hosting`: what `other` holds of it is somebody else's."""
    world.policy(prune="all")
    world.live("other", domain("example.com"), mailbox("eve@example.com"))
    assert world.plan().changes == ()


def test_prune_all_covers_webhooks_where_the_manifest_declares_one():
    """... the webhooks of a provider for which the manifest declares one."""
    world = World(a=EMAILVERIFY, b=EMAILVERIFY)
    world.policy(prune="all")
    world.settled("a", webhook("https://h.example/wanted"))
    world.live("a", webhook("https://h.example/stray"))
    world.live("b", webhook("https://h.example/stray"))
    assert actions(world.plan()) == {"a/webhook/https://h.example/stray": "delete"}


def test_prune_none_deletes_nothing(world):
    """Under `prune: none` nothing is deleted, also not what is owned, nor a whole domain."""
    world.policy(prune="none")
    world.has("hosting", alias("info@example.com", "john@example.net"), domain("example.net"))
    assert world.plan().changes == ()


@pytest.mark.parametrize(
    ("policy", "own", "owned_goes", "stray_goes"),
    [
        ("owned", "none", False, False),
        ("none", "owned", True, False),
        ("owned", "all", True, True),
        ("all", "owned", True, False),
        ("all", "none", False, False),
    ],
)
def test_a_domain_may_have_a_prune_mode_of_its_own(world, policy, own, owned_goes, stray_goes):
    """`prune` of a domain decides about its children; the policy about everything else."""
    world.policy(prune=policy)
    world.wants("hosting", domain("example.com", prune=own))
    world.has("hosting", alias("owned@example.com", "a@example.net"))
    world.live("hosting", alias("stray@example.com", "a@example.net"))
    gone = {str(a) for a in actions(world.plan())}
    wanted = {"hosting/alias/owned@example.com": owned_goes, "hosting/alias/stray@example.com": stray_goes}
    assert gone == {text for text, goes in wanted.items() if goes}


def test_removed_is_consent_and_no_order(world):
    """`removed:` allows a deletion; what is not owned does not go because of it."""
    world.live("hosting", mailbox("eve@example.com"))
    world.consents("hosting/mailbox/eve@example.com")
    assert world.plan().changes == ()


# --- deleted domains


def test_a_deleted_domain_takes_its_children_with_it(world):
    """They are shown as part of it, without calls of their own where the provider deletes them itself."""
    world.has("hosting", domain("example.net"), alias("info@example.net", "john@example.org"))
    made = world.plan()
    assert actions(made) == {"hosting/domain/example.net": "delete", "hosting/alias/info@example.net": "delete"}
    gone_along = change(made, "hosting/alias/info@example.net")
    assert (gone_along.requests, gone_along.note) == (0, "goes with hosting/domain/example.net")
    assert made.requests == 1
    assert told(made) == ["delete hosting/domain/example.net", "delete hosting/alias/info@example.net"]


def test_children_that_need_a_call_go_before_their_domain(world):
    """A mail server refuses to delete a domain that has mailboxes."""
    world.has("hosting", domain("example.net"), mailbox("eve@example.net"))
    world.consents("hosting/domain/example.net", "hosting/mailbox/eve@example.net")
    made = world.plan()
    assert told(made) == ["delete hosting/mailbox/eve@example.net", "delete hosting/domain/example.net"]
    assert (made.requests, made.blocked) == (2, ())


def test_foreign_children_block_their_domain(world):
    """Live children that are not owned: blocked, and named; the first five of many."""
    world.has("hosting", domain("example.net"))
    world.live("hosting", *(alias(f"a{n}@example.net", "x@example.org") for n in range(7)))
    made = world.plan()
    [domain_change] = made.changes
    assert domain_change.blocked.code == "foreign-children"
    assert "a0@example.net, a1@example.net, a2@example.net, a3@example.net, a4@example.net and 2 more" in str(
        domain_change.blocked
    )
    assert (made.requests, domain_change.requests, made.unmanaged) == (0, 0, 7)


def test_foreign_children_that_are_listed_as_removed_go_along(world):
    """... unless `removed:` lists each."""
    world.has("hosting", domain("example.net"))
    world.live("hosting", alias("a@example.net", "x@example.org"), alias("b@example.net", "x@example.org"))
    world.consents("hosting/alias/a@example.net")
    assert [c.blocked.code for c in world.plan().blocked] == ["foreign-children"]
    world.consents("hosting/alias/b@example.net")
    made = world.plan()
    assert (len(made.changes), made.blocked, made.unmanaged) == (3, (), 0)


def test_foreign_children_go_along_under_prune_all(world):
    """... or `prune: all` applies."""
    world.policy(prune="all")
    world.has("hosting", domain("example.net"))
    world.live("hosting", alias("a@example.net", "x@example.org"))
    made = world.plan()
    assert (len(made.changes), made.blocked) == (2, ())


def test_a_forgotten_child_is_foreign(world):
    """`forget:` gives it up without deleting it, so its domain cannot take it along."""
    world.has("hosting", domain("example.net"), alias("a@example.net", "x@example.org"))
    world.forgets("hosting/alias/a@example.net")
    assert [c.blocked.code for c in world.plan().blocked] == ["foreign-children"]


# --- moved domains


@pytest.fixture
def moved(world):
    """example.com was at `hosting` and is declared at `other` now."""
    world.has("hosting", mailbox("john@example.com"), alias("info@example.com", "john@example.com"))
    world.no_longer_wants("hosting/domain/example.com")
    world.wants(
        "other", domain("example.com"), mailbox("john@example.com"), alias("info@example.com", "john@example.com")
    )
    return world


def test_a_moved_domain_is_created_and_the_old_one_stays(moved):
    """It is created there, with its children; the old one stays, owned, with the warning `move-pending`."""
    made = moved.plan()
    assert set(actions(made).values()) == {"create"}
    assert len(made.changes) == 3
    [warning] = [d for d in made.diagnostics if d.code == "move-pending"]
    assert (warning.severity, warning.address) == ("warning", "hosting/domain/example.com")
    assert "removed:" in warning.hint


def test_a_move_that_is_pending_is_no_change(moved):
    """No change, no exit 2."""
    moved.execute(moved.plan())
    made = moved.plan()
    assert (made.changes, codes(made)) == ((), ["move-pending"])
    assert len(moved.entries) == 6


def test_only_children_that_are_ours_at_the_old_place_are_kept_with_a_warning_too(world):
    """Under `manage: false` the old domain itself is nobody's, its children are."""
    world.wants("hosting", domain("example.net", manage=False))
    world.live("hosting", domain("example.net"))
    world.has("hosting", alias("info@example.net", "x@example.org"), alias("press@example.net", "x@example.org"))
    world.settled("other", domain("example.net"))
    made = world.plan()
    assert (made.changes, codes(made)) == ((), ["move-pending"])


def test_consent_lets_the_old_domain_go_after_all_creates(moved):
    """Listed at once, the deletes come after all creates."""
    moved.consents("hosting/domain/example.com", "hosting/mailbox/john@example.com")
    made = moved.plan()
    verbs = [step.verb for step in made.steps]
    assert verbs == sorted(verbs)
    assert verbs.count("delete") == 3
    for step in made.steps:
        if step.verb == "delete":
            assert {s.number for s in made.steps if s.verb == "create"} <= _all_before(made.steps, step)


def _all_before(steps, step):
    found, waiting = set(), list(step.after)
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting.extend(steps[number].after)
    return found


# --- manage: false


def test_under_manage_false_the_domain_is_never_owned(world):
    """Only its children are managed: it is not adopted, and counts as unchanged when its catch-all is as wanted."""
    world.wants("hosting", domain("example.net", manage=False, catch_all=("a@example.org",)))
    world.live("hosting", domain("example.net", catch_all=("a@example.org",)))
    made = world.plan()
    assert (made.changes, made.unchanged, made.unmanaged) == ((), 2, 0)


def test_under_manage_false_the_catch_all_is_set(world):
    """... also under `manage: false`, without adopting the domain."""
    world.wants("hosting", domain("example.net", manage=False, catch_all=("a@example.org",)))
    world.live("hosting", domain("example.net"))
    made = world.plan()
    assert told(made) == ["update hosting/domain/example.net catch_all"]
    assert not made.changes[0].adopting
    world.execute(made)
    assert address("hosting/domain/example.net") not in world.entries


@pytest.mark.parametrize("prune", ["owned", "all"])
def test_under_manage_false_the_domain_is_never_deleted(world, prune):
    """Also not when it leaves the manifest, nor under `prune: all`."""
    world.policy(prune=prune)
    world.wants("hosting", domain("example.net", manage=False))
    world.live("hosting", domain("example.net"))
    assert world.plan().changes == ()
    world.no_longer_wants("hosting/domain/example.net")
    assert world.plan().changes == ()


@pytest.mark.parametrize("catch_all", [{}, {"catch_all": ("a@example.org",)}])
def test_switching_to_manage_false_forgets_the_domain(world, catch_all):
    """It becomes somebody else's: the ledger drops it, nothing is deleted."""
    world.has("hosting", domain("example.net", **catch_all))
    world.wants("hosting", domain("example.net", manage=False, **catch_all))
    made = world.plan()
    assert actions(made) == {"hosting/domain/example.net": "forget"}
    world.execute(made)
    assert world.plan().changes == ()


def test_switching_to_manage_false_with_another_catch_all_forgets_the_domain_too(world):
    """One change, which sets the catch-all and leaves the domain out of the ledger."""
    world.has("hosting", domain("example.net"))
    world.wants("hosting", domain("example.net", manage=False, catch_all=("a@example.org",)))
    made = world.plan()
    assert actions(made) == {"hosting/domain/example.net": "update"}
    world.execute(made)
    assert world.plan().changes == ()
    assert address("hosting/domain/example.net") not in world.entries


def test_a_domain_that_mailsync_may_not_create_has_to_be_there(world):
    """Under `manage: false`, and where the provider has no call for it, a missing domain is an error at plan."""
    world.provider("temp", TEMPMAIL)
    world.wants("hosting", domain("example.net", manage=False), alias("a@example.net", "x@example.org"))
    world.wants("temp", domain("temp.example"), mailbox("a@temp.example"))
    made = world.plan()
    assert sorted(d.address for d in made.diagnostics if d.code == "domain-missing") == [
        "hosting/domain/example.net",
        "temp/domain/temp.example",
    ]
    assert codes(made, "error") == ["domain-missing", "domain-missing"]


# --- what a provider cannot do


@pytest.fixture
def imply():
    world = World(hosting=IMPLY)
    world.settled("hosting", domain("example.com"))
    return world


HOOK = "hosting/webhook/https://hooks.example/mail"


def test_what_cannot_be_deleted_is_left_behind(imply):
    """The ledger forgets it, a warning says that it must be removed by hand, and it blocks nothing."""
    imply.has("hosting", webhook("https://hooks.example/mail", events=("a",)))
    made = imply.plan()
    assert (actions(made), codes(made, "warning"), made.blocked) == ({HOOK: "forget"}, ["left-behind"], ())
    imply.execute(made)
    assert imply.plan().changes == ()


def test_a_stray_that_cannot_be_deleted_is_only_warned_of(imply):
    """Under `prune: all`: there is nothing to forget."""
    imply.policy(prune="all")
    imply.settled("hosting", webhook("https://hooks.example/mail"))
    imply.live("hosting", webhook("https://hooks.example/stray"))
    made = imply.plan()
    assert (made.changes, codes(made)) == ((), ["left-behind"])


def test_what_cannot_be_changed_nor_made_anew_is_blocked(imply):
    """`unsupported`; it is an update that is blocked."""
    imply.settled("hosting", webhook("https://hooks.example/mail", events=("a",)))
    imply.wants("hosting", webhook("https://hooks.example/mail", events=("a", "b")))
    made = imply.plan()
    assert actions(made) == {HOOK: "update blocked: unsupported"}
    assert (made.requests, made.steps) == (0, ())


def test_another_url_is_a_new_webhook(imply):
    """... and the old one is left behind."""
    imply.has("hosting", webhook("https://hooks.example/old"))
    imply.wants("hosting", webhook("https://hooks.example/mail"))
    made = imply.plan()
    assert actions(made) == {HOOK: "create", "hosting/webhook/https://hooks.example/old": "forget"}


def test_an_immutable_field_that_differs_means_replacing():
    """Deleted and created anew in one step; what the manifest leaves open is carried over."""
    world = World(verify=EMAILVERIFY)
    world.wants("verify", webhook("https://h.example/", secret=2))
    world.live("verify", webhook("https://h.example/", events=("done",)))
    world.owns("verify", webhook("https://h.example/", secret=1))
    made = world.plan()
    assert actions(made) == {"verify/webhook/https://h.example/": "replace"}
    [step] = made.steps
    assert (step.verb, step.removes, step.create_first, step.requests) == ("create", step.address, True, 2)
    assert (dict(step.fields), step.secrets) == (
        {"url": "https://h.example/", "events": ("done",)},
        frozenset({"secret"}),
    )


def test_a_domain_is_never_replaced(world):
    """A new one would be empty: what cannot be changed of a domain is blocked."""
    rigid = kind("description", verbs={"create", "delete"})
    world.provider("rigid", replace(MAILSERVER, kinds={**MAILSERVER.kinds, "domain": rigid}))
    world.settled("rigid", domain("example.net", description="a"))
    world.wants("rigid", domain("example.net", description="b"))
    assert actions(world.plan()) == {"rigid/domain/example.net": "update blocked: unsupported"}


def test_an_expired_mailbox_is_created_again():
    """It silently left the provider's list: the plan says so."""
    world = World(temp=TEMPMAIL)
    world.live("temp", domain("temp.example"))
    world.wants("temp", domain("temp.example"), mailbox("a@temp.example", expires="1h"))
    world.owns("temp", mailbox("a@temp.example", expires="1h"))
    made = world.plan()
    assert actions(made) == {"temp/mailbox/a@temp.example": "create"}
    assert "expired" in change(made, "temp/mailbox/a@temp.example").note


def test_what_is_inert_is_as_good_as_deleted():
    """tempmail's webhook slot cannot be emptied: it is not deleted again for ever, and an owned one is forgotten."""
    world = World(temp=TEMPMAIL)
    world.policy(prune="all")
    slot = webhook("default", url="https://h.example/", enabled=False, inert=True)
    world.live("temp", slot)
    assert (world.plan().changes, world.plan().unmanaged) == ((), 0)
    world.owns("temp", slot)
    assert actions(world.plan()) == {"temp/webhook/default": "forget"}


def test_what_is_inert_satisfies_a_manifest_that_wants_it_so():
    """`enabled: false` is wanted and live."""
    world = World(temp=TEMPMAIL)
    world.wants("temp", webhook("default", url="https://h.example/", enabled=False))
    world.has("temp", webhook("default", url="https://h.example/", enabled=False, inert=True))
    assert world.plan().changes == ()


# --- several with one key


URL = "https://h.example/"
TWICE = f"verify/webhook/{URL}"


@pytest.fixture
def twice():
    """The URL is there twice: 7, the newer one, counts; 5 is left from something."""
    world = World(verify=EMAILVERIFY)
    world.wants("verify", webhook(URL))
    world.live("verify", webhook(URL, remote_id=7))
    world.copy("verify", webhook(URL, remote_id=5))
    return world


def test_a_copy_that_is_owned_is_deleted(twice):
    """The ledger knows its id: a crash in the middle of a replacement left it."""
    twice.owns("verify", webhook(URL, remote_id=5))
    made = twice.plan()
    assert actions(made) == {TWICE: "update"}
    [step] = made.steps
    assert (step.verb, step.copy.remote_id, made.requests) == ("delete", 5, 1)
    assert [(f.field, f.before, f.after) for f in made.changes[0].fields] == [("copies", 2, 1)]
    twice.execute(made)
    assert [live.remote_id for live in twice.holdings["verify"].resources.values()] == [7]
    assert twice.plan().changes == ()


def test_a_copy_that_is_not_owned_gets_a_warning(twice):
    """`duplicate-live`; it is left alone."""
    twice.owns("verify", webhook(URL, remote_id=7))
    made = twice.plan()
    assert (made.changes, codes(made, "warning")) == ((), ["duplicate-live"])


def test_a_copy_goes_under_prune_all(twice):
    """... or under `prune: all`."""
    twice.policy(prune="all")
    twice.owns("verify", webhook(URL, remote_id=7))
    assert [step.copy.remote_id for step in twice.plan().steps] == [5]


def test_nobody_minds_copies_of_what_is_not_ours(twice):
    """Neither in the manifest nor owned: no warning."""
    twice.no_longer_wants(TWICE)
    assert (twice.plan().changes, codes(twice.plan())) == ((), [])


def test_a_deletion_takes_owned_copies_along_and_no_others(twice):
    """One change of the address, a step for each of them."""
    twice.no_longer_wants(TWICE)
    twice.copy("verify", webhook(URL, remote_id=3))
    twice.owns("verify", webhook(URL, remote_id=5))
    made = twice.plan()
    assert actions(made) == {TWICE: "delete"}
    assert [step.copy.remote_id if step.copy else None for step in made.steps] == [None, 5]
    assert (codes(made), made.requests) == (["duplicate-live"], 2)


def test_a_copy_goes_beside_an_update_of_the_one_that_counts(twice):
    """An address stands once among the changes, whatever happens to it."""
    twice.wants("verify", webhook(URL, events=("a",)))
    twice.owns("verify", webhook(URL, remote_id=5))
    made = twice.plan()
    assert actions(made) == {TWICE: "replace"}
    assert [step.verb for step in made.steps] == ["create", "delete"]


# --- new domains at a provider that catches all by itself


@pytest.fixture
def forwarding():
    return World(forwarding=IMPROVMX)


def test_a_new_domain_that_catches_all_by_itself_gets_a_warning(forwarding):
    """All its mail goes to the account's own address."""
    forwarding.wants("forwarding", domain("example.com"))
    made = forwarding.plan()
    assert (codes(made, "warning"), len(made.steps)) == (["catch-all-left-open"], 1)


def test_null_takes_the_providers_own_catch_all_away(forwarding):
    """`catch_all: null` = none: a call of its own where a new domain comes with one."""
    forwarding.wants("forwarding", domain("example.com", catch_all=None))
    made = forwarding.plan()
    assert told(made) == [
        "create forwarding/domain/example.com",
        "update forwarding/domain/example.com catch_all",
    ]
    forwarding.execute(made)
    assert forwarding.plan().changes == ()


def test_null_takes_no_call_elsewhere(world):
    """A new domain has no catch-all."""
    world.wants("hosting", domain("example.net", catch_all=None))
    assert told(world.plan()) == ["create hosting/domain/example.net"]
