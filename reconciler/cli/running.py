"""Runs the pipeline from a command: the event loop, signals, progress, and the secrets that must not show."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from reconciler.cli.progress import progress
from reconciler.cli.terminal import Terminal
from reconciler.pipeline import Stop, Surface

Result = TypeVar("Result")


def run(terminal: Terminal, work: Callable[[Surface], Awaitable[Result]]) -> Result:
    """Runs *work* to its end; Ctrl-C ends it at once, since nothing is being written."""
    return run_stoppable(terminal, lambda surface, stop: work(surface))


def run_stoppable(terminal: Terminal, work: Callable[[Surface, Stop], Awaitable[Result]]) -> Result:
    """As `run`; once writing has begun, the first signal starts nothing new, and the second gives up what is under way."""

    async def supervised() -> Result:
        stop = Stop()
        with progress(terminal) as tell:
            surface = Surface(terminal.resolver.environment, terminal.resolver, tell, " ".join(sys.argv[:2]))
            task = asyncio.ensure_future(work(surface, stop))
            _listen(task, stop, terminal)
            return await task

    try:
        return asyncio.run(_as_coroutine(supervised()))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _as_coroutine(awaitable: Coroutine[Any, Any, Result]) -> Result:
    return await awaitable


def _listen(task: "asyncio.Future[Any]", stop: Stop, terminal: Terminal) -> None:
    def interrupted() -> None:
        if stop.armed and not stop.event.is_set():
            stop.event.set()
            terminal.error("stopping: waiting for the calls under way; interrupt again to give them up")
        else:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted)
