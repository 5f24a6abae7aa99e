"""Writing a response: dates, heads, whole responses, and a server that answers once."""

import calendar
import http.client
import json
import time
from hashlib import sha256

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


def ask(server, target, method="GET", body=b""):
    """The answer to one request, taken apart."""
    with server.connect() as client:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        client.send(f"{method} {target} HTTP/1.1\r\nHost: here\r\n{length}\r\n".encode() + body)
        return split(client.receive_all())


def test_a_status_has_its_phrase(kata):
    """The phrases are those of the RFC; a code without one has none."""
    phrases = {200: "OK", 404: "Not Found", 431: "Request Header Fields Too Large", 299: ""}
    assert {status: kata.reason_phrase(status) for status in phrases} == phrases


def test_a_time_is_written_as_a_date(kata):
    """A time becomes a date in GMT, in English, with two digits where there are two."""
    assert kata.http_date(NOW) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert kata.http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_a_date_is_the_same_all_over_the_world(kata):
    """Neither the time zone nor the language of the machine changes a date."""
    kata.go_abroad()
    assert kata.http_date(1_700_000_000) == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert kata.http_date(1_775_000_000) == "Tue, 31 Mar 2026 23:33:20 GMT"
    assert kata.parse_http_date("Tue, 31 Mar 2026 23:33:20 GMT", NOW) == 1_775_000_000


def test_a_date_is_read_in_three_forms(kata):
    """All three forms of a date mean the same time."""
    forms = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ]
    assert [kata.parse_http_date(form, NOW) for form in forms] == [NOW, NOW, NOW]


def test_what_is_no_date_is_none(kata):
    """Words, days that do not exist and hours beyond the day are no date."""
    texts = ["", "yesterday", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT"]
    assert [kata.parse_http_date(text, NOW) for text in texts] == [None] * 4


def test_a_head_is_lines(kata):
    """Status line, fields in their order, empty line; each line ends with CR LF."""
    headers = [["X-B", "two"], ["X-A", "café"], ["X-B", ""]]
    head = kata.encode_head(404, headers, [1, 0])
    assert head == b"HTTP/1.0 404 Not Found\r\nX-B: two\r\nX-A: caf\xe9\r\nX-B: \r\n\r\n"


def test_a_value_cannot_smuggle_a_line(kata):
    """A value with a line break, a zero or a character beyond one byte is refused."""
    values = ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\u20ac"]
    steps = [[None, "encode_head", [200, [["X-Name", value]], [1, 1]]] for value in values]
    assert [result for result in kata.script(steps) if isinstance(result, bytes)] == []
    with kata.raises("ValueError"):
        kata.encode_head(200, [["X-Name", values[0]]], [1, 1])


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


def test_some_statuses_have_no_body(kata):
    """1xx, 204 and 304 are written without a body and without a length."""
    responses = [plain(status, body=b"hello") for status in (101, 204, 304)]
    messages = [split(kata.encode_response(r, "GET", NOW, False)) for r in responses]
    assert [(body, "content-length" in fields) for _, fields, body in messages] == [
        (b"", False)
    ] * 3


def test_the_server_says_hello(server):
    """GET / gets 13 bytes, their length, and the end of the connection."""
    before = int(time.time())
    first, fields, body = ask(server, "/")
    assert [first, body, fields["content-length"]] == ["HTTP/1.1 200 OK", b"hello, world\n", "13"]
    assert fields["connection"] == "close"
    stamp = calendar.timegm(time.strptime(fields["date"], "%a, %d %b %Y %H:%M:%S GMT"))
    assert before <= stamp <= time.time()


def test_the_handler_sees_the_request(server):
    """Method, target and its parts, fields and body reach the handler."""
    _, _, body = ask(server, "/echo?q=1", "PUT", b"some bytes")
    assert json.loads(body) == {
        "method": "PUT",
        "target": "/echo?q=1",
        "version": [1, 1],
        "path": "/echo",
        "query": "q=1",
        "params": {},
        "headers": [["host", "here"], ["content-length", "10"]],
        "length": 10,
        "sha256": sha256(b"some bytes").hexdigest(),
    }


def test_a_body_is_waited_for(server):
    """The handler is asked when the whole body has come, and bytes come back as they came."""
    with server.connect() as client, server.connect() as other:
        client.send(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n\x00\xff\r")
        other.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        other.receive_all()
        client.send(b"\n\r\n")
        assert split(client.receive_all())[2] == b"\x00\xff\r\n\r\n"


def test_a_body_in_parts_is_sent_in_full(server):
    """A Body is sent part by part, with its length if it knows it, else up to the end."""
    _, fields, body = ask(server, "/parts")
    assert [fields["content-length"], body] == ["13", b"hello, world\n"]
    _, fields, body = ask(server, "/stream/3")
    assert ["content-length" in fields, body] == [False, b"0\n1\n2\n"]


def test_a_body_in_parts_is_closed(server):
    """A Body is closed once: when it was sent, and when HEAD did not want it."""
    ask(server, "/parts")
    ask(server, "/parts", "HEAD")
    answers = (ask(server, "/open")[2] for _ in range(100))
    assert any(answer == b"open 0, closed again 0\n" for answer in answers)


def test_a_client_that_still_sends_gets_its_answer(program):
    """A POST of 2 MB that is refused at its head can be read to the end: four times of four."""
    server = program.start("hello_server", {"limits": {"body": 1000}})
    for _ in range(4):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=8)
        connection.request("POST", "/upload", body=b"z" * (2 << 20))
        assert connection.getresponse().status == 413
        connection.close()


def test_a_wrong_request_is_answered_with_its_status(server):
    """What the head reader refuses is answered, not dropped."""
    with server.connect() as client:
        client.send(b"GET / HTTP/3.1\r\n\r\n")
        first, fields, _ = split(client.receive_all())
    assert [first.split()[1], fields["connection"]] == ["505", "close"]


def test_an_error_of_the_handler_stays_inside(server):
    """A handler's error is a 500 without a word of it, an HttpError has its own status; life goes on."""
    answers = [ask(server, target) for target in ("/boom", "/missing", "/")]
    assert [first.split()[1] for first, _, _ in answers] == ["500", "404", "200"]
    assert [b"secret" in body for _, _, body in answers] == [False, False, False]


def test_a_head_request_gets_the_fields_alone(server):
    """HEAD over the wire: the length that GET would be told, and not a byte of body."""
    _, fields, body = ask(server, "/", "HEAD")
    assert [fields["content-length"], body] == ["13", b""]


def test_a_slow_client_does_not_hold_up_others(server):
    """While one client has sent half a request, another one is answered."""
    with server.connect() as slow:
        slow.send(b"GET /echo HTTP/1.1\r\nHo")
        assert ask(server, "/")[2] == b"hello, world\n"
        slow.send(b"st: slow\r\n\r\n")
        assert json.loads(split(slow.receive_all())[2])["headers"] == [["host", "slow"]]


def test_a_silent_client_is_dropped(server):
    """Who says nothing in time gets the end; who has begun a request gets 408 first."""
    with server.connect() as silent, server.connect() as slow:
        slow.send(b"GET / HT")
        assert silent.receive_all() == b""
        assert slow.receive_all().startswith(b"HTTP/1.1 408 ")
