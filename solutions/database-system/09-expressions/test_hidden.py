"""Expressions against SQLite, patterns against a matcher of the test's own, and sharp edges."""

import pytest
from database_expressions import outcomes, parsed, refused, told, types
from database_random_sql import TYPES, Judge, RandomExpressions, random_rows

NAMES = {"i": "integer", "j": "integer", "r": "real", "s": "text", "b": "boolean", "n": "integer"}
COLUMNS = [{"table": "t", "name": name, "type": kind} for name, kind in NAMES.items()]
ROW = [7, -2, 2.5, "abc", True, None]
MANY = [{"table": "t", "name": f"{t[0]}{k}", "type": t} for t in TYPES for k in "123"]
BEYOND, UNREADABLE = refused("OutOfRange"), refused("InvalidText")
MISMATCH, UNKNOWN = refused("TypeMismatch"), refused("UndefinedFunction")


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


def field(index=0, kind="integer"):
    """A column, bound."""
    return {"kind": "field", "index": index, "type": kind}


def literal(value, kind="integer"):
    """A literal, for the parser and bound."""
    return {"kind": "literal", "type": kind, "value": value}


def plan(kind="integer", count=1):
    """A plan of which only the columns are told."""
    return {"columns": [{"table": None, "name": f"x{i}", "type": kind} for i in range(count)]}


def error_names(results):
    """The class names of errors in a script's results; of anything else, that it is none."""
    return [getattr(result, "class_name", "no error") for result in results]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("case tick(2) when 1 then tick(5) when 2 then tick(6) when 3 then tick(7) end", [2, 6]),
        ("case when tick(1) = 2 then tick(3) else tick(4) end", [1, 4]),
        ("tick(5) between tick(1) and tick(9)", [5, 1, 9]),
        ("tick(5) in (4, 6, 8, 10)", [5]),
        ("tick(5) in (tick(4), tick(5), tick(6))", [5, 4, 5]),
        ("coalesce(n, tick(1), tick(2))", [1]),
        ("tick(1) = 2 and tick(3) = 3", [1]),
        ("tick(1) = 1 or tick(3) = 3", [1]),
        ("tick(1) = n and tick(3) = 3", [1, 3]),
        ("nullif(tick(1), 2) + greatest(tick(3), 2)", [1, 3]),
        ("tick(n)", []),
        ("tick(1) in (1, tick(2)) and tick(3) is null", [1, 3]),
    ],
)
def test_every_part_is_evaluated_once_if_it_matters(kata, text, seen):
    """No part is evaluated twice for a row, and none that can no longer matter."""
    calls = []
    kata.register("tick", ["any"], 1, "same", lambda value: calls.append(value) or value)
    found = outcomes(kata, COLUMNS, parsed(kata, [text]), [ROW, ROW])
    assert not isinstance(found[0][0], str)
    assert calls == seen * 2


def test_an_expression_serves_many_rows(kata, seed):
    """One expression gives every row its own value, in any order, however often."""
    (tree,) = parsed(kata, ["case when i in (1, 2, null) then s || i when j > i then 'more' end"])
    expression = kata.Expression(kata.Binder(COLUMNS).bind(tree))
    rows = [[i, j, None, "x", None, None] for i in [1, 2, 3, None] for j in [2, 5, None]] * 5
    seed.shuffle(rows)
    expected = [
        f"x{i}" if i in (1, 2) else "more" if i and j and j > i else None for i, j, *_ in rows
    ]
    assert kata.many(expression, "eval", [[row] for row in rows]) == expected


def test_integers_end_at_sixty_four_bits(check):
    """Every operation whose result needs more than 64 bits is refused, at both ends."""
    low, high = "(-9223372036854775808)", "9223372036854775807"
    check(
        {f"{high} + 1": BEYOND, f"{low} - 1": BEYOND, f"{high} * 2": BEYOND, f"{low} * i": BEYOND}
    )
    check({f"-{low}": BEYOND, f"abs({low})": BEYOND, f"{low} / -1": BEYOND, f"{low} % -1": 0})
    check({f"{high} - 1 + 1": 2**63 - 1, f"{low} + 1 - 1": -(2**63), f"{low} / 1": -(2**63)})
    check({f"- {high}": -(2**63) + 1, f"{low} % 10": -8, f"{low} / 10": -922337203685477580})
    check(
        {
            "9223372036854775808": BEYOND,
            "-9223372036854775809": BEYOND,
            "0 - 9223372036854775808": BEYOND,
        }
    )
    check({"3037000500 * 3037000500": BEYOND, "4611686018427387904 + 4611686018427387904": BEYOND})


def test_reals_are_finite(check, kata):
    """A real that would be infinite is refused wherever it comes from."""
    check(
        {
            "1e308 * 10": BEYOND,
            "-1e308 - 1e308": BEYOND,
            "1e308 / 0.01": BEYOND,
            "1e308 * 1.5": 1.5e308,
        }
    )
    check(
        {"cast('1e999' as real)": BEYOND, "cast('-1e400' as real)": BEYOND, "r + '1e999'": BEYOND}
    )
    check({"cast(1e19 as integer)": BEYOND, "cast(-9.3e18 as integer)": BEYOND})
    check(
        {
            "cast(1e15 as integer)": 10**15,
            "cast(-1.9999 as integer)": -1,
            "cast(0.99 as integer)": 0,
        }
    )
    with kata.raises("OutOfRange"):
        kata.Binder([]).bind(literal(float("inf"), "real"))


