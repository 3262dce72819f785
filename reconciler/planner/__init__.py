"""Manifest, live snapshots and ledger in, plan out. Pure: no I/O, no clock, the same input gives the same plan.

situation      what is desired, live and owned           presence, fields    which action each resource needs
scope          what has to be listed for it              removal, copies     what goes with a domain; what is there twice
guards         what may not happen without consent       side_effects        what providers change by themselves
steps          the calls of each change                  order, sequence     who comes before whom
worlds         the mail flow before and after            limits, estimate    what there is no room for; what it costs
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from reconciler.model.location import Diagnostic
from reconciler.model.names import KINDS, DomainName, ResourceAddress, domain_of
from reconciler.model.plan import Change, FlowChange, Plan, ProviderSummary, Risk
from reconciler.model.snapshot import Snapshot
from reconciler.planner import estimate
from reconciler.planner.account import account_findings
from reconciler.planner.copies import drop_copies
from reconciler.planner.drift import drift
from reconciler.planner.flow_findings import flow_findings, manifest_circles
from reconciler.planner.guards import guarded, incomplete, too_much_at_once, unused_consent
from reconciler.planner.limits import limit_findings
from reconciler.planner.mail_flow import catch_all_of
from reconciler.planner.order import connect, depends_on
from reconciler.planner.presence import Findings, present
from reconciler.planner.removal import take_children_along
from reconciler.planner.rewriting import note_of
from reconciler.planner.scope import bounded_by_account, scopes
from reconciler.planner.select import selected, unmatched, without_catch_alls_to
from reconciler.planner.sequence import in_order, numbered
from reconciler.planner.shadowing import shadowed
from reconciler.planner.side_effects import catch_alls_left, edited_by_provider, written_again
from reconciler.planner.situation import Situation, nothing_wanted
from reconciler.planner.steps import Changes, Drafts, drafts_of, requests_of
from reconciler.planner.worlds import Flows, flow_changes, flows

__all__ = ["Situation", "bounded_by_account", "drift", "manifest_circles", "plan", "scopes"]


def plan(situation: Situation) -> Plan:
    """What has to be done to bring live to desired, in which order, and what follows from it for mail."""
    if situation.options.destroy:
        situation = nothing_wanted(situation)
    findings = present(situation)
    take_children_along(findings, situation)
    drop_copies(findings, situation)
    wanted = guarded(findings.changes, situation)
    draft = _drafted(wanted, situation)
    left_out = frozenset[ResourceAddress]()
    if situation.options.partial:
        kept = selected(draft.changes, draft.drafts, situation.options)
        left_out = frozenset(wanted.keys() - kept)
        draft = _drafted(without_catch_alls_to(left_out, wanted, kept), situation)
    return _plan(situation, findings, draft, left_out)


class _Drafted(NamedTuple):
    """All changes, with those that follow from others; their steps; and what becomes of mail."""

    changes: Changes
    drafts: Drafts
    both: Flows
    obstacles: list[Diagnostic]


def _drafted(wanted: Changes, situation: Situation) -> _Drafted:
    # Sorted, so that the plan does not depend on the order in which anybody lists anything.
    changes = dict(sorted(written_again(wanted, situation).items()))
    both = flows(changes, situation, catch_alls_left(changes, situation))
    drafts = drafts_of(changes, situation)
    return _Drafted(changes, drafts, both, connect(drafts, changes, both, situation))


def _diagnostics(
    draft: _Drafted, findings: Findings, mail_flow: tuple[FlowChange, ...], situation: Situation
) -> tuple[Diagnostic, ...]:
    """Those of the manifest first, as they stand in it; then those of the plan, by place."""
    found = (
        *findings.diagnostics,
        *shadowed(draft.changes, situation),
        *flow_findings(draft.both, mail_flow, situation),
        *edited_by_provider(draft.both, draft.changes, situation),
        *limit_findings(draft.changes, situation),
        *account_findings(draft.changes, situation),
        *draft.obstacles,
        *too_much_at_once(draft.changes, situation),
        *unused_consent(situation),
        *unmatched(_named(situation), situation.options),
        *incomplete(draft.changes, situation),
    )
    return (*situation.manifest.diagnostics, *sorted(found, key=_reading_order))


def _named(situation: Situation) -> set[ResourceAddress]:
    """All that a glob may name, where there is one."""
    if not situation.options.partial:
        return set()
    live = {one.address for one in situation.all_live()}
    return live | situation.manifest.resources.keys() | situation.ledger.resources.keys()


def _reading_order(one: Diagnostic) -> tuple[str, int, int, str, str, str]:
    at = one.location
    return at.file if at else "", at.line if at else 0, at.column if at else 0, one.address or "", one.code, one.message


def _plan(situation: Situation, findings: Findings, draft: _Drafted, left_out: frozenset[ResourceAddress]) -> Plan:
    changes, drafts, both, _ = draft
    steps = numbered(drafts)
    mail_flow = flow_changes(both)
    risks = _Risks(mail_flow)
    finished = {
        address: replace(
            change,
            risk=risks.of(change),
            depends_on=depends_on(address, drafts),
            requests=requests_of(change, drafts),
            note=change.note or note_of(drafts.get(address, ())),
        )
        for address, change in changes.items()
    }
    also_written = changes.keys() - findings.changes.keys()
    return Plan(
        changes=_waiting_for_earlier(in_order(finished, steps)),
        steps=steps,
        unchanged=findings.unchanged - len(also_written),
        unmanaged=findings.unmanaged,
        mail_flow=mail_flow,
        diagnostics=_diagnostics(draft, findings, mail_flow, situation),
        providers=_summaries(situation.snapshots.values(), situation),
        options=situation.options,
        requests=estimate.requests(steps),
        seconds=estimate.seconds(steps, situation.terms),
        lineage=situation.ledger.lineage,
        serial=situation.ledger.serial,
        manifest_digest=situation.manifest.digest,
        vars_digest=situation.manifest.vars_digest,
        left_out=left_out,
        pending=_still_pending(changes, situation),
    )


def _waiting_for_earlier(ordered: tuple[Change, ...]) -> tuple[Change, ...]:
    """A domain's change is several steps, the last of which wait for what waits for the first: as one change it stands where
    the first does, and depends on what stands before it."""
    place = {change.address: number for number, change in enumerate(ordered)}
    return tuple(
        replace(change, depends_on=tuple(a for a in change.depends_on if place.get(a, -1) < number))
        for number, change in enumerate(ordered)
    )


def _still_pending(changes: Changes, situation: Situation) -> frozenset[ResourceAddress]:
    """Creates that an earlier apply may have sent, that did happen, and that nothing in this plan settles."""
    return frozenset(a for a in situation.ledger.pending - changes.keys() if situation.live(a) is not None)


class _Risks:
    """Whether somebody's mail goes elsewhere or bounces because of a change."""

    def __init__(self, mail_flow: Iterable[FlowChange]) -> None:
        self.addresses = {str(change.address) for change in mail_flow if change.effect != "new"}
        self.domains = {domain_of(address) for address in self.addresses}

    def of(self, change: Change) -> Risk:
        if change.risk != "none" or change.address.kind == "webhook":
            return change.risk
        key = change.address.key
        if change.address.kind == "domain":
            at_risk = catch_all_of(key) in self.addresses or (_whole(change) and DomainName(key) in self.domains)
        else:
            at_risk = key in self.addresses
        return "delivery" if at_risk else "none"


def _whole(change: Change) -> bool:
    """Whether a change of a domain decides about all its addresses."""
    return change.action in ("create", "delete") or any(field.field == "active" for field in change.fields)


def _summaries(snapshots: Iterable[Snapshot], situation: Situation) -> tuple[ProviderSummary, ...]:
    return tuple(_summary(snapshot, situation) for snapshot in sorted(snapshots, key=lambda one: one.provider))


def _summary(snapshot: Snapshot, situation: Situation) -> ProviderSummary:
    there = situation.terms[snapshot.provider]
    live = Counter(map(itemgetter(1), snapshot.resources))
    return ProviderSummary(
        snapshot.provider,
        there.capabilities.type,
        there.account,
        {kind: live[kind] for kind in KINDS if kind in snapshot.listed},
        snapshot.requests,
        str(there.rate) if there.rate else None,
    )
