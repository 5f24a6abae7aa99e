"""From text to tokens, from tokens to trees: what each piece of SQL is read as, and what is refused."""

import pytest

UNORDERED = {"order_by": [], "limit": None, "offset": None}


def literal(value, kind="integer"):
    """A literal."""
    return {"kind": "literal", "type": kind, "value": value}


def column(name, table=None):
    """A column."""
    return {"kind": "column", "table": table, "name": name}


def binary(op, left, right):
    """An operator between two expressions."""
    return {"kind": "binary", "op": op, "left": left, "right": right}


def select(items, **parts):
    """A select with these items, and nothing else unless it is given."""
    listed = [item if "expr" in item else {"expr": item, "alias": None} for item in items]
    rest = {"distinct": False, "from": None, "where": None, "group_by": [], "having": None}
    return {"kind": "select", "items": listed, **rest, **UNORDERED, **parts}


def table(name, alias=None):
    """A table in FROM."""
    return {"kind": "table", "name": name, "alias": alias}


ONE, TWO, THREE = map(literal, (1, 2, 3))
A, B, C = map(column, "abc")


@pytest.fixture
def one(kata):
    """A function that reads a script of one statement."""

    def read(sql):
        (statement,) = kata.parse(sql)
        return statement

    return read


def test_a_text_becomes_tokens(kata):
    """Each token has its kind, its value and the offset where it begins; the end is one too."""
    expected = [["keyword", "select", 0], ["name", "a", 7], ["op", ",", 8], ["integer", 12, 9]]
    expected += [["op", "<=", 11], ["real", 1.5, 13], ["param", 3, 17], ["end", None, 19]]
    assert kata.tokenize("SELECT A,12<=1.5 $3") == expected


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("'it''s'", "string", "it's"),
        ("'SELECT'", "string", "SELECT"),
        ('"Two ""Words"""', "name", 'Two "Words"'),
        ("CamelCase", "name", "camelcase"),
        ("'ä--b'", "string", "ä--b"),
        (".5", "real", 0.5),
        ("1.", "real", 1.0),
        ("2e3", "real", 2000.0),
        ("1e-2", "real", 0.01),
        ("!=", "op", "<>"),
        (r"E'a\n\'b\\'", "string", "a\n'b\\"),
    ],
)
def test_values_of_tokens(kata, sql, kind, value):
    """Quotes are taken off, doubled ones are one; words without quotes become lower case; numbers are numbers."""
    assert kata.tokenize(sql) == [[kind, value, 0], ["end", None, len(sql)]]


def test_comments_are_blanks(kata):
    """Comments go to the end of the line, or from slash-star to star-slash, one inside of another."""
    sql = "1 -- one ' \n/* two /* three */ ; */ 2"
    assert [token[:2] for token in kata.tokenize(sql)[:2]] == [["integer", 1], ["integer", 2]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", binary("+", ONE, binary("*", TWO, THREE))),
        ("1 - 2 - 3", binary("-", binary("-", ONE, TWO), THREE)),
        ("(1 - (2 - 3))", binary("-", ONE, binary("-", TWO, THREE))),
        ("a or b and c", binary("or", A, binary("and", B, C))),
        ("not a = b", {"kind": "unary", "op": "not", "arg": binary("=", A, B)}),
        ("-a * b", binary("*", {"kind": "unary", "op": "-", "arg": A}, B)),
        ("a || b = c", binary("=", binary("||", A, B), C)),
        ("a + 1 < b and c", binary("and", binary("<", binary("+", A, ONE), B), C)),
        ("not a and b", binary("and", {"kind": "unary", "op": "not", "arg": A}, B)),
    ],
)
def test_who_gets_an_operand(kata, text, expected):
    """Of two operators the one of more power takes the operand between; equal ones go from the left."""
    assert kata.parse_expression(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a is not null", {"kind": "is_null", "arg": A, "negated": True}),
        ("a is false", {"kind": "is_bool", "arg": A, "value": False, "negated": False}),
        (
            "a between 1 and 2 and b",
            binary(
                "and",
                {"kind": "between", "arg": A, "low": ONE, "high": TWO, "negated": False},
                B,
            ),
        ),
        ("a not in (1, 2)", {"kind": "in_list", "arg": A, "items": [ONE, TWO], "negated": True}),
        ("a like b", {"kind": "like", "arg": A, "pattern": B, "negated": False}),
        (
            "a = any (array[1, 2])",
            {"kind": "in_list", "arg": A, "items": [ONE, TWO], "negated": False},
        ),
        ("a::integer", {"kind": "cast", "arg": A, "type": "integer"}),
        ("cast(a as double precision)", {"kind": "cast", "arg": A, "type": "real"}),
        ("$2", {"kind": "param", "index": 2}),
        ("t.a", column("a", "t")),
        ("null", literal(None, "null")),
        ("true", literal(True, "boolean")),
        ("'x'", literal("x", "text")),
    ],
)
def test_other_expressions(kata, text, expected):
    """Predicates, casts, parameters, columns and literals, each with all of its keys."""
    assert kata.parse_expression(text) == expected


