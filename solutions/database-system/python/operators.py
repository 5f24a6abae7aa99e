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

# BEGIN SOLUTION: helpers
import math
import operator
from collections import Counter
from collections.abc import Iterable, Iterator

# END SOLUTION
from typing import Any

# BEGIN SOLUTION: helpers
from expressions import Expression

# END SOLUTION
from kit.cursor import Cursor

# BEGIN SOLUTION: helpers
from kit.errors import OutOfRange

INTEGERS = range(-(2**63), 2**63)
COMBINE = {"sum": operator.add, "avg": operator.add, "min": min, "max": max}
# END SOLUTION


class Runner:
    """Runs the plan of one statement, once. Tables come from `catalog.table(name)`."""

    def __init__(self, catalog: Any, params: list[Any] | None = None) -> None:
        """`params` are the values of $1, $2 ..."""
        # BEGIN SOLUTION
        self._catalog = catalog
        self._params = params
        self._compiled: dict[
            int, tuple[Any, Expression]
        ] = {}  # by identity of the bound expression
        self._kept: dict[int, _Kept] = {}  # by identity of the plan
        # END SOLUTION

    def run(self, plan: dict[str, Any], outer: list[list[Any]] | None = None) -> Cursor:
        """Return a cursor of the plan's rows, each a list; nothing is read before the first is asked for.

        `outer` holds the rows of the enclosing queries, the nearest first. A plan whose "correlated"
        is False does not look at them: however often it is run, its rows are computed once at most,
        and only as far as somebody has asked. Errors of expressions come when their row is computed;
        OutOfRange also for a negative limit or offset, and for a sum that its type cannot hold.
        """
        # BEGIN SOLUTION
        if plan.get("correlated") is not False:
            return Cursor(self._rows(plan, outer or []))
        if id(plan) not in self._kept:
            self._kept[id(plan)] = _Kept(self._rows(plan, []))
        return Cursor(self._kept[id(plan)])
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _rows(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        rows: Iterator[list[Any]] = getattr(self, "_" + plan["op"])(plan, outer)
        return rows

    def _expression(self, bound: Any) -> Expression:
        """The compiled form; a subquery that is run for each row of another is compiled once."""
        if id(bound) not in self._compiled:
            self._compiled[id(bound)] = bound, Expression(bound, self.run)
        return self._compiled[id(bound)][1]

    def _value(self, bound: Any, outer: list[Any]) -> Any:
        """The value of an expression that sees no row of its own; None stays None."""
        return bound and self._expression(bound).eval([], self._params, outer)

    # sources

    def _one(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        yield []

    def _values(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        for row in plan["rows"]:
            yield [self._value(bound, outer) for bound in row]

    def _scan(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        return _with_key(plan, self._catalog.table(plan["table"]).scan())

    def _index_scan(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        table = self._catalog.table(plan["table"])
        seen = set()
        for bounds in plan["ranges"]:
            low, high = (bound and [self._value(part, outer) for part in bound] for bound in bounds)
            known = low and tuple(low), high and tuple(high)
            if None in (low or []) or None in (high or []) or known in seen:
                continue
            seen.add(known)
            yield from _with_key(plan, table.index_scan(plan["index"], low, high))

    # one input

    def _filter(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        condition, params = self._expression(plan["condition"]), self._params
        for row in self._rows(plan["input"], outer):
            if condition.eval(row, params, outer) is True:
                yield row

    def _project(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        exprs, params = [self._expression(bound) for bound in plan["exprs"]], self._params
        for row in self._rows(plan["input"], outer):
            yield [expr.eval(row, params, outer) for expr in exprs]

    def _limit(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        limit, skip = self._value(plan["limit"], outer), self._value(plan["offset"], outer) or 0
        if skip < 0 or (limit is not None and limit < 0):
            raise OutOfRange("LIMIT and OFFSET must not be negative")
        end = math.inf if limit is None else skip + limit
        if skip == end:
            return
        for number, row in enumerate(self._rows(plan["input"], outer), 1):
            if number > skip:
                yield row
            if number >= end:
                return

    def _sort(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        rows = list(self._rows(plan["input"], outer))
        for index, descending, nulls_first in reversed(plan["keys"]):  # the last key first: stable
            nulls = [row for row in rows if row[index] is None]
            others = [row for row in rows if row[index] is not None]
            others.sort(key=operator.itemgetter(index), reverse=descending)
            rows = nulls + others if nulls_first else others + nulls
        yield from rows

    def _distinct(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        return _distinct(self._rows(plan["input"], outer))

    def _aggregate(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        keys = [self._expression(bound) for bound in plan["keys"]]
        args = [bound["arg"] and self._expression(bound["arg"]) for bound in plan["aggregates"]]
        groups: dict[tuple[Any, ...], list[_Total]] = {}
        if not keys:
            groups[()] = [_Total(aggregate) for aggregate in plan["aggregates"]]
        for row in self._rows(plan["input"], outer):
            key = tuple(expr.eval(row, self._params, outer) for expr in keys)
            if key not in groups:
                groups[key] = [_Total(aggregate) for aggregate in plan["aggregates"]]
            for total, arg in zip(groups[key], args, strict=True):
                total.add(True if arg is None else arg.eval(row, self._params, outer))
        for key, totals in groups.items():
            yield [*key, *(total.result() for total in totals)]

    # two inputs

    def _nested_loop(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        right = _Kept(self._rows(plan["right"], outer))
        return self._join(plan, outer, lambda row: right)

    def _hash_join(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        left_keys = [self._expression(bound) for bound in plan["left_keys"]]
        right_keys = [self._expression(bound) for bound in plan["right_keys"]]
        table: dict[tuple[Any, ...], list[list[Any]]] = {}

        def partners(row: list[Any]) -> list[list[Any]]:
            key = tuple(expr.eval(row, self._params, outer) for expr in left_keys)
            return [] if None in key else table.get(key, [])

        def joined() -> Iterator[list[Any]]:
            for row in self._rows(plan["right"], outer):
                key = tuple(expr.eval(row, self._params, outer) for expr in right_keys)
                if None not in key:
                    table.setdefault(key, []).append(row)
            if table or plan["type"] == "left":
                yield from self._join(plan, outer, partners)

        return joined()

    def _join(self, plan: dict[str, Any], outer: list[Any], partners: Any) -> Iterator[list[Any]]:
        """Each left row with those of its partners that meet the condition, or with NULLs."""
        condition = plan["condition"] and self._expression(plan["condition"])
        nobody = [None] * len(plan["right"]["columns"])
        for left in self._rows(plan["left"], outer):
            matched = False
            for right in partners(left):
                row = left + right
                if condition is None or condition.eval(row, self._params, outer) is True:
                    matched = True
                    yield row
            if plan["type"] == "left" and not matched:
                yield left + nobody

    def _set(self, plan: dict[str, Any], outer: list[Any]) -> Iterator[list[Any]]:
        left, right = self._rows(plan["left"], outer), self._rows(plan["right"], outer)
        if plan["kind"] == "union":
            both = (row for rows in (left, right) for row in rows)
            return both if plan["all"] else _distinct(both)
        found = _matched(left, right, plan["kind"] == "intersect", plan["all"])
        return found if plan["all"] else _distinct(found)

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _Kept:
    """Rows that are read from their source once, when first asked for, and given any number of times."""

    def __init__(self, source: Iterator[list[Any]]) -> None:
        self._source = source
        self._rows: list[list[Any]] = []

    def __iter__(self) -> Iterator[list[Any]]:
        at = 0
        while at < len(self._rows) or self._read():
            yield self._rows[at]
            at += 1

    def _read(self) -> bool:
        row = next(self._source, None)
        if row is not None:
            self._rows.append(row)
        return row is not None


class _Total:
    """One aggregate of one group. NULLs do not take part."""

    def __init__(self, aggregate: dict[str, Any]) -> None:
        self._name = aggregate["name"]
        self._seen: set[Any] | None = set() if aggregate["distinct"] else None
        self._count = 0
        self._value: Any = None

    def add(self, value: Any) -> None:
        if value is None or (self._seen is not None and value in self._seen):
            return
        if self._seen is not None:
            self._seen.add(value)
        self._count += 1
        if self._name != "count":
            known = self._value
            self._value = value if known is None else COMBINE[self._name](known, value)

    def result(self) -> Any:
        if self._name == "count":
            return self._count
        if self._name == "avg" and self._count:
            return self._value / self._count
        if self._name == "sum" and self._value is not None:
            whole = isinstance(self._value, int)
            if self._value not in INTEGERS if whole else math.isinf(self._value):
                raise OutOfRange("the sum is too large for its type")
        return self._value


def _with_key(plan: dict[str, Any], pairs: Iterable[list[Any]]) -> Iterator[list[Any]]:
    if plan.get("row_key"):
        return ([key, *row] for key, row in pairs)
    return (row for _, row in pairs)


def _distinct(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    seen = set()
    for row in rows:
        key = tuple(row)
        if key not in seen:
            seen.add(key)
            yield row


def _matched(
    left: Iterator[list[Any]], right: Iterator[list[Any]], wanted: bool, once: bool
) -> Iterator[list[Any]]:
    """Left rows that the right side has, or has not. `once`: each row there stands for one here."""
    there = Counter(map(tuple, right))
    for row in left:
        key = tuple(row)
        has = there[key] > 0
        there[key] -= once
        if has == wanted:
            yield row


# END SOLUTION