def test_division_by_zero_whatever_is_divided(check):
    """Zero divides nothing: no integer, no real, not by mod; but NULL divided by it is NULL."""
    zero = refused("DivisionByZero")
    check({"0 / 0": zero, "0 % 0": zero, "mod(i, 0)": zero, "r / 0.0": zero, "i / (r - 2.5)": zero})
    check({"1.0 / -0.0": zero, "0 / i": 0, "0.0 / i": 0.0, "mod(i, j)": 1, "mod(j, i)": -2})


def naive_like(text, pattern):
    """Whether a text matches, tried by all ways."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(naive_like(text[skip:], pattern[1:]) for skip in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and naive_like(text[1:], pattern[1:])


def test_like_agrees_with_trying_all_ways(kata, seed):
    """Whether a text matches a pattern does not depend on how cleverly it is tried."""
    pairs = [
        [
            "".join(seed.choices("ab.\n日", k=seed.randrange(7))),
            "".join(seed.choices("ab.%%_", k=n)),
        ]
        for n in [0, 1, 2, 3, 4, 5] * 200
    ]
    got = kata.script([None, "like", pair] for pair in pairs)
    wrong = [pair for pair, value in zip(pairs, got, strict=True) if value != naive_like(*pair)]
    assert min(wrong, key=str, default=None) is None


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("a.c", "a.c", "abc"),
        ("[a-c]*", "[a-c]*", "b"),
        ("^a$", "^a$", "a"),
        ("(a|b)%", "(a|b)cd", "acd"),
        ("a%z", "a\n\n\nz", "a\nz\n"),
        ("_", "日", "ab"),
        ("_", "\n", ""),
        (r"\_\%", "_%", r"a%"),
        (r"\\%", "\\x", "x"),
        (r"\a%", "abc", r"\abc"),
        ("%\\", "x\\", "x"),
        ("%", "", None),
        ("", "", " "),
        ("a%b%c", "aXbYbZc", "abXcY"),
        ("%ab", "aab", "aba"),
        ("a%a", "aa", "a"),
    ],
)
def test_like_at_its_edges(kata, pattern, matching, other):
    """Only % and _ are special; everything that regular expressions know is an ordinary text."""
    assert kata.like(matching, pattern) is True
    assert other is None or kata.like(other, pattern) is False


def test_like_does_not_try_all_ways(kata):
    """A pattern with many % is answered soon, also when the text nearly matches."""
    text = "ab" * 400
    patterns = ["%a" * 40 + "%c", "%a%b" * 30 + "%aa", "%_a_" * 25 + "%bb", "%a" * 400 + "%b"]
    results = kata.script([None, "like", [text, pattern]] for pattern in patterns)
    assert results == [False, False, False, True]


@pytest.mark.parametrize("name", ["i", "r"])
def test_a_long_list_of_literals_costs_as_much_as_a_short_one(kata, name):
    """IN finds a value among 20,000 literals without comparing it with all of them."""
    items = [literal(2 * n) for n in range(20_000)]
    tree = {"kind": "in_list", "arg": column(name), "items": items, "negated": False}
    expression = kata.Expression(kata.Binder(COLUMNS).bind(tree))
    rows = [[[n, 0, float(n), "", None, None]] for n in range(20_001, 40_001)]
    assert kata.many(expression, "eval", rows) == [
        n % 2 == 0 and n < 40_000 for n in range(20_001, 40_001)
    ]


def test_texts_that_say_a_value(check):
    """Numbers may have a sign and blanks around them, truths have several names in any case."""
    check({"cast(' +12 ' as integer)": 12, "cast('-0' as integer)": 0, "cast('007' as integer)": 7})
    check({"cast('.5' as real)": 0.5, "cast('-5.' as real)": -5.0, "cast('1E-2' as real)": 0.01})
    check({"cast('12' as real)": 12.0, "cast('-9223372036854775808' as integer)": -(2**63)})
    truths = {"t": True, "TRUE": True, " yes ": True, "y": True, "on": True, "1": True}
    truths |= {"f": False, "False": False, "no": False, "N": False, "OFF": False, "0": False}
    check({f"cast('{text}' as boolean)": value for text, value in truths.items()})


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("integer", ["", " ", "1.0", "1e3", "0x1f", "1_000", "--1", "+", "1 2", "١٢", "seven"]),
        ("real", ["", ".", "nan", "inf", "-Infinity", "1e", "1_0.5", "0x1p3", "1,5", "e5", "²"]),
        ("boolean", ["", "2", "yess", "tru e", "null", "-1"]),
    ],
)
def test_texts_that_say_no_value(check, kind, texts):
    """A text that is not wholly a value of the type is refused."""
    check({f"cast('{text}' as {kind})": UNREADABLE for text in texts})
    check({f"cast(s || '{text}' as {kind})": UNREADABLE for text in texts})


def test_integers_in_texts_beyond_sixty_four_bits(check):
    """An integer in a text that is too large is out of range, however long it is."""
    check(
        {
            f"cast('{text}' as integer)": BEYOND
            for text in [str(2**63), str(-(2**63) - 1), "9" * 5000]
        }
    )
    check({f"i < '{2**63}'": BEYOND, f"cast('{2**63 - 1}' as integer)": 2**63 - 1})


def test_what_can_be_cast_to_what(check_types):
    """Of the casts between two types only those between real and boolean do not exist."""
    sources = {"integer": "i", "real": "r", "text": "s", "boolean": "b"}
    casts = {f"cast({c} as {to})": (a, to) for a, c in sources.items() for to in TYPES}
    none = [("real", "boolean"), ("boolean", "real")]
    check_types({text: MISMATCH if pair in none else pair[1] for text, pair in casts.items()})
    check_types({f"cast(null as {to})": to for to in TYPES})


def test_values_as_texts(check):
    """A real is told by the fewest digits that say it, a whole one without a point."""
    check(
        {
            "r || ''": "2.5",
            "cast(0.1 + 0.2 as text)": "0.30000000000000004",
            "cast(1e20 as text)": "1e+20",
        }
    )
    check(
        {"cast(-3.0 as text)": "-3", "cast(0.0001 as text)": "0.0001", "cast(100.0 as text)": "100"}
    )
    check(
        {"j || s": "-2abc", "s || b": "abctrue", "false || s": "falseabc", "cast(n as text)": None}
    )
    check(
        {
            "cast(cast(12 as boolean) as text)": "true",
            "cast(0 as boolean)": False,
            "'a' || 'b'": "ab",
        }
    )


def test_numbers_are_rounded_to_places(check):
    """A half goes away from zero; digits may be before the point; what is exact decides."""
    check(
        {
            "round(0.5)": 1.0,
            "round(-0.5)": -1.0,
            "round(1.5)": 2.0,
            "round(0.49999999999999994)": 0.0,
        }
    )
    check({"round(2.675, 2)": 2.67, "round(0.125, 2)": 0.13, "round(-0.125, 2)": -0.13})
    check(
        {
            "round(15, -1)": 20.0,
            "round(-14, -1)": -10.0,
            "round(55, -2)": 100.0,
            "round(5, -9)": 0.0,
        }
    )
    check(
        {
            "round(r, 400)": 2.5,
            "round(r, 9223372036854775807)": 2.5,
            "round(r, -9223372036854775808)": 0.0,
            "round(1e300, 2)": 1e300,
            "round(r, -400)": 0.0,
            "round(5e-324, 323)": 0.0,
        }
    )
    check(
        {
            "round(6e-324, 323)": 0.0,
            "round(1e-300, 310)": 1e-300,
            "round(1.7e308, -308)": BEYOND,
            "round(1.7e308, -309)": 0.0,
        }
    )
    check({"round(n)": None, "round(r, n)": None, "round(r, 1.0)": MISMATCH, "round(s)": MISMATCH})


def test_pieces_of_texts(check):
    """Places count from 1 and may lie outside of the text; an empty text is found nowhere twice."""
    check(
        {
            "substr(s, -1, 3)": "a",
            "substr(s, 0)": "abc",
            "substr(s, 4)": "",
            "substr(s, 2, 99)": "bc",
        }
    )
    check(
        {
            "substr(s, -5, 2)": "",
            "substr(s, 2, 0)": "",
            "substr(s, 2, -1)": BEYOND,
            "substr(s, -7)": "abc",
        }
    )
    check({"substr(s, 3, 9223372036854775807)": "c", "substring('日本語', 2)": "本語"})
    check(
        {
            "replace(s, '', 'x')": "abc",
            "replace('aaa', 'aa', 'b')": "ba",
            "replace(s, 'b', '')": "ac",
        }
    )
    check(
        {
            "trim(' \n ')": "\n",
            "trim(' XaX ')": "XaX",
            "trim('abcba', 'ab')": "c",
            "trim(s, '')": "abc",
            "trim('日a日', '日')": "a",
        }
    )
    check({"strpos(s, '')": 1, "strpos(s, 'bc')": 2, "strpos('日本', '本')": 2, "length('')": 0})


def test_functions_take_what_they_are_made_for(check, check_types):
    """A call with too few or too many arguments, or arguments of another type, is refused."""
    wrong = ["abs()", "round(r, 1, 1)", "substr(s)", "replace(s, 'a')", "nothing(1)", "nullif(i)"]
    wrong += [
        "nullif(i, j, i)",
        "coalesce()",
        "greatest()",
        "abs(*)",
        "round()",
        "length()",
        "lower()",
        "upper()",
        "trim()",
        "strpos(s)",
        "substring(s)",
        "lower(distinct s)",
        "mod(i)",
    ]
    check_types(dict.fromkeys(wrong, UNKNOWN))
    wrong = [
        "abs(b)",
        "abs(s)",
        "length(i)",
        "substr(s, r)",
        "mod(i, r)",
        "round(b)",
        "strpos(s, i)",
    ]
    wrong += ["greatest(i, s)", "nullif(b, 1)", "least(s, b)", "trim(s, i)", "upper(b)"]
    check_types(dict.fromkeys(wrong, MISMATCH))
    check({"abs('3')": 3.0, "length('12')": 2, "round('2.5')": 3.0, "substr(s, '2')": "bc"})
    check(
        {
            "greatest('10', 9)": 10,
            "least('b', s, null)": "abc",
            "greatest(i, r)": 7.0,
            "mod(i, n)": None,
        }
    )


def test_what_does_not_fit_is_refused(check_types):
    """Each operator takes its types and no others; there is no row that could make it right."""
    wrong = [
        "i < s",
        "b = 1",
        "cast($1 as text) = s or $1 = 1",
        "b > 'x' || s",
        "r = b",
        "s || r > 1",
        "i ~ 'a'",
        "s !~ 1",
        "b || i",
    ]
    wrong += [
        "1 and b",
        "b or s || ''",
        "not 1",
        "- b",
        "b * 2",
        "s / 2",
        "s % s",
        "r % 2.0",
        "i % r",
    ]
    wrong += ["'a' + 'b'", "$1 + $2", "i between s || '' and 3", "s in ('a', 1)", "b in (1, 0)"]
    wrong += ["case i when r then 1 when b then 2 end", "case when b then i when b then s end"]
    wrong += ["i is true", "r is not false", "s like i", "b like 'x'", "r - s", "coalesce(b, 1)"]
    check_types(dict.fromkeys(wrong, MISMATCH))


def test_types_come_from_what_is_known(check_types):
    """NULL fits everywhere and decides nothing, one real makes all of it real."""
    check_types(
        {"null + null": "null", "- null": "null", "null || null": "text", "null = 1": "boolean"}
    )
    check_types(
        {"abs(null)": "null", "lower(null)": "text", "coalesce(null, null)": "null", "+ s": "text"}
    )
    check_types({"not null": "boolean", "null is null": "boolean", "null like null": "boolean"})
    check_types(
        {"case when null then null end": "null", "case null when null then 'a' end": "text"}
    )
    check_types({"s ~ 'a'": "boolean", "s !~ s": "boolean", "substring(s, 1)": "text"})
    check_types({"case when b then case when b then 1 else 2 end else r end": "real"})
    check_types(
        {
            "nullif(i, 1.5)": "real",
            "least(1, null, 2)": "integer",
            "i * 2 / r": "real",
            "-r": "real",
        }
    )
    check_types(
        {"null and null": "boolean", "abs('1')": "real", "abs($1)": "real", "i in (1.5)": "boolean"}
    )


def test_mixed_numbers_have_the_value_of_reals(check):
    """Where integers meet a real they are reals from there on, also behind CASE and coalesce."""
    check(
        {
            "case when b then 1 else 2.5 end / 2": 0.5,
            "case when n = 1 then 2.5 else i end / 2": 3.5,
            "case when b then 9007199254740993 else r end = 9007199254740992.0": True,
            "case when n = 1 then r else 9007199254740993 end = 9007199254740992.0": True,
            "coalesce(n, i, 1.5) / 2": 3.5,
            "i / 2 * 1.0": 3.0,
        }
    )
    check({"nullif(7, 1.5) / 2": 3.5, "greatest(7, 1.5) / 2": 3.5, "i / 2.0": 3.5, "2.0 / 4": 0.5})
    check(
        {
            "9007199254740993 = 9007199254740992.0": True,
            "9007199254740993 in (9007199254740992.0)": True,
        }
    )
    check(
        {"1 = 1.0": True, "i in (1.5, 7.0)": True, "i between 6.5 and 7.5": True, "2 < 2.5": True}
    )
    check({"case i when 7.0 then 'same' end": "same", "cast(i as real) / 2": 3.5, "r > 2": True})


def test_booleans_can_be_compared_and_tested(check):
    """False is less than true; IS TRUE and IS FALSE are never NULL."""
    check(
        {
            "false < true": True,
            "b = true": True,
            "b <> false": True,
            "b >= null": None,
            "b in (false)": False,
        }
    )
    check(
        {"null is true": False, "null is not true": True, "null is false": False, "b is true": True}
    )
    check({"b is not false": True, "(1 = 2) is false": True, "(n = 2) is not false": True})
    check({"b between false and true": True, "(i is null) = (n is null)": False})


def test_between_and_in_when_something_is_unknown(check):
    """One side that is false decides BETWEEN, one equal item decides IN, with NOT or without."""
    check({"8 not between n and 7": True, "8 not between 9 and n": True, "8 between n and 9": None})
    check({"8 not between n and 9": None, "n not between 1 and 2": None, "8 between n and n": None})
    check(
        {
            "i in (n, j, i)": True,
            "i not in (n, j, i)": False,
            "i in (n, j)": None,
            "i not in (n, j)": None,
        }
    )
    check({"n in (n)": None, "n not in (1, n)": None, "i not in (j, 1)": True, "n in (i, j)": None})
    check({"s in ('abc', null)": True, "s not in ('x', null)": None, "s not in ('x', 'y')": True})


def test_regular_expressions(check):
    """~ finds a regular expression anywhere in a text; one that is none is refused."""
    check(
        {
            "s ~ 'B'": False,
            "s ~ '^a.c$'": True,
            "s !~ '^b'": True,
            "s ~ null": None,
            "null !~ s": None,
        }
    )
    check({"s ~ ''": True, "s ~ '(a'": UNREADABLE, "s !~ '['": UNREADABLE, "s ~ (s || '$')": True})


def test_literals_in_quotes_are_read_as_what_they_meet(check, check_types):
    """Wherever one type is wanted a literal in quotes becomes it, at the time of binding."""
    check(
        {"- '5'": -5.0, "i + '1'": 8, "'10' - i": 3, "i between '1' and '9'": True, "r * '2'": 5.0}
    )
    check(
        {
            "not 'no'": True,
            "b and 'on'": True,
            "'f' or b": True,
            "'t' is true": True,
            "i || '1'": "71",
        }
    )
    check(
        {
            "case 'x' when 'x' then 1 end": 1,
            "case i when '7' then '1' else 2 end": 1,
            "case when 't' then 3 end": 3,
        }
    )
    check(
        {"'7' in (i, 2)": True, "coalesce(n, '8')": 8, "nullif('7', i)": None, "'a' < 'B'": False}
    )
    late = [
        "false and i = 'x'",
        "case when b then 1 else 'x' end",
        "coalesce(i, 'x')",
        "i in (7, 'x')",
    ]
    check_types(dict.fromkeys([*late, "cast('x' as integer)", "not 'maybe'", "- 'x'"], UNREADABLE))
    check_types(
        {
            "('5' || '') + 1": MISMATCH,
            "case when b then '1' end + 1": MISMATCH,
            "lower('5') = 5": MISMATCH,
        }
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1 = i", ["integer"]),
        ("r >= $1", ["real"]),
        ("s = $1", ["text"]),
        ("$2 in ($1, 2.5)", ["real", "real"]),
        ("$1 between $2 and i", ["integer", "integer"]),
        ("i between 1 and $1", ["integer"]),
        ("$1 like $2", ["text", "text"]),
        ("$1 and not $2", ["boolean", "boolean"]),
        ("$1 is true", ["boolean"]),
        ("cast($1 as text) = s and $2 = i", ["text", "integer"]),
        ("case when $1 then $2 else r end", ["boolean", "real"]),
        ("case $1 when 1 then $2 when $3 then 'x' end", ["integer", "text", "integer"]),
        ("coalesce($1, b)", ["boolean"]),
        ("nullif(i, $1)", ["integer"]),
        ("greatest($1, 1.5, i)", ["real"]),
        ("i || $1", ["text"]),
        ("$1 ~ $2", ["text", "text"]),
        ("- $1", ["real"]),
        ("abs($1)", ["real"]),
        ("substr($1, $2)", ["text", "integer"]),
        ("cast($1 as boolean)", ["boolean"]),
        ("cast($1 as text) || $1", ["text"]),
        ("$1 = $2", ["text", "text"]),
        ("$3 is null", ["text", "text", "text"]),
        ("i in ($1, $1)", ["integer"]),
        ("$1 = $1 + 1", ["integer"]),
        ("$1 is null or $1 > i", ["integer"]),
        ("j % $1 = 0", ["integer"]),
    ],
)
def test_parameters_are_typed_by_what_they_meet(kata, text, expected):
    """Every place that wants a type gives it to a parameter without one; text is the last resort."""
    binder = kata.Binder(COLUMNS)
    binder.bind(*parsed(kata, [text]))
    assert binder.param_types() == expected


def test_a_parameter_keeps_its_type(kata):
    """What a parameter met first decides, in all expressions of a query and of those inside it."""
    outer = kata.Binder(COLUMNS)
    inner = kata.Binder([], outer)
    trees = parsed(kata, ["$1 = i", "$1 || i", "$1 = s", "$2 = b", "$1 + 0.5", "$2 + 1"])
    results = kata.script([inner if at % 2 else outer, "bind", [t]] for at, t in enumerate(trees))
    errors = ["no error", "TypeMismatch", "TypeMismatch", "no error", "no error", "TypeMismatch"]
    assert error_names(results) == errors
    assert outer.param_types() == ["integer", "boolean"]
    assert inner.param_types() == ["integer", "boolean"]


def test_parameters_that_a_planner_keeps(kata):
    """A list of types that is handed in is where the types are kept and begin."""
    binder = kata.Binder(COLUMNS, None, ["integer", None])
    assert binder.param_types() == ["integer", "text"]
    assert [
        tree["type"]
        for tree in kata.many(binder, "bind", [[{"kind": "param", "index": n}] for n in (1, 2, 3)])
    ] == ["integer", "text", "text"]
    assert binder.param_types() == ["integer", "text", "text"]


def test_values_of_parameters(check, kata):
    """A text is read as the type, an integer may be a real; what is left is no value for it."""
    check(
        {"i + $1": 12, "$2 / 2.0": 2.5, "r * $3": 2.5, "s || $4": "abcx", "not $5": False},
        ["5", "5.0", 1, "x", "yes"],
    )
    check(
        {"i + $1": None, "r + $2": 9.5, "$3 || s": "5abc", "$4 || ''": "true", "$4 is null": False},
        [None, 7, 5, True],
    )
    check(
        {"i + $1": UNREADABLE, "i = $2": MISMATCH, "r = $3": MISMATCH, "b = $4": MISMATCH},
        ["x", 1.5, True, 1],
    )
    check({"s || $1": MISMATCH, "r = $2": True, "i = $3": MISMATCH}, [[1], 2.5, {}])
    check({"i = $1": True, "i = $2": refused("SqlSyntaxError")}, [7])
    check({"$1 is null": refused("SqlSyntaxError")})
    check({"$1 is null": False, "$1 + i": 12, "i in ($1, $1 + 2)": True}, [5])
    wrong = [{"kind": "param", "index": index} for index in (0, 65536, 2**40)]
    results = kata.script([kata.Binder([]), "bind", [tree]] for tree in wrong)
    assert error_names(results) == ["SqlSyntaxError"] * 3
    last = {"kind": "param", "index": 65535}
    assert kata.Binder([]).bind(last) == {**last, "type": "text"}


def test_eval_needs_no_more_than_a_row(kata):
    """Without parameters a row is enough, and a missing parameter is missed by name of error."""
    binder = kata.Binder(COLUMNS)
    trees = [binder.bind(tree) for tree in parsed(kata, ["i + 1", "i + $1"])]
    assert kata.Expression(trees[0]).eval(ROW) == 8
    with kata.raises("SqlSyntaxError"):
        kata.Expression(trees[1]).eval(ROW)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1 and b", "AND"),
        ("b or 1", "OR"),
        ("not i", "NOT"),
        ("- s", "-"),
        ("s + 1", "+"),
        ("r % 2.0", "%"),
        ("i >= s", ">="),
        ("i || b", "||"),
        ("i ~ 'a'", "~"),
        ("s is true and i is true", "IS"),
        ("i between 1 and s", "BETWEEN"),
        ("s in (s, i)", "IN"),
        ("i like 'a'", "LIKE"),
        ("case when i then 1 end", "WHEN"),
        ("case i when s then 1 end", "CASE"),
        ("case when b then i else s end", "CASE"),
        ("coalesce(i, s)", "coalesce"),
        ("abs(s)", "abs"),
        ("substr(s, s)", "substr"),
    ],
)
def test_a_mismatch_says_where(kata, text, word):
    """The message of a TypeMismatch has the operator, or the function's name, as a word in it."""
    (error,) = kata.script([[kata.Binder(COLUMNS), "bind", parsed(kata, [text])]])
    assert error.class_name == "TypeMismatch"
    assert word in error.message.split()


