"""Every example is run as its reader would run it, against the sandbox."""

import shutil
from pathlib import Path

import pytest
from project import Project

EXAMPLES = Path(__file__).parents[2] / "examples"
PASSWORDS = ("JANE_PASSWORD", "JOHN_PASSWORD", "BILLING_PASSWORD", "EMPFANG_PASSWORD")


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir()))
def test_an_example_applies_and_then_plans_clean(name: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is valid without a warning, its plan can be applied, and after that there is nothing to do."""
    shutil.copytree(EXAMPLES / name, project.folder, dirs_exist_ok=True)
    for password in PASSWORDS:
        monkeypatch.setenv(password, "a-password-of-its-own")
    options = ("--var", f"sandbox=http://127.0.0.1:{project.sandbox.port}", "--var", "pace=none")
    assert project.mailsync("validate", *options).out == "The manifest is valid.\n"
    assert project.mailsync("plan", "--detailed-exitcode", *options).code == 2
    project.apply(*options)
    assert project.mailsync("plan", "--detailed-exitcode", *options).code == 0


def test_the_demo_does_what_it_says(project: Project) -> None:
    """Exit 0 only if plan, apply, drift and repair really happened."""
    result = project.mailsync("demo")
    assert result.code == 0, result
    assert result.out.count("No changes.") == 2
    assert "billing@example.com" in result.out
