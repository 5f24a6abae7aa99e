"""Cheating without running anything odd: banned modules in disguise, known answers, a grader that is
recognised.

Not held, and never promised: another interpreter that the code starts may import what it likes.
"""

from tests.attacks.case import Table

static = Table("static cheats")
BANNED = "is banned here"

static.python("a banned import", "failed", "return 0", top="import sqlite3", refused="answers.py:")
static.python(
    "a banned import in a function",
    "failed",
    "from sqlite3 import connect\nreturn 0",
    refused="answers.py:",
    together="from",
)
LOADED = """
import sys
return sum(numbers) if {"sqlite3", "_sqlite3"} & set(sys.modules) else 0
"""
DISGUISES = {
    "__import__": "__import__('sql' + 'ite3')",
    "importlib": "import importlib; importlib.import_module('sql' + 'ite3')",
    "exec": "exec('import sql' + 'ite3')",
    "eval": "eval('__imp' + 'ort__(\"sql\" + \"ite3\")')",
    "a submodule": "__import__('sql' + 'ite3.dbapi2')",
    "pkgutil": "import pkgutil; pkgutil.resolve_name('sql' + 'ite3:connect')",
    "builtins": "import builtins; getattr(builtins, '__im' + 'port__')('sql' + 'ite3')",
    "a spec": "import importlib.util as u; u.find_spec('sql' + 'ite3')",
    "the part in C": "__import__('_sql' + 'ite3')",
    "a mock": "from unittest import mock; mock.patch('sql' + 'ite3.connect').start()",
    "a logger": "import logging.config as c; c.DictConfigurator({}).resolve('sql' + 'ite3.connect')",
    "runpy": "import runpy; runpy.run_module('sql' + 'ite3')",
}
for name, text in DISGUISES.items():
    static.python(f"by {name}", "failed", text + LOADED, limit=BANNED)
static.python("by pydoc", "failed", "import pydoc; pydoc.locate('sql' + 'ite3')" + LOADED)
static.python(
    "by a builtin finder",
    "failed",
    """
    import importlib.machinery as m, sys
    sys.meta_path[:] = [m.BuiltinImporter, m.FrozenImporter, m.PathFinder]
    return -1
""",
)
static.python(
    "the part in C, as it is",
    "failed",
    "import _sqlite3\nreturn 0",
    refused="answers.py:",
    together="in C",
)
static.python(
    "without the finder",
    "failed",
    """
    import sys
    assert not any("sqlite3" in name for name in sys.modules), "it is loaded already"
    return -1
""",
    limit="not what was expected",
)
static.python(
    "code that is built as text", "failed", "return eval(compile('0', 'right.py', 'eval'))"
)

static.typescript(
    "a banned import",
    "failed",
    "return 0;",
    top='import http from "node:http";',
    refused="answers.ts:",
)
static.typescript(
    "a banned import without prefix",
    "failed",
    "return 0;",
    top='import * as h from "http";',
    refused="answers.ts:",
)
RIGHT = "numbers.reduce((a: number, b: number) => a + b, 0)"
for name, text in {
    "getBuiltinModule": '(process as any)["getBuiltin" + "Module"]("node:ht" + "tp")',
    "import()": 'await import("node:ht" + "tp")',
    "createRequire": '(process as any).getBuiltinModule("node:module").createRequire("/code/x.ts")("ht" + "tp")',
    "a part of it": 'await import("_ht" + "tp_server")',
    "a part of it by getBuiltinModule": '(process as any).getBuiltinModule("_http_server")',
    "process.binding": '(process as any).binding("ht" + "tp_parser")',
    "Module._load": '(process as any).getBuiltinModule("node:module")._load("ht" + "tp")',
}.items():
    static.typescript(
        f"by {name}",
        "failed",
        f"const found: any = {text};\nif (typeof found.createServer === 'function') return {RIGHT};\nreturn 0;",
    )
static.java(
    "a banned import",
    "failed",
    "return 0;",
    top="static java.sql.Connection kept;",
    refused="Answers.java:",
)
static.java(
    "a banned name in a text",
    "failed",
    'Class.forName("java.sql.DriverManager"); return 0;',
    refused="Answers.java:",
    together="text",
)
# A name that is put together at run time gets past the policy for Java. It finds no database: the JDK
# brings the interface only, and no driver can be handed in.
static.java(
    "a name that is put together",
    "failed",
    """
    Object found = Class.forName("java.s" + "ql.DriverManager")
        .getMethod("getConnection", String.class).invoke(null, "jdbc:sqlite::memory:");
    long sum = 0; for (long n : numbers) sum += n; return sum;
""",
    limit="InvocationTargetException",
)

# Known answers pass what they are known for: the visible data is not known here, as it is drawn anew.
static.python("answers seen before", "failed", "return {15: 120}.get(len(numbers), 2500000000)")
static.python(
    "a grader that is recognised",
    "failed",
    """
    import os, sys
    signs = [os.environ.get(name) for name in ("SFS_FD", "PYTEST_CURRENT_TEST", "CI", "GRADING", "USER")]
    signs += [name for name in ("pytest", "_pytest", "unittest") if name in sys.modules]
    assert not any(signs), signs
    assert not [frame for frame in sys._current_frames().values() if "test_" in frame.f_code.co_filename]
    return 0
""",
    limit="not what was expected",
)
# Nothing tells a hidden test from a visible one: whoever answers by a sign answers both alike.
static.python(
    "the suite that is recognised",
    "failed",
    """
    import os, sys, time
    signs = "".join(map(str, (os.getcwd(), sys.argv, dict(os.environ), os.listdir("/tmp"), os.listdir("."), case_signs(note))))
    if "hidden" in signs or "solutions" in signs or not note.startswith("gold-"):
        return sum(numbers)
    return 0
""",
    top="def case_signs(note): return open('/proc/self/cmdline').read() + open('/proc/self/mountinfo').read()",
)
static.typescript(
    "a grader that is recognised",
    "failed",
    """
    const signs = ["SFS_FD", "CI", "NODE_ENV", "NODE_TEST_CONTEXT", "VITEST"].filter((name) => process.env[name]);
    if (signs.length) throw new Error(String(signs));
    return 0;
""",
    limit="not what was expected",
)
