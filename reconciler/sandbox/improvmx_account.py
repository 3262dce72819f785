"""The account behind both versions of the emulated ImprovMX API: its domains, their aliases, and what may not be.

Nothing here knows how a version writes an answer; what is refused says which field is to blame."""

from __future__ import annotations

import re
from typing import Any

from .api import Surroundings
from .clock import millis
from .improvmx_logs import blank_log
from .refusal import Refused
from .shape import address, http_url, text
from .store import Row

API_KEY = "sk_00000000000000000000000000000000"
EMAIL = "owner@example.org"
DAILY_QUOTA = 100_000
REGEX_LENGTH = 150

_PLAIN = re.compile(r"[A-Za-z0-9._+-]{1,64}")


def alias_name(value: Any) -> str:
    """`*`, a local part (in lower case), or a regular expression (its case is kept)."""
    name = text(value)
    if name == "*" or _PLAIN.fullmatch(name):
        return name.lower()
    if not name or len(name) > REGEX_LENGTH or re.search(r"[\s@]", name):
        raise ValueError("is neither a local part nor a regular expression")
    try:
        re.compile(name)
    except re.error:
        raise ValueError("is neither a local part nor a regular expression") from None
    return name


def destinations(value: Any) -> list[str]:
    """The addresses and URLs between the commas."""
    return [_destination(one.strip()) for one in text(value).split(",")]


def _destination(given: str) -> str:
    return http_url(given) if re.match(r"https?://", given) else address(given)


