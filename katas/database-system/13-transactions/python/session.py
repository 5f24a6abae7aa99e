"""One client's conversation: where transactions begin, fail and end.

A statement on its own is a transaction. Between BEGIN and COMMIT many are one, and after an error
nothing is accepted but the end of it: the client may have sent the next statements already, and
they were meant for a world in which the failed one had worked. PostgreSQL does exactly so. A savepoint
is a place to go back to: then the statements before it still count, and an error behind it does not.
"""

from __future__ import annotations

from typing import Any

from engine import Engine
from kit.errors import (
    DatabaseError,
    FeatureNotSupported,
    NoActiveTransaction,
    TransactionAborted,
    UndefinedColumn,
    UndefinedSavepoint,
)
from mvcc import Transaction, TransactionManager
from parser import parse

IDLE, IN_TRANSACTION, FAILED = "I", "T", "E"


class Session:
    """Runs statements for one client, in transactions of one manager.

    A result is {"tag", "columns", "rows"}, as the engine's. BEGIN, COMMIT, ROLLBACK, savepoints, SET,
    SHOW and what the parser calls "ignored" are the session's own; the engine gets all the rest.
    """

    def __init__(self, manager: TransactionManager, optimizer: Any = None) -> None:
        """Begin idle. `optimizer` is handed to the engine."""
        raise NotImplementedError("13-transactions: Session.__init__")

    def execute(self, sql: str, params: list[Any] | None = None) -> list[dict[str, Any]]:
        """Run a script, one result for each statement.

        Statements outside of BEGIN and COMMIT are one transaction together: if one raises, none of
        them has happened. Text that is not SQL is an error like any other.
        """
        raise NotImplementedError("13-transactions: Session.execute")

    def parse(self, sql: str) -> list[dict[str, Any]]:
        """Return the statements of a script. Text that is not SQL is an error like any other."""
        raise NotImplementedError("13-transactions: Session.parse")

    def prepare(
        self, statement: dict[str, Any], types: list[str | None] | None = None
    ) -> dict[str, Any]:
        """Return {"params": types, "columns": of the result} of a statement, without running it.

        `types` are those of the parameters that the client declares, None for one that it does not.
        A transaction that it had to begin lasts until `finish`, as with `run`. A statement of the
        session itself has no columns, but for SHOW.
        """
        raise NotImplementedError("13-transactions: Session.prepare")

    def run(
        self,
        statement: dict[str, Any],
        params: list[Any] | None = None,
        types: list[str | None] | None = None,
    ) -> dict[str, Any]:
        """Run one parsed statement in the open transaction, and leave it open.

        If there is none, one begins that lasts until `finish`. An error ends the transaction: after
        BEGIN the session is then failed, and raises TransactionAborted until COMMIT or ROLLBACK
        (which both roll back) or ROLLBACK TO a savepoint (the transaction goes on from there); else
        it is idle. UndefinedSavepoint if there is none of that name, NoActiveTransaction for what
        concerns savepoints outside of BEGIN, FeatureNotSupported where the open transaction would have
        to become serializable.
        """
        raise NotImplementedError("13-transactions: Session.run")

    def finish(self) -> None:
        """Commit what ran outside of BEGIN and COMMIT; a transaction begun by BEGIN goes on."""
        raise NotImplementedError("13-transactions: Session.finish")

    def status(self) -> str:
        """Return "I" idle, "T" in a transaction begun by BEGIN, "E" in one that has failed."""
        raise NotImplementedError("13-transactions: Session.status")

    def fail(self) -> None:
        """Roll back because of an error; after BEGIN the session is failed from now on, and where
        there is a savepoint, nothing is rolled back yet: it waits for ROLLBACK TO."""
        raise NotImplementedError("13-transactions: Session.fail")

    def close(self) -> None:
        """The client is gone: what is not committed never happened."""
        raise NotImplementedError("13-transactions: Session.close")
