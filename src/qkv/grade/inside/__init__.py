"""Hostile: runs inside the sandbox, in the process of the student's own code."""
