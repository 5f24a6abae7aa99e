"""A bound expression becomes a function of a row.

An `Expression` is a tree of Python functions, each of which knows its parts; no name, type or kind
of node is looked at while rows pass by. PostgreSQL has a small machine of its own for that, and
makes machine code where it pays.

There are three truths. NULL stands for a value that is not known, and what is computed from it is
not known either, unless the rest decides alone: false and NULL is false, true or NULL is true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# BEGIN SOLUTION: helpers
from functions import (
    ARITHMETIC,
    CASTS,
    COMPARISONS,
    FUNCTIONS,
    TEXTS,
    TYPES,
    given,
    like,
    negative,
)

# END SOLUTION
from kit.errors import CardinalityViolation, SqlSyntaxError

Tree = dict[str, Any]  # a bound expression, or a plan
Evaluate = Callable[[list[Any], list[Any], list[list[Any]]], Any]  # of row, params, outer rows

# BEGIN SOLUTION: helpers
TRUE = {"kind": "literal", "value": True}
NULL = {"kind": "literal", "value": None}
# END SOLUTION


class Expression:
    """A bound expression, made ready once to be evaluated for many rows."""

    def __init__(self, bound: Tree, run: Callable[..., Any] | None = None) -> None:
        """Prepare a bound expression. Later changes of `bound` change nothing.

        `run(plan, rows)` runs the plan of a subquery and returns a Cursor of its rows; `rows` are
        those that it may refer to: the row of `eval`, then its outer ones.
        """
        # BEGIN SOLUTION
        self._type: str = bound["type"]
        self._run = run
        self._function = self._compile(bound)
        # END SOLUTION

    def type(self) -> str:
        """Return the type of the value: integer, real, text, boolean, or null if always NULL."""
        # BEGIN SOLUTION
        return self._type
        # END SOLUTION

    def eval(
        self, row: list[Any], params: list[Any] | None = None, outer: list[list[Any]] | None = None
    ) -> Any:
        """Return the value for a row; None is NULL.

        `params` are the values of $1, $2 ...: a text is read as the type of its parameter, an
        integer can be a real, and anything can be a text, as if it were cast. `outer` are the rows
        of the queries around, the nearest first. Raises DivisionByZero, OutOfRange, InvalidText,
        CardinalityViolation (a subquery for a value gave two rows), TypeMismatch (any other value
        of a parameter), SqlSyntaxError (`params` is too short).

        What does not decide is not evaluated: the right side of AND and OR, once the left one has
        decided; every branch of CASE but the one taken; what follows the first value of coalesce,
        and the first equal item of IN. No part is evaluated twice for a row.
        """
        # BEGIN SOLUTION
        return self._function(row, params or [], outer or [])
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _compile(self, bound: Tree) -> Evaluate:
        made: Evaluate = getattr(self, "_" + bound["kind"])(bound)
        return made

    def _all(self, parts: list[Tree]) -> list[Evaluate]:
        return [self._compile(part) for part in parts]

    def _literal(self, bound: Tree) -> Evaluate:
        value = bound["value"]
        return lambda row, params, outer: value

    def _field(self, bound: Tree) -> Evaluate:
        index = bound["index"]
        return lambda row, params, outer: row[index]

    def _outer(self, bound: Tree) -> Evaluate:
        depth, index = bound["depth"] - 1, bound["index"]
        return lambda row, params, outer: outer[depth][index]

    def _param(self, bound: Tree) -> Evaluate:
        index, kind = bound["index"] - 1, bound["type"]

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            if index >= len(params):
                raise SqlSyntaxError(f"there is no value for ${index + 1}")
            value = params[index]
            if value is None or TYPES.get(type(value)) == kind:
                return value
            return given(value, kind)

        return evaluate

    def _unary(self, bound: Tree) -> Evaluate:
        body = (lambda truth: not truth) if bound["op"] == "not" else negative
        return self._of_one(body, bound["arg"])

    def _of_one(self, body: Callable[[Any], Any], part: Tree) -> Evaluate:
        """What the body makes of a value, and NULL of NULL."""
        arg = self._compile(part)

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            value = arg(row, params, outer)
            return None if value is None else body(value)

        return evaluate

    def _of_two(self, body: Callable[[Any, Any], Any], left: Tree, right: Tree) -> Evaluate:
        """What the body makes of two values, and NULL if one of them is."""
        first, second = self._compile(left), self._compile(right)

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            a, b = first(row, params, outer), second(row, params, outer)
            return None if a is None or b is None else body(a, b)

        return evaluate

    def _binary(self, bound: Tree) -> Evaluate:
        op, left, right = bound["op"], bound["left"], bound["right"]
        if op in ("and", "or"):
            return self._decided(op == "or", self._compile(left), self._compile(right))
        body = COMPARISONS.get(op) or TEXTS.get(op) or ARITHMETIC.get((op, bound["type"]))
        return self._of_two(body, left, right)

    def _decided(self, decides: bool, left: Evaluate, right: Evaluate) -> Evaluate:
        """AND is decided by a false side, OR by a true one; else by NULL; else it is the other."""

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            first = left(row, params, outer)
            if first is decides:
                return decides
            second = right(row, params, outer)
            return second if second is decides or first is not None else None

        return evaluate

    def _is_null(self, bound: Tree) -> Evaluate:
        arg, negated = self._compile(bound["arg"]), bound["negated"]
        return lambda row, params, outer: (arg(row, params, outer) is None) is not negated

    def _is_bool(self, bound: Tree) -> Evaluate:
        arg, wanted, negated = self._compile(bound["arg"]), bound["value"], bound["negated"]
        return lambda row, params, outer: (arg(row, params, outer) is wanted) is not negated

    def _between(self, bound: Tree) -> Evaluate:
        arg, low, high = self._all([bound["arg"], bound["low"], bound["high"]])
        negated = bound["negated"]

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            value = arg(row, params, outer)
            if value is None:
                return None
            least, most = low(row, params, outer), high(row, params, outer)
            if (least is not None and value < least) or (most is not None and value > most):
                return negated
            return None if least is None or most is None else not negated

        return evaluate

    def _in_list(self, bound: Tree) -> Evaluate:
        arg, negated = self._compile(bound["arg"]), bound["negated"]
        items = self._all(bound["items"])
        if any(item["kind"] != "literal" for item in bound["items"]):
            return lambda row, params, outer: _found(
                arg(row, params, outer), (item(row, params, outer) for item in items), negated
            )
        known = {item["value"] for item in bound["items"]}
        missing = None if None in known else negated

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            value = arg(row, params, outer)
            if value is None:
                return None
            return not negated if value in known else missing

        return evaluate

    def _like(self, bound: Tree) -> Evaluate:
        if bound["negated"]:
            return self._of_two(lambda a, b: not like(a, b), bound["arg"], bound["pattern"])
        return self._of_two(like, bound["arg"], bound["pattern"])

    def _case(self, bound: Tree) -> Evaluate:
        whens = [(self._compile(test), self._compile(value)) for test, value in bound["whens"]]
        operand = self._compile(bound["operand"] or TRUE)
        otherwise = self._compile(bound["otherwise"] or NULL)

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            wanted = operand(row, params, outer)
            for test, value in whens if wanted is not None else []:
                if test(row, params, outer) == wanted:
                    return value(row, params, outer)
            return otherwise(row, params, outer)

        return evaluate

    def _cast(self, bound: Tree) -> Evaluate:
        source, kind = bound["arg"]["type"], bound["type"]
        if source in (kind, "null"):
            return self._compile(bound["arg"])
        return self._of_one(CASTS[source, kind], bound["arg"])

    def _call(self, bound: Tree) -> Evaluate:
        name, args = bound["name"], self._all(bound["args"])
        if name == "coalesce":
            return lambda row, params, outer: _first(arg(row, params, outer) for arg in args)
        if name == "nullif":
            return self._call_of(_unless_equal, args)
        if name in ("greatest", "least"):
            return self._call_of(_greatest if name == "greatest" else _least, args)
        return self._call_of(_strict(FUNCTIONS[name].body), args)

    def _call_of(self, body: Callable[..., Any], args: list[Evaluate]) -> Evaluate:
        return lambda row, params, outer: body(*[arg(row, params, outer) for arg in args])

    # subqueries

    def _exists(self, bound: Tree) -> Evaluate:
        plan, run = bound["plan"], self._run
        return lambda row, params, outer: bool(_rows(run(plan, [row, *outer]), 1))

    def _scalar(self, bound: Tree) -> Evaluate:
        plan, run = bound["plan"], self._run

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            rows = _rows(run(plan, [row, *outer]), 2)
            if len(rows) > 1:
                raise CardinalityViolation("a subquery for one value gave more than one row")
            return next((value for (value,) in rows), None)

        return evaluate

    def _in_select(self, bound: Tree) -> Evaluate:
        arg, plan, run = self._compile(bound["arg"]), bound["plan"], self._run
        negated = bound["negated"]

        def evaluate(row: list[Any], params: list[Any], outer: list[list[Any]]) -> Any:
            cursor = run(plan, [row, *outer])
            try:
                return _found(arg(row, params, outer), (item for (item,) in cursor), negated)
            finally:
                cursor.close()

        return evaluate

    # END SOLUTION


# BEGIN SOLUTION: helpers
def _found(value: Any, items: Any, negated: bool) -> bool | None:
    """Whether the value is among the items. Where NULL is, it might be; among none it is not."""
    unknown = False
    for item in items:
        if value is None:
            return None
        if item == value:
            return not negated
        unknown = unknown or item is None
    return None if unknown else negated


def _first(values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _unless_equal(a: Any, b: Any) -> Any:
    return None if a == b else a


def _greatest(*values: Any) -> Any:
    return max((value for value in values if value is not None), default=None)


def _least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def _strict(body: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if None in values else body(*values)


def _rows(cursor: Any, most: int) -> list[list[Any]]:
    """The first rows of a cursor, which is closed."""
    rows: list[list[Any]] = cursor.take(most)
    cursor.close()
    return rows


# END SOLUTION
