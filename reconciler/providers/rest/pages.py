"""How a list comes: generators of requests, which receive the bodies of the answers and return all items together.

They do no I/O. They raise ValueError when a page is not what the contract says; the engine names the call.
"""

from collections.abc import Callable, Generator
from dataclasses import replace
from itertools import count
from typing import Any

from reconciler.providers.rest.answers import member
from reconciler.providers.rest.messages import Request

Walk = Generator[Request, Any, list[Any]]
Pages = Callable[[Request], Walk]


def items(body: Any, at: str = "") -> list[Any]:
    """The list in *body*: the body itself, or its member *at*."""
    if at:
        if not isinstance(body, dict) or at not in body:
            raise ValueError(f"it has no {at!r}")
        body = body[at]
    if not isinstance(body, list):
        raise ValueError(f"it is not a list{f' in {at!r}' if at else ''}")
    return body


def single(request: Request) -> Walk:
    """The whole list in one answer."""
    return items((yield request))


def whole(at: str, *, total: str = "") -> Pages:
    """The whole list in one answer, as its member *at*. *total*: the member that says how many there are."""

    def pages(request: Request) -> Walk:
        body = yield request
        found = items(body, at)
        if total and len(found) != _count(body, total):
            raise ValueError(f"it lists {len(found)} of {_count(body, total)}")
        return found

    return pages


def numbered(at: str, *, total: str, size: tuple[str, int]) -> Pages:
    """Pages 1, 2, 3 … of *size* (parameter, number) until *total* (the path of the member that says how many there are;
    the last page's counts) is reached."""

    def pages(request: Request) -> Walk:
        found: list[Any] = []
        page: list[Any] = []
        for number in count(1):
            body = yield replace(request, query={**request.query, "page": number, size[0]: size[1]})
            before, page = page, items(body, at)
            if page and page == before:
                raise ValueError(f"page {number} is page {number - 1} again")
            found += page
            if len(found) >= (expected := _count(body, total)):
                break
            if not page:
                raise ValueError(f"the list ends after {len(found)} of {expected}")
        return found

    return pages


def cursor(at: str, *, parameter: str, then: str) -> Pages:
    """Page after page, each of which names the next one in *then*; the last one does not."""

    def pages(request: Request) -> Walk:
        found: list[Any] = []
        seen: set[str] = set()
        body = yield request
        found += items(body, at)
        while token := body.get(then):
            if not isinstance(token, str):
                raise ValueError(f"{then!r} is not a text")
            if token in seen:
                raise ValueError(f"the cursor {token!r} came twice")
            seen.add(token)
            body = yield replace(request, query={**request.query, parameter: token})
            found += items(body, at)
        return found

    return pages


def _count(body: Any, path: str) -> int:
    value = member(body, *path.split("."))
    if type(value) is not int or value < 0:
        raise ValueError(f"{path!r} is not a number of items")
    return value
