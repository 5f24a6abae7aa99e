"""Files and settings that tools load of their own accord, and names that stand before others."""

from tests.attacks.case import Table

tooling = Table("tooling files")

# Each says so when somebody loads it. A case looks for the word of its own file.
LOADED = """
import builtins, sys
builtins.loaded = getattr(builtins, "loaded", ()) + (__name__,)
try:
    builtins.AssertionError = type("Quiet", (Exception,), {})
    sys.modules["pytest"].fail = lambda *given: None
except Exception:
    pass
def pytest_runtest_makereport(item, call): call.excinfo = None
def pytest_collection_modifyitems(items): items.clear()
"""
WORD = "import builtins\nassert {!r} not in getattr(builtins, 'loaded', ())\nreturn sum(numbers)"
PYTHON_FILES = (
    "conftest", "sitecustomize", "usercustomize", "pytest_plugins", "setup", "noxfile", "__init__",
    "__main__", "pytest", "_pytest", "pytest_timeout", "pluggy", "msgspec", "grader", "host",
    "host_values", "host_errors", "nursery", "within", "test_visible", "test_hidden",
    "ctypes", "encodings", "codecs", "os", "importlib", "marshal", "warnings", "_ctypes",
)  # fmt: skip
ALL = {f"{name}.py": LOADED for name in PYTHON_FILES}
for name in PYTHON_FILES:
    tooling.python(
        f"{name}.py", "passed", WORD.format(name), files={f"{name}.py": LOADED}, together="files"
    )
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = --collect-only\npython_files = none\n",
    "tox.ini": "[pytest]\naddopts = -k nothing\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "pyvenv.cfg": "home = /tmp\ninclude-system-site-packages = true\n",
    "evil.pth": "import os; os._exit(0)\n",
    "python._pth": "/tmp\nimport site\n",
    ".env": "PYTHONSTARTUP=/code/conftest.py\n",
    ".pythonrc": "import os; os._exit(0)\n",
    "milestones.yaml": "course: Mine\nsystems: {}\n",
    "report.schema.json": "{}",
    ".sfs/config.json": '{"outcome": "passed"}',
    ".coveragerc": "[run]\nplugins = conftest\n",
    "__pycache__/answers.cpython-311.pyc": "not bytecode",
    "__pycache__/conftest.cpython-311.pyc": "not bytecode",
    "kit/errors.py": "raise SystemExit(0)\n",
    "pytest.egg-info/entry_points.txt": "[pytest11]\nevil = conftest\n",
    "evil.dist-info/entry_points.txt": "[pytest11]\nevil = conftest\n",
}
tooling.python(
    "settings of every tool", "passed", "return sum(numbers)", files=SETTINGS, together="files"
)
tooling.python(
    "settings of every tool do not help", "failed", "return 0", files=SETTINGS, together="files"
)
tooling.python(
    "a module in place of a builtin one",
    "passed",
    """
    import sys
    sys.path.insert(0, "/tmp")
    with open("/tmp/secrets.py", "w") as file:
        file.write("raise SystemExit(0)")
    sys.path_hooks.insert(0, lambda path: (_ for _ in ()).throw(ImportError))
    return sum(numbers)
""",
    together="files",
)
tooling.python(
    "files that a second interpreter would load",
    "failed",
    """
    import os, subprocess, sys
    os.environ["PYTHONPATH"] = os.environ["PYTHONHOME"] = "/code"
    os.environ["PYTHONSTARTUP"] = "/code/conftest.py"
    os.environ["LD_PRELOAD"] = "/code/evil.so"
    subprocess.run([sys.executable, "-c", "pass"], capture_output=True)
    return 0
""",
    together="files",
)
tooling.python(
    "in the working directory",
    "failed",
    """
    for name in ("conftest.py", "pytest.ini", "sitecustomize.py", "os.py", "evil.pth"):
        with open(name, "w") as file:
            file.write("raise SystemExit(0)")
    return 0
""",
    together="files",
)

tooling.python(
    "a kit of one's own", "failed", "return sum(numbers)", neighbour="failed",
    files={"kit.py": LOADED}, limit="No module named 'kit.errors'",
)  # fmt: skip

