"""What a course is made of, and what a learner hands in: names, places, rules. Starts no process."""
