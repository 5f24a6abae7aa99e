"""What shows that a milestone's suites are worth their verdicts: `sfs verify` and `sfs mutate`."""
