"""What an answer says about an exception of the learner's, without trusting what the exception defines.

An exception is a learner's object like any other: its text may raise, its class may bear a built-in's
name, its attributes may be anything. Its real type tells whether it is the language's own, and of its
traceback only the frames in the learner's files and the kit's are told.
"""

import builtins
import sys

from host_values import (
    BANNED,
    FIELD_LIMITS,
    RAISED,
    Encoder,
    Fault,
    Values,
    mro_of,
    name_of,
    names_of,
)

MESSAGE_CHARS = 4_000
FRAMES = 20
LINE_CHARS = 200

traceback_of = BaseException.__dict__["__traceback__"].__get__
attributes_of = BaseException.__dict__["__dict__"].__get__
exit_code_of = SystemExit.__dict__["code"].__get__
BUILTIN_ERRORS = {
    value
    for value in vars(builtins).values()
    if isinstance(value, type) and issubclass(value, BaseException)
}


class BannedImport(ImportError):
    """The learner's file asked for a module that this course has them build."""


class Ban:
    """A finder that refuses a banned module when the learner's own file is what imports it."""

    def __init__(self, names, code):
        self.names, self.code = names, code
        for name in [name for name in sys.modules if self.banned(name)]:
            del sys.modules[name]  # whoever uses it already has it; the learner has to ask again

    def banned(self, name):
        """Which ban a name falls under; `_sqlite3` is the part of `sqlite3` that does the work."""
        return next(
            (b for b in self.names if name in (b, "_" + b) or name.startswith(b + ".")), None
        )

    def find_spec(self, name, path=None, target=None):
        banned = self.banned(name)
        if banned and self.asked_by_learner(name):
            why = f"{banned} is banned here: this course asks you to build it yourself"
            raise BannedImport(why, name=banned)

    def asked_by_learner(self, name):
        """The nearest caller with a file decides; the standard library and the kit may use it.

        But a library that imports whatever it is told to is only the learner's hand: its own code
        does not have the name.
        """
        parts = {name, *name.split(".")}
        frame = sys._getframe(2)
        while frame is not None:
            file = frame.f_code.co_filename
            kit = file.startswith(self.code + "kit/")
            if file.startswith(self.code) and not kit:
                return True
            if kit or (file[:1] == "/" and not parts.isdisjoint(frame.f_code.co_names)):
                return False
            frame = frame.f_back
        return False


def fault_of(error, code):
    """The answer for an exception; `code` is the folder of the learner's files."""
    kind = type(error)
    return Fault(
        BANNED if kind is BannedImport else RAISED,
        text_of(error),
        **{"class": name_of(kind)},
        builtin=is_builtin(kind),
        bases=[name_of(base) for base in ancestors_of(kind) if is_builtin(base)],
        fields=fields_of(error),
        todo=kind is NotImplementedError,
        frames=frames_of(error, code),
    )


def ancestors_of(kind):
    """Nearest first, without those that all exceptions have."""
    return [base for base in mro_of(kind)[1:] if base not in (BaseException, object)]


def is_builtin(kind):
    """Whether a class is the language's own: a built-in, or found in its standard library module."""
    if kind in BUILTIN_ERRORS:
        return True
    home = names_of(kind).get("__module__")
    if type(home) is not str or home.partition(".")[0] not in sys.stdlib_module_names:
        return False
    module = sys.modules.get(home)
    return type(module) is type(sys) and module.__dict__.get(name_of(kind)) is kind


def text_of(error):
    try:
        return str.__getitem__(str(error), slice(0, MESSAGE_CHARS))
    except BaseException as second:
        return f"<str() of {name_of(type(error))} raised {name_of(type(second))}>"


def fields_of(error):
    """The public attributes and properties of an error that are plain values."""
    names = list(attributes_of(error))
    for base in mro_of(type(error)):
        names += [name for name, value in names_of(base).items() if type(value) is property]
    if OSError in mro_of(type(error)):
        names.append("errno")
    fields = {}
    for name in names:
        if type(name) is str and name[:1] != "_":
            try:
                fields[name] = Encoder(Values(None), FIELD_LIMITS).whole(getattr(error, name))
            except BaseException:  # not plain, or a getter that raises: not a public field
                continue
    return fields


def frames_of(error, code):
    """The learner's own frames, outermost first; of a deep recursion the innermost ones."""
    places, step = [], traceback_of(error)
    while step is not None:
        frame = step.tb_frame.f_code
        places.append((frame.co_filename, step.tb_lineno, frame.co_name))
        step = step.tb_next
    if type(error) in BUILTIN_ERRORS and SyntaxError in mro_of(type(error)):
        places.append((error.filename, error.lineno, "<module>"))
    own = [place for place in places if type(place[0]) is str and place[0].startswith(code)]
    return [
        {"file": file[len(code) :], "line": line, "function": name, "text": line_of(file, line)}
        for file, line, name in own[-FRAMES:]
    ]


def line_of(file, number):
    try:
        with open(file, "rb") as source:
            line = source.read().split(b"\n")[number - 1]
    except (OSError, IndexError, TypeError):
        return ""
    return line.decode("utf-8", "replace").strip()[:LINE_CHARS]


def traceback_text(error, code):
    """A traceback as the learner would see it if there were no host."""
    lines = ["Traceback (most recent call last):"]
    for frame in frames_of(error, code):
        lines.append(f'  File "{frame["file"]}", line {frame["line"]}, in {frame["function"]}')
        lines.append(f"    {frame['text']}")
    return "\n".join([*lines, f"{name_of(type(error))}: {text_of(error)}"])


def exit_of(error, code):
    """What Python itself would exit with, and print, after this exception (or none)."""
    if error is None:
        return 0, ""
    if SystemExit not in mro_of(type(error)):
        return 1, traceback_text(error, code)
    status = exit_code_of(error)
    if status is None or type(status) is int:
        return (status or 0) & 0xFF, ""
    return 1, text_of(error)


def raised_by_callback(answer):
    """The exception that the learner's code sees when the test's function raised."""
    data, message = answer.get("data") or {}, answer.get("message", "")
    kind = vars(builtins).get(data.get("class"))
    if kind in BUILTIN_ERRORS and issubclass(kind, OSError) and type(data.get("errno")) is int:
        return kind(data["errno"], message)
    try:
        if kind in BUILTIN_ERRORS and issubclass(kind, Exception):
            return kind(message)
    except TypeError:  # a class that wants more than a message
        pass
    return RuntimeError(f"{data.get('class', 'Error')}: {message}")
