"""Random plans against lists, laziness by counting, and what NULLs and duplicates do to each node."""

import pytest
from database_plans import (
    aggregate,
    binary,
    columns,
    distinct,
    field,
    filter_,
    hash_join,
    limit,
    literal,
    nested_loop,
    node,
    outer,
    project,
    random_plan,
    rows,
    set_,
    sort,
    values,
)


@pytest.fixture
def store(kata):
    """A store that counts what is asked of it."""
    return kata.CountingStore(kata.MemoryStore())


@pytest.fixture
def catalog(kata, store):
    """A catalog with a table t(k, n) of a thousand rows, and an index on n."""
    catalog = kata.Catalog(store)
    listed = [{"name": n, "type": "integer", "not_null": False, "default": None} for n in "kn"]
    catalog.create_table({"name": "t", "columns": listed, "primary_key": ["k"], "unique": []})
    catalog.create_index("by_n", "t", ["n", "k"], False)
    kata.many(catalog.table("t"), "insert", [[[k, k % 10]] for k in range(1000)])
    return catalog


SCAN = node("scan", columns("integer", "integer"), table="t")
ROWS = [[k, k % 10] for k in range(1000)]
TRUE, FALSE = literal(True, "boolean"), literal(False, "boolean")


@pytest.fixture
def run(kata, catalog):
    """A function that runs a plan and gives all its rows."""
    return lambda plan, params=(), rows=(): (
        kata.Runner(catalog, list(params)).run(plan, list(rows)).take(9999)
    )


@pytest.fixture
def steps(store, catalog):
    """A function that says how many rows and entries were read since it was asked last."""

    def since():
        found = store.counts()["steps"] + store.counts()["gets"]
        store.reset()
        return found

    store.reset()
    return since


def index_scan(*ranges, index="by_n", **more):
    """An index scan of ranges, each a low and a high bound: lists of values, expressions or None."""
    bound = [
        [side and [v if isinstance(v, dict) else literal(v) for v in side] for side in both]
        for both in ranges
    ]
    return node("index_scan", SCAN["columns"], table="t", index=index, ranges=bound, **more)


# --- against lists ------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(4))
def test_random_plans_give_what_lists_give(run, seed, part):
    """Plans of up to five levels give the same rows as lists do, in the same order where one is asked for."""
    for _ in range(60):
        plan = random_plan(seed, 1 + part)
        expected = rows(plan)
        found = run(plan)
        if plan["op"] != "sort":
            found, expected = sorted(found, key=str), sorted(expected, key=str)
        ordered = plan["op"] in ("limit",)
        assert (len(found) if ordered else found) == (len(expected) if ordered else expected)


@pytest.mark.parametrize("kind", ["inner", "left"])
def test_a_hash_join_is_a_nested_loop_with_less_work(run, seed, kind):
    """Both joins give the same rows for the same condition, whatever is NULL or twice."""
    for _ in range(25):
        sides = [
            values([[seed.choice([None, 1, 2, 3]) for _ in range(2)] for _ in range(6)])
            for _ in range(2)
        ]
        more = binary(seed.choice(["<", "<>"]), field(1), field(3))
        by_hash = run(hash_join(kind, *sides, [field(0)], [field(0)], more))
        both = binary("and", binary("=", field(0), field(2)), more)
        assert sorted(by_hash, key=str) == sorted(run(nested_loop(kind, *sides, both)), key=str)


# --- sources ------------------------------------------------------------------------------------


def test_ranges_are_read_once_and_in_their_order(run, steps):
    """Equal ranges of an index are read once; what one row is in twice comes twice from different ones."""
    three = [[k, 3] for k in range(3, 1000, 10)]
    assert run(index_scan([[3], [3]], [[3], [3]])) == three
    assert steps() <= 2 * len(three) + 6
    assert run(index_scan([[9, 999], [9, 999]], [[0], [0, 10]])) == [[999, 9], [0, 0], [10, 0]]
    assert run(index_scan([[5], [4]])) == []


def test_ranges_that_are_equal_in_sql_are_read_once(run, catalog):
    """0.0 and -0.0 are equal, and one key: ranges of both give a row once."""
    listed = [{"name": "r", "type": "real", "not_null": False, "default": None}]
    catalog.create_table({"name": "t2", "columns": listed, "primary_key": [], "unique": []})
    catalog.create_index("by_r", "t2", ["r"], False)
    for value in (0.0, -0.0, 1.5):
        catalog.table("t2").insert([value])
    ends = [[literal(value, "real")] for value in (0.0, -0.0, 1.5, 0.0)]
    ranges = [[end, end] for end in ends]
    scan = node("index_scan", columns("real"), table="t2", index="by_r", ranges=ranges)
    assert run(scan) == [[0.0], [0.0], [1.5]]


