"""Bytes on the wire, harder: every way to cut a stream, long lines, slow readers, many clients."""

import select
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LINES = st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\r\n", b"\r")), max_size=12)


@pytest.fixture
def server(program):
    return program.start("echo_server")


@settings(max_examples=40)
@given(lines=LINES, cuts=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_however_the_stream_is_cut_the_lines_are_the_same(kata, lines, cuts):
    """Any lines, cut into any pieces, come out as they went in."""
    lines = [line.removesuffix(b"\r") for line in lines]
    stream = b"".join(line + b"\r\n" for line in lines)
    buffer = kata.StreamBuffer()
    steps, at, turn = [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        steps += [[buffer, "append", [stream[at : at + size]]], [buffer, "take_line", [30]]]
        at, turn = at + size, turn + 1
    steps += [[buffer, "take_line", [30]]] * len(lines)
    results = kata.script(steps)
    got = [r for step, r in zip(steps, results, strict=True) if step[1] == "take_line"]
    assert [line for line in got if line is not None] == lines
    assert buffer.size() == 0


def test_a_mark_may_come_in_pieces(kata):
    """A mark of four bytes is found however it was cut, also after a false beginning."""
    buffer = kata.StreamBuffer()
    steps = []
    for byte in b"a\r\n\r\r\n\r\nb":
        steps += [[buffer, "append", [bytes([byte])]], [buffer, "take_until", [b"\r\n\r\n", 50]]]
    got = kata.script(steps)[1::2]
    assert got == [None] * 7 + [b"a\r\n\r\r\n\r\n", None]


def test_the_rest_of_a_mark_may_come_at_once(kata):
    """One byte is here, less than the mark is long; then the whole mark comes."""
    buffer = kata.StreamBuffer()
    buffer.append(b"a")
    assert buffer.take_until(b"\r\n\r\n", 50) is None
    buffer.append(b"\r\n\r\n")
    assert buffer.take_until(b"\r\n\r\n", 50) == b"a\r\n\r\n"


def test_an_error_takes_nothing(kata):
    """What was too long for one question can still be had by another."""
    buffer = kata.StreamBuffer()
    buffer.append(b";")
    with kata.raises("LineTooLong"):
        buffer.take_until(b";", 0)
    assert buffer.take_until(b";", 1) == b";"


def test_two_marks_can_be_looked_for_in_turn(kata):
    """What one search has passed over, a search for another mark still finds."""
    buffer = kata.StreamBuffer()
    buffer.append(b"one;two,three;")
    assert buffer.take_until(b"\r\n", 100) is None
    assert buffer.take_until(b",", 100) == b"one;two,"
    assert buffer.take_until(b";", 100) == b"three;"


def test_a_lone_carriage_return_or_line_feed_ends_nothing(kata):
    """Only CR LF together end a line; other bytes, the controls among them, are part of it."""
    buffer = kata.StreamBuffer()
    buffer.append(b"a\rb\nc\x0b\x85\x1c\xff \t\r\n")
    assert buffer.take_line(100) == b"a\rb\nc\x0b\x85\x1c\xff \t"


def test_the_end_of_a_line_may_come_alone(kata):
    """A CR at the end of what is here may be half of the end, and may be not."""
    buffer = kata.StreamBuffer()
    got = kata.script(
        [
            [buffer, "append", [b"ab\r"]],
            [buffer, "take_line", [2]],
            [buffer, "append", [b"\n"]],
            [buffer, "take_line", [2]],
            [buffer, "append", [b"\r"]],
            [buffer, "take_line", [0]],
            [buffer, "append", [b"\n"]],
            [buffer, "take_line", [0]],
        ]
    )
    assert got[1::2] == [None, b"ab", None, b""]


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        (b"x" * 8192 + b"\r\n", True),
        (b"x" * 8193 + b"\r\n", False),
        (b"x" * 8193, False),
        (b"x" * 8192 + b"\r", None),
        (b"x" * 8192, None),
    ],
    ids=["whole", "one more", "one more without end", "half an end", "no end"],
)
def test_the_limit_of_a_line_is_exact(kata, data, fits):
    """8,192 bytes fit, 8,193 do not, and the end of the line is not waited for."""
    buffer = kata.StreamBuffer()
    buffer.append(data)
    (got,) = kata.script([[buffer, "take_line", [8192]]])
    seen = None if got is None else got == b"x" * 8192 if isinstance(got, bytes) else got.class_name
    assert seen == {True: True, False: "LineTooLong", None: None}[fits]


