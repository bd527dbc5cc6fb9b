"""Say whether the outputs stored in a notebook are still what its code prints."""

import hashlib
import json
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

from qkv.notebook.files import read_json, read_notebook
from qkv.notebook.reach import reach
from qkv.notebook.syntax import ALL

FORMAT = "2"  # raised when the runner stores something else for the same code
TAGS = {"raises-exception", "skip-execution"}  # the tags that change what a run does


def is_fresh(notebook: dict, path: Path, book: Path) -> bool:
    """Return whether the notebook holds the outputs that the runner stored for this very code.

    Outputs that were edited, cleared or made by hand in JupyterLab are not fresh either.
    """
    stored = notebook["metadata"].get("qkv", {})
    return stored.get("outputs") == outputs_key(notebook) and stored.get("key") == key(
        notebook, path, book
    )


def stale_chapters(book: Path) -> list[str]:
    """Return a sentence for each chapter whose outputs are not those of its code.

    Each says what is the matter and the command that mends it.
    """
    problems = []
    for path in sorted((book / "chapters").glob("*.ipynb")):
        notebook = read_notebook(path)
        if not is_fresh(notebook, path, book):
            stored = notebook["metadata"].get("qkv", {})
            if "key" not in stored:
                why = "was never run"
            elif stored.get("outputs") != outputs_key(notebook):
                why = "its outputs were changed by hand"
            else:
                why = "its code, or what it uses, changed since it ran"
            problems.append(f"chapter {path.stem}: {why}: run  qkv run {path.stem}")
    return problems


def outputs_key(notebook: dict) -> str:
    """Return the fingerprint of the stored outputs and their numbers."""
    outputs = [
        [cell["execution_count"], cell["outputs"]]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    return _digest(json.dumps(outputs, sort_keys=True))


def key(notebook: dict, path: Path, book: Path) -> str:
    """Return the fingerprint of all that decides what the notebook at `path` prints.

    That is its code cells, the definitions that they import from `qkv` (and those which these use,
    wherever they lie), the question banks and the results of studies that are asked for there, and
    the versions of the packages that all this imports. Prose does not count, nor do line ends, the
    comments and docstrings of modules, and Python's own version.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    parts = [f"format {FORMAT}"]
    texts = []
    for cell in cells:
        tags = sorted(TAGS.intersection(cell["metadata"].get("tags", [])))
        texts.append("\n".join(cell["source"].strip().splitlines()))
        parts.append(f"cell {' '.join(tags)}\n{texts[-1]}")
    return _digest("\n".join([*parts, *_behind(texts, book)]))


def fingerprint(texts: list[str], book: Path) -> str:
    """Return the fingerprint of code: of the texts, what they reach and ask for, the versions."""
    return _digest("\n".join(_behind(texts, book)))


def _behind(texts: list[str], book: Path) -> list[str]:
    """Return lines that change when what the texts do may: what they reach, read, and import."""
    package = _package(book)
    found = reach(texts, package)
    assets = [
        f"file {file.relative_to(package).as_posix()} {_digest_of(file)}"
        for file in sorted(found.assets)
    ]
    versions = [f"package {name} {_version(name)}" for name in sorted(found.packages)]
    return [*found.code, *assets, *_data(found.asked, book), *versions]


def _data(asked: set[tuple[str, str]], book: Path) -> list[str]:
    """Return a line for each question bank and each study's results that are asked for."""
    folders = {
        "bank": (book / "chapters" / "quiz", ".txt", _digest_of),
        "results": (book / "studies" / "results", ".json", _digest_of_runs),
    }
    wanted = set()
    for kind, name in asked:
        folder, ending, _ = folders[kind]
        every = [path.stem for path in folder.glob(f"[!.]*{ending}")]
        wanted |= {(kind, one) for one in (every if name == ALL else [name])}
    lines = []
    for kind, name in sorted(wanted):
        folder, ending, digest = folders[kind]
        file = folder / f"{name}{ending}"
        lines.append(f"{kind} {name} {digest(file) if file.is_file() else 'missing'}")
    return lines


def _package(book: Path) -> Path:
    """Return the folder of the `qkv` that the book's notebooks import: its own, if it has one."""
    own = book / "src" / "qkv"
    return own if (own / "__init__.py").is_file() else Path(__file__).resolve().parent.parent


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _version(name: str) -> str:
    """Return the versions of what provides the import `name`, without a build's own part (+cpu)."""
    found = sorted(set(_distributions().get(name, [])))
    return " ".join(version(one).partition("+")[0] for one in found) or "not installed"


def _digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _digest_of_runs(file: Path) -> str:
    """Return the digest of what a study measured; which code did it is not what a reader sees."""
    return _digest(json.dumps(read_json(file)["runs"], sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