def test_conversions_stand_where_they_are_needed(kata):
    """A cast is put in where a type changes and nowhere else; a literal is changed at once."""
    texts = ["s || s", "s || i", "null || s", "r + 1", "r + i", "i + 1"]
    bound = kata.many(kata.Binder(COLUMNS), "bind", [[tree] for tree in parsed(kata, texts)])
    sides = [[tree[side]["kind"] for side in ("left", "right")] for tree in bound]
    assert sides[:2] == [["field", "field"], ["field", "cast"]]
    assert sides[2:4] == [["literal", "field"], ["field", "literal"]]
    assert sides[4:] == [["field", "cast"], ["field", "literal"]]
    assert bound[1]["right"] == {"kind": "cast", "arg": field(), "type": "text"}
    assert bound[3]["right"] == literal(1.0, "real")


def test_names_in_three_queries(kata):
    """The nearest query that has the name is meant; its depth says how far out it is."""
    far = kata.Binder([{"table": "a", "name": n, "type": "text"} for n in "xyz"])
    middle = kata.Binder([{"table": "b", "name": n, "type": "real"} for n in "wy"], far)
    near = kata.Binder([{"table": "c", "name": "w", "type": "integer"}], middle)
    trees = [
        column("w"),
        column("w", "b"),
        column("y"),
        column("z"),
        column("y", "a"),
        column("w", "c"),
    ]
    bound = kata.many(near, "bind", [[tree] for tree in trees])
    places = [(tree["kind"], tree.get("depth"), tree["index"], tree["type"]) for tree in bound]
    assert places[:3] == [
        ("field", None, 0, "integer"),
        ("outer", 1, 0, "real"),
        ("outer", 1, 1, "real"),
    ]
    assert places[3:5] == [("outer", 2, 2, "text"), ("outer", 2, 1, "text")]
    assert places[5] == ("field", None, 0, "integer")
    rows = [[[1], [], [[2.0, 3.0], ["x", "y", "z"]]]]
    values = [kata.many(kata.Expression(tree), "eval", rows)[0] for tree in bound]
    assert values == [1, 2.0, 3.0, "z", "y", 1]


