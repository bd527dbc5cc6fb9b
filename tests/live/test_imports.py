"""What a module of JavaScript imports from another one is exported there."""

import re
from pathlib import Path

import pytest

from qkv.paths import root

MODULES = sorted((root() / "src/qkv").rglob("*.js"))
IMPORT = re.compile(r'import\s*\{([^}]*)\}\s*from\s*"(\.[^"]+)"')
EXPORT = re.compile(r"export\s+(?:async\s+)?(?:const|let|function\*?|class)\s+(\w+)")


def missing(path: Path) -> list[str]:
    """Return the names that a module imports and nobody exports."""
    found = []
    for names, source in IMPORT.findall(path.read_text("utf-8")):
        text = (path.parent / source).read_text("utf-8")
        listed = ",".join(re.findall(r"export\s*\{([^}]*)\}", text))
        exported = {*EXPORT.findall(text), *re.findall(r"(\w+)\s*(?:,|$)", listed)}
        wanted = [name.split(" as ")[0].strip() for name in names.split(",")]
        found += [f"{name} of {source}" for name in wanted if name and name not in exported]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_what_is_imported_is_exported(path):
    assert missing(path) == []


def test_a_name_that_is_gone_is_found(tmp_path):
    (tmp_path / "grid.js").write_text("export const grid = 1;\n")
    user = tmp_path / "user.js"
    user.write_text('import { grid, placeOf } from "./grid.js";\n')
    assert missing(user) == ["placeOf of ./grid.js"]
