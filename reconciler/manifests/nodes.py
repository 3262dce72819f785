"""YAML text to plain data, fast: YAML 1.2 core schema, all keys text as written, merge keys resolved, hostile input refused.

Data is built straight from libyaml's events. That is three to four times as fast as PyYAML's constructor, cannot overflow
the stack, and a problem met on the way has its place at hand. Positions of everything else are not kept: `positions`
reads the text again when somebody asks.
"""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.manifests.events import Problem, open_events, start_of
from reconciler.model.location import Diagnostic, Location
from reconciler.model.resources import FIELDS

MAX_DEPTH: Final = 100  # a manifest needs 6, and whoever walks the data may recurse
MAX_EXPANSION: Final = 100  # interface, 1.3
MAX_DIGITS: Final = 64
MERGE: Final = "<<"
BROKEN: Final = object()  # stands for a value whose error has been reported

NULLS: Final = ("", "~", "null", "Null", "NULL")
_CORE: Final[dict[str, Any]] = (
    dict.fromkeys(NULLS)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_BASES: Final = {"0o": 8, "0x": 16}
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final = frozenset({_TAG + name for name in ("str", "int", "float", "bool", "null")})
_COLLECTION_TAGS: Final = frozenset({None, "!", _TAG + "map", _TAG + "seq"})
# The same few keys come hundreds of thousands of times; one copy of each is enough.
_KEYS: Final = {name: name for fields in FIELDS.values() for name in fields} | {"protect": "protect"}


@dataclass(slots=True)
class Parsed:
    """*data* is None where *broken*: the text is no YAML that a manifest can be. *repeated*: keys that their mapping had
    already, with their path and place; the first one is in *data*."""

    data: Any = None
    problems: list[Diagnostic] = field(default_factory=list)
    repeated: list[tuple[tuple[str | int, ...], Location]] = field(default_factory=list)
    broken: bool = False


class _Anchored(NamedTuple):
    value: Any
    size: int  # in nodes, with what its own aliases expand to


class _Frame(NamedTuple):
    """A collection that is not complete yet, and what surrounds it."""

    container: Any
    key: Any
    anchor: str | None
    opened: int  # nodes, expanded, up to here


_ONE_DOCUMENT = "a file holds one document: leave out the line '---', or use a file for each"

# What a mapping's `key` can be besides the text of a key.
NONE_YET: Final = object()
MERGES: Final = object()
IGNORED: Final = object()  # refused; its value is read and thrown away
NO_SCALAR: Final = object()  # a collection as key: the same, once the collection is read


@contextmanager
def no_cyclic_gc() -> Iterator[None]:
    """Building large trees triggers the cyclic collector again and again, for nothing: they hold no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def parse(raw: bytes, name: str) -> Parsed:
    """The one document in *raw*; *name* is the file's, for the diagnostics. Never raises."""
    parsed = Parsed()
    try:
        with open_events(raw) as next_event:
            parsed.data = _Builder(name, len(raw), parsed).build(next_event)
    except Problem as problem:
        parsed.broken, parsed.data = True, None
        at = Location(name, problem.line + 1, problem.column + 1)
        parsed.problems.append(Diagnostic("error", problem.code, str(problem), problem.hint, at))
    return parsed


def plain_scalar(text: str) -> Any:
    """A scalar without quotes, by the core schema. Raises ValueError for a number with too many digits."""
    value = _CORE.get(text, text)
    if value is text and text[0] in "+-.0123456789":
        return _number(text)
    return value


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"a number of {len(text)} digits")
        return int(text, _BASES.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class _Builder:
    """One pass over the events of a document."""

    def __init__(self, name: str, size: int, parsed: Parsed) -> None:
        self._name = name
        self._size = size
        self._parsed = parsed
        self._anchors: dict[str, _Anchored] = {}
        self._frames: list[_Frame] = []
        self._merges: list[tuple[dict[str, Any], Any, Event]] = []
        self._merging: set[int] = set()
        self._spoilt: set[int] = set()
        self._extra = 0  # nodes that aliases stand for
        self._largest: tuple[int, NodeEvent | None] = (0, None)

    def build(self, next_event: Callable[[], Any]) -> Any:
        """The hot loop: some 22 events a resource, of which 18 are scalars. Hence locals, and no call for a common one."""
        scalar, core, keys, frames = ScalarEvent, _CORE, _KEYS, self._frames
        container: Any = []  # holds the document
        key: Any = None
        ends = documents = 0
        for index, event in enumerate(iter(next_event, None)):
            kind = type(event)
            if kind is scalar:
                value = event.value
                if key is NONE_YET:
                    key = keys.get(value, value)
                    if key in container or event.anchor or event.tag or key == MERGE:
                        key = self._unusual_key(container, key, event)
                    continue
                if event.implicit[0]:
                    if value in core:
                        value = core[value]
                    elif value[0] in "+-.0123456789":
                        value = self._plain_scalar(event)
                elif event.tag:
                    value = self._tagged_scalar(event)
                if event.anchor:
                    self._anchors[event.anchor] = _Anchored(value, 1)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if key is NONE_YET:
                    key = self._refuse_key(container, event)
                frames.append(_Frame(container, key, event.anchor, index - ends + self._extra))
                self._check_start(event)
                container, key = ({}, NONE_YET) if kind is MappingStartEvent else ([], None)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = container
                if self._spoilt and id(container) in self._spoilt:
                    self._spoilt.discard(id(container))
                    value = BROKEN
                container, key, anchor, opened = frames.pop()
                if anchor:
                    self._anchors[anchor] = _Anchored(value, index - ends + self._extra - opened)
                ends += 1
                if key is NO_SCALAR:
                    key = IGNORED
                    continue
            elif kind is AliasEvent:
                if key is NONE_YET:
                    key = self._aliased_key(container, event)
                    continue
                value = self._aliased(event)
                if value is IGNORED:
                    key = None if key is None else NONE_YET
                    continue
            else:
                documents += kind is DocumentStartEvent
                if documents > 1:
                    raise _problem("several-documents", "a second document begins here", event, _ONE_DOCUMENT)
                continue
            if key is None:
                container.append(value)
                continue
            if key is MERGES:
                self._merges.append((container, value, event))
            elif key is not IGNORED:
                container[key] = value
            key = NONE_YET
        self._check_expansion(index - ends - 3)
        self._merge()
        return container[0] if container else None

    def _report(self, code: str, message: str, event: Event, hint: str | None = None) -> None:
        self._parsed.problems.append(Diagnostic("error", code, message, hint, self._location(event)))

    def _location(self, event: Event) -> Location:
        line, column = start_of(event)
        return Location(self._name, line + 1, column + 1)

    def _path(self, container: Any, key: Any) -> tuple[str | int, ...]:
        frames = [*self._frames[1:], _Frame(container, key, None, 0)]
        return tuple(len(frame.container) if frame.key is None else str(frame.key) for frame in frames)

    # Keys

    def _unusual_key(self, container: dict[str, Any], key: str, event: ScalarEvent) -> Any:
        """A key that is a merge, repeated, anchored or tagged."""
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(key, 1)
        if event.tag and event.tag not in _SCALAR_TAGS and event.tag != "!":
            self._unknown_tag(event)
        merge = key == MERGE and event.implicit[0]
        if key not in container and not (merge and id(container) in self._merging):
            if merge:
                self._merging.add(id(container))
            return MERGES if merge else key
        self._parsed.repeated.append((self._path(container, key), self._location(event)))
        return IGNORED

    def _aliased_key(self, container: dict[str, Any], event: AliasEvent) -> Any:
        key = self._aliased(event)
        if isinstance(key, str) and key not in container:
            return key
        if key is not IGNORED:
            self._report("no-text-key", "this alias cannot be a key here", event, "write the key itself")
        return IGNORED

    def _refuse_key(self, container: dict[str, Any], event: CollectionStartEvent) -> Any:
        hint = "a key is one plain text"
        if event.flow_style and isinstance(event, MappingStartEvent):
            self._spoilt.add(id(container))
            hint = 'an expression must stand in quotes: "{{ vars.name }}"'
        if all(frame.key is not NO_SCALAR for frame in self._frames):
            self._report("no-text-key", "a list or mapping cannot be a key", event, hint)
        return NO_SCALAR

    # Values

    def _plain_scalar(self, event: ScalarEvent) -> Any:
        try:
            return _number(event.value)
        except ValueError as error:
            self._report("invalid-value", f"{error} is too long", event, "put it in quotes if it is text")
            return 0

    def _tagged_scalar(self, event: ScalarEvent) -> Any:
        if event.tag in ("!", _TAG + "str"):
            return event.value
        if event.tag not in _SCALAR_TAGS:
            self._unknown_tag(event)
            return event.value
        value = _CORE.get(event.value, event.value)
        value = self._plain_scalar(event) if isinstance(value, str) else value
        wanted = event.tag.removeprefix(_TAG)
        if wanted == "float" and type(value) is int:
            return float(value)
        if type(value).__name__.replace("NoneType", "null") != wanted:
            self._report("invalid-value", f"this is not a value of type !!{wanted}", event)
        return value

    def _unknown_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        # Neither tags nor names of anchors are shown: they may be the beginning of a password without quotes.
        self._report("unknown-tag", "an unknown tag", event, "put a text that begins with ! in quotes")

    def _check_start(self, event: CollectionStartEvent) -> None:
        if len(self._frames) > MAX_DEPTH:
            raise _problem("too-deep", f"nested more than {MAX_DEPTH} levels deep", event)
        if event.tag not in _COLLECTION_TAGS:
            self._unknown_tag(event)

    # Aliases

    def _aliased(self, event: AliasEvent) -> Any:
        found = self._anchors.get(str(event.anchor))
        if any(frame.anchor == event.anchor for frame in self._frames):
            self._report("alias-expansion", "the alias stands inside of what it names", event)
        elif found is None:
            hint = "put a text that begins with * in quotes"
            self._report("unknown-alias", "no anchor of this name comes before the alias", event, hint)
        else:
            self._count(found.size, event)
            return found.value
        return IGNORED

    def _count(self, size: int, event: AliasEvent) -> None:
        self._extra += size - 1
        self._largest = max(self._largest, (size, event), key=lambda entry: entry[0])
        # No text has more nodes than bytes. Without this, sizes could grow to numbers of a million digits.
        if self._extra > MAX_EXPANSION * self._size:
            self._check_expansion(self._size)

    def _check_expansion(self, written: int) -> None:
        size, event = self._largest
        if event is not None and written + self._extra > MAX_EXPANSION * written:
            message = f"the aliases of this file expand to more than {MAX_EXPANSION} times what is written"
            raise _problem("alias-expansion", message, event, f"this one alone stands for {size} nodes")

    def _merge(self) -> None:
        """`<<`: what a mapping has itself wins, then the earlier of a list. Done last, when the expansion is known to be
        bounded; what merges is complete by then, since it was written before."""
        for target, value, event in self._merges:
            for source in value if isinstance(value, list) else [value]:
                if not isinstance(source, dict):
                    self._report("wrong-type", "'<<' takes a mapping, or a list of mappings", event)
                    break
                for key, member in source.items():
                    target.setdefault(key, member)


def _problem(code: str, message: str, event: Event, hint: str | None = None) -> Problem:
    return Problem(code, message, *start_of(event), hint)
