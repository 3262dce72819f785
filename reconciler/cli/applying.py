"""What `apply` and `destroy` share: planning under the lock, asking, executing, reporting."""

from collections.abc import Callable
from typing import Any

import click

from reconciler import pipeline
from reconciler.cli import options, running
from reconciler.cli.planning import read_plan, show_plan
from reconciler.cli.terminal import Terminal, ask
from reconciler.errors import UsageError
from reconciler.model.manifest import ManifestRequest
from reconciler.model.plan import Plan, PlanOptions
from reconciler.model.report import Report
from reconciler.render import document, text

INTERRUPTED = 130


def apply_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of apply, which destroy takes too."""
    for decorate in (
        options.output_format("text", "json"),
        click.option("--fail-fast", is_flag=True, help="Start nothing new after the first failure."),
        click.option("--force", is_flag=True, help="Go past policies.max_change_percent, and past nothing else."),
        click.option("--auto-approve", is_flag=True, help="Do not ask. For pipelines."),
        options.selection,
        options.manifest,
    ):
        command = decorate(command)
    return command


def execute(
    terminal: Terminal,
    request: ManifestRequest,
    how: PlanOptions,
    *,
    planfile: str | None,
    auto_approve: bool,
    force: bool,
    fail_fast: bool,
    output: str,
) -> int:
    """Runs the apply and tells what became of it. Returns the exit code."""
    if output == "json":
        terminal.failure = lambda findings: document.report_document(Report(diagnostics=findings))
    saved = _saved(planfile, how)

    def show(plan: Plan) -> None:
        if output == "text":
            show_plan(terminal, plan, "text")

    async def approve() -> bool:
        return auto_approve or await ask(terminal, "\nApply these changes? Only `yes` is taken as one: ")

    project = pipeline.load(request)
    _check_vars(saved, project.manifest.vars_digest, request)
    made, report = running.run_stoppable(
        terminal,
        lambda surface, stop: pipeline.apply(
            project,
            saved.options if saved else how,
            pipeline.ApplyOptions(show, approve, saved, force, fail_fast),
            surface,
            stop,
        ),
    )
    return _tell(terminal, made, report, output)


def _saved(planfile: str | None, how: PlanOptions) -> Plan | None:
    if planfile is None:
        return None
    if how.targets or how.excludes or how.allow_data_loss:
        raise UsageError(
            "a saved plan keeps its own options", hint="leave out --target, --exclude and --allow-data-loss"
        )
    return read_plan(planfile)


def _check_vars(saved: Plan | None, vars_digest: str, request: ManifestRequest) -> None:
    given = bool(request.variables or request.variable_files)
    if saved is not None and saved.vars_digest != vars_digest and given:
        raise UsageError(
            "the vars are not those of the saved plan", hint="give the same --var and --var-file as to `plan`"
        )


def _tell(terminal: Terminal, made: Plan, report: Report, output: str) -> int:
    if output == "json":
        terminal.document(document.report_document(report))
    else:
        terminal.diagnostics(report.diagnostics)
        if made.work:
            terminal.out("\n" + text.render_report(report, colour=terminal.colours_out))
    if report.interrupted:
        return INTERRUPTED
    return 1 if report.failed else 0
