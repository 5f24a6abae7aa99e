"""Random trees written down and read back, statements of real drivers, offsets, depth, and noise."""

import pytest

UNORDERED = {"order_by": [], "limit": None, "offset": None}
ARITHMETIC = {"||": 7, "~": 7, "!~": 7, "+": 8, "-": 8, "*": 9, "/": 9, "%": 9}
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]


def literal(value, kind="integer"):
    """A literal."""
    return {"kind": "literal", "type": kind, "value": value}


def column(name, table=None):
    """A column."""
    return {"kind": "column", "table": table, "name": name}


def binary(op, left, right):
    """An operator between two expressions."""
    return {"kind": "binary", "op": op, "left": left, "right": right}


def unary(op, arg):
    """An operator in front of an expression."""
    return {"kind": "unary", "op": op, "arg": arg}


def select(items, **parts):
    """A select with these items, and nothing else unless it is given."""
    listed = [item if "expr" in item else {"expr": item, "alias": None} for item in items]
    rest = {"distinct": False, "from": None, "where": None, "group_by": [], "having": None}
    return {"kind": "select", "items": listed, **rest, **UNORDERED, **parts}


A, B, C = map(column, "abc")
ONE = literal(1)


@pytest.fixture
def one(kata):
    """A function that reads a script of one statement."""

    def read(sql):
        (statement,) = kata.parse(sql)
        return statement

    return read


# --- trees written down with as few parentheses as possible ------------------------------------


class Writer:
    """Makes random expressions; each comes with its text and its power."""

    def __init__(self, random):
        self.random = random

    def inside(self, depth, power):
        """An expression as an operand of something of this power: in parentheses if it has less."""
        tree, text, own = self.make(depth)
        return tree, text if own >= power else f"({text})"

    def make(self, depth):
        """A tree, its text and its power."""
        if depth == 0:
            return self.leaf()
        choices = [self.logic, self.compare, self.arithmetic, self.predicate, self.other]
        return self.random.choice(choices)(depth - 1)

    def leaf(self):
        known = [
            (literal(7), "7"),
            (literal(2.5, "real"), "2.5"),
            (literal("it's", "text"), "'it''s'"),
            (literal(None, "null"), "NULL"),
            (literal(False, "boolean"), "false"),
            (A, "a"),
            (column("Two Words", "t"), 't."Two Words"'),
            ({"kind": "param", "index": 12}, "$12"),
        ]
        return (*self.random.choice(known), 99)

    def logic(self, depth):
        op, power = self.random.choice([("or", 1), ("and", 2), ("not", 3)])
        if op == "not":
            arg, text = self.inside(depth, 3)
            return unary("not", arg), f"NOT {text}", 3
        left, right = self.inside(depth, power), self.inside(depth, power + 1)
        return binary(op, left[0], right[0]), f"{left[1]} {op.upper()} {right[1]}", power

    def compare(self, depth):
        op = self.random.choice(COMPARISONS)
        left, right = self.inside(depth, 6), self.inside(depth, 6)
        blank = self.random.choice(["", " "])
        return binary(op, left[0], right[0]), f"{left[1]}{blank}{op}{blank}{right[1]}", 5

    def arithmetic(self, depth):
        op = self.random.choice([*ARITHMETIC, "sign"])
        if op == "sign":
            sign = self.random.choice("-+")
            arg, text = self.inside(depth, 10)
            return unary(sign, arg), f"{sign} {text}", 10
        power = ARITHMETIC[op]
        left, right = self.inside(depth, power), self.inside(depth, power + 1)
        return binary(op, left[0], right[0]), f"{left[1]} {op} {right[1]}", power

    def predicate(self, depth):
        kind = self.random.choice(["is_null", "is_bool", "between", "in_list", "like"])
        arg, text = self.inside(depth, 4 if kind.startswith("is") else 7)
        negated = self.random.random() < 0.5
        no = "NOT " * negated
        made = {"kind": kind, "arg": arg, "negated": negated}
        if kind == "is_null":
            return made, f"{text} IS {no}NULL", 4
        if kind == "is_bool":
            return made | {"value": True}, f"{text} IS {no}TRUE", 4
        one, other = self.inside(depth, 7), self.inside(depth, 7)
        if kind == "between":
            made |= {"low": one[0], "high": other[0]}
            return made, f"{text} {no}BETWEEN {one[1]} AND {other[1]}", 6
        if kind == "like":
            return made | {"pattern": one[0]}, f"{text} {no}LIKE {one[1]}", 6
        return made | {"items": [one[0], other[0]]}, f"{text} {no}IN ({one[1]}, {other[1]})", 6

    def other(self, depth):
        kind = self.random.choice(["cast", "::", "call", "case", "scalar"])
        arg, text, _ = self.make(depth)
        if kind == "::":
            arg, text = self.inside(depth, 12)
            return {"kind": "cast", "arg": arg, "type": "text"}, f"{text}::text", 12
        if kind == "cast":
            return {"kind": "cast", "arg": arg, "type": "real"}, f"CAST({text} AS REAL)", 99
        if kind == "scalar":
            return {"kind": "scalar", "select": select([arg])}, f"(SELECT {text})", 99
        other, more, _ = self.make(depth)
        if kind == "call":
            made = {"kind": "call", "name": "f", "args": [arg, other]}
            return made | {"distinct": False, "star": False}, f"F({text}, {more})", 99
        made = {"kind": "case", "operand": None, "whens": [[arg, other]], "otherwise": A}
        return made, f"CASE WHEN {text} THEN {more} ELSE a END", 99


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_what_was_written_is_read(kata, seed, depth):
    """Random expressions, written with no parenthesis too many, are read back as they were."""
    writer = Writer(seed)
    made = [writer.make(depth) for _ in range(120)]
    found = kata.script([[None, "parse_expression", [text]] for _, text, _ in made])
    for (tree, text, _), read in zip(made, found, strict=True):
        assert read == tree, text


