"""Values that are computed: `{{ expression }}` and `${scheme:path}`.

A reference becomes a SecretRef wherever it stands; the shapes of what may hold one refuse it everywhere else. What comes
out of an expression is never read again. Values without a `{` cost nothing, and jinja2 is imported for the first
expression that is more than the name of a variable.
"""

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.documents import Part
from reconciler.manifests.findings import Findings, guess
from reconciler.manifests.nodes import BROKEN
from reconciler.manifests.secrecy import REFERENCE, is_secret
from reconciler.manifests.variables import LIMIT, ExpressionError, Unusable, Variables
from reconciler.model.secret import SecretRef

if TYPE_CHECKING:
    from reconciler.manifests.sandbox import Sandbox

_MAX_CHAIN: Final = 30
_SIGN = re.compile(r"\{\{|\{%|\$\{")
_REFERENCE = re.compile(REFERENCE)
_VARIABLE = re.compile(r"\{\{\s*(?P<name>domain|vars(?:\.[A-Za-z_]\w*)+)\s*\}\}", re.ASCII)


class Expressions:
    """Computes the values of one load. *schemes*: the known kinds of reference."""

    def __init__(self, schemes: Collection[str], findings: Findings) -> None:
        self._schemes = schemes
        self._findings = findings
        self._origins: dict[str, Part] = {}
        self._overrides: Mapping[str, Any] = {}
        self._unusable: set[tuple[str | int, ...]] = set()
        self._computing: dict[tuple[str | int, ...], None] = {}
        self.variables = Variables({}, self._variable)

    def define(self, variables: Mapping[str, Part], overrides: Mapping[str, Any]) -> None:
        """`vars` of the manifest, by name, and what `--var` and `--var-file` put in their place."""
        self._overrides = overrides
        self._origins = {name: part for name, part in variables.items() if name not in overrides}
        raw = {name: part.body for name, part in self._origins.items()} | dict(overrides)
        self.variables = Variables(raw, self._variable)

    def check_variables(self) -> None:
        """Computes all, so that an error is found also where nobody uses the variable."""
        self._touch(self.variables)

    def render(self, part: Part, domain: str | None = None) -> Part:
        """The part with its values computed. *domain*: of a template, the domain that uses it."""
        if not part.document.may_compute:
            return part
        return part._replace(body=self._render(part.body, part, (), domain))

    def _render(self, value: Any, part: Part, path: tuple[str | int, ...], domain: str | None) -> Any:
        """The same object when there is nothing to compute: anchors make one object stand in several places."""
        match value:
            case str():
                return self._computed(value, part, path, domain) if holds_expression(value) else value
            case list():
                members = [self._render(member, part, (*path, n), domain) for n, member in enumerate(value)]
                return members if any(a is not b for a, b in zip(members, value, strict=True)) else value
            case dict():
                return self._render_mapping(value, part, path, domain)
            case _:
                return value

    def _render_mapping(
        self, value: dict[str, Any], part: Part, path: tuple[str | int, ...], domain: str | None
    ) -> Any:
        computed: dict[str, Any] = {}
        for key, member in value.items():
            if holds_expression(key):
                self._findings.error(
                    "expression", "a key cannot be computed", part.at(*path, key), "write the key itself"
                )
            kind = type(member)
            if (kind is str and "{" in member) or kind is dict or kind is list:
                new = self._render(member, part, (*path, key), domain)
                if new is not member:
                    computed[key] = new
        return {**value, **computed} if computed else value

    def _computed(self, text: str, part: Part, path: tuple[str | int, ...], domain: str | None) -> Any:
        code = "expression" if "{{" in text or "{%" in text else "reference"
        try:
            return self._evaluate(text, domain) if code == "expression" else self._reference(text, part)
        except Unusable:
            return BROKEN
        except ExpressionError as error:
            message, hint = str(error), error.hint
            if code == "expression" and any(is_secret(str(step)) for step in path[-2:]) and _says_more(text):
                message, hint = "the expression of a secret cannot be computed", None
            self._findings.unknown(code, message, part.at_value(*path), hint)
            return BROKEN

    def _reference(self, text: str, part: Part) -> SecretRef:
        match = _REFERENCE.fullmatch(text)
        if not match:
            raise ExpressionError("a reference is the whole value, as in ${env:NAME}", _LITERAL)
        scheme, path = match.groups()
        if scheme not in self._schemes:
            raise ExpressionError(f"unknown kind of reference: ${{{scheme}:…}}", guess(scheme, self._schemes))
        return SecretRef(scheme, path, "" if scheme == "env" else part.document.folder)

    def _evaluate(self, text: str, domain: str | None) -> Any:
        """Raises ExpressionError, and Unusable where a variable is to blame."""
        if len(text) > LIMIT:
            raise ExpressionError("a text with an expression has at most 64 KiB")
        if any("${" in literal for literal in _literals(text)):
            raise ExpressionError("a reference is the whole value, without any expression beside it", _LITERAL)
        value = self._simple(text, domain)
        if value is not BROKEN:
            return value
        names: dict[str, Any] = {"vars": self.variables} | ({} if domain is None else {"domain": domain})
        return self._sandbox.evaluate(text, names)

    def _simple(self, text: str, domain: str | None) -> Any:
        """The value where all that is computed are names of variables, as nearly always; BROKEN where there is more to
        it, which Jinja then tells."""
        names = [match["name"] for match in _VARIABLE.finditer(text)]
        literals = _VARIABLE.split(text)[::2]
        if any(_SIGN.search(literal) for literal in literals):
            return BROKEN
        values = [self._named(name, domain) for name in names]
        if literals == ["", ""]:
            value = values[0]
            return value if isinstance(value, int | float | None) or _is_short(value) else BROKEN
        if not all(map(_is_short, values)):
            return BROKEN
        joined = literals[0] + "".join(value + literal for value, literal in zip(values, literals[1:], strict=True))
        return joined if _is_short(joined) else BROKEN

    def _named(self, name: str, domain: str | None) -> Any:
        if name == "domain":
            return domain or BROKEN
        value: Any = self.variables
        for step in name.split(".")[1:]:
            if not isinstance(value, Mapping) or step not in value:
                return BROKEN
            value = value[step]
        return value

    @cached_property
    def _sandbox(self) -> "Sandbox":
        from reconciler.manifests.sandbox import Sandbox

        return Sandbox(suggest=guess)

    def _variable(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """The value of a variable, or of a part of it. Raises Unusable."""
        if path[0] in self._overrides:
            return value
        if value is BROKEN:
            raise Unusable
        if isinstance(value, dict):
            return Variables(value, self._variable, path)
        if isinstance(value, list):
            return [self._variable(member, (*path, number)) for number, member in enumerate(value)]
        if not isinstance(value, str) or not _SIGN.search(value):
            return value
        return self._computed_variable(value, path)

    def _computed_variable(self, text: str, path: tuple[str | int, ...]) -> Any:
        if path in self._unusable:
            raise Unusable
        if path in self._computing:
            chain = [_dotted(one) for one in (*self._computing, path)]
            raise ExpressionError(f"a variable uses itself: {' → '.join(chain[-5:])}")
        if len(self._computing) > _MAX_CHAIN:
            raise ExpressionError(f"variables use each other more than {_MAX_CHAIN} deep")
        self._computing[path] = None
        try:
            if "{{" not in text and "{%" not in text:
                raise ExpressionError("a variable cannot hold a reference", "write the reference where it is used")
            return self._evaluate(text, None)
        except ExpressionError as error:
            origin = self._origins[str(path[0])]
            self._findings.unknown("expression", str(error), origin.at_value(*path[1:]), error.hint)
            self._unusable.add(path)
            raise Unusable from None
        finally:
            del self._computing[path]

    def _touch(self, value: Any) -> None:
        members = value if isinstance(value, Mapping) else range(len(value)) if isinstance(value, list) else ()
        for step in members:
            try:
                self._touch(value[step])
            except Unusable:
                continue


_LITERAL = "for the text itself write {{ '${' }}"


def holds_expression(text: str) -> bool:
    """Whether it is computed; references count too."""
    return "{" in text and bool(_SIGN.search(text))


def _literals(text: str) -> list[str]:
    """What stands outside of `{{ }}`, in linear time."""
    first, *others = text.split("{{")
    return [first, *(other.partition("}}")[2] for other in others)]


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LIMIT


def _says_more(text: str) -> bool:
    """Whether an expression is more than names of variables, so that an error could show a literal."""
    return any(map(_SIGN.search, _VARIABLE.split(text)[::2]))


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(("vars", *map(str, path)))
