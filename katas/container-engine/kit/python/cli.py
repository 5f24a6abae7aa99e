"""The command line of the engine. Given: it turns words into a spec and leaves the work to you.

    cask run [--env K=V]... [--cwd DIR] [--umask OCTAL] [--rootfs DIR [--chroot-only]] [--] CMD
    ARG...

The spec is a plain dict in the words of the OCI runtime's config.json, so that real bundles fit
later:

    {"process": {"args": ["sh", "-c", "exit 3"], "env": ["A=1"], "cwd": "/"}}
    and, only if asked for:  process.umask: 18    root: {"path": "/srv/x", "chrootOnly": false}

Exit status: the program's own, 128+n if signal n ended it, 127 if it was not found, 126 if it
cannot be run, 125 if the engine failed. Outside a box: `python3 -m kit.cli run ...` in the folder
of your code.
"""

import sys
from typing import Any

ENGINE_FAILED = 125


class Misuse(Exception):
    """The command line makes no sense."""


def main(arguments: list[str]) -> int:
    """Run the engine with these words; its exit status."""
    try:
        command, *words = arguments or [""]
        if command != "run":
            raise Misuse(f"{command!r} is no command; there is: run")
        return _run(words)
    except Misuse as error:
        print(f"cask: {error}", file=sys.stderr)
    except NotImplementedError as error:
        print(f"cask: not built yet: {error}", file=sys.stderr)
    except Exception:
        import traceback  # takes as long to load as all the rest: only in need

        traceback.print_exc()
    return ENGINE_FAILED


def _run(words: list[str]) -> int:
    spec = parse(words)
    import runner  # yours

    from kit import steps

    return runner.run(spec, steps.wanted(spec))


def parse(words: list[str]) -> dict[str, Any]:
    """The spec that the words after `run` describe."""
    process = {"args": [], "env": [], "cwd": "/"}
    spec: dict[str, Any] = {"process": process}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if option == "--chroot-only":
            spec.setdefault("root", {"path": ""})["chrootOnly"] = True
            continue
        if option not in ("--env", "--cwd", "--umask", "--rootfs"):
            raise Misuse(f"unknown option {option}")
        if not rest:
            raise Misuse(f"{option} needs a value")
        _set(spec, option, rest.pop(0))
    process["args"] = rest
    if not rest:
        raise Misuse("nothing to run")
    if spec.get("root", {}).get("path") == "":
        raise Misuse("--chroot-only needs --rootfs")
    return spec


def _set(spec: dict[str, Any], option: str, value: str) -> None:
    process = spec["process"]
    if option == "--env":
        if "=" not in value:
            raise Misuse(f"--env {value}: K=V is wanted")
        process["env"].append(value)
    elif option == "--cwd":
        process["cwd"] = value
    elif option == "--umask":
        process["umask"] = int(value, 8)
    else:
        spec.setdefault("root", {"chrootOnly": False})["path"] = value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
