"""Who we are: schemes that give the headers of a call, and the requests that obtain or renew a credential.

A scheme does no I/O: `log_in` is a generator that yields requests (and pauses) and receives answers. It is run by one call
at a time, and its outcome is shared by all calls of the account. Logging in is in `login`.
"""

import base64
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.messages import Answer, Request

if TYPE_CHECKING:
    from reconciler.providers.rest.pace import Clock


@dataclass(frozen=True, slots=True)
class Pause:
    """Something to be waited for before the next request; *why* is told to the user."""

    seconds: float
    why: str


class LogInRefused(Exception):
    """The provider does not take the credential."""

    def __init__(self, answer: Answer, hint: str | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.hint = hint


# A pause is answered with None. What a request fails with (ProviderError) is raised where it was yielded.
LogIn = Generator[Request | Pause, Answer | None, None]


class Auth(Protocol):
    """*renewable*: a 401 may mean that the credential has expired, and logging in (again) may help."""

    renewable: bool

    def headers(self) -> Mapping[str, str]: ...

    def due(self, now: float) -> bool:
        """Whether to log in before the next call. *now*: the clock's monotonic seconds."""

    def log_in(self, clock: "Clock") -> LogIn:
        """Raises LogInRefused, and ValueError for an answer that is not what the contract says."""


# Raises ValueError for a credential that cannot be sent.
Scheme = Callable[[ProviderSettings], Auth]


class Static:
    """The same header for every call, valid until somebody revokes it."""

    renewable = False

    def __init__(self, header: str, value: str) -> None:
        self._headers = {header: sendable(value)}

    def headers(self) -> Mapping[str, str]:
        return self._headers

    def due(self, now: float) -> bool:
        return False

    def log_in(self, clock: "Clock") -> LogIn:
        yield from ()


def bearer(setting: str) -> Scheme:
    """`Authorization: Bearer …` from the setting of that name."""
    return lambda settings: Static("Authorization", f"Bearer {secret(settings, setting)}")


def in_header(header: str, setting: str) -> Scheme:
    """The setting of that name, as it is, in a header of its own."""
    return lambda settings: Static(header, secret(settings, setting))


def basic(user: str, setting: str) -> Scheme:
    """`Authorization: Basic …` with a fixed user name and the setting of that name as the password."""

    def scheme(settings: ProviderSettings) -> Auth:
        pair = f"{user}:{sendable(secret(settings, setting))}"
        return Static("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")

    return scheme


def sendable(value: str) -> str:
    """*value*, if a header can hold it. Raises ValueError, which does not show it."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError("the credential holds characters that no HTTP header can carry")
    return value


def secret(settings: ProviderSettings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
