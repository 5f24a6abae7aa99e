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
        # BEGIN SOLUTION
        self._manager = manager
        self._optimizer = optimizer
        self._transaction: Transaction | None = None
        self._engine: Engine | None = None  # over the transaction
        self._explicit = False  # begun by BEGIN
        self._failed = False
        self._serializable = False  # what BEGIN means if it does not say
        self._savepoints: list[tuple[str, int]] = []  # of the transaction: names and marks
        # END SOLUTION

    def execute(self, sql: str, params: list[Any] | None = None) -> list[dict[str, Any]]:
        """Run a script, one result for each statement.

        Statements outside of BEGIN and COMMIT are one transaction together: if one raises, none of
        them has happened. Text that is not SQL is an error like any other.
        """
        # BEGIN SOLUTION
        results = [self.run(statement, params) for statement in self.parse(sql)]
        self.finish()
        return results
        # END SOLUTION

    def parse(self, sql: str) -> list[dict[str, Any]]:
        """Return the statements of a script. Text that is not SQL is an error like any other."""
        # BEGIN SOLUTION
        try:
            return parse(sql)
        except DatabaseError:
            self.fail()
            raise
        # END SOLUTION

    def prepare(
        self, statement: dict[str, Any], types: list[str | None] | None = None
    ) -> dict[str, Any]:
        """Return {"params": types, "columns": of the result} of a statement, without running it.

        `types` are those of the parameters that the client declares, None for one that it does not.
        A transaction that it had to begin lasts until `finish`, as with `run`. A statement of the
        session itself has no columns, but for SHOW.
        """
        # BEGIN SOLUTION
        if statement["kind"] in OWN:
            shown = statement["kind"] == "show"
            return {"params": [], "columns": [_shown_column(statement)] if shown else []}
        try:
            return self._engine_here().prepare(statement, types)
        except DatabaseError:
            self.fail()
            raise
        # END SOLUTION

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
        # BEGIN SOLUTION
        kind = statement["kind"]
        if self._failed and kind not in ("commit", "rollback", "rollback_to"):
            raise TransactionAborted("the transaction has failed: nothing is done until its end")
        try:
            if kind in OWN:
                return getattr(self, f"_{kind}")(statement)
            return self._engine_here().run(statement, params, types)
        except BaseException:
            self.fail()
            raise
        # END SOLUTION

    def finish(self) -> None:
        """Commit what ran outside of BEGIN and COMMIT; a transaction begun by BEGIN goes on."""
        # BEGIN SOLUTION
        if self._transaction is not None and not self._explicit:
            self._end().commit()
        # END SOLUTION

    def status(self) -> str:
        """Return "I" idle, "T" in a transaction begun by BEGIN, "E" in one that has failed."""
        # BEGIN SOLUTION
        if self._failed:
            return FAILED
        return IN_TRANSACTION if self._explicit else IDLE
        # END SOLUTION

    def fail(self) -> None:
        """Roll back because of an error; after BEGIN the session is failed from now on, and where
        there is a savepoint, nothing is rolled back yet: it waits for ROLLBACK TO."""
        # BEGIN SOLUTION
        explicit = self._explicit
        if not self._savepoints:
            self._rollback()
        self._explicit = self._failed = explicit
        # END SOLUTION

    def close(self) -> None:
        """The client is gone: what is not committed never happened."""
        # BEGIN SOLUTION
        self._rollback()
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def new_engine(self, transaction: Transaction) -> Engine:
        """The engine of one transaction; the server's session has its own kind."""
        return Engine(transaction, self._optimizer, False)

    def setting(self, name: str) -> str:
        """What SHOW says; the server's session knows more names."""
        if name in ("transaction_isolation", "transaction isolation level"):
            open_one = self._transaction
            serializable = open_one.serializable if open_one else self._serializable
            return "serializable" if serializable else "repeatable read"
        raise UndefinedColumn(f"there is no setting {name!r}")

    def _engine_here(self) -> Engine:
        if self._engine is None:
            self._open(self._serializable)
        assert self._engine is not None
        return self._engine

    def _open(self, serializable: bool) -> None:
        self._transaction = self._manager.begin(serializable)
        self._engine = self.new_engine(self._transaction)

    def _end(self) -> Transaction | None:
        ended, self._transaction, self._engine = self._transaction, None, None
        self._explicit = self._failed = False
        self._savepoints = []
        return ended

    def _begin(self, statement: dict[str, Any]) -> dict[str, Any]:
        if self._transaction is None:
            self._open(statement["serializable"] or self._serializable)
        elif statement["serializable"] and not self._transaction.serializable:
            raise FeatureNotSupported("too late for SERIALIZABLE: the transaction has begun")
        self._explicit = True
        return _done("BEGIN")

    def _commit(self, statement: dict[str, Any]) -> dict[str, Any]:
        if self._failed:
            return self._rollback()
        transaction = self._end()
        if transaction is not None:
            transaction.commit()
        return _done("COMMIT")

    def _savepoint(self, statement: dict[str, Any]) -> dict[str, Any]:
        self._expect_begin()
        self._savepoints.append((statement["name"], self._transaction.savepoint()))
        return _done("SAVEPOINT")

    def _release(self, statement: dict[str, Any]) -> dict[str, Any]:
        del self._savepoints[self._place(statement["name"]) :]
        return _done("RELEASE")

    def _rollback_to(self, statement: dict[str, Any]) -> dict[str, Any]:
        at = self._place(statement["name"])
        del self._savepoints[at + 1 :]
        self._transaction.rollback_to(self._savepoints[at][1])
        self._failed = False
        return _done("ROLLBACK")

    def _expect_begin(self) -> None:
        """A savepoint of a script's own transaction would be gone before anybody could use it."""
        if not self._explicit:
            raise NoActiveTransaction("a savepoint belongs to a transaction: say BEGIN first")

    def _place(self, name: str) -> int:
        """Where the youngest savepoint of this name is."""
        self._expect_begin()
        for at in reversed(range(len(self._savepoints))):
            if self._savepoints[at][0] == name:
                return at
        raise UndefinedSavepoint(f"there is no savepoint {name!r}")

    def _rollback(self, statement: dict[str, Any] | None = None) -> dict[str, Any]:
        transaction = self._end()
        if transaction is not None:
            transaction.rollback()
        return _done("ROLLBACK")

    def _set(self, statement: dict[str, Any]) -> dict[str, Any]:
        words = statement["words"]
        if "isolation" in words:
            serializable = "serializable" in words
            if "characteristics" in words:
                self._serializable = serializable
            elif serializable:
                raise FeatureNotSupported("say BEGIN ISOLATION LEVEL SERIALIZABLE instead")
        return _done("SET")

    def _show(self, statement: dict[str, Any]) -> dict[str, Any]:
        rows = [[self.setting(" ".join(statement["words"]))]]
        return {"tag": "SHOW", "columns": [_shown_column(statement)], "rows": rows}

    def _ignored(self, statement: dict[str, Any]) -> dict[str, Any]:
        return _done(statement["tag"])

    # END SOLUTION


# BEGIN SOLUTION: helpers
OWN = (  # statements of the session itself
    *("begin", "commit", "rollback", "savepoint", "release", "rollback_to"),
    *("set", "show", "ignored"),
)


def _done(tag: str) -> dict[str, Any]:
    return {"tag": tag, "columns": [], "rows": []}


def _shown_column(statement: dict[str, Any]) -> dict[str, Any]:
    return {"name": "_".join(statement["words"]), "type": "text"}


# END SOLUTION
