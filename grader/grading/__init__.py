"""From a submission to a verdict: the run, the trusted process in it, the record."""
