"""The honest time of a chapter: what is counted, what is folded away, and what is said of it."""

import nbformat
import pytest
from click.testing import CliRunner
from tiny_book import code, output, png, write_book

from qkv.cli import main
from qkv.publish.reading import reading, reading_minutes, section_minutes, words_of

FIGURE = {"name": "fig-a", "caption": "A.", "alt": "A.", "still": png()}
QUIZ = {"name": None, "caption": None, "alt": "Q.", "module": "quiz", "state": {}}


def chapter(*cells):
    return {
        "cells": [
            nbformat.v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells
        ]
    }


@pytest.mark.parametrize(
    ("notebook", "minutes"),
    [
        (chapter(), 0),
        (chapter("word " * 400), 2),
        (chapter(code("x = 1\n" * 30, 1)), 2),
        (chapter(code("x = 1\n\n" * 30, 1)), 2),
        (chapter(code("x = 1\n" * 30, 1, tags=["hide-input"])), 0),
        (chapter(code("x = 1\n" * 30, 1, tags=["remove-cell"])), 0),
        (chapter(code("", 1, [output(**FIGURE)], ["figure"])), 2),
        (chapter(code("", 1, [output(**FIGURE)], ["figure", "hide-input"])), 2),
        (chapter(code("ask()", 1, [output(**QUIZ)], ["quiz", "remove-input"])), 1.5),
        (chapter("## Going deeper: a\n\n" + "word " * 400, code("x = 1\n" * 30, 1)), 0),
        (chapter("### Going deeper: a\n\n" + "word " * 400 + "\n\n#### b\n\n" + "word " * 400), 0),
        (chapter("### Going deeper: a\n\nword\n\n## Two\n\n" + "word " * 399), 2),
        (chapter("word " * 100, code("a\n" * 15, 1), code("", 2, [output(**FIGURE)])), 3.5),
    ],
)
def test_a_chapter_takes_as_long_as_what_is_in_it(notebook, minutes):
    assert reading_minutes(notebook) == pytest.approx(minutes)


def test_code_that_jupyter_folds_is_not_read():
    cell = code("x = 1\n" * 30, 1)
    cell.metadata["jupyter"] = {"source_hidden": True}
    assert reading_minutes(chapter(cell)) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Two words", 2),
        ("A **bold**, `code` and [a link](https://example.org/not/read)", 6),
        ("One\ntwo\n\n- three\n- four", 4),
        (r"So $\left( \frac {1} {2} \right) = \hat {y}$ it is", 6),
        ("$$\na + b\n$$ (eq-a)\n\nnext", 4),
        ("{term}`token` and {cite:t}`bahdanau2015`", 3),
        (":::{admonition} A title\n:class: tip\nAnd text.\n:::", 4),
        ("```{bibliography}\n:filter: docname in docnames\n```", 0),
        ("```bash\nmake test\n```\n<!-- no comment -->", 2),
    ],
)
def test_words_are_those_that_are_seen(text, words):
    assert len(words_of(text).split()) == words


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("**Reading time:** about 70 minutes. **Running time:** 2 minutes", 70),
        ("> **Reading time:** 45 minutes", 45),
        ("**Running time:** 2 minutes", None),
    ],
)
def test_the_stated_time_is_found(text, stated):
    assert reading(chapter(text)).stated == stated


def test_the_command_prints_a_row_for_each_chapter_and_what_is_too_much(tmp_path, monkeypatch):
    book = write_book(tmp_path)
    monkeypatch.chdir(book)
    cells = chapter("# S\n\n**Reading time:** 5 minutes", "w " * 13_000, code("a\n" * 36, 1))
    nbformat.write(nbformat.v4.new_notebook(**cells), book / "chapters/01_sample.ipynb")
    found = CliRunner().invoke(main, ["check", "--reading"])
    assert found.exit_code == 0
    head, row, _, *notes = found.output.splitlines()
    assert head.split() == ["chapter", "words", "lines", "figures", "checks", "minutes", "stated"]
    assert row.split() == ["01_sample", "13005", "36", "0", "0", "67", "5"]
    assert [note.split(": ")[1] for note in notes] == [
        "it takes 67 minutes",
        "it states 5 minutes and takes 67",
        "an open cell has 36 lines",
    ]


def bank(*right):
    """A bank of questions with three options, whose right one is the longest where it is said."""
    return "# T\n" + "".join(
        f"\n## q{number}\nQ\n\n(x) {'long ' * is_longest}a\n> y\n( ) bb\n> n\n( ) ccc\n> n\n"
        for number, is_longest in enumerate(right)
    )


def test_right_options_that_are_the_longest_are_counted(tmp_path, monkeypatch):
    book = write_book(tmp_path)
    monkeypatch.chdir(book)
    place = book / "chapters/quiz/01_sample.txt"
    place.write_text(bank(True, True, False, False))
    found = CliRunner().invoke(main, ["check", "--reading"]).output
    assert "the right option is the longest in 2 of 4 questions" in found
    place.write_text(bank(True, False, False, False))
    assert "longest in" not in CliRunner().invoke(main, ["check", "--reading"]).output


def test_each_section_has_its_minutes_unless_it_is_short_or_goes_deeper():
    notebook = chapter(
        "# Title\n\n## One\n\n" + "word " * 400 + "\n\n### Inside\n\nword",
        code("x = 1\n" * 30, 1),
        "## Two\n\nword\n\n## Going deeper: three\n\n" + "word " * 900,
    )
    assert section_minutes(notebook) == [4, 0, 0]
