"""How long an answer asks to wait, in seconds. None where it does not say, or says nothing that makes sense."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """`Retry-After`: a number of seconds, or a date. *now* is Unix time."""
    text = headers.get("retry-after", "")
    try:
        return seconds(text) or seconds(parsedate_to_datetime(text).timestamp() - _server_time(headers, now))
    except ValueError:
        return None


def until_reset(headers: Mapping[str, str], now: float) -> float | None:
    """Until `X-RateLimit-Reset`, which is Unix time; 0 when that has passed."""
    reset = seconds(headers.get("x-ratelimit-reset"))
    return max(0.0, reset - _server_time(headers, now)) if reset else None


def used_up(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining", "").strip() == "0"


def seconds(value: Any) -> float | None:
    """A positive number, below what a calendar can hold."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < 1e11 else None


def spelled(duration: float) -> str:
    """`12 s`, `38 min`."""
    return f"{duration:.3g} s" if duration < 90 else f"{duration / 60:.0f} min"


def _server_time(headers: Mapping[str, str], now: float) -> float:
    """The server's own clock, which its times are measured with; ours when it does not tell."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return now
