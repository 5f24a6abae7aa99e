"""What writes files of a course: stubs, new milestones and systems, a class's copy."""
