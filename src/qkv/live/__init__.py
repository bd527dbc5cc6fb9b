"""Live figures: one Python class and one ES module each, alive in Jupyter and on the page."""
