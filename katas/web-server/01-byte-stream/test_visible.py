"""Bytes on the wire: the buffer that finds messages in a stream, and a server that uses it."""

import pytest


@pytest.fixture
def buffer(kata):
    return kata.StreamBuffer()


@pytest.fixture
def server(program):
    return program.start("echo_server")


def test_a_line_comes_out_without_its_end(buffer):
    """A line is given out without its CR LF, and what follows it stays."""
    buffer.append(b"hello\r\nwor")
    assert [buffer.take_line(100), buffer.size()] == [b"hello", 3]


def test_lines_come_out_one_by_one(kata, buffer):
    """Two lines that arrived together are still two lines."""
    buffer.append(b"one\r\n\r\ntwo\r\n")
    got = kata.many(buffer, "take_line", [[100]] * 4)
    assert got == [b"one", b"", b"two", None]


def test_a_line_in_pieces_is_one_line(kata, buffer):
    """A line that arrives in three pieces is given out once it is whole, not before."""
    got = kata.script(
        [
            [buffer, "append", [b"hel"]],
            [buffer, "take_line", [100]],
            [buffer, "append", [b"lo\r"]],
            [buffer, "take_line", [100]],
            [buffer, "append", [b"\n"]],
            [buffer, "take_line", [100]],
        ]
    )
    assert got[1::2] == [None, None, b"hello"]


def test_too_few_bytes_are_not_taken(buffer):
    """While fewer bytes are here than asked for, nothing is taken and nothing is lost."""
    buffer.append(b"abc")
    assert [buffer.take(4), buffer.size(), buffer.take(3), buffer.size()] == [None, 3, b"abc", 0]


def test_some_bytes_are_what_is_here(buffer):
    """Some bytes: as many as are here, at most as many as asked for, perhaps none."""
    buffer.append(b"abcde")
    assert [buffer.take_some(2), buffer.take_some(9), buffer.take_some(9)] == [b"ab", b"cde", b""]


def test_everything_up_to_a_mark(buffer):
    """What is taken up to a mark ends with the mark."""
    buffer.append(b"key: value\r\n\r\nbody")
    assert buffer.take_until(b"\r\n\r\n", 100) == b"key: value\r\n\r\n"
    assert [buffer.take_until(b"\r\n\r\n", 100), buffer.size()] == [None, 4]


def test_a_line_that_is_too_long_is_an_error(kata, buffer):
    """More bytes than allowed without an end are an error, before the end has come."""
    buffer.append(b"x" * 11)
    with kata.raises("LineTooLong"):
        buffer.take_line(10)


def test_a_line_is_echoed(server):
    """A line comes back with CR LF."""
    with server.connect() as client:
        client.send(b"hello\r\n")
        assert client.receive_until(b"\n") == b"hello\r\n"


@pytest.mark.parametrize("line", [b"  two words\t", b"", b"caf\xc3\xa9 \xff\x00", b"a\rb"])
def test_a_line_of_any_bytes_comes_back_unchanged(server, line):
    """White space, letters of two bytes and bytes that are no letters are none of the server's business."""
    with server.connect() as client:
        client.send(line[:4])
        client.send(line[4:] + b"\n")
        assert client.receive_until(b"\n") == line + b"\r\n"


def test_two_lines_in_one_packet_are_two_answers(server):
    """Lines that were sent together are answered one by one; LF alone ends a line too."""
    with server.connect() as client:
        client.send(b"one\ntwo\r\n\n")
        assert client.receive_exactly(12) == b"one\r\ntwo\r\n\r\n"


def test_one_line_in_three_packets_is_one_answer(server):
    """A line sent in three pieces, each acknowledged in between, is one line."""
    with server.connect() as client, server.connect() as other:
        for piece in (b"hel", b"lo\r", b"\n"):
            client.send(piece)
            other.send(b"there?\n")
            other.receive_until(b"\n")
        client.half_close()
        assert client.receive_all() == b"hello\r\n"


def test_quit_ends_the_connection(server):
    """QUIT is answered with BYE, and then the server closes."""
    with server.connect() as client:
        client.send(b"QUIT\r\nmore\r\n")
        assert client.receive_all() == b"BYE\r\n"


def test_answers_come_after_the_last_line(server):
    """A client that has finished sending still gets every answer, and then the end."""
    with server.connect() as client:
        client.send(b"first\nsecond\n")
        client.half_close()
        assert client.receive_all() == b"first\r\nsecond\r\n"


def test_a_line_too_long_for_the_server_ends_the_connection(server):
    """More than 8,192 bytes without an end are answered with an error and the end."""
    with server.connect() as client:
        client.send(b"x" * 9000)
        assert client.receive_all() == b"ERR line too long\r\n"