def test_bounds_are_computed_when_the_scan_begins(run, catalog):
    """Bounds may be parameters and columns of the enclosing query; NULL in any of them finds nothing."""
    param = {"kind": "param", "index": 1, "type": "integer"}
    plan = index_scan([[param, outer(1, 0)], [param, outer(1, 0)]])
    assert run(plan, [3], [[13]]) == [[13, 3]]
    assert run(plan, [None], [[13]]) == []
    assert run(plan, [3], [[None]]) == []
    assert run(index_scan([[3, 900], [param]]), [3]) == [[k, 3] for k in range(903, 1000, 10)]
    assert run(index_scan([[3, 900], [param]]), [None]) == []
    assert run(index_scan([[param], None]), [None]) == []
    some = index_scan([[param], [param]], [None, [0, 0]], [[param], None], [[9, 999], None])
    assert run(some, [None])[:2] == [[0, 0], [999, 9]]
    catalog.table("t").insert([5000, None])
    assert run(index_scan([[param], None]), [None]) == []
    assert run(index_scan([[9, 999], None])) == [[999, 9], [5000, None]]


def test_row_keys_lead_back_to_their_rows(run, catalog):
    """Scans of tables and of indexes put the key of the row in front when they are asked to."""
    table = dict((bytes(key), row) for key, row in catalog.table("t").scan().take(9999))
    found = run(index_scan([[7], [7]], row_key=True))
    assert len(found) == 100
    assert all(table[key] == [k, n] for key, k, n in found)
    assert [key for key, *_ in run(SCAN | {"row_key": True})] == list(table)


def test_values_may_have_no_rows_and_errors(kata, catalog):
    """An empty `values` gives nothing; an error of an expression comes when its row is asked for."""
    runner = kata.Runner(catalog)
    assert runner.run(values([], "integer")).next() is None
    plan = values([[1], [2], [3]])
    plan["rows"][1][0] = binary("/", literal(1), literal(0), "integer")
    cursor = runner.run(plan)
    assert cursor.next() == [1]
    with kata.raises("DivisionByZero"):
        cursor.next()


# --- one input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "offset"), [(-1, None), (1, -1), (None, -2)])
def test_a_negative_limit_is_refused(kata, run, count, offset):
    """A limit or an offset below zero is OutOfRange."""
    with kata.raises("OutOfRange"):
        run(limit(SCAN, count, offset))


def test_limits_are_computed(run):
    """Limit and offset are expressions; one that gives NULL is as if it were not there."""
    plan = limit(SCAN, None, None)
    param = {"kind": "param", "index": 1, "type": "integer"}
    assert run(plan | {"limit": param}, [2]) == ROWS[:2]
    assert run(plan | {"limit": param}, [None]) == ROWS
    assert run(plan | {"offset": param, "limit": literal(2)}, [997]) == ROWS[997:999]
    assert run(plan | {"offset": param, "limit": literal(2)}, [None]) == ROWS[:2]


def test_equal_rows_keep_their_order(run, seed):
    """Rows that are equal in all keys come out as they went in, also where the order is descending."""
    found = [[n, seed.randrange(3), seed.choice([None, 1])] for n in range(60)]
    for desc in (False, True):
        expected = sorted(found, key=lambda row: -row[1] if desc else row[1])
        assert run(sort(values(found), [1, desc, False])) == expected
        nulls = sorted(found, key=lambda row: (row[2] is None) != desc)
        assert run(sort(values(found), [2, False, desc])) == nulls


def test_texts_booleans_and_reals_are_sorted(run):
    """Texts by their characters, false before true, reals by their value."""
    found = [["b", True, 9.5], ["B", False, -2.0], ["ä", None, 0.0], ["", True, 10.0]]
    plan = values(found, "text", "boolean", "real")
    assert [row[0] for row in run(sort(plan, [0, False, False]))] == ["", "B", "b", "ä"]
    assert [row[1] for row in run(sort(plan, [1, False, False]))] == [False, True, True, None]
    assert [row[2] for row in run(sort(plan, [2, True, False]))] == [10.0, 9.5, 0.0, -2.0]


