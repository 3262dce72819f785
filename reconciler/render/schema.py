"""JSON Schema (2020-12) of the plan document, for those who read plans with programs."""

from typing import Any, get_args

from reconciler.model.names import KINDS
from reconciler.model.plan import ACTIONS, BlockCode, FlowEffect, Risk

FORMAT_VERSION = "1.0"

Schema = dict[str, Any]


def plan_schema() -> Schema:
    """Keys that are not described may come in a later minor version; readers leave them aside."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mailsync plan",
        "description": "What `mailsync plan --format json` prints and `mailsync plan --out FILE` saves.",
        **_object(_plan(), optional=("vars_digest", "document_digest", "options", "providers")),
        "$defs": {
            "address": _text("PROVIDER/KIND/KEY: how a resource is called."),
            "value": {
                "description": "Sizes in bytes or `unlimited`, sets as sorted lists, null for none.",
                "anyOf": [{"type": ["string", "integer", "boolean", "null"]}, {"type": "array", "items": _text()}],
            },
            "fields": {
                "description": "The managed fields by name.",
                "type": ["object", "null"],
                "additionalProperties": {"$ref": "#/$defs/value"},
            },
            "recipients": _list(_text(), "Mailboxes and outside addresses that receive the mail, sorted."),
            "change": _object(_change(), optional=("note",)),
            "field": _object(_field()),
            "flow": _object(_flow()),
            "diagnostic": _object(_diagnostic()),
            "provider": _object(_provider()),
        },
    }


def _plan() -> Schema:
    return {
        "format_version": {
            "type": "string",
            "pattern": r"^1\.[0-9]+$",
            "description": "MAJOR.MINOR of this format. A new minor version only adds keys.",
        },
        "mailsync_version": _text("The mailsync that made the plan."),
        "created_at": _text("When it was made: UTC, ISO 8601; empty for a plan that failed."),
        "manifest_digest": _text("Covers the content of all manifest files and the vars; empty when they have errors."),
        "plan_digest": _digest("Covers provider type, base_url, address, action, before and after of all changes."),
        "vars_digest": _text("Covers the vars alone."),
        "document_digest": _digest("Covers all the rest of this document, so that an edit is noticed."),
        "state": _object(_state(), "The ledger that the plan was made with."),
        "options": _object(_options(), "What narrows the plan or allows it more."),
        "providers": _list(_ref("provider"), "The accounts that were listed."),
        "summary": _object(_summary(), "How many of what.", optional=("forget", "unmanaged")),
        "changes": _list(_ref("change"), "What differs, in an order in which it could be done one by one."),
        "mail_flow": _list(_ref("flow"), "The addresses whose final recipients change."),
        "diagnostics": _list(_ref("diagnostic"), "Findings. With an error among them, there are no changes."),
        "estimate": _object(_estimate(), "What applying it takes."),
    }


def _state() -> Schema:
    return {
        "lineage": _text("Tells ledgers of different origin apart; empty when there is none yet."),
        "serial": _count("Counts its writes."),
    }


def _estimate() -> Schema:
    return {
        "requests": _count("Calls that change something; listing, login and read-back come on top."),
        "seconds": {
            "type": "number",
            "minimum": 0,
            "description": "Requests divided by the rate limit, the largest over the providers; 0 without limit.",
        },
    }


def _options() -> Schema:
    return {
        "targets": _list(_text(), "Globs of resource addresses that the plan was narrowed to."),
        "excludes": _list(_text(), "Globs of resource addresses that it leaves out."),
        "destroy": _flag("It deletes all that is owned."),
        "allow_data_loss": _flag("Stored mail may be lost."),
    }


def _summary() -> Schema:
    return {
        **{action: _count(f"Changes to {action} that can be carried out.") for action in ACTIONS},
        "noop": _count("Manifest resources that are as they should be."),
        "blocked": _count("Changes that may not be carried out; counted here only."),
        "unmanaged": _count("Live resources that are neither in the manifest nor owned."),
    }


def _change() -> Schema:
    codes = "|".join(get_args(BlockCode))
    return {
        "address": _ref("address"),
        "provider": _text("Its first part."),
        "kind": {"enum": list(KINDS), "description": "Its second part."},
        "key": _text("The rest: domain name, e-mail address, URL."),
        "action": {"enum": list(ACTIONS), "description": "What has to be done."},
        "blocked": {
            "type": ["string", "null"],
            "pattern": f"^({codes}): ",
            "description": "`CODE: text` when it may not be done, else null.",
        },
        "adopting": _flag("It is owned from now on, besides being updated."),
        "before": {"$ref": "#/$defs/fields", "description": "As it is; null when it does not exist."},
        "after": {"$ref": "#/$defs/fields", "description": "As it will be; null when it will not exist."},
        "fields": _list(_ref("field"), "The fields that are set or differ."),
        "depends_on": _list(_ref("address"), "What has to be done or to exist before."),
        "risk": {
            "enum": list(get_args(Risk)),
            "description": "delivery: somebody's mail goes elsewhere or bounces; data-loss: stored mail goes.",
        },
        "requests": _count("Calls that it takes."),
        "note": _text("A remark for the reader.", or_null=True),
        "source": {
            **_object({"file": _text("As it was named."), "line": _count("From 1."), "column": _count("From 1.")}),
            "type": ["object", "null"],
            "description": "Where the manifest says so.",
        },
    }


def _field() -> Schema:
    return {
        "field": _text("Its name."),
        "before": {"$ref": "#/$defs/value", "description": "The live value; of a secret, the version last applied."},
        "after": {"$ref": "#/$defs/value", "description": "The wanted value; of a secret, its version."},
        "sensitive": _flag("A secret: the values are its versions."),
        "drifted": _flag("The live value is not the one last applied, so somebody else changed it."),
    }


def _flow() -> Schema:
    return {
        "address": _text("The e-mail address."),
        "effect": {
            "enum": list(get_args(FlowEffect)),
            "description": "widened: somebody more reads it; narrowed: somebody less; bounces: nobody any more.",
        },
        "before": _ref("recipients"),
        "after": _ref("recipients"),
    }


def _diagnostic() -> Schema:
    return {
        "severity": {"enum": ["error", "warning", "info"], "description": "How bad it is."},
        "code": _text("Stable and kebab-case."),
        "message": _text("What is wrong."),
        "hint": _text("What to do.", or_null=True),
        "file": _text("Where: as the file was named.", or_null=True),
        "line": {"type": ["integer", "null"], "description": "From 1."},
        "column": {"type": ["integer", "null"], "description": "From 1."},
        "address": _text("The resource.", or_null=True),
    }


def _provider() -> Schema:
    return {
        "name": _text("As the manifest calls it."),
        "type": _text("What it is."),
        "account": _text("A digest of type and base_url: the plan is for this account only."),
        "live": {
            "type": "object",
            "propertyNames": {"enum": list(KINDS)},
            "additionalProperties": _count("How many."),
            "description": "Live resources by kind, for the kinds that were listed.",
        },
        "requests": _count("Calls that listing took."),
        "rate": _text("Its rate limit, null for none.", or_null=True),
    }


def _object(properties: Schema, description: str = "", *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    return {**schema, "description": description} if description else schema


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _text(description: str = "", *, or_null: bool = False) -> Schema:
    kind = {"type": ["string", "null"] if or_null else "string"}
    return {**kind, "description": description} if description else kind


def _digest(description: str) -> Schema:
    return {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$", "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
