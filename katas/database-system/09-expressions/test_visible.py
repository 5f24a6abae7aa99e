"""Names, types and three truths, with data small enough to check by hand."""

import pytest
from database_expressions import outcomes, parsed, refused, told, types

NAMES = {"i": "integer", "j": "integer", "r": "real", "s": "text", "b": "boolean", "n": "integer"}
COLUMNS = [{"table": "t", "name": name, "type": kind} for name, kind in NAMES.items()]
ROW = [7, -2, 2.5, "abc", True, None]


@pytest.fixture
def check(kata):
    """A function that compares what expressions are worth with what is expected of them."""

    def check(expected, params=()):
        found = outcomes(kata, COLUMNS, parsed(kata, expected), [ROW], params)
        got = dict(zip(expected, told(values[0] for values in found), strict=True))
        assert got == dict(zip(expected, told(expected.values()), strict=True))

    return check


@pytest.fixture
def check_types(kata):
    """A function that compares the types of expressions with what is expected of them."""

    def check_types(expected):
        found = types(kata, COLUMNS, parsed(kata, expected))
        assert dict(zip(expected, found, strict=True)) == expected

    return check_types


def column(name, table=None):
    """The parser's tree of a column."""
    return {"kind": "column", "table": table, "name": name}


def literal(value, kind="integer"):
    """A literal, for the parser and bound."""
    return {"kind": "literal", "type": kind, "value": value}


def binary(op, left, right):
    """The parser's tree of an operator between two expressions."""
    return {"kind": "binary", "op": op, "left": left, "right": right}


def test_binding_gives_every_part_a_place_and_a_type(kata):
    """A bound expression has columns by their place in the row, and a type at every part."""
    bound = kata.Binder(COLUMNS).bind(
        binary("<", binary("+", column("j"), literal(1)), column("i"))
    )
    field = {"kind": "field", "type": "integer"}
    left = binary("+", {**field, "index": 1}, literal(1)) | {"type": "integer"}
    assert bound == binary("<", left, {**field, "index": 0}) | {"type": "boolean"}
    expression = kata.Expression(bound)
    assert expression.type() == "boolean"
    assert kata.many(expression, "eval", [[[0, -1]], [[0, -2]], [[0, None]]]) == [False, True, None]


def test_and_or_and_not_know_three_truths(check):
    """NULL is an unknown truth: the result is NULL unless the other side decides it alone."""
    check({"true and true": True, "true and false": False, "false and true": False})
    check({"true and null": None, "null and true": None, "null and null": None})
    check({"false and null": False, "null and false": False, "false and false": False})
    check({"true or false": True, "false or true": True, "false or false": False})
    check({"true or null": True, "null or true": True, "true or true": True})
    check({"false or null": None, "null or false": None, "null or null": None})
    check({"not true": False, "not false": True, "not null": None})


def test_what_is_compared_with_null_is_unknown(check):
    """A comparison with NULL is NULL, also of NULL with itself; IS says yes or no."""
    check({"i = null": None, "null <> i": None, "n < 1": None, "n = n": None, "null = null": None})
    check({"i = 7": True, "i <> 7": False, "j < -2": False, "j <= -2": True, "s > 'abb'": True})
    check({"i + n": None, "n * 0": None, "s || null": None, "- n": None, "length(null)": None})
    check({"n is null": True, "i is null": False, "n is not null": False, "i is not null": True})
    check({"(n = 1) is true": False, "(n = 1) is not true": True, "b is false": False})


def test_in_a_list_with_null(check):
    """A value that is not among the items might be the one that is not known."""
    check({"i in (1, 7)": True, "i in (1, 2)": False, "i not in (1, 7)": False})
    check({"i in (7, null)": True, "i in (1, null)": None, "i not in (1, null)": None})
    check({"i not in (7, null)": False, "n in (1, 2)": None, "i in (n, j + 9)": True})


def test_between_with_null(check):
    """BETWEEN is two comparisons and an AND: one false comparison decides."""
    check({"i between 7 and 7": True, "i between 8 and 9": False, "i not between 1 and 6": True})
    check({"i between null and 6": False, "i between 8 and null": False})
    check({"i between 1 and null": None, "i between null and 7": None, "n between 1 and 2": None})
    check({"i not between null and 6": True, "i not between 1 and null": None})


