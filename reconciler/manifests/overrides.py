"""`--var` and `--var-file`: variables from the command line, which win over `vars` of the manifest."""

from typing import Any

from reconciler.errors import UsageError
from reconciler.manifests import files, nodes
from reconciler.manifests.files import FileProblem, Finder
from reconciler.manifests.findings import Findings
from reconciler.model.location import Location
from reconciler.model.manifest import ManifestRequest


def overriding(request: ManifestRequest, finder: Finder, findings: Findings) -> dict[str, Any]:
    """The last one of a name wins, `--var` over `--var-file`. Raises UsageError."""
    values: dict[str, Any] = {}
    for name in request.variable_files:
        values |= _of_file(name, finder, findings)
    for text in request.variables:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"--var {key!r}: write NAME=VALUE")
        values[key.strip()] = _scalar(value, key)
    return values


def _of_file(name: str, finder: Finder, findings: Findings) -> dict[str, Any]:
    try:
        parsed = nodes.parse(files.read(finder.path(name), name), name)
    except FileProblem as problem:
        findings.error("unreadable-file", str(problem), None, problem.hint)
        return {}
    findings.add(*parsed.problems)
    for path, at in parsed.repeated:
        findings.error("duplicate-key", f"{str(path[-1])!r} is given twice", at, "keep one of them")
    if isinstance(parsed.data, dict):
        return parsed.data
    if parsed.data is not None:
        findings.error("wrong-type", "a file of variables is a mapping", Location(name))
    return {}


def _scalar(text: str, key: str) -> Any:
    """A YAML scalar: quoted, or by its looks a number, flag or null; text otherwise."""
    if text[:1] in ("'", '"'):
        parsed = nodes.parse(text.encode(), "--var")
        if parsed.problems or not isinstance(parsed.data, str):
            raise UsageError(f"--var {key!r}: the quotes of the value do not match")
        return parsed.data
    try:
        return nodes.plain_scalar(text.strip())
    except ValueError as error:
        raise UsageError(f"--var {key!r}: {error} is too long") from None
