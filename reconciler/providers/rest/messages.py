"""A call and its answer, as the generators of `auth` and `pages` see them: no I/O, no HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Request:
    """*path* is relative to the base URL and percent-encoded. *repeatable*: sent twice, it does no more than once.
    *anonymous*: goes without the account's credential (a login)."""

    method: Method
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    repeatable: bool = True
    anonymous: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path.replace('%40', '@')}"


@dataclass(frozen=True, slots=True)
class Answer:
    """*headers* are looked up in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
