"""The commands of `sfs`, a few to a file; each is a list of steps over the modules below."""
