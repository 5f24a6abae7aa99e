"""What can go wrong between `cask run` and the program's first instruction."""

import os


class StepFailed(Exception):
    """A step in the child failed, and so the program was never started.

    `step` is the name of the step ("cwd", "exec", or what a later milestone calls its own) and
    `errno` the kernel's reason. The text names both: "exec: No such file or directory".
    """

    def __init__(self, step: str, number: int) -> None:
        super().__init__(f"{step}: {os.strerror(number)}")
        self.step = step
        self.errno = number
