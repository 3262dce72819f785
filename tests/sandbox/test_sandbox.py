"""What a sandbox does for all its APIs: it runs, records, limits, delays, fails on purpose, and keeps its rows."""

import ast
import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import CREDENTIALS, Sandbox, SandboxOptions, manifest_snippet

ROOT = Path(__file__).parents[2]
APIS = ["mailserver", "imply", "improvmx", "improvmx-v2", "tempmail", "emailverify"]
# A listing of each API, and the path of one that a client with its credentials may ask for.
LISTINGS = {
    "mailserver": "/domains",
    "imply": "/domains",
    "improvmx": "/domains",
    "improvmx-v2": "/domains/",
    "tempmail": "/api/emails",
    "emailverify": "/webhooks",
}
DOMAIN = {
    "domain": "example.com",
    "active": True,
    "aliases": 400,
    "mailboxes": 10,
    "defquota": 1,
    "maxquota": 1,
    "quota": 1,
}


def statuses(client, path, times):
    """What *times* requests meet; 0 for a dropped connection."""
    found = []
    for _ in range(times):
        try:
            found.append(client.get(path).status_code)
        except httpx.RemoteProtocolError:
            found.append(0)
    return found


def test_it_listens_on_one_address_only(sandbox):
    """127.0.0.1, and not even the other loopback addresses."""
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", sandbox.port), timeout=2):
        pass


def test_each_api_has_its_own_prefix(sandbox):
    """The base URLs that a manifest needs, with the version prefixes of the vendors."""
    assert [sandbox.url(api) for api in APIS] == [
        f"http://127.0.0.1:{sandbox.port}{prefix}"
        for prefix in (
            "/mailserver/api/v1",
            "/imply/api/v1",
            "/improvmx/v3",
            "/improvmx/v2",
            "/tempmail",
            "/emailverify/v1",
        )
    ]


def test_a_taken_port_is_an_os_error(sandbox):
    """It does not take another port than the one asked for."""
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=sandbox.port).start()


def test_it_can_be_stopped_twice_read_afterwards_and_started_again(connect):
    """What it held can still be read after stop; a start begins anew, on the same port."""
    sandbox = Sandbox()
    sandbox.start()
    port = sandbox.port
    sandbox.seed("mailserver", "domain", {"domain": "example.com"})
    assert connect(sandbox, "mailserver").get("/domains").status_code == 200
    sandbox.stop()
    sandbox.stop()
    assert [row["domain"] for row in sandbox.rows("mailserver", "domain")] == ["example.com"]
    assert [request.status for request in sandbox.requests] == [200]
    with sandbox:
        assert (sandbox.port, sandbox.rows("mailserver", "domain")) == (port, [])


def test_stop_is_bounded_while_a_client_waits():
    """An answer held back longer than anyone waits does not keep the sandbox from ending."""
    sandbox = Sandbox(SandboxOptions(latency=60))
    sandbox.start()
    with socket.create_connection(("127.0.0.1", sandbox.port)) as client:
        client.sendall(b"GET /mailserver/api/v1/domains HTTP/1.1\r\nHost: x\r\n\r\n")
        while not sandbox.requests:
            time.sleep(0.01)
        started = time.monotonic()
        sandbox.stop()
    assert time.monotonic() - started < 6


def test_a_path_outside_all_apis_is_not_found(sandbox):
    """404, and nothing recorded."""
    assert httpx.get(f"http://127.0.0.1:{sandbox.port}/elsewhere").status_code == 404
    assert sandbox.requests == []


@pytest.mark.parametrize("api", APIS)
def test_the_credentials_of_each_api_open_it(sandbox, connect, api):
    """CREDENTIALS hold what the client of each API needs; without them it is refused."""
    assert connect(sandbox, api).get(LISTINGS[api]).status_code == 200
    with httpx.Client(base_url=sandbox.url(api)) as stranger:
        assert stranger.get(LISTINGS[api]).status_code == (403 if api == "improvmx-v2" else 401)


