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
        raise NotImplementedError("07-tables: Table.__init__")

    def name(self) -> str:
        """Return the table's name."""
        raise NotImplementedError("07-tables: Table.name")

    def columns(self) -> list[dict[str, Any]]:
        """Return {"name", "type", "not_null", "default"} of each column. To be read, not changed."""
        raise NotImplementedError("07-tables: Table.columns")

    def indexes(self) -> list[dict[str, Any]]:
        """Return {"name", "columns", "unique"} of each index, the oldest first.

        Before them stands the primary key, if there is one, as <table>_pkey. The columns are names.
        """
        raise NotImplementedError("07-tables: Table.indexes")

    def insert(self, values: Row) -> bytes:
        """Add a row, with a value for each column, and return its row key.

        Raises TypeMismatch as `encode_row` does, NotNullViolation, and UniqueViolation if the
        primary key is there already, or a unique index has these values. Values that hold a NULL
        are equal to no others. Defaults are not the table's business.
        """
        raise NotImplementedError("07-tables: Table.insert")

    def get(self, primary_key: Row) -> Row | None:
        """Return the row with this primary key, one value for each of its columns; None if none has.

        This is one `get` of the store. Raises TypeMismatch if the key cannot be of this table.
        """
        raise NotImplementedError("07-tables: Table.get")

    def scan(self) -> Cursor:
        """Return a cursor of [row key, values] of all rows, in the order of their keys.

        It takes one step of a store's scan for each row, when it is asked for.
        """
        raise NotImplementedError("07-tables: Table.scan")

    def update(self, row_keys: list[bytes], rows: list[Row]) -> None:
        """Let the row under each key, each named once, become the row at the same place in `rows`.

        All change at once: what one row leaves, another may take. Entries that stay the same are not
        written. Raises what `insert` does, and ValueError if a row key is of no row or there are not
        as many rows as keys.
        """
        raise NotImplementedError("07-tables: Table.update")

    def delete(self, row_key: bytes) -> bool:
        """Take a row out; return whether it was there."""
        raise NotImplementedError("07-tables: Table.delete")

    def index_scan(self, index: str, low: Row | None, high: Row | None) -> Cursor:
        """Return a cursor of [row key, values] of the rows from `low` to `high`, in the index's order.

        Both are values for the first columns of the index, as many as one likes, and both ends are
        included: rows whose first columns equal them are met. None stands for the first and the
        last row. NULL comes after all other values. It takes one step of a store's scan for each
        row, and, but for the primary key, one `get`. Raises UndefinedTable if there is no such index,
        and TypeMismatch.
        """
        raise NotImplementedError("07-tables: Table.index_scan")
