"""A chapter's text reads right where nobody knows MyST, and the site says the same."""

import contextlib
import json
import re
import shutil

import pytest
from tiny_book import write_book
from toy_book import EXPORT, code, make_book, prose, write_notebook

from qkv.errors import QkvError
from qkv.figure import FIGURE_MIME
from qkv.publish.build import build_site
from qkv.publish.check import check_text
from qkv.publish.export import rendered
from qkv.publish.plain import Facts, to_myst, to_plain
from qkv.publish.run import run_notebooks
from qkv.publish.times import duration, roughly

BIB = r"""
@article{one1990, author = {Werbos, Paul J.}, title = {Back}, journal = {Proc.}, year = {1990}}
@article{two1997, author = {Schuster, Mike and Paliwal, Kuldip}, title = {Both}, year = {1997}}
@book{many2015, author = {L{\"o}we, A. and Bee, B. and Cee, C.}, title = {All}, year = {2015}}
"""

# What an author may write, and what a reader in plain Jupyter sees of it.
PAIRS = [
    ("{glue:text}`share:.1f`", "[41.3](glue:share:.1f)"),
    ("{glue:text}`share`", "[41.256](glue:share)"),
    ("{glue:text}`count:,`", "[12,345](glue:count:,)"),
    ("{glue:text}`word`", "[garçon](glue:word)"),
    ("{glue:text}`odd`", r"[a\_b \[c\]](glue:odd)"),
    ("{term}`token`", "[token](../book/glossary.md#token)"),
    ("{term}`keys <key>`", "[keys](../book/glossary.md#key)"),
    ("{term}`bag of words`", "[bag of words](../book/glossary.md#bag%20of%20words)"),
    ("{cite}`one1990`", "[(Werbos, 1990)](../book/references.bib#one1990)"),
    (
        "{cite}`two1997,many2015`",
        "[(Schuster and Paliwal, 1997; Löwe et al., 2015)]"
        "(../book/references.bib#two1997,many2015)",
    ),
    ("{cite:t}`many2015`", "[Löwe et al. (2015)](../book/references.bib#many2015)"),
    ("{numref}`fig-b`", "[Fig. 3.2](#fig-b)"),
    ("{eq}`eq-gate`", "[(eq-gate)](#eq-gate)"),
    ("{download}`set <../exercises/a/a.ipynb>`", "[set](../exercises/a/a.ipynb)"),
    (
        "```{admonition} Before you start\n:class: note\n\nTwo\n\nlines {term}`here`.\n```",
        "> **Before you start**\n>\n> Two\n>\n> lines [here](../book/glossary.md#here).",
    ),
]


@pytest.fixture
def facts():
    from pybtex.database import parse_string

    return Facts(
        number="3",
        values={
            "share": "41.256",
            "count": "12345",
            "word": "'garçon'",
            "odd": "'a_b [c]'",
        },
        figures=["fig-a", "fig-b"],
        sources=dict(parse_string(BIB, "bibtex").entries.items()),
        seconds=130,
    )


@pytest.mark.parametrize(("role", "link"), PAIRS)
def test_a_role_becomes_a_link_that_reads_right_and_comes_back(facts, role, link):
    for around in ("{}", "before {} after\n\nand more", "- **{}**\n- x", "| {} | b |"):
        if role.startswith("```"):
            around = "before\n\n{}\n\nafter"
        written, plain = around.replace("{}", role), around.replace("{}", link)
        assert to_plain(written, facts) == plain
        assert to_myst(plain) == written
        assert to_plain(plain, facts) == plain


def test_a_changed_value_changes_the_text_whatever_stood_there(facts):
    assert to_plain("[7](glue:share:.0f) and [](glue:count)", facts) == (
        "[41](glue:share:.0f) and [12345](glue:count)"
    )


def test_other_links_code_and_mathematics_are_left_alone(facts):
    text = (
        "[a](https://x.org/y) [b](glossary.md) ![c](cat.png) $[d](e)$\n\n"
        "```python\nx = '{glue:text}`none`'\n```\n\n> **Bold** in a quotation\n"
    )
    assert to_plain(text, facts) == text
    assert to_myst(text) == text


