"""Emulates `tempmail`, disposable addresses on the service's own domains, with their inboxes and one webhook.

Addresses cannot be changed and vanish when they expire, messages included. An address is free for nobody while anyone on
the service has it. Lists come newest first, twenty at a time, behind an opaque cursor."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from bisect import bisect_left
from typing import Any

from .api import Answer, Api, Call, Request, Route, Surroundings
from .clock import iso_millis, millis
from .limits import Limit, bucket
from .refusal import Refused
from .shape import Field, flag, http_url, optional, text
from .store import Row

API_KEY = "sandbox-tempmail-key"
USER = "bd08008d-e944-44b2-a0d0-67f2b528ee6d"
DOMAINS = ("chat-tempmail.com", "example.com", "other-domain.com")
PAGE_SIZE = 20
HOUR, DAY, THREE_DAYS, NEVER = 3_600_000, 86_400_000, 259_200_000, 0
# How the service writes an end that never comes.
THE_END = "9999-01-01T00:00:00.000Z"


def mailbox_name(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text(value)):
        raise ValueError("must be 1 to 64 letters, digits, dots, dashes or underscores")
    return text(value)


def lifetime(value: Any) -> int:
    """One of the four; the service knows numbers only, so 3600000.0 is one of them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("must be a number")
    if value not in (HOUR, DAY, THREE_DAYS, NEVER):
        raise ValueError("must be 3600000, 86400000, 259200000 or 0")
    return int(value)


NEW_ADDRESS = {
    "name": Field(mailbox_name),
    "expiryTime": Field(lifetime),
    "domain": Field(text),
}
WEBHOOK = {"url": Field(http_url), "enabled": Field(flag)}
CURSOR = {"cursor": optional(text)}


