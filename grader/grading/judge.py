"""From what happened in one test to its verdict and to a failure that teaches.

The outcome follows from the exception that ended the test and from where it arose: in the suite
(the code under test answered something that the suite could not accept: failed), in the grader
(error, nobody's failure but ours), or by a `Judged`, which carries its outcome. A hidden test's
failure keeps a neutral reason and nothing else.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from grader.bridge.faults import ExpectationUnmet, Judged, LearnerError, SuiteFault
from grader.errors import GraderError
from grader.failures import talk
from grader.failures.compare import side_by_side
from grader.failures.reproduce import reproduction
from grader.failures.talk import Step
from grader.failures.teach import DOES_NOT_COMPILE
from grader.failures.transcript import Call, Opaque, Ref, narrate
from grader.verdict import Failure, Frame, Outcome, Suite, TestResult

CALLS_SHOWN = 12
PRINTS_SHOWN, LINES_SHOWN = 2000, 20  # of the learner's own prints in a report, from their end

NEUTRAL: dict[Outcome, str] = {
    "failed": "The behaviour was not as described.",
    "todo": "Not built yet.",
    "timeout": "No answer within the time limit.",
    "crashed": "The process ended before it answered.",
    "error": "The grader could not tell; this is not the code's fault.",
    "not run": "Not run on this machine.",
}
GRADER = Path(__file__).parent.parent
PATHS = GRADER / "bridge" / "workpath.py"


@dataclass
class TestRun:
    """What one test leaves behind while it runs."""

    __test__ = False

    suite: Suite
    name: str
    sentence: str
    path: Path
    seed: int
    language: str = ""
    home: dict[str, str] = field(default_factory=dict)  # public name -> module, for reproductions
    workdir: str = ""
    journal: list[Call | str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)  # what was said to a program
    broken: str = ""  # the code does not compile
    output: str = ""
    compared: tuple[str, object, object] | None = None
    error: BaseException | None = None
    seconds: float = 0.0

    def note(self, line: str) -> None:
        """Keep one line of what happened on a connection."""
        self.journal.append(line)

    def phase_ended(self, error: BaseException | None, seconds: float) -> None:
        """Set-up, call or tear-down ended; the first error is the one that counts."""
        self.seconds += seconds
        if error is not None and self.error is None:
            self.error = error


def verdict(run: TestRun) -> TestResult:
    """The record of a finished test."""
    outcome = _outcome(run)
    hidden = run.suite == "hidden"
    failure = None
    if outcome != "passed":
        failure = Failure(reason=_neutral(run, outcome)) if hidden else _failure(run)
    return TestResult(
        suite=run.suite,
        name=run.name,
        sentence=run.sentence,
        outcome=outcome,
        seconds=0.0 if hidden else round(run.seconds, 4),
        failure=failure,
    )


def _neutral(run: TestRun, outcome: Outcome) -> str:
    """All that is told of a hidden test: no value and no word of the test's or the code's.

    An error is the grader's, so it says where to look: a kind of exception and a place."""
    error = _inner(run.error)
    if outcome != "error" or error is None:
        return NEUTRAL[outcome]
    if isinstance(error, SuiteFault):
        return f"{NEUTRAL[outcome]} ({_reason(error, False)})"
    last = next(f for f in reversed(traceback.extract_tb(error.__traceback__)))
    return (
        f"{NEUTRAL[outcome]} ({type(error).__name__} in {Path(last.filename).name}:{last.lineno})"
    )


def _outcome(run: TestRun) -> Outcome:
    error = _inner(run.error)
    if error is None:
        return "passed"
    if isinstance(error, Judged):
        return error.outcome
    if run.broken or isinstance(error, LearnerError | ExpectationUnmet) or _hung_up(run, error):
        return "failed"
    return "error" if isinstance(error, SuiteFault) or _arose_in_tools(error) else "failed"


def _hung_up(run: TestRun, error: BaseException) -> bool:
    """Whether the other end of a connection, a program under test, has gone or never came."""
    started = any(isinstance(entry, str) for entry in run.journal)
    return started and isinstance(error, ConnectionError | TimeoutError)


def _inner(error: BaseException | None) -> BaseException | None:
    """What matters in a group: hypothesis reports a process that died as several errors at once."""
    if isinstance(error, BaseExceptionGroup):
        parts = [e for e in map(_inner, error.exceptions) if e is not None]
        return next((e for e in parts if isinstance(e, Judged)), parts[0])
    return error


