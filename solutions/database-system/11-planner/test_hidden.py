"""Random queries against SQLite, the rules of scope and order, and statements that change rows."""

import pytest
from database_random_queries import RandomQueries, random_tables
from database_random_sql import Judge
from database_slt import agrees, operators, records, unmet

TABLES = """
create table t (id integer primary key, a integer, b integer, s text);
create table u (id integer primary key, a integer, c integer);
insert into t values (1, 1, 10, 'x'), (2, 2, 20, 'y'), (3, 2, null, 'x'), (4, null, 40, null);
insert into u values (1, 1, 100), (2, 2, 200), (3, 3, 300);
"""


@pytest.fixture
def engine(kata):
    """An engine over two small tables."""
    made = kata.Engine(kata.MemoryStore())
    made.execute(TABLES)
    return made


def rows(engine, sql, *params):
    """The rows of the last statement."""
    return engine.execute(sql, list(params))[-1]["rows"]


def outcome(kata, engine, sql):
    """The rows of the last statement, or the error's name."""
    (result,) = kata.script([[engine, "execute", [sql]]])
    return result.class_name if hasattr(result, "class_name") else result[-1]["rows"]


# -- differential -------------------------------------------------------------------------------------


def stored(engine, table):
    """Make a table of the random ones in the engine, by SQL."""
    columns = ", ".join(f"{c['name']} {c['type']}" for c in table["columns"])
    engine.execute(f"create table {table['name']} ({columns})")
    for row in table["rows"]:
        engine.execute(f"insert into {table['name']} values ($1, $2, $3, $4, $5)", row)


def compared(kata, seed, count):
    """So many random queries: those that gave something else than SQLite, the shortest first."""
    engine, judge, tables = kata.Engine(kata.MemoryStore()), Judge(), random_tables(seed)
    for table in tables:
        stored(engine, table)
        judge.create(table["name"], table["columns"], table["rows"])
    queries = RandomQueries(seed, tables)
    made = [queries.query() for _ in range(count)]
    wrong = []
    for query, result in zip(
        made, kata.script([engine, "execute", [q.sql]] for q in made), strict=True
    ):
        want = judge.rows(query.lite, query.types)
        got = (
            f"{result.class_name}: {result.message}"
            if hasattr(result, "class_name")
            else result[0]["rows"]
        )
        if got != want:
            wrong.append([query.sql, got, want])
    return sorted(wrong, key=lambda found: len(found[0]))


@pytest.mark.parametrize("number", range(4))
def test_random_queries_give_what_sqlite_gives(kata, seed, number):
    """Joins, groups, subqueries and set operations over random tables agree with another database."""
    assert compared(kata, seed, 40)[:1] == []


SCRIPT = """
statement ok
create table n (i integer, j integer, t text)

statement ok
insert into n values (1, 2, 'a b'), (2, null, ''), (3, 6, 'c'), (null, 8, null)

query IIT rowsort
select i, j, t from n where i is not null
----
1 2 a@b
2 NULL (empty)
3 6 c

query I valuesort
select i + j from n
----
3
9
NULL
NULL

query RI nosort
select avg(j), count(*) from n
----
5.333 4

statement error
select i from n group by j

skipif postgresql
query I nosort
select 1 from nowhere
----
1

query I rowsort
select case when i > 1 then abs(-i) else 0 end from n where j between 1 and 7 or j in (8, 9) and not exists (select 1 from n where i > 5)
----
0
0
3

statement ok
create view v as select i * 2 as d from n where i > 1

query I nosort
select d from v union all select i from n where i < 2 order by 1 desc
----
6
4
1

query I nosort
select sum(d) from v where d in (select j from n)
----
6

query I nosort ensure:scan ensure:aggregate without:sort
select count(distinct t) from n
----
3
"""


