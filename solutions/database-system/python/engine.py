"""SQL runs: statements are parsed, planned and carried out over a store.

The engine knows no transactions. It commits after each statement and rolls back one that fails, or
leaves both to somebody else (milestone 13). Rows to be changed are found by a plan, like those of a
query, so that an index helps there too; they are all found before the first one changes, or an
UPDATE might meet its own results again (the Halloween problem, named for the day it was noticed).
"""

from __future__ import annotations

# BEGIN SOLUTION: helpers
from collections.abc import Iterator
from functools import lru_cache

# END SOLUTION
from typing import Any

# BEGIN SOLUTION: helpers
from binder import Binder
from planner import assignable, fields

# END SOLUTION

from catalog import Catalog
from expressions import Expression
from kit.errors import (
    DuplicateColumn,
    FeatureNotSupported,
    UndefinedColumn,
    UndefinedTable,
)
from operators import Runner
from parser import parse
from planner import Planner, Tree

Result = dict[str, Any]  # {"tag": text, "columns": [{"name", "type"}], "rows": lists of values}
# BEGIN SOLUTION: helpers
Params = list[Any] | None  # the values of $1, $2 ...
# END SOLUTION


class Engine:
    """Runs SQL over a store."""

    def __init__(
        self, store: Any, optimizer: Any = None, autocommit: bool = True, catalog: Any = None
    ) -> None:
        """Work on `store`, an object with the seven methods of a store.

        `optimizer`, if there is one, has a method `optimize(plan, catalog)` that returns the plan
        to run instead. With `autocommit` false the engine neither commits nor rolls back.
        `catalog` is used instead of a `Catalog` over the store.
        """
        # BEGIN SOLUTION
        self._store = store
        self._optimizer = optimizer
        self._autocommit = autocommit
        self._catalog = Catalog(store) if catalog is None else catalog
        self._known: Tree = {}  # how to run statements, by their identity and types
        # END SOLUTION

    def execute(self, sql: str, params: list[Any] | None = None) -> list[Result]:
        """Run every statement of a script; one result each.

        A result is {"tag", "columns", "rows"}: the tag says what was done as PostgreSQL does
        ("SELECT 3", "INSERT 0 1", "UPDATE 2", "DELETE 0", "CREATE TABLE" ...), a column is {"name",
        "type"}. `params` are the values of $1, $2 ... Statements before one that raises stay done.
        """
        # BEGIN SOLUTION
        return [self.run(statement, params) for statement in _parsed(sql)]
        # END SOLUTION

    def run(
        self,
        statement: Tree,
        params: list[Any] | None = None,
        types: list[str | None] | None = None,
    ) -> Result:
        """Run one statement of the parser. If it raises, it has changed nothing.

        `types` declares what $1, $2 ... are; None, or nothing, leaves it to what they meet.
        BEGIN, COMMIT, SET and their like raise FeatureNotSupported: they need a session.
        """
        # BEGIN SOLUTION
        try:
            result = self._carry_out(statement, params, types)
        except BaseException:
            if self._autocommit:
                self._store.rollback()
            raise
        if self._autocommit:
            self._store.commit()
        return result
        # END SOLUTION

    def prepare(self, statement: Tree, types: list[str | None] | None = None) -> dict[str, Any]:
        """Return {"params": types of $1, $2 ..., "columns": of the result}, without running it."""
        # BEGIN SOLUTION
        if statement["kind"] in PLANNED:
            how = self._how(statement, types, _Tables(self._catalog))
            return {"params": how["params"], "columns": how["columns"]}
        columns = [QUERY_PLAN] if statement["kind"] == "explain" else []
        return {"params": Planner(self._catalog, types).param_types(), "columns": columns}
        # END SOLUTION

    def explain(self, sql: str) -> Tree:
        """Return the plan that would be run for a query, an UPDATE or a DELETE: the last in `sql`."""
        # BEGIN SOLUTION
        statement = parse(sql)[-1]
        return self._plan_of(
            statement["statement"] if statement["kind"] == "explain" else statement
        )
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _carry_out(self, statement: Tree, params: Params, types: list[str | None] | None) -> Result:
        if statement["kind"] not in PLANNED:
            result: Result = self._definition(statement)(self, statement)
            return result
        tables = _Tables(self._catalog)
        how = self._how(statement, types, tables)
        _, carry_out = PLANNED[statement["kind"]]
        return carry_out(self, how, params, tables)

    def _definition(self, statement: Tree) -> Any:
        if statement["kind"] not in DEFINITIONS:
            raise FeatureNotSupported(f"{statement['kind'].upper()} needs a session")
        return DEFINITIONS[statement["kind"]]

    def _how(self, statement: Tree, types: list[str | None] | None, tables: _Tables) -> Tree:
        """What there is to do for a statement: {"plan", "columns", "params" ...}.

        It is remembered, and true as long as the tables that it was made for look the same.
        """
        key = (id(statement), *(types or []))
        if key in self._known:
            _, shapes, how = self._known[key]
            if tables.look_like(shapes):
                return how
        planner = Planner(tables, types)
        decide, _ = PLANNED[statement["kind"]]
        how = decide(self, statement, planner, tables)
        how["params"] = planner.param_types()
        if not tables.views:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = statement, tables.shapes(), how  # kept, it keeps its identity
        return how

    def _plan_of(self, statement: Tree) -> Tree:
        if statement["kind"] not in PLANNED:
            raise FeatureNotSupported(f"{statement['kind'].upper()} has no plan")
        plan: Tree = self._how(statement, None, _Tables(self._catalog))["plan"]
        return plan

    def _optimized(self, plan: Tree, tables: _Tables) -> Tree:
        return self._optimizer.optimize(plan, tables) if self._optimizer else plan

    # queries and changes: first what there is to do, then the deed

    def _selection(self, statement: Tree, planner: Planner, tables: _Tables) -> Tree:
        plan = self._optimized(planner.plan(statement), tables)
        return {"plan": plan, "columns": _described(plan["columns"])}

    def _select(self, how: Tree, params: Params, tables: _Tables) -> Result:
        rows = _rows(how["plan"], params, tables)
        return _result(f"SELECT {len(rows)}", how["columns"], rows)

    def _insertion(self, statement: Tree, planner: Planner, tables: _Tables) -> Tree:
        columns = tables.table(statement["table"]).columns()
        names = [column["name"] for column in columns]
        given = statement["columns"] or names
        targets = [columns[_index(names, name)] for name in given]
        if len(set(given)) < len(given):
            raise DuplicateColumn("a column is named twice")
        source, left_out = _left_out(statement["source"] or DEFAULT_VALUES)
        types = [column["type"] for column in targets]
        plan = planner.assigned(source, types, fewer=not statement["columns"])
        made = {names.index(name): at for at, name in enumerate(given[: len(plan["columns"])])}
        defaults = [self._default(column) for column in columns]
        how = {"plan": self._optimized(plan, tables), "made": made, "defaults": defaults}
        how["left_out"] = left_out
        return {**how, **_returning(statement, planner, tables)}

    def _insert(self, how: Tree, params: Params, tables: _Tables) -> Result:
        made, left_out = how["made"], how["left_out"]
        rows = [
            [
                given[made[i]] if i in made and (number, made[i]) not in left_out else default()
                for i, default in enumerate(how["defaults"])
            ]
            for number, given in enumerate(_rows(how["plan"], params, tables))
        ]
        result = _changed(f"INSERT 0 {len(rows)}", how, rows, params, tables)
        table = tables.table(how["table"])
        for row in rows:
            table.insert(row)
        return result

    def _updating(self, statement: Tree, planner: Planner, tables: _Tables) -> Tree:
        found, scope = _found(statement, planner, tables)
        columns = tables.table(statement["table"]).columns()
        names = [column["name"] for column in columns]
        exprs = fields(found["columns"])
        for name, value in statement["set"]:
            at = _index(names, name)
            if exprs[at + 1]["kind"] != "field" or exprs[at + 1]["index"] != at + 1:
                raise DuplicateColumn(f"column {name!r} is set twice")
            exprs[at + 1] = scope.assign(value, columns[at]["type"])
        plan = {"op": "project", "columns": found["columns"], "input": found, "exprs": exprs}
        return {"plan": self._optimized(plan, tables), **_returning(statement, planner, tables)}

    def _update(self, how: Tree, params: Params, tables: _Tables) -> Result:
        found = _rows(how["plan"], params, tables)
        rows = [row for _, *row in found]
        result = _changed(f"UPDATE {len(rows)}", how, rows, params, tables)
        tables.table(how["table"]).update([key for key, *_ in found], rows)
        return result

    def _deletion(self, statement: Tree, planner: Planner, tables: _Tables) -> Tree:
        found, _ = _found(statement, planner, tables)
        return {"plan": self._optimized(found, tables), **_returning(statement, planner, tables)}

    def _delete(self, how: Tree, params: Params, tables: _Tables) -> Result:
        found = _rows(how["plan"], params, tables)
        gone = [row for _, *row in found]
        result = _changed(f"DELETE {len(found)}", how, gone, params, tables)
        for key, *_ in found:
            tables.table(how["table"]).delete(key)
        return result

    def _default(self, column: Tree) -> Any:
        """A function that gives the value of a column for which INSERT has none."""
        ast = column["default"]
        if ast is None:
            return lambda: None
        if ast["kind"] == "call" and ast["name"] == "nextval":
            sequence = ast["args"][0]["value"].encode()
            return lambda: self._store.next_id(b"sequence " + sequence)
        binder = Binder([])  # of one that knows no tables: a subquery is refused
        bound = assignable(binder.coerce(binder.bind(ast), column["type"]), column["type"])
        return lambda: Expression(bound).eval([], [], [])

    # what has no plan

    def _explain(self, statement: Tree) -> Result:
        lines = _drawn(self._plan_of(statement["statement"]))
        return _result("EXPLAIN", [QUERY_PLAN], [[line] for line in lines])

    def _create_table(self, statement: Tree) -> Result:
        for column in statement["columns"]:
            self._default(column)  # a default that cannot be is refused now
        schema = {key: statement[key] for key in ("name", "columns", "primary_key", "unique")}
        if not (statement["if_not_exists"] and self._exists(statement["name"])):
            self._catalog.create_table(schema)
        return _result("CREATE TABLE", [], [])

    def _create_index(self, statement: Tree) -> Result:
        given = [statement[key] for key in ("name", "table", "columns", "unique")]
        if not (statement["if_not_exists"] and self._exists(statement["name"])):
            self._catalog.create_index(*given)
        return _result("CREATE INDEX", [], [])

    def _create_view(self, statement: Tree) -> Result:
        Planner(self._catalog).plan(statement["select"])  # what cannot be planned is refused now
        self._catalog.create_view(statement["name"], statement["select"])
        return _result("CREATE VIEW", [], [])

    def _drop(self, statement: Tree) -> Result:
        what = statement["kind"].removeprefix("drop_")
        try:
            getattr(self._catalog, statement["kind"])(statement["name"])
        except UndefinedTable:
            if not statement["if_exists"]:
                raise
        return _result(f"DROP {what.upper()}", [], [])

    def _exists(self, name: str) -> bool:
        return name in self._catalog.names()

    # END SOLUTION


