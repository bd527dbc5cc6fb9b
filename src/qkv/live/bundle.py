"""The scripts and styles of live figures, made into what JupyterLab and the site can load.

A module that draws a figure is a file `NAME.js` with a default export. It lies in `live/js`, in
`quiz`, or in the folder of its figure, `figures/NAME`; nothing lists them. It is read when a figure
asks for it, so that a fault in one module breaks that figure alone.
"""

import json
import os
import re
from functools import cache
from pathlib import Path

from qkv.errors import QkvError

PACKAGE = Path(__file__).resolve().parent.parent
LOADER = PACKAGE / "live" / "js" / "loader.js"

IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.{1,2}/[\w./-]+\.js)";?[ \t]*$', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|let|class)\s+(\w+))", re.M)
DRAWS = re.compile(r"^export default\b", re.M)


def folders() -> list[Path]:
    """Return the folders that may hold scripts and styles of figures."""
    return [PACKAGE / "live" / "js", PACKAGE / "quiz", *sorted((PACKAGE / "figures").glob("*/"))]


@cache
def scripts() -> dict[str, Path]:
    """Return the figures' scripts, name -> file."""
    return {path.stem: path for folder in folders() for path in sorted(folder.glob("*.js"))}


def site_modules() -> list[str]:
    """Return the names of the modules that draw a figure: those with a default export."""
    return [name for name, path in scripts().items() if DRAWS.search(path.read_text("utf-8"))]


def bundle(module: str) -> str:
    """Return the source of a figure's module with the files that it imports written into it.

    Each imported file becomes a function that runs once and returns its exports, so two files may
    use the same name. Raises `QkvError` for an unknown module, and for an import of any other form
    than `import {name} from "./file.js"`: a figure asks no other file, and no other host, for
    anything.
    """
    if module not in scripts():
        known = ", ".join(sorted(site_modules()))
        raise QkvError(f"there is no live module {module!r}: choose one of {known}")
    *needed, path = files_of(scripts()[module])
    parts = [
        f"const {_variable(file)} = (() => {{\n{_body(file)}\nreturn {{{_exports(file)}}};\n}})();"
        for file in needed
    ]
    return "\n".join([*parts, _with_constants(path)])


def files_of(path: Path, above: tuple[Path, ...] = ()) -> list[Path]:
    """Return the file and all that it imports, each once, after what it needs itself."""
    if path in above:
        raise QkvError(f"{path.name} imports itself through {above[-1].name}")
    found: dict[Path, None] = {}
    for match in IMPORT.finditer(path.read_text("utf-8")):
        other = Path(os.path.normpath(path.parent / match[2]))
        if not other.is_file():
            raise QkvError(f"{path.name} imports {match[2]}, and there is no such file")
        found |= dict.fromkeys(files_of(other, (*above, path)))
    return [*found, path]


def _body(path: Path) -> str:
    return EXPORT.sub("", _with_constants(path))


def _exports(path: Path) -> str:
    return ", ".join(EXPORT.findall(path.read_text("utf-8")))


def _with_constants(path: Path) -> str:
    """Return the source of `path` with each import turned into a constant."""

    def constant(match):
        names = re.sub(r"\s+as\s+", ": ", match[1].strip().rstrip(","))
        return f"const {{{names}}} = {_variable(path.parent / match[2])};"

    source = IMPORT.sub(constant, path.read_text("utf-8"))
    foreign = re.search(r"^import\b.*|\bimport\(.*", source, re.M)
    if foreign:
        raise QkvError(
            f'{path.name} has `{foreign[0].strip()}`: write import {{name}} from "./file.js"'
        )
    return source


def _variable(path: Path) -> str:
    return "__" + path.stem.replace("-", "_")


def site_script() -> str:
    """Return the text of the site's one script: the loader and the source of every module."""
    sources = json.dumps({module: bundle(module) for module in sorted(site_modules())})
    loader = LOADER.read_text("utf-8")
    return loader.replace("/* SOURCES */ {}", sources.replace("</", "<\\/"))


def style_of(module: str) -> str:
    """Return the style of one figure, for Jupyter: what all share, and its own folders'."""
    homes = dict.fromkeys(path.parent for path in files_of(scripts()[module]))
    return _joined(
        path for home in (PACKAGE / "live", *homes) for path in sorted(home.glob("*.css"))
    )


def site_style() -> str:
    """Return the style of all live figures, for the site."""
    return _joined(
        path for home in (PACKAGE / "live", *folders()) for path in sorted(home.glob("*.css"))
    )


def _joined(paths) -> str:
    return "\n".join(path.read_text("utf-8") for path in paths)