class Tempmail(Api):
    """See the module's first lines."""

    name = "tempmail"
    prefix = "/tempmail"
    rate_headers = False

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.bucket = bucket(around.options.rate_limit, 60, 1)
        self.domains = around.store.collection("tempmail/domain", key="domain")
        self.mailboxes = around.store.collection(
            "tempmail/mailbox",
            key="id",
            indexes={"address": lambda row: [row["address"].lower()], "user": lambda row: [row["userId"]]},
        )
        self.messages = around.store.collection(
            "tempmail/message", key="id", indexes={"mailbox": lambda row: [row["emailId"]]}
        )
        self.webhook = around.store.collection("tempmail/webhook", key="userId")
        self.kinds = {
            "domain": self.domains,
            "mailbox": self.mailboxes,
            "message": self.messages,
            "webhook": self.webhook,
        }
        self.routes = [
            Route("GET", "/api/email/domains", self.list_domains),
            Route("POST", "/api/emails/generate", self.create_address, body=NEW_ADDRESS),
            Route("GET", "/api/emails", self.list_addresses, query=CURSOR),
            Route("GET", "/api/emails/{id}", self.list_messages, query=CURSOR),
            Route("DELETE", "/api/emails/{id}", self.delete_address),
            Route("GET", "/api/emails/{id}/{message}", self.get_message),
            Route("DELETE", "/api/emails/{id}/{message}", self.delete_message),
            Route("GET", "/api/webhook", self.get_webhook),
            Route("POST", "/api/webhook", self.set_webhook, body=WEBHOOK),
        ]
        # Nothing expires before this moment, so that most requests need not look. Moments are compared as they are
        # written, which is the same, because all are written in the same way.
        self._next_end = ""
        if not self.store.number("tempmail/opened"):
            self._open()

    def _open(self) -> None:
        for domain in DOMAINS:
            self.domains.put({"domain": domain})
        self.store.remember("tempmail/opened", 1)

    def authenticate(self, request: Request) -> None:
        if request.headers.get("x-api-key") != API_KEY:
            raise Refused(401, "Unauthorized")

    def envelope(self, refused: Refused) -> Row:
        return {"error": refused.message}

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        return [self.bucket]

    def before(self) -> None:
        now = iso_millis(self.clock.now())
        if now < self._next_end:
            return
        for mailbox in self.mailboxes:
            if mailbox["expiresAt"] <= now:
                self._remove(mailbox)
        self._next_end = min((row["expiresAt"] for row in self.mailboxes), default=THE_END)

    # Addresses

    def list_domains(self, call: Call) -> Answer:
        return Answer({"domains": [row["domain"] for row in self.domains]})

    def list_addresses(self, call: Call) -> Answer:
        own = self.mailboxes.where("user", USER)
        return page_of("emails", own, call, ("id", "address", "userId", "createdAt", "expiresAt"))

    def create_address(self, call: Call) -> Answer:
        if call.body["domain"] not in self.domains:
            raise Refused(400, "Invalid domain")
        address = f"{call.body['name']}@{call.body['domain']}"
        if self.mailboxes.count("address", address.lower()):
            raise Refused(409, "This address is already in use")
        limit = self.options.tempmail_addresses
        if limit is not None and self.mailboxes.count("user", USER) >= limit:
            raise Refused(403, f"You have reached the limit of {limit} addresses")
        mailbox = self.mailboxes.put(self._fresh(address, call.body["expiryTime"]))
        self._next_end = min(self._next_end, mailbox["expiresAt"])
        return Answer({"id": mailbox["id"], "email": address})

    def delete_address(self, call: Call) -> Answer:
        self._remove(self._mailbox(call))
        return done()

    def _fresh(self, address: str, expiry: int) -> Row:
        now = self.clock.now()
        return self._numbered("mailbox") | {
            "address": address,
            "userId": USER,
            "createdAt": iso_millis(now),
            "expiresAt": THE_END if expiry == NEVER else iso_millis(now + expiry / 1000),
        }

    def _numbered(self, kind: str) -> Row:
        """What tells the order of the rows, and an id that only looks random: the same run has the same ids."""
        number = self.store.next_number(f"tempmail/{kind}")
        return {"number": number, "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox:{kind}/{number}"))}

    def _mailbox(self, call: Call) -> Row:
        mailbox = self.mailboxes.get(call.params["id"])
        if mailbox is None or mailbox["userId"] != USER:
            raise Refused(404, "Address not found")
        return mailbox

    def _remove(self, mailbox: Row) -> None:
        for message in self.messages.where("mailbox", mailbox["id"]):
            self.messages.remove(message["id"])
        self.mailboxes.remove(mailbox["id"])

    # Messages

    def list_messages(self, call: Call) -> Answer:
        messages = self.messages.where("mailbox", self._mailbox(call)["id"])
        return page_of("messages", messages, call, ("id", "from_address", "subject", "received_at"))

    def get_message(self, call: Call) -> Answer:
        shown = ("id", "from_address", "subject", "content", "html", "received_at")
        message = self._message(call)
        return Answer({"message": {name: message[name] for name in shown}})

    def delete_message(self, call: Call) -> Answer:
        self.messages.remove(self._message(call)["id"])
        return done()

    def _message(self, call: Call) -> Row:
        message = self.messages.get(call.params["message"])
        if message is None or message["emailId"] != self._mailbox(call)["id"]:
            raise Refused(404, "Message not found")
        return message

    # The webhook

    def get_webhook(self, call: Call) -> Answer:
        webhook = self.webhook.get(USER) or {"url": "", "enabled": False}
        return Answer({"url": webhook["url"], "enabled": webhook["enabled"]})

    def set_webhook(self, call: Call) -> Answer:
        self.webhook.put({"userId": USER, **call.body})
        return done()

    # Rows that a test hands in

    def completed(self, kind: str, row: Row) -> Row:
        stored = self._stored(kind, row)
        # What was handed in may end sooner than anything did.
        self._next_end = ""
        return stored | row if stored is not None else self._blank(kind, row) | row

    def _stored(self, kind: str, row: Row) -> Row | None:
        if kind == "mailbox" and "id" not in row:
            return self.mailboxes.first("address", row["address"].lower())
        return self.kinds[kind].get(row.get(self.kinds[kind].key, USER))

    def _blank(self, kind: str, row: Row) -> Row:
        if kind == "mailbox":
            return self._fresh(row["address"], NEVER)
        if kind == "message":
            received = millis(self.clock.now())
            words = {"from_address": "someone@example.net", "subject": "", "content": "", "html": ""}
            return self._numbered(kind) | words | {"received_at": received}
        return {"userId": USER, "enabled": True} if kind == "webhook" else {}


def done() -> Answer:
    return Answer({"success": True})


def page_of(plural: str, rows: list[Row], call: Call, shown: tuple[str, ...]) -> Answer:
    """The newest of *rows* (which come oldest first), or the newest of those before the cursor."""
    end = len(rows)
    if call.query.get("cursor"):
        end = bisect_left(rows, position(call.query["cursor"]), key=lambda row: row["number"])
    page = rows[max(0, end - PAGE_SIZE) : end][::-1]
    more = cursor_at(page[-1]["number"]) if end > PAGE_SIZE else None
    found = [{name: row[name] for name in shown} for row in page]
    return Answer({plural: found, "nextCursor": more, "total": len(rows)})


def cursor_at(number: int) -> str:
    return base64.b64encode(f"before {number:012}".encode()).decode()


def position(cursor: str) -> int:
    """Raises Refused 400 for what `cursor_at` has not made."""
    try:
        found = re.fullmatch(rb"before ([0-9]{12})", base64.b64decode(cursor, validate=True))
    except binascii.Error:
        found = None
    if found is None:
        raise Refused(400, "Invalid cursor")
    return int(found[1])
