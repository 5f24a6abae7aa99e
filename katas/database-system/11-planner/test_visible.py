"""SQL in, rows out: every clause once, every statement, and the names of what goes wrong."""

import pytest

SHOP = """
create table customer (id integer primary key, name text not null, city text);
create table orders (id integer primary key, customer integer, price real);
insert into customer values (1, 'Ada', 'London'), (2, 'Grace', 'New York'), (3, 'Edsger', null);
insert into orders values (10, 1, 5.0), (11, 1, 7.5), (12, 2, 1.0), (13, null, 2.0);
"""


@pytest.fixture
def engine(kata):
    """An engine over a small shop."""
    made = kata.Engine(kata.MemoryStore())
    made.execute(SHOP)
    return made


def rows(engine, sql, *params):
    """The rows of the last statement."""
    return engine.execute(sql, list(params))[-1]["rows"]


QUERIES = {
    "all columns": ("select * from customer where id < 3", [[1, "Ada", "London"], [2, "Grace", "New York"]]),
    "no table": ("select 1 + 1, 'a' || 'b'", [[2, "ab"]]),
    "distinct": ("select distinct customer from orders order by 1", [[1], [2], [None]]),
    "hidden order": ("select name from customer order by id desc", [["Edsger"], ["Grace"], ["Ada"]]),
    "limit": ("select id from orders order by id limit 2 offset 1", [[11], [12]]),
    "alias": ("select price * 2 as twice from orders order by twice limit 1", [[2.0]]),
    "inner join": (
        "select name, price from customer c join orders o on c.id = o.customer order by o.id",
        [["Ada", 5.0], ["Ada", 7.5], ["Grace", 1.0]],
    ),
    "left join": (
        "select name, o.id from customer c left join orders o on c.id = o.customer and price > 6 order by c.id",
        [["Ada", 11], ["Grace", None], ["Edsger", None]],
    ),
    "comma join": ("select count(*) from customer, orders", [[12]]),
    "values": ("values (1, 'a'), (2, null) order by 1 desc", [[2, None], [1, "a"]]),
    "union": ("select city from customer union select 'Oslo' order by 1", [["London"], ["New York"], ["Oslo"], [None]]),
    "derived table": ("select n + 1 from (select count(*) as n from orders) as counted", [[5]]),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_gives_its_rows(engine, name):
    """Each clause of SELECT does its work: FROM, JOIN, WHERE, DISTINCT, ORDER BY, LIMIT, UNION."""
    sql, expected = QUERIES[name]
    assert rows(engine, sql) == expected


GROUPS = {
    "a key": ("select customer, count(*), sum(price) from orders group by customer order by 1", [[1, 2, 12.5], [2, 1, 1.0], [None, 1, 2.0]]),
    "having": ("select customer from orders group by customer having count(*) > 1", [[1]]),
    "no key": ("select count(*), min(price), avg(price) from orders where id > 99", [[0, None, None]]),
    "an expression": ("select price > 4, count(*) from orders group by price > 4 order by 1", [[False, 2], [True, 2]]),
    "in both": ("select count(customer) * 10 + count(*) from orders order by max(price)", [[34]]),
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPS)
def test_rows_are_grouped(engine, name):
    """GROUP BY makes one row of each group; without keys there is always one; HAVING chooses groups."""
    sql, expected = GROUPS[name]
    assert rows(engine, sql) == expected


SUBQUERIES = {
    "a value": (
        "select name from customer where id = (select min(customer) from orders)",
        [["Ada"]],
    ),
    "in": (
        "select name from customer where id in (select customer from orders) order by id",
        [["Ada"], ["Grace"]],
    ),
    "exists": (
        "select name from customer c where not exists (select 1 from orders where customer = c.id)",
        [["Edsger"]],
    ),
    "correlated value": (
        "select name, (select sum(price) from orders where customer = c.id) from customer c order by id",
        [["Ada", 12.5], ["Grace", 1.0], ["Edsger", None]],
    ),
}


@pytest.mark.parametrize("name", SUBQUERIES)
def test_a_query_in_a_query(engine, name):
    """A subquery stands for a value, a list or a question, and may read the row around it."""
    sql, expected = SUBQUERIES[name]
    assert rows(engine, sql) == expected


def test_a_result_says_what_was_done_and_names_its_columns(engine):
    """Each statement gives its tag, and the names and types of the result's columns."""
    results = engine.execute(
        "select o.id, price as p, 'x' || 'y', -price from orders o limit 1; delete from orders"
    )
    assert [result["tag"] for result in results] == ["SELECT 1", "DELETE 4"]
    columns = [[column["name"], column["type"]] for column in results[0]["columns"]]
    assert columns == [["id", "integer"], ["p", "real"], ["?column?", "text"], ["?column?", "real"]]


def test_rows_are_inserted_changed_and_deleted(engine):
    """INSERT, UPDATE and DELETE change rows, say how many, and can return them."""
    results = engine.execute(
        "insert into customer (name, id) values ('Barbara', 4), ('Tony', 5);"
        "update customer set city = upper(name), id = id + 10 where id >= 4;"
        "delete from customer where city is null returning name as gone"
    )
    assert [result["tag"] for result in results] == ["INSERT 0 2", "UPDATE 2", "DELETE 1"]
    assert results[2]["rows"] == [["Edsger"]]
    assert rows(engine, "select id, city from customer where id > 2 order by id") == [[14, "BARBARA"], [15, "TONY"]]  # fmt: skip


def test_a_statement_that_fails_changes_nothing(kata, engine):
    """When the third row of an INSERT is refused, the first two are not there either."""
    with kata.raises("UniqueViolation"):
        engine.execute("insert into customer values (7, 'x', null), (8, 'y', null), (1, 'z', null)")
    with kata.raises("DivisionByZero"):
        engine.execute("update customer set name = 'w' where 1 / (id - 2) = 1")
    assert rows(engine, "select name from customer order by id") == [["Ada"], ["Grace"], ["Edsger"]]


def test_a_view_is_a_query_with_a_name(engine):
    """A view can be used like a table, shows the present rows, and can be dropped."""
    engine.execute(
        "create view spent as select customer, sum(price) as total from orders group by customer"
    )
    query = "select name, total from customer join spent on id = spent.customer order by 1"
    assert rows(engine, query) == [["Ada", 12.5], ["Grace", 1.0]]
    engine.execute("insert into orders values (20, 2, 9.0)")
    assert rows(engine, query) == [["Ada", 12.5], ["Grace", 10.0]]
    assert engine.execute("drop view spent; drop view if exists spent")[1]["tag"] == "DROP VIEW"


def test_defaults_and_serial_numbers_fill_what_is_not_given(engine):
    """A column that INSERT leaves out gets its default, a SERIAL one the next number, else NULL."""
    engine.execute("create table t (id serial primary key, a integer default 2 + 3, b text)")
    engine.execute("insert into t (b) values ('x'), ('y'); insert into t (id, a) values (9, null)")
    assert rows(engine, "select id, a, b from t order by 1") == [[1, 5, "x"], [2, 5, "y"], [9, None, None]]  # fmt: skip


def test_parameters_are_values_never_text(engine):
    """$1 stands for a value of the type that its place asks for; quotes in it mean nothing."""
    assert rows(engine, "select name from customer where name = $1 or id = $2", "'; drop table", 2) == [["Grace"]]  # fmt: skip
    assert rows(engine, "insert into customer values ($1, $2, null) returning id", "8", "Bob") == [
        [8]
    ]


ERRORS = {
    "select nothing from customer": "UndefinedColumn",
    "select 1 from nowhere": "UndefinedTable",
    "select id from customer, orders": "AmbiguousColumn",
    "select name from customer group by city": "GroupingError",
    "select id from customer where count(*) > 1": "GroupingError",
    "select id from customer order by 2": "InvalidColumnReference",
    "select id from customer where name": "TypeMismatch",
    "select id from customer union select name from customer": "TypeMismatch",
    "select 1 union select 1, 2": "SqlSyntaxError",
    "insert into customer (id, id) values (1, 2)": "DuplicateColumn",
    "insert into customer (id) values (1, 2)": "SqlSyntaxError",
    "insert into customer values (7)": "NotNullViolation",
    "select (select id from customer)": "CardinalityViolation",
    "select id from customer where id in (select id, name from customer)": "CardinalityViolation",
    "begin": "FeatureNotSupported",
}


@pytest.mark.parametrize("sql", ERRORS)
def test_what_is_wrong_has_a_name(kata, engine, sql):
    """Each mistake in a statement raises the error that is named for it."""
    with kata.raises(ERRORS[sql]):
        engine.execute(sql)


def test_the_plan_can_be_looked_at(engine):
    """EXPLAIN shows the operators as lines of text, and explain() gives the plan itself."""
    plan = engine.explain("select name from customer where id = 1")
    assert [plan["op"], plan["input"]["op"], plan["input"]["input"]["op"]] == ["project", "filter", "scan"]  # fmt: skip
    shown = engine.execute("explain select name from customer where id = 1")[0]
    assert [row[0].split()[0] for row in shown["rows"]] == ["project", "filter", "scan"]
    assert shown["columns"] == [{"name": "QUERY PLAN", "type": "text"}]
