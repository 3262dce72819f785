"""Whatever bytes a manifest consists of: a Manifest, or findings; never a traceback, a hang, or all of the memory."""

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from manifest_fakes import HEAD, load

from reconciler.errors import InvalidInput
from reconciler.manifests.nodes import parse

KEYS = (
    *("version", "include", "vars", "state", "policies", "providers", "templates", "domains", "webhooks", "removed"),
    *("forget", "type", "api_key", "base_url", "provider", "use", "manage", "active", "description", "catch_all"),
    *("quota", "max_mailboxes", "prune", "protect", "mailboxes", "aliases", "name", "password", "password_version"),
    *("destinations", "url", "events", "secret", "backend", "path", "hosting", "example.com", "john", "t", "<<", "*"),
)
LEAVES = (
    "5 GiB", "5", "true", "null", "no", "john@example.com", "{{ vars.a }}", "{{ domain }}", "{{", "{% x %}", "${env:A}",
    "${", "[hosting]", "hosting/mailbox/john@example.com", "https://a.example/", "", "😀", "é", "\\x00", "1e999", "'",
)  # fmt: skip
SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, text: str | bytes) -> str:
    """What becomes of it: `ok`, or the codes of what is found."""
    try:
        findings = load(folder, text).diagnostics
    except InvalidInput as error:
        findings = error.findings
    for finding in findings:
        assert finding.message
        assert finding.location is None or min(finding.location.line, finding.location.column) >= 1
    return " ".join(finding.code for finding in findings if finding.severity == "error") or "ok"


@SLOW
@given(st.binary(max_size=200))
@example(b"\xff\xfea")
@example(b"\xef\xbb\xbf\x00")
@example(b"a: \xed\xa0\x80")
def test_any_bytes(tmp_path: Path, raw: bytes) -> None:
    """Text or not."""
    read(tmp_path, raw)


@SLOW
@given(st.text(alphabet="{}[]:,-&*!|>'\"%@`#? \n\tabc12.<", max_size=80))
def test_any_text_of_yaml_signs(tmp_path: Path, text: str) -> None:
    """Near to YAML, mostly outside."""
    read(tmp_path, text)
    read(tmp_path, f"{HEAD}domains:\n  example.com:\n    description: {text}\n")


@st.composite
def documents(draw: st.DrawFn, depth: int = 4) -> str:
    """Flow YAML of the words that manifests consist of, in any order."""
    if depth == 0 or draw(st.booleans()):
        leaf = draw(st.sampled_from(LEAVES))
        return draw(st.sampled_from((leaf, '"' + leaf.replace('"', "") + '"')))
    members = draw(st.lists(documents(depth=depth - 1), max_size=4))
    if draw(st.integers(0, 4)) == 0:
        return f"[{', '.join(members)}]"
    return "{" + ", ".join(f"? {draw(st.sampled_from(KEYS))} : {member}" for member in members) + "}"


@settings(SLOW, max_examples=500)
@given(st.lists(st.tuples(st.sampled_from(KEYS[:11]), documents()), max_size=5))
def test_any_words_of_manifests(tmp_path: Path, sections: list[tuple[str, str]]) -> None:
    """In any shape."""
    read(tmp_path, "".join(f"{name}: {value}\n" for name, value in dict(sections).items()))


