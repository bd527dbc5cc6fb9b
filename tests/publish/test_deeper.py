"""Sections that go deeper: what is folded on a page, and what is not."""

from types import SimpleNamespace

import pytest
from docutils import nodes

from qkv.publish.deeper import deeper, fold_deeper


def page(*titles):
    """A page with a section for each title, each with two paragraphs."""
    sections = [
        nodes.section(
            "",
            nodes.title("", title),
            nodes.paragraph("", "one"),
            nodes.paragraph("", "two"),
            ids=[title],
        )
        for title in titles
    ]
    document = nodes.document(None, None)
    document += sections
    return document


def folded(document, kind="html"):
    app = SimpleNamespace(builder=SimpleNamespace(format=kind))
    fold_deeper(app, document, "page")
    return [fold.parent["ids"][0] for fold in document.findall(deeper)]


def test_only_sections_that_go_deeper_are_folded_and_nothing_is_lost():
    document = page("A section", "Going deeper: more", "About going deeper")
    words = document.astext()
    assert folded(document) == ["Going deeper: more"]
    assert document.astext() == words
    fold = document.next_node(deeper)
    assert [child.astext() for child in fold] == ["one", "two"]
    assert isinstance(fold.parent.children[0], nodes.title)


@pytest.mark.parametrize("kind", ["latex", "text"])
def test_elsewhere_than_on_a_page_nothing_is_folded(kind):
    assert folded(page("Going deeper: more"), kind) == []


def test_sections_inside_one_that_goes_deeper_are_folded_with_it():
    document = page("Going deeper: more")
    inner = page("Inside").children[0]
    document.children[0] += inner
    assert folded(document) == ["Going deeper: more"]
    assert isinstance(inner.parent, deeper)
