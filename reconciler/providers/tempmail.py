"""chat-tempmail. Disposable addresses on the service's own domains, twenty to a page behind a cursor, and one webhook.

Domains can only be listed, addresses not be changed. The webhook cannot be deleted, only switched off; it is then *inert*.
An id that is not ours is a 403 or a 404, so the list decides. `total` counts what expires meanwhile and is not checked.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field as Setting
from pydantic import SecretStr, field_validator

from reconciler.model.quantities import Rate
from reconciler.model.resources import Desired, Fields
from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.answers import Dialect, by_success, member, text_in
from reconciler.providers.rest.auth import in_header
from reconciler.providers.rest.codec import EXPIRY, FLAG, URL, milliseconds, moment
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.pages import Walk, cursor, whole
from reconciler.providers.rest.table import Call, Field, Kind, Listing, RestApi

NAME: Final = re.compile(r"[a-z0-9._-]{1,64}")
NEVER_ENDING: Final = 9999  # the year in which addresses expire that never do
TOLERANCE: Final = 60_000  # milliseconds


class Settings(ProviderSettings):
    base_url: str = Setting("https://chat-tempmail.com", description="Where the service is, without /api.")
    api_key: SecretStr = Setting(min_length=1, description="The API key.")

    @field_validator("base_url")
    @classmethod
    def _without_api(cls, url: str) -> str:
        return url.removesuffix("/api")


def message(body: Any) -> str | None:
    return text_in(body, "error")


def with_span(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of an address with `expiryTime`, the milliseconds that creating it was given."""
    begin, end = moment(row["createdAt"]), moment(row["expiresAt"])
    span = 0 if end.year >= NEVER_ENDING else round((end - begin).total_seconds() * 1000)
    choices = (milliseconds(name) for name in ("1h", "1d", "3d"))
    return {**row, "expiryTime": next((one for one in choices if abs(one - span) <= TOLERANCE), span)}


def slot(request: Request) -> Walk:
    """The one webhook; without a URL there is none."""
    body = yield request
    if not isinstance(member(body, "url"), str):
        raise ValueError("it has no 'url'")
    return [body] if body["url"] else []


def switched_off(fields: Fields) -> bool:
    return fields.get("enabled") is False


def names_fit(desired: Desired) -> Iterator[tuple[str, str]]:
    local = desired.address.key.rpartition("@")[0]
    if desired.address.kind == "mailbox" and not NAME.fullmatch(local):
        yield "address", f"{local!r} has to be 1 to 64 letters, digits, dots, dashes or underscores"


PROVIDER = RestApi(
    type="tempmail",
    settings=Settings,
    auth=in_header("X-API-Key", "api_key"),
    dialect=Dialect(message, by_success(message, always=False)),
    rate=Rate(60, 60),
    unsure=frozenset({403, 404}),
    rules=(names_fit,),
    kinds=(
        Kind(
            "domain",
            listing=Listing("api/email/domains", whole("domains")),
            row=lambda name: {"name": name},
            key="name",
            fields=(Field("active", fixed=True),),
        ),
        Kind(
            "mailbox",
            listing=Listing("api/emails", cursor("emails", parameter="cursor", then="nextCursor")),
            row=with_span,
            key="address",
            id="id",
            create=Call("POST", "api/emails/generate", also={"name": "{local}", "domain": "{domain}"}),
            delete=Call("DELETE", "api/emails/{id}"),
            answer="",
            # Long enough for a pipeline, and a forgotten address does not live for ever.
            defaults={"expires": "1d"},
            fields=(Field("expires", "expiryTime", EXPIRY, create_only=True), Field("active", fixed=True)),
        ),
        Kind(
            "webhook",
            listing=Listing("api/webhook", slot),
            key="url",
            singleton="default",
            create=Call("POST", "api/webhook", repeatable=True),
            update=Call("POST", "api/webhook", whole=True, repeatable=True),
            delete=Call("POST", "api/webhook", sets={"enabled": False}, repeatable=True),
            defaults={"enabled": True},
            required=frozenset({"url"}),
            inert=switched_off,
            fields=(
                Field("url", codec=URL),
                Field("enabled", codec=FLAG),
                Field("events", fixed=("new_message",)),
            ),
        ),
    ),
)
