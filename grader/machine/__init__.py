"""What the grader asks of the machine: processes and folders that end when they should, and the sandbox."""
