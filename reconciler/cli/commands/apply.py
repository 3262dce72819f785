"""`mailsync apply`"""

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.applying import apply_options, execute
from reconciler.cli.terminal import Terminal


@click.command("apply", epilog="Example: mailsync plan --out plan.json && mailsync apply plan.json")
@click.argument("planfile", metavar="[PLANFILE]", required=False)
@apply_options
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    planfile: str | None,
    files: tuple[str, ...],
    variables: tuple[str, ...],
    variable_files: tuple[str, ...],
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    allow_data_loss: bool,
    **how: Any,
) -> int:
    """Plan (again), ask, and carry the plan out. With PLANFILE: only what was approved in it.

    Independent changes run side by side; when one fails, those that depend on it are skipped and the others go on.
    """
    request = options.request(terminal, files, variables, variable_files)
    return execute(
        terminal, request, options.plan_options(targets, excludes, allow_data_loss), planfile=planfile, **how
    )
