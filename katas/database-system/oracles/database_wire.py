"""The client's side of the protocol: messages to send, and what the answers say.

Only what the tests need, written from PostgreSQL's manual, with no look at the server: version 3.0,
no passwords, no encryption.
"""

import struct

SSL_REQUEST, CANCEL_REQUEST, GSS_REQUEST = 80877103, 80877102, 80877104
TEXT, BINARY = 0, 1


def message(kind, body=b""):
    """A message of the client's: its kind, its length, its body."""
    return kind.encode() + struct.pack(">I", len(body) + 4) + body


def startup(version=3 << 16, **parameters):
    """How a conversation begins."""
    words = "".join(
        f"{name}\0{value}\0" for name, value in (parameters or {"user": "tester"}).items()
    )
    body = struct.pack(">I", version) + words.encode() + b"\0"
    return struct.pack(">I", len(body) + 4) + body


def request(code, rest=b""):
    """A request in the place of a startup message."""
    return struct.pack(">II", 8 + len(rest), code) + rest


def query(sql):
    """A script, in the simple way."""
    return message("Q", sql.encode() + b"\0")


def parse(sql, name="", oids=()):
    """Prepare a statement; an OID of 0 says nothing."""
    body = name.encode() + b"\0" + sql.encode() + b"\0"
    return message("P", body + struct.pack(f">H{len(oids)}I", len(oids), *oids))


def bind(values=(), portal="", statement="", formats=(), results=()):
    """Values for a statement: texts, bytes as they are, or None."""
    body = portal.encode() + b"\0" + statement.encode() + b"\0"
    body += struct.pack(f">H{len(formats)}H", len(formats), *formats)
    body += struct.pack(">H", len(values))
    for value in values:
        raw = value.encode() if isinstance(value, str) else value
        body += struct.pack(">i", -1) if raw is None else struct.pack(">i", len(raw)) + raw
    return message("B", body + struct.pack(f">H{len(results)}H", len(results), *results))


def describe(what, name=""):
    """Ask about a statement ("S") or a portal ("P")."""
    return message("D", what.encode() + name.encode() + b"\0")


def execute(portal="", most=0):
    """Run a portal, for so many rows at most; 0 is all."""
    return message("E", portal.encode() + b"\0" + struct.pack(">I", most))


def close(what, name=""):
    """Forget a statement ("S") or a portal ("P")."""
    return message("C", what.encode() + name.encode() + b"\0")


SYNC, FLUSH, TERMINATE = message("S"), message("H"), message("X")


def split(data):
    """Whole messages of the server's, [kind, body] each; what is left over must be nothing."""
    found, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at + 1)
        end = at + 1 + length
        assert end <= len(data), f"a message {data[at : at + 1]!r} of {length} bytes is cut off"
        found.append([chr(data[at]), data[at + 5 : end]])
        at = end
    return found


def kinds(data):
    """The kinds of all messages, as one word."""
    return "".join(kind for kind, _ in split(data))


def fields(body):
    """The fields of an error: letter -> text."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def columns(body):
    """The columns of a row description: [name, OID, size, format]."""
    (count,), at, found = struct.unpack_from(">H", body), 2, []
    for _ in range(count):
        end = body.index(b"\0", at)
        _, _, oid, size, _, form = struct.unpack_from(">ihihih", body, end + 1)
        found.append([body[at:end].decode(), oid, size, form])
        at = end + 19
    return found


def values(body):
    """The values of a data row: bytes each, or None."""
    (count,), at, found = struct.unpack_from(">H", body), 2, []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", body, at)
        at += 4
        found.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return found


def told(data):
    """Everything that was answered, readable: rows as lists, errors by their code, tags, states."""
    seen = []
    for kind, body in split(data):
        if kind == "D":
            seen.append([v if v is None else v.decode() for v in values(body)])
        elif kind == "E":
            seen.append(f"error {fields(body)['C']}")
        elif kind == "C":
            seen.append(body.rstrip(b"\0").decode())
        elif kind == "Z":
            seen.append(f"ready {body.decode()}")
        elif kind == "T":
            seen.append([name for name, *_ in columns(body)])
        else:
            seen.append(kind)
    return seen
