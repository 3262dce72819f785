"""One manifest file, read; a part of one; and where in which file something stands."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from reconciler.manifests import nodes, positions
from reconciler.manifests.positions import Found, Path
from reconciler.manifests.secrecy import quoted
from reconciler.model.location import Diagnostic, Location


@dataclass(eq=False)
class Document:
    """*name* is as the user wrote it. *raw* is kept, so that a place can be looked up without reading a file that may
    have changed meanwhile."""

    name: str
    path: str
    raw: bytes = field(repr=False)
    data: Any = field(default=None, repr=False)

    @cached_property
    def tree(self) -> "positions.Node | int":
        return positions.index(self.raw)

    @property
    def folder(self) -> str:
        return os.path.dirname(os.path.abspath(self.path))

    @cached_property
    def may_compute(self) -> bool:
        """Whether there can be an expression or a reference in it. A backslash may hide one, UTF-16 anything."""
        return any(sign in self.raw for sign in (b"{{", b"{%", b"${", b"\\", b"\xff", b"\xfe"))


class Part(NamedTuple):
    """What a document says under *path*."""

    document: Document
    path: Path
    body: Any

    def find(self, path: Path) -> Found:
        found = positions.walk(self.document.tree, (*self.path, *path))
        return Found(found.depth - len(self.path), found.ended, found.key, found.value)

    def at(self, *path: str | int) -> Location:
        """The place of a member: its key."""
        return Location(self.document.name, *self.find(path).key)

    def place(self, path: Path, value: bool = False) -> Location:
        return self.at_value(*path) if value else self.at(*path)

    def at_value(self, *path: str | int) -> Location:
        return Location(self.document.name, *_beside(self.find(path)))


def read(name: str, path: str, raw: bytes) -> tuple[Document, list[Diagnostic], bool]:
    """The document, what is wrong with it as YAML, and whether it is so broken that nothing of it is known."""
    parsed = nodes.parse(raw, name)
    document = Document(name, path, raw, parsed.data)
    problems = parsed.problems
    for where, at in [] if parsed.broken else parsed.repeated:
        first = Location(name, *positions.walk(document.tree, where).key)
        message = f"{quoted(str(where[-1]))} is given twice, first at line {first.line}"
        problems.append(Diagnostic("error", "duplicate-key", message, "keep one of them", at))
    return document, problems, parsed.broken


def locate(places: Sequence[tuple[Part, Path]], *, value: bool = False) -> Location:
    """Of several places that are laid over each other, the first that is there, or that has something which stands for
    it; else the one that has most of it."""
    found = [(part, part.find(path)) for part, path in places]
    whole = next((entry for entry in found if entry[1].ended), None)
    part, best = whole or max(found, key=lambda entry: entry[1].depth)
    return Location(part.document.name, *(_beside(best) if value else best.key))


def _beside(found: Found) -> positions.Mark:
    """A value that begins on a line of its own is shown by its key, which says more."""
    return found.value if found.value.line == found.key.line else found.key
