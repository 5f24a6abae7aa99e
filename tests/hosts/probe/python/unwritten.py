"""A module that says while it is imported that it is not written yet."""

raise NotImplementedError("02-records: everything")
