"""PostgreSQL's own programs: psql, pg_isready and pgbench."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    script = "\\di\n\\dn\n\\l\n\\conninfo\n\\d t\nselect a, 'x' as b from t \\gdesc\nselect 'still here';\n"
    said = run("psql", "-X", stdin=script)
    assert re.search(r" postgres +\| owner +\| UTF8 ", said)
    assert re.search(r" a +\| bigint\n b +\| text\n", said)
    assert re.search(r"public \| t_pkey \| index", said)
    assert "still here" in said


def test_what_is_not_to_be_had_is_refused(run: Run) -> None:
    """Encryption and other encodings are not there, and no client believes that they are; COPY fails alone."""
    assert "does not support SSL" in run("psql", "-X", "sslmode=require", status=2)
    script = "set client_encoding to 'LATIN1';\ncopy t to stdout;\nshow client_encoding;\n"
    said = run(
        "psql", "-XAt", "-v", "VERBOSITY=sqlstate", "target_session_attrs=primary", stdin=script
    )
    assert said == "UTF8\nERROR:  0A000\nERROR:  0A000\n"


def test_one_process_serves_a_file(server: Any, code: Path) -> None:
    """A second server on the same file says so and leaves, and the first one goes on."""
    command = [sys.executable, str(code / "server.py"), str(server.file), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert [done.returncode, done.stdout] == [1, ""]
    assert "is served by another process" in done.stderr
    assert server.process.poll() is None


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
