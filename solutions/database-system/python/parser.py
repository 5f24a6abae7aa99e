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

# BEGIN SOLUTION: helpers
from collections.abc import Callable
from typing import Any

# END SOLUTION
from expression_parser import ExpressionParser, Tree

# BEGIN SOLUTION: helpers
from kit.errors import FeatureNotSupported, SqlSyntaxError

SERIALS = ("serial", "bigserial", "smallserial", "serial4", "serial8")
SETS: dict[Any, int] = {"union": 1, "except": 1, "intersect": 2}  # the powers of set operators
UNORDERED: Tree = {"order_by": [], "limit": None, "offset": None}
# Nothing here is left to be done for them.
IGNORED = ("deallocate", "discard", "close", "reset", "unlisten")
# END SOLUTION
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
    # BEGIN SOLUTION
    return _read(sql, Parser.script)
    # END SOLUTION


def parse_expression(text: str) -> Tree:
    """Return the one expression that the text is. Raises as `parse` does."""
    # BEGIN SOLUTION
    return _read(text, Parser.lone_expression)
    # END SOLUTION


# BEGIN SOLUTION: helpers
def _read(sql: str, rule: Callable[[Parser], Any]) -> Any:
    try:
        return rule(Parser(sql))
    except RecursionError:
        raise FeatureNotSupported("this is nested too deep") from None


