"""What goes wrong on purpose: a share of the requests is answered 500, 502, 503, 504 or 429, or loses its connection.

Which ones is decided by the request itself, how often it came before, and the seed. So a run meets the same faults
again, however its concurrent requests happen to interleave, and a repeated request is a new throw of the dice."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

DROPPED = 0  # stands where a status would: the connection is closed without an answer
STATUSES = (500, 502, 503, 504, 429, DROPPED)
# After these a client cannot know whether the request was carried out, so now and then it was.
UNKNOWN_OUTCOME = (502, 504, DROPPED)


@dataclass(frozen=True)
class Fault:
    """*carried_out*: the request took effect, only its answer got lost."""

    status: int
    carried_out: bool


class Faults:
    """Throws the dice for each request."""

    def __init__(self, rate: float, seed: int) -> None:
        self._rate = rate
        self._seed = seed
        self._seen: Counter[str] = Counter()

    def draw(self, method: str, path: str, content: bytes) -> Fault | None:
        if not self._rate:
            return None
        request = f"{method} {path} {content!r}"
        self._seen[request] += 1
        dice = random.Random(f"{self._seed} {self._seen[request]} {request}")  # noqa: S311  (must be repeatable)
        if dice.random() >= self._rate:
            return None
        status = dice.choice(STATUSES)
        return Fault(status, carried_out=status in UNKNOWN_OUTCOME and dice.random() < 0.5)
