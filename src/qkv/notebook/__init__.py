"""Notebooks as files: read, written, normalised; what their outputs depend on."""
