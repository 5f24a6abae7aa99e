"""Random expressions whose types fit, and SQLite as the judge of what they are worth.

`RandomExpressions` makes each expression three times at once: as the parser's tree, as SQL for
this database, and as SQL for SQLite. The two dialects differ, and each difference is bridged here,
where it arises:

* Division by zero raises here and is NULL there: divisors are wrapped in nullif(..., 0).
* Integers that overflow raise here and become real there: sizes are followed, and kept small.
* 1 in a CASE with 2.5 is a real here and stays an integer there: the judge is told to cast it.
* Booleans are 0 and 1 there: results are mapped back. LIKE ignores case there: a pragma.
* Reals of many digits are read there with an error in the last one: literals are short.
* Reals become texts with ".0" there, upper() knows ASCII only, and replacing nothing by NULL
  changes nothing: none of these is made.

Whoever wants random queries (milestone 11) builds on this: `RandomExpressions` takes any columns.
"""

import math
import sqlite3
from typing import NamedTuple

TYPES = ("integer", "real", "text", "boolean")
LIMIT = 10**12  # of a product; sums of some dozens of them are still exact as reals
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
LETTERS = ("a", "b", "A", "B", " ", "%", "_", ".", "'", "日", "")
STORED = {"integer": "INTEGER", "real": "REAL", "text": "TEXT", "boolean": "INTEGER"}


class Typed(NamedTuple):
    """An expression: its type, its tree, its SQL, SQLite's SQL, and the largest it can be."""

    type: str
    ast: dict
    sql: str
    lite: str
    size: float = 0


class Judge:
    """SQLite in memory, which answers as this database should."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute("PRAGMA case_sensitive_like = ON")

    def create(self, name, columns, rows):
        """Make a table of columns {"name", "type"} with these rows."""
        types = ", ".join(f'"{c["name"]}" {STORED[c["type"]]}' for c in columns)
        self.connection.execute(f'CREATE TABLE "{name}" ({types}) STRICT')
        marks = ", ".join("?" * len(columns))
        self.connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)

    def rows(self, sql, types, params=()):
        """The rows of a query whose columns have these types."""
        found = self.connection.execute(sql, params).fetchall()
        return [[_seen(v, t) for v, t in zip(row, types, strict=True)] for row in found]


def _seen(value, column_type):
    """A value of SQLite's as one of this database."""
    return bool(value) if column_type == "boolean" and value is not None else value


def random_value(random, column_type, nulls=0.3):
    """A value of this type, NULL with the given probability."""
    if random.random() < nulls:
        return None
    if column_type == "integer":
        return random.choice([0, 1, -1, 2, random.randint(-9, 9), random.randint(-1000, 1000)])
    if column_type == "real":
        return random.choice(
            [0.0, 0.5, -1.0, random.randint(-40, 40) / 4, random.randint(-99, 99) / 10]
        )
    if column_type == "text":
        return "".join(random.choice(LETTERS) for _ in range(random.randrange(5)))
    return random.random() < 0.5


def random_rows(random, columns, count, nulls=0.3):
    """So many rows of random values for these columns."""
    return [[random_value(random, c["type"], nulls) for c in columns] for _ in range(count)]


def literal(value, literal_type):
    """A value as an expression; negative numbers are a minus and a number.

    NULL has no type. Where it is to be a real it is cast, or it would be taken for an integer.
    """
    if value is None:
        null = Typed(literal_type, _literal("null", None), "NULL", "NULL")
        return cast(null, "real") if literal_type == "real" else null
    if isinstance(value, bool):
        text = str(value).upper()
        return Typed("boolean", _literal("boolean", value), text, text)
    if isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
        return Typed("text", _literal("text", value), text, text)
    ast = _literal(literal_type, abs(value))
    if value < 0:
        ast = {"kind": "unary", "op": "-", "arg": ast}
    text = f"({value!r})" if value < 0 else repr(value)
    return Typed(literal_type, ast, text, text, abs(value))