def test_a_script_of_records_gives_its_answers(kata):
    """Queries with their answers, as other databases are tested with, all come out right."""
    engine, wrong = kata.Engine(kata.MemoryStore()), []
    for record in records(SCRIPT.replace("a@b", "a_b").replace("'a b'", "'a_b'")):
        (result,) = kata.script([[engine, "execute", [record.sql]]])
        failed = hasattr(result, "class_name")
        if record.kind != "query":
            wrong += [record.sql] if failed != (record.kind == "error") else []
            continue
        why = result.message if failed else agrees(record, result[-1]["rows"])
        ops = operators(engine.explain(record.sql)) if record.demands else set()
        wrong += [f"line {record.line}: {x}" for x in (why, unmet(record, ops, 0)) if x]
    assert wrong == []


# -- scope, names, order ----------------------------------------------------------------------------------

SCOPES = {
    "an inner name hides the outer one": ("select id from t where exists (select 1 from u where a = id and id = 3) order by id", [[1], [2], [3], [4]]),
    "the outer row by its alias": ("select id from t x where exists (select 1 from u where u.a = x.a) order by 1", [[1], [2], [3]]),
    "three levels": (
        "select id from t x where id = (select max(id) from u where c = (select max(c) from u as w where w.a = x.a and w.id = u.id))",
        [[1], [2]],
    ),
    "the same table twice": ("select x.id, y.id from t x join t y on x.a = y.a and x.id < y.id", [[2, 3]]),
    "an alias in ORDER BY": ("select -id as id from t order by id", [[-4], [-3], [-2], [-1]]),
    "an expression in ORDER BY means columns": ("select -id as id from t order by id + 0", [[-1], [-2], [-3], [-4]]),
    "an alias in GROUP BY": ("select a % 2 as odd, count(*) from t group by odd order by 1", [[0, 2], [1, 1], [None, 1]]),
    "an ordinal in GROUP BY": ("select s, count(*) from t group by 1 order by s nulls first", [[None, 1], ["x", 2], ["y", 1]]),
    "a column before an alias in GROUP BY": ("select max(b) as s from t group by s order by 1", [[10], [20], [40]]),
    "star keeps the order of the joins": ("select * from u join t on u.id = t.id and t.id = 1", [[1, 1, 100, 1, 1, 10, "x"]]),
    "a star of one table": ("select u.*, t.s from t, u where t.id = 1 and u.id = 2", [[2, 2, 200, "x"]]),
    "a star over columns of one name": ("select * from (select id, a as id from t where id < 3) w order by 2", [[1, 1], [2, 2]]),
    "a star over the same table twice": ("select w.* from (select * from u x join u y on x.a + 2 = y.a) w", [[1, 1, 100, 3, 3, 300]]),
    "a group of a star over columns of one name": ("select * from (select a as n, 7 as n from t) w group by 1, 2 order by 1", [[1, 7], [2, 7], [None, 7]]),
    "HAVING without GROUP BY": ("select 1 from t having count(*) > 3", [[1]]),
    "HAVING without GROUP BY, false": ("select 1 from t having count(*) > 4", []),
    "an aggregate of a subquery": ("select max((select c from u where u.id = t.a)) from t", [[200]]),
    "a subquery of a group": ("select a, (select sum(c) from u where u.a = t.a) from t group by a order by 1", [[1, 100], [2, 200], [None, None]]),
    "an aggregate beside a correlated subquery": ("select count(*) from t where (select count(*) from u where u.a = t.a) = 1", [[3]]),
    "order by a hidden aggregate": ("select a from t group by a order by count(*) desc, a", [[2], [1], [None]]),
    "distinct groups": ("select distinct count(*) from t group by a order by 1", [[1], [2]]),
    "union of groups": ("select a from t union all select count(*) from u group by id order by 1 nulls first limit 3", [[None], [1], [1]]),
    "limit of nothing": ("select id from t order by id limit 0", []),
    "limit NULL": ("select id from t order by id limit null offset 3", [[4]]),
    "offset beyond": ("select id from t offset 9", []),
    "intersect before union": ("select 1 union select 2 intersect select 3", [[1]]),
    "types of a union": ("select 1 union all select 2.5 order by 1", [[1.0], [2.5]]),
    "null in a union": ("select null union all select 'x' order by 1", [["x"], [None]]),
    "a derived table hides its inside": ("select w.n from (select id as n from t where a = 2) w where w.n > 2", [[3]]),
    "a subquery that groups, and reads the row around it": ("select t.id, (select count(*) + t.id from u where u.a <= t.a), (select max(c) + t.id from u group by c having c = t.id * 100) from t where id < 3", [[1, 2, 101], [2, 4, 202]]),
    "an alias is not a column of a table": ("select -a as a from t where a > 0 order by t.a, id", [[-1], [-2], [-2]]),
    "a constant that is no number of a column": ("select id from t order by 'x', 2 = 2, id desc", [[4], [3], [2], [1]]),
    "what is shown can be sorted by with distinct": ("select distinct a + 1 from t where a > 0 order by a + 1", [[2], [3]]),
    "one row of values": ("values (1, 'x')", [[1, "x"]]),
    "nested derived tables": ("select max(m) from (select n * 2 as m from (select count(*) as n from t group by a) i) o", [[4]]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCOPES)
def test_every_name_means_what_it_has_to(engine, name):
    """What a name means depends on the clause it stands in and on the query around it."""
    sql, expected = SCOPES[name]
    assert sorted(rows(engine, sql), key=repr) == sorted(expected, key=repr)
    if "order by" in sql:
        assert rows(engine, sql) == expected


WRONG = {
    "select s as z from t where z = 'x'": "UndefinedColumn",
    "select t.id from t x": "UndefinedTable",
    "select w.* from t": "UndefinedTable",
    "select *": "UndefinedTable",
    "select id from (select a from t) w": "UndefinedColumn",
    "select * from t join u on t.id = w.id": "UndefinedTable",
    "select id from t, (select x.id from t y) z": "UndefinedTable",
    "select a, count(*) from t": "GroupingError",
    "select * from t group by a": "GroupingError",
    "select x.a from t x, t y group by y.a": "GroupingError",
    "select a from t group by a order by b": "GroupingError",
    "select sum(count(*)) from t group by a": "GroupingError",
    "select a from t group by count(*)": "GroupingError",
    "select a + 1 from t group by a + 2": "GroupingError",
    "select t.id from t join u on count(*) = 1": "GroupingError",
    "select (select b from u where u.a = t.a) from t group by a": "GroupingError",
    "select distinct a from t order by b": "InvalidColumnReference",
    "select a from t order by 0": "InvalidColumnReference",
    "select a from t union select c from u order by b": "InvalidColumnReference",
    "select a from t order by 1, 2": "InvalidColumnReference",
    "select a from t limit 'x'": "InvalidText",
    "select a from t limit id": "UndefinedColumn",
    "select 1 where 1": "TypeMismatch",
    "select a from t having a": "GroupingError",
    "values (1), (2, 3)": "SqlSyntaxError",
    "values (1), ('x'), (true)": "TypeMismatch",
    "select sum(s) from t": "TypeMismatch",
    "insert into t (nope) values (1)": "UndefinedColumn",
    "insert into nope values (1)": "UndefinedTable",
    "insert into t values (9, 1, 2, 'x', 5)": "SqlSyntaxError",
    "insert into t (id, a) values (9)": "SqlSyntaxError",
    "insert into t values (8), (9, 1)": "SqlSyntaxError",
    "insert into t values (8, 1), (9)": "SqlSyntaxError",
    "insert into u select 9, 1, 2, 3": "SqlSyntaxError",
    "insert into t (id, a) values (9, true)": "TypeMismatch",
    "insert into t (id, a) values (9, 'x')": "InvalidText",
    "insert into t (id, a) select id, s from t": "TypeMismatch",
    "values (default)": "SqlSyntaxError",
    "insert into t select * from (values (9, default)) v": "SqlSyntaxError",
    "insert into t values (9, default) limit 1": "SqlSyntaxError",
    "insert into t values (default, 9)": "NotNullViolation",
    "update t set nope = 1": "UndefinedColumn",
    "update t set a = 1, a = 2": "DuplicateColumn",
    "update t set a = b, a = id": "DuplicateColumn",
    "update t set a = s": "TypeMismatch",
    "update t set a = count(*)": "GroupingError",
    "update t set id = null": "NotNullViolation",
    "delete from t where count(*) > 1": "GroupingError",
    "delete from t returning u.id": "UndefinedTable",
    "create view v as select nope from t": "UndefinedColumn",
    "create table t (a integer)": "DuplicateTable",
    "create table w (a integer default 'x')": "InvalidText",
    "create table w (a integer, b integer default (select 1))": "FeatureNotSupported",
    "select w.id from (select id, a as id from t) w": "AmbiguousColumn",
    "drop table nope": "UndefinedTable",
    "commit": "FeatureNotSupported",
    "explain create table w (a integer)": "FeatureNotSupported",
}


@pytest.mark.parametrize("sql", WRONG)
def test_a_wrong_statement_is_refused_by_name_and_changes_nothing(kata, engine, sql):
    """Names out of scope, ungrouped columns, wrong types and numbers: each has its error."""
    assert outcome(kata, engine, sql) == WRONG[sql]
    assert rows(engine, "select count(*), sum(id), sum(a), sum(b) from t") == [[4, 10, 5, 70]]


def test_the_columns_of_a_result_are_named(engine):
    """By the alias, else by the column, the function or the word; casts keep the name below them."""
    sql = (
        "select a, t.b as bb, cast(s as text), count(*), -a, case when a = 1 then 2 end, 'x', null,"
        " (select 1), exists (select 1), abs(a) from t group by a, b, s limit 0"
    )
    columns = engine.execute(sql)[0]["columns"]
    assert [column["name"] for column in columns] == [
        "a", "bb", "s", "count", "?column?", "case", "?column?", "?column?", "?column?", "exists", "abs",
    ]  # fmt: skip
    assert [column["type"] for column in columns] == [
        "integer", "integer", "text", "integer", "integer", "integer", "text", "text", "integer",
        "boolean", "integer",
    ]  # fmt: skip


# -- changes ------------------------------------------------------------------------------------------------


ODD = 2**53 + 1  # no real has this value


def test_the_columns_of_several_sources_have_one_type(engine):
    """Integers above or beside reals become reals, in VALUES, sets and derived tables; NULL is shown as text."""
    wholes = [
        f"values ({ODD}), (0.5)",
        f"select {ODD} union all select 0.5",
        f"select 0.5 union all (select {ODD} union select 1)",
        f"select {ODD} union select r from (select 0.5 as r) w",
    ]
    for sql in wholes:
        (result,) = engine.execute(sql)
        assert result["columns"][0]["type"] == "real"
        assert float(ODD) in [row[0] for row in result["rows"]] and [ODD] not in result["rows"]
    (result,) = engine.execute("select null union all select null")
    assert [result["rows"], result["columns"][0]["type"]] == [[[None], [None]], "text"]
    (result,) = engine.execute("select null, 1 union all select 'x', null")
    assert [column["type"] for column in result["columns"]] == ["text", "integer"]


def test_insert_takes_what_its_source_gives(engine):
    """VALUES with an order or a limit are a query like any other; a query may have fewer columns, too."""
    engine.execute("create table n (id serial, v integer)")
    engine.execute("insert into n (v) values (3), (1), (2) order by 1")
    engine.execute("insert into n (v) values (7), (8), (9) limit 1")
    engine.execute("insert into n (v) values (7), (8), (9) offset 2")
    assert rows(engine, "select v from n order by id") == [[1], [2], [3], [7], [9]]
    engine.execute("insert into u select 9")
    assert rows(engine, "select * from u where id = 9") == [[9, None, None]]


def test_a_default_may_call_a_function(engine):
    """A default is any expression without columns, not only a constant or a counter."""
    engine.execute(
        "create table w (a text default upper('x') || 'y', b integer default abs(-3), c integer)"
    )
    engine.execute("insert into w (c) values (1)")
    assert rows(engine, "select * from w") == [["Xy", 3, 1]]


def test_default_is_what_the_column_has(engine):
    """DEFAULT among values is a default, a number or NULL, in any row, also of a prepared statement."""
    engine.execute("create table w (id serial primary key, a integer default 2 + 3, b text)")
    sql = "insert into w values (default, 1, 'x'), (7, default, default), (default, default, 'y')"
    engine.execute(sql)
    engine.execute("insert into w (b, a) values (default, 8), ($1, default)", ["z"])
    assert rows(engine, "select a, b from w where id <> 7 order by id") == [
        [1, "x"], [5, "y"], [8, None], [5, "z"],
    ]  # fmt: skip
    assert rows(engine, "select a, b from w where id = 7") == [[5, None]]


def test_a_subquery_around_a_correlated_one_is_run_once(kata):
    """What reads only rows of queries inside of it depends on no row outside."""
    store = kata.CountingStore(kata.MemoryStore())
    engine = kata.Engine(store)
    engine.execute("create table big (n integer primary key); create table small (n integer)")
    engine.execute(f"insert into big values {', '.join(f'({i})' for i in range(100))}")
    engine.execute("insert into small values (1), (2), (3)")
    store.reset()
    inner = "select count(*) from small where exists (select 1 from small s where s.n = small.n)"
    assert len(rows(engine, f"select n from big where n > ({inner})")) == 96
    assert store.counts()["steps"] <= 100 + 3 + 9 + 6


def test_explain_draws_the_inputs_below(engine):
    """The name of each operator stands first in its line, its inputs deeper, both of them at the same depth."""
    sql = "select t.id from t join u on t.a = u.a where t.id > 1 limit 1"
    (result,) = engine.execute(f"explain {sql}")
    lines = [line for (line,) in result["rows"]]
    plan = engine.explain(sql)
    assert result["tag"] == "EXPLAIN"
    assert engine.explain(f"explain {sql}") == plan
    assert engine.explain(f"select 1; {sql}") == plan

    def drawn(node):
        inputs = [drawn(node[key]) for key in ("input", "left", "right") if key in node]
        return [node["op"], inputs]

    def read(depth):
        found = []
        while lines and len(lines[0]) - len(lines[0].lstrip()) == depth:
            name = lines.pop(0).split()[0]
            below = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
            found.append([name, read(below) if below > depth else []])
        return found

    assert read(0) == [drawn(plan)]


def test_an_update_reads_the_old_row_only(engine):
    """All right sides see the row as it was: columns can be swapped, keys can be shifted."""
    assert rows(engine, "update t set a = b, b = a where id < 3; select a, b from t where id < 3 order by id") == [[10, 1], [20, 2]]  # fmt: skip
    assert engine.execute("update t set id = id + 1")[0]["tag"] == "UPDATE 4"
    assert rows(engine, "select id from t order by id") == [[2], [3], [4], [5]]


def test_a_statement_does_not_meet_its_own_changes(engine):
    """INSERT from the table itself ends, and UPDATE changes each row once."""
    assert engine.execute("insert into t select id + 10, a, b, s from t")[0]["tag"] == "INSERT 0 4"
    engine.execute("update t set id = id + 100 where id > 2")
    assert rows(engine, "select id from t order by id") == [[1], [2], [103], [104], [111], [112], [113], [114]]  # fmt: skip


def test_changes_use_subqueries_of_the_old_state(engine):
    """Subqueries in UPDATE and DELETE see the table as it was before the statement."""
    engine.execute("update t set b = (select max(id) from t) + id where a in (select a from u)")
    assert rows(engine, "select b from t order by id") == [[5], [6], [7], [40]]
    assert rows(engine, "delete from t where id > (select avg(id) from t) returning id, s || '!'") == [[3, "x!"], [4, None]]  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "insert into u values (9, 9, 9) returning {}",
        "update u set c = 0 where id = 2 returning {}",
        "delete from u where id = 2 returning {}",
    ],
)
def test_subqueries_of_returning_see_what_was_before(engine, sql):
    """RETURNING has the changed rows, but its subqueries read the tables from before the statement."""
    asked = "(select count(*) from u), (select sum(x.c) from u x where x.id <= u.id)"
    before = rows(engine, "select sum(x.c) from u x where x.id <= " + ("9" if "9" in sql else "2"))
    assert rows(engine, sql.format(asked)) == [[3, before[0][0]]]


