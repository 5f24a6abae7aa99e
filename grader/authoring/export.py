"""What a class receives: a working copy of the course without anything that gives the work away.

The copy is an allow-list, so that a new kind of file stays at home until somebody lets it go; all of
it is read, cut and searched for leaks in memory, and a leak means that not one byte is written. A
marker file names what was written: a later export replaces only that, and only where it is unchanged.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

from grader.authoring.leaks import Leak, Secrets, marks
from grader.authoring.scaffold import UNWRITTEN
from grader.course import class_secret
from grader.course.languages import LANGUAGES
from grader.course.layout import CLASS_SEED, MANIFEST, Layout
from grader.course.manifest import Course, Milestone, System
from grader.course.workspace import write
from grader.errors import CourseError, UsageError

MARKER = ".sfs-export.json"
FORMAT = 1
PLAIN = ("LICENSE", ".gitignore", "tools/set-up.sh", "tools/constraints.txt")
ROOM = ("lesson.md", "hints.md", "test_visible.py")  # of a milestone; each must be there
ROOM_MORE = ("misconceptions.json", "*.svg", "*.png")
GRADER = ("*.py", "*.json", "*/*.py", "hosts/*", "templates/**/*")
KIT = ("*.py", "*.ts", "*.java", "*.json")
TEMPLATES = Path(__file__).parent.parent / "templates" / "class"
SCAFFOLD = Path(__file__).parent / "scaffold.py"
LEAKS_SHOWN = 5

Contents = dict[str, bytes]  # path inside the copy -> what stands there


class Marker(msgspec.Struct):
    """What earlier exports wrote into a folder: path -> the hashes that may be replaced."""

    files: dict[str, list[str]] = {}
    systems: list[str] = []
    format: int = FORMAT


@dataclass
class Outcome:
    """What an export did."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # changed by somebody since: not touched
    files: int = 0


def export(
    layout: Layout, course: Course, folder: Path, systems: Sequence[str], secret: bytes | None
) -> Outcome:
    """Make or renew the copy in `folder`; UsageError or CourseError, and then nothing is written."""
    root = folder.resolve()
    earlier = _examine(root, layout)
    chosen = [course.system(name) for name in systems] or list(course.systems.values())
    copy = contents(layout, course, chosen)
    if secret is not None:
        copy[CLASS_SEED] = f"{class_secret.class_seed(secret)}\n".encode()
    elif CLASS_SEED in earlier.files and (root / CLASS_SEED).is_file():
        copy[CLASS_SEED] = (root / CLASS_SEED).read_bytes()
    check(layout, copy, secret)
    return _place(root, copy, earlier, [s.id for s in chosen])


def contents(layout: Layout, course: Course, chosen: Sequence[System]) -> Contents:
    """All files of a copy with these systems."""
    if not layout.has_solutions():
        raise UsageError(
            f"{layout.root}: is itself a copy without solutions",
            "Export from the whole course: only there can be checked that nothing leaks.",
        )
    paths = [layout.root / name for name in PLAIN if (layout.root / name).exists()]
    paths += _matching(layout.root / "grader", GRADER)
    for system in chosen:
        paths += _of_system(layout, system)
    copy = {path.relative_to(layout.root).as_posix(): _read(path) for path in paths}
    copy[MANIFEST] = cut_manifest(_read(layout.manifest).decode(), course, chosen).encode()
    project = _read(layout.root / "pyproject.toml").decode()
    copy["pyproject.toml"] = project.replace(
        'testpaths = ["tests"]', 'testpaths = ["katas"]'
    ).encode()
    copy["Makefile"] = _read(TEMPLATES / "Makefile")
    copy["README.md"] = _readme(course, chosen).encode()
    return dict(sorted(copy.items()))


def _of_system(layout: Layout, system: System) -> Iterator[Path]:
    first = layout.kata(system.id, system.milestones[0].id).parent
    yield from _matching(first, ("README.md",))
    for language in system.languages:
        yield from _matching(layout.kit(system.id, language), KIT)
    yield from _matching(layout.oracles(system.id), ("*.py",))
    for milestone in system.milestones:
        yield from _of_milestone(layout, system, milestone)