def made(made_type, ast, template, parts, lite=None, size=0):
    """An expression of parts: the templates say where they stand in the SQL of both dialects."""
    sql = template.format(*(part.sql for part in parts))
    return Typed(made_type, ast, sql, (lite or template).format(*(p.lite for p in parts)), size)


def call(call_type, name, parts, lite=None, size=0):
    """A call of a function, which may have another name or shape in SQLite."""
    ast = {"kind": "call", "name": name, "args": [part.ast for part in parts]}
    ast |= {"distinct": False, "star": False}
    marks = ", ".join("{}" for _ in parts)
    return made(call_type, ast, f"{name}({marks})", parts, lite, size)


def binary(binary_type, op, left, right, size=0):
    """Two expressions and an operator between them."""
    ast = {"kind": "binary", "op": op, "left": left.ast, "right": right.ast}
    return made(binary_type, ast, f"({{}} {op.upper()} {{}})", [left, right], size=size)


def cast(part, to, lite=None):
    """An expression cast to another type."""
    ast = {"kind": "cast", "arg": part.ast, "type": to}
    return made(to, ast, f"CAST({{}} AS {to})", [part], lite, part.size)


def _literal(literal_type, value):
    return {"kind": "literal", "type": literal_type, "value": value}


def _real(part):
    """The same expression, with SQLite told that it is real."""
    return part if part.type == "real" else part._replace(lite=f"CAST({part.lite} AS REAL)")


def _divisor(part):
    """The same expression, with NULL for zero."""
    zero = literal(0.0 if part.type == "real" else 0, part.type)
    return call(part.type, "nullif", [part, zero], size=part.size)


def _not(negated):
    return "NOT " if negated else ""


