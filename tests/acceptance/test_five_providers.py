"""The whole loop on each provider, over real HTTP against its strict emulator: create all it can hold, change all that can
be changed, remove everything. After each step there is nothing left to do, and no call was refused or undocumented."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from project import Project

from reconciler.sandbox import CREDENTIALS, Sandbox


@dataclass(frozen=True)
class Loop:
    """*left*: the kinds of row that no call can delete, and how many rows stay. *fields*: what the second plan changes."""

    api: str
    created: str
    changed: str
    removed: str
    fields: dict[str, set[str]]
    left: dict[str, int]


IMPLY = Loop(
    "imply",
    """
domains:
  example.com:
    catch_all: john@example.com
    mailboxes:
      john: {name: John, quota: 2 GiB, active: true, password: "${env:PASSWORD}"}
      jane: {password: "${env:PASSWORD}"}
    aliases:
      info: [john@example.com, eve@example.net]
webhooks:
  audit: {url: "https://hooks.example.com/a", events: [mailbox.created, email.sent], enabled: true}
""",
    """
domains:
  example.com:
    catch_all: jane@example.com
    mailboxes:
      john: {name: John Doe, quota: 3 GiB, active: true, password: "${env:PASSWORD}", password_version: 2}
      jane: {password: "${env:PASSWORD}"}
    aliases:
      info: [jane@example.com, eve@example.net]
webhooks:
  audit: {url: "https://hooks.example.com/a", events: [mailbox.created, email.sent], enabled: true}
""",
    """
removed: [hosting/domain/example.com, hosting/mailbox/john@example.com, hosting/mailbox/jane@example.com]
""",
    {
        "hosting/domain/example.com": {"catch_all"},
        "hosting/mailbox/john@example.com": {"name", "quota", "password"},
        "hosting/alias/info@example.com": {"destinations"},
    },
    {"webhook": 1},
)
IMPROVMX = Loop(
    "improvmx",
    """
domains:
  example.com:
    catch_all: all@example.net
    aliases:
      info: [john@example.net, "https://hooks.example.net/in"]
      "Ticket-[0-9]+": tickets@example.net
  example.org: {catch_all: null, aliases: {a: b@example.net}}
""",
    """
domains:
  example.com:
    catch_all: null
    aliases:
      info: john@example.net
      "Ticket-[0-9]+": [tickets@example.net, john@example.net]
  example.org: {catch_all: c@example.net, aliases: {a: b@example.net}}
""",
    "\n",
    {
        "hosting/domain/example.com": {"catch_all"},
        "hosting/domain/example.org": {"catch_all"},
        "hosting/alias/info@example.com": {"destinations"},
        "hosting/alias/Ticket-[0-9]+@example.com": {"destinations"},
    },
    {},
)
TEMPMAIL = Loop(
    "tempmail",
    """
domains:
  chat-tempmail.com: {mailboxes: {one: {expires: 1h}, two: {}, three: {expires: never}}}
webhooks:
  inbox: {url: "https://hooks.example.com/a", enabled: true}
""",
    """
domains:
  chat-tempmail.com: {mailboxes: {one: {expires: 1h}, two: {}, three: {expires: never}}}
webhooks:
  inbox: {url: "https://hooks.example.com/b", enabled: false}
""",
    """
removed:
  - hosting/mailbox/one@chat-tempmail.com
  - hosting/mailbox/two@chat-tempmail.com
  - hosting/mailbox/three@chat-tempmail.com
""",
    {"hosting/webhook/default": {"url", "enabled"}},
    {"domain": 3, "webhook": 1},
)
EMAILVERIFY = Loop(
    "emailverify",
    """
webhooks:
  one: {url: "https://hooks.example.com/a", events: [bulk.completed], secret: "${env:PASSWORD}"}
  two: {url: "https://hooks.example.com/b", events: [credits.low], enabled: true}
""",
    """
webhooks:
  one: {url: "https://hooks.example.com/a", events: [bulk.completed, bulk.failed], secret: "${env:PASSWORD}"}
  two: {url: "https://hooks.example.com/b", events: [credits.low], secret: "${env:PASSWORD}", secret_version: 2}
""",
    "\n",
    {
        "hosting/webhook/https://hooks.example.com/a": {"events"},
        "hosting/webhook/https://hooks.example.com/b": {"secret"},
    },
    {},
)
V2 = Loop("improvmx-v2", IMPROVMX.created, IMPROVMX.changed, IMPROVMX.removed, IMPROVMX.fields, {})


@pytest.mark.parametrize("loop", [IMPLY, IMPROVMX, V2, TEMPMAIL, EMAILVERIFY], ids=lambda loop: loop.api)
def test_a_whole_life(loop: Loop, project: Project, tmp_path: Path) -> None:
    """Create, change, remove; the plan's requests are the changing calls; then nothing is left but what no call deletes."""
    credentials = CREDENTIALS[loop.api]
    version = "    api_version: v2\n" if loop.api.endswith("v2") else ""
    head = (
        f"version: 1\nproviders:\n  hosting:\n    type: {loop.api.partition('-')[0]}\n    rate_limit: none\n"
        f"    base_url: {project.sandbox.url(loop.api)}\n{version}"
        + "".join(f"    {name}: {value}\n" for name, value in credentials.items())
    )
    for text in (loop.created, loop.changed, loop.removed):
        (tmp_path / "mailsync.yaml").write_text(head + text)
        planned = project.mailsync("plan", "--format", "json").document
        if text is loop.changed:
            shown = {c["address"]: {f["field"] for f in c["fields"]} for c in planned["changes"]}
            assert shown == loop.fields
        project.sandbox.reset_requests()
        project.apply("--force")
        calls = [call for call in project.calls() if "/auth/" not in call]
        assert len(calls) == planned["estimate"]["requests"], calls
        assert {r.status for r in project.sandbox.requests} <= {200, 201, 204}
        again = project.mailsync("plan", "--detailed-exitcode")
        assert (again.code, again.out.count("No changes.")) == (0, 1), again
    api = loop.api.partition("-")[0]
    kinds = ("domain", "mailbox", "alias", "webhook")
    left = {kind: len(rows) for kind in kinds if (rows := rows_of(project.sandbox, api, kind))}
    assert left == loop.left


def rows_of(sandbox: Sandbox, api: str, kind: str) -> list[object]:
    try:
        return list(sandbox.rows(api, kind))
    except KeyError:
        return []
