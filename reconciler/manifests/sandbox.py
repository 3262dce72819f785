"""The Jinja2 that manifests get: expressions only, on data only, small in time and space.

A pull request may hold any expression, and `plan` evaluates it. So what is not allowed here does not exist: the filters,
methods and operators below are all there are, none can make a result larger than LIMIT, and nothing reaches an attribute
of a Python object. This module imports jinja2, and is imported only when a value needs it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from jinja2 import StrictUndefined, TemplateError, Undefined
from jinja2.environment import TemplateExpression
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from reconciler.manifests.variables import LIMIT, ExpressionError

_MAX_BITS: Final = 4096
_MAX_SOURCE: Final = 1000
_MAX_WORK: Final = 20_000_000  # characters and members looked at in one load: a few seconds
_FILTERS: Final = frozenset(
    [
        "abs",
        "capitalize",
        "count",
        "d",
        "default",
        "first",
        "float",
        "int",
        "items",
        "last",
        "length",
        "list",
        "lower",
        "max",
        "min",
        "reverse",
        "sort",
        "title",
        "trim",
        "unique",
        "upper",
    ]
)
_TEXT_METHODS: Final = frozenset(
    [
        "capitalize",
        "endswith",
        "lower",
        "lstrip",
        "removeprefix",
        "removesuffix",
        "rstrip",
        "split",
        "startswith",
        "strip",
        "title",
        "upper",
    ]
)
_MAPPING_METHODS: Final = frozenset({"get", "items", "keys", "values"})
_BLOCKS: Final = frozenset({"block_begin", "raw_begin"})


class _Unknown(StrictUndefined):
    """An undefined name. What it says is `message NEWLINE hint`: Jinja's errors carry one text only."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_name == "domain":
            return "'domain' is undefined here\nit is the domain's name inside of templates only"
        return f"{self._undefined_name!r} is undefined\na variable is written vars.{self._undefined_name}"


