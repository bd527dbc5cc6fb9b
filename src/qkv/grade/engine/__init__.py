"""Trusted: starts sandboxes, runs submissions in them, judges what comes back."""
