"""Where a resource stands, for those who ask; and which line that is, without secrets."""

from pathlib import Path

import pytest
from manifest_fakes import load, refused

from reconciler.manifests.excerpts import SourceLines
from reconciler.model.location import Location
from reconciler.model.manifest import Manifest, ManifestRequest
from reconciler.model.names import ResourceAddress

FILES = {
    "mailsync.yaml": """\
providers: {p: {type: imply, token: '${env:T}'}}
include: [more.yaml]
vars: {box: &box {quota: 1 GiB}}
templates:
  t:
    quota: 1 GiB
    mailboxes:
      Eve: {name: Eve}
    aliases:
      info: [a@x.example,
             b@x.example]
domains:
  Example.com:
    use: [t]
    aliases:
      "*": c@x.example
    mailboxes:
      John:
        <<: *box
        name: John
        password: ${env:PW}
webhooks:
  audit:
    url: https://hooks.example/
    events: [a]
""",
    "more.yaml": """\
domains:
  example.com:
    description: more
    aliases: {sales: d@x.example}
    mailboxes: {eve: {active: true}}
""",
}


@pytest.mark.parametrize(
    ("address", "member", "place"),
    [
        ("p/domain/example.com", None, "mailsync.yaml:13:3"),
        ("p/domain/example.com", "quota", "mailsync.yaml:6:5"),
        ("p/domain/example.com", "description", "more.yaml:3:5"),
        ("p/domain/example.com", "catch_all", "mailsync.yaml:16:7"),
        ("p/domain/example.com", "active", "mailsync.yaml:13:3"),
        ("p/mailbox/john@example.com", None, "mailsync.yaml:18:7"),
        ("p/mailbox/john@example.com", "name", "mailsync.yaml:20:9"),
        ("p/mailbox/john@example.com", "password", "mailsync.yaml:21:9"),
        ("p/mailbox/john@example.com", "quota", "mailsync.yaml:3:19"),
        ("p/mailbox/john@example.com", "active", "mailsync.yaml:18:7"),
        ("p/mailbox/eve@example.com", None, "more.yaml:5:17"),
        ("p/mailbox/eve@example.com", "name", "mailsync.yaml:8:13"),
        ("p/alias/info@example.com", None, "mailsync.yaml:10:7"),
        ("p/alias/info@example.com", "destinations", "mailsync.yaml:10:7"),
        ("p/alias/sales@example.com", "destinations", "more.yaml:4:15"),
        ("p/webhook/https://hooks.example/", None, "mailsync.yaml:23:3"),
        ("p/webhook/https://hooks.example/", "events", "mailsync.yaml:25:5"),
        ("p/webhook/https://other.example/", None, None),
        ("p/mailbox/john@other.example", None, None),
    ],
)
def test_places(tmp_path: Path, address: str, member: str | None, place: str | None) -> None:
    """A resource is at its key, a member at the member's; what comes from a template is there; over all files."""
    found = load(tmp_path, FILES).places(ResourceAddress.parse(address), member)
    assert (str(found) if found else None) == place


def test_a_resource_of_a_declared_domain_that_is_not_declared(tmp_path: Path) -> None:
    """Is nearest to its domain."""
    found = load(tmp_path, FILES).places(ResourceAddress.parse("p/mailbox/nobody@example.com"))
    assert str(found) == "mailsync.yaml:17:5"


def test_asking_costs_nothing_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that is right is read without positions."""
    monkeypatch.setattr("reconciler.manifests.positions.index", lambda raw: pytest.fail("positions were read"))
    assert isinstance(load(tmp_path, FILES), Manifest)


SECRETS = """\
vars: &v {pin: &pin hunter2, name: shown}
providers:
  p: {type: imply, email: shown, password: "hunter2", token: 'hunter2' }   # hunter2
  q:
    api_key: |
      hunter2
        hunter2
    totp_secret: >-
      hunter2
    type: imply # shown
    token: ${env:shown}
state: {backend: postgres, url: "postgres://shown:hunter2@shown/"}
domains:
  shown.example:
    mailboxes:
      a: {password: *pin, password_version: 1, force_password_update: true}
      b:
        password: hunter2
          hunter2

          hunter2
        name: shown
      c: {password: [hunter2, {x: hunter2}], "password": {hunter2: hunter2}}
      d: {password: "{{ 'hunter2' }}", ? password : hunter2, 'secret':hunter2}
      e: {<<: {password: hunter2}, name: shown, password: "hunter
  2 hunter2", active: true}
webhooks: {w: {secret: !!str hunter2, secret_version: 2}}
"""


def test_source_lines_show_no_secret(tmp_path: Path) -> None:
    """Not in flow style, not in block scalars, not through an anchor, not in a URL; the rest of the line stays."""
    (tmp_path / "m.yaml").write_text(SECRETS)
    lines = SourceLines(ManifestRequest(str(tmp_path)))
    shown = [lines.line(Location("m.yaml", number + 1)) or "" for number in range(SECRETS.count("\n"))]
    assert not [line for line in shown if "hunter" in line]
    assert "\n".join(shown).count("shown") == SECRETS.count("shown")
    assert shown[2] == "  p: {type: imply, email: shown, password: ***, token: *** }"
    assert shown[9] == "    type: imply # shown"
    assert shown[10] == "    token: ${env:shown}"


@pytest.mark.parametrize(
    "text",
    [
        "password: 'hunter2\nx: 1\n",
        "a: {password: hunter2\nb: 1\n",
        "password:\n\thunter2\n",
        "a: b: c\ntoken: hunter2\n",
    ],
)
def test_a_file_that_is_no_yaml_shows_no_secret_either(tmp_path: Path, text: str) -> None:
    """Where a value ends cannot be told there, so from a secret key on nothing is shown."""
    (tmp_path / "m.yaml").write_text("shown: 1\n" + text)
    lines = SourceLines(ManifestRequest(str(tmp_path)))
    assert lines.line(Location("m.yaml", 1)) == "shown: 1"
    assert "hunter2" not in "".join(lines.line(Location("m.yaml", number)) or "" for number in range(2, 9))


def test_lines_are_shown_of_manifests_only(tmp_path: Path) -> None:
    """Not of files of variables, which may hold anything; not of what is not there."""
    (tmp_path / "v.yaml").write_text("john: hunter2\n")
    lines = SourceLines(ManifestRequest(str(tmp_path), variable_files=("./v.yaml",)))
    assert lines.line(Location("v.yaml", 1)) is None
    assert lines.line(Location("nope.yaml", 1)) is None
    assert lines.line(Location("v.yaml", 99)) is None


def test_the_line_of_a_finding(tmp_path: Path) -> None:
    """From the working directory of the request, as the finding names it."""
    [finding] = refused(tmp_path, {"m/a.yaml": "polices: {}\n"}, "m")
    assert finding.location is not None
    assert SourceLines(ManifestRequest(str(tmp_path), ("m",))).line(finding.location) == "polices: {}"
