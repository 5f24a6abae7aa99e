"""Each node of a plan, built by hand over small tables."""

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
    """A catalog with the table people(id, name, town), five rows, and an index on the town."""
    catalog = kata.Catalog(store)
    names = [["id", "integer"], ["name", "text"], ["town", "text"]]
    listed = [{"name": n, "type": k, "not_null": False, "default": None} for n, k in names]
    catalog.create_table({"name": "people", "columns": listed, "primary_key": ["id"], "unique": []})
    catalog.create_index("by_town", "people", ["town"], False)
    people = catalog.table("people")
    for row in PEOPLE:
        people.insert(row)
    return catalog


PEOPLE = [[1, "Ann", "Ulm"], [2, "Bo", None], [3, "Cy", "Bonn"], [4, "Di", "Ulm"], [5, "Ed", None]]
SCAN = node("scan", columns("integer", "text", "text"), table="people")


@pytest.fixture
def run(kata, catalog):
    """A function that runs a plan and gives all its rows."""
    return lambda plan, params=(), rows=(): (
        kata.Runner(catalog, list(params)).run(plan, list(rows)).take(999)
    )


def test_one_row_without_columns(run):
    """`one` gives one empty row: SELECT 1 has something to compute its row from."""
    assert run(node("one", [])) == [[]]


def test_values_are_computed(run):
    """`values` gives its rows, computed from expressions and parameters."""
    plan = values([[1, "a"], [None, "b"]], "integer", "text")
    plan["rows"][1][0] = {"kind": "param", "index": 1, "type": "integer"}
    assert run(plan, [7]) == [[1, "a"], [7, "b"]]


def test_a_scan_gives_the_rows_of_a_table(run, catalog):
    """`scan` gives rows in the order of their keys, with the row's key in front if that is asked for."""
    keys = [key for key, _ in catalog.table("people").scan().take(9)]
    assert run(SCAN) == PEOPLE
    assert run(SCAN | {"row_key": True}) == [[k, *r] for k, r in zip(keys, PEOPLE, strict=True)]


def index_scan(*ranges, index="by_town", kind="text"):
    """An index scan of ranges, each a low and a high bound: lists of values or None."""
    bound = [[side and [literal(v, kind) for v in side] for side in both] for both in ranges]
    plan = {"table": "people", "index": index, "ranges": bound}
    return node("index_scan", SCAN["columns"], **plan)


def test_an_index_scan_gives_the_rows_of_ranges(run):
    """`index_scan` gives the rows between bounds, both included, or open to one side."""
    assert run(index_scan([["Ulm"], ["Ulm"]])) == [PEOPLE[0], PEOPLE[3]]
    assert run(index_scan([["A"], ["C"]], [["U"], ["V"]])) == [PEOPLE[2], PEOPLE[0], PEOPLE[3]]
    assert run(index_scan([[2], [4]], index="people_pkey", kind="integer")) == PEOPLE[1:4]
    assert run(index_scan([[4], None], index="people_pkey", kind="integer")) == PEOPLE[3:]


def test_an_index_scan_by_null_gives_nothing(run):
    """A bound that is NULL makes the range empty, though the index has entries for NULL."""
    assert run(index_scan([[None], [None]])) == []
    assert run(index_scan([["Ulm"], ["Ulm"]], [[None], ["Z"]])) == [PEOPLE[0], PEOPLE[3]]


def test_a_filter_keeps_what_is_true(run):
    """`filter` drops rows for which the condition is false, and those for which it is NULL."""
    assert run(filter_(SCAN, binary("=", field(2, "text"), literal("Ulm", "text")))) == [
        PEOPLE[0],
        PEOPLE[3],
    ]


def test_a_projection_computes_new_rows(run):
    """`project` gives a row of values for each row below it."""
    plan = project(SCAN, field(1, "text"), binary("+", field(0), field(0), "integer"))
    assert run(plan) == [[name, 2 * n] for n, name, _ in PEOPLE]


@pytest.mark.parametrize(
    ("count", "offset", "expected"),
    [(2, None, PEOPLE[:2]), (2, 3, PEOPLE[3:]), (0, None, []), (None, 4, PEOPLE[4:]), (9, 9, [])],
)
def test_a_limit_counts(run, count, offset, expected):
    """`limit` skips the offset and gives at most so many rows; NULL is no limit."""
    assert run(limit(SCAN, count, offset)) == expected


def test_sorting_by_several_keys(run):
    """`sort` takes the first key first, up or down, with NULLs on the side that is asked for."""
    by_town = [2, False, True]
    assert [row[0] for row in run(sort(SCAN, by_town, [0, True, False]))] == [5, 2, 3, 4, 1]
    assert [row[0] for row in run(sort(SCAN, [2, True, False]))] == [1, 4, 3, 2, 5]


def test_distinct_rows(run):
    """`distinct` gives each row once; two NULLs are the same here."""
    assert sorted(run(distinct(project(SCAN, field(2, "text")))), key=str) == [
        ["Bonn"],
        ["Ulm"],
        [None],
    ]


