"""SQL runs: statements are parsed, planned and carried out over a store.

The engine knows no transactions. It commits after each statement and rolls back one that fails, or
leaves both to somebody else (milestone 13). Rows to be changed are found by a plan, like those of a
query, so that an index helps there too; they are all found before the first one changes, or an
UPDATE might meet its own results again (the Halloween problem, named for the day it was noticed).
"""

from __future__ import annotations

from typing import Any

from catalog import Catalog
from expressions import Expression
from kit.errors import (
    DuplicateColumn,
    FeatureNotSupported,
    UndefinedColumn,
    UndefinedTable,
)
from operators import Runner
from parser import parse
from planner import Planner, Tree

Result = dict[str, Any]  # {"tag": text, "columns": [{"name", "type"}], "rows": lists of values}


class Engine:
    """Runs SQL over a store."""

    def __init__(
        self, store: Any, optimizer: Any = None, autocommit: bool = True, catalog: Any = None
    ) -> None:
        """Work on `store`, an object with the seven methods of a store.

        `optimizer`, if there is one, has a method `optimize(plan, catalog)` that returns the plan
        to run instead. With `autocommit` false the engine neither commits nor rolls back.
        `catalog` is used instead of a `Catalog` over the store.
        """
        raise NotImplementedError("11-planner: Engine.__init__")

    def execute(self, sql: str, params: list[Any] | None = None) -> list[Result]:
        """Run every statement of a script; one result each.

        A result is {"tag", "columns", "rows"}: the tag says what was done as PostgreSQL does
        ("SELECT 3", "INSERT 0 1", "UPDATE 2", "DELETE 0", "CREATE TABLE" ...), a column is {"name",
        "type"}. `params` are the values of $1, $2 ... Statements before one that raises stay done.
        """
        raise NotImplementedError("11-planner: Engine.execute")

    def run(
        self,
        statement: Tree,
        params: list[Any] | None = None,
        types: list[str | None] | None = None,
    ) -> Result:
        """Run one statement of the parser. If it raises, it has changed nothing.

        `types` declares what $1, $2 ... are; None, or nothing, leaves it to what they meet.
        BEGIN, COMMIT, SET and their like raise FeatureNotSupported: they need a session.
        """
        raise NotImplementedError("11-planner: Engine.run")

    def prepare(self, statement: Tree, types: list[str | None] | None = None) -> dict[str, Any]:
        """Return {"params": types of $1, $2 ..., "columns": of the result}, without running it."""
        raise NotImplementedError("11-planner: Engine.prepare")

    def explain(self, sql: str) -> Tree:
        """Return the plan that would be run for a query, an UPDATE or a DELETE: the last in `sql`."""
        raise NotImplementedError("11-planner: Engine.explain")
