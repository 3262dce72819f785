"""What may not happen without consent (interface 3.2)."""

import pytest
from reconciler_fakes import IMPLY, MAILSERVER, TEMPMAIL, World, actions, alias, change, codes, domain, mailbox

JOHN = "hosting/mailbox/john@example.com"


# --- 1. data loss


def test_deleting_a_mailbox_needs_consent(world):
    """It holds mail: blocked, with what would allow it; the risk is `data-loss`; a blocked change makes no request."""
    world.has("hosting", mailbox("john@example.com"))
    made = world.plan()
    assert actions(made) == {JOHN: "delete blocked: data-loss"}
    assert "removed:" in made.changes[0].blocked.text
    assert "--allow-data-loss" in made.changes[0].blocked.text
    assert (made.changes[0].risk, made.changes[0].requests, made.requests, made.steps) == ("data-loss", 0, 0, ())


def test_a_blocked_change_is_not_part_of_what_becomes_of_mail(world):
    """It is not carried out."""
    world.has("hosting", mailbox("john@example.com"))
    assert world.plan().mail_flow == ()


@pytest.mark.parametrize("how", ["removed", "option"])
def test_consent_is_a_line_in_the_manifest_or_an_option(world, how):
    """... unless `removed:` lists the address or `--allow-data-loss` is given."""
    world.has("hosting", mailbox("john@example.com"))
    if how == "removed":
        world.consents(JOHN)
    made = world.plan(allow_data_loss=how == "option")
    assert (actions(made), made.changes[0].risk) == ({JOHN: "delete"}, "data-loss")


def test_deleting_an_alias_needs_no_consent(world):
    """It holds no mail."""
    world.has("hosting", alias("info@example.com", "x@example.net"))
    assert world.plan().blocked == ()


@pytest.mark.parametrize(
    ("listed", "blocked"),
    [
        ((), True),
        (("domain/example.net",), True),
        (("mailbox/a@example.net", "mailbox/b@example.net"), True),
        (("domain/example.net", "mailbox/a@example.net"), True),
        (("domain/example.net", "mailbox/a@example.net", "mailbox/b@example.net"), False),
    ],
)
def test_deleting_a_domain_with_mailboxes_needs_consent_to_it_and_to_each_of_them(world, listed, blocked):
    """For a domain: it and its mailboxes."""
    world.has("hosting", domain("example.net"), mailbox("a@example.net"), mailbox("b@example.net"))
    world.consents(*(f"hosting/{one}" for one in listed))
    gone = change(world.plan(), "hosting/domain/example.net")
    assert (gone.blocked is not None and gone.blocked.code) == (blocked and "data-loss")
    assert gone.risk == "data-loss"


def test_deleting_a_domain_without_mailboxes_needs_no_consent(world):
    """Nothing is lost."""
    world.has("hosting", domain("example.net"), alias("a@example.net", "x@example.org"))
    assert world.plan().blocked == ()


def test_replacing_a_mailbox_needs_consent():
    """A mailbox whose immutable field changes is a new, empty one. It is declared, so only the option allows it."""
    world = World(temp=TEMPMAIL)
    world.wants("temp", domain("temp.example"))
    world.live("temp", domain("temp.example"))
    world.settled("temp", mailbox("a@temp.example", expires="1h"))
    world.wants("temp", mailbox("a@temp.example", expires="1d"))
    made = world.plan()
    assert actions(made) == {"temp/mailbox/a@temp.example": "replace blocked: data-loss"}
    assert "expires" in made.blocked[0].blocked.text
    assert "removed:" not in made.blocked[0].blocked.text
    allowed = world.plan(allow_data_loss=True)
    assert (actions(allowed), allowed.changes[0].risk) == ({"temp/mailbox/a@temp.example": "replace"}, "data-loss")


def test_handing_the_address_of_a_mailbox_to_an_alias_needs_consent(world):
    """The mailbox is deleted, whatever has its address afterwards."""
    world.has("hosting", mailbox("john@example.com"))
    world.wants("hosting", alias("john@example.com", "x@example.net"))
    assert actions(world.plan())[JOHN] == "delete blocked: data-loss"


def test_an_unused_consent_is_a_warning(world):
    """A consent for something neither live nor owned is probably misspelt."""
    world.has("hosting", mailbox("john@example.com"))
    world.consents(JOHN, "hosting/mailbox/jhon@example.com")
    [warning] = world.plan().diagnostics
    assert (warning.severity, warning.code, warning.address) == (
        "warning",
        "unused-consent",
        "hosting/mailbox/jhon@example.com",
    )


# --- 2. protect


def test_what_is_protected_is_not_deleted_whatever_the_consent(world):
    """`protect: true` blocks deletion always. It has left the manifest, and the ledger remembers."""
    world.has(
        "hosting", mailbox("john@example.com", protect=True), alias("a@example.com", "x@example.net", protect=True)
    )
    world.consents(JOHN)
    made = world.plan(allow_data_loss=True)
    assert set(actions(made).values()) == {"delete blocked: protect"}


