"""Reading a request, harder: every byte in every place, broken heads whole and in bytes, limits."""

DIGITS = b"0123456789"
LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOKEN = frozenset(b"!#$%&'*+-.^_`|~" + DIGITS + LETTERS)  # RFC 9110, 5.6.2
VISIBLE = frozenset(range(0x21, 0x7F))
VALUE = frozenset({0x09, *range(0x20, 0x7F), *range(0x80, 0x100)})  # RFC 9110, 5.5

# Heads that must be refused, and how. What is wrong is named; each is a whole head.
BROKEN = {
    "two spaces": (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tab": (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space before": (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space at the end": (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    "a vertical tab for a space": (b"GET\x0b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a bare LF": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "a bare LF at the end": (b"GET / HTTP/1.1\n\r\nHost: a\r\n\r\n", 400),
    "a bare CR": (b"GET / HTTP/1.1\rX: y\r\nHost: a\r\n\r\n", 400),
    "two CR": (b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    "a NUL": (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a letter beyond ASCII": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method that is no token": (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no version": (b"GET /\r\nHost: a\r\n\r\n", 400),
    "half a version": (b"GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
    "a version of three digits": (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    "a version of two majors": (b"GET / HTTP/11.1\r\nHost: a\r\n\r\n", 400),
    "a version with more": (b"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400),
    "a version with a sign": (b"GET / HTTP/+1.1\r\nHost: a\r\n\r\n", 400),
    "a version without a dot": (b"GET / HTTP/1x1\r\nHost: a\r\n\r\n", 400),
    "a lower-case version": (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    "another protocol": (b"GET / SIP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/2": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    "HTTP/3.1": (b"GET / HTTP/3.1\r\nHost: a\r\n\r\n", 505),
    "a star for GET": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an authority for GET": (b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a path for CONNECT": (b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no port for CONNECT": (b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL for CONNECT": (b"CONNECT http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a relative target": (b"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL without a host": (b"GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL with a user": (b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL of another kind": (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space before the first field": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a tab before the first field": (b"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
    "a line of one space": (b"GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "an empty name": (b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
    "a quoted name": (b'GET / HTTP/1.1\r\nHost: a\r\n"X": b\r\n\r\n', 400),
    "a letter beyond ASCII in a name": (b"GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa9: b\r\n\r\n", 400),
    "a NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00\r\n\r\n", 400),
    "a bare LF in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n", 400),
    "a bare LF after a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\n\r\n\r\n", 400),
    "a bare CR in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400),
    "a vertical tab before a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX:\x0bb\r\n\r\n", 400),
    "a vertical tab in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x0bY: c\r\n\r\n", 400),
    "an escape in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\r\n\r\n", 400),
    "DEL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n", 400),
    "nine empty lines": (b"\r\n" * 9 + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
}


def verdict(result):
    """The status of an HttpError that gives a reason, or what came instead of one."""
    if getattr(result, "class_name", "") == "HttpError":
        return result.fields.get("status") if result.fields.get("reason") else "no reason given"
    return result


def field(line):
    """What RFC 9112, 5 says of a field line."""
    name, colon, value = line.partition(b":")
    if not (colon and name and TOKEN.issuperset(name) and VALUE.issuperset(value)):
        return 400
    while value[:1] in (b" ", b"\t") and value:
        value = value[1:]
    while value[-1:] in (b" ", b"\t") and value:
        value = value[:-1]
    return [name.decode().lower(), value.decode("latin-1")]


def request_line(line):
    """What RFC 9112, 3 says of a request line whose target, if it has one, begins with a slash."""
    parts = line.split(b" ")
    if len(parts) != 3 or not parts[0] or not parts[1]:
        return 400
    method, target, version = parts
    digits = version[5:6] + version[7:]
    shape = version[:5] + version[6:7] == b"HTTP/." and len(digits) == 2
    if not (shape and TOKEN.issuperset(method) and VISIBLE.issuperset(target)):
        return 400
    if not set(DIGITS).issuperset(digits):
        return 400
    if version[5:6] != b"1":
        return 505
    if not target.startswith(b"/"):
        return 400
    return [method.decode(), target.decode(), [1, int(version[7:])]]


def head(block):
    """What both say of a head; the first error decides."""
    first, *rest = block.split(b"\r\n")
    line, fields = request_line(first), [field(one) for one in rest]
    wrong = [found for found in (line, *fields) if isinstance(found, int)]
    if wrong:
        return wrong[0]
    return {"method": line[0], "target": line[1], "version": line[2], "headers": fields}


def changed(seed, data):
    """`data` with up to three bytes changed, left out, doubled or put in."""
    data = bytearray(data)
    for _ in range(seed.randrange(4)):
        at = seed.randrange(len(data))
        byte = seed.choice(b" \t\r\n:/.,%\x00\x0b\x85\xa0\xff019AZaz")
        data[at : at + seed.randrange(2)] = seed.choice([b"", [byte], [byte], [data[at]] * 2])
    return bytes(data)


def everywhere(*shapes):
    """Each shape with each of the 256 bytes in the place of %b."""
    return [shape.replace(b"%b", bytes([byte])) for shape in shapes for byte in range(256)]


def wrong(kata, name, lines, oracle):
    """Lines of which the function `name` does not say what the oracle says: (line, said, expected)."""
    told = zip(lines, verdicts(kata, name, lines), map(oracle, lines), strict=True)
    return [one for one in told if one[1] != one[2]]


def verdicts(kata, name, lines):
    """What the function `name` says of each line."""
    return [verdict(result) for result in kata.script([[None, name, [line]] for line in lines])]


def read_slowly(kata, data):
    """The first thing that a new reader says of `data` while it comes byte by byte."""
    reader, buffer = kata.HeadReader(), kata.StreamBuffer()
    steps = [([buffer, "append", [bytes([b])]], [reader, "read", [buffer]]) for b in data]
    said = kata.script([step for pair in steps for step in pair])[1::2]
    return next((verdict(one) for one in said if one is not None), None)


def read_at_once(kata, data, limits=None):
    """What a new reader says of `data` that is there as a whole."""
    reader, buffer = kata.HeadReader(limits or {}), kata.StreamBuffer(1 << 24)
    return verdict(kata.script([[buffer, "append", [data]], [reader, "read", [buffer]]])[1])


def test_every_byte_in_a_field_name(kata):
    """Of all 256 bytes, in every place of a name, exactly those of a token are allowed."""
    lines = everywhere(b"%bx: v", b"x%bx: v", b"x%b: v", b"%b: v")
    assert wrong(kata, "parse_field_line", lines, field) == []


def test_every_byte_in_a_field_value(kata):
    """Of all 256 bytes, in every place of a value, controls are refused; only space and tab go."""
    lines = everywhere(b"n:%bx", b"n:x%bx", b"n:x%b", b"n: %b ", b"n: x %b\t", b"n:\t%b x")
    assert wrong(kata, "parse_field_line", lines, field) == []


def test_every_byte_in_a_request_line(kata):
    """Of all 256 bytes, in each part of a request line, exactly those of the grammar are allowed."""
    parts = [b"%bET / HTTP/1.1", b"G%bT / HTTP/1.1", b"GE%b / HTTP/1.1", b"GET /%b HTTP/1.1"]
    parts += [b"GET /x%by HTTP/1.1", b"GET%b/ HTTP/1.1", b"GET /%bHTTP/1.1", b"%bGET / HTTP/1.1"]
    parts += [b"GET / HTTP/%b.1", b"GET / HTTP/1%b1", b"GET / HTTP/1.%b", b"GET / HTTP/1.1%b"]
    assert wrong(kata, "parse_request_line", everywhere(*parts), request_line) == []


def test_broken_heads_are_refused(kata):
    """Each kind of broken head is refused with the status of the table, read or parsed as a block."""
    expected = {name: status for name, (_, status) in BROKEN.items()}
    assert {name: read_at_once(kata, data) for name, (data, _) in BROKEN.items()} == expected
    blocks = [data.removesuffix(b"\r\n\r\n") for data, _ in BROKEN.values()]
    assert dict(zip(BROKEN, verdicts(kata, "parse_head", blocks), strict=True)) == expected


def test_broken_heads_are_refused_byte_by_byte(kata):
    """Each kind of broken head gets the same verdict when it comes in single bytes."""
    assert {name: read_slowly(kata, data) for name, (data, _) in BROKEN.items()} == {
        name: status for name, (_, status) in BROKEN.items()
    }


def test_random_lines_get_the_verdict_of_the_grammar(kata, seed):
    """Thousands of slightly broken lines are taken or refused exactly as the grammar says."""
    lines = [changed(seed, b"PUT /a?b=c%20 HTTP/1.1") for _ in range(1500)]
    assert wrong(kata, "parse_request_line", lines, request_line) == []
    lines = [changed(seed, b"X-Name: \ta value, 1:2\t") for _ in range(1500)]
    assert wrong(kata, "parse_field_line", lines, field) == []


def test_random_heads_get_the_verdict_of_the_grammar(kata, seed):
    """A thousand slightly broken heads are taken or refused exactly as the grammar says."""
    block = b"POST /upload HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\nX: \xe9t\xe9"
    blocks = [changed(seed, block) for _ in range(1000)]
    assert wrong(kata, "parse_head", blocks, head) == []


def test_minor_versions_are_kept(kata):
    """Every minor version of HTTP/1 is taken and told."""
    lines = [b"GET / HTTP/1.%d" % minor for minor in range(10)]
    got = kata.script([[None, "parse_request_line", [line]] for line in lines])
    assert [line[2] for line in got] == [[1, minor] for minor in range(10)]


def test_targets_of_all_forms(kata):
    """Paths, URLs, an authority for CONNECT and * for OPTIONS are taken as they stand."""
    good = [
        ("GET", "//a//b"),
        ("GET", "/http://x/"),
        ("GET", "/?"),
        ("GET", "http://a"),
        ("PUT", "HTTP://a:1?q"),
        ("GET", "https://[::1]:8443/x?y=http://z/"),
        ("OPTIONS", "/"),
        ("OPTIONS", "http://a/"),
        ("OPTIONS", "*"),
        ("CONNECT", "a:443"),
        ("CONNECT", "[fe80::1]:1"),
        ("get", "/"),
    ]
    lines = [f"{method} {target} HTTP/1.1".encode() for method, target in good]
    got = kata.script([[None, "parse_request_line", [line]] for line in lines])
    assert got == [[method, target, [1, 1]] for method, target in good]


def test_targets_of_no_form(kata):
    """A target that looks like one of the forms and is not one is an error 400."""
    bad = [
        ("GET", "**"),
        ("OPTIONS", "**"),
        ("OPTIONS", "a"),
        ("options", "*"),
        ("GET", "http:/a"),
        ("GET", "http//a"),
        ("GET", "xhttp://a/"),
        ("GET", "http://a:b/"),
        ("GET", "http://?q"),
        ("GET", "http://:80/"),
        ("GET", "?q"),
        ("CONNECT", "a:"),
        ("CONNECT", ":443"),
        ("CONNECT", "a:443/"),
        ("CONNECT", "u@a:443"),
        ("CONNECT", "*"),
        ("connect", "a:443"),
    ]
    lines = [f"{method} {target} HTTP/1.1".encode() for method, target in bad]
    assert verdicts(kata, "parse_request_line", lines) == [400] * len(bad)


def test_eight_empty_lines_before_every_head(kata):
    """Up to 8 empty lines are skipped before each head anew, also when a ninth would be too many."""
    reader, buffer = kata.HeadReader(), kata.StreamBuffer()
    buffer.append((b"\r\n" * 8 + b"GET /%d HTTP/1.1\r\nN: %d\r\n\r\n") % (1, 1) * 3)
    heads = kata.many(reader, "read", [[buffer]] * 4)
    assert [one and one["headers"] for one in heads] == [[["n", "1"]]] * 3 + [None]


def test_the_limit_of_the_request_line_is_exact(kata):
    """8,192 bytes of request line are taken, 8,193 are an error 414, with or without an end."""
    longest = b"GET /" + b"a" * (8192 - 14) + b" HTTP/1.1"
    longer = b"GET /a" + longest[5:]
    rest = b"\r\nHost: a\r\n\r\n"
    assert read_at_once(kata, longest + rest)["target"] == "/" + "a" * 8178
    assert [read_at_once(kata, longest), read_at_once(kata, longest + b"\r")] == [None, None]
    assert [read_at_once(kata, longer + rest), read_at_once(kata, longer)] == [414, 414]
    assert verdicts(kata, "parse_head", [longer + rest[:-4]]) == [414]


def test_the_limit_of_the_fields_counts_bytes(kata):
    """65,536 bytes of field lines are taken, one more is an error 431, in one field or in many."""
    start, one = b"GET / HTTP/1.1\r\n", b"a:" + b"v" * 65532 + b"\r\n"
    many = (b"b:" + b"v" * 1020 + b"\r\n") * 64
    assert [len(one), len(many)] == [65536, 65536]
    got = [read_at_once(kata, start + fields + b"\r\n") for fields in (one, many)]
    assert [len(head["headers"]) for head in got] == [1, 64]
    over = [b"a:v" + one[2:], many[:-2] + b"v\r\n", many + b"c:\r\n"]
    assert [read_at_once(kata, start + fields + b"\r\n") for fields in over] == [431] * 3
    assert verdicts(kata, "parse_head", [start + fields[:-2] for fields in over]) == [431] * 3


def test_fields_over_the_limit_are_refused_early(kata):
    """The fields are refused as soon as they are over a limit: nobody waits for the empty line."""
    start = b"GET / HTTP/1.1\r\n"
    assert read_at_once(kata, start + b"a: " + b"v" * 66000) == 431
    assert read_at_once(kata, start + (b"a: " + b"v" * 1020 + b"\r\n") * 65) == 431
    assert read_at_once(kata, start + b"a: b\r\n" * 100) is None
    assert read_at_once(kata, start + b"a: b\r\n" * 101) == 431


def test_limits_can_be_given(kata):
    """Each limit can be set; the others keep their usual value."""
    request = b"GET /aaaa HTTP/1.1\r\nb: 1\r\nc: 2\r\n\r\n"
    cases = [
        ({"request_line": 18}, 200),
        ({"request_line": 17}, 414),
        ({"header_bytes": 12}, 200),
        ({"header_bytes": 11}, 431),
        ({"header_bytes": 1}, 431),
        ({"header_bytes": 0}, 431),
        ({"header_count": 2}, 200),
        ({"header_count": 1}, 431),
        ({"body": 1, "header_count": 2}, 200),
        ({"header_count": 101, "request_line": 20, "header_bytes": 13}, 200),
    ]
    whole = [read_at_once(kata, request, limits) for limits, _ in cases]
    got = [found if isinstance(found, int) else 200 for found in whole]
    assert got == [expected for _, expected in cases]
    blocks = [[None, "parse_head", [request[:-4], limits]] for limits, _ in cases]
    found = [verdict(result) for result in kata.script(blocks)]
    assert [one if isinstance(one, int) else 200 for one in found] == got


def test_a_limit_that_is_reached_leaves_no_room(kata):
    """When the bytes of the fields are used up, one more is too much, whatever it is."""
    request = b"GET / HTTP/1.1\r\nb: 1\r\nc\r\n\r\n"
    assert read_at_once(kata, request, {"header_bytes": 6}) == 431


def test_no_fields_need_no_room(kata):
    """A head without fields is within any limit of the fields."""
    nothing = {"header_bytes": 0, "header_count": 0}
    assert read_at_once(kata, b"GET / HTTP/1.0\r\n\r\n", nothing)["headers"] == []
    assert kata.parse_head(b"GET / HTTP/1.0", nothing)["headers"] == []


def test_a_large_head_in_small_pieces(kata, seed):
    """A head of 60 KB is read once its last piece of 16 bytes is there, with every field in it."""
    fields = [[f"x-{n}", f"{seed.randrange(10**9)}" * 60] for n in range(99)]
    data = b"GET / HTTP/1.1\r\n"
    data += b"".join(f"{name.upper()}:{value}\r\n".encode() for name, value in fields) + b"\r\n"
    reader, buffer = kata.HeadReader(), kata.StreamBuffer()
    steps = []
    for at in range(0, len(data), 16):
        steps += [[buffer, "append", [data[at : at + 16]]], [reader, "read", [buffer]]]
    *before, last = kata.script(steps)[1::2]
    assert set(before) == {None}
    assert last["headers"] == fields


def test_what_was_looked_at_is_not_searched_again(kata):
    """Asking 4,000 times for a head whose end does not come costs no more than looking once."""
    reader = kata.HeadReader({"request_line": 1 << 24, "header_bytes": 1 << 24})
    buffer = kata.StreamBuffer(1 << 24)
    buffer.append(b"GET / HTTP/1.1\r\na: b\r\nc: " + b"x" * (8 << 20))
    assert set(kata.many(reader, "read", [[buffer]] * 4_000)) == {None}


def test_a_head_with_many_fields_is_not_parsed_again_and_again(kata):
    """Asking 1,500 times while 30,000 fields are there costs no more than parsing them once."""
    reader = kata.HeadReader({"header_count": 100_000, "header_bytes": 1 << 24})
    buffer = kata.StreamBuffer(1 << 24)
    buffer.append(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 30_000 + b"end: ")
    assert set(kata.many(reader, "read", [[buffer]] * 1_500)) == {None}
    buffer.append(b"here\r\n\r\n")
    assert reader.read(buffer)["headers"][-1] == ["end", "here"]


def test_hosts_that_are_hosts(kata):
    """Names, addresses, ports and odd but legal characters are taken as they stand."""
    hosts = ["A.example", "1.2.3.4:80", "[::ffff:1.2.3.4]", "[::1]:65535", "a:", "x_y~!$&'()*+,;=-"]
    hosts += ["%41%fF.b:1", "", "a" * 300]
    heads = [
        {"method": "GET", "target": "/", "version": [1, 1], "headers": [["host", h]]} for h in hosts
    ]
    assert kata.script([[None, "check_host", [head]] for head in heads]) == hosts


def test_hosts_that_are_no_hosts(kata):
    """What is no host, or a host and more, is an error 400, in HTTP/1.0 as well."""
    hosts = [
        "a b",
        "a:b",
        "a:1:2",
        "a:-1",
        "a:1 ",
        ":80",
        "a/b",
        "a?b",
        "a#b",
        "u@h",
        "u:p@h:1",
        "a\\b",
    ]
    hosts += [
        "[::1",
        "::1",
        "[]",
        "[g]",
        "[::1]x",
        "x[::1]",
        "%4",
        "%zz",
        "a%",
        "\xe9",
        "a\n",
        "<a>",
        "|",
    ]
    heads = [
        {"method": "GET", "target": target, "version": version, "headers": [["host", host]]}
        for host in hosts
        for target, version in (("/", [1, 1]), ("/", [1, 0]), ("http://good/", [1, 1]))
    ]
    assert verdicts(kata, "check_host", heads) == [400] * len(heads)


def test_how_many_hosts_there_must_be(kata):
    """Exactly one Host field, or none in HTTP/1.0; an absolute target does not change that."""
    one, two = [["host", "a"]], [["host", "a"], ["x", "y"], ["host", "a"]]
    cases = [([1, 0], [], ""), ([1, 0], one, "a"), ([1, 0], two, 400), ([1, 1], [], 400)]
    cases += [([1, 1], two, 400), ([1, 2], [], 400), ([1, 9], one, "a")]
    heads = [
        {"method": "GET", "target": target, "version": version, "headers": headers}
        for version, headers, _ in cases
        for target in ("/", "http://b/")
    ]
    expected = [
        want if want == 400 or target == "/" else "b"
        for _, _, want in cases
        for target in ("/", "http://b/")
    ]
    assert verdicts(kata, "check_host", heads) == expected


def test_the_authority_of_a_url(kata):
    """Of an absolute target exactly host and port are the authority."""
    targets = {
        "http://a": "a",
        "http://a:8080": "a:8080",
        "HtTpS://B.example/path:80?c@d": "B.example",
        "http://[::1]:3?x=http://y/": "[::1]:3",
        "/http://x/": "host",
        "*": "host",
    }
    heads = [
        {"method": "OPTIONS", "target": t, "version": [1, 1], "headers": [["host", "host"]]}
        for t in targets
    ]
    assert kata.script([[None, "check_host", [head]] for head in heads]) == list(targets.values())


def test_members_of_a_list(kata):
    """Quoted strings keep their commas, only spaces and tabs are trimmed, empty members go."""
    cases = [
        (["a,b", " c\t,\td "], ["a", "b", "c", "d"]),
        (["X, Xx X,X"], ["X", "Xx X", "X"]),
        (["", ",", " , ,,\t"], []),
        (['"a,b";q="1,2", c'], ['"a,b";q="1,2"', "c"]),
        (['"a\\",b", c'], ['"a\\",b"', "c"]),
        (['"a\\\\", b'], ['"a\\\\"', "b"]),
        (['a"b,c"d, e'], ['a"b,c"d', "e"]),
        (["a b\xa0,\xa0c, \x85"], ["a b\xa0", "\xa0c", "\x85"]),
        ([",".join("x" * 9 for _ in range(5000))], ["x" * 9] * 5000),
    ]
    lists = [[["other", "z"], *(["list", v] for v in vs), ["list2", "z"]] for vs, _ in cases]
    got = kata.script([[None, "field_values", [headers, "list"]] for headers in lists])
    assert got == [members for _, members in cases]


def test_a_hostile_list_costs_no_more_than_its_length(kata):
    """60,000 characters made to send a pattern astray are taken apart as quickly as any."""
    hostile = ['"' + '\\"' * 30_000, " \t" * 30_000 + '"', '"",' * 20_000, '"a' * 30_000]
    steps = [[None, "field_values", [[["a", value]], "a"]] for value in hostile * 4]
    assert all(isinstance(result, list) for result in kata.script(steps))


def test_a_hostile_value_costs_no_more_than_its_length(kata):
    """A value of 64 KB of blanks, with or without a wrong byte at its end, takes no longer than any."""
    lines = [b"a:" + b" \t" * 32_000 + end for end in (b"", b"x", b"\x00")]
    got = verdicts(kata, "parse_field_line", [line for line in lines for _ in range(4)])
    assert got == [["a", ""]] * 4 + [["a", "x"]] * 4 + [400] * 4
