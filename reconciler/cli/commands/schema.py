"""`mailsync schema`"""

import click

from reconciler.cli.terminal import Terminal
from reconciler.manifests.schema import manifest_schema
from reconciler.providers import registry
from reconciler.render.document import plan_schema


@click.command("schema", epilog="Example: mailsync schema > mailsync.schema.json")
@click.option("--kind", type=click.Choice(["manifest", "plan"]), default="manifest", show_default=True)
@click.pass_obj
def command(terminal: Terminal, /, kind: str) -> int:
    """Print the JSON Schema (2020-12) of manifests, for completion and checks in an editor, or of the JSON plan."""
    terminal.document(manifest_schema(registry.installed()) if kind == "manifest" else plan_schema())
    return 0