def test_a_term_that_is_broken_over_two_lines_keeps_its_break(facts):
    plain = to_plain("{term}`bag of\nwords`", facts)
    assert plain == "[bag of\nwords](../book/glossary.md#bag%20of%20words)"
    assert to_plain(plain, facts) == plain
    assert to_myst(plain) == "{term}`bag of\nwords <bag of words>`"


def test_what_the_run_does_not_hold_is_named(facts):
    with pytest.raises(QkvError, match="'none': no cell has glue"):
        to_plain("{glue:text}`none`", facts)
    with pytest.raises(QkvError, match="'fig-none', which no cell shows"):
        to_plain("{numref}`fig-none`", facts)
    with pytest.raises(QkvError, match="'word' is 'garçon'"):
        to_plain("{glue:text}`word:.2f`", facts)


def test_a_bibliography_is_the_list_of_what_the_chapter_cites(facts):
    text = (
        "{cite}`two1997` {cite:t}`many2015`\n\n"
        "```{bibliography}\n:filter: docname in docnames\n:list: bullet\n```"
    )
    plain = to_plain(text, facts)
    assert plain.endswith(
        "<!-- bibliography -->\n- A. Löwe, B. Bee, C. Cee: *All*, 2015.\n"
        "- Mike Schuster, Kuldip Paliwal: *Both*, 1997."
    )
    assert to_myst(plain) == text
    assert to_plain(plain, facts) == plain


def test_a_running_time_is_kept_while_it_is_near_enough(facts):
    link = "[{}](../book/status.md)"
    assert to_plain(link.format(""), facts) == link.format("about 2 minutes")
    assert to_plain(link.format("about 3 minutes"), facts) == link.format("about 3 minutes")
    assert to_plain(link.format("about 4 minutes"), facts) == link.format("about 2 minutes")
    assert to_myst(link.format("about 2 minutes")) == link.format("about 2 minutes")


def test_times_are_written_in_one_way():
    assert [duration(time) for time in (0.04, 8.26, 59.94, 59.96, 125, 3600)] == [
        "0.0 s",
        "8.3 s",
        "59.9 s",
        "1 min 00 s",
        "2 min 05 s",
        "60 min 00 s",
    ]
    assert [roughly(time) for time in (1, 12, 36, 50, 89, 95, 600)] == [
        "about 10 seconds",
        "about 10 seconds",
        "about 40 seconds",
        "about a minute",
        "about a minute",
        "about 2 minutes",
        "about 10 minutes",
    ]