def test_calls_and_cases(kata):
    """Calls know DISTINCT and the star; CASE has an operand or none, and an ELSE or none."""
    call = {"kind": "call", "name": "count", "args": [], "distinct": False, "star": True}
    assert kata.parse_expression("COUNT(*)") == call
    assert kata.parse_expression("sum(distinct a)") == call | {
        "name": "sum",
        "args": [A],
        "distinct": True,
        "star": False,
    }
    case = {"kind": "case", "operand": A, "whens": [[ONE, B], [TWO, C]], "otherwise": None}
    assert kata.parse_expression("case a when 1 then b when 2 then c end") == case
    searched = case | {"operand": None, "whens": [[A, B]], "otherwise": C}
    assert kata.parse_expression("case when a then b else c end") == searched


def test_a_select_has_all_of_its_parts(one):
    """A query with everything is one tree, with a place for each part."""
    sql = """select distinct a, b as "B", t.* from t where a group by b having c
             order by 1 desc, a nulls first limit 2 offset 3"""
    items = [A, {"expr": B, "alias": "B"}, {"kind": "star", "table": "t"}]
    order = [
        {"expr": ONE, "desc": True, "nulls": None},
        {"expr": A, "desc": False, "nulls": "first"},
    ]
    parts = {"from": table("t"), "where": A, "group_by": [B], "having": C, "order_by": order}
    assert one(sql) == select(items, distinct=True, limit=TWO, offset=THREE, **parts)


def test_tables_are_joined(one):
    """Joins go from the left; a comma is a cross join; a subquery has an alias."""
    sql = "select 1 from t x left join u on a, (select 1) as s"
    left = {"kind": "join", "type": "left", "left": table("t", "x"), "right": table("u"), "on": A}
    sub = {"kind": "subquery", "select": select([ONE]), "alias": "s"}
    cross = {"kind": "join", "type": "cross", "left": left, "right": sub, "on": None}
    assert one(sql) == select([ONE], **{"from": cross})


def test_sets_of_queries(one):
    """INTERSECT has more power than UNION and EXCEPT; ORDER BY belongs to all of them together."""
    sql = "select 1 union all select 2 intersect select 3 order by 1"
    compound = {"kind": "compound", **UNORDERED}
    inner = {"op": "intersect", "all": False, "left": select([TWO]), "right": select([THREE])}
    order = [{"expr": ONE, "desc": False, "nulls": None}]
    whole = {"op": "union", "all": True, "left": select([ONE]), "right": compound | inner}
    assert one(sql) == compound | whole | {"order_by": order}


