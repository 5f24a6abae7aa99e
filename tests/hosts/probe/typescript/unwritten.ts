/** A module that says while it is imported that it is not written yet. */
throw new Error("not implemented: 02-records everything");
