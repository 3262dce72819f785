"""Every provider with more than fits on a page: all of it is seen, in as few calls as its paging allows."""

import pytest
from contract_world import CASES, create_all, with_account

MANY = 450
KINDS = [pytest.param(case, kind, id=f"{case.api}-{kind}") for case in CASES for kind in case.row]


def listed(case, sandbox):
    async def fetch(account):
        await account.fetch(case.scope)
        sandbox.reset_requests()
        return await account.fetch(case.scope)

    return with_account(case, sandbox, fetch)


@pytest.mark.parametrize(("case", "kind"), KINDS)
def test_a_long_list_is_followed_to_its_end(case, kind, sandbox):
    """Beyond three pages where there are pages."""
    with_account(case, sandbox, lambda account: create_all(account, case, until=kind))
    before = listed(case, sandbox).resources.keys()
    sandbox.seed(case.api, kind, *(case.row[kind](n) for n in range(MANY)))
    snapshot = listed(case, sandbox)
    assert len(snapshot.resources.keys() - before) == MANY
    assert all(address.kind == kind for address in snapshot.resources.keys() - before)
    assert not snapshot.surplus


@pytest.mark.parametrize(("case", "kind"), KINDS)
@pytest.mark.parametrize("count", [0, 1, 100, 201])
def test_listing_takes_no_more_calls_than_its_paging_needs(case, kind, count, sandbox):
    with_account(case, sandbox, lambda account: create_all(account, case, until=kind))
    sandbox.seed(case.api, kind, *(case.row[kind](n) for n in range(count)))
    there = sum(address.kind == kind for address in listed(case, sandbox).resources)
    snapshot = listed(case, sandbox)
    assert len(sandbox.requests) == snapshot.requests == case.calls(kind, there)
