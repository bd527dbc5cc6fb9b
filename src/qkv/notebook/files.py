"""The one reader and the one writer of files."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from qkv.errors import QkvError
from qkv.notebook.normalise import add_cell_ids


def read_notebook(path: Path) -> dict:
    """Return the notebook at `path` as nbformat 4.5, every text one string, every cell with an id.

    nbformat's own reader would make up random ids, and takes seconds to import.

    Raises `QkvError` when the file is no notebook.
    """
    text = read_text(path)
    mark = re.search(r"^(<{7}|>{7}) .*$", text, re.M)
    if mark is not None:
        line = text.count("\n", 0, mark.start()) + 1
        raise QkvError(
            f"{named(path)} holds a merge that was not finished (line {line}: {mark[0][:30]!r}): "
            "choose one side, or bring it back from git"
        )
    try:
        content = json.loads(text)
        if content["nbformat"] != 4:
            raise QkvError(
                f"{named(path)} is in notebook format {content['nbformat']!r}, and format 4 is "
                "needed: open it in Jupyter and save it"
            )
        content["metadata"].get("kernelspec", {}).keys()
        add_cell_ids(content["cells"])
        for cell in content["cells"]:
            cell["source"] = "".join(cell["source"])
            cell["metadata"].keys()
            if cell["cell_type"] == "code":
                cell.setdefault("execution_count", None)
                cell.setdefault("outputs", [])
            for output in cell.get("outputs", []):
                _join(output)
                _join(output.get("data", {}))
        return {**content, "nbformat": 4, "nbformat_minor": 5}
    except QkvError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}" if text.strip() else "the file is empty"
        raise QkvError(
            f"{named(path)} is not a notebook that can be read ({what}): "
            "bring it back from git, or delete it"
        ) from error


def _join(texts: dict) -> None:
    """Make one string of each text, which Jupyter writes as a list of lines."""
    for name, text in texts.items():
        if name == "text" or (isinstance(text, list) and "/" in name and "json" not in name):
            texts[name] = "".join(text)


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8; any kind of line end becomes `\\n`.

    Raises `QkvError` when it is not UTF-8, or no file that can be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise QkvError(f"{named(path)} is not text in UTF-8 ({error}): save it as UTF-8") from error
    except OSError as error:
        raise QkvError(
            f"{named(path)} cannot be read ({error.strerror}): bring it back from git"
        ) from error


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; raise `QkvError` when it is not JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise QkvError(f"{named(path)} is not JSON ({error}): bring it back from git") from error


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds; raise `QkvError` when it is not YAML."""
    try:
        return yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        what = " ".join(str(error).split())
        raise QkvError(f"{path.name} is not YAML ({what}): mend it, or bring it back") from error


def write(path: Path, data: str | bytes) -> bool:
    """Replace the file at `path` by `data` whole, or not at all; return whether it changed.

    The data is written beside the file and moved over it, so that a reader, a crash or a power cut
    finds the old file or the new one and nothing between. A link at `path` is replaced, never
    followed: what it points to may be somebody else's.

    Raises `QkvError` when nothing can be stored there.
    """
    data = data.encode("utf-8") if isinstance(data, str) else data
    try:
        return _write(path, data)
    except OSError as error:
        raise QkvError(
            f"{path} could not be stored ({error.strerror or error}): free the place, "
            "or choose another"
        ) from error


def _write(path: Path, data: bytes) -> bool:
    if not path.is_symlink() and path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, path.stat().st_mode & 0o777 if path.is_file() else 0o644)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return True


def named(path: Path) -> str:
    """Return a file's name with its folder's, as messages give it."""
    return f"{path.parent.name}/{path.name}"
