"""Emulates `improvmx` in version 2, on the account of version 3: fewer calls, other envelopes, no pages.

Collections are written with a trailing slash, as the vendor's document shows them, and only so."""

from __future__ import annotations

from .api import Answer, Api, Call, Request, Route, Surroundings
from .clock import millis
from .improvmx import FORWARD, NEW_ALIAS, Endpoints, basic, done, shown
from .improvmx_account import API_KEY, DAILY_QUOTA, EMAIL, Account
from .improvmx_logs import old_log
from .limits import Limit
from .refusal import Refused
from .shape import Field, domain_name, optional, text
from .store import Row


class ImprovmxV2(Api):
    """See the module's first lines."""

    name = "improvmx-v2"
    prefix = "/improvmx/v2"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.account = Account(around)
        self.kinds = self.account.kinds
        self.endpoints = Endpoints(around.options.rate_limit)
        here = "/domains/{domain}"
        self.routes = [
            Route("GET", "/domains/", self.list_domains, query={"q": optional(text, "")}),
            Route("POST", "/domains/", self.create_domain, body={"domain": Field(domain_name)}),
            Route("GET", here, self.get_domain),
            Route("DELETE", here, self.delete_domain),
            Route("POST", f"{here}/check", self.check_domain),
            Route("POST", f"{here}/aliases/", self.create_alias, body=NEW_ALIAS),
            Route("PUT", f"{here}/aliases/{{alias}}", self.update_alias, body=FORWARD),
            Route("DELETE", f"{here}/aliases/{{alias}}", self.delete_alias),
            Route("GET", f"{here}/logs", self.list_logs),
            Route("GET", f"{here}/logs/{{alias}}", self.list_logs),
            Route("GET", "/account/", self.get_account),
            Route("GET", "/account/api/", self.get_key),
        ]

    def authenticate(self, request: Request) -> None:
        if request.headers.get("authorization") != basic(API_KEY):
            raise Refused(403, "The API key you provided is not valid.", field="authorization")

    def envelope(self, refused: Refused) -> Row:
        if refused.status == 429:
            # This version documents no limit; what is known of it is version 3's.
            return {"code": 429, "error": refused.message, "success": False}
        return {"errors": {refused.field or "request": [refused.message]}, "success": False}

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        return [self.endpoints.window(route)]

    def list_domains(self, call: Call) -> Answer:
        found = [self._shown(domain) for domain in self.account.starting_with(call.query["q"])]
        return done(domains=found, total=len(found))

    def create_domain(self, call: Call) -> Answer:
        return done(domain=self._shown(self.account.add_domain(call.body)))

    def get_domain(self, call: Call) -> Answer:
        return Answer(self._shown(self._domain(call)))

    def delete_domain(self, call: Call) -> Answer:
        self.account.remove_domain(self._domain(call))
        return done()

    def check_domain(self, call: Call) -> Answer:
        self.account.check(self._domain(call))
        return done(reason=None)

    def create_alias(self, call: Call) -> Answer:
        alias = self.account.add_alias(self._domain(call), call.body["alias"], call.body["forward"])
        return done(alias=shown(alias))

    def update_alias(self, call: Call) -> Answer:
        domain = self._domain(call)
        alias = self.account.alias(domain, call.params["alias"])
        return done(alias=shown(self.account.change_alias(domain, alias, call.body["forward"])))

    def delete_alias(self, call: Call) -> Answer:
        self.account.aliases.remove(self.account.alias(self._domain(call), call.params["alias"])["id"])
        return done()

    def list_logs(self, call: Call) -> Answer:
        logs = self.account.logs.where("domain", self._domain(call)["domain"])
        chosen = [old_log(log) for log in reversed(logs) if call.params.get("alias") in (None, log["alias"])]
        return done(logs=chosen, mxes=["mx2.improvmx.com", "mx1.improvmx.com"])

    def get_account(self, call: Call) -> Answer:
        company = {"company_name": "Example", "company_details": "", "company_vat": None, "country": "NL"}
        payment = {"card_brand": None, "last4": None, "plan_amount": None, "premium": True, "renew_date": None}
        return Answer({"email": EMAIL, "created": self._opened(), **company, **payment})

    def get_key(self, call: Call) -> Answer:
        return Answer({"token": API_KEY, "created": self._opened(), "name": None, "removed": None})

    def _domain(self, call: Call) -> Row:
        return self.account.domain(call.params["domain"])

    def _shown(self, domain: Row) -> Row:
        kept = {name: domain[name] for name in ("active", "domain", "added")}
        aliases = [shown(alias) for alias in self.account.aliases_of(domain)]
        return kept | {"daily_quota": DAILY_QUOTA, "aliases": aliases}

    def _opened(self) -> int:
        return millis(1_542_015_888)

    def completed(self, kind: str, row: Row) -> Row:
        return self.account.completed(kind, row)
