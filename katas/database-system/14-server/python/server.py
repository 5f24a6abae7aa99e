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


class Connection:
    """One client: what it sends goes in, what it gets comes out."""

    def __init__(self, manager: TransactionManager, optimizer: Any = None) -> None:
        """Serve a client of a database. `optimizer` is handed to the session."""
        raise NotImplementedError("14-server: Connection.__init__")

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the client, return what it is to be sent. Never raises.

        Messages may arrive in pieces, or many at once. What breaks the protocol is answered with an
        error, and ends the connection.
        """
        raise NotImplementedError("14-server: Connection.receive")

    def closed(self) -> bool:
        """Return whether the conversation is over: nothing more is answered."""
        raise NotImplementedError("14-server: Connection.closed")

    def close(self) -> None:
        """The client is gone; what it has not committed never happened."""
        raise NotImplementedError("14-server: Connection.close")


def main(config: dict[str, Any], ready: Callable[[int], None]) -> None:
    """Serve the database at config["path"] on config["host"] and config["port"] (0: any that is free).

    `ready(port)` is called once clients can connect. SIGTERM ends it: open transactions are rolled
    back, the store is closed.
    """
    raise NotImplementedError("14-server: main")


def serve(path: str, port: int) -> None:
    """Serve the database file at `path` on 127.0.0.1 until SIGTERM; print "ready <port>" when it is.
    Exit at once if another process serves it: two of them would destroy it."""
    raise NotImplementedError("14-server: serve")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python server.py FILE [PORT]")
    serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 5432)