def test_the_manifest_snippet_names_every_api(sandbox):
    """Each provider entry has type, base_url and its credentials as they are."""
    lines = manifest_snippet(sandbox).splitlines()
    assert lines[0] == "providers:"
    assert [line.strip(" :") for line in lines if line.startswith("  ") and line[2] != " "] == APIS
    start = lines.index("  improvmx-v2:")
    assert lines[start : start + 5] == [
        "  improvmx-v2:",
        "    type: improvmx",
        f"    base_url: {sandbox.url('improvmx-v2')}",
        "    api_version: v2",
        f"    api_key: {CREDENTIALS['improvmx-v2']['api_key']}",
    ]


def test_the_snippet_has_the_one_time_secret_when_there_is_one():
    """With 2FA on, imply's entry needs it to log in."""
    with Sandbox(SandboxOptions(totp_secret="JBSWY3DPEHPK3PXP")) as sandbox:
        assert "    totp_secret: JBSWY3DPEHPK3PXP\n" in manifest_snippet(sandbox)


def test_requests_are_recorded_in_order_with_path_query_and_body(sandbox, mailserver, imply):
    """The path is as it was sent, below the base URL; bodies keep their secrets; the status is what the client saw."""
    mailserver.get("/mailboxes/john%40example.com")
    imply.get("/domains", params={"page": 2})
    imply.post("/auth/login", json={"email": "a@example.com", "password": "secret"})
    mailserver.post("/domains", content=b"no json")
    seen = [(one.api, one.method, one.path, one.query, one.body, one.status) for one in sandbox.requests]
    assert seen == [
        ("mailserver", "GET", "/mailboxes/john%40example.com", {}, None, 404),
        ("imply", "GET", "/domains", {"page": "2"}, None, 200),
        ("imply", "POST", "/auth/login", {}, {"email": "a@example.com", "password": "secret"}, 401),
        ("mailserver", "POST", "/domains", {}, "no json", 400),
    ]
    sandbox.reset_requests()
    assert sandbox.requests == []


def test_rows_can_be_seeded_changed_and_removed_past_the_api(sandbox, mailserver):
    """A seeded row is completed; seeding its key again is somebody else's edit; neither is checked."""
    sandbox.seed("mailserver", "domain", {"domain": "example.com", "quota": 5})
    sandbox.seed("mailserver", "mailbox", {"email": "a@example.com"}, {"email": "b@example.com", "quota": 99})
    sandbox.seed("mailserver", "alias", {"address": "@example.com", "goto": "a@example.com"})
    sandbox.seed("mailserver", "mailbox", {"email": "a@example.com", "name": "Changed"})
    sandbox.seed("mailserver", "alias", {"address": "@example.com", "goto": "b@example.com"})
    assert [(one["email"], one["name"], one["quota"]) for one in mailserver.get("/mailboxes").json()] == [
        ("a@example.com", "Changed", 3072),
        ("b@example.com", "b", 99),
    ]
    assert [one["goto"] for one in mailserver.get("/aliases").json()] == ["b@example.com"]
    assert sandbox.remove("mailserver", "mailbox", email="b@example.com") == 1
    assert [one["email"] for one in sandbox.rows("mailserver", "mailbox")] == ["a@example.com"]


def test_rows_are_copies(sandbox):
    """Changing what rows() gave changes nothing."""
    sandbox.seed("mailserver", "domain", {"domain": "example.com"})
    sandbox.rows("mailserver", "domain")[0]["quota"] = 1
    assert sandbox.rows("mailserver", "domain")[0]["quota"] == 10240


