"""The emulated EmailVerify API answers as its contract says."""

import httpx
import pytest

from reconciler.sandbox import CREDENTIALS, Sandbox, SandboxOptions

KEY = CREDENTIALS["emailverify"]["api_key"]
WEBHOOK = {"url": "https://hooks.example.com", "events": ["bulk.completed", "credits.low"], "secret": "s3cret"}
EMAILS = ["a@example.com", "invalid@example.com", "unknown@example.com", "accept@example.com", "no address"]


def done(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer, status, code):
    """An error in the vendor's envelope."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert error["code"] == code
    assert isinstance(error["message"], str)
    assert set(error) <= {"code", "message", "details", "retry_after"}
    return error


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer x"}, {"EMAILVERIFY-API-KEY": KEY}, {"EV-API-KEY": KEY}, {"X-API-Key": KEY}],
)
def test_only_the_bearer_key_opens(sandbox, connect, headers):
    """The headers of the SDKs are not those of the reference."""
    refused(connect(sandbox, "emailverify", headers=headers).get("/webhooks"), 401, "INVALID_API_KEY")


def test_a_webhook_is_created_listed_and_deleted(sandbox, emailverify):
    """200 and the object, a bare array, 204 and nothing; the secret is stored and never returned."""
    assert done(emailverify.get("/webhooks")) == []
    created = done(emailverify.post("/webhooks", json=WEBHOOK))
    assert set(created) == {"id", "url", "events", "created_at"}
    assert (created["id"], created["url"], created["events"]) == ("webhook_1", WEBHOOK["url"], WEBHOOK["events"])
    assert done(emailverify.get("/webhooks")) == [created]
    assert sandbox.rows("emailverify", "webhook")[0]["secret"] == "s3cret"
    deleted = emailverify.delete("/webhooks/webhook_1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused(emailverify.delete("/webhooks/webhook_1"), 404, "NOT_FOUND")
    assert done(emailverify.get("/webhooks")) == []


def test_one_url_may_have_several_webhooks(emailverify):
    """Each has its own id, also after one was deleted."""
    for _ in range(3):
        done(emailverify.post("/webhooks", json=WEBHOOK))
    emailverify.delete("/webhooks/webhook_3")
    done(emailverify.post("/webhooks", json=WEBHOOK))
    found = done(emailverify.get("/webhooks"))
    assert [webhook["id"] for webhook in found] == ["webhook_1", "webhook_2", "webhook_4"]
    assert {webhook["url"] for webhook in found} == {WEBHOOK["url"]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": WEBHOOK["url"]},
        {"events": WEBHOOK["events"]},
        {**WEBHOOK, "url": "hooks.example.com"},
        {**WEBHOOK, "url": None},
        {**WEBHOOK, "events": []},
        {**WEBHOOK, "events": "credits.low"},
        {**WEBHOOK, "events": ["file.completed"]},
        {**WEBHOOK, "secret": None},
        {**WEBHOOK, "is_active": True},
        {**WEBHOOK, "id": "webhook_9"},
    ],
)
def test_a_webhook_that_is_not_allowed_is_refused(emailverify, body):
    """400 INVALID_REQUEST, and nothing is stored."""
    assert refused(emailverify.post("/webhooks", json=body), 400, "INVALID_REQUEST")["details"].startswith("field: ")
    assert done(emailverify.get("/webhooks")) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/webhooks/webhook_1"),
        ("PUT", "/webhooks/webhook_1"),
        ("PATCH", "/webhooks/webhook_1"),
        ("POST", "/verify/single"),
        ("GET", "/verify"),
        ("GET", "/nothing"),
    ],
)
def test_what_is_not_offered_is_not_found(emailverify, method, path):
    """404, a wrong method included: the vendor's statuses know no 405."""
    done(emailverify.post("/webhooks", json=WEBHOOK))
    refused(emailverify.request(method, path), 404, "NOT_FOUND")