def test_case_takes_the_first_branch_that_is_true(check):
    """CASE takes the first branch whose condition is true, or whose value equals; else ELSE."""
    check({"case when i < 5 then 'low' when i < 9 then 'mid' else 'high' end": "mid"})
    check({"case when n = 1 then 'a' when false then 'b' else 'c' end": "c"})
    check({"case when n = 1 then 'a' end": None})
    check({"case j when 1 then 'one' when -2 then 'minus two' end": "minus two"})
    check({"case n when null then 'null' else 'other' end": "other"})


def test_the_first_that_is_not_null(check):
    """coalesce, nullif, greatest and least have rules of their own for NULL."""
    check({"coalesce(n, j, i)": -2, "coalesce(n, null)": None, "coalesce(s)": "abc"})
    check({"nullif(i, 7)": None, "nullif(i, 8)": 7, "nullif(i, n)": 7, "nullif(n, 7)": None})
    check({"greatest(i, n, j)": 7, "least(i, n, j)": -2, "greatest(n, null)": None})


def test_integers_are_divided_without_fraction(check):
    """/ of integers cuts the fraction off, % leaves the rest with the sign of the dividend."""
    check({"7 / 2": 3, "-7 / 2": -3, "7 / -2": -3, "-7 / -2": 3, "6 / 3": 2})
    check({"7 % 3": 1, "-7 % 3": -1, "7 % -3": 1, "-7 % -3": -1, "mod(-7, 3)": -1})
    check({"7 / 2.0": 3.5, "i + r": 9.5, "i = 7.0": True, "j * r - 1": -6.0})
    check({"i - j * 2": 11, "- (i + j)": -5, "+ i": 7, "3 + 4 * 5 - 6 / 2": 20})


def test_what_has_no_value_is_refused(check):
    """Division by zero and integers beyond 64 bits are errors, not NULL and not infinity."""
    zero, beyond = refused("DivisionByZero"), refused("OutOfRange")
    check({"i / 0": zero, "i % 0": zero, "r / 0": zero, "1 / (i - 7)": zero, "i / n": None})
    check({"9223372036854775807 + 0": 2**63 - 1, "-9223372036854775808": -(2**63)})
    check({"9223372036854775807 + 1": beyond, "9223372036854775808": beyond})
    check({"- (-9223372036854775807 - 1)": beyond, "abs(-9223372036854775808)": beyond})


def test_what_is_not_needed_is_not_evaluated(check):
    """AND, OR, CASE, coalesce and IN stop where the rest cannot matter any more."""
    check({"false and 1 / 0 = 1": False, "true or 1 / 0 = 1": True})
    check({"case when b then 1 else 1 / 0 end": 1, "case 1 when 1 then 2 when 1 / 0 then 3 end": 2})
    check({"coalesce(i, 1 / 0)": 7, "i in (i, 1 / 0)": True})
    check({"null and 1 / 0 = 1": refused("DivisionByZero")})


def test_like(check):
    """% stands for any characters, _ for one, all else for itself, from end to end."""
    check({"s like 'a%'": True, "s like 'a_c'": True, "s like 'b'": False, "s like 'A%'": False})
    check({"s like '%'": True, "s like '%b%'": True, "s like 'abc_'": False, "'' like '%'": True})
    check({"'a.c' like 'a.c'": True, "s like 'a.c'": False, "s not like '%z'": True})
    check({"s like null": None, "null not like 'a'": None, "s ~ 'b.$'": True, "s !~ 'b'": False})


def test_like_is_a_function_too(kata):
    """The function `like` says whether a text matches a pattern; a backslash makes marks plain."""
    cases = [["50%", r"50\%"], ["505", r"50\%"], ["a\nb", "a%b"], ["[a]", "[a]"], ["ab", "%a"]]
    results = kata.script([None, "like", case] for case in cases)
    assert results == [True, False, True, True, False]


