"""The table of contents: what the book holds, and in which order."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from qkv.errors import QkvError
from qkv.notebook.files import read_text


def listed(book: Path) -> list[str]:
    """Return every file that `_toc.yml` names, as `chapters/01_encodings`, in the book's order.

    Raises `QkvError` when it is not YAML.
    """
    try:
        toc = yaml.safe_load(read_text(book / "_toc.yml"))
    except yaml.YAMLError as error:
        raise QkvError(
            f"_toc.yml cannot be read ({' '.join(str(error).split())}): mend it"
        ) from error
    return list(dict.fromkeys(_files(toc or {})))


def chapters(book: Path) -> list[str]:
    """Return the names of the chapters that the book lists, as `01_encodings`, in its order."""
    return [file.removeprefix("chapters/") for file in listed(book) if file.startswith("chapters/")]


def _files(entry: dict) -> Iterator[str]:
    yield from (entry[key] for key in ("root", "file") if key in entry)
    for key in ("parts", "chapters", "sections"):
        for inside in entry.get(key) or []:
            yield from _files(inside)