def test_the_shape_of_a_verification(emailverify):
    """As in the vendor's sample."""
    assert done(emailverify.post("/verify", json={"email": "User@example.com"})) == {
        "email": "User@example.com",
        "status": "valid",
        "result": {
            "deliverable": True,
            "valid_format": True,
            "valid_domain": True,
            "valid_mx": True,
            "disposable": False,
            "role": False,
            "catchall": False,
            "free": False,
            "smtp_valid": True,
        },
        "score": 0.95,
        "reason": None,
        "credits_used": 1,
    }


@pytest.mark.parametrize(
    ("email", "status", "deliverable", "reason"),
    [
        ("john@example.com", "valid", True, None),
        ("invalid-1@example.com", "invalid", False, "mailbox_not_found"),
        ("Bounce@example.com", "invalid", False, "mailbox_not_found"),
        ("unknown@example.com", "unknown", False, "smtp_timeout"),
        ("accept.all@example.com", "accept_all", True, None),
        ("special@example.com", "unknown", False, "smtp_timeout"),
    ],
)
def test_the_local_part_or_a_seeded_verdict_decides(sandbox, emailverify, email, status, deliverable, reason):
    """So that every outcome can be had."""
    sandbox.seed("emailverify", "verdict", {"email": "special@example.com", "status": "unknown"})
    found = done(emailverify.post("/verify", json={"email": email}))
    assert (found["status"], found["result"]["deliverable"], found["reason"]) == (status, deliverable, reason)
    assert found["result"]["catchall"] is (status == "accept_all")


def test_findings_about_the_address_itself(emailverify):
    """Role, free and disposable addresses are told apart; without the SMTP check nothing is said of the mailbox."""
    info = done(emailverify.post("/verify", json={"email": "Info@Gmail.com", "smtp_check": False}))["result"]
    assert (info["role"], info["free"], info["disposable"], info["smtp_valid"]) == (True, True, False, False)
    assert done(emailverify.post("/verify", json={"email": "x@mailinator.com"}))["result"]["disposable"] is True


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "nobody"}, "INVALID_EMAIL"),
        ({"email": ""}, "INVALID_EMAIL"),
        ({"email": 5}, "INVALID_REQUEST"),
        ({}, "INVALID_REQUEST"),
        ({"email": "a@example.com", "timeout": 30_001}, "INVALID_REQUEST"),
        ({"email": "a@example.com", "timeout": 0}, "INVALID_REQUEST"),
        ({"email": "a@example.com", "smtp_check": 1}, "INVALID_REQUEST"),
        ({"email": "a@example.com", "check_smtp": True}, "INVALID_REQUEST"),
    ],
)
def test_a_verification_that_is_not_allowed_costs_nothing(emailverify, body, code):
    """400, and no credit is used."""
    refused(emailverify.post("/verify", json=body), 400, code)
    assert done(emailverify.get("/credits"))["used"] == 0


def test_a_verification_that_times_out_is_504_and_paid_for(emailverify):
    """TIMEOUT is about the probe; it may have been charged, and is."""
    refused(emailverify.post("/verify", json={"email": "timeout@example.com"}), 504, "TIMEOUT")
    assert done(emailverify.get("/credits"))["used"] == 1


def test_a_bulk_job_progresses_with_time(sandbox, emailverify):
    """Created with nothing done, then half, then completed; accept_all is in no counter."""
    job = done(emailverify.post("/verify/bulk", json={"emails": EMAILS * 20}))
    number = job["job_id"]
    assert job.pop("created_at").endswith("Z")
    assert (job.pop("processed") < 100, job.pop("status")) == (True, "processing")
    assert {name: job[name] for name in ("total", "credits_used")} == {"total": 100, "credits_used": 100}
    assert set(job) == {"job_id", "total", "valid", "invalid", "unknown", "credits_used"}
    running = done(emailverify.get(f"/verify/bulk/{number}"))
    assert (running["status"], "completed_at" in running, "credits_used" in running) == ("processing", False, False)
    assert running["progress_percent"] == running["processed"] < 100
    refused(emailverify.get(f"/verify/bulk/{number}/results"), 400, "INVALID_REQUEST")
    sandbox.advance(1)
    ended = done(emailverify.get(f"/verify/bulk/{number}"))
    assert ended.pop("created_at") <= ended.pop("completed_at")
    assert ended == {
        "job_id": number,
        "status": "completed",
        "total": 100,
        "processed": 100,
        "valid": 20,
        "invalid": 40,
        "unknown": 20,
        "progress_percent": 100,
    }


