"""A private computer for a test, where namespaces are the subject."""
