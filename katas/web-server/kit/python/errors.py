"""The errors of the course, by name: suites and servers look at nothing else of them."""

from __future__ import annotations


class LineTooLong(Exception):
    """A line, or what should become one, is longer than the caller allows."""


class HttpError(Exception):
    """A message that must be answered with an error.

    `status` is the status code of the answer (RFC 9110, section 15); `reason` says in a few words what
    was wrong, for logs and people.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