@pytest.mark.parametrize("api", APIS)
def test_nothing_is_forgotten_over_a_restart(tmp_path, connect, api):
    """With a data folder, the second sandbox finds rows, their order and the numbers that were given out."""
    calls = {
        "mailserver": [("/domains", DOMAIN), ("/aliases", {"address": "@example.com", "goto": "a@example.net"})],
        "imply": [("/domains", {"domain": "example.com"}), ("/domains", {"domain": "example.net"})],
        "improvmx": [("/domains", {"domain": "example.net"}), ("/domains", {"domain": "example.com"})],
        "improvmx-v2": [("/domains/", {"domain": "example.com"})],
        "tempmail": [("/api/emails/generate", {"name": "a", "expiryTime": 0, "domain": "example.com"})],
        "emailverify": [("/webhooks", {"url": "https://hooks.example.com", "events": ["credits.low"]})],
    }
    options = SandboxOptions(data=tmp_path / "new" / "folder")
    with Sandbox(options) as first:
        for path, body in calls[api]:
            assert connect(first, api).post(path, json=body).status_code in (200, 201)
        before = connect(first, api).get(LISTINGS[api]).json()
        assert len(before) > 0
    with Sandbox(options) as second:
        client = connect(second, api)
        assert client.get(LISTINGS[api]).json() == before
        if api == "emailverify":
            assert client.post("/webhooks", json=calls[api][0][1]).json()["id"] == "webhook_2"


def test_a_data_folder_is_private(tmp_path):
    """What is tried out may be real passwords: the file is readable by its owner only."""
    with Sandbox(SandboxOptions(data=tmp_path)):
        (file,) = tmp_path.glob("*.sqlite")
        assert file.stat().st_mode & 0o077 == 0


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    """In memory means no file anywhere."""
    monkeypatch.chdir(tmp_path)
    with Sandbox() as sandbox:
        sandbox.seed("mailserver", "domain", {"domain": "example.com"})
    assert list(tmp_path.iterdir()) == []


