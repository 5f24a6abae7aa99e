"""A class receives what it may have, all of it, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring import export, scaffold
from grader.authoring.leaks import Secrets, marks
from grader.course import class_secret, manifest
from grader.course.layout import Layout
from grader.errors import CourseError, UsageError

MANIFEST = """\
# what editors should know
course: A course
systems:
  # the first
  lamp:
    title: A lamp  # it shines
    languages: [python]
    milestones:
      - {id: 01-wire, title: Wire, adds: [wire]}
  # the second
  # in two lines
  door:
    title: A door
    languages: [python]
    milestones:
      - {id: 01-lock, title: Lock, adds: [lock]}
"""
HELPER = 'VALUES = ["a line of a helper", "that both of the suites have"]\n'
VISIBLE = f'{HELPER}def test_seen(kata):\n    """Seen."""\n'
HIDDEN_LINE = 'assert kata.Wire("a value that only the hidden suite knows").length() == 99_173'
HIDDEN = f"from concurrent.futures import ThreadPoolExecutor\n{HELPER}def test_x(kata):\n    {HIDDEN_LINE}\n"
BODY = [
    "total = 0",
    "for part in self.parts:",
    "    total += part.ohms()",
    "return total * self.size",
]
LONG_BODY = "return self.size * (self.beginning + self.ending) // self.resistance_of_copper"
IMPOSTOR = "+        return self.size * (self.beginning - self.ending) // self.resistance_of_zinc"
REFERENCE = """\
\"\"\"A wire, of which everybody may read this long line of a docstring.\"\"\"


class Wire:
    def resist(self) -> int:
        # BEGIN SOLUTION
        {body}
        # END SOLUTION

    def length(self) -> int:
        # BEGIN SOLUTION
        {long}
        # END SOLUTION
""".format(body="\n        ".join(BODY), long=LONG_BODY)
STUB = REFERENCE.split("        # BEGIN")[0] + "        raise NotImplementedError\n"
ROOT = Path(__file__).parent.parent
TOOLS = ("tools/set-up.sh", "tools/constraints.txt")


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A small course with everything that a course has, and more that nobody should get."""
    root = tmp_path / "course"
    put(root / "milestones.yaml", MANIFEST)
    for name in ("LICENSE", "pyproject.toml", ".gitignore", "grader/cli.py", *TOOLS):
        put(root / name, f"# {name}\n")
    for name in ("tests/test_all.py", ".git/config", "grader/__pycache__/cli.pyc", "notes.txt"):
        put(root / name, "# not for a class\n")
    for system, milestone, module in (("lamp", "01-wire", "wire"), ("door", "01-lock", "lock")):
        kata, solution = root / "katas" / system, root / "solutions" / system
        put(kata / "README.md", f"# {system}\n")
        put(kata / "kit" / "python" / "errors.py", "class Refused(Exception): ...\n")
        put(kata / "draft-of-a-lesson.md", "not yet\n")
        room = kata / milestone
        put(room / "lesson.md", "# A lesson\n")
        put(room / "hints.md", "## 1.\n")
        put(room / "test_visible.py", VISIBLE)
        put(room / "misconceptions.json", "{}\n")
        put(room / "python" / f"{module}.py", STUB)
        put(room / "python" / "my_notes.py", "# not a stub\n")
        put(solution / "python" / f"{module}.py", REFERENCE)
        put(solution / milestone / "test_hidden.py", HIDDEN)
        put(solution / milestone / "excused.yaml", f"- {'an excuse that is long enough ' * 2}\n")
        put(solution / milestone / "impostors" / "zinc.patch", f"Misconception: z\n\n{IMPOSTOR}\n")
    return Layout(root)


@pytest.fixture
def make(layout: Layout, tmp_path: Path) -> Callable[..., export.Outcome]:
    """Exports the small course to `class`."""

    def _make(*systems: str, secret: bytes | None = None) -> export.Outcome:
        course = manifest.load(layout.manifest)
        return export.export(layout, course, tmp_path / "class", systems, secret)

    return _make


