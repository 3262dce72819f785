"""Takes secret values out of text: as they are, and in the forms in which they travel and come back in answers."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import groupby
from urllib.parse import quote, quote_plus

MASK = "***"
# Shorter values are masked only where they are the whole text: one like `on` or `1` is part of so many words that
# masking it would make output unreadable, and would give it away by the places where it shows as ***.
SHORTEST = 4


class Masker:
    """Remembers values and masks them. Remember all before the first text where possible: the next one after each new
    value costs building the search anew."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._forms: set[str] = set()
        # The lengths of the forms that start alike: one search for all starts, then a look-up for each length, is linear
        # in the text whatever the number of values.
        self._lengths: dict[str, list[int]] = {}
        self._starts: re.Pattern[str] | None = None

    def remember(self, value: str) -> None:
        if not value or value in self._values:
            return
        self._values.add(value)
        if len(value) >= SHORTEST:
            for form in _forms(value):
                self._index(form)
            self._starts = None

    def _index(self, form: str) -> None:
        lengths = self._lengths.setdefault(form[:SHORTEST], [])
        self._forms.add(form)
        if len(form) not in lengths:
            lengths.append(len(form))
            lengths.sort(reverse=True)

    def mask(self, text: str) -> str:
        """*text* with *** for every remembered value, the longest first."""
        if text in self._values:
            return MASK
        if not self._forms:
            return text
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        self._starts = starts = self._starts or _any_of(self._lengths)
        told = position = 0
        while found := starts.search(text, position):
            end = self._end(text, found.start())
            if end is not None:
                yield text[told : found.start()]
                yield MASK
                told = end
            position = end or found.start() + 1
        yield text[told:]

    def _end(self, text: str, start: int) -> int | None:
        for length in self._lengths[text[start : start + SHORTEST]]:
            if text[start : start + length] in self._forms:
                return start + length
        return None


def _forms(value: str) -> set[str]:
    """The value, and how it looks in JSON, in HTML, in a URL, in a form and in base64 (also behind `user:`)."""
    data = value.encode("utf-8", errors="surrogatepass")
    plain = {value, html.escape(value), repr(value)[1:-1]}
    escaped = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    escaped |= {form.replace("/", r"\/") for form in escaped}
    percent = {quote(data), quote(data, safe=""), quote_plus(data)}
    percent |= {re.sub("%..", lambda code: code[0].lower(), form) for form in percent}
    forms = plain | escaped | percent | set(_base64(data))
    return {form for form in forms if len(form) >= SHORTEST}


def _base64(data: bytes) -> Iterator[str]:
    """The characters that *data* alone decides, at each of the three places where it can stand in what is encoded."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        encoded = b64encode(b"\0" * before + data).decode()[first:last]
        yield encoded
        yield encoded.replace("+", "-").replace("/", "_")


def _any_of(starts: Iterable[str]) -> re.Pattern[str]:
    """Grouped by the first character, so that at most places of a text a hundred comparisons do for any number."""
    groups = groupby(sorted(starts), key=lambda start: start[0])
    return re.compile("|".join(f"{re.escape(first)}(?:{_rest(group)})" for first, group in groups), re.DOTALL)


def _rest(starts: Iterable[str]) -> str:
    return "|".join(re.escape(start[1:]) for start in starts)
