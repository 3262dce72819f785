"""What happens when a call fails: when it is repeated, and what the error says."""

import asyncio
import json

import httpx
import pytest
from provider_fakes import DIALECT, GET, POST, World, http_reply, http_server, reply, run

from reconciler.errors import (
    AlreadyExists,
    AuthenticationFailed,
    BrokenContract,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Unreachable,
)
from reconciler.providers.base import ProviderSettings, Surroundings
from reconciler.providers.rest.auth import LogIn, Static
from reconciler.providers.rest.messages import Request
from reconciler.providers.rest.transport import Transport

OK = {"fine": True}
NOT_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.ProxyError("no")]
MAYBE_DONE = [
    httpx.ReadTimeout(""),
    httpx.WriteError("broken pipe"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.Response(502),
    httpx.Response(503),
    httpx.Response(504),
]
REPEATABLE = [GET, *(Request(method, "things/1", body={}) for method in ("PUT", "PATCH", "DELETE"))]


def named(value):
    return str(getattr(value, "status_code", None) or (type(value).__name__ if isinstance(value, Exception) else value))


@pytest.mark.parametrize("request_", REPEATABLE, ids=str)
@pytest.mark.parametrize("trouble", [*NOT_SENT, *MAYBE_DONE], ids=named)
def test_what_can_be_repeated_is_tried_five_times(request_, trouble):
    """502, 503, 504, connection errors and time-outs; with growing waits between."""
    world = World([trouble] * 4 + [reply(200, OK)])
    assert world.call(request_) == OK
    assert len(world.sent) == 5
    assert world.time.slept == [0.5, 1, 2, 4]


@pytest.mark.parametrize("trouble", [*NOT_SENT, *MAYBE_DONE], ids=named)
def test_after_five_tries_reading_has_failed(trouble):
    world = World([trouble] * 5)
    with pytest.raises(Unreachable, match=r"hosting: GET things: .*\(5 tries\)"):
        world.call(GET)


@pytest.mark.parametrize("trouble", MAYBE_DONE, ids=named)
def test_a_post_whose_outcome_is_unknown_is_not_repeated(trouble):
    world = World([trouble])
    with pytest.raises(OutcomeUnknown, match="hosting: POST things: "):
        world.call(POST)
    assert len(world.sent) == 1


@pytest.mark.parametrize("trouble", NOT_SENT, ids=named)
def test_a_post_that_was_surely_not_sent_is_repeated(trouble):
    world = World([trouble, reply(201, OK)])
    assert world.call(POST) == OK


@pytest.mark.parametrize("trouble", MAYBE_DONE, ids=named)
def test_a_write_that_never_got_an_answer_is_of_unknown_outcome(trouble):
    world = World([trouble] * 5)
    with pytest.raises(OutcomeUnknown):
        world.call(Request("PUT", "things/1", body={}))


def test_a_write_that_was_never_sent_changed_nothing():
    world = World([httpx.ConnectError("refused")] * 5)
    with pytest.raises(Unreachable):
        world.call(Request("PUT", "things/1", body={}))


def test_a_503_that_says_how_long_is_waited_for():
    world = World([reply(503, None, Retry_After="11"), reply(200, OK)])
    assert world.call(GET) == OK
    assert world.time.slept == [11]


def test_an_untrusted_certificate_is_not_tried_again():
    """It will not become trusted; the hint says what would."""
    world = World([httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")])
    with pytest.raises(Unreachable) as caught:
        world.call(GET)
    assert "ca_file" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (403, Rejected), (404, NotFound), (409, AlreadyExists), (422, Rejected), (500, Rejected)],
)
def test_a_refusal_is_told_in_the_providers_own_words(status, kind):
    world = World([reply(status, {"msg": "the domain is full"})])
    with pytest.raises(kind) as caught:
        world.call(POST)
    assert type(caught.value) is kind
    assert str(caught.value) == f"hosting: POST things: the domain is full (HTTP {status})"
    assert caught.value.status == status
    assert len(world.sent) == 1


def test_a_failure_in_a_body_with_status_200_is_a_failure():
    world = World([reply(200, {"ok": False})])
    with pytest.raises(Rejected, match="the body says that it failed"):
        world.call(POST)


@pytest.mark.parametrize("status", [400, 403, 500, 418, 599])
def test_an_error_page_is_reported_by_its_status(status):
    """Its HTML is neither read nor shown."""
    world = World([httpx.Response(status, html="<html><h1>Blocked by proxy</h1></html>")])
    with pytest.raises(Rejected, match=f"HTTP {status}.*HTML page") as caught:
        world.call(GET)
    assert "Blocked" not in str(caught.value)


def test_foreign_words_are_cut_escaped_and_masked():
    """Nothing that a provider says moves a cursor, starts a line or reveals a secret, not even at the cut."""
    words = "bad value hunter2\r\n::error::\x1b[2J" + "x" * 390 + "hunter2"
    world = World([reply(400, {"msg": words})], mask=lambda text: text.replace("hunter2", "***"))
    with pytest.raises(Rejected) as caught:
        world.call(POST)
    message = str(caught.value)
    assert "bad value *** ::error::\\x1b[2J" in message
    assert message.isprintable()
    assert "hunter" not in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "content",
    [b"<html>Login</html>", b'{"a": ', b"[1,", b"\xff\xfe", b"[" * 100_000, b'{"a": 1} tail', b"not json"],
    ids=["html", "cut", "cut list", "no text", "deep", "tail", "prose"],
)
def test_a_body_that_is_no_json_is_never_taken_for_data(content):
    world = World([httpx.Response(200, content=content)])
    with pytest.raises(BrokenContract, match="hosting: GET things: the answer is not what the API documents"):
        world.call(GET)


