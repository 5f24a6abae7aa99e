"""A grading as a file for somebody else."""
