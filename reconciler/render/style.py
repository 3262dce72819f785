"""Colours of a terminal, for those who want them."""

from collections.abc import Callable, Mapping

Style = Callable[[str, str], str]

_CODES: Mapping[str, str] = {
    "create": "32",
    "update": "33",
    "replace": "35",
    "delete": "31",
    "adopt": "36",
    "forget": "2",
    "blocked": "1;31",
    "remark": "1",
    "error": "1;31",
    "warning": "1;33",
    "info": "1",
    "done": "32",
    "failed": "1;31",
    "skipped": "33",
}


def style(colour: bool) -> Style:
    """A function of a role and a text; without colour the text as it is."""
    return _ansi if colour else _plain


def _ansi(role: str, text: str) -> str:
    code = _CODES.get(role)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def _plain(role: str, text: str) -> str:
    return text
