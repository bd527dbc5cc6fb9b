"""Where the book's folders are."""

from pathlib import Path


def root() -> Path:
    """Return the folder of the book: the nearest one above that holds `_toc.yml` and `chapters/`.

    The search starts at the working folder (so that a copy of the book uses its own files) and
    falls back to the checkout that this package was installed from.

    Raises `FileNotFoundError` when neither holds a book.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "_toc.yml").is_file() and (folder / "chapters").is_dir():
                return folder
    raise FileNotFoundError(
        f"no book found above {Path.cwd()}: change into a folder that holds _toc.yml and chapters/"
    )
