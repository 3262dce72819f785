"""What an answer means: the JSON that the contract promises, or the error that it is.

Nothing that a provider says is trusted: its words are masked, cut and escaped before they get into a message, a body that
is no JSON is never taken for an empty one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

from reconciler.errors import AlreadyExists, AuthenticationFailed, BrokenContract, NotFound, ProviderError, Rejected
from reconciler.providers.rest.messages import Answer, Method, Request

E = TypeVar("E", bound=ProviderError)

# Enough for a sentence or two; error pages run to megabytes.
LONGEST_MESSAGE: Final = 400
WRONG_PLACE: Final = (
    "is base_url the address of the API itself, with https:// and its version, "
    "and no challenge page or proxy in front of it?"
)


def by_status(status: int, body: Any) -> type[Rejected]:
    """What a refusal is, for APIs that say so with the status."""
    return {404: NotFound, 409: AlreadyExists}.get(status, Rejected)


def nothing(body: Any) -> None:
    """For what an API does not say."""


def bare(body: Any) -> Any:
    """For APIs that put no envelope around what they answer."""
    return body


Message = Callable[[Any], str | None]


def by_success(message: Message, *, always: bool) -> Callable[[Method, Any], str | None]:
    """The *failure* of a Dialect whose bodies say `success: true` or `false`; *always*: none is without."""

    def failure(method: Method, body: Any) -> str | None:
        success = member(body, "success")
        if always and not isinstance(success, bool):
            raise ValueError("it does not say whether it is a success")
        return message(body) or "it failed without a reason" if success is False else None

    return failure


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an API says that something went wrong.

    *message*: the words for people in the body of a failure, None if there are none. *failure*: those words when a body
    with a status of success tells of a failure, else None; raises ValueError for a body that the contract does not know.
    *refusal*: what kind of refusal it is. *may_exist*: the statuses with which a create may mean that it exists already.
    *retry_after*: the seconds to wait that the body of a 429 gives. *payload*: what an envelope holds. *key_refused*: the
    statuses with which the first answer says that the credential is wrong (later ones: 401 only)."""

    message: Message
    failure: Callable[[Method, Any], str | None]
    refusal: Callable[[int, Any], type[Rejected]] = by_status
    may_exist: frozenset[int] = frozenset({409})
    retry_after: Callable[[Any], float | None] = nothing
    payload: Callable[[Any], Any] = bare
    key_refused: frozenset[int] = frozenset({401})


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the answers to one account's calls. *mask* takes secrets out of foreign text."""

    provider: str
    dialect: Dialect
    mask: Callable[[str], str]

    def read(self, request: Request, answer: Answer) -> Any:
        """The body, None when there is none. Raises ProviderError."""
        if not 200 <= answer.status < 300:
            refusal = self.dialect.refusal(answer.status, json_or_none(answer))
            hint = WRONG_PLACE if looks_like_html(answer.content) else None
            raise self.error(refusal, request, self.words(answer), answer.status, hint)
        try:
            body = parsed(answer.content)
            failure = self.dialect.failure(request.method, body)
        except ValueError as error:
            raise self.broken(request, str(error), WRONG_PLACE) from None
        if failure is not None:
            refusal = self.dialect.refusal(answer.status, body)
            raise self.error(refusal, request, self.clean(failure), answer.status)
        return self.dialect.payload(body)

    def words(self, answer: Answer) -> str:
        """What a failed answer says, in the provider's own words if it has any."""
        text = _message(self.dialect, json_or_none(answer))
        status = f"HTTP {answer.status} {_phrase(answer.status)}".rstrip()
        page = ", and an HTML page" if looks_like_html(answer.content) else ""
        return f"{self.clean(text)} (HTTP {answer.status})" if text else status + page

    def broken(self, request: Request, why: str, hint: str | None = None) -> BrokenContract:
        message = f"the answer is not what the API documents: {why}"
        return self.error(BrokenContract, request, message, hint=hint)

    def shut_out(self, request: Request, answer: Answer, hint: str | None = None) -> AuthenticationFailed:
        hint = hint or f"are the credentials in providers.{self.provider} right, and not revoked?"
        return self.error(AuthenticationFailed, request, self.words(answer), answer.status, hint)

    def error(
        self, kind: type[E], request: Request, message: str, status: int | None = None, hint: str | None = None
    ) -> E:
        return kind(message, provider=self.provider, call=self.clean(str(request)), status=status, hint=hint)

    def clean(self, text: str) -> str:
        return foreign(self.mask(text))


def parsed(content: bytes) -> Any:
    """The JSON in *content*, None when it is empty. Raises ValueError."""
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        what = "an HTML page" if looks_like_html(content) else f"{len(content)} bytes that are no JSON"
        raise ValueError(f"{what} instead of JSON") from None


def json_or_none(answer: Answer) -> Any:
    try:
        return parsed(answer.content)
    except ValueError:
        return None


def foreign(text: str) -> str:
    """*text* in one line, cut, without characters that a terminal would act upon."""
    line = " ".join(text.split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in line)
    return shown if len(shown) <= LONGEST_MESSAGE else shown[:LONGEST_MESSAGE] + "…"


def looks_like_html(content: bytes) -> bool:
    return content.lstrip()[:1] == b"<"


def member(body: Any, *path: str) -> Any:
    """What stands at *path* in a body of unknown shape; None when there is nothing."""
    for name in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def text_in(body: Any, *path: str) -> str | None:
    """The text that stands at *path*, if one does."""
    found = member(body, *path)
    return found if isinstance(found, str) else None


def _message(dialect: Dialect, body: Any) -> str:
    return str(dialect.message(body) or "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
