"""From tokens to statements: a method for each, which reads it from left to right.

This is recursive descent: a query may contain a query, and so the method for queries calls itself. The
trees are dicts, as those of expressions; `x?` may be None, `x*` is a list.

    table     name, alias?            subquery  select, alias?
    join      type, left, right, on?  "inner" "left" "cross"; a comma is a cross join

    select    distinct, items* {expr, alias?}, from?, where?, group_by*, having?, ORDER
    values    rows* [expression or default*], ORDER             default   no keys: what the column has
    compound  op, all, left, right, ORDER     "union" "intersect" "except"
    ORDER     order_by* {expr, desc, nulls: "first" "last" or None}, limit?, offset?

    (VALUES ...) AS t (a, b)   is read as   (SELECT column1 AS a, column2 AS b FROM (VALUES ...) AS t) AS t
    FROM f(x) AS t             is read as   FROM (SELECT f(x) AS t) AS t

    insert    table, columns*, source?, returning?        no source: DEFAULT VALUES
    update    table, set* [name, expression], where?, returning?
    delete    table, where?, returning?                   returning: items like those of select
    create_table  name, columns* {name, type, not_null, default?}, primary_key*, unique* [name*],
                  if_not_exists
    create_index  name, table, columns*, unique, if_not_exists
    create_view   name, select                            explain   statement
    drop_table drop_index drop_view   name, if_exists     begin     serializable
    savepoint release rollback_to   name                  commit    rollback   no keys
    set show      words*                                  ignored   tag

Most parsers are made from a grammar by a generator: PostgreSQL's by Bison, SQLite's by Lemon. One that
is written by hand can be read, and knows better what it missed. Left out is what the layers above do
not have.
"""

from __future__ import annotations

from expression_parser import ExpressionParser, Tree

# Statements of SQL that are not to be had: FeatureNotSupported.
UNSUPPORTED_STATEMENTS = frozenset(
    "alter analyze call comment copy declare do execute fetch grant listen lock merge notify "
    "prepare reindex revoke truncate vacuum with".split()
)


def parse(sql: str) -> list[Tree]:
    """Return the statements of a script, in order. Semicolons part them; empty ones are nothing.

    Raises SqlSyntaxError for the first token that cannot be where it is; the message shows it and
    says "offset N", where it begins. Raises FeatureNotSupported instead if that token is a word that
    is UNSUPPORTED, and for types, statements and depths that are not to be had; and whatever
    `tokenize` raises. Nothing else is raised, whatever the text.
    """
    raise NotImplementedError("08-parser: parse")


def parse_expression(text: str) -> Tree:
    """Return the one expression that the text is. Raises as `parse` does."""
    raise NotImplementedError("08-parser: parse_expression")
