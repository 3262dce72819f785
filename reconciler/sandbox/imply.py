"""Emulates `imply`, hosted mail behind short-lived tokens: domains, mailboxes, aliases, webhooks and statistics.

An alias record is one pair of alias and destination, and several records with one alias fan out. Records and webhooks
cannot be changed, webhooks not even deleted. "Exists already" is a 400 here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .api import Answer, Api, Call, Request, Route, Surroundings
from .clock import iso_seconds, moment
from .imply_login import Sessions
from .imply_statistics import period, storage, traffic
from .limits import Limit, bucket
from .refusal import Refused
from .shape import (
    Field,
    address,
    choice,
    day,
    digits,
    domain_name,
    http_url,
    list_of,
    nullable,
    one_of,
    optional,
    text,
    text_of,
    whole,
)
from .store import Collection, Row

EMAIL = "admin@example.com"
PASSWORD = "sandbox-password"  # noqa: S105  (opens nothing but the sandbox)
USER = {"id": 123, "email": EMAIL, "role": "user"}
EVENTS = (
    "domain.created",
    "domain.verified",
    "mailbox.created",
    "mailbox.quota_exceeded",
    "email.received",
    "email.sent",
)

LOGIN = {"email": Field(text), "password": Field(text), "totp_code": optional(text)}
CATCH_ALL = nullable(address)
NEW_DOMAIN = {
    "domain": Field(domain_name, code="INVALID_DOMAIN"),
    "catch_all": optional(CATCH_ALL, None, code="INVALID_EMAIL"),
}
CHANGED_DOMAIN = {"catch_all": optional(CATCH_ALL, code="INVALID_EMAIL")}
MAILBOX_PASSWORD = text_of(8)
QUOTA = whole(1)
NEW_MAILBOX = {
    "email": Field(address, code="INVALID_EMAIL"),
    "password": Field(MAILBOX_PASSWORD, code="INVALID_PASSWORD"),
    "storage_quota_mb": optional(QUOTA, 5120, code="INVALID_QUOTA"),
    "name": optional(text, ""),
}
CHANGED_MAILBOX = {
    "password": optional(MAILBOX_PASSWORD, code="INVALID_PASSWORD"),
    "storage_quota_mb": optional(QUOTA, code="INVALID_QUOTA"),
    "name": optional(text),
}
NEW_ALIAS = {
    "alias": Field(address, code="INVALID_EMAIL"),
    "destination": Field(address, code="INVALID_EMAIL"),
}
NEW_WEBHOOK = {
    "url": Field(http_url, code="INVALID_URL"),
    "events": Field(list_of(one_of(*EVENTS)), code="INVALID_EVENT"),
}

PAGE = {"page": optional(digits(1), 1), "per_page": optional(digits(1, 100), 20)}
SEARCH = {**PAGE, "search": optional(text)}
WITH_VERIFIED = {**SEARCH, "verified": optional(choice({"true": True, "false": False}))}
WITH_DOMAIN = {**SEARCH, "domain_id": optional(digits(1))}
PERIOD = {
    "start_date": optional(day),
    "end_date": optional(day),
    "domain_id": optional(digits(1)),
}


class Imply(Api):
    """See the module's first lines."""

    name = "imply"
    prefix = "/imply/api/v1"
    wrong_method = 405
    rate_headers = False

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.sessions = Sessions(around)
        self.authenticated = bucket(around.options.rate_limit, 10, 1)
        self.unauthenticated: dict[str, Limit] = {}
        self.domains = around.store.collection(
            "imply/domain", key="id", indexes={"domain": lambda row: [row["domain"]]}
        )
        self.mailboxes = around.store.collection(
            "imply/mailbox",
            key="id",
            indexes={"email": lambda row: [row["email"]], "domain_id": lambda row: [row["domain_id"]]},
        )
        self.aliases = around.store.collection(
            "imply/alias",
            key="id",
            indexes={
                "alias": lambda row: [row["alias"]],
                "pair": lambda row: [(row["alias"], row["destination"])],
                "domain_id": lambda row: [row["domain_id"]],
            },
        )
        self.webhooks = around.store.collection("imply/webhook", key="id", indexes={"url": lambda row: [row["url"]]})
        self.kinds = {
            "domain": self.domains,
            "mailbox": self.mailboxes,
            "alias": self.aliases,
            "webhook": self.webhooks,
            "session": self.sessions.rows,
        }
        self.routes = self._documented()

    def _documented(self) -> list[Route]:
        return [
            Route("POST", "/auth/login", self.login, body=LOGIN, public=True),
            Route("POST", "/auth/refresh", self.refresh, body={"refresh_token": Field(text)}, public=True),
            Route("GET", "/auth/verify", self.verify),
            Route("GET", "/domains", self.list_domains, query=WITH_VERIFIED),
            Route("POST", "/domains", self.create_domain, body=NEW_DOMAIN),
            Route("GET", "/domains/{id}", self.get_domain),
            Route("PATCH", "/domains/{id}", self.update_domain, body=CHANGED_DOMAIN),
            Route("DELETE", "/domains/{id}", self.delete_domain),
            Route("GET", "/mailboxes", self.list_mailboxes, query=WITH_DOMAIN),
            Route("POST", "/mailboxes", self.create_mailbox, body=NEW_MAILBOX),
            Route("GET", "/mailboxes/{id}", self.get_mailbox),
            Route("PATCH", "/mailboxes/{id}", self.update_mailbox, body=CHANGED_MAILBOX),
            Route("DELETE", "/mailboxes/{id}", self.delete_mailbox),
            Route("GET", "/aliases", self.list_aliases, query=WITH_DOMAIN),
            Route("POST", "/aliases", self.create_alias, body=NEW_ALIAS),
            Route("DELETE", "/aliases/{id}", self.delete_alias),
            Route("GET", "/webhooks", self.list_webhooks, query=PAGE),
            Route("POST", "/webhooks", self.create_webhook, body=NEW_WEBHOOK),
            Route("GET", "/stats/email", self.email_stats, query=PERIOD),
            Route("GET", "/stats/storage", self.storage_stats),
        ]

    def authenticate(self, request: Request) -> None:
        self.sessions.check(request.headers.get("authorization", ""))

    def envelope(self, refused: Refused) -> Row:
        error: Row = {"code": refused.code or "INVALID_PARAMETER", "message": refused.message}
        if refused.retry_after is not None:
            error["details"] = {"retry_after": refused.retry_after}
        elif refused.field is not None:
            error["details"] = {"field": refused.field, "value": refused.value}
        return {"success": False, "error": error}

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        """Who shows a good token has the account's bucket, everybody else the one of their address."""
        try:
            self.authenticate(request)
        except Refused:
            return [self._bucket_of(request.client)]
        return [self._bucket_of(request.client) if route is not None and route.public else self.authenticated]

    def _bucket_of(self, client: str) -> Limit:
        if client not in self.unauthenticated:
            self.unauthenticated[client] = bucket(self.options.rate_limit, 10, 1 / 3)
        return self.unauthenticated[client]

    # Sessions

    def login(self, call: Call) -> Answer:
        if (call.body["email"].lower(), call.body["password"]) != (EMAIL, PASSWORD):
            raise Refused(401, "Wrong email or password", code="INVALID_CREDENTIALS")
        self.sessions.check_code(call.body.get("totp_code"))
        return said("Login successful", self.sessions.open() | {"user": USER})

    def refresh(self, call: Call) -> Answer:
        return said("Token refreshed", self.sessions.refresh(call.body["refresh_token"]))

    def verify(self, call: Call) -> Answer:
        return said("Token is valid", {"valid": True, "user": USER})

    # Domains

    def list_domains(self, call: Call) -> Answer:
        found: Iterable[Row] = searched(self.domains, "domain", call.query)
        if "verified" in call.query:
            found = [domain for domain in found if domain["verified"] is call.query["verified"]]
        return page_of(list(found), call.query)

    def get_domain(self, call: Call) -> Answer:
        return said("Domain", with_records(self._row(self.domains, call)))

    def create_domain(self, call: Call) -> Answer:
        name = call.body["domain"]
        if self.domains.count("domain", name):
            message = "The domain name is invalid or already exists"
            raise Refused(400, message, code="INVALID_DOMAIN", field="domain", value=name)
        fresh = {"id": self._number("domain"), "verified": False, **self._stamps()}
        return said("Domain created", with_records(self.domains.put(fresh | call.body)), 201)

    def update_domain(self, call: Call) -> Answer:
        domain = self._row(self.domains, call)
        return said("Domain updated", with_records(self.domains.put(domain | call.body | self._touched())))

    def delete_domain(self, call: Call) -> Answer:
        domain = self._row(self.domains, call)
        for kind in (self.mailboxes, self.aliases):
            for row in kind.where("domain_id", domain["id"]):
                kind.remove(row["id"])
        self.domains.remove(domain["id"])
        return said("Domain deleted", None)

    # Mailboxes

    def list_mailboxes(self, call: Call) -> Answer:
        found = self._of_domain(self.mailboxes, "email", call.query)
        return page_of(found, call.query, show=without_password)

    def get_mailbox(self, call: Call) -> Answer:
        return said("Mailbox", without_password(self._row(self.mailboxes, call)))

    def create_mailbox(self, call: Call) -> Answer:
        email = call.body["email"]
        domain = self._hosting(email, "email")
        if self.mailboxes.count("email", email):
            raise Refused(400, f"Mailbox {email} exists already", code="MAILBOX_EXISTS", field="email", value=email)
        if self.aliases.count("alias", email):
            raise Refused(400, f"{email} is an alias", code="ADDRESS_IN_USE", field="email", value=email)
        fresh = {"id": self._number("mailbox"), "domain_id": domain["id"], "storage_used_mb": 0, **self._stamps()}
        return said("Mailbox created", without_password(self.mailboxes.put(fresh | call.body)), 201)

    def update_mailbox(self, call: Call) -> Answer:
        mailbox = self._row(self.mailboxes, call)
        changed = self.mailboxes.put(mailbox | call.body | self._touched())
        return said("Mailbox updated", without_password(changed))

    def delete_mailbox(self, call: Call) -> Answer:
        self.mailboxes.remove(self._row(self.mailboxes, call)["id"])
        return said("Mailbox deleted", None)

    # Aliases

    def list_aliases(self, call: Call) -> Answer:
        return page_of(self._of_domain(self.aliases, "alias", call.query), call.query)

    def create_alias(self, call: Call) -> Answer:
        alias = call.body["alias"]
        domain = self._hosting(alias, "alias")
        if self.mailboxes.count("email", alias):
            raise Refused(400, f"{alias} is a mailbox", code="ADDRESS_IN_USE", field="alias", value=alias)
        if self.aliases.count("pair", (alias, call.body["destination"])):
            raise Refused(400, "This alias exists already", code="ALIAS_EXISTS", field="alias", value=alias)
        created = {"created_at": iso_seconds(self.clock.now())}
        fresh = {"id": self._number("alias"), "domain_id": domain["id"], **created}
        return said("Alias created", self.aliases.put(fresh | call.body), 201)

    def delete_alias(self, call: Call) -> Answer:
        self.aliases.remove(self._row(self.aliases, call)["id"])
        return said("Alias deleted", None)

    # Webhooks

    def list_webhooks(self, call: Call) -> Answer:
        return page_of(list(self.webhooks), call.query)

    def create_webhook(self, call: Call) -> Answer:
        url = call.body["url"]
        if self.webhooks.count("url", url):
            raise Refused(400, "This webhook exists already", code="WEBHOOK_EXISTS", field="url", value=url)
        fresh = {"id": self._number("webhook"), "created_at": iso_seconds(self.clock.now())}
        return said("Webhook created", self.webhooks.put(fresh | call.body), 201)

    # Statistics

    def email_stats(self, call: Call) -> Answer:
        wanted = call.query.get("domain_id")
        if wanted is not None and wanted not in self.domains:
            raise Refused(400, "No such domain", code="DOMAIN_NOT_FOUND", field="domain_id", value=wanted)
        users = len(self.mailboxes) if wanted is None else self.mailboxes.count("domain_id", wanted)
        first, last = period(call.query, moment(self.clock.now()).date())
        return said("Email statistics", {"domain_id": wanted, **traffic(users, first, last)})

    def storage_stats(self, call: Call) -> Answer:
        domains = [storage(domain, self.mailboxes.where("domain_id", domain["id"])) for domain in self.domains]
        totals = {name: sum(domain[name] for domain in domains) for name in ("quota_mb", "used_mb")}
        return said("Storage statistics", totals | {"domains": domains})

    # All of them

    def _row(self, rows: Collection, call: Call) -> Row:
        number = call.params["id"]
        found = rows.get(int(number)) if number.isascii() and number.isdigit() else None
        if found is None:
            raise Refused(404, f"There is no {rows.name.partition('/')[2]} {number}", code="NOT_FOUND")
        return found

    def _hosting(self, email: str, field: str) -> Row:
        domain = self.domains.first("domain", email.rpartition("@")[2])
        if domain is None:
            raise Refused(400, f"{email} is in no domain here", code="DOMAIN_NOT_FOUND", field=field, value=email)
        return domain

    def _of_domain(self, rows: Collection, name: str, query: Row) -> list[Row]:
        if "domain_id" in query:
            return searched(rows.where("domain_id", query["domain_id"]), name, query)
        return searched(rows, name, query)

    def _number(self, kind: str) -> int:
        return self.store.next_number(f"imply/{kind}")

    def _stamps(self) -> Row:
        now = iso_seconds(self.clock.now())
        return {"created_at": now, "updated_at": now}

    def _touched(self) -> Row:
        return {"updated_at": iso_seconds(self.clock.now())}

    def completed(self, kind: str, row: Row) -> Row:
        rows = self.kinds[kind]
        stored = rows.get(row["id"]) if "id" in row else rows.first(*natural_key(kind, row))
        return stored | row if stored is not None else self._blank(kind, row) | row

    def _blank(self, kind: str, row: Row) -> Row:
        blank: Row = {"id": self._number(kind), "created_at": iso_seconds(self.clock.now())}
        if kind == "domain":
            return blank | self._stamps() | {"catch_all": None, "verified": False}
        if kind == "mailbox":
            sizes = {"storage_quota_mb": 5120, "storage_used_mb": 0}
            domain = {"domain_id": self._hosting(row["email"], "email")["id"]}
            return blank | self._stamps() | sizes | domain | {"name": "", "password": ""}
        if kind == "alias":
            return blank | {"domain_id": self._hosting(row["alias"], "alias")["id"]}
        return blank | {"events": list(EVENTS)}


