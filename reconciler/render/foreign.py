"""Text that somebody else wrote, made harmless for a terminal and for the log of a pipeline.

Log readers of pipelines obey lines: GitHub those that start with `::` and those with `##[` anywhere, Azure `##vso[`.
"""

import re
from collections.abc import Iterable

_COMMAND = re.compile(r"##(?=(?:vso)?\[)", re.IGNORECASE)


def escaped(text: str) -> str:
    """*text* on one line, with nothing in it that a terminal or a log reader would obey or hide: control characters,
    line ends, what turns the direction of writing, and lone surrogates are shown as `\\n`, `\\x1b`, `\\u202e`."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return _COMMAND.sub(r"#\\x23", text) if "##" in text else text


def quoted(text: str) -> str:
    """*text* in quotes, so that its ends can be seen."""
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def joined(lines: Iterable[str]) -> str:
    """The lines as one text without an end of line at its end; none of them starts with `::`, also not after spaces."""
    return "\n".join(_harmless(line) if "::" in line else line for line in lines)


def _harmless(line: str) -> str:
    start = line.lstrip()
    return line[: len(line) - len(start)] + r"\x3a" + start[1:] if start.startswith("::") else line
