"""When the next call of an account may go: its token bucket, the pauses that the provider asks for, and what refused
calls teach about a limit that nobody stated. Computes; does not wait."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from reconciler.model.quantities import Rate

# Calls overtake each other on the way, so what left at the stated rate can arrive a little faster. The burst begins this
# much (seconds) below its size, and the rate is this much lower, so that the server counts no call too many.
HEADROOM: Final = 0.25
SLOWER: Final = 1.002


@dataclass(frozen=True, slots=True)
class Clock:
    """*monotonic* and *now* (Unix time) in seconds. *jitter*: a number in [0, 1)."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    jitter: Callable[[], float] = field(default=random.random)


class Pace:
    """Times are the clock's monotonic seconds."""

    def __init__(self, rate: Rate | None) -> None:
        self._interval = SLOWER / rate.per_second if rate else 0.0
        self._tolerance = max(0.0, self._interval * (rate.burst - 1) - HEADROOM) if rate else 0.0
        self._next = 0.0  # when the bucket would be full again, less one call
        self._pause_until = 0.0
        self._learnt = Learnt()

    def wait(self, now: float) -> float:
        """Seconds until the next call may go."""
        return max(self._next - self._tolerance, self._learnt.next, self._pause_until) - now

    def pause_left(self, now: float) -> float:
        """The part of that which the provider asked for."""
        return self._pause_until - now

    def take(self, now: float) -> None:
        self._next = max(self._next, now) + self._interval
        self._learnt.take(now)

    def pause(self, until: float) -> None:
        self._pause_until = max(self._pause_until, until)

    def passed(self) -> None:
        self._learnt.passed()

    def refused(self, now: float) -> None:
        # Calls that were under way when the first one was refused teach nothing new.
        if now >= self._pause_until:
            self._learnt.refused(now)


class Learnt:
    """A limit that nobody stated. Between two refusals exactly what the server allows came through; when two such
    measurements agree, calls go somewhat slower than that, and then, bit by bit, faster again."""

    CAUTION = 1.1
    RELIEF = 0.9995
    AGREE = 0.2

    def __init__(self) -> None:
        self.next = 0.0
        self._interval = 0.0
        self._measured = 0.0
        self._refused_at: float | None = None
        self._count = 0  # calls that came through since then

    def take(self, now: float) -> None:
        self.next = max(self.next, now) + self._interval

    def passed(self) -> None:
        self._count += 1
        self._interval *= self.RELIEF

    def refused(self, now: float) -> None:
        if self._refused_at is not None and self._count:
            before, self._measured = self._measured, (now - self._refused_at) / self._count
            if abs(before - self._measured) <= self.AGREE * self._measured:
                self._interval = max(self._interval, self._measured * self.CAUTION)
        self._refused_at, self._count = now, 0
