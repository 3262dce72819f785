"""A plan as programs read it, and as it is saved and read again."""

import json
import time
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_plan import PLAN, SALES, TEXT, at

import reconciler
from reconciler.errors import MailsyncError
from reconciler.model.location import Diagnostic, Location
from reconciler.model.plan import (
    Block,
    Change,
    FieldChange,
    FlowChange,
    Plan,
    PlanOptions,
    ProviderSummary,
    Step,
    digest_of,
)
from reconciler.model.resources import as_set
from reconciler.render.document import json_text, plan_document, plan_schema, read_plan
from reconciler.render.text import render_plan

SCHEMA = jsonschema.Draft202012Validator(plan_schema())

text = st.text(max_size=6)
counts = st.integers(0, 10**6)
addresses = st.sampled_from(
    [
        at("hosting/domain/example.com"),
        at("hosting/mailbox/ann@xn--mnchen-3ya.example"),
        at("forwarding/alias/[A-Z]+@example.com"),
        at("hosting/webhook/https://hooks.example.com/a?b=c"),
    ]
)
values = text | st.integers() | st.booleans() | st.none() | st.lists(text, max_size=3).map(as_set)
fields = st.none() | st.dictionaries(text, values, max_size=3)
changes = st.builds(
    Change,
    address=addresses,
    action=st.sampled_from(["create", "update", "replace", "delete", "adopt", "forget"]),
    before=fields,
    after=fields,
    fields=st.lists(st.builds(FieldChange, text, values, values, st.booleans(), st.booleans()), max_size=2).map(tuple),
    blocked=st.none()
    | st.builds(Block, st.sampled_from(["data-loss", "protect", "unsupported", "foreign-children"]), text),
    adopting=st.booleans(),
    depends_on=st.lists(addresses, max_size=2).map(tuple),
    risk=st.sampled_from(["none", "delivery", "data-loss"]),
    requests=counts,
    source=st.none() | st.builds(Location, text, st.integers(1, 99), st.integers(1, 99)),
    note=st.none() | text,
)
plans = st.builds(
    Plan,
    changes=st.lists(changes, max_size=4).map(tuple),
    unchanged=counts,
    unmanaged=counts,
    mail_flow=st.lists(
        st.builds(
            FlowChange,
            st.sampled_from(["a@example.com", "b@xn--mnchen-3ya.example", "[A-Z]+@example.com", "*@example.com"]),
            st.sampled_from(["new", "bounces", "changed", "widened", "narrowed"]),
            st.lists(text, max_size=2).map(tuple),
            st.lists(text, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    diagnostics=st.lists(
        st.builds(
            Diagnostic,
            st.sampled_from(["error", "warning", "info"]),
            text,
            text,
            st.none() | text,
            st.none() | st.builds(Location, text, st.integers(1, 99), st.integers(1, 99)),
            st.none() | text,
        ),
        max_size=2,
    ).map(tuple),
    providers=st.lists(
        st.builds(
            ProviderSummary,
            text,
            text,
            text,
            st.dictionaries(st.sampled_from(["domain", "mailbox", "alias", "webhook"]), counts),
            counts,
            st.none() | text,
        ),
        max_size=2,
    ).map(tuple),
    options=st.builds(
        PlanOptions,
        st.lists(text, max_size=2).map(tuple),
        st.lists(text, max_size=2).map(tuple),
        st.booleans(),
        st.booleans(),
    ),
    requests=counts,
    seconds=st.integers(0, 10**6).map(lambda tenths: tenths / 10),
    lineage=text,
    serial=counts,
    manifest_digest=text,
    vars_digest=text,
    created_at=text,
)


def saved(plan: Plan) -> bytes:
    return json_text(plan_document(plan)).encode()


def edited(**members: object) -> bytes:
    return json.dumps({**json.loads(saved(PLAN)), **members}).encode()


def failure(data: bytes) -> MailsyncError:
    with pytest.raises(MailsyncError) as caught:
        read_plan(data, "plan.json")
    return caught.value


def undescribed(document: object, schema: dict, root: dict) -> set[str]:
    """The keys of a document that its schema does not mention."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(document, list):
        return {key for member in document for key in undescribed(member, schema.get("items", {}), root)}
    if not isinstance(document, dict) or "properties" not in schema:
        return set()
    known = schema["properties"]
    below = {k for key in document.keys() & known.keys() for k in undescribed(document[key], known[key], root)}
    return (document.keys() - known.keys()) | below


def test_the_document_is_the_documented_one():
    document = json.loads(saved(PLAN))
    assert document["format_version"] == "1.0"
    assert document["mailsync_version"] == reconciler.__version__
    assert document["created_at"] == "2026-01-31T12:00:00Z"
    assert document["manifest_digest"] == "sha256:aa"
    assert document["plan_digest"] == PLAN.digest
    assert document["state"] == {"lineage": "7c0e", "serial": 12}
    assert document["summary"] == {
        "create": 1,
        "update": 1,
        "replace": 0,
        "delete": 1,
        "adopt": 0,
        "noop": 138,
        "blocked": 1,
        "forget": 0,
        "unmanaged": 0,
    }
    assert document["changes"][1] == {
        "address": "hosting/alias/sales@example.com",
        "provider": "hosting",
        "kind": "alias",
        "key": "sales@example.com",
        "action": "update",
        "blocked": None,
        "adopting": False,
        "before": {"destinations": ["bob@example.net", "john@example.com"]},
        "after": {"destinations": ["eve@example.net", "john@example.com"]},
        "fields": [
            {
                "field": "destinations",
                "before": ["bob@example.net", "john@example.com"],
                "after": ["eve@example.net", "john@example.com"],
                "sensitive": False,
                "drifted": False,
            }
        ],
        "depends_on": ["hosting/domain/example.com"],
        "risk": "delivery",
        "requests": 1,
        "note": None,
        "source": {"file": "mailsync.yaml", "line": 41, "column": 7},
    }
    assert document["changes"][3]["blocked"].startswith("data-loss: holds mail")
    assert document["mail_flow"][0] == {
        "address": "sales@example.com",
        "effect": "changed",
        "before": ["bob@example.net", "john@example.com"],
        "after": ["eve@example.net", "john@example.com"],
    }
    assert document["diagnostics"] == []
    assert document["estimate"] == {"requests": 3, "seconds": 1.8}


def test_changes_stand_in_the_order_of_the_plan():
    """In which they could be executed; only for people they are sorted."""
    reversed_plan = replace(PLAN, changes=PLAN.changes[::-1])
    addresses = [change["address"] for change in json.loads(saved(reversed_plan))["changes"]]
    assert addresses == [str(change.address) for change in reversed_plan.changes]


def test_the_schema_is_a_valid_one_and_describes_everything():
    jsonschema.Draft202012Validator.check_schema(plan_schema())

    def undescribed_members(schema: object) -> list[object]:
        if not isinstance(schema, dict):
            return []
        here = [
            name for name, member in schema.get("properties", {}).items() if not {"description", "$ref"} & {*member}
        ]
        return here + [name for member in schema.values() for name in undescribed_members(member)]

    assert undescribed_members(plan_schema()) == []


@given(plans)
def test_every_document_is_valid_and_described_by_the_schema(plan):
    document = json.loads(saved(plan))
    SCHEMA.validate(document)
    assert undescribed(document, plan_schema(), plan_schema()) == set()


def test_a_plan_that_failed_is_a_valid_document_too():
    failed = json.loads(saved(Plan(diagnostics=(Diagnostic("error", "x", "odd"),))))
    SCHEMA.validate(failed)
    assert failed["changes"] == []


@given(plans)
def test_a_saved_plan_is_read_as_it_was(plan):
    assert read_plan(saved(plan), "plan.json") == plan


@given(plans)
def test_it_is_told_in_the_same_words(plan):
    assert render_plan(read_plan(saved(plan), "plan.json")) == render_plan(plan)


def test_the_steps_are_not_saved():
    """An apply makes the plan again, so what it does never comes from a file."""
    assert read_plan(saved(replace(PLAN, steps=(Step(0, SALES.address, "update"),))), "plan.json") == replace(
        PLAN, seconds=1.8
    )


def test_the_plan_of_the_documentation_survives():
    assert render_plan(read_plan(saved(PLAN), "plan.json")) == TEXT


def test_a_later_minor_version_may_add_keys():
    later = json.loads(edited(format_version="1.9", extra={"x": 1}))
    later["document_digest"] = digest_of([{key: later[key] for key in later if key != "document_digest"}])
    assert read_plan(json.dumps(later).encode(), "plan.json").unchanged == 138


@pytest.mark.parametrize("version", ["2.0", "10.1"])
def test_a_later_major_version_is_refused_with_what_to_do(version):
    error = failure(edited(format_version=version))
    assert error.message == f"plan.json has format_version {version}, which is newer than this program (1.0)"
    assert "version of mailsync that wrote it" in error.hint


def test_an_edited_plan_is_refused():
    """Another value, another action, another account or one change less."""
    document = json.loads(saved(PLAN))
    document["changes"][1]["after"]["destinations"][0] = "mallory@example.net"
    assert failure(json.dumps(document).encode()).message.startswith("plan.json was edited")
    assert "was edited" in failure(edited(changes=json.loads(saved(PLAN))["changes"][1:])).message
    assert "was edited" in failure(edited(providers=[])).message
    assert "was edited" in failure(edited(plan_digest="sha256:00")).message
    consent = {"targets": [], "excludes": [], "destroy": False, "allow_data_loss": True}
    assert "was edited" in failure(edited(options=consent)).message
    assert "was edited" in failure(edited(mail_flow=[])).message


def test_a_plan_that_is_cut_off_anywhere_is_refused():
    whole = saved(PLAN)
    for length in range(0, len(whole), 7):
        assert failure(whole[:length]).hint.startswith("make the plan again")
    assert "it is cut off" in failure(whole[:-30]).message


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b"[" * 200_000,
        b'{"format_version": 1}',
        b'{"format_version": "1.0"}',
        b'{"format_version": "1.0.0"}',
        b'{"format_version": "' + b"9" * 5000 + b'.0"}',
        b'{"serial": ' + b"9" * 5000 + b"}",
        edited(summary={}),
        edited(summary={"noop": True}),
        edited(changes=[1]),
        edited(changes={}),
        edited(state={"lineage": "x", "serial": "1"}),
        edited(estimate={"requests": 1, "seconds": "1"}),
        edited(mail_flow=[{"address": "a@b.example", "effect": "gone", "before": [], "after": []}]),
        edited(diagnostics=[{"severity": "fatal", "code": "", "message": ""}]),
        edited(options={"targets": [1]}),
        edited(options={"destroy": 1}),
        edited(providers=[{"name": "x"}]),
    ],
    ids=range(21),
)
def test_what_is_no_saved_plan_is_refused_without_a_traceback(data):
    error = failure(data)
    assert error.message.startswith("plan.json is not a plan that mailsync saved: ")
    assert error.hint.startswith("make the plan again")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("address", "hosting/alias"),
        ("address", "hosting/alias/Sales@example.com"),
        ("action", "destroy"),
        ("action", ["update"]),
        ("risk", None),
        ("blocked", "because"),
        ("blocked", "because: of that"),
        ("before", []),
        ("before", {"quota": 1.5}),
        ("after", {"destinations": [1]}),
        ("fields", [{"field": 1}]),
        ("depends_on", ["x"]),
        ("requests", -1.5),
        ("source", {"file": "x", "line": "1", "column": 1}),
    ],
)
def test_a_change_that_is_none_is_refused(member, value):
    document = json.loads(saved(PLAN))
    document["changes"][1][member] = value
    assert "is not a plan that mailsync saved" in failure(json.dumps(document).encode()).message


def test_json_is_ascii_on_a_line_for_each_change():
    """So that two plans can be compared, and nothing in them steers a terminal or the log of a pipeline."""
    change = replace(SALES, note="##[error] \x1b[2J \x7f \x9b \u202e ü")
    document = json_text(plan_document(replace(PLAN, changes=(change,))))
    assert document.isascii()
    assert document.replace("\n", "").isprintable()
    assert "##" not in document
    assert json.loads(document)["changes"][0]["note"] == change.note
    assert sum(line.startswith('    {"address": "hosting/alias/sales') for line in document.splitlines()) == 1


def test_ten_thousand_changes_are_written_and_read_in_moments():
    many = tuple(replace(SALES, address=at(f"hosting/alias/u{n}@example.com")) for n in range(10_000))
    start = time.process_time()
    data = saved(replace(PLAN, changes=many))
    assert time.process_time() - start < 3
    start = time.process_time()
    read_plan(data, "plan.json")
    assert time.process_time() - start < 3
