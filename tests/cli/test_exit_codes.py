"""What a pipeline relies on: exit codes, and which stream says what."""

import subprocess
import sys
from pathlib import Path

import pytest
from project import Project

ONE_ALIAS = "HEAD\ndomains:\n  example.com:\n    aliases:\n      info: eve@example.net\n"
ONE_MAILBOX = "HEAD\ndomains:\n  example.com:\n    mailboxes:\n      john: {password: '${env:PASSWORD}'}\n"


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["plan", "--no-such-option"], ["plan", "extra"], ["-v", "-q", "plan"], ["plan", "--var", "novalue"],
     ["plan", "--format", "xml"], ["show"], []],
)  # fmt: skip
def test_wrong_usage_is_64(project: Project, arguments: list[str]) -> None:
    """Never 2, which means `there are changes`."""
    assert project.mailsync(*arguments).code == 64


def test_a_missing_file_is_1_and_is_named(project: Project) -> None:
    """A file that is missing is no wrong usage."""
    for arguments in (["plan", "-f", "nowhere.yaml"], ["show", "nowhere.json"], ["plan"]):
        result = project.mailsync(*arguments)
        assert result.code == 1
        assert "nowhere" in result.err or "mailsync.yaml" in result.err


def test_detailed_exitcode_tells_changes_from_none(project: Project) -> None:
    """2 when there are changes, 0 when there are none; without the option always 0."""
    project.write(ONE_ALIAS)
    assert project.mailsync("plan").code == 0
    assert project.mailsync("plan", "--detailed-exitcode").code == 2
    project.apply()
    assert project.mailsync("plan", "--detailed-exitcode").code == 0


def test_adoptions_need_no_question_and_are_no_change(project: Project) -> None:
    """Only adoptions: exit 0 without a terminal and without --auto-approve, and the ledger is written."""
    project.write(ONE_ALIAS)
    project.apply()
    (project.folder / ".mailsync" / "state.json").unlink()
    assert project.mailsync("plan", "--detailed-exitcode").code == 0
    assert project.mailsync("apply").code == 0
    assert len(project.state["resources"]) == 2


def test_without_a_terminal_nobody_can_say_yes(project: Project) -> None:
    """Exit 3 and nothing sent."""
    project.write(ONE_ALIAS)
    result = project.mailsync("apply")
    assert (result.code, project.calls()) == (3, [])
    assert "--auto-approve" in result.err


