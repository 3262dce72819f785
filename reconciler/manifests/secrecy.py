"""Which names hold secrets, so that no message, source line or traceback shows their values."""

import re

_SECRET = re.compile(r"pass(?:word|phrase|wd)|secret|token|api_?key|totp|credential|private_?key", re.IGNORECASE)
_HARMLESS = re.compile(r"(?:password|secret)_version|force_password_update|plaintext_secrets", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether values under this key are to be hidden. Rather one too many."""
    return bool(_SECRET.search(name)) and not _HARMLESS.fullmatch(name)