def test_a_failed_statement_leaves_no_trace(kata, engine):
    """An error in the middle of many rows takes back those before it, indexes included."""
    engine.execute("create unique index us on t (s, id)")
    assert outcome(kata, engine, "insert into t select 20 + id, 1, 1 / (3 - id), 'n' from t") == "DivisionByZero"  # fmt: skip
    assert outcome(kata, engine, "insert into t values (21, 1, 1, 'n'), (1, 1, 1, 'n')") == "UniqueViolation"  # fmt: skip
    assert outcome(kata, engine, "update t set id = 7") == "UniqueViolation"
    assert rows(engine, "select id, s from t order by id") == [
        [1, "x"],
        [2, "y"],
        [3, "x"],
        [4, None],
    ]
    assert rows(engine, "insert into t values (21, 1, 1, 'n') returning id") == [[21]]


def test_assignments_make_numbers_fit_and_anything_text(engine):
    """Integers are stored in real columns as reals, reals in integer columns cut, all in text as text."""
    engine.execute("create table w (i integer, r real, s text)")
    engine.execute(
        "insert into w values (2.9, 7, 5), (-2.9, '1.5', true); insert into w (s) select 1.5"
    )
    assert rows(engine, "select * from w order by i nulls last") == [[-2, 1.5, "true"], [2, 7.0, "5"], [None, None, "1.5"]]  # fmt: skip


