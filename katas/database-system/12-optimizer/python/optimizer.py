"""The same answer, sooner: a plan is rewritten into one that does less.

Nothing here knows SQL. A condition is split at its ANDs, and each part moves down to where its
columns are; on a table it may become a range of an index, between two tables a hash join. Inner
joins are taken apart and put together anew, the smallest first. PostgreSQL estimates rows from
statistics and tries orders by dynamic programming; here four ranks and a greedy choice have to do,
which finds the good order whenever tables are joined by keys.

What may raise (a division, an overflow, a subquery of two rows) never moves: below a join it would
meet rows that other conditions were there to keep away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from expressions import Expression
from kit.errors import DatabaseError

Tree = dict[str, Any]  # a plan, or a bound expression


class Optimizer:
    """Rewrites plans of the planner."""

    def optimize(self, plan: Tree, catalog: Any) -> Tree:
        """Return a plan that gives the same rows under the same columns, and costs less.

        `catalog` has a method `table(name)`, for the indexes. The given plan is not changed. The
        order of rows may differ where no sort stands above.
        """
        raise NotImplementedError("12-optimizer: Optimizer.optimize")
