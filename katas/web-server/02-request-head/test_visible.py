"""Reading a request: the first line, the fields, a head that comes in pieces, limits, the Host."""

import pytest

CURL = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"
CURL_HEAD = {
    "method": "GET",
    "target": "/",
    "version": [1, 1],
    "headers": [["host", "localhost:8080"], ["user-agent", "curl/8.5.0"], ["accept", "*/*"]],
}


def head(headers, target="/", version=(1, 1)):
    """A head as `parse_head` gives it, for `check_host`."""
    return {"method": "GET", "target": target, "version": list(version), "headers": headers}


def verdicts(kata, name, arguments):
    """For each argument of the function `name`: the status of its HttpError, or what came instead."""
    results = kata.script([[None, name, [argument]] for argument in arguments])
    return [getattr(result, "fields", {}).get("status", result) for result in results]


@pytest.fixture
def buffer(kata):
    return kata.StreamBuffer()


@pytest.fixture
def reader(kata):
    return kata.HeadReader()


def test_a_request_line_is_method_target_and_version(kata):
    """A request line is taken apart into method, target and version."""
    lines = [b"GET / HTTP/1.1", b"DELETE /a%20b?c=d&e HTTP/1.0", b"OPTIONS * HTTP/1.1"]
    assert [kata.parse_request_line(line) for line in lines] == [
        ["GET", "/", [1, 1]],
        ["DELETE", "/a%20b?c=d&e", [1, 0]],
        ["OPTIONS", "*", [1, 1]],
    ]


def test_a_malformed_request_line_is_refused(kata):
    """A request line with anything more, less or other than the grammar says is an error 400."""
    lines = [b"GET  / HTTP/1.1", b"GET\t/ HTTP/1.1", b"GET / HTTP/1.1 ", b"GET /a b HTTP/1.1"]
    lines += [b"GET / http/1.1", b"GET / HTTP/1.10", b"GET / HTTP/1.1\n", b"GET /", b""]
    expected = [(line, 400) for line in lines]
    assert list(zip(lines, verdicts(kata, "parse_request_line", lines), strict=True)) == expected


def test_another_http_is_not_spoken_here(kata):
    """HTTP/2.0, HTTP/0.9 and HTTP/3.1 on the request line are an error 505."""
    lines = [b"GET / HTTP/2.0", b"GET / HTTP/0.9", b"GET / HTTP/3.1"]
    assert verdicts(kata, "parse_request_line", lines) == [505, 505, 505]


def test_a_target_of_no_known_form_is_refused(kata):
    """A target that is neither a path, an http URL, nor fit for its method is an error 400."""
    lines = [b"GET index.html HTTP/1.1", b"GET * HTTP/1.1", b"GET example.com:80 HTTP/1.1"]
    assert verdicts(kata, "parse_request_line", lines) == [400, 400, 400]


def test_a_field_is_a_lower_cased_name_and_a_value(kata):
    """Names come in lower case, values without the spaces and tabs around them."""
    lines = [
        b"Content-TYPE: text/html",
        b"Link:a:b",
        b"X-Empty:",
        b"x_1: \t two  words\t ",
        b"~: ,",
    ]
    assert kata.script([[None, "parse_field_line", [line]] for line in lines]) == [
        ["content-type", "text/html"],
        ["link", "a:b"],
        ["x-empty", ""],
        ["x_1", "two  words"],
        ["~", ","],
    ]


def test_a_malformed_field_is_refused(kata):
    """A space before the colon, a missing name or colon, a control character: error 400."""
    lines = [b"Host : a", b"Host", b": value", b" folded: line", b"a b: c", b"", b"X: a\x00b"]
    lines += [b"X: a\rb", b"X: a\nb", b"X:\x0b a"]
    expected = [(line, 400) for line in lines]
    assert list(zip(lines, verdicts(kata, "parse_field_line", lines), strict=True)) == expected


