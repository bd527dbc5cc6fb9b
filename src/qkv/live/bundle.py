"""The scripts and styles of live figures, made into what JupyterLab and the site can load.

A module that draws a figure is a file `NAME.js` with a default export. It lies in `live/js`, in
`quiz`, or in the folder of its figure, `figures/NAME`; nothing lists them. It is read when a figure
asks for it, so that a fault in one module breaks that figure alone.

JupyterLab gets a module with all that it imports in one text (`bundle`). The site has one script
for each file (`site_scripts`), which a page asks for when one of its figures needs it: classic
scripts, for a page opened from a file may not import modules by their address.
"""

import hashlib
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
    """Return the figures' scripts, name -> file; raise `QkvError` when two have one name."""
    found: dict[str, Path] = {}
    for path in (path for folder in folders() for path in sorted(folder.glob("*.js"))):
        if path.stem in found:
            both = " and ".join(str(file.relative_to(PACKAGE)) for file in (found[path.stem], path))
            raise QkvError(f"two scripts are called {path.name}: {both}; rename one")
        found[path.stem] = path
    return found


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
    for other in imports_of(path):
        found |= dict.fromkeys(files_of(other, (*above, path)))
    return [*found, path]


def imports_of(path: Path) -> list[Path]:
    """Return the files that a file names in its imports, each once."""
    found: dict[Path, None] = {}
    for match in IMPORT.finditer(path.read_text("utf-8")):
        other = Path(os.path.normpath(path.parent / match[2]))
        if not other.is_file():
            raise QkvError(f"{path.name} imports {match[2]}, and there is no such file")
        found[other] = None
    return list(found)


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


def site_scripts() -> dict[str, str]:
    """Return the scripts of the site, file -> text: the loader, and `qkv/NAME.js` for each module.

    A module that cannot be made is a script that says why when its figure starts.
    """
    needs: dict[str, list[str]] = {}
    files: dict[str, str] = {}
    for module in site_modules():
        try:
            paths = files_of(scripts()[module])
            made = {path: _script(path) for path in paths}
        except QkvError as error:
            needs[module] = []
            files[f"qkv/{module}.js"] = _defined(
                module, "", f"throw Error({json.dumps(str(error))});"
            )
            continue
        for path, text in made.items():
            needs[path.stem] = [other.stem for other in imports_of(path)]
            files[f"qkv/{path.stem}.js"] = text
    digest = hashlib.sha256("".join(files[name] for name in sorted(files)).encode()).hexdigest()
    loader = LOADER.read_text("utf-8")
    loader = loader.replace("/* NEEDS */ {}", json.dumps(needs, sort_keys=True))
    return {"qkv-live.js": loader.replace("/* VERSION */", digest[:8]), **files}


def _script(path: Path) -> str:
    """Return a file as a classic script: what it exports is made when it is first asked for."""
    body = DRAWS.sub("const __drawn =", _body(path))
    exports = [*EXPORT.findall(path.read_text("utf-8"))]
    if DRAWS.search(path.read_text("utf-8")):
        exports.append("default: __drawn")
    given = ", ".join(_variable(other) for other in imports_of(path))
    return _defined(path.stem, given, f"{body}\nreturn {{{', '.join(exports)}}};")


def _defined(name: str, given: str, body: str) -> str:
    return f'qkv.define({json.dumps(name)}, ({given}) => {{\n"use strict";\n{body}\n}});\n'


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
