"""Honest code, right and wrong: it gets exactly its verdict, and the reason that helps."""

from tests.attacks.case import Table

honest = Table("honest code")

honest.python("right", "passed", "return sum(numbers)")
honest.python(
    "right, in a loop of its own",
    "passed",
    "total = 0\nfor n in numbers:\n    total += n\nreturn total",
)
honest.python(
    "right, with threads",
    "passed",
    """
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(lambda n: n, numbers))
""",
)
honest.python(
    "right, with a process",
    "passed",
    """
    import subprocess, sys
    text = "+".join(map(str, numbers))
    return int(subprocess.run([sys.executable, "-c", f"print({text})"], capture_output=True, check=True).stdout)
""",
)
honest.python(
    "right, with a pool of processes",
    "passed",
    """
    import multiprocessing
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return sum(pool.map(abs, numbers))
""",
)
honest.python("right, and it talks", "passed", "print('adding', numbers)\nreturn sum(numbers)")
honest.python(
    "right, with a temporary file",
    "passed",
    """
    import tempfile
    with tempfile.TemporaryFile("w+") as file:
        print(*numbers, file=file); file.seek(0)
        return sum(map(int, file.read().split()))
""",
)
honest.python(
    "right, with a loop of events",
    "passed",
    """
    import asyncio
    async def add():
        await asyncio.sleep(0)
        return sum(numbers)
    return asyncio.run(add())
""",
)
honest.python(
    "right, after an error of its own",
    "passed",
    """
    try:
        raise SystemExit(1)
    except BaseException:
        return sum(numbers)
""",
)
honest.python(
    "right, deep down",
    "passed",
    """
    def add(left):
        return left[0] + add(left[1:]) if left else 0
    return add(numbers * 1 + [0] * 500)
""",
)
honest.python("one too many", "failed", "return sum(numbers) + 1")
honest.python("forgotten return", "failed", "sum(numbers)")
honest.python("an exception", "failed", "return sum(numbers) / 0", limit="ZeroDivisionError")
honest.python("a name that is not there", "failed", "return summ(numbers)", limit="NameError")
honest.python(
    "a loop without end",
    "timeout",
    "while True: pass",
    hidden=None,
    limit="no answer before the time limit",
)
honest.python(
    "recursion without end",
    "failed",
    "def down(n): return down(n + 1)\nreturn down(0)",
    limit="RecursionError",
)
honest.python("not built", "todo", "raise NotImplementedError('01-sums: total')")
honest.python("waiting for input", "failed", "return int(input('sum? '))", limit="EOFError")
honest.python(
    "a deadlock",
    "timeout",
    "import threading; threading.Lock().acquire(); lock = threading.Lock(); lock.acquire(); lock.acquire()",
    hidden=None,
)
honest.python("items", "passed", "return [n * n for n in range(count)]", shape="items")
honest.python(
    "items without end",
    "failed",
    "n = 0\nwhile n < 10_000:\n    yield n * n\n    n += 1",
    shape="items",
)
honest.python(
    "does not compile",
    "failed",
    main="def total(case, numbers note):\n    return 0\n",
    neighbour="failed",
    limit="SyntaxError",
)
honest.python("an empty file", "failed", main="\n", neighbour="failed", limit="total")
honest.python("not text", "failed", main="\udcff\udcfe", neighbour="failed")
honest.python("a nul", "failed", main="x = 1\0\n", neighbour="failed")
honest.python(
    "an import that fails",
    "failed",
    "return sum(numbers)",
    top="import nowhere",
    neighbour="failed",
    limit="ModuleNotFoundError",
)
honest.python(
    "a server",
    "passed",
    """
    import socket
    server = socket.create_server((config["host"], config["port"]))
    ready(server.getsockname()[1])
    while True:
        with server.accept()[0] as connection, connection.makefile("rb") as lines:
            connection.sendall(lines.readline())
""".replace(
        "while True",
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *given: sys.exit(0))\n    while True",
    ),
    shape="serve",
)
honest.typescript("right", "passed", "return numbers.reduce((a: number, b: number) => a + b, 0);")
honest.typescript(
    "right, later",
    "passed",
    "await new Promise((keep) => setTimeout(keep, 5));\nreturn numbers.reduce((a: number, b: number) => a + b, 0);",
)
honest.typescript("one too many", "failed", "return numbers.length;")
honest.typescript("an exception", "failed", "return numbers.nothing.here;", limit="TypeError")
honest.typescript("a loop without end", "timeout", "for (;;) {}", hidden=None)
honest.typescript(
    "recursion without end",
    "failed",
    "const down = (n: number): number => 1 + down(n);\nreturn down(0);",
    limit="RangeError",
)
honest.typescript("not built", "todo", 'throw new Error("not implemented: 01-sums total");')
honest.typescript(
    "does not compile", "failed", main="export function total( {\n", neighbour="failed"
)
honest.java("right", "passed", "return numbers.stream().mapToLong(Long::longValue).sum();")
honest.java("one too many", "failed", "return numbers.size();")
honest.java("an exception", "failed", "return numbers.get(99);", limit="IndexOutOfBoundsException")
honest.java("a loop without end", "timeout", "while (true) { }", hidden=None)
honest.java(
    "recursion without end",
    "failed",
    'return total("honest_code_recursion_without_end", numbers, note);',
    limit="StackOverflowError",
)
honest.java(
    "does not compile",
    "failed",
    main="public class Answers { int x = ; }\n",
    neighbour="failed",
    limit="does not compile",
)
honest.python("too much for the test's own function", "failed", "sink(*numbers)", shape="tell")
honest.python("nothing for the test's own function", "failed", "sink()", shape="tell")
honest.python("no object where one is due", "failed", "return 5", shape="many")
honest.python(
    "an object where one is due",
    "passed",
    """
    class Adder:
        def add(self, number, note):
            return number
    return Adder()
""",
    shape="many",
)
honest.python(
    "too large to be given back twice", "failed", "return numbers or 'x' * (9 << 20)", shape="back"
)
honest.python("a line of spaces", "failed", "return ' ' * 65_000 + 'x'")
honest.python(
    "right, below many empty lines", "passed", "return sum(numbers)", top="#" + "\n" * 200_000 + "#"
)