@pytest.mark.parametrize(
    "text",
    [
        "a < b < c",
        "a = b = c",
        "a between 1 and 2 between 3 and 4",
        "a like b like c",
        "a in (1) in (2)",
    ],
)
def test_comparisons_do_not_chain(kata, text):
    """What has no left and no right, like a < b < c, is an error and not a guess."""
    with kata.raises("SqlSyntaxError"):
        kata.parse_expression(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- - 1", unary("-", unary("-", ONE))),
        ("-a::text", unary("-", {"kind": "cast", "arg": A, "type": "text"})),
        ("a::text::int", {"kind": "cast", "arg": {"kind": "cast", "arg": A, "type": "text"}, "type": "integer"}),
        ("a or b and not c in (1)", binary("or", A, binary("and", B, unary("not", {"kind": "in_list", "arg": C, "items": [ONE], "negated": False})))),
        ("a = b is null", {"kind": "is_null", "arg": binary("=", A, B), "negated": False}),
        ("a between b and c or a", binary("or", {"kind": "between", "arg": A, "low": B, "high": C, "negated": False}, A)),
        ("a between 1 + 1 and - 1 || 'x'", {"kind": "between", "arg": A, "low": binary("+", ONE, ONE), "high": binary("||", unary("-", ONE), literal("x", "text")), "negated": False}),
        ("a is not true", {"kind": "is_bool", "arg": A, "value": True, "negated": True}),
        ("a operator(pg_catalog.~) b", binary("~", A, B)),
        ("a collate pg_catalog.default = b", binary("=", A, B)),
        ("a % 2 = 0", binary("=", binary("%", A, literal(2)), literal(0))),
        ("not not a", unary("not", unary("not", A))),
        ("a<-1", binary("<", A, unary("-", ONE))),
        ("a--b\n-1", binary("-", A, ONE)),
        ("(((a)))", A),
        ("((select 1))", {"kind": "scalar", "select": select([ONE])}),
        ("((select 1) + a)", binary("+", {"kind": "scalar", "select": select([ONE])}, A)),
        ("a in ((select 1), 1)", {"kind": "in_list", "arg": A, "items": [{"kind": "scalar", "select": select([ONE])}, ONE], "negated": False}),
        ("a or exists (select 1)", binary("or", A, {"kind": "exists", "select": select([ONE])})),
        ("public", column("public")),
        ('"("', column("(")),
        ('"-"', column("-")),
        ('"not"', column("not")),
        ('"true"', column("true")),
        ('"case"', column("case")),
        ('"exists"', column("exists")),
        ("a = any (select 1)", {"kind": "in_select", "arg": A, "select": select([ONE]), "negated": False}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_corners_of_expressions(kata, text, expected):
    """Signs, casts, comments, parentheses and predicates where they meet."""
    assert kata.parse_expression(text) == expected


# --- tokens -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("1..5", [["real", 1.0], ["real", 0.5]]),
        ("a.b", [["name", "a"], ["op", "."], ["name", "b"]]),
        ("x$1", [["name", "x$1"]]),
        ("1<>2!=3", [["integer", 1], ["op", "<>"], ["integer", 2], ["op", "<>"], ["integer", 3]]),
        ("a::b", [["name", "a"], ["op", "::"], ["name", "b"]]),
        ("'a''''b'", [["string", "a''b"]]),
        ("'' ''''", [["string", ""], ["string", "'"]]),
        ("'a' 'b'", [["string", "a"], ["string", "b"]]),
        ('"select" Select', [["name", "select"], ["keyword", "select"]]),
        ("ÄÖ _x1", [["name", "ÄÖ"], ["name", "_x1"]]),
        ("E'\\t\\q''\\\\'", [["string", "\tq'\\"]]),
        (r"E'\b\f\r\n'", [["string", "\b\f\r\n"]]),
        (r"E'\Xab'", [["string", "Xab"]]),
        ("e 'x'", [["name", "e"], ["string", "x"]]),
        ("'-- no /* comment'", [["string", "-- no /* comment"]]),
        ("99999999999999999999", [["integer", 99999999999999999999]]),
        ("a\t\r\n\fb", [["name", "a"], ["name", "b"]]),
        ("-- only", []),
        ("/**//*/**/*/1", [["integer", 1]]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_corners_of_tokens(kata, sql, expected):
    """Numbers, quotes, signs and comments without a blank between."""
    assert [token[:2] for token in kata.tokenize(sql)] == [*expected, ["end", None]]


@pytest.mark.parametrize(
    ("sql", "offset"),
    [
        ("ä 'open", 2),
        ('a "open', 2),
        ("a /* open /* */", 2),
        ('a ""', 2),
        ("a 12b", 2),
        ("a $1b", 2),
        ("a ?", 2),
        ("a e'open\\'", 2),
        ("a !", 2),
    ],
)
def test_text_that_is_no_token(kata, sql, offset):
    """Open quotes and comments, empty names, a number and a word in one, unknown signs: with the offset."""
    with kata.raises("SqlSyntaxError", match=rf"offset {offset}\b"):
        kata.tokenize(sql)


def test_numbers_beyond_all_bounds(kata):
    """An integer of more than a thousand digits and a real beyond 64 bits are OutOfRange."""
    assert kata.tokenize("9" * 1000)[0][1] == int("9" * 1000)
    for sql in ("9" * 1001, "1e400", "$" + "9" * 1001):
        with kata.raises("OutOfRange"):
            kata.tokenize(sql)
    with kata.raises("FeatureNotSupported"):
        kata.tokenize(r"E'\x41'")


def test_keywords_may_be_names(one):
    """Words that mean something only in their place are names elsewhere; others need quotes."""
    items = [column(name) for name in ("values", "key", "first", "index", "begin", "work")]
    sql = "select values, key, first, index, begin, work from set"
    found = one(sql)
    assert found["items"] == [{"expr": item, "alias": None} for item in items]
    assert found["from"] == {"kind": "table", "name": "set", "alias": None}


@pytest.mark.parametrize(
    "word", ["select", "from", "where", "group", "order", "user_", "table", "end"]
)
def test_reserved_words_are_no_names(kata, word):
    """A reserved word cannot be a column unless it is quoted, and may be an alias behind AS."""
    if word == "user_":
        assert kata.parse(f"select {word}")
        return
    with kata.raises("SqlSyntaxError"):
        kata.parse(f"select {word} + 1")
    (quoted,) = kata.parse(f'select "{word}" as {word}')
    assert quoted["items"] == [{"expr": column(word), "alias": word}]


# --- queries ------------------------------------------------------------------------------------


def test_sets_and_their_parentheses(one):
    """UNION and EXCEPT go from the left, INTERSECT first, parentheses before all; LIMIT inside stays inside."""
    compound = {"kind": "compound", **UNORDERED}
    x, y, z = (select([literal(n)]) for n in (1, 2, 3))
    left = compound | {"op": "union", "all": False, "left": x, "right": y}
    whole = compound | {"op": "except", "all": True, "left": left, "right": z}
    assert one("select 1 union distinct select 2 except all select 3") == whole
    right = compound | {"op": "except", "all": False, "left": y, "right": z}
    whole = compound | {"op": "union", "all": False, "left": x, "right": right}
    assert one("select 1 union (select 2 except select 3)") == whole
    right = compound | {"op": "intersect", "all": False, "left": y, "right": z}
    whole = compound | {"op": "union", "all": False, "left": x, "right": right}
    assert one("select 1 union select 2 intersect select 3") == whole
    limited = y | {"limit": ONE}
    whole = compound | {"op": "union", "all": False, "left": x, "right": limited, "offset": ONE}
    assert one("select 1 union (select 2 limit 1) offset 1 rows") == whole
    assert one("(((select 1)))") == x


def test_joins_and_their_parentheses(one):
    """Joins in parentheses are one source; INNER is the same as JOIN; a comma binds least."""
    names = [{"kind": "table", "name": name, "alias": None} for name in "tuvw"]
    t, u, v, w = names

    def join(kind, left, right, on=None):
        return {"kind": "join", "type": kind, "left": left, "right": right, "on": on}

    inner = join("inner", u, v, A)
    assert one("select 1 from t left join (u inner join v on a) on b")["from"] == join(
        "left", t, inner, B
    )
    assert one("select 1 from t, u join v on a, w")["from"] == join(
        "cross", join("cross", t, inner), w
    )
    assert one("select 1 from t cross join u")["from"] == join("cross", t, u)
    chain = one("select 1 from t join u on a left outer join v on b")["from"]
    assert chain == join("left", join("inner", t, u, A), v, B)
    sub = {"kind": "subquery", "select": select([ONE]), "alias": "x"}
    assert one("select 1 from ((select 1) as x join t on a)")["from"] == join("inner", sub, t, A)
    chain = one("select 1 from t cross join u cross join v")["from"]
    assert chain == join("cross", join("cross", t, u), v)
    named = one('select 1 from ((select 1) "limit" join t on a)')["from"]
    assert named == join("inner", sub | {"alias": "limit"}, t, A)


@pytest.mark.parametrize(
    "query",
    [
        "(select 1 + 1)",
        "(select 1) union (select 2)",
        "(select 1) except select 2",
        "(select 1) intersect select 2",
        "(select 1) order by 1",
        "(select 1) limit 1",
        "(select 1) offset 1",
    ],
)
def test_queries_in_parentheses_are_one_source(one, query):
    """A parenthesis may begin a query, and what follows it says whether it does."""
    source = one(f"select 1 from ({query}) as y")["from"]
    assert source == {"kind": "subquery", "select": one(query), "alias": "y"}


def test_values_are_a_query(one):
    """VALUES may stand where SELECT may: alone, in FROM, in IN, with an order and a limit."""
    rows = [[ONE, A], [literal(2), B]]
    made = {"kind": "values", "rows": rows, **UNORDERED}
    assert one("values (1, a), (2, b)") == made
    order = [{"expr": ONE, "desc": True, "nulls": "last"}]
    assert one("values (1, a), (2, b) order by 1 desc nulls last limit all") == made | {
        "order_by": order
    }
    assert one("select * from (values (1, a), (2, b)) v")["from"]["select"] == made
    assert one("insert into t values (default, 1), (a, default)")["source"] == made | {
        "rows": [[{"kind": "default"}, ONE], [A, {"kind": "default"}]]
    }
    member = one("select a in (values (1))")["items"][0]["expr"]
    assert [member["kind"], member["select"]["kind"]] == ["in_select", "values"]


def test_values_in_from_get_names_for_their_columns(kata, one):
    """Names behind the alias of VALUES, as many as columns; the SELECT that they stand for has them."""
    source = one("select 1 from (values (1, a) limit 1) as v (n, m) where a")["from"]
    assert source == one(
        "select 1 from (select column1 as n, column2 as m from (values (1, a) limit 1) as v) as v"
    )["from"]
    assert one("select 1 from (values (1)) v(n), t")["from"]["left"]["alias"] == "v"
    for names in ("(n)", "(n, m, o)"):
        with kata.raises("SqlSyntaxError"):
            kata.parse(f"select 1 from (values (1, a)) v {names}")
    for wrong in ("(values (1, a)) (n, m)", "t v (n)", "(values (1)) v ()"):
        with kata.raises("SqlSyntaxError"):
            kata.parse(f"select 1 from {wrong}")
    with kata.raises("FeatureNotSupported"):
        kata.parse("select 1 from (select 1) v (n)")


def test_a_function_in_from_is_a_query_of_one_value(one):
    """It has its own name or its alias, and so has its column."""
    for sql, meant in (
        ("f(1, a)", "(select f(1, a) as f) as f"), ("pg_catalog.f() x", "(select f() as x) as x"),
        ("t, f(1) as g", "t, (select f(1) as g) as g"),
    ):  # fmt: skip
        assert one(f"select * from {sql}")["from"] == one(f"select * from {meant}")["from"]


@pytest.mark.parametrize(
    ("sql", "items"),
    [
        ('select a "or"', [{"expr": A, "alias": "or"}]),
        ('select a "X", b "+"', [{"expr": A, "alias": "X"}, {"expr": B, "alias": "+"}]),
        (
            'select "Two Words".*, "in".*, key.*',
            [
                {"kind": "star", "table": "Two Words"},
                {"kind": "star", "table": "in"},
                {"kind": "star", "table": "key"},
            ],
        ),
        ("select a b", [{"expr": A, "alias": "b"}]),
        ("select a as select", [{"expr": A, "alias": "select"}]),
        ('select a "X y"', [{"expr": A, "alias": "X y"}]),
        (
            "select *, t.*, s.t.*",
            [{"kind": "star", "table": None}] + [{"kind": "star", "table": "t"}] * 2,
        ),
        ("select pg_catalog.a, public.t.a", [A, column("a", "t")]),
        ("select other.t.a", [column("a", "other.t")]),
        (
            "select pg_catalog.f()",
            [{"kind": "call", "name": "f", "args": [], "distinct": False, "star": False}],
        ),
    ],
)
def test_items_and_their_names(one, sql, items):
    """Aliases with and without AS, stars, and schemas of which two mean nothing."""
    listed = [item if "expr" in item else {"expr": item, "alias": None} for item in items]
    assert one(sql)["items"] == listed


def test_an_order_says_what_was_said(one):
    """ASC is the default; where NULLs go is null if nobody has said it."""
    found = one("select a order by a desc, b asc, c, a nulls last")["order_by"]
    expected = [(A, True, None), (B, False, None), (C, False, None), (A, False, "last")]
    assert found == [{"expr": e, "desc": d, "nulls": n} for e, d, n in expected]


def test_all_is_the_default_of_select(one):
    """SELECT ALL is SELECT, count(ALL a) is count(a)."""
    assert one("select all count(all a)") == one("select count(a)")


# --- statements ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("begin work", {"kind": "begin", "serializable": False}),
        ("start transaction isolation level repeatable read, read only", {"kind": "begin", "serializable": False}),
        ("begin transaction read write isolation level serializable", {"kind": "begin", "serializable": True}),
        ("begin isolation level read committed", {"kind": "begin", "serializable": False}),
        ("begin isolation level read uncommitted", {"kind": "begin", "serializable": False}),
        ("end", {"kind": "commit"}),
        ("commit work", {"kind": "commit"}),
        ("rollback transaction", {"kind": "rollback"}),
        ("drop table t restrict", {"kind": "drop_table", "name": "t", "if_exists": False}),
        ("create index i on t (a asc)", {"kind": "create_index", "name": "i", "table": "t", "columns": ["a"], "unique": False, "if_not_exists": False}),
        ("select 1 limit all offset 1", select([ONE], offset=ONE)),
        ("select 1 offset 1 row", select([ONE], offset=ONE)),
        ("(select 1 limit 1)", select([ONE], limit=ONE)),
        ("commit transaction", {"kind": "commit"}),
        ("abort", {"kind": "rollback"}),
        ("rollback work", {"kind": "rollback"}),
        ("set a.B to 'X', 2", {"kind": "set", "words": ["a", ".", "b", "to", "x", ",", "2"]}),
        ("show transaction isolation level", {"kind": "show", "words": ["transaction", "isolation", "level"]}),
        ("deallocate all", {"kind": "ignored", "tag": "DEALLOCATE ALL"}),
        ("deallocate x", {"kind": "ignored", "tag": "DEALLOCATE"}),
        ("discard all", {"kind": "ignored", "tag": "DISCARD ALL"}),
        ("savepoint \"X\"", {"kind": "savepoint", "name": "X"}),
        ("release savepoint x", {"kind": "release", "name": "x"}),
        ("release X", {"kind": "release", "name": "x"}),
        ("rollback to x", {"kind": "rollback_to", "name": "x"}),
        ("rollback work to savepoint x", {"kind": "rollback_to", "name": "x"}),
        ("close all", {"kind": "ignored", "tag": "CLOSE ALL"}),
        ("unlisten *", {"kind": "ignored", "tag": "UNLISTEN"}),
        ("reset a.b", {"kind": "ignored", "tag": "RESET"}),
        ("drop view v", {"kind": "drop_view", "name": "v", "if_exists": False}),
        ("drop index if exists public.i cascade", {"kind": "drop_index", "name": "i", "if_exists": True}),
        ("insert into t default values", {"kind": "insert", "table": "t", "columns": [], "source": None, "returning": None}),
        ("insert into t select 1 returning *", {"kind": "insert", "table": "t", "columns": [], "source": select([ONE]), "returning": [{"expr": {"kind": "star", "table": None}, "alias": None}]}),
        ("insert into t (select 1)", {"kind": "insert", "table": "t", "columns": [], "source": select([ONE]), "returning": None}),
        ("insert into t (a) (select 1)", {"kind": "insert", "table": "t", "columns": ["a"], "source": select([ONE]), "returning": None}),
        ("update s.t set a = b returning a as x, b", {"kind": "update", "table": "s.t", "set": [["a", B]], "where": None, "returning": [{"expr": A, "alias": "x"}, {"expr": B, "alias": None}]}),
        ("delete from t where a", {"kind": "delete", "table": "t", "where": A, "returning": None}),
        ("create index if not exists i on t (a desc)", {"kind": "create_index", "name": "i", "table": "t", "columns": ["a"], "unique": False, "if_not_exists": True}),
        ("explain delete from t", {"kind": "explain", "statement": {"kind": "delete", "table": "t", "where": None, "returning": None}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_corners_of_statements(one, sql, expected):
    """Statements with their optional words, and without."""
    assert one(sql) == expected


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *[(name, "integer") for name in ("int", "INTEGER", "int8", "bigint", "smallint", "oid")],
        *[(name, "real") for name in ("real", "float", "double precision", "numeric(10, 2)")],
        *[
            (name, "text")
            for name in ("text", "varchar(40)", "char(3)", "character varying(9)", "name")
        ],
        *[(name, "boolean") for name in ("bool", "boolean", "pg_catalog.bool")],
    ],
)
def test_types_have_many_names(one, written, kind):
    """Each type of PostgreSQL that can be had is one of four here."""
    (found,) = one(f"create table t (a {written} null)")["columns"]
    assert found == {"name": "a", "type": kind, "not_null": False, "default": None}


def test_constraints_have_many_places(one):
    """Keys and uniques with a column or behind all, with names that are read over; defaults are expressions."""
    sql = """create table t (a int constraint x not null default 1 + 1 unique, b bigserial,
             constraint y primary key (b, a), unique (b), unique (a, b))"""
    found = one(sql)
    assert [found["primary_key"], found["unique"]] == [["b", "a"], [["a"], ["b"], ["a", "b"]]]
    first, second = found["columns"]
    assert [first["not_null"], first["default"]] == [True, binary("+", ONE, ONE)]
    assert [second["type"], second["not_null"]] == ["integer", True]
    assert second["default"]["args"] == [literal("t_b_seq", "text")]
    for kind in ("serial", "smallserial", "serial4", "serial8"):
        assert one(f"create table t (b {kind})")["columns"] == [second]


def test_a_table_has_one_primary_key(kata):
    """A second primary key is a SqlSyntaxError."""
    with kata.raises("SqlSyntaxError"):
        kata.parse("create table t (a int primary key, b int, primary key (b))")


DRIVERS = [
    "select pg_catalog.version()",
    "select current_schema()",
    "show standard_conforming_strings",
    "SELECT t.oid, typarray, t.oid::regtype::text AS regtype, typdelim FROM pg_type t "
    "WHERE t.oid = to_regtype($1) ORDER BY t.oid",
    "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON "
    "pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname "
    "= $1::VARCHAR AND pg_catalog.pg_class.relkind = ANY (ARRAY[$2::VARCHAR, $3::VARCHAR]) AND "
    "pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != $4",
    """SELECT n.nspname as "Schema", c.relname as "Name",
       CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END as "Type",
       pg_catalog.pg_get_userbyid(c.relowner) as "Owner" FROM pg_catalog.pg_class c
       LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE c.relkind IN ('r','p','')
       AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2;""",
    "select c.relname from pg_catalog.pg_class c where c.relname OPERATOR(pg_catalog.~) "
    "'^(people)$' COLLATE pg_catalog.default",
    "CREATE TABLE users (id SERIAL NOT NULL, name VARCHAR(40), score FLOAT, PRIMARY KEY (id))",
    "INSERT INTO users (name, score) VALUES ($1::VARCHAR, $2::FLOAT) RETURNING users.id",
    "UPDATE accounts SET balance = balance + $1 WHERE id = $2",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; select 1; END;",
]


@pytest.mark.parametrize("sql", DRIVERS, ids=range(len(DRIVERS)))
def test_what_drivers_send(kata, sql):
    """The statements that psql, psycopg and SQLAlchemy send of themselves are read."""
    found = kata.parse(sql)
    assert len(found) == (3 if sql.startswith("BEGIN") else 1)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "offset"),
    [
        ("select 1; selec 2", 10),
        ("select\n  1 +\n  from", 15),
        ("select a from t where (a = 1", 28),
        ("select 'it''s' 2", 15),
        ("select a,, b", 9),
        ("insert into t (a b) values (1)", 17),
        ("select 1 2", 9),
        ("create table t ()", 16),
        ("select case end", 12),
        ("select a in ()", 13),
        ("select a is 1", 12),
        ("select a not 1", 9),
        ("select 1 order by a nulls", 25),
        ("update t set a == 1", 16),
        ("/* ü */ select ü 'x'", 17),
        ("select a.", 9),
        ("select 1 union", 14),
        ("drop it", 5),
        ("select (select 1) from", 22),
        ("1", 0),
        ("select 1 select 2", 9),
        ("select a is", 11),
        ("select a not = b", 9),
        ("select 1 + not a", 11),
        ("select case a end", 14),
        ("select case a 1 then 2 end", 14),
        ("select a operator(pg_catalog.or) b", 29),
        ("select a operator(pg_catalog.and) b", 29),
        ("select a operator(pg_catalog.f) b", 29),
        ("select a operator(b.", 20),
        ("select a operator(", 18),
        ("select 'a'.*", 10),
        ("select 1 offset all", 16),
        ("select 1 from t left where a", 21),
        ("select a from 'key'", 14),
        ("select 1 'any'", 9),
        ("select ((select 1", 17),
        ("create", 6),
        ("start", 5),
    ],
)
def test_the_first_token_that_cannot_be(kata, sql, offset):
    """The offset is that of the first token that cannot be where it is, in characters."""
    with kata.raises("SqlSyntaxError", match=rf"offset {offset}\b"):
        kata.parse(sql)


@pytest.mark.parametrize("text", ["", "1 2", "1;", "a b", "select 1"])
def test_an_expression_is_one_expression(kata, text):
    """A text for one expression has nothing behind it, and is not empty."""
    with kata.raises("SqlSyntaxError"):
        kata.parse_expression(text)


@pytest.mark.parametrize(
    "sql",
    [
        "with x as (select 1) select 1",
        "truncate t",
        "select a from t natural join u",
        "select a from t right join u on a",
        "select a from t join u using (a)",
        "create table t (a int references u)",
        "create table t (a money)",
        "create function f",
        "select a ilike b",
        "insert into t values (1) on conflict do nothing",
        "select a from t for update",
        "select a from t fetch first row only",
        "select a < any (select 1)",
        "(select 1 limit 1) limit 2",
    ],
)
def test_other_dialects_are_named(kata, sql):
    """SQL of others is FeatureNotSupported, so that nobody looks for a mistake in it."""
    with kata.raises("FeatureNotSupported"):
        kata.parse(sql)


def test_messages_show_the_token(kata):
    """A refusal shows the token that cannot be where it is, and its offset."""
    with kata.raises("SqlSyntaxError", match=r"selec\b.*offset 10\b"):
        kata.parse("select 1; selec 2")
    with kata.raises("FeatureNotSupported", match=r"(?i)ilike.*offset 9\b"):
        kata.parse("select a ilike b")


def test_words_of_a_setting_end_with_it(kata):
    """SET and SHOW take all words up to the semicolon, and no more."""
    first, second = kata.parse("set a to b; show a")
    assert first == {"kind": "set", "words": ["a", "to", "b"]}
    assert second == {"kind": "show", "words": ["a"]}


def test_noise_is_refused_by_name(kata, seed):
    """Statements with tokens lost, doubled and exchanged are read or refused; nothing else is raised."""
    words = " ".join(DRIVERS).split()
    texts = []
    for _ in range(300):
        sql = seed.choice(DRIVERS).split()
        for _ in range(seed.randrange(1, 4)):
            at = seed.randrange(len(sql))
            sql[at : at + seed.randrange(2)] = seed.sample(words, seed.randrange(3))
            sql = sql or ["select"]
        texts.append(" ".join(sql))
    found = kata.script([[None, "parse", [text]] for text in texts])
    errors = {one.class_name for one in found if hasattr(one, "class_name")}
    assert errors <= {"SqlSyntaxError", "FeatureNotSupported", "OutOfRange"}
    assert sum(isinstance(one, list) for one in found) > 5


# --- size ---------------------------------------------------------------------------------------


def test_long_chains_are_loops(kata):
    """Three thousand terms with OR, and a thousand additions, are read without a deep call."""
    found = kata.tokenize(" or ".join(["a"] * 3000))
    assert len(found) == 6000
    for op in ("or", "+"):
        tree, depth = kata.parse(f"select 1 where {f' {op} '.join(['a'] * 60)}")[0]["where"], 0
        while tree["kind"] == "binary":
            tree, depth = tree["left"], depth + 1
        assert depth == 59
    assert len(kata.parse("select " + ", ".join(["a"] * 3000))[0]["items"]) == 3000


def test_deep_nesting_is_read_or_refused(kata):
    """A hundred parentheses are read; a hundred thousand are FeatureNotSupported, and no crash."""
    assert kata.parse_expression("(" * 100 + "a" + ")" * 100) == A
    for text in ("(" * 100_000 + "a" + ")" * 100_000, "- " * 100_000 + "a", "not " * 100_000 + "a"):
        with kata.raises("FeatureNotSupported"):
            kata.parse_expression(text)


@pytest.mark.timeout(60)
def test_twice_the_text_is_twice_the_work(kata):
    """A script of a megabyte is read in the time of a megabyte."""
    sql = "insert into t (a, b) values (1, 'some text'), (2, 'some more');\n" * 4000
    assert kata.parse(sql[:-1] + ";commit")[-1] == {"kind": "commit"}
