"""The command line: options in, one call to the pipeline, text out. Commands hold no logic.

A command's module is imported when it is called, so that `--help` and `--version` stay instant. Exit codes are decided
here, in one place: 0 done, 1 error, 2 changes (`--detailed-exitcode`, drift), 3 refused by a guard, 4 locked, 64 wrong
usage, 130 interrupted.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from reconciler import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

INTERRUPTED = 130

# name -> what `mailsync --help` says of it; the module is reconciler.cli.commands.NAME
COMMANDS = {
    "validate": "Check the manifest without talking to any provider.",
    "plan": "Show what apply would do.",
    "show": "Render a saved plan.",
    "apply": "Bring the providers to what the manifest says.",
    "destroy": "Delete everything that mailsync owns.",
    "drift": "Show what changed at the providers since the last apply.",
    "state": "Look into the ledger of owned resources.",
    "providers": "List provider types and what each can hold.",
    "schema": "Print the JSON Schema of manifests or plans.",
    "sandbox": "Run emulated providers on this machine.",
    "demo": "Watch the whole loop on a private sandbox.",
    "completion": "Print the completion script of a shell.",
}


class LazyGroup(click.Group):
    """A group whose commands are known by name and imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"reconciler.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            suggestion = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"No such command '{args[0]}'.{suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        # click itself would import every command to ask whether it is hidden.
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: mailsync demo. Each command has --help with an example.",
)
@click.version_option(__version__, prog_name="mailsync", message="%(prog)s %(version)s")
@click.option("-C", "directory", metavar="DIR", help="Run as if started in DIR.")
@click.option("--no-color", is_flag=True, help="Never use colour (the same as setting NO_COLOR).")
@click.option("-v", "--verbose", is_flag=True, help="Say more: what is listed, and how much of it.")
@click.option("-q", "--quiet", is_flag=True, help="Say less: no progress.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Form of progress on stderr.")
@click.pass_context
def cli(ctx: click.Context, directory: str | None, no_color: bool, verbose: bool, quiet: bool, log_format: str) -> None:
    """Keep mailboxes, aliases and mail domains as YAML manifests say, at any host.

    Write manifests, look at the plan, apply it.
    """
    from reconciler.cli.terminal import Terminal, change_directory

    if verbose and quiet:
        raise click.UsageError("-v and -q contradict each other.", ctx)
    if directory is not None:
        change_directory(directory)
    ctx.obj = Terminal.of_process(colour=not no_color, verbose=verbose, quiet=quiet, log_format=log_format)


def main() -> None:
    """The console script: runs the command and exits with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code; nothing that a user or a provider did ends in a traceback."""
    try:
        result = cli.main(arguments, prog_name="mailsync", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return 64
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.exceptions.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to say, and the exit must not try to flush.
        sys.stdout = None
        return 1
    except Exception as error:
        from reconciler.cli.failure import report

        return report(error)
    return result if isinstance(result, int) else 0
