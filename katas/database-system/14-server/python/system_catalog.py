"""Tables about tables, for clients that want to know what there is.

psql's `\\dt`, and every library that maps objects to rows, ask the server in SQL: which tables are
there, which columns have they? PostgreSQL keeps the answer in real tables, from which it also works
itself. Here the catalog is the truth, and these tables are computed from it when they are read.
Only what clients are known to ask for is here: seven tables, and functions that are mostly there
to be called. All tables of the database are in the schema "public".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from catalog import Catalog
from functions import register
from kit.cursor import Cursor
from kit.errors import FeatureNotSupported


class SystemCatalog:
    """A catalog with the system's tables added: pg_class, pg_namespace, pg_type, pg_am,
    pg_attribute, pg_index, pg_tables."""

    def __init__(self, catalog: Catalog) -> None:
        """Look everything else up in `catalog`."""
        raise NotImplementedError("14-server: SystemCatalog.__init__")

    def table(self, name: str) -> Any:
        """Return a table of the system or of the catalog. Raises UndefinedTable."""
        raise NotImplementedError("14-server: SystemCatalog.table")
