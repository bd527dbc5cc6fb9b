"""Say whether the outputs stored in a notebook are still what its code prints."""

import ast
import hashlib
import io
import json
import sys
import tokenize
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

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

    That is its code cells, the source of the `qkv` modules that they import (and of the modules
    which these import), the question banks they ask from, the results of studies that they name,
    and the versions of the packages that cells and modules import. Prose does not count, nor does
    Python's own version.
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

    The lines hold the digest of each file and the version of each package.
    """
    sources, packages = _closure(texts, package)
    lines = [
        f"file {file.relative_to(package).as_posix()}\n{_digest_of(file)}"
        for file in sorted(sources)
    ]
    return sources, lines + [f"package {name} {_version(name)}" for name in sorted(packages)]


def _closure(texts: list[str], package: Path) -> tuple[set[Path], set[str]]:
    """Return the files of `qkv` that the cells reach by imports, and the other packages' names."""
    sources: set[Path] = set()
    packages: set[str] = set()
    waiting = [(text, "") for text in texts]
    while waiting:
        text, home = waiting.pop()
        for name in _imports(text, home):
            if name != "qkv" and not name.startswith("qkv."):
                packages.add(name.partition(".")[0])
                continue
            for file in _files(name, package):
                if file in sources:
                    continue
                sources.add(file)
                if file.suffix == ".py":
                    inside = ".".join(["qkv", *file.relative_to(package).parent.parts])
                    waiting.append((file.read_text(encoding="utf-8"), inside))
    return sources, packages - set(sys.stdlib_module_names)


def _imports(code: str, home: str) -> set[str]:
    """Return the dotted names that `code` imports; `home` is the package that it lies in.

    `from a import b` gives `a` and `a.b`, since `b` may be a module.
    """
    tree = _parsed(code)
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = home.split(".")[: len(home.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            names.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
    return names


def _files(name: str, package: Path) -> list[Path]:
    """Return the files that importing `name` brings in: its packages' own, its own, and assets."""
    files = []
    parts = name.split(".")[1:]
    for depth in range(len(parts) + 1):
        folder = package.joinpath(*parts[:depth])
        module = folder.with_suffix(".py")
        if (folder / "__init__.py").is_file():
            files.append(folder / "__init__.py")
            if depth:  # what lies beside a package's modules: its data
                files += [file for file in folder.rglob("*") if _is_asset(file)]
        elif depth and module.is_file():
            files.append(module)
    return files


def _is_asset(file: Path) -> bool:
    # Scripts and styles run in the browser: no stored output holds anything of them.
    apart = file.name.startswith(".") or file.suffix in {".tmp", ".pyc", ".py", ".js", ".css"}
    return file.is_file() and not apart


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code)
    except SyntaxError:  # a line such as %matplotlib or !ls, which IPython turns into calls
        from IPython.core.inputtransformer2 import TransformerManager
    try:
        return ast.parse(TransformerManager().transform_cell(code))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])  # the run will say what is wrong with it


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
    if file.suffix == ".py":
        return _digest(_without_comments(file.read_text(encoding="utf-8")))
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _without_comments(code: str) -> str:
    """Return Python code without comments; an exported module names its cells in them."""
    lines = code.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() or None
    return "\n".join(line for line in lines if line is not None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
