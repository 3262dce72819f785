"""`mailsync drift`"""

from typing import Any

import click

from reconciler import pipeline
from reconciler.cli import options, running
from reconciler.cli.terminal import Terminal
from reconciler.errors import NoLedger
from reconciler.model.report import Drift
from reconciler.render import document, text


@click.command("drift", epilog="Example: mailsync drift --format json")
@options.manifest
@click.option("--allow-empty", is_flag=True, help="Exit 0 when there is no ledger yet.")
@options.output_format("text", "json")
@click.pass_obj
def command(terminal: Terminal, /, allow_empty: bool, output: str, **manifest: Any) -> int:
    """Show what changed at the providers since the last apply. Exit code 2 when anything did.

    Owned resources that differ from what was applied or are gone; under `prune: all` also those that appeared.
    """
    if output == "json":
        terminal.failure = lambda findings: document.drift_document((), findings)
    project = pipeline.load(options.request(terminal, **manifest))
    found = _found(terminal, project, allow_empty)
    if output == "json":
        terminal.document(document.drift_document(found))
    else:
        terminal.out(text.render_drift(found, colour=terminal.colours_out))
    return 2 if found else 0


def _found(terminal: Terminal, project: pipeline.Project, allow_empty: bool) -> tuple[Drift, ...]:
    try:
        return running.run(terminal, lambda surface: pipeline.drift(project, surface))
    except NoLedger:
        if allow_empty:
            return ()
        raise
