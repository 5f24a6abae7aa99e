"""Tables about tables, for clients that want to know what there is.

psql's `\\dt`, and every library that maps objects to rows, ask the server in SQL: which tables are
there, which columns have they? PostgreSQL keeps the answer in real tables, from which it also works
itself. Here the catalog is the truth, and these tables are computed from it when they are read.
Only what clients are known to ask for is here: a dozen tables, and functions that are mostly there
to be called. All tables of the database are in the schema "public".

    pg_namespace  oid, nspname, nspowner                 11 pg_catalog, 2200 public
    pg_class      oid, relname, relnamespace, relkind: r table, i index, v view, relowner,
                  relam: 403 of an index, else 0, relhasindex: of our tables true, relpersistence: p,
                  relnatts: columns, 0 of a view, relhasrules, relhassubclass: false; the tables
                  of pg_catalog, with 0, are in it, too
    pg_attribute  attrelid, attname, atttypid, attlen: as typlen, attnum: from 1, attndims: 0,
                  attnotnull, atthasdef, attisdropped, atttypmod: -1, attcollation: 0, attidentity,
                  attgenerated: empty
    pg_attrdef    adrelid, adnum, adbin: the default of a column, as SQL
    pg_index      indexrelid, indrelid, indnatts, indisunique, indisprimary, indisvalid
    pg_type       oid, typname, typnamespace, typowner, typlen: bytes or -1, typtype: b, typcategory,
                  typarray, typelem, typrelid: 0, typdelim: a comma, typbasetype: 0, typtypmod: -1
    pg_am         oid, amname, amtype                    403, btree, i
    pg_database   oid, datname, datdba, encoding, datcollate, datctype, daticulocale,
                  datlocprovider, datacl                 1, postgres, 10, 6, C, C, NULL, c, NULL
    pg_description  objoid, classoid, objsubid, description             nothing is described
    pg_tables     schemaname, tablename, tableowner

    information_schema.tables    table_catalog, table_schema, table_name, table_type: BASE TABLE, VIEW
    information_schema.columns   table_catalog, table_schema, table_name, column_name,
                                 ordinal_position, column_default, is_nullable: YES or NO,
                                 data_type: as format_type, character_maximum_length: NULL,
                                 is_identity: NO; of tables only

These two are not in pg_class. Numbers are those of PostgreSQL: types as in `protocol`; every owner is
10, and called "owner". What users make has numbers from 16384 on. A default is shown as SQL if it is a
literal or a call of a function with literals, as SERIAL's; else as "...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from catalog import Catalog
from functions import register
from kit.cursor import Cursor
from kit.errors import FeatureNotSupported

# BEGIN SOLUTION: helpers
OWNER, PG_CATALOG, PUBLIC, BTREE = 10, 11, 2200, 403  # object identifiers as in PostgreSQL
FIRST_OID = 16384  # of what users made
DATABASE = "postgres"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)  # a name that needs no quotes
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
    """A catalog with the system's tables added, those of pg_catalog and of information_schema."""

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
        yield [oid, name, PG_CATALOG, OWNER, size, "b", category, 0, 0, 0, ",", 0, -1]


def _methods(catalog: Catalog) -> Iterator[Row]:
    yield [BTREE, "btree", "i"]


def _relations(catalog: Catalog) -> Iterator[Row]:
    for oid, name in enumerate(VIRTUAL):
        if "." not in name:
            yield _relation(oid + 1, name, PG_CATALOG, "r", 0, False, 0)
    for name in catalog.tables():
        table = catalog.table(name)
        yield _relation(_oid(catalog, name), name, PUBLIC, "r", 0, True, len(table.columns()))
        for index in table.indexes():
            oid, count = _oid(catalog, index["name"]), len(index["columns"])
            yield _relation(oid, index["name"], PUBLIC, "i", BTREE, False, count)
    for name in catalog.views():
        yield _relation(_oid(catalog, name), name, PUBLIC, "v", 0, False, 0)


def _relation(
    oid: int, name: str, space: int, kind: str, method: int, indexed: bool, columns: int
) -> Row:
    return [oid, name, space, kind, OWNER, method, indexed, "p", columns, False, False]


def _columns(catalog: Catalog) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The columns of all tables: each one's table, number and self."""
    for name in catalog.tables():
        for number, column in enumerate(catalog.table(name).columns(), 1):
            yield name, number, column


def _attributes(catalog: Catalog) -> Iterator[Row]:
    for name, number, column in _columns(catalog):
        kind = TYPE_OIDS[column["type"]]
        row = [_oid(catalog, name), column["name"], kind, TYPES[kind][1], number, 0]
        has_default = column["default"] is not None
        yield [*row, column["not_null"], has_default, False, -1, 0, "", ""]


def _defaults(catalog: Catalog) -> Iterator[Row]:
    for name, number, column in _columns(catalog):
        if column["default"] is not None:
            yield [_oid(catalog, name), number, _sql(column["default"])]


def _sql(ast: dict[str, Any]) -> str:
    """An expression as SQL, as far as defaults mostly go."""
    if ast["kind"] == "call":
        return f"{ast['name']}({', '.join(map(_sql, ast['args']))})"
    if ast["kind"] != "literal":
        return "..."
    value = ast["value"]
    if value is None:
        return "null"
    return _quoted(value, "'") if isinstance(value, str) else str(value).lower()


