"""Every mistake in a manifest is told with its line, its column and what is wrong, and never with a traceback."""

from pathlib import Path

import pytest
from broken_manifests import BROKEN, Broken
from manifest_fakes import HEAD, load, refused

from reconciler.manifests.excerpts import SourceLines
from reconciler.model.location import Location
from reconciler.model.manifest import ManifestRequest


def place(text: str) -> Location:
    """Where » stands."""
    before = text.replace("HEAD\n", HEAD).partition("»")[0]
    return Location("mailsync.yaml", before.count("\n") + 1, len(before) - before.rfind("\n"))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.title)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, broken: Broken) -> None:
    """The first error has the code, the words and the place that the table says."""
    found = refused(tmp_path, broken.text.replace("»", ""))
    [first, *_] = [finding for finding in found if finding.code == broken.code] or found
    assert (first.code, first.location) == (broken.code, place(broken.text))
    assert broken.says in first.message
    assert first.severity == "error"


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.title)
def test_one_mistake_is_one_finding(tmp_path: Path, broken: Broken) -> None:
    """Nothing is told that only follows from it."""
    assert len(refused(tmp_path, broken.text.replace("»", ""))) == 1


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Of all files, in the order of files and lines; also what only a later step can see."""
    files = {
        "a.yaml": "HEAD\ndomains:\n  a.example: {quota: 5, mailboxes: {'a b': {}}}\n",
        "b.yaml": "domains:\n  b.example: {provider: hostin}\nremoved: [x]\n",
        "c.yaml": "vars: [\n",
    }
    found = refused(tmp_path, files, ".")
    assert [str(finding.location) for finding in found] == [
        "a.yaml:3:22",
        "a.yaml:3:37",
        "b.yaml:3:11",
        "c.yaml:2:1",
    ]


def test_what_a_broken_file_may_define_is_not_missed(tmp_path: Path) -> None:
    """While a file cannot be read, providers, templates and variables may be in it."""
    files = {
        "a.yaml": "domains: {a.example: {provider: p, use: [t], description: '{{ vars.x }}', aliases: {'a(b)': c@d.example}}}\n",
        "b.yaml": "providers: [\n",
    }
    assert [finding.code for finding in refused(tmp_path, files, ".")] == ["syntax"]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("    mailboxs: {}\n", "did you mean 'mailboxes'?"),
        ("    provider: hostin\n", "did you mean 'hosting'?"),
        ("    active: yes\n", "write true, without quotes"),
        ("    prune: al\n", "did you mean 'all'?"),
        ("    use: standard\n", "write [standard]"),
        ("    description: '{{ vars.opps }}'\n", "did you mean 'ops'?"),
        ("    description: {{ vars.ops }}\n", 'an expression must stand in quotes: "{{ vars.name }}"'),
    ],
)
def test_a_hint_says_what_was_meant(tmp_path: Path, written: str, hint: str) -> None:
    """Misspelt keys, names and values get the nearest right one."""
    [finding] = refused(tmp_path, "vars: {ops: x}\nHEAD\ndomains:\n  example.com:\n" + written)
    assert finding.hint == hint


@pytest.mark.parametrize(
    "member",
    [
        "password: 'hunter2 {{'",
        "password: '{{ hunter2 x }}'",
        "password: '${hunter2}'",
        "password: [hunter2]",
        "password: {hunter2: 1}",
        "password: {{ hunter2 }}",
        "password: *hunter2",
        "password: !hunter2 x",
        "password:hunter2",
        "? password=hunter2",
        "'password : hunter2': 1",
        "password:hunter2, password:hunter2",
    ],
)
def test_no_text_holds_a_secret(tmp_path: Path, member: str) -> None:
    """Not even one that is written wrong; neither message nor hint nor the line that is shown."""
    head = "providers: {h: {type: imply, password: 'hunter2', token: [hunter2], totp_secret: hunter2}}\n"
    text = head + f"domains: {{example.com: {{mailboxes: {{john: {{{member}}}}}}}}}\n"
    lines = SourceLines(ManifestRequest(str(tmp_path)))
    for finding in refused(tmp_path, text):
        assert finding.location is not None
        shown = f"{finding.message} {finding.hint} {lines.line(finding.location)}"
        assert "hunter2" not in shown
    [finding] = refused(tmp_path, "HEAD\ndomains: {example.com: {mailboxes: {john: 'password:hunter2'}}}\n")
    assert "hunter2" not in finding.message


def test_a_warning_alone_is_no_error(tmp_path: Path) -> None:
    """It is in the manifest's diagnostics."""
    manifest = load(tmp_path, "HEAD\ndomains: {example.com: {mailboxes: {john: {password: hunter2}}}}\n")
    [warning] = manifest.diagnostics
    assert (warning.severity, warning.code) == ("warning", "plaintext-secret")
    assert warning.address == "hosting/mailbox/john@example.com"
    assert "hunter2" not in repr(manifest)
