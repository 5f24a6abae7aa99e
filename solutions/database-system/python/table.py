"""Rows and their indexes as keys of one store.

A row lies under its primary key; a table without one gives its rows numbers. An index is more keys,
with the columns that it is for in front and the way to the row as their value. So a row with k
indexes is 1 + k entries, and changing a row is changing a set of entries. The trees of SQLite (WITHOUT
ROWID) and InnoDB are built so; PostgreSQL keeps rows in a heap, where an index points to a page and
a slot. That is one step shorter to read, and must be repaired when a row moves.

    row       't' | u32 table id | KEY(primary key)   ->  ROW(all columns)
              without a primary key: KEY(a number from next_id("row" ++ u32 table id))
    index     'i' | u32 index id | KEY(its columns)   ->  row key
              if the index is not unique, or one of the columns is NULL, the row key also follows
              in the key: entries that may have the same columns must differ in something
    row key   the KEY of the row, without what stands before it

KEY is what `encode_key` makes, ROW what `encode_row` makes. All numbers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from keys import Value, encode_key, prefix_end
from kit.cursor import Cursor
from kit.errors import NotNullViolation, UndefinedTable, UniqueViolation
from record import decode_row, encode_row

Info = dict[str, Any]
Row = list[Value]
# BEGIN SOLUTION: helpers
PREFIX = struct.Struct(">cI")  # 't' or 'i', id of the table or the index
Entry = tuple[bytes, bytes, str | None]  # key, value, the index in which the key must be alone
# END SOLUTION


class Table:
    """The rows of one table. It keeps nothing that is not in the store or in `info`.

    A call that raises one of the errors named here has changed nothing.
    """

    def __init__(self, store: Any, info: Info) -> None:
        """Look at the rows of a table in `store`, as the catalog describes it.

        `info` is {"name", "id", "columns": [{"name", "type", "not_null", "default"}],
        "primary_key": [column names], "indexes": [{"name", "id", "columns": [column names],
        "unique", "constraint"}]}; `constraint` says that the index belongs to a UNIQUE of the table.
        """
        # BEGIN SOLUTION
        self._store = store
        self._info = info
        self._types = [column["type"] for column in info["columns"]]
        self._places = {column["name"]: i for i, column in enumerate(info["columns"])}
        self._primary_key = self._positions(info["primary_key"])
        self._rows = row_prefix(info["id"])
        # END SOLUTION

    def name(self) -> str:
        """Return the table's name."""
        # BEGIN SOLUTION
        return str(self._info["name"])
        # END SOLUTION

    def columns(self) -> list[dict[str, Any]]:
        """Return {"name", "type", "not_null", "default"} of each column. To be read, not changed."""
        # BEGIN SOLUTION
        return list(self._info["columns"])
        # END SOLUTION

    def indexes(self) -> list[dict[str, Any]]:
        """Return {"name", "columns", "unique"} of each index, the oldest first.

        Before them stands the primary key, if there is one, as <table>_pkey. The columns are names.
        """
        # BEGIN SOLUTION
        listed = [
            {key: index[key] for key in ("name", "columns", "unique")}
            for index in self._info["indexes"]
        ]
        if self._primary_key:
            name, columns = primary_index(self.name()), self._info["primary_key"]
            listed.insert(0, {"name": name, "columns": columns, "unique": True})
        return listed
        # END SOLUTION

    def insert(self, values: Row) -> bytes:
        """Add a row, with a value for each column, and return its row key.

        Raises TypeMismatch as `encode_row` does, NotNullViolation, and UniqueViolation if the
        primary key is there already, or a unique index has these values. Values that hold a NULL
        are equal to no others. Defaults are not the table's business.
        """
        # BEGIN SOLUTION
        data = self._checked(values)
        row_key = self._row_key(values)
        if not self._primary_key:
            row_key = encode_key(["integer"], [self._store.next_id(b"row" + self._rows[1:])])
        self._change({}, self._entries(row_key, values, data))
        return row_key
        # END SOLUTION

    def get(self, primary_key: Row) -> Row | None:
        """Return the row with this primary key, one value for each of its columns; None if none has.

        This is one `get` of the store. Raises TypeMismatch if the key cannot be of this table.
        """
        # BEGIN SOLUTION
        types = [self._types[i] for i in self._primary_key]
        data = self._store.get(self._rows + encode_key(types, primary_key))
        return None if data is None else decode_row(self._types, data)
        # END SOLUTION

    def scan(self) -> Cursor:
        """Return a cursor of [row key, values] of all rows, in the order of their keys.

        It takes one step of a store's scan for each row, when it is asked for.
        """
        # BEGIN SOLUTION
        return Cursor(self._walk(self._rows, prefix_end(self._rows)))
        # END SOLUTION

    def update(self, row_keys: list[bytes], rows: list[Row]) -> None:
        """Let the row under each key, each named once, become the row at the same place in `rows`.

        All change at once: what one row leaves, another may take. Entries that stay the same are not
        written. Raises what `insert` does, and ValueError if a row key is of no row or there are not
        as many rows as keys.
        """
        # BEGIN SOLUTION
        old: dict[bytes, bytes] = {}
        new: list[Entry] = []
        for row_key, row in zip(row_keys, rows, strict=True):
            found = self._found(row_key)
            if not found:
                raise ValueError(f"{self.name()} has no row under {row_key!r}")
            old |= found
            data = self._checked(row)
            new += self._entries(self._row_key(row) or row_key, row, data)
        self._change(old, new)
        # END SOLUTION

    def delete(self, row_key: bytes) -> bool:
        """Take a row out; return whether it was there."""
        # BEGIN SOLUTION
        found = self._found(row_key)
        self._change(found, [])
        return bool(found)
        # END SOLUTION

    def index_scan(self, index: str, low: Row | None, high: Row | None) -> Cursor:
        """Return a cursor of [row key, values] of the rows from `low` to `high`, in the index's order.

        Both are values for the first columns of the index, as many as one likes, and both ends are
        included: rows whose first columns equal them are met. None stands for the first and the
        last row. NULL comes after all other values. It takes one step of a store's scan for each
        row, and, but for the primary key, one `get`. Raises UndefinedTable if there is no such index,
        and TypeMismatch.
        """
        # BEGIN SOLUTION
        prefix, names = self._lookup(index)
        types = [self._types[i] for i in self._positions(names)]
        low, high = low or [], high or []
        start = prefix + encode_key(types[: len(low)], low)
        end = prefix_end(prefix + encode_key(types[: len(high)], high))
        return Cursor((self._walk if prefix == self._rows else self._follow)(start, end))
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def fill(self, index: Info) -> None:
        """Make the entries of an index that is new for the rows that are there."""
        rows = self.scan()
        self._change({}, [self._entry(index, row_key, values) for row_key, values in rows])

    def empty(self, index: Info) -> None:
        """Take all entries of an index out."""
        self._clear(index_prefix(index["id"]))

    def erase(self) -> None:
        """Take all rows and all entries of indexes out."""
        self._clear(self._rows)
        for index in self._info["indexes"]:
            self.empty(index)

    def _clear(self, prefix: bytes) -> None:
        for key, _ in self._store.scan(prefix, prefix_end(prefix)):
            self._store.delete(key)

    def _positions(self, names: list[str]) -> list[int]:
        return [self._places[name] for name in names]

    def _key(self, positions: list[int], values: Row) -> bytes:
        return encode_key([self._types[i] for i in positions], [values[i] for i in positions])

    def _row_key(self, values: Row) -> bytes:
        """The key that the row must have; no bytes if the table has no primary key."""
        return self._key(self._primary_key, values)

    def _lookup(self, index: str) -> tuple[bytes, list[str]]:
        """The prefix of an index's keys and its columns."""
        if self._primary_key and index == primary_index(self.name()):
            return self._rows, self._info["primary_key"]
        for known in self._info["indexes"]:
            if known["name"] == index:
                return index_prefix(known["id"]), known["columns"]
        raise UndefinedTable(f"{self.name()} has no index {index!r}")

    def _walk(self, start: bytes, end: bytes | None) -> Iterator[list[Any]]:
        with closing(self._store.scan(start, end)) as found:
            for key, data in found:
                yield [key[PREFIX.size :], decode_row(self._types, data)]

    def _follow(self, start: bytes, end: bytes | None) -> Iterator[list[Any]]:
        with closing(self._store.scan(start, end)) as found:
            for _, row_key in found:
                yield [row_key, decode_row(self._types, self._store.get(self._rows + row_key))]

    def _checked(self, values: Row) -> bytes:
        data = encode_row(self._types, values)
        for column, value in zip(self._info["columns"], values, strict=True):
            if value is None and column["not_null"]:
                raise NotNullViolation(f"{self.name()}.{column['name']} must not be NULL")
        return data

    def _entries(self, row_key: bytes, values: Row, data: bytes) -> list[Entry]:
        """All that the store holds of a row, the row itself first."""
        owner = primary_index(self.name()) if self._primary_key else None
        indexes = self._info["indexes"]
        return [
            (self._rows + row_key, data, owner),
            *(self._entry(index, row_key, values) for index in indexes),
        ]

    def _entry(self, index: Info, row_key: bytes, values: Row) -> Entry:
        positions = self._positions(index["columns"])
        key = index_prefix(index["id"]) + self._key(positions, values)
        if index["unique"] and all(values[i] is not None for i in positions):
            return key, row_key, index["name"]
        return key + row_key, row_key, None

    def _found(self, row_key: bytes) -> dict[bytes, bytes]:
        """Keys and values of all entries of the row under this key; none if there is no row."""
        data = self._store.get(self._rows + row_key)
        if data is None:
            return {}
        entries = self._entries(row_key, decode_row(self._types, data), data)
        return {key: value for key, value, _ in entries}

    def _change(self, old: dict[bytes, bytes], new: list[Entry]) -> None:
        """Put new entries in the place of old ones, if every key that must be alone is."""
        kept: dict[bytes, bytes] = {}
        for key, value, owner in new:
            if owner and (key in kept or (key not in old and self._store.get(key) is not None)):
                raise UniqueViolation(f"there is a row with these values in {owner} already")
            kept[key] = value
        for key in old:
            if key not in kept:
                self._store.delete(key)
        for key, value in kept.items():
            if old.get(key) != value:
                self._store.put(key, value)

    # END SOLUTION


# BEGIN SOLUTION: helpers
def primary_index(table: str) -> str:
    """The name under which the primary key of a table is listed."""
    return f"{table}_pkey"


def row_prefix(table_id: int) -> bytes:
    """What the keys of all rows of a table begin with."""
    return PREFIX.pack(b"t", table_id)


def index_prefix(index_id: int) -> bytes:
    """What the keys of all entries of an index begin with."""
    return PREFIX.pack(b"i", index_id)


# END SOLUTION
