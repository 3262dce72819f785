"""Values against their shape: every mismatch becomes a finding in the words of manifests, and what is right goes on, so
that later checks find their errors in the same run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifests.findings import Findings, did_you_mean, guess
from reconciler.manifests.nodes import BROKEN
from reconciler.manifests.positions import Path
from reconciler.manifests.secrecy import holds_secret, is_secret, quoted
from reconciler.model.location import Location
from reconciler.model.secret import Plaintext, SecretRef

# The place of a member: of its value, or (False) of its key.
Locate = Callable[[Path, bool], Location]

_WANTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
}


class Shape:
    """One declaration of `shapes`. *noun* is how messages call it; *members*: shapes of members by name, of which the
    value holds one for each key."""

    def __init__(self, noun: str, declared: Any, members: Mapping[str, "Shape"] | None = None) -> None:
        self.noun = noun
        self._declared = declared
        self._members = members or {}

    @cached_property
    def _adapter(self) -> TypeAdapter[dict[str, Any]]:
        return TypeAdapter(self._declared)

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(self._declared.__annotations__)

    def check(self, value: Any, findings: Findings, locate: Locate) -> dict[str, Any]:
        """What is right of *value*, normalised; the rest is reported."""
        if value is None or value == {}:
            return {}
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            wrong = self._report(error, findings, locate)
        rest = without(value, wrong, self._members) if isinstance(value, dict) else {}
        try:
            return self._adapter.validate_python(rest)
        except ValidationError:
            return {}

    def cleaned(self, value: Any, seen: Any, findings: Findings, locate: Locate) -> dict[str, Any]:
        """*value*, not normalised, without what is wrong in *seen*, which is the same but for values that are BROKEN."""
        try:
            self._adapter.validate_python({} if seen is None else seen)
        except ValidationError as error:
            broken = {one["loc"] for one in error.errors(include_url=False) if one["input"] is BROKEN}
            wrong = [path for path in self._report(error, findings, locate) if path not in broken]
            return without(value, wrong, self._members) if isinstance(value, dict) else {}
        return value or {}

    def _report(self, error: ValidationError, findings: Findings, locate: Locate) -> list[Path]:
        """The paths of what is wrong; all of it is reported now, or was when it became BROKEN."""
        wrong = error.errors(include_url=False)
        for one in wrong:
            if one["input"] is not BROKEN:
                self._report_one(one, findings, locate)
        return [one["loc"] for one in wrong]

    def _report_one(self, error: ErrorDetails, findings: Findings, locate: Locate) -> None:
        path = error["loc"]
        shape = self._members[str(path[0])] if len(path) == 3 and path[0] in self._members else self
        unknown = error["type"] == "extra_forbidden"
        if unknown:
            code, message, hint = (
                "unknown-field",
                f"{shape.noun} has no {quoted(str(path[-1]))}",
                guess(str(path[-1]), shape.fields),
            )
        else:
            code, message, hint = explain(error, shape.noun)
        findings.error(code, message, locate(path, not unknown), hint)


def explain(error: ErrorDetails, noun: str) -> tuple[str, str, str | None]:
    """Code, message and hint of a mismatch. A secret's value is in none of them."""
    names = [step for step in error["loc"] if isinstance(step, str)]
    name = quoted(names[-1]) if names else noun
    value, kind = error["input"], error["type"]
    if isinstance(value, SecretRef):
        return "reference", f"{name} cannot be a reference", "references are for credentials, passwords and secrets"
    secret = any(map(is_secret, names)) or (isinstance(value, str) and holds_secret(value))
    shown = "" if secret else f", not {_shown(value)}"
    if kind in _WANTED:
        return "wrong-type", f"{name} must be {_WANTED[kind]}{shown}", _type_hint(kind, value, bool(shown))
    if kind == "literal_error":
        expected = str(error["ctx"]["expected"]).replace("'", "")
        close = did_you_mean(value, expected.replace(" or ", ", ").split(", ")) if isinstance(value, str) else None
        return "invalid-value", f"{name} must be {expected}{shown}", close
    if kind == "value_error":
        reason = str(error["ctx"]["error"])
        reason = reason.replace(value, "…") if secret and isinstance(value, str) and value else reason
        return "invalid-value", f"{name}: {reason}", None
    reason = error["msg"].replace("Input should be", "must be").replace("Input", "it")
    return "invalid-value", f"{name} {reason}{shown}", None


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value if len(value) <= 60 else value[:59] + '…'!r}"
        case list():
            return "a list"
        case SecretRef() | Plaintext():
            return "a reference"
        case _:
            return "a mapping"


def _type_hint(kind: str, value: Any, may_show: bool) -> str | None:
    if kind == "string_type" and isinstance(value, int | float):
        return "put it in quotes"
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "true", "false"):
        return f"write {str(value.lower() in ('yes', 'on', 'true')).lower()}, without quotes"
    if kind == "list_type" and isinstance(value, str) and may_show and len(value) <= 60:
        return f"write [{value}]"
    return "leave it out" if value is None else None


def without(
    value: dict[str, Any], paths: Iterable[Path], sections: Collection[str] = (), *, stubs: bool = False
) -> dict[str, Any]:
    """*value* without what is at *paths*, or, where that is no member of a mapping, without what it is a part of. Members of
    *sections* stay, empty: an alias with a wrong destination is still there."""
    cuts: dict[Any, list[Path]] = {}
    for path in paths:
        cuts.setdefault(path[0] if path else None, []).append(path[1:])
    rest = {}
    for key, member in value.items():
        if key not in cuts:
            rest[key] = member
        elif isinstance(member, dict) and all(cuts[key]):
            rest[key] = without(member, cuts[key], stubs=key in sections)
        elif stubs:
            rest[key] = {}
    return rest
