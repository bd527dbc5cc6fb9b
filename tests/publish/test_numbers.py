"""Chapters, sections and figures are numbered by the names of the files, wherever they stand."""

import contextlib
import json
import re

import nbformat
import pytest
from tiny_book import sample_chapter, write_book

from qkv.publish.build import build_site
from qkv.publish.contents import in_order
from qkv.publish.plain import facts_of, to_plain

# Out of order, with gaps, one in a part that Sphinx would number and two in one that it would not.
TOC = """format: jb-book
root: book/index
parts:
  - caption: One
    numbered: 2
    chapters:
      - file: chapters/09_late
      - file: chapters/00_start
  - caption: Two
    chapters:
      - file: chapters/10_last
      - file: book/afterword
"""


def chapter(title):
    """Return a notebook with two figures, which has a title of its own and no names that clash."""
    notebook = sample_chapter()
    word = title.lower()
    notebook.cells[0].source = f"# {title}\n\n## First part\n\n### Detail\n\n## Second part"
    text = json.dumps(notebook).replace("fig-", f"fig-{word}-")
    return nbformat.from_dict(json.loads(text))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    book = write_book(tmp_path_factory.mktemp("numbers") / "book")
    (book / "chapters/01_sample.ipynb").unlink()
    for name, title in [("09_late", "Late"), ("00_start", "Start"), ("10_last", "Last")]:
        nbformat.write(chapter(title), book / f"chapters/{name}.ipynb")
    index = book / "book/index.md"
    text = index.read_text().replace("fig-line", "fig-start-line")
    text = text.replace("{ref}`fig-sweep`", "{numref}`fig-late-sweep`")
    index.write_text(text + "\n```{qkv-chapters}\n```\n")
    (book / "book/afterword.md").write_text("# Afterword\n\n## A section\n\nThe end.\n")
    (book / "_toc.yml").write_text(TOC)
    with contextlib.chdir(book):
        build_site()
    return book


def words(html):
    return " ".join(re.sub("<[^>]*>", "", html).split())


def page(book, name):
    return (book / f"_build/html/{name}.html").read_text("utf-8")


def headings(book, name):
    article = re.search(r"<article.*</article>", page(book, name), re.S)[0]
    found = re.findall(r"<h([1-3])>(.*?)<a class=\"headerlink", article, re.S)
    return [words(text) for _, text in found]


@pytest.mark.parametrize(("name", "number"), [("09_late", 9), ("00_start", 0), ("10_last", 10)])
def test_title_and_sections_carry_the_number_of_the_file(book, name, number):
    title = name[3:].capitalize()
    assert headings(book, f"chapters/{name}") == [
        f"{number} {title}",
        f"{number}.1 First part",
        "Detail",
        f"{number}.2 Second part",
    ]


@pytest.mark.parametrize(("name", "number"), [("09_late", 9), ("00_start", 0), ("10_last", 10)])
def test_figures_carry_the_number_of_the_file(book, name, number):
    found = re.findall(r'class="caption-number">(.*?) </span>', page(book, f"chapters/{name}"))
    assert found == [f"Fig. {number}.{i}" for i in (1, 2, 3)]


def test_a_page_that_is_no_chapter_has_no_number(book):
    assert headings(book, "book/afterword") == ["Afterword", "A section"]


def test_other_pages_and_the_sidebar_say_the_same_numbers(book):
    index = page(book, "book/index")
    assert re.search(r'09_late.html#fig-late-sweep">.*?Fig. 9.2', index)
    assert re.search(r'00_start.html#fig-start-line">.*?Fig. 0.1', index)
    side = re.search(r'<nav class="bd-links.*?</nav>', index, re.S)[0]
    entries = [words(link) for link in re.findall(r'<a class="reference.*?</a>', side, re.S)]
    assert entries == ["9 Late", "0 Start", "10 Last", "Afterword"]


def test_previous_and_next_say_the_same_numbers(book):
    found = re.findall(r'prev-next-title">(.*?)</p>', page(book, "chapters/00_start"), re.S)
    assert [words(title) for title in found] == ["9 Late", "10 Last"]


def test_the_landing_page_numbers_its_list_by_the_files(book):
    arc = re.search(r'<div class="qkv-arc.*?</div>', page(book, "book/index"), re.S)[0]
    lists = re.findall(r"<ol([^>]*)>(.*?)</ol>", arc, re.S)
    first = [int((re.search(r'start="(\d+)"', start) or [0, "1"])[1]) for start, _ in lists]
    assert [words(text).rstrip(".") for _, text in lists] == ["Late", "Start", "Last"]
    assert first == [9, 0, 10]


def test_a_list_counts_on_while_the_numbers_do():
    names = ["00_a", "01_b", "03_c", "04_d", "outside", "02_e"]
    assert in_order(names) == [["00_a", "01_b"], ["03_c", "04_d"], ["outside"], ["02_e"]]


@pytest.mark.parametrize(("name", "number"), [("09_late", 9), ("00_start", 0)])
def test_the_stored_text_says_the_same_numbers(book, name, number):
    path = book / f"chapters/{name}.ipynb"
    facts = facts_of(json.loads(path.read_text()), path, book)
    link = f"fig-{name[3:]}-sweep"
    assert to_plain(f"{{numref}}`{link}`", facts) == f"[Fig. {number}.2](#{link})"


def test_a_chapter_that_moves_takes_its_new_number_in_the_next_build(book):
    (book / "chapters/10_last.ipynb").rename(book / "chapters/12_last.ipynb")
    (book / "_toc.yml").write_text(TOC.replace("10_last", "12_last"))
    with contextlib.chdir(book):
        build_site()
    assert headings(book, "chapters/12_last")[:2] == ["12 Last", "12.1 First part"]
    side = re.search(r'<nav class="bd-links.*?</nav>', page(book, "chapters/09_late"), re.S)[0]
    assert "12 Last" in words(side)
