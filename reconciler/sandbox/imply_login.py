"""Imply's sessions: access tokens (JWTs that run out), refresh tokens that work once, and one-time codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from typing import Any

from .api import Surroundings
from .refusal import Refused
from .store import Row

SIGNING_KEY = b"sandbox-signing-key"
REFRESH_LIFETIME = 30 * 86400
CODE_SECONDS = 30
# Long-lived tokens exist too; the sandbox knows this one.
STATIC_TOKEN = "imply_live_sandbox"  # noqa: S105  (opens nothing but the sandbox)


class Sessions:
    """Gives out tokens and says whose they are. The account has one user."""

    def __init__(self, around: Surroundings) -> None:
        self._options = around.options
        self._clock = around.clock
        self._store = around.store
        self.rows = around.store.collection("imply/session", key="refresh_token")

    def open(self) -> Row:
        """New tokens, in the shape that login and refresh answer with."""
        number = self._store.next_number("imply/session")
        now = int(self._clock.now())
        refresh = _signed({"jti": number, "type": "refresh"})
        self.rows.put({"refresh_token": refresh, "expires": now + REFRESH_LIFETIME})
        return {
            "access_token": _signed({"jti": number, "type": "access", "exp": now + self._options.token_lifetime}),
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self._options.token_lifetime,
        }

    def refresh(self, token: str) -> Row:
        """New tokens for an old refresh token, which is dead from now on."""
        session = self.rows.get(token)
        if session is None or session["expires"] <= self._clock.now():
            raise Refused(401, "The refresh token is not valid", code="INVALID_TOKEN")
        self.rows.remove(token)
        return self.open()

    def check(self, authorization: str) -> None:
        """Raises Refused 401 unless the header carries an access token that has not run out."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise Refused(401, "A bearer token is required", code="INVALID_TOKEN")
        if token == STATIC_TOKEN:
            return
        claims = _claims(token)
        if claims is None or claims.get("type") != "access":
            raise Refused(401, "The token is not valid", code="INVALID_TOKEN")
        if claims["exp"] <= self._clock.now():
            raise Refused(401, "The token has expired", code="TOKEN_EXPIRED")

    def check_code(self, code: str | None) -> None:
        """Raises Refused 401 unless *code* is the current one, or the one before it, and was not used yet."""
        if self._options.totp_secret is None:
            return
        if code is None:
            raise Refused(401, "A one-time code is required", code="TOTP_REQUIRED")
        step = int(self._clock.now() // CODE_SECONDS)
        for candidate in (step, step - 1):
            if hmac.compare_digest(totp(self._options.totp_secret, candidate).encode(), code.encode()):
                self._use_up(candidate)
                return
        raise _bad_code()

    def _use_up(self, step: int) -> None:
        if step <= self._store.number("imply/totp-step"):
            raise _bad_code()
        self._store.remember("imply/totp-step", step)


def totp(secret: str, step: int) -> str:
    """The six digits of RFC 6238 (SHA-1) for the 30-second *step* since 1970."""
    key = base64.b32decode(secret.replace(" ", "").upper() + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, offset)[0] & 0x7FFFFFFF) % 1_000_000:06}"


def _bad_code() -> Refused:
    return Refused(401, "The one-time code is wrong or was used already", code="TOTP_INVALID")


def _signed(claims: Row) -> str:
    parts = [_segment(json.dumps(one).encode()) for one in ({"typ": "JWT", "alg": "HS256"}, claims)]
    return ".".join([*parts, _signature(".".join(parts))])


def _claims(token: str) -> dict[str, Any] | None:
    """What a token of ours says; None for any other text."""
    content, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(content).encode(), signature.encode()):
        return None
    claims = content.partition(".")[2]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return found


def _signature(content: str) -> str:
    return _segment(hmac.new(SIGNING_KEY, content.encode(), hashlib.sha256).digest())


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