class RandomExpressions:
    """Makes random expressions over columns {"table": text or None, "name", "type"}."""

    def __init__(self, random, columns, nulls=0.1):
        """Draw from `random`; a literal is NULL with the probability `nulls`."""
        self.random = random
        self.columns = columns
        self.nulls = nulls

    def any(self, depth):
        """An expression of any type, at most `depth` operations deep."""
        return self.make(self.random.choice(TYPES), depth)

    def make(self, wanted, depth):
        """An expression of the wanted type."""
        if depth <= 0 or self.random.random() < 0.1:
            return self.leaf(wanted)
        if self.random.random() < 0.2:
            return self._of_any_type(wanted, depth - 1)
        return getattr(self, "_" + wanted)(depth - 1)

    def leaf(self, wanted):
        """A column or a literal of the wanted type."""
        columns = [c for c in self.columns if c["type"] == wanted]
        if columns and self.random.random() < 0.6:
            return self.column(self.random.choice(columns))
        return literal(random_value(self.random, wanted, self.nulls), wanted)

    def column(self, column):
        """A column by its name, sometimes with the table's before it."""
        table = column["table"] if self.random.random() < 0.5 else None
        name = f"{table}.{column['name']}" if table else column["name"]
        ast = {"kind": "column", "table": table, "name": column["name"]}
        return Typed(column["type"], ast, name, name, 1000)

    # what there is for every type

    def _of_any_type(self, wanted, depth):
        how = self.random.choice([self._case, self._case, self._coalesce, self._nullif])
        return how(wanted, depth)

    def _alike(self, wanted, depth, count):
        """Expressions that have the wanted type together: among reals some may be integers."""
        types = [wanted] * count
        if wanted == "real":
            types[1:] = [self.random.choice(["integer", "real"]) for _ in types[1:]]
        parts = [self.make(kind, depth) for kind in types]
        return [_real(part) for part in parts] if wanted == "real" else parts

    def _coalesce(self, wanted, depth):
        parts = self._alike(wanted, depth, self.random.randint(2, 3))
        return call(wanted, "coalesce", parts, size=max(part.size for part in parts))

    def _nullif(self, wanted, depth):
        parts = self._alike(wanted, depth, 2)
        return call(wanted, "nullif", parts, size=parts[0].size)

    def _case(self, wanted, depth):
        count = self.random.randint(1, 3)
        values = self._alike(wanted, depth, count + self.random.randrange(2))
        operand, tests = None, [self.make("boolean", depth) for _ in range(count)]
        if self.random.random() < 0.5:
            operand, *tests = self._alike(self.random.choice(TYPES), depth, count + 1)
        otherwise = values[count] if len(values) > count else None
        ast = {
            "kind": "case",
            "operand": operand and operand.ast,
            "whens": [[t.ast, v.ast] for t, v in zip(tests, values, strict=False)],
            "otherwise": otherwise and otherwise.ast,
        }
        parts = [part for pair in zip(tests, values, strict=False) for part in pair]
        template = "CASE " + "{} " * bool(operand) + "WHEN {} THEN {} " * count
        template += "ELSE {} END" if otherwise else "END"
        parts = [*[operand] * bool(operand), *parts, *[otherwise] * bool(otherwise)]
        return made(wanted, ast, template, parts, size=max(value.size for value in values))

    # numbers

    def _arithmetic(self, wanted, left, right):
        op = self.random.choice(["+", "-", "*", "/"])
        if op == "/":
            size = math.inf if wanted == "real" else left.size
            return binary(wanted, op, left, _divisor(right), size)
        if op == "*" and not left.size * right.size <= LIMIT:
            op = "-"
        return binary(wanted, op, left, right, max(left.size * right.size, left.size + right.size))

    def _signed(self, part):
        op = self.random.choice("-+")
        ast = {"kind": "unary", "op": op, "arg": part.ast}
        return made(part.type, ast, f"({op} {{}})", [part], size=part.size)

    def _integer(self, depth):
        how = self.random.randrange(12)
        if how < 5:
            return self._arithmetic(
                "integer", self.make("integer", depth), self.make("integer", depth)
            )
        if how < 7:
            left, right = self.make("integer", depth), _divisor(self.make("integer", depth))
            if how == 5:
                return binary("integer", "%", left, right, left.size)
            return call("integer", "mod", [left, right], "({} % {})", left.size)
        if how == 7:
            return self._signed(self.make("integer", depth))
        if how == 8:
            part = self.make("integer", depth)
            return call("integer", "abs", [part], size=part.size)
        if how == 9:
            return call("integer", "length", [self.make("text", depth)], size=10**6)
        if how == 10:
            parts = [self.make("text", depth), self.make("text", depth)]
            return call("integer", "strpos", parts, "instr({}, {})", size=10**6)
        return self._cast_to_integer(depth)

    def _cast_to_integer(self, depth):
        part = self.make(self.random.choice(["real", "boolean", "integer"]), depth)
        if part.type == "integer":
            part = cast(part, "text")
        return cast(part if part.size <= LIMIT else self.leaf("real"), "integer")

    def _real(self, depth):
        how = self.random.randrange(8)
        if how < 4:
            types = self.random.choice([["real", "real"], ["real", "integer"], ["integer", "real"]])
            return self._arithmetic("real", *(self.make(kind, depth) for kind in types))
        if how == 4:
            return self._signed(self.make("real", depth))
        if how == 5:
            return cast(self.make("integer", depth), "real")
        part = self.make("real", depth)
        if how == 6:
            return call("real", "abs", [part], size=part.size)
        part = part if part.size <= LIMIT else self.leaf("real")
        return call("real", "round", [part], size=part.size + 1)

    # texts

    def _text(self, depth):
        how = self.random.randrange(8)
        if how < 2:
            return binary("text", "||", self.make("text", depth), self.make("text", depth))
        if how == 2:
            part = self.make(self.random.choice(["integer", "boolean"]), depth)
            told = "CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
            return cast(part, "text", told if part.type == "boolean" else None)
        if how == 3:
            start = literal(self.random.randint(1, 4), "integer")
            length = literal(self.random.randint(0, 3), "integer")
            parts = [self.make("text", depth), start, length]
            return call("text", "substr", parts[: self.random.randint(2, 3)])
        if how == 4:
            old = literal(self.random.choice(LETTERS[:-1]), "text")
            return call("text", "replace", [self.make("text", depth), old, self.leaf("text")])
        name = self.random.choice(["lower", "upper", "trim"])
        return call("text", name, [self.make("text", depth)])

    # conditions

    def _boolean(self, depth):
        ways = [self._comparison, self._comparison, self._logic, self._logic, self._negation]
        ways += [self._is_null, self._is_bool, self._between, self._in_list, self._like]
        return self.random.choice(ways)(depth)

    def _comparison(self, depth):
        left, right = self._pair(depth)
        return binary("boolean", self.random.choice(COMPARISONS), left, right)

    def _pair(self, depth):
        """Two expressions that can be compared, the types of numbers mixed."""
        wanted = self.random.choice(TYPES)
        other = wanted
        if wanted in ("integer", "real"):
            other = self.random.choice(["integer", "real"])
        return self.make(wanted, depth), self.make(other, depth)

    def _logic(self, depth):
        op = self.random.choice(["and", "or"])
        return binary("boolean", op, self.make("boolean", depth), self.make("boolean", depth))

    def _negation(self, depth):
        part = self.make("boolean", depth)
        return made("boolean", {"kind": "unary", "op": "not", "arg": part.ast}, "(NOT {})", [part])

    def _is_null(self, depth):
        part, negated = self.any(depth), self.random.random() < 0.5
        ast = {"kind": "is_null", "arg": part.ast, "negated": negated}
        return made("boolean", ast, f"({{}} IS {_not(negated)}NULL)", [part])

    def _is_bool(self, depth):
        part, negated = self.make("boolean", depth), self.random.random() < 0.5
        value = self.random.random() < 0.5
        ast = {"kind": "is_bool", "arg": part.ast, "value": value, "negated": negated}
        template = f"({{}} IS {_not(negated)}{str(value).upper()})"
        return made("boolean", ast, template, [part])

    def _between(self, depth):
        arg, low = self._pair(depth)
        parts, negated = [arg, low, self.make(arg.type, depth)], self.random.random() < 0.5
        ast = {"kind": "between", "arg": arg.ast, "low": low.ast, "high": parts[2].ast}
        template = f"({{}} {_not(negated)}BETWEEN {{}} AND {{}})"
        return made("boolean", {**ast, "negated": negated}, template, parts)

    def _in_list(self, depth):
        count, negated = self.random.randint(1, 4), self.random.random() < 0.5
        wanted = self.random.choice(TYPES)
        if self.random.random() < 0.5:
            parts = [self.make(wanted, depth), *self._literals(wanted, count)]
        else:
            parts = self._alike(wanted, depth, count + 1)
        arg, *items = parts
        ast = {"kind": "in_list", "arg": arg.ast, "items": [item.ast for item in items]}
        template = f"({{}} {_not(negated)}IN ({', '.join('{}' for _ in items)}))"
        return made("boolean", {**ast, "negated": negated}, template, parts)

    def _literals(self, wanted, count):
        return [
            literal(random_value(self.random, wanted, self.nulls), wanted) for _ in range(count)
        ]

    def _like(self, depth):
        parts, negated = (
            [self.make("text", depth), self._pattern(depth)],
            self.random.random() < 0.3,
        )
        ast = {"kind": "like", "arg": parts[0].ast, "pattern": parts[1].ast, "negated": negated}
        return made("boolean", ast, f"({{}} {_not(negated)}LIKE {{}})", parts)

    def _pattern(self, depth):
        if self.random.random() < 0.3:
            return self.make("text", depth)
        marks = self.random.choices(
            ["%", "_", "a", "b", "A", ".", "日"], [4, 2, 2, 2, 1, 1, 1], k=4
        )
        return literal("".join(marks[: self.random.randint(1, 4)]), "text")
