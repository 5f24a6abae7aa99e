"""Tables about tables, for clients that want to know what there is.

psql's `\\dt`, and every library that maps objects to rows, ask the server in SQL: which tables are
there, which columns have they? PostgreSQL keeps the answer in real tables, from which it also works
itself. Here the catalog is the truth, and these tables are computed from it when they are read.
Only what clients are known to ask for is here: seven tables, and functions that are mostly there
to be called. All tables of the database are in the schema "public".

    pg_namespace  oid, nspname, nspowner                 11 pg_catalog, 2200 public
    pg_class      oid, relname, relnamespace, relkind: r table, i index, v view, relowner,
                  relam: 403 of an index, else 0, relhasindex: of our tables true, relpersistence: p,
                  relnatts: columns, 0 of a view; the tables of pg_catalog, with 0, are in it, too
    pg_attribute  attrelid, attname, atttypid, attnum: from 1, attnotnull, atthasdef, attisdropped,
                  atttypmod: -1, attcollation: 0, attidentity, attgenerated: empty
    pg_index      indexrelid, indrelid, indnatts, indisunique, indisprimary, indisvalid
    pg_type       oid, typname, typnamespace, typowner, typlen: bytes or -1, typtype: b, typcategory,
                  typarray, typelem, typrelid: 0, typdelim: a comma
    pg_am         oid, amname, amtype                    403, btree, i
    pg_tables     schemaname, tablename, tableowner

Numbers are those of PostgreSQL: types as in `protocol`; every owner is 10, and called "owner". What
users make has numbers from 16384 on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from catalog import Catalog
from functions import register
from kit.cursor import Cursor
from kit.errors import FeatureNotSupported

# BEGIN SOLUTION: helpers
OWNER, PG_CATALOG, PUBLIC, BTREE = 10, 11, 2200, 403  # object identifiers as in PostgreSQL
FIRST_OID = 16384  # of what users made
Row = list[Any]
Columns = dict[str, str]  # name -> type

TYPES = {  # name, bytes, category: boolean, number or string
    16: ("bool", 1, "B"), 20: ("int8", 8, "N"), 21: ("int2", 2, "N"), 23: ("int4", 4, "N"),
    25: ("text", -1, "S"), 26: ("oid", 4, "N"), 700: ("float4", 4, "N"), 701: ("float8", 8, "N"),
    1043: ("varchar", -1, "S"),
}  # fmt: skip
TYPE_OIDS = {"boolean": 16, "integer": 20, "text": 25, "real": 701}
TYPE_NAMES = {16: "boolean", 20: "bigint", 25: "text", 701: "double precision"}
# END SOLUTION


class SystemCatalog:
    """A catalog with the system's tables added: pg_class, pg_namespace, pg_type, pg_am,
    pg_attribute, pg_index, pg_tables."""

    def __init__(self, catalog: Catalog) -> None:
        """Look everything else up in `catalog`."""
        # BEGIN SOLUTION
        self._catalog = catalog
        # END SOLUTION

    def table(self, name: str) -> Any:
        """Return a table of the system or of the catalog. Raises UndefinedTable."""
        # BEGIN SOLUTION
        if name in VIRTUAL:
            columns, rows = VIRTUAL[name]
            return _VirtualTable(name, columns, lambda: rows(self._catalog))
        return self._catalog.table(name)
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def __getattr__(self, name: str) -> Any:
        """Everything but `table` is the catalog's own."""
        return getattr(self._catalog, name)

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _VirtualTable:
    """Rows that are computed when somebody reads them; they cannot be changed."""

    def __init__(self, name: str, columns: Columns, rows: Callable[[], Iterator[Row]]) -> None:
        self._name = name
        self._columns = columns
        self._rows = rows

    def columns(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "type": kind, "not_null": False, "default": None}
            for name, kind in self._columns.items()
        ]

    def indexes(self) -> list[dict[str, Any]]:
        return []

    def scan(self) -> Cursor:
        return Cursor([b"", row] for row in self._rows())

    def insert(self, *anything: Any) -> bytes:
        raise FeatureNotSupported(f"{self._name} is made by the system")

    update = delete = insert


def _namespaces(catalog: Catalog) -> Iterator[Row]:
    yield [PG_CATALOG, "pg_catalog", OWNER]
    yield [PUBLIC, "public", OWNER]


def _types(catalog: Catalog) -> Iterator[Row]:
    for oid, (name, size, category) in TYPES.items():
        yield [oid, name, PG_CATALOG, OWNER, size, "b", category, 0, 0, 0, ","]


def _methods(catalog: Catalog) -> Iterator[Row]:
    yield [BTREE, "btree", "i"]