def test_an_answer_without_a_body_is_none():
    assert World([httpx.Response(204)]).call(Request("DELETE", "things/1")) is None


def test_a_body_over_64_mib_is_refused():
    world = World([httpx.Response(200, content=b"[" + b" " * (64 * 2**20) + b"]")])
    with pytest.raises(BrokenContract, match="more than 64 MiB"):
        world.call(GET)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_follows_redirects_on_the_same_server(status):
    world = World([httpx.Response(status, headers={"Location": "/api/things/?page=2"}), reply(200, OK)])
    assert world.call(Request("GET", "things", {"page": 1})) == OK
    assert [str(request.url) for request in world.network.requests] == [
        "https://mail.example.com/api/things?page=1",
        "https://mail.example.com/api/things/?page=2",
    ]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.net/api/things",
        "http://mail.example.com/api/things",
        "https://mail.example.com:8443/api/things",
        "//evil.example.net/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_elsewhere_is_an_error(target):
    """The credential would go along."""
    world = World([httpx.Response(302, headers={"Location": target})])
    with pytest.raises(BrokenContract, match="redirect"):
        world.call(GET)
    assert len(world.sent) == 1


def test_a_write_follows_no_redirect():
    """Most clients make a GET of it, which would look like success."""
    world = World([httpx.Response(301, headers={"Location": "/api/things/"})])
    with pytest.raises(BrokenContract, match=r"POST things: .*redirect"):
        world.call(POST)


def test_redirects_in_a_circle_end():
    world = World(lambda request: httpx.Response(302, headers={"Location": "/api/things"}))
    with pytest.raises(BrokenContract, match="redirect"):
        world.call(GET)
    assert len(world.sent) == 6


# Who we are


def test_a_wrong_key_is_tried_once():
    """The first call of an account goes alone, and after its 401 nothing else is sent."""
    world = World(lambda request: reply(401, {"msg": "authentication failed"}))
    outcomes = world.call(*(Request("GET", path) for path in "abcdefgh"))
    assert world.sent == ["GET /api/a"]
    assert {str(outcome) for outcome in outcomes} == {"hosting: GET a: authentication failed (HTTP 401)"}
    assert all(isinstance(outcome, AuthenticationFailed) for outcome in outcomes)


def test_after_the_first_answer_calls_go_side_by_side():
    """As many as `concurrency` allows."""
    world = World(lambda request: reply(200, OK), concurrency=4)
    world.call(*(Request("GET", path) for path in "abcdefghijkl"))
    assert world.network.most_under_way == 4
    assert world.sent[0] == "GET /api/a"


class Renewable:
    """Logs in with a call of its own; its tokens are numbered."""

    renewable = True

    def __init__(self) -> None:
        self.token = 0

    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def due(self, now: float) -> bool:
        return self.token == 0

    def log_in(self, clock: object) -> LogIn:
        answer = yield Request("POST", "login", body={}, repeatable=False, anonymous=True)
        self.token = json.loads(answer.content)["token"]


