"""The command line. Commands live in `grader.commands` and are loaded when they are asked for, so that
`sfs --help` is quick; errors are two lines, what is wrong and what to do, never a traceback."""

from __future__ import annotations

import codecs
import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

# name: (module in grader.commands, what it does), in the order of the help
COMMANDS = {
    "list": ("course", "Show the systems and their milestones."),
    "start": ("learn", "Begin a system: make a folder to work in."),
    "next": ("learn", "Go on to the next milestone."),
    "lesson": ("learn", "Read the present milestone's lesson."),
    "hint": ("learn", "Get one more hint."),
    "test": ("grading", "Run the visible tests on your code."),
    "watch": ("grading", "Run them again at every save."),
    "grade": ("grading", "Run visible and hidden tests, and record the verdict."),
    "progress": ("learn", "Show how far you got."),
    "report": ("grading", "Write the last verdicts as HTML, JSON, JUnit and more."),
    "diff": ("own", "Compare your solution with the reference, once yours passes."),
    "borrow": ("own", "Take the reference of a milestone, without credit, and go on."),
    "reset": ("own", "Go back to the stub; your file is kept."),
    "shell": ("own", "Open a private computer to play in."),
    "xray": ("looking", "Draw a file that your program has written."),
    "doctor": ("course", "Check what works on this machine, and what to do about the rest."),
    "verify": ("proving", "Prove that milestones are as they have to be."),
    "mutate": ("mutating", "Change a reference in all ways, and see what the suites miss."),
    "export": ("classes", "Write the copy of the course that a class receives."),
    "batch": ("classes", "Grade the submissions of a class."),
    "new": ("authors", "Begin a system or a milestone of your own."),
    "stubs": ("course", "Write the stubs from the references."),
}
PLAIN = {
    "█": "#", "░": ".", "●": "*", "◐": "+", "○": "o", "✓": "+", "✗": "x", "·": ".", "⧖": "t",
    "…": "...", "–": "-", "—": "-", "’": "'", "→": "->",
}  # fmt: skip
TELL = "Tell us, with SFS_TRACEBACK=1 sfs ... and what it prints."


class Commands(click.Group):
    """Loads a command's module only when the command is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"grader.commands.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, f"{name}_")
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, 1, 0.5)
            hint = f"Did you mean `sfs {near[0]}`?" if near else "`sfs --help` lists the commands."
            raise click.UsageError(f"there is no command {name!r}. {hint}", context)
        return super().resolve_command(context, arguments)


@click.group(cls=Commands, invoke_without_command=True)
@click.option("--course", metavar="DIR", help="The course's folder, when sfs cannot find it.")
@click.version_option(package_name="systems-from-scratch", prog_name="sfs")
@click.pass_context
def sfs(context: click.Context, course: str | None) -> None:
    """Build real systems from scratch, and see truthfully how far you got.

    \b
    sfs                        where you are, and what is next
    sfs start database-system  begin a system
    sfs test                   run the visible tests on your code
    sfs grade                  visible and hidden tests, recorded
    """
    context.obj = course
    if context.invoked_subcommand is None:
        from grader.commands.learn import where_am_i

        where_am_i(course)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status: 0 passed, 1 not, 2 wrong usage, 3 our fault, 130 Ctrl-C."""
    _bear_any_encoding()
    try:
        return int(sfs.main(arguments, prog_name="sfs", standalone_mode=False) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        print("\nsfs: stopped; what was measured until now is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _explain(error)


def _bear_any_encoding() -> None:
    """A letter that the terminal's encoding lacks becomes a plain one, and is no reason to end."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter, "?") for letter in letters), error.end


def _explain(error: Exception) -> int:
    from grader.errors import GRADER_FAULT, GraderError

    if os.environ.get("SFS_TRACEBACK"):
        raise error
    known = error if isinstance(error, GraderError) else None
    print(f"sfs: {known.message if known else f'{type(error).__name__}: {error}'}", file=sys.stderr)
    mend = known.mend if known else TELL
    if mend:
        print(f"  {mend}", file=sys.stderr)
    return known.exit_code if known else GRADER_FAULT


if __name__ == "__main__":
    sys.exit(main())