# BEGIN SOLUTION: helpers
class _Tables:
    """The catalog as one statement sees it: what was looked up stays the same to its end."""

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog
        self._tables: Tree = {}
        self.views = False  # whether a view was asked for

    def table(self, name: str) -> Any:
        if name not in self._tables:
            self._tables[name] = self._catalog.table(name)
        return self._tables[name]

    def view(self, name: str) -> Any:
        self.views = True
        return self._catalog.view(name)

    def shapes(self) -> Tree:
        """All that a plan knows of the tables that were looked up."""
        return {name: _shape(table) for name, table in self._tables.items()}

    def look_like(self, shapes: Tree) -> bool:
        try:
            return all(_shape(self.table(name)) == shape for name, shape in shapes.items())
        except UndefinedTable:
            return False


PLANNED = {
    **dict.fromkeys(("select", "compound", "values"), (Engine._selection, Engine._select)),
    "insert": (Engine._insertion, Engine._insert),
    "update": (Engine._updating, Engine._update),
    "delete": (Engine._deletion, Engine._delete),
}
DEFINITIONS = {
    "explain": Engine._explain,
    "create_table": Engine._create_table,
    "create_index": Engine._create_index,
    "create_view": Engine._create_view,
    **dict.fromkeys(("drop_table", "drop_index", "drop_view"), Engine._drop),
}
MOST_KNOWN = 256
DEFAULT_VALUES = {"kind": "values", "rows": [[]], "order_by": [], "limit": None, "offset": None}
NULL = {"kind": "literal", "type": "null", "value": None}
QUERY_PLAN = {"name": "QUERY PLAN", "type": "text"}


