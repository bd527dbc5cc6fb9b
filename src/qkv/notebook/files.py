"""Read a notebook; put a file in place in one step."""

import json
import os
import shutil
from pathlib import Path

from qkv.notebook.normalise import add_cell_ids


def load(path: Path) -> dict:
    """Return the notebook at `path` as nbformat 4.5, every text one string, every cell with an id.

    nbformat's own reader would make up random ids, and takes seconds to import.

    Raises `ValueError` when the file is no notebook.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        add_cell_ids(content["cells"])
        for cell in content["cells"]:
            cell["source"] = "".join(cell["source"])
            for output in cell.get("outputs", []):
                _join(output)
                _join(output.get("data", {}))
        return {**content, "nbformat": 4, "nbformat_minor": 5}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path.parent.name}/{path.name} is not a notebook that can be read "
            f"({type(error).__name__}: {error}); bring it back from git"
        ) from error


def _join(texts: dict) -> None:
    """Make one string of each text, which Jupyter writes as a list of lines."""
    for name, text in texts.items():
        if name == "text" or (isinstance(text, list) and "/" in name and "json" not in name):
            texts[name] = "".join(text)


def store(path: Path, text: str) -> bool:
    """Replace the file at `path` by `text` whole, or not at all; return whether it changed.

    The text is written beside the file and moved over it, so that a reader, a crash or a power cut
    finds the old file or the new one and nothing between. A link stays a link.
    """
    path = path.resolve()
    data = text.encode("utf-8")
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return True
