"""All files laid together: who says what, with a finding for what is said twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.manifests import shapes
from reconciler.manifests.checking import Shape
from reconciler.manifests.documents import Document, Part
from reconciler.manifests.expressions import Expressions, holds_expression
from reconciler.manifests.findings import Findings
from reconciler.model.location import Location
from reconciler.model.names import DomainName, domain_name

FILE: Final = Shape("a manifest", shapes.File)
_COMPUTED_LATER: Final = frozenset({"vars", "templates", "include"})


@dataclass(slots=True)
class Merged:
    """The sections of all files, by name; of *policies* and *state* each scalar, of *domains* all parts of each."""

    policies: dict[str, Part] = field(default_factory=dict)
    state: dict[str, Part] = field(default_factory=dict)
    providers: dict[str, Part] = field(default_factory=dict)
    templates: dict[str, Part] = field(default_factory=dict)
    webhooks: dict[str, Part] = field(default_factory=dict)
    domains: dict[DomainName, list[Part]] = field(default_factory=dict)
    removed: list[Part] = field(default_factory=list)
    forget: list[Part] = field(default_factory=list)


def given_twice(findings: Findings, what: str, first: Location, second: Location) -> None:
    first, second = sorted((first, second))
    findings.error("given-twice", f"{what} is given twice: here and at {first}", second, "keep one of them")


def variables(documents: list[Document], findings: Findings) -> dict[str, Part]:
    """`vars` of all files, not computed."""
    found: dict[str, Part] = {}
    for document in documents:
        raw = document.data.get("vars") if isinstance(document.data, dict) else None
        if isinstance(raw, dict):
            _add(found, Part(document, ("vars",), raw), "variable", findings)
    return found


def merge(documents: list[Document], expressions: Expressions, findings: Findings) -> Merged:
    """The files' sections, computed but for `vars` and `templates`. The documents' data is given up: it is large."""
    merged = Merged()
    for document in documents:
        _take(document, _sections(document, expressions, findings), merged, findings)
        document.data = None
    return merged


def _sections(document: Document, expressions: Expressions, findings: Findings) -> dict[str, Any]:
    whole = Part(document, (), document.data)
    if isinstance(document.data, dict):
        later = {key: value for key, value in document.data.items() if key in _COMPUTED_LATER}
        now = {key: value for key, value in document.data.items() if key not in _COMPUTED_LATER}
        whole = whole._replace(body={**later, **expressions.render(whole._replace(body=now)).body})
    return FILE.check(whole.body, findings, whole.place)


def _take(document: Document, sections: Mapping[str, Any], merged: Merged, findings: Findings) -> None:
    for name, noun in (("providers", "provider"), ("templates", "template"), ("webhooks", "webhook")):
        _add(getattr(merged, name), Part(document, (name,), sections.get(name) or {}), noun, findings)
    for name in ("policies", "state"):
        _add_scalars(getattr(merged, name), Part(document, (name,), sections.get(name) or {}), findings)
    for name in ("removed", "forget"):
        addresses = sections.get(name) or ()
        getattr(merged, name).extend(Part(document, (name, n), text) for n, text in enumerate(addresses))
    for key, body in (sections.get("domains") or {}).items():
        _add_domain(merged.domains, key, Part(document, ("domains", key), body), findings)


def _add(into: dict[str, Part], section: Part, noun: str, findings: Findings) -> None:
    for name, body in section.body.items():
        part = Part(section.document, (*section.path, name), body)
        if name in into:
            given_twice(findings, f"{noun} {name!r}", into[name].at(), part.at())
        else:
            into[name] = part


def _add_scalars(into: dict[str, Part], section: Part, findings: Findings) -> None:
    """Lists of local parts add up; what else is given twice contradicts itself."""
    for name, body in section.body.items():
        part = Part(section.document, (*section.path, name), body)
        if name not in into:
            into[name] = part
        elif name == "require_addresses" and isinstance(body, list) and isinstance(into[name].body, list):
            into[name] = into[name]._replace(body=[*into[name].body, *body])
        else:
            given_twice(findings, repr(name), into[name].at(), part.at())


def _add_domain(into: dict[DomainName, list[Part]], key: str, part: Part, findings: Findings) -> None:
    try:
        into.setdefault(domain_name(key), []).append(part)
    except ValueError as error:
        if not holds_expression(key):  # refused as a key already
            findings.error("invalid-name", str(error), part.at())