def _quoted(text: str, mark: str) -> str:
    """The text between two marks; a mark inside is doubled."""
    return mark + text.replace(mark, mark + mark) + mark


def _databases(catalog: Catalog) -> Iterator[Row]:
    yield [1, DATABASE, OWNER, 6, "C", "C", None, "c", None]


def _schema_tables(catalog: Catalog) -> Iterator[Row]:
    for names, kind in ((catalog.tables(), "BASE TABLE"), (catalog.views(), "VIEW")):
        for name in names:
            yield [DATABASE, "public", name, kind]


def _schema_columns(catalog: Catalog) -> Iterator[Row]:
    for name, number, column in _columns(catalog):
        default = None if column["default"] is None else _sql(column["default"])
        row = [DATABASE, "public", name, column["name"], number, default]
        kind = TYPE_NAMES[TYPE_OIDS[column["type"]]]
        yield [*row, "NO" if column["not_null"] else "YES", kind, None, "NO"]


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
            "relpersistence": "text", "relnatts": "integer", "relhasrules": "boolean",
            "relhassubclass": "boolean",
        },
        _relations,
    ),
    "pg_namespace": ({"oid": "integer", "nspname": "text", "nspowner": "integer"}, _namespaces),
    "pg_type": (
        {
            "oid": "integer", "typname": "text", "typnamespace": "integer", "typowner": "integer",
            "typlen": "integer", "typtype": "text", "typcategory": "text", "typarray": "integer",
            "typelem": "integer", "typrelid": "integer", "typdelim": "text",
            "typbasetype": "integer", "typtypmod": "integer",
        },
        _types,
    ),
    "pg_am": ({"oid": "integer", "amname": "text", "amtype": "text"}, _methods),
    "pg_attribute": (
        {
            "attrelid": "integer", "attname": "text", "atttypid": "integer", "attlen": "integer",
            "attnum": "integer", "attndims": "integer", "attnotnull": "boolean",
            "atthasdef": "boolean", "attisdropped": "boolean", "atttypmod": "integer",
            "attcollation": "integer", "attidentity": "text", "attgenerated": "text",
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
    "pg_attrdef": ({"adrelid": "integer", "adnum": "integer", "adbin": "text"}, _defaults),
    "pg_database": (
        {
            "oid": "integer", "datname": "text", "datdba": "integer", "encoding": "integer",
            "datcollate": "text", "datctype": "text", "daticulocale": "text",
            "datlocprovider": "text", "datacl": "text",
        },
        _databases,
    ),
    "pg_description": (
        {"objoid": "integer", "classoid": "text", "objsubid": "integer", "description": "text"},
        lambda catalog: iter(()),
    ),
    "information_schema.tables": (
        {
            "table_catalog": "text", "table_schema": "text", "table_name": "text",
            "table_type": "text",
        },
        _schema_tables,
    ),
    "information_schema.columns": (
        {
            "table_catalog": "text", "table_schema": "text", "table_name": "text",
            "column_name": "text", "ordinal_position": "integer", "column_default": "text",
            "is_nullable": "text", "data_type": "text", "character_maximum_length": "integer",
            "is_identity": "text",
        },
        _schema_columns,
    ),
    "pg_tables": ({"schemaname": "text", "tablename": "text", "tableowner": "text"}, _tables),
}  # fmt: skip

for _name, _takes, _result, _body in (
    ("version", [], "text", lambda: "PostgreSQL 15.0 (a database built from scratch)"),
    ("current_schema", [], "text", lambda: "public"),
    ("current_database", [], "text", lambda: DATABASE),
    ("pg_is_in_recovery", [], "boolean", lambda: False),
    ("pg_advisory_unlock_all", [], "text", lambda: None),
    ("pg_backend_pid", [], "integer", lambda: 0),
    ("pg_table_is_visible", ["integer"], "boolean", lambda oid: True),
    ("pg_get_userbyid", ["integer"], "text", lambda oid: "owner"),
    ("pg_encoding_to_char", ["integer"], "text", lambda encoding: "UTF8"),
    ("obj_description", ["integer", "text"], "text", lambda oid, table: None),
    ("col_description", ["integer", "integer"], "text", lambda oid, number: None),
    ("pg_get_expr", ["text", "integer"], "text", lambda sql, oid: sql),
    ("array_to_string", ["text", "text"], "text", lambda array, between: array),
    ("quote_ident", ["text"], "text", lambda name: _identifier(name)),
    ("to_regtype", ["text"], "integer", lambda name: _type_oid(name)),
    ("format_type", ["integer", "integer"], "text", lambda oid, size: TYPE_NAMES.get(oid, "???")),
):
    register(_name, _takes, len(_takes), _result, _body)


def _identifier(name: str) -> str:
    return name if PLAIN.fullmatch(name) else _quoted(name, '"')


def _type_oid(name: str) -> int | None:
    found = [oid for oid, (known, *_) in TYPES.items() if known == name]
    return found[0] if found else None


# END SOLUTION