GLUED = 'from myst_nb import glue\nglue("share", {}, display=False)'


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A book whose chapter was run; no test changes it."""
    book = make_book(tmp_path_factory.mktemp("ran") / "book")
    write_notebook(
        book / "chapters/01_first.ipynb",
        prose("# First\n\n{glue:text}`share:.1f` percent, in [](../book/status.md)."),
        code(GLUED.format(41.256), tags=["remove-cell"]),
        code("1 + 1", tags=["hide-input"]),
        code("2 + 2"),
    )
    with contextlib.chdir(book):
        assert run_notebooks() == 0
    return book


@pytest.fixture
def book(ran, tmp_path, monkeypatch):
    """A copy of the book that was run, for a test to change."""
    shutil.copytree(ran, tmp_path / "book")
    monkeypatch.chdir(tmp_path / "book")
    return tmp_path / "book"


def cells(book):
    return json.loads((book / "chapters/01_first.ipynb").read_text())["cells"]


def edit(book, old, new):
    path = book / "chapters/01_first.ipynb"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_run_writes_its_numbers_into_the_text_it_keeps(book):
    assert "".join(cells(book)[0]["source"]) == (
        "# First\n\n[41.3](glue:share:.1f) percent, in [about 10 seconds](../book/status.md)."
    )


def test_a_quotation_at_the_start_is_not_the_docstring_of_the_module(book):
    write_notebook(
        book / "chapters/02_second.ipynb",
        prose("# Second\n\n> **Before you start**\n>\n> Know this."),
        code("def double(x):\n    return 2 * x", **EXPORT),
    )
    assert rendered(book)["second.py"].startswith('"""Second: what chapter 02 defines."""')


def test_running_again_changes_no_byte_and_a_new_value_changes_its_number_alone(book):
    before = (book / "chapters/01_first.ipynb").read_bytes()
    assert run_notebooks(force=True) == 0
    assert (book / "chapters/01_first.ipynb").read_bytes() == before
    edit(book, "41.256", "52.5")
    assert run_notebooks() == 0
    assert "[52.5](glue:share:.1f) percent, in" in cells(book)[0]["source"][2]


def test_a_number_changed_by_hand_is_found_and_mended_without_running(book, capsys):
    before = (book / "chapters/01_first.ipynb").read_bytes()
    path = book / "chapters/01_first.ipynb"
    assert check_text(path, book) == []
    edit(book, "[41.3]", "[99.9]")
    (problem,) = check_text(path, book)
    assert problem.startswith("chapters/01_first.ipynb, cell 1: ")
    assert problem.endswith("run `qkv run --text 01_first`.")
    capsys.readouterr()
    assert run_notebooks() == 0
    assert "nothing to run" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_a_text_that_asks_for_more_than_the_run_has_fails_it(book, capsys):
    edit(book, "glue:share:.1f", "glue:shares:.1f")
    path = book / "chapters/01_first.ipynb"
    before = path.read_bytes()
    assert "cell 1: the text asks for 'shares'" in check_text(path, book)[0]
    assert run_notebooks(force=True) == 1
    assert "cell 1: the text asks for 'shares'" in capsys.readouterr().err
    assert path.read_bytes() == before
    with pytest.raises(QkvError, match=r"chapters/01_first\.ipynb, cell 1: the text asks"):
        run_notebooks(text=True)


def test_what_the_page_folds_is_folded_in_jupyter_too(book):
    assert [cell["metadata"].get("jupyter") for cell in cells(book)] == [
        None,
        {"source_hidden": True},
        {"source_hidden": True},
        None,
    ]
    edit(book, '"source_hidden": true', '"source_hidden": false')
    assert len(check_text(book / "chapters/01_first.ipynb", book)) == 2


def test_the_site_shows_what_the_notebook_says(tmp_path, monkeypatch):
    book = write_book(tmp_path / "book")
    monkeypatch.chdir(book)
    path = book / "chapters/01_sample.ipynb"
    notebook = json.loads(path.read_text())
    data = {"application/papermill.record/text/plain": "41.256"}
    mark = {"scrapbook": {"name": "share", "mime_prefix": "application/papermill.record/"}}
    notebook["cells"].append(
        {
            **code("glue()", tags=["remove-cell"]),
            "id": "glued",
            "outputs": [{"output_type": "display_data", "data": data, "metadata": mark}],
        }
    )
    text = "It is {glue:text}`share:.1f`, a {term}`query`, says {cite:t}`bahdanau2015`."
    notebook["cells"].append({**prose(f"## New\n\n{text}"), "id": "text"})
    path.write_text(json.dumps(notebook))
    run_notebooks(text=True)
    plain = "".join(json.loads(path.read_text())["cells"][-1]["source"])
    assert plain == (
        "## New\n\nIt is [41.3](glue:share:.1f), a [query](../book/glossary.md#query), says "
        "[Bahdanau et al. (2015)](../book/references.bib#bahdanau2015)."
    )
    build_site()
    html = (book / "_build/html/chapters/01_sample.html").read_text("utf-8")
    assert re.search(r'<span class="pasted-text">41\.3</span>', html)
    assert 'href="../book/index.html#term-query"' in html
    assert re.search(r"Bahdanau <em>et al\.</em> \[<a [^>]*>2015</a>\]", html), html
    assert FIGURE_MIME not in html
