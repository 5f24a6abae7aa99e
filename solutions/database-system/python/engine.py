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
            run = self._statement(statement["kind"])
            result = run(self, statement, params or [], Planner(self._catalog, types))
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
        planner = Planner(self._catalog, types)
        kind = statement["kind"]
        if kind in QUERIES:
            columns = _described(planner.plan(statement)["columns"])
        elif kind in CHANGES:
            columns = CHANGES[kind](self, statement, planner)["columns"]
        else:
            self._statement(kind)
            columns = [QUERY_PLAN] if kind == "explain" else []
        return {"params": planner.param_types(), "columns": columns}
        # END SOLUTION

    def explain(self, sql: str) -> Tree:
        """Return the plan that would be run for a query, an UPDATE or a DELETE: the last in `sql`."""
        # BEGIN SOLUTION
        statement = parse(sql)[-1]
        if statement["kind"] == "explain":
            statement = statement["statement"]
        return self._plan_of(statement, Planner(self._catalog))
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _statement(self, kind: str) -> Any:
        if kind not in STATEMENTS:
            raise FeatureNotSupported(f"{kind.upper()} needs a session")
        return STATEMENTS[kind]

    def _plan_of(self, statement: Tree, planner: Planner) -> Tree:
        if statement["kind"] in QUERIES:
            return self._optimized(planner.plan(statement))
        if statement["kind"] not in CHANGES:
            raise FeatureNotSupported(f"{statement['kind'].upper()} has no plan")
        return CHANGES[statement["kind"]](self, statement, planner)["plan"]

    def _optimized(self, plan: Tree) -> Tree:
        return self._optimizer.optimize(plan, self._catalog) if self._optimizer else plan

    def _rows(self, plan: Tree, params: list[Any]) -> Iterator[list[Any]]:
        return iter(Runner(self._catalog, params).run(plan, []))

    # queries

    def _query(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        plan = self._plan_of(statement, planner)
        rows = list(self._rows(plan, params))
        return _result(f"SELECT {len(rows)}", _described(plan["columns"]), rows)

    def _explain(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        lines = _drawn(self._plan_of(statement["statement"], planner))
        return _result("EXPLAIN", [QUERY_PLAN], [[line] for line in lines])

    # changes: first how, which prepare() needs too, then the deed

    def _insertion(self, statement: Tree, planner: Planner) -> Tree:
        table = self._catalog.table(statement["table"])
        columns = table.columns()
        names = [column["name"] for column in columns]
        given = statement["columns"] or names
        targets = [columns[_index(names, name)] for name in given]
        if len(set(given)) < len(given):
            raise DuplicateColumn("a column is named twice")
        source = statement["source"] or DEFAULT_VALUES
        types = [column["type"] for column in targets]
        plan = planner.assigned(source, types, fewer=not statement["columns"])
        made = {names.index(name): at for at, name in enumerate(given[: len(plan["columns"])])}
        defaults = [self._default(column) for column in columns]
        how = self._returning(statement, table, planner)
        return {**how, "plan": self._optimized(plan), "made": made, "defaults": defaults}

    def _insert(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        how = self._insertion(statement, planner)
        rows = [
            [
                given[how["made"][i]] if i in how["made"] else default()
                for i, default in enumerate(how["defaults"])
            ]
            for given in list(self._rows(how["plan"], params))
        ]
        for row in rows:
            how["table"].insert(row)
        return self._changed(f"INSERT 0 {len(rows)}", how, rows, params)

    def _updating(self, statement: Tree, planner: Planner) -> Tree:
        table, found, scope = self._found(statement, planner)
        columns = table.columns()
        names = [column["name"] for column in columns]
        exprs = planner.fields(found["columns"])
        for name, value in statement["set"]:
            at = _index(names, name)
            if exprs[at + 1]["kind"] != "field" or exprs[at + 1]["index"] != at + 1:
                raise DuplicateColumn(f"column {name!r} is set twice")
            exprs[at + 1] = scope.assign(value, columns[at]["type"])
        plan = {"op": "project", "columns": found["columns"], "input": found, "exprs": exprs}
        return {**self._returning(statement, table, planner), "plan": self._optimized(plan)}

    def _update(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        how = self._updating(statement, planner)
        found = list(self._rows(how["plan"], params))
        rows = [row for _, *row in found]
        how["table"].update([key for key, *_ in found], rows)
        return self._changed(f"UPDATE {len(rows)}", how, rows, params)

    def _deletion(self, statement: Tree, planner: Planner) -> Tree:
        table, found, _ = self._found(statement, planner)
        return {**self._returning(statement, table, planner), "plan": self._optimized(found)}

    def _delete(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        how = self._deletion(statement, planner)
        found = list(self._rows(how["plan"], params))
        for key, *_ in found:
            how["table"].delete(key)
        return self._changed(f"DELETE {len(found)}", how, [row for _, *row in found], params)

    def _found(self, statement: Tree, planner: Planner) -> tuple[Any, Tree, Any]:
        """The table, a plan of [row key, *columns] of the rows that WHERE wants, and their scope."""
        table = self._catalog.table(statement["table"])
        plan = planner.rows_of(table, statement["table"])
        scope = planner.scope(plan["columns"])
        if statement["where"] is not None:
            wanted = scope.condition(statement["where"])
            plan = {"op": "filter", "columns": plan["columns"], "input": plan, "condition": wanted}
        return table, plan, scope

    def _returning(self, statement: Tree, table: Any, planner: Planner) -> Tree:
        items = statement["returning"]
        if items is None:
            return {"table": table, "columns": [], "returning": None}
        columns, exprs = planner.items(items, table, statement["table"])
        return {"table": table, "columns": _described(columns), "returning": exprs}

    def _changed(self, tag: str, how: Tree, rows: list[Any], params: list[Any]) -> Result:
        if how["returning"] is None:
            return _result(tag, [], [])
        runner = Runner(self._catalog, params)
        wanted = [Expression(expr, runner.run) for expr in how["returning"]]
        shown = [[expression.eval(row, params, []) for expression in wanted] for row in rows]
        return _result(tag, how["columns"], shown)

    def _default(self, column: Tree) -> Any:
        """A function that gives the value of a column for which INSERT has none."""
        ast = column["default"]
        if ast is None:
            return lambda: None
        if ast["kind"] == "call" and ast["name"] == "nextval":
            sequence = ast["args"][0]["value"].encode()
            return lambda: self._store.next_id(b"sequence " + sequence)
        bound = Planner(self._catalog).scope([]).assign(ast, column["type"])
        return lambda: Expression(bound).eval([], [], [])

    # definitions

    def _create_table(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        for column in statement["columns"]:
            self._default(column)  # a default that cannot be is refused now
        schema = {key: statement[key] for key in ("name", "columns", "primary_key", "unique")}
        if not (statement["if_not_exists"] and self._exists(statement["name"])):
            self._catalog.create_table(schema)
        return _result("CREATE TABLE", [], [])

    def _create_index(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        given = [statement[key] for key in ("name", "table", "columns", "unique")]
        if not (statement["if_not_exists"] and self._exists(statement["name"])):
            self._catalog.create_index(*given)
        return _result("CREATE INDEX", [], [])

    def _create_view(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
        planner.plan(statement["select"])  # what cannot be planned is refused now
        self._catalog.create_view(statement["name"], statement["select"])
        return _result("CREATE VIEW", [], [])

    def _drop(self, statement: Tree, params: list[Any], planner: Planner) -> Result:
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
QUERIES = ("select", "compound", "values")
CHANGES = {"insert": Engine._insertion, "update": Engine._updating, "delete": Engine._deletion}
STATEMENTS = {
    **dict.fromkeys(QUERIES, Engine._query),
    "explain": Engine._explain,
    "insert": Engine._insert,
    "update": Engine._update,
    "delete": Engine._delete,
    "create_table": Engine._create_table,
    "create_index": Engine._create_index,
    "create_view": Engine._create_view,
    **dict.fromkeys(("drop_table", "drop_index", "drop_view"), Engine._drop),
}
DEFAULT_VALUES = {"kind": "values", "rows": [[]], "order_by": [], "limit": None, "offset": None}
QUERY_PLAN = {"name": "QUERY PLAN", "type": "text"}


@lru_cache(maxsize=256)
def _parsed(sql: str) -> list[Tree]:
    """The statements of a script. The same text means the same, and trees are never changed."""
    return parse(sql)


def _result(tag: str, columns: list[Tree], rows: list[list[Any]]) -> Result:
    return {"tag": tag, "columns": columns, "rows": rows}


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
