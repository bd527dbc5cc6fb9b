"""A whole book of two pages, small enough to build in a test."""

import base64
import io
import json
import shutil
from pathlib import Path

import nbformat
from PIL import Image

from qkv.figure import figure_bundle

REPOSITORY = Path(__file__).resolve().parents[2]

INDEX = """# A tiny book

See {numref}`fig-line` and {ref}`fig-sweep`.

```{qkv-live} cover
:alt: Six keys around a query.
:name: fig-cover

The cover moves.
```

```{glossary}
query
  What is being asked.
```

```{bibliography}
```
"""

BIB = """@article{bahdanau2015,
  author = {Bahdanau, Dzmitry and Cho, Kyunghyun and Bengio, Yoshua},
  title = {Neural machine translation by jointly learning to align and translate},
  journal = {ICLR}, year = {2015}
}
"""

TOC = """format: jb-book
root: book/index
chapters:
  - file: chapters/01_sample
"""


def png(width=192, height=96, dpi=192):
    """Return a picture of this many pixels."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(stream, "PNG", dpi=(dpi, dpi))
    return stream.getvalue()


def output(**figure):
    """Return the output of a cell that shows a figure."""
    data = figure_bundle(**figure)
    data["application/vnd.qkv.figure+json"] = json.loads(
        json.dumps(data["application/vnd.qkv.figure+json"])
    )
    return nbformat.v4.new_output("display_data", data=data)


def code(source, count, outputs=(), tags=()):
    """Return a code cell that was run."""
    return nbformat.v4.new_code_cell(
        source, execution_count=count, outputs=list(outputs), metadata={"tags": list(tags)}
    )


def sample_chapter():
    """Return a notebook that holds each kind of figure once."""
    return nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "p", "language": "python"},
            # What JupyterLab may store: with it, a book would load scripts from other hosts.
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": {}}}},
        },
        cells=[
            nbformat.v4.new_markdown_cell("# Sample\n\n## First part\n\nSome $x$ here."),
            code(
                "show()",
                1,
                [
                    output(
                        name="fig-line",
                        caption="A *line* of $y = x$ after {cite:t}`bahdanau2015`, with a "
                        "{term}`query`; see {numref}`fig-sweep`.",
                        alt='A line that rises from 0 to 1, "steeply" & <fast>.',
                        still=png(),
                    )
                ],
            ),
            code(
                "Sweep()",
                2,
                [
                    output(
                        name="fig-sweep",
                        caption="A live one.",
                        alt="A bar that grows.",
                        module="sweep",
                        state={"text": "</script><!-- <b>", "frames": [1, 2]},
                        still=png(384, 96),
                    ),
                    output(
                        name="fig-heavy",
                        caption="A heavy one.",
                        alt="A long bar.",
                        module="sweep",
                        state={"text": "x" * 30_000},
                        still=png(384, 192),
                    ),
                ],
            ),
            code(
                "ask()",
                3,
                [
                    output(
                        name=None,
                        caption=None,
                        alt="A question about one-hot vectors.",
                        module="quiz",
                        state={"question": "What is $x$?"},
                    )
                ],
                ["quiz", "remove-input"],
            ),
            code("assert x < 1, f'{x}'", 4, tags=["claim"]),
            nbformat.v4.new_markdown_cell(
                "```{bibliography}\n:list: bullet\n:filter: docname in docnames\n```"
            ),
        ],
    )


def write_book(folder):
    """Write the tiny book into `folder`, with the real book's settings, and return the folder."""
    (folder / "book/site").mkdir(parents=True)
    (folder / "chapters/quiz").mkdir(parents=True)
    shutil.copyfile(REPOSITORY / "_config.yml", folder / "_config.yml")
    shutil.copyfile(REPOSITORY / "constraints.txt", folder / "constraints.txt")
    (folder / "_toc.yml").write_text(TOC)
    (folder / "book/index.md").write_text(INDEX)
    (folder / "book/references.bib").write_text(BIB)
    (folder / "book/site/favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    nbformat.write(sample_chapter(), folder / "chapters/01_sample.ipynb")
    return folder


def picture_of(text):
    """Return the base64 text of bytes, as a notebook stores a picture."""
    return base64.b64encode(text).decode()
