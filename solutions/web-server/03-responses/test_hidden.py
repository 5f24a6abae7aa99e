"""Writing a response, harder: every byte in names and values, odd dates, rude clients."""

import http.client
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT
TOKEN = set(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def plain(status=200, headers=(), body=b""):
    return {"status": status, "headers": [list(field) for field in headers], "body": body}


def split(message):
    head, body = message.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    return first, [[name.lower(), value] for name, value in fields], body


@pytest.fixture
def server(program):
    return program.start("hello_server", {"timeouts": {"head": 0.6}, "limits": {"header_count": 5}})


def ask(server, target, method="GET"):
    with server.connect() as client:
        client.send(f"{method} {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        return split(client.receive_all())


@settings(max_examples=60)
@given(epochs=st.lists(st.integers(0, 253_402_300_799), min_size=5, max_size=5))
def test_a_date_that_was_written_is_read_back(kata, epochs):
    """Whatever the time between 1970 and 9999, its date means that time, in the words of gmtime."""
    texts = kata.script([[None, "http_date", [epoch]] for epoch in epochs])
    for text, epoch in zip(texts, epochs, strict=True):
        t = time.gmtime(epoch)
        assert text == time.strftime(f"%a, %d %b {t.tm_year:04} %H:%M:%S GMT", t)
    assert kata.script([[None, "parse_http_date", [text, NOW]] for text in texts]) == epochs


def test_years_of_two_digits_are_near_now(kata):
    """A short year more than 50 years ahead is the century before; 50 years ahead is still ahead."""
    now = 1_790_000_000  # in 2026
    shorts = ["26", "76", "77", "99", "00"]
    got = kata.script([[None, "parse_http_date", [f"Monday, 01-Jan-{y} 00:00:00 GMT", now]] for y in shorts])
    years = [time.gmtime(epoch).tm_year for epoch in got]
    assert years == [2026, 2076, 1977, 1999, 2000]
    late = 4_070_908_800  # in 2099
    assert kata.parse_http_date("Friday, 01-Jan-00 00:00:00 GMT", late) == 946_684_800


def test_dates_out_of_shape_are_none(kata):
    """A date is exactly in one of its forms or it is none."""
    wrong = [
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n", "Sun, ٠٦ Nov 1994 08:49:37 GMT", "Nov, 06 Sun 1994 08:49:37 GMT",
    ]  # fmt: skip
    got = kata.script([[None, "parse_http_date", [text, NOW]] for text in wrong])
    assert [text for text, epoch in zip(wrong, got, strict=True) if epoch is not None] == []


def test_days_that_exist_are_dates(kata):
    """Leap days, last days of months, days of the week that do not fit, and times before 1970."""
    right = {
        "Tue, 29 Feb 2000 00:00:00 GMT": 951_782_400,
        "Mon, 31 Dec 1979 23:59:59 GMT": 315_532_799,
        "Fri Feb 29 12:00:00 2008": 1_204_286_400,
        "Wed, 31 Dec 1969 23:59:59 GMT": -1,
    }
    got = kata.script([[None, "parse_http_date", [text, NOW]] for text in right])
    assert got == list(right.values())


def test_every_byte_of_a_name_is_judged(kata):
    """A name is one or more of the 77 characters of a token; everything else is refused."""
    steps = [[None, "encode_head", [200, [[f"x{chr(c)}y", "v"]], [1, 1]]] for c in range(256)]
    results = kata.script(steps)
    assert {c for c, r in enumerate(results) if isinstance(r, bytes)} == TOKEN
    assert all(results[c] == b"HTTP/1.1 200 OK\r\nx%cy: v\r\n\r\n" % c for c in TOKEN)
    with kata.raises("ValueError"):
        kata.encode_head(200, [["", "v"]], [1, 1])
    with kata.raises("ValueError"):
        kata.encode_head(200, [["x\n", "v"]], [1, 1])


def test_every_character_of_a_value_is_judged(kata):
    """In a value are tabs and what one byte can hold from the space on, but not 0x7F."""
    characters = [*map(chr, range(258)), "\u2028", "\U0001f600"]
    places = ["{}", "a{}", "{}a", "a{}b"]
    for place in places:
        steps = [[None, "encode_head", [200, [["n", place.format(c)]], [1, 1]]] for c in characters]
        results = kata.script(steps)
        good = {c for c, r in zip(characters, results, strict=True) if isinstance(r, bytes)}
        assert good == {"\t", *map(chr, range(0x20, 0x7F)), *map(chr, range(0x80, 0x100))}
    value = "".join(map(chr, [*range(0x20, 0x7F), *range(0x80, 0x100)]))
    assert kata.encode_head(200, [["n", value]], [1, 1]).split(b"\r\n")[1] == b"n: " + value.encode("latin-1")


@pytest.mark.parametrize(("status", "good"), [(99, False), (100, True), (999, True), (1000, False), (0, False), (-200, False)])
def test_a_status_has_three_digits(kata, status, good):
    """Only 100 to 999 can be written; unknown ones have an empty phrase after the space."""
    (got,) = kata.script([[None, "encode_head", [status, [], [1, 1]]]])
    assert isinstance(got, bytes) == good
    if status == 999:
        assert got == b"HTTP/1.1 999 \r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("length", ["4", "6", "05", "", "5, 5", "-5", "5 "])
def test_a_length_that_lies_is_refused(kata, length, method):
    """A Content-Length of the response's own must be the body's, digit for digit."""
    with kata.raises("ValueError"):
        kata.encode_response(plain(200, [["content-LENGTH", length]], b"hello"), method, NOW, False)


def test_what_the_response_says_itself_is_not_said_twice(kata):
    """Its own date and its own true length stay as they are, once."""
    own = [["date", "Thu, 01 Jan 1970 00:00:00 GMT"], ["CONTENT-Length", "5"]]
    _, fields, body = split(kata.encode_response(plain(200, own, b"hello"), "GET", NOW, False))
    assert fields == [["date", "Thu, 01 Jan 1970 00:00:00 GMT"], ["content-length", "5"]]
    assert body == b"hello"


def test_a_response_without_a_body_has_length_zero(kata):
    """No body and an empty body are the same: a length of 0, where the status allows one."""
    for body in (None, b""):
        _, fields, rest = split(kata.encode_response(plain(200, [], body), "GET", NOW, True))
        assert [["content-length", "0"] in fields, ["connection", "close"] in fields, rest] == [True, True, b""]


def test_a_length_counts_bytes(kata):
    """Letters of two and four bytes, and bytes that are no letters, count as bytes."""
    for body in ("äöü".encode(), "\U0001f600".encode(), b"\xff\xfe\x00", bytes(range(256))):
        _, fields, rest = split(kata.encode_response(plain(200, [], body), "POST", NOW, False))
        assert [dict(fields)["content-length"], rest] == [str(len(body)), body]


def test_which_statuses_have_bodies(kata):
    """1xx, 204 and 304 have none; their neighbours, and errors, have."""
    statuses = [100, 199, 200, 203, 204, 205, 303, 304, 305, 404, 500]
    steps = [[None, "encode_response", [plain(s, [], b"body"), "GET", NOW, False]] for s in statuses]
    messages = dict(zip(statuses, kata.script(steps), strict=True))
    some = {200, 203, 205, 303, 305, 404, 500}
    assert {s for s, m in messages.items() if m.endswith(b"body")} == some
    assert {s for s, m in messages.items() if b"content-length: 4\r\n" in m.lower()} == some
    assert {s for s, m in messages.items() if b"content-length" in m.lower()} == some
    steps = [[None, "sends_body", [s, m]] for s in (200, 204, 304, 150) for m in ("GET", "HEAD", "POST")]
    assert kata.script(steps) == [True, False, True] + [False] * 9


def test_the_fields_of_a_body_of_unknown_length(kata):
    """Without a known length there is no Content-Length, and one of the response's own is left alone."""
    got = kata.complete_headers({"status": 200, "headers": [["Content-Length", "9"]]}, None, NOW, False)
    assert [list(field) for field in got] == [["Content-Length", "9"], ["Date", "Sun, 06 Nov 1994 08:49:37 GMT"]]


def test_the_phrases_are_the_rfcs(kata):
    """Phrases that are often remembered wrongly."""
    statuses = [100, 203, 302, 307, 413, 422, 505, 306, 600]
    assert kata.script([[None, "reason_phrase", [s]] for s in statuses]) == [
        "Continue", "Non-Authoritative Information", "Found", "Temporary Redirect", "Content Too Large",
        "Unprocessable Content", "HTTP Version Not Supported", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["/badheader", "/lie", "/boom"])
def test_a_response_that_cannot_be_written_is_a_500(server, target):
    """Nothing of it is sent: no injected field, no half of a body, no word of the reason."""
    first, fields, body = ask(server, target)
    names = {name for name, _ in fields}
    assert [first.split()[1], "x-injected" in names, "x-name" in names] == ["500", False, False]
    assert b"secret" not in body and b"four" not in body and b"length" not in body.lower()
    assert dict(fields)["content-length"] == str(len(body))


def test_a_head_request_gets_the_length_alone(server):
    """HEAD over the wire: the same fields as GET, and not a byte more, for parts as well."""
    for target, length in (("/", "13"), ("/parts", "10")):
        first, fields, body = ask(server, target, "HEAD")
        assert [first, dict(fields)["content-length"], body] == ["HTTP/1.1 200 OK", length, b""]
    assert ask(server, "/empty")[::2] == ("HTTP/1.1 204 No Content", b"")


def test_bodies_are_closed_when_they_are_done(server):
    """A body is closed once: when it was sent, and when it was not because the method was HEAD."""
    for target, method in (("/parts", "GET"), ("/stream", "GET"), ("/parts", "HEAD")):
        ask(server, target, method)
    assert ask(server, "/closed")[2] == b"3"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5 + b"\r\n", "431"),
        (b"GET /" + b"x" * 9000, "414"),
        (b"GET /nowhere HTTP/1.0\r\n\r\n", "404"),
    ],
)
def test_each_refusal_has_its_status(server, request_bytes, status):
    """Malformed heads, hosts and sizes are answered as the head reader says, and the connection ends."""
    with server.connect() as client:
        client.send(request_bytes)
        first, fields, _ = split(client.receive_all())
    assert [first.split()[1], dict(fields)["connection"]] == [status, "close"]