def _relations(catalog: Catalog) -> Iterator[Row]:
    for oid, name in enumerate(VIRTUAL):
        yield [oid + 1, name, PG_CATALOG, "r", OWNER, 0, False, "p", 0]
    for name in catalog.tables():
        table = catalog.table(name)
        yield [_oid(catalog, name), name, PUBLIC, "r", OWNER, 0, True, "p", len(table.columns())]
        for index in table.indexes():
            oid = _oid(catalog, index["name"])
            yield [oid, index["name"], PUBLIC, "i", OWNER, BTREE, False, "p", len(index["columns"])]
    for name in catalog.views():
        yield [_oid(catalog, name), name, PUBLIC, "v", OWNER, 0, False, "p", 0]


def _attributes(catalog: Catalog) -> Iterator[Row]:
    for name in catalog.tables():
        for number, column in enumerate(catalog.table(name).columns(), 1):
            kind = TYPE_OIDS[column["type"]]
            has_default = column["default"] is not None
            row = [_oid(catalog, name), column["name"], kind, number, column["not_null"]]
            yield [*row, has_default, False, -1, 0, "", ""]


def _indexes(catalog: Catalog) -> Iterator[Row]:
    for name in catalog.tables():
        table = catalog.table(name)
        for index in table.indexes():
            primary = index["name"] == f"{name}_pkey"
            row = [_oid(catalog, index["name"]), _oid(catalog, name), len(index["columns"])]
            yield [*row, index["unique"], primary, True]


def _tables(catalog: Catalog) -> Iterator[Row]:
    for name in catalog.tables():
        yield ["public", name, "owner"]


def _oid(catalog: Catalog, name: str) -> int:
    """A number for a name, as long as no name comes or goes."""
    return FIRST_OID + catalog.names().index(name)


VIRTUAL: dict[str, tuple[Columns, Callable[[Catalog], Iterator[Row]]]] = {
    "pg_class": (
        {
            "oid": "integer", "relname": "text", "relnamespace": "integer", "relkind": "text",
            "relowner": "integer", "relam": "integer", "relhasindex": "boolean",
            "relpersistence": "text", "relnatts": "integer",
        },
        _relations,
    ),
    "pg_namespace": ({"oid": "integer", "nspname": "text", "nspowner": "integer"}, _namespaces),
    "pg_type": (
        {
            "oid": "integer", "typname": "text", "typnamespace": "integer", "typowner": "integer",
            "typlen": "integer", "typtype": "text", "typcategory": "text", "typarray": "integer",
            "typelem": "integer", "typrelid": "integer", "typdelim": "text",
        },
        _types,
    ),
    "pg_am": ({"oid": "integer", "amname": "text", "amtype": "text"}, _methods),
    "pg_attribute": (
        {
            "attrelid": "integer", "attname": "text", "atttypid": "integer", "attnum": "integer",
            "attnotnull": "boolean", "atthasdef": "boolean", "attisdropped": "boolean",
            "atttypmod": "integer", "attcollation": "integer", "attidentity": "text",
            "attgenerated": "text",
        },
        _attributes,
    ),
    "pg_index": (
        {
            "indexrelid": "integer", "indrelid": "integer", "indnatts": "integer",
            "indisunique": "boolean", "indisprimary": "boolean", "indisvalid": "boolean",
        },
        _indexes,
    ),
    "pg_tables": ({"schemaname": "text", "tablename": "text", "tableowner": "text"}, _tables),
}  # fmt: skip

for _name, _takes, _result, _body in (
    ("version", [], "text", lambda: "PostgreSQL 15.0 (a database built from scratch)"),
    ("current_schema", [], "text", lambda: "public"),
    ("current_database", [], "text", lambda: "postgres"),
    ("pg_advisory_unlock_all", [], "text", lambda: None),
    ("pg_backend_pid", [], "integer", lambda: 0),
    ("pg_table_is_visible", ["integer"], "boolean", lambda oid: True),
    ("pg_get_userbyid", ["integer"], "text", lambda oid: "owner"),
    ("pg_encoding_to_char", ["integer"], "text", lambda encoding: "UTF8"),
    ("to_regtype", ["text"], "integer", lambda name: _type_oid(name)),
    ("format_type", ["integer", "integer"], "text", lambda oid, size: TYPE_NAMES.get(oid, "???")),
):
    register(_name, _takes, len(_takes), _result, _body)


def _type_oid(name: str) -> int | None:
    found = [oid for oid, (known, *_) in TYPES.items() if known == name]
    return found[0] if found else None


# END SOLUTION
