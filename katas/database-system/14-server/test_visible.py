"""The conversation byte by byte, then a real server with real sockets."""

import struct

import pytest
from database_wire import (
    BINARY,
    SSL_REQUEST,
    SYNC,
    TERMINATE,
    bind,
    columns,
    describe,
    execute,
    fields,
    kinds,
    parse,
    query,
    request,
    split,
    startup,
    told,
    values,
)

TABLE = "create table t (id integer primary key, name text, price real, sold boolean)"


@pytest.fixture
def connect(kata):
    """A function that gives one more connection to the same database, after its startup."""
    manager = kata.TransactionManager(kata.MemoryStore())

    def another():
        connection = kata.Connection(manager)
        connection.receive(startup())
        return connection

    return another


def test_a_message_is_a_kind_a_length_and_a_body(kata):
    """The length counts itself and the body, not the kind."""
    assert kata.message("Z", b"I") == b"Z\0\0\0\5I"
    assert kata.message("1", b"") == b"1\0\0\0\4"


def test_messages_are_found_however_they_are_cut(kata):
    """Bytes come in pieces or many messages at once; the first message has no kind."""
    data = request(SSL_REQUEST) + startup(user="ada") + query("select 1") + SYNC
    whole = kata.MessageReader().feed(data)
    assert [kind for kind, _ in whole] == ["", "", "Q", "S"]
    assert whole[2] == ["Q", b"select 1\0"]
    reader = kata.MessageReader()
    pieces = kata.many(reader, "feed", [[data[i : i + 1]] for i in range(len(data))])
    assert [one for piece in pieces for one in piece] == whole


def test_columns_and_rows_are_written_for_the_client(kata):
    """A row description has names, OIDs, sizes and formats; a row has lengths, and -1 for NULL."""
    described = [
        {"name": "id", "type": "integer"}, {"name": "name", "type": "text"},
        {"name": "price", "type": "real"}, {"name": "sold", "type": "boolean"},
    ]  # fmt: skip
    ((kind, body),) = split(kata.row_description(described, [0, 0, 1, 0]))
    assert kind == "T"
    assert columns(body) == [["id", 20, 8, 0], ["name", 25, -1, 0], ["price", 701, 8, 1], ["sold", 16, 1, 0]]  # fmt: skip
    ((kind, body),) = split(kata.data_row([7, None, 1.5, True], described, [0, 0, 1, 0]))
    assert [kind, values(body)] == ["D", [b"7", None, struct.pack(">d", 1.5), b"t"]]


def test_an_error_has_its_state_and_its_text(kata):
    """Severity, the five characters of the state, and a message for people, each behind its letter."""
    ((kind, body),) = split(kata.error_response("42P01", "there is no table x"))
    assert kind == "E"
    assert fields(body) == {"S": "ERROR", "V": "ERROR", "C": "42P01", "M": "there is no table x"}
    assert body.endswith(b"\0\0")


PARAMETERS = [
    ([b"12", 0, 0, "integer"], 12),
    ([b"1.5", 0, 701, "real"], 1.5),
    ([b"t", 0, 16, "boolean"], True),
    ([b"it's", 0, 25, "text"], "it's"),
    ([None, 0, 0, "text"], None),
    ([b"\xff\xfe", 1, 21, "integer"], -2),
    ([b"\0\0\0\7", 1, 23, "real"], 7.0),
    ([b"\0" * 7 + b"\x09", 1, 0, "integer"], 9),
]


@pytest.mark.parametrize(("given", "value"), PARAMETERS)
def test_a_parameter_is_read_as_it_was_written(kata, given, value):
    """As text by its type, in binary by its OID; an OID of 0 means the type that is expected."""
    got = kata.decode_parameter(*given)
    assert [got, isinstance(got, bool)] == [value, isinstance(value, bool)]


def test_a_client_is_greeted(kata):
    """Encryption is declined, the startup is answered with settings, a key, and "ready"."""
    connection = kata.Connection(kata.TransactionManager(kata.MemoryStore()))
    assert connection.receive(request(SSL_REQUEST)) == b"N"
    answer = split(connection.receive(startup(user="ada", database="shop")))
    assert [kind for kind, _ in answer if kind != "S"] == ["R", "K", "Z"]
    assert [answer[0][1], answer[-1][1]] == [b"\0\0\0\0", b"I"]
    settings = dict(body.rstrip(b"\0").decode().split("\0") for kind, body in answer if kind == "S")
    assert {"server_version", "client_encoding", "standard_conforming_strings"} <= set(settings)
    assert settings["client_encoding"] == "UTF8"


def test_a_script_is_answered_statement_by_statement(connect):
    """Each statement gives its rows and its tag; at the end, once, the server is ready."""
    connection = connect()
    answer = connection.receive(query(f"{TABLE}; insert into t values (1, 'a', 2.0, true); select id, price from t"))  # fmt: skip
    assert told(answer) == [
        "CREATE TABLE",
        "INSERT 0 1",
        ["id", "price"],
        ["1", "2"],
        "SELECT 1",
        "ready I",
    ]
    assert told(connection.receive(query(" ; "))) == ["I", "ready I"]


