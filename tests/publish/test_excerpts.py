"""What the search quotes: the words of a page as it is read, and nothing else."""

import contextlib
import json

import nbformat
import pytest
from tiny_book import code, output, png, write_book

from qkv.publish.build import build_site

CHAPTER = r"""# Sample *words*

The first words {cite:t}`bahdanau2015`, of a {term}`query`.

## Part with $\sqrt{d}$

Here $\hat{y} = \frac{1}{2}$ stands, and then

$$
\sum_{i=1}^{n} x_i
$$ (eq-sum)

after it {eq}`eq-sum`.

```python
secret = 1
```

<b>bold</b>

| one | two |
|-----|-----|
| left | right |

> **Note**
>
> An aside.

% A comment.

### Deeper

See {numref}`fig-line`."""

INDEX = """# A tiny book

```{glossary}
query
  What is *being* asked.

key
token
  What a {term}`query` meets: $k$.
```

plain
: A definition that is no term.

```{bibliography}
```
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    book = write_book(tmp_path_factory.mktemp("excerpts") / "book")
    (book / "book/index.md").write_text(INDEX)
    figure = output(name="fig-line", caption="A *line* of $x^2$.", alt="Never said.", still=png())
    quiz = output(name=None, caption=None, alt="Asked?", module="quiz", state={"q": "asked"})
    printed = nbformat.v4.new_output("stream", text="printed words")
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}},
        cells=[
            nbformat.v4.new_markdown_cell(CHAPTER),
            code("hidden_name = 2", 1, [figure, printed]),
            code("ask()", 2, [quiz], ["quiz", "remove-input"]),
            nbformat.v4.new_markdown_cell("## Last\n\nThe end.\n\n"),
        ],
    )
    nbformat.write(notebook, book / "chapters/01_sample.ipynb")
    with contextlib.chdir(book):
        build_site()
    return book / "_build/html"


@pytest.fixture(scope="module")
def pages(site):
    text = (site / "_static/excerpts.js").read_text("utf-8")
    assert text.startswith("window.qkvExcerpts = ")
    told = json.loads(text.removeprefix("window.qkvExcerpts = ").removesuffix(";\n"))
    return {docname: (title, number, places) for docname, title, number, places in told}


def words(pages, name, anchor):
    (found,) = [text for place, _, text, _ in pages[name][2] if place == anchor]
    return found


def test_a_page_has_its_title_its_number_and_its_sections_in_order(pages):
    title, number, places = pages["chapters/01_sample"]
    assert (title, number) == ("Sample words", "1")
    assert [(anchor, heading, term) for anchor, heading, _, term in places] == [
        ("", "Sample words", False),
        ("part-with-sqrt-d", "Part with √d", False),
        ("deeper", "Deeper", False),
        ("last", "Last", False),
    ]


def test_every_anchor_stands_in_its_page(pages, site):
    assert list(pages) == ["chapters/01_sample", "book/index"]
    for docname, (_, _, places) in pages.items():
        html = (site / f"{docname}.html").read_text("utf-8")
        assert all(f'id="{anchor}"' in html for anchor, *_ in places if anchor)


def test_references_are_the_words_that_the_reader_sees(pages):
    said = words(pages, "chapters/01_sample", "")
    assert said.startswith("The first words Bahdanau et al. [2015], of a query.")
    assert "See Fig. 1.1." in words(pages, "chapters/01_sample", "deeper")


def test_formulas_are_said_and_code_is_not(pages):
    said = words(pages, "chapters/01_sample", "part-with-sqrt-d")
    assert said == (
        "Here y-hat = 1/2 stands, and then ∑ from i=1 to n of xᵢ after it (1.1). bold "
        "one two left right Note An aside."
    )


def test_captions_are_quoted_and_outputs_and_quick_checks_are_not(pages):
    assert words(pages, "chapters/01_sample", "deeper") == "See Fig. 1.1. A line of x²."


def test_a_term_is_a_place_of_its_own_with_its_text(pages):
    places = pages["book/index"][2]
    assert [place for place in places if place[3]] == [
        ["term-query", "query", "What is being asked.", True],
        ["term-key", "key, token", "What a query meets: k.", True],
    ]
    assert places[0][:2] == ["", "A tiny book"]
    assert "asked" not in places[0][2]
    assert "A definition that is no term." in places[0][2]