def test_who_depends_on_the_queries_around(kata):
    """A query depends on those around it when it, or one inside it, names a column of theirs."""
    binders = [kata.Binder([{"table": "a", "name": "x", "type": "text"}])]
    binders += [kata.Binder([{"table": "b", "name": "y", "type": "text"}], binders[0])]
    binders += [kata.Binder([{"table": "c", "name": "z", "type": "text"}], binders[1])]
    seen = []
    for name in "zyx":
        binders[2].bind(column(name))
        seen.append([one.correlated() for one in binders])
    assert seen == [[False, False, False], [False, False, True], [False, True, True]]


def test_names_that_cannot_be_meant(kata):
    """Each way of naming no column, or more than one, has an error of its own, in every query."""
    pairs = [("t", "x"), ("t", "y"), ("u", "x"), ("v", "k"), ("v", "k"), (None, "sum")]
    columns = [{"table": t, "name": n, "type": "text"} for t, n in pairs]
    outer = kata.Binder(columns)
    inner = kata.Binder([{"table": "u", "name": "q", "type": "text"}], outer)
    trees = [column("x"), column("k", "v"), column("nope"), column("nope", "t"), column("x", "w")]
    errors = [
        "AmbiguousColumn",
        "AmbiguousColumn",
        "UndefinedColumn",
        "UndefinedColumn",
        "UndefinedTable",
    ]
    assert error_names(kata.script([outer, "bind", [tree]] for tree in trees)) == errors
    assert error_names(kata.script([inner, "bind", [tree]] for tree in trees)) == errors
    with kata.raises("UndefinedColumn"):
        inner.bind(column("x", "u"))
    assert outer.bind(column("sum"))["index"] == 5
    assert inner.correlated() is False