def test_data_loss_needs_consent(project: Project) -> None:
    """A mailbox that leaves the manifest is blocked: plan says so (and exits 2 with --detailed-exitcode), apply refuses
    with 3; listed under removed: it goes."""
    project.write(ONE_MAILBOX)
    project.apply()
    project.write("HEAD\ndomains:\n  example.com: {}\n")
    project.sandbox.reset_requests()
    planned = project.mailsync("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "! hosting/mailbox/john@example.com" in planned.out
    assert (project.mailsync("apply", "--auto-approve").code, project.calls()) == (3, [])
    project.write("HEAD\ndomains:\n  example.com: {}\nremoved: [hosting/mailbox/john@example.com]\n")
    project.apply()
    assert project.calls() == ["DELETE /mailboxes/john%40example.com"]


def test_a_missing_secret_stops_before_the_first_write(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """plan never needs a password; apply needs it and sends nothing without."""
    project.write(ONE_MAILBOX)
    monkeypatch.delenv("PASSWORD")
    assert project.mailsync("plan").code == 0
    result = project.mailsync("apply", "--auto-approve")
    assert (result.code, project.calls()) == (1, [])
    assert "${env:PASSWORD}" in result.err


def test_drift_is_2_and_no_ledger_is_1(project: Project) -> None:
    """Drift compares with what was applied last."""
    project.write(ONE_ALIAS)
    assert project.mailsync("drift").code == 1
    assert project.mailsync("drift", "--allow-empty").code == 0
    project.apply()
    assert project.mailsync("drift").code == 0
    project.sandbox.seed("mailserver", "alias", {"address": "info@example.com", "goto": "mallory@example.net"})
    result = project.mailsync("drift", "--format", "json")
    assert result.code == 2
    [drifted] = result.document["drift"]
    assert (drifted["address"], drifted["kind_of_drift"]) == ("hosting/alias/info@example.com", "changed")
    assert drifted["fields"][0]["before"] == ["eve@example.net"]
    assert drifted["fields"][0]["after"] == ["mallory@example.net"]


def test_json_is_one_document_and_nothing_else(project: Project) -> None:
    """Also when the command fails: then with its diagnostics."""
    project.write(ONE_ALIAS.replace("aliases", "aliasses"))
    planned = project.mailsync("plan", "--format", "json")
    assert (planned.code, planned.document["changes"]) == (1, [])
    assert "did you mean" in (planned.document["diagnostics"][0]["hint"] or "")
    assert project.mailsync("apply", "--format", "json").document["results"] == []
    assert project.mailsync("validate", "--format", "json").document[0]["line"] == 10


def test_a_saved_plan_is_applied_and_a_stale_one_refused(project: Project) -> None:
    """What was approved is executed; one more change is not, and the refusal says which."""
    project.write(ONE_ALIAS)
    assert project.mailsync("plan", "--out", "plan.json").code == 0
    assert "+ hosting/alias/info@example.com" in project.mailsync("show", "plan.json").out
    project.write(ONE_ALIAS + "      sales: eve@example.net\n")
    refused = project.mailsync("apply", "plan.json")
    assert (refused.code, project.calls()) == (3, [])
    assert "hosting/alias/sales@example.com" in refused.err
    project.write(ONE_ALIAS)
    assert project.mailsync("apply", "plan.json").code == 0
    assert project.mailsync("apply", "plan.json").code == 0
    assert len(project.calls()) == 2
    assert project.mailsync("apply", "plan.json", "--target", "x").code == 64


def test_the_other_apply_is_named(project: Project) -> None:
    """Exit 4, with who holds the lock."""
    project.write(ONE_ALIAS)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(project.folder / ".mailsync" / "state.json")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        result = project.mailsync("apply", "--auto-approve")
        assert (result.code, project.calls()) == (4, [])
        assert str(holder.pid) in result.err
        assert project.mailsync("plan").code == 0
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


_HOLD = """
import asyncio, os, sys
from pathlib import Path
from reconciler.ledger.base import LockInfo
from reconciler.ledger.local import LocalBackend
async def hold():
    async with LocalBackend(Path(sys.argv[1])).lock(LockInfo("1", "me", "here", os.getpid(), "apply", "now")):
        print("held", flush=True)
        await asyncio.sleep(60)
asyncio.run(hold())
"""


def test_interrupted_before_writing_is_130(project: Project, tmp_path: Path) -> None:
    """Ctrl-C while listing: nothing was written, nothing is said but that."""
    from reconciler.sandbox import Sandbox, SandboxOptions

    with Sandbox(SandboxOptions(latency=5)) as slow:
        manifest = project.head.replace(project.sandbox.url("mailserver"), slow.url("mailserver"))
        (tmp_path / "mailsync.yaml").write_text(manifest + "domains: {example.com: {}}\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "plan"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        while not slow.requests and process.poll() is None:
            pass
        process.send_signal(2)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_help_and_version_are_instant() -> None:
    """At most 120 modules beyond those of a bare interpreter, so that completion and scripts do not wait."""
    for argument in ("--help", "--version"):
        script = f"import sys; bare = len(sys.modules); from reconciler.cli import run; run([{argument!r}]); " + (
            "print(len(sys.modules) - bare, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert int(done.stderr) <= 120


def test_every_command_has_an_example() -> None:
    """--help of every command ends with one."""
    from reconciler.cli import COMMANDS

    for name in COMMANDS:
        done = subprocess.run([sys.executable, "-m", "reconciler", name, "--help"], capture_output=True, text=True)
        assert done.returncode == 0
        assert "Example: " in done.stdout
