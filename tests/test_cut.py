"""Stubs are the references without what stands between the markers."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from grader.authoring.cut import cut
from grader.authoring.stubs import cut_stubs
from grader.course import manifest
from grader.course.layout import Layout
from grader.errors import CourseError, UsageError

PYTHON = '''\
"""What this is."""

import struct

# BEGIN SOLUTION: helpers
U32 = struct.Struct(">I")

# END SOLUTION
SIZE = 4


class PageFile:
    """Pages."""

    def __init__(self, path: str) -> None:
        """Open."""
        # BEGIN SOLUTION
        self.path = path

        # a comment
        def inner() -> None:
            return None
        # END SOLUTION

    @staticmethod
    async def open(path: str) -> "PageFile":
        # BEGIN SOLUTION
        return PageFile(path)
        # END SOLUTION

    # BEGIN SOLUTION: helpers
    def _private(self) -> None:
        pass
    # END SOLUTION


def decorated(size: int):
    """Makes functions."""

    def wrap(function):
        # BEGIN SOLUTION
        yield function
        # END SOLUTION

    return wrap


# BEGIN SOLUTION: helpers
def helper():
    return 1


# END SOLUTION
'''
PYTHON_STUB = '''\
"""What this is."""

import struct

SIZE = 4


class PageFile:
    """Pages."""

    def __init__(self, path: str) -> None:
        """Open."""
        raise NotImplementedError("01-pages: PageFile.__init__")

    @staticmethod
    async def open(path: str) -> "PageFile":
        raise NotImplementedError("01-pages: PageFile.open")


def decorated(size: int):
    """Makes functions."""

    def wrap(function):
        raise NotImplementedError("01-pages: decorated.wrap")

    return wrap
'''

TYPESCRIPT = """\
import { x } from "./kit/x.ts"; // {
// BEGIN SOLUTION: helpers
import { Buffer } from "node:buffer";
// END SOLUTION

export interface Head { names: string[] }

export class Reader<T extends object> extends Base {
  // BEGIN SOLUTION: helpers
  #rest = new Uint8Array(0);

  // END SOLUTION
  constructor(size: number) {
    super(`}} ${size}`);
    // BEGIN SOLUTION
    this.size = size;
    // END SOLUTION
  }

  /** Feeds { one. */
  async feed(data: Uint8Array, { end = false }: { end?: boolean } = {}): Promise<Head[]> {
    // BEGIN SOLUTION
    const brace = /[}"'`{]/.test("}") ? "{" : '}' + `}${1}`;
    if (end) { return []; }
    // END SOLUTION
  }

  static of(): { head: Head; rest: Uint8Array } | null {
    // BEGIN SOLUTION
    return null;
    // END SOLUTION
  }

  *lines(): IterableIterator<string> {
    // BEGIN SOLUTION
    yield "a";
    // END SOLUTION
  }
}

export function parse<T>(data: T): T {
  // BEGIN SOLUTION
  return data;
  // END SOLUTION
}

export const main = async (config: object): Promise<void> => {
  // BEGIN SOLUTION
  await config;
  // END SOLUTION
};
"""
TYPESCRIPT_STUB = """\
import { x } from "./kit/x.ts"; // {

export interface Head { names: string[] }

export class Reader<T extends object> extends Base {
  constructor(size: number) {
    super(`}} ${size}`);
    throw new Error("not implemented: 02-head Reader.constructor");
  }

  /** Feeds { one. */
  async feed(data: Uint8Array, { end = false }: { end?: boolean } = {}): Promise<Head[]> {
    throw new Error("not implemented: 02-head Reader.feed");
  }

  static of(): { head: Head; rest: Uint8Array } | null {
    throw new Error("not implemented: 02-head Reader.of");
  }

  *lines(): IterableIterator<string> {
    throw new Error("not implemented: 02-head Reader.lines");
  }
}

export function parse<T>(data: T): T {
  throw new Error("not implemented: 02-head parse");
}