def test_after_an_error_the_conversation_goes_on(connect):
    """An error has its state; the rest of the script is not run, and nothing of it stays."""
    connection = connect()
    answer = connection.receive(query(f"{TABLE}; select 1 / 0; select 2"))
    assert told(answer) == ["CREATE TABLE", "error 22012", "ready I"]
    assert told(connection.receive(query("select * from t"))) == ["error 42P01", "ready I"]
    assert told(connection.receive(query("begin; select nope"))) == [
        "BEGIN",
        "error 42703",
        "ready E",
    ]
    assert told(connection.receive(query("select 1"))) == ["error 25P02", "ready E"]
    assert told(connection.receive(query("commit"))) == ["ROLLBACK", "ready I"]


def test_a_statement_is_prepared_once_and_run_often(connect):
    """Parse, describe, bind and execute, with one answer each, and "ready" only at the sync."""
    connection = connect()
    connection.receive(query(TABLE))
    answer = connection.receive(parse("insert into t values ($1, $2, $3, $4)", "put") + describe("S", "put") + SYNC)  # fmt: skip
    assert kinds(answer) == "1tnZ"
    assert struct.unpack(">H4I", split(answer)[1][1]) == (4, 20, 25, 701, 16)
    for i in (b"1", b"2"):
        pipeline = bind([i, "n", None, "true"], statement="put") + execute() + SYNC
        assert told(connection.receive(pipeline)) == ["2", "INSERT 0 1", "ready I"]
    pipeline = (
        parse("select id, sold from t where id > $1")
        + bind(["0"], results=[BINARY])
        + describe("P")
    )
    answer = split(connection.receive(pipeline + execute() + SYNC))
    assert "".join(kind for kind, _ in answer) == "12TDDCZ"
    assert [form for *_, form in columns(answer[2][1])] == [BINARY, BINARY]
    assert values(answer[4][1]) == [struct.pack(">q", 2), b"\1"]


def test_after_an_error_all_is_skipped_up_to_the_sync(connect):
    """What was sent behind a failed statement is not run; sync answers once, and undoes what was done."""
    connection = connect()
    connection.receive(query(TABLE))
    insert = parse("insert into t (id) values (1)") + bind() + execute()
    answer = connection.receive(insert + insert + query("select 1") + insert + SYNC)
    assert told(answer) == ["1", "2", "INSERT 0 1", "1", "2", "error 23505", "ready I"]
    assert told(connection.receive(query("select count(*) from t"))) == [["count"], ["0"], "SELECT 1", "ready I"]  # fmt: skip


def test_clients_want_to_know_what_there_is(connect):
    """The system's tables show what was created, as psql asks for it."""
    connection = connect()
    connection.receive(query(f"{TABLE}; create view v as select 1 as one"))
    sql = (
        'select n.nspname as "Schema", c.relname as "Name",'
        " case c.relkind when 'r' then 'table' when 'v' then 'view' end as \"Type\""
        " from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'v', '') and n.nspname !~ '^pg_' and pg_catalog.pg_table_is_visible(c.oid)"
        " order by 1, 2"
    )
    assert told(connection.receive(query(sql)))[1:3] == [
        ["public", "t", "table"],
        ["public", "v", "view"],
    ]


def test_a_server_keeps_what_it_has_acknowledged(program, workdir):
    """Over a real socket: a table, a row, kill -9, and the row is still there; SIGTERM ends it well."""
    config = {"path": str(workdir / "served.db")}
    server = program.start("server", config)
    client = server.connect()
    client.send(startup() + query(f"{TABLE}; insert into t (id) values (7)"))
    assert client.receive_until(b"INSERT 0 1\0Z\0\0\0\5I").startswith(b"R")
    server.kill()
    server.restart()
    client = server.connect()
    client.send(startup() + query("select id from t") + TERMINATE)
    assert told(client.receive_all())[-4:] == [["id"], ["7"], "SELECT 1", "ready I"]
    assert server.stop() == 0


def test_two_clients_have_a_world_each(program, workdir):
    """What one has not committed the other does not see; a client that leaves takes it along."""
    server = program.start("server", {"path": str(workdir / "two.db")})
    one, two = server.connect(), server.connect()
    for client in (one, two):
        client.send(startup())
        client.receive_until(b"Z\0\0\0\5I")
    one.send(query(f"{TABLE}; insert into t (id) values (1)"))
    one.receive_until(b"Z\0\0\0\5I")
    one.send(query("begin; delete from t"))
    assert told(one.receive_until(b"Z\0\0\0\5T")) == ["BEGIN", "DELETE 1", "ready T"]
    two.send(query("select id from t"))
    assert told(two.receive_until(b"Z\0\0\0\5I")) == [["id"], ["1"], "SELECT 1", "ready I"]
    one.reset()
    two.send(query("delete from t"))
    assert told(two.receive_until(b"Z\0\0\0\5I")) == ["DELETE 1", "ready I"]
    assert server.stop() == 0
