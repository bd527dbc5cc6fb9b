"""The check of a chapter's structure finds each kind of break, and nothing in a good chapter."""

import copy

import nbformat
import pytest
from tiny_book import code, output, png, write_book

from qkv.publish.check import check_book
from qkv.publish.prose import formulas, headings, symbols
from qkv.publish.run import run_notebooks

OPENING = """# Good

The problem.

**Reading time:** 10 minutes · **Running time:** [about 10 seconds](../book/status.md)
**What to know before:** nothing

## You will be able to

- say one thing;
- and two;
- and three."""

NOTATION = r"""# Notation

| Symbol | Meaning |
| --- | --- |
| $\mathbf{q}$, $d_k$ | a query, and its size; not $z$ |
"""

LIVE = {
    "name": "fig-live",
    "caption": "A live one.",
    "alt": "A bar.",
    "module": "sweep",
    "state": {},
    "still": png(),
}
STILL = {"name": "fig-still", "caption": "A line.", "alt": "It rises.", "still": png()}
QUIZ = {"name": None, "caption": None, "alt": "A question.", "module": "quiz", "state": {}}


def text(source):
    return nbformat.v4.new_markdown_cell(source)


def good_chapter():
    """A chapter in which nothing is missing. Cells: see the numbers in the tests below."""
    claim = 'assert value < 1, f"value is {value}"'
    cells = [
        text(OPENING),
        text("## One\n\nA query $\\mathbf{q}$ of size $d_k$ {cite:p}`bahdanau2015`."),
        code("Sweep()", 1, [output(**LIVE)], ["figure"]),
        code("show()", 2, [output(**STILL)], ["figure"]),
        code("ask()", 3, [output(**QUIZ)], ["quiz"]),
        text("### Deeper\n\n![a cat on a mat](cat.png)"),
        *[code(claim, 4 + number, tags=["claim"]) for number in range(10)],
        text("## What we have now\n\nA lot."),
        text("## Exercises\n\n[Five tasks](../exercises/01_sample/01_sample.ipynb)."),
        code("ask()", 14, [output(**QUIZ)], ["quiz"]),
        text("## Further reading\n\n{cite:t}`bahdanau2015` is short."),
    ]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """Return a function that gives the problems of a book with this one chapter."""
    book = write_book(tmp_path)
    (book / "book/notation.md").write_text(NOTATION)
    monkeypatch.chdir(book)

    def check(notebook):
        nbformat.write(notebook, book / "chapters/01_sample.ipynb")
        run_notebooks(text=True)
        return check_book()

    return check


def test_a_good_chapter_has_no_problems(problems):
    assert problems(good_chapter()) == []


def replace(cell, old, new):
    def change(notebook):
        source = notebook.cells[cell - 1].source
        assert old in source
        notebook.cells[cell - 1].source = source.replace(old, new)

    return change


def figure(cell, **changes):
    def change(notebook):
        record = notebook.cells[cell - 1].outputs[0].data["application/vnd.qkv.figure+json"]
        record.update(changes)

    return change


def tags(cell, *names):
    def change(notebook):
        notebook.cells[cell - 1].metadata["tags"] = list(names)

    return change


def not_run(notebook):
    notebook.cells[6].execution_count = None


def failed(notebook):
    notebook.cells[6].outputs = [
        nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    ]


def bare_picture(notebook):
    data = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}
    notebook.cells[6].outputs = [nbformat.v4.new_output("display_data", data=data)]


