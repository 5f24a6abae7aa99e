"""What tables, indexes and views there are: kept in the store, like everything else.

PostgreSQL keeps its catalog in tables, SQLite in a table of CREATE statements that it parses again;
here an entry is JSON under a key. Because it lies in the same store, creating a table is undone by
the same rollback as inserting a row, and every snapshot has the tables of its own time. For the
same reason nobody may remember an entry under its name: what was read a moment ago may be another
transaction's truth. Remembering what some *bytes* mean is safe. Left out: a view does not hold on to
its tables; dropping one makes the view fail when it is used.

    'c' | KEY(kind, name), both texts  ->  JSON in UTF-8, the names of objects' members sorted
    kind "table"   what `Table` takes as its `info`
    kind "index"   {"table": name of its table}, also for primary keys and constraints
    kind "view"    {"view": the SELECT as the parser gives it}

Tables get their ids from next_id("table"), indexes from next_id("index"): none is ever used again.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from keys import decode_key, encode_key, prefix_end
from kit.errors import (
    DuplicateColumn,
    DuplicateTable,
    FeatureNotSupported,
    UndefinedColumn,
    UndefinedTable,
)
from table import Info, Table


class Catalog:
    """Makes, finds and drops tables, indexes and views. All of them share one space of names.

    It keeps no state besides the store's. A call that raises has changed nothing.
    """

    def __init__(self, store: Any) -> None:
        """Look at the catalog in `store`, or begin one in an empty store."""
        raise NotImplementedError("07-tables: Catalog.__init__")

    def create_table(self, schema: Info) -> None:
        """Make an empty table.

        `schema` is {"name", "columns": [{"name", "type", "not_null", "default"}], "primary_key":
        [column names], "unique": [[column names]]}. Columns of the primary key are not null. Each
        list of `unique` becomes a unique index <table>_<columns, joined by _>_key; one that says the
        same again, or what the primary key says, is left out. Raises DuplicateColumn if two columns,
        or two names in one list, are equal; UndefinedColumn if a list names no column;
        DuplicateTable if the name, or one of those made for indexes, is taken.
        """
        raise NotImplementedError("07-tables: Catalog.create_table")

    def drop_table(self, name: str) -> None:
        """Take a table out with its rows and indexes: no key of it stays. Raises UndefinedTable."""
        raise NotImplementedError("07-tables: Catalog.drop_table")

    def table(self, name: str) -> Table:
        """Return the table of this name, as it is now. This is one `get` of the store.

        Raises UndefinedTable; a view or an index is no table.
        """
        raise NotImplementedError("07-tables: Catalog.table")

    def tables(self) -> list[str]:
        """Return the names of all tables, sorted."""
        raise NotImplementedError("07-tables: Catalog.tables")

    def create_index(self, name: str, table: str, columns: list[str], unique: bool) -> None:
        """Make an index of a table over these columns, with an entry for each row that is there.

        Raises UndefinedTable, UndefinedColumn, DuplicateColumn if a column is named twice,
        DuplicateTable if the name is taken, and UniqueViolation if the index is to be unique and
        the rows are not.
        """
        raise NotImplementedError("07-tables: Catalog.create_index")

    def drop_index(self, name: str) -> None:
        """Take an index out with all its entries. Raises UndefinedTable if there is none.

        An index that a primary key or a UNIQUE of the table stands on cannot be dropped:
        FeatureNotSupported.
        """
        raise NotImplementedError("07-tables: Catalog.drop_index")

    def create_view(self, name: str, select: Info) -> None:
        """Keep a SELECT, in the parser's form, under a name. Raises DuplicateTable."""
        raise NotImplementedError("07-tables: Catalog.create_view")

    def view(self, name: str) -> Info | None:
        """Return the SELECT of a view, None if there is none. To be read, not changed."""
        raise NotImplementedError("07-tables: Catalog.view")

    def views(self) -> list[str]:
        """Return the names of all views, sorted."""
        raise NotImplementedError("07-tables: Catalog.views")

    def drop_view(self, name: str) -> None:
        """Take a view out. Raises UndefinedTable."""
        raise NotImplementedError("07-tables: Catalog.drop_view")

    def names(self) -> list[str]:
        """Return the names of all tables, indexes (primary keys' too) and views, sorted."""
        raise NotImplementedError("07-tables: Catalog.names")
