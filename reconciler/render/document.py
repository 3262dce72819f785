"""Plans, reports, drift and findings as JSON documents, the form that programs read and that `--out` saves.

Values are as the model has them: sizes in bytes, sets sorted, secrets by their versions only. Keys may be added in a later
minor version, none goes or changes its meaning before the next major one.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler import __version__
from reconciler.model.location import Diagnostic
from reconciler.model.plan import Change, FieldChange, FlowChange, Plan, ProviderSummary, digest_of
from reconciler.model.report import Drift, Outcome, Report
from reconciler.render.saved import read_plan
from reconciler.render.schema import FORMAT_VERSION, plan_schema
from reconciler.render.view import seconds, summary

__all__ = [
    "diagnostics_document",
    "drift_document",
    "json_text",
    "plan_document",
    "plan_schema",
    "read_plan",
    "report_document",
]

Document = Mapping[str, Any]


def plan_document(plan: Plan) -> Document:
    """What `plan --format json` prints and `plan --out` saves. `document_digest` covers all the rest of it, so that an edit
    is noticed (by whoever did not make the digest anew: it is no signature)."""
    document = _plan_document(plan)
    return {**document, "document_digest": digest_of([document])}


def _plan_document(plan: Plan) -> Document:
    return {
        "format_version": FORMAT_VERSION,
        "mailsync_version": __version__,
        "created_at": plan.created_at,
        "manifest_digest": plan.manifest_digest,
        "plan_digest": plan.digest,
        "vars_digest": plan.vars_digest,
        "state": {"lineage": plan.lineage, "serial": plan.serial},
        "options": _options(plan),
        "providers": [_provider(provider) for provider in plan.providers],
        "summary": summary(plan),
        "changes": [_change(change) for change in plan.changes],
        "mail_flow": [_flow(flow) for flow in plan.mail_flow],
        "diagnostics": _findings(plan.diagnostics),
        "estimate": {"requests": plan.requests, "seconds": seconds(plan)},
    }


def report_document(report: Report) -> Document:
    """What `apply --format json` prints."""
    return {
        "format_version": FORMAT_VERSION,
        "summary": {status: report.count(status) for status in ("done", "failed", "skipped")},
        "interrupted": report.interrupted,
        "results": [_outcome(outcome) for outcome in report.outcomes],
        "diagnostics": _findings(report.diagnostics),
    }


def drift_document(found: Iterable[Drift], diagnostics: Iterable[Diagnostic] = ()) -> Document:
    """What `drift --format json` prints."""
    return {
        "format_version": FORMAT_VERSION,
        "drift": [
            {"address": str(drift.address), "kind_of_drift": drift.kind_of_drift, "fields": _fields(drift.fields)}
            for drift in found
        ],
        "diagnostics": _findings(diagnostics),
    }


def diagnostics_document(diagnostics: Iterable[Diagnostic]) -> list[Document]:
    """What `validate --format json` prints."""
    return _findings(diagnostics)


def json_text(document: Document | list[Document]) -> str:
    """ASCII JSON without an end of line at its end; one line for each key, and for each member of a list below it."""
    if isinstance(document, list):
        text = _list(document, "")
    else:
        members = (f"  {_line(key)}: {_member(value)}" for key, value in document.items())
        text = "{\n" + ",\n".join(members) + "\n}"
    # In a log, GitHub obeys `##[` and Azure `##vso[` anywhere in a line; and JSON leaves DEL as it is.
    return text.replace("##", r"\u0023\u0023").replace("\x7f", r"\u007f")


def _member(value: Any) -> str:
    return _list(value, "  ") if isinstance(value, list) and value else _line(value)


def _list(members: Iterable[Any], indent: str) -> str:
    lines = [f"{indent}  {_line(member)}" for member in members]
    return "[\n" + ",\n".join(lines) + f"\n{indent}]" if lines else "[]"


_line = json.JSONEncoder().encode


def _options(plan: Plan) -> Document:
    options = plan.options
    return {
        "targets": list(options.targets),
        "excludes": list(options.excludes),
        "destroy": options.destroy,
        "allow_data_loss": options.allow_data_loss,
    }


def _provider(provider: ProviderSummary) -> Document:
    return {
        "name": provider.name,
        "type": provider.type,
        "account": provider.account,
        "live": dict(provider.live),
        "requests": provider.requests,
        "rate": provider.rate,
    }


def _change(change: Change) -> Document:
    at = change.source
    return {
        "address": str(change.address),
        "provider": change.address.provider,
        "kind": change.address.kind,
        "key": change.address.key,
        "action": change.action,
        "blocked": str(change.blocked) if change.blocked else None,
        "adopting": change.adopting,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "fields": _fields(change.fields),
        "depends_on": list(map(str, change.depends_on)),
        "risk": change.risk,
        "requests": change.requests,
        "note": change.note,
        "source": {"file": at.file, "line": at.line, "column": at.column} if at else None,
    }


def _fields(fields: Iterable[FieldChange]) -> list[Document]:
    return [
        {
            "field": field.field,
            "before": field.before,
            "after": field.after,
            "sensitive": field.sensitive,
            "drifted": field.drifted,
        }
        for field in fields
    ]


def _flow(flow: FlowChange) -> Document:
    return {"address": flow.address, "effect": flow.effect, "before": flow.before, "after": flow.after}


def _outcome(outcome: Outcome) -> Document:
    return {
        "address": str(outcome.address),
        "action": outcome.action,
        "status": outcome.status,
        "message": outcome.message,
        "because": outcome.because,
    }


def _findings(diagnostics: Iterable[Diagnostic]) -> list[Document]:
    return [finding.document() for finding in diagnostics]