class Parser(ExpressionParser):
    """Adds queries and statements to expressions."""

    def script(self) -> list[Tree]:
        found: list[Tree] = []
        while self._tokens[self._at][0] != "end":
            if not self.take(";"):
                found.append(self.statement())
                if not self.sees(";"):
                    self.expect_end()
        return found

    def lone_expression(self) -> Tree:
        made = self.expression()
        self.expect_end()
        return made

    def expect_end(self) -> None:
        if self._tokens[self._at][0] != "end":
            raise self.error()

    def statement(self) -> Tree:
        if self.sees("select") or self.sees("values") or self.opens_query():
            return self.query()
        word = self.word()
        if word in UNSUPPORTED_STATEMENTS:
            raise FeatureNotSupported(f"{str(word).upper()} is not to be had")
        if word not in STATEMENTS:
            raise self.error()
        self._at += 1
        return STATEMENTS[word](self)

    # queries

    def query(self) -> Tree:
        made = self._sets(0)
        ordered = self._ordered()
        if ordered == UNORDERED:
            return made
        if any(made[key] != UNORDERED[key] for key in UNORDERED):
            raise FeatureNotSupported("ORDER BY or LIMIT, in parentheses and behind them")
        return {**made, **ordered}

    def _sets(self, power: int) -> Tree:
        left = self._single()
        while (op := self.word()) in SETS and SETS[op] > power:
            self.expect(op)
            every = self.one_of("all", "distinct") == "all"
            sides = {"left": left, "right": self._sets(SETS[op])}
            left = {"kind": "compound", "op": op, "all": every, **sides, **UNORDERED}
        return left

    def _single(self) -> Tree:
        if self.sees("("):
            made: Tree = self.enclosed(self.query)
            return made
        if self.take("values"):
            rows = self.listed(lambda: self.enclosed(lambda: self.listed(self._given)))
            return {"kind": "values", "rows": rows, **UNORDERED}
        self.expect("select")
        made = {"kind": "select", "distinct": self.one_of("distinct", "all") == "distinct"}
        made["items"] = self.listed(self._item)
        made["from"] = self._sources() if self.take("from") else None
        made["where"] = self._optional("where")
        made["group_by"] = self.listed(self.expression) if self.take("group", "by") else []
        made["having"] = self._optional("having")
        return {**made, **UNORDERED}

    def _given(self) -> Tree:
        """A value, or DEFAULT: INSERT knows what that is."""
        return {"kind": "default"} if self.take("default") else self.expression()

    def _optional(self, word: str) -> Tree | None:
        return self.expression() if self.take(word) else None

    def _item(self) -> Tree:
        if self.take("*"):
            return {"expr": {"kind": "star", "table": None}, "alias": None}
        ahead = 0
        while (
            self._tokens[self._at + ahead][0] in ("name", "keyword") and self.word(ahead + 1) == "."
        ):
            ahead += 2
        if self.word(ahead) == "*":
            parts = [self.name()]
            while self.take(".") and not self.take("*"):
                parts.append(self.label())
            return {"expr": {"kind": "star", "table": parts[-1]}, "alias": None}
        return {"expr": self.expression(), "alias": self._alias()}

    def _alias(self) -> str | None:
        """AS and any word, or a name that can be nothing else."""
        if self.take("as") or self._tokens[self._at][0] == "name":
            return self.label()
        return None

    def _ordered(self) -> Tree:
        made = dict(UNORDERED)
        if self.take("order", "by"):
            made["order_by"] = self.listed(self._order)
        while word := self.one_of("limit", "offset"):
            if word == "limit" and self.take("all"):
                continue
            made[word] = self.expression()
            if word == "offset":
                self.one_of("rows", "row")
        return made

    def _order(self) -> Tree:
        made = {"expr": self.expression(), "desc": self.one_of("asc", "desc") == "desc"}
        made["nulls"] = None
        if self.take("nulls"):
            made["nulls"] = self.one_of("first", "last")
            if made["nulls"] is None:
                raise self.error()
        return made

    # where rows come from

    def _sources(self) -> Tree:
        left = self._joined()
        while self.take(","):
            left = _join("cross", left, self._joined(), None)
        return left

    def _joined(self) -> Tree:
        left = self._source()
        while True:
            if self.take("cross", "join"):
                left = _join("cross", left, self._source(), None)
                continue
            kind = self.one_of("inner", "left")
            if kind == "left":
                self.take("outer")
            if kind is None and not self.sees("join"):
                return left
            self.expect("join")
            right = self._source()
            self.expect("on")
            left = _join(kind or "inner", left, right, self.expression())

    def _source(self) -> Tree:
        if self.opens_query():
            made: Tree = {"kind": "subquery", "select": self.enclosed(self.query)}
            made["alias"] = self._alias()
            return self._renamed(made) if made["alias"] and self.sees("(") else made
        if self.sees("("):
            made = self.enclosed(self._sources)
            return made
        name = self.object_name()
        if not self.sees("("):
            return {"kind": "table", "name": name, "alias": self._alias()}
        call = self._call(name)
        alias = self._alias() or name
        return {"kind": "subquery", "select": _selected([_item(call, alias)], None), "alias": alias}

    def _renamed(self, source: Tree) -> Tree:
        """VALUES whose columns get names; those of a SELECT have some."""
        select, names = source["select"], self.names()
        if select["kind"] != "values":
            raise FeatureNotSupported("new names for the columns of a SELECT are not to be had")
        if len(names) != len(select["rows"][0]):
            raise SqlSyntaxError(f"{len(names)} names for {len(select['rows'][0])} columns")
        columns = [
            _item({"kind": "column", "table": None, "name": f"column{number}"}, name)
            for number, name in enumerate(names, 1)
        ]
        return {**source, "select": _selected(columns, source)}

    def object_name(self) -> str:
        """The name of a table, view or index, with its schema if that means anything."""
        return ".".join(self.path())

    # statements that change rows

    def _insert(self) -> Tree:
        self.expect("into")
        made: Tree = {"kind": "insert", "table": self.object_name(), "columns": [], "source": None}
        if self.sees("(") and not self.opens_query():
            made["columns"] = self.names()
        if not self.take("default", "values"):
            made["source"] = self.query()
        if self.sees("on", "conflict"):
            raise FeatureNotSupported("ON CONFLICT is not to be had")
        return {**made, "returning": self._returning()}

    def _update(self) -> Tree:
        table = self.object_name()
        self.expect("set")
        made = {"kind": "update", "table": table, "set": self.listed(self._assignment)}
        return {**made, "where": self._optional("where"), "returning": self._returning()}

    def _assignment(self) -> list[Any]:
        name = self.name()
        self.expect("=")
        return [name, self.expression()]

    def _delete(self) -> Tree:
        self.expect("from")
        made = {"kind": "delete", "table": self.object_name(), "where": self._optional("where")}
        return {**made, "returning": self._returning()}

    def _returning(self) -> list[Tree] | None:
        return self.listed(self._item) if self.take("returning") else None

    # definitions

    def _create(self) -> Tree:
        unique = self.take("unique")
        what = self.one_of("index") if unique else self.one_of("table", "index", "view")
        if what is None:
            kind, value, _ = self._tokens[self._at]
            raise self.error() if kind == "end" else FeatureNotSupported(f"CREATE {value!s:.40}")
        if what == "view":
            made = {"kind": "create_view", "name": self.object_name()}
            self.expect("as")
            return {**made, "select": self.query()}
        skip = self.take("if", "not", "exists")
        made = {"kind": f"create_{what}", "name": self.object_name()}
        made |= self._index(unique) if what == "index" else self._table(made["name"])
        return {**made, "if_not_exists": skip}

    def _index(self, unique: bool) -> Tree:
        self.expect("on")
        table = self.object_name()
        columns = self.enclosed(lambda: self.listed(self._indexed))
        return {"table": table, "columns": columns, "unique": unique}

    def _indexed(self) -> str:
        name = self.name()
        self.one_of("asc", "desc")  # an index is read in both directions
        return name

    def _table(self, table: str) -> Tree:
        made: Tree = {"columns": [], "primary_key": [], "unique": []}
        self.enclosed(lambda: self.listed(lambda: self._part(table, made)))
        return made

    def _part(self, table: str, made: Tree) -> None:
        """A column, or a constraint of the table."""
        if self.take("constraint"):
            self.name()
        if self.take("primary", "key"):
            self._primary(made, self.names())
        elif self.take("unique"):
            made["unique"].append(self.names())
        else:
            self._column(table, made)

    def _primary(self, made: Tree, names: list[str]) -> None:
        if made["primary_key"]:
            raise SqlSyntaxError("a table has one primary key")
        made["primary_key"] = names

    def _column(self, table: str, made: Tree) -> None:
        name = self.name()
        serial = self.one_of(*SERIALS) is not None
        column = {"name": name, "type": "integer" if serial else self.type_name()}
        column |= {"not_null": serial, "default": _nextval(table, name) if serial else None}
        made["columns"].append(column)
        while True:
            if self.take("constraint"):
                self.name()
            if self.take("not", "null"):
                column["not_null"] = True
            elif self.take("primary", "key"):
                self._primary(made, [name])
            elif self.take("unique"):
                made["unique"].append([name])
            elif self.take("default"):
                column["default"] = self.expression(3)  # NOT NULL may follow, so no NOT inside
            elif not self.take("null"):
                return

    def _drop(self) -> Tree:
        what = self.one_of("table", "index", "view")
        if what is None:
            raise self.error()
        exists = self.take("if", "exists")
        made = {"kind": f"drop_{what}", "name": self.object_name(), "if_exists": exists}
        self.one_of("cascade", "restrict")
        return made

    # transactions and settings

    def _begin(self) -> Tree:
        self.one_of("work", "transaction")
        serializable = False
        while True:
            if self.take("isolation", "level"):
                serializable = self.take("serializable")
                if not serializable and not self.take("repeatable", "read"):
                    self.expect("read")
                    self.one_of("committed", "uncommitted")
            elif not (self.take("read", "only") or self.take("read", "write") or self.take(",")):
                return {"kind": "begin", "serializable": serializable}

    def _commit(self) -> Tree:
        self.one_of("work", "transaction")
        return {"kind": "commit"}

    def _rollback(self) -> Tree:
        self.one_of("work", "transaction")
        return self._savepoint("rollback_to") if self.take("to") else {"kind": "rollback"}

    def _savepoint(self, kind: str) -> Tree:
        self.take("savepoint")
        return {"kind": kind, "name": self.name()}

    def _words(self) -> list[str]:
        """All up to the end of the statement, in lower case."""
        found = []
        while self._tokens[self._at][0] != "end" and not self.sees(";"):
            found.append(str(self._tokens[self._at][1]).lower())
            self._at += 1
        return found

    def _ignored(self) -> Tree:
        verb = self._tokens[self._at - 1][1].upper()
        return {"kind": "ignored", "tag": verb + " ALL" * (self._words() == ["all"])}


