"""Logging in with e-mail address and password for a token that runs out, and renewing it.

Once per run, when the first call needs it, for all calls together. A token that is about to run out, or is refused, is
renewed with the refresh token, which works once; when that fails, logging in again is tried once.
"""

import base64
import binascii
import hmac
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import OutcomeUnknown, ProviderError
from reconciler.providers.rest.answers import json_or_none, member
from reconciler.providers.rest.auth import LogIn, LogInRefused, Pause, sendable
from reconciler.providers.rest.messages import Answer, Request

if TYPE_CHECKING:
    from reconciler.providers.rest.pace import Clock

STEP: Final = 30  # seconds that a one-time code is good for (RFC 6238)
MARGIN: Final = 60  # seconds; a token is renewed this long before it runs out, or at half its life
_FRESH: Final = "a totp_code is good for one login only, within its half minute"
_HINTS: Final = {
    "TOTP_REQUIRED": "two-factor login is on: give totp_secret, or a fresh totp_code",
    "TOTP_INVALID": f"{_FRESH}: give a fresh one, or totp_secret",
}
_AGAIN: Final = f"{_FRESH}, and this was the second login of the run: use totp_secret instead"


class TotpCode:
    """One code, read off a device by the user."""

    def __init__(self, code: str) -> None:
        self._code = code

    def now(self, clock: "Clock") -> str:
        return self._code


class TotpSecret:
    """Makes a code for each login. Raises ValueError for a secret that is not base32."""

    def __init__(self, secret: str) -> None:
        plain = secret.replace(" ", "").replace("-", "").rstrip("=").upper()
        try:
            self._key = base64.b32decode(plain + "=" * (-len(plain) % 8))
        except binascii.Error:
            raise ValueError("totp_secret is not base32, as services show it when two-factor login is set up") from None

    def now(self, clock: "Clock") -> str:
        return totp(self._key, int(clock.now() // STEP))

    def until_next(self, clock: "Clock") -> Pause:
        return Pause(STEP - clock.now() % STEP, "the one-time code was probably used before: waiting for the next one")


def totp(key: bytes, step: int) -> str:
    """The six digits of RFC 6238 with SHA-1 for the *step* of 30 seconds since 1970."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


Code = TotpCode | TotpSecret


class Session:
    """A login whose answer holds `data: {access_token, refresh_token, expires_in}`, as does that of a renewal; refusals
    have an `error.code`. *paths*: of the login and of the renewal."""

    renewable = True

    def __init__(
        self,
        credentials: Mapping[str, str],
        code: TotpCode | TotpSecret | None = None,
        paths: tuple[str, str] = ("auth/login", "auth/refresh"),
    ) -> None:
        self._credentials = credentials
        self._code = code
        self._login_path, self._refresh_path = paths
        self._access = ""
        self._refresh = ""
        self._sent_at = 0.0
        self._renew_at = 0.0

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._access}"}

    def due(self, now: float) -> bool:
        return not self._access or now >= self._renew_at

    def log_in(self, clock: "Clock") -> LogIn:
        if self._refresh:
            answer = yield from self._renew(clock)
            if answer is not None and answer.status == 200:
                self._take(answer)
                return
        answer = yield from self._enter(clock)
        if answer.status != 200:
            raise LogInRefused(answer, self._hint(answer))
        self._take(answer)

    def _renew(self, clock: "Clock") -> Generator[Request, Answer, Answer | None]:
        """The answer; None when it did not come."""
        token, self._refresh = self._refresh, ""  # whatever comes of it, it works once
        self._sent_at = clock.monotonic()
        try:
            body = {"refresh_token": token}
            return (yield Request("POST", self._refresh_path, body=body, repeatable=False, anonymous=True))
        except ProviderError:
            return None

    def _enter(self, clock: "Clock") -> Generator[Request | Pause, Any, Answer]:
        try:
            answer = yield from self._try(clock)
        except OutcomeUnknown:
            if not isinstance(self._code, TotpSecret):
                raise
            answer = None
        if isinstance(self._code, TotpSecret) and (answer is None or _code_of(answer) == "TOTP_INVALID"):
            yield self._code.until_next(clock)
            answer = yield from self._try(clock)
        assert answer is not None
        return answer

    def _try(self, clock: "Clock") -> Generator[Request, Answer, Answer]:
        code = {"totp_code": self._code.now(clock)} if self._code else {}
        self._sent_at = clock.monotonic()
        # With a one-time code the same login cannot be sent twice.
        body = {**self._credentials, **code}
        return (yield Request("POST", self._login_path, body=body, repeatable=not code, anonymous=True))

    def _hint(self, refused: Answer) -> str | None:
        again = bool(self._access) and isinstance(self._code, TotpCode)
        return _AGAIN if again and _code_of(refused) == "TOTP_INVALID" else _HINTS.get(str(_code_of(refused)))

    def _take(self, answer: Answer) -> None:
        """Raises ValueError, which does not show what the answer holds."""
        data = member(json_or_none(answer), "data")
        access, refresh, life = (member(data, name) for name in ("access_token", "refresh_token", "expires_in"))
        if not (isinstance(access, str) and access and isinstance(refresh, str)):
            raise ValueError("it has no access_token and refresh_token in 'data'")
        if type(life) not in (int, float) or not life > 0:
            raise ValueError("it does not say in 'data.expires_in' when the token runs out")
        self._access, self._refresh = sendable(access), refresh
        self._renew_at = self._sent_at + life - min(MARGIN, life / 2)


def _code_of(answer: Answer) -> Any:
    return member(json_or_none(answer), "error", "code")