def test_whether_a_query_itself_has_a_column(kata):
    """has_column asks one query only, and says when the answer would not be one column."""
    outer = kata.Binder(COLUMNS)
    inner = kata.Binder([{"table": t, "name": "x", "type": "text"} for t in "pq"], outer)
    trees = [column("x", "p"), column("x", "q"), column("i"), column("i", "t"), column("y")]
    results = kata.many(inner, "has_column", [[tree] for tree in trees])
    assert results == [True, True, False, False, False]
    assert outer.has_column(column("i", "t")) is True
    results = kata.script([inner, "has_column", [tree]] for tree in (column("x"), column("y", "p")))
    assert error_names(results) == ["AmbiguousColumn", "UndefinedColumn"]


class Runs:
    """Answers each run of a plan with the next of these lists of rows."""

    def __init__(self, kata, answers):
        self.cursors = [kata.Cursor(rows) for rows in answers]
        self.asked = []

    def run(self, plan, rows):
        self.asked.append(rows)
        return self.cursors[len(self.asked) - 1]


@pytest.mark.parametrize(
    ("value", "rows", "expected"),
    [
        (5, [], [False, True]),
        (None, [], [False, True]),
        (5, [[4], [5]], [True, False]),
        (5, [[None], [5], [6]], [True, False]),
        (5, [[4], [None]], [None, None]),
        (5, [[4], [6]], [False, True]),
        (None, [[4]], [None, None]),
        (None, [[None]], [None, None]),
    ],
)
def test_in_a_subquery(kata, value, rows, expected):
    """IN of a subquery is IN of a list of its rows; of no rows it is false, even for NULL."""
    runs = Runs(kata, [rows, rows])
    tree = {"kind": "in_select", "arg": field(), "plan": plan(), "type": "boolean"}
    made = [kata.Expression({**tree, "negated": negated}, runs.run) for negated in (False, True)]
    assert [one.eval([value]) for one in made] == expected
    assert [cursor.next() for cursor in runs.cursors] == [None, None]