def test_a_job_may_take_no_time(connect):
    """For tests that do not want to wait: completed when it is first looked at."""
    with Sandbox(SandboxOptions(emailverify_job_seconds=0)) as sandbox:
        client = connect(sandbox, "emailverify")
        job = done(client.post("/verify/bulk", json={"emails": EMAILS}))["job_id"]
        assert done(client.get(f"/verify/bulk/{job}"))["status"] == "completed"


@pytest.fixture
def completed(sandbox, emailverify):
    """The path of the results of a completed job with 300 addresses, five sorts in turn."""
    job = done(emailverify.post("/verify/bulk", json={"emails": EMAILS * 60, "webhook_url": "https://x.example"}))
    sandbox.advance(2)
    return f"/verify/bulk/{job['job_id']}/results"


def test_results_come_in_pages_in_the_order_given(emailverify, completed):
    """100 at first; past the end an empty page; duplicates each as given."""
    first = done(emailverify.get(completed))
    assert (first["total"], first["limit"], first["offset"], len(first["results"])) == (300, 100, 0, 100)
    assert [one["email"] for one in first["results"][:5]] == EMAILS
    last = done(emailverify.get(f"{completed}?limit=1000&offset=298"))
    assert [one["email"] for one in last["results"]] == EMAILS[-2:]
    assert done(emailverify.get(f"{completed}?offset=300"))["results"] == []


def test_results_are_smaller_than_single_verifications(emailverify, completed):
    """Partial findings, the reason among them."""
    valid, invalid, unknown, accept_all, broken = done(emailverify.get(completed))["results"][:5]
    findings = {"deliverable": True, "disposable": False, "role": False}
    assert valid == {"email": EMAILS[0], "status": "valid", "result": findings, "score": 0.95}
    assert invalid["result"] == {"deliverable": False, "reason": "mailbox_not_found"}
    assert (unknown["status"], accept_all["status"]) == ("unknown", "accept_all")
    assert (broken["status"], broken["result"]["reason"]) == ("invalid", "invalid_format")


def test_results_are_filtered_by_status(emailverify, completed):
    """valid, invalid and unknown only; total counts what was found."""
    found = done(emailverify.get(f"{completed}?status=unknown&limit=10"))
    assert (found["total"], {one["status"] for one in found["results"]}) == (60, {"unknown"})
    refused(emailverify.get(f"{completed}?status=accept_all"), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "limit=x", "page=1"])
def test_a_page_out_of_range_is_refused(emailverify, completed, query):
    """400 INVALID_REQUEST."""
    refused(emailverify.get(f"{completed}?{query}"), 400, "INVALID_REQUEST")


def test_a_job_can_fail(sandbox, emailverify):
    """Its status says so, with an error; it has no results."""
    job = done(emailverify.post("/verify/bulk", json={"emails": ["job-fails@example.com"]}))["job_id"]
    sandbox.advance(2)
    failed = done(emailverify.get(f"/verify/bulk/{job}"))
    assert (failed["status"], type(failed["error"])) == ("failed", str)
    refused(emailverify.get(f"/verify/bulk/{job}/results"), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"emails": []},
        {"emails": "a@example.com"},
        {"emails": [1]},
        {"emails": ["a@example.com"] * 10_001},
        {"emails": ["a@example.com"], "webhook_url": "x"},
        {"emails": ["a@example.com"], "timeout": 5},
    ],
)
def test_a_bulk_that_is_not_allowed_costs_nothing(emailverify, body):
    """1 to 10,000 strings."""
    refused(emailverify.post("/verify/bulk", json=body), 400, "INVALID_REQUEST")
    assert done(emailverify.get("/credits"))["used"] == 0


