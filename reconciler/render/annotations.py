"""Findings as workflow commands of GitHub Actions, which shows them at the line in the pull request."""

from collections.abc import Iterable, Mapping

from reconciler.model.location import Diagnostic, Severity
from reconciler.render.foreign import escaped

_COMMANDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def github(diagnostics: Iterable[Diagnostic]) -> str:
    """A line for each finding, without an end of line at the end of the text."""
    return "\n".join(map(_annotation, diagnostics))


def _annotation(finding: Diagnostic) -> str:
    at = finding.location
    properties = {"file": at.file, "line": str(at.line), "col": str(at.column)} if at else {}
    properties["title"] = finding.code
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(_message(finding))}"


def _message(finding: Diagnostic) -> str:
    subject = f"{escaped(finding.address)}: " if finding.address and not finding.location else ""
    hint = f"\nhint: {escaped(finding.hint)}" if finding.hint else ""
    return f"{subject}{escaped(finding.message)}{hint}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escaped(text)).replace(":", "%3A").replace(",", "%2C")
