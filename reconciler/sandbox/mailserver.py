"""Emulates `mailserver`, the API v1 of a self-hosted mail server: domains, mailboxes and aliases behind one key.

Writes answer with a message only, never with an id. Mailboxes and aliases count against the limits of their domain, and
deleting a mailbox takes its address out of the aliases (catch-alls too) that point to it."""

from __future__ import annotations

from .api import Answer, Api, Call, Request, Route, Surroundings
from .clock import iso_seconds
from .limits import Limit, window
from .refusal import Refused
from .shape import Field, address, domain_name, flag, local_part, optional, text, text_of, whole
from .store import Row

API_KEY = "sandbox-mailserver-key"

DOMAIN = {
    "domain": Field(domain_name),
    "active": Field(flag),
    "aliases": Field(whole(0)),
    "mailboxes": Field(whole(0)),
    "defquota": Field(whole(1)),
    "maxquota": Field(whole(1)),
    "quota": Field(whole(1)),
    "backupmx": optional(flag, False),
    "description": optional(text, ""),
}
MAILBOX_SETTINGS = {
    "name": Field(text),
    "quota": Field(whole(0)),
    "active": Field(flag),
    "force_pw_update": optional(flag, False),
    "tls_enforce_in": optional(flag, False),
    "tls_enforce_out": optional(flag, False),
}
PASSWORD = text_of(6)
NEW_MAILBOX = {
    "local_part": Field(local_part),
    "domain": Field(domain_name),
    "password": Field(PASSWORD),
    **MAILBOX_SETTINGS,
}
CHANGED_MAILBOX = {**MAILBOX_SETTINGS, "password": optional(PASSWORD)}

# What a row that a test hands in need not say: the vendor's own sample.
BLANKS: dict[str, Row] = {
    "domain": {
        "active": True,
        "aliases": 400,
        "mailboxes": 10,
        "defquota": 3072,
        "maxquota": 10240,
        "quota": 10240,
        "backupmx": False,
        "description": "",
    },
    "mailbox": {
        "name": "",
        "quota": 3072,
        "quota_used": 0,
        "active": True,
        "force_pw_update": False,
        "tls_enforce_in": False,
        "tls_enforce_out": False,
        "password": "",
    },
    "alias": {"active": True, "description": ""},
}


def alias_address(value: object) -> str:
    """A full address, or `@example.com` for the catch-all of that domain."""
    given = text(value).lower()
    if given.startswith("@"):
        return f"@{domain_name(given[1:])}"
    return address(given)


def destinations(value: object) -> str:
    """Addresses with commas between them and no blanks, kept in the order given."""
    return ",".join(address(one) for one in text(value).split(","))


ALIAS = {
    "address": Field(alias_address),
    "goto": Field(destinations),
    "active": optional(flag, True),
    "description": optional(text, ""),
}


