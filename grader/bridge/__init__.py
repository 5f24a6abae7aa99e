"""The road between a suite and the code under test: hosts, what crosses to them, programs, the disk."""
