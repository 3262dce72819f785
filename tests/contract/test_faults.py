"""Every provider when calls fail: nothing is done twice, nothing is taken for what it is not."""

import httpx
import pytest
from contract_world import CASES, Unreliable, create, create_all, held_as_wanted, left, with_account

from reconciler.errors import AlreadyExists, BrokenContract, OutcomeUnknown, ProviderError, Unreachable
from reconciler.model.resources import same
from reconciler.sandbox import Sandbox, SandboxOptions

KINDS = [pytest.param(case, kind, id=f"{case.api}-{kind}") for case in CASES for kind in case.kinds]
CREATABLE = [param for param in KINDS if param.values[0].can(param.values[1], "create")]
DELETABLE = [param for param in KINDS if param.values[0].can(param.values[1], "delete")]


def unique(case, kind):
    """Whether the provider can say that one with the key exists already."""
    capability = case.capabilities.kinds[kind]
    return capability.singleton is None and not capability.replace_create_first


def can_differ(case, kind):
    """A catch-all that is an alias is set after its domain is there, whoever made that."""
    return case.different(kind)[0] != "catch_all" or not case.capabilities.catch_all_is_alias


EXISTING = [param for param in CREATABLE if unique(*param.values)]
DIFFERENT = [param for param in EXISTING if can_differ(*param.values)]


def creating(case, kind):
    async def listed_then_created(account):
        await account.fetch(case.scope)
        await create(account, case, kind)
        return await account.fetch(case.scope)

    return listed_then_created


def prepare(case, sandbox, kind):
    with_account(case, sandbox, lambda account: create_all(account, case, until=kind))


