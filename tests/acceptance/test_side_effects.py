"""What a mail server does by itself, and what a full domain allows: the plan knows it beforehand, and mail goes on."""

from typing import Any

import pytest
from project import Project

PW = "{password: '${env:PASSWORD}'}"


def domain(project: Project, body: str, rest: str = "") -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    project.write(f"HEAD\ndomains:\n  example.com:\n{lines}{rest}")


def plan(project: Project, *arguments: str) -> Any:
    result = project.mailsync("plan", "--format", "json", *arguments)
    assert result.code == 0, result
    return result.document


def codes(project: Project) -> list[str]:
    """The errors of a plan that fails."""
    result = project.mailsync("plan", "--format", "json")
    assert result.code == 1, result
    return [d["code"] for d in result.document["diagnostics"] if d["severity"] == "error"]


def goto(project: Project) -> dict[str, str]:
    return {row["address"]: row["goto"] for row in project.sandbox.rows("mailserver", "alias")}


def apply_and_rest(project: Project, *arguments: str) -> None:
    """Applies what was planned, with as many calls as was said, and after that there is nothing to do."""
    planned = plan(project, *arguments)
    project.sandbox.reset_requests()
    project.apply("--force", *arguments)
    assert len(project.calls()) == planned["estimate"]["requests"]
    assert {r.status for r in project.sandbox.requests} <= {200, 201}
    assert project.mailsync("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ("aliases: {b: a@example.com", {"b@example.com": "a@example.com"}),
        ("aliases: {b: [a@example.com, c@example.net]", {"b@example.com": "a@example.com,c@example.net"}),
        ("catch_all: a@example.com\naliases: {x: y@example.net", {"@example.com": "a@example.com"}),
    ],
)
def test_what_points_at_a_handed_over_address_is_written_again(
    project: Project, aliases: str, expected: dict[str, str]
) -> None:
    """A mailbox becomes an alias: the server takes its address out of other aliases, and the plan puts it back."""
    domain(project, f"mailboxes: {{a: {PW}}}\n{aliases}}}")
    project.apply()
    domain(project, f"{aliases}, a: z@example.net}}", "removed: [hosting/mailbox/a@example.com]\n")
    apply_and_rest(project)
    assert expected.items() <= goto(project).items()


def test_an_alias_turns_away_before_the_mailbox_is_handed_over(project: Project) -> None:
    """Otherwise the server deletes it with the mailbox."""
    domain(project, f"mailboxes: {{a: {PW}, b: {PW}}}\naliases: {{d: a@example.com}}")
    project.apply()
    domain(
        project,
        f"mailboxes: {{b: {PW}}}\naliases: {{a: o@example.net, d: b@example.com}}",
        "removed: [hosting/mailbox/a@example.com]\n",
    )
    apply_and_rest(project)


def test_a_freed_place_is_used_in_a_full_domain(project: Project) -> None:
    """Two addresses swap their kinds where only one mailbox is allowed."""
    domain(project, f"max_mailboxes: 1\nmailboxes: {{z: {PW}}}\naliases: {{e: z@example.com}}")
    project.apply()
    domain(
        project,
        f"max_mailboxes: 1\nmailboxes: {{e: {PW}}}\naliases: {{z: e@example.com}}",
        "removed: [hosting/mailbox/z@example.com]\n",
    )
    result = project.mailsync("plan", "--format", "json")
    if result.code == 0:
        apply_and_rest(project)
    else:
        assert "limit-exceeded" in [d["code"] for d in result.document["diagnostics"]]


@pytest.mark.parametrize(
    ("before", "after", "removed"),
    [
        (
            f"max_mailboxes: 1\nmailboxes: {{z: {PW}}}\naliases: {{e: z@example.com}}",
            f"max_mailboxes: 1\nmailboxes: {{y: {PW}}}\naliases: {{e: y@example.com}}",
            "removed: [hosting/mailbox/z@example.com]\n",
        ),
        ("max_aliases: 1\naliases: {a: x@example.net}", "max_aliases: 1\ncatch_all: x@example.net", ""),
    ],
)
def test_what_cannot_be_done_in_a_full_domain_is_said_beforehand(
    project: Project, before: str, after: str, removed: str
) -> None:
    """Either there is an order in which it fits, or the plan says that there is none."""
    domain(project, before)
    project.apply()
    domain(project, after, removed)
    result = project.mailsync("plan", "--format", "json")
    if result.code == 0:
        apply_and_rest(project)
    else:
        assert "limit-exceeded" in [d["code"] for d in result.document["diagnostics"]]


def test_a_catch_all_counts_as_an_alias(project: Project) -> None:
    """One alias allowed, one alias and a catch-all wanted."""
    domain(project, "max_aliases: 1\ncatch_all: x@example.net\naliases: {a: y@example.net}")
    assert codes(project) == ["limit-exceeded"]


def test_an_alias_needs_destinations_to_be_created(project: Project) -> None:
    """Adopted, it may leave them open; created, it may not."""
    domain(project, "aliases: {b: {active: true}}")
    assert codes(project) == ["required-field"]


