"""Where output goes and how it looks: results on stdout, everything else on stderr, all of it masked.

One Terminal per process; it knows whether there is a terminal at all, whether colour is wanted, and every secret that was
resolved.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.errors import MailsyncError
from reconciler.model.location import Diagnostic, Location
from reconciler.secrets.resolver import Resolver


@dataclass(slots=True)
class Terminal:
    """*colour*: allowed at all; used only where the stream is a terminal. *log_format*: of what goes to stderr. *source*: the
    manifest's line at a place, with secrets starred. *failure*: the document that a command which prints one prints when
    it fails."""

    resolver: Resolver = field(repr=False)
    colour: bool = True
    verbose: bool = False
    quiet: bool = False
    log_format: Literal["text", "json"] = "text"
    source: Callable[[Location], str | None] = lambda at: None
    failure: Callable[[tuple[Diagnostic, ...]], Any] | None = None

    @classmethod
    def of_process(cls, *, colour: bool, verbose: bool, quiet: bool, log_format: str) -> "Terminal":
        wanted = colour and not os.environ.get("NO_COLOR")
        terminal = cls(Resolver(os.environ), wanted, verbose, quiet, "json" if log_format == "json" else "text")
        _ACTIVE.append(terminal)
        return terminal

    @property
    def colours_out(self) -> bool:
        return self.colour and sys.stdout.isatty()

    @property
    def colours_err(self) -> bool:
        return self.colour and sys.stderr.isatty()

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def out(self, text: str) -> None:
        """A result."""
        self._write(sys.stdout, text)

    def error(self, text: str) -> None:
        """Progress or a diagnostic."""
        self._write(sys.stderr, text)

    def document(self, document: Any) -> None:
        """A result for machines: one JSON document."""
        from reconciler.render.document import json_text

        self.out(json_text(document))

    def diagnostics(self, findings: Iterable[Diagnostic]) -> None:
        """Findings on stderr, or as JSON lines under `--log-format json`."""
        from reconciler.render.diagnostics import render_diagnostics

        if self.log_format == "json":
            for finding in findings:
                self.error(json.dumps(finding.document(), ensure_ascii=False))
        elif text := render_diagnostics(findings, colour=self.colours_err, source=self.source):
            self.error(text)

    def _write(self, stream: Any, text: str) -> None:
        masked = self.resolver.masker.mask(text)
        encoding = stream.encoding or "utf-8"
        # A terminal that cannot show a sign gets its escape, never a UnicodeEncodeError.
        stream.write(masked.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()


_ACTIVE: list[Terminal] = []


def current_terminal() -> Terminal:
    """The terminal of the running command; a plain one when it failed before there was any."""
    return _ACTIVE[-1] if _ACTIVE else Terminal(Resolver(os.environ))


def change_directory(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise MailsyncError(f"-C {directory}: {error.strerror}") from None


async def ask(terminal: Terminal, question: str) -> bool:
    """Whether somebody types `yes`. Without a terminal nobody can, so the answer is no.

    Waits in the event loop, so that Ctrl-C is heard and a lock that has to be renewed meanwhile is."""
    if not terminal.interactive:
        return False
    sys.stderr.write(question)
    sys.stderr.flush()
    loop = asyncio.get_running_loop()
    typed = loop.create_future()
    loop.add_reader(sys.stdin, typed.set_result, None)
    try:
        await typed
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip() == "yes"