def token_server(valid: dict[str, int]):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/login":
            valid["logins"] = valid.get("logins", 0) + 1
            assert "Authorization" not in request.headers
            return reply(200, {"token": valid["logins"]})
        good = request.headers["Authorization"] == f"Bearer {valid.get('only', valid['logins'])}"
        return reply(200, OK) if good else reply(401, {"msg": "token expired"})

    return answer


def test_a_login_happens_before_the_first_call_and_is_shared():
    valid: dict[str, int] = {}
    world = World(token_server(valid), auth=Renewable())
    assert world.call(*(Request("GET", path) for path in "abcd")) == [OK] * 4
    assert valid["logins"] == 1
    assert world.transport.requests == 5


def test_an_expired_token_is_renewed_once_and_the_call_goes_on():
    """Also when many calls find out at the same time."""
    valid = {"only": 2}
    world = World(token_server(valid), auth=Renewable())
    assert world.call(*(Request("GET", path) for path in "abcd")) == [OK] * 4
    assert valid["logins"] == 2


def test_a_401_after_renewal_is_final():
    valid = {"only": 99}
    world = World(token_server(valid), auth=Renewable())
    with pytest.raises(AuthenticationFailed, match="token expired"):
        world.call(GET)
    assert valid["logins"] == 2
    assert world.sent.count("GET /api/things") == 2


# Over a real connection


def over_http(exchange, *requests: Request, timeout: float = 30):
    async def work():
        async with http_server(exchange) as url:
            settings = ProviderSettings(base_url=f"{url}/api", timeout=timeout)
            auth = Static("Authorization", "Bearer key")
            transport = Transport(
                "hosting", settings, Surroundings("1.2.3"), rates=(None, None), auth=auth, dialect=DIALECT
            )
            try:
                return [await transport.call(request) for request in requests]
            finally:
                await transport.close()

    return run(work())


def test_calls_say_who_they_are_and_carry_the_credential(monkeypatch, tmp_path):
    """User-Agent and the account's own credential; never what .netrc has for that host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    heads = []

    async def exchange(writer, head):
        heads.append(head.decode().lower())
        writer.write(http_reply(OK, "Set-Cookie: session=abc; Path=/"))

    over_http(exchange, GET, Request("GET", "mailboxes/john%40example.com", {"page": 2}))
    assert heads[0].startswith("get /api/things http/1.1\r\n")
    assert heads[1].startswith("get /api/mailboxes/john%40example.com?page=2 http/1.1\r\n")
    assert all("user-agent: mailsync/1.2.3\r\n" in head for head in heads)
    assert all("authorization: bearer key\r\n" in head for head in heads)
    assert not any("cookie" in head for head in heads)


async def cut_short(writer, head):
    writer.write(http_reply(OK, length=1000))
    await writer.drain()
    writer.close()


async def never_ending(writer, head):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def no_http(writer, head):
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    writer.close()


async def bad_gzip(writer, head):
    writer.write(http_reply(OK, "Content-Encoding: gzip"))


async def without_answer(writer, head):
    writer.transport.abort()


@pytest.mark.parametrize("exchange", [cut_short, never_ending, no_http, bad_gzip, without_answer])
def test_an_answer_that_breaks_off_leaves_the_outcome_of_a_post_unknown(exchange):
    with pytest.raises(OutcomeUnknown, match="POST things"):
        over_http(exchange, POST, timeout=0.2)


def test_reading_survives_connections_that_break(monkeypatch):
    """The second try is a new connection."""
    monkeypatch.setattr("reconciler.providers.rest.transport.Transport._backoff", lambda self, most: 0.01)
    seen = []

    async def exchange(writer, head):
        seen.append(head)
        if len(seen) < 3:
            writer.transport.abort()
        writer.write(http_reply(OK))

    assert over_http(exchange, GET) == [OK]


def test_an_error_has_no_foreign_traceback():
    """What the HTTP library raised is neither cause nor context to be shown."""
    world = World([httpx.ConnectError("refused")] * 5)
    with pytest.raises(ProviderError) as caught:
        world.call(GET)
    assert caught.value.__cause__ is None
