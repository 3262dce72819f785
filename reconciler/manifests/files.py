"""Which files are the manifest: `-f`, directories, `include:`. Nothing outside of the root directory, nothing hidden."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from reconciler.model.manifest import ManifestRequest

DEFAULT: Final = "mailsync.yaml"
_SUFFIXES: Final = (".yaml", ".yml")
_WILDCARDS: Final = frozenset("*?[")


class FileProblem(Exception):
    """A file or directory that cannot be used; str() says which and why."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(slots=True)
class Finder:
    """Finds the files of one request. Names are as the user wrote them, relative to *directory*.

    *root* is the root directory; *excluded* are real paths that are no manifests although they look like it."""

    directory: str
    root: str = ""
    excluded: frozenset[str] = frozenset()
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, request: ManifestRequest) -> "Finder":
        paths = request.files or (DEFAULT,)
        first = os.path.join(request.directory, paths[0])
        root = first if os.path.isdir(first) else os.path.dirname(first)
        excluded = frozenset(os.path.realpath(os.path.join(request.directory, f)) for f in request.variable_files)
        return cls(request.directory, os.path.abspath(root), excluded)

    def named(self, name: str) -> list[str]:
        """What one `-f` names: a file, or the manifests below a directory. Raises FileProblem."""
        if not os.path.isdir(self.path(name)):
            return [name]
        found = sorted(self._below(name, ("**", "*"), boundary=name))
        manifests = [file for file in found if file.endswith(_SUFFIXES)]
        if not manifests:
            raise FileProblem(f"{name}: no *.yaml or *.yml file in this directory")
        return manifests

    def included(self, pattern: str, by: str) -> list[str]:
        """What one entry of the `include:` of file *by* names. Raises FileProblem."""
        base, parts = os.path.dirname(by), [part for part in pattern.split("/") if part not in ("", ".")]
        while parts and not _WILDCARDS & set(parts[0]):
            base = os.path.join(base, parts.pop(0))
        if os.path.isabs(pattern) or ".." in parts or "\0" in pattern:
            raise FileProblem(f"{pattern!r} is not a path below the root directory", "name files relative to this one")
        if any(part.startswith(".") and part not in ("", ".", "..") for part in pattern.split("/")):
            raise FileProblem(f"{pattern!r} is hidden: hidden files are no manifests")
        base = os.path.normpath(base)
        self._check_inside(base, None)
        if parts:
            return sorted(self._below(base, tuple(parts), boundary=None))
        if not os.path.isfile(self.path(base)) or self._is_excluded(base):
            raise FileProblem(f"{pattern!r} names no manifest", "only an entry with * may name none")
        return [base]

    def is_new(self, name: str) -> bool:
        """Whether the file has not come up before, by any name."""
        real = os.path.realpath(self.path(name))
        new = real not in self._seen
        self._seen.add(real)
        return new

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def relative(self, name: str) -> str:
        """The file's path from the root directory, with slashes."""
        return os.path.relpath(os.path.abspath(self.path(name)), self.root).replace(os.sep, "/")

    def _is_excluded(self, name: str) -> bool:
        return os.path.realpath(self.path(name)) in self.excluded

    def _check_inside(self, name: str, boundary: str | None) -> None:
        """Raises FileProblem when *name* leads out of *boundary* (the root directory when None), by `..` or a link."""
        limit = os.path.realpath(self.root if boundary is None else self.path(boundary))
        real = os.path.realpath(self.path(name))
        if real != limit and not real.startswith(limit.rstrip(os.sep) + os.sep):
            raise FileProblem(
                f"{name!r} leads out of the root directory", "a manifest includes files below its root only"
            )

    def _below(self, start: str, parts: tuple[str, ...], boundary: str | None) -> Iterator[str]:
        """The visible files below *start* that match, part by part. Each directory is entered once for each part, by
        its real path, so that links in a circle end."""
        todo: list[tuple[str, int]] = [(start, 0)]
        entered: set[tuple[str, int]] = set()
        while todo:
            directory, at = todo.pop()
            state = (os.path.realpath(self.path(directory)), at)
            if state in entered:
                continue
            entered.add(state)
            self._check_inside(directory or ".", boundary)
            deep, last = parts[at] == "**", at == len(parts) - 1
            if deep and not last:
                todo.append((directory, at + 1))
            for name, is_directory in self._visible(directory):
                path = os.path.normpath(os.path.join(directory, name))
                if is_directory and deep:
                    todo.append((path, at))
                elif is_directory and not last and fnmatchcase(name, parts[at]):
                    todo.append((path, at + 1))
                elif (
                    not is_directory and last and (deep or fnmatchcase(name, parts[at])) and not self._is_excluded(path)
                ):
                    self._check_inside(path, boundary)
                    yield path

    def _visible(self, directory: str) -> list[tuple[str, bool]]:
        try:
            with os.scandir(self.path(directory) or ".") as entries:
                return sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise FileProblem(f"{directory}: {error.strerror}") from None


def read(path: str, name: str) -> bytes:
    """The content of a regular file. Raises FileProblem, which calls the file *name*."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait
            raise FileProblem(f"{name}: not a regular file")
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        hint = "write a manifest, or name one with -f" if name == DEFAULT else None
        raise FileProblem(f"{name}: no such file", hint) from None
    except (OSError, ValueError) as error:
        raise FileProblem(f"{name}: {getattr(error, 'strerror', None) or error}") from None
