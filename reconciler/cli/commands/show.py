"""`mailsync show`"""

import click

from reconciler.cli import options
from reconciler.cli.planning import read_plan, show_plan
from reconciler.cli.terminal import Terminal
from reconciler.model.plan import Plan
from reconciler.render import document


@click.command("show", epilog="Example: mailsync show plan.json")
@click.argument("file", metavar="FILE")
@click.option("--full", is_flag=True, help="Show long lists whole.")
@options.output_format("text", "json")
@click.pass_obj
def command(terminal: Terminal, /, file: str, full: bool, output: str) -> int:
    """Render a plan that `plan --out` saved."""
    if output == "json":
        terminal.failure = lambda findings: document.plan_document(Plan(diagnostics=findings))
    show_plan(terminal, read_plan(file), output, full=full)
    return 0
