"""Every provider, over real HTTP, from an empty account and back: what the account promises holds for all of them."""

from dataclasses import replace

import pytest
from contract_world import CASES, create, create_all, fields_of, held_as_wanted, left, secret_of, with_account

from reconciler.errors import AuthenticationFailed
from reconciler.model.names import ResourceAddress

KINDS = [pytest.param(case, kind, id=f"{case.api}-{kind}") for case in CASES for kind in case.kinds]
CHANGES = [
    pytest.param(case, kind, field, id=f"{case.api}-{kind}-{field}")
    for case in CASES
    for kind in case.kinds
    if case.capabilities.kinds[kind].can("update")
    for field in case.changed.get(kind, {})
]
CREATABLE = [param for param in KINDS if param.values[0].can(param.values[1], "create")]
DELETABLE = [param for param in KINDS if param.values[0].can(param.values[1], "delete")]
CHANGEABLE = [param for param in KINDS if param.values[0].changed.get(param.values[1])]


def writes(sandbox):
    return [request for request in sandbox.requests if request.method != "GET"]


def test_a_life_cycle_leaves_an_empty_account(case, sandbox):
    """Create one of each kind, see them, delete them the other way round, see nothing but what no call can delete."""

    async def life(account):
        await create_all(account, case)
        born = await account.fetch(case.scope)
        for kind in reversed(case.kinds):
            if case.can(kind, "delete"):
                await account.delete(case.address(kind), born.resources[case.address(kind)])
        return born, await account.fetch(case.scope)

    born, dead = with_account(case, sandbox, life)
    assert left(case, born) == {case.address(kind) for kind in case.kinds if case.can(kind, "delete")}
    assert all(held_as_wanted(case, born, kind) for kind in case.kinds)
    assert not left(case, dead)


def test_only_documented_calls_are_sent(case, sandbox):
    """The sandbox refuses unknown routes, methods and fields; nothing of the life cycle is refused."""
    test_a_life_cycle_leaves_an_empty_account(case, sandbox)
    assert {request.status for request in sandbox.requests} <= {200, 201, 204}


@pytest.mark.parametrize(("case", "kind"), KINDS)
def test_a_listing_shows_every_field_and_no_secret(case, kind, sandbox):
    """All that the capabilities say can be read, in the portable form."""

    async def listed(account):
        await create_all(account, case)
        return await fields_of(account, case, kind)

    shown = with_account(case, sandbox, listed)
    fields = case.capabilities.kinds[kind].fields
    assert set(shown) == {name for name, capability in fields.items() if capability.reads}
    assert secret_of(kind) not in shown


def test_the_cases_change_every_field_that_can_be_changed():
    """So that a new field is tested as soon as a table has it."""
    for case in CASES:
        for kind in case.kinds:
            capability = case.capabilities.kinds[kind]
            updatable = {n for n, f in capability.fields.items() if f.update and f.reads and not f.fixed}
            changed = set(case.changed.get(kind, {}))
            assert changed == (updatable if capability.can("update") else set()), (case.type, kind)


@pytest.mark.parametrize(("case", "kind", "field"), CHANGES)
def test_an_update_changes_that_field_and_no_other(case, kind, field, sandbox):
    """In as many calls as the capabilities say, whatever else the provider wants to be sent along."""
    value = case.changed[kind][field]

    async def change(account):
        await create_all(account, case)
        before = await fields_of(account, case, kind)
        sandbox.reset_requests()
        live = account.live(case.address(kind))
        await account.update(case.address(kind), {field: value}, {})
        cost = case.capabilities.cost(kind, "update", {field: value}, live)
        assert len(writes(sandbox)) == cost
        remembered = account.live(case.address(kind))
        return before, await fields_of(account, case, kind), remembered

    before, after, remembered = with_account(case, sandbox, change)
    expected = "" if value is None else value
    assert after == {**before, field: expected}
    assert {**remembered.fields, field: expected} == after