def test_a_taken_address_is_said_at_plan(project: Project) -> None:
    """A live mailbox that nobody owns, and an alias of its name in the manifest."""
    domain(project, "active: true")
    project.apply()
    project.sandbox.seed("mailserver", "mailbox", {"email": "a@example.com"})
    domain(project, "aliases: {a: x@example.net}")
    assert codes(project) == ["alias-shadowed"]


def test_a_listing_that_lacks_a_domain_creates_none(project: Project) -> None:
    """Mailboxes of a domain that is not listed: the listing is incomplete."""
    domain(project, "aliases: {a: x@example.net}")
    project.apply()
    project.sandbox.remove("mailserver", "domain", domain="example.com")
    project.sandbox.seed("mailserver", "alias", {"address": "a@example.com", "goto": "x@example.net"})
    assert "incomplete-listing" in codes(project)


def test_changes_can_be_executed_one_by_one(project: Project) -> None:
    """What a change depends on stands before it, and nothing depends on itself by a detour."""
    domain(
        project, f"catch_all: b@example.com\nmax_mailboxes: 9\nmailboxes: {{b: {PW}}}\naliases: {{c: b@example.com}}"
    )
    seen: set[str] = set()
    changes = plan(project)["changes"]
    for change in changes:
        assert {a for a in change["depends_on"] if a in {c["address"] for c in changes}} <= seen
        seen.add(change["address"])


def test_excluding_a_mailbox_leaves_the_rest(project: Project) -> None:
    """What needs it goes with it: here the catch-all's domain does not."""
    domain(project, f"catch_all: a@example.com\nmailboxes: {{a: {PW}, b: {PW}}}\naliases: {{z: x@example.net}}")
    planned = plan(project, "--exclude", "hosting/mailbox/a@example.com")
    assert {"hosting/mailbox/b@example.com", "hosting/alias/z@example.com"} <= {
        c["address"] for c in planned["changes"]
    }


def test_a_target_that_matches_nothing_is_said(project: Project) -> None:
    """A misspelt address must not look like `nothing to do`."""
    domain(project, "aliases: {a: x@example.net}")
    result = project.mailsync("plan", "--target", "hosting/alias/typo@example.com")
    assert "matches nothing" in result.err
    assert "+ hosting/alias/a@example.com" in project.mailsync("plan", "--target", "hosting/alias/A@Example.com").out


def test_a_loop_that_is_live_already_is_a_warning(project: Project) -> None:
    """The plan neither makes it nor makes it worse; `validate`, which knows nothing of live, calls it an error."""
    domain(project, "active: true")
    project.apply()
    for one, other in (("a", "b"), ("b", "a")):
        project.sandbox.seed("mailserver", "alias", {"address": f"{one}@example.com", "goto": f"{other}@example.com"})
    domain(project, "aliases: {a: b@example.com, b: a@example.com}")
    assert [d["severity"] for d in plan(project)["diagnostics"] if d["code"] == "alias-loop"] == ["warning"]
    assert project.mailsync("validate").code == 1


def test_a_catch_all_that_goes_with_its_mailbox_is_no_loop(project: Project) -> None:
    """The server deletes it; there is no circle left."""
    domain(project, f"mailboxes: {{a: {PW}}}")
    project.apply()
    project.sandbox.seed("mailserver", "alias", {"address": "@example.com", "goto": "a@example.com"})
    domain(project, "active: true", "removed: [hosting/mailbox/a@example.com]\n")
    result = project.mailsync("plan", "--format", "json")
    assert "alias-loop" not in [d["code"] for d in result.document["diagnostics"]]


def test_an_alias_goes_when_its_domain_goes_and_not_before(project: Project) -> None:
    """What the provider deletes with a domain is owned until the domain is gone."""
    domain(project, f"mailboxes: {{m: {PW}}}\naliases: {{a: m@example.com, b: x@example.net}}")
    project.apply()
    planned = plan(project, "--destroy", "--allow-data-loss")
    order = [change["address"] for change in planned["changes"]]
    assert order.index("hosting/domain/example.com") < order.index("hosting/alias/a@example.com")
    assert order.index("hosting/mailbox/m@example.com") < order.index("hosting/domain/example.com")


def test_a_required_address_is_asked_for_at_plan_too(project: Project) -> None:
    """Of a domain that the plan creates it is an error; of one that lacks it already a warning; a live alias that nobody
    owns answers it."""
    policy = "policies: {require_addresses: [postmaster]}\n"
    domain(project, "aliases: {a: x@example.net}", policy)
    assert codes(project) == ["required-address-missing"]
    domain(project, "aliases: {a: x@example.net}")
    project.apply()
    domain(project, "aliases: {a: x@example.net}", policy)
    assert [(d["severity"], d["code"]) for d in plan(project)["diagnostics"]] == [
        ("warning", "required-address-missing")
    ]
    project.sandbox.seed("mailserver", "alias", {"address": "postmaster@example.com", "goto": "x@example.net"})
    assert plan(project)["diagnostics"] == []


def test_an_alias_and_a_mailbox_of_one_address_are_refused_at_plan_too(project: Project) -> None:
    """The provider would refuse the second of them."""
    domain(project, f"mailboxes: {{a: {PW}}}\naliases: {{a: x@example.net}}")
    assert "alias-shadowed" in codes(project)
