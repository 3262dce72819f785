"""What `plan`, `show`, `apply` and `destroy` share: showing a plan, saving it, reading it again."""

import os
import tempfile
from pathlib import Path

from reconciler.cli.terminal import Terminal
from reconciler.errors import MailsyncError
from reconciler.model.plan import Plan
from reconciler.render import document, text


def show_plan(terminal: Terminal, plan: Plan, output: str, *, full: bool = False) -> None:
    """The plan on stdout; its findings on stderr, but for JSON, which holds them."""
    if output == "json":
        terminal.document(document.plan_document(plan))
        return
    terminal.diagnostics(plan.diagnostics)
    terminal.out(text.render_plan(plan, colour=terminal.colours_out, full=full))


def write_plan(name: str, plan: Plan) -> None:
    """Saves the plan, whole or not at all, readable for its owner."""
    path = Path(name)
    data = document.json_text(document.plan_document(plan)) + "\n"
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError as error:
        raise MailsyncError(f"--out {name}: {error.strerror}") from None


def read_plan(name: str) -> Plan:
    """Raises MailsyncError for a file that cannot be read, or is no plan of this version."""
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise MailsyncError(f"{name}: {error.strerror}") from None
    return document.read_plan(data, name)
