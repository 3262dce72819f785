"""`mailsync providers`"""

import click

from reconciler.cli import options
from reconciler.cli.terminal import Terminal
from reconciler.providers import registry
from reconciler.render import capabilities


@click.command("providers", epilog="Example: mailsync providers --format json")
@options.output_format("text", "json")
@click.pass_obj
def command(terminal: Terminal, /, output: str) -> int:
    """List the provider types: the kinds, verbs and fields that each can hold."""
    known = [provider.capabilities({}) for _, provider in sorted(registry.installed().items())]
    if output == "json":
        terminal.document(capabilities.document(known))
    else:
        terminal.out(capabilities.render(known))
    return 0
