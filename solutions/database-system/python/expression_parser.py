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

# BEGIN SOLUTION: helpers
from collections.abc import Callable

# END SOLUTION
from typing import Any

# BEGIN SOLUTION: helpers
from kit.errors import FeatureNotSupported, SqlSyntaxError
from lexer import KEYWORDS, UNRESERVED, tokenize

# END SOLUTION
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

# BEGIN SOLUTION: helpers
OR, AND, NOT, IS, COMPARISON, PREDICATE, OTHER, SUM, PRODUCT, PREFIX, COLLATE, CAST = range(1, 13)
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
BINARY = {
    **{"or": OR, "and": AND, "||": OTHER, "~": OTHER, "!~": OTHER, "+": SUM, "-": SUM},
    **dict.fromkeys(COMPARISONS, COMPARISON),
    **dict.fromkeys("*/%", PRODUCT),
}
POWERS: dict[str | None, int] = {
    **BINARY,
    **{"is": IS, "between": PREDICATE, "in": PREDICATE, "like": PREDICATE},
    **{"operator": OTHER, "collate": COLLATE, "::": CAST},
}
ONCE = (COMPARISON, PREDICATE)  # `a < b < c` means nothing
CONSTANTS = {"null": ("null", None), "true": ("boolean", True), "false": ("boolean", False)}
MOST_NESTED = 200  # parentheses, within what the call stack holds
NUMBERS_AND_TEXTS = {"integer": "integer", "real": "real", "string": "text"}
# END SOLUTION