def natural_key(kind: str, row: Row) -> tuple[str, object]:
    """The index and the value under which a row is known to people."""
    if kind == "alias":
        return "pair", (row["alias"], row["destination"])
    name = {"domain": "domain", "mailbox": "email", "webhook": "url"}[kind]
    return name, row[name]


def said(message: str, data: object, status: int = 200) -> Answer:
    return Answer({"success": True, "message": message, "data": data}, status)


def page_of(rows: list[Row], query: Row, show: Callable[[Row], Row] = dict) -> Answer:
    """One page of *rows*; past the end, an empty one."""
    page, size = query["page"], query["per_page"]
    pagination = {"page": page, "per_page": size, "total": len(rows), "total_pages": -(-len(rows) // size)}
    data = [show(row) for row in rows[(page - 1) * size : page * size]]
    return Answer({"success": True, "message": "OK", "data": data, "pagination": pagination})


def searched(rows: Iterable[Row], name: str, query: Row) -> list[Row]:
    part = query.get("search", "").lower()
    return [row for row in rows if part in row[name]] if part else list(rows)


def without_password(mailbox: Row) -> Row:
    return {name: value for name, value in mailbox.items() if name != "password"}


def with_records(domain: Row) -> Row:
    """A domain as the single read gives it."""
    name = domain["domain"]
    wanted = [
        ("MX", name, "mx.imply.nl", 10),
        ("TXT", name, "v=spf1 include:imply.nl ~all", None),
        ("CNAME", f"imply._domainkey.{name}", "dkim.imply.nl", None),
    ]
    keys = ("type", "name", "value", "priority")
    records = [dict(zip(keys, record, strict=True)) | {"verified": domain["verified"]} for record in wanted]
    return domain | {"dns_records": records}
