"""What a request may say: the fields of a body or a query string, each with the reader that checks and converts its value.

A reader takes a JSON value (of a query parameter: a string) and gives the value to store. It raises TypeError when the
value is of another JSON type than documented, ValueError when the type is right and the value is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from .refusal import Refused
from .store import Row

Reader = Callable[[Any], Any]

# RFC 5322's, but for the asterisk: where these vendors know a wildcard, it is no address.
_ATEXT = r"[A-Za-z0-9!#$%&'+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")


class _Absent:
    """The default of a field that stays out of what was read, as in a merging update."""


ABSENT: Any = _Absent()


@dataclass(frozen=True)
class Field:
    """One field: how it is read, whether it must be there, and what it is when it is left out."""

    reader: Reader
    required: bool = True
    default: Any = ABSENT
    code: str = ""  # the API's own error code for a value that is not right; empty: the one for any bad request


Shape = Mapping[str, Field]


def optional(reader: Reader, default: Any = ABSENT, code: str = "") -> Field:
    return Field(reader, required=False, default=default, code=code)


def read(shape: Shape, given: Any) -> Row:
    """The values of *given* that *shape* allows, defaults filled in. Raises Refused 400 that names the field."""
    if not isinstance(given, dict):
        raise Refused(400, "the body must be a JSON object")
    for name in given:
        if name not in shape:
            raise Refused(400, f"there is no field {name} here, or it cannot be set", field=name, value=given[name])
    values = ((name, _value(name, field, given)) for name, field in shape.items())
    return {name: value for name, value in values if value is not ABSENT}


def _value(name: str, field: Field, given: Row) -> Any:
    if name not in given:
        if field.required:
            raise Refused(400, f"{name} is required", field=name)
        return field.default
    try:
        return field.reader(given[name])
    except TypeError as error:
        raise Refused(400, f"{name} {error}", field=name, value=given[name]) from error
    except ValueError as error:
        raise Refused(400, f"{name} {error}", code=field.code, field=name, value=given[name]) from error


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def text_of(minimum: int) -> Reader:
    """A string of at least *minimum* characters."""

    def reader(value: Any) -> str:
        if len(text(value)) < minimum:
            raise ValueError(f"must have at least {minimum} characters")
        return text(value)

    return reader


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def whole(minimum: int, maximum: int | None = None) -> Reader:
    """An integer; JSON's true and 1.0 are none."""

    def reader(value: Any) -> int:
        if type(value) is not int:
            raise TypeError("must be an integer")
        if value < minimum or (maximum is not None and value > maximum):
            raise ValueError(f"must be at least {minimum}" + (f" and at most {maximum}" if maximum else ""))
        return value

    return reader


def digits(minimum: int, maximum: int | None = None) -> Reader:
    """An integer in a query string."""
    within = whole(minimum, maximum)

    def reader(value: Any) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ValueError("must be an integer")
        return int(within(int(value)))

    return reader


def day(value: Any) -> date:
    """A date in a query string: 2025-01-15, and none of the other ways in which ISO 8601 can write it."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date, YYYY-MM-DD")
    return date.fromisoformat(value)


def one_of(*allowed: Any) -> Reader:
    """One of these values, of their type (1 is not true)."""

    def reader(value: Any) -> Any:
        if not any(value == one and type(value) is type(one) for one in allowed):
            raise ValueError(f"must be one of {', '.join(map(str, allowed))}")
        return value

    return reader


def choice(options: Mapping[str, Any]) -> Reader:
    """One of a few words in a query string, and what each stands for."""

    def reader(value: Any) -> Any:
        if value not in options:
            raise ValueError(f"must be one of {', '.join(options)}")
        return options[value]

    return reader


def nullable(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def list_of(reader: Reader, maximum: int | None = None) -> Reader:
    """A list that is not empty, each member read by *reader*."""

    def read_all(value: Any) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise TypeError("must be a list that is not empty")
        if maximum is not None and len(value) > maximum:
            raise ValueError(f"may have at most {maximum} members")
        return [reader(member) for member in value]

    return read_all


def domain_name(value: Any) -> str:
    """A domain name in A-labels, in lower case."""
    name = text(value).lower()
    if len(name) > 253 or not _DOMAIN.fullmatch(name):
        raise ValueError("is not a domain name")
    return name


def local_part(value: Any) -> str:
    name = text(value).lower()
    if len(name) > 64 or not _LOCAL_PART.fullmatch(name):
        raise ValueError("is not the local part of an address")
    return name


def address(value: Any) -> str:
    """A mail address, in lower case."""
    local, at, domain = text(value).rpartition("@")
    try:
        return f"{local_part(local)}{at}{domain_name(domain)}"
    except ValueError:
        raise ValueError("is not a mail address") from None


def http_url(value: Any) -> str:
    url = text(value)
    if re.search(r"\s", url):
        raise ValueError("is not a URL")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return url
