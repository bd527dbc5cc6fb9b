"""Exercises: made from solutions, checked, graded."""
