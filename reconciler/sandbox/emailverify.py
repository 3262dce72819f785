"""Emulates `emailverify`: checks addresses one by one or in bulk, for credits, and keeps webhooks.

Nothing is really verified, and no webhook is ever called. What an address is, its local part says: it begins with
`invalid`, `bounce`, `unknown` or `accept`, `timeout` makes the single check time out and `job-fails` a bulk job fail; any
other is valid. Rows of kind `verdict` (email, status) say otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .api import Answer, Api, Call, Request, Route, Surroundings
from .clock import iso_seconds, moment
from .limits import Limit, Window, window
from .refusal import Refused
from .shape import Field, address, digits, flag, http_url, list_of, one_of, optional, text, whole
from .store import Row

API_KEY = "bv_live_sandbox"
EVENTS = ("verification.completed", "bulk.completed", "bulk.failed", "credits.low")
COUNTED = ("valid", "invalid", "unknown")
MAXIMUM_BULK = 10_000
# Requests an hour and a day, by plan; what an Enterprise may do is a matter of its contract.
PLANS = {
    "Free": (100, 1_000),
    "Starter": (1_000, 10_000),
    "Professional": (10_000, 100_000),
    "Enterprise": (100_000, 1_000_000),
}

PREFIXES = {"invalid": "invalid", "bounce": "invalid", "unknown": "unknown", "accept": "accept_all"}
REASONS = {"invalid": "mailbox_not_found", "unknown": "smtp_timeout"}
SCORES = {"valid": 0.95, "accept_all": 0.6, "unknown": 0.4, "invalid": 0.1}
ROLES = ("abuse", "admin", "hostmaster", "info", "postmaster", "sales", "support", "webmaster")
FREE = ("gmail.com", "hotmail.com", "outlook.com", "yahoo.com")
DISPOSABLE = ("chat-tempmail.com", "mailinator.com")


def well_formed(email: str) -> bool:
    try:
        address(email)
    except ValueError:
        return False
    return True


def mail_address(value: Any) -> str:
    """An address, kept as it was given."""
    if not well_formed(text(value)):
        raise ValueError("is not a mail address")
    return text(value)


CHECK = {
    "email": Field(mail_address, code="INVALID_EMAIL"),
    "smtp_check": optional(flag, True),
    "timeout": optional(whole(1, 30_000), 5_000),
}
BULK = {
    "emails": Field(list_of(text, MAXIMUM_BULK)),
    "smtp_check": optional(flag, True),
    "webhook_url": optional(http_url),
}
RESULTS = {
    "limit": optional(digits(1, 1_000), 100),
    "offset": optional(digits(0), 0),
    "status": optional(one_of(*COUNTED)),
}
NEW_WEBHOOK = {
    "url": Field(http_url),
    "events": Field(list_of(one_of(*EVENTS))),
    "secret": optional(text),
}


class Emailverify(Api):
    """See the module's first lines."""

    name = "emailverify"
    prefix = "/emailverify/v1"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        hourly, daily = PLANS[around.options.emailverify_plan]
        self.hour = window(around.options.rate_limit, hourly, 3_600)
        self.day = window(around.options.rate_limit, daily, 86_400)
        self.webhooks = around.store.collection("emailverify/webhook", key="id")
        self.jobs = around.store.collection("emailverify/job", key="job_id")
        self.verdicts = around.store.collection("emailverify/verdict", key="email")
        self.kinds = {"webhook": self.webhooks, "job": self.jobs, "verdict": self.verdicts}
        self.routes = [
            Route("GET", "/webhooks", self.list_webhooks),
            Route("POST", "/webhooks", self.create_webhook, body=NEW_WEBHOOK),
            Route("DELETE", "/webhooks/{id}", self.delete_webhook),
            Route("POST", "/verify", self.verify, body=CHECK),
            Route("POST", "/verify/bulk", self.create_job, body=BULK),
            Route("GET", "/verify/bulk/{id}", self.get_job),
            Route("GET", "/verify/bulk/{id}/results", self.job_results, query=RESULTS),
            Route("GET", "/credits", self.get_credits),
        ]

    def authenticate(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {API_KEY}":
            raise Refused(401, "The API key is invalid or missing", code="INVALID_API_KEY")

    def envelope(self, refused: Refused) -> Row:
        error: Row = {"code": refused.code or "INVALID_REQUEST", "message": refused.message}
        if refused.field is not None:
            error["details"] = f"field: {refused.field}"
        if refused.retry_after is not None:
            error["retry_after"] = refused.retry_after
        return {"error": error}

    def limits(self, request: Request, route: Route | None) -> list[Limit]:
        return [self.hour, self.day]

    def fault(self, status: int) -> Answer:
        own = {503: ("SERVICE_UNAVAILABLE", "Service unavailable"), 504: ("TIMEOUT", "Verification timed out")}
        if status not in own:
            return super().fault(status)
        code, message = own[status]
        return self.refusal(Refused(status, message, code=code))

    # Webhooks

    def list_webhooks(self, call: Call) -> Answer:
        return Answer([without_secret(webhook) for webhook in self.webhooks])

    def create_webhook(self, call: Call) -> Answer:
        return Answer(without_secret(self.webhooks.put(self._blank_webhook() | call.body)))

    def delete_webhook(self, call: Call) -> Answer:
        if call.params["id"] not in self.webhooks:
            raise Refused(404, "Webhook not found", code="NOT_FOUND")
        self.webhooks.remove(call.params["id"])
        return Answer(None, 204)

    def _blank_webhook(self) -> Row:
        number = self.store.next_number("emailverify/webhook")
        return {"id": f"webhook_{number}", "created_at": iso_seconds(self.clock.now()), "secret": None}

    # Verification

    def verify(self, call: Call) -> Answer:
        email = call.body["email"]
        # A check that times out has been paid for.
        self._spend(1)
        if email.lower().startswith("timeout"):
            raise Refused(504, "Verification timed out", code="TIMEOUT")
        status = self._status_of(email)
        return Answer(
            {
                "email": email,
                "status": status,
                "result": findings(email, status, call.body["smtp_check"]),
                "score": SCORES[status],
                "reason": REASONS.get(status),
                "credits_used": 1,
            }
        )

    def create_job(self, call: Call) -> Answer:
        emails = call.body["emails"]
        self._spend(len(emails))
        number = self.store.next_number("emailverify/job")
        created = self.clock.now()
        job = self.jobs.put({"job_id": f"job_{number:08}", "created": created, **call.body})
        return Answer(self._progress(job) | {"credits_used": len(emails)})

    def get_job(self, call: Call) -> Answer:
        job = self._job(call)
        progress = self._progress(job)
        percent = 100 * progress["processed"] // progress["total"]
        return Answer(progress | {"progress_percent": percent} | self._end_of(job, progress["status"]))

    def job_results(self, call: Call) -> Answer:
        job, query = self._job(call), call.query
        if self._progress(job)["status"] != "completed":
            raise Refused(400, "The job is not completed")
        statuses = [(email, self._status_of(email)) for email in job["emails"]]
        found = [one for one in statuses if query.get("status") in (None, one[1])]
        page = found[query["offset"] : query["offset"] + query["limit"]]
        results = [bulk_item(email, status) for email, status in page]
        paging = {"total": len(found), "limit": query["limit"], "offset": query["offset"]}
        return Answer({"job_id": job["job_id"], **paging, "results": results})

    def _job(self, call: Call) -> Row:
        if (job := self.jobs.get(call.params["id"])) is None:
            raise Refused(404, "Job not found", code="JOB_NOT_FOUND")
        return job

    def _progress(self, job: Row) -> Row:
        """The job as far as it has come by now; time alone moves it on."""
        total = len(job["emails"])
        processed = int(total * self._share_done(job))
        statuses = [self._status_of(email) for email in job["emails"][:processed]]
        return {
            "job_id": job["job_id"],
            "status": self._job_status(job),
            "total": total,
            "processed": processed,
            **{status: statuses.count(status) for status in COUNTED},
            "created_at": iso_seconds(job["created"]),
        }

    def _share_done(self, job: Row) -> float:
        duration = self.options.emailverify_job_seconds
        return min(1.0, (self.clock.now() - job["created"]) / duration) if duration > 0 else 1.0

    def _job_status(self, job: Row) -> str:
        if self._share_done(job) < 1:
            return "processing"
        return "failed" if any(email.startswith("job-fails") for email in job["emails"]) else "completed"

    def _end_of(self, job: Row, status: str) -> Row:
        if status == "processing":
            return {}
        if status == "failed":
            return {"error": "The job failed"}
        return {"completed_at": iso_seconds(job["created"] + self.options.emailverify_job_seconds)}

    def _status_of(self, email: str) -> str:
        if (verdict := self.verdicts.get(email)) is not None:
            return str(verdict["status"])
        if not well_formed(email):
            return "invalid"
        return next((status for prefix, status in PREFIXES.items() if email.lower().startswith(prefix)), "valid")

    # Credits

    def get_credits(self, call: Call) -> Answer:
        total, used = self.options.emailverify_credits, self.store.number("emailverify/credits-used")
        now = self.clock.now()
        limit = {"requests_per_hour": self.hour.limit, "remaining": remaining(self.hour, now)}
        return Answer(
            {
                "available": total - used,
                "used": used,
                "total": total,
                "plan": self.options.emailverify_plan,
                "resets_at": iso_seconds(next_month(moment(now)).timestamp()),
                "rate_limit": limit,
            }
        )

    def _spend(self, credits_needed: int) -> None:
        used = self.store.number("emailverify/credits-used") + credits_needed
        if used > self.options.emailverify_credits:
            raise Refused(403, "Not enough credits", code="INSUFFICIENT_CREDITS")
        self.store.remember("emailverify/credits-used", used)

    # Rows that a test hands in

    def completed(self, kind: str, row: Row) -> Row:
        rows = self.kinds[kind]
        stored = rows.get(row[rows.key]) if rows.key in row else None
        if stored is not None:
            return stored | row
        return (self._blank_webhook() | {"events": list(EVENTS)} if kind == "webhook" else {}) | row


def without_secret(webhook: Row) -> Row:
    return {name: value for name, value in webhook.items() if name != "secret"}


def findings(email: str, status: str, smtp_check: bool) -> dict[str, Any]:
    local, _, domain = email.lower().partition("@")
    return {
        "deliverable": status in ("valid", "accept_all"),
        "valid_format": True,
        "valid_domain": True,
        "valid_mx": True,
        "disposable": domain in DISPOSABLE,
        "role": local in ROLES,
        "catchall": status == "accept_all",
        "free": domain in FREE,
        "smtp_valid": smtp_check and status == "valid",
    }


def bulk_item(email: str, status: str) -> Row:
    """A member of the results of a job: its findings are fewer than those of a single check, and hold the reason."""
    result: Row = {"deliverable": status in ("valid", "accept_all")}
    if status in REASONS:
        result["reason"] = REASONS[status] if well_formed(email) else "invalid_format"
    else:
        result |= {
            name: value for name, value in findings(email, status, True).items() if name in ("disposable", "role")
        }
    return {"email": email, "status": status, "result": result, "score": SCORES[status]}


def remaining(hour: Window, now: float) -> int:
    return int(hour.headers(now)["X-RateLimit-Remaining"])


def next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