@lru_cache(maxsize=256)
def _parsed(sql: str) -> list[Tree]:
    """The statements of a script. The same text means the same, and trees are never changed."""
    return parse(sql)


def _rows(plan: Tree, params: Params, tables: _Tables) -> list[list[Any]]:
    """All rows of a plan: whoever changes rows must have found them all before."""
    return list(Runner(tables, params).run(plan, []))


def _left_out(source: Tree) -> tuple[Tree, set[tuple[int, int]]]:
    """VALUES with NULL for each DEFAULT, and where these stand: in which row, at which place."""
    if {**source, "rows": [[]]} != DEFAULT_VALUES:  # not VALUES, or with an order or a limit
        return source, set()
    left_out, rows = set(), [list(row) for row in source["rows"]]
    for number, row in enumerate(rows):
        for at, value in enumerate(row):
            if value["kind"] == "default":
                left_out.add((number, at))
                row[at] = NULL
    return {**source, "rows": rows}, left_out


def _found(statement: Tree, planner: Planner, tables: _Tables) -> tuple[Tree, Any]:
    """A plan of [row key, *columns] of the rows that WHERE wants, and their scope."""
    plan = planner.rows_of(tables.table(statement["table"]), statement["table"])
    scope = planner.scope(plan["columns"])
    if statement["where"] is not None:
        wanted = scope.condition(statement["where"])
        plan = {"op": "filter", "columns": plan["columns"], "input": plan, "condition": wanted}
    return plan, scope


