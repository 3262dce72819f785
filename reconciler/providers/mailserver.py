"""mailserver, API v1 (self-hosted). Bearer key; sizes in MB of 2**20; no ids in the answers to creates.

A PUT replaces the whole object. A domain's catch-all is its alias `@domain`. Deleting a mailbox takes it out of aliases,
and deletes those that go only to it. 429 says with X-RateLimit-Reset how long to wait.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import Field as Setting
from pydantic import SecretStr

from reconciler.model.quantities import Rate, format_size
from reconciler.model.resources import Desired, Fields
from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.answers import Dialect, member
from reconciler.providers.rest.auth import bearer
from reconciler.providers.rest.codec import ADDRESSES, COUNT, FLAG, MIB, SECRET, TEXT, mebibytes
from reconciler.providers.rest.messages import Method
from reconciler.providers.rest.table import Call, Creation, Field, Kind, Listing, RestApi

MEBIBYTES = mebibytes()


class Settings(ProviderSettings):
    base_url: str = Setting(description="Where the API is, for example `https://mail.example.com/api/v1`.")
    api_key: SecretStr = Setting(min_length=1, description="The API key.")


def failure(method: Method, body: Any) -> str | None:
    # Decided on `type` alone: `msg` is for people.
    match body:
        case {"type": "success"}:
            return None
        case {"type": "error" | "danger" | "warning", **rest}:
            return str(rest.get("msg", "it failed without a reason"))
        case _ if method == "GET":
            return None
        case _:
            raise ValueError("it says neither success nor error")


def new_domain(creation: Creation) -> Fields:
    """The vendor's sample values, raised to hold the planned children, and moved to fit what the manifest gives."""
    given, room = creation.fields, creation.room
    largest = max((size for size in room.quotas if size), default=MIB)
    default = _given(given, "default_mailbox_quota")
    highest = _given(given, "max_mailbox_quota")
    total = _given(given, "quota")

    default = default or min(size for size in (3072 * MIB, highest, total) if size)
    highest = highest or min(size for size in (max(10240 * MIB, default, largest), total) if size)
    total = total or max(10240 * MIB, highest, sum(default if size is None else size for size in room.quotas))
    return {
        "active": True,
        "max_aliases": max(400, room.aliases),
        "max_mailboxes": max(10, room.mailboxes),
        "default_mailbox_quota": default,
        "max_mailbox_quota": highest,
        "quota": total,
    }


def new_mailbox(creation: Creation) -> Fields:
    quota = creation.parent.fields["default_mailbox_quota"] if creation.parent else 3072 * MIB
    return {"name": creation.address.key.partition("@")[0], "quota": quota, "active": True}


def _given(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    return value if isinstance(value, int) else None


def limits_fit(desired: Desired) -> Iterator[tuple[str, str]]:
    """default_mailbox_quota <= max_mailbox_quota <= quota, as far as the manifest gives them."""
    names = ("default_mailbox_quota", "max_mailbox_quota", "quota") if desired.address.kind == "domain" else ()
    given = [(name, size) for name in names if (size := _given(desired.fields, name)) is not None]
    for (lower, less), (upper, more) in pairwise(given):
        if less > more:
            yield lower, f"{lower} ({format_size(less)}) is more than {upper} ({format_size(more)})"


PROVIDER = RestApi(
    type="mailserver",
    settings=Settings,
    auth=bearer("api_key"),
    dialect=Dialect(message=lambda body: member(body, "msg"), failure=failure),
    rate=Rate(100, 60),
    rules=(limits_fit,),
    catch_all_alias="",
    cascade=frozenset({"alias"}),
    mailbox_delete_edits_aliases=True,
    kinds=(
        Kind(
            "domain",
            key="domain",
            listing=Listing("domains"),
            create=Call("POST", "domains", also={"domain": "{key}"}),
            update=Call("PUT", "domains/{key}", whole=True, also={"domain": "{key}"}),
            delete=Call("DELETE", "domains/{key}"),
            defaults=new_domain,
            fields=(
                Field("active", codec=FLAG),
                Field("description", codec=TEXT),
                Field("quota", codec=MEBIBYTES),
                Field("default_mailbox_quota", "defquota", MEBIBYTES),
                Field("max_mailbox_quota", "maxquota", MEBIBYTES),
                Field("max_mailboxes", "mailboxes", COUNT),
                Field("max_aliases", "aliases", COUNT),
                Field("backup_mx", "backupmx", FLAG),
            ),
        ),
        Kind(
            "mailbox",
            key="email",
            listing=Listing("mailboxes"),
            one=Call("GET", "mailboxes/{key}"),
            create=Call("POST", "mailboxes", also={"local_part": "{local}", "domain": "{domain}"}),
            update=Call("PUT", "mailboxes/{key}", whole=True),
            delete=Call("DELETE", "mailboxes/{key}"),
            defaults=new_mailbox,
            required=frozenset({"password"}),
            fields=(
                Field("name", codec=TEXT),
                Field("password", codec=SECRET, write_only=True),
                Field("quota", codec=mebibytes(unlimited=0)),
                Field("active", codec=FLAG),
                Field("force_password_update", "force_pw_update", FLAG, one_shot=True),
                Field("tls_enforce_in", codec=FLAG),
                Field("tls_enforce_out", codec=FLAG),
            ),
        ),
        Kind(
            "alias",
            key="address",
            id="id",
            listing=Listing("aliases"),
            create=Call("POST", "aliases", also={"address": "{key}"}),
            update=Call("PUT", "aliases/{id}", whole=True, also={"address": "{key}"}),
            delete=Call("DELETE", "aliases/{id}"),
            required=frozenset({"destinations"}),
            fields=(
                Field("destinations", "goto", ADDRESSES),
                Field("active", codec=FLAG),
                Field("description", codec=TEXT),
            ),
        ),
    ),
)
