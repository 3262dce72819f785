"""What an account remembers, how it looks things up, and a catch-all that is an alias: with a little server of lists."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from provider_fakes import FakeClock, FakeNetwork, reply, run

from reconciler.errors import AlreadyExists, BrokenContract, NotFound, OutcomeUnknown, ProviderError, Rejected
from reconciler.model.names import ResourceAddress
from reconciler.model.snapshot import Scope
from reconciler.providers.base import Surroundings
from reconciler.providers.mailserver import PROVIDER

OK = {"type": "success", "msg": "done"}
ALL = Scope(frozenset({"domain", "mailbox", "alias"}))
DOMAIN = ResourceAddress("hosting", "domain", "example.com")
DOMAIN_ROW = {
    "domain": "example.com",
    "active": True,
    "aliases": 400,
    "mailboxes": 10,
    "defquota": 3072,
    "maxquota": 10240,
    "quota": 10240,
    "backupmx": False,
    "description": "",
}


def alias(local: str) -> ResourceAddress:
    return ResourceAddress("hosting", "alias", f"{local}@example.com")


def mailbox(local: str) -> ResourceAddress:
    return ResourceAddress("hosting", "mailbox", f"{local}@example.com")


def alias_row(number: int, local: str, goto: str, *, active: bool = True) -> dict[str, Any]:
    return {"id": number, "address": f"{local}@example.com", "goto": goto, "active": active, "description": ""}


def mailbox_row(local: str) -> dict[str, Any]:
    flags = dict.fromkeys(("force_pw_update", "tls_enforce_in", "tls_enforce_out"), False)
    return {"email": f"{local}@example.com", "name": local, "quota": 1024, "active": True, **flags}


class Server:
    """Lists what it is told to have; every write succeeds and changes nothing, unless told otherwise."""

    def __init__(self, *aliases: dict[str, Any], mailboxes: tuple[dict[str, Any], ...] = ()) -> None:
        self.lists: dict[str, Any] = {"domains": [DOMAIN_ROW], "mailboxes": list(mailboxes), "aliases": list(aliases)}
        self.says: dict[str, list[Any]] = {}
        self.network = FakeNetwork(self.answer, FakeClock())

    def answer(self, request: httpx.Request) -> Any:
        path = request.url.path.removeprefix("/api/v1/")
        if said := self.says.get(f"{request.method} {path}"):
            return said.pop(0)
        if request.method != "GET":
            return reply(200, OK)
        if path in self.lists:
            return reply(200, self.lists[path])
        found = [row for row in self.lists["mailboxes"] if path == f"mailboxes/{row['email']}"]
        return reply(200, found[0]) if found else reply(404, {"type": "error", "msg": "not there"})

    def work(self, *calls):
        """Runs each call with one account; the last result."""

        async def all_of_them():
            settings = PROVIDER.settings.model_validate(
                {"base_url": "https://mail.example.com/api/v1", "api_key": "key", "rate_limit": "none"}
            )
            clock = self.network.clock.clock()
            self.account = PROVIDER.connect("hosting", settings, Surroundings("1"), clock, self.network)
            try:
                return [await call(self.account) for call in calls][-1]
            finally:
                await self.account.close()

        return run(all_of_them())

    @property
    def sent(self) -> list[str]:
        return [f"{r.method} {r.url.path.removeprefix('/api/v1/')}" for r in self.network.requests]

    def bodies(self, call: str) -> list[Any]:
        return [json.loads(r.content) for r, name in zip(self.network.requests, self.sent, strict=True) if name == call]


def fetch(account):
    return account.fetch(ALL)


# A catch-all that is an alias


def test_the_catch_all_is_a_field_of_its_domain_and_no_alias():
    server = Server(alias_row(1, "", "john@example.com"), alias_row(2, "info", "john@example.com"))
    snapshot = server.work(fetch)
    assert snapshot.resources[DOMAIN].fields["catch_all"] == ("john@example.com",)
    assert [address.key for address in snapshot.resources if address.kind == "alias"] == ["info@example.com"]


def test_domains_alone_are_listed_with_their_aliases():
    """Two calls, but only what was asked for is given."""
    server = Server(alias_row(1, "", "john@example.com"), alias_row(2, "info", "john@example.com"))
    snapshot = server.work(lambda account: account.fetch(Scope(frozenset({"domain"}))))
    assert sorted(server.sent) == ["GET aliases", "GET domains"]
    assert (list(snapshot.resources), snapshot.listed, snapshot.requests) == ([DOMAIN], {"domain"}, 2)
    assert snapshot.resources[DOMAIN].fields["catch_all"] == ("john@example.com",)


def test_a_catch_all_that_is_switched_off_catches_nothing():
    server = Server(alias_row(1, "", "john@example.com", active=False))
    assert server.work(fetch).resources[DOMAIN].fields["catch_all"] is None


def test_setting_it_switches_it_on():
    """The alias is there already, so it is changed, not made."""
    server = Server(alias_row(1, "", "john@example.com", active=False))
    server.work(fetch, lambda account: account.update(DOMAIN, {"catch_all": ("eve@example.net",)}, {}))
    assert server.bodies("PUT aliases/1") == [
        {"address": "@example.com", "goto": "eve@example.net", "active": True, "description": ""}
    ]


def test_clearing_it_deletes_the_alias():
    server = Server(alias_row(1, "", "john@example.com"))
    server.work(fetch, lambda account: account.update(DOMAIN, {"catch_all": None}, {}))
    assert server.sent[3:] == ["DELETE aliases/1"]
    assert server.account.live(DOMAIN).fields["catch_all"] is None


def test_a_catch_all_with_other_fields_is_two_calls():
    server = Server()
    server.work(fetch, lambda a: a.update(DOMAIN, {"active": False, "catch_all": ("a@x.example",)}, {}))
    assert server.sent[3:] == ["PUT domains/example.com", "POST aliases"]


# Ids that creates do not tell


def test_ids_are_learnt_with_one_listing_for_many():
    """However many new aliases are changed at the same time."""
    names = [f"a{n}" for n in range(10)]
    server = Server()

    async def create(account):
        for name in names:
            await account.create(alias(name), {"destinations": ("john@example.com",)}, {})
        server.lists["aliases"] = [alias_row(n, name, "john@example.com") for n, name in enumerate(names, 1)]

    async def update(account):
        await asyncio.gather(*(account.update(alias(name), {"active": False}, {}) for name in names))

    server.work(fetch, create, update)
    assert server.sent.count("GET aliases") == 2
    assert server.sent[-10:] == [f"PUT aliases/{n}" for n in range(1, 11)]


def test_an_alias_that_vanished_before_its_id_was_known_needs_no_delete():
    server = Server()
    server.work(
        fetch,
        lambda account: account.create(alias("info"), {"destinations": ("john@example.com",)}, {}),
        lambda account: account.delete(alias("info")),
    )
    assert not [call for call in server.sent if call.startswith("DELETE")]


# What was written is remembered


def test_an_update_sends_the_live_values_of_the_rest():
    """Those that were listed, as changed by what was written since."""
    server = Server(mailboxes=(mailbox_row("john"),))
    server.work(
        fetch,
        lambda account: account.update(mailbox("john"), {"name": "John"}, {}),
        lambda account: account.update(mailbox("john"), {"tls_enforce_in": True}, {"password": "new one"}),
    )
    sent = server.bodies("PUT mailboxes/john@example.com")
    flags = {"force_pw_update": False, "tls_enforce_out": False}
    assert sent[0] == {"name": "John", "quota": 1024, "active": True, "tls_enforce_in": False, **flags}
    assert sent[1] == {**sent[0], "tls_enforce_in": True, "password": "new one"}


def test_a_destination_that_went_with_its_mailbox_is_not_sent_again():
    """The server took it out of the alias; sending the alias whole would put it back."""
    server = Server(alias_row(1, "info", "eve@example.net,john@example.com"), mailboxes=(mailbox_row("john"),))
    server.work(
        fetch,
        lambda account: account.delete(mailbox("john")),
        lambda account: account.update(alias("info"), {"active": False}, {}),
    )
    assert [body["goto"] for body in server.bodies("PUT aliases/1")] == ["eve@example.net"]


def test_a_one_shot_flag_that_the_server_has_reset_is_as_wanted():
    """The mailbox exists with the flag off: it was set, and the user has changed the password."""
    row = mailbox_row("john")
    server = Server(mailboxes=(row,))
    server.says["POST mailboxes"] = [reply(409, {"type": "error", "msg": "exists"})]
    server.work(lambda a: a.create(mailbox("john"), {"force_password_update": True}, {"password": "secret1"}))


def test_a_flag_that_is_on_and_wanted_off_is_a_difference():
    server = Server(mailboxes=({**mailbox_row("john"), "force_pw_update": True},))
    server.says["POST mailboxes"] = [reply(409, {"type": "error", "msg": "exists"})]
    with pytest.raises(AlreadyExists, match="force_password_update is True, wanted False"):
        server.work(lambda a: a.create(mailbox("john"), {"force_password_update": False}, {"password": "secret1"}))


def test_sizes_in_a_difference_have_their_unit():
    server = Server(mailboxes=(mailbox_row("john"),))
    server.says["POST mailboxes"] = [reply(409, {"type": "error", "msg": "exists"})]
    with pytest.raises(AlreadyExists, match="quota is 1 GiB, wanted 2 GiB"):
        server.work(lambda a: a.create(mailbox("john"), {"quota": 2 * 2**30}, {"password": "secret1"}))


# Looking up


def test_many_creates_of_unknown_outcome_share_their_listings():
    """Each is looked up in a listing that began after it failed; not each in one of its own."""
    names = [f"a{n}" for n in range(6)]
    server = Server()
    server.says["POST aliases"] = [httpx.ReadTimeout("")] * 6

    async def create(account):
        server.lists["aliases"] = [alias_row(n, name, "john@example.com") for n, name in enumerate(names, 1)]
        wanted = {"destinations": ("john@example.com",)}
        await asyncio.gather(*(account.create(alias(name), wanted, {}) for name in names))

    server.work(fetch, create)
    assert server.sent.count("POST aliases") == 6
    assert server.sent.count("GET aliases") <= 3


def test_one_mailbox_is_looked_up_with_one_call_not_with_a_list_of_all():
    server = Server(mailboxes=(mailbox_row("john"),))
    server.says["POST mailboxes"] = [httpx.ReadTimeout("")]
    server.work(lambda account: account.create(mailbox("john"), {"name": "john"}, {"password": "secret1"}))
    assert server.sent == ["GET domains", "POST mailboxes", "GET mailboxes/john@example.com"]


def test_when_looking_fails_too_the_outcome_stays_unknown():
    server = Server()
    server.says["POST aliases"] = [httpx.ReadTimeout("")]
    server.says["GET aliases"] = [reply(500, {"type": "error", "msg": "down"})]
    with pytest.raises(OutcomeUnknown, match="POST aliases"):
        server.work(lambda account: account.create(alias("info"), {"destinations": ("john@example.com",)}, {}))


@pytest.mark.parametrize(("live", "done"), [(False, True), (True, False)])
def test_an_update_of_unknown_outcome_is_looked_up(live, done):
    server = Server(alias_row(1, "info", "john@example.com", active=live))
    server.says["PUT aliases/1"] = [httpx.ReadTimeout("")] * 5

    def update(account):
        return account.update(alias("info"), {"active": False}, {})

    if done:
        server.work(fetch, update)
    else:
        with pytest.raises(OutcomeUnknown):
            server.work(fetch, update)


def test_a_new_password_of_unknown_outcome_cannot_be_looked_up():
    server = Server(mailboxes=(mailbox_row("john"),))
    server.says["PUT mailboxes/john@example.com"] = [httpx.ReadTimeout("")] * 5
    with pytest.raises(OutcomeUnknown):
        server.work(fetch, lambda account: account.update(mailbox("john"), {}, {"password": "new one"}))


def test_a_delete_of_unknown_outcome_is_looked_up():
    server = Server(mailboxes=(mailbox_row("john"), mailbox_row("eve")))
    for name in ("john", "eve"):
        server.says[f"DELETE mailboxes/{name}@example.com"] = [httpx.ReadTimeout("")] * 5
    server.lists["mailboxes"].pop(0)
    server.work(lambda account: account.delete(mailbox("john")))
    with pytest.raises(OutcomeUnknown):
        server.work(lambda account: account.delete(mailbox("eve")))


# Several with one address; one twice; nothing to be had


def test_of_several_with_one_address_the_last_counts_and_the_others_are_surplus():
    server = Server(alias_row(1, "info", "a@x.example"), alias_row(2, "info", "b@x.example"))
    snapshot = server.work(fetch)
    assert snapshot.resources[alias("info")].remote_id == 2
    assert [live.remote_id for live in snapshot.surplus] == [1]


def test_a_surplus_one_can_be_deleted_and_the_other_stays_known():
    server = Server(alias_row(1, "info", "a@x.example"), alias_row(2, "info", "b@x.example"))

    async def delete_surplus(account):
        snapshot = await account.fetch(ALL)
        await account.delete(alias("info"), snapshot.surplus[0])

    server.work(delete_surplus)
    assert server.sent[-1] == "DELETE aliases/1"
    assert server.account.live(alias("info")).remote_id == 2


def test_one_and_the_same_listed_twice_is_no_listing():
    server = Server(alias_row(1, "info", "a@x.example"), alias_row(1, "info", "a@x.example"))
    with pytest.raises(BrokenContract, match=r"GET aliases: .* lists one alias twice"):
        server.work(fetch)


def test_when_one_list_fails_fetching_fails_with_its_error():
    server = Server()
    server.says["GET mailboxes"] = [reply(500, {"type": "error", "msg": "mailboxes are down"})]
    with pytest.raises(Rejected, match="GET mailboxes: mailboxes are down"):
        server.work(fetch)


def test_updating_what_is_not_there_is_an_error():
    with pytest.raises(NotFound, match=r"alias info@example\.com is not there"):
        Server().work(fetch, lambda account: account.update(alias("info"), {"active": False}, {}))


def test_a_verb_that_the_table_does_not_have_is_an_error():
    """The planner asks the capabilities first; this is for those who do not."""
    from dataclasses import replace

    alias_kind = next(kind for kind in PROVIDER.kinds if kind.name == "alias")
    kinds = tuple(replace(kind, update=None) if kind is alias_kind else kind for kind in PROVIDER.kinds)
    api = replace(PROVIDER, kinds=kinds)
    assert api.capabilities({}).kinds["alias"].verbs == {"create", "delete"}
    settings = PROVIDER.settings.model_validate({"base_url": "https://mail.example.com", "api_key": "key"})

    async def update():
        account = api.connect("hosting", settings, Surroundings("1"))
        try:
            await account.update(alias("info"), {"active": False}, {})
        finally:
            await account.close()

    with pytest.raises(ProviderError, match="mailserver has no call to do this with a alias"):
        run(update())


def test_a_credential_that_no_header_can_carry_is_refused():
    """Before anything is sent, and without showing it."""
    settings = PROVIDER.settings.model_validate({"base_url": "https://mail.example.com", "api_key": "schlüssel\n"})
    with pytest.raises(ProviderError, match="hosting: the credential holds characters") as caught:
        PROVIDER.connect("hosting", settings, Surroundings("1"))
    assert "schl" not in str(caught.value)


def test_settings_show_no_credential():
    settings = PROVIDER.settings.model_validate({"base_url": "https://mail.example.com", "api_key": "hunter2"})
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_what_is_written_while_a_list_is_on_its_way_is_not_forgotten():
    """The list was made up before; it does not know better."""
    server = Server(alias_row(1, "old", "john@example.com"), alias_row(2, "gone", "john@example.com"))
    destinations = {"destinations": ("john@example.com",)}

    async def create_and_delete(account):
        await account.create(alias("new"), destinations, {})
        await account.update(alias("old"), {"active": False}, {})
        await account.delete(alias("gone"))

    async def at_the_same_time(account):
        await account.fetch(ALL)
        listing = asyncio.create_task(account.fetch(ALL))
        await asyncio.sleep(0)
        await asyncio.gather(listing, create_and_delete(account))

    server.network.slow = "GET"
    server.work(at_the_same_time)
    live = server.account.live
    assert live(alias("new")) is not None
    assert live(alias("old")).fields["active"] is False
    assert live(alias("gone")) is None