def _of_milestone(layout: Layout, system: System, milestone: Milestone) -> Iterator[Path]:
    room = layout.kata(system.id, milestone.id)
    yield from (room / name for name in ROOM)
    yield from _matching(room, ROOM_MORE)
    for language in system.languages_of(milestone):
        yield from layout.stubs(system.id, milestone, language)


def _matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    """The files of a folder that match; neither caches nor hidden ones."""
    found = {path for pattern in patterns for path in folder.glob(pattern) if not path.is_dir()}
    return sorted(
        path
        for path in found
        if not any(p.startswith((".", "__pycache__")) for p in path.relative_to(folder).parts)
    )


def _read(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise CourseError(f"{path}: is not a regular file", "Put the file itself there.")
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path}: cannot be read: {error.strerror}",
            "A class needs it. Stubs are written by: sfs stubs",
        ) from error


def cut_manifest(text: str, course: Course, chosen: Sequence[System]) -> str:
    """The manifest with these systems only; its comments stay where the systems stand in lines of
    their own."""
    wanted = {system.id: system for system in chosen}
    if set(wanted) == set(course.systems):
        return text
    cut = _cut_lines(text, set(wanted))
    plain = yaml.safe_load(text)
    plain["systems"] = {k: v for k, v in plain["systems"].items() if k in wanted}
    try:
        same = yaml.safe_load(cut) == plain
    except yaml.YAMLError:
        same = False
    return cut if same else yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _cut_lines(text: str, wanted: set[str]) -> str:
    lines = text.splitlines(keepends=True)
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(root, yaml.MappingNode)
    systems = next(value for key, value in root.value if key.value == "systems")
    starts = [_with_comments(lines, key.start_mark.line) for key, _ in systems.value]
    after = [k.start_mark.line for k, _ in root.value if k.start_mark.line > starts[-1]]
    ends = [*starts[1:], min([*after, len(lines)])]
    for (key, _), start, end in reversed(list(zip(systems.value, starts, ends, strict=True))):
        if key.value not in wanted:
            del lines[start:end]
    return "".join(lines)


