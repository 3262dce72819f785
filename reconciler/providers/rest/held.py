"""What an account knows of one kind: all that was listed, as changed by what was written since."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.resources import Live
from reconciler.providers.rest.rows import Rows


class Held:
    """*by_key*: one live resource for each natural key; *surplus*: the others.

    Listings and writes are numbered as they happen. *listed* is the number at which the last complete listing began, 0
    when there was none: what was written after that is not in it. *lock* is held while listing again."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.kind = rows.kind
        self.by_key: dict[str, Live] = {}
        self.surplus: tuple[Live, ...] = ()
        self.listed = 0
        self.lock = asyncio.Lock()
        self._numbers = 0
        self._written: dict[str, int] = {}

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def all(self, key: str) -> list[Live]:
        """Every one with this key, the one that counts first."""
        known = self.by_key.get(key)
        return [*([known] if known else []), *(live for live in self.surplus if live.address.key == key)]

    def remember(self, live: Live) -> None:
        self._written[live.address.key] = self.number()
        self.by_key[live.address.key] = live

    def forget(self, key: str, one: Live | None = None) -> None:
        """*one*: exactly this of several with the key."""
        known = self.by_key.get(key)
        if known is not None and (one is None or one.remote_id in (None, known.remote_id)):
            self._written[key] = self.number()
            del self.by_key[key]
        self.surplus = tuple(other for other in self.surplus if one is None or other.remote_id != one.remote_id)

    def replace(self, found: Iterable[Live], began: int) -> None:
        """Takes over a complete listing. Raises ValueError when one and the same is there twice."""
        by_key, surplus = self._sorted_out(found)
        for key, at in list(self._written.items()):
            if at < began:
                del self._written[key]
            elif key in self.by_key:
                by_key[key] = _with_id(self.by_key[key], by_key.get(key))
            else:
                by_key.pop(key, None)
        self.by_key, self.surplus, self.listed = by_key, surplus, began

    def _sorted_out(self, found: Iterable[Live]) -> tuple[dict[str, Live], tuple[Live, ...]]:
        """Of several with one key the last one counts; the others."""
        by_key: dict[str, Live] = {}
        surplus: list[Live] = []
        for live in found:
            before = by_key.setdefault(live.address.key, live)
            if before is live:
                continue
            if live.remote_id is None or any(live.remote_id == other.remote_id for other in (before, *surplus)):
                raise ValueError(f"it lists one {self.kind.name} twice")
            surplus.append(before)
            by_key[live.address.key] = live
        return by_key, tuple(surplus)


def _with_id(written: Live, listed: Live | None) -> Live:
    if listed is None or written.remote_id is not None:
        return written
    return replace(written, remote_id=listed.remote_id)
