"""Findings as lines: `FILE:LINE:COLUMN: error: MESSAGE`, the line of the manifest with a caret, and what to do."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator

from reconciler.model.location import Diagnostic, Location
from reconciler.render.foreign import escaped, joined
from reconciler.render.style import Style, style

SourceLine = Callable[[Location], str | None]

_INDENT = " " * 4
STARS = "***"  # what stands for a secret in a source line
_LONGEST = 100


def no_source(at: Location) -> str | None:
    return None


def render_diagnostics(
    diagnostics: Iterable[Diagnostic], *, colour: bool = False, source: SourceLine = no_source
) -> str:
    """One text without an end of line at its end. *source* gives the line at a place, with secrets starred, or None."""
    return joined(diagnostic_lines(diagnostics, source, style(colour)))


def diagnostic_lines(diagnostics: Iterable[Diagnostic], source: SourceLine, paint: Style) -> Iterator[str]:
    for finding in diagnostics:
        where = finding.location or finding.address
        place = f"{escaped(str(where))}: " if where else ""
        yield f"{place}{paint(finding.severity, finding.severity)}: {escaped(finding.message)}"
        line = source(finding.location) if finding.location else None
        if line is not None and finding.location:
            yield from _marked(line, finding.location.column)
        if finding.hint:
            yield f"hint: {escaped(finding.hint)}"


def _marked(line: str, column: int) -> Iterator[str]:
    """The line with a caret under the column; of a long one, what is around it."""
    if STARS in line:
        # What is starred has another width than what stands in the file, so a caret would point beside the place.
        yield _INDENT + _on_screen(line[:_LONGEST])
        return
    start = max(0, column - 1 - _LONGEST // 2) if len(line) > _LONGEST else 0
    before = _on_screen(line[start : column - 1])
    yield _INDENT + before + _on_screen(line[column - 1 : start + _LONGEST])
    yield _INDENT + " " * sum(map(_columns, before)) + "^"


def _on_screen(text: str) -> str:
    return escaped(text.rstrip("\r\n").replace("\t", "  "))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
