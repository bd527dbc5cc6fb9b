"""The list of chapters on the landing page, made from the table of contents."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from qkv.notebook.files import read_notebook
from qkv.notebook.toc import number_of, parts
from qkv.publish.prose import headings
from qkv.publish.reading import STATED


def entry(book: Path, name: str) -> str:
    """Return a chapter's line: its number and title, what it is about, and how long it takes.

    What it is about stands in the notebook's metadata, `qkv` → `about`, in one sentence.
    """
    notebook = read_notebook(book / "chapters" / f"{name}.ipynb")
    prose = "\n\n".join(c["source"] for c in notebook["cells"] if c["cell_type"] == "markdown")
    title = next((text for level, text in headings(prose) if level == 1), name)
    about = notebook["metadata"].get("qkv", {}).get("about", "")
    minutes = STATED.search(prose.replace("*", ""))
    time = f" *{minutes[1]} minutes.*" if minutes else ""
    number = number_of(name)
    mark = "-" if number is None else f"{number}."
    return f"{mark} **[{title}](../chapters/{name}).** {about}{time}"


def in_order(names: list[str]) -> list[list[str]]:
    """Return `names` in groups whose numbers follow each other, since a list counts by itself."""
    groups: list[list[str]] = []
    last = None
    for name in names:
        number = number_of(name)
        if not groups or number is None or last is None or number != last + 1:
            groups.append([])
        groups[-1].append(name)
        last = number
    return groups


class ChaptersDirective(SphinxDirective):
    """`{qkv-chapters}`: every chapter of `_toc.yml`, part by part."""

    def run(self) -> list[nodes.Node]:
        """Return a heading and a numbered list for each part."""
        book = Path(self.env.srcdir)
        self.env.note_dependency(str(book / "_toc.yml"))
        node = nodes.container(classes=["qkv-arc"])
        for caption, names in parts(book):
            for name in names:
                self.env.note_dependency(str(book / "chapters" / f"{name}.ipynb"))
            lists = [[entry(book, name) for name in group] for group in in_order(names)]
            for lines in [[f"**{caption}**"], *lists]:
                self.state.nested_parse(StringList(lines, self.env.docname), 0, node)
        return [node]
