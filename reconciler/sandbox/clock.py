"""The sandbox's own time, which can be moved on, and the ways in which the emulated APIs write a moment."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970, as the machine has them plus what `advance` added."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Lets tokens, disposable addresses and rate limits run out without anybody waiting for it."""
        self._ahead += seconds


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso_seconds(seconds: float) -> str:
    """2025-01-15T10:30:00Z"""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(seconds: float) -> str:
    """2025-04-21T08:30:45.084Z"""
    return moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def millis(seconds: float) -> int:
    return int(seconds * 1000)
