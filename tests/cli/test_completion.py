"""Completion in bash, zsh and fish."""

import os
import subprocess
import sys

import pytest
from project import Project


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell: str, project: Project) -> None:
    """The script names the command and the variable through which it asks."""
    result = project.mailsync("completion", shell)
    assert result.code == 0
    assert "_MAILSYNC_COMPLETE" in result.out


@pytest.mark.parametrize(
    ("typed", "expected"), [("mailsync pl", "plan"), ("mailsync plan --deta", "--detailed-exitcode")]
)
def test_commands_and_options_are_completed(typed: str, expected: str) -> None:
    """As a shell asks: the words typed so far, and the place of the last one."""
    environment = os.environ | {
        "_MAILSYNC_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))
    }  # fmt: skip
    script = "import sys; from reconciler.cli import run; sys.exit(run([]))"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert f"plain,{expected}" in done.stdout.splitlines()