def test_a_subquery_for_one_value(kata):
    """No row is NULL, one row is its value, two rows are an error; the cursor is closed."""
    runs = Runs(kata, [[], [["x"]], [[None]], [["x"], ["x"], ["y"]]])
    expression = kata.Expression({"kind": "scalar", "plan": plan("text"), "type": "text"}, runs.run)
    assert [expression.eval([n], [], [[0]]) for n in range(3)] == [None, "x", None]
    with kata.raises("CardinalityViolation"):
        expression.eval([3], [], [[0]])
    assert runs.asked == [[[n], [0]] for n in range(4)]
    assert [cursor.next() for cursor in runs.cursors] == [None] * 4


def test_whether_a_subquery_has_rows(kata):
    """EXISTS is true or false, whatever is in the rows, and closes the cursor."""
    runs = Runs(kata, [[], [[None]], [[1], [2]]])
    expression = kata.Expression({"kind": "exists", "plan": plan(), "type": "boolean"}, runs.run)
    assert [expression.eval([]) for _ in range(3)] == [False, True, True]
    assert [cursor.next() for cursor in runs.cursors] == [None] * 3


def test_subqueries_are_bound_by_a_subclass(kata):
    """A plan that a subclass answers with has its type used, its columns counted, and is kept."""
    binder = kata.ProbeBinder(COLUMNS)
    trees = [{"kind": kind, "select": plan("real")} for kind in ("exists", "scalar")]
    within = {"kind": "in_select", "negated": True, "select": plan("real")}
    trees += [
        {**within, "arg": literal("2.5", "text")},
        {**within, "arg": {"kind": "param", "index": 1}},
    ]
    bound = kata.many(binder, "bind", [[tree] for tree in trees])
    assert [tree["kind"] for tree in bound] == ["exists", "scalar", "in_select", "in_select"]
    assert [tree["type"] for tree in bound] == ["boolean", "real", "boolean", "boolean"]
    assert [tree["plan"] for tree in bound] == [{"op": "probe", **plan("real")}] * 4
    assert [bound[2]["arg"], bound[2]["negated"]] == [literal(2.5, "real"), True]
    assert binder.param_types() == ["real"]
    trees = [{"kind": "scalar", "select": plan("text", n)} for n in (0, 2)]
    trees += [{**within, "arg": column("i"), "select": plan("real", 2)}]
    trees += [{**within, "arg": column("i"), "select": plan("text")}]
    results = kata.script([binder, "bind", [tree]] for tree in trees)
    assert error_names(results) == ["CardinalityViolation"] * 3 + ["TypeMismatch"]
    assert "IN" in results[3].message.split()
    assert binder.bind({"kind": "exists", "select": plan("text", 0)})["type"] == "boolean"


