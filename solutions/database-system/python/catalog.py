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

# BEGIN SOLUTION: helpers
CATALOG = b"c"
NAME = ["text", "text"]  # types of a catalog key: kind and name
KINDS = ["index", "table", "view"]
# END SOLUTION


class Catalog:
    """Makes, finds and drops tables, indexes and views. All of them share one space of names.

    It keeps no state besides the store's. A call that raises has changed nothing.
    """

    def __init__(self, store: Any) -> None:
        """Look at the catalog in `store`, or begin one in an empty store."""
        # BEGIN SOLUTION
        self._store = store
        # END SOLUTION

    def create_table(self, schema: Info) -> None:
        """Make an empty table.

        `schema` is {"name", "columns": [{"name", "type", "not_null", "default"}], "primary_key":
        [column names], "unique": [[column names]]}. Columns of the primary key are not null. Each
        list of `unique` becomes a unique index <table>_<columns, joined by _>_key; one that says the
        same again, or what the primary key says, is left out. Raises DuplicateColumn if two columns,
        or two names in one list, are equal; UndefinedColumn if a list names no column;
        DuplicateTable if the name, or one of those made for indexes, is taken.
        """
        # BEGIN SOLUTION
        name, primary_key = schema["name"], schema["primary_key"]
        columns = [_column(column, primary_key) for column in schema["columns"]]
        for listed in ([column["name"] for column in columns], primary_key, *schema["unique"]):
            _check_columns(columns, listed)
        constraints: list[list[str]] = []
        for listed in schema["unique"]:
            if listed != primary_key and listed not in constraints:
                constraints.append(listed)
        info = {
            "name": name,
            "id": self._store.next_id(b"table"),
            "columns": columns,
            "primary_key": primary_key,
            "indexes": [
                self._index("_".join([name, *listed, "key"]), listed, unique=True, constraint=True)
                for listed in constraints
            ],
        }
        indexes = [index["name"] for index in Table(self._store, info).indexes()]
        self._check_free([name, *indexes])
        self._put("table", name, info)
        for index in indexes:
            self._put("index", index, {"table": name})
        # END SOLUTION

    def drop_table(self, name: str) -> None:
        """Take a table out with its rows and indexes: no key of it stays. Raises UndefinedTable."""
        # BEGIN SOLUTION
        table = self.table(name)
        table.erase()
        for index in table.indexes():
            self._store.delete(_key("index", index["name"]))
        self._store.delete(_key("table", name))
        # END SOLUTION

    def table(self, name: str) -> Table:
        """Return the table of this name, as it is now. This is one `get` of the store.

        Raises UndefinedTable; a view or an index is no table.
        """
        # BEGIN SOLUTION
        return Table(self._store, self._entry("table", name))
        # END SOLUTION

    def tables(self) -> list[str]:
        """Return the names of all tables, sorted."""
        # BEGIN SOLUTION
        return self._names("table")
        # END SOLUTION

    def create_index(self, name: str, table: str, columns: list[str], unique: bool) -> None:
        """Make an index of a table over these columns, with an entry for each row that is there.

        Raises UndefinedTable, UndefinedColumn, DuplicateColumn if a column is named twice,
        DuplicateTable if the name is taken, and UniqueViolation if the index is to be unique and
        the rows are not.
        """
        # BEGIN SOLUTION
        info = self._entry("table", table)
        self._check_free([name])
        _check_columns(info["columns"], columns)
        index = self._index(name, columns, unique, constraint=False)
        Table(self._store, info).fill(index)
        self._put("table", table, {**info, "indexes": [*info["indexes"], index]})
        self._put("index", name, {"table": table})
        # END SOLUTION

    def drop_index(self, name: str) -> None:
        """Take an index out with all its entries. Raises UndefinedTable if there is none.

        An index that a primary key or a UNIQUE of the table stands on cannot be dropped:
        FeatureNotSupported.
        """
        # BEGIN SOLUTION
        info = self._entry("table", self._entry("index", name)["table"])
        for index in info["indexes"]:
            if index["name"] == name and not index["constraint"]:
                break
        else:
            raise FeatureNotSupported(f"{name} is a constraint of {info['name']}")
        Table(self._store, info).empty(index)
        indexes = [other for other in info["indexes"] if other is not index]
        self._put("table", info["name"], {**info, "indexes": indexes})
        self._store.delete(_key("index", name))
        # END SOLUTION

    def create_view(self, name: str, select: Info) -> None:
        """Keep a SELECT, in the parser's form, under a name. Raises DuplicateTable."""
        # BEGIN SOLUTION
        self._check_free([name])
        self._put("view", name, {"view": select})
        # END SOLUTION

    def view(self, name: str) -> Info | None:
        """Return the SELECT of a view, None if there is none. To be read, not changed."""
        # BEGIN SOLUTION
        data = self._store.get(_key("view", name))
        return None if data is None else _decoded(data)["view"]
        # END SOLUTION

    def views(self) -> list[str]:
        """Return the names of all views, sorted."""
        # BEGIN SOLUTION
        return self._names("view")
        # END SOLUTION

    def drop_view(self, name: str) -> None:
        """Take a view out. Raises UndefinedTable."""
        # BEGIN SOLUTION
        if not self._store.delete(_key("view", name)):
            raise UndefinedTable(f"there is no view {name!r}")
        # END SOLUTION

    def names(self) -> list[str]:
        """Return the names of all tables, indexes (primary keys' too) and views, sorted."""
        # BEGIN SOLUTION
        return sorted(name for kind in KINDS for name in self._names(kind))
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _entry(self, kind: str, name: str) -> Info:
        data = self._store.get(_key(kind, name))
        if data is None:
            raise UndefinedTable(f"there is no {kind} {name!r}")
        return _decoded(data)

    def _put(self, kind: str, name: str, entry: Info) -> None:
        self._store.put(_key(kind, name), json.dumps(entry, sort_keys=True).encode("utf-8"))

    def _names(self, kind: str) -> list[str]:
        prefix = CATALOG + encode_key(NAME[:1], [kind])
        found = self._store.scan(prefix, prefix_end(prefix))
        return [decode_key(NAME[1:], key[len(prefix) :])[0] for key, _ in found]

    def _check_free(self, names: list[str]) -> None:
        for i, name in enumerate(names):
            taken = any(self._store.get(_key(kind, name)) is not None for kind in KINDS)
            if taken or name in names[:i]:
                raise DuplicateTable(f"there is a table, index or view {name!r} already")

    def _index(self, name: str, columns: list[str], unique: bool, constraint: bool) -> Info:
        return {
            "name": name,
            "id": self._store.next_id(b"index"),
            "columns": columns,
            "unique": unique,
            "constraint": constraint,
        }

    # END SOLUTION


# BEGIN SOLUTION: helpers
@lru_cache
def _decoded(data: bytes) -> Info:
    """What the bytes of an entry mean: it depends on nothing else, so it may be remembered."""
    entry: Info = json.loads(data)
    return entry


def _key(kind: str, name: str) -> bytes:
    return CATALOG + encode_key(NAME, [kind, name])


def _column(column: Info, primary_key: list[str]) -> Info:
    return {
        "name": column["name"],
        "type": column["type"],
        "not_null": column["not_null"] or column["name"] in primary_key,
        "default": column["default"],
    }


def _check_columns(columns: list[Info], listed: list[str]) -> None:
    """Refuse a list that names what is no column, or one twice."""
    known = [column["name"] for column in columns]
    for i, name in enumerate(listed):
        if name not in known:
            raise UndefinedColumn(f"there is no column {name!r}")
        if name in listed[:i]:
            raise DuplicateColumn(f"column {name!r} is named twice")


# END SOLUTION
