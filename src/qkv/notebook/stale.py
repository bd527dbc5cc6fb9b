"""Say whether the outputs stored in a notebook are still what its code prints."""

import hashlib
import json
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

from qkv.notebook.reach import reach

FORMAT = "1"  # raised when the runner stores something else for the same code
TAGS = {"raises-exception", "skip-execution"}  # the tags that change what a run does


def is_fresh(notebook: dict, path: Path, book: Path) -> bool:
    """Return whether the notebook holds the outputs that the runner stored for this very code.

    Outputs that were edited, cleared or made by hand in JupyterLab are not fresh either.
    """
    stored = notebook["metadata"].get("qkv", {})
    return stored.get("outputs") == outputs_key(notebook) and stored.get("key") == key(
        notebook, path, book
    )


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
    there and in other modules), the question banks they ask from, the results of studies that they
    name, and the versions of the packages that all this imports. Prose does not count, nor do
    comments, docstrings and Python's own version.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    parts = [f"format {FORMAT}"]
    for cell in cells:
        tags = sorted(TAGS.intersection(cell["metadata"].get("tags", [])))
        parts.append(f"cell {' '.join(tags)}\n{cell['source'].strip()}")
    package = _package(book)
    texts = [cell["source"] for cell in cells]
    sources, code = _code_behind(texts, package)
    parts += code
    if sources & {package / "quiz.py", package / "quiz" / "__init__.py"}:
        for bank in sorted((book / "chapters" / "quiz").glob("*.txt")):
            if bank.stem == path.stem or any(bank.stem in text for text in texts):
                parts.append(f"bank {bank.name}\n{_digest_of(bank)}")
    if package / "study.py" in sources:
        for results in sorted((book / "studies" / "results").glob("[!.]*.json")):
            if any(results.stem in text for text in texts):
                parts.append(f"results {results.name}\n{_digest_of(results)}")
    return _digest("\n".join(parts))


def fingerprint(texts: list[str], book: Path) -> str:
    """Return the fingerprint of code: the texts, the `qkv` modules behind them, the versions."""
    return _digest("\n".join([*texts, *_code_behind(texts, _package(book))[1]]))


def _code_behind(texts: list[str], package: Path) -> tuple[set[Path], list[str]]:
    """Return the files of `qkv` that the texts reach, and lines that change when what they do may.

    The lines hold the digest of what is reached in each file and the version of each package.
    """
    sources, packages = reach(texts, package)
    lines = [
        f"file {file.relative_to(package).as_posix()}\n"
        + (_digest(code) if file.suffix == ".py" else _digest_of(file))
        for file, code in sorted(sources.items())
    ]
    return set(sources), lines + [f"package {name} {_version(name)}" for name in sorted(packages)]


def _package(book: Path) -> Path:
    """Return the folder of the `qkv` that the book's notebooks import: its own, if it has one."""
    own = book / "src" / "qkv"
    return own if (own / "__init__.py").is_file() else Path(__file__).resolve().parent.parent


@cache
def _distributions() -> dict[str, list[str]]:
    return packages_distributions()


def _version(name: str) -> str:
    """Return the versions of what provides the import `name`, without a build's own part (+cpu)."""
    found = sorted(set(_distributions().get(name, [])))
    return " ".join(version(one).partition("+")[0] for one in found) or "not installed"


def _digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
