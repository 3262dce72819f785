"""Where things stand in a YAML text, for those who ask: the text is read once more, and a path walked in it.

A plan without changes never comes here, so reading keeps no positions (see `nodes`). Only for texts that `nodes` could
read: what is wrong in them has been reported, and is left out of the tree without a word.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, MappingStartEvent, NodeEvent, ScalarEvent

from reconciler.manifests.events import open_events, start_of
from reconciler.manifests.nodes import IGNORED, MERGE, MERGES, NO_SCALAR, NONE_YET, NULLS

Step = str | int
Path = tuple[Step, ...]


class Mark(NamedTuple):
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Node:
    """A list or mapping. *members*: by key, each with the mark of its key, or in order. A scalar is its mark alone. Marks
    are packed into one number each: there are millions of them in a large manifest."""

    mark: int
    members: dict[str, tuple[int, Any]] | list[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """How far a path could be walked. *depth*: steps that are there. *ended*: all of them are, or what is there is a value
    without such parts (a short form, a text) that stands for them."""

    depth: int
    ended: bool
    key: Mark
    value: Mark


def walk(node: Node | int, path: Path) -> Found:
    """The deepest place on *path*."""
    key, depth, ended = _mark(node), 0, True
    for step in path:
        if isinstance(node, Node) and isinstance(node.members, list) and isinstance(step, str):
            continue  # a list is the short form of the mapping that has it under this name
        if isinstance(node, int) or isinstance(node.members, dict) != isinstance(step, str):
            break
        member = _member(node, step)
        if member is None:
            ended = False
            break
        key, node = member
        depth += 1
    return Found(depth, ended, _unpacked(key), _unpacked(_mark(node)))


def keys(node: Node | int, path: Path) -> list[str]:
    """The keys of the mapping at *path*; none when there is no mapping."""
    for step in path:
        member = None if isinstance(node, int) else _member(node, step)
        if member is None:
            return []
        node = member[1]
    return list(node.members) if isinstance(node, Node) and isinstance(node.members, dict) else []


def _member(node: Node, step: Step) -> tuple[int, Any] | None:
    if isinstance(node.members, dict):
        return node.members.get(str(step))
    if isinstance(step, int) and step < len(node.members):
        return _mark(node.members[step]), node.members[step]
    return None


def index(raw: bytes) -> Node | int:
    """The tree of the document in *raw*."""
    builder = _Builder()
    with open_events(raw) as next_event:
        for event in iter(next_event, None):
            if isinstance(event, CollectionEndEvent):
                builder.close()
            elif isinstance(event, NodeEvent):
                builder.take(event)
    return builder.finish()


class _Builder:
    """*key* is None in a list, else what the next value of the mapping belongs to."""

    def __init__(self) -> None:
        self._node: Node = Node(0, [])
        self._key: Any = None
        self._key_mark = 0
        self._frames: list[tuple[Node, Any, int, str | None]] = []
        self._anchors: dict[str, Node | int] = {}
        self._merges: list[tuple[Node, Node | int]] = []

    def take(self, event: NodeEvent) -> None:
        mark = _packed(*start_of(event))
        if self._key is NONE_YET:
            self._key, self._key_mark = self._key_of(event), mark
            if self._key is not NO_SCALAR:
                return
        match event:
            case CollectionStartEvent():
                self._open(event, mark)
            case AliasEvent():
                found = self._anchors.get(str(event.anchor))
                self._put(Node(mark, found.members) if isinstance(found, Node) else mark)
            case ScalarEvent():
                # Null is where members could be: other files or templates may have them.
                node = Node(mark, {}) if event.implicit[0] and event.value in NULLS else mark
                if event.anchor:
                    self._anchors[event.anchor] = node
                self._put(node)

    def _key_of(self, event: NodeEvent) -> Any:
        if isinstance(event, CollectionStartEvent):
            return NO_SCALAR
        if not isinstance(event, ScalarEvent) or event.value in self._node.members:
            return IGNORED
        return MERGES if event.value == MERGE and event.implicit[0] else event.value

    def _open(self, event: CollectionStartEvent, mark: int) -> None:
        self._frames.append((self._node, self._key, self._key_mark, event.anchor))
        mapping = isinstance(event, MappingStartEvent)
        self._node, self._key = Node(mark, {} if mapping else []), NONE_YET if mapping else None

    def close(self) -> None:
        closed = self._node
        self._node, self._key, self._key_mark, anchor = self._frames.pop()
        if anchor:
            self._anchors[anchor] = closed
        if self._key is NO_SCALAR:
            self._key = IGNORED
        else:
            self._put(closed)

    def _put(self, value: Node | int) -> None:
        if isinstance(self._node.members, list):
            self._node.members.append(value)
            return
        if self._key is MERGES:
            self._merges.append((self._node, value))
        elif self._key is not IGNORED:
            self._node.members[self._key] = self._key_mark, value
        self._key = NONE_YET

    def finish(self) -> Node | int:
        for target, value in self._merges:
            several = value.members if isinstance(value, Node) and isinstance(value.members, list) else [value]
            for source in several:
                _merge(target, source)
        document = self._node.members
        return document[0] if isinstance(document, list) and document else 0


def _merge(target: Node, source: Any) -> None:
    if isinstance(source, Node) and isinstance(source.members, dict) and isinstance(target.members, dict):
        for key, member in source.members.items():
            target.members.setdefault(key, member)


def _packed(line: int, column: int) -> int:
    return line << 32 | column


def _mark(node: Node | int) -> int:
    return node if isinstance(node, int) else node.mark


def _unpacked(mark: int) -> Mark:
    return Mark((mark >> 32) + 1, (mark & 0xFFFFFFFF) + 1)