def _with_comments(lines: Sequence[str], at: int) -> int:
    """Where the comments directly above a line begin."""
    while lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _readme(course: Course, chosen: Sequence[System]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    template = environment.get_template("README.md.j2")
    titles = {name: language.title for name, language in LANGUAGES.items()}
    return template.render(title=course.course, systems=chosen, first=chosen[0], titles=titles)


# -- what must not leave --------------------------------------------------------------------------


def check(layout: Layout, copy: Contents, secret: bytes | None = None) -> int:
    """How many secret lines were looked for; CourseError names the places where one stands."""
    texts = {name: data.decode("utf-8", "replace") for name, data in copy.items()}
    known = secrets_of(layout)
    if secret is not None:
        known.lines[secret.hex()] = "the class's secret"
    outside = {name: text for name, text in texts.items() if not name.startswith("grader/")}
    begun = [
        f"{name}:{number}"
        for name, text in outside.items()
        for number, line in enumerate(text.splitlines(), 1)
        if UNWRITTEN in line
    ]
    if begun:
        raise CourseError(
            f"{'; '.join(begun[:LEAKS_SHOWN])}: not written yet",
            "Nothing was exported. Write it, or give out other systems: --system ID.",
        )
    found = [*known.leaks(texts), *marks(outside)]
    if found:
        raise CourseError(
            _told(found), "Nothing was exported. Take it out there, or from where it comes."
        )
    return len(known.lines)


def secrets_of(layout: Layout) -> Secrets:
    """All that stands under `solutions/`, of every system, and in nothing that is given."""
    known = Secrets()
    top = layout.root / "solutions"
    for path in sorted(p for p in top.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        name = path.relative_to(layout.root).as_posix()
        text = path.read_text("utf-8", "replace")
        if path.suffix == ".patch":
            known.add_impostor(name, text)
        elif path.suffix in (".py", ".ts", ".java") and path.parent.parent.parent == top:
            add = known.add_suite if path.name.startswith("test_") else known.add_reference
            add(name, text)
        else:
            known.add_suite(name, text)
    katas = layout.root / "katas"
    given = [
        *katas.glob("*/*/test_visible.py"),
        *katas.glob("*/kit/*/*"),
        *katas.glob("*/oracles/*.py"),
        SCAFFOLD,  # what a milestone begins with is in every copy of the grader
        *(TEMPLATES.parent / "scaffold").iterdir(),
    ]
    return known.without(path.read_text("utf-8", "replace") for path in given if path.is_file())


def _told(found: Sequence[Leak]) -> str:
    places = [f"{leak.file}:{leak.line} holds a part of {leak.source}" for leak in found]
    places = list(dict.fromkeys(places))
    more = len(places) - LEAKS_SHOWN
    return "; ".join(places[:LEAKS_SHOWN]) + (f"; and {more} places more" if more > 0 else "")


# -- the folder -----------------------------------------------------------------------------------


def _examine(root: Path, layout: Layout) -> Marker:
    """What earlier exports left in the folder; UsageError when it is somebody else's."""
    if root.is_relative_to(layout.root):
        raise UsageError(f"{root}: lies inside the course", "Export to a folder outside of it.")
    if not root.exists():
        return Marker()
    if not root.is_dir():
        raise UsageError(f"{root}: is not a folder", "Name a new or an empty one.")
    try:
        marker = msgspec.json.decode((root / MARKER).read_bytes(), type=Marker)
    except FileNotFoundError:
        if any(root.iterdir()):
            raise UsageError(
                f"{root}: is not empty, and not an earlier export", "Name a new or an empty folder."
            ) from None
        return Marker()
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{root / MARKER}: cannot be understood: {error}", "Export to a new folder."
        ) from error
    if marker.format > FORMAT:
        raise UsageError(f"{root}: was exported by a newer sfs", "Use that one.")
    return marker


def _place(root: Path, copy: Contents, earlier: Marker, systems: list[str]) -> Outcome:
    """Write what differs, remove what is no longer in it; others' files are left alone."""
    for name in copy:
        _refuse_foreign(root, name, copy[name], earlier)
    outcome = Outcome(files=len(copy))
    hashes = {name: _hash(data) for name, data in copy.items()}
    both = {n: list(dict.fromkeys([*earlier.files.get(n, []), h])) for n, h in hashes.items()}
    _remember(root, Marker({**earlier.files, **both}, systems))
    for name, data in copy.items():
        present = _present(root / name)
        if present == data:
            continue
        if present is not None and _hash(present) not in earlier.files.get(name, []):
            outcome.left.append(name)
            continue
        write(root / name, data)
        outcome.written.append(name)
    _remove(root, earlier, copy, outcome)
    left = {name: earlier.files[name] for name in outcome.left}
    _remember(root, Marker({**{n: [h] for n, h in hashes.items()}, **left}, systems))
    return outcome


def _refuse_foreign(root: Path, name: str, data: bytes, earlier: Marker) -> None:
    target = root / name
    if not target.parent.resolve().is_relative_to(root):
        raise UsageError(f"{target.parent}: leads out of the export", "Take that link away.")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise UsageError(f"{target}: is in the way", "Move it away.")
    if target.exists() and name not in earlier.files and target.read_bytes() != data:
        raise UsageError(f"{target}: is there, and no export wrote it", "Move it away.")


def _remove(root: Path, earlier: Marker, copy: Contents, outcome: Outcome) -> None:
    for name in sorted(set(earlier.files) - set(copy), reverse=True):
        path = root / name
        if not path.resolve().is_relative_to(root) or path.is_symlink():
            continue
        present = _present(path)
        if present is None:
            continue
        if _hash(present) not in earlier.files[name]:
            outcome.left.append(name)
            continue
        path.unlink()
        outcome.removed.append(name)
        _prune(path.parent, root)


def _prune(folder: Path, root: Path) -> None:
    """Remove folders that have nothing in them any more."""
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _present(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _remember(root: Path, marker: Marker) -> None:
    write(root / MARKER, msgspec.json.format(msgspec.json.encode(marker), indent=1))
