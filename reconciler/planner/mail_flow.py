"""Where mail ends up: from every address, through aliases and catch-alls, to its final recipients.

Addresses are nodes, `points to` is an arrow; the catch-all of a domain is the node `*@domain`, which answers for every
address of the domain that has no node of its own. Nodes that point at each other in a circle share one set of recipients,
which is what Tarjan's algorithm finds in one walk, linear in the number of arrows and without recursion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.names import DomainName, domain_of

Recipients = frozenset[str]
NOBODY: Recipients = frozenset()


def catch_all_of(domain: str) -> str:
    """The node that stands for a domain's catch-all."""
    return f"*@{domain}"


@dataclass(slots=True)
class World:
    """Who answers which address, at one moment.

    *mailboxes*: address -> receives mail; *aliases*: address (or `*@domain`) -> destinations, empty where it is switched
    off. *domains*: those that are hosted here -> receives mail. An address outside them is a recipient by itself.
    *hosts_of*: the provider that receives a domain's mail."""

    domains: dict[str, bool] = field(default_factory=dict)
    hosts_of: dict[DomainName, str] = field(default_factory=dict)
    mailboxes: dict[str, bool] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def node(self, address: str) -> str | None:
        """The node that answers *address*: itself, its domain's catch-all, or None."""
        if address in self.aliases or address in self.mailboxes:
            return address
        star = catch_all_of(domain_of(address))
        return star if star in self.aliases else None

    def hosts(self, address: str) -> bool:
        return "://" not in address and domain_of(address) in self.domains

    def explicit(self) -> Iterator[str]:
        """All nodes: mailboxes, aliases and catch-alls."""
        yield from self.mailboxes
        yield from (address for address in self.aliases if address not in self.mailboxes)


@dataclass(frozen=True, slots=True)
class Flow:
    """The recipients of every node of a world, and the circles in which mail would go round."""

    world: World
    recipients: Mapping[str, Recipients]
    circles: tuple[tuple[str, ...], ...]

    def of(self, address: str) -> Recipients:
        """The final recipients of any address at all."""
        if not self.world.hosts(address):
            return frozenset((address,))
        node = self.world.node(address)
        return NOBODY if node is None else self.recipients[node]


def resolve(world: World) -> Flow:
    """Follows every address of *world* to its end."""
    # Most addresses are mailboxes or aliases that go straight to one; only the others need the graph walk.
    recipients: dict[str, Recipients] = {
        address: frozenset((address,)) if active and _receives(world, address) else NOBODY
        for address, active in world.mailboxes.items()
        if address not in world.aliases
    }
    circles = _walk(world, recipients) if world.aliases else []
    return Flow(world, recipients, tuple(circles))


def _receives(world: World, address: str) -> bool:
    return world.domains.get(domain_of(address), True)


def _own_recipients(world: World, node: str) -> set[str]:
    """Those that a node has without following another: outside addresses, and the copy that it keeps itself."""
    if not _receives(world, node):
        return set()
    return {
        target
        for target in world.aliases[node]
        if not world.hosts(target) or (target == node and world.mailboxes.get(node, False))
    }


def _arrows(world: World, node: str) -> list[str]:
    """The nodes that a node passes mail on to. An address among its own destinations is a kept copy where a mailbox has
    that address, and a circle otherwise."""
    if not _receives(world, node):
        return []
    targets = (
        world.node(t) for t in world.aliases[node] if world.hosts(t) and not (t == node and t in world.mailboxes)
    )
    return [target for target in targets if target is not None]


def _walk(world: World, recipients: dict[str, Recipients]) -> list[tuple[str, ...]]:
    """Tarjan's strongly connected components over the aliases, with an explicit stack; fills *recipients*."""
    circles: list[tuple[str, ...]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []  # visited, component not complete
    for root in world.aliases:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        waiting.append(root)
        stack = [(root, iter(_arrows(world, root)))]
        while stack:
            node, arrows = stack[-1]
            for target in arrows:
                if target in recipients:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    waiting.append(target)
                    stack.append((target, iter(_arrows(world, target))))
                    break
                low[node] = min(low[node], index[target])
            else:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[node])
                if low[node] == index[node]:
                    _complete(world, recipients, circles, _component(waiting, node))
    return circles


def _component(waiting: list[str], root: str) -> list[str]:
    """Takes the component that *root* closes off the stack, in the order in which it was visited."""
    start = len(waiting) - 1
    while waiting[start] != root:
        start -= 1
    members = waiting[start:]
    del waiting[start:]
    return members


def _complete(
    world: World, recipients: dict[str, Recipients], circles: list[tuple[str, ...]], members: list[str]
) -> None:
    reached: set[str] = set()
    inside = set(members)
    circular = False
    for node in members:
        reached |= _own_recipients(world, node)
        for target in _arrows(world, node):
            if target in inside:
                circular = True
            else:
                reached |= recipients[target]
    shared = frozenset(reached)
    for node in members:
        recipients[node] = shared
    if circular:
        circles.append(tuple(_round(world, members)))


def _round(world: World, members: list[str]) -> list[str]:
    """One way round the circle, from its first member back to it."""
    inside = set(members)
    start = min(members)
    path, seen = [start], {start}
    came_from: dict[str, str] = {}
    queue = [start]
    for node in queue:
        for target in _arrows(world, node):
            if target == start:
                path = [start]
                while node != start:
                    path.insert(1, node)
                    node = came_from[node]
                return path
            if target in inside and target not in seen:
                seen.add(target)
                came_from[target] = node
                queue.append(target)
    return path