@pytest.mark.parametrize(("case", "kind"), CREATABLE)
@pytest.mark.parametrize("after", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("answer", [None, httpx.Response(504), httpx.Response(502, html="<h1>Bad gateway</h1>")])
def test_a_create_of_unknown_outcome_happens_once(case, kind, after, answer, sandbox):
    """The connection breaks, or a gateway gives up, before or after the server did it: it is looked up, then done if need
    be."""
    prepare(case, sandbox, kind)
    snapshot = with_account(case, sandbox, creating(case, kind), Unreliable("POST", after=after, answer=answer))
    assert not snapshot.surplus
    assert held_as_wanted(case, snapshot, kind)


@pytest.mark.parametrize(("case", "kind"), CREATABLE)
def test_a_create_that_never_gets_through_is_reported(case, kind, sandbox):
    """After five tries, each looked up."""
    prepare(case, sandbox, kind)
    with pytest.raises(OutcomeUnknown, match=f"{case.type}: POST "):
        with_account(case, sandbox, creating(case, kind), Unreliable("POST", 99, after=False))


@pytest.mark.parametrize(("case", "kind"), EXISTING)
def test_what_exists_as_wanted_is_adopted(case, kind, sandbox):
    """An account that does not know of it, because it came in the meanwhile, creates it: fine."""
    with_account(case, sandbox, lambda account: create_all(account, case))

    async def create_again(account):
        await create(account, case, kind)
        return account.live(case.address(kind))

    live = with_account(case, sandbox, create_again)
    assert {name: live.fields[name] for name in case.wanted[kind].fields} == case.wanted[kind].fields


@pytest.mark.parametrize(("case", "kind"), DIFFERENT)
def test_what_exists_otherwise_is_an_error_with_both_values(case, kind, sandbox):
    """And without secrets."""
    with_account(case, sandbox, lambda account: create_all(account, case))
    name, other = case.different(kind)

    async def create_other(account):
        secrets = case.wanted[kind].secrets
        await account.create(case.address(kind), {**case.wanted[kind].fields, name: other}, secrets)

    with pytest.raises(AlreadyExists, match=f"{name} is .*, wanted ") as caught:
        with_account(case, sandbox, create_other)
    assert not any(secret in str(caught.value) for secret in case.wanted[kind].secrets.values())


@pytest.mark.parametrize(
    ("answer", "kind_of_error"),
    [
        (httpx.Response(200, html="<html>Login</html>"), BrokenContract),
        (httpx.Response(200, content=b'[{"id": 1, "na'), BrokenContract),
        (httpx.Response(200, content=b""), BrokenContract),
        (httpx.Response(200, json={}), BrokenContract),
        (httpx.Response(200, json=None), BrokenContract),
        (httpx.Response(200, json=[[]]), BrokenContract),
        (httpx.Response(200, json=["x"]), BrokenContract),
        (httpx.Response(500, json={"msg": "oops"}), ProviderError),
        (httpx.Response(403, html="<html>Blocked</html>"), ProviderError),
        (httpx.Response(302, headers={"Location": "https://login.example.net/"}), BrokenContract),
        (httpx.Response(503), Unreachable),
        (None, Unreachable),
    ],
)
def test_a_listing_that_fails_is_an_error_never_an_empty_list(case, answer, kind_of_error, sandbox):
    """It names the call."""
    with_account(case, sandbox, lambda account: create_all(account, case))
    with pytest.raises(kind_of_error) as caught:
        with_account(
            case, sandbox, lambda account: account.fetch(case.scope), Unreliable("GET", 99, after=False, answer=answer)
        )
    assert caught.value.provider == case.type
    assert caught.value.call.startswith("GET ")


@pytest.mark.parametrize(("case", "kind"), [param for param in KINDS if param.values[0].changed.get(param.values[1])])
@pytest.mark.parametrize("after", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_update_that_breaks_off_is_done_once(case, kind, after, method, sandbox):
    """Whichever of its calls it is."""
    with_account(case, sandbox, lambda account: create_all(account, case))

    async def update(account):
        await account.fetch(case.scope)
        await account.update(case.address(kind), case.changed[kind], {})
        known = dict(account.live(case.address(kind)).fields)
        return known, await account.fetch(case.scope)

    known, snapshot = with_account(case, sandbox, update, Unreliable(method, after=after))
    live = snapshot.resources[case.address(kind)].fields
    assert all(same(value, live[name]) for name, value in case.changed[kind].items())
    assert all(same(value, live[name]) for name, value in known.items())
    assert not snapshot.surplus


@pytest.mark.parametrize(("case", "kind"), DELETABLE)
@pytest.mark.parametrize("after", [True, False], ids=["done", "not done"])
def test_a_delete_that_breaks_off_is_done_once(case, kind, after, sandbox):
    """It is repeated; that it is gone by then is fine."""
    with_account(case, sandbox, lambda account: create_all(account, case))

    async def delete(account):
        await account.fetch(case.scope)
        for above in reversed(case.kinds[case.kinds.index(kind) :]):
            if case.can(above, "delete"):
                await account.delete(case.address(above))
        return await account.fetch(case.scope)

    snapshot = with_account(case, sandbox, delete, Unreliable("DELETE", after=after))
    assert case.address(kind) not in left(case, snapshot)


def test_with_a_third_of_the_calls_going_wrong_nothing_is_done_twice(case):
    """500, 502, 503, 504, 429 and lost connections, some after the work was done. What is reported done is there, what
    failed says so, and going on until all is done leaves each resource once."""
    failures: list[ProviderError] = []
    with Sandbox(SandboxOptions(fault_rate=0.33, seed=4)) as sandbox:

        async def until_done(account):
            for _ in range(30):
                try:
                    await account.fetch(case.scope)
                    for kind in case.kinds:
                        if case.can(kind, "create") and account.live(case.address(kind)) is None:
                            await create(account, case, kind)
                    return await account.fetch(case.scope)
                except ProviderError as error:
                    failures.append(error)
            raise AssertionError("it does not converge")

        snapshot = with_account(case, sandbox, until_done)
    assert left(case, snapshot) == {case.address(kind) for kind in case.kinds if case.can(kind, "delete")}
    assert not snapshot.surplus
    assert {error.provider for error in failures} <= {case.type}