@pytest.mark.parametrize(
    ("data", "size", "expected"),
    [
        (b"abc;", 4, b"abc;"),
        (b";", 1, b";"),
        (b"abc;", 3, "LineTooLong"),
        (b"abcd", 4, "LineTooLong"),
        (b"abc", 4, None),
    ],
)
def test_the_limit_of_a_marked_piece_is_exact(kata, data, size, expected):
    """A piece may be as long as allowed with its mark; without it, being full is being too long."""
    buffer = kata.StreamBuffer()
    buffer.append(data)
    (got,) = kata.script([[buffer, "take_until", [b";", size]]])
    assert (got if got is None or isinstance(got, bytes) else got.class_name) == expected


def test_more_than_the_buffer_holds_is_refused_whole(kata):
    """Bytes beyond the buffer's limit are refused, and those that were here stay."""
    buffer = kata.StreamBuffer(10)
    results = kata.script(
        [
            [buffer, "append", [b"12345678"]],
            [buffer, "append", [b"9ab"]],
            [buffer, "size", []],
            [buffer, "append", [b"9a"]],
            [buffer, "take", [3]],
            [buffer, "append", [b"bcd"]],
            [buffer, "take_some", [99]],
        ]
    )
    assert not isinstance(results[1], bytes) and results[1] is not None
    assert results[2::2] == [8, b"123", b"456789abcd"[:10]]


def test_nothing_can_be_taken_from_nothing(kata):
    """An empty buffer gives nothing, and no byte is always there."""
    buffer = kata.StreamBuffer()
    assert [buffer.take(0), buffer.take(1), buffer.take_some(5), buffer.size()] == [
        b"",
        None,
        b"",
        0,
    ]


def test_what_was_searched_is_not_searched_again(kata):
    """Asking 20,000 times for a line whose end does not come costs no more than looking once."""
    buffer = kata.StreamBuffer(1 << 24)
    buffer.append(b"x" * (8 << 20))
    assert set(kata.many(buffer, "take_line", [[1 << 24]] * 20_000)) == {None}
    assert set(kata.many(buffer, "take_until", [[b"\n\n", 1 << 24]] * 20_000)) == {None}
    buffer.append(b"\r\n")
    assert buffer.take_line(1 << 24) == b"x" * (8 << 20)


def test_a_long_line_in_small_pieces(kata):
    """A line of 64 KB that comes in pieces of 16 bytes is given out when it is whole."""
    buffer = kata.StreamBuffer()
    piece = b"0123456789abcdef"
    steps = [[buffer, "append", [piece]], [buffer, "take_line", [1 << 20]]] * (1 << 12)
    assert set(kata.script(steps)) == {None}
    buffer.append(b"\r\n")
    assert buffer.take_line(1 << 20) == piece * (1 << 12)


def test_many_small_lines_before_a_large_rest(kata):
    """20,000 lines are given out one by one without moving the 24 MB behind them each time."""
    buffer = kata.StreamBuffer(1 << 26)
    buffer.append(b"".join(b"%d\r\n" % n for n in range(20_000)))
    for _ in range(3):
        buffer.append(b"x" * (8 << 20))
    assert kata.many(buffer, "take_line", [[99]] * 20_000) == [b"%d" % n for n in range(20_000)]
    assert buffer.size() == 24 << 20


def fill_up(client, data):
    """Send without reading until nothing more is taken; how much was."""
    client.setblocking(False)
    sent = 0
    try:
        while sent < len(data):
            sent += client.send(data[sent:])
    except BlockingIOError:
        pass
    return sent


def echo_of(client, data):
    """All that comes back of `data`, which is sent as fast as it is taken, before anything is read."""
    sent, got = fill_up(client, data), bytearray()
    while len(got) < len(data):
        ready, free, _ = select.select([client], [client] if sent < len(data) else [], [], 5)
        assert ready or free, f"nothing moves after {len(got)} of {len(data)} bytes"
        if ready:
            got += client.recv(1 << 18)
        if free:
            sent += client.send(data[sent : sent + (1 << 18)])
    return bytes(got)


def send_until_stuck(client, data):
    """Send without reading until nothing has been taken for a moment; how much was."""
    sent = 0
    while sent < len(data) and select.select([], [client], [], 0.05)[1]:
        sent += fill_up(client, data[sent : sent + (1 << 18)])
    return sent


def take(client, count, got):
    """Add `count` bytes more to `got`."""
    end = len(got) + count
    while len(got) < end:
        assert select.select([client], [], [], 5)[0], f"nothing comes after {len(got)} bytes"
        got += client.recv(min(end - len(got), 1 << 18))


def test_a_slow_reader_gets_everything(server):
    """A client that reads a part only when nothing more can be sent, again and again, gets every byte."""
    data = memoryview((b"y" * 8000 + b"\r\n") * 4000)
    sent, got = 0, bytearray()
    with server.connect() as client:
        while len(got) < len(data):
            sent += send_until_stuck(client.socket, data[sent:])
            part = (sent - len(got)) // 3 if sent < len(data) else sent - len(got)
            take(client.socket, max(part, 1), got)  # a server that is stuck for good is found out
    assert got == data


