"""What captions and alternative texts say holds in every theme."""

import ast
import json
import re

import pytest

from qkv.paths import root

SHADES = re.compile(r"\b(dark|light|bright|pale)(er|est)?\b", re.I)


def said(source):
    """Return the strings that a cell gives as captions and alternative texts."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg in ("caption", "alt", "describe"):
            strings = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
            yield " ".join(string for string in strings if isinstance(string, str))


@pytest.mark.parametrize(
    "path", sorted((root() / "chapters").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_no_caption_names_data_by_dark_and_light_which_trade_places_in_the_dark_theme(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    figures = [c for c in cells if "figure" in c["metadata"].get("tags", ())]
    assert figures
    texts = [text for cell in figures for text in said("".join(cell["source"]))]
    assert texts
    assert [text for text in texts if SHADES.search(text)] == []
