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

# BEGIN SOLUTION: helpers
from functions import ARITHMETIC, CASTS, COMPARISONS, TEXTS, fitting, function, given

# END SOLUTION
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
# BEGIN SOLUTION: helpers
MOST_PARAMS = 65535  # PostgreSQL's protocol counts them in 16 bits
FORMS = {"coalesce": None, "nullif": 2, "greatest": None, "least": None}  # None: one or more
# END SOLUTION


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
        # BEGIN SOLUTION
        self.columns = columns
        self.outer = outer
        if params is None:
            params = outer._params if outer is not None else []
        self._params = params
        self._correlated = False
        # END SOLUTION

    def bind(self, ast: Tree) -> Tree:
        """Return the bound form of an expression of the parser: a new tree, whose parts have types.

        Raises UndefinedColumn, AmbiguousColumn, UndefinedTable (a name before the dot that no query
        in reach has), UndefinedFunction (or not with so many arguments), TypeMismatch (the message
        has a word for where: AND, %, BETWEEN, WHEN, abs ...; CASE for its operand and its results),
        OutOfRange (a literal), InvalidText (a literal in quotes that cannot be read as the type it
        takes), FeatureNotSupported, GroupingError, CardinalityViolation (a subquery that stands for
        a value and has not one column), SqlSyntaxError (a parameter below $1 or above $65535).
        """
        # BEGIN SOLUTION
        bound: Tree = getattr(self, "bind_" + ast["kind"])(ast)
        return bound
        # END SOLUTION

    def param_types(self) -> list[str]:
        """Return the types of $1, $2 ... as far as they were met; "text" where nothing told."""
        # BEGIN SOLUTION
        return [kind or "text" for kind in self._params]
        # END SOLUTION

    def correlated(self) -> bool:
        """Return whether anything that was bound here names a column of a query around this one."""
        # BEGIN SOLUTION
        return self._correlated
        # END SOLUTION

    def subquery(self, select: Tree) -> Tree:
        """Return the plan of a subquery. Here: FeatureNotSupported, milestone 11 overrides it.

        The plan is kept as it is. Only its "columns" are looked at, for number and type.
        """
        # BEGIN SOLUTION
        raise FeatureNotSupported("a subquery cannot stand here")
        # END SOLUTION

    def aggregate(self, call: Tree) -> Tree:
        """Return what stands for a call of an aggregate. Here: GroupingError, as above.

        The call is not bound yet; it has one argument, or is count(*).
        """
        # BEGIN SOLUTION
        raise GroupingError(f"the aggregate {call['name']} cannot stand here")
        # END SOLUTION

    def has_column(self, ast: Tree) -> bool:
        """Return whether the query itself, not one around it, has this column of the parser's.

        Raises AmbiguousColumn, and UndefinedColumn if it has the table but not with this column.
        """
        # BEGIN SOLUTION
        return self._find(ast) is not None
        # END SOLUTION

    def coerce(self, bound: Tree, kind: str) -> Tree:
        """Return the bound expression with this type if it has none yet, else as it is.

        A literal in quotes becomes a literal of the type (InvalidText, OutOfRange). A parameter is
        of the type from now on.
        """
        # BEGIN SOLUTION
        bound = self._known(bound)
        if not self.untyped(bound):
            return bound
        if bound["kind"] == "literal":
            value = bound["value"] if kind == "text" else given(bound["value"], kind)
            return {"kind": "literal", "type": kind, "value": value}
        self._params[bound["index"] - 1] = kind
        return {**bound, "type": kind}
        # END SOLUTION

    def expect(self, bound: Tree, kind: str, where: str) -> Tree:
        """Return the bound expression with this type, which it has, takes, or is made: for a real.

        NULL is of every type. Raises TypeMismatch, with the word `where` in its message.
        """
        # BEGIN SOLUTION
        bound = _promoted(self.coerce(bound, kind), kind)
        if bound["type"] not in (kind, "null"):
            raise TypeMismatch(f"{where} takes {kind}, not {bound['type']}")
        return bound
        # END SOLUTION

    def common(self, parts: list[Tree], where: str) -> tuple[list[Tree], str]:
        """Return the bound expressions with one type, and the type.

        Integers are made real if there is a real. The type is "text" if none of them has one, and
        "null" if all are NULL. Raises TypeMismatch, with the word `where` in its message.
        """
        # BEGIN SOLUTION
        parts = [self._known(part) for part in parts]
        known = {part["type"] for part in parts if not self.untyped(part)} - {"null"}
        if known == {"integer", "real"}:
            known = {"real"}
        if len(known) > 1:
            raise TypeMismatch(f"{where} cannot put {' and '.join(sorted(known))} together")
        unknown = "text" if any(map(self.untyped, parts)) else "null"
        kind = known.pop() if known else unknown
        return [_promoted(self.coerce(part, kind), kind) for part in parts], kind
        # END SOLUTION

    def aggregate_type(self, call: Tree, arg: Tree | None) -> str:
        """Return the type of a call of an aggregate with this bound argument.

        There is none, and `arg` is None, for count(*). count gives integer, avg real; sum, min and
        max give the type of the argument. Raises TypeMismatch for sum and avg of what is neither a
        number nor NULL.
        """
        # BEGIN SOLUTION
        if arg is None:
            return "integer"
        name, kind = call["name"], arg["type"]
        if name in ("sum", "avg") and kind not in ("integer", "real", "null"):
            raise TypeMismatch(f"{name} takes numbers, not {kind}")
        result: str = {"count": "integer", "avg": "real"}.get(name, kind)
        return result
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    # names

    def _find(self, ast: Tree) -> int | None:
        """Where in the row this column is; None if the query has nothing that could be meant."""
        table, name = ast["table"], ast["name"]
        inside = [i for i, c in enumerate(self.columns) if table is None or c["table"] == table]
        found = [i for i in inside if self.columns[i]["name"] == name]
        if len(found) > 1:
            raise AmbiguousColumn(f"column {name!r} could be any of {len(found)}")
        if inside and table is not None and not found:
            raise UndefinedColumn(f"there is no column {name!r} in {table!r}")
        return next(iter(found), None)

    def bind_column(self, ast: Tree) -> Tree:
        index = self._find(ast)
        if index is not None:
            return {"kind": "field", "index": index, "type": self.columns[index]["type"]}
        if self.outer is None and ast["table"] is None:
            raise UndefinedColumn(f"there is no column {ast['name']!r}")
        if self.outer is None:
            raise UndefinedTable(f"there is no table {ast['table']!r} here")
        found = self.outer.bind_column(ast)
        self._correlated = True
        depth = found["depth"] + 1 if found["kind"] == "outer" else 1
        return {"kind": "outer", "depth": depth, "index": found["index"], "type": found["type"]}

    # types

    def untyped(self, bound: Tree) -> bool:
        """Whether this takes the type of what it meets: a literal in quotes, a new parameter."""
        if bound["kind"] == "param":
            return self._params[bound["index"] - 1] is None
        return bound["kind"] == "literal" and bound["type"] == "text"

    def _known(self, bound: Tree) -> Tree:
        """The expression; a parameter with the type that is known by now."""
        if bound["kind"] != "param":
            return bound
        return {**bound, "type": self._params[bound["index"] - 1] or "text"}

    # one method for each kind of node

    def bind_literal(self, ast: Tree) -> Tree:
        if ast["type"] in ("integer", "real"):
            fitting(ast["value"])
        return dict(ast)

    def bind_param(self, ast: Tree) -> Tree:
        index = ast["index"]
        if not 1 <= index <= MOST_PARAMS:
            raise SqlSyntaxError(f"there is no parameter ${index}")
        self._params.extend([None] * (index - len(self._params)))
        return self._known({"kind": "param", "index": index})

    def bind_unary(self, ast: Tree) -> Tree:
        op, arg = ast["op"], ast["arg"]
        if op == "-" and arg["kind"] == "literal" and arg["type"] == "integer":
            return self.bind({**arg, "value": -arg["value"]})  # there is no +2**63 to negate
        bound = self.bind(arg)
        if op == "+":
            return bound
        if op == "not":
            bound, kind = self.expect(bound, "boolean", "NOT"), "boolean"
        else:
            bound, kind = self._number(bound, "-")
        return {"kind": "unary", "op": op, "arg": bound, "type": kind}

    def _number(self, bound: Tree, where: str) -> tuple[Tree, str]:
        bound = self.coerce(bound, "real")
        if bound["type"] not in ("integer", "real", "null"):
            raise TypeMismatch(f"{where} takes a number, not {bound['type']}")
        return bound, bound["type"]

    def bind_binary(self, ast: Tree) -> Tree:
        op, pair = ast["op"], [self.bind(ast["left"]), self.bind(ast["right"])]
        if op in ("and", "or"):
            pair, kind = [self.expect(part, "boolean", op.upper()) for part in pair], "boolean"
        elif op in COMPARISONS:
            pair, kind = self.common(pair, op)[0], "boolean"
        elif op == "||":
            pair, kind = self._joined(pair), "text"
        elif op in TEXTS:
            pair, kind = [self.expect(part, "text", op) for part in pair], "boolean"
        else:
            pair, kind = self.common(pair, op)
            if kind != "null" and (op, kind) not in ARITHMETIC:
                raise TypeMismatch(f"{op} does not take {kind}")
        return {"kind": "binary", "op": op, "left": pair[0], "right": pair[1], "type": kind}

    def _joined(self, pair: list[Tree]) -> list[Tree]:
        """The sides of ||: one must be a text, and makes a text of the other."""
        if not any(part["type"] in ("text", "null") for part in pair):
            raise TypeMismatch(f"|| takes texts, not {pair[0]['type']} and {pair[1]['type']}")
        return [_cast(self.coerce(part, "text"), "text") for part in pair]

    def bind_is_null(self, ast: Tree) -> Tree:
        return {**ast, "arg": self.bind(ast["arg"]), "type": "boolean"}

    def bind_is_bool(self, ast: Tree) -> Tree:
        arg = self.expect(self.bind(ast["arg"]), "boolean", "IS")
        return {**ast, "arg": arg, "type": "boolean"}

    def bind_between(self, ast: Tree) -> Tree:
        parts = [self.bind(ast[key]) for key in ("arg", "low", "high")]
        arg, low, high = self.common(parts, "BETWEEN")[0]
        return {**ast, "arg": arg, "low": low, "high": high, "type": "boolean"}

    def bind_in_list(self, ast: Tree) -> Tree:
        parts = [self.bind(part) for part in (ast["arg"], *ast["items"])]
        arg, *items = self.common(parts, "IN")[0]
        return {**ast, "arg": arg, "items": items, "type": "boolean"}

    def bind_like(self, ast: Tree) -> Tree:
        arg, pattern = (self.expect(self.bind(ast[k]), "text", "LIKE") for k in ("arg", "pattern"))
        return {**ast, "arg": arg, "pattern": pattern, "type": "boolean"}

    def bind_case(self, ast: Tree) -> Tree:
        tests = [self.bind(test) for test, _ in ast["whens"]]
        values = [self.bind(value) for _, value in ast["whens"]]
        operand, otherwise = (ast[k] and self.bind(ast[k]) for k in ("operand", "otherwise"))
        if operand is None:
            tests = [self.expect(test, "boolean", "WHEN") for test in tests]
        else:
            operand, *tests = self.common([operand, *tests], "CASE")[0]
        values, kind = self.common([*values, otherwise] if otherwise else values, "CASE")
        parts = {"operand": operand, "otherwise": otherwise and values[-1]}
        whens = [list(pair) for pair in zip(tests, values, strict=False)]
        return {"kind": "case", **parts, "whens": whens, "type": kind}

    def bind_cast(self, ast: Tree) -> Tree:
        kind = ast["type"]
        arg = self.coerce(self.bind(ast["arg"]), kind)
        if arg["type"] not in (kind, "null") and (arg["type"], kind) not in CASTS:
            raise TypeMismatch(f"{arg['type']} cannot be cast to {kind}")
        return {"kind": "cast", "arg": arg, "type": kind}

    def bind_call(self, ast: Tree) -> Tree:
        name, count = ast["name"], len(ast["args"])
        if name in AGGREGATES:
            if count != 1 and not (ast["star"] and name == "count"):
                raise UndefinedFunction(f"{name} takes one argument")
            return self.aggregate(ast)
        if ast["star"] or ast["distinct"]:
            raise UndefinedFunction(f"{name} is no aggregate: it has no * and no DISTINCT")
        args = [self.bind(arg) for arg in ast["args"]]
        if name in FORMS:
            if count != (FORMS[name] or max(count, 1)):
                raise UndefinedFunction(f"{name} cannot have {count} arguments")
            args, kind = self.common(args, name)
        else:
            args, kind = self._arguments(name, args)
        return {"kind": "call", "name": name, "args": args, "type": kind}

    def _arguments(self, name: str, args: list[Tree]) -> tuple[list[Tree], str]:
        found = function(name, len(args))
        bound = []
        for arg, kind in zip(args, found.takes, strict=False):
            if kind == "any":
                bound.append(self.coerce(arg, "text"))
            elif kind == "number":
                bound.append(self._number(arg, name)[0])
            else:
                bound.append(self.expect(arg, kind, name))
        return bound, bound[0]["type"] if found.result == "same" else found.result

    # subqueries

    def bind_exists(self, ast: Tree) -> Tree:
        return {"kind": "exists", "plan": self.subquery(ast["select"]), "type": "boolean"}

    def bind_scalar(self, ast: Tree) -> Tree:
        plan = self.subquery(ast["select"])
        return {"kind": "scalar", "plan": plan, "type": _only_column(plan)["type"]}

    def bind_in_select(self, ast: Tree) -> Tree:
        arg, plan = self.bind(ast["arg"]), self.subquery(ast["select"])
        column = {"kind": "field", "type": _only_column(plan)["type"]}
        arg = self.common([arg, column], "IN")[0][0]
        rest = {"plan": plan, "negated": ast["negated"], "type": "boolean"}
        return {"kind": "in_select", "arg": arg, **rest}

    # END SOLUTION


# BEGIN SOLUTION: helpers
def _promoted(bound: Tree, kind: str) -> Tree:
    """An integer as a real, if that is the kind."""
    return _cast(bound, kind) if (bound["type"], kind) == ("integer", "real") else bound


def _cast(bound: Tree, kind: str) -> Tree:
    """The expression as a value of this type; a number is made real at once."""
    if bound["type"] in (kind, "null"):
        return bound
    if bound["kind"] == "literal" and kind == "real":
        return {**bound, "type": kind, "value": float(bound["value"])}
    return {"kind": "cast", "arg": bound, "type": kind}


def _only_column(plan: Tree) -> Tree:
    if len(plan["columns"]) != 1:
        raise CardinalityViolation("a subquery that stands for a value has one column")
    column: Tree
    (column,) = plan["columns"]
    return column


# END SOLUTION
