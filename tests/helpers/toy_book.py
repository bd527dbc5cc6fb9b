"""A book of a few cells, for what runs and exports notebooks."""

import json
from pathlib import Path

EXPORT = {"nbdev": {"export": "true"}}


def code(source, **metadata):
    """Return a code cell that has not run."""
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def prose(source):
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def write_notebook(path, *cells, **metadata):
    """Write a notebook that exports to the module of its own name, unless `metadata` says else."""
    if "nbdev" not in metadata:
        metadata["nbdev"] = {"default_exp": path.stem.partition("_")[2]}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_results(book: Path, name: str, number=1, fingerprint="of code") -> None:
    """Store what a study measured."""
    stored = {"fingerprint": fingerprint, "runs": [{"setting": {}, "result": {"x": number}}]}
    (book / f"studies/results/{name}.json").write_text(json.dumps(stored, indent=1))


def make_book(folder: Path) -> Path:
    """Write a book without notebooks: its table of contents and a package `qkv` of its own."""
    for name in ("chapters/quiz", "src/qkv/live/js", "src/qkv/quiz", "book", "studies/results"):
        (folder / name).mkdir(parents=True)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    modules = {
        "__init__": "",
        "outer": (
            "from qkv import inner\nfrom qkv.tools import first, last\n\n\n"
            'def pick(index):\n    """Pick."""\n    return first([inner.ITEMS[index]])\n\n\n'
            "def leave(items):\n    return last(items)\n"
        ),
        "tools": (
            "COUNT = []\nCOUNT.append(1)\n"
            "SPARE = []\nPLACES = [0]\nPLACES += [1]\nSPARE += [1]\n\n\n"
            "def place():\n    return 0 * PLACES[0]\n\n\n"
            "def first(items):\n    return items[place()]\n\n\n"
            "def last(items):\n    return items[-1]\n"
        ),
        "inner": "ITEMS = [10, 20]\nMORE = [30]\n",
        "bag": "ONE = 1\n",
        "unused": "NUMBER = 1\n",
        "quiz/__init__": "from qkv.quiz.asking import ask\n",
        "quiz/asking": "import click\n\n\ndef ask(chapter, question):\n    click.echo(question)\n",
        "study": "def results(name):\n    return open(name)\n",
        "board": (
            "from qkv import study\n\nA = lambda: study.results('a')\n"
            "B = lambda: study.results('b')\n\n\ndef show(one):\n    return one()\n"
        ),
        "live/__init__": "from .sweep import Sweep\n",
        "live/sweep": "class Sweep:\n    pass\n",
    }
    for name, text in modules.items():
        (folder / f"src/qkv/{name}.py").write_text(text)
    (folder / "src/qkv/live/js/sweep.js").write_text("export default {};\n")
    for name in ("01_first", "02_second"):
        (folder / f"chapters/quiz/{name}.txt").write_text("# First\n")
    for name in ("a", "b", "c"):
        write_results(folder, name)
    return folder