class ExpressionParser:
    """Reads tokens from left to right. `Parser` adds queries and statements."""

    def __init__(self, sql: str) -> None:
        """Begin at the first token of `sql`. Raises what `tokenize` raises."""
        # BEGIN SOLUTION
        self._tokens = tokenize(sql)
        self._at = 0
        # END SOLUTION

    def expression(self, power: int = 0) -> Tree:
        """Read an expression up to the first operator that has no more than this power.

        Raises SqlSyntaxError or FeatureNotSupported at the first token that cannot be where it is;
        the message shows it and says "offset N".
        """
        # BEGIN SOLUTION
        left, last = self._operand(power), 0
        while True:
            op = self.word(1) if self.sees("not") else self.word()
            strength = POWERS.get(op, 0)
            if strength <= power or (self.sees("not") and strength != PREDICATE):
                return left
            if strength == last and strength in ONCE:
                raise self.error()
            left, last = self._continued(left, strength), strength
        # END SOLUTION

    def query(self) -> Tree:
        """Read a query; whoever knows queries overrides this."""
        # BEGIN SOLUTION
        raise self.error()
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    # tokens

    def word(self, ahead: int = 0) -> str | None:
        """The word or sign at hand, or some tokens ahead; None for anything else.

        A name in quotes may have the letters of a keyword or of a sign, and is neither.
        """
        kind, value, _ = self._tokens[self._at + ahead]
        if kind == "name" and value.isidentifier() and value not in KEYWORDS:
            return str(value)
        return value if kind in ("keyword", "op") else None

    def sees(self, *words: str) -> bool:
        """Whether these words and signs come next."""
        return all(self.word(ahead) == word for ahead, word in enumerate(words))

    def take(self, *words: str) -> bool:
        """Go past these words if they come next."""
        seen = self.sees(*words)
        self._at += len(words) if seen else 0
        return seen

    def expect(self, *words: str) -> None:
        """Go past these words, which must come next."""
        for word in words:
            if not self.take(word):
                raise self.error()

    def one_of(self, *words: str) -> str | None:
        """Go past one of these words, and say which it was."""
        return next((word for word in words if self.take(word)), None)

    def error(self) -> Exception:
        """What to raise because of the token at hand."""
        kind, value, offset = self._tokens[self._at]
        if kind == "keyword" and value in UNSUPPORTED:
            return FeatureNotSupported(f"{value.upper()} is not to be had, at offset {offset}")
        if kind == "end":
            return SqlSyntaxError(f"the text ends too early, at offset {offset}")
        return SqlSyntaxError(f"{str(value)[:40]!r} cannot be here, at offset {offset}")

    def listed(self, rule: Callable[[], Any]) -> list[Any]:
        """What the rule reads, once or more, with commas between."""
        found = [rule()]
        while self.take(","):
            found.append(rule())
        return found

    def enclosed(self, rule: Callable[[], Any]) -> Any:
        """What the rule reads between parentheses."""
        self.expect("(")
        found = rule()
        self.expect(")")
        return found

    def name(self) -> str:
        """A name: of a table, a column, an alias."""
        kind, value, _ = self._tokens[self._at]
        if kind != "name" and (kind != "keyword" or value not in UNRESERVED):
            raise self.error()
        self._at += 1
        return str(value)

    def label(self) -> str:
        """A name where only a name can be: any word will do."""
        kind, value, _ = self._tokens[self._at]
        if kind not in ("name", "keyword"):
            raise self.error()
        self._at += 1
        return str(value)

    def names(self) -> list[str]:
        """Names in parentheses."""
        found: list[str] = self.enclosed(lambda: self.listed(self.name))
        return found

    def path(self) -> list[str]:
        """Names with points between, without a schema that means nothing here."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.label())
        return parts[1:] if len(parts) > 1 and parts[0] in DROPPED_SCHEMAS else parts

    def opens_query(self) -> bool:
        """Whether the parenthesis at hand encloses a query, not an expression or a table."""
        ahead = 0
        while self.word(ahead) == "(":
            ahead += 1
            if ahead > MOST_NESTED:
                raise FeatureNotSupported(f"{ahead} parentheses, one inside of the other")
        if ahead == 0 or self.word(ahead) not in ("select", "values"):
            return False
        return all(self._goes_on(depth) for depth in range(1, ahead))

    def _goes_on(self, depth: int) -> bool:
        """Whether the parenthesis so many ahead is followed by what may follow a query."""
        at, level = self._at + depth, 0
        while at < len(self._tokens) - 1:
            kind, value, _ = self._tokens[at]
            level += {"(": 1, ")": -1}.get(value, 0) if kind == "op" else 0
            at += 1
            if level == 0:
                break
        kind, value, _ = self._tokens[at]
        after = (")", "union", "except", "intersect", "order", "limit", "offset")
        return kind in ("op", "keyword") and value in after

    # operands

    def _operand(self, power: int) -> Tree:
        kind, value, _ = self._tokens[self._at]
        if kind in NUMBERS_AND_TEXTS or kind == "param":
            self._at += 1
            if kind == "param":
                return {"kind": "param", "index": value}
            return {"kind": "literal", "type": NUMBERS_AND_TEXTS[kind], "value": value}
        if value == "(" and kind == "op":
            if self.opens_query():
                return {"kind": "scalar", "select": self.enclosed(self.query)}
            found: Tree = self.enclosed(self.expression)
            return found
        if kind == "op" and value in ("-", "+"):
            self._at += 1
            return {"kind": "unary", "op": value, "arg": self.expression(PREFIX)}
        if self.sees("not") and power <= NOT:
            self._at += 1
            return {"kind": "unary", "op": "not", "arg": self.expression(NOT)}
        return self._named(kind, value)

    def _named(self, kind: str, value: Any) -> Tree:
        """An operand that begins with a word."""
        if kind == "keyword" and value in CONSTANTS:
            self._at += 1
            known, constant = CONSTANTS[value]
            return {"kind": "literal", "type": known, "value": constant}
        if kind == "keyword" and value in ("case", "cast"):
            self._at += 1
            return self._case() if value == "case" else self._cast()
        if self.sees("exists", "("):
            self._at += 1
            return {"kind": "exists", "select": self.enclosed(self.query)}
        parts = self.path()
        if self.sees("("):
            return self._call(parts[-1])
        return {"kind": "column", "table": ".".join(parts[:-1]) or None, "name": parts[-1]}

    def _case(self) -> Tree:
        operand = None if self.sees("when") else self.expression()
        whens = []
        while not whens or self.sees("when"):
            self.expect("when")
            condition = self.expression()
            self.expect("then")
            whens.append([condition, self.expression()])
        otherwise = self.expression() if self.take("else") else None
        self.expect("end")
        return {"kind": "case", "operand": operand, "whens": whens, "otherwise": otherwise}

    def _cast(self) -> Tree:
        self.expect("(")
        arg = self.expression()
        self.expect("as")
        made = {"kind": "cast", "arg": arg, "type": self.type_name()}
        self.expect(")")
        return made

    def _call(self, name: str) -> Tree:
        made = {"kind": "call", "name": name, "args": [], "distinct": False, "star": False}
        self.expect("(")
        if self.take("*"):
            made["star"] = True
        elif not self.sees(")"):
            made["distinct"] = self.one_of("distinct", "all") == "distinct"
            made["args"] = self.listed(self.expression)
        self.expect(")")
        return made

    def type_name(self) -> str:
        """A type as it is declared, read as the one that it is here."""
        name = self.path()[-1]
        second = {"double": "precision", "character": "varying"}.get(name)
        if second is not None and self.take(second):
            name += " " + second
        if name not in TYPES:
            raise FeatureNotSupported(f"there is no type {name!r} here")
        if self.sees("("):
            self.enclosed(lambda: self.listed(self.expression))
        return TYPES[name]

    # what may follow an operand

    def _continued(self, left: Tree, power: int) -> Tree:
        negated = self.take("not")
        op = str(self.word())
        if op in BINARY:
            self._at += 1
            if op == "=" and self.sees("any", "("):
                return self._any(left)
            return {"kind": "binary", "op": op, "left": left, "right": self.expression(power)}
        if op == "::":
            self._at += 1
            return {"kind": "cast", "arg": left, "type": self.type_name()}
        if op == "collate":
            self._at += 1
            self.path()  # there is one order of texts
            return left
        return getattr(self, "_" + op)(left, negated)

    def _is(self, left: Tree, negated: bool) -> Tree:
        self.expect("is")
        negated = self.take("not")
        if self.take("null"):
            return {"kind": "is_null", "arg": left, "negated": negated}
        value = self.one_of("true", "false")
        if value is None:
            raise self.error()
        return {"kind": "is_bool", "arg": left, "value": value == "true", "negated": negated}

    def _between(self, left: Tree, negated: bool) -> Tree:
        self.expect("between")
        low = self.expression(PREDICATE)
        self.expect("and")
        high = self.expression(PREDICATE)
        return {"kind": "between", "arg": left, "low": low, "high": high, "negated": negated}

    def _like(self, left: Tree, negated: bool) -> Tree:
        self.expect("like")
        pattern = self.expression(PREDICATE)
        return {"kind": "like", "arg": left, "pattern": pattern, "negated": negated}

    def _in(self, left: Tree, negated: bool) -> Tree:
        self.expect("in")
        if self.opens_query():
            select = self.enclosed(self.query)
            return {"kind": "in_select", "arg": left, "select": select, "negated": negated}
        items = self.enclosed(lambda: self.listed(self.expression))
        return {"kind": "in_list", "arg": left, "items": items, "negated": negated}

    def _any(self, left: Tree) -> Tree:
        """`= ANY (...)` is IN, for a query and for an array that is written out."""
        self.expect("any")
        if self.opens_query():
            select = self.enclosed(self.query)
            return {"kind": "in_select", "arg": left, "select": select, "negated": False}
        self.expect("(", "array", "[")
        items = self.listed(self.expression)
        self.expect("]", ")")
        return {"kind": "in_list", "arg": left, "items": items, "negated": False}

    def _operator(self, left: Tree, negated: bool) -> Tree:
        """`OPERATOR(pg_catalog.~)` is `~`."""
        self.expect("operator", "(")
        while self._tokens[self._at][0] != "end" and self.word(1) == ".":
            self.label()
            self.expect(".")
        op = self.word()
        if op not in BINARY or op in ("or", "and"):
            raise self.error()
        self._at += 1
        self.expect(")")
        return {"kind": "binary", "op": op, "left": left, "right": self.expression(OTHER)}

    # END SOLUTION
