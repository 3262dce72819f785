"""What is wrong, as lines, as annotations and as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_plan import hostile

from reconciler.model.location import Diagnostic, Location
from reconciler.render import annotations
from reconciler.render.diagnostics import render_diagnostics
from reconciler.render.document import diagnostics_document, json_text

QUOTA = Diagnostic(
    "error", "no-unit", "'5' has no unit", "write for example '5 MiB'", Location("mailsync.yaml", 12, 14), "a/b/c"
)
findings = st.builds(
    Diagnostic,
    st.sampled_from(["error", "warning", "info"]),
    hostile,
    hostile,
    st.none() | hostile,
    st.none() | st.builds(Location, hostile, st.integers(1, 99), st.integers(1, 99)),
    st.none() | hostile,
)


def test_a_finding_is_its_place_its_message_and_what_to_do():
    assert render_diagnostics([QUOTA]) == (
        "mailsync.yaml:12:14: error: '5' has no unit\nhint: write for example '5 MiB'"
    )


def test_without_a_place_it_is_the_resource_and_without_that_the_message():
    assert render_diagnostics([Diagnostic("warning", "x", "odd", address="a/alias/b@c.example")]) == (
        "a/alias/b@c.example: warning: odd"
    )
    assert render_diagnostics([Diagnostic("info", "x", "odd"), QUOTA]).splitlines()[0] == "info: odd"


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("      quota: 5", 14, ("          quota: 5", "                 ^")),
        ("quota: 5\r\n", 1, ("    quota: 5", "    ^")),
        ("\tquota: 5", 2, ("      quota: 5", "      ^")),
        ("名前: x", 5, ("    名前: x", "          ^")),
        ("a\x1b: x", 4, ("    a\\x1b: x", "          ^")),
        ("short", 9, ("    short", "         ^")),
        ("x" * 300 + "!" + "y" * 300, 301, ("    " + "x" * 50 + "!" + "y" * 49, " " * 54 + "^")),
    ],
)
def test_the_line_is_shown_with_a_caret_under_the_place(line, column, shown):
    finding = Diagnostic("error", "x", "odd", location=Location("f", 1, column))
    assert tuple(render_diagnostics([finding], source=lambda at: line).splitlines()[1:]) == shown


def test_colour_marks_the_severity_only():
    assert render_diagnostics([QUOTA], colour=True).startswith("mailsync.yaml:12:14: \x1b[1;31merror\x1b[0m: '5'")


def test_an_annotation_is_a_workflow_command_at_the_line():
    assert annotations.github([QUOTA, Diagnostic("info", "x", "odd", address="a/b/c")]) == (
        "::error file=mailsync.yaml,line=12,col=14,title=no-unit::'5' has no unit%0Ahint: write for example '5 MiB'\n"
        "::notice title=x::a/b/c: odd"
    )


def test_an_annotation_is_escaped_as_github_says():
    finding = Diagnostic("warning", "c:d", "100%\n::error::x", location=Location("a,b:c.yaml", 1, 1))
    assert annotations.github([finding]) == (
        r"::warning file=a%2Cb%3Ac.yaml,line=1,col=1,title=c%3Ad::100%25\n::error::x"
    )


@given(st.lists(findings, max_size=3), st.none() | hostile)
def test_nothing_foreign_breaks_out_of_its_line(found, line):
    text = render_diagnostics(found, source=lambda at: line)
    assert text.replace("\n", "").isprintable()
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    commands = annotations.github(found)
    assert len(commands.splitlines()) == len(found)
    assert all(command.startswith(("::error ", "::warning ", "::notice ")) for command in commands.splitlines())


@given(st.lists(findings, max_size=3))
def test_json_holds_them_as_they_are(found):
    text = json_text(diagnostics_document(found))
    assert json.loads(text) == [finding.document() for finding in found]
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert "##" not in text
