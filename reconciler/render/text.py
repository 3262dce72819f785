"""Plans, reports and drift for a terminal.

Every function gives one text without an end of line at its end. *width*: columns to keep to where a line can be broken;
None for no limit. *full* False: long lists of what nobody has to look at are folded.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from reconciler.model.plan import Plan
from reconciler.model.report import Drift, Outcome, Report
from reconciler.render.diagnostics import render_diagnostics
from reconciler.render.drift import drift_views
from reconciler.render.foreign import escaped, joined
from reconciler.render.style import Style, style
from reconciler.render.view import (
    ChangeView,
    FieldView,
    Look,
    change_views,
    count,
    flow_sentences,
    provider_line,
    seconds,
    shown,
    summary,
)

__all__ = ["render_diagnostics", "render_drift", "render_plan", "render_report"]

# Lines of changes without risk, and outcomes that went well, that are shown unless all are asked for.
FOLD = 200
_SYMBOLS: Mapping[Look, str] = {
    "create": "+",
    "update": "~",
    "replace": "-/+",
    "delete": "-",
    "adopt": "=",
    "forget": ".",
    "blocked": "!",
}
_REMARKS_AT = 47
_INDENT = " " * 6


def render_plan(plan: Plan, *, colour: bool = False, full: bool = False, width: int | None = None) -> str:
    """What apply would do. Its diagnostics are not part of it: they go elsewhere."""
    changes = _change_lines(change_views(plan), style(colour), full, width)
    return _paragraphs([provider_line(provider) for provider in plan.providers], changes, _conclusion(plan, width))


def render_drift(found: Iterable[Drift], *, colour: bool = False, full: bool = False, width: int | None = None) -> str:
    """What changed at the providers since the last apply."""
    views = drift_views(found)
    return _paragraphs(_change_lines(views, style(colour), full, width), [_drift_conclusion(views)])


def render_report(report: Report, *, colour: bool = False, full: bool = False) -> str:
    """What became of each change, failures last, and the count. Its diagnostics are not part of it."""
    return _paragraphs(_outcome_lines(report, style(colour), full), _report_conclusion(report))


def _paragraphs(*parts: Iterable[str]) -> str:
    """The parts that have a line, with an empty line between two."""
    texts = (joined(part) for part in parts)
    return "\n\n".join(text for text in texts if text)


def _change_lines(views: list[ChangeView], paint: Style, full: bool, width: int | None) -> Iterator[str]:
    blocks = [(view, list(_change_block(view, paint, width))) for view in views]
    if full or sum(len(block) for view, block in blocks if not view.risky) <= FOLD:
        for _, block in blocks:
            yield from block
    else:
        yield from _folded(blocks)


def _folded(blocks: list[tuple[ChangeView, list[str]]]) -> Iterator[str]:
    """All that is risky, then as much of the rest as fits, then what the rest is."""
    for view, block in blocks:
        if view.risky:
            yield from block
    room, left = FOLD, list[Look]()
    for view, block in blocks:
        if view.risky:
            continue
        if room < len(block) or left:
            left.append(view.look)
        else:
            yield from block
        room -= len(block)
    counts = ", ".join(f"{len(list(looks))} to {name}" for name, looks in groupby(left))
    yield f"  ... and {count(len(left), 'more change')} without risk: {counts} (--full shows all)"


def _change_block(view: ChangeView, paint: Style, width: int | None) -> Iterator[str]:
    head = f"{_SYMBOLS[view.look]:>3} {view.address}"
    colour = view.look
    if not view.remark:
        yield paint(colour, head)
    elif width and max(len(head) + 2, _REMARKS_AT) + len(view.remark) > width:
        yield paint(colour, head)
        yield _INDENT + paint("remark", view.remark)
    else:
        padding = " " * max(2, _REMARKS_AT - len(head))
        yield paint(colour, head) + padding + paint("remark", view.remark)
    yield from _field_lines(view.fields)


def _field_lines(fields: tuple[FieldView, ...]) -> Iterator[str]:
    longest = max((len(field.name) for field in fields), default=0)
    for field in fields:
        first, *rest = _values(field)
        label = f"{field.name:<{longest + 2}}= " if field.is_new else f"{field.name + ':':<{longest + 2}}"
        yield _INDENT + label + first + ("  (drifted)" if field.drifted else "")
        for value in rest:
            yield _INDENT + " " * len(label) + value


def _values(field: FieldView) -> list[str]:
    if field.added or field.removed:
        return [f"+ {member}" for member in field.added] + [f"- {member}" for member in field.removed]
    return [field.after if field.before is None else f"{field.before} -> {field.after}"]


def _conclusion(plan: Plan, width: int | None) -> Iterator[str]:
    if plan.changes:
        yield from _flow_lines(flow_sentences(plan), width)
        yield _plan_line(plan)
        if plan.work:
            yield _effort(plan)
    else:
        match = "1 resource matches" if plan.unchanged == 1 else f"{plan.unchanged} resources match"
        yield f"No changes. {match} the manifest."
    yield from _account_of_live(plan)
    yield from _account_of_ledger(plan)
    yield from _account_of_options(plan)


def _flow_lines(sentences: list[str], width: int | None) -> Iterator[str]:
    line = f"Mail flow: {'; '.join(sentences)}."
    if len(sentences) > 3 or (width and len(line) > width):
        yield "Mail flow:"
        for sentence in sentences:
            yield f"  {sentence}"
    elif sentences:
        yield line


def _plan_line(plan: Plan) -> str:
    counts = summary(plan)
    names = ["create", "update", "replace", "delete", "adopt"] + ["forget"] * bool(counts["forget"])
    todo = ", ".join(f"{counts[name]} to {name}" for name in names)
    return f"Plan: {todo}, {counts['noop']} unchanged, {counts['blocked']} blocked."


def _effort(plan: Plan) -> str:
    requests = count(plan.requests, "request")
    busy = {change.address.provider for change in plan.changes if change.requests and not change.blocked}
    rates = [provider.rate for provider in plan.providers if provider.name in busy and provider.rate]
    if not rates:
        return f"Apply needs {requests}."
    limit = f"provider's {escaped(rates[0])}" if len(rates) == 1 else "providers' limits"
    return f"Apply needs {requests}, about {_duration(seconds(plan))} at the {limit}."


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{seconds} s ({minutes} min)" if minutes < 120 else f"{seconds} s ({minutes // 60} h {minutes % 60} min)"


def _account_of_live(plan: Plan) -> Iterator[str]:
    if plan.unmanaged == 1:
        yield "1 live resource is neither in the manifest nor owned: left alone."
    elif plan.unmanaged:
        yield f"{plan.unmanaged} live resources are neither in the manifest nor owned: left alone."


def _account_of_ledger(plan: Plan) -> Iterator[str]:
    if not plan.lineage:
        yield "There is no ledger yet: nothing is owned so far."


def _account_of_options(plan: Plan) -> Iterator[str]:
    options = plan.options
    if options.destroy:
        yield "This plan deletes all that is owned (--destroy)."
    if options.partial:
        only = [f"--target {escaped(glob)}" for glob in options.targets]
        without = [f"--exclude {escaped(glob)}" for glob in options.excludes]
        yield f"This plan is partial: {', '.join(only + without)}."


def _drift_conclusion(views: list[ChangeView]) -> str:
    if not views:
        return "No drift. What is owned is as it was last applied."
    kinds = [view.remark for view in views]
    return "Drift: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("changed", "gone", "appeared")) + "."


def _outcome_lines(report: Report, paint: Style, full: bool) -> Iterator[str]:
    by_status = {status: [o for o in report.outcomes if o.status == status] for status in ("done", "skipped", "failed")}
    shown_done = by_status["done"] if full else by_status["done"][:FOLD]
    for outcome in shown_done:
        yield _outcome_line(outcome, paint)
    if len(by_status["done"]) > len(shown_done):
        yield f"  ... and {len(by_status['done']) - len(shown_done)} more done"
    for outcome in by_status["skipped"] + by_status["failed"]:
        yield _outcome_line(outcome, paint)


def _outcome_line(outcome: Outcome, paint: Style) -> str:
    line = f"  {paint(outcome.status, outcome.status.ljust(7))} {outcome.action} {shown(outcome.address)}"
    if outcome.message:
        line += f": {escaped(outcome.message)}"
    return line + (f" (because of {escaped(outcome.because)})" if outcome.because else "")


def _report_conclusion(report: Report) -> Iterator[str]:
    if report.interrupted:
        yield "Interrupted: no further call was made; what was done is recorded."
    yield f"Apply: {report.count('done')} done, {report.count('failed')} failed, {report.count('skipped')} skipped."