export const main = async (config: object): Promise<void> => {
  throw new Error("not implemented: 02-head main");
};
"""

JAVA = '''\
public final class Tree<K extends Comparable<K>> {
    // BEGIN SOLUTION: helpers
    private final char brace = '{';

    // END SOLUTION

    /** Opens { it. */
    public Tree(String path) throws Exception {
        this(path, 4096);
    }

    Tree(String path, int size) {
        super();
        // BEGIN SOLUTION
        String text = """
            } "quoted" {
            """;
        // END SOLUTION
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    public static <T> java.util.Map<String, T[]> scanAll(java.util.List<? extends T> items) throws Exception {
        // BEGIN SOLUTION
        char c = '\\'', d = '"';
        return new java.util.HashMap<>() {{ put("}", null); }};
        // END SOLUTION
    }

    public record Cursor(int at, Runnable done) {
        public int next() {
            // BEGIN SOLUTION
            return at + 1;
            // END SOLUTION
        }
    }

    // BEGIN SOLUTION: helpers
    private int helper() {
        return 1;
    }
    // END SOLUTION
}
'''
JAVA_STUB = """\
public final class Tree<K extends Comparable<K>> {
    /** Opens { it. */
    public Tree(String path) throws Exception {
        this(path, 4096);
    }

    Tree(String path, int size) {
        super();
        throw new UnsupportedOperationException("not implemented: 04-tree Tree.constructor");
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    public static <T> java.util.Map<String, T[]> scanAll(java.util.List<? extends T> items) throws Exception {
        throw new UnsupportedOperationException("not implemented: 04-tree Tree.scanAll");
    }

    public record Cursor(int at, Runnable done) {
        public int next() {
            throw new UnsupportedOperationException("not implemented: 04-tree Tree.Cursor.next");
        }
    }
}
"""


@pytest.mark.parametrize(
    ("language", "milestone", "source", "stub"),
    [
        ("python", "01-pages", PYTHON, PYTHON_STUB),
        ("typescript", "02-head", TYPESCRIPT, TYPESCRIPT_STUB),
        ("java", "04-tree", JAVA, JAVA_STUB),
    ],
)
def test_a_stub_is_cut(language: str, milestone: str, source: str, stub: str) -> None:
    """Bodies become a loud statement with milestone and function, helpers vanish, blanks stay neat."""
    assert cut(source, language, milestone) == stub


def test_a_long_name_is_wrapped_as_ruff_would() -> None:
    """Python lines keep to 100 columns."""
    name = "f" * 80
    source = f"def {name}():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n"
    assert cut(source, "python", "01-pages").splitlines()[1:] == [
        "    raise NotImplementedError(",
        f'        "01-pages: {name}"',
        "    )",
    ]


BODY = "    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION\n"
FUNCTION = "def f():\n" + BODY


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("x = 1\n", None, "there is no BEGIN SOLUTION"),
        ("# BEGIN SOLUTION: helpers\nx = 1\n# END SOLUTION\n", None, "there is no BEGIN SOLUTION"),
        (FUNCTION + "# END SOLUTION\n", 5, "END SOLUTION without a beginning"),
        (FUNCTION + "# BEGIN SOLUTION: helpers\n", 5, "BEGIN SOLUTION without an end"),
        (FUNCTION.replace("    return", "    # BEGIN SOLUTION\n    return"), 3, "inside the region of line 2"),
        (FUNCTION + "x = 1  # BEGIN SOLUTION\n", 5, "not a marker"),
        (FUNCTION + "# begin solution\n", 5, "not a marker"),
        (FUNCTION + "#  BEGIN SOLUTION: helpers\n", 5, "not a marker"),
        (FUNCTION + "// BEGIN SOLUTION\n", 5, "not a marker"),
        (FUNCTION + "# BEGIN SOLUTION: helper\n", 5, "not a marker"),
        (FUNCTION.replace("END SOLUTION", "END SOLUTION: helpers"), 4, "not a marker"),
        ("def f():\n    x = 1\n" + BODY, 3, "not the whole body"),
        (FUNCTION + "    x = 2\n", 2, "not the whole body"),
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n", 1, "not the whole body"),
        ("# BEGIN SOLUTION\ndef f():\n    return 1\n# END SOLUTION\n", 1, "not the whole body"),
        ("def f():\n    # BEGIN SOLUTION\n    return 1\nx = 1\n    # END SOLUTION\n", 2, "not the whole body"),
        ("def f():\n    '''Doc.'''\n    # BEGIN SOLUTION\n\n    # END SOLUTION\n", 3, "nothing stands in this region"),
        (FUNCTION + "class A:\n    # BEGIN SOLUTION: helpers\n    x = 1\n    # END SOLUTION\n", None, "no Python"),
    ],
)  # fmt: skip
def test_what_is_out_of_shape_is_refused(source: str, line: int | None, problem: str) -> None:
    """With file and line, and what to do about it."""
    with pytest.raises(CourseError) as caught:
        cut(source, "python", "01-pages", "page_file.py")
    where = f"page_file.py:{line}: " if line else "page_file.py: "
    assert caught.value.message.startswith(where)
    assert problem in caught.value.message and caught.value.mend


@pytest.mark.parametrize("language", ["typescript", "java"])
@pytest.mark.parametrize(
    "source",
    [
        "class A {\n// BEGIN SOLUTION\nint x;\n// END SOLUTION\n}\n",
        "// BEGIN SOLUTION\nf();\n// END SOLUTION\n",
        "class A {\nint f() {\ng();\n// BEGIN SOLUTION\nh();\n// END SOLUTION\n}\n}\n",
        "class A {\nint f() {\n// BEGIN SOLUTION\nh();\n// END SOLUTION\ng();\n}\n}\n",
        "class A {\nint f() {\nif (x) {\n// BEGIN SOLUTION\nh();\n// END SOLUTION\n}\n}\n}\n",
        "class A {\nint f() {\n// BEGIN SOLUTION\nif (x) {\n// END SOLUTION\n}\n}\n}\n",
    ],
)
def test_a_region_that_is_no_body_is_refused_in_languages_with_braces(
    language: str, source: str
) -> None:
    """A part of a body, a block of a class, a branch."""
    with pytest.raises(CourseError, match="not the whole body of a function"):
        cut(source, language, "01-pages")


# -- writing them ---------------------------------------------------------------------------------

MANIFEST = """
course: Toy
systems:
  toy:
    title: Toy
    languages: [python, java]
    milestones:
      - {id: 01-pages, title: Pages, adds: [page_file]}
      - {id: 02-tree, title: Tree, adds: [tree], languages: [java]}
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A course with references and no stubs."""
    files = {
        "milestones.yaml": MANIFEST,
        "solutions/toy/python/page_file.py": PYTHON,
        "solutions/toy/java/PageFile.java": JAVA.replace("Tree", "PageFile"),
        "solutions/toy/java/Tree.java": JAVA,
        "katas/toy/kit/python/errors.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), "utf-8")
    return Layout(tmp_path)


def told(layout: Layout, *, check: bool, only: str | None = None) -> dict[str, str]:
    course = manifest.load(layout.manifest)
    found = cut_stubs(layout, course, check=check, only=only)
    return {str(path.relative_to(layout.root / "katas" / "toy")): what for path, what in found}


NAMES = ("01-pages/python/page_file.py", "01-pages/java/PageFile.java", "02-tree/java/Tree.java")


def test_stubs_are_written_once(layout: Layout) -> None:
    """The first run writes all of them, the second finds them fresh."""
    assert told(layout, check=False) == dict.fromkeys(NAMES, "written")
    assert (layout.root / "katas/toy" / NAMES[0]).read_text("utf-8") == PYTHON_STUB
    assert told(layout, check=False) == dict.fromkeys(NAMES, "fresh")


def test_a_check_writes_nothing(layout: Layout) -> None:
    """It tells apart what is missing, what was edited and what does not belong."""
    told(layout, check=False)
    rooms = layout.root / "katas/toy"
    (rooms / NAMES[0]).write_text("edited", "utf-8")
    (rooms / NAMES[1]).unlink()
    (rooms / "01-pages/python/notes.py").write_text("", "utf-8")
    (rooms / "09-gone/java").mkdir(parents=True)
    (rooms / "09-gone/java/Old.java").write_text("", "utf-8")
    assert told(layout, check=True) == {
        NAMES[0]: "stale",
        NAMES[1]: "missing",
        NAMES[2]: "fresh",
        "01-pages/python/notes.py": "unexpected",
        "09-gone/java/Old.java": "unexpected",
    }
    assert (rooms / NAMES[0]).read_text("utf-8") == "edited" and not (rooms / NAMES[1]).exists()


@pytest.mark.parametrize("only", ["toy/02", "toy/02-tree"])
def test_one_milestone_can_be_asked_for(layout: Layout, only: str) -> None:
    """SYSTEM/NN touches nothing else."""
    assert told(layout, check=False, only=only) == {NAMES[2]: "written"}
    assert not (layout.root / "katas/toy" / NAMES[0]).exists()


def test_a_missing_reference_is_named(layout: Layout) -> None:
    """The manifest promises it."""
    (layout.root / "solutions/toy/java/Tree.java").unlink()
    with pytest.raises(
        CourseError, match=r"solutions/toy/java/Tree\.java: cannot be read"
    ) as caught:
        told(layout, check=True)
    assert "02-tree adds this module" in caught.value.mend


def test_an_unknown_system_is_refused(layout: Layout) -> None:
    """With the nearest name."""
    with pytest.raises(UsageError, match="there is no system"):
        told(layout, check=True, only="toys/01")
