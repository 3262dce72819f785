"""Imply's statistics: traffic, which is made up but always the same, and storage, which is what the mailboxes have."""

from __future__ import annotations

from datetime import date, timedelta

from .refusal import Refused
from .store import Row

DEFAULT_DAYS = 30
# What each mailbox gets and writes every day.
RECEIVED, SENT = 3, 1


def period(query: Row, today: date) -> tuple[date, date]:
    """First and last day asked for, both included. Raises Refused 400."""
    last = query.get("end_date", today)
    first = query.get("start_date", last - timedelta(days=DEFAULT_DAYS - 1))
    if first > last:
        raise Refused(400, "start_date is after end_date", field="start_date", value=first.isoformat())
    return first, last


def traffic(users: int, first: date, last: date) -> Row:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
        "received": RECEIVED * users * len(days),
        "sent": SENT * users * len(days),
        "daily": [{"date": day.isoformat(), "received": RECEIVED * users, "sent": SENT * users} for day in days],
    }


def storage(domain: Row, mailboxes: list[Row]) -> Row:
    return {
        "domain_id": domain["id"],
        "domain": domain["domain"],
        "mailboxes": len(mailboxes),
        "quota_mb": sum(mailbox["storage_quota_mb"] for mailbox in mailboxes),
        "used_mb": sum(mailbox["storage_used_mb"] for mailbox in mailboxes),
    }
