"""The book's look: one matplotlib style, applied on import, and one way to show a figure.

The colours are Okabe and Ito's eight, which readers with any kind of colour vision tell apart; the
cycle changes the line style with the colour, so that a figure also reads in grey. Text is as large
as it must be for a phone 360 pixels wide.
"""

import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from IPython.display import display
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Line
from matplotlib.text import Text
from PIL import Image, ImageChops, ImageDraw

from qkv.errors import QkvError
from qkv.figure import figure_bundle, require_alt, shown_size

INK, MUTED, LINE = "#1b2733", "#5a6775", "#d5dbe1"
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
AMBER, SKY = "#e69f00", "#56b4e9"
COLOURS = [BLUE, ORANGE, GREEN, PINK, AMBER, SKY]
DASH, DOT, DASH_DOT = (0, (5, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.6, 1.2, 1.6))
LINES = ["-", DASH, DOT, DASH_DOT, (0, (9, 2)), (0, (3, 1, 1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P"]
DPI = 200
CORNER = 0.08  # inches
PHONE, LEAST = 328, 9  # pixels: how wide a phone shows a figure, and how small text may be there
SEEN = 255  # colours of a palette; the one after them cannot be seen


@dataclass(frozen=True)
class Look:
    """How one thing is drawn wherever the book draws it: colour, line style and marker."""

    color: str
    line: Any
    marker: str


# What more than one figure shows: one name, one look. The name is what the legend says.
LOOKS = {
    "this page's run": Look(INK, "-", "x"),
    "query": Look(ORANGE, DASH, "s"),
    "key": Look(BLUE, "-", "o"),
    "context": Look(GREEN, DASH_DOT, "^"),
    "RNN": Look(BLUE, "-", "o"),
    "LSTM": Look(AMBER, DASH, "s"),
    "GRU": Look(PINK, DOT, "^"),
    "LSTM, one vector": Look(ORANGE, DOT, "s"),
    "LSTM, attention": Look(BLUE, DASH, "o"),
    "LSTM, Bahdanau's loop": Look(AMBER, LINES[5], "v"),
    "LSTM, two layers": Look(SKY, LINES[4], "P"),
    "transformer": Look(GREEN, DASH_DOT, "^"),
    "transformer, rotary": Look(PINK, "-", "D"),
    "additive": Look(BLUE, "-", "o"),
    "bilinear": Look(ORANGE, DASH, "s"),
    "dot": Look(GREEN, DOT, "^"),
    "scaled dot": Look(PINK, DASH_DOT, "D"),
    "with projections": Look(AMBER, LINES[4], "v"),
    "CNN": Look(AMBER, DASH, "v"),
    "self-attention": Look(GREEN, DASH_DOT, "^"),
    "none": Look(MUTED, DOT, "v"),
    "sinusoidal": Look(GREEN, DASH_DOT, "^"),
    "learned": Look(AMBER, DASH, "s"),
    "rotary": Look(PINK, "-", "D"),
}

# White to blue: the darker, the more.
SEQUENTIAL = LinearSegmentedColormap.from_list("qkv", ["#f7fafc", "#8db4d3", "#2a5d8f", "#0d2a48"])

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=LINES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.figsize": (5.2, 3.2),
    "font.family": ["DejaVu Sans"],
    "font.size": 12,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "image.interpolation": "nearest",
    "legend.borderaxespad": 0.2,
    "legend.fontsize": "medium",
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "lines.solid_capstyle": "round",
    "mathtext.fontset": "stixsans",
    "patch.linewidth": 0,
    "savefig.dpi": DPI,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 11.5,
    "xtick.major.size": 0,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 11.5,
    "ytick.major.size": 0,
}


def _use_style():
    """Set the style for this process; use the book's typeface where its package is installed."""
    mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
    if "qkv" not in mpl.colormaps:
        mpl.colormaps.register(SEQUENTIAL)
    mpl.rcParams["image.cmap"] = "qkv"
    package = find_spec("font_source_sans_pro")
    if package is not None and package.origin:
        folder = Path(package.origin).parent / "files"
        for weight in ("Regular", "It", "Semibold", "Bold"):
            font_manager.fontManager.addfont(folder / f"SourceSansPro-{weight}.ttf")
        # The second family serves the glyphs that the first one lacks, arrows for example.
        mpl.rcParams["font.family"] = ["Source Sans Pro", "DejaVu Sans"]
        mpl.rcParams["font.size"] = 12.5


def look(name: str, **changes: Any) -> dict[str, Any]:
    """Return Matplotlib's arguments for the line of a thing that the book draws more than once.

    They are color, ls, marker and the label, which is the name; `changes` go over them.

    Raises `QkvError` for a name that is not in `LOOKS`.
    """
    if name not in LOOKS:
        raise QkvError(
            f"{name!r} has no look of its own: take one of {', '.join(LOOKS)}, or add it to LOOKS"
        )
    its = LOOKS[name]
    return {"color": its.color, "ls": its.line, "marker": its.marker, "label": name} | changes


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure to draw a structure on, and its axes, which count in inches."""
    fig = plt.figure(figsize=(width, height), layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    return fig, ax


def _frame(marked: bool, changes: dict[str, Any]) -> dict[str, Any]:
    """Return how the frame of a mark is drawn: what is `marked` is filled and has a thick edge."""
    plain = {"fc": "white", "ec": MUTED, "lw": 1.1, "zorder": 3}
    return plain | ({"fc": SKY, "ec": INK, "lw": 2.2} if marked else {}) | changes


def _name(ax: Axes, x: float, y: float, text: str, marked: bool, changes: dict[str, Any]) -> None:
    """Write the text of a mark around its middle."""
    look: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 4, "linespacing": 1.05}
    ax.text(x, y, text, **look | {"weight": "bold" if marked else "normal"} | changes)


def box(
    ax: Axes,
    x: float,
    y: float,
    text: str = "",
    width: float = 0.8,
    height: float = 0.4,
    *,
    marked: bool = False,
    name: dict[str, Any] | None = None,
    **frame: Any,
) -> None:
    """Draw a box with round corners around (x, y), and its text: a part of a structure.

    `marked` sets it off from the others; `name` and `frame` are Matplotlib's arguments for the
    text and the frame.
    """
    corner = (x - width / 2, y - height / 2)
    style = {"boxstyle": "round,pad=0,rounding_size=0.06"}
    ax.add_patch(FancyBboxPatch(corner, width, height, **_frame(marked, style | frame)))
    _name(ax, x, y, text, marked, name or {})


def ring(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    radius: float = 0.13,
    *,
    marked: bool = False,
    name: dict[str, Any] | None = None,
    **frame: Any,
) -> None:
    """Draw a ring with a sign in it: something done number by number, without weights.

    The arguments are those of `box`.
    """
    ax.add_patch(Circle((x, y), radius, **_frame(marked, frame)))
    _name(ax, x, y, text, marked, name or {})


def arrow(ax: Axes, *points: tuple[float, float], head: bool = True, **line: Any) -> None:
    """Draw a line through the points, with a head at the last one."""
    look: dict[str, Any] = {"color": INK, "lw": 1.3, "zorder": 2, "mutation_scale": 11}
    ends = {"arrowstyle": "-|>" if head else "-", "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(path=Line(points), **ends | {"joinstyle": "round"} | look | line))


def picture(fig: Figure, dpi: int = DPI) -> Image.Image:
    """Return the matplotlib figure drawn on white as an RGB image of `dpi` dots per inch."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    return Image.open(buffer).convert("RGB")


def few_colours(image: Image.Image, colours: int = SEEN) -> Image.Image:
    """Return the image with a palette when that changes nothing one can see, else unchanged.

    A line drawing shrinks to a third; a photograph is left alone.
    """
    small = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return small if image.getcolors(maxcolors=20 * colours) else image


def png(fig: Figure, dpi: int = DPI) -> bytes:
    """Return the figure as a small PNG: the same drawing gives the same bytes, on any day.

    It is a white card with round corners: ink on transparent ground would be lost in a dark
    JupyterLab or on a dark code host, and a square of white looks torn out.
    """
    image = few_colours(picture(fig, dpi))
    card = Image.new("L", image.size)
    edge = (0, 0, image.width - 1, image.height - 1)
    ImageDraw.Draw(card).rounded_rectangle(edge, radius=round(CORNER * dpi), fill=255)
    corners = ImageChops.invert(card)
    options = {}
    if image.mode == "P":
        palette = (image.getpalette() or [])[: 3 * SEEN]
        none = options["transparency"] = len(palette) // 3
        image.putpalette([*palette, 255, 255, 255])
        image.paste(none, mask=corners)
    else:
        image.putalpha(card)
    buffer = io.BytesIO()
    image.save(buffer, format="png", optimize=True, dpi=(dpi, dpi), **options)
    return buffer.getvalue()


def check_text(name: str | None, fig: Figure) -> None:
    """Raise `QkvError` where a phone would show some text of the figure too small to read.

    A phone 360 pixels wide has 328 for a figure; a picture that is wider shrinks, and its text too.
    """
    inches = max(fig.get_figwidth(), PHONE / 96)
    texts = [
        text
        for text in fig.findobj(Text)
        if isinstance(text, Text) and text.get_visible() and text.get_text().strip()
    ]
    small = min(texts, key=lambda text: text.get_fontsize(), default=None)
    if small is None:
        return
    size = small.get_fontsize() / 72 * PHONE / inches  # type: ignore[operator]
    if size < LEAST:
        raise QkvError(
            f"figure {name!r} is {inches:.1f} inches wide and has {small.get_text()!r} in "
            f"{small.get_fontsize():.1f} points, which is {size:.1f} pixels on a phone and must be "
            f"{LEAST}: draw it narrower (the book's figures are 5.2 wide), or write it larger"
        )


def show(fig: Figure, *, name: str | None = None, caption: str | None = None, alt: str) -> None:
    """Show a matplotlib figure as the book does, numbered and with its caption, and close it.

    `name` is what `{numref}` refers to (`"fig-lengths"`), `caption` MyST text, `alt` a sentence
    that says what the figure shows to a reader who cannot see it.

    Raises `QkvError` when `alt` is empty, and when text would be too small on a phone.
    """
    require_alt(name, alt)
    check_text(name, fig)
    still = png(fig)
    plt.close(fig)
    bundle = figure_bundle(name=name, caption=caption, alt=alt, still=still)
    display(bundle, metadata=shown_size(still), raw=True)


_use_style()
