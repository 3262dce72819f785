"""Every example is run as its reader would run it, against the sandbox."""

import shutil
from pathlib import Path

import pytest
from project import Project

from reconciler.cli.commands.demo import environment
from reconciler.sandbox import CREDENTIALS

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["company", "quickstart"])
def test_an_example_applies_and_then_plans_clean(name: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is valid without a warning, its plan can be applied, and after that there is nothing to do."""
    shutil.copytree(EXAMPLES / name, project.folder, dirs_exist_ok=True)
    for variable, value in environment(CREDENTIALS).items():
        monkeypatch.setenv(variable, value)
    options = ("--var", f"sandbox=http://127.0.0.1:{project.sandbox.port}")
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


def test_a_domain_moves_in_two_steps(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Created at the new host while the old one stays, and deleted at the old one only after consent: at every moment one
    of them answers."""
    shutil.copytree(EXAMPLES / "migration", project.folder, dirs_exist_ok=True)
    for variable, value in environment(CREDENTIALS).items():
        monkeypatch.setenv(variable, value)
    sandbox = ("--var", f"sandbox=http://127.0.0.1:{project.sandbox.port}")
    domains = []
    for name in ("start.yaml", "1-create-at-the-new-host.yaml", "2-delete-at-the-old-host.yaml"):
        project.apply("-f", name, *sandbox)
        domains.append([len(project.sandbox.rows(api, "domain")) for api in ("mailserver", "improvmx")])
        after = project.mailsync("plan", "--detailed-exitcode", "-f", name, *sandbox)
        assert after.code == 0
        assert ("move-pending" in after.err or "stays, although" in after.err) == name.startswith("1-")
    assert domains == [[1, 0], [1, 1], [0, 1]]
