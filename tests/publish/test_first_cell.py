"""A chapter alone: the wheel holds what it reads, and its first cell installs the wheel."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from qkv import __version__
from qkv.paths import root
from qkv.publish.first_cell import (
    add_first_cells,
    colab_address,
    first_cell,
    requirement,
)

CONFIG = {"repository": {"url": "https://github.com/a/b", "branch": "main"}}
PARTS = ["src", "chapters/quiz", "studies/results"]
FILES = ["_toc.yml", "pyproject.toml", "setup.py", "README.md", "LICENSE"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this clone, built from a copy, so that nothing is left in it."""
    copy = tmp_path_factory.mktemp("clone")
    for name in PARTS:
        shutil.copytree(root() / name, copy / name, ignore=shutil.ignore_patterns("*.egg-info"))
    for name in FILES:
        shutil.copy(root() / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", out, copy], check=True, capture_output=True)
    (path,) = out.iterdir()
    return path


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has all that the book needs, except `qkv` itself."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "env", with_pip=False)
    here = Path(sysconfig.get_path("purelib"))
    (folder / "others").mkdir()
    for path in here.iterdir():
        if "qkv" not in path.name and path.suffix != ".pth":
            (folder / "others" / path.name).symlink_to(path)
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{folder / 'others'}\n")
    return folder / "env" / "bin" / "python"


def run_cells(python, folder, notebook):
    """Run a notebook's code cells in `folder` as IPython does; return the process."""
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    (folder / "cells.json").write_text(json.dumps(cells))
    program = (
        "import json; from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "for cell in json.load(open('cells.json')):\n"
        "    shell.run_cell(cell).raise_error()\n"
    )
    return run_program(python, folder, program)


def run_program(python, folder, program):
    """Run a program that finds no other `qkv`, and no index: only the wheel can be installed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    environment |= {"PIP_NO_INDEX": "1", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [python, "-c", program], cwd=folder, env=environment, capture_output=True, text=True
    )


def published(tmp_path, wanted, name="00_what_training_is"):
    """Return the notebook of a chapter as the site offers it, and its folder."""
    folder = tmp_path / "_sources" / "chapters"
    folder.mkdir(parents=True)
    shutil.copy(root() / "chapters" / f"{name}.ipynb", folder)
    config = {**CONFIG, "sphinx": {"config": {"qkv_install": wanted}}}
    assert add_first_cells(tmp_path, config, __version__) == 1
    path = folder / f"{name}.ipynb"
    nbformat.validate(nbformat.read(path, 4))
    return json.loads(path.read_text("utf-8"))


def test_the_wheel_holds_what_chapters_read_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    source = root() / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "qkv").rglob("*")
        if path.suffix in (".py", ".js", ".css")
    }
    wanted |= {f"qkv/chapters/quiz/{path.name}" for path in root().glob("chapters/quiz/*.txt")}
    wanted |= {f"qkv/studies/results/{path.name}" for path in root().glob("studies/results/*.json")}
    wanted.add("qkv/_toc.yml")
    assert held == wanted
    assert any(name.endswith("live/js/loader.js") for name in held)
    assert any(name.endswith("quiz/quiz.css") for name in held)


def test_a_downloaded_chapter_installs_the_package_where_it_is_missing_and_runs(
    wheel, python, tmp_path
):
    notebook = published(tmp_path, f"qkv[chapters] @ {wheel.as_uri()}")
    # Up to its first training, which takes its time; then what else it reads beside its code.
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    asks = next(i for i, cell in enumerate(cells) if "ask(" in "".join(cell["source"]))
    notebook["cells"] = cells[: asks + 1]
    more = 'from qkv import study\nprint(len(study.results("attention")), "runs")\nimport qkv\n'
    more += 'print(qkv.__file__)\nprint("the end")'
    notebook["cells"].append(nbformat.v4.new_code_cell(more))
    done = run_cells(python, tmp_path, notebook)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(
        f"The package qkv was missing: version {__version__} is installed now.\n"
    )
    assert re.search(r"\n[1-9]\d* runs\n", done.stdout)
    assert str(python.parents[1]) in done.stdout
    assert done.stdout.endswith("the end\n")
    # The second time it is there.
    notebook["cells"] = notebook["cells"][:1]
    again = run_cells(python, tmp_path, notebook)
    assert again.stdout == f"qkv {__version__} is here: nothing was installed.\n"
    # An author's verb does not work on the copy inside the package.
    checked = run_program(python, tmp_path, "from qkv.cli import main; main(['check'])")
    assert checked.returncode == 1
    assert checked.stderr.startswith("Error: no book found above")


def test_what_cannot_be_installed_is_told_in_one_sentence(tmp_path):
    cell = first_cell("qkv==0.0.0.nowhere", "1")
    source = cell["source"].replace('("qkv", "myst_nb")', '("qkv_is_nowhere",)')
    program = tmp_path / "cell.py"
    program.write_text(source)
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, program], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "The package qkv is missing, and qkv==0.0.0.nowhere could not be installed: "
    )
    assert done.stderr.count("\n") == 1


def test_the_package_comes_from_the_repository_of_the_launch_buttons_or_from_an_index():
    assert requirement(CONFIG, "1.2") == "qkv[chapters] @ git+https://github.com/a/b@v1.2"
    settings = {"sphinx": {"config": {"qkv_install": "qkv[chapters]=={version}"}}}
    assert requirement({**CONFIG, **settings}, "1.2") == "qkv[chapters]==1.2"


def test_the_cell_is_folded_and_added_once(tmp_path):
    notebook = published(tmp_path, "qkv")
    cell = notebook["cells"][0]
    assert cell["metadata"] == {"cellView": "form", "jupyter": {"source_hidden": True}}
    assert "".join(cell["source"]).startswith("#@title ")
    add_first_cells(tmp_path, CONFIG, "9")
    (path,) = (tmp_path / "_sources/chapters").iterdir()
    again = json.loads(path.read_text("utf-8"))["cells"]
    assert "@v9" in "".join(again[0]["source"])
    assert again[1:] == notebook["cells"][1:]


def test_no_stored_chapter_has_the_cell():
    for path in (root() / "chapters").glob("*.ipynb"):
        assert "qkv-install" not in path.read_text("utf-8"), path.name


def test_colab_opens_what_is_published():
    stored = "https://colab.research.google.com/github/a/b/blob/main/chapters/01_x.ipynb"
    assert colab_address(stored, "main", "gh-pages") == (
        "https://colab.research.google.com/github/a/b/blob/gh-pages/_sources/chapters/01_x.ipynb"
    )
