"""psql connects: the protocol's conversation, and the sockets below it.

A `Connection` turns bytes into bytes and knows no network; that is how it can be tested, and why
the loop at the end fits on a screen. One thread serves all clients: a statement runs to its end
before the next one's begins. PostgreSQL has a process for each client.

    simple      Q: a script. Everything it does is one transaction, if it does not say otherwise.
    extended    P B D E ... S: one statement in parts, so that it can be parsed once and run often.
                All up to S is one transaction. After an error everything is skipped up to S.

However much came before it, each Q and each S is answered by exactly one Z, "ready for query", with
the state of the session: I, T or E.
"""

from __future__ import annotations

import fcntl
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import protocol
from catalog import Catalog
from engine import Engine
from kit.errors import (
    DatabaseError,
    DuplicateStatement,
    FeatureNotSupported,
    ProtocolViolation,
    SqlSyntaxError,
    UndefinedPortal,
    UndefinedStatement,
)
from mvcc import Transaction, TransactionManager
from optimizer import Optimizer
from protocol import Body, MessageReader, message
from session import Session
from store import Store
from system_catalog import SystemCatalog

# BEGIN SOLUTION: helpers
UTF8 = ("utf8", "utf-8", "unicode", "default")  # what SET may say of texts
COLLECT_AFTER = 5000  # commits, after which old versions are collected
READ_SIZE = 1 << 16
# END SOLUTION


