"""The house is as it is drawn, and its rooms use one another in one direction."""

import json
import re
import subprocess
import sys

import grimp
import house
import pytest

from qkv.paths import root


def test_contributing_draws_the_house_as_it_is():
    assert house.drawn() == house.drawing(), "run  .venv/bin/python tests/helpers/house.py"


def test_what_follows_from_other_arrows_is_not_drawn():
    pairs = {("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d")}
    assert house.direct(pairs) == {("a", "b"), ("b", "c"), ("c", "d")}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("data/manual.py", "from qkv import train"),
        ("live/base.py", "from qkv.chapters import encodings"),
        ("publish/run.py", "from qkv.data import manual"),
        ("publish/run.py", "from qkv.grade import course"),
        ("grade/codec.py", "from qkv.grade import course"),
        ("grade/inside/guest.py", "from qkv.grade.engine import judge"),
        ("errors.py", "from qkv import paths"),
    ],
)
def test_an_import_against_the_direction_is_found(tmp_path, module, line):
    """The contracts of .importlinter, tried on a copy of the package with one import too many."""
    (tmp_path / "copy").mkdir()
    for path in (root() / "src" / "qkv").rglob("*.py"):
        there = tmp_path / "qkv" / path.relative_to(root() / "src" / "qkv")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(path.read_bytes())
    assert _linted(tmp_path).returncode == 0
    broken = tmp_path / "qkv" / module
    broken.write_text(broken.read_text("utf-8") + f"\n{line}\n", "utf-8")
    found = _linted(tmp_path)
    assert found.returncode == 1, found.stdout
    assert "BROKEN" in found.stdout


def _linted(folder):
    script = "import sys; sys.path.insert(0, sys.argv.pop(1)); from importlinter.cli import "
    script += "lint_imports_command as main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, str(folder), str(root() / ".importlinter"), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )


def chapters() -> dict[str, str]:
    """Return the module of each chapter -> its number, and those figures' whose chapter it is."""
    found = {}
    for path in sorted((root() / "chapters").glob("*.ipynb")):
        number, _, name = path.stem.partition("_")
        found.setdefault(f"qkv.chapters.{name}", number)
        cells = json.loads(path.read_text("utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        for figure in re.findall(r"from qkv\.figures\.(\w+) import", text):
            found.setdefault(f"qkv.figures.{figure}", number)
    return found


def test_chapters_and_their_figures_use_only_what_came_before():
    graph, numbers = grimp.build_graph("qkv"), chapters()
    late = [
        f"{module} uses {other}"
        for module, number in numbers.items()
        for part in {module, *graph.find_descendants(module)} & graph.modules
        for other in graph.find_modules_directly_imported_by(part)
        if other.startswith("qkv.chapters.") and numbers[other] >= number
    ]
    assert late == []
