"""Emulates `improvmx` in version 3: forwarding domains and their aliases, with rules, credentials, logs and the account.

Everything succeeds with 200 and `success: true`. The bulk and delete-everything calls are not there: what they do to the
rest when one member is refused is documented nowhere, and nobody should send them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from .api import Answer, Api, Call, Request, Route, Surroundings
from .clock import millis
from .improvmx_account import API_KEY, DAILY_QUOTA, EMAIL, Account, alias_name, credential_id, destinations
from .improvmx_logs import has_status, log_page, says
from .limits import Limit, window
from .refusal import Refused
from .shape import (
    Field,
    Shape,
    address,
    choice,
    digits,
    domain_name,
    flag,
    http_url,
    list_of,
    nullable,
    one_of,
    optional,
    read,
    text,
    text_of,
)
from .store import Row

INLINE_ALIASES = 200
# The newest documented limit, of a paid plan: so many requests a minute to each endpoint.
PER_ENDPOINT = 200

ACTIVE = optional(choice({"1": True, "0": False}))
PAGE = {"page": optional(digits(1), 1), "limit": optional(digits(5, 100), 50)}
LISTING = {**PAGE, "q": optional(text, ""), "is_active": ACTIVE}
RULES_PAGE = {"page": optional(digits(1), 1), "search": optional(text, "")}
CURSOR = {"next_cursor": optional(digits(1))}
LOG_SEARCH = {
    **CURSOR,
    "after": Field(digits(0)),
    "before": Field(digits(0)),
    "filter": optional(text, ""),
    "text": optional(text, ""),
    "order": optional(one_of("asc", "desc"), "desc"),
}

DOMAIN_SETTINGS = {
    "notification_email": optional(nullable(address)),
    "webhook": optional(nullable(http_url)),
    "whitelabel": optional(nullable(domain_name)),
}
NEW_DOMAIN = {
    "domain": Field(domain_name),
    "notification_email": DOMAIN_SETTINGS["notification_email"],
    "whitelabel": DOMAIN_SETTINGS["whitelabel"],
}
FORWARD = {"forward": Field(destinations)}
NEW_ALIAS = {"alias": Field(alias_name), **FORWARD}

SCOPES = ("sender", "recipient", "subject", "body")
CONFIGS: dict[str, Shape] = {
    "alias": {"alias": Field(alias_name), "forward": Field(text)},
    "regex": {"regex": Field(text_of(1)), "scopes": Field(list_of(one_of(*SCOPES))), "forward": Field(text)},
    "cel": {"expression": Field(text_of(1)), "forward": Field(text)},
}


def config(value: Any) -> Row:
    if not isinstance(value, dict):
        raise TypeError("must be an object")
    return value


def rank(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("must be a number")
    return value


CHANGED_RULE = {
    "type": optional(one_of(*CONFIGS)),
    "config": optional(config),
    "rank": optional(rank),
    "active": optional(flag),
}
NEW_RULE = {
    "type": Field(one_of(*CONFIGS)),
    "config": Field(config),
    "rank": optional(rank),
    "active": optional(flag, True),
}
NEW_PASSWORD = {"password": Field(text_of(8))}
NEW_CREDENTIAL = {"username": Field(text_of(3)), **NEW_PASSWORD}


class Endpoints:
    """The rate limit: a window for each endpoint; a limit of the user's own is one window for all of them."""

    def __init__(self, asked: str | None) -> None:
        self._asked = asked
        self._windows: dict[str, Limit] = {}

    def window(self, route: Route | None) -> Limit:
        endpoint = f"{route.method} {route.pattern}" if route and self._asked == "documented" else ""
        if endpoint not in self._windows:
            self._windows[endpoint] = window(self._asked, PER_ENDPOINT, 60)
        return self._windows[endpoint]


