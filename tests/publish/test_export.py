import json
import subprocess
import sys

import pytest
from toy_book import EXPORT, code, make_book, prose, write_notebook

from qkv.publish.export import export_chapters

CLASS = code('class SkipGram:\n    """Words → neighbours."""\n\n    size = 2', **EXPORT)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of two chapters whose modules are not written yet."""
    make_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    write_notebook(
        tmp_path / "chapters/01_encodings.ipynb",
        prose("# Encodings and embeddings\n\nWords become numbers."),
        code("from myst_nb import glue\nglue('x', 1)"),
        CLASS,
    )
    write_notebook(
        tmp_path / "chapters/02_recurrent.ipynb",
        prose("# Recurrent networks"),
        code("from qkv.chapters.encodings import SkipGram", **EXPORT),
        code("class Cell(SkipGram):\n    pass", **EXPORT),
    )
    return tmp_path


def modules(book):
    """Return the text of each exported module."""
    return {path.name: path.read_text() for path in (book / "src/qkv/chapters").glob("*.py")}


def test_later_chapters_import_what_earlier_ones_export(book):
    assert export_chapters() == 0
    script = "from qkv.chapters.recurrent import Cell; print(Cell.size, Cell.__base__.__doc__)"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": "src"}, capture_output=True, text=True
    )
    assert done.stdout == "2 Words → neighbours.\n", done.stderr


def test_only_marked_cells_are_exported(book):
    export_chapters()
    assert "glue" not in modules(book)["encodings.py"]


def test_a_module_names_its_notebook_and_says_not_to_edit_it(book):
    export_chapters()
    text = modules(book)["encodings.py"]
    assert text.startswith('"""Encodings and embeddings: what chapter 01 defines."""\n')
    assert "DO NOT EDIT! File to edit: ../../../chapters/01_encodings.ipynb" in text


def test_exporting_again_changes_nothing(book, capsys):
    export_chapters()
    first = modules(book)
    capsys.readouterr()
    export_chapters()
    assert modules(book) == first
    assert capsys.readouterr().out == "the chapters' modules are up to date\n"


def test_nothing_but_modules_is_written(book):
    before = {path for path in book.rglob("*") if path.is_file()}
    export_chapters()
    written = {path for path in book.rglob("*") if path.is_file()} - before
    assert {path.name for path in written} == {"__init__.py", "encodings.py", "recurrent.py"}


def test_the_check_is_content_with_what_was_exported_and_changes_nothing(book, capsys):
    assert export_chapters(check=True) == 3
    assert modules(book) == {}
    export_chapters()
    capsys.readouterr()
    assert export_chapters(check=True) == 0
    assert capsys.readouterr().out == "the chapters' modules are up to date\n"


def test_the_check_shows_the_line_of_an_edited_module_and_the_command(book, capsys):
    export_chapters()
    path = book / "src/qkv/chapters/encodings.py"
    path.write_text(path.read_text().replace("size = 2", "size = 3"))
    capsys.readouterr()
    assert export_chapters(check=True) == 1
    said = capsys.readouterr().out
    assert said.startswith("src/qkv/chapters/encodings.py is not what its notebook exports:\n")
    assert "    -    size = 3\n    +    size = 2\n" in said
    assert said.endswith("1 module is out of date: run `qkv export`, and commit what it writes\n")
    assert "size = 3" in path.read_text()


def test_the_check_finds_a_missing_module(book, capsys):
    export_chapters()
    (book / "src/qkv/chapters/recurrent.py").unlink()
    assert export_chapters(check=True) == 1
    assert "src/qkv/chapters/recurrent.py is missing" in capsys.readouterr().out


def test_a_module_whose_notebook_is_gone_is_found_and_removed(book, capsys):
    export_chapters()
    (book / "chapters/02_recurrent.ipynb").unlink()
    assert export_chapters(check=True) == 1
    assert "src/qkv/chapters/recurrent.py is left over" in capsys.readouterr().out
    export_chapters()
    assert set(modules(book)) == {"__init__.py", "encodings.py"}


def test_a_module_written_by_hand_is_not_removed(book):
    export_chapters()
    (book / "src/qkv/chapters/mine.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"mine\.py was not exported from a notebook"):
        export_chapters()
    assert "mine.py" in modules(book)


def test_two_notebooks_with_one_module_are_an_error(book):
    write_notebook(book / "chapters/03_encodings.ipynb", CLASS)
    with pytest.raises(ValueError, match=r"01_encodings\.ipynb and .*03_encodings\.ipynb both"):
        export_chapters()


@pytest.mark.parametrize("check", [False, True])
def test_a_chapter_without_a_module_name_is_an_error(book, check):
    write_notebook(book / "chapters/03_seq2seq.ipynb", CLASS, nbdev={})
    with pytest.raises(ValueError, match=r"03_seq2seq\.ipynb does not say which module"):
        export_chapters(check=check)


def test_a_module_with_another_name_than_its_chapter_is_an_error(book):
    write_notebook(book / "chapters/03_seq2seq.ipynb", CLASS, nbdev={"default_exp": "s2s"})
    with pytest.raises(ValueError, match="exports to 's2s', which is not its own name"):
        export_chapters()


def test_a_cell_that_exports_to_another_module_is_an_error(book):
    cell = code("x = 1", nbdev={"export": "encodings"})
    write_notebook(book / "chapters/03_seq2seq.ipynb", cell)
    with pytest.raises(ValueError, match="a chapter exports to its own module only"):
        export_chapters()


def test_an_exported_magic_is_an_error(book):
    write_notebook(book / "chapters/03_seq2seq.ipynb", code("%time x = 1", **EXPORT))
    with pytest.raises(ValueError, match="not plain Python: '%time x = 1'"):
        export_chapters()
    assert modules(book) == {}


def test_cells_without_ids_export_the_same_text_each_time(book):
    assert all("id" not in cell for cell in json.loads(notebook(book))["cells"])
    export_chapters()
    assert export_chapters(check=True) == 0


def notebook(book):
    """Return the text of the first chapter's file."""
    return (book / "chapters/01_encodings.ipynb").read_text()
