"""The protocol at its edges, pipelines and their errors, and a server that is treated badly."""

import math
import struct

import pytest
from database_fsck import check_store, log_pages
from database_wire import (
    BINARY,
    CANCEL_REQUEST,
    FLUSH,
    GSS_REQUEST,
    SSL_REQUEST,
    SYNC,
    TERMINATE,
    TEXT,
    bind,
    close,
    columns,
    describe,
    execute,
    fields,
    kinds,
    message,
    parse,
    query,
    request,
    split,
    startup,
    told,
    values,
)

READY = b"Z\0\0\0\5I"
TABLE = "create table t (id integer primary key, n integer, s text)"
ROWS = "insert into t values (1, 10, 'a'), (2, 20, null), (3, 30, '')"


@pytest.fixture
def connect(kata):
    """A function that gives one more connection to the same database, after its startup."""
    manager = kata.TransactionManager(kata.MemoryStore())

    def another(*scripts):
        connection = kata.Connection(manager)
        connection.receive(startup())
        for sql in scripts:
            assert b"E\0\0" not in connection.receive(query(sql))[:3]
        return connection

    return another


# -- bytes ------------------------------------------------------------------------------------------------


def test_answers_are_exact_to_the_byte(connect):
    """What a driver gets for a table, a row with NULL and an error is as the manual says."""
    connection = connect(TABLE, ROWS)
    answer = connection.receive(query("select id, s from t where id > 1 order by id"))
    description = b"T\0\0\0\x2f\0\2" + b"id\0" + struct.pack(">ihihih", 0, 0, 20, 8, -1, 0)
    description += b"s\0" + struct.pack(">ihihih", 0, 0, 25, -1, -1, 0)
    rows = (
        b"D\0\0\0\x0f\0\2\0\0\0\1"
        + b"2\xff\xff\xff\xff"
        + b"D\0\0\0\x0f\0\2\0\0\0\1"
        + b"3\0\0\0\0"
    )
    assert answer == description + rows + b"C\0\0\0\x0dSELECT 2\0" + READY
    ((_, body), _) = split(connection.receive(query("select 1 / 0")))
    assert {k: v for k, v in fields(body).items() if k != "M"} == {
        "S": "ERROR",
        "V": "ERROR",
        "C": "22012",
    }


def test_every_cut_of_a_conversation_gives_the_same_answers(connect):
    """The conversation in two pieces, cut at each byte, is answered as if it came in one."""
    sent = query("select 1") + parse("select $1 || 'é'", oids=[25]) + bind(["x"]) + describe("P") + execute() + SYNC + query("") + query("sel")  # fmt: skip
    whole = connect().receive(sent)
    assert kinds(whole) == "TDCZ12TDCZIZEZ"
    for cut in range(0, len(sent), 7):
        connection = connect()
        assert connection.receive(sent[:cut]) + connection.receive(sent[cut:]) == whole


def test_a_hundred_messages_at_once(connect):
    """Many statements in one piece of bytes are answered in their order, each with its own ready."""
    answer = connect().receive(b"".join(query(f"select {i}") for i in range(100)))
    assert [row for row in told(answer) if isinstance(row, list)][1::2] == [
        [str(i)] for i in range(100)
    ]
    assert kinds(answer) == "TDCZ" * 100


