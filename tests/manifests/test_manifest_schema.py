"""The JSON Schema: what is valid is valid by it, what is misspelt is not; editors get words for everything."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from broken_manifests import BROKEN
from manifest_fakes import HEAD, PROVIDERS, load

from reconciler.manifests.schema import manifest_schema

SCHEMA = manifest_schema(PROVIDERS)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

VALID = (
    "version: 1\n",
    "state:\npolicies:\nproviders:\ntemplates:\ndomains:\nwebhooks:\nremoved:\nforget:\ninclude:\nvars:\n",
    HEAD + "domains: {a.example: , b.example: {mailboxes: , aliases: {a: a@b.example, b: [a@b.example]}}}\n",
    HEAD + "templates: {t: {}}\ndomains: {a.example: {catch_all: null, quota: 5 GiB, max_aliases: 7, use: [t]}}\n",
    HEAD + "domains: {a.example: {catch_all: [a@b.example], quota: unlimited, mailboxes: {a: , b: {quota: null}}}}\n",
    "vars: {a: 1}\n" + HEAD + "domains: {a.example: {active: '{{ vars.a == 1 }}', max_aliases: '{{ vars.a }}'}}\n",
    "providers: {p: {type: imply, token: '${env:T}', timeout: '${env:N}', concurrency: '{{ 1 + 1 }}'}}\n",
    "state: {path: x}\n",
    "state: {backend: http, address: 'https://a.example', password: '${env:P}'}\n",
    "providers: {p: {type: imply, token: x}}\nwebhooks: {w: {url: 'https://w.example', secret: '${env:S}', events: [a]}}\n",
    "policies: {max_change_percent: 12.5, require_addresses: [a], prune: all}\nremoved: [hosting/mailbox/a@b.example]\n",
)


@pytest.mark.parametrize("text", VALID, ids=range(len(VALID)))
def test_what_is_valid_is_valid_by_the_schema(tmp_path: Path, text: str) -> None:
    """Both say so."""
    load(tmp_path, text)
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize("broken", [b for b in BROKEN if b.code == "unknown-field"], ids=lambda b: b.title)
def test_what_is_misspelt_is_not(broken: Any) -> None:
    """At every level."""
    if "star" not in broken.title:  # says a field of an alias, not a key
        assert not VALIDATOR.is_valid(yaml.safe_load(broken.text.replace("»", "").replace("HEAD\n", HEAD)))


@pytest.mark.parametrize(
    "text",
    [
        "providers: {p: {type: nope}}",
        "providers: {p: {token: x}}",
        "providers: {p: {type: mailserver, api_key: x}}",
        "providers: {'a b': {type: imply}}",
        "state: {backend: s3}",
        "state: {backend: local, url: x}",
        "domains: {a.example: {quota: 5}}",
        "domains: {a.example: {active: 'yes'}}",
        "domains: {a.example: {aliases: {a: []}}}",
        "policies: {prune: some}",
    ],
)
def test_wrong_values_are_not(text: str) -> None:
    """As far as a schema can tell."""
    assert not VALIDATOR.is_valid(yaml.safe_load(text))


def test_the_schema_is_one() -> None:
    """Of the dialect that it names, and without a reference to nowhere."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for reference in references(SCHEMA):
        assert reference.removeprefix("#/$defs/") in SCHEMA["$defs"]


def test_every_member_has_words() -> None:
    """For completion and hover."""
    shapes = {name: d for name, d in SCHEMA["$defs"].items() if not name.startswith(("provider_", "state_"))}
    bare = [
        f"{name}.{member}"
        for name, shape in {"": SCHEMA, **shapes}.items()
        for member, schema in shape.get("properties", {}).items()
        if "description" not in schema
    ]
    assert bare == []


def references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [found for one in schema for found in references(one)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
    return own + [found for one in schema.values() for found in references(one)]
