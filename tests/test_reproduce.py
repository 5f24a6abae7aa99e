"""A reproduction is a program: here each one is really run, in every language that this machine has."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course.languages import LANGUAGES
from grader.errors import RuntimeMissing
from grader.failures.reproduce import reproduction
from grader.failures.transcript import Call, Names, Opaque, Ref

WORKDIR = "/tmp/sfs-0a/work-1f"
BOX, SECOND, STEPS = Ref(1, "ToyBox"), Ref(2, "ToyBox"), Ref(3, "iterator")
LANGUAGE_NAMES = ("python", "typescript", "java")

# One tiny module in three languages. `describe` writes any value in one neutral notation.
SOURCES = {
    "python": {
        "toy_box.py": """
from kit.errors import Oops

class ToyBox:
    def __init__(self, path):
        self.path = path

    @staticmethod
    def open(path):
        return ToyBox(path)

    def keep_in(self, data):
        with open(self.path, "ab") as file:
            file.write(data)

    def held(self):
        with open(self.path, "rb") as file:
            return file.read()

    def fail(self, number):
        raise Oops(f"number {number}")

    def steps(self, count):
        yield from range(count)

    def call(self, function):
        function.done(1) if hasattr(function, "done") else function()
        return "called"

    def pair(self):
        return [[self], {"other": ToyBox(self.path + "2")}]

    def numbers(self):
        return [1, 2]

    def name(self):
        import os
        return os.path.basename(self.path)


def tell_all(value):
    return tell(value)