def aliases(width: int, levels: int) -> str:
    """Each level names the one before it *width* times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def merges(levels: int) -> str:
    """Each level merges the one before it, and adds a key."""
    return "a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, levels))


def nested_merges(levels: int) -> str:
    return "a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, levels))


@pytest.mark.parametrize(
    "text",
    [aliases(9, 9), aliases(2, 100), aliases(2, 50_000), aliases(100, 3), merges(10_000), nested_merges(200)],
    ids=["billion laughs", "doubling", "doubling long", "wide", "merges", "doubling merges"],
)
def test_a_bomb_is_refused(text: str) -> None:
    """By its expansion, before it expands; in a moment and in little memory."""
    tracemalloc.start()
    began = time.process_time()
    parsed = parse(text.encode(), "m")
    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [problem.code for problem in parsed.problems] == ["alias-expansion"]
    assert took < 10
    assert peak < 100 * 2**20


def expanding(times: int) -> str:
    """A list of a thousand, named *times* times: 1006 + times nodes written, 1001 for each time beside them."""
    return f"a: &a [{', '.join('x' * 1000)}]\nb: [{', '.join(['*a'] * times)}]\n"


def test_the_bound_is_a_hundred_times_what_is_written() -> None:
    """And not less: a manifest may be made of anchors."""
    written = 1 + 2 + 2 + 1000  # the mapping, its keys, the lists, the members of the first
    most = (100 - 1) * written // (1001 - 100)
    assert not parse(expanding(most).encode(), "m").problems
    assert parse(expanding(most + 1).encode(), "m").problems


@pytest.mark.parametrize("sign", ["[", "{", "- ", "? ", "[[", "a: {", "- [", "!!seq [", "&a [", "{a: "])
@pytest.mark.parametrize("before", ["", "vars: ", "domains: {a.example: {mailboxes: "])
def test_deep_nesting_is_refused(tmp_path: Path, sign: str, before: str) -> None:
    """A hundred thousand levels: no RecursionError, and no crash of the C library."""
    began = time.process_time()
    assert read(tmp_path, before + sign * 100_000) in ("too-deep", "syntax", "no-text-key too-deep")
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "x" * 10**6,
        "'" + "a" * 10**6 + "': 1",
        "# " + "x" * 10**6,
        "\n" * 10**6,
        " " * 10**6,
        "a: '" + "\\" * 10**6,
        "- x\n" * 10**5,
        "[" + "x," * 10**5,
        "&a x\n" * 1000,
        "a: *b\n" * 1000,
        "%YAML 1.2\n" * 1000,
        "--- x\n" * 1000,
        "? x\n" * 10**5,
        "vars: {a: '" + "{{" * 10**5 + "'}",
        "vars: {a: '" + "{{ vars.a }}" * 10**5 + "'}",
        "vars: {a: '" + "${" * 10**5 + "'}",
        "removed: ['" + "a/" * 10**5 + "']",
        "domains: {'" + "a." * 10**5 + "b': }",
        "domains: {'" + "ä" * 10**4 + ".example': }",
        HEAD + "domains: {a.example: {quota: '" + "9" * 10**6 + " GiB'}}",
        HEAD + "domains: {a.example: {catch_all: '" + "a@" * 10**5 + "b.example'}}",
        HEAD + "domains: {a.example: {mailboxes: {'" + "a." * 10**5 + "': }}}",
        "domains: {" + ", ".join(f"d{n}.example: {{quota: 5}}" for n in range(5000)) + "}",
        "include: ['" + "*/" * 1000 + "*']",
        "include: ['" + "**/" * 1000 + "*']",
        "include: ['" + "[" * 1000 + "']",
        "include: ['" + "*a" * 1000 + "']",
        "policies: {max_change_percent: 0x" + "f" * 60 + "}",
        "policies: {max_change_percent: 1e999}",
        "version: -0x1",
    ],
    ids=lambda text: text[:30].encode("unicode_escape").decode(),
)
def test_what_is_long_takes_no_longer_than_it_should(tmp_path: Path, text: str) -> None:
    """A second or so for a megabyte of anything."""
    began = time.process_time()
    read(tmp_path, text)
    assert time.process_time() - began < 10


def test_many_errors_are_told_in_linear_time(tmp_path: Path) -> None:
    """Ten thousand wrong mailboxes in one domain."""
    mailboxes = "".join(f"      m{n}: {{nam: x, quota: 5}}\n" for n in range(10_000))
    began = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, f"HEAD\ndomains:\n  example.com:\n    mailboxes:\n{mailboxes}")
    assert len(caught.value.findings) == 20_000
    assert time.process_time() - began < 20