def test_ten_thousand_addresses_are_allowed(sandbox, emailverify):
    """The largest job."""
    job = done(emailverify.post("/verify/bulk", json={"emails": ["a@example.com"] * 10_000}))
    sandbox.advance(2)
    assert done(emailverify.get(f"/verify/bulk/{job['job_id']}"))["valid"] == 10_000


def test_an_unknown_job_is_not_found(emailverify):
    """JOB_NOT_FOUND for status and results."""
    refused(emailverify.get("/verify/bulk/job_x"), 404, "JOB_NOT_FOUND")
    refused(emailverify.get("/verify/bulk/job_x/results"), 404, "JOB_NOT_FOUND")


def test_credits_run_out(connect):
    """Each address costs one; a job that costs more than there is costs nothing."""
    with Sandbox(SandboxOptions(emailverify_credits=3)) as sandbox:
        client = connect(sandbox, "emailverify")
        done(client.post("/verify", json={"email": "a@example.com"}))
        refused(client.post("/verify/bulk", json={"emails": EMAILS}), 403, "INSUFFICIENT_CREDITS")
        done(client.post("/verify/bulk", json={"emails": EMAILS[:2]}))
        refused(client.post("/verify", json={"email": "a@example.com"}), 403, "INSUFFICIENT_CREDITS")
        left = done(client.get("/credits"))
        assert (left["available"], left["used"], left["total"]) == (0, 3, 3)


def test_credits_tell_plan_and_rate_limit(connect):
    """They are renewed with the month; the rate limit is that of the hour."""
    with Sandbox(SandboxOptions(rate_limit="documented", emailverify_plan="Starter")) as sandbox:
        account = done(connect(sandbox, "emailverify").get("/credits"))
    assert set(account) == {"available", "used", "total", "plan", "resets_at", "rate_limit"}
    assert account["plan"] == "Starter"
    assert account["resets_at"][7:] == "-01T00:00:00Z"
    assert account["rate_limit"] == {"requests_per_hour": 1000, "remaining": 999}


def test_the_documented_limit_is_by_hour_and_by_day(connect):
    """Free: 100 an hour, all calls counted, and 1,000 a day; the wait is in the body and in the header."""
    with Sandbox(SandboxOptions(rate_limit="documented", emailverify_plan="Free")) as sandbox:
        client = connect(sandbox, "emailverify")
        assert {client.get("/nothing").status_code for _ in range(100)} == {404}
        answer = client.get("/webhooks")
        error = refused(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert error["retry_after"] == int(answer.headers["Retry-After"]) > 3500
        assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("100", "0")
        for _ in range(9):
            sandbox.advance(3601)
            assert {client.get("/webhooks").status_code for _ in range(100)} == {200}
        sandbox.advance(3601)
        assert refused(client.get("/webhooks"), 429, "RATE_LIMIT_EXCEEDED")["retry_after"] > 3600


def test_injected_faults_have_the_documented_codes(connect):
    """503 and 504 are in the vendor's table, so they come in its envelope."""
    codes = {500: "INTERNAL_ERROR", 503: "SERVICE_UNAVAILABLE", 504: "TIMEOUT", 429: "RATE_LIMIT_EXCEEDED"}
    with Sandbox(SandboxOptions(fault_rate=1)) as sandbox:
        client, met = connect(sandbox, "emailverify"), {}
        for number in range(60):
            try:
                answer = client.get(f"/verify/bulk/{number}")
            except httpx.RemoteProtocolError:
                continue
            if answer.status_code in codes:
                refused(answer, answer.status_code, codes[answer.status_code])
            met[answer.status_code] = answer
    assert set(met) == {*codes, 502}
