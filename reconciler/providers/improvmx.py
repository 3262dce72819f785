"""ImprovMX, API v3 and v2. Forwarding only: domains with their aliases, in one list as far as 200 aliases a domain.

Every new domain has the alias `*`, its catch-all, to the account's own address. An alias may be a regular expression, a
destination a URL. A refusal may come with status 200; `active` is what DNS says and nobody's wish. Where v2 differs from
v3 is all in the two calls of `table` at the end.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import Field as Setting
from pydantic import SecretStr, model_validator

from reconciler.model.names import ResourceAddress, domain_of
from reconciler.model.quantities import Rate
from reconciler.model.resources import Desired
from reconciler.model.snapshot import AccountLimits
from reconciler.providers.base import ProviderSettings
from reconciler.providers.rest.answers import Dialect, by_success, member, text_in
from reconciler.providers.rest.auth import basic
from reconciler.providers.rest.codec import ADDRESSES, domain_key
from reconciler.providers.rest.pages import numbered, whole
from reconciler.providers.rest.table import Call, Field, Inside, Kind, Limits, Listing, RestApi
from reconciler.providers.rest.versions import Versions

PLAIN: Final = re.compile(r"[A-Za-z0-9._+-]{1,64}|\*")
BY_NAME: Final = "domains/{domain}/aliases/{local}"
LONGEST_REGEX: Final = 150
SIZE: Final = ("limit", 100)
ACTIVE: Final = Field("active", fixed=True)


class Settings(ProviderSettings):
    base_url: str = Setting("https://api.improvmx.com/v3", description="Where the API is, with its version.")
    api_key: SecretStr = Setting(min_length=1, description="The API key (sk_…).")
    api_version: Literal["v3", "v2"] = Setting("v3", description="v2 is for private copies: the public one is gone.")

    @model_validator(mode="before")
    @classmethod
    def _where_the_version_is(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("api_version") == "v2":
            return {"base_url": "https://api.improvmx.com/v2", **given}
        return given


def message(body: Any) -> str | None:
    errors = member(body, "errors")
    if not isinstance(errors, Mapping) or not errors:
        return text_in(body, "error")
    said = {name: texts if isinstance(texts, list) else [texts] for name, texts in errors.items()}
    return "; ".join(f"{name}: {' '.join(map(str, texts))}" for name, texts in said.items())


def on_rules(domain: Any) -> str | None:
    on = domain.get("routing_engine") == "rules"
    return "it is on ImprovMX's rules engine, where aliases route nothing; switch it to aliases there" if on else None


def with_address(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "address": f"{row['alias'] or '*'}@{row['domain']}"}


def alias_key(address: str) -> str:
    """Plain names are compared in lower case; in a regular expression case counts."""
    local, _, domain = address.rpartition("@")
    return f"{local.lower() if PLAIN.fullmatch(local) else local}@{domain_key(domain)}"


def by_name_or_number(address: ResourceAddress) -> str:
    """A number would find an alias that has it as its name, first; a regular expression may hold what a path cannot."""
    plain = PLAIN.fullmatch(address.key.rpartition("@")[0])
    return BY_NAME if plain else "domains/{domain}/aliases/{id}"


def regex_fits(desired: Desired) -> Iterator[tuple[str, str]]:
    local = desired.address.key.rpartition("@")[0]
    if desired.address.kind == "alias" and len(local) > LONGEST_REGEX:
        yield "address", f"a regular expression may have {LONGEST_REGEX} characters, and this one has {len(local)}"


def leads_out(desired: Desired) -> Iterator[tuple[str, str]]:
    name = {"alias": "destinations", "domain": "catch_all"}.get(desired.address.kind, "")
    given = desired.fields.get(name)
    for one in given if isinstance(given, tuple) else ():
        if "://" not in one and domain_of(one) == desired.address.domain:
            yield name, f"{one} is in the same domain, to which ImprovMX does not forward"


def limits(body: Any) -> AccountLimits:
    said = member(body, "account", "limits")
    if not isinstance(said, Mapping):
        raise ValueError("it has no 'limits' in 'account'")
    # A free account may not have all of them.
    known = {name: number for name, number in said.items() if type(number) is int and number > 0}
    return AccountLimits(
        {"domain": known["domains"]} if "domains" in known else {},
        {"alias": known["aliases"]} if "aliases" in known else {},
        known.get("destinations", known.get("redirections")),
    )


def table(
    domains: Listing,
    aliases: Inside,
    slash: str,
    alias: str | Callable[[ResourceAddress], str],
    key_refused: int,
    limits: Limits | None = None,
) -> RestApi:
    """*slash*: what collections end in. *alias*: the path of one. *key_refused*: the status that says so."""
    return RestApi(
        type="improvmx",
        settings=Settings,
        auth=basic("api", "api_key"),
        dialect=Dialect(
            message,
            by_success(message, always=True),
            may_exist=frozenset({400, 409}),
            key_refused=frozenset({401, key_refused}),
        ),
        limits=limits,
        rate=Rate(60, 60),
        rules=(regex_fits, leads_out),
        cascade=frozenset({"alias"}),
        catch_all_alias="*",
        automatic_catch_all=True,
        regex_aliases=True,
        url_destinations=True,
        kinds=(
            Kind(
                "domain",
                listing=domains,
                key="domain",
                closed=on_rules,
                create=Call("POST", f"domains{slash}", also={"domain": "{key}"}),
                delete=Call("DELETE", "domains/{key}"),
                answer="domain",
                fields=(ACTIVE,),
            ),
            Kind(
                "alias",
                listing=aliases,
                row=with_address,
                key="address",
                normal=alias_key,
                id="id",
                create=Call("POST", f"domains/{{domain}}/aliases{slash}", also={"alias": "{local}"}),
                update=Call("PUT", alias),
                delete=Call("DELETE", alias),
                answer="alias",
                required=frozenset({"destinations"}),
                fields=(Field("destinations", "forward", ADDRESSES), ACTIVE),
            ),
        ),
    )


V3 = table(
    Listing("domains", numbered("domains", total="total", size=SIZE)),
    Inside("aliases", 200, Listing("domains/{key}/aliases", numbered("aliases", total="total", size=SIZE))),
    slash="",
    alias=by_name_or_number,
    key_refused=401,
    limits=Limits("account", limits, frozenset({"domain", "alias"})),
)
V2 = table(
    Listing("domains/", whole("domains", total="total")),
    Inside("aliases"),
    slash="/",
    alias=BY_NAME,
    key_refused=403,
)
PROVIDER = Versions("api_version", {"v3": V3, "v2": V2})
