"""What providers can hold, for people and machines: read off their capabilities."""

from collections.abc import Iterable
from typing import Any

from reconciler.model.capability import Capabilities, FieldCapability, KindCapability


def document(known: Iterable[Capabilities]) -> list[dict[str, Any]]:
    """Per type: its rate limit, and per kind its verbs and fields."""
    return [
        {
            "type": one.type,
            "rate_limit": str(one.rate) if one.rate else None,
            "kinds": {kind: _kind_document(capability) for kind, capability in one.kinds.items()},
        }
        for one in known
    ]


def _kind_document(kind: KindCapability) -> dict[str, Any]:
    return {
        "verbs": ["list", *sorted(kind.verbs)],
        "singleton": kind.singleton,
        "fields": {
            name: {
                "on_change": _on_change(field, kind),
                "write_only": not field.reads,
                "required_on_create": name in kind.required,
            }
            for name, field in kind.fields.items()
        },
    }


def _on_change(field: FieldCapability, kind: KindCapability) -> str:
    """What a provider does about a new value: `update`, `replace`, `fixed` (it has only one), or `none`."""
    if field.fixed:
        return "fixed"
    if field.update and kind.can("update"):
        return "update"
    return "replace" if kind.can("create") and kind.can("delete") else "none"


def render(known: Iterable[Capabilities]) -> str:
    return "\n\n".join(_render_one(one) for one in known)


def _render_one(one: Capabilities) -> str:
    lines = [f"{one.type} (at most {one.rate or 'any number of'} calls)"]
    for kind, capability in one.kinds.items():
        lines.append(f"  {kind}: list, {', '.join(sorted(capability.verbs))}")
        lines += [f"    {name}{_remark(name, field, capability)}" for name, field in capability.fields.items()]
    return "\n".join(lines)


def _remark(name: str, field: FieldCapability, kind: KindCapability) -> str:
    remarks = [
        {"update": "", "replace": "a change replaces it", "fixed": "always the same", "none": "cannot be changed"}[
            _on_change(field, kind)
        ],
        "" if field.reads else "write-only",
        "required on create" if name in kind.required else "",
    ]
    said = ", ".join(remark for remark in remarks if remark)
    return f" ({said})" if said else ""


def markdown(one: Capabilities) -> str:
    """A table for the documentation: a row for each kind, its calls and its fields with what is special about them."""
    rows = [
        f"| {kind} | list{''.join(f', {verb}' for verb in sorted(capability.verbs))} | {_fields(capability)} |"
        for kind, capability in one.kinds.items()
    ]
    return "\n".join(["| kind | calls | fields |", "| --- | --- | --- |", *rows])


def _fields(kind: KindCapability) -> str:
    return ", ".join(f"`{name}`{_remark(name, field, kind)}" for name, field in kind.fields.items())
