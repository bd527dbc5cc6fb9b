"""Sections that go deeper: folded on the page, and needed by nothing later."""

from docutils import nodes
from sphinx.application import Sphinx

MARK = "Going deeper"  # how the heading of such a section begins


class deeper(nodes.Element):  # noqa: N801 (docutils names its nodes in lower case)
    """What stands under the heading of a section that goes deeper."""


def fold_deeper(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Fold each section of a page whose heading begins with `MARK`; the heading stays."""
    if app.builder.format != "html":
        return
    for section in list(doctree.findall(nodes.section)):
        title, *rest = section.children
        if title.astext().startswith(MARK) and rest:
            section.children = [title]
            section += deeper("", *rest)


def visit_deeper(translator, node):
    """Open the fold. A browser opens it itself for a link or a search that leads inside."""
    translator.body.append(
        '<details class="qkv-deeper"><summary>Read this section; nothing later needs it</summary>\n'
    )


def depart_deeper(translator, node):
    """Close it."""
    translator.body.append("</details>\n")
