"""`mailsync validate`"""

from typing import Any

import click

from reconciler import pipeline
from reconciler.cli import options
from reconciler.cli.terminal import Terminal
from reconciler.errors import InvalidInput, MailsyncError
from reconciler.model.location import Diagnostic, errors_of
from reconciler.render import annotations, document
from reconciler.render.diagnostics import render_diagnostics


@click.command("validate", epilog="Example: mailsync validate -f mail/ --format github")
@options.manifest
@options.output_format("text", "json", "github")
@click.pass_obj
def command(terminal: Terminal, /, output: str, **manifest: Any) -> int:
    """Parse, render and check the manifest. Talks to no provider and resolves no secret.

    All findings are told at once, each with file, line and column. Exit code 1 when one of them is an error.
    """
    findings = _findings(options.request(terminal, **manifest))
    if output == "json":
        terminal.document(document.diagnostics_document(findings))
    elif output == "github":
        terminal.out(annotations.github(findings))
    else:
        terminal.out(
            render_diagnostics(findings, colour=terminal.colours_out, source=terminal.source)
            or "The manifest is valid."
        )
    return 1 if errors_of(findings) else 0


def _findings(request: Any) -> tuple[Diagnostic, ...]:
    try:
        return pipeline.load(request, alone=True).manifest.diagnostics
    except InvalidInput as error:
        return error.findings
    except MailsyncError as error:
        return error.diagnostics()