def test_numbers_of_a_serial_column_are_never_given_twice(kata, engine):
    """A failed INSERT leaves a gap; a number that was given by hand does not count."""
    engine.execute("create table w (id serial, s text unique)")
    engine.execute("insert into w (s) values ('a')")
    assert outcome(kata, engine, "insert into w (s) values ('b'), ('a')") == "UniqueViolation"
    assert rows(engine, "insert into w (s) values ('c') returning id") == [[4]]
    assert rows(engine, "insert into w default values returning id, s") == [[5, None]]
    assert rows(engine, "insert into w (s) values ('x'), ('y') returning id") == [[6], [7]]


def test_views_see_through_each_other(kata, engine):
    """A view over a view, joined with a table, follows every change; a name is taken only once."""
    engine.execute("create view v as select a, count(*) as n from t group by a")
    engine.execute("create view w as select n, a as k from v where n > 1")
    assert rows(engine, "select u.c, w.n from w join u on u.a = w.k") == [[200, 2]]
    engine.execute("insert into t values (5, 1, 1, 'q')")
    assert rows(engine, "select k from w order by k") == [[1], [2]]
    assert outcome(kata, engine, "create view v as select 1") == "DuplicateTable"
    engine.execute("drop view w; drop view v")
    assert outcome(kata, engine, "select * from w") == "UndefinedTable"


