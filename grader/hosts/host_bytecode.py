"""Compiles the code under test once, for all hosts of a run; nothing of it is run here."""

import os


def write_bytecode(code, to):
    """Write the bytecode of all Python files of the folder `code` and its kit below the folder `to`.

    What does not compile is left out: its import will say why. The files say "unchecked", for source
    and bytecode are both read-only where they are used.
    """
    from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
    from marshal import dumps

    for folder in (code, code + "kit/"):
        names = os.listdir(folder) if os.path.isdir(folder) else ()
        for path in (folder + name for name in names if name.endswith(".py")):
            target = to + "/" + cache_from_source(path)[len(code) :]
            try:
                with open(path, "rb") as file:
                    source = file.read()
                program = compile(source, path, "exec", dont_inherit=True)
            except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(MAGIC_NUMBER + b"\1\0\0\0" + source_hash(source) + dumps(program))