def test_casts(check):
    """CAST turns values into values of another type, or refuses texts that do not say one."""
    check({"cast('12' as integer)": 12, "cast(-2.9 as integer)": -2, "cast(i as real) / 2": 3.5})
    check({"cast(i as text)": "7", "cast(2.50 as text)": "2.5", "cast(3.0 as text)": "3"})
    check({"cast(b as text)": "true", "cast('f' as boolean)": False, "cast(j as boolean)": True})
    check({"cast(b as integer)": 1, "cast(n as text)": None, "cast(' -1.5e2 ' as real)": -150.0})
    check(
        {
            "cast('12x' as integer)": refused("InvalidText"),
            "cast(s as real)": refused("InvalidText"),
        }
    )
    check(
        {"cast(r as boolean)": refused("TypeMismatch"), "cast(b as real)": refused("TypeMismatch")}
    )


def test_functions(check):
    """The functions that can be called by name, each with its own idea of arguments."""
    check({"abs(j)": 2, "abs(-2.5)": 2.5, "length('日本')": 2, "lower('AbC')": "abc"})
    check({"upper(s)": "ABC", "round(2.5)": 3.0, "round(-2.5)": -3.0, "round(i)": 7.0})
    check({"round(2.345, 1)": 2.3, "round(1250, -2)": 1300.0, "replace(s, 'b', 'xx')": "axxc"})
    check({"substr(s, 2)": "bc", "substr(s, 2, 1)": "b", "substring(s, 0, 2)": "a"})
    check(
        {
            "trim('  a b ')": "a b",
            "trim('xaxx', 'x')": "a",
            "strpos(s, 'c')": 3,
            "strpos(s, 'd')": 0,
        }
    )
    check({"sqrt(2.0)": refused("UndefinedFunction"), "abs(i, j)": refused("UndefinedFunction")})


def test_what_does_not_fit_is_refused_before_there_is_a_row(check_types):
    """Types are checked when names are bound: text is no number, and a condition is a boolean."""
    wrong = ["i = s", "s + 1", "i and b", "not s", "- s", "i || j", "i like 'a'", "r % 2", "b + 1"]
    wrong += [
        "i in (1, s)",
        "i between 1 and s",
        "case when i then 1 end",
        "case i when s then 1 end",
    ]
    wrong += ["case when b then 1 else s end", "coalesce(i, s)", "lower(i)", "abs(s)", "s is true"]
    check_types(dict.fromkeys(wrong, refused("TypeMismatch")))


def test_every_expression_has_a_type(check_types):
    """Integer and real together are real; what could only be NULL has the type null."""
    check_types({"i + j": "integer", "i + r": "real", "i / 2": "integer", "i < j": "boolean"})
    check_types({"case when b then 1 else 2.5 end": "real", "coalesce(n, r)": "real"})
    check_types({"s || i": "text", "null": "null", "'5'": "text", "null + 1": "integer"})
    check_types({"case when b then null else i end": "integer", "nullif(null, null)": "null"})
    check_types({"length(s)": "integer", "round(i)": "real", "abs(i)": "integer", "abs(r)": "real"})


def test_a_literal_in_quotes_takes_the_type_of_what_it_meets(check, check_types):
    """'7' is a number beside a number; what has a type already keeps it."""
    check(
        {
            "i = '7'": True,
            "'2' + i": 9,
            "r < ' 3 '": True,
            "b = 'yes'": True,
            "i in ('1', '7')": True,
        }
    )
    check({"case when b then '1' else i end": 1, "abs('-2.5')": 2.5, "'5' < '10'": False})
    check({"i = 'seven'": refused("InvalidText"), "i = '7.5'": refused("InvalidText")})
    check_types(
        {"cast('7' as text) = i": refused("TypeMismatch"), "s = 7": refused("TypeMismatch")}
    )


def test_parameters_take_the_type_of_what_they_meet(kata):
    """A parameter has the type of what it is used with, whichever side; text if nothing tells."""
    binder = kata.Binder(COLUMNS)
    texts = ["$2 < r", "i in (1, $3)", "not $4", "s like $5", "i + $6 > 0", "$1 is null"]
    bound = kata.script([binder, "bind", [tree]] for tree in parsed(kata, texts))
    assert binder.param_types() == ["text", "real", "integer", "boolean", "text", "integer"]
    params = [None, 2, "7", False, "%c", -7]
    ready = kata.script([None, "Expression", [tree]] for tree in bound)
    values = kata.script([one, "eval", [ROW, params]] for one in ready)
    assert values == [True, True, True, True, False, True]


