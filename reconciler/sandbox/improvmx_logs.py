"""ImprovMX's delivery logs: what an entry holds, how version 3 pages through them and how version 2 wrote them."""

from __future__ import annotations

from .api import Answer, Call
from .clock import moment
from .refusal import Refused
from .store import Row

LOGS_PER_PAGE = 50


def blank_log(now: int) -> Row:
    """A message that was delivered *now* (milliseconds)."""
    delivered = {
        "status": "DELIVERED",
        "code": 250,
        "message": "Sent.",
        "created": now,
        "server": "mx1.improvmx.com",
        "local": "mx1.improvmx.com",
    }
    return {
        "alias": "*",
        "created": now,
        "hostname": "mx1.improvmx.com",
        "messageId": f"<{now}@mx1.improvmx.com>",
        "subject": "",
        "transport": "smtp",
        "sender": {"email": "someone@example.net", "name": "Someone"},
        "recipient": {"email": "", "name": ""},
        "forward": {"email": "owner@example.org", "name": ""},
        "events": [delivered],
    }


def log_page(logs: list[Row], call: Call) -> Answer:
    """The logs after the one that the cursor names, and a cursor when there are more."""
    cursor = call.query.get("next_cursor")
    numbers = [log["id"] for log in logs]
    if cursor is not None and cursor not in numbers:
        raise Refused(400, "This cursor is not valid.", field="next_cursor")
    start = 0 if cursor is None else numbers.index(cursor) + 1
    page = logs[start : start + LOGS_PER_PAGE]
    more = str(page[-1]["id"]) if start + LOGS_PER_PAGE < len(logs) else None
    shown = [{name: log[name] for name in log if name not in ("domain", "alias")} for log in page]
    return Answer({"logs": shown, "next_cursor": more, "success": True})


def says(log: Row, part: str) -> bool:
    return part.lower() in f"{log['subject']} {log['sender']['email']} {log['recipient']['email']}".lower()


def has_status(log: Row, status: str) -> bool:
    return not status or any(event["status"] == status.upper() for event in log["events"])


def old_log(log: Row) -> Row:
    """A log entry with its times in words."""
    events = [
        {"status": one["status"], "code": one["code"], "created": words(one["created"]), "ip": one["local"]}
        | {"server": one["server"], "message": one["message"]}
        for one in log["events"]
    ]
    kept = {name: log[name] for name in ("sender", "hostname", "forward", "messageId", "recipient", "subject")}
    raw = moment(log["created"] / 1000).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return kept | {"created": words(log["created"]), "created_raw": raw, "host_ip": "192.0.2.25", "events": events}


def words(created: int) -> str:
    """2019-01-13 00:00:42+0000"""
    return moment(created / 1000).strftime("%Y-%m-%d %H:%M:%S+0000")
