"""From tokens to expressions: one loop for all operators, and a power that says who gets an operand.

In `1 + 2 * 3` both operators want the 2, and the one of more power gets it. `expression(power)` reads
one operand and then goes on as long as the next operator has more power than that: so a recursion for
each level of the grammar is not needed, and a chain of a thousand ORs is a loop (Pratt, 1973).

    1 OR    2 AND    3 NOT    4 IS    5 = <> < <= > >=    6 BETWEEN IN LIKE    7 || ~ !~
    8 + -   9 * / %    10 - and + in front    11 COLLATE    12 ::

These are PostgreSQL's, but that a sign in front has more than COLLATE there; SQLite gives || more than
* has. A tree is made of plain dicts, each with "kind" and all of its keys; `x?` may be None, `x*` is a
list:

    literal   type, value     "integer" "real" "text" "boolean" "null"       param     index, from 1
    column    table?, name                                                    star      table?
    unary     op, arg         not - +                                         cast      arg, type
    binary    op, left, right     or and = <> < <= > >= || ~ !~ + - * / %
    is_null   arg, negated                            is_bool   arg, value, negated
    between   arg, low, high, negated                 like      arg, pattern, negated
    in_list   arg, items*, negated                    in_select arg, select, negated
    exists    select                                  scalar    select
    case      operand?, whens* [condition, value], otherwise?
    call      name, args*, distinct, star
"""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]

# Words that begin good SQL which is not to be had here: where one of them cannot be, the error is
# FeatureNotSupported instead of SqlSyntaxError.
UNSUPPORTED = frozenset(
    "any array check escape fetch filter for foreign full ilike lateral natural only over references "
    "right similar some using window with".split()
)
TYPES = {  # what a column may be declared as, and what it is then
    **dict.fromkeys("integer int int2 int4 int8 smallint bigint oid".split(), "integer"),
    **dict.fromkeys("real float float4 float8 numeric decimal".split(), "real"),
    **dict.fromkeys("text varchar char character name regtype regclass".split(), "text"),
    **{"double precision": "real", "character varying": "text"},
    **{"boolean": "boolean", "bool": "boolean"},
}
DROPPED_SCHEMAS = ("public", "pg_catalog")


class ExpressionParser:
    """Reads tokens from left to right. `Parser` adds queries and statements."""

    def __init__(self, sql: str) -> None:
        """Begin at the first token of `sql`. Raises what `tokenize` raises."""
        raise NotImplementedError("08-parser: ExpressionParser.__init__")

    def expression(self, power: int = 0) -> Tree:
        """Read an expression up to the first operator that has no more than this power.

        Raises SqlSyntaxError or FeatureNotSupported at the first token that cannot be where it is;
        the message shows it and says "offset N".
        """
        raise NotImplementedError("08-parser: ExpressionParser.expression")

    def query(self) -> Tree:
        """Read a query; whoever knows queries overrides this."""
        raise NotImplementedError("08-parser: ExpressionParser.query")
