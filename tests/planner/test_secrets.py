"""Passwords and webhook secrets in a plan (interface 1.4): sent on create, and again when their version changes."""

from reconciler_fakes import EMAILVERIFY, World, change, codes, mailbox, told, webhook

JOHN = "hosting/mailbox/john@example.com"


def test_a_secret_is_sent_on_create(world):
    """The step names it; no value is anywhere in a plan."""
    world.wants("hosting", mailbox("john@example.com", password=1))
    [step] = world.plan().steps
    assert (step.verb, step.secrets, dict(step.fields)) == ("create", frozenset({"password"}), {})


def test_a_secret_is_not_sent_again(world):
    """Its version is the one last applied."""
    world.settled("hosting", mailbox("john@example.com", password=3))
    assert world.plan().changes == ()


def test_another_version_sends_it(world):
    """Also a lower one: exactly when it is not the one last applied. Its values are the versions, and it is sensitive."""
    world.settled("hosting", mailbox("john@example.com", password=3))
    world.wants("hosting", mailbox("john@example.com", password=2))
    made = world.plan()
    [field] = change(made, JOHN).fields
    assert (field.field, field.before, field.after, field.sensitive) == ("password", 3, 2, True)
    assert (change(made, JOHN).before, change(made, JOHN).after) == ({"password": 3}, {"password": 2})
    assert made.steps[0].secrets == frozenset({"password"})


def test_an_owned_resource_without_a_version_is_sent_its_secret(world):
    """A password that is managed from now on."""
    world.settled("hosting", mailbox("john@example.com"))
    world.wants("hosting", mailbox("john@example.com", password=1))
    made = world.plan()
    assert [(f.before, f.after) for f in change(made, JOHN).fields] == [(None, 1)]


def test_adoption_sends_nothing(world):
    """The manifest's version counts as applied."""
    world.wants("hosting", mailbox("john@example.com", password=1))
    world.live("hosting", mailbox("john@example.com"))
    made = world.plan()
    assert (change(made, JOHN).action, made.steps, codes(made)) == ("adopt", (), [])
    world.execute(made)
    assert world.plan().changes == ()


def test_adoption_of_a_version_over_one_is_a_warning(world):
    """Whoever raised it meant that it is sent."""
    world.wants("hosting", mailbox("john@example.com", name="J", password=2))
    world.live("hosting", mailbox("john@example.com", name="j"))
    made = world.plan()
    assert codes(made, "warning") == ["version-assumed"]
    assert (told(made), made.steps[0].secrets) == ([f"update {JOHN} name"], frozenset())


def test_a_pending_create_that_happened_was_sent_its_secret(world):
    """No warning: its adoption only enters it in the ledger."""
    world.wants("hosting", mailbox("john@example.com", password=2))
    world.live("hosting", mailbox("john@example.com"))
    world.pending.add(mailbox("john@example.com").at("hosting"))
    made = world.plan()
    assert (change(made, JOHN).action, codes(made)) == ("adopt", [])


def test_a_mailbox_cannot_be_created_without_a_password_where_the_provider_needs_one(world):
    """An error at plan, with the place."""
    world.wants("hosting", mailbox("john@example.com"))
    [error] = world.plan().diagnostics
    assert (error.severity, error.code, error.address) == ("error", "required-field", JOHN)
    assert error.location is not None


def test_a_mailbox_that_is_live_needs_none(world):
    """Creating is what needs it."""
    world.wants("hosting", mailbox("john@example.com"))
    world.live("hosting", mailbox("john@example.com"))
    assert codes(world.plan()) == []


def test_a_secret_that_no_call_changes_means_replacing():
    """A webhook's secret at a provider that only creates and deletes."""
    world = World(verify=EMAILVERIFY)
    world.settled("verify", webhook("https://h.example/", secret=1))
    world.wants("verify", webhook("https://h.example/", secret=2))
    [step] = world.plan().steps
    assert (step.verb, step.removes, step.secrets) == ("create", step.address, frozenset({"secret"}))


# --- flags that the provider resets by itself


def test_a_one_shot_flag_is_sent_on_create(world):
    """`force_password_update: true` goes with the first password."""
    world.wants("hosting", mailbox("john@example.com", password=1, force_password_update=True))
    assert dict(world.plan().steps[0].fields) == {"force_password_update": True}


def test_a_one_shot_flag_that_was_used_up_is_no_difference(world):
    """A live false after that is not drift."""
    world.settled("hosting", mailbox("john@example.com", password=1, force_password_update=True))
    world.live("hosting", mailbox("john@example.com", force_password_update=False))
    assert world.plan().changes == ()


def test_a_one_shot_flag_is_sent_again_with_a_new_password(world):
    """... and not with anything else."""
    world.settled("hosting", mailbox("john@example.com", password=1, force_password_update=True))
    world.live("hosting", mailbox("john@example.com", force_password_update=False))
    world.wants("hosting", mailbox("john@example.com", password=2, force_password_update=True))
    assert dict(world.plan().steps[0].fields) == {"force_password_update": True}
    world.wants("hosting", mailbox("john@example.com", password=1, force_password_update=True, name="J"))
    assert dict(world.plan().steps[0].fields) == {"name": "J"}


def test_a_one_shot_flag_that_is_to_be_off_is_a_difference(world):
    """`false` in the manifest against a live `true` is an update."""
    world.settled("hosting", mailbox("john@example.com", force_password_update=False))
    world.live("hosting", mailbox("john@example.com", force_password_update=True))
    assert told(world.plan()) == [f"update {JOHN} force_password_update"]


def test_requests_of_a_webhook_plan_count_both_calls():
    """A replacement is a create and a delete."""
    world = World(verify=EMAILVERIFY)
    world.settled("verify", webhook("https://h.example/", events=("a",)))
    world.wants("verify", webhook("https://h.example/", events=("b",)))
    made = world.plan()
    assert (made.requests, made.changes[0].requests, made.seconds) == (2, 2, 0.2)