BREAKS = [
    (replace(1, "You will be able to", "Aims"), "the start: there is no section"),
    (replace(1, "- and two;\n- and three.", ""), "cell 1: 1 objectives"),
    (replace(1, "- say one thing;", "- a\n- b\n- c\n- d"), "cell 1: 6 objectives"),
    (replace(1, "Reading time", "Time"), "the start: it does not state a reading time"),
    (replace(1, "Running time", "Time"), "the start: it does not state a running time"),
    (replace(1, "What to know before", "Also"), "the start: it does not state what to know"),
    (replace(1, "# Good", "## Good"), "the start: there must be one title"),
    (replace(2, "## One", "# One"), "cell 2: there must be one title"),
    (replace(6, "### Deeper", "#### Deeper"), "cell 6: the heading 'Deeper' jumps from level 2"),
    (replace(6, "a cat on a mat", ""), "cell 6: a picture has no alternative text"),
    (replace(6, "![a cat on a mat](cat.png)", '<img src="cat.png">'), "cell 6: a picture has no"),
    (
        replace(6, "![a cat on a mat](cat.png)", "```{figure} cat.png\nA cat.\n```"),
        "cell 6: a picture has no alternative text",
    ),
    (replace(2, "bahdanau2015", "nobody1900"), "cell 2: 'nobody1900' is not in book/references"),
    (replace(2, r"\mathbf{q}", "z"), "cell 2: the symbol $z$ is not on the notation page"),
    (replace(2, r"\mathbf{q}", "q"), "cell 2: the symbol $q$ is not on the notation page"),
    (replace(6, "a cat on a mat", "a) It is. - **More** is"), "cell 6: a list or a table has"),
    (replace(2, "bahdanau2015", "bahdanau2015` | a | | --- | `x"), "cell 2: a list or a table has"),
    (tags(3), None),
    (figure(3, module=None), "as a whole: there is no live figure"),
    (figure(3, alt=" "), "cell 3: the figure has no alternative text"),
    (figure(4, caption=""), "cell 4: the figure has no caption"),
    (figure(4, caption=None), "cell 4: the figure has no caption"),
    (figure(5, alt=""), "cell 5: the figure has no alternative text"),
    (tags(5), "cell 5: the quick check lacks the tag `quiz`"),
    (tags(7), "as a whole: 9 of 10 claims"),
    (replace(7, "assert value < 1", "print(value)"), "cell 7: the claim asserts nothing"),
    (replace(7, "value < 1", "True"), "cell 7: the claim asserts nothing"),
    (replace(7, ', f"value is {value}"', ""), "cell 7: the claim fails without a word"),
    (replace(7, "assert value", "assert value <"), "cell 7: the claim is not Python"),
    (replace(7, "assert value", "%time\nassert value"), None),
    (not_run, "cell 7: not run yet"),
    (failed, "cell 7: the stored output is an error"),
    (bare_picture, "cell 7: a picture without words"),
    (replace(17, "What we have now", "Summary"), "the end: there is no section `## What we have"),
    (replace(18, "## Exercises", "## Tasks"), "the end: there is no section `## Exercises`"),
    (replace(18, "01_sample", "02_other"), "cell 18: the exercises do not link to their set"),
    (replace(20, "## Further reading", "## More"), "the end: there is no section `## Further"),
    (replace(20, "{cite:t}`bahdanau2015`", "It"), "cell 20: the further reading cites nothing"),
]


@pytest.mark.parametrize(("change", "message"), BREAKS, ids=range(len(BREAKS)))
def test_each_kind_of_break_is_found_with_its_cell(problems, change, message):
    notebook = copy.deepcopy(good_chapter())
    change(notebook)
    expected = [] if message is None else [f"chapters/01_sample.ipynb, {message}"]
    found = problems(notebook)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_quick_checks_are_counted_against_the_main_sections(problems):
    notebook = good_chapter()
    notebook.cells.insert(5, text("## Two\n\nMore.\n\n## Three\n\nAnd more."))
    assert len(problems(notebook)) == 1
    assert "as a whole: 2 of 3 quick checks" in problems(notebook)[0]


def test_a_chapter_outside_the_table_of_contents_is_named(problems, tmp_path):
    nbformat.write(good_chapter(), tmp_path / "chapters/02_other.ipynb")
    assert "_toc.yml does not list chapters/02_other: add it to a part." in problems(good_chapter())


def test_pages_are_checked_too(problems, tmp_path):
    (tmp_path / "book/page.md").write_text("# Page\n\n### Deep\n\n![](x.png) {cite}`ghost`\n")
    assert [line.split(", ", 1)[0] for line in problems(good_chapter())] == ["book/page.md"] * 3


def test_a_file_that_is_no_notebook_is_named(problems, tmp_path):
    (tmp_path / "chapters/02_broken.ipynb").write_text("{")
    with pytest.raises(ValueError, match=r"02_broken.* is not a notebook"):
        check_book()


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\mathbf{x}_{w}^\top \mathbf{W}^{(Q)}", {r"\mathbf{x}", r"\mathbf{W}"}),
        (r"\operatorname{softmax}\left(\frac{q k}{\sqrt{d_k}}\right)", {"q", "k", "d"}),
        (r"\hat{\mathbf y} + \mathbf{\hat{y}}", {r"\hat{\mathbf{y}}"}),
        (r"\boldsymbol{\theta}, \theta", {r"\mathbf{\theta}", r"\theta"}),
        (r"\mathbf{xy}", {r"\mathbf{x}", r"\mathbf{y}"}),
        (r"\begin{array}{cc} a & b \end{array} \text{if } \mathrm{only}", {"a", "b"}),
        (r"\lvert\mathcal{V}\rvert \le 3 \cdot \log P(w \mid c)", {r"\mathcal{V}", "P", "w", "c"}),
        (r"x^\mathbf{q} y_i", {"x", "y"}),
        (r"\sum_{i=1}^{n} \ell_i", {r"\ell"}),
    ],
)
def test_symbols_are_letters_with_their_typeface(tex, expected):
    assert symbols(tex) == expected


