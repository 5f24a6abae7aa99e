"""Random queries over random tables, for this database and for SQLite.

Built on `database_random_sql`, whose expressions they are made of. What differs between the two
dialects in queries is bridged here: NULLs are sorted last in both, because the order says so; reals
are never added up, because the sum depends on the order of the rows in its last digit; two set
operations are never mixed, because SQLite has no precedence among them.

Every query is ordered by all of its columns, so that the rows can be compared one by one.
"""

from typing import NamedTuple

from database_random_sql import RandomExpressions, Typed, random_rows

TABLES = 3
ROWS = 9  # at most, in each table
COLUMNS = {"k": "integer", "n": "integer", "r": "real", "s": "text", "b": "boolean"}
NO_TREE = {"kind": "text only"}


class Query(NamedTuple):
    """A query: its SQL, SQLite's SQL, and the types of its columns."""

    sql: str
    lite: str
    types: list


def random_tables(random):
    """Some tables, each {"name", "columns", "rows"}; small integers, so that joins find partners."""
    columns = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    made = []
    for number in range(TABLES):
        rows = random_rows(random, columns, random.randint(0 if number else 3, ROWS), 0.2)
        for row in rows:
            row[0] = random.choice([None, *range(4)])
        made.append({"name": f"t{number}", "columns": columns, "rows": rows})
    return made


class _Scoped(RandomExpressions):
    """Expressions in which a column always has its table's name, with subqueries now and then."""

    def __init__(self, queries, columns, subqueries):
        super().__init__(queries.random, columns)
        self.queries = queries
        self.subqueries = subqueries

    def column(self, column):
        name = f"{column['table']}.{column['name']}"
        return Typed(column["type"], NO_TREE, name, name, 1000)

    def _boolean(self, depth):
        if self.subqueries > 0 and self.random.random() < 0.2:
            return self.queries.condition(self.columns, self.subqueries - 1)
        return super()._boolean(depth)

    def _integer(self, depth):
        if self.subqueries > 0 and self.random.random() < 0.08:
            return self.queries.value(self.columns, self.subqueries - 1)
        return super()._integer(depth)