def test_if_exists_and_if_not_exists(kata, engine):
    """What is there already, or is not there, is no error when the statement says so."""
    results = engine.execute(
        "create table if not exists t (z integer); drop table if exists nope; drop view if exists nope;"
        "drop index if exists nope; create index i on t (a); create index if not exists i on t (b); drop index i"
    )
    assert [result["tag"] for result in results] == [
        "CREATE TABLE", "DROP TABLE", "DROP VIEW", "DROP INDEX", "CREATE INDEX", "CREATE INDEX", "DROP INDEX",
    ]  # fmt: skip
    assert rows(engine, "select a from t where id = 1") == [[1]]
    engine.execute(
        "create table if not exists w (z integer); create index if not exists j on t (a)"
    )
    assert outcome(kata, engine, "create index j on t (a)") == "DuplicateTable"
    (made,) = engine.execute("create view v as select z from w")
    assert made == {"tag": "CREATE VIEW", "columns": [], "rows": []}
    assert outcome(kata, engine, "create view v as select 1") == "DuplicateTable"


# -- what it asks of the store, and parameters ---------------------------------------------------------------


def test_exists_stops_at_the_first_row_and_a_plain_subquery_runs_once(kata):
    """Of a hundred rows EXISTS reads one; a subquery that reads no outer row is not run for each row."""
    store = kata.CountingStore(kata.MemoryStore())
    engine = kata.Engine(store)
    engine.execute("create table big (n integer primary key); create table small (n integer)")
    engine.execute("insert into small values (1), (2), (3)")
    for low in range(0, 100, 50):
        values = ", ".join(f"({n})" for n in range(low, low + 50))
        engine.execute(f"insert into big values {values}")
    steps = []
    for condition in ("exists (select 1 from big)", "n < (select max(n) from big)", "n in (select n from big)"):  # fmt: skip
        store.reset()
        assert len(rows(engine, f"select n from small where {condition}")) == 3
        steps.append(store.counts()["steps"])
    assert steps[0] <= 3 + 2
    assert steps[1] <= 3 + 100 + 1
    assert steps[2] <= 3 + 100 + 1


