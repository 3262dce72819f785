"""`vars`: computed when they are used, since one may use another; `--var` and `--var-file` replace them as they are."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Evaluate = Callable[[Any, tuple[str | int, ...]], Any]
LIMIT: Final = 64 * 1024  # interface, 1.4: characters, and as many members of lists and mappings


class ExpressionError(Exception):
    """An expression that cannot be computed. *hint* may be None."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Unusable(Exception):
    """A variable that cannot be computed; its error has been reported where it stands."""


class Variables(Mapping[str, Any]):
    """A mapping whose members are computed on first access. *evaluate* gets a raw value and its path."""

    def __init__(self, raw: Mapping[str, Any], evaluate: Evaluate, path: tuple[str | int, ...] = ()) -> None:
        self._raw = raw
        self._evaluate = evaluate
        self._path = path
        self._values: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return ".".join(("vars", *map(str, self._path)))

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self._values[key] = self._evaluate(self._raw[key], (*self._path, key))
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def __repr__(self) -> str:
        return self.name
