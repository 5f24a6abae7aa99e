"""Commands that measure code: test, grade, watch, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from grader.commands.options import measuring, secret_and_overlay
from grader.errors import UsageError
from grader.here import Here, look, record
from grader.session import Session
from grader.verdict import MilestoneResult, RunResult, exit_status

if TYPE_CHECKING:
    from grader.course.manifest import Milestone, System
    from grader.reports.formats import Kind


@click.command("test")
@click.argument("milestone", required=False)
@click.option("-k", "only", default="", metavar="EXPRESSION", help="Only tests whose names match.")
@click.option("--all", "everything", is_flag=True, help="Show every failing test in full.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Show what each test asks for, also when it passes."
)
@click.option(
    "--repro",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the first failure's reproduction to FILE.",
)
@click.option(
    "--debug", is_flag=True, help="Then run the first failure's calls here: breakpoint() works."
)
@measuring
@click.pass_obj
def test_(
    course: str | None, milestone: str | None, only: str, everything: bool, verbose: bool,
    repro: Path | None, debug: bool, seed: int | None, unsafe: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run the visible tests of a milestone on your code.

    \b
    sfs test                 the milestone you are at
    sfs test 01              an earlier one
    sfs test -k torn --all   tests whose name holds "torn", each failure in full
    sfs test -v              and what each test asks for
    sfs test --repro x.py    write a program that shows the first failure
    sfs test --debug         run it here, where a breakpoint() of yours stops
    """
    from grader.commands.replay import Replay

    here = look(course)
    own, system, wanted = here.milestone(milestone)
    replay = Replay(own, repro, debug)
    replay.check(as_json=as_json)
    session = Session(here, ("visible",), seed, fresh=True, unsafe=unsafe, quiet=as_json, only=only)
    run = session.run([session.job(system, wanted, own.language, own.root)], str(own.root))
    result = run.milestones[0]
    if only and result.outcome == "error" and not (result.tests or result.reason):
        raise UsageError(
            f"-k {only!r} chooses none of the visible tests of {result.id}",
            "It takes a part of a test's name, or several: -k 'torn or header'",
        )
    status = _print_json(run) if as_json else _print_test(run, here, everything, verbose)
    replay.do(result, quiet=as_json)
    if not as_json:
        _say_next(result)
    return session.settle(status)


def _print_test(run: RunResult, here: Here, everything: bool, verbose: bool) -> int:
    from grader import show

    result = run.milestones[0]
    say_unsafe(run)
    if not result.tests:
        print(f"{result.id}: {result.outcome}\n  {result.reason}")
        return exit_status(run.milestones)
    if verbose:
        print(show.sentences(result) + "\n")
    text = show.failures(result, everything=everything)
    print(f"{text}\n\n{show.tally(result)}" if text else show.tally(result))
    if not result.partial:
        _say_what_it_looks_like(here, result)
    return exit_status(run.milestones)


def _say_next(result: MilestoneResult) -> None:
    if result.outcome == "passed" and not result.partial:
        print(
            f"All visible tests pass (what they ask for: sfs test -v). Next: sfs grade {result.milestone}"
        )
    elif result.outcome == "todo":
        print(f"Nothing is built yet, so none can pass. Begin with: sfs lesson {result.milestone}")


def _say_what_it_looks_like(here: Here, result: MilestoneResult) -> None:
    """Somebody else's mistake that fails in the same way, if there is one."""
    from grader.failures import misconceptions

    known = misconceptions.load(here.layout.misconceptions(result.system, result.milestone))
    found = misconceptions.matching(result, known)
    if found:
        print(misconceptions.words(found) + "\n")


