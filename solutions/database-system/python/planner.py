"""From syntax to a plan: which rows come from where, and what becomes of them.

A query is planned in the order in which it means something: FROM, WHERE, GROUP BY, HAVING, SELECT,
DISTINCT, ORDER BY, LIMIT. Each step sees the columns of the step before: that is why WHERE knows
no aggregate, and why above GROUP BY only the keys and the aggregates are left. Left out: lateral
subqueries, and aggregates that belong to a query further out.

The plans are naive on purpose: joins are nested loops over all pairs, and WHERE stands above them.
PostgreSQL never writes such a plan down; here it is the meaning of the query, and milestone 12 may
do anything that keeps it.
"""

from __future__ import annotations

from typing import Any

from binder import AGGREGATES, Binder
from kit.errors import (
    GroupingError,
    InvalidColumnReference,
    SqlSyntaxError,
    TypeMismatch,
    UndefinedTable,
)

Tree = dict[str, Any]  # an AST, a bound expression or a plan


class Planner:
    """Makes plans for queries over the tables and views of a catalog."""

    def __init__(self, catalog: Any, types: list[str | None] | None = None) -> None:
        """Look names up in `catalog`, an object with `table(name)` and `view(name)`.

        `types` are those of $1, $2 ... that are known beforehand, None for one that is not.
        """
        # BEGIN SOLUTION
        self._catalog = catalog
        self._params = list(types or [])
        # END SOLUTION

    def plan(self, select: Tree) -> Tree:
        """Return the plan of a query: a "select", "compound" or "values" of the parser.

        Raises UndefinedTable, UndefinedColumn, AmbiguousColumn, GroupingError, TypeMismatch,
        InvalidColumnReference (ORDER BY names a column that cannot be), SqlSyntaxError (lists of
        different length), CardinalityViolation (a subquery of more than one column used as a value)
        and what the binder raises.
        """
        # BEGIN SOLUTION
        return self.query(select, None)
        # END SOLUTION

    def param_types(self) -> list[str]:
        """Return the types of $1, $2 ... in what was planned; "text" where nothing told."""
        # BEGIN SOLUTION
        return [kind or "text" for kind in self._params]
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def query(self, select: Tree, outer: Binder | None) -> Tree:
        """The plan of a query that stands inside the query of `outer`."""
        return PLANS[select["kind"]](self, select, outer)

    def scope(self, columns: list[Tree], outer: Binder | None = None) -> Scope:
        """A binder of expressions over these columns."""
        return Scope(self, columns, outer)

    def select(self, select: Tree, outer: Binder | None) -> Tree:
        source = self.source(select["from"], outer) if select["from"] else _node("one", [])
        below = self.scope(source["columns"], outer)
        if select["where"] is not None:
            source = _filter(source, below.condition(select["where"]))
        items = [item for given in select["items"] for item in _unstarred(given, source["columns"])]
        scope, having = below, select["having"]
        if select["group_by"] or having is not None or calls_aggregate(items, select["order_by"]):
            scope = Groups(below, [_named(key, items, below) for key in select["group_by"]])
        outputs = [scope.bind(item["expr"]) for item in items]
        kept = None if having is None else scope.condition(having)
        columns = [
            _column(None, name_of(i), o["type"]) for i, o in zip(items, outputs, strict=True)
        ]
        keys = [
            [_position(key, items, outputs, scope, select["distinct"]), *_direction(key)]
            for key in select["order_by"]
        ]
        if isinstance(scope, Groups):
            source = scope.plan(source)
        if kept is not None:
            source = _filter(source, kept)
        plan = _project(source, outputs, columns)
        if select["distinct"]:
            plan = _node("distinct", plan["columns"], input=plan)
        plan = self.ordered(plan, keys, select, outer)
        return plan if len(outputs) == len(columns) else _first(plan, columns)

    def compound(self, select: Tree, outer: Binder | None) -> Tree:
        left, right = self.query(select["left"], outer), self.query(select["right"], outer)
        if len(left["columns"]) != len(right["columns"]):
            raise SqlSyntaxError(f"both sides of {select['op'].upper()} need as many columns")
        pairs = zip(left["columns"], right["columns"], strict=True)
        types = [common_type([a["type"], b["type"]]) for a, b in pairs]
        left, right = _cast_all(left, types), _cast_all(right, types)
        columns = [_column(None, c["name"], c["type"]) for c in left["columns"]]
        plan = _node("set", columns, kind=select["op"], all=select["all"], left=left, right=right)
        return self.sorted_output(plan, select, outer)

    def values(self, select: Tree, outer: Binder | None) -> Tree:
        scope = self.scope([], outer)
        width = len(select["rows"][0])
        if any(len(row) != width for row in select["rows"]):
            raise SqlSyntaxError("the rows of VALUES need as many values each")
        rows = [[scope.bind(value) for value in row] for row in select["rows"]]
        made = [scope.common([row[i] for row in rows], "VALUES") for i in range(width)]
        rows = [list(row) for row in zip(*(values for values, _ in made), strict=True)]
        columns = [_column(None, f"column{i + 1}", kind) for i, (_, kind) in enumerate(made)]
        return self.sorted_output(_node("values", columns, rows=rows), select, outer)

    def sorted_output(self, plan: Tree, select: Tree, outer: Binder | None) -> Tree:
        """ORDER BY and LIMIT where only the output's own columns can be meant."""
        names = [{"alias": column["name"]} for column in plan["columns"]]
        keys = [[_output(key["expr"], names), *_direction(key)] for key in select["order_by"]]
        if any(key[0] is None for key in keys):
            raise InvalidColumnReference("ORDER BY can name only columns of the result here")
        return self.ordered(plan, keys, select, outer)

    def ordered(self, plan: Tree, keys: list[list[Any]], select: Tree, outer: Any) -> Tree:
        if keys:
            plan = _node("sort", plan["columns"], input=plan, keys=keys)
        if select["limit"] is None and select["offset"] is None:
            return plan
        scope = self.scope([], outer)
        counts = {
            name: None
            if select[name] is None
            else scope.expect(scope.bind(select[name]), "integer", name.upper())
            for name in ("limit", "offset")
        }
        return _node("limit", plan["columns"], input=plan, **counts)

    # for the statements that change rows

    def rows_of(self, table: Any, name: str) -> Tree:
        """A plan of all rows of a table, each behind its row key."""
        columns = [_column(name, c["name"], c["type"]) for c in table.columns()]
        return _node("scan", [_column(None, "", "bytes"), *columns], table=name, row_key=True)

    def items(self, items: list[Tree], table: Any, name: str) -> tuple[list[Tree], list[Tree]]:
        """Names and types, and bound expressions, of a list like SELECT's over one table's columns."""
        scope = self.scope([_column(name, c["name"], c["type"]) for c in table.columns()])
        given = [item for one in items for item in _unstarred(one, scope.columns)]
        exprs = [scope.bind(item["expr"]) for item in given]
        pairs = zip(given, exprs, strict=True)
        return [_column(None, name_of(item), expr["type"]) for item, expr in pairs], exprs

    def assigned(self, source: Tree, types: list[str], fewer: bool) -> Tree:
        """The plan of what INSERT stores in columns of these types; there may be `fewer` values."""
        if source["kind"] == "values" and not any(source[key] for key in CHOSEN):
            scope = self.scope([])
            _check_width(source["rows"], types, fewer)
            rows = [
                [scope.assign(v, t) for v, t in zip(row, types, strict=False)]
                for row in source["rows"]
            ]
            columns = [_column(None, "", kind) for kind in types[: len(rows[0])]]
            return _node("values", columns, rows=rows)
        plan = self.query(source, None)
        _check_width([plan["columns"]], types, fewer)
        pairs = zip(fields(plan["columns"]), types, strict=False)
        return _project(plan, [assignable(f, kind) for f, kind in pairs], plan["columns"])

    # where rows come from

    def source(self, source: Tree, outer: Binder | None) -> Tree:
        if source["kind"] == "join":
            return self.join(source, outer)
        if source["kind"] == "subquery":
            return _renamed(self.query(source["select"], outer), source["alias"])
        alias = source["alias"] or source["name"]
        try:
            table = self._catalog.table(source["name"])
        except UndefinedTable:
            view = self._catalog.view(source["name"])
            if view is None:
                raise
            return _renamed(self.query(view, None), alias)
        columns = [_column(alias, c["name"], c["type"]) for c in table.columns()]
        return _node("scan", columns, table=source["name"])

    def join(self, source: Tree, outer: Binder | None) -> Tree:
        left, right = self.source(source["left"], outer), self.source(source["right"], outer)
        columns = left["columns"] + right["columns"]
        on = None
        if source["on"] is not None:
            on = self.scope(columns, outer).condition(source["on"])
        return _node(
            "nested_loop", columns, type=source["type"], left=left, right=right, condition=on
        )

    # END SOLUTION


