"""One fixed run with every outcome and hostile text, and its record of attempts; see test_reports.py."""

from __future__ import annotations

from grader.reports.words import Attempt
from grader.verdict import Failure, Frame, MilestoneResult, RunResult, TestResult

HOSTILE = (
    "</script><script>alert(1)</script> ]]> <!-- \x1b[31mred\x00 \u202eback {{ 7*7 }} | `tick` ``` "
)
SECRET = "SECRET OF THE HIDDEN SUITE"
REPRODUCTION = """\
# Repeats the calls of a test. Save it as reproduction.py beside your files and run: python reproduction.py
# What the test itself did to files and connections is not repeated.

import tempfile

from page_file import PageFile

workdir = tempfile.mkdtemp()

page_file = PageFile(workdir + '/pages.db', 512)
page_file.write(1, b'\\x00\\xff' + b'\\x00' * 100)
print(repr(page_file.read(1)))  # </script> in a comment
"""

FAILED = Failure(
    reason="What came back is not what was expected.",
    calls=(
        "PageFile('workdir/pages.db', 512) -> page_file",
        "page_file.allocate() -> 1",
        "page_file.write(1, b'\\x00\\xff' + b'\\x00' * 100 (102 bytes)) -> None   (printed 'writing page 1')",
        "page_file.read(9) !! OutOfBounds: there is no page 9",
        "page_file.read(1) -> b'\\x00' * 508 (508 bytes)",
    ),
    expected="b'\\x00\\xff' + b'\\x00' * 506 (508 bytes)",
    actual="b'\\x00' * 508 (508 bytes)\nthey differ at byte 1: expected b'\\x00\\xff' + b'\\x00' * 27 …, actual b'\\x00' * 29 …",
    frames=(
        Frame("page_file.py", 41, "write", "self._put(number, payload)"),
        Frame("page_file.py", 88, "_put", 'raise ValueError(f"{number} <b>bold</b>")'),
    ),
    prints="writing page 1\nwriting page 1\n",
    seed=210944792118180,
    assertion="assert pages.read(1) == payload.ljust(508, b'\\0')",
    reproduction=REPRODUCTION,
)
EVIL = Failure(
    reason=f"The code raised Evil: {HOSTILE}",
    calls=(f"run({HOSTILE!r}) !! Evil", "x" * 300),
    expected="'a'",
    actual="'b'",
    frames=(Frame("<img src=x onerror=alert(1)>.py", 1, "<lambda>", HOSTILE),),
    prints=HOSTILE + "\r\nsecond line\r\n" + "-" * 700 + "\ud800",
    seed=1,
    assertion="=cmd|' /C calc'!A0",
    reproduction="print('</script><script>alert(2)</script>')\n"
    + "y = 1  # "
    + "long " * 60
    + "\n",
)


def visible(name: str, sentence: str, outcome: str, failure: Failure | None = None) -> TestResult:
    return TestResult(
        suite="visible",
        name=name,
        sentence=sentence,
        outcome=outcome,
        seconds=0.0412,
        failure=failure,
    )


def hidden(name: str, sentence: str, outcome: str) -> TestResult:
    """As a careless judge would hand it over: with everything in it."""
    failure = (
        None if outcome == "passed" else Failure(reason=SECRET, calls=(SECRET,), prints=SECRET)
    )
    return TestResult(
        suite="hidden", name=f"{name}[{SECRET}]", sentence=sentence, outcome=outcome,
        seconds=9.99, failure=failure,
    )  # fmt: skip


def milestone(
    name: str, title: str, outcome: str, *tests: TestResult, **more: object
) -> MilestoneResult:
    system, _, slug = name.partition("/")
    known = {
        "language": "python", "points": 8, "suites": ("visible", "hidden"), "seconds": 0.91, **more,
    }  # fmt: skip
    return MilestoneResult(
        system=system, milestone=slug, title=title, outcome=outcome, tests=tests, **known
    )