def test_the_same_text_means_what_its_tables_are_now(engine):
    """Whoever keeps plans has to notice that a table was made anew."""
    add, read = "insert into u (a) values (7)", "select * from u where a >= 7"
    engine.execute(add.replace("(a)", "(id, a)").replace("(7)", "(7, 7)"))
    assert rows(engine, read) == [[7, 7, None]]
    assert rows(engine, "update u set a = a + 1 returning *")[-1] == [7, 8, None]
    engine.execute("drop table u; create table u (a real, s text default 'new')")
    engine.execute(add)
    assert rows(engine, read) == [[7.0, "new"]]
    engine.execute("drop table u; create table u (s text default 'newer', a integer)")
    engine.execute(add)
    assert rows(engine, "update u set a = a + 1 returning *") == [["newer", 8]]
    assert rows(engine, read) == [["newer", 8]]
    engine.execute("drop table u; create view u as select b as a from t")
    assert rows(engine, read) == [[10], [20], [40]]
    engine.execute("drop view u; create view u as select a * 10 as a from t")
    assert rows(engine, read) == [[10], [20], [20]]


def test_without_autocommit_nothing_is_committed(kata):
    """An engine that does not commit leaves that, and the rollback, to its owner."""
    store = kata.CountingStore(kata.MemoryStore())
    engine = kata.Engine(store, None, False)
    engine.execute("create table w (a integer primary key); insert into w values (1)")
    assert outcome(kata, engine, "insert into w values (2), (1)") == "UniqueViolation"
    counts = store.counts()
    assert [counts["commits"], counts["rollbacks"]] == [0, 0]
    store.rollback()
    assert outcome(kata, engine, "select * from w") == "UndefinedTable"


