"""How an emulated API says no: one exception, which each API renders in its own envelope."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The answer will be this error. *field* and *value* are set when one field is to blame, *retry_after* for a 429."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "",
        field: str | None = None,
        value: Any = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.field = field
        self.value = value
        self.retry_after = retry_after
