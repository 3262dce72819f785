"""Manifest files to the Manifest: read, merge, compute, check, normalise; every finding of all steps at once."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from reconciler.errors import InvalidInput
from reconciler.manifests import documents, files, merging, nodes, shapes
from reconciler.manifests.checking import Shape
from reconciler.manifests.documents import Document, Part
from reconciler.manifests.domains import Assembler, Resources
from reconciler.manifests.entries import check_one_entry_each, member_place, read_entries, read_state
from reconciler.manifests.expressions import Expressions
from reconciler.manifests.files import FileProblem, Finder
from reconciler.manifests.findings import Findings
from reconciler.manifests.nodes import BROKEN
from reconciler.manifests.overrides import overriding
from reconciler.manifests.places import finder
from reconciler.model.location import Diagnostic, Places
from reconciler.model.manifest import Manifest, ManifestRequest, Policies
from reconciler.model.names import ResourceAddress
from reconciler.model.plan import digest_of
from reconciler.providers.base import Provider

Check = Callable[[Manifest], Iterable[Diagnostic]]

_POLICIES: Final = Shape("policies", shapes.Policies)


def load(
    request: ManifestRequest,
    providers: Mapping[str, Provider],
    schemes: Collection[str] = ("env", "file"),
    checks: Iterable[Check] = (),
) -> Manifest:
    """The manifest of *request*. *providers*: the known types, by name; *schemes*: the known kinds of reference; *checks*:
    what else can be wrong with a manifest, so that it is told in the same breath, also where only a part of it is right.

    Raises InvalidInput with all findings when one of them is an error, UsageError for a `--var` that is none."""
    findings = Findings()
    with nodes.no_cyclic_gc():
        manifest = _load(request, providers, schemes, findings)
    for check in () if findings.incomplete else checks:
        findings.add(*check(manifest))
    if findings.failed:
        raise InvalidInput(findings.sorted())
    return replace(manifest, diagnostics=findings.sorted())


def _load(
    request: ManifestRequest, providers: Mapping[str, Provider], schemes: Collection[str], findings: Findings
) -> Manifest:
    finder_of_files = Finder.of(request)
    overrides = overriding(request, finder_of_files, findings)
    read = _read(request, finder_of_files, findings)
    digest, vars_digest = _digests(read, finder_of_files, overrides)
    expressions = Expressions(schemes, findings)
    expressions.define(merging.variables(read, findings), overrides)
    expressions.check_variables()
    merged = merging.merge(read, expressions, findings)

    policies = _policies(merged.policies, findings)
    entries = read_entries(merged.providers, providers, policies, findings)
    assembler = Assembler(entries, policies, expressions, findings)
    assembler.define_templates(merged.templates)
    for domain in list(merged.domains):
        assembler.add_domain(domain, merged.domains.pop(domain))  # popped: what is assembled need not be kept raw
    for name, part in merged.webhooks.items():
        assembler.add_webhook(name, part)
    done = assembler.done
    check_one_entry_each(entries, providers, _pruned(done, policies, entries), findings)
    places = Places(finder(done.said, done.webhooks))
    return Manifest(
        root=finder_of_files.root,
        providers={name: entry.config for name, entry in entries.items() if entry.config},
        domains=done.domains,
        resources=done.resources,
        policies=policies,
        state=read_state(merged.state, policies, findings),
        removed=_addresses(merged.removed, done, places, findings),
        forget=_addresses(merged.forget, done, places, findings),
        digest=digest,
        vars_digest=vars_digest,
        places=places,
    )


def _read(request: ManifestRequest, finder_of_files: Finder, findings: Findings) -> list[Document]:
    """All files, each once, in the order in which they are named; an included one after the file that includes it."""
    read: list[Document] = []
    todo: list[str] = []
    for name in request.files or (files.DEFAULT,):
        try:
            todo += finder_of_files.named(name)
        except FileProblem as problem:
            findings.error("unreadable-file", str(problem), None, problem.hint)
    while todo:
        name = todo.pop(0)
        if not finder_of_files.is_new(name):
            continue
        document = _read_one(name, finder_of_files, findings)
        if document is None:
            findings.incomplete = True
            continue
        read.append(document)
        todo[:0] = _included(document, finder_of_files, findings)
    return read


def _read_one(name: str, finder_of_files: Finder, findings: Findings) -> Document | None:
    path = finder_of_files.path(name)
    try:
        document, problems, broken = documents.read(name, path, files.read(path, name))
    except FileProblem as problem:
        findings.error("unreadable-file", str(problem), None, problem.hint)
        return None
    findings.add(*problems)
    return None if broken else document


def _included(document: Document, finder_of_files: Finder, findings: Findings) -> list[str]:
    patterns = document.data.get("include") if isinstance(document.data, dict) else None
    found: list[str] = []
    part = Part(document, ("include",), patterns)
    for number, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
        if isinstance(pattern, str) and "{{" not in pattern:
            try:
                found += finder_of_files.included(pattern, document.name)
            except FileProblem as problem:
                findings.error("include", str(problem), part.at_value(number), problem.hint)
                findings.incomplete = True
    return found


def _digests(read: Iterable[Document], finder_of_files: Finder, overrides: Mapping[str, Any]) -> tuple[str, str]:
    """Of all files and the variables of the command line; and of these alone."""
    of_vars = digest_of([name, value] for name, value in overrides.items())
    digest = hashlib.sha256(of_vars.encode())
    for name, raw in sorted((finder_of_files.relative(document.name), document.raw) for document in read):
        digest.update(f"\0{name}\0{len(raw)}\0".encode("utf-8", "surrogateescape"))
        digest.update(raw)
    return f"sha256:{digest.hexdigest()}", of_vars


def _policies(parts: Mapping[str, Part], findings: Findings) -> Policies:
    values = {name: part.body for name, part in parts.items()}
    checked = _POLICIES.check(values, findings, lambda path, value: member_place(parts, path, value))
    if "require_addresses" in checked:
        checked["require_addresses"] = tuple(dict.fromkeys(checked["require_addresses"]))
    percent = checked.get("max_change_percent", 30)
    return Policies(**checked | {"max_change_percent": int(percent) if percent == int(percent) else percent})


def _pruned(done: Resources, policies: Policies, entries: Collection[str]) -> set[str]:
    if policies.prune == "all":
        return set(entries)
    return {domain.provider for domain in done.domains.values() if domain.prune == "all"}


def _addresses(
    parts: Iterable[Part], done: Resources, places: Places, findings: Findings
) -> frozenset[ResourceAddress]:
    """Of `removed` or `forget`. What is declared at the same time is a contradiction."""
    found = set()
    for part in parts:
        if part.body is BROKEN:
            continue
        try:
            address = ResourceAddress.parse(part.body)
        except ValueError as error:
            findings.error("invalid-address", str(error), part.at_value())
            continue
        found.add(address)
        domain = done.domains.get(address.domain) if address.domain else None
        if address in done.resources or (address.kind == "domain" and domain and domain.provider == address.provider):
            message = f"{address} is declared, at {places(address)}, and listed under {part.path[0]}"
            findings.error("consent-conflict", message, part.at_value(), "keep one of them", str(address))
    return frozenset(found)
