"""Which names hold secrets, so that no message, source line or traceback shows their values; what a reference is."""

import re
from typing import Final

REFERENCE: Final = r"\$\{([A-Za-z][A-Za-z0-9+._-]*):([^{}\n]+)\}"  # scheme, path; also for JSON Schema
_NAME = r"(?:pass(?:word|phrase|wd)|secret|token|api_?key|totp|credential|private_?key)"
_SECRET = re.compile(_NAME, re.IGNORECASE)
_HARMLESS = re.compile(r"(?:password|secret)_version|force_password_update|plaintext_secrets", re.IGNORECASE)
_PAIR = re.compile(rf"({_NAME}[\w-]*)\s*[:=]\s*[^\s:=]", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether values under this key are to be hidden. Rather one too many."""
    return bool(_SECRET.search(name)) and not _HARMLESS.fullmatch(name)


def holds_secret(text: str) -> bool:
    """Whether a text is probably a secret key with its value: `password:hunter2`, where a blank is missing."""
    return bool(_PAIR.search(text))


def quoted(text: str) -> str:
    """A key or value, for a message."""
    pair = _PAIR.search(text)
    return repr(f"{pair[1]}…" if pair else text)