class Sandbox(SandboxedEnvironment):
    """*suggest* names what a misspelt key of a mapping may have meant."""

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def __init__(self, suggest: Callable[[str, Iterable[str]], str | None]) -> None:
        super().__init__(undefined=_Unknown, keep_trailing_newline=True, optimized=False, cache_size=0)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters |= {"replace": self._replace, "join": self._join, "string": self._text}
        self._suggest = suggest
        self._work = 0
        self._expressions: dict[str, TemplateExpression] = {}

    def evaluate(self, text: str, names: Mapping[str, Any]) -> Any:
        """The value of *text*; of one whole `{{ }}`, with its type. Raises ExpressionError."""
        try:
            pieces = list(self._pieces(text))
            values = [self._value(piece, names) if computed else piece for computed, piece in pieces]
            if [computed for computed, _ in pieces] == [True]:
                return values[0]
            return self.data("".join(map(self._text, values)))
        except TemplateError as error:
            message, _, hint = (error.message or "the expression fails").partition("\n")
            raise ExpressionError(message, hint or None) from None
        except RecursionError:
            raise ExpressionError("the expression is nested too deeply") from None
        except (ArithmeticError, AttributeError, LookupError, MemoryError, SyntaxError, TypeError, ValueError) as error:
            raise ExpressionError(f"the expression fails: {error}") from None

    def _pieces(self, text: str) -> Iterator[tuple[bool, str]]:
        """Literal pieces, and (True) the sources of expressions."""
        source: list[str] | None = None
        for _, kind, value in self.lex(text):
            if kind in _BLOCKS:
                raise TemplateError("'{% %}' is not allowed\na manifest computes values with '{{ }}' only")
            if kind == "data":
                yield False, value
            elif kind == "variable_begin":
                source = []
            elif kind == "variable_end":
                yield True, "".join(source or ())
                source = None
            elif source is not None:
                source.append(value)
        if source is not None:
            raise TemplateError("'{{' without '}}'")

    def _value(self, source: str, names: Mapping[str, Any]) -> Any:
        """Of one expression. Many values share one, and compiling costs half a millisecond."""
        if len(source) > _MAX_SOURCE:
            raise TemplateError(f"an expression has at most {_MAX_SOURCE} characters")
        if source not in self._expressions:
            self._expressions[source] = self.compile_expression(source, undefined_to_none=False)
        return self.data(self._expressions[source](names))

    # What expressions can reach

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A member of a mapping, list or text; a method, where no member has its name."""
        if isinstance(obj, Undefined):
            str(obj)  # raises
        if isinstance(obj, Mapping):
            return obj[argument] if argument in obj else self._method(obj, argument, _MAPPING_METHODS)
        if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
            return obj[argument]
        return self._method(obj, argument, _TEXT_METHODS if isinstance(obj, str) else frozenset())

    def _method(self, obj: Any, name: Any, allowed: frozenset[str]) -> Any:
        if isinstance(obj, str) and name == "replace":
            return lambda *arguments: self._replace(obj, *arguments)
        if isinstance(name, str) and name in allowed:
            return getattr(obj, name)
        where = getattr(obj, "name", None) or f"this {_kind(obj)}"
        guess = self._suggest(str(name), obj) if isinstance(obj, Mapping) else None
        return self.undefined(f"{where} has no {str(name)!r}\n{guess or ''}", obj, str(name))

    # Nothing grows beyond the limit

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise TemplateError("texts have no %\njoin texts with ~")
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            self._limit(max(left.bit_length(), 1) * right, _MAX_BITS)
        if operator == "*":
            for many, times in ((left, right), (right, left)):
                if isinstance(many, str | list | tuple) and isinstance(times, int):
                    self._limit(self._weight(many) * times)
        return self.data(super().call_binop(context, operator, left, right))

    def _replace(self, text: Any, old: Any, new: Any, count: int = -1) -> str:
        whole, out, into = self._text(text), self._text(old), self._text(new)
        self._limit(len(whole) + (whole.count(out) + 1) * len(into))
        return whole.replace(out, into, count)

    def _join(self, values: Any, between: str = "") -> str:
        texts = [self._text(value) for value in values]
        self._limit(sum(map(len, texts)) + len(texts) * len(between))
        return between.join(texts)

    def _text(self, value: Any) -> str:
        if isinstance(value, Undefined):
            str(value)  # raises
        if isinstance(value, str | int | float):
            return str(value)
        raise TemplateError(f"{_kind(value)} cannot be part of a text")

    def data(self, value: Any) -> Any:
        """*value*, as plain data of bounded size."""
        if isinstance(value, Undefined):
            str(value)  # raises
        self._limit(self._weight(value))
        return _plain(value)

    def _weight(self, value: Any) -> int:
        """Characters and members, all levels; stops counting beyond the limit."""
        weight, todo = -1, [value]
        while todo and weight <= LIMIT:
            one = todo.pop()
            weight += 1
            match one:
                case str():
                    weight += len(one)
                case list() | tuple():
                    todo.extend(one[: LIMIT + 1])
                case Mapping():
                    todo.extend(one)
                    todo.extend(one.values())
                case int():
                    self._limit(one.bit_length(), _MAX_BITS)
                case None | float():
                    pass
                case _:
                    _no_data(one)
        self._work += weight
        self._limit(self._work, _MAX_WORK)
        return weight

    def _limit(self, size: int, limit: int = LIMIT) -> None:
        if size > limit:
            raise TemplateError("the result is too large\nwhat comes out of an expression is at most 64 KiB")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return str(value) if isinstance(value, str) else value


def _no_data(value: Any) -> NoReturn:
    raise TemplateError(f"{_kind(value)} is not a value of a manifest\nadd '| list' to what is not a list yet")


def _kind(value: Any) -> str:
    names = {"str": "text", "int": "number", "float": "number", "bool": "flag", "NoneType": "null", "dict": "mapping"}
    return names.get(type(value).__name__, type(value).__name__)
