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
