"""Manifest, live snapshots and ledger in, plan out. Pure: no I/O, no clock, the same input gives the same plan.

situation   what is desired, live and owned          presence   which action each resource needs
removal     what goes with a deleted domain          guards     what may not happen without consent
steps       the calls of each change                 order      who comes before whom
worlds      the mail flow before and after           estimate   how many calls, how long
"""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.location import Diagnostic
from reconciler.model.names import KINDS
from reconciler.model.plan import Change, FlowChange, Plan, ProviderSummary, Risk
from reconciler.model.snapshot import Snapshot
from reconciler.planner import estimate
from reconciler.planner.drift import drift
from reconciler.planner.flow_findings import flow_findings, manifest_circles
from reconciler.planner.guards import guarded, too_much_at_once, unused_consent
from reconciler.planner.limits import limit_findings
from reconciler.planner.mail_flow import catch_all_of
from reconciler.planner.order import connect, depends_on, in_order, numbered
from reconciler.planner.presence import Findings, present
from reconciler.planner.removal import take_children_along
from reconciler.planner.scope import scopes
from reconciler.planner.select import selected
from reconciler.planner.situation import Situation, nothing_wanted
from reconciler.planner.steps import Changes, Drafts, drafts_of, with_requests
from reconciler.planner.worlds import flow_changes, flows

__all__ = ["Situation", "drift", "manifest_circles", "plan", "scopes"]


def plan(situation: Situation) -> Plan:
    """What has to be done to bring live to desired, in which order, and what follows from it for mail."""
    if situation.options.destroy:
        situation = nothing_wanted(situation)
    findings = present(situation)
    take_children_along(findings, situation)
    changes = guarded(findings.changes, situation)
    both = flows(changes, situation)
    drafts = drafts_of(changes, situation)
    connect(drafts, changes, both, situation)
    if situation.options.partial:
        changes = {address: changes[address] for address in selected(changes, drafts, situation.options)}
        both = flows(changes, situation)
        drafts = drafts_of(changes, situation)
        connect(drafts, changes, both, situation)
    flow = flow_changes(both)
    diagnostics = (
        *situation.manifest.diagnostics,
        *findings.diagnostics,
        *flow_findings(both, changes, situation),
        *limit_findings(changes, situation),
        *too_much_at_once(changes, situation),
        *unused_consent(situation),
    )
    return _plan(situation, findings, changes, drafts, flow, diagnostics)


def _plan(
    situation: Situation,
    findings: Findings,
    changes: Changes,
    drafts: Drafts,
    flow: tuple[FlowChange, ...],
    diagnostics: tuple[Diagnostic, ...],
) -> Plan:
    steps = numbered(drafts)
    at_risk = {str(change.address) for change in flow if change.effect != "new"}
    finished = {
        address: replace(change, risk=_risk(change, at_risk), depends_on=depends_on(address, drafts))
        for address, change in with_requests(changes, drafts).items()
    }
    return Plan(
        changes=in_order(finished, steps),
        steps=steps,
        unchanged=findings.unchanged,
        unmanaged=findings.unmanaged,
        mail_flow=flow,
        diagnostics=diagnostics,
        providers=_summaries(situation.snapshots.values(), situation),
        options=situation.options,
        requests=estimate.requests(steps),
        seconds=estimate.seconds(steps, situation.terms),
        lineage=situation.ledger.lineage,
        serial=situation.ledger.serial,
        manifest_digest=situation.manifest.digest,
        vars_digest=situation.manifest.vars_digest,
    )


def _risk(change: Change, at_risk: set[str]) -> Risk:
    """Whether somebody's mail goes elsewhere or bounces because of this change."""
    if change.risk != "none":
        return change.risk
    own = catch_all_of(change.address.key) if change.address.kind == "domain" else change.address.key
    whole_domain = change.address.kind == "domain" and (
        change.action == "delete" or any(field.field == "active" for field in change.fields)
    )
    if own in at_risk or (whole_domain and any(a.endswith(f"@{change.address.key}") for a in at_risk)):
        return "delivery"
    return "none"


def _summaries(snapshots: Iterable[Snapshot], situation: Situation) -> tuple[ProviderSummary, ...]:
    return tuple(
        ProviderSummary(
            snapshot.provider,
            there.capabilities.type,
            there.account,
            {kind: _count(snapshot, kind) for kind in KINDS if kind in snapshot.listed},
            snapshot.requests,
            str(there.rate) if there.rate else None,
        )
        for snapshot in snapshots
        if (there := situation.terms[snapshot.provider])
    )


def _count(snapshot: Snapshot, kind: str) -> int:
    return sum(address.kind == kind for address in snapshot.resources)
