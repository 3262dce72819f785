"""`mailsync completion`"""

import click
from click.shell_completion import get_completion_class

from reconciler.cli import cli
from reconciler.cli.terminal import Terminal


@click.command("completion", epilog='Example: eval "$(mailsync completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def command(terminal: Terminal, /, shell: str) -> int:
    """Print the script that makes a shell complete commands and options; put its output into the shell's start-up file."""
    complete = get_completion_class(shell)
    assert complete is not None
    terminal.out(complete(cli, {}, "mailsync", "_MAILSYNC_COMPLETE").source())
    return 0
