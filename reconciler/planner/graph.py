"""Strongly connected components: what points at each other in a circle, found in one walk (Tarjan), without recursion."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node", int, str)


def components(nodes: Iterable[Node], arrows: Callable[[Node], Iterable[Node]]) -> Iterator[list[Node]]:
    """Every component that can be reached from *nodes*, each after those that it points to, its members in the order in
    which they were met. *arrows* is asked once for each node."""
    met: dict[Node, int] = {}
    low: dict[Node, int] = {}
    closed: set[Node] = set()
    waiting: list[Node] = []  # met, component not complete
    for root in nodes:
        if root in met:
            continue
        met[root] = low[root] = len(met)
        waiting.append(root)
        path = [(root, iter(arrows(root)))]
        while path:
            node, targets = path[-1]
            for target in targets:
                if target not in met:
                    met[target] = low[target] = len(met)
                    waiting.append(target)
                    path.append((target, iter(arrows(target))))
                    break
                if target not in closed:
                    low[node] = min(low[node], met[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == met[node]:
                    members = _taken_off(waiting, node)
                    closed.update(members)
                    yield members


def _taken_off(waiting: list[Node], root: Node) -> list[Node]:
    """The component that *root* closes; those met since it and not closed yet."""
    start = len(waiting) - 1
    while waiting[start] != root:
        start -= 1
    members = waiting[start:]
    del waiting[start:]
    return members
