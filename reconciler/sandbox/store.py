"""Where the emulated APIs keep their rows: one collection per API and kind, in memory, with a durable copy in SQLite.

Reads never touch SQLite; it is there so that a sandbox with a data folder finds everything again, in the same order, after
a restart. A row is a dict of JSON values that nobody changes in place: put a changed copy."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Key = str | int
Marks = Callable[[Row], Iterable[Hashable]]  # the values under which an index finds a row
Share = Callable[[Row], tuple[Hashable, int]]  # group, and what the row adds to the sum of that group

SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (collection TEXT, key, body TEXT, UNIQUE (collection, key));
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, last INTEGER);
"""


class Store:
    """All rows of all APIs. Not thread-safe by itself: the server holds one lock around each request."""

    def __init__(self, folder: Path | None = None) -> None:
        self._db = sqlite3.connect(_file_in(folder) if folder else ":memory:", check_same_thread=False)
        # A restart must find what was committed; a power cut may lose it.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(SCHEMA)
        self._collections: dict[str, Collection] = {}
        self._numbers: dict[str, int] = dict(self._db.execute("SELECT name, last FROM numbers"))

    def collection(
        self,
        name: str,
        key: str,
        indexes: Mapping[str, Marks] | None = None,
        sums: Mapping[str, Share] | None = None,
    ) -> Collection:
        """The collection *name* (`API/KIND`), whose rows are known by their field *key*, with what was stored before.

        There is one of each name: two versions of an API that ask for it share the rows."""
        if name in self._collections:
            return self._collections[name]
        collection = self._collections[name] = Collection(self, name, key, indexes or {}, sums or {})
        stored = self._db.execute("SELECT body FROM rows WHERE collection = ? ORDER BY rowid", (name,))
        for (body,) in stored:
            collection.load(json.loads(body))
        return collection

    def next_number(self, name: str) -> int:
        """1, 2, 3 …: never given out twice, also not after a restart or for a row that is gone."""
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        self.remember(name, number)
        return number

    def number(self, name: str) -> int:
        return self._numbers.get(name, 0)

    def remember(self, name: str, number: int) -> None:
        self._numbers[name] = number
        self._db.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?)", (name, number))

    def write(self, collection: str, key: Key, row: Row) -> None:
        self._db.execute(
            "INSERT INTO rows VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            (collection, key, json.dumps(row)),
        )

    def erase(self, collection: str, key: Key) -> None:
        self._db.execute("DELETE FROM rows WHERE collection = ? AND key = ?", (collection, key))

    def commit(self) -> None:
        """Once per request, so that what a killed sandbox finds again is never half a request."""
        self._db.commit()

    def wipe(self) -> None:
        self._collections.clear()
        self._numbers.clear()
        self._db.execute("DELETE FROM rows")
        self._db.execute("DELETE FROM numbers")
        self._db.commit()

    def close(self) -> None:
        self._db.commit()
        self._db.close()


class Collection:
    """Rows of one kind in the order in which they came, found by key or by an index, with running sums per group."""

    def __init__(
        self, store: Store, name: str, key: str, indexes: Mapping[str, Marks], sums: Mapping[str, Share]
    ) -> None:
        self.name = name
        self.key = key
        self._store = store
        self._rows: dict[Key, Row] = {}
        self._marks = indexes
        # A dict of keys, because it is a set that keeps the order of the rows.
        self._index: dict[str, dict[Hashable, dict[Key, None]]] = {index: {} for index in indexes}
        self._shares = sums
        self._sums: dict[str, defaultdict[Hashable, int]] = {name: defaultdict(int) for name in sums}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def get(self, key: Key) -> Row | None:
        return self._rows.get(key)

    def where(self, index: str, value: Hashable) -> list[Row]:
        return [self._rows[key] for key in self._index[index].get(value, ())]

    def first(self, index: str, value: Hashable) -> Row | None:
        return next(iter(self.where(index, value)), None)

    def count(self, index: str, value: Hashable) -> int:
        return len(self._index[index].get(value, ()))

    def total(self, name: str, group: Hashable) -> int:
        return self._sums[name][group]

    def put(self, row: Row) -> Row:
        """Adds *row*, or puts it in the place of the one with its key."""
        self.load(row)
        self._store.write(self.name, row[self.key], row)
        return row

    def remove(self, key: Key) -> Row:
        row = self._rows.pop(key)
        self._unmark(key, row)
        self._store.erase(self.name, key)
        return row

    def load(self, row: Row) -> None:
        """`put` for a row that SQLite has already."""
        key: Key = row[self.key]
        if (old := self._rows.get(key)) is not None:
            self._unmark(key, old)
        self._rows[key] = row
        self._mark(key, row)

    def _mark(self, key: Key, row: Row) -> None:
        for index, marks in self._marks.items():
            for value in marks(row):
                self._index[index].setdefault(value, {})[key] = None
        for name, share in self._shares.items():
            group, amount = share(row)
            self._sums[name][group] += amount

    def _unmark(self, key: Key, row: Row) -> None:
        for index, marks in self._marks.items():
            for value in marks(row):
                self._index[index].get(value, {}).pop(key, None)
        for name, share in self._shares.items():
            group, amount = share(row)
            self._sums[name][group] -= amount


def _file_in(folder: Path) -> Path:
    """The database file; private, because what is tried out in a sandbox may be real passwords."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "sandbox.sqlite"
    file.touch(mode=0o600)
    return file
