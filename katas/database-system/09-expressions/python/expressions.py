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

from kit.errors import CardinalityViolation, SqlSyntaxError

Tree = dict[str, Any]  # a bound expression, or a plan
Evaluate = Callable[[list[Any], list[Any], list[list[Any]]], Any]  # of row, params, outer rows


class Expression:
    """A bound expression, made ready once to be evaluated for many rows."""

    def __init__(self, bound: Tree, run: Callable[..., Any] | None = None) -> None:
        """Prepare a bound expression. Later changes of `bound` change nothing.

        `run(plan, rows)` runs the plan of a subquery and returns a Cursor of its rows; `rows` are
        those that it may refer to: the row of `eval`, then its outer ones.
        """
        raise NotImplementedError("09-expressions: Expression.__init__")

    def type(self) -> str:
        """Return the type of the value: integer, real, text, boolean, or null if always NULL."""
        raise NotImplementedError("09-expressions: Expression.type")

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
        raise NotImplementedError("09-expressions: Expression.eval")
