"""Options that several commands share, and what they come to."""

import os
from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

import click

from reconciler.cli.terminal import Terminal
from reconciler.model.location import Location
from reconciler.model.manifest import ManifestRequest
from reconciler.model.plan import PlanOptions

Command = TypeVar("Command", bound=Callable[..., Any])


def _all(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    return lambda command: reduce(lambda wrapped, decorate: decorate(wrapped), reversed(decorators), command)


def manifest(command: Command) -> Command:
    """-f, --var, --var-file: as `files`, `variables`, `variable_files`."""
    return _all(
        click.option(
            "-f", "--file", "files", metavar="PATH", multiple=True,
            help="Manifest file or directory (repeatable). Default: MAILSYNC_FILE, else mailsync.yaml.",
        ),
        click.option("--var", "variables", metavar="KEY=VALUE", multiple=True, help="Override one of vars (repeatable)."),
        click.option(
            "--var-file", "variable_files", metavar="FILE", multiple=True,
            help="YAML file that overrides vars (repeatable).",
        ),
    )(command)  # fmt: skip


def selection(command: Command) -> Command:
    """--target, --exclude, --allow-data-loss: as `targets`, `excludes`, `allow_data_loss`."""
    return _all(
        click.option(
            "--target", "targets", metavar="ADDRESS", multiple=True,
            help="Only this resource and what it needs; a glob such as 'hosting/alias/*' (repeatable).",
        ),
        click.option(
            "--exclude", "excludes", metavar="ADDRESS", multiple=True,
            help="Everything but this resource; a glob (repeatable).",
        ),
        click.option("--allow-data-loss", is_flag=True, help="Consent to delete mailboxes with the mail in them."),
    )(command)  # fmt: skip


def output_format(*formats: str) -> Callable[[Command], Command]:
    return click.option(
        "--format",
        "output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Form of the result.",
    )


def request(
    terminal: Terminal, files: tuple[str, ...], variables: tuple[str, ...], variable_files: tuple[str, ...]
) -> ManifestRequest:
    """The manifest that these options name, MAILSYNC_FILE standing in for a missing -f. From now on findings are shown with
    its lines."""
    for pair in variables:
        if "=" not in pair:
            raise click.UsageError(f"--var {pair}: expected KEY=VALUE")
    default = os.environ.get("MAILSYNC_FILE")
    named = files or ((default,) if default else ())
    made = ManifestRequest(os.getcwd(), named, variables, variable_files)
    terminal.source = lambda at: _line(made, at)
    return made


def _line(request: ManifestRequest, at: Location) -> str | None:
    # Imported here: a manifest without findings shows no line.
    from reconciler.manifests.excerpts import SourceLines

    return SourceLines(request).line(at)


def plan_options(
    targets: tuple[str, ...], excludes: tuple[str, ...], allow_data_loss: bool, destroy: bool = False
) -> PlanOptions:
    return PlanOptions(targets, excludes, destroy, allow_data_loss)
