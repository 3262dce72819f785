"""A YAML text as parser events, and what PyYAML says of one that is none, in words for people."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import yaml
from yaml.events import Event

_LOADER: Final = getattr(yaml, "CLoader", yaml.Loader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Problem(Exception):
    """What makes a text unreadable as a whole. Line and column count from 0, as YAML's marks do."""

    def __init__(self, code: str, message: str, line: int, column: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.hint, self.line, self.column = code, hint, line, column


@contextmanager
def open_events(raw: bytes) -> Iterator[Callable[[], Any]]:
    """A function that gives the next parser event, None at the end. Within the block, PyYAML's errors become Problems."""
    try:
        loader = _LOADER(raw)
        try:
            yield loader.get_event
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        raise _unreadable(raw, error) from None
    except yaml.MarkedYAMLError as error:
        raise _syntax_problem(raw, error) from None


def start_of(event: Event) -> tuple[int, int]:
    """Line and column, from 0."""
    assert event.start_mark is not None  # only events that somebody makes by hand have none
    return event.start_mark.line, event.start_mark.column


def _unreadable(raw: bytes, error: yaml.reader.ReaderError) -> Problem:
    """Bytes that are no text, or characters that YAML does not allow."""
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as undecodable:
        before = raw[: undecodable.start].decode("utf-8", "replace")
        message = f"the byte 0x{raw[undecodable.start]:02x} is not UTF-8"
        return _problem_after(before, message, "save the file as UTF-8")
    found = _UNPRINTABLE.search(text)
    if not found:
        return Problem("syntax", str(error.reason), 0, 0)
    message = f"the control character U+{ord(found[0]):04X} is not allowed"
    return _problem_after(text[: found.start()], message, 'in double quotes it can be written as "\\x.."')


def _problem_after(before: str, message: str, hint: str) -> Problem:
    return Problem("syntax", message, before.count("\n"), len(before) - before.rfind("\n") - 1, hint)


def _syntax_problem(raw: bytes, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = error.problem or "this is no YAML"
    if error.context and error.context_mark:
        message += f" {error.context} that begins at line {error.context_mark.line + 1}"
    line, column = (mark.line, mark.column) if mark else (0, 0)
    return Problem("syntax", message, line, column, _syntax_hint(raw, message, line, column))


def _syntax_hint(raw: bytes, message: str, line: int, column: int) -> str | None:
    lines = raw.decode("utf-8", "replace").splitlines()
    here = lines[line][column : column + 1] if line < len(lines) else ""
    if here == "\t":
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in message:
        return "put a value that holds ': ' in quotes; or the line is indented too far"
    if "alias" in message:
        return 'put * in quotes: "*"'
    if here in ("@", "`", "%"):
        return f"a value cannot begin with {here}: put it in quotes"
    return None