def test_formulas_are_found_and_code_is_not():
    found = formulas(
        "A $a$ and `$no$`.\n```python\n$no$\n```\n```{note}\n$b$\n```\n$$\nc\n$$\n"
        "\\begin{align}\nd\n\\end{align}\n{math}`e` \\$3 and \\$4\n"
        "```{math}\n:label: eq-f\nf\n```\n````{note}\n```\n$no$\n```\n$g$\n````\n"
    )
    assert set().union(*map(symbols, found)) == set("abcdefg")
    assert not any("no" in formula for formula in found)


def test_a_role_does_not_hide_what_follows_it():
    text = "{glue:text}`a` and $x$ or `code $y$` {cite}`b`\n\n# After ` one\n\n# And ` two"
    assert formulas(text) == ["x"]
    assert headings(text) == [(1, "After ` one"), (1, "And ` two")]


def test_a_comment_in_code_is_no_heading():
    assert headings("# A\n```python\n# no\n```\n## B `c` #\n") == [(1, "A"), (2, "B `c`")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$p =$ {glue:text}`p:.2f`", ["p ="]),
        ("    $indented = code$\n\ntext", []),
        ("<!-- $no$ -->\n\n$a$", ["a"]),
        (":::{admonition} About $a$\n:class: tip\n- $b$\n\n  > $c$\n:::", ["a", "b", "c"]),
        ("~~~{note}\n```\n$no$\n```\n$a$\n~~~", ["a"]),
        ("| x | y |\n| --- | --- |\n| $a \\| b$ | `$no$` |", ["a | b"]),
        ("$$\na\n$$ (eq-a)\n\n- $$b$$", ["a", "b"]),
        ("[a $b$](c_$d$) ![$e$](f.png)", ["b", "e"]),
        ("[^n]\n\n[^n]: A note with $a$.", ["a"]),
    ],
)
def test_a_formula_is_one_where_myst_sees_one(text, expected):
    assert formulas(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "`## no` and\n\n    ## no",
        "<div>\n## no\n</div>",
        "```{code-block} python\n## no\n```",
        "A cell that begins with -\n##no",
    ],
)
def test_what_only_looks_like_a_heading_is_none(text):
    assert headings(text) == []


def test_a_heading_may_be_underlined_or_stand_in_a_block():
    found = headings("One\n===\n\nTwo\n---\n\n:::{container}\n### Three\n:::")
    assert found == [(1, "One"), (2, "Two"), (3, "Three")]


def test_what_an_objective_lists_is_no_objective(problems):
    notebook = good_chapter()
    replace(1, "- and two;", "- and two:\n  - a\n  - b\n  - c;")(notebook)
    assert problems(notebook) == []


def test_a_picture_in_html_or_over_several_lines_needs_words(problems):
    for silent in (
        "<img\n  src='cat.png'\n  alt=''>",
        "A <img src=cat.png> b",
        ":::{figure} cat.png\n:name: cat\n\nalt: no\n:::",
        "> ![](cat.png)",
    ):
        notebook = good_chapter()
        replace(6, "![a cat on a mat](cat.png)", silent)(notebook)
        (problem,) = problems(notebook)
        assert "cell 6: a picture has no alternative text" in problem
    for said in ('`![](cat.png)` <img alt="a cat" src=cat.png>', ":::{image} c.png\n:alt: A\n:::"):
        notebook = good_chapter()
        replace(6, "![a cat on a mat](cat.png)", said)(notebook)
        assert problems(notebook) == []


def test_a_source_in_code_is_not_cited(problems):
    notebook = good_chapter()
    replace(2, "{cite:p}`bahdanau2015`", "`` {cite}`ghost` ``")(notebook)
    assert problems(notebook) == []
