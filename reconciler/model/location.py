"""Where something stands in a manifest, and what there is to say about it.

A Location counts from 1, as editors do. A Diagnostic is one finding: it says what is wrong, where, and what to do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.names import ResourceAddress

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. *file* is as the user named it; line and column start at 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. *code* is stable and kebab-case; *message* holds no secret."""

    severity: Severity
    code: str
    message: str
    hint: str | None = None
    location: Location | None = None
    address: str | None = None

    def document(self) -> dict[str, Any]:
        """The JSON form: severity, code, message, hint, file, line, column, address."""
        at = self.location
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "file": at.file if at else None,
            "line": at.line if at else None,
            "column": at.column if at else None,
            "address": self.address,
        }


def errors_of(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(d for d in diagnostics if d.severity == "error")


def _nowhere(address: ResourceAddress, member: str | None) -> Location | None:
    return None


@dataclass(frozen=True, slots=True)
class Places:
    """Finds the line of a resource, or of one member of it, when somebody asks.

    Most resources of a plan are unchanged and nobody asks, so nothing is computed before. *find* takes the
    resource's address and a field name, or None for the resource itself.
    """

    find: Callable[[ResourceAddress, str | None], Location | None] = field(default=_nowhere)

    def __call__(self, address: ResourceAddress, member: str | None = None) -> Location | None:
        return self.find(address, member)
