"""What became of a plan, and what changed since."""

import json

from hypothesis import given
from hypothesis import strategies as st
from sample_plan import at, hostile

from reconciler.model.location import Diagnostic
from reconciler.model.plan import FieldChange
from reconciler.model.report import Drift, Outcome, Report
from reconciler.render.document import drift_document, json_text, report_document
from reconciler.render.text import FOLD, render_drift, render_report

JANE, SALES, OLD = (at(f"hosting/alias/{name}@example.com") for name in ("jane", "sales", "old"))
REPORT = Report(
    (
        Outcome(JANE, "create", "failed", "quota exceeded"),
        Outcome(SALES, "update", "skipped", because=str(JANE)),
        Outcome(OLD, "delete", "done"),
    ),
    (Diagnostic("warning", "x", "odd"),),
)


def test_failures_come_last_with_the_providers_own_message():
    assert render_report(REPORT) == (
        "  done    delete hosting/alias/old@example.com\n"
        "  skipped update hosting/alias/sales@example.com (because of hosting/alias/jane@example.com)\n"
        "  failed  create hosting/alias/jane@example.com: quota exceeded\n"
        "\n"
        "Apply: 1 done, 1 failed, 1 skipped."
    )


def test_an_interrupted_apply_says_so():
    assert render_report(Report(interrupted=True)).splitlines()[0].startswith("Interrupted: ")


def test_a_long_list_of_successes_is_folded_and_failures_never():
    done = Report(tuple(Outcome(OLD, "delete", "done") for _ in range(500)) + REPORT.outcomes)
    assert f"  ... and {501 - FOLD} more done" in render_report(done)
    assert render_report(done, full=True).count("  done ") == 501
    failed = Report(tuple(Outcome(OLD, "delete", "failed") for _ in range(500)))
    assert render_report(failed).count("  failed ") == 500


def test_the_report_as_json():
    document = json.loads(json_text(report_document(REPORT)))
    assert document == {
        "format_version": "1.0",
        "summary": {"done": 1, "failed": 1, "skipped": 1},
        "interrupted": False,
        "results": [
            {
                "address": str(JANE),
                "action": "create",
                "status": "failed",
                "message": "quota exceeded",
                "because": None,
            },
            {"address": str(SALES), "action": "update", "status": "skipped", "message": None, "because": str(JANE)},
            {"address": str(OLD), "action": "delete", "status": "done", "message": None, "because": None},
        ],
        "diagnostics": [REPORT.diagnostics[0].document()],
    }


def test_drift_is_told_as_what_happened():
    """From what was applied to what is live."""
    found = (
        Drift(JANE, "changed", (FieldChange("destinations", ("a@x.example",), ("b@x.example",), drifted=True),)),
        Drift(OLD, "gone"),
        Drift(SALES, "appeared"),
    )
    assert render_drift(found) == (
        "  ~ hosting/alias/jane@example.com             changed\n"
        "      destinations: + b@x.example\n"
        "                    - a@x.example\n"
        "  - hosting/alias/old@example.com              gone\n"
        "  + hosting/alias/sales@example.com            appeared\n"
        "\n"
        "Drift: 1 changed, 1 gone, 1 appeared."
    )


def test_no_drift():
    assert render_drift(()) == "No drift. What is owned is as it was last applied."


def test_drift_as_json():
    found = (Drift(JANE, "changed", (FieldChange("active", True, False, drifted=True),)), Drift(OLD, "gone"))
    assert json.loads(json_text(drift_document(found, REPORT.diagnostics))) == {
        "format_version": "1.0",
        "drift": [
            {
                "address": str(JANE),
                "kind_of_drift": "changed",
                "fields": [
                    {"field": "active", "before": True, "after": False, "sensitive": False, "drifted": True},
                ],
            },
            {"address": str(OLD), "kind_of_drift": "gone", "fields": []},
        ],
        "diagnostics": [REPORT.diagnostics[0].document()],
    }


@given(st.lists(st.builds(Outcome, st.just(OLD), st.just("delete"), st.just("failed"), hostile, hostile), max_size=3))
def test_nothing_that_a_provider_says_steers_the_terminal(outcomes):
    text = render_report(Report(tuple(outcomes)))
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == (len(outcomes) + 2 if outcomes else 1)
    assert json.loads(json_text(report_document(Report(tuple(outcomes)))))["summary"]["failed"] == len(outcomes)