def files(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def of_system(system: str, milestone: str, module: str) -> set[str]:
    names = (
        "lesson.md",
        "hints.md",
        "test_visible.py",
        "misconceptions.json",
        f"python/{module}.py",
    )
    room = {f"katas/{system}/{milestone}/{name}" for name in names}
    return {*room, f"katas/{system}/README.md", f"katas/{system}/kit/python/errors.py"}


ALWAYS = {
    "LICENSE", "Makefile", "README.md", "pyproject.toml", "milestones.yaml", ".gitignore",
    "grader/cli.py", export.MARKER, *TOOLS,
}  # fmt: skip
LAMP, DOOR = of_system("lamp", "01-wire", "wire"), of_system("door", "01-lock", "lock")


def test_a_class_receives_what_is_on_the_list(
    make: Callable[..., export.Outcome], tmp_path: Path
) -> None:
    """All that a learner needs; no solution, test of the course, history, cache, draft or note."""
    done = make()
    assert files(tmp_path / "class") == ALWAYS | LAMP | DOOR
    assert (done.files, len(done.written)) == (len(ALWAYS | LAMP | DOOR) - 1,) * 2


def test_some_systems_only(make: Callable[..., export.Outcome], tmp_path: Path) -> None:
    """Files and manifest are those of the chosen systems, and the comments of these stay."""
    make("door")
    assert files(tmp_path / "class") == ALWAYS | DOOR
    text = (tmp_path / "class" / "milestones.yaml").read_text()
    assert list(manifest.load(tmp_path / "class" / "milestones.yaml").systems) == ["door"]
    assert "# what editors should know" in text
    assert "# the second\n  # in two lines\n  door:" in text
    assert "the first" not in text
    assert "`lamp`" not in (tmp_path / "class" / "README.md").read_text()
    with pytest.raises(UsageError, match="no system 'dor-'"):
        make("dor-")


@pytest.mark.parametrize("wanted", [["lamp"], ["door"], ["lamp", "door"]])
def test_a_manifest_in_one_line_is_cut_too(tmp_path: Path, wanted: list[str]) -> None:
    """Where systems do not stand in lines of their own the comments go, but nothing else."""
    step = "milestones: [{id: 01-a, title: A, adds: [a%s]}]"
    lines = [f"{s}: {{title: T, languages: [python], {step % s}}}" for s in ("lamp", "door")]
    path = tmp_path / "milestones.yaml"
    path.write_text(f"systems: {{{', '.join(lines)}}}\ncourse: C  # one\n")
    course = manifest.load(path)
    path.write_text(
        export.cut_manifest(path.read_text(), course, [course.system(w) for w in wanted])
    )
    cut = manifest.load(path)
    assert cut.course == "C"
    assert cut.systems == {name: course.systems[name] for name in wanted}


def test_a_later_export_brings_it_up_to_date(
    make: Callable[..., export.Outcome], layout: Layout, tmp_path: Path
) -> None:
    """What changed is replaced, what is gone is removed, and what others wrote or changed stays."""
    make()
    copy = tmp_path / "class"
    put(copy / "my-work" / "wire.py", "mine\n")
    put(copy / "katas" / "lamp" / "notes.md", "mine\n")
    put(copy / "katas" / "door" / "README.md", "changed by hand\n")
    put(copy / "LICENSE", "changed by hand\n")
    put(layout.lesson("lamp", "01-wire"), "# A better lesson\n")
    done = make("lamp")
    assert done.written == ["README.md", "katas/lamp/01-wire/lesson.md", "milestones.yaml"]
    assert set(done.removed) == DOOR - {"katas/door/README.md"}
    assert sorted(done.left) == ["LICENSE", "katas/door/README.md"]
    mine = {"my-work/wire.py", "katas/lamp/notes.md", "katas/door/README.md"}
    assert files(copy) == ALWAYS | LAMP | mine
    assert not (copy / "katas" / "door" / "01-lock").exists()
    assert "better" in (copy / "katas/lamp/01-wire/lesson.md").read_text()
    assert (copy / "LICENSE").read_text() == "changed by hand\n"
    assert make("lamp").written == []


def test_an_interrupted_export_is_finished_by_the_next(
    make: Callable[..., export.Outcome],
    layout: Layout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing that a broken-off export left half-way counts as changed by somebody."""
    make()
    for name in ("lesson.md", "hints.md"):
        put(layout.kata("lamp", "01-wire") / name, "# new\n")
    real, written = export.write, []

    def breaks_off(path: Path, content: bytes) -> None:
        if path.name == "lesson.md":
            raise KeyboardInterrupt
        written.append(path)
        real(path, content)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(export, "write", breaks_off)
        make()
    assert any(path.name == "hints.md" for path in written)
    put(layout.kata("lamp", "01-wire") / "hints.md", "# newer\n")
    done = make()
    assert done.left == []
    assert (tmp_path / "class" / "katas/lamp/01-wire/hints.md").read_text() == "# newer\n"


def test_a_foreign_folder_is_refused(
    make: Callable[..., export.Outcome], tmp_path: Path, layout: Layout
) -> None:
    """Not empty and no earlier export, a file, inside the course, a newer format: nothing is written."""
    copy = tmp_path / "class"
    put(copy / "thesis.txt", "mine\n")
    with pytest.raises(UsageError, match="is not empty, and not an earlier export"):
        make()
    assert files(copy) == {"thesis.txt"}
    for text, words in (("{", "cannot be understood"), ('{"format": 99}', "newer sfs")):
        put(copy / export.MARKER, text)
        with pytest.raises(UsageError, match=words):
            make()
    shutil.rmtree(copy)
    put(copy, "a file\n")
    with pytest.raises(UsageError, match="is not a folder"):
        make()
    course = manifest.load(layout.manifest)
    with pytest.raises(UsageError, match="inside the course"):
        export.export(layout, course, layout.root / "katas" / "x", (), None)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "way out"])
def test_what_stands_in_the_way_is_named(
    make: Callable[..., export.Outcome], tmp_path: Path, layout: Layout, kind: str
) -> None:
    """A file that no export wrote, a folder, a link, a link on the way: refused before any change."""
    make("lamp")
    copy, out = tmp_path / "class", tmp_path / "out"
    out.mkdir()
    lesson = copy / "katas" / "door" / "01-lock" / "lesson.md"
    if kind == "file":
        put(lesson, "mine\n")
    elif kind == "folder":
        lesson.mkdir(parents=True)
    elif kind == "link":
        lesson.parent.mkdir(parents=True)
        lesson.symlink_to(out / "x")
    else:
        (copy / "katas" / "door").symlink_to(out)
    before = files(copy)
    with pytest.raises(UsageError, match=r"in the way|no export wrote it|leads out"):
        make()
    assert files(copy) == before
    assert not any(out.iterdir())


@pytest.mark.parametrize(
    ("name", "text", "source"),
    [
        ("katas/lamp/01-wire/lesson.md", f"# Lesson\n\nTry `{HIDDEN_LINE}`.", "test_hidden.py"),
        ("katas/lamp/01-wire/python/wire.py", f"{STUB}        {LONG_BODY}\n", "python/wire.py"),
        ("katas/lamp/01-wire/hints.md", "\n\n".join(BODY), "lock.py"),
        ("katas/door/README.md", f"```\n{IMPOSTOR}\n```\n", "zinc.patch"),
        ("grader/cli.py", f"# {HIDDEN_LINE}\n", "test_hidden.py"),
        (
            "katas/lamp/01-wire/lesson.md",
            f"x\n{'an excuse that is long enough ' * 2}",
            "excused.yaml",
        ),
        ("katas/lamp/01-wire/python/wire.py", "x\n    # BEGIN SOLUTION: helpers\n", "marker"),
    ],
)
def test_a_leak_is_named_and_nothing_is_exported(
    make: Callable[..., export.Outcome],
    layout: Layout,
    tmp_path: Path,
    name: str,
    text: str,
    source: str,
) -> None:
    """File, line and where it comes from; an earlier export stays as it is, a new one never begins."""
    good = (layout.root / name).read_text()
    put(layout.root / name, text)
    with pytest.raises(CourseError) as refused:
        make("lamp") if "door" not in name else make()
    assert f"{name}:" in refused.value.message
    assert source in refused.value.message
    assert not (tmp_path / "class").exists()
    put(layout.root / name, good)
    make()


def test_a_leak_of_a_system_that_is_left_out_is_one_too(
    make: Callable[..., export.Outcome], layout: Layout
) -> None:
    """What is secret of any system is secret in every copy."""
    line = 'assert kata.Lock("and only the door\'s hidden suite asks for that").open()'
    put(layout.hidden_suite("door", "01-lock"), f"def test_y(kata):\n    {line}\n")
    put(layout.lesson("lamp", "01-wire"), f"# Lesson\n\n{line}\n")
    with pytest.raises(CourseError, match=r"lesson\.md:3 holds a part of solutions/door/01-lock"):
        make("lamp")


@pytest.mark.parametrize("name", ["lesson.md", "python/wire.py"])
def test_an_incomplete_course_is_not_given_out(
    make: Callable[..., export.Outcome], layout: Layout, tmp_path: Path, name: str
) -> None:
    """A lesson or a stub that is not there, or is a link to something else, is named."""
    path = layout.kata("lamp", "01-wire") / name
    path.unlink()
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        make()
    path.symlink_to(layout.hidden_suite("lamp", "01-wire"))
    with pytest.raises(CourseError, match="is not a regular file"):
        make()
    assert not (tmp_path / "class").exists()


def test_the_copy_holds_the_classs_seed_and_not_the_secret(
    make: Callable[..., export.Outcome], tmp_path: Path
) -> None:
    """The seed follows from the secret, and stays when a later export is not told the secret."""
    secret = os.urandom(32)
    make(secret=secret)
    copy = tmp_path / "class"
    seed = class_secret.kept_seed(copy / "class-seed")
    assert seed == class_secret.class_seed(secret)
    assert not any(secret.hex() in (copy / name).read_text() for name in files(copy))
    make()
    assert class_secret.kept_seed(copy / "class-seed") == seed
    assert "class-seed" in json.loads((copy / export.MARKER).read_text())["files"]


def test_a_secret_that_lies_in_the_course_is_a_leak(
    make: Callable[..., export.Outcome], layout: Layout
) -> None:
    """Whatever file it came into."""
    secret = os.urandom(32)
    put(layout.lesson("lamp", "01-wire"), f"# Lesson\n{secret.hex()}\n")
    with pytest.raises(
        CourseError, match=r"lesson\.md:2 holds a part of the class's secret"
    ) as told:
        make(secret=secret)
    assert secret.hex() not in told.value.message


def test_a_copy_is_not_copied(make: Callable[..., export.Outcome], tmp_path: Path) -> None:
    """Without the solutions nobody can check that nothing leaks."""
    make()
    copy = Layout(tmp_path / "class")
    with pytest.raises(UsageError, match="itself a copy"):
        export.export(copy, manifest.load(copy.manifest), tmp_path / "second", (), None)


def test_what_is_given_is_no_secret() -> None:
    """A line of a visible suite, an import, a short line, and what a stub shows: nobody's secret."""
    known = Secrets()
    known.add_suite("hidden", HIDDEN)
    known.add_reference("reference", REFERENCE)
    left = known.without([VISIBLE])
    assert set(left.lines) == {HIDDEN_LINE, LONG_BODY}
    assert list(left.bodies) == ["".join(f"{line.strip()}\n" for line in BODY)]
    assert list(left.leaks({"a": VISIBLE + STUB, "b": "total = 0\n"})) == []


def test_a_reference_without_markers_is_secret_as_a_whole() -> None:
    """Nothing of it is ever in a stub."""
    known = Secrets()
    known.add_reference("helper", f"{LONG_BODY}\n")
    (leak,) = known.without([]).leaks({"x": f"a\nb: {LONG_BODY} # and more\n"})
    assert (leak.file, leak.line, leak.source) == ("x", 2, "helper")


def test_words_about_markers_are_no_markers() -> None:
    """Only a line that is nothing else, in either manner of comment."""
    text = "the mark `# BEGIN SOLUTION`\n  // BEGIN SOLUTION\nr'# END SOLUTION.*'\n# END SOLUTION"
    assert [leak.line for leak in marks({"x": text})] == [2, 4]


def test_what_is_only_begun_is_not_given_out(
    make: Callable[..., export.Outcome], layout: Layout
) -> None:
    """What `sfs new` left to be written is named; it keeps no other system from a class."""
    course = manifest.load(layout.manifest)
    scaffold.new_milestone(layout, course, course.system("door"), "02-bell", title=None, adds=[])
    with pytest.raises(CourseError, match=r"katas/door/02-bell/hints\.md:1.*not written yet"):
        make()
    make("lamp")


def test_what_a_milestone_begins_with_is_no_secret(layout: Layout) -> None:
    """The scaffold's own code is in every copy: a milestone that still has it keeps nothing back."""
    course = manifest.load(layout.manifest)
    scaffold.new_milestone(layout, course, course.system("door"), "02-bell", title=None, adds=[])
    (reference,) = (layout.root / "solutions" / "door" / "python").glob("bell.py")
    assert "cannot add" in reference.read_text()
    known = export.secrets_of(layout)
    assert str(reference.relative_to(layout.root)) not in {
        *known.bodies.values(),
        *known.lines.values(),
    }


def test_what_sets_a_copy_up_is_in_it() -> None:
    """Every tool that its Makefile and its set-up name comes along."""
    layout = Layout(ROOT)
    course = manifest.load(layout.manifest)
    copy = export.contents(layout, course, list(course.systems.values()))
    named = {
        word
        for name in ("Makefile", "tools/set-up.sh")
        for word in re.findall(r"tools/[\w.-]+", copy[name].decode())
    }
    assert set(TOOLS) == named <= set(copy)


def test_this_course_can_be_given_out() -> None:
    """Nothing that a class would get of the whole course holds anything secret."""
    layout = Layout(ROOT)
    course = manifest.load(layout.manifest)
    copy = export.contents(layout, course, list(course.systems.values()))
    assert export.check(layout, copy) > 1000
    assert {"grader/hosts/host.py", "grader/templates/report.html.j2"} <= set(copy)
    assert all(name.split("/")[0] != "solutions" for name in copy)
