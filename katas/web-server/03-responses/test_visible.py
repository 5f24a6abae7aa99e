"""Writing a response: dates, heads, whole responses, and a server that answers once."""

import json
import time

import pytest

NOW = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT


def plain(status=200, headers=(), body=b""):
    return {"status": status, "headers": [list(field) for field in headers], "body": body}


def split(message):
    """Status line, fields (names in lower case), and body of a response."""
    head, body = message.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    return first, {name.lower(): value for name, value in fields}, body


@pytest.fixture
def server(program):
    return program.start("hello_server", {"timeouts": {"head": 0.4}})


def ask(server, target, method="GET"):
    with server.connect() as client:
        client.send(f"{method} {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        return split(client.receive_all())


@pytest.mark.parametrize(
    ("status", "phrase"), [(200, "OK"), (404, "Not Found"), (431, "Request Header Fields Too Large"), (299, "")]
)
def test_a_status_has_its_phrase(kata, status, phrase):
    """The phrases are those of the RFC; a code without one has none."""
    assert kata.reason_phrase(status) == phrase


def test_a_time_is_written_as_a_date(kata):
    """A time becomes a date in GMT, in English, with two digits where there are two."""
    assert kata.http_date(NOW) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert kata.http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_a_date_is_read_in_three_forms(kata, text):
    """All three forms of a date mean the same time."""
    assert kata.parse_http_date(text, NOW) == NOW


@pytest.mark.parametrize("text", ["", "yesterday", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT"])
def test_what_is_no_date_is_none(kata, text):
    """Words, days that do not exist and hours beyond the day are no date."""
    assert kata.parse_http_date(text, NOW) is None


def test_a_head_is_lines(kata):
    """Status line, fields in their order, empty line; each line ends with CR LF."""
    headers = [["X-B", "two"], ["X-A", "café"], ["X-B", ""]]
    head = kata.encode_head(404, headers, [1, 0])
    assert head == b"HTTP/1.0 404 Not Found\r\nX-B: two\r\nX-A: caf\xe9\r\nX-B: \r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\u20ac"])
def test_a_value_cannot_smuggle_a_line(kata, value):
    """A value with a line break, a zero or a character beyond one byte is refused."""
    with kata.raises("ValueError"):
        kata.encode_head(200, [["X-Name", value]], [1, 1])


def test_a_response_knows_its_length_and_its_time(kata):
    """The writer adds the body's length in bytes and the date, and closes when it is told."""
    message = kata.encode_response(plain(200, [["X-A", "1"]], "grüße".encode()), "GET", NOW, True)
    first, fields, body = split(message)
    assert [first, body] == ["HTTP/1.1 200 OK", "grüße".encode()]
    assert fields == {
        "x-a": "1",
        "content-length": "7",
        "date": "Sun, 06 Nov 1994 08:49:37 GMT",
        "connection": "close",
    }


def test_an_answer_to_head_has_no_body(kata):
    """HEAD is told the length of the body that GET would get, and gets none."""
    _, fields, body = split(kata.encode_response(plain(body=b"hello"), "HEAD", NOW, False))
    assert [fields["content-length"], body, "connection" in fields] == ["5", b"", False]


@pytest.mark.parametrize("status", [101, 204, 304])
def test_some_statuses_have_no_body(kata, status):
    """1xx, 204 and 304 are written without a body and without a length."""
    _, fields, body = split(kata.encode_response(plain(status, body=b"hello"), "GET", NOW, False))
    assert [body, "content-length" in fields] == [b"", False]


def test_the_server_says_hello(server):
    """GET / gets 13 bytes, their length, and the end of the connection."""
    before = int(time.time())
    first, fields, body = ask(server, "/")
    assert [first, body, fields["content-length"]] == ["HTTP/1.1 200 OK", b"hello, world\n", "13"]
    assert fields["connection"] == "close"
    stamp = time.mktime(time.strptime(fields["date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    assert before <= stamp <= time.time()


def test_the_handler_sees_the_request(server):
    """Method, target and fields reach the handler."""
    _, _, body = ask(server, "/echo?q=1", "PUT")
    seen = json.loads(body)
    assert seen == {"method": "PUT", "target": "/echo?q=1", "headers": [["host", "here"]]}


def test_a_body_in_parts_is_sent_in_full(server):
    """A body that is made of parts is sent part by part, with its length if it knows it."""
    _, fields, body = ask(server, "/parts")
    assert [fields["content-length"], body] == ["10", b"two parts\n"]
    _, fields, body = ask(server, "/stream")
    assert ["content-length" in fields, body] == [False, b"until the end\n"]


def test_a_wrong_request_is_answered_with_its_status(server):
    """What the head reader refuses is answered, not dropped."""
    with server.connect() as client:
        client.send(b"GET / HTTP/3.1\r\n\r\n")
        first, fields, _ = split(client.receive_all())
    assert [first.split()[1], fields["connection"]] == ["505", "close"]


def test_an_error_of_the_handler_stays_inside(server):
    """A handler that raises gets the client a 500 without a word of the error, and the next one is served."""
    first, _, body = ask(server, "/boom")
    assert first.split()[1] == "500"
    assert b"secret" not in body
    assert ask(server, "/")[2] == b"hello, world\n"


def test_a_silent_client_is_dropped(server):
    """Who says nothing in time gets the end; who has begun a request gets 408 first."""
    with server.connect() as silent, server.connect() as slow:
        slow.send(b"GET / HT")
        assert silent.receive_all() == b""
        assert slow.receive_all().startswith(b"HTTP/1.1 408 ")