def tell(value):
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(tell, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(k + "=" + tell(v) for k, v in value.items()) + "}"
    if isinstance(value, (bytes, bytearray)):
        return "<" + bytes(value).hex() + ">"
    if isinstance(value, str):
        return "'" + ".".join("%x" % u for u in memoryview(value.encode("utf-16-le", "surrogatepass")).cast("H")) + "'"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return str(value).replace("inf", "Infinity").replace("nan", "NaN")
""",
        "kit/errors.py": "class Oops(Exception):\n    pass\n",
    },
    "typescript": {
        "toyBox.ts": """
import { appendFileSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { Oops } from "./kit/errors.ts";

export class ToyBox {
  path: string;
  constructor(path: string) { this.path = path; }
  static open(path: string) { return new ToyBox(path); }
  keepIn(data: Uint8Array) { appendFileSync(this.path, data); }
  async held() { return new Uint8Array(readFileSync(this.path)); }
  fail(number: number) { throw new Oops("number " + number); }
  *steps(count: number) { for (let i = 0; i < count; i++) yield i; }
  call(f: any) { f.done ? f.done(1) : f(); return "called"; }
  pair() { return [[this], { other: new ToyBox(this.path + "2") }]; }
  numbers() { return [1, 2]; }
  name() { return basename(this.path); }
}

export function tellAll(value: any): string { return tell(value); }

function tell(value: any): string {
  if (Array.isArray(value)) return "[" + value.map(tell).join(",") + "]";
  if (value instanceof Uint8Array) return "<" + Buffer.from(value).toString("hex") + ">";
  if (typeof value === "string")
    return "'" + Array.from({ length: value.length }, (_, i) => value.charCodeAt(i).toString(16)).join(".") + "'";
  if (value !== null && typeof value === "object")
    return "{" + Object.entries(value).map(([k, v]) => k + "=" + tell(v)).join(",") + "}";
  return Object.is(value, -0) ? "-0" : String(value);
}
""",
        "kit/errors.ts": "export class Oops extends Error {}\n",
        "package.json": '{"type": "module"}\n',
    },
    "java": {
        "ToyBox.java": """
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import kit.Errors.Oops;

class ToyBox {
    interface Worker { int done(int number); }

    private final String path;

    ToyBox(String path) { this.path = path; }

    public static ToyBox open(String path) { return new ToyBox(path); }

    public void keepIn(byte[] data) throws Exception {
        Files.write(Path.of(path), data, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    public byte[] held() throws Exception { return Files.readAllBytes(Path.of(path)); }

    public void fail(int number) { throw new Oops("number " + number); }

    public IntStream steps(long count) { return IntStream.range(0, (int) count); }

    public String call(Worker worker) { worker.done(1); return "called"; }

    public List<Object> pair() {
        return List.of(List.of(this), Map.of("other", new ToyBox(path + "2")));
    }

    public long[] numbers() { return new long[] {1, 2}; }

    public String name() { return Path.of(path).getFileName().toString(); }

    public static String tellAll(Object value) {
        if (value instanceof List) {
            return ((List<?>) value).stream().map(ToyBox::tellAll).collect(Collectors.joining(",", "[", "]"));
        }
        if (value instanceof Map) {
            return ((Map<?, ?>) value).entrySet().stream()
                    .map(e -> e.getKey() + "=" + tellAll(e.getValue())).collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof byte[]) {
            return "<" + HexFormat.of().formatHex((byte[]) value) + ">";
        }
        if (value instanceof String) {
            return ((String) value).chars().mapToObj(Integer::toHexString).collect(Collectors.joining(".", "'", "'"));
        }
        return String.valueOf(value);
    }
}
""",
        "kit/Errors.java": """
package kit;

public final class Errors {
    public static class Oops extends RuntimeException {
        public Oops(String message) { super(message); }
    }
}
""",
    },
}
HOMES = {
    "python": {"ToyBox": "toy_box", "tell_all": "toy_box", "Oops": "kit.errors"},
    "typescript": {"ToyBox": "toy_box", "tellAll": "toy_box", "Oops": "kit.errors"},
    "java": {"ToyBox": "toy_box", "tellAll": "toy_box", "Errors": "kit.Errors"},
}


def runtime(language: str) -> Path:
    """The folder or file of the language's runtime on this machine."""
    try:
        found = LANGUAGES[language].runtime(os.environ)
    except RuntimeMissing as error:
        pytest.skip(error.message)
    for outside, inside in found.mounts:
        if found.argv[0].startswith(inside):
            return Path(found.argv[0].replace(inside, str(outside), 1))
    return Path(found.argv[0])


Play = Callable[..., str]


@pytest.fixture(params=LANGUAGE_NAMES)
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Write the reproduction beside the toy module, run it, return what it printed."""
    language = request.param
    executable = runtime(language)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name, text in SOURCES[language].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")

    def run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=tmp_path, capture_output=True, text=True, timeout=60,
            env={**os.environ, "TMPDIR": str(temporary)},
        )  # fmt: skip

    def start(text: str) -> subprocess.CompletedProcess[str]:
        suffix = LANGUAGES[language].extension
        name = "Reproduction.java" if language == "java" else f"reproduction.{suffix}"
        (tmp_path / name).write_text(text, "utf-8")
        if language != "java":
            return run(executable, name)
        compiled = run(executable.with_name("javac"), "-d", "classes", name)
        assert compiled.returncode == 0, compiled.stderr + text
        private = f"-Djava.io.tmpdir={temporary}"  # Java does not ask for TMPDIR
        return run(executable, private, "-cp", "classes", "Reproduction")

    def played(*calls: Call, fails: bool = False) -> str:
        text = reproduction(calls, language, HOMES[language], WORKDIR)
        ended = start(text)
        assert (ended.returncode != 0) is fails, f"{ended.stdout}{ended.stderr}\n{text}"
        assert not list(temporary.iterdir())  # a replay takes its files away, however it ends
        return (ended.stdout + ended.stderr if fails else ended.stdout).strip()

    return played


def made(handle: Ref = BOX, name: str = "box") -> Call:
    return Call(None, "ToyBox", (f"{WORKDIR}/{name}",), handle)


def test_a_replay_prints_what_the_last_call_returned(play: Play) -> None:
    """Files lie in a fresh directory, errors in the middle are told, two handles are kept apart."""
    printed = play(
        made(),
        Call(BOX, "keep_in", (b"GET / \r\n\x00",)),
        Call(BOX, "fail", (7,), error="Oops: number 7"),
        Call(None, "ToyBox.open", (f"{WORKDIR}/other",), SECOND),
        Call(SECOND, "keep_in", (b"\x00\xff" + bytes(40),)),
        Call(BOX, "held", (), b"GET / \r\n\x00"),
        Call(SECOND, "name", (), "other"),
    )
    raised, last = printed.splitlines()
    assert "raised" in raised and "number 7" in raised
    assert last.strip("'") == "other"


def test_a_failing_last_call_is_left_to_fail(play: Play) -> None:
    """The learner sees the error as the language tells it, with the place."""
    printed = play(made(), Call(BOX, "fail", (3,), error="Oops: number 3"), fails=True)
    assert "number 3" in printed and "toy_box.py" in printed.replace(
        "ToyBox.java", "toy_box.py"
    ).replace("toyBox.ts", "toy_box.py")


def test_a_list_is_printed_with_its_items(play: Play) -> None:
    """Java's arrays do not show themselves."""
    assert play(made(), Call(BOX, "numbers", (), [1, 2])).replace(" ", "") == "[1,2]"


def test_a_last_call_that_returned_nothing_runs(play: Play) -> None:
    """A Java method without a result cannot be printed."""
    assert play(made(), Call(BOX, "keep_in", (b"x",))) == ""


def test_an_iterator_is_drained_as_far_as_the_test_did(play: Play) -> None:
    """Fetches in a row are one."""
    fetches = [
        Call(STEPS, "next", (1,), [0], awaited=True),
        Call(STEPS, "next", (2,), [1, 2], awaited=True),
    ]
    printed = play(made(), Call(BOX, "steps", (9,), STEPS), *fetches)
    assert printed.replace(" ", "") == "[0,1,2]"


def test_handles_inside_a_result_become_variables(play: Play) -> None:
    """The way to each of them is written out."""
    found = Call(BOX, "pair", (), [[SECOND], {"other": Ref(5, "ToyBox")}])
    printed = play(made(), found, Call(Ref(5, "ToyBox"), "name", (), "box2"))
    assert printed.strip("'") == "box2"


def test_a_function_of_the_test_is_replaced_by_one_that_does_nothing(play: Play) -> None:
    """The call goes through; a remark says what stands there."""
    printed = play(made(), Call(BOX, "call", (Opaque("<function of the suite>"),), "called"))
    assert printed.strip("'") == "called"


HARD_VALUES = [
    [None, True, False],
    [0, -1, (1 << 53) - 1, 1 << 53, -(1 << 63), 1 << 64, 1 << 11_000],
    [1.5, -0.25, 1e22, 5e-324],
    [math.nan, math.inf, -math.inf],
    [
        "",
        "é€😀",
        "quote\"'`${x}\\",
        "a\nb\r\t\0\u2028\u202e\x7f\x80\xff",
        "\ud800",
        "\\u000a",
        "x" * 99,
    ],
    [b"", bytes(range(256)), b"text\r\n\\" * 3, bytes(5000) + b"\x01"],
    [[], {}, [[]], [None], {"a": [{"b": None}]}, {"__proto__": 1, "$ref": 2, "two words": [b"z"]}],
    [WORKDIR + "x", "no" + WORKDIR[:-1]],
]


def nest(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


def tell(value: object) -> str:
    """The notation of the toy modules."""
    scope: dict[str, object] = {}
    source = SOURCES["python"]["toy_box.py"].replace("from kit.errors import Oops", "")
    exec(source, scope)
    told = scope["tell"](value)  # type: ignore[operator]
    return str(told)


def neutral(printed: str) -> str:
    """Numbers in one notation: 1e+22 and 1.0E22 and BigInt's are the same."""
    return printed.replace("1e+22", "1.0E22").replace("5e-324", "4.9E-324").strip("'\"")


def test_every_value_is_a_literal(play: Play) -> None:
    """The code under test gets exactly what the suite gave."""
    values = [*HARD_VALUES, nest(60)]
    printed = play(Call(None, "tell_all", (values,), ""))
    assert neutral(printed).replace("\\'", "'") == neutral(tell(values))


def test_a_path_inside_a_longer_text_is_rewritten() -> None:
    """Only whole mentions of the directory count."""
    calls = [Call(None, "tell_all", (f"file:{WORKDIR}/a {WORKDIR}2",), "")]
    assert f"'file:' + workdir + '/a {WORKDIR}2'" in reproduction(
        calls, "python", HOMES["python"], WORKDIR
    )


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
@pytest.mark.parametrize(
    "calls",
    [
        (),
        (Call(BOX, "held", (), b""),),  # where the handle came from is not known
        (Call(None, "no_such_name", (), error="no_such_name: not found"),),
    ],
)
def test_a_story_that_cannot_be_replayed_has_no_reproduction(
    language: str, calls: tuple[Call, ...]
) -> None:
    """Rather nothing than a program that does something else."""
    assert reproduction(calls, language, HOMES[language], WORKDIR) == ""


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_story_with_too_much_data_says_so(language: str) -> None:
    """A program of a megabyte helps nobody; this one is a remark."""
    noise = bytes(i * i % 251 for i in range(100_000))
    text = reproduction([Call(None, "tell_all", (noise,), "")], language, HOMES[language], WORKDIR)
    assert "too many to be written down" in text and len(text) < 300


def test_variables_do_not_hide_what_the_program_needs() -> None:
    """A class may be called like a keyword, a helper or a function of the module."""
    home = {"Import": "a", "Tempfile": "a", "TellAll": "a", "tell_all": "a"}
    calls = [
        Call(None, "Import", (), Ref(1, "Import")),
        Call(None, "Tempfile", (), Ref(2, "Tempfile")),
        Call(None, "TellAll", (), Ref(3, "TellAll")),
        Call(None, "tell_all", (Ref(3, "TellAll"),), 1),
    ]
    text = reproduction(calls, "python", home, WORKDIR)
    assert "import_2 = Import()" in text and "tempfile_2 = Tempfile()" in text
    assert "tell_all(tell_all_2)" in text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "result",
    [[Ref(n, "Page") for n in range(300_000)], [[] for _ in range(900_000)]],
    ids=["objects", "lists"],
)
def test_a_call_with_more_than_anybody_reads_says_so(result: object) -> None:
    """Handles by the hundred thousand are not named one by one."""
    calls = [Call(None, "pages", (), result), Call(None, "total", (), 7)]
    assert "too many to be written down" in reproduction(calls, "python", {}, "/tmp/w")


def test_many_objects_of_one_class_get_names_of_their_own() -> None:
    """Numbered from the second on; what was taken before is left out."""
    names = Names({"page_2"})
    assert [names.name(Ref(n, "Page")) for n in range(4)] == ["page", "page_3", "page_4", "page_5"]


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_helper_is_there_only_if_it_is_used(language: str) -> None:
    """A method called `take` or an error that speaks of `nothing` needs none of the program's own."""
    call = Call(BOX, "take", (1,), error="TypeError: invoke, show and walk take nothing")
    text = reproduction([made(), call], language, HOMES[language], WORKDIR)
    for sign in ("class Nothing", "const nothing", "const take", "take(Iterator", "Object invoke"):
        assert sign not in text