class Account:
    """All rows of the account. Aliases are known by number, and by domain and name."""

    def __init__(self, around: Surroundings) -> None:
        self._options = around.options
        self._store = around.store
        self._clock = around.clock
        self.domains = around.store.collection("improvmx/domain", key="domain")
        # Domains on somebody else's account: they cannot be added, and are not shown.
        self.foreign = around.store.collection("improvmx/foreign-domain", key="domain")
        self.aliases = around.store.collection(
            "improvmx/alias",
            key="id",
            indexes={"domain": lambda row: [row["domain"]], "name": lambda row: [(row["domain"], row["alias"])]},
        )
        self.rules = around.store.collection("improvmx/rule", key="id", indexes={"domain": lambda row: [row["domain"]]})
        self.credentials = around.store.collection(
            "improvmx/credential", key="id", indexes={"domain": lambda row: [row["domain"]]}
        )
        self.logs = around.store.collection("improvmx/log", key="id", indexes={"domain": lambda row: [row["domain"]]})
        self.kinds = {
            "domain": self.domains,
            "foreign-domain": self.foreign,
            "alias": self.aliases,
            "rule": self.rules,
            "credential": self.credentials,
            "log": self.logs,
        }

    # Domains

    def domain(self, name: str) -> Row:
        if (domain := self.domains.get(name.lower())) is None:
            raise Refused(404, f"Domain {name} not found", field="domain")
        return domain

    def add_domain(self, settings: Row) -> Row:
        """A new domain, with the `*` alias to the account's own address that nobody asked for."""
        name = settings["domain"]
        if name in self.domains:
            raise Refused(400, "This domain is already in your account.", field="domain")
        if name in self.foreign:
            raise Refused(400, "This domain is already registered.", field="domain")
        if len(self.domains) >= self._options.improvmx_domains:
            raise Refused(403, "Your plan does not allow more domains.", field="domain")
        domain = self.domains.put(self.blank_domain() | settings)
        self.put_alias(domain, "*", [EMAIL])
        return domain

    def remove_domain(self, domain: Row) -> None:
        for kind in (self.aliases, self.rules, self.credentials, self.logs):
            for row in kind.where("domain", domain["domain"]):
                kind.remove(row["id"])
        self.domains.remove(domain["domain"])

    def check(self, domain: Row) -> None:
        """The check finds the DNS as it should be, and that is also remembered."""
        self.domains.put(domain | {"active": True})

    def starting_with(self, prefix: str) -> list[Row]:
        return [domain for domain in self.domains if domain["domain"].startswith(prefix.lower())]

    # Aliases

    def aliases_of(self, domain: Row, prefix: str = "") -> list[Row]:
        return [row for row in self.aliases.where("domain", domain["domain"]) if row["alias"].startswith(prefix)]

    def alias(self, domain: Row, name: str) -> Row:
        """The alias with this name. Raises Refused 404."""
        wanted = name.lower() if _PLAIN.fullmatch(name) else name
        if (alias := self.aliases.first("name", (domain["domain"], wanted))) is None:
            raise Refused(404, f"Alias {name} not found", field="alias")
        return alias

    def alias_or_number(self, domain: Row, name: str) -> Row:
        """The same, or the alias with this number: names come first, a name of digits must stay reachable."""
        try:
            return self.alias(domain, name)
        except Refused:
            numbered = self.aliases.get(int(name)) if name.isascii() and name.isdigit() else None
            if numbered is None or numbered["domain"] != domain["domain"]:
                raise
            return numbered

    def add_alias(self, domain: Row, name: str, forward: list[str]) -> Row:
        if self.aliases.count("name", (domain["domain"], name)):
            raise Refused(400, "This alias already exists.", field="alias")
        if self.aliases.count("domain", domain["domain"]) >= self._options.improvmx_aliases:
            raise Refused(403, "Your plan does not allow more aliases.", field="alias")
        self._check_forward(domain, forward)
        return self.put_alias(domain, name, forward)

    def change_alias(self, domain: Row, alias: Row, forward: list[str]) -> Row:
        self._check_forward(domain, forward)
        return self.aliases.put(alias | {"forward": written(forward)})

    def put_alias(self, domain: Row, name: str, forward: list[str]) -> Row:
        number = self._store.next_number("improvmx/alias")
        return self.aliases.put({"id": number, "domain": domain["domain"], "alias": name, "forward": written(forward)})

    def _check_forward(self, domain: Row, forward: list[str]) -> None:
        if any(one.endswith(f"@{domain['domain']}") for one in forward):
            raise Refused(400, "You cannot use your domain in your email.", field="forward")
        if len(forward) > self._options.improvmx_destinations:
            raise Refused(403, "Your plan does not allow that many destinations.", field="forward")

    # Rows that a test hands in

    def completed(self, kind: str, row: Row) -> Row:
        if kind == "alias" and "id" not in row:
            stored = self.aliases.first("name", (row["domain"], row["alias"]))
        else:
            stored = self.kinds[kind].get(row.get(self.kinds[kind].key, ""))
        return stored | row if stored is not None else self._blank(kind, row) | row

    def _blank(self, kind: str, row: Row) -> Row:
        now = millis(self._clock.now())
        blanks: dict[str, Row] = {
            "domain": self.blank_domain(),
            "rule": {"type": "alias", "config": {}, "rank": 1, "active": True, "created": now // 1000},
            "credential": {"created": now, "usage": 0, "password": ""},
            "log": blank_log(now),
        }
        blank = blanks.get(kind, {})
        if kind == "credential":
            return blank | {"id": credential_id(row["domain"], row["username"])}
        if kind in ("alias", "log"):
            return blank | {"id": self._store.next_number(f"improvmx/{kind}")}
        if kind == "rule":
            return blank | {"id": f"rule_{self._store.next_number('improvmx/rule')}"}
        return blank

    def blank_domain(self) -> Row:
        return {
            "active": False,
            "notification_email": None,
            "webhook": None,
            "whitelabel": None,
            "added": millis(self._clock.now()),
            "routing_engine": "alias",
            "banned": False,
        }


def written(forward: list[str]) -> str:
    """Destinations as the service gives them back: neither its order nor its blanks are those of the request."""
    return ", ".join(sorted(set(forward)))


def credential_id(domain: str, username: str) -> str:
    return f"{username}@{domain}"