def test_a_plan_may_be_run_twice(kata, catalog):
    """Two cursors of one runner over the same plan do not disturb each other."""
    runner, plan = kata.Runner(catalog), sort(SCAN, [1, True, False])
    one, two = runner.run(plan), runner.run(plan)
    assert one.take(3) == two.take(3) == [[9, 9], [19, 9], [29, 9]]
    assert one.take(2) == two.take(2)


# --- joins --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["inner", "left"])
def test_keys_may_be_computed(run, kind):
    """The keys of a hash join are expressions over one side each, and there may be several."""
    left, right = values([[1, 2], [2, 3], [5, 5]]), values([[3, 2], [5, 2], [5, None]])
    keys = [
        [binary("+", field(0), field(1), "integer"), literal(2)],
        [field(0), field(1)],
    ]
    matched = [[1, 2, 3, 2], [2, 3, 5, 2]]
    alone = [[5, 5, None, None]] if kind == "left" else []
    assert run(hash_join(kind, left, right, *keys)) == matched + alone


def test_integers_and_reals_meet_in_a_join(run):
    """A key of 1 and a key of 1.0 are equal."""
    left, right = values([[1], [2]]), values([[1.0], [2.5]], "real")
    assert run(hash_join("inner", left, right, [field(0)], [field(0, "real")])) == [[1, 1.0]]


def test_left_joins_of_left_joins(run):
    """A padded row goes on as a row: NULLs meet nothing in the next join, and are padded again."""
    one, two, three = values([[1], [2]]), values([[2, 7]]), values([[7, 0]])
    inner = hash_join("left", one, two, [field(0)], [field(0)])
    plan = hash_join("left", inner, three, [field(2)], [field(0)])
    assert run(plan) == [[1, None, None, None, None], [2, 2, 7, 7, 0]]


def test_a_join_with_nothing(run):
    """With an empty right side an inner join is empty and a left join pads; an empty left side is empty."""
    nothing, some = values([], "integer"), values([[1], [2]])
    for join in (
        lambda kind, a, b: hash_join(kind, a, b, [field(0)], [field(0)]),
        lambda kind, a, b: nested_loop(kind, a, b, TRUE),
    ):
        assert run(join("inner", some, nothing)) == []
        assert run(join("left", some, nothing)) == [[1, None], [2, None]]
        assert run(join("left", nothing, some)) == []


# --- groups -------------------------------------------------------------------------------------


def test_aggregates_of_each_type(run):
    """Sums of integers are integers and of reals reals; min and max take texts; avg is real."""
    found = [[1, 0.5, "b"], [2, 0.25, "a"], [None, None, None]]
    fields = [field(0), field(1, "real"), field(2, "text")]
    calls = [("sum", fields[0]), ("sum", fields[1]), ("min", fields[2]), ("max", fields[2])]
    calls += [("avg", fields[0]), ("avg", fields[1]), ("min", fields[1]), ("max", fields[0])]
    plan = aggregate(values(found, "integer", "real", "text"), [], *calls)
    assert run(plan) == [[3, 0.75, "a", "b", 1.5, 0.375, 0.25, 2]]


def test_nothing_is_one_group_if_there_are_no_keys(run):
    """Of no rows there is one row without keys, count 0 and all others NULL, and none with keys."""
    calls = [("count", None), ("count", field(0)), ("sum", field(0)), ("max", field(1))]
    nothing = filter_(SCAN, FALSE)
    assert run(aggregate(nothing, [], *calls)) == [[0, 0, None, None]]
    assert run(aggregate(nothing, [field(0)], *calls)) == []


def test_groups_of_nulls_alone(run):
    """A group without values counts 0, and its other aggregates are NULL."""
    found = [[1, None], [1, None], [2, 5]]
    calls = [("count", None), ("count", field(1)), ("sum", field(1)), ("avg", field(1), True)]
    calls += [("min", field(1)), ("max", field(1))]
    expected = [[1, 2, 0, None, None, None, None], [2, 1, 1, 5, 5.0, 5, 5]]
    assert sorted(run(aggregate(values(found), [field(0)], *calls))) == expected


def test_keys_are_computed_and_there_may_be_many(run):
    """Groups by expressions, and by two keys of which either may be NULL."""
    found = [[1, None], [1, 2], [None, 2], [None, None], [1, 2]]
    plan = aggregate(values(found), [field(0), field(1)], ("count", None))
    expected = [[1, 2, 2], [1, None, 1], [None, 2, 1], [None, None, 1]]
    assert sorted(run(plan), key=str) == expected
    even = binary("=", binary("%", field(0), literal(2), "integer"), literal(0))
    assert sorted(run(aggregate(SCAN, [even], ("sum", field(1))))) == [[False, 2500], [True, 2000]]