def test_a_whole_head_is_parsed(kata):
    """The head that curl sends is understood."""
    assert kata.parse_head(CURL.removesuffix(b"\r\n\r\n")) == CURL_HEAD


def test_repeated_fields_all_stay_in_order(kata):
    """Fields of the same name are kept, in the order in which they came."""
    block = b"GET / HTTP/1.1\r\nCookie: a=1\r\nHost: x\r\ncookie: b=2\r\nCOOKIE: a=1"
    headers = [["cookie", "a=1"], ["host", "x"], ["cookie", "b=2"], ["cookie", "a=1"]]
    assert kata.parse_head(block)["headers"] == headers


def test_a_head_may_come_byte_by_byte(kata, reader, buffer):
    """A head that comes in single bytes is read once its last byte is there, not before."""
    steps = [[[buffer, "append", [bytes([b])]], [reader, "read", [buffer]]] for b in CURL]
    results = kata.script([step for pair in steps for step in pair])
    assert results[1::2] == [None] * (len(CURL) - 1) + [CURL_HEAD]


def test_what_follows_a_head_stays_in_the_buffer(kata, reader, buffer):
    """Two heads in one buffer are read one after the other, and what follows them stays."""
    buffer.append(CURL + b"GET /2 HTTP/1.0\r\n\r\nbody")
    assert reader.read(buffer) == CURL_HEAD
    assert reader.read(buffer) == head([], "/2", (1, 0))
    assert [buffer.size(), buffer.take(4)] == [4, b"body"]


def test_empty_lines_before_a_request_are_skipped(reader, buffer):
    """An old client's empty line before the request line does no harm."""
    buffer.append(b"\r\n\r\n" + CURL)
    assert reader.read(buffer) == CURL_HEAD


def test_an_endless_request_line_is_refused_early(kata, reader, buffer):
    """9,000 bytes without the end of the request line are an error 414 at once."""
    buffer.append(b"GET /" + b"a" * 9000)
    with kata.raises("HttpError", status=414):
        reader.read(buffer)


def test_too_many_fields_are_refused(kata, reader, buffer):
    """100 fields are read, 101 are an error 431."""
    request = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100
    buffer.append(request + b"\r\n" + request + b"c: d\r\n\r\n")
    assert len(reader.read(buffer)["headers"]) == 100
    with kata.raises("HttpError", status=431):
        reader.read(buffer)


def test_the_host_is_the_authority(kata):
    """The Host field says for which host and port a request is."""
    hosts = ["example.com", "localhost:8080", "[::1]:80", ""]
    assert [kata.check_host(head([["accept", "*/*"], ["host", h]])) for h in hosts] == hosts
    assert kata.check_host(head([], version=(1, 0))) == ""


def test_no_single_valid_host_is_refused(kata):
    """HTTP/1.1 without a Host, with two, or with one that is no host is an error 400."""
    fields = [[], [["host", "a"], ["host", "a"]], [["host", "a b"]], [["host", "a:b:c"]]]
    fields += [[["host", "user@host"]]]
    assert verdicts(kata, "check_host", [head(headers) for headers in fields]) == [400] * 5


def test_an_absolute_target_replaces_the_host(kata):
    """With a target like http://a:81/path the authority is a:81, whatever the Host field says."""
    line = kata.parse_request_line(b"GET http://a:81/path HTTP/1.1")
    assert line == ["GET", "http://a:81/path", [1, 1]]
    assert kata.check_host(head([["host", "other"]], target=line[1])) == "a:81"


def test_a_list_field_is_taken_apart(kata):
    """Members of a list come from all lines of that name, without spaces; empty ones are left out."""
    headers = [["a", "one, two ,,three"], ["b", "no"], ["a", '"four, still four", five'], ["a", ""]]
    members = ["one", "two", "three", '"four, still four"', "five"]
    assert kata.field_values(headers, "a") == members
    assert kata.field_values(headers, "c") == []
