"""The table of contents: what the book holds, and in which order."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from qkv.errors import QkvError
from qkv.notebook.files import read_text


def listed(book: Path) -> list[str]:
    """Return every file that `_toc.yml` names, as `chapters/01_encodings`, in the book's order.

    Raises `QkvError` when it is not YAML.
    """
    return list(dict.fromkeys(_files(_table(book))))


def chapters(book: Path) -> list[str]:
    """Return the names of the chapters that the book lists, as `01_encodings`, in its order."""
    return _chapters(listed(book))


def number_of(name: str) -> int | None:
    """Return the number of the chapter `name`, as 1 of `01_encodings`; None if it has none."""
    found = re.match(r"([0-9]{2})_", name)
    return int(found[1]) if found else None


def parts(book: Path) -> list[tuple[str, list[str]]]:
    """Return each part of the book that has chapters: its caption, and their names in order."""
    found = [
        (part.get("caption", ""), _chapters(_files(part)))
        for part in _table(book).get("parts") or []
    ]
    return [(caption, names) for caption, names in found if names]


def _table(book: Path) -> dict:
    try:
        return yaml.safe_load(read_text(book / "_toc.yml")) or {}
    except yaml.YAMLError as error:
        raise QkvError(
            f"_toc.yml cannot be read ({' '.join(str(error).split())}): mend it"
        ) from error


def _chapters(files: Iterable[str]) -> list[str]:
    return [file.removeprefix("chapters/") for file in files if file.startswith("chapters/")]


def _files(entry: dict) -> Iterator[str]:
    yield from (entry[key] for key in ("root", "file") if key in entry)
    for key in ("parts", "chapters", "sections"):
        for inside in entry.get(key) or []:
            yield from _files(inside)
