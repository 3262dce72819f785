"""YAML as manifests read it: the core schema of 1.2, keys as written, merge keys (interface, 1.3)."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests import events
from reconciler.manifests.nodes import parse


def value(text: str) -> Any:
    parsed = parse(f"v: {text}\n".encode(), "m.yaml")
    assert not parsed.problems
    return parsed.data["v"]


@pytest.mark.parametrize(
    "text", ["no", "yes", "on", "off", "y", "N", "12:30", "2026-01-31", "1_000", "0b1", "=", "5 GiB"]
)
def test_what_yaml_1_1_would_turn_into_something_else_is_text(text: str) -> None:
    """Flags, sexagesimal numbers, dates."""
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("0", 0), ("-7", -7), ("+12", 12), ("007", 7), ("0o17", 15), ("0x1F", 31), ("-0", 0),
        (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-2", -0.015), (".inf", float("inf")), ("-.INF", float("-inf")),
        ("'5'", "5"), ('"true"', "true"), ("!!str 5", "5"), ("!!int '5'", 5), ("!!float 5", 5.0), ("!!null ''", None),
        ("|\n  a\n  b\n", "a\nb\n"), (">-\n  a\n  b\n", "a b"), ("[1, {a: b}]", [1, {"a": "b"}]),
        ("+", "+"), (".", "."), ("1.2.3", "1.2.3"), ("0x", "0x"), ("1e", "1e"),
    ],
)  # fmt: skip
def test_the_core_schema(text: str, wanted: Any) -> None:
    """Null, flags, whole numbers, floats; what is quoted is text."""
    assert value(text) == wanted
    assert type(value(text)) is type(wanted)


@pytest.mark.parametrize(
    "key", ["no", "on", "null", "~", "007", "1e3", "12:30", "true", "0x1F", "1.0", "-1", "*", "a b"]
)
def test_a_key_is_text_as_written(key: str) -> None:
    """Whatever it looks like."""
    quoted = f'"{key}"' if key in ("*", "~") else key
    assert parse(f"{quoted}: 1\n".encode(), "m").data == {key: 1}


@given(st.text(min_size=1).filter(lambda text: not any(0xD800 <= ord(char) <= 0xDFFF for char in text)))
def test_any_text_round_trips_as_key_and_value(text: str) -> None:
    """What a YAML writer quotes comes back."""
    written = yaml.safe_dump({text: [text]}, width=10**6)
    parsed = parse(written.encode(), "m")
    assert not parsed.problems
    assert parsed.data == {text: [text]}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.text("ab: #\n'\"é"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
        max_leaves=30,
    )
)
def test_data_reads_as_it_was_written(data: Any) -> None:
    """The same as PyYAML's own loader, where YAML 1.1 and 1.2 agree."""
    assert parse(yaml.safe_dump(data, allow_unicode=True).encode(), "m").data == data


def test_merge_keys() -> None:
    """What a mapping has itself wins, then the earlier of a list; merges of merges come along."""
    parsed = parse(
        b"a: &a {x: 1, y: 1}\n"
        b"b: &b {<<: *a, y: 2, z: 2}\n"
        b"c: {z: 3, <<: [*b, {x: 9, w: 9}]}\n"
        b"d: {<<: {<<: *a, z: 5}, x: 4}\n"
        b"e: {'<<': *a}\n",
        "m",
    )
    assert not parsed.problems
    assert parsed.data["b"] == {"x": 1, "y": 2, "z": 2}
    assert parsed.data["c"] == {"x": 1, "y": 2, "z": 3, "w": 9}
    assert parsed.data["d"] == {"x": 4, "y": 1, "z": 5}
    assert parsed.data["e"] == {"<<": {"x": 1, "y": 1}}


def test_anchors_stand_for_values_and_for_keys() -> None:
    """A key's anchor, too."""
    assert parse(b"&k a: &v [1]\nb: *v\nc: *k\nd: {*k : 2}\n", "m").data == {
        "a": [1],
        "b": [1],
        "c": "a",
        "d": {"a": 2},
    }


@pytest.mark.parametrize("raw", ["a: ä\n".encode("utf-8-sig"), "a: ä\n".encode("utf-16"), "a: ä\r\n".encode()])
def test_encodings_of_yaml(raw: bytes) -> None:
    """UTF-8 with and without mark, UTF-16, lines of Windows."""
    assert parse(raw, "m").data == {"a": "ä"}


@pytest.mark.parametrize("raw", [b"", b"\n", b"# nothing\n", b"---\n", b"--- {}\n...\n", b"%YAML 1.2\n---\n{}\n"])
def test_an_empty_document_is_no_error(raw: bytes) -> None:
    """A file may hold nothing yet."""
    assert (parse(raw, "m").data or {}, parse(raw, "m").problems) == ({}, [])


def test_the_pure_loader_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml."""
    text = b"a: &a {b: [1, no, '5'], <<: {c: d}}\ne: *a\nf: !x y\n"
    fast = parse(text, "m")
    monkeypatch.setattr(events, "_LOADER", yaml.Loader)
    slow = parse(text, "m")
    assert (slow.data, slow.problems) == (fast.data, fast.problems)
    assert parse(b"a: [\n", "m").broken
    assert parse(b"a: \xff\n", "m").broken
    assert parse(b"a: \0\n", "m").broken
