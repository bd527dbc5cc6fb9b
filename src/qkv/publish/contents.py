"""The list of chapters on the landing page, made from the table of contents."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from qkv.notebook.files import read_notebook
from qkv.notebook.toc import parts
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
    return f"{int(name[:2])}. **[{title}](../chapters/{name}).** {about}{time}"


class ChaptersDirective(SphinxDirective):
    """`{qkv-chapters}`: every chapter of `_toc.yml`, part by part."""

    def run(self) -> list[nodes.Node]:
        """Return a heading and a numbered list for each part."""
        book = Path(self.env.srcdir)
        self.env.note_dependency(str(book / "_toc.yml"))
        lines: list[str] = []
        for caption, names in parts(book):
            for name in names:
                self.env.note_dependency(str(book / "chapters" / f"{name}.ipynb"))
            lines += [f"**{caption}**", "", *(entry(book, name) for name in names), ""]
        node = nodes.container(classes=["qkv-arc"])
        self.state.nested_parse(StringList(lines, self.env.docname), 0, node)
        return [node]