BROKEN = [
    b"Q\0\0\0\3", b"Q\xff\xff\xff\xff", b"Q\x7f\xff\xff\xff", message("!"), message("Q", b"select 1"),
    message("B", b"\0\0\0\1"), message("P", b"x\0select"), message("D", b"S"), message("B", b"\0\0\0\0\0\1\0\0\0\x09a"),
    message("Q", b"\xff\xfe\0"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_what_breaks_the_protocol_ends_the_connection(connect, number):
    """Impossible lengths, unknown kinds and bodies that are too short: one error 08P01, and it is over."""
    connection, other = connect(), connect()
    assert told(connection.receive(BROKEN[number] + query("select 1"))) == ["error 08P01"]
    assert [connection.closed(), connection.receive(query("select 1"))] == [True, b""]
    assert told(other.receive(query("select 1")))[-1] == "ready I"


@pytest.mark.parametrize(
    "first",
    [
        b"\0\0\0\3",
        b"\0\0\x40\0\0\3\0\0",
        startup(2 << 16),
        b"GET / HTTP/1.1\r\n\r\n",
        request(80877199),
    ],
)
def test_a_wrong_beginning_is_refused(kata, first):
    """Another version, another protocol, or a startup of a size that none has, ends the connection."""
    connection = kata.Connection(kata.TransactionManager(kata.MemoryStore()))
    assert [told(connection.receive(first)), connection.closed()] == [["error 08P01"], True]


def test_requests_before_the_startup(kata):
    """Encryption is declined as often as it is asked for; a request to cancel just ends the connection."""
    manager = kata.TransactionManager(kata.MemoryStore())
    connection = kata.Connection(manager)
    asked = request(GSS_REQUEST) + request(SSL_REQUEST)
    assert connection.receive(asked + startup())[:3] == b"NNR"
    cancel = kata.Connection(manager)
    assert [cancel.receive(request(CANCEL_REQUEST, bytes(8))), cancel.closed()] == [b"", True]
    newer = kata.Connection(manager)
    assert kinds(newer.receive(startup((3 << 16) + 2)))[:2] == "vR"


@pytest.mark.parametrize("length", [10_000, 10_001])
def test_how_long_a_startup_may_be(kata, length):
    """Ten thousand bytes are a startup message, one more are something else."""
    pairs = b"user\0me\0x\0"
    body = struct.pack(">I", 3 << 16) + pairs + b"y" * (length - 8 - len(pairs) - 2) + b"\0\0"
    reader = kata.MessageReader()
    if length > 10_000:
        with kata.raises("ProtocolViolation"):
            reader.feed(struct.pack(">I", length) + body)
    else:
        assert reader.feed(struct.pack(">I", length) + body) == [["", body]]
        assert reader.feed(b"Q" + struct.pack(">I", 1 << 28) + b"select") == []
        with kata.raises("ProtocolViolation"):
            again = kata.MessageReader()
            again.feed(struct.pack(">I", length) + body + b"Q" + struct.pack(">I", (1 << 28) + 1))


def test_parts_of_a_body_are_read_within_its_bounds(kata):
    """No part goes backwards or beyond the end; signs, texts and their ends are read right."""
    body = kata.Body(b"\xff\xfe\xff\xfe\xff\xff\xff\xfdab\0\0x")
    read = [body.i16(), body.u16(), body.i32(), body.string(), body.string()]
    assert read == [-2, 65534, -3, "ab", ""]
    for name, *args in (["take", -1], ["take", -2], ["take", 2], ["i16"], ["u16"], ["i32"], ["string"]):
        with kata.raises("ProtocolViolation"):
            getattr(body, name)(*args)
    assert body.take(1) == b"x"


def test_formats_are_for_all_or_for_each(kata):
    """No format is text for all, one is for all, else there must be as many as columns."""
    two = [{"name": "a", "type": "integer"}, {"name": "b", "type": "boolean"}]
    for formats, want in (([], [0, 0]), ([1], [1, 1]), ([1, 0], [1, 0])):
        ((_, body),) = split(kata.row_description(two, formats))
        assert [form for *_, form in columns(body)] == want
        ((_, body),) = split(kata.data_row([1, True], two, formats))
        want_a = [b"1", struct.pack(">q", 1)][want[0]]
        assert values(body) == [want_a, [b"t", b"\1"][want[1]]]
    for formats in ([0, 0, 0], [1, 1, 1, 1]):
        for name, *args in (["row_description", two], ["data_row", [1, True], two]):
            with kata.raises("ProtocolViolation"):
                getattr(kata, name)(*args, formats)


def test_an_error_is_a_text_without_its_end_inside(kata):
    """A 00 in the message would end it: it is left out."""
    ((_, body),) = split(kata.error_response("22P02", "a\0b é"))
    assert fields(body) == {"S": "ERROR", "V": "ERROR", "C": "22P02", "M": "ab é"}


KNOWN = {16: "boolean", 20: "integer", 21: "integer", 23: "integer", 26: "integer", 25: "text"}
KNOWN |= {1042: "text", 1043: "text", 700: "real", 701: "real", 1700: "real", 0: None, 4711: None}


def test_types_are_known_by_their_numbers(kata):
    """Numbers of types that a client may declare, ours and their relatives; of others nothing is known."""
    assert kata.script([None, "type_of", [oid]] for oid in KNOWN) == list(KNOWN.values())


def numeric(weight=0, sign=0, scale=0, *digits):
    """The binary form of a number in digits of 10,000."""
    return struct.pack(f">hhHh{len(digits)}h", len(digits), weight, sign, scale, *digits)


READ = [  # bytes, format, number of the type, type that is wanted, value
    *((text, TEXT, 0, "boolean", True) for text in (b"t", b"true", b"yes", b"Y", b"on", b"1", b" TRUE ")),
    *((text, TEXT, 16, "boolean", False) for text in (b"f", b"false", b"No", b"n", b"of", b"off", b"0")),
    (b" +7 ", TEXT, 20, "integer", 7), (b"9223372036854775807", TEXT, 0, "integer", 2**63 - 1),
    (b"-9223372036854775808", TEXT, 0, "integer", -(2**63)), (b"1e3", TEXT, 0, "real", 1000.0),
    (b"7", TEXT, 701, "real", 7.0), (b"7", TEXT, 23, "text", "7"), (None, BINARY, 23, "integer", None),
    (struct.pack(">h", -7), BINARY, 21, "integer", -7), (struct.pack(">i", -7), BINARY, 23, "integer", -7),
    (struct.pack(">q", -7), BINARY, 20, "integer", -7), (struct.pack(">q", -7), BINARY, 0, "integer", -7),
    (struct.pack(">h", 7), BINARY, 21, "real", 7.0), (struct.pack(">h", 7), BINARY, 21, "text", "7"),
    (struct.pack(">f", 0.5), BINARY, 700, "real", 0.5), (struct.pack(">d", 0.1), BINARY, 701, "real", 0.1),
    (struct.pack(">d", 0.1), BINARY, 0, "real", 0.1), (struct.pack(">d", 2.5), BINARY, 701, "text", "2.5"),
    (b"\1", BINARY, 16, "boolean", True), (b"\0", BINARY, 16, "boolean", False), (b"\1", BINARY, 0, "boolean", True),
    (b"\1", BINARY, 16, "text", "t"), (b"\0", BINARY, 16, "text", "f"),
    ("é".encode(), BINARY, 25, "text", "é"), (b"42", BINARY, 25, "integer", 42), (b"x", BINARY, 0, "text", "x"),
    *((numeric(*parts), BINARY, 1700, "real", value) for parts, value in (
        ((), 0.0), ((0, 0, 2, 7), 7.0), ((0, 0x4000, 4, 1, 2500), -1.25), ((1, 0, 0, 3, 14), 30014.0),
        ((-1, 0, 8, 12), 0.0012), ((-2, 0x4000, 9, 5000), -5e-5), ((7, 0, 0, 1234), 1.234e31),
    )),
    (numeric(0, 0, 1, 2, 5000), BINARY, 1700, "text", "2.5"),
    (b"0.5", BINARY, 1043, "real", 0.5), (b"", BINARY, 1042, "text", ""),
]  # fmt: skip
REFUSED = {
    "InvalidText": [(b"x", TEXT, 0, "integer"), (b"", TEXT, 0, "boolean"), (b"0X", TEXT, 0, "boolean"), (b"1.5.2", TEXT, 0, "real"), (b"\xff", TEXT, 0, "text"), (b"\xff", BINARY, 25, "text")],
    "OutOfRange": [(b"9223372036854775808", TEXT, 0, "integer"), (b"-9223372036854775809", TEXT, 0, "integer"), (b"1e400", TEXT, 0, "real"), (struct.pack(">d", math.inf), BINARY, 701, "real"), (struct.pack(">f", math.nan), BINARY, 700, "real"), (struct.pack(">d", -math.inf), BINARY, 0, "real"), (numeric(200, 0, 0, 1), BINARY, 1700, "real"), (numeric(0, 0xC000), BINARY, 1700, "real")],
    "ProtocolViolation": [(numeric(0, 0, 0, 1)[:-1], BINARY, 1700, "real"), (numeric(0, 0, 0, 1) + b"\0\1", BINARY, 1700, "real"), (bytes(7), BINARY, 1700, "real"), (b"\0", BINARY, 21, "integer"), (bytes(9), BINARY, 20, "integer"), (bytes(4), BINARY, 701, "real")],
    "FeatureNotSupported": [(b"\0\0", BINARY, 4711, "integer"), (b"\0\0\0\1", BINARY, 1082, "text"), (bytes(4), BINARY, 26, "integer")],
}  # fmt: skip


def test_parameters_are_read_in_all_their_forms(kata):
    """Text and binary, of the declared type and for the wanted one: the same value, of the same type."""
    found = kata.script([None, "decode_parameter", list(given)] for *given, _ in READ)
    assert [(type(v), v) for v in found] == [(type(v), v) for *_, v in READ]


@pytest.mark.parametrize("error", REFUSED)
def test_parameters_that_cannot_be_are_refused(kata, error):
    """What is no value, too large, too short or of an unknown type has its own error."""
    for given in REFUSED[error]:
        with kata.raises(error):
            kata.decode_parameter(*given)


# -- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [TEXT, BINARY])
@pytest.mark.parametrize(
    ("literal", "oid", "text", "binary"),
    [
        ("true", 16, b"t", b"\1"), ("false", 16, b"f", b"\0"), ("-5", 20, b"-5", struct.pack(">q", -5)),
        ("2.5", 701, b"2.5", struct.pack(">d", 2.5)), ("1e100", 701, b"1e+100", struct.pack(">d", 1e100)),
        ("3.0", 701, b"3", struct.pack(">d", 3)), ("'é'", 25, "é".encode(), "é".encode()), ("null", 25, None, None),
    ],
)  # fmt: skip
def test_every_type_goes_out_in_both_formats(connect, form, literal, oid, text, binary):
    """Booleans, integers, reals and texts have their OID and their bytes; NULL has none."""
    answer = connect().receive(parse(f"select {literal}") + bind(results=[form]) + describe("P") + execute() + SYNC)  # fmt: skip
    found = split(answer)
    assert [column[1:] for column in columns(found[2][1])] == [
        [oid, {16: 1, 25: -1}.get(oid, 8), form]
    ]
    assert values(found[3][1]) == [binary if form else text]


BINARIES = [
    (21, struct.pack(">h", -7), "n", "-7"), (23, struct.pack(">i", 70000), "n", "70000"),
    (20, struct.pack(">q", 2**40), "n", str(2**40)), (25, b"text", "s", "text"), (1043, b"v", "s", "v"),
    (0, struct.pack(">q", 5), "n", "5"), (0, b"raw", "s", "raw"),
]  # fmt: skip


@pytest.mark.parametrize(("oid", "raw", "column", "shown"), BINARIES)
def test_parameters_come_in_binary(connect, oid, raw, column, shown):
    """Integers of 2, 4 and 8 bytes, and texts, are stored as what they are."""
    connection = connect(TABLE)
    sent = parse(f"insert into t (id, {column}) values (1, $1) returning {column}", oids=[oid])
    answer = connection.receive(sent + bind([raw], formats=[BINARY]) + execute() + SYNC)
    assert told(answer) == ["1", "2", [shown], "INSERT 0 1", "ready I"]


@pytest.mark.parametrize(
    ("oid", "raw", "form", "state"),
    [
        (23, b"\0\0", BINARY, "08P01"), (0, b"x1", TEXT, "22P02"), (0, b"\xff", TEXT, "22P02"),
        (1082, b"\0\0\0\1", BINARY, "0A000"), (0, b"99999999999999999999", TEXT, "22003"),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_refused(connect, oid, raw, form, state):
    """A wrong length, a text that is no number, a type that is not known: each has its state."""
    connection = connect(TABLE)
    answer = connection.receive(parse("select id from t where n = $1", oids=[oid]) + bind([raw], formats=[form]) + execute() + SYNC)  # fmt: skip
    assert told(answer)[:2] == ["1", f"error {state}"]


def test_a_declared_type_decides_where_nothing_else_does(connect):
    """`select $1` gives back what the client says it sends; without a type it is text."""
    connection = connect()
    answer = connection.receive(parse("select $1, $2", oids=[23, 0]) + describe("S") + bind(["5", "x"]) + execute() + SYNC)  # fmt: skip
    found = split(answer)
    assert struct.unpack(">H2I", found[1][1]) == (2, 23, 25)
    assert [column[1] for column in columns(found[2][1])] == [20, 25]
    assert told(answer)[-3:] == [["5", "x"], "SELECT 1", "ready I"]


# -- extended queries ----------------------------------------------------------------------------------------


def test_ready_is_said_once_for_each_sync_and_never_else(connect):
    """Flush, describe and execute are not answered with ready; a sync alone is."""
    connection = connect(TABLE)
    sent = parse("select id from t") + FLUSH + describe("S") + FLUSH + bind() + execute() + FLUSH
    assert kinds(connection.receive(sent)) == "1tT2C"
    assert kinds(connection.receive(SYNC + SYNC)) == "ZZ"


def test_execute_does_not_describe(connect):
    """The columns are told when they are asked for, not again with the rows."""
    connection = connect(TABLE, ROWS)
    sent = parse("select id from t order by id") + bind() + describe("P") + execute() + SYNC
    assert kinds(connection.receive(sent)) == "12TDDDCZ"
    assert kinds(connection.receive(bind() + execute() + SYNC)) == "2DDDCZ"
    assert (
        kinds(connection.receive(parse("delete from t") + bind() + describe("P") + SYNC)) == "12nZ"
    )


def test_rows_are_fetched_in_portions(connect):
    """With a limit a portal is suspended, goes on, and is done when the last row was fetched."""
    connection = connect(TABLE, ROWS)
    sent = (
        parse("select id from t order by id")
        + bind(portal="p")
        + execute("p", 2)
        + execute("p", 2)
        + SYNC
    )
    assert told(connection.receive(sent)) == [
        "1",
        "2",
        ["1"],
        ["2"],
        "s",
        ["3"],
        "SELECT 1",
        "ready I",
    ]
    assert told(connection.receive(execute("p") + SYNC)) == ["error 34000", "ready I"]


def test_an_empty_text_is_not_null(connect):
    """A value of no bytes is an empty text, one without a length is NULL."""
    connection = connect(TABLE)
    for number, raw in enumerate([b"", None]):
        sent = parse(f"insert into t (id, s) values ({number}, $1)", oids=[25])
        connection.receive(sent + bind([raw], formats=[TEXT]) + execute() + SYNC)
    answer = connection.receive(query("select s is null from t order by id"))
    assert told(answer)[1:3] == [["f"], ["t"]]


def test_one_format_is_for_all_columns(connect):
    """A single format, for values or for results, counts for each of them."""
    connection = connect()
    sent = parse("select $1 + 0, $2 + 0", oids=[23, 23])
    sent += bind([b"\0\0\0\7", b"\0\0\0\x09"], formats=[BINARY], results=[BINARY])
    answer = connection.receive(sent + execute() + SYNC)
    rows = [body for kind, body in split(answer) if kind == "D"]
    assert rows == [b"\0\2" + b"\0\0\0\x08" + bytes(7) + b"\7" + b"\0\0\0\x08" + bytes(7) + b"\x09"]


def test_nothing_is_done_between_an_error_and_the_sync(connect):
    """What was sent behind a part that failed has no effect and no answer, up to the sync."""
    connection = connect(TABLE)
    sent = parse("selekt") + parse("insert into t (id) values (1)") + bind([]) + execute() + FLUSH
    answer = connection.receive(sent + describe("P") + SYNC + query("select count(*) from t"))
    assert told(answer)[:2] == ["error 42601", "ready I"]
    assert told(answer)[3] == ["0"]


def test_a_script_is_one_transaction(connect):
    """A script whose last statement fails has not done the ones before it, though they were answered."""
    connection = connect(TABLE)
    answer = told(connection.receive(query("insert into t (id) values (1); select 1 / 0")))
    assert answer == ["INSERT 0 1", "error 22012", "ready I"]
    assert told(connection.receive(query("select count(*) from t")))[1] == ["0"]


def test_statements_and_portals_have_names(connect):
    """The nameless statement is replaced, a named one must be closed first; what is not there has a state."""
    connection = connect(TABLE, ROWS)
    first = parse("select 1", "a") + parse("select 2") + parse("select 3") + SYNC
    assert kinds(connection.receive(first)) == "111Z"
    assert told(connection.receive(parse("select 4", "a") + SYNC)) == ["error 42P05", "ready I"]
    assert told(connection.receive(bind(statement="a") + execute() + bind() + execute() + SYNC)) == [
        "2", ["1"], "SELECT 1", "2", ["3"], "SELECT 1", "ready I",
    ]  # fmt: skip
    assert (
        kinds(connection.receive(close("S", "a") + close("S", "b") + close("P", "c") + SYNC))
        == "333Z"
    )
    assert told(connection.receive(bind(statement="a") + SYNC)) == ["error 26000", "ready I"]
    assert told(connection.receive(execute("nope") + SYNC)) == ["error 34000", "ready I"]
    assert told(connection.receive(describe("S", "nope") + SYNC)) == ["error 26000", "ready I"]


def test_a_prepared_statement_sees_the_tables_of_today(connect):
    """A statement is planned when it runs: a new index or new rows count, a dropped table is missed."""
    connection = connect(TABLE, ROWS)
    connection.receive(parse("select s from t where n = $1", "q") + SYNC)
    connection.receive(query("create index i on t (n); insert into t values (4, 40, 'd')"))
    assert told(connection.receive(bind(["40"], statement="q") + execute() + SYNC))[1] == ["d"]
    connection.receive(query("drop table t"))
    assert told(connection.receive(bind(["40"], statement="q") + execute() + SYNC))[1:] == ["error 42P01", "ready I"]  # fmt: skip


def test_an_empty_statement_and_two_statements(connect):
    """Nothing can be prepared and run, and says so; two statements at once cannot be prepared."""
    connection = connect()
    assert (
        kinds(connection.receive(parse("") + bind() + describe("P") + execute() + SYNC)) == "12nIZ"
    )
    assert told(connection.receive(parse("select 1; select 2") + SYNC)) == [
        "error 42601",
        "ready I",
    ]
    assert told(connection.receive(parse("selekt") + SYNC)) == ["error 42601", "ready I"]


def test_the_number_of_values_must_fit(connect):
    """Fewer or more values than parameters, or formats than values, break the protocol."""
    connection = connect(TABLE)
    assert told(connection.receive(parse("select $1") + bind([]) + SYNC))[1] == "error 08P01"


# -- transactions on the wire ----------------------------------------------------------------------------------


def test_a_pipeline_is_one_transaction_up_to_its_sync(connect):
    """Three inserts of which the last fails leave nothing; with a sync between them the first stay."""
    connection, other = connect(TABLE), connect()
    insert = [parse(f"insert into t (id) values ({i})") + bind() + execute() for i in (1, 2, 1)]
    assert told(connection.receive(b"".join(insert) + SYNC))[-2:] == ["error 23505", "ready I"]
    assert told(other.receive(query("select count(*) from t")))[1] == ["0"]
    assert told(connection.receive(SYNC.join(insert) + SYNC))[-2:] == ["error 23505", "ready I"]
    assert told(other.receive(query("select count(*) from t")))[1] == ["2"]


def test_begin_in_a_pipeline_lasts_beyond_the_sync(connect):
    """After BEGIN the sync says T, after an error E, until COMMIT, which rolls back, says I."""
    connection = connect(TABLE)
    begin = parse("begin") + bind() + execute()
    insert = parse("insert into t (id) values (1)") + bind() + execute() + SYNC
    assert told(connection.receive(begin + insert))[-1] == "ready T"
    assert told(connection.receive(insert)) == ["1", "2", "error 23505", "ready E"]
    assert told(connection.receive(parse("select 1") + bind() + execute() + SYNC))[-2:] == ["error 25P02", "ready E"]  # fmt: skip
    assert told(connection.receive(parse("commit") + bind() + execute() + SYNC)) == ["1", "2", "ROLLBACK", "ready I"]  # fmt: skip
    assert told(connection.receive(query("select count(*) from t")))[1] == ["0"]


def test_a_conflict_is_an_error_of_the_commit(connect):
    """Two clients change one row: the second commit is refused as 40001, and its client is idle again."""
    one, two = connect(TABLE, ROWS), connect()
    for client in (one, two):
        client.receive(query("begin; update t set n = n + 1 where id = 1"))
    assert told(one.receive(query("commit"))) == ["COMMIT", "ready I"]
    assert told(two.receive(query("commit"))) == ["error 40001", "ready I"]
    assert told(two.receive(query("select n from t where id = 1")))[1] == ["11"]


def test_a_conflict_at_the_sync_is_told_before_ready(connect):
    """When the commit of a pipeline is refused, its sync is answered with the error, then with ready."""
    one, two = connect(TABLE, ROWS), connect()
    two.receive(parse("update t set n = 0 where id = 1") + bind() + execute())
    one.receive(query("update t set n = 1 where id = 1"))
    assert told(two.receive(SYNC)) == ["error 40001", "ready I"]


def test_terminate_takes_an_open_transaction_along(connect):
    """A client that says goodbye, or breaks the protocol, has not committed."""
    for ending in (TERMINATE, message("!")):
        one, two = connect("drop table if exists t", TABLE), connect()
        one.receive(query("begin; insert into t (id) values (1)"))
        one.receive(ending)
        assert one.closed()
        assert told(two.receive(query("select count(*) from t")))[1] == ["0"]


def test_the_greeting_names_the_settings(kata):
    """Each setting comes once, under its name, with a value that clients understand."""
    connection = kata.Connection(kata.TransactionManager(kata.MemoryStore()))
    answer = split(connection.receive(startup()))
    said = [body.rstrip(b"\0").decode().split("\0") for kind, body in answer if kind == "S"]
    version = said.pop([name for name, _ in said].index("server_version"))[1]
    assert version.split(".")[0].isdecimal()
    assert sorted(said) == [
        ["DateStyle", "ISO, MDY"], ["TimeZone", "UTC"], ["client_encoding", "UTF8"],
        ["integer_datetimes", "on"], ["server_encoding", "UTF8"], ["standard_conforming_strings", "on"],
    ]  # fmt: skip


def test_short_answers_are_exact_to_the_byte(kata, connect):
    """What only says that something was done has no body; a key has two numbers, a refused version too."""
    answer = connect().receive(
        parse("select 1 union select 2") + bind([]) + execute(most=1) + close("P") + SYNC + query("") + query("-- x")
        + parse("") + bind([]) + describe("P") + execute() + SYNC
    )  # fmt: skip
    said = [(kind, body) for kind, body in split(answer) if kind not in "DZ"]
    assert said == [(kind, b"") for kind in "12s3II12nI"]
    connection = kata.Connection(kata.TransactionManager(kata.MemoryStore()))
    first, *_, key, _ = split(connection.receive(startup((3 << 16) + 1)))
    assert [*first, key[0], len(key[1])] == ["v", bytes(8), "K", 8]


def test_a_mistake_in_the_protocol_fails_the_transaction(connect):
    """A name that is not there is an error like any other; goodbye is heard also while parts are skipped."""
    connection = connect(TABLE, "begin")
    answer = connection.receive(describe("S", "nobody") + execute() + SYNC)
    assert told(answer) == ["error 26000", "ready E"]
    assert connection.receive(query("rollback") + describe("S", "nobody"))[-1:] != b""
    assert [connection.receive(TERMINATE), connection.closed()] == [b"", True]


@pytest.mark.parametrize("end", [TERMINATE, b"!\0\0\0\4", None])
def test_who_goes_leaves_no_transaction_open(kata, end):
    """However a connection ends, its transaction does not hold old versions any more."""
    manager = kata.TransactionManager(kata.MemoryStore())
    connection = kata.Connection(manager)
    connection.receive(
        startup() + query("create table t (a integer); begin; insert into t values (1)")
    )
    assert manager.active() == 1
    if end is None:
        connection.close()
    else:
        connection.receive(end)
    assert manager.active() == 0


def test_settings_can_be_asked_for(connect):
    """SHOW knows what the greeting said, and more; SET is accepted, and DEALLOCATE."""
    connection = connect()
    seen = [told(connection.receive(query(sql)))[-3:-1] for sql in (
        "show server_version", "show standard_conforming_strings", "show transaction isolation level",
        "set client_encoding to 'UTF8'", "deallocate all",
    )]  # fmt: skip
    assert [row for row, _ in seen[:3]] == [["15.0"], ["on"], ["repeatable read"]]
    assert told(connection.receive(query("show nothing")))[0].startswith("error ")
    more = {"TIME ZONE": "UTC", "search_path": "public", "transaction_read_only": "off"}
    for name, value in {**more, "server_version_num": "150000"}.items():
        assert told(connection.receive(query(f"show {name}")))[1] == [value]


def test_texts_are_utf8_for_every_client(connect):
    """A client that wants another encoding is told that there is none, so that it does not read ours wrong."""
    connection = connect()
    for sql in ("client_encoding to 'LATIN1'", "client_encoding = win1252", "names 'latin1'"):
        assert told(connection.receive(query(f"set {sql}"))) == ["error 0A000", "ready I"]
    for sql in (
        "client_encoding to 'utf-8'", "client_encoding to unicode", "names 'UTF8'",
        "client_encoding to default", "datestyle to 'latin1'",
    ):  # fmt: skip
        assert told(connection.receive(query(f"set {sql}"))) == ["SET", "ready I"]


def test_counts_have_no_sign(connect):
    """More than 32,767 parameters have a type, a format and a value each."""
    connection, count = connect(), 40_000
    sent = parse("select $1", oids=[23] * count) + describe("S")
    sent += bind(["7"] * count, formats=[TEXT] * count) + execute() + SYNC
    answer = split(connection.receive(sent))
    assert "".join(kind for kind, _ in answer) == "1tT2DCZ"
    assert [answer[1][1][:2], values(answer[4][1])] == [struct.pack(">H", count), [b"7"]]


def test_the_system_tables_follow_the_catalog(connect):
    """Tables, columns and indexes appear and go; drivers find types by name."""
    connection = connect(TABLE, "create index i on t (n)")
    columns_of = (
        "select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull from pg_attribute a"
        " join pg_class c on c.oid = a.attrelid where c.relname = 't' and a.attnum > 0 order by a.attnum"
    )
    assert told(connection.receive(query(columns_of)))[1:4] == [["id", "bigint", "t"], ["n", "bigint", "f"], ["s", "text", "f"]]  # fmt: skip
    ask = "select relname from pg_catalog.pg_class where relname = any (array['t', 'i', 'nope']) and relkind in ('r', 'i') order by 1"
    assert told(connection.receive(query(ask)))[1:3] == [["i"], ["t"]]
    connection.receive(query("create view v as select id from t"))
    kind = "select relkind from pg_class where relname in ('t', 'v') order by relname"
    assert told(connection.receive(query(kind)))[1:3] == [["r"], ["v"]]
    listed = query("select schemaname, tablename from pg_tables")
    assert told(connection.receive(listed))[1:3] == [["public", "t"], "SELECT 1"]
    connection.receive(query("drop view v; drop table t"))
    assert told(connection.receive(query(ask)))[-2] == "SELECT 0"
    assert told(connection.receive(query("select typname from pg_type where oid = 701")))[1] == [
        "float8"
    ]
    assert told(connection.receive(query("select to_regtype('nope') is null, current_schema(), version() like 'PostgreSQL 15%'")))[1] == ["t", "public", "t"]  # fmt: skip
    assert (
        told(connection.receive(query("insert into pg_am values (1, 'x', 'y')")))[0]
        == "error 0A000"
    )


SYSTEM = {  # table: columns, and the rows of one table `t` with an index `i` and a view `v`
    "pg_namespace": ("oid nspname nspowner", [[11, "pg_catalog", 10], [2200, "public", 10]]),
    "pg_am": ("oid amname amtype", [[403, "btree", "i"]]),
    "pg_tables": ("schemaname tablename tableowner", [["public", "t", "owner"]]),
    "pg_type": (
        "oid typname typnamespace typowner typlen typtype typcategory typarray typelem typrelid typdelim typbasetype typtypmod",
        [
            [oid, name, 11, 10, size, "b", category, 0, 0, 0, ",", 0, -1]
            for oid, name, size, category in (
                (16, "bool", 1, "B"), (20, "int8", 8, "N"), (21, "int2", 2, "N"), (23, "int4", 4, "N"),
                (25, "text", -1, "S"), (26, "oid", 4, "N"), (700, "float4", 4, "N"),
                (701, "float8", 8, "N"), (1043, "varchar", -1, "S"),
            )
        ],
    ),
    "pg_class": (
        "relname relnamespace relkind relowner relam relhasindex relpersistence relnatts relhasrules relhassubclass",
        [
            [*row, False, False]
            for row in (
                ["i", 2200, "i", 10, 403, False, "p", 2], ["pg_am", 11, "r", 10, 0, False, "p", 0],
                ["t", 2200, "r", 10, 0, True, "p", 4], ["t_pkey", 2200, "i", 10, 403, False, "p", 1],
                ["v", 2200, "v", 10, 0, False, "p", 0],
            )
        ],
    ),
    "pg_attribute": (
        "attname atttypid attlen attnum attndims attnotnull atthasdef attisdropped atttypmod attcollation attidentity attgenerated",
        [
            ["b", 16, 1, 4, 0, True, False, False, -1, 0, "", ""], ["id", 20, 8, 1, 0, True, True, False, -1, 0, "", ""],
            ["r", 701, 8, 3, 0, False, False, False, -1, 0, "", ""], ["s", 25, -1, 2, 0, False, True, False, -1, 0, "", ""],
        ],
    ),
    "pg_attrdef": ("adnum adbin", [[1, "nextval('t_id_seq')"], [2, "'x'"]]),
    "pg_database": (
        "oid datname datdba encoding datcollate datctype daticulocale datlocprovider datacl",
        [[1, "postgres", 10, 6, "C", "C", None, "c", None]],
    ),
    "information_schema.tables": (
        "table_catalog table_schema table_name table_type",
        [["postgres", "public", "t", "BASE TABLE"], ["postgres", "public", "v", "VIEW"]],
    ),
    "information_schema.columns": (
        "table_catalog table_schema table_name column_name ordinal_position column_default is_nullable"
        " data_type character_maximum_length is_identity",
        [
            ["postgres", "public", "t", *row, None, "NO"]
            for row in (
                ["b", 4, None, "NO", "boolean"], ["id", 1, "nextval('t_id_seq')", "NO", "bigint"],
                ["r", 3, None, "YES", "double precision"], ["s", 2, "'x'", "YES", "text"],
            )
        ],
    ),
    "pg_index": (
        "indnatts indisunique indisprimary indisvalid",
        [[1, True, True, True], [2, False, False, True]],
    ),
}  # fmt: skip
SCHEMA = """
create table t (id serial primary key, s text default 'x', r real, b boolean not null);
create index i on t (s, r); create view v as select 1 as one
"""


@pytest.mark.parametrize("name", SYSTEM)
def test_the_system_tables_have_their_columns_and_rows(kata, name):
    """What is in pg_catalog for one table, one index and one view, number for number."""
    manager = kata.TransactionManager(kata.MemoryStore())
    kata.Session(manager).execute(SCHEMA)
    store = manager.begin()
    engine = kata.Engine(store, None, False, kata.SystemCatalog(kata.Catalog(store)))
    wanted, rows = SYSTEM[name]
    names = ", ".join(wanted.split())
    where = {"pg_class": "relname in ('i', 'pg_am', 't', 't_pkey', 'v')"}.get(name, "true")
    places = ", ".join(str(i + 1) for i in range(len(rows[0])))
    (result,) = engine.execute(f"select {names} from {name} where {where} order by {places}")
    assert result["rows"] == rows
    everything = engine.execute(f"select * from {name}")[0]["columns"]
    more = {"pg_class": 1, "pg_attribute": 1, "pg_attrdef": 1, "pg_index": 2}.get(name, 0)  # numbers in front
    names = {int: "integer", str: "text", bool: "boolean", type(None): "text"}
    known = [max(column, key=lambda value: value is not None) for column in zip(*rows, strict=True)]
    kinds_ = ["integer"] * more + [names[type(value)] for value in known]
    if name == "information_schema.columns":
        kinds_[wanted.split().index("character_maximum_length")] = "integer"
    assert [column["type"] for column in everything] == kinds_
    assert [column["name"] for column in everything][more:] == wanted.split()


def test_numbers_of_tables_fit_together(kata):
    """Indexes and columns point to their tables, whose numbers are above those of the system."""
    manager = kata.TransactionManager(kata.MemoryStore())
    kata.Session(manager).execute(SCHEMA + "; create table a (x integer unique)")
    store = manager.begin()
    engine = kata.Engine(store, kata.Optimizer(), False, kata.SystemCatalog(kata.Catalog(store)))
    sql = (
        "select i.relname, t.relname from pg_index x join pg_class i on i.oid = x.indexrelid"
        " join pg_class t on t.oid = x.indrelid order by 1"
    )
    assert engine.execute(sql)[0]["rows"] == [["a_x_key", "a"], ["i", "t"], ["t_pkey", "t"]]
    sql = "select relname from pg_class where relname = 'i' and relkind = 'i'"
    assert engine.execute(sql)[0]["rows"] == [["i"]]
    for sql in (
        "update pg_am set amname = 'x'",
        "delete from pg_am",
        "insert into pg_am values (1, 'x', 'y')",
    ):
        with kata.raises("FeatureNotSupported"):
            engine.execute(sql)
    sql = "select c.relname, count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid group by 1 order by 1"
    assert engine.execute(sql)[0]["rows"] == [["a", 1], ["t", 4]]
    sql = "select count(*), count(distinct oid), sum(case when oid < 16384 then 0 else 1 end) from pg_class"
    ((count, distinct, made),) = engine.execute(sql)[0]["rows"]
    assert [count == distinct, made] == [True, 6]
    sql = "select count(*) from pg_class where relname like '%schema%' or relname = 'columns'"
    assert engine.execute(sql)[0]["rows"] == [[0]]
    (result,) = engine.execute("select * from pg_description")
    assert [[c["name"], c["type"]] for c in result["columns"]] == [
        ["objoid", "integer"], ["classoid", "text"], ["objsubid", "integer"], ["description", "text"],
    ]  # fmt: skip
    assert result["rows"] == []


def test_defaults_are_shown_as_sql(connect):
    """A literal, or a call with literals, is shown as it would be written; what is more is three dots."""
    connection = connect(
        "create table d (a text default 'it''s', b real default 1.5, c boolean default true,"
        " d text default substr('xy', 2), e text default null, f integer default 1 + 1, g integer)"
    )
    sql = (
        "select a.attname, pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d join pg_attribute a"
        " on a.attrelid = d.adrelid and a.attnum = d.adnum order by a.attnum"
    )
    assert told(connection.receive(query(sql)))[1:-2] == [
        ["a", "'it''s'"], ["b", "1.5"], ["c", "true"], ["d", "substr('xy', 2)"], ["e", "null"],
        ["f", "..."],
    ]  # fmt: skip


CALLS = {
    "current_schema()": "public", "current_database()": "postgres", "pg_table_is_visible(1)": "t",
    "pg_get_userbyid(10)": "owner", "pg_encoding_to_char(6)": "UTF8", "to_regtype('int4')": "23",
    "to_regtype('nope')": None, "format_type(20, -1)": "bigint", "format_type(16, -1)": "boolean",
    "format_type(701, null)": None, "format_type(701, -1)": "double precision", "format_type(25, 5)": "text",
    "format_type(4711, -1)": "???", "pg_advisory_unlock_all()": None, "pg_backend_pid() >= 0": "t",
    "version() like 'PostgreSQL %'": "t", "pg_is_in_recovery()": "f", "pg_get_expr('1', 2)": "1",
    "obj_description(1, 'pg_class')": None, "col_description(1, 2)": None, "quote_ident('a_1')": "a_1",
    "quote_ident('1a')": '"1a"', "quote_ident('a b')": '"a b"', "quote_ident('A\"')": '"A"""',
    "quote_ident('é')": '"é"', "quote_ident('')": '""', "array_to_string('x', ',')": "x",
    "array_to_string(null, ',')": None,
}  # fmt: skip


def test_functions_that_clients_call(connect):
    """Each of them answers, most of them always the same."""
    answer = connect().receive(query(f"select {', '.join(CALLS)}"))
    assert told(answer)[1] == list(CALLS.values())


# -- the server -------------------------------------------------------------------------------------------------


def client_of(server):
    """A client that has been greeted."""
    client = server.connect()
    client.send(startup())
    client.receive_until(READY)
    return client


def asked(client, sql, state="I"):
    """What the server says to a script."""
    client.send(query(sql))
    return told(client.receive_until(b"Z\0\0\0\5" + state.encode()))


def test_fifty_clients_at_once(program, workdir):
    """Each of fifty clients has its transaction, and gets its own answers, in any order."""
    server = program.start("server", {"path": str(workdir / "many.db")})
    clients = [client_of(server) for _ in range(50)]
    asked(clients[0], TABLE)
    for i, client in enumerate(clients):
        client.send(query(f"begin; insert into t (id) values ({i})"))
    for client in reversed(clients):
        assert told(client.receive_until(b"Z\0\0\0\5T"))[-2] == "INSERT 0 1"
    for client in clients:
        assert asked(client, "commit") == ["COMMIT", "ready I"]
    assert asked(clients[7], "select count(*) from t")[1] == ["50"]
    assert server.stop() == 0


def test_one_bad_client_does_not_disturb_the_others(program, workdir):
    """Garbage, a half message, a client that never reads, one that vanishes: the rest is served."""
    server = program.start("server", {"path": str(workdir / "bad.db")})
    good = client_of(server)
    asked(good, f"{TABLE}; {ROWS}")
    garbage, half, deaf, gone = (
        server.connect(),
        client_of(server),
        client_of(server),
        client_of(server),
    )
    garbage.send(b"\xff" * 4096)
    half.send(query("delete from t")[:9])
    deaf.send(query("select x.s, y.s from t x, t y, t z, t v, t w, t u") * 200)
    gone.send(query("begin; delete from t"))
    gone.receive_until(b"Z\0\0\0\5T")
    gone.reset()
    assert asked(good, "select count(*) from t")[1] == ["3"]
    assert asked(good, "update t set n = 0 where id = 1")[0] == "UPDATE 1"
    assert server.stop() == 0


def test_a_long_answer_arrives_whole(program, workdir):
    """A result of many megabytes is complete and in order, and who never reads his keeps nobody waiting."""
    server = program.start("server", {"path": str(workdir / "long.db")})
    deaf, client = client_of(server), client_of(server)
    asked(client, TABLE)
    text = "x" * 5000
    rows = ", ".join(f"({i}, {i}, '{text}')" for i in range(56))
    asked(client, f"insert into t values {rows}")
    long = query("select x.id, y.id, x.s from t x cross join t y")
    deaf.send(long)
    client.send(long)
    rows = [row for row in told(client.receive_until(READY)) if isinstance(row, list)][1:]
    assert [len(rows), {row[2] for row in rows}] == [56 * 56, {text}]
    assert sorted(map(int, {row[0] for row in rows})) == list(range(56))
    assert asked(client, "select count(*) from t")[1] == ["56"]
    assert server.stop() == 0


def test_what_was_acknowledged_survives_kill_9(program, workdir, seed):
    """Transfers between accounts, killed at any moment: the sum is kept, and every commit that was told."""
    path = str(workdir / "bank.db")
    server = program.start("server", {"path": path})
    client = client_of(server)
    asked(
        client,
        "create table a (id integer primary key, n integer); create table log (id integer primary key)",
    )
    asked(client, "insert into a values (0, 100), (1, 100), (2, 100), (3, 100)")
    done = 0
    for _ in range(3):
        for _ in range(seed.randrange(1, 12)):
            give, take = seed.sample(range(4), 2)
            script = f"update a set n = n - 1 where id = {give}; update a set n = n + 1 where id = {take}"
            assert asked(client, f"{script}; insert into log values ({done})")[-1] == "ready I"
            done += 1
        client.send(query(f"begin; update a set n = 0; insert into log values ({done + 1000})"))
        client.send(query(f"update a set n = n + 1 where id = {give}"))
        server.kill()
        server.restart()
        client = client_of(server)
        assert asked(client, "select sum(n) from a")[1] == ["400"]
        assert asked(client, "select count(*), max(id) from log")[1] == [str(done), str(done - 1)]
    client.send(TERMINATE)
    assert server.stop() == 0
    check_store(path, 4096)


def test_a_commit_costs_one_sync_and_reading_none(kata, workdir, disk):
    """A transaction over the wire is one sync of the disk; a query, and a transaction that only reads, none."""
    connection = kata.Connection(kata.TransactionManager(kata.Store(str(workdir / "cost.db"))))
    connection.receive(startup() + query(f"{TABLE}; {ROWS}"))
    costs = []
    for sql in ("insert into t (id) values (9)", "select * from t", "begin; select 1; commit", "begin; update t set n = 1; delete from t where id = 2; commit"):  # fmt: skip
        disk.record()
        connection.receive(query(sql))
        costs.append(disk.counts()["syncs"])
    assert costs == [1, 0, 0, 1]


def test_sigterm_lets_open_transactions_go(program, workdir):
    """The server ends well with clients in the middle of things, and starts again on the same file."""
    config = {"path": str(workdir / "term.db")}
    server = program.start("server", config)
    client = client_of(server)
    asked(client, f"{TABLE}; insert into t (id) values (1)")
    asked(client, "begin; insert into t (id) values (2)", "T")
    assert server.stop() == 0
    server.restart()
    assert asked(client_of(server), "select id from t")[1:-2] == [["1"]]
    assert server.stop() == 0


def test_clients_that_leave_take_their_sockets_with_them(program, workdir):
    """Whoever says goodbye, goes silent or vanishes leaves no descriptor behind; half of them in a transaction."""
    server = program.start("server", {"path": str(workdir / "leave.db")})
    good = client_of(server)
    asked(good, TABLE)
    before = server.descriptors()
    for number in range(24):
        client = client_of(server)
        client.send(query("begin; insert into t (id) values (1)" if number % 2 else "select 1"))
        client.receive_until(b"Z\0\0\0\5" + (b"T" if number % 2 else b"I"))
        if number % 3 == 0:
            client.reset()
            continue
        if number % 3 == 1:
            client.half_close()
        else:
            client.send(TERMINATE)
        assert client.receive_all() == b""
    for _ in range(3):
        assert asked(good, "select count(*) from t")[1] == ["0"]
    assert server.descriptors() == before
    assert server.stop() == 0


def test_goodbye_waits_for_what_was_asked_before(program, workdir):
    """A long answer is sent to its end, also if the client has said goodbye behind its question."""
    server = program.start("server", {"path": str(workdir / "bye.db")})
    client = client_of(server)
    asked(client, TABLE)
    asked(client, f"insert into t values {', '.join(f'({i}, {i}, null)' for i in range(60))}")
    client.send(query(f"select x.id, '{'y' * 2000}' from t x cross join t y") + TERMINATE)
    rows = [row for row in told(client.receive_all()) if isinstance(row, list)]
    assert len(rows) == 1 + 3600
    assert server.stop() == 0


def test_a_server_that_ends_closes_its_store(program, workdir):
    """After SIGTERM all that was committed is in the file, and the log is empty."""
    path = workdir / "end.db"
    server = program.start("server", {"path": str(path)})
    asked(client_of(server), f"{TABLE}; {ROWS}")
    assert server.stop() == 0
    assert log_pages((workdir / "end.db-wal").read_bytes(), 4096) == {}
    assert len(check_store(path, 4096).trees[0].items) > 3


def test_an_error_of_the_machine_is_told_too(kata, workdir, disk):
    """What is no mistake of the client has the code XX000; the connection goes on."""
    connection = kata.Connection(kata.TransactionManager(kata.Store(str(workdir / "full.db"))))
    connection.receive(startup() + query(TABLE))
    disk.fail(1, "full")
    assert told(connection.receive(query("insert into t (id) values (1)"))) == [
        "error XX000",
        "ready I",
    ]
    assert told(connection.receive(query("select count(*) from t")))[1] == ["0"]


def test_a_statement_that_is_too_deep_is_refused(connect):
    """An expression nested beyond all use is one error, 54001 or 0A000; the connection goes on."""
    connection = connect()
    (error, ready) = told(connection.receive(query("select " + "1 + " * 50_000 + "1")))
    assert error in ("error 54001", "error 0A000") and ready == "ready I"
    assert told(connection.receive(query("select 1")))[1] == ["1"]


def test_each_value_may_have_its_own_format(connect):
    """Text beside binary, and a closed portal beside a statement that stays."""
    connection = connect()
    sent = parse("select $1 + $2 as n, $1 || 'x'", oids=[23, 20])
    sent += (
        bind(["7", struct.pack(">q", 8)], formats=[TEXT, BINARY], results=[BINARY, TEXT])
        + execute()
    )
    sent += (
        close("P")
        + bind([struct.pack(">i", 1), struct.pack(">q", 2)], formats=[BINARY])
        + execute()
        + SYNC
    )
    found = [values(body) for kind, body in split(connection.receive(sent)) if kind == "D"]
    assert found == [[struct.pack(">q", 15), b"7x"], [b"3", b"1x"]]
    gone = connection.receive(bind(["1", "2"]) + close("P") + execute() + SYNC)
    assert told(gone)[-2:] == ["error 34000", "ready I"]
