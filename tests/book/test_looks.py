"""One thing has one look through the book: figure cells take it from `plot.LOOKS`."""

import ast
import json
import re
from pathlib import Path

import pytest

from qkv import plot
from qkv.errors import QkvError

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
COLOUR = re.compile(r"BLUE|ORANGE|GREEN|PINK|AMBER|SKY|COLOURS|LINES|MARKERS")


def own_looks(source: str) -> list[str]:
    """Return the named things of a figure cell that get a look which is not the table's."""
    found = []
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.Call | ast.Tuple | ast.Dict) and {
            part.value
            for part in ast.walk(node)
            if isinstance(part, ast.Constant) and part.value in plot.LOOKS
        }
        if not named:
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"look", "show"}:
            continue
        literal = any(
            isinstance(part, ast.Attribute) and COLOUR.fullmatch(part.attr)
            for part in ast.walk(node)
        )
        labelled = isinstance(node, ast.Call) and any(
            keyword.arg == "label"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value in plot.LOOKS
            for keyword in node.keywords
        )
        if literal or labelled:
            found += sorted(named)
    return found


def figure_cells(path):
    """Return the sources of a chapter's cells that draw a figure, with their numbers."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [
        (number, "".join(cell["source"]))
        for number, cell in enumerate(cells)
        if "figure" in cell["metadata"].get("tags", ())
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_what_has_a_look_is_drawn_with_it(path):
    wrong = {number: own_looks(source) for number, source in figure_cells(path)}
    assert not {number: names for number, names in wrong.items() if names}


@pytest.mark.parametrize(
    "source",
    [
        'draw_band(ax, runs, "LSTM, one vector", "s", plot.ORANGE, "--")',
        'ax.plot(x, y, label="transformer")',
        'looks = zip(("additive", "dot"), plot.MARKERS, plot.COLOURS)',
    ],
)
def test_a_look_of_its_own_is_found(source):
    assert own_looks(source)


def test_no_two_things_of_one_figure_look_alike():
    for together in (
        ("LSTM, one vector", "LSTM, attention", "transformer", "transformer, rotary"),
        ("LSTM, one vector", "LSTM, attention", "LSTM, Bahdanau's loop", "transformer, rotary"),
        ("LSTM, attention", "LSTM, two layers", "LSTM, Bahdanau's loop"),
        ("additive", "bilinear", "dot", "scaled dot"),
        ("additive", "scaled dot", "with projections"),
        ("none", "sinusoidal", "learned", "rotary"),
        ("RNN", "LSTM", "GRU"),
        ("RNN", "CNN", "self-attention"),
    ):
        looks = [plot.LOOKS[name] for name in together]
        for part in ("color", "line", "marker"):
            assert len({str(getattr(look, part)) for look in looks}) == len(looks), (part, together)


def test_a_look_is_what_matplotlib_draws_with_and_can_be_changed():
    look = plot.look("transformer", marker=None, ms=4)
    assert look["color"] == plot.GREEN
    assert (look["label"], look["marker"], look["ms"]) == ("transformer", None, 4)


def test_a_thing_without_a_look_is_named():
    with pytest.raises(QkvError, match="'mamba' has no look of its own"):
        plot.look("mamba")
