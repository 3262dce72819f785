"""The JSON Schema of manifests, from the same shapes that validate them and the settings models of the providers.

It is for editors: completion, hover, a mark at what is misspelt. Any value may be computed, so beside what is declared
each place takes a text with `{{ }}`, and a setting of a provider or the state a reference.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from reconciler.manifests import shapes
from reconciler.manifests.secrecy import REFERENCE
from reconciler.providers.base import Provider

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/{model}"
_EXPRESSION: Final = {"$ref": "#/$defs/expression"}
_REFERENCE: Final = {"$ref": "#/$defs/reference"}
_COMMON: Final[Schema] = {
    "expression": {
        "description": "Computed: {{ vars.NAME }}, and inside of templates also {{ domain }}.",
        "type": "string",
        "pattern": r"\{\{",
    },
    "reference": {
        "description": "A reference to a secret: ${env:NAME} or ${file:PATH}.",
        "type": "string",
        "pattern": f"^{REFERENCE}$",
    },
}
_SHAPES: Final = {
    "file": shapes.File,
    "template": shapes.Template,
    "domain": shapes.Domain,
    "mailbox": shapes.Mailbox,
    "alias": shapes.AliasFields,
    "webhook": shapes.Webhook,
    "policies": shapes.Policies,
}
# What may be said of a text that can still be an expression or a reference.
_FREE_TEXT: Final = frozenset({"type", "description", "examples", "default", "format", "writeOnly", "minLength"})


def manifest_schema(providers: Mapping[str, Provider]) -> Schema:
    """The schema, for the given provider types."""
    settings = {name: _settings(providers[name]) for name in sorted(providers)}
    declared = _declared(_SHAPES | {f"state_{name}": shape for name, shape in shapes.STATE_BACKENDS.items()})
    whole = declared.pop("file")
    definitions = {name: _computable_below(schema) for name, schema in declared.items()}
    for name in shapes.STATE_BACKENDS:
        definitions[f"state_{name}"] = _backend(name, definitions[f"state_{name}"])
    for name, schema in settings.items():
        definitions |= schema.pop("$defs", {})
        definitions[f"provider_{name}"] = schema
    sections = {
        "policies": {"anyOf": [{"$ref": "#/$defs/policies"}, {"type": "null"}]},
        "state": _by("backend", "state", list(shapes.STATE_BACKENDS), default="local"),
        "providers": _named(_by("type", "provider", list(settings)), pattern="^[A-Za-z0-9_-]+$"),
        "templates": _named({"$ref": "#/$defs/template"}),
        "domains": _named({"anyOf": [{"$ref": "#/$defs/domain"}, {"type": "null"}]}),
        "webhooks": _named({"$ref": "#/$defs/webhook"}),
    }
    for name, schema in sections.items():
        whole["properties"][name] = {"description": whole["properties"][name]["description"], **schema}
    for name in ("removed", "forget"):
        whole["properties"][name] = _computable(whole["properties"][name])
    return {"$schema": _DIALECT, "title": "mailsync manifest", **whole, "$defs": {**_COMMON, **definitions}}


def _declared(declarations: Mapping[str, Any]) -> dict[str, Schema]:
    """The schema of each, and of what they use, by name."""
    inputs = [(name, "validation", TypeAdapter(declared)) for name, declared in declarations.items()]
    by_name, common = TypeAdapter.json_schemas(inputs, ref_template=_REF)  # type: ignore[arg-type]
    used: dict[str, Schema] = common.get("$defs", {})
    top = {name: by_name[name, "validation"] for name in declarations}
    inlined = {schema["$ref"].rpartition("/")[2]: name for name, schema in top.items() if "$ref" in schema}
    named = {inlined.get(name, name.lower()): schema for name, schema in used.items()}
    renamed = {_REF.format(model=old): _REF.format(model=inlined.get(old, old.lower())) for old in used}
    return {name: _cleaned(schema, renamed) for name, schema in (top | named).items() if "$ref" not in schema}


def _settings(provider: Provider) -> Schema:
    schema = _cleaned(provider.settings.model_json_schema(ref_template=_REF), {})
    properties = {name: _computable(_referable(one)) for name, one in schema["properties"].items()}
    return {**schema, "properties": {"type": {"const": provider.type}, **properties}}


def _backend(name: str, schema: Schema) -> Schema:
    properties = {key: _referable(one) for key, one in schema["properties"].items() if key != "backend"}
    required = list(shapes.REQUIRED_STATE.get(name, ()))
    return {**schema, "properties": {"backend": {"const": name}, **properties}, "required": required}


def _by(key: str, prefix: str, kinds: list[str], default: str | None = None) -> Schema:
    """A mapping whose other members depend on *key*; without it they are those of *default*."""
    cases = [_case({key: {"const": kind}}, [key], f"{prefix}_{kind}") for kind in kinds]
    if default:
        cases.append(
            {"if": {"type": "object", "not": {"required": [key]}}, "then": {"$ref": f"#/$defs/{prefix}_{default}"}}
        )
    kind = {"anyOf": [{"enum": kinds}, _EXPRESSION]}
    required: Schema = {} if default else {"required": [key]}
    return {"type": ["object", "null"] if default else "object", **required, "properties": {key: kind}, "allOf": cases}


def _case(properties: Schema, required: list[str], then: str) -> Schema:
    return {
        "if": {"type": "object", "properties": properties, "required": required},
        "then": {"$ref": f"#/$defs/{then}"},
    }


def _named(member: Schema, pattern: str | None = None) -> Schema:
    names: Schema = {"propertyNames": {"pattern": pattern}} if pattern else {}
    return {"type": ["object", "null"], **names, "additionalProperties": member}


def _cleaned(schema: Any, renamed: Mapping[str, str]) -> Any:
    """Without the titles that pydantic makes of names, and with definitions by their own names."""
    if isinstance(schema, list):
        return [_cleaned(one, renamed) for one in schema]
    if not isinstance(schema, dict):
        return schema
    named = schema.get("properties")
    cleaned = {
        key: renamed.get(one, one) if key == "$ref" else _cleaned(one, renamed)
        for key, one in schema.items()
        if key not in ("title", "properties")
    }
    if isinstance(named, dict):
        cleaned["properties"] = {name: _cleaned(one, renamed) for name, one in named.items()}
    return cleaned


def _computable_below(schema: Schema) -> Schema:
    """Every member and item may also be an expression."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {n: _computable(_computable_below(one)) for n, one in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = _computable(_computable_below(schema[key]))
    if "anyOf" in schema:
        result["anyOf"] = [_computable_below(one) for one in schema["anyOf"]]
    return result


def _computable(schema: Schema) -> Schema:
    return _or(schema, _EXPRESSION)


def _referable(schema: Schema) -> Schema:
    return _or(schema, _REFERENCE)


def _or(schema: Schema, other: Schema) -> Schema:
    options = schema.get("anyOf", [schema])
    if any(one.get("type") == "string" and one.keys() <= _FREE_TEXT for one in options):
        return schema  # takes any text
    said: Schema = {key: schema[key] for key in ("description", "default", "examples") if key in schema}
    options = [{key: value for key, value in one.items() if key not in said} for one in options]
    return {**said, "anyOf": [*options, other]}