STATEMENTS: dict[str | None, Callable[[Parser], Tree]] = {
    "insert": Parser._insert,
    "update": Parser._update,
    "delete": Parser._delete,
    "create": Parser._create,
    "drop": Parser._drop,
    "begin": Parser._begin,
    "start": lambda parser: parser.expect("transaction") or parser._begin(),
    "commit": Parser._commit,
    "end": Parser._commit,
    "rollback": Parser._rollback,
    "abort": Parser._rollback,
    "savepoint": lambda parser: {"kind": "savepoint", "name": parser.name()},
    "release": lambda parser: parser._savepoint("release"),
    "explain": lambda parser: {"kind": "explain", "statement": parser.statement()},
    "set": lambda parser: {"kind": "set", "words": parser._words()},
    "show": lambda parser: {"kind": "show", "words": parser._words()},
    **dict.fromkeys(IGNORED, Parser._ignored),
}


def _join(kind: str, left: Tree, right: Tree, on: Tree | None) -> Tree:
    return {"kind": "join", "type": kind, "left": left, "right": right, "on": on}


def _item(expr: Tree, alias: str) -> Tree:
    return {"expr": expr, "alias": alias}


def _selected(items: list[Tree], source: Tree | None) -> Tree:
    """SELECT of these from a source, and nothing more."""
    rest = {"where": None, "group_by": [], "having": None, **UNORDERED}
    return {"kind": "select", "distinct": False, "items": items, "from": source, **rest}


def _nextval(table: str, column: str) -> Tree:
    """The default of a SERIAL column."""
    sequence = {"kind": "literal", "type": "text", "value": f"{table}_{column}_seq"}
    call = {"kind": "call", "name": "nextval", "args": [sequence]}
    return {**call, "distinct": False, "star": False}


# END SOLUTION
