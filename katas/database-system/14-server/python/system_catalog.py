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


class SystemCatalog:
    """A catalog with the system's tables added, those of pg_catalog and of information_schema."""

    def __init__(self, catalog: Catalog) -> None:
        """Look everything else up in `catalog`."""
        raise NotImplementedError("14-server: SystemCatalog.__init__")

    def table(self, name: str) -> Any:
        """Return a table of the system or of the catalog. Raises UndefinedTable."""
        raise NotImplementedError("14-server: SystemCatalog.table")
