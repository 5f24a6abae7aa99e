"""Drivers of other languages, tried where they are found: JDBC, Perl's DBD::Pg and PHP's PDO."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]

JARS = [Path("/usr/share/java/postgresql.jar")]

JDBC = """
import java.math.BigDecimal;
import java.sql.*;

public class Talk {
    public static void main(String[] args) throws SQLException {
        Connection c = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + args[0] + "/postgres?user=me");
        Statement s = c.createStatement();
        s.execute("create table t (id serial primary key, s text, r double precision, b boolean)");
        PreparedStatement put = c.prepareStatement("insert into t (s, r, b) values (?, ?, ?)");
        for (int i = 0; i < 20; i++) {
            put.setString(1, i % 2 == 0 ? "é" + i : null);
            put.setBigDecimal(2, new BigDecimal(i).movePointLeft(2));
            put.setBoolean(3, i > 9);
            if (i < 8) put.executeUpdate(); else put.addBatch();
        }
        System.out.println("batch " + put.executeBatch().length);
        PreparedStatement get = c.prepareStatement("select s, r, b from t where id = ?");
        String all = "";
        for (int i = 1; i <= 20; i++) {  // from the fifth time on it has a name, and comes in binary
            get.setInt(1, i);
            ResultSet row = get.executeQuery();
            row.next();
            all += row.getString(1) + row.getDouble(2) + row.getBoolean(3) + " ";
        }
        System.out.println(all);
        c.setAutoCommit(false);
        s.setFetchSize(7);
        ResultSet rows = s.executeQuery("select id from t");
        int n = 0;
        while (rows.next()) n++;
        s.executeUpdate("delete from t");
        c.rollback();
        try {
            s.execute("insert into t (id) values (1)");
        } catch (SQLException e) {
            System.out.println("rows " + n + " state " + e.getSQLState());
        }
        c.rollback();
        ResultSet tables = c.getMetaData().getTables(null, "public", "%", new String[] {"TABLE"});
        tables.next();
        System.out.println("table " + tables.getString("TABLE_NAME"));
    }
}
"""


def test_jdbc(server: object, tmp_path: Path) -> None:
    """Prepared statements of all types, batches, portions of rows, a rollback, a state, the list of tables."""
    jar = next((jar for jar in JARS if jar.exists()), None)
    if jar is None or shutil.which("java") is None:
        pytest.skip("no JDBC: apt-get install libpostgresql-jdbc-java default-jdk-headless")
    source = tmp_path / "Talk.java"
    source.write_text(JDBC, encoding="utf-8")
    port = str(server.port)  # type: ignore[attr-defined]
    command = ["java", "-Dfile.encoding=UTF-8", "-cp", str(jar), str(source), port]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    batch, values, state, table = done.stdout.splitlines()
    assert batch == "batch 12"
    wanted = [("null" if i % 2 else f"é{i}", i / 100, i > 9) for i in range(20)]
    assert values.split() == [f"{s}{r}{str(b).lower()}" for s, r, b in wanted]
    assert [state, table] == ["rows 20 state 23505", "table t"]


PERL = r"""
use strict; use utf8; use DBI;
binmode STDOUT, ':utf8';
my $d = DBI->connect("dbi:Pg:host=$ENV{PGHOST};port=$ENV{PGPORT};dbname=postgres", 'me', '',
    {RaiseError => 1, PrintError => 0, AutoCommit => 1});
$d->do('create table t (id bigint primary key, s text, r double precision, b boolean)');
my $put = $d->prepare('insert into t values (?, ?, ?, ?)');
$put->execute($_, "é$_", $_ / 2, $_ % 2) for 1 .. 8;
$put->execute(9, undef, undef, undef);
my $get = $d->prepare('select s, r, b from t where id = ?');
for my $id (3, 9) {
    $get->execute($id);
    print join('|', map { $_ // 'NULL' } $get->fetchrow_array), "\n";
}
$d->begin_work;
$d->do('delete from t');
$d->rollback;
print $d->selectrow_array('select count(*) from t'), "\n";
eval { $d->do('insert into t values (1)') };
print $d->state, "\n";
"""


def test_perl(run: Run) -> None:
    """DBD::Pg: parameters, NULL, a statement that is run often, a rollback, a state."""
    if (
        shutil.which("perl") is None
        or subprocess.run(["perl", "-MDBD::Pg", "-e1"], capture_output=True).returncode
    ):
        pytest.skip("no DBD::Pg: apt-get install libdbd-pg-perl")
    assert run("perl", stdin=PERL).split() == ["é3|1.5|1", "NULL|NULL|NULL", "9", "23505"]


PHP = r"""<?php
$d = new PDO('pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=postgres', 'me', '');
$d->exec('create table t (id serial primary key, s varchar(20), r double precision, b boolean)');
$put = $d->prepare('insert into t (s, r, b) values (?, ?, ?) returning id');
foreach ([['é', 1.5, 't'], [null, null, null]] as $row) {
    $put->execute($row);
    echo $put->fetchColumn(), "\n";
}
echo json_encode($d->query('select * from t order by id')->fetchAll(PDO::FETCH_NUM)), "\n";
$d->beginTransaction();
$d->exec('delete from t');
$d->rollBack();
echo $d->query('select count(*) from t')->fetchColumn(), "\n";
try { $d->exec('insert into t (id) values (1)'); } catch (PDOException $e) { echo $e->getCode(), "\n"; }
$c = pg_connect('host=' . getenv('PGHOST') . ' port=' . getenv('PGPORT') . ' dbname=postgres user=me');
pg_insert($c, 't', ['s' => "it's", 'r' => 2.5]);  // it looks the columns up
echo pg_fetch_result(pg_query_params($c, 'select s from t where r > $1::float', [2]), 0, 0), "\n";
"""


def test_php(run: Run, tmp_path: Path) -> None:
    """PDO and the older functions: parameters, NULL, a rollback, a state, columns that are looked up."""
    modules = ""
    if shutil.which("php") is not None:
        modules = subprocess.run(["php", "-m"], capture_output=True, text=True).stdout
    if "pdo_pgsql" not in modules:
        pytest.skip("no PHP with PDO for PostgreSQL: apt-get install php-cli php-pgsql")
    script = tmp_path / "talk.php"
    script.write_text(PHP, encoding="utf-8")
    rows = r'[[1,"\u00e9","1.5",true],[2,null,null,null]]'
    assert run("php", str(script)).splitlines() == ["1", "2", rows, "2", "23505", "it's"]
