"""Lines of manifests, to be shown beside a finding, with the values of secret fields starred."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, MappingStartEvent, NodeEvent, ScalarEvent

from reconciler.manifests import files
from reconciler.manifests.events import Problem, open_events
from reconciler.manifests.files import FileProblem
from reconciler.manifests.nodes import NONE_YET
from reconciler.manifests.secrecy import REFERENCE, holds_secret, is_secret
from reconciler.model.location import Location
from reconciler.model.manifest import ManifestRequest

STARS: Final = "***"
# What YAML 1.1, and so libyaml, counts as the end of a line.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_REFERENCE = re.compile(REFERENCE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s]+@")
_COMMENT = re.compile(r"\s#.*")

Spot = tuple[int, int]


class SourceLines:
    """Gives the line of a Location: `line(location)`. None for what is no manifest, cannot be read, or might show a secret
    (in a file that is no YAML, where one begins and ends cannot be told)."""

    def __init__(self, request: ManifestRequest) -> None:
        self._directory = request.directory
        self._hidden = {os.path.realpath(self._path(name)) for name in request.variable_files}
        self._lines: dict[str, list[str | None]] = {}

    def line(self, location: Location) -> str | None:
        if location.file not in self._lines:
            self._lines[location.file] = self._read(location.file)
        lines = self._lines[location.file]
        return lines[location.line - 1] if 0 < location.line <= len(lines) else None

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _read(self, name: str) -> list[str | None]:
        if os.path.realpath(self._path(name)) in self._hidden:
            return []
        try:
            return _starred(files.read(self._path(name), name))
        except FileProblem:
            return []


def _starred(raw: bytes) -> list[str | None]:
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    lines: list[str | None] = list(_LINE_END.split(text))
    search = _Search()
    understood = len(lines)
    try:
        with open_events(raw) as next_event:
            for event in iter(next_event, None):
                search.take(event)
    except Problem:
        understood = search.last[0]
    for start, end in search.found():
        _star(lines, start, end)
    for number in range(understood, len(lines)):
        if is_secret(lines[number] or ""):
            lines[number:] = [None] * (len(lines) - number)
            break
    return [line and _URL_PASSWORD.sub(rf"\1{STARS}@", line) for line in lines]


def _star(lines: list[str | None], start: Spot, end: Spot) -> None:
    for number in range(start[0], end[0] + 1):
        line = lines[number] if number < len(lines) else None
        if line is None:
            continue
        first = start[1] if number == start[0] else 0
        last = end[1] if number == end[0] else len(line)
        if last > first:
            lines[number] = line[:first] + STARS + _COMMENT.sub("", line[last:]).rstrip()


@dataclass(slots=True)
class _Frame:
    """An open collection. *key*: None in a list; *secret*: all in it is; *anchor* and *start*: its own."""

    key: Any
    secret: bool
    anchor: str | None = None
    start: Spot = (0, 0)


@dataclass(slots=True)
class _Search:
    """Finds the values under secret keys, also those that an alias there names."""

    last: Spot = (0, 0)
    _frames: list[_Frame] = field(default_factory=lambda: [_Frame(None, False)])
    _spots: list[tuple[Spot, Spot]] = field(default_factory=list)
    _anchored: dict[str, tuple[Spot, Spot]] = field(default_factory=dict)

    def found(self) -> Iterator[tuple[Spot, Spot]]:
        """From the end, so that stars do not move what comes before them."""
        return iter(sorted(set(self._spots), reverse=True))

    def take(self, event: Any) -> None:
        start, end = (event.start_mark.line, event.start_mark.column), (event.end_mark.line, event.end_mark.column)
        self.last = max(self.last, start)
        if isinstance(event, CollectionEndEvent):
            closed = self._frames.pop()
            if closed.anchor:
                self._anchored[closed.anchor] = (closed.start, end)
            self._after_value()
        elif isinstance(event, NodeEvent):
            self._take_node(event, start, end)

    def _take_node(self, event: Any, start: Spot, end: Spot) -> None:
        frame = self._frames[-1]
        is_key = frame.key is NONE_YET
        secret = frame.secret or (isinstance(frame.key, str) and is_secret(frame.key))
        if isinstance(event, CollectionStartEvent):
            key = NONE_YET if isinstance(event, MappingStartEvent) else None
            self._frames.append(_Frame(key, secret, event.anchor, start))
            return
        if isinstance(event, ScalarEvent):
            if event.anchor:
                self._anchored[event.anchor] = (start, end)
            if (secret or holds_secret(event.value)) and not _REFERENCE.fullmatch(event.value):
                self._spots.append((start, end))
        elif isinstance(event, AliasEvent) and secret:
            # An alias of nothing may be a password without quotes.
            self._spots.append(self._anchored.get(str(event.anchor), (start, end)))
        if is_key:
            frame.key = event.value if isinstance(event, ScalarEvent) else ""
        else:
            self._after_value()

    def _after_value(self) -> None:
        frame = self._frames[-1]
        if frame.key is not None:
            frame.key = "" if frame.key is NONE_YET else NONE_YET
