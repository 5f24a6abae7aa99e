"""Python's drivers: psycopg 3, and SQLAlchemy on top of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

psycopg = pytest.importorskip("psycopg", reason="no psycopg: pip install 'psycopg[binary]'")
sqlalchemy = pytest.importorskip("sqlalchemy", reason="no SQLAlchemy: pip install sqlalchemy")

Connect = Callable[..., Any]


@pytest.fixture
def connect(server: Any) -> Iterator[Connect]:
    """A function that connects with psycopg."""
    opened = []

    def another(**more: Any) -> Any:
        where = {"host": "127.0.0.1", "port": server.port, "user": "me", "dbname": "postgres"}
        opened.append(psycopg.connect(**where, **more))
        return opened[-1]

    yield another
    for connection in opened:
        connection.close()


VALUES = [
    (1, "text", 1.5, True),
    (-(2**63), "é, ' and \\", -0.25, False),
    (2**53 + 1, "", 1e300, None),
    (32767, None, None, True),
    (2**31, "x" * 10_000, 0.1, False),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_values_come_back_as_they_went(connect: Connect, binary: bool) -> None:
    """Integers of all sizes, texts, reals, booleans and NULL, through text and binary results."""
    with connect() as connection:
        connection.execute("create table t (i bigint, s text, r double precision, b boolean)")
        with connection.cursor(binary=binary) as cursor:
            cursor.executemany("insert into t values (%s, %s, %s, %s)", VALUES)
            assert cursor.rowcount == len(VALUES)
            found = cursor.execute("select i, s, r, b from t order by i").fetchall()
    assert found == sorted(VALUES)


def test_errors_have_their_class(connect: Connect) -> None:
    """Each kind of mistake raises the exception that programs written for PostgreSQL catch."""
    errors = psycopg.errors
    connection = connect(autocommit=True)
    connection.execute("create table t (a integer primary key, b text not null)")
    connection.execute("insert into t values (1, 'x')")
    wrong: list[tuple[str, type[Exception]]] = [
        ("selekt 1", errors.SyntaxError),
        ("select * from nobody", errors.UndefinedTable),
        ("select nothing from t", errors.UndefinedColumn),
        ("select nothing()", errors.UndefinedFunction),
        ("insert into t values (1, 'y')", errors.UniqueViolation),
        ("insert into t values (2, null)", errors.NotNullViolation),
        ("select 1 / (a - 1) from t", errors.DivisionByZero),
        ("select a, count(*) from t", errors.GroupingError),
        ("select 9223372036854775807 + a from t", errors.NumericValueOutOfRange),
        ("select 'x'::integer", errors.InvalidTextRepresentation),
        ("create table t (a integer)", errors.DuplicateTable),
        ("truncate t", errors.FeatureNotSupported),
    ]
    for sql, error in wrong:
        with pytest.raises(error):
            connection.execute(sql)
    assert connection.execute("select a, b from t").fetchall() == [(1, "x")]


def test_a_transaction_that_failed_must_end(connect: Connect) -> None:
    """After an error the driver sees a failed transaction, and goes on after its rollback."""
    connection = connect()
    connection.execute("create table t (a integer)")
    connection.commit()
    connection.execute("insert into t values (1)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("select 1 / 0")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("select 1")
    connection.rollback()
    assert connection.execute("select count(*) from t").fetchone() == (0,)


def test_an_error_inside_costs_the_inside(connect: Connect) -> None:
    """Nested transactions, which psycopg makes of savepoints: the outer one goes on, and is committed."""
    connection = connect(autocommit=True)
    connection.execute("create table t (a integer primary key)")
    with connection.transaction():
        connection.execute("insert into t values (1)")
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            connection.execute("insert into t values (2)")
            connection.execute("insert into t values (1)")
        with connection.transaction():
            connection.execute("insert into t values (3)")
            with connection.transaction():
                connection.execute("insert into t values (4)")
                raise psycopg.Rollback
    assert connect().execute("select a from t order by a").fetchall() == [(1,), (3,)]


def test_two_clients_who_change_one_row(connect: Connect) -> None:
    """The second to write is refused with SerializationFailure, and succeeds when it tries again."""
    one, two = connect(), connect()
    one.execute("create table t (a integer primary key, n integer)")
    one.execute("insert into t values (1, 0)")
    one.commit()
    for connection in (one, two):
        assert connection.execute("select n from t").fetchone() == (0,)
    one.execute("update t set n = n + 1")
    one.commit()
    assert two.execute("select n from t").fetchone() == (0,)
    with pytest.raises(psycopg.errors.SerializationFailure):
        two.execute("update t set n = n + 1")
    two.rollback()
    two.execute("update t set n = n + 1")
    two.commit()
    assert one.execute("select n from t").fetchone() == (2,)


def test_a_statement_is_prepared_after_some_time(connect: Connect) -> None:
    """psycopg prepares what it has sent five times; the answers stay right, also after DDL."""
    connection = connect(autocommit=True)
    connection.execute("create table t (a integer, b text)")
    for n in range(12):
        connection.execute("insert into t values (%s, %s)", [n, f"row {n}"])
    connection.execute("create index by_a on t (a)")
    for n in range(12):
        found = connection.execute("select b from t where a = %s", [n]).fetchone()
        assert found == (f"row {n}",)


def test_a_pipeline(connect: Connect) -> None:
    """Statements sent without waiting are one transaction; one that fails undoes them all."""
    connection = connect(autocommit=True)
    connection.execute("create table t (a integer primary key)")
    with connection.pipeline():
        for n in range(50):
            connection.execute("insert into t values (%s)", [n])
    assert connection.execute("select count(*) from t").fetchone() == (50,)
    with pytest.raises(psycopg.errors.UniqueViolation), connection.pipeline():
        connection.execute("insert into t values (100)")
        connection.execute("insert into t values (1)")
    assert connection.execute("select count(*) from t").fetchone() == (50,)


def test_what_was_committed_survives_kill_9(serve: Any, server: Any, connect: Connect) -> None:
    """The server is killed; a new one on the same file has every row that was committed, and no other."""
    connection = connect()
    connection.execute("create table t (a integer primary key)")
    for n in range(20):
        connection.execute("insert into t values (%s)", [n])
        connection.commit()
    connection.execute("insert into t values (99)")
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    again = serve()
    where = {"host": "127.0.0.1", "port": again.port, "user": "me", "dbname": "postgres"}
    with psycopg.connect(**where) as connection:
        found = connection.execute("select a from t order by a").fetchall()
    assert found == [(n,) for n in range(20)]


def test_sqlalchemy_maps_objects(server: Any) -> None:
    """The ORM: several new objects at once get their numbers, are changed, found again, and go together."""
    orm = pytest.importorskip("sqlalchemy.orm")
    Base = orm.declarative_base()

    class Town(Base):  # type: ignore[misc, valid-type]
        __tablename__ = "town"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        name = sqlalchemy.Column(sqlalchemy.String(40), unique=True)
        area = sqlalchemy.Column(sqlalchemy.Float)
        people = orm.relationship(
            "Person", primaryjoin="Town.id == foreign(Person.town_id)", cascade="all, delete-orphan"
        )

    class Person(Base):  # type: ignore[misc, valid-type]
        __tablename__ = "person"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        name = sqlalchemy.Column(sqlalchemy.Text)
        town_id = sqlalchemy.Column(sqlalchemy.Integer)

    engine = sqlalchemy.create_engine(f"postgresql+psycopg://me@127.0.0.1:{server.port}/postgres")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        ulm = Town(name="Ulm", area=118.7, people=[Person(name="Ann"), Person(name="Bo")])
        session.add_all([ulm, Town(name="Bonn"), Town(name="Jena", area=1.5)])
        session.commit()
        assert [town.id for town in session.query(Town).order_by(Town.id)] == [1, 2, 3]
        ulm.area, ulm.people[0].name = 119.0, "Eve"
        session.commit()
        found = session.scalars(sqlalchemy.select(Person).order_by(Person.name)).all()
        assert [person.name for person in found] == ["Bo", "Eve"]
        session.add(Town(name="Bonn"))
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            session.commit()
        session.rollback()
        session.delete(ulm)
        session.commit()
        assert [session.query(Person).count(), session.query(Town).count()] == [0, 2]
    engine.dispose()


def test_sqlalchemy_nests_transactions(server: Any) -> None:
    """begin_nested is a savepoint: what it rolls back is gone, the rest is committed."""
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://me@127.0.0.1:{server.port}/postgres")
    text = sqlalchemy.text
    with engine.begin() as connection:
        connection.execute(text("create table t (a integer primary key)"))
        connection.execute(text("insert into t values (1)"))
        inner = connection.begin_nested()
        connection.execute(text("insert into t values (2)"))
        inner.rollback()
        with pytest.raises(sqlalchemy.exc.IntegrityError), connection.begin_nested():
            connection.execute(text("insert into t values (1)"))
        with connection.begin_nested():
            connection.execute(text("insert into t values (3)"))
    with engine.connect() as connection:
        found = connection.execute(text("select a from t order by a")).scalars().all()
    engine.dispose()
    assert found == [1, 3]


def test_sqlalchemy_makes_and_asks_tables(server: Any) -> None:
    """SQLAlchemy Core: tables are made if they are missing, filled, joined, grouped, changed, dropped."""
    url = f"postgresql+psycopg://me@127.0.0.1:{server.port}/postgres"
    engine = sqlalchemy.create_engine(url)
    tables = sqlalchemy.MetaData()
    Column, Integer = sqlalchemy.Column, sqlalchemy.Integer
    town = sqlalchemy.Table(
        "town", tables, Column("id", Integer, primary_key=True),
        Column("name", sqlalchemy.String(40), nullable=False), Column("area", sqlalchemy.Float),
    )  # fmt: skip
    person = sqlalchemy.Table(
        "person", tables, Column("id", Integer, primary_key=True), Column("name", sqlalchemy.Text),
        Column("town_id", Integer), Column("here", sqlalchemy.Boolean),
    )  # fmt: skip
    for _ in range(2):
        tables.create_all(engine)
    with engine.begin() as connection:
        made = connection.execute(town.insert().values(name="Ulm", area=118.7))
        assert made.inserted_primary_key == (1,)
        connection.execute(
            town.insert(), [{"name": "Bonn", "area": 141.1}, {"name": "Jena", "area": None}]
        )
        people = [
            {"name": n, "town_id": t, "here": n > "B"}
            for n, t in (("Ann", 1), ("Bo", 1), ("Cy", 2))
        ]
        connection.execute(person.insert(), people)
    count = sqlalchemy.func.count(person.c.id)
    query = (
        sqlalchemy.select(town.c.name, count)
        .select_from(town.outerjoin(person, person.c.town_id == town.c.id))
        .group_by(town.c.name)
        .order_by(count.desc(), town.c.name)
    )
    with engine.begin() as connection:
        assert connection.execute(query).all() == [("Ulm", 2), ("Bonn", 1), ("Jena", 0)]
        changed = connection.execute(person.update().where(person.c.here).values(town_id=3))
        assert changed.rowcount == 2
        assert connection.execute(person.delete().where(person.c.name.like("A%"))).rowcount == 1
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(person.c.town_id).distinct()).all() == [(3,)]
    assert sqlalchemy.inspect(engine).has_table("town")
    tables.drop_all(engine)
    assert not sqlalchemy.inspect(engine).has_table("town")
    engine.dispose()
