"""Stands in for a host in these tests: runs job.py of its working directory.

Used in both ways in which hosts come to life: started as a program, and called by the nursery.
"""

import os
import sys
import time
import traceback


def main():
    code = 0
    try:
        while not os.path.exists("job.py"):  # until somebody watches what it uses
            time.sleep(0.001)
        with open("job.py", encoding="utf-8") as file:
            job = file.read()
        exec(compile(job, "job.py", "exec"), {"__name__": "job"})
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
