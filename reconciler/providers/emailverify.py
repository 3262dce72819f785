"""EmailVerify, API v1. Holds no mail; what can be managed here is its webhooks.

A webhook cannot be changed: a new one is made, then the old one deleted, which works because several may have one URL. The
newest of them counts. Its secret is never shown. What the limit of the plan is, the headers of each answer say.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Setting
from pydantic import SecretStr

from reconciler.model.quantities import Rate
from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.answers import Dialect, member
from reconciler.providers.rest.auth import bearer
from reconciler.providers.rest.codec import SECRET, URL, events
from reconciler.providers.rest.messages import Method
from reconciler.providers.rest.table import Call, Field, Kind, Listing, RestApi


class Settings(ProviderSettings):
    base_url: str = Setting("https://api.emailverify.ai/v1", description="Where the API is, with its version.")
    api_key: SecretStr = Setting(min_length=1, description="The API key (bv_live_…).")


def message(body: Any) -> str | None:
    said = (member(body, "error", "message"), member(body, "error", "details"))
    words = ": ".join(text for text in said if isinstance(text, str) and text)
    code = member(body, "error", "code")
    # 403 is both "no right" and "no credits": only the code tells.
    return f"{words} ({code})" if words and isinstance(code, str) else words or None


def failure(method: Method, body: Any) -> str | None:
    failed = member(body, "error") is not None or member(body, "success") is False
    return message(body) or "it failed without a reason" if failed else None


def payload(body: Any) -> Any:
    """Newer servers put an envelope around everything, in which these two say that it is one."""
    enveloped = isinstance(body, Mapping) and "data" in body and ("success" in body or "code" in body)
    return body["data"] if enveloped else body


PROVIDER = RestApi(
    type="emailverify",
    settings=Settings,
    auth=bearer("api_key"),
    dialect=Dialect(message, failure, retry_after=lambda body: member(body, "error", "retry_after"), payload=payload),
    rate=Rate(10, 1),
    kinds=(
        Kind(
            "webhook",
            listing=Listing("webhooks"),
            key="url",
            id="id",
            newest="created_at",
            unique=False,
            create=Call("POST", "webhooks", also={"url": "{key}"}),
            delete=Call("DELETE", "webhooks/{id}"),
            answer="",
            required=frozenset({"events"}),
            fields=(
                Field("url", codec=URL, create_only=True),
                Field(
                    "events",
                    codec=events("verification.completed", "bulk.completed", "bulk.failed", "credits.low"),
                    create_only=True,
                ),
                Field("secret", codec=SECRET, create_only=True, write_only=True),
                Field("enabled", fixed=True),
            ),
        ),
    ),
)
