"""What was asked of the sandbox: the last hundred thousand requests, for tests and for counting."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

KEPT = 100_000


@dataclass(frozen=True)
class RecordedRequest:
    """One request and the status that its sender saw. *path* is below the API's base URL, percent-encoded as it came.

    *body* is the JSON that was sent (secrets included), text when it was no JSON, None when there was none. *status* is 0
    when the connection was dropped. *fault* tells an injected answer; it says whether the request was carried out."""

    api: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    fault: str | None = None


class Recorder:
    """Keeps requests in the order of their answers. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: deque[RecordedRequest] = deque(maxlen=KEPT)

    def add(self, request: RecordedRequest) -> None:
        with self._lock:
            self._kept.append(request)

    def all(self) -> list[RecordedRequest]:
        with self._lock:
            return list(self._kept)

    def reset(self) -> None:
        with self._lock:
            self._kept.clear()


def readable(content: bytes) -> Any:
    """The body as it is kept: JSON where it is JSON."""
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")
