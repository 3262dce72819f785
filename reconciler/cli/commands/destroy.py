"""`mailsync destroy`"""

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.applying import apply_options, execute
from reconciler.cli.terminal import Terminal


@click.command("destroy", epilog="Example: mailsync plan --destroy; mailsync destroy --allow-data-loss")
@apply_options
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    files: tuple[str, ...],
    variables: tuple[str, ...],
    variable_files: tuple[str, ...],
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    allow_data_loss: bool,
    **how: Any,
) -> int:
    """Delete everything that mailsync owns. What it does not own stays, and so does what is protected.

    Mailboxes need consent: `removed:` in the manifest, or --allow-data-loss.
    """
    request = options.request(terminal, files, variables, variable_files)
    selected = options.plan_options(targets, excludes, allow_data_loss, destroy=True)
    return execute(terminal, request, selected, planfile=None, **how)
