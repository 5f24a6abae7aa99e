"""Two drivers that share no code with libpq: asyncpg, all binary, and pg8000."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

ROWS = [(1, "é", 2.5, True), (2, "", -1e300, False), (3, None, None, None)]
TABLE = "create table t (id bigint primary key, s text, r double precision, b boolean)"


def test_asyncpg_with_a_pool(server: Any) -> None:
    """Prepared statements, cursors, transactions, errors, and the tidying up between two users."""
    asyncpg = pytest.importorskip("asyncpg", reason="no asyncpg: pip install asyncpg")

    async def talk() -> None:
        where = {"host": "127.0.0.1", "port": server.port, "user": "me", "database": "postgres"}
        async with asyncpg.create_pool(**where, min_size=2, max_size=3) as pool:
            async with pool.acquire() as one:
                await one.execute(TABLE)
                await one.executemany("insert into t values ($1, $2, $3, $4)", ROWS)
                assert [
                    tuple(row) for row in await one.fetch("select * from t order by id")
                ] == ROWS
                async with one.transaction():
                    walk = one.cursor("select id from t order by id", prefetch=2)
                    assert [row["id"] async for row in walk] == [1, 2, 3]
                with pytest.raises(asyncpg.UniqueViolationError):
                    async with one.transaction(isolation="serializable"):
                        await one.execute("delete from t where id = 3")
                        await one.execute("insert into t values (1)")
                found = await one.prepare("select s from t where id = $1")
                assert await found.fetchval(1) == "é"
                assert [kind.name for kind in found.get_parameters()] == ["int8"]
            asked = [pool.fetchval("select count(*) + $1 from t", i) for i in range(8)]
            assert await asyncio.gather(*asked) == [3 + i for i in range(8)]

    asyncio.run(talk())


def test_pg8000(server: Any) -> None:
    """The interface of PEP 249: parameters, many at once, counts, descriptions, rollback."""
    dbapi = pytest.importorskip("pg8000.dbapi", reason="no pg8000: pip install pg8000")
    connection = dbapi.connect("me", host="127.0.0.1", port=server.port, database="postgres")
    cursor = connection.cursor()
    cursor.execute(TABLE)
    cursor.executemany("insert into t values (%s, %s, %s, %s)", ROWS)
    connection.commit()
    cursor.execute("delete from t where id > %s", (1,))
    assert cursor.rowcount == 2
    connection.rollback()
    cursor.execute("select id, s, r, b from t order by id")
    assert [tuple(row) for row in cursor.fetchall()] == ROWS
    assert [column[:2] for column in cursor.description] == [
        ("id", 20), ("s", 25), ("r", 701), ("b", 16),
    ]  # fmt: skip
    with pytest.raises(dbapi.DatabaseError, match="42P01"):
        cursor.execute("select * from nobody")
    connection.close()
