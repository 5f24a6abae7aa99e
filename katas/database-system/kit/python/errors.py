"""Every error of the database, by name. Given: import from here, never define your own.

A name is part of the contract: callers, and one day database drivers, tell errors apart by class
and by `sqlstate`, the five characters that the SQL standard gives to each kind of failure. The
text is for people: say what was asked for and what was found.
"""

from __future__ import annotations


class DatabaseError(Exception):
    """What all errors of the database have in common."""

    sqlstate = "XX000"


class NotADatabase(DatabaseError):
    """The file exists, has bytes in it, and they are not ours."""


class PageSizeMismatch(DatabaseError):
    """The file was made with another page size than the one it is opened with."""


class PageCorrupt(DatabaseError):
    """A page is not what was written there: torn, flipped, misplaced, or not what its user expects."""

    sqlstate = "XX001"


class OutOfBounds(DatabaseError):
    """A number that names no page, or no root slot, of this file."""


class PageFull(DatabaseError):
    """More bytes than a page can take."""


class StoreClosed(DatabaseError):
    """A call to something that has been closed."""


class SlotOutOfRange(DatabaseError):
    """An index that names no cell of this page."""


class RecordCorrupt(DatabaseError):
    """Bytes that are not the encoding of any row of the given types."""

    sqlstate = "XX001"


class TypeMismatch(DatabaseError):
    """A value that the column's type cannot hold."""

    sqlstate = "42804"



class PoolExhausted(DatabaseError):
    """Every frame of the pool is pinned: there is no room for one more page."""

    sqlstate = "53200"


class PagePinned(DatabaseError):
    """A page that somebody still holds cannot be deleted or forgotten."""


class NotPinned(DatabaseError):
    """A frame was given back that nobody holds."""


class KeyTooLarge(DatabaseError):
    """A key so long that too few of them would fit into a page."""

    sqlstate = "54000"



class SqlSyntaxError(DatabaseError):
    """Text that is not SQL."""

    sqlstate = "42601"


class UndefinedTable(DatabaseError):
    """A table, view or index that does not exist."""

    sqlstate = "42P01"


class UndefinedColumn(DatabaseError):
    """A column that no table in reach has."""

    sqlstate = "42703"


class AmbiguousColumn(DatabaseError):
    """A column name that more than one table in reach has."""

    sqlstate = "42702"


class UndefinedFunction(DatabaseError):
    """A function that does not exist, or not with so many arguments."""

    sqlstate = "42883"


class DuplicateTable(DatabaseError):
    """A table, view or index of this name exists already."""

    sqlstate = "42P07"


class DuplicateColumn(DatabaseError):
    """Two columns of one table, or of one list, have the same name."""

    sqlstate = "42701"


class GroupingError(DatabaseError):
    """A column that has no single value in its group, or an aggregate where none can be."""

    sqlstate = "42803"


class InvalidColumnReference(DatabaseError):
    """A column of the result that is not there, or cannot be meant."""

    sqlstate = "42P10"


class InvalidText(DatabaseError):
    """A text that cannot be read as the type that is asked for."""

    sqlstate = "22P02"


class DivisionByZero(DatabaseError):
    """A division by zero, or its remainder."""

    sqlstate = "22012"


class OutOfRange(DatabaseError):
    """A number beyond what its type holds."""

    sqlstate = "22003"


class CardinalityViolation(DatabaseError):
    """A subquery gave more rows where one value is wanted."""

    sqlstate = "21000"


class FeatureNotSupported(DatabaseError):
    """Good SQL that this database does not have."""

    sqlstate = "0A000"



class UniqueViolation(DatabaseError):
    """A key that must be unique is there already."""

    sqlstate = "23505"


class NotNullViolation(DatabaseError):
    """NULL in a column that must not have it."""

    sqlstate = "23502"



class SerializationFailure(DatabaseError):
    """Another transaction was faster; begin again, and it may succeed."""

    sqlstate = "40001"


class TransactionAborted(DatabaseError):
    """The transaction has failed: nothing but its end is accepted."""

    sqlstate = "25P02"


class NoActiveTransaction(DatabaseError):
    """A savepoint outside of a transaction that BEGIN has begun."""

    sqlstate = "25P01"


class UndefinedSavepoint(DatabaseError):
    """The open transaction has no savepoint of this name."""

    sqlstate = "3B001"


class TransactionClosed(DatabaseError):
    """A call to a transaction that has ended."""

    sqlstate = "25000"


class ProtocolViolation(DatabaseError):
    """Bytes that no client of this protocol would send."""

    sqlstate = "08P01"


class DuplicateStatement(DatabaseError):
    """A prepared statement of this name exists already."""

    sqlstate = "42P05"


class UndefinedStatement(DatabaseError):
    """A prepared statement that does not exist."""

    sqlstate = "26000"


class UndefinedPortal(DatabaseError):
    """A portal, which is a statement with its values, that does not exist."""

    sqlstate = "34000"