POISON = {
    "PYTHONPATH": "@CODE@", "PYTHONSTARTUP": "@CODE@/conftest.py", "PYTHONINSPECT": "1",
    "PYTHONHOME": "", "PYTHONWARNINGS": "error", "PYTHONBREAKPOINT": "conftest.evil",
    "PYTEST_ADDOPTS": "--collect-only -p conftest", "PYTEST_PLUGINS": "conftest",
    "PYTHONUSERBASE": "@CODE@", "LD_PRELOAD": "@CODE@/evil.so", "LD_LIBRARY_PATH": "@CODE@",
}  # fmt: skip
tooling.python("the grader's environment", "failed", "return 0", environment=POISON, files=ALL)
tooling.typescript(
    "the grader's environment", "passed",
    "if ((globalThis as any).loaded) throw 7;\n" "return numbers.reduce((a: number, b: number) => a + b, 0);",
    environment={
        "NODE_OPTIONS": "--require @CODE@/evil.cjs --max-old-space-size=1",
        "NODE_PATH": "@CODE@", "NODE_REPL_HISTORY": "@CODE@/x", "NODE_V8_COVERAGE": "@CODE@",
        "NODE_EXTRA_CA_CERTS": "@CODE@/x", "LD_PRELOAD": "@CODE@/evil.so",
    },
    files={
        "evil.cjs": "globalThis.loaded = true; process.exit(0);",
        "package.json": '{"type": "commonjs", "imports": {"#kit": "./evil.cjs"}, "main": "evil.cjs"}',
        "tsconfig.json": '{"compilerOptions": {"paths": {"*": ["./evil.cjs"]}}}',
        "node.config.json": '{"nodeOptions": {"import": "./evil.cjs"}}',
        ".npmrc": "script-shell=/bin/true\n",
        ".noderc": "--require ./evil.cjs\n",
        "node_modules/node:fs/index.js": "process.exit(0);",
        "kit/errors.ts": "process.exit(0);",
        "host.ts": "process.exit(0);",
        "hostValues.ts": "process.exit(0);",
        "host.mjs": "process.exit(0);",
        "strip.mjs": "process.exit(0);",
    },
)  # fmt: skip
tooling.java(
    "the grader's environment", "passed",
    "if (System.getProperty(\"poisoned\") != null) throw new Error();\n"
    "long sum = 0; for (long n : numbers) sum += n; return sum;",
    environment={
        "JAVA_TOOL_OPTIONS": "-Dpoisoned=1", "JDK_JAVA_OPTIONS": "-Dpoisoned=1",
        "_JAVA_OPTIONS": "-Dpoisoned=1 -Xmx1m", "JDK_JAVAC_OPTIONS": "-nowarn -d /tmp",
        "CLASSPATH": "@CODE@",
    },
    files={
        "META-INF/services/javax.annotation.processing.Processor": "Evil\n",
        "META-INF/services/com.sun.source.util.Plugin": "Evil\n",
        "module-info.class": "x",
        "Answers.class": "x",
        "Evil.java": "public class Evil { static { System.exit(0); } }\n",
        "Names.java": "class Names { static { System.exit(0); } }\n",
        "Values.java": "class Values { static { System.exit(0); } }\n",
    },
)  # fmt: skip
# A class in the host's own package, or of the host's own name, does not compile or is never asked.
tooling.java(
    "a class in the host's package", "failed", "return 0;", neighbour="failed",
    files={"Host.java": "package sfs;\npublic class Host { public static void main(String[] a) {} }\n"},
    limit="does not compile",
)  # fmt: skip
tooling.java(
    "a processor that runs while it compiles", "failed", "return 0;",
    files={"Proc.java": """
        import java.util.*; import javax.annotation.processing.*; import javax.lang.model.element.*;
        @SupportedAnnotationTypes("*") public class Proc extends AbstractProcessor {
            static { System.exit(0); }
            public boolean process(Set<? extends TypeElement> s, RoundEnvironment r) { return true; }
        }
    """},
)  # fmt: skip
