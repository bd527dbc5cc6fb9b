"""Where the book's folders are."""

import os
import tempfile
from pathlib import Path

from qkv.errors import QkvError


def root() -> Path:
    """Return the folder of the book: the nearest one above that holds `_toc.yml` and `chapters/`.

    The search starts at the working folder (so that a copy of the book uses its own files) and
    falls back to the checkout that this package was installed from.

    Raises `QkvError` when neither holds a book.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "_toc.yml").is_file() and (folder / "chapters").is_dir():
                return folder
    raise QkvError(
        f"no book found above {Path.cwd()}: change into a folder that holds _toc.yml and chapters/"
    )


def require_book() -> None:
    """Raise `QkvError` where `root` is only what an installed package holds of the book."""
    if root() == Path(__file__).resolve().parent:
        raise QkvError(
            f"no book found above {Path.cwd()}: change into a folder that holds _toc.yml and "
            "chapters/"
        )


def notebooks(book: Path) -> list[Path]:
    """Return the notebooks of `chapters/`, in the order of the book."""
    return sorted((book / "chapters").glob("*.ipynb"))


def require_writable(folder: Path) -> None:
    """Raise `QkvError` unless a file can be made in `folder`, or in the nearest one above it.

    It is asked before minutes of work whose result could not be stored. A file is really made:
    the rights alone do not tell of a disk that is mounted for reading, nor do they hold for root.
    """
    place = folder
    while not os.path.lexists(place):
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place, prefix=".qkv-"):
            pass
    except OSError as error:
        raise QkvError(
            f"nothing can be stored in {folder}: {_why(place, error)}; "
            "choose a place of your own, or copy the book to one"
        ) from error


def _why(place: Path, error: OSError) -> str:
    if place.is_dir():
        return error.strerror or str(error)
    return f"{place} is not a folder"