def test_aggregates_are_left_to_a_subclass(kata):
    """An aggregate with one argument, or count(*), is handed on unbound; others do not exist."""
    good = [
        "count(*)",
        "count(nothing)",
        "sum(distinct i)",
        "min(s) || 'x'",
        "abs(max(i))",
        "avg(n) + 1",
    ]
    bad = ["sum(*)", "count()", "min(i, j)", "avg()", "max(*)"]
    binder = kata.ProbeBinder(COLUMNS)
    bound = kata.many(binder, "bind", [[tree] for tree in parsed(kata, good)])
    assert [bound[0]["index"], bound[1]["index"], bound[2]["index"]] == [105, 105, 103]
    assert bound[4]["args"] == [field(103)]
    results = kata.script([binder, "bind", [tree]] for tree in parsed(kata, bad))
    assert error_names(results) == ["UndefinedFunction"] * 5
    results = kata.script([kata.Binder(COLUMNS), "bind", [tree]] for tree in parsed(kata, good))
    assert error_names(results) == ["GroupingError"] * 6


def test_types_of_aggregates(kata):
    """Counting takes anything, sums and averages numbers, the ends have the argument's type."""
    binder = kata.Binder([])
    calls = dict(
        zip(
            ["count", "sum", "avg", "min", "max"],
            parsed(kata, ["count(1)", "sum(1)", "avg(1)", "min(1)", "max(1)"]),
            strict=True,
        )
    )
    kinds = ["integer", "real", "text", "null"]
    got = {
        name: kata.script([binder, "aggregate_type", [call, field(0, kind)]] for kind in kinds)
        for name, call in calls.items()
    }
    assert [got["count"], got["min"], got["max"]] == [["integer"] * 4, kinds, kinds]
    assert error_names([got["sum"][2], got["avg"][2]]) == ["TypeMismatch"] * 2
    assert [got["sum"][at] for at in (0, 1, 3)] == ["integer", "real", "null"]
    assert [got["avg"][at] for at in (0, 1, 3)] == ["real"] * 3
    assert binder.aggregate_type(calls["count"], None) == "integer"


