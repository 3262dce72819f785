"""Sizes, expiries and rates: read from text with their unit, compared as plain values, printed with their unit again.

A size is a whole number of bytes or UNLIMITED; an expiry is one of EXPIRIES (or, live, a span such as `5400s`).
Plain values are what the ledger and the JSON plan hold, so nothing has to be converted there.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Size = int | Literal["unlimited"]
UNLIMITED: Final = "unlimited"
NEVER: Final = "never"
EXPIRIES: Final = {"1h": 3600, "1d": 86400, "3d": 259200}  # seconds; and NEVER

_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")
# Mail servers count in powers of 1024 whatever they call the unit, so KB is read as KiB.
_POWERS: Final = {unit.lower(): 1024 ** (n + 1) for n, i in enumerate(_UNITS) for unit in (i, i.replace("i", ""))}
_SIZE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)
_PER = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_RATE = re.compile(r"(?P<count>\d{1,9})\s*/\s*(?P<per>[a-z]+)(?:\s+burst\s+(?P<burst>\d{1,9}))?", re.ASCII)


def parse_size(text: str) -> Size:
    """Bytes, or UNLIMITED. Raises ValueError, whose text names the missing or unknown unit."""
    if text.strip().lower() == UNLIMITED:
        return UNLIMITED
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a size: write a number and a unit ({', '.join(_UNITS)}), or unlimited")
    if not match["unit"]:
        raise ValueError(f"{text!r} has no unit: write for example '{text.strip()} MiB'")
    power = _POWERS.get(match["unit"].lower())
    if power is None:
        raise ValueError(f"{text!r}: unknown unit {match['unit']!r}; the units are {', '.join(_UNITS)}")
    size = Decimal(match["number"]) * power
    if size != int(size):
        raise ValueError(f"{text!r} is not a whole number of bytes")
    return int(size)


def format_size(size: Size) -> str:
    """`5 GiB`: the largest unit in which the number is whole; `1000 bytes` where none is."""
    if isinstance(size, str):
        return size
    for power, unit in reversed(list(enumerate(_UNITS, 1))):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power} {unit}"
    return "0 MiB" if size == 0 else f"{size} bytes"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *count* calls per *seconds*, of which *burst* may come at once."""

    count: int
    seconds: int
    burst: int = 1

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def __str__(self) -> str:
        per = {1: "s", 60: "min", 3600: "h", 86400: "d"}.get(self.seconds, f"{self.seconds}s")
        return f"{self.count}/{per}" + (f" burst {self.burst}" if self.burst > 1 else "")


def parse_rate(text: str) -> Rate | None:
    """`60/min`, `10/s`, `60/min burst 10`; None for `none`. Raises ValueError."""
    if text.strip() == "none":
        return None
    match = _RATE.fullmatch(text.strip())
    if not match or match["per"] not in _PER or not int(match["count"]) or match["burst"] == "0":
        raise ValueError(f"{text!r} is not a rate: write for example 60/min, 10/s, '60/min burst 10' or none")
    return Rate(int(match["count"]), _PER[match["per"]], int(match["burst"] or 1))


def parse_expiry(text: str) -> str:
    """One of 1h, 1d, 3d, never. Raises ValueError."""
    if text not in (*EXPIRIES, NEVER):
        raise ValueError(f"{text!r} is not an expiry: it is one of {', '.join((*EXPIRIES, NEVER))}")
    return text
