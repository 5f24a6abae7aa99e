"""The one family of errors that a person may see.

Each error says what is wrong in one sentence and, where there is something to do about it, the
mend in another; it knows the exit status of the command that it ends. Nothing here prints.
"""

WRONG_USAGE = 2
GRADER_FAULT = 3


class GraderError(Exception):
    """Something went wrong that is not the submission's fault."""

    exit_code = GRADER_FAULT

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class UsageError(GraderError):
    """The command, the path or the name that was given cannot be used."""

    exit_code = WRONG_USAGE


class ManifestError(UsageError):
    """milestones.yaml is wrong; the message names file and line."""


class CourseError(UsageError):
    """A file that the manifest promises is missing or out of shape."""


class SubmissionError(UsageError):
    """The folder to be graded cannot be taken as it is (links, devices, too much of it)."""


class SandboxUnavailable(GraderError):
    """This machine cannot confine the code under test."""


class RuntimeMissing(GraderError):
    """The language's runtime (JDK, Node) is not on this machine."""


class GraderFault(GraderError):
    """The grader itself broke; never to be shown as the learner's failure."""
