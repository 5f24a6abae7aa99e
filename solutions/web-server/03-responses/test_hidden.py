"""Writing a response, harder: every byte in names and values, odd dates, rude clients."""

import contextlib
import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT
TOKEN = set(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
ENDLESS = "/bytes/1000000000000"


def plain(status=200, headers=(), body=b""):
    return {"status": status, "headers": [list(field) for field in headers], "body": body}


def split(message):
    head, body = message.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    return first, [[name.lower(), value] for name, value in fields], body


@pytest.fixture
def server(program):
    limits = {"header_count": 5, "request_line": 100, "body": 1 << 24}
    timeouts = {"head": 0.6, "body": 0.6, "write": 0.6, "linger": 3}
    return program.start("hello_server", {"timeouts": timeouts, "limits": limits})


def say(server, data):
    """All that the server answers to `data`."""
    with server.connect() as client:
        client.send(data)
        return client.receive_all()


def ask(server, target, method="GET"):
    return split(say(server, f"{method} {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode()))


def in_english(epoch):
    """A date as the C library writes it in GMT and in English."""
    t = time.gmtime(epoch)
    return time.strftime(f"%a, %d %b {t.tm_year:04} %H:%M:%S GMT", t)


def status(answer):
    """The three digits of an answer, b"" when there is none."""
    return answer[9:12]


def open_bodies(server):
    """What the demo app says of its Bodies."""
    return ask(server, "/open")[2]


def until(done, seconds=4):
    """Ask again and again, until the answer is yes or the time is over."""
    end = time.monotonic() + seconds
    while not (answer := done()) and time.monotonic() < end:
        pass
    return answer


@contextlib.contextmanager
def never_reset():
    """A reset is the server's doing: it has closed on bytes that it had not read."""
    try:
        yield
    except ConnectionError as error:
        raise AssertionError(f"the server has reset the connection: {error}") from None


@settings(max_examples=60)
@given(epochs=st.lists(st.integers(0, 253_402_300_799), min_size=5, max_size=5))
def test_a_date_that_was_written_is_read_back(kata, epochs):
    """Whatever the time between 1970 and 9999, its date means that time, in the words of gmtime."""
    texts = kata.script([[None, "http_date", [epoch]] for epoch in epochs])
    assert texts == [in_english(epoch) for epoch in epochs]
    assert kata.script([[None, "parse_http_date", [text, NOW]] for text in texts]) == epochs


def test_dates_do_not_know_where_they_are_written(kata, seed):
    """In another time zone and another language, dates are written and read as everywhere."""
    kata.go_abroad()
    epochs = [seed.randrange(253_402_300_800) for _ in range(100)]
    texts = kata.script([[None, "http_date", [epoch]] for epoch in epochs])
    assert texts == [in_english(epoch) for epoch in epochs]
    assert kata.script([[None, "parse_http_date", [text, NOW]] for text in texts]) == epochs


def test_years_of_two_digits_are_near_now(kata):
    """A short year more than 50 years ahead is the century before; 50 years ahead is still ahead."""
    now = 1_790_000_000  # in 2026
    shorts = ["26", "76", "77", "99", "00"]
    got = kata.script(
        [[None, "parse_http_date", [f"Monday, 01-Jan-{y} 00:00:00 GMT", now]] for y in shorts]
    )
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


def test_every_day_of_the_week_is_known(kata):
    """In each of the three forms a date may begin with any day of the week."""
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    texts = [
        form
        for day in days
        for form in (
            f"{day[:3]}, 06 Nov 1994 08:49:37 GMT",
            f"{day}, 06-Nov-94 08:49:37 GMT",
            f"{day[:3]} Nov  6 08:49:37 1994",
        )
    ]
    got = kata.script([[None, "parse_http_date", [text, NOW]] for text in texts])
    assert got == [784_111_777] * 21


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
    assert kata.encode_head(200, [["n", value]], [1, 1]).split(b"\r\n")[1] == b"n: " + value.encode(
        "latin-1"
    )


def test_a_status_has_three_digits(kata):
    """Only 100 to 999 can be written; unknown ones have an empty phrase after the space."""
    numbers = [-200, 0, 99, 100, 999, 1000]
    got = kata.script([[None, "encode_head", [number, [], [1, 1]]] for number in numbers])
    assert [isinstance(one, bytes) for one in got] == [False, False, False, True, True, False]
    assert got[4] == b"HTTP/1.1 999 \r\n\r\n"
    with kata.raises("ValueError"):
        kata.encode_head(99, [], [1, 1])


def test_a_length_that_lies_is_refused(kata):
    """A Content-Length of the response's own must be the body's, digit for digit."""
    lies = ["4", "6", "05", "", "5, 5", "-5", "5 "]
    responses = [plain(200, [["content-LENGTH", lie]], b"hello") for lie in lies]
    steps = [
        [None, "encode_response", [r, m, NOW, False]] for r in responses for m in ("GET", "HEAD")
    ]
    assert [one for one in kata.script(steps) if isinstance(one, bytes)] == []
    with kata.raises("ValueError"):
        kata.encode_response(responses[0], "GET", NOW, False)


def test_two_lengths_are_refused(kata):
    """Two fields that tell a length let two readers believe two things, whichever of them is true."""
    pairs = [("4", "5"), ("5", "4"), ("5", "5")]
    responses = [
        plain(200, [["Content-Length", one], ["x", "y"], ["content-length", other]], b"hello")
        for one, other in pairs
    ]
    got = kata.script([[None, "encode_response", [r, "GET", NOW, False]] for r in responses])
    assert [one for one in got if isinstance(one, bytes)] == []
    with kata.raises("ValueError"):
        kata.encode_response(responses[0], "GET", NOW, False)


def test_what_the_response_says_itself_is_not_said_twice(kata):
    """Its own date and its own true length stay as they are, once."""
    own = [["date", "Thu, 01 Jan 1970 00:00:00 GMT"], ["CONTENT-Length", "5"]]
    _, fields, body = split(kata.encode_response(plain(200, own, b"hello"), "GET", NOW, False))
    assert fields == [["date", "Thu, 01 Jan 1970 00:00:00 GMT"], ["content-length", "5"]]
    assert body == b"hello"


@pytest.mark.parametrize("name", ["date", "Date", "DATE"])
def test_a_date_of_its_own_is_known_in_any_case(kata, name):
    """Case means nothing in a name: a response with a date gets no second one."""
    own = [[name, "Thu, 01 Jan 1970 00:00:00 GMT"]]
    _, fields, _ = split(kata.encode_response(plain(200, own, b"hello"), "GET", NOW, False))
    dates = [value for field, value in fields if field == "date"]
    assert dates == ["Thu, 01 Jan 1970 00:00:00 GMT"]


def test_a_response_without_a_body_has_length_zero(kata):
    """No body and an empty body are the same: a length of 0, where the status allows one."""
    for body in (None, b""):
        _, fields, rest = split(kata.encode_response(plain(200, [], body), "GET", NOW, True))
        assert [["content-length", "0"] in fields, ["connection", "close"] in fields, rest] == [
            True,
            True,
            b"",
        ]


def test_a_length_counts_bytes(kata):
    """Letters of two and four bytes, and bytes that are no letters, count as bytes."""
    for body in ("äöü".encode(), "\U0001f600".encode(), b"\xff\xfe\x00", bytes(range(256))):
        _, fields, rest = split(kata.encode_response(plain(200, [], body), "POST", NOW, False))
        assert [dict(fields)["content-length"], rest] == [str(len(body)), body]


def test_which_statuses_have_bodies(kata):
    """1xx, 204 and 304 have none; their neighbours, and errors, have."""
    statuses = [100, 199, 200, 203, 204, 205, 303, 304, 305, 404, 500]
    steps = [
        [None, "encode_response", [plain(s, [], b"body"), "GET", NOW, False]] for s in statuses
    ]
    messages = dict(zip(statuses, kata.script(steps), strict=True))
    some = {200, 203, 205, 303, 305, 404, 500}
    assert {s for s, m in messages.items() if m.endswith(b"body")} == some
    assert {s for s, m in messages.items() if b"content-length: 4\r\n" in m.lower()} == some
    assert {s for s, m in messages.items() if b"content-length" in m.lower()} == some
    steps = [
        [None, "sends_body", [s, m]] for s in (200, 204, 304, 150) for m in ("GET", "HEAD", "POST")
    ]
    assert kata.script(steps) == [True, False, True] + [False] * 9


def test_the_fields_of_a_body_of_unknown_length(kata):
    """Without a known length there is no Content-Length, and one of the response's own is left alone."""
    got = kata.complete_headers(
        {"status": 200, "headers": [["Content-Length", "9"]]}, None, NOW, False
    )
    assert [list(field) for field in got] == [
        ["Content-Length", "9"],
        ["Date", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ]


def test_the_phrases_are_the_rfcs(kata):
    """Phrases that are often remembered wrongly."""
    statuses = [100, 203, 302, 307, 413, 422, 505, 306, 600]
    assert kata.script([[None, "reason_phrase", [s]] for s in statuses]) == [
        "Continue", "Non-Authoritative Information", "Found", "Temporary Redirect", "Content Too Large",
        "Unprocessable Content", "HTTP Version Not Supported", "", "",
    ]  # fmt: skip


def test_a_response_that_cannot_be_written_is_a_500(server):
    """Nothing of it is sent: no injected field, no half of a body, no word of the reason."""
    answers = [ask(server, target) for target in ("/badheader", "/lie", "/boom")]
    assert [first.split()[1] for first, _, _ in answers] == ["500"] * 3
    names = {name for _, fields, _ in answers for name, _ in fields}
    assert names & {"x-bad", "x-injected"} == set()
    bodies = b"".join(body for _, _, body in answers).lower()
    assert [
        word for word in (b"secret", b"seen", b"four", b"length", b"x-") if word in bodies
    ] == []
    lengths = [int(dict(fields)["content-length"]) for _, fields, _ in answers]
    assert lengths == [len(body) for _, _, body in answers]


def test_an_answer_to_head_never_has_a_body(server):
    """HEAD over the wire: the fields of GET and not a byte more, for Bodies and for errors, too."""
    targets = ["/", "/parts", "/stream/9", "/missing", "/boom", "/nowhere"]
    told = []
    for method in ("GET", "HEAD"):
        answers = [ask(server, target, method) for target in targets]
        told.append([(first, dict(fields).get("content-length")) for first, fields, _ in answers])
    assert told[0] == told[1]
    assert [first.split()[1] for first, _ in told[0]] == ["200"] * 3 + ["404", "500", "404"]
    assert [body for _, _, body in answers] == [b""] * 6
    assert [length for _, length in told[0]][:3] == ["13", "13", None]


def test_every_body_is_closed_once(server):
    """A Body is closed when it was sent, when HEAD did not want it, when it failed, when it lied."""
    for target in ("/parts", "/stream/5", "/bytes/0", "/broken", "/lie"):
        ask(server, target)
        ask(server, target, "HEAD")
    assert until(lambda: open_bodies(server) == b"open 0, closed again 0\n")


def test_a_body_is_closed_when_the_client_goes(program):
    """Clients that go in the middle of an answer, or stop reading it, leave no Body open."""
    server = program.start("hello_server", {"timeouts": {"write": 0.4}})
    with server.connect() as stuck:
        stuck.send(f"GET {ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        for _ in range(3):
            client = server.connect()
            client.send(f"GET {ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            client.receive_exactly(100_000)
            client.reset()
        assert until(lambda: open_bodies(server) == b"open 0, closed again 0\n")


def test_a_body_is_sent_as_it_is_made(server):
    """A Body without end is sent piece by piece; the server does not collect it first."""
    ask(server, "/parts")
    before = server.memory()
    with server.connect() as client:
        client.send(f"GET {ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        client.receive_exactly(32 << 20)
        assert server.memory() - before < 24 << 20


def test_a_long_body_arrives_as_it_is(server):
    """Three million bytes in pieces arrive in full and in order."""
    _, fields, body = ask(server, "/bytes/3000000")
    fields = dict(fields)
    assert [fields["content-length"], fields["connection"]] == ["3000000", "close"]
    assert body == b"0123456789abcdef" * 187_500


def test_a_body_that_fails_ends_the_connection(server):
    """What was sent before the failure is all that the client gets; the next client is served."""
    first, fields, body = ask(server, "/broken")
    assert [first, dict(fields)["content-length"], body] == [
        "HTTP/1.1 200 OK",
        "100",
        b"0123456789",
    ]
    assert ask(server, "/")[2] == b"hello, world\n"


def test_each_refusal_has_its_status(server):
    """Malformed heads, hosts, sizes and lengths are answered with their status, and the end."""
    start, post = b"GET / HTTP/1.1\r\n", b"POST /upload HTTP/1.1\r\nHost: a\r\n"
    cases = {
        b"GET /\r\n\r\n": b"400",
        start + b"\r\n": b"400",
        start + b"Host: a\r\nHost: b\r\n\r\n": b"400",
        start + b"Host: a\r\n" + b"X: y\r\n" * 5 + b"\r\n": b"431",
        b"GET /" + b"x" * 200: b"414",
        b"GET /nowhere HTTP/1.0\r\n\r\n": b"404",
        post + b"Content-Length: +5\r\n\r\n12345": b"400",
        post + b"Content-Length: 1_0\r\n\r\n1234567890": b"400",
        post + b"Content-Length: -1\r\n\r\n": b"400",
        post + b"Content-Length: 0x5\r\n\r\n12345": b"400",
        post + b"Content-Length:\r\n\r\n": b"400",
        post + b"Content-Length: \xb2\r\n\r\n12": b"400",
        post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n12": b"400",
        post + b"Content-Length: " + b"0" * 19 + b"\r\n\r\n": b"400",
        post + b"Content-Length: " + b"9" * 18 + b"\r\n\r\n": b"413",
        post + b"Content-Length: 16777217\r\n\r\n": b"413",
        post + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n": b"501",
        post + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n12": b"200",
        post + b"Content-Length: 2, 2\r\n\r\n12": b"200",
        post + b"Content-Length: 2, 3\r\n\r\n12": b"400",
        post + b"Content-Length: 0\r\n\r\n": b"200",
        post + b"Content-Length: " + b"0" * 17 + b"2\r\n\r\n12": b"200",
    }
    answers = {data: say(server, data) for data in cases}
    assert {data: status(answer) for data, answer in answers.items()} == cases
    assert {dict(split(answer)[1])["connection"] for answer in answers.values()} == {"close"}


def test_the_limit_of_the_body_is_exact(program):
    """A body of as many bytes as allowed is taken, one more is refused before it comes."""
    server = program.start("hello_server", {"limits": {"body": 5}})
    start = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: "
    assert split(say(server, start + b"5\r\n\r\n12345"))[2] == b"12345"
    assert status(say(server, start + b"6\r\n\r\n")) == b"413"


def test_ten_megabytes_are_allowed_if_nothing_is_said(program):
    """Without a configured limit a body may have 10 MB and not a byte more."""
    server = program.start("hello_server")
    start = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: "
    answer = say(server, start + b"10485760\r\n\r\n" + b"x" * 10_485_760)
    assert json.loads(split(answer)[2])["length"] == 10_485_760
    assert status(say(server, start + b"10485761\r\n\r\n")) == b"413"


def test_a_request_ends_where_it_says(server):
    """Bytes after the body belong to nobody: one request, one answer."""
    post = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    answer = say(server, post + b"abc" + post + b"def")
    assert [answer.count(b"HTTP/1.1 "), split(answer)[2]] == [1, b"abc"]
    assert split(say(server, b"POST /upload HTTP/1.1\r\nHost: a\r\n\r\nabc"))[2] == b""


def test_the_parts_of_a_target_reach_the_handler(server):
    """Path and query are cut at the first question mark; a URL loses scheme and authority."""
    cases = {
        "/echo": ["/echo", ""],
        "/echo?": ["/echo", ""],
        "/echo?a=b?c&d": ["/echo", "a=b?c&d"],
        "http://a.example:80/echo?x=http://y/": ["/echo", "x=http://y/"],
        "HTTPS://a/echo": ["/echo", ""],
    }
    told = {target: json.loads(ask(server, target)[2]) for target in cases}
    assert {target: [seen["path"], seen["query"]] for target, seen in told.items()} == cases
    assert [seen["target"] for seen in told.values()] == list(cases)
    answers = [ask(server, target)[2] for target in ("http://a", "/http://a/")]
    assert answers == [b"hello, world\n", b"there is nothing here\n"]


def test_a_client_that_still_sends_reads_the_whole_answer(program):
    """A POST of megabytes that nobody reads, or that is refused at its head, still gets its answer."""
    server = program.start("hello_server", {"limits": {"body": 1 << 20}})
    for size, status_expected in [(1 << 20, 200), *[(2 << 20, 413)] * 8]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=8)
        with never_reset():
            connection.request("POST", "/bytes/100000", body=b"z" * size)
            response = connection.getresponse()
            body = response.read()
        connection.close()
        told = int(response.headers["content-length"])
        assert [response.status, len(body)] == [status_expected, told]


def test_a_refused_client_that_still_sends_reads_the_refusal(server):
    """The same when the head was wrong: the answer is not lost to what was not read."""
    with server.connect() as client, never_reset():
        client.send(b"GET / HTTP/9.9\r\n\r\n" + b"z" * (1 << 24))
        client.half_close()
        assert client.receive_all().startswith(b"HTTP/1.1 505 ")


def test_a_goodbye_does_not_last_for_ever(program):
    """A client that has its answer and does not end its side, or sends on and on, is let go."""
    server = program.start("hello_server", {"timeouts": {"linger": 0.4}})
    ask(server, "/")
    before = server.descriptors()
    with server.connect() as quiet, server.connect() as loud:
        quiet.send(b"GET / HTTP/1.0\r\n\r\n")
        loud.send(b"GET / HTTP/1.0\r\n\r\n")
        assert quiet.receive_all() and loud.receive_all()
        loud.socket.settimeout(4)
        with pytest.raises(ConnectionError):
            while True:
                loud.socket.sendall(b"z" * 1000)
        assert until(lambda: (ask(server, "/"), server.descriptors() <= before)[1])


def test_a_client_that_leaves_early_gets_no_answer(server):
    """A request that its client has ended too early is not answered, and costs nothing."""
    for data in (b"", b"GET / HTTP/1.1\r\nHo", b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n12"):
        with server.connect() as client:
            client.send(data)
            client.half_close()
            assert client.receive_all() == b""


def test_a_body_that_does_not_come_is_a_408(server):
    """The time for a body is limited as well."""
    assert status(say(server, b"POST /echo HTTP/1.0\r\nContent-Length: 9\r\n\r\n123")) == b"408"


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
        assert status(answer) == b"408"


def test_nothing_is_left_of_clients_that_went(server):
    """Clients that reset, leave early or say nothing leave no descriptor behind."""
    ask(server, "/")
    before = server.descriptors()
    for number in range(40):
        client = server.connect()
        if number % 2:
            client.send(b"GET / HTTP/1.1\r\n")
        client.reset() if number % 3 else client.close()
    assert until(lambda: (ask(server, "/"), server.descriptors() <= before)[1])


def test_where_to_listen_may_be_left_open(program):
    """Without host and port it is a free port of 127.0.0.1."""
    server = program.start("hello_server", {"host": None, "port": None})
    assert status(say(server, b"GET / HTTP/1.0\r\n\r\n")) == b"200"


def test_it_listens_where_it_is_told(program):
    """On the given address and no other, and after a restart on the same port again."""
    server = program.start("hello_server", {"host": "127.0.0.2"})
    assert refused(server)
    port = server.port
    server.stop()
    server.restart()
    with socket.create_connection(("127.0.0.2", server.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert status(client.recv(1000)) == b"200"
    assert server.port == port


def test_it_stops_when_it_is_told(program):
    """SIGTERM ends the program with status 0 at once, whoever is connected and silent or slow."""
    server = program.start("hello_server", {"grace": 2})
    with server.connect(), server.connect() as slow, server.connect() as served:
        slow.send(b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n12")
        served.send(b"GET / HTTP/1.0\r\n\r\n")
        served.receive_all()
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 1


def test_an_answer_that_has_begun_is_finished(program):
    """SIGTERM lets an answer of 20 MB come to its end, but serves nobody new."""
    server = program.start("hello_server")
    with server.connect() as client, ThreadPoolExecutor() as pool:
        client.send(b"GET /bytes/20000000 HTTP/1.0\r\n\r\n")
        begin = client.receive_until(b"\r\n\r\n")
        ended = pool.submit(server.stop)
        assert until(lambda: refused(server))
        assert len(client.receive_all()) == 20_000_000
        assert [status(begin), ended.result()] == [b"200", 0]


def test_an_answer_that_nobody_takes_does_not_last_longer_than_the_grace(program):
    """After SIGTERM the program ends in time, though a client does not take its answer."""
    server = program.start("hello_server", {"grace": 1})
    with server.connect() as client:
        client.send(f"GET {ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        client.receive_exactly(1000)
        assert server.stop() == 0


def refused(server):
    """Whether nobody listens any more."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", server.port)) != 0
