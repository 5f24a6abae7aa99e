"""What a submission or a working directory may hold besides files: links, pipes, devices, clashes."""

from tests.attacks.case import Table

folders = Table("folders and links")
leave = {"shape": "leave"}

# -- left in the working directory, for the test to read ---------------------------------------------

OUT = "is a link that leads out of the directory"
for name, target in {
    "a link to the hidden suite": "@HIDDEN@",
    "a link to the grader": "@REPOSITORY@/grader/grading/plugin.py",
    "a link to data without end": "/dev/zero",
    "a link to random data": "/dev/urandom",
    "a link to the grader's mounts": "/proc/self/mountinfo",
    "a link to the grader's environment": "/proc/self/environ",
    "a link to the grader's memory": "/proc/self/mem",
    "a link to the grader's descriptors": "/proc/self/fd/5",
    "a link to passwords": "/etc/shadow",
    "a link to the course": "@COURSE@/milestones.yaml",
    "a link to itself": "log",
    "a link up": "../../run/code/answers.py",
    "a link through the root": "/proc/self/root/etc/passwd",
}.items():
    folders.python(name, "failed", f"import os; os.symlink({target!r}, 'log')", limit=OUT, **leave)
folders.python(
    "a folder that is a link",
    "failed",
    """
    import os
    os.symlink("/etc", "below"); os.symlink("below/passwd", "log")
""",
    limit=OUT,
    **leave,
)
folders.python(
    "a link that leads nowhere",
    "failed",
    "import os; os.symlink('nothing', 'log')",
    limit="FileNotFoundError",
    **leave,
)
folders.python(
    "a link within",
    "passed",
    """
    import os
    with open("there", "w") as file:
        file.write(note)
    os.symlink("there", "log")
""",
    **leave,
)
folders.python(
    "a pipe", "failed", "import os; os.mkfifo('log')", limit="not a regular file", **leave
)
folders.python(
    "a pipe that is written for ever",
    "failed",
    """
    import os
    os.mkfifo("log")
    if os.fork() == 0:
        with open("log", "w") as file:
            while True:
                file.write("x" * 65536)
""",
    limit="not a regular file",
    **leave,
)
folders.python(
    "a socket",
    "failed",
    """
    import socket
    server = socket.socket(socket.AF_UNIX); server.bind("log")
""",
    limit="not a regular file",
    **leave,
)
folders.python("a folder", "failed", "import os; os.mkdir('log')", **leave)
folders.python("nothing", "failed", "return None", **leave)
folders.python(
    "a sparse file",
    "failed",
    """
    import os
    with open("log", "w") as file:
        os.truncate(file.fileno(), 100 << 20)
""",
    **leave,
)
folders.python(
    "a device",
    "failed",
    """
    import os, stat
    os.mknod("log", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
""",
    limit="PermissionError",
    **leave,
)
folders.python(
    "a file that nobody may read",
    "passed",
    """
    import os
    with open("log", "w") as file:
        file.write(note)
    os.chmod("log", 0)
""",
    **leave,
)
folders.python(
    "a hard link out",
    "failed",
    """
    import os
    for target in ("/code/answers.py", "/sfs/host.py", "/proc/self/environ"):
        try:
            os.link(target, "log")
        except OSError:
            continue
    open("log").read()
""",
    limit="FileNotFoundError",
    **leave,
)
folders.python(
    "a mount",
    "failed",
    """
    import ctypes
    assert ctypes.CDLL(None).mount(b"/", b"log", None, 4096, None) == 0
""",
    **leave,
)
folders.python(
    "a name that is no text",
    "passed",
    """
    import os
    with open("log", "w") as file:
        file.write(note)
    for name in (b"\\xff\\xfe", b"-rf", b"a\\nb", b"x" * 255, b" "):
        with open(name, "w") as file:
            file.write("x")
""",
    **leave,
)
folders.python(
    "folders without bottom",
    "passed",
    """
    import os
    with open("log", "w") as file:
        file.write(note)
    for depth in range(2000):
        os.mkdir("d"); os.chdir("d")
""",
    **leave,
)
folders.python(
    "a link swapped in all the time",
    "failed",
    """
    import os, threading
    def swap():
        while True:
            for made in (lambda: os.symlink("/proc/self/mountinfo", "new"), lambda: open("new", "w").close()):
                made(); os.rename("new", "log")
    open("log", "w").close()
    threading.Thread(target=swap, daemon=True).start()
""",
    **leave,
)

# -- where the test writes: on the grader's own descriptors, its results would be ours to make ---------

FORGED = """
import json, os
tests = [{"suite": suite, "name": f"test_copy[{name}]", "sentence": "", "outcome": "passed"}
         for suite in ("visible", "hidden") for name in ("folders_and_links_a_report_of_ours_at_@N@",)]
with open("log", "w") as file:
    file.write("".join(json.dumps({"test": test}) + "\\n" for test in tests) + '{"done": true}\\n')
os.symlink("/proc/self/fd/@N@", "copy")
"""
for number in range(3, 13):
    body = FORGED.replace("@N@", str(number))
    folders.python(f"a report of ours at {number}", "failed", body, shape="copy", limit=OUT)
folders.python("a log to be copied", "passed", "open('log', 'w').write(note)", shape="copy")

folders.typescript(
    "a link to the grader's mounts",
    "failed",
    """
    process.getBuiltinModule("node:fs").symlinkSync("/proc/self/mountinfo", "log");
""",
    limit=OUT,
    **leave,
)
folders.typescript(
    "the log as asked",
    "passed",
    """
    process.getBuiltinModule("node:fs").writeFileSync("log", note);
""",
    **leave,
)