def test_what_is_protected_is_not_replaced():
    """... and replacement."""
    world = World(temp=TEMPMAIL)
    world.wants("temp", domain("temp.example"))
    world.live("temp", domain("temp.example"))
    world.settled("temp", mailbox("a@temp.example", expires="1h", protect=True))
    world.wants("temp", mailbox("a@temp.example", expires="1d", protect=True))
    assert [c.blocked.code for c in world.plan(allow_data_loss=True).blocked] == ["protect"]


def test_what_is_protected_may_be_updated(world):
    """It blocks deletion and replacement, nothing else."""
    world.settled("hosting", mailbox("john@example.com", name="a", protect=True))
    world.wants("hosting", mailbox("john@example.com", name="b", protect=True))
    assert actions(world.plan()) == {JOHN: "update"}


def test_a_protected_mailbox_protects_its_domain(world):
    """Its domain cannot go without it."""
    world.has("hosting", domain("example.net"), mailbox("a@example.net", protect=True))
    made = world.plan(allow_data_loss=True)
    blocked = change(made, "hosting/domain/example.net").blocked
    assert blocked.code == "protect"
    assert "a@example.net" in blocked.text


def test_destroy_spares_what_the_manifest_protects(world):
    """Also what it protects only since the last apply."""
    world.settled("hosting", mailbox("john@example.com"))
    world.wants("hosting", mailbox("john@example.com", protect=True))
    made = world.plan(destroy=True, allow_data_loss=True)
    assert actions(made)[JOHN] == "delete blocked: protect"


def test_destroy_spares_what_the_ledger_remembers_as_protected(world):
    """`protect: false` has to be applied first."""
    world.settled("hosting", mailbox("john@example.com", protect=True))
    world.wants("hosting", mailbox("john@example.com"))
    made = world.plan(destroy=True, allow_data_loss=True)
    assert actions(made)[JOHN] == "delete blocked: protect"


def test_destroy_deletes_all_that_is_owned_and_nothing_else(world):
    """A plan in which nothing is wanted."""
    world.policy(prune="none")
    world.settled("hosting", mailbox("john@example.com"))
    world.live("other", domain("example.org"))
    made = world.plan(destroy=True, allow_data_loss=True)
    assert actions(made) == {JOHN: "delete", "hosting/domain/example.com": "delete"}


# --- 3. max_change_percent


@pytest.fixture
def twenty():
    """A domain and 19 aliases: 20 live resources."""
    world = World(hosting=MAILSERVER)
    world.settled("hosting", domain("example.com"), *(alias(f"a{n}@example.com", "x@example.net") for n in range(19)))
    return world


def _change(world: World, count: int) -> None:
    world.wants("hosting", *(alias(f"a{n}@example.com", "y@example.net") for n in range(count)))


@pytest.mark.parametrize(("changed", "warned"), [(6, False), (7, True)])
def test_more_than_the_share_at_once_is_a_warning(twenty, changed, warned):
    """More than 30 % of the live resources: a diagnostic, and no block of a single change."""
    _change(twenty, changed)
    made = twenty.plan()
    assert (codes(made, "warning") == ["max-change-percent"]) is warned
    assert made.blocked == ()


def test_updates_replacements_and_deletions_count_and_creates_do_not(twenty):
    """The share of live resources updated + replaced + deleted."""
    _change(twenty, 4)
    twenty.no_longer_wants("hosting/alias/a17@example.com", "hosting/alias/a18@example.com")
    twenty.wants("hosting", *(alias(f"b{n}@example.com", "y@example.net") for n in range(30)))
    assert codes(twenty.plan()) == []
    twenty.no_longer_wants("hosting/alias/a16@example.com")
    assert codes(twenty.plan()) == ["max-change-percent"]


def test_under_ten_live_resources_a_share_says_nothing():
    """Of three, one is a third."""
    world = World(hosting=MAILSERVER)
    world.settled("hosting", domain("example.com"), *(alias(f"a{n}@example.com", "x@example.net") for n in range(8)))
    _change(world, 8)
    assert codes(world.plan()) == []


def test_it_counts_for_each_provider_by_itself(twenty):
    """A large provider hides nothing of a small one."""
    twenty.provider("other", IMPLY)
    twenty.settled("other", domain("example.org"), *(alias(f"a{n}@example.org", "x@example.net") for n in range(9)))
    twenty.wants("other", *(alias(f"a{n}@example.org", "y@example.net") for n in range(4)))
    [warning] = twenty.plan().diagnostics
    assert warning.message.startswith("other: 4 of 10 ")


def test_owned_resources_that_are_suddenly_gone_are_a_warning_too(twenty):
    """An account that looks empty all at once is more likely to be the wrong one."""
    for n in range(7):
        del twenty.holdings["hosting"].resources[alias(f"a{n}@example.com").at("hosting")]
    [warning] = twenty.plan().diagnostics
    assert (warning.code, "7 of 20 owned" in warning.message) == ("max-change-percent", True)


def test_destroy_is_exempt(twenty):
    """Everything going is what it is for."""
    assert codes(twenty.plan(destroy=True)) == []


@pytest.mark.parametrize(("percent", "warned"), [(0, True), (5, False), (4.9, True), (100, False)])
def test_the_policy_says_how_much(twenty, percent, warned):
    """`policies.max_change_percent`: more than that."""
    twenty.policy(max_change_percent=percent)
    _change(twenty, 1)
    assert (codes(twenty.plan()) != []) is warned