class HalfPlan:
    """An optimizer of the test's: keeps what it is given, and returns it with a limit of one row."""

    def __init__(self):
        self.seen = []

    def optimize(self, plan, catalog):
        self.seen.append(plan)
        one = {"kind": "literal", "type": "integer", "value": 1}
        return {
            "op": "limit",
            "columns": plan["columns"],
            "input": plan,
            "limit": one,
            "offset": None,
        }


def test_queries_and_changes_go_through_the_optimizer(kata):
    """The plan that the optimizer returns is the one that is run: for SELECT, UPDATE and DELETE."""
    store, optimizer = kata.MemoryStore(), HalfPlan()
    kata.Engine(store).execute(TABLES)
    engine = kata.Engine(store, optimizer)
    tags = [result["tag"] for result in engine.execute(
        "select id from t order by id; update t set a = 0; delete from t where a is not null;"
        "insert into u select id + 10, 1, 1 from t"
    )]  # fmt: skip
    assert tags == ["SELECT 1", "UPDATE 1", "DELETE 1", "INSERT 0 1"]
    assert engine.explain("select id from t")["op"] == "limit"
    assert all(plan["columns"] is not None for plan in optimizer.seen)


DESCRIBED = {
    "select a + $1, s || $2 as x from t where b > $3": (["integer", "text", "integer"], [["?column?", "integer"], ["x", "text"]]),
    "insert into t values ($1, $2, 3, $3)": (["integer", "integer", "text"], []),
    "insert into t (s, id) select $2, id + $1 from u returning s": (["integer", "text"], [["s", "text"]]),
    "update t set s = $2 where id = $1 returning b": (["integer", "text"], [["b", "integer"]]),
    "delete from t where s in ($1, $2)": (["text", "text"], []),
    "select $1": (["text"], [["?column?", "text"]]),
    "select id from t limit $1 offset $2": (["integer", "integer"], [["id", "integer"]]),
    "select (select c from u where u.id = $2) from t where exists (select 1 from u where a = $1)": (["integer", "integer"], [["?column?", "integer"]]),
    "select null as n": ([], [["n", "text"]]),
    "create table w (a integer)": ([], []),
    "explain select 1": ([], [["QUERY PLAN", "text"]]),
    "values (1, $1), ($2, 2.5)": (["real", "integer"], [["column1", "integer"], ["column2", "real"]]),
}  # fmt: skip


