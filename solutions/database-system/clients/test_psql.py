"""PostgreSQL's own programs: psql, pg_isready and pgbench."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]

SCRIPT = r"""
create table town (id serial primary key, name text not null unique, people integer);
insert into town (name, people) values ('Ulm', 126000), ('Bonn', 331000), ('Jena', null);
create view large as select name from town where people > 200000;
create index by_people on town (people);
\dt
\dv
select name, people from town order by people desc nulls last;
update town set people = people + 1 where name = 'Ulm' returning id, people;
begin;
delete from town;
select count(*) from town;
rollback;
select count(*) from town;
insert into town (name) values ('Ulm');
select * from large;
\echo :ERROR :SQLSTATE
"""


def test_a_session_in_psql(run: Run) -> None:
    """Tables are made, filled, listed, changed and rolled back, and errors have their state."""
    said = run("psql", "-X", "-v", "VERBOSITY=verbose", stdin=SCRIPT)
    assert "INSERT 0 3" in said
    assert re.search(r"public \| town +\| table", said)
    assert re.search(r"public \| large \| view", said)
    assert re.search(r" Bonn +\| 331000\n Ulm +\| 126000\n Jena +\| *\n", said)
    assert re.search(r" +1 \| 126001\n\(1 row\)\n\nUPDATE 1", said)
    assert said.count("ROLLBACK") == 1
    assert re.search(r"count \n-+\n +0\n", said)
    assert re.search(r"count \n-+\n +3\n", said)
    assert "ERROR:  23505:" in said
    assert re.search(r" name \n-+\n Bonn\n", said)


def test_psql_runs_one_command(run: Run) -> None:
    """`psql -c` with several statements is one transaction; an error gives the exit status 1."""
    assert run("psql", "-XAt", "-c", "select 6 * 7") == "42\n"
    run("psql", "-X", "-c", "create table t (a integer); select 1 / 0", status=1)
    assert "42P01" in run(
        "psql", "-X", "-v", "VERBOSITY=sqlstate", "-c", "select * from t", status=1
    )


def test_psql_lists_what_there_is(run: Run) -> None:
    r"""\l, \di, \d of nothing and \conninfo are answered; none of them breaks the session."""
    run("psql", "-X", "-c", "create table t (a integer primary key)")
    said = run("psql", "-X", stdin="\\di\n\\dn\n\\conninfo\nselect 'still here';\n")
    assert re.search(r"public \| t_pkey \| index", said)
    assert "still here" in said


def test_the_server_is_ready(run: Run) -> None:
    """pg_isready says so."""
    assert "accepting connections" in run("pg_isready")


ACCOUNTS = """
create table accounts (id integer primary key, balance integer not null);
create table history (account integer, delta integer);
insert into accounts values %s;
"""
TRANSFER = r"""
\set a random(1, 40)
\set b random(1, 40)
\set delta random(1, 100)
begin;
update accounts set balance = balance - :delta where id = :a;
update accounts set balance = balance + :delta where id = :b;
insert into history values (:a, :delta);
commit;
"""


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench_keeps_the_sum(run: Run, tmp_path: Path, mode: str) -> None:
    """Four clients transfer money and try again when they are refused: no money is lost, none is made."""
    rows = ", ".join(f"({n}, 1000)" for n in range(1, 41))
    run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", stdin=ACCOUNTS % rows)
    script = tmp_path / "transfer.sql"
    script.write_text(TRANSFER)
    said = run(
        "pgbench", "-n", "-f", str(script), "-M", mode, "-c", "4", "-t", "50", "--max-tries=10000",
    )  # fmt: skip
    assert "number of transactions actually processed: 200/200" in said
    assert "number of failed transactions: 0" in said
    query = "select sum(balance), (select count(*) from history) from accounts"
    assert run("psql", "-XAt", "-c", query) == "40000|200\n"
