"""The list of chapters on the landing page, made from the table of contents."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from qkv.notebook.files import read_notebook, read_text
from qkv.publish.prose import headings
from qkv.publish.reading import STATED


def parts(book: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each part of the book that has chapters: its caption, and their names in order."""
    toc = yaml.safe_load(read_text(book / "_toc.yml"))
    for part in toc.get("parts", []):
        files = [entry.get("file", "") for entry in part.get("chapters", [])]
        names = [file.removeprefix("chapters/") for file in files if file.startswith("chapters/")]
        if names:
            yield part.get("caption", ""), names


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