@pytest.mark.parametrize("found", [[2**63 - 1, 1], [-(2**63), -1], [2**62] * 2])
def test_a_sum_beyond_64_bits_is_an_error(kata, run, found):
    """A sum of integers that does not fit into 64 bits is OutOfRange; on the way it may be larger."""
    plan = aggregate(values([[n] for n in found]), [], ("sum", field(0)))
    with kata.raises("OutOfRange"):
        run(plan)
    back = values([[n] for n in [*found, -found[0]]])
    assert run(aggregate(back, [], ("sum", field(0)))) == [[sum(found) - found[0]]]


@pytest.mark.parametrize("last", [2**63 - 1, -(2**63)])
def test_a_sum_may_be_the_last_that_fits(run, last):
    """The largest and the smallest integer of 64 bits are sums like any other."""
    plan = aggregate(
        values([[last - 1], [1]] if last > 0 else [[last + 1], [-1]]), [], ("sum", field(0))
    )
    assert run(plan) == [[last]]


def test_a_sum_of_reals_beyond_all_bounds_is_an_error(kata, run):
    """A sum of reals that is no longer finite is OutOfRange."""
    with kata.raises("OutOfRange"):
        run(aggregate(values([[1e308], [1e308]], "real"), [], ("sum", field(0, "real"))))


def test_the_arguments_of_aggregates_are_expressions(run):
    """An argument is computed for each row, and DISTINCT looks at what came out."""
    half = binary("/", field(1), literal(2), "integer")
    plan = aggregate(SCAN, [], ("count", half, True), ("sum", half, True), ("sum", half))
    assert run(plan) == [[5, 10, 2000]]


# --- sets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "expected"), [("intersect", [1, 1]), ("except", [1, 2, 3])])
def test_multiplicities_of_all(run, kind, expected):
    """INTERSECT ALL gives the smaller number of a row, EXCEPT ALL the difference, never below none."""
    left, right = values([[1], [1], [1], [2], [3]]), values([[1], [1], [4], [4]])
    assert sorted(row[0] for row in run(set_(kind, True, left, right))) == expected


def test_rows_are_compared_in_all_columns(run):
    """Two rows are the same if all of their columns are, NULLs included."""
    left, right = values([[1, None], [1, 2], [None, None]]), values([[1, None], [1, 3]])
    assert run(set_("intersect", False, left, right)) == [[1, None]]
    assert run(set_("except", False, left, right)) == [[1, 2], [None, None]]
    assert len(run(set_("union", False, left, right))) == 4


# --- subqueries ---------------------------------------------------------------------------------


def scalar(plan, correlated):
    """A subquery for one value."""
    return {"kind": "scalar", "plan": plan | {"correlated": correlated}, "type": "integer"}


def test_an_uncorrelated_subquery_is_run_once(run, steps):
    """A subquery that does not look outside is run once, however many rows ask for its value."""
    plan = scalar(aggregate(SCAN, [], ("max", field(0))), False)
    steps()
    assert len(run(filter_(SCAN, binary("<", field(0), plan)))) == 999
    assert steps() <= 2020


def test_an_uncorrelated_subquery_is_read_as_far_as_needed(run, steps):
    """EXISTS asks for one row, and for one only."""
    exists = {"kind": "exists", "type": "boolean", "plan": SCAN | {"correlated": False}}
    steps()
    assert len(run(filter_(values([[n] for n in range(50)]), exists))) == 50
    assert steps() <= 5


def test_every_run_has_its_own_subqueries(kata, catalog):
    """What a subquery gave is kept for one run of a statement, not for the next."""
    plan = project(values([[1]]), scalar(aggregate(SCAN, [], ("count", None)), False))
    assert kata.Runner(catalog).run(plan).take(2) == [[1000]]
    catalog.table("t").insert([5000, 1])
    assert kata.Runner(catalog).run(plan).take(2) == [[1001]]


def test_rows_of_queries_around_are_in_order(run):
    """A subquery in a subquery sees the row of the nearer query first, then that of the farther."""
    inner = project(values([[0]]), binary("+", outer(1, 0), outer(2, 0), "integer"))
    middle = project(values([[7]]), scalar(inner, True))
    assert run(project(values([[100], [200]]), scalar(middle, True))) == [[107], [207]]


