import json
from types import SimpleNamespace

import pytest
from toy_book import code, make_book, prose, write_notebook

from qkv.errors import QkvError
from qkv.notebook import files, stale
from qkv.publish.run import run_notebooks


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A function that says whether a notebook, stored as fresh, still is; and its book."""
    book = make_book(tmp_path)
    monkeypatch.chdir(book)
    path = write_notebook(
        book / "chapters/01_first.ipynb",
        prose("# First"),
        code("%matplotlib inline\nimport numpy as np, yaml"),
        code("if True:\n    from qkv.outer import pick\n    !echo"),
        code("from qkv.live import Sweep\nfrom qkv.quiz import ask"),
        code("from qkv import bag"),
        code("vars(bag)"),
        code("1 + 1"),
    )
    notebook = files.read_notebook(path)
    mark = {"key": stale.key(notebook, path, book), "outputs": stale.outputs_key(notebook)}
    notebook["metadata"]["qkv"] = mark
    path.write_text(json.dumps(notebook))

    def is_fresh():
        return stale.is_fresh(files.read_notebook(path), path, book)

    assert is_fresh()
    return SimpleNamespace(book=book, path=path, is_fresh=is_fresh)


def edit(path, old, new):
    """Replace the one `old` in a file."""
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("chapters/01_first.ipynb", "1 + 1", "1 + 2"),
        ("src/qkv/outer.py", "def pick", "def  pick"),
        ("src/qkv/inner.py", "10", "11"),
        ("src/qkv/bag.py", "1", "2"),  # the module stands alone: anything may be asked of it
        ("src/qkv/tools.py", "items[place()]", "items[place() + 1]"),  # imported by what is used
        ("src/qkv/tools.py", "return 0", "return 1"),  # used by what is imported
        ("src/qkv/tools.py", "append(1)", "append(2)"),  # done by the import itself
        ("src/qkv/tools.py", "PLACES += [1]", "PLACES += [2]"),
        ("src/qkv/live/__init__.py", ".sweep", ".unused"),
        ("src/qkv/live/sweep.py", "pass", "size = 1"),
        ("chapters/quiz/01_first.txt", "First", "Second"),
    ],
)
def test_a_notebook_is_stale_once_what_it_runs_has_changed(stored, file, old, new):
    edit(stored.book / file, old, new)
    assert not stored.is_fresh()


@pytest.mark.parametrize("package", ["numpy", "PyYAML", "click"])
def test_a_notebook_is_stale_once_an_imported_package_has_another_version(
    stored, monkeypatch, package
):
    version = stale.version
    monkeypatch.setattr(stale, "version", lambda name: "99" if name == package else version(name))
    assert not stored.is_fresh()


def test_the_version_of_a_package_that_is_not_imported_does_not_matter(stored, monkeypatch):
    version = stale.version
    monkeypatch.setattr(stale, "version", lambda name: "99" if name == "torch" else version(name))
    assert stored.is_fresh()


def test_the_kind_of_build_of_a_package_does_not_matter(stored, monkeypatch):
    version = stale.version
    monkeypatch.setattr(stale, "version", lambda name: version(name) + "+cpu")
    assert stored.is_fresh()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("chapters/01_first.ipynb", "# First", "# The first, in other words"),
        ("src/qkv/unused.py", "1", "2"),
        ("src/qkv/inner.py", "30", "31"),  # only inner.ITEMS is asked for
        ("src/qkv/outer.py", "def pick", "# how to choose\ndef pick"),
        ("src/qkv/outer.py", '"""Pick."""', '"""Pick the item.\n\n    index: its place."""'),
        ("src/qkv/outer.py", "return last(items)", "return last(items)[0]"),  # not imported
        ("src/qkv/outer.py", "import first, last", "import first, last as final"),
        ("src/qkv/tools.py", "items[-1]", "items[-2]"),  # only what is not imported uses it
        ("src/qkv/tools.py", "SPARE += [1]", "SPARE += [2]"),
        ("src/qkv/tools.py", "SPARE = []\nPLACES = [0]\n", "PLACES = [0]\nSPARE = []\n"),
        ("src/qkv/live/js/sweep.js", "{}", "{render}"),
    ],
)
def test_prose_scripts_and_definitions_that_are_not_imported_make_nothing_stale(
    stored, file, old, new
):
    edit(stored.book / file, old, new)
    assert stored.is_fresh()


def change_last_cell(stored, **changes):
    """Set fields of a notebook's last cell."""
    notebook = files.read_notebook(stored.path)
    notebook["cells"][-1].update(changes)
    stored.path.write_text(json.dumps(notebook))


def test_only_tags_that_change_the_run_make_a_notebook_stale(stored):
    change_last_cell(stored, metadata={"tags": ["claim", "hide-input"]})
    assert stored.is_fresh()
    change_last_cell(stored, metadata={"tags": ["raises-exception"]})
    assert not stored.is_fresh()


def test_outputs_changed_by_hand_make_a_notebook_stale(stored):
    output = {"output_type": "stream", "name": "stdout", "text": "2\n"}
    change_last_cell(stored, outputs=[output])
    assert not stored.is_fresh()


def test_an_unknown_chapter_is_named_with_those_that_exist(stored):
    with pytest.raises(ValueError, match="no chapter '07': chapters/ holds 01_first"):
        run_notebooks(["07"])


def test_a_file_that_is_no_notebook_is_named(stored):
    stored.path.write_text("<<<<<<< HEAD")
    with pytest.raises(ValueError, match=r"chapters/01_first\.ipynb holds a merge"):
        run_notebooks([])


def test_a_crash_while_storing_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_text("old")

    def crash(*_):
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "replace", crash)
    with pytest.raises(QkvError, match=r"a\.ipynb could not be stored \(no space left"):
        files.write(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]
    assert path.read_text() == "old"
