"""`mailsync state`"""

from typing import Any

import click

from reconciler import pipeline
from reconciler.cli import options, running
from reconciler.cli.terminal import Terminal
from reconciler.errors import MailsyncError
from reconciler.model.ledger import Ledger
from reconciler.render import ledger


@click.group("state", epilog="Example: mailsync state list 'hosting/mailbox/*'")
def command() -> None:
    """Look into the ledger: what mailsync owns, and what it last applied there."""


def _ledger(terminal: Terminal, manifest: dict[str, Any]) -> Ledger:
    project = pipeline.load(options.request(terminal, **manifest))
    return running.run(terminal, lambda surface: pipeline.read_ledger(project, surface))


def _fail_in(terminal: Terminal, output: str) -> None:
    if output == "json":
        terminal.failure = lambda findings: {"diagnostics": [finding.document() for finding in findings]}


@command.command("list", epilog="Example: mailsync state list 'hosting/alias/*@example.com'")
@click.argument("patterns", metavar="[ADDRESS]...", nargs=-1)
@options.manifest
@options.output_format("text", "json")
@click.pass_obj
def list_(terminal: Terminal, /, patterns: tuple[str, ...], output: str, **manifest: Any) -> int:
    """List the owned resources, all or those that a glob matches."""
    _fail_in(terminal, output)
    addresses = ledger.addresses(_ledger(terminal, manifest), patterns)
    if output == "json":
        terminal.document([str(address) for address in addresses])
    elif addresses:
        terminal.out("\n".join(ledger.line(address) for address in addresses))
    return 0


@command.command("show", epilog="Example: mailsync state show hosting/mailbox/john@example.com")
@click.argument("address", metavar="ADDRESS")
@options.manifest
@options.output_format("text", "json")
@click.pass_obj
def show(terminal: Terminal, /, address: str, output: str, **manifest: Any) -> int:
    """Show what was last applied to one resource, and how the provider calls it."""
    _fail_in(terminal, output)
    owned = _ledger(terminal, manifest)
    found = ledger.find(owned, address)
    if found is None:
        raise MailsyncError(f"{address} is not in the ledger", hint="mailsync state list shows what is")
    entry = owned.resources[found]
    if output == "json":
        terminal.document(ledger.entry_document(found, entry))
    else:
        terminal.out(ledger.render_entry(found, entry))
    return 0