def test_a_long_conversation_costs_no_memory(server):
    """80 MB on one connection, whose unfinished line never leaves the buffer empty, are not kept."""
    data = (b"y" * 7998 + b"\r\n") * 1000
    with server.connect() as client:
        client.send(data[:4000])
        shifted = data[4000:] + data[:4000]
        assert echo_of(client.socket, shifted) == data
        before = server.memory()
        for _ in range(10):
            echo_of(client.socket, shifted)
        assert server.memory() - before < 48 << 20


def test_lines_of_any_bytes_come_back(server):
    """The server does not care what the bytes mean: text, half a letter, zeros."""
    line = bytes(b for b in range(256) if b not in b"\r\n")
    with server.connect() as client:
        client.send(b"\xc3\n\xa9\r\n" + line + b"\n  x \r\n")
        assert (
            client.receive_exactly(len(line) + 14) == b"\xc3\r\n\xa9\r\n" + line + b"\r\n  x \r\n"
        )


def test_one_carriage_return_belongs_to_the_end_of_a_line(server):
    """Of several CRs before an LF only the last one belongs to the end; a CR after it begins a line."""
    with server.connect() as client:
        client.send(b"a\r\r\n\r\r\r\n\rb\n")
        assert client.receive_exactly(12) == b"a\r\r\n\r\r\r\n\rb\r\n"


@pytest.mark.parametrize(
    ("length", "answer"), [(8192, b"x" * 8192 + b"\r\n"), (8193, b"ERR line too long\r\n")]
)
def test_the_servers_limit_is_exact(server, length, answer):
    """8,192 bytes are echoed, one more is too long, whatever ends the line."""
    for end in (b"\n", b"\r\n"):
        with server.connect() as client:
            client.send(b"x" * length + end)
            client.half_close()
            assert client.receive_all() == answer


def test_only_the_whole_word_quits(server):
    """quit, QUIT with more, and an empty line are lines like others."""
    with server.connect() as client:
        client.send(b"quit\nQUIT now\n\nQUIT\n")
        assert client.receive_all() == b"quit\r\nQUIT now\r\n\r\nBYE\r\n"


def test_an_unfinished_last_line_is_no_line(server):
    """Bytes without an end are not echoed when the client goes."""
    with server.connect() as client:
        client.send(b"whole\nhalf")
        client.half_close()
        assert client.receive_all() == b"whole\r\n"


def test_clients_leave_nothing_behind(server):
    """After 100 clients in turn, some of them rude, as many descriptors are open as before."""

    def visit(rude):
        client = server.connect()
        if rude:
            client.send(b"half a line")
            fill_up(client.socket, b"\n" + b"an answer that nobody reads\n" * 40_000)
            client.reset()
            return
        client.send(b"hi\n")
        client.receive_until(b"\n")
        client.half_close()
        client.receive_all()
        client.close()

    visit(rude=False)
    before = server.descriptors()
    for number in range(100):
        visit(rude=number % 5 == 0)
    for _ in range(100):  # the last ones may take a moment to be forgotten
        visit(rude=False)
        if server.descriptors() <= before:
            break
    assert server.descriptors() <= before


def test_two_clients_are_served_at_once(server):
    """A client that has sent half a line does not keep others waiting."""
    with server.connect() as slow, server.connect() as quick:
        slow.send(b"slo")
        quick.send(b"quick\n")
        assert quick.receive_until(b"\n") == b"quick\r\n"
        slow.send(b"w\n")
        assert slow.receive_until(b"\n") == b"slow\r\n"


def test_a_client_that_never_reads_does_not_hold_up_others(server):
    """While one client sends and never reads, another is answered, and memory stays bounded."""
    with server.connect() as greedy, server.connect() as other:
        other.send(b"before\n")
        other.receive_until(b"\n")
        before = server.memory()
        fill_up(greedy.socket, (b"z" * 4000 + b"\n") * 16_000)
        other.send(b"still there?\n")
        assert other.receive_until(b"\n") == b"still there?\r\n"
        assert server.memory() - before < 32 << 20


def test_the_port_is_free_at_once_after_a_restart(server):
    """The program can be started again on the same port while old connections still linger."""
    with server.connect() as client:
        client.send(b"x\n")
        client.receive_until(b"\n")
        assert server.stop() == 0
        server.restart()
    with server.connect() as client:
        client.send(b"y\n")
        assert client.receive_until(b"\n") == b"y\r\n"


def test_it_listens_where_it_is_told(server):
    """The program listens on the given address only."""
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", server.port), timeout=2):
        pass
    with server.connect() as client:
        client.send(b"QUIT\n")
        assert client.receive_all() == b"BYE\r\n"