LEFT = values([[1, 10], [2, 20], [None, 30]])
RIGHT = values([[1, 5], [1, 6], [None, 7], [4, 8]])
SAME = binary("=", field(0), field(2))


def test_joining_in_a_nested_loop(run):
    """`nested_loop` joins each left row with each right row that meets the condition."""
    matched = [[1, 10, 1, 5], [1, 10, 1, 6]]
    assert run(nested_loop("inner", LEFT, RIGHT, SAME)) == matched
    assert len(run(nested_loop("cross", LEFT, RIGHT))) == 12
    padded = [[2, 20, None, None], [None, 30, None, None]]
    assert run(nested_loop("left", LEFT, RIGHT, SAME)) == matched + padded


def test_joining_by_hash(run):
    """`hash_join` joins rows with equal keys; NULL is equal to nothing, a left join keeps such rows."""
    keys = [field(0)], [field(0)]
    matched = [[1, 10, 1, 5], [1, 10, 1, 6]]
    assert run(hash_join("inner", LEFT, RIGHT, *keys)) == matched
    padded = [[2, 20, None, None], [None, 30, None, None]]
    assert run(hash_join("left", LEFT, RIGHT, *keys)) == matched + padded
    more = binary("<", field(3), literal(6))
    assert run(hash_join("inner", LEFT, RIGHT, *keys, more)) == matched[:1]


def test_a_left_join_keeps_whom_the_condition_refuses(run):
    """A left row whose partners all fail the further condition is there once, with NULLs."""
    none = binary(">", field(3), literal(99))
    keys = [field(0)], [field(0)]
    expected = [[1, 10, None, None], [2, 20, None, None], [None, 30, None, None]]
    assert run(hash_join("left", LEFT, RIGHT, *keys, none)) == expected
    assert run(nested_loop("left", LEFT, RIGHT, binary("and", SAME, none))) == expected


def test_groups(run):
    """`aggregate` gives a row for each group: its keys, then its aggregates; NULLs are one group."""
    town, name = field(2, "text"), field(1, "text")
    plan = aggregate(SCAN, [town], ("count", None), ("min", name), ("sum", field(0)))
    expected = [["Bonn", 1, "Cy", 3], ["Ulm", 2, "Ann", 5], [None, 2, "Bo", 7]]
    assert sorted(run(plan), key=str) == expected


def test_aggregates_leave_nulls_out(run):
    """count(*) counts rows, the others only values; DISTINCT takes each value once."""
    found = [[1], [None], [3], [3]]
    calls = [("count", None), ("count", field(0)), ("count", field(0), True)]
    calls += [("sum", field(0)), ("sum", field(0), True), ("avg", field(0)), ("max", field(0))]
    assert run(aggregate(values(found), [], *calls)) == [[4, 3, 2, 7, 4, 7 / 3, 3]]


def test_aggregates_of_nothing(run):
    """Without rows and without keys there is one row: count 0, all others NULL; with keys, none."""
    nothing = filter_(SCAN, literal(False, "boolean"))
    calls = [("count", None), ("sum", field(0)), ("avg", field(0)), ("min", field(1, "text"))]
    assert run(aggregate(nothing, [], *calls)) == [[0, None, None, None]]
    assert run(aggregate(nothing, [field(2, "text")], *calls)) == []


@pytest.mark.parametrize(
    ("kind", "all_", "expected"),
    [
        ("union", True, [None, None, None, 1, 1, 2, 2, 3]),
        ("union", False, [None, 1, 2, 3]),
        ("intersect", True, [None, 2]),
        ("intersect", False, [None, 2]),
        ("except", True, [None, 1, 1]),
        ("except", False, [1]),
    ],
)
def test_sets_of_rows(run, kind, all_, expected):
    """UNION, INTERSECT and EXCEPT, each with and without ALL; NULLs are equal here."""
    left, right = values([[1], [1], [2], [None], [None]]), values([[2], [3], [None]])
    found = [row[0] for row in run(set_(kind, all_, left, right))]
    assert sorted(found, key=lambda v: (v is not None, v)) == expected


def test_a_subquery_sees_the_row_around_it(run):
    """A correlated subquery is run for each row, which it finds at the front of the outer rows."""
    inner = filter_(RIGHT, binary("=", field(0), outer(1, 0))) | {"correlated": True}
    exists = {"kind": "exists", "plan": inner, "type": "boolean"}
    assert run(filter_(LEFT, exists)) == [[1, 10]]
    assert run(project(values([[1]]), outer(1, 1)), [], [[8, 9]]) == [[9]]


def test_nothing_is_read_that_is_not_wanted(kata, catalog, store):
    """A cursor that nobody asks reads nothing, and a limit of 1 reads one row of the table."""
    store.reset()
    cursor = kata.Runner(catalog).run(limit(project(SCAN, field(1, "text")), 1))
    assert store.counts()["steps"] == 0
    assert cursor.next() == ["Ann"]
    assert cursor.next() is None
    assert store.counts()["steps"] <= 2