def test_a_correlated_plan_below_a_join_is_run_for_each_outer_row(run):
    """A join, a grouping and a sort inside of a subquery all see the row around it."""
    mine = filter_(SCAN, binary("=", field(1), outer(1, 0)))
    joined = hash_join("inner", mine, values([[n] for n in range(50)]), [field(0)], [field(0)])
    total = scalar(aggregate(joined, [], ("sum", field(0))), True)
    expected = [[n, sum(range(n, 50, 10))] for n in (3, 4)]
    assert run(project(values([[3], [4]]), field(0), total)) == expected
    few = filter_(mine, binary(">", field(0), literal(900)))
    assert run(
        project(values([[3], [4]]), scalar(aggregate(few, [], ("min", field(0))), True))
    ) == [
        [903],
        [904],
    ]
    largest = scalar(project(limit(sort(mine, [0, True, False]), 1), field(0)), True)
    assert run(project(values([[3], [4]]), largest)) == [[993], [994]]


# --- counted ------------------------------------------------------------------------------------


def test_a_limit_stops_everything_below(run, steps):
    """Ten rows of a thousand cost ten steps, through filters, unions, and on both sides of a nested loop."""
    third = binary("=", binary("%", field(0), literal(3), "integer"), literal(0))
    assert run(limit(project(filter_(SCAN, third), field(0)), 10)) == [[n] for n in range(0, 30, 3)]
    assert steps() <= 40
    union = set_("union", True, SCAN, SCAN)
    assert run(limit(union, 3, 2)) == ROWS[2:5]
    assert steps() <= 10
    some = values([[1], [2]])
    assert len(run(limit(hash_join("inner", SCAN, some, [field(1)], [field(0)]), 2))) == 2
    assert steps() <= 10
    assert len(run(limit(distinct(project(SCAN, field(1))), 10))) == 10
    assert steps() <= 16
    assert len(run(limit(nested_loop("cross", SCAN, SCAN), 5))) == 5
    assert steps() <= 16


def test_a_limit_of_nothing_reads_nothing(run, steps):
    """LIMIT 0 asks nobody."""
    assert run(limit(sort(SCAN, [0, False, False]), 0)) == []
    assert steps() <= 4


def test_each_side_of_a_join_is_read_once(run, steps):
    """Joining a thousand rows with a thousand costs two thousand steps, by hash and in a nested loop."""
    assert len(run(hash_join("inner", SCAN, SCAN, [field(0)], [field(0)]))) == 1000
    assert steps() <= 2020
    narrow = filter_(SCAN, binary("<", field(0), literal(5)))
    assert len(run(nested_loop("inner", narrow, SCAN, binary("=", field(0), field(2))))) == 5
    assert steps() <= 2020


def test_a_closed_cursor_reads_no_more(kata, catalog, steps):
    """After `close` no more rows come, and none are read."""
    cursor = kata.Runner(catalog).run(project(SCAN, field(0)))
    assert cursor.take(3) == [[0], [1], [2]]
    cursor.close()
    steps()
    assert [cursor.next(), steps()] == [None, 0]


def test_no_page_is_in_use_while_a_cursor_waits(kata, workdir):
    """On a store with a small cache many cursors may stand open in the middle of their tables."""
    store = kata.Store(str(workdir / "db"), 512, 8)
    catalog = kata.Catalog(store)
    listed = [{"name": n, "type": "integer", "not_null": False, "default": None} for n in "kn"]
    catalog.create_table({"name": "t", "columns": listed, "primary_key": ["k"], "unique": []})
    kata.many(catalog.table("t"), "insert", [[[k, k % 10]] for k in range(300)])
    runner = kata.Runner(catalog)
    cursors = [runner.run(SCAN) for _ in range(20)]
    for n in range(15):
        assert [cursor.next() for cursor in cursors] == [ROWS[n]] * 20
    joined = hash_join("inner", SCAN, SCAN, [field(0)], [field(0)])
    assert len(runner.run(joined).take(999)) == 300


def test_rows_are_not_shared(run):
    """What one node does with its rows does not reach the rows of another."""
    kept = nested_loop("cross", values([[1], [2]]), values([[5, 6]]))
    assert run(project(kept, field(0), field(2))) == [[1, 6], [2, 6]]
    assert run(set_("union", True, kept, kept)) == [[1, 5, 6], [2, 5, 6]] * 2
