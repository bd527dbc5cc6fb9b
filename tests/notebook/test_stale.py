import importlib
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from toy_book import code, make_book, prose, write_notebook, write_results

from qkv.cli import main
from qkv.errors import QkvError
from qkv.notebook import files, reach, stale
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
        code("from qkv.live import Sweep\nfrom qkv.quiz import ask\nask('01_first', 'one')"),
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
        ("src/qkv/outer.py", "def pick(index)", "def pick(index, more=1)"),
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
        ("src/qkv/outer.py", "def pick(index):", "def pick(\n    index: int,\n) -> list:"),
        ("src/qkv/outer.py", "from qkv import inner", '"""Choose."""\nfrom qkv import inner'),
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


@pytest.fixture
def key_of(tmp_path):
    """A function that returns the key of a notebook of these cells in a book; and the book."""
    book = make_book(tmp_path)

    def key_of(*sources):
        notebook = {"cells": [code(source) for source in sources]}
        return stale.key(notebook, book / "chapters/01_first.ipynb", book)

    return SimpleNamespace(book=book, key_of=key_of)


READING = [  # what the code says, and the studies it asks for
    ("from qkv import study\nstudy.results('a')", "a"),
    ("from qkv import study as s\n[r for r in s.results('a')]", "a"),
    ("from qkv.study import results\nresults('a'), results(name='b')", "ab"),
    ("from qkv.study import results as runs\nruns('a')", "a"),
    ("import qkv.study\nqkv.study.results('a')", "a"),
    ("from qkv.study import *\nresults('a')", "a"),
    ("def look():\n    from qkv.study import results\n    return results('a')", "a"),
    ("from qkv import study\nNAME = 'a'\nstudy.results(NAME)", "a"),
    ("from qkv.board import A, show\nshow(A)", "a"),
    ("from qkv import board\nboard.show(board.B)", "b"),
    ("from qkv import study\n# study.results('a') or a 'b'\n'a b c'", ""),
    ("from qkv import study\nstudy.results.__name__", "abc"),
    ("from qkv import study\nfor name in 'ab':\n    study.results(name)", "abc"),
    ("from qkv import study\nNAME = 'a'\nNAME += ''\nstudy.results(NAME)", "abc"),
    ("from qkv import study\nNAME = 'a'\ndef f(NAME):\n    study.results(NAME)", "abc"),
    ("from qkv import study\nread = study.results\nread('a')", "abc"),
    ("from qkv import study\nvars(study)", "abc"),
    ("a = results = dict\nresults('a')", ""),
]


@pytest.mark.parametrize(("source", "asked"), READING)
def test_results_count_where_the_code_asks_for_them(key_of, source, asked):
    before = key_of.key_of(source)
    for name in "abc":
        write_results(key_of.book, name, 2)
        assert (key_of.key_of(source) != before) == (name in asked)
        write_results(key_of.book, name)
        assert key_of.key_of(source) == before


@pytest.mark.parametrize(("source", "asked"), READING)
def test_results_count_for_a_study_that_asks_for_them_too(key_of, source, asked):
    before = stale.fingerprint([source], key_of.book)
    write_results(key_of.book, "a", 2)
    assert (stale.fingerprint([source], key_of.book) != before) == ("a" in asked)


def test_results_that_are_not_there_yet_count_once_they_are(key_of):
    source = "from qkv import study\nstudy.results('d')"
    before = key_of.key_of(source)
    write_results(key_of.book, "d")
    assert key_of.key_of(source) != before


def test_the_fingerprint_under_which_a_study_was_run_is_no_result(key_of):
    source = "from qkv import study\nstudy.results('a')"
    before = key_of.key_of(source)
    write_results(key_of.book, "a", fingerprint="of other code")
    assert key_of.key_of(source) == before


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        ("from qkv.quiz import ask\nask('02_second', 'one')", True),
        ("from qkv.quiz import ask\nask(*('02_second', 'one'))", True),
        ("from qkv.quiz import ask\nask('01_first', '02_second')", False),
        ("'02_second'", False),
    ],
)
def test_a_bank_counts_where_the_code_asks_from_it(key_of, source, counts):
    before = key_of.key_of(source)
    (key_of.book / "chapters/quiz/02_second.txt").write_text("# Second\n")
    assert (key_of.key_of(source) != before) == counts


