"""From a plan to rows: each node pulls rows from the nodes below it, one at a time, when it is asked.

A plan is a tree of dicts. Its node "op" has a method here, a generator; "columns" says what its rows
are like. Nobody computes a row that nobody wants: a `limit` stops asking, and everything below it
stops too. Only what must see all rows before it can give the first one reads them ahead: sorting,
grouping, the right side of a hash join, of INTERSECT and of EXCEPT. A nested loop keeps the rows of its
right side as it meets them.

This is the iterator model of Volcano (Graefe, 1994), which PostgreSQL and SQLite use as well. Column
stores hand on thousands of values a time instead, and others compile the whole plan to machine code.
Left out: rows that do not fit into memory, which a real sort or hash join writes to the disk.

    one                                                     one row without columns
    values       rows: lists of expressions
    scan         table, row_key                             row_key: the row's key in front of it; may be missing
    index_scan   table, index, ranges: [[low, high]], row_key
    filter       input, condition
    project      input, exprs
    limit        input, limit, offset                       expressions or None
    sort         input, keys: [[index, desc, nulls_first]]
    distinct     input
    nested_loop  type: inner left cross, left, right, condition or None
    hash_join    type: inner left, left, right, left_keys, right_keys, condition or None
    aggregate    input, keys, aggregates: [{name, arg or None, distinct, type}]
    set          kind: union intersect except, all, left, right
"""

from __future__ import annotations

from typing import Any

from kit.cursor import Cursor


class Runner:
    """Runs the plan of one statement, once. Tables come from `catalog.table(name)`."""

    def __init__(self, catalog: Any, params: list[Any] | None = None) -> None:
        """`params` are the values of $1, $2 ..."""
        raise NotImplementedError("10-operators: Runner.__init__")

    def run(self, plan: dict[str, Any], outer: list[list[Any]] | None = None) -> Cursor:
        """Return a cursor of the plan's rows, each a list; nothing is read before the first is asked for.

        `outer` holds the rows of the enclosing queries, the nearest first. A plan whose "correlated"
        is False does not look at them: however often it is run, its rows are computed once at most,
        and only as far as somebody has asked. Errors of expressions come when their row is computed;
        OutOfRange also for a negative limit or offset, and for a sum that its type cannot hold.
        """
        raise NotImplementedError("10-operators: Runner.run")
