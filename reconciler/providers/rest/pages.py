"""How a list comes: generators of requests, which receive the bodies of the answers and return all items together.

They do no I/O. They raise ValueError when a page is not what the contract says; the engine names the call.
"""

from collections.abc import Callable, Generator
from typing import Any

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
