"""What a command says when it fails: the finding, its place, and what to do; and the exit code that goes with it."""

import os
import sys
import traceback

from reconciler.cli.terminal import Terminal, current_terminal
from reconciler.errors import MailsyncError


def report(error: Exception) -> int:
    """Tells *error* on stderr; returns the exit code. A defect of mailsync itself shows where it happened."""
    terminal = current_terminal()
    if isinstance(error, MailsyncError):
        if terminal.failure is not None:
            terminal.document(terminal.failure(error.diagnostics()))
        terminal.diagnostics(error.diagnostics())
        return error.exit_code
    if isinstance(error, OSError):
        # Files and streams that the user named, or a full disk.
        name = f"{error.filename}: " if error.filename else ""
        terminal.error(f"error: {name}{error.strerror or error}")
        return 1
    _defect(error, terminal)
    return 1


def _defect(error: Exception, terminal: Terminal) -> None:
    terminal.error("error: this is a defect of mailsync, not of your manifest; please report it with what follows")
    # The frames say where; the values in the message may be anything, so they go through the mask like all output.
    frames = traceback.format_tb(error.__traceback__)
    terminal.error("".join(frames[-3:]) + f"{type(error).__name__}: {error}")


def silence_stdout() -> None:
    """After a broken pipe: whatever is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
