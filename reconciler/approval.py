"""What was approved, held against what is left to do: whether a saved plan may be executed now. Pure."""

from collections.abc import Iterator

from reconciler.errors import Refused
from reconciler.model.plan import Change, Plan


def check_approved(saved: Plan, now: Plan) -> None:
    """Raises Refused unless all that *now* would do was approved in *saved*: the same changes, or fewer because some are
    in place already."""
    if saved.blocked:
        raise Refused(
            f"the saved plan holds {len(saved.blocked)} blocked change(s): {saved.blocked[0].address}",
            hint="make a plan in which nothing is blocked",
        )
    if differences := list(_unapproved(saved, now)):
        raise Refused(
            "the saved plan is stale: " + "; ".join(differences),
            hint="make a new plan, and have that one approved",
        )


def _unapproved(saved: Plan, now: Plan) -> Iterator[str]:
    accounts = {provider.name: provider.account for provider in saved.providers}
    for provider in now.providers:
        touched = any(change.address.provider == provider.name for change in now.changes)
        if touched and accounts.get(provider.name) != provider.account:
            yield f"{provider.name} is another account (type or base_url) than the plan was made for"
    approved = {change.address: change for change in saved.changes}
    for change in now.changes:
        before = approved.get(change.address)
        if before is None:
            yield f"{change.address} ({change.action}) is not in it"
        elif not _same(before, change):
            yield from _other_values(before, change)


def _same(approved: Change, now: Change) -> bool:
    return (approved.action, approved.before, approved.after) == (now.action, now.before, now.after)


def _other_values(approved: Change, now: Change) -> Iterator[str]:
    """What a rest of an approved change has that was not approved. A create or an update that was carried out in part
    shows as an update, or only has to be entered in the ledger."""
    rest = approved.action in ("create", "update", "replace", "adopt") and now.action in ("update", "adopt")
    gone = approved.action == "delete" and now.action == "forget"
    if gone:
        return
    if not rest or approved.after != now.after:
        yield f"{now.address} ({now.action}) was approved with other values or as {approved.action}"
        return
    known = {field.field: (field.before, field.after) for field in approved.fields}
    for field in now.fields:
        if approved.action == "update" and known.get(field.field) != (field.before, field.after):
            yield f"{now.address}: `{field.field}` is {field.before!r} now, which is not what was approved"
