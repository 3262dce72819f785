"""How a portable value is written on the wire and read back: one pair per kind of value, each the inverse of the other.

Reading is tolerant (a flag may come as 0/1 or "0"/"1", a number as text), writing is exact. `check` says, in words for
the author of a manifest, why a provider cannot hold a value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.names import domain_name, email_address
from reconciler.model.quantities import UNLIMITED
from reconciler.model.resources import Value, as_set

MIB: Final = 1024 * 1024
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
    """An address that mail goes to. What is none by our rules (`spam@localhost`) stays as the provider has it."""
    try:
        return email_address(value)
    except ValueError:
        return value.lower()


def _some(value: Any) -> str:
    if not value:
        raise ValueError("empty")
    return _text(value)


def _members(value: Any) -> tuple[str, ...]:
    return as_set(destination(one) for part in _text(value).split(",") if (one := part.strip()))


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
ADDRESSES: Final = Codec(",".join, _members, not_empty)