def test_a_client_that_still_sends_reads_the_whole_answer(server):
    """A POST of 2 MB whose body nobody wants still gets its answer, each of eight times."""
    for _ in range(8):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=8)
        connection.request("POST", "/bytes/100000", body=b"z" * (2 << 20))
        response = connection.getresponse()
        assert [response.status, len(response.read())] == [200, 100_000]
        connection.close()


def test_a_refused_client_that_still_sends_reads_the_refusal(server):
    """The same when the head was wrong: the answer is not lost to what was not read."""
    with server.connect() as client:
        client.send(b"GET / HTTP/9.9\r\n\r\n" + b"z" * (1 << 20))
        client.half_close()
        assert client.receive_all().startswith(b"HTTP/1.1 505 ")


def test_clients_are_served_side_by_side(server):
    """A slow client keeps nobody waiting, and its request is answered when it is whole."""
    with server.connect() as slow:
        slow.send(b"GET /echo HTTP/1.1\r\nHo")
        assert ask(server, "/")[2] == b"hello, world\n"
        slow.send(b"st: slow\r\n\r\n")
        assert json.loads(split(slow.receive_all())[2])["headers"] == [["host", "slow"]]


def test_a_drip_of_bytes_does_not_win_time(server):
    """The time for a head is counted from its beginning, not from the last byte."""
    with server.connect() as client:
        end = time.monotonic() + 4
        client.socket.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < end:
            client.send(b"G")
            client.socket.settimeout(0.1)
            try:
                answer = client.socket.recv(4096)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_nothing_is_left_of_clients_that_went(server):
    """Clients that reset, leave early or say nothing leave no descriptor behind."""
    ask(server, "/")
    before = server.descriptors()
    for number in range(40):
        client = server.connect()
        if number % 2:
            client.send(b"GET / HTTP/1.1\r\n")
        client.reset() if number % 3 else client.close()
    ask(server, "/")
    end = time.monotonic() + 4
    while server.descriptors() > before and time.monotonic() < end:
        ask(server, "/")
    assert server.descriptors() <= before


def test_it_stops_when_it_is_told(server):
    """SIGTERM ends the program with status 0, also with an idle client connected."""
    with server.connect():
        assert server.stop() == 0