@click.command("grade")
@click.argument("selectors", nargs=-1, metavar="[SYSTEM[/NN]]...")
@click.option(
    "--all", "everything", is_flag=True, help="Every milestone (of the workspace's system)."
)
@click.option("--reference", is_flag=True, help="Grade the reference solutions.")
@click.option(
    "--code",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Grade the code in DIR.",
)
@click.option("--lang", metavar="LANG", help="python, typescript or java.")
@click.option("--fresh", is_flag=True, help="Measure again even what is known.")
@secret_and_overlay
@measuring
@click.pass_obj
def grade_(
    course: str | None, selectors: tuple[str, ...], everything: bool, reference: bool, code: Path | None,
    lang: str | None, fresh: bool, secret: Path | None, overlay: Path | None,
    seed: int | None, unsafe: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run visible and hidden tests, and record the verdict.

    \b
    sfs grade                                    your present milestone
    sfs grade 01 02                              these milestones of your workspace
    sfs grade --code ~/db --lang python database-system/02
    sfs grade --all --reference                  the course itself
    sfs grade --code ~/db --lang python --secret ~/class.secret --overlay ~/exam database-system
    """
    here = look(course, handed_in=code)
    folder, selected = _what(here, selectors, everything, reference, code, lang)
    session = official(here, selected, seed, fresh, unsafe, as_json, secret, overlay)
    jobs = [
        session.job(system, milestone, language, folder) for system, milestone, language in selected
    ]
    subject = "reference" if folder is None else str(folder)
    run = session.run(jobs, subject)
    status = _print_json(run) if as_json else _print_run(run, here)
    status = session.settle(status)  # what is not recorded has no next
    present = not selectors and not everything and folder is not None and code is None
    if status == 0 and present and not as_json:
        _say_after(selected[0][0], selected[0][1])
    return status


def _say_after(system: System, passed: Milestone) -> None:
    at = system.milestones.index(passed) + 1
    if at < len(system.milestones):
        print(f"\nNext is {system.milestones[at].id}: sfs next")
    else:
        whole = system.title[:1].lower() + system.title[1:]
        print(f"\nThat was the last milestone: you have built {whole}.")


def official(
    here: Here, selected: Sequence[tuple[System, Milestone, str]], seed: int | None, fresh: bool,
    unsafe: bool, quiet: bool, secret: Path | None, overlay: Path | None,
) -> Session:  # fmt: skip
    """A session with what an instructor adds to it: the class's secret, and suites of their own."""
    from grader.course import class_secret
    from grader.course import overlay as overlays

    return Session(
        here, seed=seed, fresh=fresh, unsafe=unsafe, quiet=quiet,
        secret=class_secret.read(secret) if secret else None,
        overlay=overlays.for_selected(overlay, here.layout, here.course, selected),
    )  # fmt: skip


def _what(
    here: Here,
    selectors: tuple[str, ...],
    everything: bool,
    reference: bool,
    code: Path | None,
    lang: str | None,
) -> tuple[Path | None, list[Any]]:
    """The folder to be graded (None: the references), and which milestones in which language."""
    inside = code is None and not reference  # a workspace is of one system
    if everything:
        selectors = (here.own()[1].id,) if inside else tuple(here.course.systems)
    if reference and code:
        raise UsageError("--reference and --code exclude each other", "Give one of them.")
    if reference:
        if not here.layout.has_solutions():
            raise UsageError(
                "this copy of the course has no solutions", "Grade your own code instead."
            )
        return None, list(here.select(selectors or tuple(here.course.systems), lang))
    if code is None:
        own, system = here.own()
        if lang not in (None, own.language):
            raise UsageError(
                f"this is a workspace in {own.language}, not in {lang}: {own.root}",
                f"Leave --lang off, or begin another: sfs start {system.id} --lang {lang}",
            )
        if not selectors:
            return own.root, [(system, here.milestone(None)[2], own.language)]
        return own.root, here.select_own(selectors)
    if not selectors:
        raise UsageError(
            "--code needs to know what is built there",
            "For example: sfs grade --code DIR database-system/01",
        )
    folder = code.resolve()
    return folder, selected_of(here, folder, selectors, lang)


def selected_of(
    here: Here, folder: Path, selectors: tuple[str, ...], lang: str | None
) -> list[tuple[System, Milestone, str]]:
    """What is meant by the selectors for the code in `folder`; in its workspace's language, if it is one."""
    from grader.course.workspace import MEMORY, load

    if lang is None and (folder / MEMORY).exists():
        lang = load(folder).language
    selected = list(here.select(selectors, lang))
    if len({language for _, _, language in selected}) > 1:
        raise UsageError(
            f"{folder}: the language of the code is not clear",
            "Say it: --lang python, typescript or java.",
        )
    return selected


def _print_run(run: RunResult, here: Here) -> int:
    from grader import show

    say_unsafe(run)
    if len(run.milestones) == 1 and run.milestones[0].outcome != "passed":
        text = show.failures(run.milestones[0], everything=False)
        if text:
            print(text + "\n")
    print(show.verdicts(run.milestones))
    for result in run.milestones:
        failing = show.in_brief(result) if len(run.milestones) > 1 else ""
        told = "\n".join(filter(None, [result.reason and f"  {result.reason}", failing]))
        if told:
            print(f"\n{result.id} ({result.language}): {result.outcome}\n{told}")
    passed = sum(m.outcome == "passed" for m in run.milestones)
    suites = show.suites_of(run.milestones)
    print(f"\n{passed} of {len(run.milestones)} passed ({suites}), in {run.seconds:.1f} s")
    if not here.layout.has_solutions() and not any("hidden" in m.suites for m in run.milestones):
        print("This copy of the course has no hidden suites; your instructor's grading has them.")
    return exit_status(run.milestones)


def say_unsafe(run: RunResult) -> None:
    if not run.sandboxed:
        print(
            "NOT SANDBOXED: the code under test could do whatever you can; this verdict counts for nothing.\n"
        )


def _print_json(run: RunResult) -> int:
    from grader.reports.formats import render

    print_as_it_is(render(run, "json"))
    return exit_status(run.milestones)


def print_as_it_is(text: str) -> int:
    """For machines: UTF-8 whatever the terminal's encoding is, and the line ends that were meant."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()
    return 0


@click.command("watch")
@click.argument("milestone", required=False)
@click.option("--unsafe", is_flag=True, help="Without a sandbox.")
@click.pass_obj
def watch_(course: str | None, milestone: str | None, unsafe: bool) -> int:
    """Run the visible tests again whenever you save a file. Ctrl-C ends it.

    \b
    sfs watch        the milestone that a saved file belongs to
    sfs watch 02     always this one
    """
    from grader.watch import watch

    here = look(course)
    own, system = here.own()
    fixed = here.milestone(milestone)[2] if milestone else None
    return watch(here, own, system, fixed, unsafe=unsafe)


@click.command("report")
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="A result written by --json, instead of the workspace's.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE.",
)
@click.option("--html", "kind", flag_value="html", help="One page, self-contained.")
@click.option("--json", "kind", flag_value="json", default=True, help="report.json (the default).")
@click.option("--junit", "kind", flag_value="junit", help="JUnit XML.")
@click.option("--gradescope", "kind", flag_value="gradescope", help="results.json of Gradescope.")
@click.option(
    "--classroom",
    "kind",
    flag_value="classroom",
    help="Exercism v3 with GitHub Classroom's extras.",
)
@click.option("--markdown", "kind", flag_value="markdown", help="A job summary.")
@click.option("--csv", "kind", flag_value="csv", help="One row a milestone.")
@click.pass_obj
def report_(course: str | None, source: Path | None, output: Path | None, kind: Kind) -> int:
    """Write the last verdicts in a format for people or machines.

    A file that is there already is replaced only if it is an earlier report of the same kind.

    \b
    sfs report --html -o report.html
    sfs grade --code DIR database-system --lang python --json > run.json
    sfs report --from run.json --gradescope -o results.json
    """
    from grader.course.workspace import write
    from grader.reports import target
    from grader.reports.formats import render

    if output is not None:
        target.check(output, kind)
    run, history = _from_file(source) if source else _from_workspace(look(course))
    text = render(run, kind, history)
    if output is None:
        return print_as_it_is(text)
    write(output, text.encode())
    print(f"Written to {output}.")
    return 0


def _from_file(source: Path) -> tuple[RunResult, list[Any]]:
    try:
        return msgspec.json.decode(source.read_bytes(), type=RunResult), []
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{source}: is not a result of sfs: {error}", "Make one with --json."
        ) from error


def _from_workspace(here: Here) -> tuple[RunResult, list[Any]]:
    import grader
    from grader.session import kept

    own, _ = here.own()
    attempts = record(own).attempts()
    history = [
        (a.time, a.system, a.milestone, a.language, a.passed, a.total, a.outcome)
        for a in attempts
        if a.official
    ]
    results = tuple(kept(own))
    if not results:
        raise UsageError(
            "there is nothing to report yet", "Measure something first: sfs test, or sfs grade."
        )
    last = attempts[-1]
    run = RunResult(
        course=here.course.course,
        subject=str(own.root),
        started=last.time,
        seconds=sum(r.seconds for r in results),
        seed=last.seed,
        sandboxed=all(a.sandboxed for a in attempts[-len(results) :]),
        grader=grader.__version__,
        milestones=results,
    )
    return run, history