# BEGIN SOLUTION: helpers
PLANS = {"select": Planner.select, "compound": Planner.compound, "values": Planner.values}


class Scope(Binder):
    """Binds expressions over the columns of one step, subqueries included."""

    def __init__(self, planner: Planner, columns: list[Tree], outer: Binder | None) -> None:
        super().__init__(columns, outer, planner._params)
        self.planner = planner
        self.columns = columns

    def _find(self, ast: Tree) -> int | None:
        """Where a column is. One that `*` stands for has its place: its name may be there twice."""
        return ast["place"] if "place" in ast else super()._find(ast)

    def subquery(self, select: Tree) -> Tree:
        plan = self.planner.query(select, self)
        return {**plan, "correlated": reaches_out(plan)}

    def bind_default(self, ast: Tree) -> Tree:
        raise SqlSyntaxError("DEFAULT can stand only among the values of an INSERT")

    def condition(self, ast: Tree) -> Tree:
        """Bind an expression that is true, false or NULL."""
        return self.expect(self.bind(ast), "boolean", "a condition")

    def assign(self, ast: Tree, kind: str) -> Tree:
        """Bind an expression whose value is stored in a column of this type."""
        return assignable(self.coerce(self.bind(ast), kind), kind)


class Groups(Scope):
    """Binds expressions above GROUP BY: its columns are the keys, then the aggregates."""

    def __init__(self, below: Scope, keys: list[Tree]) -> None:
        self.below = below
        self.keys = [below.bind(key) for key in keys]
        self.aggregates: list[Tree] = []
        super().__init__(below.planner, [], below.outer)

    def bind(self, ast: Tree) -> Tree:
        if any(key["kind"] != "field" for key in self.keys) and not calls_aggregate(ast):
            bound = self.below.bind(ast)
            if bound in self.keys:
                return self._key(bound)
        return super().bind(ast)

    def bind_column(self, ast: Tree) -> Tree:
        if not self.below.has_column(ast):
            return super().bind_column(ast)
        bound = self.below.bind_column(ast)
        if bound not in self.keys:
            raise GroupingError(
                f"column {ast['name']!r} must be in GROUP BY, or inside of an aggregate"
            )
        return self._key(bound)

    def _key(self, bound: Tree) -> Tree:
        return {"kind": "field", "index": self.keys.index(bound), "type": bound["type"]}

    def aggregate(self, call: Tree) -> Tree:
        arg = None if call["star"] else self.below.bind(call["args"][0])
        found = {
            "name": call["name"],
            "arg": arg,
            "distinct": call["distinct"],
            "type": self.aggregate_type(call, arg),
        }
        if found not in self.aggregates:
            self.aggregates.append(found)
        at = len(self.keys) + self.aggregates.index(found)
        return {"kind": "field", "index": at, "type": found["type"]}

    def plan(self, source: Tree) -> Tree:
        columns = [_column(None, "", given["type"]) for given in [*self.keys, *self.aggregates]]
        return _node("aggregate", columns, input=source, keys=self.keys, aggregates=self.aggregates)


