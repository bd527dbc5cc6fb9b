"""Which notebooks nbval has proved, as they stand: a record in the repository.

To prove a notebook is to run it again and compare. Its outcome hangs on the cells, on what they
reach and on versions; a notebook for which all this is on record as proved need not be run again
because another one changed. The record is `tests/proofs.json`, a line a notebook, and is written by
the proof alone (`qkv.notebook.proving`).
"""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

from qkv.notebook import stale
from qkv.notebook.files import read_json, read_notebook, write

TOOLS = ("nbval", "ipykernel", "nbformat")  # what a proof runs in, and what compares
FORMAT = "1"  # raised when a proof comes to mean something else


def notebooks(book: Path) -> list[Path]:
    """Return the book's notebooks, in its order."""
    return sorted((book / "chapters").glob("*.ipynb"))


def proof_key(path: Path, book: Path) -> str:
    """Return the fingerprint of all that decides whether nbval passes the notebook at `path`.

    That is all that decides what it prints, what it has stored, which cells are compared, and the
    versions of Python and of the tools.
    """
    notebook = read_notebook(path)
    tags = [cell["metadata"].get("tags", []) for cell in code_cells(notebook)]
    return _digest(
        FORMAT,
        path.stem,
        stale.key(notebook, path, book),
        stale.outputs_key(notebook),
        [[tag for tag in sorted(of_cell) if tag.startswith("nbval")] for of_cell in tags],
        notebook["metadata"].get("kernelspec", {}).get("name"),
        f"Python {sys.version_info.major}.{sys.version_info.minor}",
        [f"{tool} {version(tool)}" for tool in TOOLS],
    )


def code_cells(notebook: dict) -> list[dict]:
    """Return the cells that a proof runs."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def proved(book: Path) -> dict[str, dict]:
    """Return the proofs on record that hold for the notebooks as they stand, by name.

    An entry that was edited by hand, or belongs to another notebook, is none.
    """
    record = _record(book)
    return {
        path.stem: record[path.stem]
        for path in notebooks(book)
        if path.stem in record and record[path.stem]["key"] == proof_key(path, book)
    }


def due(book: Path) -> tuple[list[str], str | None]:
    """Return the notebooks that have to be proved, and one that is proved again in its turn.

    That one is, of those on record, the one whose proof is the oldest.
    """
    known = proved(book)
    new = [path.stem for path in notebooks(book) if path.stem not in known]
    return new, min(known, key=lambda name: (known[name]["turn"], name), default=None)


def note(book: Path, keys: dict[str, str]) -> None:
    """Put on record that the notebooks of these names have just been proved, under these keys."""
    record = _record(book)
    turn = 1 + max((entry["turn"] for entry in record.values()), default=0)
    for name, key in keys.items():
        record[name] = {"key": key, "turn": turn, "check": _digest(name, key, turn)}
    there = [path.stem for path in notebooks(book) if path.stem in record]
    lines = [f' "{name}": {json.dumps(record[name])}' for name in there]
    write(_file(book), "{\n" + ",\n".join(lines) + "\n}\n")


def _record(book: Path) -> dict[str, dict]:
    """Return the whole entries of the record."""
    if not _file(book).is_file():
        return {}
    entries = read_json(_file(book))
    return {name: entry for name, entry in entries.items() if _is_whole(name, entry)}


def _is_whole(name: str, entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("turn"), int)
        and entry.get("check") == _digest(name, entry.get("key"), entry["turn"])
    )


def _file(book: Path) -> Path:
    return book / "tests" / "proofs.json"


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8")).hexdigest()
