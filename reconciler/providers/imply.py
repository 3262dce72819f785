"""imply, API v1 (imply.nl). A login for an hour's token, pages of 100, sizes in MB of 2**20, everything known by number.

An alias is one record for each destination, and records cannot be changed. Webhooks can be listed and added only. That
something exists is a 400, like any other mistake. `verified` changes by itself and is nobody's wish.
"""

from typing import Any, Self

from pydantic import Field as Setting
from pydantic import SecretStr, model_validator

from reconciler.model.quantities import Rate
from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.answers import Dialect, by_success, member, text_in
from reconciler.providers.rest.auth import Auth, bearer, secret
from reconciler.providers.rest.codec import ADDRESSES, ONE_ADDRESS, SECRET, TEXT, URL, events, mebibytes
from reconciler.providers.rest.login import Session, TotpCode, TotpSecret
from reconciler.providers.rest.pages import numbered
from reconciler.providers.rest.table import Call, Field, Kind, Listing, RestApi

EVENTS = events(
    "domain.created", "domain.verified", "mailbox.created", "mailbox.quota_exceeded", "email.received", "email.sent"
)
PAGES = numbered("data", total="pagination.total", size=("per_page", 100))
ACTIVE = Field("active", fixed=True)


class Settings(ProviderSettings):
    base_url: str = Setting("https://imply.nl/api/v1", description="Where the API is, with its version.")
    email: str | None = Setting(None, min_length=1, description="The e-mail address to log in with.")
    password: SecretStr | None = Setting(None, min_length=1, description="The password to log in with.")
    totp_code: SecretStr | None = Setting(None, min_length=1, description="A one-time code, good for one login.")
    totp_secret: SecretStr | None = Setting(None, min_length=1, description="Makes the one-time codes (base32).")
    token: SecretStr | None = Setting(None, min_length=1, description="A token, used as it is instead of a login.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.token and (self.email or self.password or self.totp_code or self.totp_secret):
            raise ValueError("give a token, or email and password, not both")
        if not self.token and not (self.email and self.password):
            raise ValueError("it needs email and password, or a token")
        if self.totp_code and self.totp_secret:
            raise ValueError("give totp_code or totp_secret, not both")
        return self


def log_in(settings: ProviderSettings) -> Auth:
    assert isinstance(settings, Settings)
    if settings.token:
        return bearer("token")(settings)
    code: TotpCode | TotpSecret | None = None
    if settings.totp_secret:
        code = TotpSecret(secret(settings, "totp_secret"))
    elif settings.totp_code:
        code = TotpCode(secret(settings, "totp_code"))
    return Session({"email": secret(settings, "email"), "password": secret(settings, "password")}, code)


def message(body: Any) -> str | None:
    text = text_in(body, "error", "message")
    # What was sent may be quoted, a password too.
    is_secret = member(body, "error", "details", "field") == "password"
    sent = text_in(body, "error", "details", "value") if is_secret else None
    return text.replace(sent, "…") if text and sent else text


def retry_after(body: Any) -> Any:
    return member(body, "error", "details", "retry_after")


def calls(path: str, wire_key: str) -> dict[str, Any]:
    """Listing and creating, which is alike for all kinds."""
    return {
        "listing": Listing(path, PAGES),
        "create": Call("POST", path, also={wire_key: "{key}"}),
        "key": wire_key,
        "id": "id",
        "answer": "data",
    }


PROVIDER = RestApi(
    type="imply",
    settings=Settings,
    auth=log_in,
    dialect=Dialect(
        message, by_success(message, always=True), may_exist=frozenset({400, 409}), retry_after=retry_after
    ),
    rate=Rate(60, 60, 10),
    anonymous_rate=Rate(20, 60, 10),
    cascade=frozenset({"mailbox", "alias"}),
    kinds=(
        Kind(
            "domain",
            **calls("domains", "domain"),
            update=Call("PATCH", "domains/{id}"),
            delete=Call("DELETE", "domains/{id}"),
            fields=(Field("catch_all", codec=ONE_ADDRESS), ACTIVE),
        ),
        Kind(
            "mailbox",
            **calls("mailboxes", "email"),
            update=Call("PATCH", "mailboxes/{id}"),
            delete=Call("DELETE", "mailboxes/{id}"),
            required=frozenset({"password"}),
            fields=(
                Field("name", codec=TEXT),
                Field("password", codec=SECRET, write_only=True),
                Field("quota", "storage_quota_mb", mebibytes()),
                ACTIVE,
            ),
        ),
        Kind(
            "alias",
            **calls("aliases", "alias"),
            delete=Call("DELETE", "aliases/{id}"),
            each="destinations",
            required=frozenset({"destinations"}),
            fields=(Field("destinations", "destination", ADDRESSES), ACTIVE),
        ),
        Kind(
            "webhook",
            **calls("webhooks", "url"),
            required=frozenset({"events"}),
            fields=(
                Field("url", codec=URL, create_only=True),
                Field("events", codec=EVENTS, create_only=True),
                Field("enabled", fixed=True),
            ),
        ),
    ),
)
