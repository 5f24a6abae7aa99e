"""The command that proves milestones: verify."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import click

from grader import show
from grader.errors import UsageError
from grader.here import Here, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.proof.subject import Finding, Subject
    from grader.proof.verify import Report


@click.command("verify")
@click.argument("selectors", nargs=-1, metavar="[SYSTEM[/NN]]...")
@click.option("--changed", is_flag=True, help="Only what changed since the last commit touches.")
@click.option("--since", metavar="COMMIT", help="The same, of what changed since another one.")
@click.option("--write", is_flag=True, help="Bring misconceptions.json up to date.")
@click.option(
    "--repeat",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    metavar="K",
    help="Runs under load that have to agree.",
)
@click.option("--fresh", is_flag=True, help="Measure again even what is known.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Runs side by side.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON, and nothing else.")
@click.pass_obj
def verify_(
    course: str | None, selectors: tuple[str, ...], changed: bool, since: str | None, write: bool,
    repeat: int, fresh: bool, workers: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Prove milestones: stubs earn nothing, references everything, impostors are found out, and more.

    \b
    sfs verify                        the whole course
    sfs verify database-system/01     one milestone
    sfs verify --changed              what your change touches
    sfs verify --since main           what your branch touches
    sfs verify --write web-server     and write what its impostors show
    """
    from grader.proof import files, verify
    from grader.proof.runs import Bench

    began = time.monotonic()
    here = look(course)
    if not here.layout.has_solutions():
        raise UsageError("this copy of the course has no solutions", "There is nothing to prove.")
    subjects = _subjects(here, selectors, since or ("HEAD" if changed else None))
    stop = threading.Event()
    bench = Bench(os.environ, fresh, stop)
    systems = {subject.system.id: subject.system for subject in subjects}.values()
    common = [f for system in systems for f in files.system_in_place(here.layout, system)]
    proofs = [verify.Proof(subject, bench, repeat=repeat, write=write) for subject in subjects]
    reports: list[Report] = []
    if not as_json:
        _print_findings(common)
    with show.Watching(quiet=as_json) as watching:
        watchers = []
        for proof in proofs:
            line = watching.watcher(proof.subject.name)
            watchers.append(line.advance if line else _nobody)
            if line:
                turns = len(proof.languages()) if repeat else 0
                line.collected(len(list(proof.steps())) + turns)
        for report in verify.prove(proofs, workers or os.cpu_count() or 1, stop, watchers):
            reports.append(report)
            if not as_json:
                _print(report)
    if as_json:
        click.echo(_json(common, reports), nl=False)
    else:
        _print_end(common, reports, time.monotonic() - began)
    return _status(common, reports)


def _status(common: Sequence[Finding], reports: Sequence[Report]) -> int:
    """0 when nothing was found; what could not be run in any language here is not proven."""
    good = all(report.status == "green" for report in reports)
    return 0 if good and not common else 1


def _nobody() -> None:
    """Where there is no progress bar."""


def _subjects(here: Here, selectors: tuple[str, ...], since: str | None) -> list[Subject]:
    """The milestones that are meant, each once, in the order of the course."""
    from grader.proof import changed
    from grader.proof.subject import Subject

    wanted = {
        (system.id, milestone.id)
        for system, milestone, _ in here.select(selectors or tuple(here.course.systems), None)
    }
    if since is not None:
        paths = changed.changed(here.layout.root, since)
        wanted &= changed.touched(here.course, paths)
    return [
        Subject(here.layout, here.course, system, milestone)
        for system in here.course.systems.values()
        for milestone in system.milestones
        if (system.id, milestone.id) in wanted
    ]


def _print(report: Report) -> None:
    """One milestone: its kill table, what could not be run, its findings."""
    print(f"\n{report.milestone}\n")
    if report.kills:
        rows = [
            [
                row.impostor,
                row.language,
                row.note or f"{row.visible[0]}/{row.visible[1]}",
                row.note or f"{row.hidden[0]}/{row.hidden[1]}",
                row.misconception,
            ]
            for row in report.kills
        ]
        print(show.table(rows, ["impostor", "language", "visible", "hidden", "misconception"]))
    for language, reason in report.not_run.items():
        print(f"\n{show.colour('not run', 'not run')}: {language}. {reason}")
    for name in report.written:
        print(f"\nwritten: {name}")
    _print_findings(report.findings)


def _print_findings(findings: Sequence[Finding]) -> None:
    """Grouped by where they are to be mended, in the order in which they were found."""
    for group in dict.fromkeys((f.milestone, f.language) for f in findings):
        print(f"\n{' '.join(filter(None, group))}:")
        for one in findings:
            if (one.milestone, one.language) == group:
                head = f"{one.where}: {one.what}" if one.where else one.what
                print(f"  {show.colour('!', 'failed')} {_indented(head)}")
                if one.mend:
                    print(f"    -> {one.mend}")


def _indented(text: str) -> str:
    return text.replace("\n", "\n      ")


def _print_end(common: Sequence[Finding], reports: Sequence[Report], seconds: float) -> None:
    from grader.proof.verify import CHECKLIST

    if not reports:
        print("No milestone is touched by what changed.")
        return
    print("\nWhat only a person can say:\n")
    print("\n".join(f"  [ ] {line}" for line in CHECKLIST))
    print()
    cells = [_summary(report) for report in reports]
    widths = [max(len(click.unstyle(row[i])) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        padded = (c + " " * (w - len(click.unstyle(c))) for c, w in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())
    count = len(common) + sum(len(report.findings) for report in reports)
    work = sum(report.seconds for report in reports)
    print(f"\n{_counted(count, 'finding')}; {work:.0f} s of work in {seconds:.0f} s")


def _summary(report: Report) -> list[str]:
    hidden, visible, ran = report.killed()
    words = {"green": "green", "not proven": "not proven"}
    status = words.get(report.status) or _counted(len(report.findings), "finding")
    look = {"green": "passed", "not proven": "not run"}.get(report.status, "failed")
    missing = f" ({', '.join(report.not_run)} not proven)" if report.not_run else ""
    return [
        report.milestone,
        " ".join(report.proven) or "-",
        f"tests {report.tests[0]}+{report.tests[1]}",
        f"impostors {hidden}/{ran} hidden, {visible} visible",
        f"{report.seconds:.1f} s",
        show.colour(status, look) + missing,
    ]


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _json(common: Sequence[Finding], reports: Sequence[Report]) -> str:
    import msgspec

    from grader.proof.verify import CHECKLIST

    document = {
        "findings": common,
        "milestones": [
            {**msgspec.to_builtins(report), "status": report.status} for report in reports
        ],
        "checklist": CHECKLIST,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
