"""Everything found while reading, collected instead of raised, so that all errors are told at once."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from reconciler.model.location import Diagnostic, Location, Severity, errors_of

_LONGEST: Final = 300


class Findings:
    """*incomplete*: some file could not be read at all. What only follows from that (a name that nothing defines) is
    then not reported."""

    def __init__(self) -> None:
        self.incomplete = False
        self._found: dict[Diagnostic, None] = {}

    def error(
        self,
        code: str,
        message: str,
        at: Location | None = None,
        hint: str | None = None,
        address: str | None = None,
        *,
        severity: Severity = "error",
    ) -> None:
        self.add(Diagnostic(severity, code, _cut(message), hint, at, address))

    def unknown(self, code: str, message: str, at: Location, hint: str | None) -> None:
        """A name that nothing defines."""
        if not self.incomplete:
            self.error(code, message, at, hint)

    def add(self, *diagnostics: Diagnostic) -> None:
        self._found |= dict.fromkeys(diagnostics)

    @property
    def failed(self) -> bool:
        return bool(errors_of(self._found))

    def sorted(self) -> tuple[Diagnostic, ...]:
        """By file and line; what has no place first."""
        return tuple(sorted(self._found, key=lambda d: (d.location or Location("", 0, 0), d.message)))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'quota'?` for a misspelt word, None when nothing is like it."""
    close = get_close_matches(word[:60].lower(), sorted(known), n=1)
    return f"did you mean {close[0]!r}?" if close else None


def guess(word: str, known: Iterable[str]) -> str | None:
    """What may have been meant, or all that there is when that is short."""
    known = sorted(known)
    listed = ", ".join(known)
    return did_you_mean(word, known) or (f"there is: {listed}" if known and len(listed) < 200 else None)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
