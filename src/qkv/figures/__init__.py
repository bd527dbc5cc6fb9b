"""Live figures of one chapter each: a folder holds its Python, its script and its style."""