RUN = RunResult(
    course="Systems from Scratch",
    subject="/home/ada/database",
    started="2026-03-01T10:20:30Z",
    seconds=12.3456,
    seed=987654321,
    sandboxed=False,
    grader="0.1.0",
    milestones=(
        milestone(
            "database-system/01-pages", "A file of pages", "passed",
            hidden("test_reused", "A page that is handed out again holds zeros.", "passed"),
            visible("test_new_file", "A new page file has one page, the header.", "passed"),
            visible("test_sizes[128]", "A page size of 128 to 65,536 bytes is taken.", "passed"),
            visible("test_sizes[65536]", "A page size of 128 to 65,536 bytes is taken.", "passed"),
        ),
        milestone(
            "database-system/02-records", "Records in a page", "crashed",
            visible("test_write", "What was written is read back, padded with zeros.", "failed", FAILED),
            visible("test_evil", "An error's message <i>says</i> which page | it was.", "failed", EVIL),
            visible("test_loop", "A long row is encoded at once.", "timeout",
                    Failure(reason="No answer came within 10 seconds.", calls=("encode_row(…) !! no answer",), seed=3)),
            visible("test_abort", "A bad row is refused.", "crashed",
                    Failure(reason="The process was ended by signal 11 (SIGSEGV) during decode_row.", seed=4)),
            visible("test_compact", "Compaction keeps every cell.", "todo",
                    Failure(reason="not built yet (02-records: SlottedPage.compact)")),
            visible("test_fine", "An empty page has no cells.", "passed"),
            hidden("test_a", "Compaction happens only when room is needed.", "failed"),
            hidden("test_b", "A cell of the greatest length fits.", "timeout"),
            hidden("test_c", "The user header survives everything.", "passed"),
        ),
        milestone(
            "database-system/02-records", "Records in a page", "todo",
            visible("test_write", "What was written is read back, padded with zeros.", "todo",
                    Failure(reason="not built yet (not implemented: 02-records SlottedPage.insert)")),
            language="java", suites=("visible",),
        ),
        milestone(
            "web-server/01-byte-stream", "Bytes on the wire", "passed",
            visible("test_echo", "What is sent comes back.", "passed"),
            hidden("test_half", "A half-closed connection is answered.", "passed"),
            borrowed=True, points=6, language="typescript",
        ),
        milestone(
            "web-server/02-request-head", "Reading a request", "failed",
            reason="01-byte-stream no longer passes: =HYPERLINK(\"http://evil.example\")\nsecond line",
            language="typescript",
        ),
        milestone(
            "web-server/03-responses", "Writing a response", "passed",
            visible("test_status", "A response begins with its status line.", "passed"),
            suites=("visible",), language="typescript", cached=True,
        ),
        milestone(
            "container-engine/01-first-process", "A process and its ending", "not run",
            reason="needs user namespaces, which this machine does not allow",
        ),
        milestone(
            "container-engine/02-new-root", "A room with no door", "error",
            visible("test_pivot", "The old root is out of reach.", "error",
                    Failure(reason="The grader failed: OSError: no space left")),
            hidden("test_mounts", "No mount of the old root is left.", "error"),
            hidden("test_later", "The new root may be left again.", "not run"),
        ),
    ),
)  # fmt: skip

HISTORY = (
    Attempt("2026-02-27T09:00:00Z", "database-system", "01-pages", "python", 0, 4, "todo", "visible+hidden"),
    Attempt("2026-02-27T09:40:00Z", "database-system", "01-pages", "python", 2, 4, "failed", "visible+hidden"),
    Attempt("2026-02-27T10:05:00Z", "database-system", "01-pages", "python", 1, 4, "crashed", "visible+hidden"),
    Attempt("2026-02-27T10:30:00Z", "database-system", "01-pages", "python", 4, 4, "passed", "visible+hidden"),
    ("2026-02-28T08:00:00Z", "database-system", "02-records", "python", 2, 10, "failed"),
    ("2026-03-01T10:20:30Z", "web-server", "03-responses", "typescript", 1, 1, "passed"),
    ("2026-03-01T10:20:31Z", "web-server", "<b>gone</b>", "cobol", 0, 0, "odd outcome"),
)  # fmt: skip
