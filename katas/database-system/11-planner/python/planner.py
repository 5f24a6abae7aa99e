"""From syntax to a plan: which rows come from where, and what becomes of them.

A query is planned in the order in which it means something: FROM, WHERE, GROUP BY, HAVING, SELECT,
DISTINCT, ORDER BY, LIMIT. Each step sees the columns of the step before: that is why WHERE knows
no aggregate, and why above GROUP BY only the keys and the aggregates are left. Left out: lateral
subqueries, and aggregates that belong to a query further out.

The plans are naive on purpose: joins are nested loops over all pairs, and WHERE stands above them.
PostgreSQL never writes such a plan down; here it is the meaning of the query, and milestone 12 may
do anything that keeps it.
"""

from __future__ import annotations

from typing import Any

from binder import AGGREGATES, Binder
from kit.errors import (
    GroupingError,
    InvalidColumnReference,
    SqlSyntaxError,
    TypeMismatch,
    UndefinedTable,
)

Tree = dict[str, Any]  # an AST, a bound expression or a plan


class Planner:
    """Makes plans for queries over the tables and views of a catalog."""

    def __init__(self, catalog: Any, types: list[str | None] | None = None) -> None:
        """Look names up in `catalog`, an object with `table(name)` and `view(name)`.

        `types` are those of $1, $2 ... that are known beforehand, None for one that is not.
        """
        raise NotImplementedError("11-planner: Planner.__init__")

    def plan(self, select: Tree) -> Tree:
        """Return the plan of a query: a "select", "compound" or "values" of the parser.

        Raises UndefinedTable, UndefinedColumn, AmbiguousColumn, GroupingError, TypeMismatch,
        InvalidColumnReference (ORDER BY names a column that cannot be), SqlSyntaxError (lists of
        different length), CardinalityViolation (a subquery of more than one column used as a value)
        and what the binder raises.
        """
        raise NotImplementedError("11-planner: Planner.plan")

    def param_types(self) -> list[str]:
        """Return the types of $1, $2 ... in what was planned; "text" where nothing told."""
        raise NotImplementedError("11-planner: Planner.param_types")