CHOSEN = ("order_by", "limit", "offset")  # what makes VALUES more than its rows
NUMBERS = {"integer", "real"}


def reaches_out(node: Any, level: int = 0) -> bool:
    """Whether a plan, or an expression in it, reads a row of a query around it."""
    if isinstance(node, list):
        return any(reaches_out(item, level) for item in node)
    if not isinstance(node, dict):
        return False
    if node.get("kind") == "outer" and node["depth"] > level:
        return True
    return any(reaches_out(item, level + (key == "plan")) for key, item in node.items())


def common_type(types: list[str]) -> str:
    """The type of a column that is made of several."""
    known = {kind for kind in types if kind != "null"}
    if known == {"integer", "real"}:
        return "real"
    if len(known) > 1:
        raise TypeMismatch(f"{' and '.join(sorted(known))} cannot be in one column")
    return known.pop() if known else "null"


def cast(bound: Tree, kind: str) -> Tree:
    """The expression as a value of this type."""
    if bound["type"] == kind:
        return bound
    return {"kind": "cast", "arg": bound, "type": kind}


def assignable(bound: Tree, kind: str) -> Tree:
    """The expression as it is stored: numbers become each other, and anything becomes text."""
    if bound["type"] in (kind, "null") or kind == "text" or {bound["type"], kind} == NUMBERS:
        return cast(bound, kind)
    raise TypeMismatch(f"a column of type {kind} cannot take {bound['type']}")


def name_of(item: Tree) -> str:
    """What a column of the result is called."""
    expr = item["expr"]
    while expr["kind"] == "cast":
        expr = expr["arg"]
    if item["alias"] is not None:
        return item["alias"]
    if expr["kind"] in ("column", "call"):
        return expr["name"]
    return {"case": "case", "exists": "exists"}.get(expr["kind"], "?column?")