def _arose_in_tools(error: BaseException) -> bool:
    """Whether the grader or pytest stumbled, not the suite (or a library that it called).

    The working directory's paths are such a library: a file that is missing is not our fault."""
    places = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    last = next((place for place in reversed(places) if place != PATHS), GRADER)
    return last.is_relative_to(GRADER) or not {"_pytest", "pluggy"}.isdisjoint(last.parts)


def _failure(run: TestRun) -> Failure:
    if run.broken:
        return Failure(reason=f"{DOES_NOT_COMPILE}\n{run.broken}")
    error = _inner(run.error)
    assert error is not None
    expected, actual = _compared(run)
    return Failure(
        reason=text(_reason(error, expected is not None)),
        calls=tuple(map(text, narrate(run.journal, run.workdir, CALLS_SHOWN))),
        expected=None if expected is None else text(expected),
        actual=None if actual is None else text(actual),
        frames=_frames(error),
        prints=_prints(run),
        seed=run.seed,
        assertion=_assertion(error, run.path),
        reproduction=text(_reproduction(run)),
    )


def text(said: str) -> str:
    """What can be written down: half a character, which JSON can bring, is told as its escape."""
    return said.encode("utf-8", "backslashreplace").decode("utf-8")


def _reason(error: BaseException, compared: bool) -> str:
    if isinstance(error, Judged):
        return error.reason[:4000]
    if isinstance(error, LearnerError):
        return f"The code raised {error}"[:4000]
    if isinstance(error, AssertionError):
        said = str(error).split("\nassert ")[0].strip()
        return "What came back is not what was expected." if compared or not said else said[:4000]
    if isinstance(error, ConnectionError | TimeoutError):
        return f"The connection to the program broke: {error.strerror or error}"
    if isinstance(error, SuiteFault):
        return f"The suite itself is wrong: {error}"
    if not _arose_in_tools(error):
        return f"The suite could not go on with what came back ({type(error).__name__}: {error})"[
            :4000
        ]
    why = f"\n{error.mend}" if isinstance(error, GraderError) and error.mend else ""
    return f"The grader failed: {type(error).__name__}: {error}{why}"[:4000]


def _compared(run: TestRun) -> tuple[str | None, str | None]:
    """Expected and actual of the failing `assert got == expected`."""
    if run.compared is None or type(run.error) is not AssertionError:
        return None, None
    operator, actual, expected = run.compared
    if operator != "==":
        return None, None
    return side_by_side(plain(expected), plain(actual))


def plain(value: object) -> object:
    """A value for display: what is not plain is named, never asked."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str, bytes, Ref, Opaque):
        return value
    if kind in (list, tuple):
        return [plain(v) for v in value]  # type: ignore[attr-defined]
    if kind is dict:
        return {k: plain(v) for k, v in value.items()}  # type: ignore[attr-defined]
    if isinstance(value, int | float | str | bytes | set | frozenset | Path):
        return repr(value)
    return Opaque(object.__repr__(value) if kind.__module__.startswith("grader") else repr(value))


def _frames(error: BaseException) -> tuple[Frame, ...]:
    told: Sequence[Frame] = tuple(getattr(error, "frames", ()))[-6:]
    return tuple(Frame(text(f.file), f.line, text(f.function), text(f.text)) for f in told)


def _prints(run: TestRun) -> str:
    """The end of what the code printed, from the beginning of a line where there is one."""
    lines = run.output[-PRINTS_SHOWN:].rstrip("\n").split("\n")
    if len(lines) > 1 and len(run.output) > PRINTS_SHOWN:
        lines = lines[1:]  # only the end of it is here
    shown = "\n".join(lines[-LINES_SHOWN:])
    rest = len(run.output.rstrip("\n")) - len(shown)
    return f"… ({rest:,} characters before)\n{shown}" if rest else run.output


def _assertion(error: BaseException, suite: Path) -> str:
    """The suite's own statement at which the test ended."""
    numbers = [n for f, n in _walk(error.__traceback__) if f == str(suite)]
    return linecache.getline(str(suite), numbers[-1]).strip() if numbers else ""


def _walk(trace: TracebackType | None) -> Sequence[tuple[str, int]]:
    found = []
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _reproduction(run: TestRun) -> str:
    if run.steps:
        return talk.reproduction(run.steps, run.language)
    calls = [entry for entry in run.journal if isinstance(entry, Call)]
    if not calls or len(calls) != len(run.journal) or not run.language:
        return ""
    return reproduction(calls, run.language, run.home, run.workdir)
