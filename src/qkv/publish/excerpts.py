"""What the search looks through and quotes: the words of every section and of every term.

The words are those of the page as it is read: no navigation, no code, no quick check, and formulas
as they are said. They are a classic script, so that the search works from a file, too.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import toctree
from sphinx.application import Sphinx
from sphinx.util.nodes import clean_astext

from qkv.markup.formula import readable

FILE = "excerpts.js"
MATH = (nodes.math, nodes.math_block)
# What is no prose, or is not shown.
SILENT = (
    nodes.literal_block,
    nodes.doctest_block,
    nodes.raw,
    nodes.image,
    nodes.comment,
    nodes.system_message,
    nodes.target,
    nodes.substitution_definition,
    toctree,
)
ASIDE = {"qkv-plain", "qkv-arc", "tag_quiz", "tag_remove-cell"}  # quick checks, lists of links


@dataclass
class Excerpt:
    """A place that a search may find; its place on the page is "" for the top of the page."""

    anchor: str
    heading: str
    text: str
    term: bool = False  # an entry of a glossary


@dataclass
class PageExcerpts:
    """A page and what may be found on it, in its order."""

    docname: str
    title: str
    number: str
    places: list[Excerpt] = field(default_factory=list)


def excerpts(doctree: nodes.document) -> Iterator[Excerpt]:
    """Return the sections and the terms of a page whose references are resolved."""
    sections = list(doctree.findall(nodes.section))
    for place, section in enumerate(sections):
        title = section.next_node(nodes.title)
        text = _joined(child for child in section.children if child is not title)
        yield Excerpt(section["ids"][0] if place else "", _said(title) if title else "", text)
    for item in filter(_is_term, doctree.findall(nodes.definition_list_item)):
        terms = list(item.findall(nodes.term))
        words = _joined(part for part in item if part not in terms)
        yield Excerpt(terms[0]["ids"][0], _joined(terms, ", "), words, term=True)


def write_excerpts(folder: Path, pages: Iterable[PageExcerpts]) -> None:
    """Write the script that holds the excerpts of all pages into `folder`.

    It sets `qkvExcerpts`: [docname, title, number, [[anchor, heading, text, is a term], …]] a page.
    """
    told = [
        [page.docname, page.title, page.number, [astuple(place) for place in page.places]]
        for page in pages
    ]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(f"window.qkvExcerpts = {text};\n", "utf-8")


def keep_excerpts(app: Sphinx, docname: str, doctree: nodes.document) -> None:
    """Keep what the search may find on a page that is about to be written."""
    title = clean_astext(app.env.titles[docname])
    number = ".".join(map(str, app.env.titles[docname].get("secnumber") or ()))
    _kept(app)[docname] = PageExcerpts(docname, title, number, list(excerpts(doctree)))


def store_excerpts(app: Sphinx) -> list:
    """Write the kept excerpts, in the order of the book, before the search page is made."""
    kept = _kept(app)
    order = [name for name in app.env.toctree_includes.get(app.config.root_doc, []) if name in kept]
    rest = sorted(kept.keys() - set(order))
    write_excerpts(Path(app.outdir) / "_static", [kept[name] for name in [*order, *rest]])
    return []


def _kept(app: Sphinx) -> dict[str, PageExcerpts]:
    return app.builder.__dict__.setdefault("qkv_excerpts", {})


def _joined(parts: Iterable[nodes.Node], between: str = " ") -> str:
    return between.join(said for part in parts if (said := _said(part)))


def _said(node: nodes.Node) -> str:
    """Return the words of a node in one line."""
    return " ".join("".join(_words(node)).split())


def _words(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Text):
        yield node.astext()
    elif isinstance(node, MATH):
        said = readable(node.astext())
        yield f" {said} " if isinstance(node, nodes.math_block) else said
    elif isinstance(node, nodes.Element) and not _is_silent(node):
        for child in node.children:
            yield from _words(child)
        if not isinstance(node, nodes.Inline):
            yield " "


def _is_silent(node: nodes.Element) -> bool:
    return (
        isinstance(node, (*SILENT, nodes.section))
        or bool(ASIDE & set(node.get("classes", [])))
        or _is_term(node)
    )


def _is_term(node: nodes.Element) -> bool:
    """Return whether a node is an entry of a glossary, which has a place of its own."""
    return isinstance(node, nodes.definition_list_item) and any(
        name.startswith("term-") for term in node.findall(nodes.term) for name in term["ids"]
    )
