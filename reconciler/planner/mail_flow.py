"""Where mail ends up: from every address, through aliases and catch-alls, to its final recipients.

Addresses are nodes, `points to` is an arrow; the catch-all of a domain is the node `*@domain`, which answers for every
address of the domain that has no node of its own. Nodes that point at each other in a circle share one set of recipients
(`graph`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.names import DomainName, domain_of
from reconciler.planner.graph import components

Recipients = frozenset[str]
NOBODY: Recipients = frozenset()


def catch_all_of(domain: str) -> str:
    """The node that stands for a domain's catch-all."""
    return f"*@{domain}"


@dataclass(slots=True)
class World:
    """Who answers which address, at one moment.

    *mailboxes*: address -> receives mail; *aliases*: address (or `*@domain`) -> destinations, empty where it is switched
    off. *hosts_of*: the domains that are here, with the provider that receives their mail; an address outside them is a
    recipient by itself. *closed*: those of them that are switched off. *patterned*: those with aliases that are regular
    expressions, of which nobody here says what they answer."""

    hosts_of: dict[DomainName, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    mailboxes: dict[str, bool] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    patterned: set[str] = field(default_factory=set)

    def node(self, address: str) -> str | None:
        """The node that answers *address*: itself, its domain's catch-all, or None."""
        if address in self.aliases or address in self.mailboxes:
            return address
        star = catch_all_of(domain_of(address))
        return star if star in self.aliases else None

    def hosts(self, address: str) -> bool:
        return domain_of(address) in self.hosts_of and "://" not in address

    def receives(self, address: str) -> bool:
        """Whether the domain of *address* takes mail at all."""
        return not self.closed or domain_of(address) not in self.closed

    def arrows(self, node: str) -> list[str]:
        """The nodes that an alias passes mail on to. An address among its own destinations is a kept copy where a mailbox
        has that address, and a circle otherwise."""
        if node not in self.aliases or not self.receives(node):
            return []
        found = []
        for target in self.aliases[node]:
            if target == node and target in self.mailboxes:
                continue
            answering = self.node(target) if self.hosts(target) else None
            if answering is not None:
                found.append(answering)
        return found

    def own_recipients(self, node: str) -> set[str]:
        """Those that an alias has without passing mail on: outside addresses, and the copy that it keeps itself."""
        if not self.receives(node):
            return set()
        return {
            target
            for target in self.aliases[node]
            if not self.hosts(target) or (target == node and self.mailboxes.get(node, False))
        }

    def explicit(self) -> Iterator[str]:
        """All nodes: mailboxes, aliases and catch-alls."""
        yield from self.mailboxes
        yield from (address for address in self.aliases if address not in self.mailboxes)


@dataclass(frozen=True, slots=True)
class Flow:
    """The recipients of every alias of a world, and the knots: groups of aliases in which mail would go round. *recipients*
    holds an alias after those that it points to."""

    world: World
    recipients: Mapping[str, Recipients]
    knots: tuple[tuple[str, ...], ...]

    def of(self, address: str) -> Recipients:
        """The final recipients of any address at all."""
        if not self.world.hosts(address):
            return frozenset((address,))
        node = self.world.node(address)
        return NOBODY if node is None else self.of_node(node)

    def of_node(self, node: str) -> Recipients:
        known = self.recipients.get(node)
        if known is not None:
            return known
        return _of_mailbox(self.world, node)


def _of_mailbox(world: World, address: str) -> Recipients:
    return frozenset((address,)) if world.mailboxes[address] and world.receives(address) else NOBODY


def resolve(world: World) -> Flow:
    """Follows every alias of *world* to its end."""
    recipients: dict[str, Recipients] = {}
    winding = [node for node in world.aliases if not _goes_straight(world, node, recipients)]
    knots = []
    for members in components(winding, lambda node: [t for t in world.arrows(node) if t in world.aliases]):
        if members[0] not in recipients and _complete(world, recipients, members):
            knots.append(tuple(members))
    return Flow(world, recipients, tuple(knots))


def _goes_straight(world: World, node: str, recipients: dict[str, Recipients]) -> bool:
    """Whether an alias goes to mailboxes and outside only, as nearly all do; they need no walk."""
    for target in world.aliases[node]:
        if target in world.aliases:
            return False
        active = world.mailboxes.get(target)
        if (active is None and world.hosts(target)) or active is False or not world.receives(target):
            return False
    if not world.receives(node):
        return False
    recipients[node] = frozenset(world.aliases[node])
    return True


def _complete(world: World, recipients: dict[str, Recipients], members: list[str]) -> bool:
    """Gives a component its recipients. True when mail would go round in it."""
    reached: set[str] = set()
    inside = set(members)
    circular = False
    for node in members:
        reached |= world.own_recipients(node)
        for target in world.arrows(node):
            if target in inside:
                circular = True
            else:
                reached |= recipients[target] if target in recipients else _of_mailbox(world, target)
    recipients.update(dict.fromkeys(members, frozenset(reached)))
    return circular


def circle(world: World, knot: Sequence[str], known: World | None = None) -> tuple[tuple[str, ...], bool]:
    """One way round in a knot, the shortest from its first member on; and whether it is a new one. Where mail went round in
    *known* already, a way with an arrow that was not there is looked for, so that an old circle hides no new one."""
    inside = frozenset(knot)
    for node in sorted(knot) if known is not None else ():
        there_before = set(known.arrows(node)) if known is not None else set()
        for target in world.arrows(node):
            if target in inside and target not in there_before:
                return _from_smallest(_path(world, target, node, inside)), True
    start = min(knot)
    ways = [_path(world, target, start, inside) for target in world.arrows(start) if target in inside]
    return _from_smallest(min(ways, key=len)), known is None


def _path(world: World, start: str, end: str, inside: Iterable[str]) -> list[str]:
    """The shortest way from one member of a knot to another."""
    came_from: dict[str, str] = {}
    queue = [start]
    for node in queue:
        if node == end:
            break
        for target in world.arrows(node):
            if target in inside and target != start and target not in came_from:
                came_from[target] = node
                queue.append(target)
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def _from_smallest(path: list[str]) -> tuple[str, ...]:
    at = path.index(min(path))
    return tuple(path[at:] + path[:at])
