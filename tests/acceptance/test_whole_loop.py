"""The reconciling loop, end to end: manifests in, a plan, ordered calls over real HTTP, nothing left to do."""

from project import CANARY, Project

EVERYTHING = """\
HEAD
domains:
  example.com:
    active: true
    description: Example
    quota: 20 GiB
    default_mailbox_quota: 1 GiB
    max_mailbox_quota: 5 GiB
    max_mailboxes: 20
    max_aliases: 30
    backup_mx: false
    catch_all: john@example.com
    mailboxes:
      john:
        name: John Doe
        quota: 2 GiB
        active: true
        force_password_update: true
        tls_enforce_in: true
        tls_enforce_out: false
        password: ${env:PASSWORD}
      jane:
        password: ${env:PASSWORD}
    aliases:
      info: john@example.com
      sales: [jane@example.com, eve@example.net]
      press:
        destinations: [info@example.com]
        active: false
        description: for the press
"""

CHANGED = """\
HEAD
domains:
  example.com:
    active: true
    description: Example Ltd
    quota: 30 GiB
    default_mailbox_quota: 2 GiB
    max_mailbox_quota: 6 GiB
    max_mailboxes: 25
    max_aliases: 35
    backup_mx: true
    catch_all: [jane@example.com, john@example.com]
    mailboxes:
      john:
        name: John R. Doe
        quota: 3 GiB
        active: true
        force_password_update: true
        tls_enforce_in: false
        tls_enforce_out: true
        password: ${env:PASSWORD}
        password_version: 2
      jane:
        active: false
        password: ${env:PASSWORD}
    aliases:
      info: jane@example.com
      sales: [john@example.com, eve@example.net]
      press:
        destinations: [info@example.com, john@example.com]
        active: true
        description: press office
"""

EMPTY = """\
HEAD
removed:
  - hosting/domain/example.com
  - hosting/mailbox/john@example.com
  - hosting/mailbox/jane@example.com
"""


def plan(project: Project, *arguments: str) -> dict:
    result = project.mailsync("plan", "--format", "json", *arguments)
    assert result.code == 0, result
    return result.document


def test_everything_is_created_changed_and_removed(project: Project) -> None:
    """Create all that the provider supports, change every updatable field, remove all; after each step nothing is left to
    do, and the plan's number of requests is the number of changing calls."""
    for manifest, changes in ((EVERYTHING, 6), (CHANGED, 6), (EMPTY, 6)):
        project.write(manifest)
        planned = plan(project)
        assert len(planned["changes"]) == changes
        project.sandbox.reset_requests()
        project.apply()
        assert len(project.calls()) == planned["estimate"]["requests"]
        again = project.mailsync("plan", "--detailed-exitcode")
        assert (again.code, again.out.count("No changes.")) == (0, 1), again
    assert [project.sandbox.rows("mailserver", kind) for kind in ("domain", "mailbox", "alias")] == [[], [], []]


def test_every_call_is_documented_and_accepted(project: Project) -> None:
    """The strict emulator refuses unknown fields and routes; no call of a whole life cycle is refused."""
    for manifest in (EVERYTHING, CHANGED, EMPTY):
        project.write(manifest)
        project.apply()
    assert {r.status for r in project.sandbox.requests} <= {200, 201}


def test_the_plan_shows_exactly_the_changed_fields(project: Project) -> None:
    """An update lists the managed fields that differ, with both values, and no other."""
    project.write(EVERYTHING)
    project.apply()
    project.write(CHANGED)
    changes = {change["address"]: change for change in plan(project)["changes"]}
    john = {f["field"]: (f["before"], f["after"]) for f in changes["hosting/mailbox/john@example.com"]["fields"]}
    assert john == {
        "name": ("John Doe", "John R. Doe"),
        "quota": (2 * 2**30, 3 * 2**30),
        "tls_enforce_in": (True, False),
        "tls_enforce_out": (False, True),
        "password": (1, 2),
    }
    assert [f["field"] for f in changes["hosting/mailbox/jane@example.com"]["fields"]] == ["active"]


def test_a_plan_without_changes_makes_three_requests(project: Project) -> None:
    """One listing per kind, and no call per resource."""
    project.write(EVERYTHING)
    project.apply()
    project.sandbox.reset_requests()
    assert project.mailsync("plan").out.startswith("hosting: mailserver, 1 domain, 2 mailboxes, 3 aliases (3 requests)")
    assert sorted(r.path.rpartition("/")[2] for r in project.sandbox.requests) == ["aliases", "domains", "mailboxes"]


def test_an_emptied_ledger_is_adopted_again(project: Project) -> None:
    """A lost state leads to no call but the listings: everything that is there is owned again."""
    project.write(EVERYTHING)
    project.apply()
    (project.folder / ".mailsync" / "state.json").unlink()
    assert plan(project)["summary"] | {} == {
        "create": 0, "update": 0, "replace": 0, "delete": 0, "adopt": 6, "noop": 0, "blocked": 0,
        "forget": 0, "unmanaged": 0,
    }  # fmt: skip
    project.sandbox.reset_requests()
    project.apply()
    assert project.calls() == []
    assert len(project.state["resources"]) == 6


def test_a_password_shows_nowhere(project: Project) -> None:
    """A canary password is in no output, plan, ledger or log, at any verbosity."""
    project.write(EVERYTHING)
    told = [
        project.mailsync("-v", "plan", "--out", "plan.json"),
        project.mailsync("-v", "--log-format", "json", "apply", "--auto-approve"),
        project.mailsync("plan", "--format", "json"),
        project.mailsync("state", "show", "hosting/mailbox/john@example.com"),
    ]
    assert [result.code for result in told] == [0, 0, 0, 0]
    files = [path.read_text() for path in project.folder.rglob("*") if path.is_file()]
    assert not [text for text in (*(r.out + r.err for r in told), *files) if CANARY in text or "canary" in text]


def test_what_nobody_asked_for_stays(project: Project) -> None:
    """Resources that somebody else made are neither changed nor deleted, and the plan counts them."""
    project.write(EVERYTHING)
    project.apply()
    (project.folder / ".mailsync" / "state.json").unlink()
    project.write("HEAD\ndomains:\n  example.com: {}\n")
    planned = plan(project)
    assert [change["action"] for change in planned["changes"]] == ["adopt"]
    assert planned["summary"]["unmanaged"] == 5
