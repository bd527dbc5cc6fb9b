"""A new chapter runs, exports and passes nearly all checks; or nothing of it is written."""

import shutil

import nbformat
import pytest
import yaml
from click.testing import CliRunner
from tiny_book import REPOSITORY, write_book

from qkv.cli import main
from qkv.errors import QkvError
from qkv.grade.sets.prove import prove
from qkv.publish import new
from qkv.publish.check import check_book
from qkv.publish.new import new_chapter, with_entry
from qkv.publish.run import run_notebooks
from qkv.quiz import check_banks

TOC = """# What the book holds.
format: jb-book
root: book/index
parts:
  - caption: One
    numbered: 2
    chapters:
      - file: chapters/02_recurrent # the network
        sections:
          - file: book/more
      - file: chapters/04_attention
  - caption: Reference
    chapters:
      - file: book/notation
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    book = write_book(tmp_path)
    shutil.copytree(
        REPOSITORY / "src/qkv",
        book / "src/qkv",
        ignore=shutil.ignore_patterns("__pycache__", "chapters"),
    )
    (book / "chapters/01_sample.ipynb").unlink()
    (book / "_toc.yml").write_text(TOC)
    monkeypatch.chdir(book)
    return book


def files(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_new_chapter_runs_and_lacks_only_what_its_author_must_write(book):
    paths = new_chapter("05", "self_attention")
    assert [str(path) for path in paths] == [
        "chapters/05_self_attention.ipynb",
        "chapters/quiz/05_self_attention.txt",
        "solutions/05_self_attention/05_self_attention.ipynb",
        "solutions/05_self_attention/misconceptions.py",
        "_toc.yml",
    ]
    assert run_notebooks() == 0
    notebook = nbformat.read(book / paths[0], 4)
    nbformat.validate(notebook)
    assert "def line(" in (book / "src/qkv/chapters/self_attention.py").read_text()
    assert check_banks() == []
    assert [line.split(": ", 1)[1] for line in check_book() if "05_self" in line] == [
        "the further reading cites nothing.",
        "1 of 10 claims (cells tagged `claim`).",
        "1 of 2 quick checks (cells tagged `quiz`), one for each main section or four.",
    ]


def test_a_chapter_can_have_the_number_nought(book):
    assert str(new_chapter("0", "before")[0]) == "chapters/00_before.ipynb"
    toc = yaml.safe_load((book / "_toc.yml").read_text())
    assert toc["parts"][0]["chapters"][0] == {"file": "chapters/00_before"}


def test_the_new_exercise_set_teaches(book):
    new_chapter("05", "self_attention")
    assert prove(book / "solutions/05_self_attention") == []


def test_the_new_line_stands_among_the_chapters_and_comments_stay(book):
    new_chapter("3", "seq2seq")
    toc = (book / "_toc.yml").read_text()
    assert toc == TOC.replace(
        "      - file: chapters/04", "      - file: chapters/03_seq2seq\n      - file: chapters/04"
    )


@pytest.mark.parametrize(
    ("stem", "before"),
    [("00_before", 0), ("01_encodings", 0), ("03_seq2seq", 1), ("05_self_attention", 2)],
)
def test_chapters_stay_in_order(stem, before):
    toc = yaml.safe_load(with_entry(TOC, stem))
    chapters = [entry["file"] for entry in toc["parts"][0]["chapters"]]
    assert chapters.index(f"chapters/{stem}") == before
    assert len(chapters) == 3
    kept = [entry for entry in toc["parts"][0]["chapters"] if "sections" in entry]
    assert kept == [{"file": "chapters/02_recurrent", "sections": [{"file": "book/more"}]}]


def test_a_table_of_contents_without_chapters_is_not_guessed_at():
    with pytest.raises(ValueError, match="write the first one by hand"):
        with_entry("format: jb-book\nroot: book/index\n", "01_encodings")


@pytest.mark.parametrize(
    ("number", "name", "message"),
    [
        ("-1", "attention", "'-1' is no chapter number"),
        ("100", "attention", "'100' is no chapter number"),
        ("five", "attention", "'five' is no chapter number"),
        ("05", "Attention", "'Attention' is no chapter name"),
        ("05", "self-attention", "'self-attention' is no chapter name"),
        ("05", "../evil", "is no chapter name"),
        ("05", "class", "'class' is no chapter name"),
        ("04", "attention", "_toc.yml lists chapters/04_attention already"),
    ],
)
def test_a_number_or_name_that_cannot_be_one_is_refused(book, number, name, message):
    before = files(book)
    with pytest.raises(ValueError, match=message):
        new_chapter(number, name)
    assert files(book) == before


def test_a_number_or_name_that_is_taken_is_refused(book):
    new_chapter("05", "self_attention")
    before = files(book)
    for number, name, message in [
        ("5", "other", "chapter 05 exists: chapters/05_self_attention.ipynb"),
        ("06", "self_attention", "two chapters of one name"),
    ]:
        with pytest.raises(QkvError, match=message):
            new_chapter(number, name)
    assert files(book) == before


def test_an_old_bank_or_exercise_set_is_not_overwritten(book):
    bank = book / "chapters/quiz/05_self_attention.txt"
    bank.write_text("mine")
    with pytest.raises(QkvError, match=r"05_self_attention\.txt exists"):
        new_chapter("05", "self_attention")
    assert bank.read_text() == "mine"


def test_nothing_is_left_when_a_file_cannot_be_written(book, monkeypatch):
    before = files(book)
    write, count = new.write, iter(range(9))

    def failing(path, text):
        if next(count) == 4:
            raise OSError("the disk is full")
        return write(path, text)

    monkeypatch.setattr(new, "write", failing)
    with pytest.raises(OSError, match="the disk is full"):
        new_chapter("05", "self_attention")
    assert files(book) == before


def test_the_command_answers_a_mistake_in_one_sentence(book):
    result = CliRunner().invoke(main, ["new", "05", "Self-Attention"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: 'Self-Attention' is no chapter name")
    assert result.stderr.count("\n") == 1
