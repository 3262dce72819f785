"""schemas/ is generated from the models and current; what mailsync writes and what the examples say is valid by it."""

import json
from pathlib import Path

import generated
import jsonschema
import pytest
import yaml
from project import Project

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", generated.GENERATED)
def test_a_generated_file_is_current(name: str) -> None:
    """What the code would write lies in the repository."""
    assert (ROOT / name).read_text(encoding="utf-8") == generated.GENERATED[name]()


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/**/*.yaml")), ids=lambda p: p.name)
def test_an_example_is_valid_by_the_schema(path: Path) -> None:
    """An editor with the schema marks nothing in an example."""
    schema = json.loads((ROOT / "schemas/manifest.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(path.read_text()))


def test_a_misspelt_field_is_not() -> None:
    """And marks what is misspelt."""
    schema = json.loads((ROOT / "schemas/manifest.schema.json").read_text())
    manifest = {"version": 1, "domains": {"example.com": {"mailboxs": {}}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(manifest)


def test_a_plan_is_valid_by_the_schema(project: Project) -> None:
    """The document of `plan --format json` and of `plan --out`, with changes of all kinds."""
    schema = json.loads((ROOT / "schemas/plan.schema.json").read_text())
    project.write("HEAD\ndomains:\n  example.com:\n    mailboxes:\n      john: {password: '${env:PASSWORD}'}\n")
    jsonschema.Draft202012Validator(schema).validate(project.mailsync("plan", "--format", "json").document)
    project.apply()
    project.write("HEAD\n")
    jsonschema.Draft202012Validator(schema).validate(project.mailsync("plan", "--format", "json").document)