def _returning(statement: Tree, planner: Planner, tables: _Tables) -> Tree:
    name, items = statement["table"], statement["returning"]
    if items is None:
        return {"table": name, "columns": [], "returning": None}
    columns, exprs = planner.items(items, tables.table(name), name)
    return {"table": name, "columns": _described(columns), "returning": exprs}


def _changed(tag: str, how: Tree, rows: list[list[Any]], params: Params, tables: _Tables) -> Result:
    """What a statement returns. Subqueries must see what was before it: this comes before the deed."""
    if how["returning"] is None:
        return _result(tag, [], [])
    runner = Runner(tables, params)
    wanted = [Expression(expr, runner.run) for expr in how["returning"]]
    shown = [[expression.eval(row, params, []) for expression in wanted] for row in rows]
    return _result(tag, how["columns"], shown)


def _result(tag: str, columns: list[Tree], rows: list[list[Any]]) -> Result:
    return {"tag": tag, "columns": columns, "rows": rows}


def _shape(table: Any) -> list[Any]:
    return [table.columns(), table.indexes()]


def _described(columns: list[Tree]) -> list[Tree]:
    """Columns as a result shows them; what can only be NULL is called text."""
    types = {"null": "text"}
    return [{"name": c["name"], "type": types.get(c["type"], c["type"])} for c in columns]


def _index(names: list[str], name: str) -> int:
    if name not in names:
        raise UndefinedColumn(f"there is no column {name!r}")
    return names.index(name)


def _drawn(plan: Tree, depth: int = 0) -> Iterator[str]:
    """A plan as lines of text, inputs indented below."""
    about = [plan[key] for key in ("table", "index", "type", "kind") if key in plan]
    yield "  " * depth + " ".join([plan["op"], *about])
    for key in ("input", "left", "right"):
        if key in plan:
            yield from _drawn(plan[key], depth + 1)


# END SOLUTION
