"""Who we are: schemes that give the headers of a call, and the requests that obtain or renew a credential.

A scheme does no I/O: `log_in` is a generator that yields requests and receives answers. It is run by one call at a time,
and its outcome is shared by all calls of the account.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Protocol

from pydantic import SecretStr

from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.messages import Answer, Request

LogIn = Generator[Request, Answer, None]


class Auth(Protocol):
    """*renewable*: a 401 may mean that the credential has expired, and logging in (again) may help."""

    renewable: bool

    def headers(self) -> Mapping[str, str]: ...

    def due(self, now: float) -> bool:
        """Whether to log in before the next call. *now* in seconds, as the clock of `log_in`."""

    def log_in(self, now: float) -> LogIn: ...


# Raises ValueError for a credential that cannot be sent.
Scheme = Callable[[ProviderSettings], Auth]


class Static:
    """The same header for every call, valid until somebody revokes it."""

    renewable = False

    def __init__(self, header: str, value: str) -> None:
        if not (value.isascii() and value.isprintable()):
            raise ValueError("the credential holds characters that no HTTP header can carry")
        self._headers = {header: value}

    def headers(self) -> Mapping[str, str]:
        return self._headers

    def due(self, now: float) -> bool:
        return False

    def log_in(self, now: float) -> LogIn:
        yield from ()


def bearer(setting: str) -> Scheme:
    """`Authorization: Bearer …` from the setting of that name."""
    return lambda settings: Static("Authorization", f"Bearer {_secret(settings, setting)}")


def _secret(settings: ProviderSettings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