@pytest.mark.parametrize(("case", "kind"), KINDS)
def test_what_is_always_the_same_is_never_sent(case, kind, sandbox):
    """Writing it in a manifest is fine, and changes nothing."""
    fixed = {name: field for name, field in case.capabilities.kinds[kind].fields.items() if field.fixed}

    async def write(account):
        await create_all(account, case)
        before = await fields_of(account, case, kind)
        sandbox.reset_requests()
        await account.update(case.address(kind), {name: before[name] for name in fixed}, {})
        return before, await fields_of(account, case, kind)

    before, after = with_account(case, sandbox, write)
    assert before == after
    assert not writes(sandbox)


@pytest.mark.parametrize(("case", "kind"), CHANGEABLE)
def test_all_fields_at_once_are_one_update(case, kind, sandbox):
    """Also right after the create, before anything was listed again."""

    async def change(account):
        await create_all(account, case)
        sandbox.reset_requests()
        live = account.live(case.address(kind))
        await account.update(case.address(kind), case.changed[kind], {})
        assert len(writes(sandbox)) == case.capabilities.cost(kind, "update", case.changed[kind], live)
        return await fields_of(account, case, kind)

    shown = with_account(case, sandbox, change)
    assert {n: shown[n] for n in case.changed[kind]} == {
        n: "" if v is None else v for n, v in case.changed[kind].items()
    }


@pytest.mark.parametrize(("case", "kind"), CREATABLE)
def test_a_create_makes_as_many_calls_as_the_capabilities_say(case, kind, sandbox):
    async def count(account):
        await account.fetch(case.scope)
        await create_all(account, case, until=kind)
        sandbox.reset_requests()
        await create(account, case, kind)

    with_account(case, sandbox, count)
    assert len(writes(sandbox)) == case.capabilities.cost(kind, "create", case.wanted[kind].fields, None)


@pytest.mark.parametrize(("case", "kind"), DELETABLE)
def test_what_is_gone_is_deleted_without_complaint(case, kind, sandbox):
    async def delete_twice(account):
        await create_all(account, case, until=kind)
        await create(account, case, kind)
        live = (await account.fetch(case.scope)).resources[case.address(kind)]
        await account.delete(case.address(kind), live)
        await account.delete(case.address(kind), live)
        await account.delete(case.address(kind))
        return await account.fetch(case.scope)

    assert case.address(kind) not in left(case, with_account(case, sandbox, delete_twice))


@pytest.mark.parametrize(("case", "kind"), DELETABLE)
def test_a_delete_makes_as_many_calls_as_the_capabilities_say(case, kind, sandbox):
    async def count(account):
        await create_all(account, case, until=kind)
        await create(account, case, kind)
        live = (await account.fetch(case.scope)).resources[case.address(kind)]
        sandbox.reset_requests()
        await account.delete(case.address(kind), live)
        return case.capabilities.cost(kind, "delete", {}, live)

    assert with_account(case, sandbox, count) == len(writes(sandbox))


def test_nothing_is_sent_before_the_first_method_is_called(case, sandbox):
    async def nothing(account):
        return account.requests

    assert with_account(case, sandbox, nothing) == 0
    assert sandbox.requests == []


def test_an_unknown_resource_is_not_known(case, sandbox):
    async def look(account):
        await account.fetch(case.scope)
        return account.live(ResourceAddress(case.type, case.kinds[0], "nobody@example.com"))

    assert with_account(case, sandbox, look) is None


def test_a_wrong_key_is_sent_once(case, sandbox):
    """Listing several kinds at once must not be several attempts."""
    wrong = {name: "sk_wrong" for name in ("api_key", "password") if name in case.provider.settings.model_fields}
    stranger = replace(case, settings={**case.settings, **wrong})

    async def fetch(account):
        with pytest.raises(AuthenticationFailed):
            await account.fetch(case.scope)

    with_account(stranger, sandbox, fetch)
    assert len(sandbox.requests) == 1