def test_queries_inside_of_expressions(kata):
    """EXISTS, IN and a value may be a query."""
    query = select([ONE])
    assert kata.parse_expression("(select 1)") == {"kind": "scalar", "select": query}
    assert kata.parse_expression("exists (select 1)") == {"kind": "exists", "select": query}
    member = {"kind": "in_select", "arg": A, "select": query, "negated": True}
    assert kata.parse_expression("a not in (select 1)") == member


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "insert into t (a, b) values (1, 2), (3, null)",
            {
                "kind": "insert",
                "table": "t",
                "columns": ["a", "b"],
                "source": {
                    "kind": "values",
                    "rows": [[ONE, TWO], [THREE, literal(None, "null")]],
                    **UNORDERED,
                },
                "returning": None,
            },
        ),
        (
            "update t set a = 1, b = c where a",
            {
                "kind": "update",
                "table": "t",
                "set": [["a", ONE], ["b", C]],
                "where": A,
                "returning": None,
            },
        ),
        (
            "delete from t returning a",
            {
                "kind": "delete",
                "table": "t",
                "where": None,
                "returning": [{"expr": A, "alias": None}],
            },
        ),
        ("drop table if exists t", {"kind": "drop_table", "name": "t", "if_exists": True}),
        (
            "create view v as select 1",
            {"kind": "create_view", "name": "v", "select": select([ONE])},
        ),
        (
            "create unique index i on t (a, b)",
            {
                "kind": "create_index",
                "name": "i",
                "table": "t",
                "columns": ["a", "b"],
                "unique": True,
                "if_not_exists": False,
            },
        ),
        ("begin isolation level serializable", {"kind": "begin", "serializable": True}),
        ("COMMIT", {"kind": "commit"}),
        ("show TimeZone", {"kind": "show", "words": ["timezone"]}),
        ("savepoint x", {"kind": "savepoint", "name": "x"}),
        ("rollback to savepoint x", {"kind": "rollback_to", "name": "x"}),
        ("close x", {"kind": "ignored", "tag": "CLOSE"}),
        ("explain select 1", {"kind": "explain", "statement": select([ONE])}),
    ],
)
def test_statements(one, sql, expected):
    """Each kind of statement is a tree of its kind, with all of its keys."""
    assert one(sql) == expected


def test_a_table_is_defined(one):
    """Columns have a type, NOT NULL and a default; keys may stand with a column or behind all."""
    sql = """create table if not exists t (a serial primary key, b varchar(9) not null default 'x',
             c int unique, unique (a, b))"""
    nextval = {"kind": "call", "name": "nextval", "args": [literal("t_a_seq", "text")]}
    nextval |= {"distinct": False, "star": False}
    columns = [["a", "integer", True, nextval], ["b", "text", True, literal("x", "text")]]
    columns.append(["c", "integer", False, None])
    names = "name", "type", "not_null", "default"
    assert one(sql) == {
        "kind": "create_table",
        "name": "t",
        "columns": [dict(zip(names, column, strict=True)) for column in columns],
        "primary_key": ["a"],
        "unique": [["c"], ["a", "b"]],
        "if_not_exists": True,
    }


def test_a_script_is_a_list_of_statements(kata):
    """Semicolons part statements; empty ones are nothing."""
    assert kata.parse(";;select 1;; commit;") == [select([ONE]), {"kind": "commit"}]
    assert kata.parse(" -- nothing\n") == []


@pytest.mark.parametrize(
    ("sql", "offset"),
    [
        ("select 1 +", 10),
        ("select from t", 7),
        ("selec 1", 0),
        ("select 1 where", 14),
        ("select 'open", 7),
        ("select (1", 9),
        ("select 1 )", 9),
        ("select a b c", 11),
        ("select #", 7),
        ("insert into t value (1)", 14),
    ],
)
def test_an_error_says_where_it_is(kata, sql, offset):
    """The message of a SqlSyntaxError says at which offset the first token begins that cannot be there."""
    with kata.raises("SqlSyntaxError", match=rf"offset {offset}\b"):
        kata.parse(sql)


@pytest.mark.parametrize("sql", ["select a over b", "create table t (a money)"])
def test_what_is_not_to_be_had_says_so(kata, sql):
    """Good SQL that this dialect does not have is FeatureNotSupported."""
    with kata.raises("FeatureNotSupported"):
        kata.parse(sql)
