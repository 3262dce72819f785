"""Rate limits: fixed windows, which the X-RateLimit headers describe, and token buckets, which no header does."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Protocol

UNLIMITED = 1_000_000_000
SECONDS = {"s": 1, "sec": 1, "min": 60, "m": 60, "hour": 3600, "h": 3600, "day": 86400, "d": 86400}


class Limit(Protocol):
    """Something that a request uses up."""

    def wait(self, now: float) -> float:
        """Seconds until a request may come; 0 when one may come now."""

    def take(self, now: float) -> None: ...


@dataclass
class Window:
    """*limit* requests in *seconds*, counted from the first request after the last window ended."""

    limit: int
    seconds: float
    used: int = 0
    ends: float = 0.0

    def _roll(self, now: float) -> None:
        if now >= self.ends:
            self.used, self.ends = 0, now + self.seconds

    def wait(self, now: float) -> float:
        self._roll(now)
        return self.ends - now if self.used >= self.limit else 0.0

    def take(self, now: float) -> None:
        self.used += 1

    def headers(self, now: float) -> dict[str, str]:
        self._roll(now)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            # Rounded up: who waits until then is not early.
            "X-RateLimit-Reset": str(math.ceil(self.ends)),
        }


@dataclass
class Bucket:
    """At most *capacity* requests at once, and *refill* more a second."""

    capacity: int
    refill: float
    level: float = 0.0
    filled_at: float | None = None

    def wait(self, now: float) -> float:
        since = math.inf if self.filled_at is None else now - self.filled_at
        self.level, self.filled_at = min(float(self.capacity), self.level + since * self.refill), now
        return max(0.0, (1 - self.level) / self.refill)

    def take(self, now: float) -> None:
        self.level -= 1


def window(asked: str | None, count: int, seconds: float) -> Window:
    """The window of an API that documents *count* in *seconds*, as far as the sandbox is *asked* to enforce it."""
    if asked == "documented":
        return Window(count, seconds)
    if unlimited(asked):
        return Window(UNLIMITED, seconds)
    count, seconds, _ = parse(asked)
    return Window(count, seconds)


def bucket(asked: str | None, capacity: int, refill: float) -> Bucket:
    """The same for an API whose limit is a bucket; without a burst, a whole period's requests may come at once."""
    if asked == "documented":
        return Bucket(capacity, refill)
    if unlimited(asked):
        return Bucket(UNLIMITED, UNLIMITED)
    count, seconds, burst = parse(asked)
    return Bucket(burst or count, count / seconds)


def unlimited(asked: str | None) -> bool:
    return asked is None or asked == "none"


def parse(asked: str | None) -> tuple[int, int, int | None]:
    """`60/min burst 10` as (60, 60, 10). Raises ValueError."""
    found = re.fullmatch(r"([1-9][0-9]*)/([a-z]+)(?: burst ([1-9][0-9]*))?", asked or "")
    if not found or found[2] not in SECONDS:
        raise ValueError(f"not a rate limit: {asked!r} (none, documented, or like 60/min, 10/s)")
    return int(found[1]), SECONDS[found[2]], int(found[3]) if found[3] else None
