"""Names are bound and types are checked: what an expression means, before there is any row.

A `Binder` does once what does not depend on a row. It finds the column for each name, gives every
part a type, and refuses what can be computed for no row. What it returns is a tree like the
parser's: plain dicts, each with "kind" and "type", that can be compared, printed and rewritten.

PostgreSQL converts types wherever one of some hundred casts helps. Here an integer becomes real
where it meets one; a literal in quotes and a parameter have no type yet, and take that of what they
meet; that is all, and anything else is a mistake that is found before it can cost anything.
"""

from __future__ import annotations

from typing import Any

from kit.errors import (
    AmbiguousColumn,
    CardinalityViolation,
    FeatureNotSupported,
    GroupingError,
    SqlSyntaxError,
    TypeMismatch,
    UndefinedColumn,
    UndefinedFunction,
    UndefinedTable,
)

Tree = dict[str, Any]  # an expression of the parser, or a bound one

AGGREGATES = ("count", "sum", "avg", "min", "max")


class Binder:
    """Binds expressions over the columns of one query, and of the queries around it.

    Milestone 11 makes subclasses, which override `subquery` and `aggregate`, and may override more.
    """

    def __init__(
        self,
        columns: list[Tree],
        outer: Binder | None = None,
        params: list[str | None] | None = None,
    ) -> None:
        """Bind over rows of `columns`, each {"table": text or None, "name", "type"}.

        `outer` binds the query directly around this one. `params` is where the types of $1, $2 ...
        are kept, None while not known; it is shared with `outer` if it is not given.
        """
        raise NotImplementedError("09-expressions: Binder.__init__")

    def bind(self, ast: Tree) -> Tree:
        """Return the bound form of an expression of the parser: a new tree, whose parts have types.

        Raises UndefinedColumn, AmbiguousColumn, UndefinedTable (a name before the dot that no query
        in reach has), UndefinedFunction (or not with so many arguments), TypeMismatch (the message
        has a word for where: AND, %, BETWEEN, WHEN, abs ...; CASE for its operand and its results),
        OutOfRange (a literal), InvalidText (a literal in quotes that cannot be read as the type it
        takes), FeatureNotSupported, GroupingError, CardinalityViolation (a subquery that stands for
        a value and has not one column), SqlSyntaxError (a parameter below $1 or above $65535).
        """
        raise NotImplementedError("09-expressions: Binder.bind")

    def param_types(self) -> list[str]:
        """Return the types of $1, $2 ... as far as they were met; "text" where nothing told."""
        raise NotImplementedError("09-expressions: Binder.param_types")

    def correlated(self) -> bool:
        """Return whether anything that was bound here names a column of a query around this one."""
        raise NotImplementedError("09-expressions: Binder.correlated")

    def subquery(self, select: Tree) -> Tree:
        """Return the plan of a subquery. Here: FeatureNotSupported, milestone 11 overrides it.

        The plan is kept as it is. Only its "columns" are looked at, for number and type.
        """
        raise NotImplementedError("09-expressions: Binder.subquery")

    def aggregate(self, call: Tree) -> Tree:
        """Return what stands for a call of an aggregate. Here: GroupingError, as above.

        The call is not bound yet; it has one argument, or is count(*).
        """
        raise NotImplementedError("09-expressions: Binder.aggregate")

    def has_column(self, ast: Tree) -> bool:
        """Return whether the query itself, not one around it, has this column of the parser's.

        Raises AmbiguousColumn, and UndefinedColumn if it has the table but not with this column.
        """
        raise NotImplementedError("09-expressions: Binder.has_column")

    def coerce(self, bound: Tree, kind: str) -> Tree:
        """Return the bound expression with this type if it has none yet, else as it is.

        A literal in quotes becomes a literal of the type (InvalidText, OutOfRange). A parameter is
        of the type from now on.
        """
        raise NotImplementedError("09-expressions: Binder.coerce")

    def expect(self, bound: Tree, kind: str, where: str) -> Tree:
        """Return the bound expression with this type, which it has, takes, or is made: for a real.

        NULL is of every type. Raises TypeMismatch, with the word `where` in its message.
        """
        raise NotImplementedError("09-expressions: Binder.expect")

    def common(self, parts: list[Tree], where: str) -> tuple[list[Tree], str]:
        """Return the bound expressions with one type, and the type.

        Integers are made real if there is a real. The type is "text" if none of them has one, and
        "null" if all are NULL. Raises TypeMismatch, with the word `where` in its message.
        """
        raise NotImplementedError("09-expressions: Binder.common")

    def aggregate_type(self, call: Tree, arg: Tree | None) -> str:
        """Return the type of a call of an aggregate with this bound argument.

        There is none, and `arg` is None, for count(*). count gives integer, avg real; sum, min and
        max give the type of the argument. Raises TypeMismatch for sum and avg of what is neither a
        number nor NULL.
        """
        raise NotImplementedError("09-expressions: Binder.aggregate_type")