class RandomQueries:
    """Makes random queries over tables as `random_tables` gives them."""

    def __init__(self, random, tables):
        """Draw from `random`."""
        self.random = random
        self.tables = tables
        self._aliases = 0

    def query(self):
        """One query of any shape."""
        self._aliases = 0
        if self.random.random() < 0.15:
            return self._ordered(*self._compound())
        shape = self._grouped if self.random.random() < 0.35 else self._plain
        return self._ordered(*shape())

    def _ordered(self, sql, lite, types):
        order = ", ".join(f"{i + 1} NULLS LAST" for i in range(len(types)))
        limit = ""
        if self.random.random() < 0.2:
            limit = f" LIMIT {self.random.randrange(6)} OFFSET {self.random.randrange(3)}"
        return Query(f"{sql} ORDER BY {order}{limit}", f"{lite} ORDER BY {order}{limit}", types)

    # the parts of a query

    def _alias(self):
        self._aliases += 1
        return f"a{self._aliases}"

    def _source(self):
        """A table under an alias, or a query in its place: columns and both texts."""
        alias, table = self._alias(), self.random.choice(self.tables)
        columns = [{**c, "table": alias} for c in table["columns"]]
        if self.random.random() < 0.85:
            text = f"{table['name']} AS {alias}"
            return columns, text, text
        inner = self._alias()
        where = self.where([{**c, "table": inner} for c in columns], 0)
        head = f"(SELECT * FROM {table['name']} AS {inner}"
        return columns, f"{head}{where.sql}) AS {alias}", f"{head}{where.lite}) AS {alias}"

    def _from(self, most):
        columns, sql, lite = self._source()
        for _ in range(self.random.randrange(most)):
            more, text, lite_text = self._source()
            known, columns = columns, columns + more
            kind = self.random.choice(["JOIN", "LEFT JOIN", "LEFT JOIN", "CROSS JOIN"])
            on = self._on(known, more, columns) if kind != "CROSS JOIN" else Typed("", {}, "", "")
            sql, lite = f"{sql} {kind} {text}{on.sql}", f"{lite} {kind} {lite_text}{on.lite}"
        return columns, sql, lite

    def _on(self, left, right, both):
        """An equality of two columns, something else besides, or something else alone."""
        one = self.random.choice([c for c in left if c["name"] in "kn"])
        other = self.random.choice([c for c in right if c["name"] in "kn"])
        text = f" ON {one['table']}.{one['name']} = {other['table']}.{other['name']}"
        extra = _Scoped(self, both, 0).make("boolean", 2)
        if self.random.random() < 0.6:
            return Typed("", {}, text, text)
        if self.random.random() < 0.7:
            return Typed("", {}, f"{text} AND {extra.sql}", f"{text} AND {extra.lite}")
        return Typed("", {}, f" ON {extra.sql}", f" ON {extra.lite}")

    def where(self, columns, subqueries):
        """A WHERE clause over these columns, or nothing."""
        if self.random.random() < 0.25:
            return Typed("", {}, "", "")
        made = _Scoped(self, columns, subqueries).make("boolean", 3)
        return Typed("", {}, f" WHERE {made.sql}", f" WHERE {made.lite}")

    def _plain(self, types=None):
        columns, sql, lite = self._from(3)
        where = self.where(columns, 2)
        scope = _Scoped(self, columns, 1)
        wanted = types or self.random.choices(list(COLUMNS.values()), k=self.random.randint(1, 3))
        items = [scope.make(kind, self.random.randrange(3)) for kind in wanted]
        head = "SELECT DISTINCT" if self.random.random() < 0.2 else "SELECT"
        mine, theirs = ", ".join(i.sql for i in items), ", ".join(i.lite for i in items)
        kinds = [item.type for item in items]
        return (
            f"{head} {mine} FROM {sql}{where.sql}",
            f"{head} {theirs} FROM {lite}{where.lite}",
            kinds,
        )

    def _grouped(self):
        columns, sql, lite = self._from(3)
        where = self.where(columns, 1)
        scope = _Scoped(self, columns, 0)
        kinds = self.random.choices(["integer", "text", "boolean"], k=self.random.randrange(3))
        keys = [scope.make(kind, self.random.choice([0, 0, 1])) for kind in kinds]
        keys = [key for key in keys if "." in key.sql]  # a literal would mean an ordinal
        items = keys + [self._aggregate(scope) for _ in range(self.random.randint(1, 2))]
        group = "" if not keys else " GROUP BY " + ", ".join(k.sql for k in keys)
        lite_group = "" if not keys else " GROUP BY " + ", ".join(k.lite for k in keys)
        having = ""
        if self.random.random() < 0.3:
            having = f" HAVING count(*) {self.random.choice(['<', '>', '<>'])} {self.random.randrange(4)}"
        mine, theirs = ", ".join(i.sql for i in items), ", ".join(i.lite for i in items)
        return (
            f"SELECT {mine} FROM {sql}{where.sql}{group}{having}",
            f"SELECT {theirs} FROM {lite}{where.lite}{lite_group}{having}",
            [item.type for item in items],
        )

    def _aggregate(self, scope):
        name = self.random.choice(["count", "count(*)", "sum", "avg", "min", "max"])
        if name == "count(*)":
            return Typed("integer", NO_TREE, name, name)
        kind = (
            "integer" if name in ("sum", "avg") else self.random.choice(["integer", "text", "real"])
        )
        part = scope.make(kind, 1)
        if name in ("sum", "avg") and part.size > 10**9:
            part = scope.leaf("integer")
        distinct = "DISTINCT " if self.random.random() < 0.25 else ""
        result = {"count": "integer", "avg": "real"}.get(name, kind)
        return Typed(
            result, NO_TREE, f"{name}({distinct}{part.sql})", f"{name}({distinct}{part.lite})"
        )

    def _compound(self):
        types = self.random.choices(["integer", "text", "boolean"], k=self.random.randint(1, 2))
        left, right = self._plain(types), self._plain(types)
        op = self.random.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
        return f"{left[0]} {op} {right[0]}", f"{left[1]} {op} {right[1]}", types

    # subqueries

    def condition(self, outer, subqueries):
        """EXISTS or IN over a subquery that may read the columns around it."""
        columns, sql, lite = self._from(1)
        where = self.where(columns + outer, subqueries)
        word = self.random.choice(["", "NOT "])
        if self.random.random() < 0.5:
            head = f"({word}EXISTS (SELECT 1 FROM "
            return Typed(
                "boolean", NO_TREE, f"{head}{sql}{where.sql}))", f"{head}{lite}{where.lite}))"
            )
        kind = self.random.choice(["integer", "text"])
        arg = _Scoped(self, outer, 0).make(kind, 1)
        item = _Scoped(self, columns, 0).make(kind, 1)
        mine = f"({arg.sql} {word}IN (SELECT {item.sql} FROM {sql}{where.sql}))"
        theirs = f"({arg.lite} {word}IN (SELECT {item.lite} FROM {lite}{where.lite}))"
        return Typed("boolean", NO_TREE, mine, theirs)

    def value(self, outer, subqueries):
        """A subquery that gives one integer, or NULL."""
        columns, sql, lite = self._from(1)
        where = self.where(columns + outer, subqueries)
        name = self.random.choice(["count", "min", "max"])
        column = self.random.choice([c for c in columns if c["type"] == "integer"])
        head = f"(SELECT {name}({column['table']}.{column['name']}) FROM "
        return Typed(
            "integer", NO_TREE, f"{head}{sql}{where.sql})", f"{head}{lite}{where.lite})", 1000
        )
