"""One account's calls: in its rate and its concurrency, waiting when it says so, repeated where that is safe.

Every call of an account goes through here. Calls take turns at a gate (first come, first served) where all waiting is
done, so a refusal for being too fast holds up all of them, and what was refused is tried again alone. What a repetition
could do twice is not repeated: the caller gets OutcomeUnknown and has to look.

The loop is written out instead of taken from a retrying library: how long to wait, and whether to go on, depends on the
answer, on what the method may do twice, and on the gate that all calls share.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlencode, urljoin, urlsplit

from reconciler.errors import OutcomeUnknown, ProviderError, RateLimited, Rejected, Unreachable
from reconciler.model.quantities import Rate
from reconciler.model.report import Event
from reconciler.providers.base import ProviderSettings, Surroundings
from reconciler.providers.hosts import check_host
from reconciler.providers.rest import waits
from reconciler.providers.rest.answers import WRONG_PLACE, Dialect, Reader, json_or_none
from reconciler.providers.rest.auth import Auth, LogIn, LogInRefused, Pause
from reconciler.providers.rest.messages import Answer, Request
from reconciler.providers.rest.network import LARGEST_BODY, Broken, Network, TooLarge
from reconciler.providers.rest.pace import Clock, Pace

if TYPE_CHECKING:
    import httpx

LONGEST_WAIT: Final = 600.0
TRIES: Final = 5
# A server that refuses the same call this often for being too fast will not take it in this run.
REFUSALS: Final = 12
REDIRECTS: Final = 5
UNAVAILABLE: Final = frozenset({502, 503, 504})
MOVED: Final = frozenset({301, 302, 303, 307, 308})


@dataclass
class Patience:
    """What one call has been through."""

    failures: int = 0
    refusals: int = 0
    redirects: int = 0
    waited: float = 0.0
    sent: bool = False


class Transport:
    """*name* is the provider's name in the manifest, for messages. *rates*: how fast to call at most, with the credential
    and without. *requests* counts all that was sent: logins, repetitions and refused calls included."""

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        around: Surroundings,
        *,
        rates: tuple[Rate | None, Rate | None],
        auth: Auth,
        dialect: Dialect,
        clock: Clock | None = None,
        over: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.requests = 0
        self.reader = Reader(name, dialect, around.mask)
        self._name = name
        self._around = around
        self._auth = auth
        self._clock = clock or Clock()
        self._base = check_host(
            settings.base_url, allow_http=settings.allow_http, allowed_hosts=around.allowed_hosts, provider=name
        )
        self._network = Network(self._base, settings, around.version, over)
        self._paces = {anonymous: Pace(rate) for anonymous, rate in zip((False, True), rates, strict=True)}
        self._refusals = dialect.key_refused
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._gate = asyncio.Lock()
        self._login = asyncio.Lock()
        self._logins = 0
        self._greeted = False
        self._shut_out: ProviderError | None = None

    async def call(self, request: Request) -> Any:
        """The body of the answer. Raises ProviderError."""
        async with self._slots:
            answer = await self._authorised(request)
        return self.reader.read(request, answer)

    async def close(self) -> None:
        await self._network.close()

    # Who we are

    async def _authorised(self, request: Request) -> Answer:
        logins = self._logins
        if self._auth.due(self._clock.monotonic()):
            logins = await self._log_in(logins)
        answer = await self._deliver(request)
        if answer.status == 401 and self._auth.renewable:
            await self._log_in(logins)
            answer = await self._deliver(request)
        if answer.status == 401 or (answer.status in self._refusals and not self._greeted):
            # Each further try with a wrong key would be a step towards being banned.
            self._shut_out = self.reader.shut_out(request, answer)
            raise self._shut_out
        return answer

    async def _log_in(self, logins: int) -> int:
        """Logs in, unless another call has done so since there had been *logins*. The number of them afterwards."""
        async with self._login:
            if self._shut_out:
                raise self._shut_out
            if self._logins == logins:
                await self._converse()
                self._logins += 1
            return self._logins

    async def _converse(self) -> None:
        steps = self._auth.log_in(self._clock)
        step = next(steps, None)
        while step is not None:
            if isinstance(step, Pause):
                await self._wait_for(step)
                step = next(steps)
            else:
                step = self._step_after(step, await self._outcome(step), steps)

    async def _outcome(self, request: Request) -> Answer | ProviderError:
        try:
            return await self._deliver(request)
        except ProviderError as error:
            return error

    def _step_after(self, request: Request, outcome: Answer | ProviderError, steps: LogIn) -> Request | Pause | None:
        try:
            return steps.throw(outcome) if isinstance(outcome, ProviderError) else steps.send(outcome)
        except StopIteration:
            return None
        except LogInRefused as refused:
            raise self._refused(request, refused) from None
        except ValueError as error:
            raise self.reader.broken(request, str(error)) from None

    def _refused(self, request: Request, refused: LogInRefused) -> ProviderError:
        answer = refused.answer
        if answer.status not in (401, 403):
            return self.reader.error(Rejected, request, self.reader.words(answer), answer.status, refused.hint)
        self._shut_out = self.reader.shut_out(request, answer, refused.hint)
        return self._shut_out

    async def _wait_for(self, pause: Pause) -> None:
        self._tell(f"{pause.why} ({waits.spelled(pause.seconds)})")
        await self._clock.sleep(pause.seconds)

    # Until there is an answer

    async def _deliver(self, request: Request) -> Answer:
        """The answer, whatever it says, but neither `later` nor `elsewhere`."""
        patience = Patience()
        url = f"{self._base}/{request.path}" + (f"?{urlencode(request.query)}" if request.query else "")
        while True:
            try:
                answer = await self._turn(request, url, alone=patience.refusals > 0)
            except Broken as broken:
                await self._bear_with(request, broken, patience)
                continue
            if answer.status == 429:
                await self._slow_down(request, answer, patience)
            elif answer.status in UNAVAILABLE:
                stated = waits.retry_after(answer.headers, self._clock.now())
                await self._bear_with(request, Broken(self.reader.words(answer)), patience, stated)
            elif answer.status in MOVED:
                url = self._redirected(request, url, answer, patience)
            else:
                return answer

    async def _turn(self, request: Request, url: str, *, alone: bool) -> Answer:
        """One try, when it may go. The account's first call goes alone: a wrong key must not be tried eight times."""
        async with self._gate:
            if self._shut_out and not request.anonymous:
                raise self._shut_out
            await self._until_allowed(request)
            if alone or not self._greeted:
                return await self._exchange(request, url)
        return await self._exchange(request, url)

    async def _until_allowed(self, request: Request) -> None:
        pace = self._paces[request.anonymous]
        while (wait := pace.wait(now := self._clock.monotonic())) > 0:
            if pace.pause_left(now) > LONGEST_WAIT:
                self._give_up(request, wait)
            await self._clock.sleep(wait)
        pace.take(now)

    async def _exchange(self, request: Request, url: str) -> Answer:
        self.requests += 1
        headers = {} if request.anonymous else self._auth.headers()
        try:
            answer = await self._network.exchange(request.method, url, headers, request.body)
        except TooLarge:
            raise self.reader.broken(request, f"more than {LARGEST_BODY // 2**20} MiB") from None
        if answer.status not in (401, 429) and (self._greeted or answer.status not in self._refusals):
            self._greeted = True
            self._paces[request.anonymous].passed()
            self._heed_allowance(request, answer)
        return answer

    def _redirected(self, request: Request, url: str, answer: Answer, patience: Patience) -> str:
        target = urljoin(url, answer.headers.get("location", ""))
        patience.redirects += 1
        same = urlsplit(target)[:2] == urlsplit(url)[:2]
        if request.method == "GET" and same and patience.redirects <= REDIRECTS:
            return target
        raise self.reader.broken(request, f"it is a redirect to {self.reader.clean(target)}", WRONG_PLACE)

    # Waiting, and giving up

    async def _slow_down(self, request: Request, answer: Answer, patience: Patience) -> None:
        now = self._clock.monotonic()
        patience.refusals += 1
        wait = self._wait_stated(answer) or self._backoff(min(60.0, 2.0 ** (patience.refusals - 1)))
        patience.waited += wait
        self._paces[request.anonymous].refused(now)
        self._paces[request.anonymous].pause(now + wait)
        if patience.waited > LONGEST_WAIT or patience.refusals >= REFUSALS:
            self._give_up(request, wait)
        self._tell(f"{self.reader.words(answer)}: waiting {waits.spelled(wait)}")

    def _wait_stated(self, answer: Answer) -> float | None:
        now = self._clock.now()
        if stated := waits.retry_after(answer.headers, now):
            return stated
        if stated := waits.seconds(self.reader.dialect.retry_after(json_or_none(answer))):
            return stated
        # In whole seconds, so one that has just passed, or is about to, is taken for the next.
        reset = waits.until_reset(answer.headers, now)
        return None if reset is None else max(1.0, reset)

    def _heed_allowance(self, request: Request, answer: Answer) -> None:
        """Nothing left: the next call has to wait, and need not be refused first."""
        now, pace = self._clock.monotonic(), self._paces[request.anonymous]
        wait = waits.until_reset(answer.headers, self._clock.now()) if waits.used_up(answer.headers) else None
        if wait and wait > pace.pause_left(now):
            pace.pause(now + wait)
            self._tell(f"the rate limit is used up: waiting {waits.spelled(wait)}")

    async def _bear_with(
        self, request: Request, broken: Broken, patience: Patience, stated: float | None = None
    ) -> None:
        """Waits for the next try, or raises what the last one means."""
        patience.failures += 1
        patience.sent |= broken.sent
        if broken.final or patience.failures >= TRIES or (broken.sent and not request.repeatable):
            self._fail(request, broken, patience)
        wait = stated or self._backoff(0.5 * 2.0 ** (patience.failures - 1))
        if wait > LONGEST_WAIT:
            self._give_up(request, wait)
        self._tell(f"{request}: {self.reader.clean(broken.reason)}: trying again in {waits.spelled(wait)}")
        await self._clock.sleep(wait)

    def _backoff(self, most: float) -> float:
        return most * (1 + self._clock.jitter()) / 2

    def _fail(self, request: Request, broken: Broken, patience: Patience) -> NoReturn:
        kind: type[ProviderError] = OutcomeUnknown if patience.sent and request.method != "GET" else Unreachable
        tries = f" ({patience.failures} tries)" if patience.failures > 1 else ""
        raise self.reader.error(kind, request, self.reader.clean(broken.reason) + tries, hint=broken.hint)

    def _give_up(self, request: Request, wait: float) -> NoReturn:
        until = datetime.fromtimestamp(self._clock.now() + wait, UTC)
        message = f"the rate limit is used up until {until:%Y-%m-%d %H:%M:%S} UTC"
        raise self.reader.error(RateLimited, request, message, hint=f"run it again in {waits.spelled(wait)}")

    def _tell(self, message: str) -> None:
        self._around.tell(Event("waiting", self._name, message=message))