def _node(op: str, columns: list[Tree], **more: Any) -> Tree:
    return {"op": op, "columns": columns, **more}


def _column(table: str | None, name: str, kind: str) -> Tree:
    return {"table": table, "name": name, "type": kind}


def _filter(plan: Tree, condition: Tree) -> Tree:
    return _node("filter", plan["columns"], input=plan, condition=condition)


def _project(plan: Tree, exprs: list[Tree], columns: list[Tree]) -> Tree:
    hidden = [_column(None, "", expr["type"]) for expr in exprs[len(columns) :]]
    return _node("project", columns + hidden, input=plan, exprs=exprs)


def fields(columns: list[Tree]) -> list[Tree]:
    return [
        {"kind": "field", "index": i, "type": column["type"]} for i, column in enumerate(columns)
    ]


def _first(plan: Tree, columns: list[Tree]) -> Tree:
    """Without the columns that were there for sorting only."""
    return _project(plan, fields(columns), columns)


def _cast_all(plan: Tree, types: list[str]) -> Tree:
    if [column["type"] for column in plan["columns"]] == types:
        return plan
    exprs = [cast(f, kind) for f, kind in zip(fields(plan["columns"]), types, strict=True)]
    columns = [{**c, "type": kind} for c, kind in zip(plan["columns"], types, strict=True)]
    return _project(plan, exprs, columns)


def _renamed(plan: Tree, alias: str) -> Tree:
    return {**plan, "columns": [{**column, "table": alias} for column in plan["columns"]]}


def _unstarred(item: Tree, columns: list[Tree]) -> list[Tree]:
    """The items that `*` or `t.*` stands for; any other item is itself."""
    if item["expr"]["kind"] != "star":
        return [item]
    table = item["expr"]["table"]
    meant = [(i, c) for i, c in enumerate(columns) if table is None or c["table"] == table]
    if not meant:
        raise UndefinedTable(f"there is no table {table!r} in FROM" if table else "* needs a FROM")
    return [{"expr": {"kind": "column", **c, "place": i}, "alias": None} for i, c in meant]


def calls_aggregate(*parts: Any) -> bool:
    """Whether aggregates are called in these parts of the syntax, subqueries not counted."""
    for part in parts:
        if isinstance(part, dict):
            if part.get("kind") == "call" and part["name"] in AGGREGATES:
                return True
            if calls_aggregate(*(value for key, value in part.items() if key != "select")):
                return True
        elif isinstance(part, list) and calls_aggregate(*part):
            return True
    return False


def _output(expr: Tree, items: list[Tree]) -> int | None:
    """Which column of the result is meant by an ordinal or by its name; None if neither."""
    if expr["kind"] == "literal" and expr["type"] == "integer":
        if not 1 <= expr["value"] <= len(items):
            raise InvalidColumnReference(f"there is no column {expr['value']} in the result")
        return expr["value"] - 1
    if expr["kind"] != "column" or expr["table"] is not None:
        return None
    named = [i for i, item in enumerate(items) if item["alias"] == expr["name"]]
    return named[0] if named else None


def _named(key: Tree, items: list[Tree], below: Scope) -> Tree:
    """What a key of GROUP BY means: an item by its number or name, if no column has that name."""
    if key["kind"] == "column" and below.has_column(key):
        return key
    at = _output(key, items)
    return key if at is None else items[at]["expr"]


def _position(
    key: Tree, items: list[Tree], outputs: list[Tree], scope: Scope, distinct: bool
) -> int:
    """Where the value to sort by stands in the output; what is not there yet is added."""
    at = _output(key["expr"], items)
    if at is not None:
        return at
    bound = scope.bind(key["expr"])
    if bound in outputs:
        return outputs.index(bound)
    if distinct:
        raise InvalidColumnReference("with DISTINCT, ORDER BY can name only columns of the result")
    outputs.append(bound)
    return len(outputs) - 1


def _check_width(rows: list[list[Any]], types: list[str], fewer: bool) -> None:
    for row in rows:
        if len(row) != len(rows[0]):
            raise SqlSyntaxError("the rows of VALUES need as many values each")
        if len(row) > len(types) or (len(row) < len(types) and not fewer):
            raise SqlSyntaxError(f"INSERT has {len(types)} columns, and {len(row)} values for them")


def _direction(key: Tree) -> list[bool]:
    """[descending, NULLs first]: NULL counts as larger than everything else."""
    first = key["desc"] if key["nulls"] is None else key["nulls"] == "first"
    return [key["desc"], first]


# END SOLUTION
