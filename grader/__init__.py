"""The grader of Systems from Scratch: it measures code that somebody else wrote, and says what it found."""

__version__ = "0.1.0"
