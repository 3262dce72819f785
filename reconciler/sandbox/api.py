"""What the emulated APIs have in common: routes, and the walk of a request to its answer.

The walk is the same everywhere: route, rate limit, credentials, query, body, handler. What differs is a method that an
API overrides: above all `envelope`, which writes an error in the vendor's own words."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

from .clock import Clock
from .limits import Limit, Window
from .options import SandboxOptions
from .refusal import Refused
from .shape import Shape, read
from .store import Collection, Row, Store

BAD_GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>\r\n"


@dataclass(frozen=True)
class Request:
    """What came in. *path* is below the API's prefix and still percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes
    client: str


@dataclass(frozen=True)
class Call:
    """What a handler gets: the parameters in the path, decoded, and the query and body as their shapes read them."""

    params: Mapping[str, str]
    query: Row
    body: Row


@dataclass(frozen=True)
class Answer:
    """Status, headers and body: a JSON value, or text to be sent as it is."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if self.status == 204:
            return b""
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, separators=(",", ":")).encode()

    @property
    def media_type(self) -> str | None:
        if self.status == 204:
            return None
        return "text/html" if isinstance(self.body, str) else "application/json"


@dataclass(frozen=True)
class Route:
    """A documented call. *body* None: it has none. *public*: it needs no credentials."""

    method: str
    pattern: str
    handler: Callable[[Call], Answer]
    query: Shape = field(default_factory=dict)
    body: Shape | None = None
    public: bool = False

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The parameters in the path, when it is one of this route's."""
        wanted = self.pattern.split("/")
        if len(wanted) != len(segments):
            return None
        params = {}
        for want, segment in zip(wanted, segments, strict=True):
            if want.startswith("{"):
                params[want[1:-1]] = segment
            elif want != segment:
                return None
        return params


@dataclass
class Surroundings:
    """What an API is given by the sandbox that runs it."""

    options: SandboxOptions
    store: Store
    clock: Clock


class Api:
    """One emulated API: its routes and its rows. A subclass sets the class variables and fills `routes`, `kinds`."""

    name: ClassVar[str]
    prefix: ClassVar[str]
    # Status for a documented path with another method: not every vendor's table of codes has a 405.
    wrong_method: ClassVar[int] = 404
    # Whether every answer carries the X-RateLimit headers, and a 429 Retry-After.
    rate_headers: ClassVar[bool] = True
    retry_after: ClassVar[bool] = True

    def __init__(self, around: Surroundings) -> None:
        self.options = around.options
        self.store = around.store
        self.clock = around.clock
        self.routes: list[Route] = []
        self.kinds: dict[str, Collection] = {}

    # What an API says in its own way.

    def authenticate(self, request: Request) -> None:
        """Raises Refused when the credentials are missing or wrong."""
        raise NotImplementedError

    def envelope(self, refused: Refused) -> Any:
        """The body of an error answer."""
        raise NotImplementedError

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        """What the request uses up. The first Window among them is the one that the headers tell about."""
        raise NotImplementedError

    def completed(self, kind: str, row: Row) -> Row:
        """*row*, given by a test, with all that a stored row of that kind needs; over the stored one, if there is one."""
        raise NotImplementedError

    def normal_path(self, path: str) -> str:
        return path

    def seed(self, kind: str, row: Row) -> None:
        self.kinds[kind].put(self.completed(kind, row))

    def before(self) -> None:
        """Runs before each request: what time alone changes."""

    # The walk.

    def answer(self, request: Request) -> Answer:
        route, params = self._find(request)
        limits = self.limits(request, route)
        try:
            self._take(limits)
            answer = self._served(request, route, params)
        except Refused as refused:
            answer = self.refusal(refused)
        return self._with_rate_headers(answer, limits)

    def refusal(self, refused: Refused) -> Answer:
        headers = {}
        if refused.retry_after is not None and self.retry_after:
            headers["Retry-After"] = str(refused.retry_after)
        return Answer(self.envelope(refused), refused.status, headers)

    def fault(self, status: int) -> Answer:
        """An injected error: the API's own words for 500 and 429, else the page of a gateway in front of it."""
        if status == 429:
            exhausted = Window(limit=1, seconds=1, used=1, ends=self.clock.now() + 1)
            return self._with_rate_headers(self.refusal(_too_many(1)), [exhausted])
        if status == 500:
            return self.refusal(Refused(500, "Internal server error", code="INTERNAL_ERROR"))
        reason = {502: "502 Bad Gateway", 503: "503 Service Unavailable", 504: "504 Gateway Timeout"}[status]
        return Answer(BAD_GATEWAY_PAGE.format(reason), status)

    def _find(self, request: Request) -> tuple[Route | None, dict[str, str]]:
        segments = [unquote(segment) for segment in self.normal_path(request.path).split("/")]
        for route in self.routes:
            if route.method == request.method and (params := route.match(segments)) is not None:
                return route, params
        return None, {}

    def _take(self, limits: list[Limit]) -> None:
        now = self.clock.now()
        wait = max((limit.wait(now) for limit in limits), default=0.0)
        if wait > 0:
            raise _too_many(max(1, math.ceil(wait)))
        for limit in limits:
            limit.take(now)

    def _served(self, request: Request, route: Route | None, params: Mapping[str, str]) -> Answer:
        if route is None:
            raise self._unknown(request)
        if not route.public:
            self.authenticate(request)
        self.before()
        return route.handler(Call(params, read(route.query, _query(request)), _body(request, route)))

    def _unknown(self, request: Request) -> Refused:
        segments = [unquote(segment) for segment in self.normal_path(request.path).split("/")]
        if self.wrong_method == 405 and any(route.match(segments) is not None for route in self.routes):
            return Refused(405, "Method not allowed", code="METHOD_NOT_ALLOWED")
        return Refused(404, "Route not found", code="NOT_FOUND")

    def _with_rate_headers(self, answer: Answer, limits: list[Limit]) -> Answer:
        for limit in limits:
            if self.rate_headers and isinstance(limit, Window):
                return Answer(answer.body, answer.status, {**answer.headers, **limit.headers(self.clock.now())})
        return answer


def _too_many(wait: int) -> Refused:
    return Refused(429, "Too many requests", code="RATE_LIMIT_EXCEEDED", retry_after=wait)


def _query(request: Request) -> Row:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise Refused(400, f"{name} is given {times} times", field=name)
    return dict(pairs)


def _body(request: Request, route: Route) -> Row:
    if route.body is None:
        # An empty object is what some clients send where there is nothing to say.
        if request.content not in (b"", b"{}"):
            raise Refused(400, "this call has no body")
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(400, "the body must be application/json")
    return read(route.body, _json(request.content))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is not JSON") from error


def _no_constant(name: str) -> Any:
    # Python reads NaN and Infinity; JSON has neither.
    raise ValueError(name)
