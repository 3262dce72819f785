"""Random worlds for property tests: two providers with different manners, a manifest, what is live, what is owned.

The same few names everywhere, so that addresses change their kind, move, loop, shadow and point at each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from reconciler_fakes import IMPLY, MAILSERVER, Thing, World, alias, domain, mailbox

from reconciler.model.names import ResourceAddress
from reconciler.model.resources import Live

DOMAINS = ("one.example", "two.example")
LOCALS = ("a", "b", "c", "d")
OUTSIDE = ("x@outside.net", "y@outside.net")
ADDRESSES = tuple(f"{local}@{name}" for name in DOMAINS for local in LOCALS)
PROVIDERS = ("hosting", "other")

anything = st.sampled_from((*ADDRESSES, *OUTSIDE))


@st.composite
def targets(draw: Any, after: str) -> tuple[str, ...]:
    """Mostly further down the list of addresses than *after*, which makes no circle."""
    below = [one for one in ADDRESSES if one > after]
    one = anything if not below or draw(rarely) else st.sampled_from((*below, *OUTSIDE))
    return tuple(draw(st.lists(one, min_size=1, max_size=3, unique=True)))


rarely = st.integers(0, 7).map(lambda n: n == 0)
mostly = rarely.map(lambda flag: not flag)


@st.composite
def children(draw: Any, name: str, beside: bool) -> list[Thing]:
    found: list[Thing] = []
    for local in LOCALS:
        kinds = draw(st.sampled_from(("none", *["mailbox", "alias"] * 3, *(["both"] if beside else []))))
        if kinds in ("mailbox", "both"):
            fields: dict[str, Any] = {"active": draw(mostly)} if not beside else {}
            if draw(st.booleans()):
                fields["quota"] = draw(st.sampled_from((1, 2, 5)))
            found.append(
                mailbox(f"{local}@{name}", password=draw(st.sampled_from((1, 1, 2))), protect=draw(rarely), **fields)
            )
        if kinds in ("alias", "both"):
            fields = {"active": draw(mostly)} if not beside else {}
            if not beside and draw(rarely):
                fields["description"] = draw(st.sampled_from(("p", "q")))
            found.append(alias(f"{local}@{name}", *draw(targets(f"{local}@{name}")), **fields))
    return found


@st.composite
def domains(draw: Any, name: str, mailserver: bool) -> Thing:
    fields: dict[str, Any] = {}
    catch_all = draw(st.sampled_from(("left out", "left out", "none", "some", "some")))
    if catch_all != "left out":
        fields["catch_all"] = None if catch_all == "none" else draw(targets(""))
    if mailserver:
        fields["active"] = draw(mostly)
        for limit, sizes in (("max_mailboxes", (2, 3, 4)), ("max_aliases", (3, 4, 5)), ("quota", (6, 12, 20))):
            if draw(rarely):
                fields[limit] = draw(st.sampled_from(sizes))
        fields["default_mailbox_quota"] = draw(st.sampled_from((1, 2)))
    return domain(name, **fields)


@st.composite
def sides(draw: Any) -> dict[tuple[str, str], list[Thing]]:
    """A whole side, desired or live: domain and children by provider and domain name."""
    found = {}
    for name in DOMAINS:
        provider = draw(st.sampled_from((*PROVIDERS, "hosting", "hosting", "nowhere")))
        if provider != "nowhere":
            own = [draw(domains(name, provider == "hosting")), *draw(children(name, provider == "other"))]
            found[provider, name] = own
    return found


@st.composite
def worlds(draw: Any) -> World:
    world = World(hosting=MAILSERVER, other=IMPLY)
    world.policy(
        prune=draw(st.sampled_from(("owned", "owned", "all", "none"))),
        external_recipients=draw(st.sampled_from(("allow", "warn"))),
    )
    there, wanted = draw(sides()), draw(sides())
    if draw(st.booleans()):
        # The other domain as it is: what changes then is in one of them.
        wanted.update({place: own for place, own in there.items() if place[1] == DOMAINS[0]})
    for (provider, name), own in there.items():
        world.live(provider, *own)
        if not _fits(world, provider, name):
            _without_limits(world, provider, name)
    if draw(rarely):
        world.live("other", domain(DOMAINS[0]), mailbox(f"a@{DOMAINS[0]}"))
    for (provider, name), own in wanted.items():
        manage, prune = (
            (provider, name) not in there or draw(mostly),
            draw(st.sampled_from((None, None, None, "all", "none", "owned"))),
        )
        head = replace(own[0], options={"manage": manage, "prune": prune})
        if not manage:
            head = replace(head, fields={n: v for n, v in head.fields.items() if n == "catch_all"})
        world.wants(provider, head, *own[1:])
    _own_some(draw, world, there)
    for place in sorted(world.entries):
        if draw(mostly):
            world.removed.add(place)
        if draw(rarely) and draw(rarely):
            world.forgotten.add(place)
    return world


def _own_some(draw: Any, world: World, there: Mapping[tuple[str, str], Iterable[Thing]]) -> None:
    all_or_some = draw(st.booleans())
    for (provider, _), own in there.items():
        for thing in own:
            if all_or_some or draw(mostly):
                world.owns(provider, thing)
    if draw(rarely):
        world.owns("hosting", alias(f"d@{DOMAINS[1]}", "x@outside.net"))
    for place in draw(st.sampled_from((set(), set(), {("hosting", "alias", ADDRESSES[0])}))):
        world.pending.add(ResourceAddress(*place))


def _fits(world: World, provider: str, name: str) -> bool:
    holding = world.holdings[provider]
    place = ResourceAddress(provider, "domain", name)
    try:
        holding._check_room(place, holding.resources[place].fields, None)
    except Exception:
        return False
    return True


def _without_limits(world: World, provider: str, name: str) -> None:
    place = ResourceAddress(provider, "domain", name)
    live: Live = world.holdings[provider].resources[place]
    limits = ("max_mailboxes", "max_aliases", "quota")
    world.holdings[provider].resources[place] = replace(
        live, fields={field: value for field, value in live.fields.items() if field not in limits}
    )
