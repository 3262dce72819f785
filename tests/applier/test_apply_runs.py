"""An apply that goes wrong, is stopped or is killed: an honest report, nothing twice, nothing lost, and the next one ends it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import Project

from reconciler.sandbox import CREDENTIALS, Sandbox, SandboxOptions
from reconciler.sandbox.api import Answer
from reconciler.sandbox.mailserver import Mailserver

MANY = (
    "domains:\n  example.com:\n    mailboxes:\n"
    + "".join(f"      m{n}: {{password: '${{env:PASSWORD}}'}}\n" for n in range(5))
    + "    aliases:\n"
    + "".join(f"      a{n}: m{n}@example.com\n" for n in range(5))
)


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(latency=0.1)) as running:
        yield running


def write(folder: Path, sandbox: Sandbox, text: str, concurrency: int = 2) -> None:
    (folder / "mailsync.yaml").write_text(
        "version: 1\nproviders:\n  hosting:\n    type: mailserver\n    rate_limit: none\n"
        f"    concurrency: {concurrency}\n    base_url: {sandbox.url('mailserver')}\n    api_key: ${{env:KEY}}\n" + text
    )


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"KEY": CREDENTIALS["mailserver"]["api_key"], "PASSWORD": "a-long-password"}
    command = [sys.executable, "-m", "reconciler", *(arguments or ("apply", "--auto-approve"))]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = begin(folder, *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def writes(sandbox: Sandbox) -> list[tuple[str, str, int]]:
    return [(r.method, r.path, r.status) for r in sandbox.requests if r.method != "GET"]


def after_writes(count: int, sandbox: Sandbox, process: subprocess.Popen[str]) -> None:
    """Waits until that many writes were answered."""
    while len(writes(sandbox)) < count and process.poll() is None:
        time.sleep(0.01)


def owned(folder: Path) -> set[str]:
    return set(json.loads((folder / ".mailsync" / "state.json").read_text())["resources"])


def test_a_failure_skips_what_depends_on_it_and_nothing_else(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider refuses a password; the alias to that mailbox is skipped because of it, the others are done."""
    monkeypatch.setenv("SHORT", "12345")
    project.write(
        "HEAD\ndomains:\n  example.com:\n    mailboxes:\n      bad: {password: '${env:SHORT}'}\n"
        "      good: {password: '${env:PASSWORD}'}\n    aliases:\n      one: bad@example.com\n      two: good@example.com\n"
    )
    result = project.mailsync("apply", "--auto-approve", "--format", "json")
    assert result.code == 1
    told = {r["address"].rpartition("/")[2]: (r["status"], r["because"]) for r in result.document["results"]}
    assert told == {
        "example.com": ("done", None),
        "bad@example.com": ("failed", None),
        "one@example.com": ("skipped", "hosting/mailbox/bad@example.com"),
        "good@example.com": ("done", None),
        "two@example.com": ("done", None),
    }
    assert result.document["summary"] == {"done": 3, "failed": 1, "skipped": 1}
    assert "hosting/mailbox/bad@example.com" not in project.state["resources"]
    monkeypatch.setenv("SHORT", "long-enough")
    project.apply()
    assert project.mailsync("plan", "--detailed-exitcode").code == 0


def test_fail_fast_starts_nothing_after_a_failure(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first mailbox fails, so the second is not begun."""
    monkeypatch.setenv("SHORT", "12345")
    project.write(
        "HEAD\n    concurrency: 1\ndomains:\n  example.com:\n    mailboxes:\n      a: {password: '${env:SHORT}'}\n"
        "      b: {password: '${env:PASSWORD}'}\n"
    )
    result = project.mailsync("apply", "--auto-approve", "--fail-fast", "--format", "json")
    told = {r["address"].rpartition("/")[2]: (r["status"], r["because"]) for r in result.document["results"]}
    assert told["a@example.com"][0] == "failed"
    assert told["b@example.com"] == ("skipped", "--fail-fast")
    assert project.calls() == ["POST /domains", "POST /mailboxes"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_good_order(tmp_path: Path, slow: Sandbox, number: signal.Signals) -> None:
    """The calls under way end and are recorded, none is begun, exit 130; the next apply does the rest."""
    write(tmp_path, slow, MANY)
    process = begin(tmp_path)
    after_writes(3, slow, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    created = {row["email"] for row in slow.rows("mailserver", "mailbox")}
    assert {f"hosting/mailbox/{address}" for address in created} <= owned(tmp_path)
    assert len(writes(slow)) < 11
    assert run(tmp_path)[0] == 0
    assert {status for _, _, status in writes(slow)} == {201}
    assert len(writes(slow)) == 11


@pytest.mark.parametrize("number", [1, 2, 5, 8])
def test_killed_and_run_again(tmp_path: Path, slow: Sandbox, number: int) -> None:
    """kill -9 after so many writes: the next apply converges, makes nothing twice, and owns all that was created, so that
    what leaves the manifest afterwards is deleted."""
    write(tmp_path, slow, MANY)
    process = begin(tmp_path)
    after_writes(number, slow, process)
    process.kill()
    process.communicate(timeout=30)
    time.sleep(0.2)  # the server ends what it had begun
    code, _, err = run(tmp_path)
    assert code == 0, err
    assert len(slow.rows("mailserver", "mailbox")) == len(slow.rows("mailserver", "alias")) == 5
    assert {status for _, _, status in writes(slow)} == {201}
    assert len(owned(tmp_path)) == 11
    write(tmp_path, slow, "domains:\n  example.com: {}\n")
    assert run(tmp_path, "apply", "--auto-approve", "--allow-data-loss", "--force")[0] == 0
    assert (slow.rows("mailserver", "mailbox"), slow.rows("mailserver", "alias")) == ([], [])


def test_killed_in_a_destroy(tmp_path: Path, slow: Sandbox) -> None:
    """What goes with its domain is owned until the domain is gone."""
    write(tmp_path, slow, MANY, concurrency=1)
    assert run(tmp_path)[0] == 0
    slow.reset_requests()
    process = begin(tmp_path, "destroy", "--auto-approve", "--allow-data-loss")
    after_writes(2, slow, process)
    process.kill()
    process.communicate(timeout=30)
    time.sleep(0.3)
    code, _, err = run(tmp_path, "destroy", "--auto-approve", "--allow-data-loss")
    assert code == 0, err
    assert slow.rows("mailserver", "domain") == []
    assert owned(tmp_path) == set()


def test_a_provider_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was accepted and is not held is reported as failed, with both values."""
    monkeypatch.setattr(Mailserver, "update_alias", lambda self, call: Answer({"type": "success", "msg": "updated"}))
    with Sandbox() as lying:
        write(tmp_path, lying, "domains:\n  example.com: {aliases: {a: x@example.net}}\n")
        assert run(tmp_path)[0] == 0
        write(tmp_path, lying, "domains:\n  example.com: {aliases: {a: y@example.net}}\n")
        code, out, _ = run(tmp_path, "apply", "--auto-approve", "--format", "json")
    assert code == 1
    [outcome] = json.loads(out)["results"]
    assert outcome["status"] == "failed"
    assert "x@example.net" in outcome["message"]
    assert "y@example.net" in outcome["message"]