def test_names_are_looked_up(kata):
    """A name is one column of one table in reach; anything else is an error with its own name."""
    columns = [{"table": t, "name": n, "type": "text"} for t, n in ["tx", "ty", "ux", "uz"]]
    binder = kata.Binder(columns)
    trees = parsed(kata, ["y", "z", "t.x", "u.x", "x", "w", "t.z", "v.x"])
    results = kata.script([binder, "bind", [tree]] for tree in trees)
    assert [tree["index"] for tree in results[:4]] == [1, 3, 0, 2]
    errors = ["AmbiguousColumn", "UndefinedColumn", "UndefinedColumn", "UndefinedTable"]
    assert [result.class_name for result in results[4:]] == errors
    assert kata.many(binder, "has_column", [[column("z")], [column("w")]]) == [True, False]


def test_a_subquery_sees_the_columns_around_it(kata):
    """A name that the query itself does not have is looked for in the query around it."""
    outer = kata.Binder(COLUMNS)
    inner = kata.Binder([{"table": "u", "name": "i", "type": "real"}], outer)
    assert inner.bind(column("i"))["kind"] == "field"
    assert inner.correlated() is False
    far = inner.bind(column("j"))
    assert far == {"kind": "outer", "depth": 1, "index": 1, "type": "integer"}
    bound = inner.bind(binary("*", column("i"), column("j", "t")))
    assert [inner.correlated(), outer.correlated()] == [True, False]
    assert kata.Expression(bound).eval([1.5], [], [ROW]) == -3.0


def test_subqueries_are_run_with_the_rows_they_may_refer_to(kata):
    """EXISTS, IN and a subquery for a value run its plan with the row, and outer rows behind it."""
    asked, answers = [], [kata.Cursor(rows) for rows in ([[5]], [], [[1], [7]], [[None]])]

    def run(plan, rows):
        asked.append([plan, rows])
        return answers[len(asked) - 1]

    plan = {"columns": [{"table": None, "name": "x", "type": "integer"}]}
    field = {"kind": "field", "index": 0, "type": "integer"}
    within = {"kind": "in_select", "arg": field, "plan": plan, "negated": False, "type": "boolean"}
    bound = [{"kind": "scalar", "plan": plan, "type": "integer"}]
    bound += [{"kind": "exists", "plan": plan, "type": "boolean"}, within, within]
    values = [kata.Expression(tree, run).eval([7], [], [["out"]]) for tree in bound]
    assert values == [5, False, True, None]
    assert asked == [[plan, [[7], ["out"]]]] * 4


def test_subqueries_and_aggregates_are_left_to_others(kata):
    """A binder alone knows neither; a subclass that does is asked, and its answer is used."""
    select = {"columns": [{"table": None, "name": "x", "type": "real"}]}
    trees = [{"kind": "scalar", "select": select}, *parsed(kata, ["1 + sum(i)"])]
    plain, probe = kata.Binder(COLUMNS), kata.ProbeBinder(COLUMNS)
    errors = kata.script([plain, "bind", [tree]] for tree in trees)
    assert [e.class_name for e in errors] == ["FeatureNotSupported", "GroupingError"]
    scalar, total = kata.many(probe, "bind", [[tree] for tree in trees])
    assert [scalar["type"], scalar["plan"]["columns"]] == ["real", select["columns"]]
    assert total["right"] == {"kind": "field", "index": 103, "type": "integer"}


def test_functions_can_be_added(kata):
    """A registered function is called with values of its types; NULL is answered without it."""
    kata.register("twice", ["text", "integer"], 1, "same", lambda text, n=2: text * n)
    trees = parsed(kata, ["twice(s)", "twice('x', i)", "twice(n || '')", "twice(i)", "twice()"])
    found = outcomes(kata, COLUMNS, trees, [ROW])
    errors = [[refused("TypeMismatch")], [refused("UndefinedFunction")]]
    assert found == [["abcabc"], ["xxxxxxx"], [None], *errors]