@pytest.mark.parametrize("sql", DESCRIBED)
def test_a_statement_can_be_described_without_running_it(kata, engine, sql):
    """The types of parameters come from where they stand; columns are known before there is a row."""
    (statement,) = kata.parse(sql)
    described = engine.prepare(statement)
    columns = [[column["name"], column["type"]] for column in described["columns"]]
    assert (described["params"], columns) == DESCRIBED[sql]
    assert rows(engine, "select count(*) from t") == [[4]]


def test_a_declared_type_of_a_parameter_counts(kata, engine):
    """What the client says of a parameter is believed where nothing else tells, and checked elsewhere."""
    (statement,) = kata.parse("select $1, $2")
    assert engine.prepare(statement, ["integer", None])["params"] == ["integer", "text"]
    assert engine.run(statement, [7, "x"], ["integer", None])["rows"] == [[7, "x"]]
    (compare,) = kata.parse("select id from t where s = $1")
    with kata.raises("TypeMismatch"):
        engine.prepare(compare, ["integer"])


def test_parameters_stand_for_values_everywhere(engine):
    """In subqueries, lists, limits and changes a parameter is its value, NULL included."""
    assert rows(engine, "select id from t where a = $1 or s = $2 order by 1", 2, "y") == [[2], [3]]
    assert rows(engine, "select id from t where a in ($1, $2) limit $3", 1, None, 5) == [[1]]
    assert rows(engine, "select id from t where exists (select 1 from u where u.a = t.a and c = $1)", "200") == [[2], [3]]  # fmt: skip
    assert rows(engine, "update t set b = $1 where id = $2 returning b", None, 1) == [[None]]