class Mailserver(Api):
    """See the module's first lines."""

    name = "mailserver"
    prefix = "/mailserver/api/v1"
    wrong_method = 405
    retry_after = False

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.window = window(around.options.rate_limit, 100, 60)
        self.domains = around.store.collection("mailserver/domain", key="domain")
        self.mailboxes = around.store.collection(
            "mailserver/mailbox",
            key="email",
            indexes={"domain": lambda row: [row["domain"]]},
            sums={"quota": lambda row: (row["domain"], row["quota"])},
        )
        self.aliases = around.store.collection(
            "mailserver/alias",
            key="id",
            indexes={
                "address": lambda row: [row["address"]],
                "domain": lambda row: [row["domain"]],
                "goto": lambda row: set(row["goto"].split(",")),
            },
        )
        self.kinds = {"domain": self.domains, "mailbox": self.mailboxes, "alias": self.aliases}
        self.routes = [
            Route("GET", "/domains", self.list_domains),
            Route("POST", "/domains", self.create_domain, body=DOMAIN),
            Route("PUT", "/domains/{domain}", self.update_domain, body=DOMAIN),
            Route("DELETE", "/domains/{domain}", self.delete_domain),
            Route("GET", "/mailboxes", self.list_mailboxes),
            Route("POST", "/mailboxes", self.create_mailbox, body=NEW_MAILBOX),
            Route("GET", "/mailboxes/{email}", self.get_mailbox),
            Route("PUT", "/mailboxes/{email}", self.update_mailbox, body=CHANGED_MAILBOX),
            Route("DELETE", "/mailboxes/{email}", self.delete_mailbox),
            Route("GET", "/aliases", self.list_aliases),
            Route("POST", "/aliases", self.create_alias, body=ALIAS),
            Route("PUT", "/aliases/{id}", self.update_alias, body=ALIAS),
            Route("DELETE", "/aliases/{id}", self.delete_alias),
        ]

    def authenticate(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {API_KEY}":
            raise Refused(401, "Invalid credentials")

    def envelope(self, refused: Refused) -> Row:
        return {"type": "error", "msg": refused.message}

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        return [self.window]

    # Domains

    def list_domains(self, call: Call) -> Answer:
        return Answer(list(self.domains))

    def create_domain(self, call: Call) -> Answer:
        if call.body["domain"] in self.domains:
            raise Refused(409, f"Domain {call.body['domain']} already exists")
        self._check_domain(call.body)
        self.domains.put(call.body | {"created": self._now(), "modified": None})
        return done("Domain has been added to system", 201)

    def update_domain(self, call: Call) -> Answer:
        domain = self._domain(call)
        if call.body["domain"] != domain["domain"]:
            raise Refused(400, "domain cannot be changed")
        self._check_domain(call.body)
        self.domains.put(call.body | {"created": domain["created"], "modified": self._now()})
        return done("Domain has been updated")

    def delete_domain(self, call: Call) -> Answer:
        domain = self._domain(call)["domain"]
        if self.mailboxes.count("domain", domain):
            raise Refused(400, f"Domain {domain} is not empty: delete its mailboxes first")
        for alias in self.aliases.where("domain", domain):
            self.aliases.remove(alias["id"])
        self.domains.remove(domain)
        return done("Domain has been deleted")

    def _domain(self, call: Call) -> Row:
        if (domain := self.domains.get(call.params["domain"])) is None:
            raise Refused(404, f"Domain {call.params['domain']} does not exist")
        return domain

    def _check_domain(self, wanted: Row) -> None:
        domain = wanted["domain"]
        largest = max((mailbox["quota"] for mailbox in self.mailboxes.where("domain", domain)), default=0)
        problems = {
            "defquota exceeds maxquota": wanted["defquota"] > wanted["maxquota"],
            "maxquota exceeds quota": wanted["maxquota"] > wanted["quota"],
            "maxquota is less than a mailbox has": wanted["maxquota"] < largest,
            "quota is less than the mailboxes have": wanted["quota"] < self.mailboxes.total("quota", domain),
            "mailboxes is less than there are": wanted["mailboxes"] < self.mailboxes.count("domain", domain),
            "aliases is less than there are": wanted["aliases"] < self.aliases.count("domain", domain),
        }
        refuse_any(problems)

    # Mailboxes

    def list_mailboxes(self, call: Call) -> Answer:
        return Answer([shown(mailbox) for mailbox in self.mailboxes])

    def get_mailbox(self, call: Call) -> Answer:
        return Answer(shown(self._mailbox(call)))

    def create_mailbox(self, call: Call) -> Answer:
        domain = self._parent(call.body["domain"])
        email = f"{call.body['local_part']}@{domain['domain']}"
        self._check_free(email)
        self._check_mailbox(domain, call.body["quota"], before=None)
        fresh = {"email": email, "quota_used": 0, "created": self._now(), "modified": None}
        self.mailboxes.put(call.body | fresh)
        return done("Mailbox has been added", 201)

    def update_mailbox(self, call: Call) -> Answer:
        mailbox = self._mailbox(call)
        self._check_mailbox(self._parent(mailbox["domain"]), call.body["quota"], before=mailbox)
        self.mailboxes.put(mailbox | call.body | {"modified": self._now()})
        return done("Mailbox has been updated")

    def delete_mailbox(self, call: Call) -> Answer:
        email = self._mailbox(call)["email"]
        self.mailboxes.remove(email)
        for alias in self.aliases.where("goto", email):
            self._forget_destination(alias, email)
        return done("Mailbox has been deleted")

    def _forget_destination(self, alias: Row, email: str) -> None:
        left = [one for one in alias["goto"].split(",") if one != email]
        if left:
            self.aliases.put(alias | {"goto": ",".join(left), "modified": self._now()})
        else:
            self.aliases.remove(alias["id"])

    def _mailbox(self, call: Call) -> Row:
        if (mailbox := self.mailboxes.get(call.params["email"].lower())) is None:
            raise Refused(404, f"Mailbox {call.params['email']} does not exist")
        return mailbox

    def _check_mailbox(self, domain: Row, quota: int, before: Row | None) -> None:
        """*before* is the mailbox as it was, None for a new one."""
        name = domain["domain"]
        others = self.mailboxes.total("quota", name) - (before["quota"] if before else 0)
        full = before is None and self.mailboxes.count("domain", name) >= domain["mailboxes"]
        problems = {
            f"quota exceeds the {domain['maxquota']} MB that one mailbox may have": quota > domain["maxquota"],
            f"quota exceeds what is left of the domain's {domain['quota']} MB": others + quota > domain["quota"],
            f"the domain has all its {domain['mailboxes']} mailboxes": full,
        }
        refuse_any(problems)

    # Aliases

    def list_aliases(self, call: Call) -> Answer:
        return Answer(list(self.aliases))

    def create_alias(self, call: Call) -> Answer:
        domain = self._alias_domain(call.body)
        self._check_free(call.body["address"])
        self._check_room(domain)
        number = self.store.next_number("mailserver/alias")
        fresh = {"id": number, "domain": domain["domain"], "created": self._now(), "modified": None}
        self.aliases.put(fresh | call.body)
        return done("Alias has been added", 201)

    def update_alias(self, call: Call) -> Answer:
        alias = self._alias(call)
        domain = self._alias_domain(call.body)
        if call.body["address"] != alias["address"]:
            self._check_free(call.body["address"])
        if domain["domain"] != alias["domain"]:
            self._check_room(domain)
        self.aliases.put(alias | call.body | {"domain": domain["domain"], "modified": self._now()})
        return done("Alias has been updated")

    def delete_alias(self, call: Call) -> Answer:
        self.aliases.remove(self._alias(call)["id"])
        return done("Alias has been deleted")

    def _alias(self, call: Call) -> Row:
        number = call.params["id"]
        alias = self.aliases.get(int(number)) if number.isascii() and number.isdigit() else None
        if alias is None:
            raise Refused(404, f"Alias {number} does not exist")
        return alias

    def _alias_domain(self, wanted: Row) -> Row:
        return self._parent(wanted["address"].rpartition("@")[2])

    def _check_room(self, domain: Row) -> None:
        if self.aliases.count("domain", domain["domain"]) >= domain["aliases"]:
            raise Refused(400, f"the domain has all its {domain['aliases']} aliases")

    # Both

    def _parent(self, name: str) -> Row:
        if (domain := self.domains.get(name)) is None:
            raise Refused(400, f"Domain {name} does not exist")
        return domain

    def _check_free(self, email: str) -> None:
        if email in self.mailboxes or self.aliases.count("address", email):
            raise Refused(409, f"{email} is in use already")

    def _now(self) -> str:
        return iso_seconds(self.clock.now())

    def completed(self, kind: str, row: Row) -> Row:
        stored = self._stored(kind, row)
        if stored is not None:
            return stored | row
        blank = BLANKS[kind] | {"created": self._now(), "modified": None}
        if kind == "mailbox":
            local, _, domain = row["email"].partition("@")
            blank |= {"local_part": local, "domain": domain, "name": local}
        if kind == "alias":
            domain = row["address"].rpartition("@")[2]
            blank |= {"id": self.store.next_number("mailserver/alias"), "domain": domain}
        return blank | row

    def _stored(self, kind: str, row: Row) -> Row | None:
        if kind == "alias" and "id" not in row:
            return self.aliases.first("address", row["address"])
        collection = self.kinds[kind]
        return collection.get(row[collection.key])


def shown(mailbox: Row) -> Row:
    """A mailbox as reads give it: without its password."""
    return {name: value for name, value in mailbox.items() if name != "password"}


def done(message: str, status: int = 200) -> Answer:
    return Answer({"type": "success", "msg": message}, status)


def refuse_any(problems: dict[str, bool]) -> None:
    for message, applies in problems.items():
        if applies:
            raise Refused(400, message)
