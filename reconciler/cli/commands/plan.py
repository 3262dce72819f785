"""`mailsync plan`"""

from typing import Any

import click

from reconciler import pipeline
from reconciler.cli import options, running
from reconciler.cli.planning import show_plan, write_plan
from reconciler.cli.terminal import Terminal
from reconciler.model.plan import Plan
from reconciler.render import document


@click.command("plan", epilog="Example: mailsync plan --out plan.json --detailed-exitcode")
@options.manifest
@options.selection
@click.option("--destroy", is_flag=True, help="Plan to delete everything that is owned.")
@click.option("--out", "out", metavar="FILE", help="Save the plan, for `show` and `apply`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 0 when there are none.")
@click.option("--full", is_flag=True, help="Show long lists whole.")
@options.output_format("text", "json")
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    allow_data_loss: bool,
    destroy: bool,
    out: str | None,
    detailed_exitcode: bool,
    full: bool,
    output: str,
    **manifest: Any,
) -> int:
    """Show what apply would do, and who would lose or gain mail. Changes nothing, here or at a provider.

    A plan never needs the password of a mailbox or the secret of a webhook.
    """
    how = options.plan_options(targets, excludes, allow_data_loss, destroy)
    if output == "json":
        terminal.failure = lambda findings: document.plan_document(Plan(diagnostics=findings, options=how))
    project = pipeline.load(options.request(terminal, **manifest))
    made = running.run(terminal, lambda surface: pipeline.plan(project, how, surface))
    if out is not None:
        write_plan(out, made)
    show_plan(terminal, made, output, full=full)
    return 2 if detailed_exitcode and made.work else 0
