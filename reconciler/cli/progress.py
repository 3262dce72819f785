"""Progress on stderr: a bar on a terminal, plain lines elsewhere, JSON lines under `--log-format json`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.terminal import Terminal
from reconciler.model.report import Event
from reconciler.render.view import shown

if TYPE_CHECKING:
    from rich.progress import Progress

Tell = Callable[[Event], None]


@contextmanager
def progress(terminal: Terminal) -> Iterator[Tell]:
    """Whom to tell what happens, for the block."""
    if terminal.log_format == "json":
        yield lambda event: terminal.error(json.dumps(_document(event), ensure_ascii=False))
    elif terminal.quiet:
        yield lambda event: None
    elif terminal.colours_err:
        with _bar(terminal) as tell:
            yield tell
    else:
        yield lambda event: _line(terminal, event)


def _document(event: Event) -> dict[str, object]:
    outcome = event.outcome
    return {
        "event": event.kind,
        "provider": event.provider,
        "address": str(event.address) if event.address else None,
        "status": outcome.status if outcome else None,
        "message": (outcome.message if outcome else None) or event.message or None,
        "done": event.done,
        "total": event.total,
    }


def _line(terminal: Terminal, event: Event) -> None:
    text = _told(event, verbose=terminal.verbose)
    if text:
        terminal.error(text)


def _told(event: Event, *, verbose: bool) -> str | None:
    match event.kind:
        case "finished" if event.outcome:
            told = event.outcome.message or (f"because of {event.outcome.because}" if event.outcome.because else "")
            return f"[{event.done}/{event.total}] {shown(event.outcome.address)}: {event.outcome.status}" + (
                f": {told}" if told else ""
            )
        case "waiting":
            return f"{event.provider}: {event.message}"
        case "fetching" if verbose:
            return f"{event.provider}: listing"
        case "fetched" if verbose:
            return f"{event.provider}: {event.done} live resources"
        case _ if verbose and event.message:
            return f"{event.provider}: {event.message}"
        case _:
            return None


@contextmanager
def _bar(terminal: Terminal) -> Iterator[Tell]:
    # Imported here: rich costs as much start-up time as everything else, and pipelines have no terminal.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _BarTeller(bar, terminal).tell


class _BarTeller:
    """Shows the bar while something is listed or written, and not between: a question may be asked there."""

    def __init__(self, bar: "Progress", terminal: Terminal) -> None:
        self.bar, self.terminal = bar, terminal
        self.task = bar.add_task("starting", total=None)
        self.listing: set[str] = set()
        bar.stop()

    def tell(self, event: Event) -> None:
        if event.kind in ("fetching", "started"):
            self.bar.start()
        if event.kind == "fetching":
            self.listing.add(event.provider)
        elif event.kind == "fetched":
            self.listing.discard(event.provider)
        self._update(event)
        if event.kind == "fetched" and not self.listing:
            self.bar.stop()

    def _update(self, event: Event) -> None:
        told = _told(event, verbose=self.terminal.verbose)
        mask = self.terminal.resolver.masker.mask
        if event.kind == "finished" and event.outcome and event.outcome.status != "done":
            self.bar.console.print(mask(told or ""), markup=False, highlight=False)
        if event.kind == "finished":
            self.bar.update(self.task, description="applying", completed=event.done, total=event.total)
        elif event.kind == "waiting":
            self.bar.update(self.task, description=mask(f"{event.provider}: {event.message}"))
        elif event.kind == "fetching":
            self.bar.update(self.task, description=f"{event.provider}: listing")