class Connection:
    """One client: what it sends goes in, what it gets comes out."""

    def __init__(self, manager: TransactionManager, optimizer: Any = None) -> None:
        """Serve a client of a database. `optimizer` is handed to the session."""
        # BEGIN SOLUTION
        self._session = _ServerSession(manager, optimizer)
        self._reader = MessageReader()
        self._statements: dict[str, _Statement] = {}
        self._portals: dict[str, _Portal] = {}
        self._skipping = False  # after an error, up to the next Sync
        self._closed = False
        # END SOLUTION

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the client, return what it is to be sent. Never raises.

        Messages may arrive in pieces, or many at once. What breaks the protocol is answered with an
        error, and ends the connection.
        """
        # BEGIN SOLUTION
        answer = bytearray()
        if self._closed:
            return b""
        try:
            for kind, body in self._reader.feed(data):
                if not self._closed:
                    answer += self._answer(kind, Body(body))
        except ProtocolViolation as error:
            answer += protocol.error_response(error.sqlstate, str(error))
            self.close()
        return bytes(answer)
        # END SOLUTION

    def closed(self) -> bool:
        """Return whether the conversation is over: nothing more is answered."""
        # BEGIN SOLUTION
        return self._closed
        # END SOLUTION

    def close(self) -> None:
        """The client is gone; what it has not committed never happened."""
        # BEGIN SOLUTION
        self._closed = True
        self._session.close()
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _answer(self, kind: str, body: Body) -> bytes:
        if self._skipping and kind not in ("S", "X"):
            return b""
        if kind not in ANSWERS:
            raise ProtocolViolation(f"there is no message {kind!r}")
        try:
            return ANSWERS[kind](self, body)
        except ProtocolViolation:
            raise
        except Exception as error:
            return self._failed(error, kind)

    def _failed(self, error: Exception, kind: str) -> bytes:
        """What becomes of an error: the transaction fails, and the client is told once."""
        self._session.fail()
        self._skipping = kind in "PBDEC"
        told = _error(error)
        return told + self._ready() if kind in "QS" else told

    def _ready(self) -> bytes:
        if self._session.status() == "I":
            self._portals.clear()  # a portal lives as long as its transaction
        return message("Z", self._session.status().encode())

    def _startup(self, body: Body) -> bytes:
        code = body.i32()
        if code in (protocol.SSL_REQUEST, protocol.GSS_REQUEST):
            return b"N"
        if code == protocol.CANCEL_REQUEST:
            self.close()
            return b""
        if code >> 16 != protocol.VERSION >> 16:
            raise ProtocolViolation(f"version {code >> 16}.{code & 0xFFFF} is not spoken here")
        answer = message("v", bytes(8)) if code != protocol.VERSION else b""  # 3.0, no options
        answer += message("R", bytes(4))
        for name, value in protocol.SETTINGS.items():
            answer += message("S", f"{name}\0{value}\0".encode())
        return answer + message("K", bytes(8)) + self._ready()

    def _query(self, body: Body) -> bytes:
        answer, statements = bytearray(), self._session.parse(body.string())
        try:
            for statement in statements:
                result = self._session.run(statement)
                if result["columns"]:
                    answer += protocol.row_description(result["columns"], [])
                for row in result["rows"]:
                    answer += protocol.data_row(row, result["columns"], [])
                if statement is statements[-1]:
                    self._session.finish()  # the commit may fail: only then it is done
                answer += _complete(result["tag"])
        except Exception as error:  # what came before it has been shown
            return bytes(answer) + self._failed(error, "Q")
        return (bytes(answer) if statements else message("I", b"")) + self._ready()

    # extended queries

    def _parse(self, body: Body) -> bytes:
        name, sql = body.string(), body.string()
        oids = [body.i32() for _ in range(body.u16())]
        if name and name in self._statements:
            raise DuplicateStatement(f"there is a statement {name!r} already")
        statements = self._session.parse(sql)
        if len(statements) > 1:
            raise SqlSyntaxError("a prepared statement is one statement")
        types = [protocol.type_of(oid) for oid in oids]
        self._statements[name] = _Statement(self._session, statements, oids, types)
        return message("1", b"")

    def _bind(self, body: Body) -> bytes:
        name, of = body.string(), body.string()
        formats = [body.i16() for _ in range(body.u16())]
        raw = [_value(body) for _ in range(body.u16())]
        results = [body.i16() for _ in range(body.u16())]
        statement = self._statement(of)
        self._portals[name] = _Portal(statement, statement.values(raw, formats), results)
        return message("2", b"")

    def _describe(self, body: Body) -> bytes:
        what, name = body.take(1), body.string()
        if what == b"P":
            portal = self._portal(name)
            return _described(portal.statement.columns, portal.formats)
        statement = self._statement(name)
        oids = b"".join(protocol.I32.pack(oid) for oid in statement.told)
        count = protocol.U16.pack(len(statement.told))
        return message("t", count + oids) + _described(statement.columns, [])

    def _execute(self, body: Body) -> bytes:
        portal, most = self._portal(body.string()), body.i32()
        if portal.statement.tree is None:
            return message("I", b"")
        if portal.result is None:
            portal.run(self._session)
        rows, columns = portal.next_rows(most), portal.statement.columns
        answer = b"".join(protocol.data_row(row, columns, portal.formats) for row in rows)
        if portal.waiting:
            return answer + message("s", b"")
        tag = portal.result["tag"]
        return answer + _complete(f"SELECT {len(rows)}" if tag.startswith("SELECT") else tag)

    def _close(self, body: Body) -> bytes:
        what, name = body.take(1), body.string()
        (self._portals if what == b"P" else self._statements).pop(name, None)
        return message("3", b"")

    def _flush(self, body: Body) -> bytes:
        return b""  # every answer is sent at once

    def _sync(self, body: Body) -> bytes:
        self._skipping = False
        self._session.finish()
        return self._ready()

    def _terminate(self, body: Body) -> bytes:
        self.close()
        return b""

    def _statement(self, name: str) -> _Statement:
        if name not in self._statements:
            raise UndefinedStatement(f"there is no statement {name!r}")
        return self._statements[name]

    def _portal(self, name: str) -> _Portal:
        if name not in self._portals:
            raise UndefinedPortal(f"there is no portal {name!r}")
        return self._portals[name]

    # END SOLUTION


# BEGIN SOLUTION: helpers
ANSWERS: dict[str, Callable[[Connection, Body], bytes]] = {
    "": Connection._startup,
    "Q": Connection._query,
    "P": Connection._parse,
    "B": Connection._bind,
    "D": Connection._describe,
    "E": Connection._execute,
    "C": Connection._close,
    "H": Connection._flush,
    "S": Connection._sync,
    "X": Connection._terminate,
}


class _ServerSession(Session):
    """A session that knows the system's tables and settings."""

    def new_engine(self, transaction: Transaction) -> Engine:
        catalog = SystemCatalog(Catalog(transaction))
        return Engine(transaction, self._optimizer, False, catalog)

    def setting(self, name: str) -> str:
        known = {key.lower(): value for key, value in (protocol.SETTINGS | protocol.SHOWN).items()}
        return known.get(name.replace(" ", "")) or super().setting(name)  # as in TIME ZONE

    def _set(self, statement: dict[str, Any]) -> dict[str, Any]:
        words = statement["words"]
        if words[:1] in (["client_encoding"], ["names"]) and words[-1] not in UTF8:
            raise FeatureNotSupported("texts are UTF-8 here, for every client")
        return super()._set(statement)


class _Statement:
    """A prepared statement: its tree (None if there is nothing in it), and what is known of it."""

    def __init__(
        self, session: Session, statements: list[Any], oids: list[int], types: list[Any]
    ) -> None:
        self.tree = statements[0] if statements else None
        self.types = types
        known = session.prepare(self.tree, types) if self.tree else {"params": [], "columns": []}
        self.params, self.columns = known["params"], known["columns"]
        missing = len(self.params) - len(oids)
        self.oids = oids + [0] * missing
        pairs = zip(self.oids, self.params, strict=False)
        self.told = [oid or protocol.OIDS[kind] for oid, kind in pairs]

    def values(self, raw: list[bytes | None], formats: list[int]) -> list[Any]:
        if len(raw) != len(self.params):
            raise ProtocolViolation(f"{len(raw)} values for {len(self.params)} parameters")
        each = formats * len(raw) if len(formats) == 1 else formats or [protocol.TEXT] * len(raw)
        parts = zip(raw, each, self.oids, self.params, strict=False)
        return [protocol.decode_parameter(*part) for part in parts]