def test_each_answer_is_held_for_the_latency(connect):
    """Errors too, and concurrent requests wait side by side."""
    with Sandbox(SandboxOptions(latency=0.2)) as sandbox:
        client = connect(sandbox, "mailserver")
        started = time.monotonic()
        threads = [threading.Thread(target=client.get, args=("/nothing",)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.2 <= time.monotonic() - started < 0.8
        assert len(sandbox.requests) == 5


@pytest.mark.parametrize("rate", ["60", "fast", "0/min", "60/fortnight", "60/min burst 0"])
def test_a_rate_limit_that_makes_no_sense_is_refused(rate):
    """ValueError at once, not at the first request."""
    with pytest.raises(ValueError, match="rate limit"):
        SandboxOptions(rate_limit=rate)


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_fault_rate_is_a_share(rate):
    """Between 0 and 1."""
    with pytest.raises(ValueError, match="fault rate"):
        SandboxOptions(fault_rate=rate)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("rate", [None, "none"])
def test_without_a_rate_limit_nothing_is_refused(connect, api, rate):
    """The documented limits are enforced only if asked for."""
    with Sandbox(SandboxOptions(rate_limit=rate)) as sandbox:
        assert set(statuses(connect(sandbox, api), LISTINGS[api], 120)) == {200}


@pytest.mark.parametrize(
    ("api", "allowed"),
    [("mailserver", 100), ("imply", 10), ("improvmx", 200), ("improvmx-v2", 200), ("tempmail", 60)],
)
def test_the_documented_limit_of_each_api(connect, api, allowed):
    """So many requests at once, then 429."""
    with Sandbox(SandboxOptions(rate_limit="documented")) as sandbox:
        met = statuses(connect(sandbox, api), LISTINGS[api], allowed + 3)
        # A bucket may have been refilled a little in the meantime.
        assert set(met[:allowed]) == {200}
        assert 429 in met[allowed:]


@pytest.mark.parametrize("api", APIS)
def test_a_limit_of_ones_own_holds_for_all_apis(connect, api):
    """3/min: three requests, then 429 until the minute is over."""
    with Sandbox(SandboxOptions(rate_limit="3/min")) as sandbox:
        client = connect(sandbox, api)
        assert statuses(client, LISTINGS[api], 5) == [200, 200, 200, 429, 429]
        sandbox.advance(61)
        assert statuses(client, LISTINGS[api], 1) == [200]


@pytest.mark.parametrize("api", ["mailserver", "improvmx", "improvmx-v2", "emailverify"])
def test_the_rate_limit_headers_count_down(connect, api):
    """Limit, what is left, and when it starts anew, in whole seconds and never too early."""
    with Sandbox(SandboxOptions(rate_limit="2/min")) as sandbox:
        client = connect(sandbox, api)
        answers = [client.get(LISTINGS[api]) for _ in range(3)]
        headers = [
            [answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")] for answer in answers
        ]
        assert [(limit, left) for limit, left, _ in headers] == [("2", "1"), ("2", "0"), ("2", "0")]
        assert all(0 < int(reset) - time.time() <= 61 for _, _, reset in headers)


@pytest.mark.parametrize("api", ["imply", "tempmail"])
def test_an_api_that_documents_no_rate_limit_headers_sends_none(sandbox, connect, api):
    """Nothing to read the limit from, but Retry-After when it is exceeded."""
    assert not [name for name in connect(sandbox, api).get(LISTINGS[api]).headers if "ratelimit" in name.lower()]
    with Sandbox(SandboxOptions(rate_limit="1/min")) as limited:
        client = connect(limited, api)
        client.get(LISTINGS[api])
        assert 1 <= int(client.get(LISTINGS[api]).headers["Retry-After"]) <= 60


def test_a_429_says_what_its_vendor_says(connect):
    """Each API has its own body, and Retry-After where it is documented."""
    with Sandbox(SandboxOptions(rate_limit="1/min")) as sandbox:
        refused = {}
        for api in APIS:
            statuses(connect(sandbox, api), LISTINGS[api], 1)
            refused[api] = connect(sandbox, api).get(LISTINGS[api])
    waits = {api: answer.headers.get("Retry-After") for api, answer in refused.items()}
    bodies = {api: answer.json() for api, answer in refused.items()}
    assert waits.pop("mailserver") is None
    assert all(1 <= int(wait) <= 60 for wait in waits.values())
    message = "Too many requests"
    assert bodies["mailserver"] == {"type": "error", "msg": message}
    assert bodies["imply"]["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert bodies["imply"]["error"]["details"] == {"retry_after": int(waits["imply"])}
    assert bodies["improvmx"] == bodies["improvmx-v2"] == {"code": 429, "error": message, "success": False}
    assert bodies["tempmail"] == {"error": message}
    assert bodies["emailverify"]["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert bodies["emailverify"]["error"]["retry_after"] == int(waits["emailverify"])


def test_a_refused_request_uses_nothing_up(connect):
    """Knocking does not make the wait longer."""
    with Sandbox(SandboxOptions(rate_limit="1/min")) as sandbox:
        client = connect(sandbox, "tempmail")
        assert statuses(client, "/api/emails", 10)[1:] == [429] * 9
        sandbox.advance(60)
        assert statuses(client, "/api/emails", 2) == [200, 429]


def test_the_same_requests_meet_the_same_faults(connect):
    """Two runs with one seed agree, one with another seed does not, and all kinds of faults come."""
    runs = []
    for seed in (1, 1, 2):
        with Sandbox(SandboxOptions(fault_rate=0.5, seed=seed)) as sandbox:
            runs.append(statuses(connect(sandbox, "mailserver"), "/domains", 80))
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {200, 0, 429, 500, 502, 503, 504}
    assert 20 < runs[0].count(200) < 60


def test_faults_do_not_depend_on_how_requests_interleave(connect):
    """The fault of a request is its own: asked in another order, each request meets the same."""
    paths = [f"/mailboxes/{number}@example.com" for number in range(30)]
    met = []
    for order in (paths, paths[::-1]):
        with Sandbox(SandboxOptions(fault_rate=0.5)) as sandbox:
            client = connect(sandbox, "mailserver")
            met.append({path: statuses(client, path, 1) for path in order})
    assert met[0] == met[1]


def test_after_a_lost_answer_the_request_may_have_been_carried_out(connect):
    """502, 504 and dropped connections leave it open, and the record says which it was; 429, 500, 503 change nothing."""
    with Sandbox(SandboxOptions(fault_rate=1)) as sandbox:
        client = connect(sandbox, "mailserver")
        for number in range(60):
            body = {**DOMAIN, "domain": f"d{number}.example"}
            with contextlib.suppress(httpx.RemoteProtocolError):
                client.post("/domains", json=body)
        carried_out = {one.body["domain"] for one in sandbox.requests if one.fault == "carried out, answer lost"}
        assert {row["domain"] for row in sandbox.rows("mailserver", "domain")} == carried_out
        outcomes = {(one.status, one.fault.startswith("carried")) for one in sandbox.requests}
        assert outcomes == {
            *((status, False) for status in (0, 429, 500, 502, 503, 504)),
            *((status, True) for status in (0, 502, 504)),
        }


@pytest.mark.parametrize("api", APIS)
def test_an_injected_500_is_in_the_vendors_envelope_and_a_502_is_a_page(connect, api):
    """What stands in front of a service knows nothing of its envelope."""
    with Sandbox(SandboxOptions(fault_rate=1)) as sandbox:
        client = connect(sandbox, api)
        answers = {}
        while not {500, 502} <= set(answers):
            try:
                answer = client.get(LISTINGS[api])
            except httpx.RemoteProtocolError:
                continue
            answers[answer.status_code] = answer
    assert answers[500].json()
    assert answers[502].headers["Content-Type"].startswith("text/html")


def test_reset_forgets_everything(tmp_path):
    """Rows, numbers and requests, also those in the data folder, and the clock is right again."""
    options = SandboxOptions(data=tmp_path)
    with Sandbox(options) as sandbox:
        sandbox.seed("imply", "domain", {"domain": "example.com"})
        sandbox.reset()
        assert sandbox.rows("imply", "domain") == []
        sandbox.seed("imply", "domain", {"domain": "example.net"})
        assert [row["id"] for row in sandbox.rows("imply", "domain")] == [1]
    with Sandbox(options) as sandbox:
        assert [row["domain"] for row in sandbox.rows("imply", "domain")] == ["example.net"]


def test_concurrent_creates_are_all_there(sandbox, imply):
    """Handlers are atomic: no number twice, no row lost."""
    sandbox.seed("imply", "domain", {"domain": "example.com"})

    def create(number):
        body = {"email": f"user{number}@example.com", "password": "password"}
        assert imply.post("/mailboxes", json=body).status_code == 201

    threads = [threading.Thread(target=create, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = sandbox.rows("imply", "mailbox")
    assert [row["id"] for row in rows] == list(range(1, 41))
    assert len({row["email"] for row in rows}) == 40


def test_ten_thousand_mailboxes_are_listed_quickly(sandbox, mailserver):
    """Well under a second; and one more is created without looking at all of them."""
    sandbox.seed("mailserver", "domain", {"domain": "example.com", "mailboxes": 20_000, "quota": 10**9})
    sandbox.seed("mailserver", "mailbox", *({"email": f"u{number}@example.com"} for number in range(10_000)))
    started = time.monotonic()
    assert len(mailserver.get("/mailboxes").json()) == 10_000
    assert time.monotonic() - started < 1
    started = time.monotonic()
    for number in range(100):
        body = {"local_part": f"n{number}", "domain": "example.com", "password": "secret", "name": "", "quota": 1}
        assert mailserver.post("/mailboxes", json={**body, "active": True}).status_code == 201
    assert time.monotonic() - started < 1


SERVE = """
import signal, sys, threading
from reconciler.sandbox import SandboxOptions, serve

def ready(sandbox):
    print(sandbox.url("mailserver"), flush=True)

serve(SandboxOptions(), 0, ready)
print("ended", flush=True)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_serve_runs_until_it_is_told_to_end(name):
    """It answers while it runs, prints nothing, and returns after SIGINT or SIGTERM."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        url = process.stdout.readline().decode().strip()
        assert httpx.get(f"{url}/domains").status_code == 401
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == (b"ended\n", b"", 0)


def imported(node):
    """The top-level packages that an import statement names; nothing for one within the sandbox."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level != 1:
        return {"the product" if node.level else node.module.partition(".")[0]}
    return set()


def test_the_sandbox_imports_nothing_else_of_the_product():
    """Emulators that shared code with the adapters would prove nothing."""
    files = list((ROOT / "reconciler" / "sandbox").glob("*.py"))
    found = set().union(*(imported(node) for file in files for node in ast.walk(ast.parse(file.read_text()))))
    assert len(files) > 10
    assert found - sys.stdlib_module_names == {"starlette", "uvicorn"}


SEEDS = [
    ("imply", "alias", {"alias": "info@example.com", "destination": "a@example.net"}, "/aliases"),
    ("imply", "webhook", {"url": "https://hooks.example.com"}, "/webhooks"),
    ("imply", "mailbox", {"email": "john@example.com"}, "/mailboxes"),
    ("improvmx", "rule", {"domain": "example.com"}, "/domains/example.com/rules"),
    ("improvmx", "credential", {"domain": "example.com", "username": "john"}, "/domains/example.com/credentials"),
    ("improvmx", "alias", {"domain": "example.com", "alias": "a", "forward": "a@example.net"}, "/domains/example.com"),
    (
        "improvmx-v2",
        "alias",
        {"domain": "example.com", "alias": "a", "forward": "a@example.net"},
        "/domains/example.com",
    ),
    ("tempmail", "domain", {"domain": "new.example"}, "/api/email/domains"),
    ("tempmail", "mailbox", {"address": "a@example.com"}, "/api/emails"),
    ("tempmail", "webhook", {"url": "https://hooks.example.com"}, "/api/webhook"),
    ("emailverify", "webhook", {"url": "https://hooks.example.com"}, "/webhooks"),
]


@pytest.mark.parametrize(("api", "kind", "row", "path"), SEEDS, ids=[f"{seed[0]}-{seed[1]}" for seed in SEEDS])
def test_a_seeded_row_needs_only_its_natural_key(sandbox, connect, api, kind, row, path):
    """What it leaves out is filled in, so that the API shows it."""
    if api in ("imply", "improvmx", "improvmx-v2"):
        sandbox.seed(api, "domain", {"domain": "example.com"})
    client = connect(sandbox, api)
    before = client.get(path).text
    sandbox.seed(api, kind, row)
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.text != before


@pytest.mark.parametrize(
    ("api", "kind", "key", "change"),
    [
        ("imply", "domain", {"domain": "example.com"}, {"catch_all": "a@example.net"}),
        ("imply", "mailbox", {"email": "john@example.com"}, {"name": "Changed"}),
        ("imply", "webhook", {"url": "https://hooks.example.com"}, {"events": ["email.sent"]}),
        ("improvmx", "domain", {"domain": "example.com"}, {"routing_engine": "rules"}),
        ("improvmx", "alias", {"domain": "example.com", "alias": "*"}, {"forward": "b@example.net"}),
        ("tempmail", "mailbox", {"address": "a@example.com"}, {"expiresAt": "2099-01-01T00:00:00.000Z"}),
        ("tempmail", "webhook", {}, {"enabled": False}),
    ],
)
def test_seeding_a_stored_row_again_changes_it(sandbox, api, kind, key, change):
    """By its natural key, without its id; what is not given stays."""
    if (api, kind) != ("imply", "domain"):
        sandbox.seed("imply", "domain", {"domain": "example.com"})
    sandbox.seed(api, kind, {**key, "url": "https://hooks.example.com"} if kind == "webhook" else key)
    before = sandbox.rows(api, kind)
    sandbox.seed(api, kind, {**key, **change})
    assert sandbox.rows(api, kind) == [{**before[0], **change}]
    assert {**before[0], **change} != before[0]
