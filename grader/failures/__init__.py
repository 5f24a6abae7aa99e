"""What was called and what came back, and how a learner is told of it."""