class Improvmx(Api):
    """See the module's first lines."""

    name = "improvmx"
    prefix = "/improvmx/v3"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.account = Account(around)
        self.kinds = self.account.kinds
        self.endpoints = Endpoints(around.options.rate_limit)
        here = "/domains/{domain}"
        self.routes = [
            Route("GET", "/domains", self.list_domains, query=LISTING),
            Route("POST", "/domains", self.create_domain, body=NEW_DOMAIN),
            Route("GET", here, self.get_domain),
            Route("PUT", here, self.update_domain, body=DOMAIN_SETTINGS),
            Route("DELETE", here, self.delete_domain),
            Route("GET", f"{here}/check", self.check_domain),
            Route("GET", f"{here}/aliases", self.list_aliases, query=LISTING),
            Route("POST", f"{here}/aliases", self.create_alias, body=NEW_ALIAS),
            Route("GET", f"{here}/aliases/{{alias}}", self.get_alias),
            Route("PUT", f"{here}/aliases/{{alias}}", self.update_alias, body=FORWARD),
            Route("DELETE", f"{here}/aliases/{{alias}}", self.delete_alias),
            Route("GET", f"{here}/rules", self.list_rules, query=RULES_PAGE),
            Route("POST", f"{here}/rules", self.create_rule, body=NEW_RULE),
            Route("GET", f"{here}/rules/{{id}}", self.get_rule),
            Route("PUT", f"{here}/rules/{{id}}", self.update_rule, body=CHANGED_RULE),
            Route("DELETE", f"{here}/rules/{{id}}", self.delete_rule),
            Route("GET", f"{here}/credentials", self.list_credentials),
            Route("POST", f"{here}/credentials", self.create_credential, body=NEW_CREDENTIAL),
            Route("PUT", f"{here}/credentials/{{username}}", self.update_credential, body=NEW_PASSWORD),
            Route("DELETE", f"{here}/credentials/{{username}}", self.delete_credential),
            Route("GET", f"{here}/logs", self.list_logs, query=CURSOR),
            Route("GET", f"{here}/logs/search", self.search_logs, query=LOG_SEARCH),
            Route("GET", f"{here}/logs/{{alias}}", self.list_logs, query=CURSOR),
            Route("GET", "/account", self.get_account),
            Route("GET", "/account/whitelabels", self.list_whitelabels),
        ]

    def normal_path(self, path: str) -> str:
        return path.removesuffix("/")

    def authenticate(self, request: Request) -> None:
        if request.headers.get("authorization") != basic(API_KEY):
            raise Refused(401, "Invalid API key")

    def envelope(self, refused: Refused) -> Row:
        if refused.status == 400:
            return {"errors": {refused.field or "request": [refused.message]}, "success": False}
        return {"code": refused.status, "error": refused.message, "success": False}

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        return [self.endpoints.window(route)]

    # Domains

    def list_domains(self, call: Call) -> Answer:
        wanted = call.query.get("is_active")
        found = self.account.starting_with(call.query["q"])
        return page_of("domains", [one for one in found if wanted in (None, one["active"])], call, self._shown)

    def create_domain(self, call: Call) -> Answer:
        return done(domain=self._shown(self.account.add_domain(call.body)))

    def get_domain(self, call: Call) -> Answer:
        return done(domain=self._shown(self._domain(call)))

    def update_domain(self, call: Call) -> Answer:
        return done(domain=self._shown(self.account.domains.put(self._domain(call) | call.body)))

    def delete_domain(self, call: Call) -> Answer:
        self.account.remove_domain(self._domain(call))
        return done()

    def check_domain(self, call: Call) -> Answer:
        self.account.check(self._domain(call))
        return done(records=records())

    def _domain(self, call: Call) -> Row:
        return self.account.domain(call.params["domain"])

    def _shown(self, domain: Row) -> Row:
        name = domain["domain"]
        aliases = self.account.aliases_of(domain)[:INLINE_ALIASES]
        extra = {"display": u_labels(name), "dkim_selector": "dkimprovmx", "aliases": [shown(one) for one in aliases]}
        return domain | extra

    # Aliases

    def list_aliases(self, call: Call) -> Answer:
        domain = self._domain(call)
        # All aliases are active: asked for the others, there are none.
        found = [] if call.query.get("is_active") is False else self.account.aliases_of(domain, call.query["q"])
        return page_of("aliases", found, call, shown)

    def create_alias(self, call: Call) -> Answer:
        alias = self.account.add_alias(self._domain(call), call.body["alias"], call.body["forward"])
        return done(alias=shown(alias))

    def get_alias(self, call: Call) -> Answer:
        return done(alias=shown(self._alias(call)))

    def update_alias(self, call: Call) -> Answer:
        alias = self.account.change_alias(self._domain(call), self._alias(call), call.body["forward"])
        return done(alias=shown(alias))

    def delete_alias(self, call: Call) -> Answer:
        self.account.aliases.remove(self._alias(call)["id"])
        return done()

    def _alias(self, call: Call) -> Row:
        return self.account.alias_or_number(self._domain(call), call.params["alias"])

    # Rules

    def list_rules(self, call: Call) -> Answer:
        found = [one for one in self._rules(call) if call.query["search"].lower() in str(one["config"]).lower()]
        return page_of("rules", found, call, shown)

    def create_rule(self, call: Call) -> Answer:
        domain = self._domain(call)["domain"]
        read(CONFIGS[call.body["type"]], call.body["config"])
        number = self.store.next_number("improvmx/rule")
        fresh = {"id": f"rule_{number}", "domain": domain, "rank": number, "created": int(self.clock.now())}
        return Answer(shown(self.account.rules.put(fresh | call.body)))

    def get_rule(self, call: Call) -> Answer:
        return Answer(shown(self._rule(call)))

    def update_rule(self, call: Call) -> Answer:
        rule = self._rule(call) | call.body
        read(CONFIGS[rule["type"]], rule["config"])
        return Answer(shown(self.account.rules.put(rule)))

    def delete_rule(self, call: Call) -> Answer:
        self.account.rules.remove(self._rule(call)["id"])
        return done()

    def _rules(self, call: Call) -> list[Row]:
        found = self.account.rules.where("domain", self._domain(call)["domain"])
        return sorted(found, key=lambda rule: rule["rank"])

    def _rule(self, call: Call) -> Row:
        return the_one("Rule", [rule for rule in self._rules(call) if rule["id"] == call.params["id"]])

    # SMTP credentials

    def list_credentials(self, call: Call) -> Answer:
        found = self.account.credentials.where("domain", self._domain(call)["domain"])
        return done(credentials=[credential(one) for one in found])

    def create_credential(self, call: Call) -> Answer:
        domain = self._domain(call)["domain"]
        number = credential_id(domain, call.body["username"])
        if number in self.account.credentials:
            raise Refused(400, "This username already exists.", field="username")
        fresh = {"id": number, "domain": domain, "created": millis(self.clock.now()), "usage": 0}
        created = self.account.credentials.put(fresh | call.body)
        return done(credential=credential(created), requires_new_mx_check=False)

    def update_credential(self, call: Call) -> Answer:
        return done(credential=credential(self.account.credentials.put(self._credential(call) | call.body)))

    def delete_credential(self, call: Call) -> Answer:
        self.account.credentials.remove(self._credential(call)["id"])
        return done()

    def _credential(self, call: Call) -> Row:
        found = self.account.credentials.where("domain", self._domain(call)["domain"])
        return the_one("Credential", [one for one in found if one["username"] == call.params["username"]])

    # Logs

    def list_logs(self, call: Call) -> Answer:
        return log_page(list(reversed(self._logs(call))), call)

    def search_logs(self, call: Call) -> Answer:
        query = call.query
        within = [log for log in self._logs(call) if query["after"] <= log["created"] // 1000 <= query["before"]]
        found = [log for log in within if says(log, query["text"]) and has_status(log, query["filter"])]
        return log_page(found if query["order"] == "asc" else found[::-1], call)

    def _logs(self, call: Call) -> list[Row]:
        logs = self.account.logs.where("domain", self._domain(call)["domain"])
        return [log for log in logs if call.params.get("alias") in (None, log["alias"])]

    # Account

    def get_account(self, call: Call) -> Answer:
        plan = {
            "name": "business",
            "display": "Business",
            "price": 249,
            "kind": "business",
            "aliases_limit": self.options.improvmx_aliases,
            "domains_limit": self.options.improvmx_domains,
            "daily_quota": DAILY_QUOTA,
            "yearly": False,
        }
        state = {"premium": True, "locked": None, "lock_reason": None, "renew_date": None}
        return done(account={"email": EMAIL, "plan": plan, "limits": self._plan_limits(), **state})

    def _plan_limits(self) -> Row:
        return {
            "aliases": self.options.improvmx_aliases,
            "domains": self.options.improvmx_domains,
            "daily_quota": DAILY_QUOTA,
            "daily_send": 1000,
            "ratelimit": 10,
            "redirections": self.options.improvmx_destinations,
            "subdomains": 2,
            "api": 3,
            "credentials": 100,
            "destinations": self.options.improvmx_destinations,
        }

    def list_whitelabels(self, call: Call) -> Answer:
        return done(whitelabels=[{"name": "mail.example.org"}])

    def completed(self, kind: str, row: Row) -> Row:
        return self.account.completed(kind, row)


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode()


def done(**payload: Any) -> Answer:
    return Answer({**payload, "success": True})


def page_of(plural: str, rows: Sequence[Row], call: Call, show: Callable[[Row], Row]) -> Answer:
    """One page of *rows*; past the end, an empty one."""
    page, limit = call.query["page"], call.query.get("limit", 50)
    paging = {"total": len(rows), "limit": limit, "page": page}
    return done(**{plural: [show(row) for row in rows[(page - 1) * limit : page * limit]]}, **paging)


def shown(row: Row) -> Row:
    """An alias or a rule as reads give it."""
    return without(row, "domain")


def credential(row: Row) -> Row:
    """SMTP credentials as reads give them: without the password."""
    return {name: row[name] for name in ("username", "created", "usage")}


def without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def the_one(what: str, found: list[Row]) -> Row:
    if not found:
        raise Refused(404, f"{what} not found")
    return found[0]


def u_labels(domain: str) -> str:
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain


def records() -> Row:
    """A DNS check that found nothing wrong."""

    def right(expected: str | list[str]) -> Row:
        return {"expected": expected, "valid": True, "values": expected}

    return {
        "provider": "example",
        "advanced": True,
        "dkim1": right("dkimprovmx1.improvmx.com."),
        "dkim2": right("dkimprovmx2.improvmx.com."),
        "dmarc": right("v=DMARC1; p=none;"),
        "mx": right(["mx1.improvmx.com", "mx2.improvmx.com"]),
        "spf": right("v=spf1 include:spf.improvmx.com ~all"),
        "error": None,
        "valid": True,
    }