def test_a_type_can_be_given_to_what_has_none(kata):
    """coerce types what has none, expect insists on a type, common finds one for all."""
    binder = kata.Binder(COLUMNS)
    quoted, param = binder.bind(literal("7", "text")), binder.bind({"kind": "param", "index": 1})
    assert binder.coerce(quoted, "integer") == literal(7)
    assert binder.coerce(field(1, "real"), "integer") == field(1, "real")
    assert binder.expect(quoted, "real", "here") == literal(7.0, "real")
    assert binder.expect(literal(None, "null"), "real", "here") == literal(None, "null")
    assert binder.expect(field(1), "real", "here")["type"] == "real"
    parts, kind = binder.common([quoted, field(1), param], "here")
    assert [kind, *[part["type"] for part in parts]] == ["integer"] * 4
    assert [binder.param_types(), binder.coerce(param, "text")["type"]] == [["integer"], "integer"]
    results = kata.script(
        [
            [binder, "expect", [field(), "text", "WHERE"]],
            [binder, "common", [[field(), field(1, "text")], "VALUES"]],
        ]
    )
    assert error_names(results) == ["TypeMismatch"] * 2
    assert ["WHERE" in results[0].message, "VALUES" in results[1].message] == [True, True]


def test_registered_functions_check_their_arguments(kata):
    """What a function takes decides what it is called with, and it may be registered anew."""
    seen = []
    kata.register(
        "probe",
        ["any", "number", "real", "boolean"],
        2,
        "text",
        lambda *v: seen.append(list(v)) or "old",
    )
    texts = [
        "probe(s, i)",
        "probe('1', '2', '3', 'no')",
        "probe(b, r, i)",
        "probe(n, 1)",
        "probe(1, b)",
    ]
    texts += ["probe(1)", "probe(1, 2, 3, true, 5)", "probe(1, 2, s)", "probe(1, 2, 3, 4)"]
    found = [values[0] for values in outcomes(kata, COLUMNS, parsed(kata, texts), [ROW])]
    assert found == ["old", "old", "old", None, MISMATCH, UNKNOWN, UNKNOWN, MISMATCH, MISMATCH]
    assert seen == [["abc", 7], ["1", 2.0, 3.0, False], [True, 2.5, 7.0]]
    assert [type(value) for value in seen[1]] == [str, float, float, bool]
    kata.register("probe", [], 0, "integer", lambda: 42)
    trees = parsed(kata, ["probe() / 4", "probe(1, 2)", "probe(*)", "probe(distinct 1)"])
    assert outcomes(kata, COLUMNS, trees, [ROW]) == [[10], [UNKNOWN], [UNKNOWN], [UNKNOWN]]
    kata.register("probe", ["any", "any"], 1, "same", lambda a, b=None: a)
    assert types(kata, COLUMNS, parsed(kata, ["probe(s, i)", "probe(i, s)"])) == ["text", "integer"]


def test_binding_leaves_the_parsers_tree_alone(kata):
    """A bound tree is a new one: the same tree can be bound again, over other columns."""
    (tree,) = parsed(
        kata, ["x in (1, 2) and case when x > 1 then y is null end or x between 1 and 2"]
    )
    binders = [
        kata.Binder([{"table": "t", "name": n, "type": "integer"} for n in names])
        for names in ("xy", "yx")
    ]
    expressions = [kata.Expression(binder.bind(tree)) for binder in binders]
    assert [one.eval([2, None]) for one in expressions] == [True, None]


def test_nested_expressions(kata):
    """Fifteen levels of everything are bound and evaluated, and every level counts."""
    tree = column("i")
    for level in range(15):
        tree = {"kind": "binary", "op": "+", "left": tree, "right": literal(level)}
        tree = {
            "kind": "case",
            "operand": None,
            "whens": [[column("b"), tree]],
            "otherwise": literal(0),
        }
    assert outcomes(kata, COLUMNS, [tree], [ROW, [1, 0, 0.0, "", False, None]]) == [[7 + 105, 0]]


@pytest.mark.parametrize("wanted", TYPES)
def test_random_expressions_agree_with_sqlite(kata, seed, wanted):
    """Any expression whose types fit has, for any row, the value that SQLite gives it."""
    rows = random_rows(seed, MANY, 3)
    judge, maker = Judge(), RandomExpressions(seed, MANY)
    judge.create("t", MANY, rows)
    made = [maker.make(wanted, 5) for _ in range(750)]
    found = outcomes(kata, MANY, [one.ast for one in made], rows)
    expected = [judge.rows(f"SELECT {one.lite} FROM t ORDER BY rowid", [wanted]) for one in made]
    wrong = [
        (one.sql, told(got), told(want))
        for one, got, rows in zip(made, found, expected, strict=True)
        for want in [[row[0] for row in rows]]
        if told(got) != told(want)
    ]
    assert min(wrong, key=lambda case: len(case[0]), default=None) is None