class _Portal:
    """A statement with its values, ready to run, or half fetched."""

    def __init__(self, statement: _Statement, params: list[Any], formats: list[int]) -> None:
        self.statement = statement
        self.params = params
        self.formats = formats
        self.result: Any = None
        self.waiting: list[list[Any]] = []  # rows that were not fetched yet

    def run(self, session: Session) -> None:
        self.result = session.run(self.statement.tree, self.params, self.statement.types)
        self.waiting = self.result["rows"]

    def next_rows(self, most: int) -> list[list[Any]]:
        cut = most if most > 0 else len(self.waiting)
        rows, self.waiting = self.waiting[:cut], self.waiting[cut:]
        return rows


def _value(body: Body) -> bytes | None:
    length = body.i32()
    return None if length == -1 else body.take(length)


def _described(columns: list[Any], formats: list[int]) -> bytes:
    return protocol.row_description(columns, formats) if columns else message("n", b"")


def _complete(tag: str) -> bytes:
    return message("C", tag.encode() + b"\0")


def _error(error: Exception) -> bytes:
    """An error as the client is told it; what is no error of the database is one of ours."""
    if isinstance(error, DatabaseError):
        return protocol.error_response(error.sqlstate, str(error))
    if isinstance(error, RecursionError):
        return protocol.error_response("54001", "the statement is nested too deeply")
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return protocol.error_response("XX000", f"{type(error).__name__}: {error}")


class _Client:
    """A socket, its connection, and what could not be sent yet."""

    def __init__(self, sock: socket.socket, connection: Connection) -> None:
        self.socket = sock
        self.connection = connection
        self.unsent = bytearray()


class _Server:
    """All clients of one database, in one thread."""

    def __init__(self, path: str, listener: socket.socket) -> None:
        self._store = Store(path)
        self._manager = TransactionManager(self._store)
        self._listener = listener
        self._sockets = selectors.DefaultSelector()
        self._collected = -COLLECT_AFTER

    def run(self, stop: socket.socket) -> None:
        """Serve until something can be read from `stop`."""
        self._listener.setblocking(False)
        for sock in (self._listener, stop):
            self._sockets.register(sock, selectors.EVENT_READ)
        while True:
            self._collect()
            for key, ready in self._sockets.select():
                if key.fileobj is stop:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._serve(key.data, ready)

    def close(self) -> None:
        self._store.close()

    def _accept(self) -> None:
        """All who wait: one in each round would take long while many others are served."""
        with suppress(OSError):  # nobody else waits, or somebody has gone again
            while True:
                sock, _ = self._listener.accept()
                sock.setblocking(False)
                client = _Client(sock, Connection(self._manager, Optimizer()))
                self._sockets.register(sock, selectors.EVENT_READ, client)

    def _serve(self, client: _Client, ready: int) -> None:
        try:
            if ready & selectors.EVENT_READ:
                data = client.socket.recv(READ_SIZE)
                if not data:
                    return self._drop(client)
                client.unsent += client.connection.receive(data)
            if client.unsent:
                del client.unsent[: client.socket.send(client.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            return self._drop(client)
        if client.connection.closed() and not client.unsent:
            return self._drop(client)
        # Who does not read its answers is not asked for more.
        wanted = selectors.EVENT_WRITE if client.unsent else selectors.EVENT_READ
        self._sockets.modify(client.socket, wanted, client)
        return None

    def _drop(self, client: _Client) -> None:
        self._sockets.unregister(client.socket)
        client.socket.close()
        client.connection.close()

    def _collect(self) -> None:
        """Old versions go now and then; what open transactions see stays."""
        if self._manager.clock - self._collected >= COLLECT_AFTER:
            self._manager.collect()
            self._collected = self._manager.clock


# END SOLUTION


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """Serve the database at config["path"] on config["host"] and config["port"] (0: any that is free).

    `ready(port)` is called once clients can connect. SIGTERM ends it: open transactions are rolled
    back, the store is closed.
    """
    # BEGIN SOLUTION
    stopped, stop = socket.socketpair()
    stop.setblocking(False)
    signal.set_wakeup_fd(stop.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    with socket.create_server((config["host"], config["port"])) as listener:
        server = _Server(config["path"], listener)
        ready(listener.getsockname()[1])
        try:
            server.run(stopped)
        finally:
            server.close()
    # END SOLUTION


def serve(path: str, port: int) -> None:
    """Serve the database file at `path` on 127.0.0.1 until SIGTERM; print "ready <port>" when it is.
    Exit at once if another process serves it: two of them would destroy it."""
    # BEGIN SOLUTION
    config = {"path": path, "host": "127.0.0.1", "port": port}
    with open(path, "ab") as file:  # for the lock, which ends with the process, however that ends
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"{path} is served by another process")
        main(config, lambda actual: print(f"ready {actual}", flush=True))
    # END SOLUTION


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python server.py FILE [PORT]")
    serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 5432)
