"""A book of one chapter whose bank has a question of every kind."""

import json
import shutil
from pathlib import Path

from qkv.quiz import load_bank

SAMPLE = Path(__file__).with_name("sample_bank.txt")


def write_book(folder):
    """Write the book into `folder`; its chapter asks every question of the sample bank."""
    write_toc(folder, "01_weather")
    (folder / "chapters" / "quiz").mkdir(parents=True)
    shutil.copy(SAMPLE, folder / "chapters" / "quiz" / "01_weather.txt")
    write_notebook(folder, [f'ask("01_weather", "{key}")' for key in load_bank(SAMPLE)])


def write_toc(folder, *names):
    """Let the book list these chapters in this order."""
    files = "".join(f"  - file: chapters/{name}\n" for name in names)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: book/index\nchapters:\n{files}")


def write_notebook(folder, sources):
    """Write the chapter with these code cells."""
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "chapters" / "01_weather.ipynb").write_text(json.dumps(notebook))
