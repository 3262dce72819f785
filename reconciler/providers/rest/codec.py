"""How a portable value is written on the wire and read back: one pair per kind of value, each the inverse of the other.

Reading is tolerant (a flag may come as 0/1 or "0"/"1", a number as text), writing is exact. `check` says, in words for
the author of a manifest, why a provider cannot hold a value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.model.names import domain_name, email_address
from reconciler.model.quantities import EXPIRIES, NEVER, UNLIMITED
from reconciler.model.resources import Value, as_set

MIB: Final = 1024 * 1024
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_FLAGS: Final[dict[Any, bool]] = {True: True, False: False, "1": True, "0": False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Codec:
    """*from_wire* raises KeyError, TypeError or ValueError for what the contract does not allow; *check* raises ValueError
    for a portable value that the provider cannot hold."""

    to_wire: Callable[[Any], Any]
    from_wire: Callable[[Any], Value]
    check: Callable[[Value], None]


def as_it_is(value: Any) -> Any:
    return value


def anything(value: Value) -> None:
    """The check of a field that can hold any value, null included."""


def not_null(value: Value) -> None:
    if value is None:
        raise ValueError("it cannot be cleared here: leave it out, or give it a value")


def not_empty(value: Value) -> None:
    if not value:
        raise ValueError("it needs at least one member")


def always(only: Value) -> Callable[[Value], None]:
    """The check of a field that has one value, and no call to change it."""

    def check(value: Value) -> None:
        if value != only:
            raise ValueError(f"it is always {_in_words(only)} here: leave it out, or write just that")

    return check


def _in_words(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value).lower()


def whole(value: Any) -> int:
    """A whole number, also from text."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) < 20:
        return int(value)
    raise ValueError("not a whole number")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("not a text")
    if not value.isascii():
        value.encode()  # half a surrogate pair is no text, and could not be printed
    return value


def domain_key(value: Any) -> str:
    """A domain as it is compared. What is no domain by our rules (`intranet`) stays as the provider has it."""
    try:
        return domain_name(_some(value))
    except ValueError:
        return _some(value).lower()


def address_key(value: Any) -> str:
    """An address as it is compared; `@example.com` is one too (a catch-all)."""
    local, at, domain = _some(value).rpartition("@")
    if not at:
        raise ValueError("not an address")
    if not local:
        return f"@{domain_key(domain)}"
    return destination(value)


def destination(value: str) -> str:
    """An address that mail goes to, or a URL. What is none by our rules (`spam@localhost`) stays as the provider has
    it."""
    if "://" in value:
        return value
    try:
        return email_address(value)
    except ValueError:
        return value.lower()


def _some(value: Any) -> str:
    if not value:
        raise ValueError("empty")
    return _text(value)


def _members(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise TypeError("it must be a text of addresses")
    return as_set(destination(one) for part in value.split(",") if (one := part.strip()))


def _no_comma(value: Value) -> None:
    not_empty(value)
    for one in value if isinstance(value, tuple) else ():
        if "," in one:
            raise ValueError(f"{one}: a comma ends a destination here")


def _one_at_most(value: Value) -> None:
    if isinstance(value, tuple) and len(value) > 1:
        raise ValueError(f"it takes one address here, not {len(value)}: let it be an alias that goes to all of them")


def _one_or_none(value: Any) -> Value:
    return (destination(_text(value)),) if value else None


def events(*known: str) -> Codec:
    """A set of event names. New ones that the provider may come to have are read, but not written."""

    def check(value: Value) -> None:
        not_empty(value)
        for one in value if isinstance(value, tuple) else ():
            if one not in known:
                raise ValueError(f"{one!r} is no event here: there are {', '.join(known)}")

    def from_wire(value: Any) -> Value:
        if not isinstance(value, list):
            raise TypeError("not a list")
        return as_set(map(_some, value))

    return Codec(list, from_wire, check)


def moment(value: Any) -> datetime:
    """A point in time in ISO 8601; UTC where it does not say."""
    found = datetime.fromisoformat(_some(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def milliseconds(value: Value) -> int:
    return 0 if value == NEVER else 1000 * EXPIRIES[str(value)]


def _expiry(value: Any) -> Value:
    # "Never" is written as 0; taken for a duration, that would be "expires at once".
    number = whole(value)
    names = {milliseconds(name): name for name in (*EXPIRIES, NEVER)}
    return names.get(number, f"{number // 1000}s")


def _an_expiry(value: Value) -> None:
    not_null(value)
    if value not in (*EXPIRIES, NEVER):
        raise ValueError(f"it is one of {', '.join((*EXPIRIES, NEVER))}")


def _http_url(value: Value) -> None:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise ValueError("it must be an http(s) URL")


def mebibytes(*, unlimited: int | None = None) -> Codec:
    """A size as a number of MiB. *unlimited*: the number that means so, None where there is no such thing."""

    def check(value: Value) -> None:
        not_null(value)
        if value == UNLIMITED:
            if unlimited is None:
                raise ValueError("it cannot be unlimited here")
        elif not isinstance(value, int) or value % MIB:
            raise ValueError(f"{value} bytes is not a whole number of MiB")
        elif value < MIB:
            raise ValueError("it must be 1 MiB at least")

    def to_wire(value: Value) -> int | None:
        return unlimited if value == UNLIMITED else whole(value) // MIB

    def from_wire(value: Any) -> Value:
        number = whole(value)
        return UNLIMITED if number == unlimited else number * MIB

    return Codec(to_wire, from_wire, check)


def _count(value: Value) -> None:
    not_null(value)
    if not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")


FLAG: Final = Codec(as_it_is, _FLAGS.__getitem__, not_null)
TEXT: Final = Codec(lambda value: value or "", _text, anything)
COUNT: Final = Codec(as_it_is, whole, _count)
SECRET: Final = Codec(as_it_is, _text, not_null)
URL: Final = Codec(as_it_is, _some, _http_url)
ADDRESSES: Final = Codec(",".join, _members, _no_comma)
ONE_ADDRESS: Final = Codec(lambda value: value[0] if value else None, _one_or_none, _one_at_most)
EXPIRY: Final = Codec(milliseconds, _expiry, _an_expiry)