def test_line_ends_alone_change_nothing(key_of):
    source = (
        "from qkv.outer import pick\nfrom qkv import board\nfrom qkv.live import Sweep\n"
        "from qkv.quiz import ask\nask('01_first', 'one')\nboard.show(board.A)"
    )
    data = key_of.book / "src/qkv/live/words.csv"
    data.write_bytes(b"one\ntwo\n")
    before = key_of.key_of(source)
    for file in key_of.book.rglob("*.*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert data.read_bytes() == b"one\r\ntwo\r\n"
    assert key_of.key_of(source.replace("\n", "\r\n")) == before
    assert stale.fingerprint([source.replace("\n", "\r\n")], key_of.book) == stale.fingerprint(
        [source], key_of.book
    )
    data.write_bytes(b"one\r\nthree\r\n")
    assert key_of.key_of(source) != before


def prints(book, source="from qkv.outer import pick\npick(0)"):
    """Return the fingerprint of a script of the toy book."""
    return stale.fingerprint([source], book)


def test_a_definition_may_move_to_another_module(key_of):
    before = prints(key_of.book)
    package = key_of.book / "src/qkv"
    (package / "choosing").mkdir()
    (package / "choosing/__init__.py").write_text("")
    (package / "outer.py").rename(package / "choosing/outer.py")
    (package / "items.py").write_text((package / "inner.py").read_text())
    edit(package / "choosing/outer.py", "from qkv import inner", "from qkv import items as inner")
    moved = "from qkv.choosing.outer import pick\npick(0)"
    assert prints(key_of.book, moved) == before
    (package / "outer.py").write_text("from qkv.choosing.outer import pick\n")
    assert prints(key_of.book) == before


def test_two_names_that_are_exchanged_are_seen(key_of):
    package = key_of.book / "src/qkv"
    (package / "left.py").write_text("ITEMS = [1]\n")
    (package / "right.py").write_text("ITEMS = [2]\n")
    source = "from qkv import left, right\nprint(left.ITEMS, right.ITEMS)"
    named = "from qkv.left import ITEMS as a\nfrom qkv.right import ITEMS as b\nprint(a, b)"
    before = prints(key_of.book, source), prints(key_of.book, named)
    assert (
        prints(
            key_of.book,
            named.replace("as a", "as c").replace("as b", "as a").replace("as c", "as b"),
        )
        != before[1]
    )
    (package / "left.py").write_text("ITEMS = [2]\n")
    (package / "right.py").write_text("ITEMS = [1]\n")
    assert prints(key_of.book, source) != before[0]
    assert prints(key_of.book, named) != before[1]


def test_where_each_of_many_equal_names_leads_is_seen(key_of):
    package = key_of.book / "src/qkv"
    (package / "left.py").write_text("ITEMS = [1]\n")
    (package / "right.py").write_text("ITEMS = [2]\n")

    def written(*sides):
        for name, side in zip("fgh", sides, strict=True):
            text = f"from qkv.{side} import ITEMS\n\n\ndef {name}():\n    return ITEMS\n"
            (package / f"of_{name}.py").write_text(text)
        source = "".join(f"from qkv.of_{name} import {name}\n" for name in "fgh")
        return prints(key_of.book, f"{source}f(), g(), h()")

    assert written("left", "right", "right") != written("left", "left", "right")


def test_a_function_may_import_from_where_a_definition_has_moved(key_of):
    package = key_of.book / "src/qkv"
    text = "def late():\n    from qkv.inner import ITEMS\n    return ITEMS\n"
    (package / "late.py").write_text(text)
    source = "from qkv.late import late\nlate()"
    before = prints(key_of.book, source)
    (package / "inner.py").rename(package / "items.py")
    (package / "late.py").write_text(text.replace("qkv.inner", ".items"))
    assert prints(key_of.book, source) == before
    edit(package / "items.py", "10", "11")
    assert prints(key_of.book, source) != before


def test_the_same_names_of_another_package_are_seen(key_of):
    source = "from numpy import {} as f\nf(1)"
    assert prints(key_of.book, source.format("sin")) != prints(key_of.book, source.format("cos"))


def test_two_definitions_that_use_each_other_are_told_apart_from_others(key_of):
    package = key_of.book / "src/qkv"
    text = (
        "def even(n):\n    return n == 0 or odd(n - 1)\n\n\ndef odd(n):\n    return even(n - 1)\n"
    )
    (package / "parity.py").write_text(text)
    source = "from qkv.parity import even\neven(4)"
    before = prints(key_of.book, source)
    (package / "parity.py").write_text(text.replace("return even", "return n > 0 and even"))
    assert prints(key_of.book, source) != before


def test_modules_that_import_each_other_come_to_an_end(key_of):
    package = key_of.book / "src/qkv"
    (package / "left.py").write_text("from qkv.right import x, y\nz = 1\n")
    (package / "right.py").write_text("from qkv.left import x, z\ny = z\n")
    source = "from qkv.left import x, y\nprint(x, y)"
    before = prints(key_of.book, source)
    edit(package / "left.py", "z = 1", "z = 2")
    assert prints(key_of.book, source) != before


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


def fresh():
    """Return what the command `qkv fresh` says, and its exit code."""
    result = CliRunner().invoke(main, ["fresh"])
    return result.output, result.exit_code


def test_the_command_passes_a_book_in_which_all_is_fresh(stored):
    for results in stored.book.glob("studies/results/*.json"):
        results.unlink()
    assert fresh() == ("every chapter and study is fresh\n", 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source": "2 + 2"}, "chapter 01_first: its code, or what it uses, changed since it ran"),
        ({"execution_count": 7}, "chapter 01_first: its outputs were changed by hand"),
    ],
)
def test_the_command_names_a_stale_chapter_and_the_command_that_mends_it(stored, change, says):
    change_last_cell(stored, **change)
    said, code = fresh()
    assert f"{says}: run  qkv run 01_first\n" in said
    assert code == 1


def test_the_command_names_a_chapter_that_was_never_run(stored):
    write_notebook(stored.book / "chapters/02_second.ipynb", code("1"))
    assert "chapter 02_second: was never run: run  qkv run 02_second" in fresh()[0]


def test_the_command_names_a_stale_study(stored):
    (stored.book / "studies/a.py").write_text("")
    said, code = fresh()
    assert "study a: its code or versions changed: run  qkv study a" in said
    assert "studies/results/b.json belongs to no study" in said
    assert code == 1


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


@pytest.mark.parametrize(("module", "name"), reach.READERS)
def test_what_counts_as_reading_data_is_a_function_of_the_package(module, name):
    """A function that moves would silently read nothing: a changed bank would leave all fresh."""
    assert callable(vars(importlib.import_module(f"qkv.{module}"))[name])
    assert vars(importlib.import_module(f"qkv.{module}"))[name].__module__ == f"qkv.{module}"
