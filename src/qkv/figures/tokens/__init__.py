"""Text in, tokens out: the reader types, the browser cuts."""

import itertools
import re
import warnings

import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

# Small-letter words, numbers, other signs; and, for byte-pair encoding, words with the space before
# them, runs of other signs, and the white space that is left.
WORD = r"[a-z_]+(?:'[a-z]+)?|[0-9]+|[^\sa-z0-9_]"
PIECE = r" ?[A-Za-z0-9_]+| ?[^A-Za-z0-9_ \n\t]+|[ \n\t]"

# How white space is drawn.
SIGNS = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})

# What Python's \w and \s mean, in words that a browser knows: there, \w is ASCII alone.
CLASSES = {
    "w": r"\p{L}\p{N}_",
    "s": r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


class Tokens(LiveFigure):
    """A text box and its tokens: characters, words, or byte-pair encoding up to any merge.

    `merges` are pairs of symbols in the order they were learned, `vocabulary` the known words in
    the order of their ids, `text` what the box holds at first. `characters` are the symbols that
    byte-pair encoding starts from (default: those that occur in `merges`, sorted). Ids count
    the characters, then one for each merge (a symbol that two merges make has the later one), then
    `<unk>`.

    Byte-pair encoding cuts what the regular expression `pattern` finds (a word with the space
    before it) into Unicode characters, and applies the merges, the earliest learned first. Words
    are what `word_pattern` finds in the text, with `lowercase` in the text in small letters.

    Raises `QkvError` for a merge that is no pair and when the lists are too large for a page.
    """

    module = "tokens"
    smaller = "keep fewer merges or a smaller vocabulary"

    merges = traitlets.List().tag(sync=True)
    vocabulary = traitlets.List().tag(sync=True)
    characters = traitlets.List().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    tokeniser = traitlets.Enum(["characters", "words", "pairs"], "pairs").tag(sync=True)
    n_merges = traitlets.Int().tag(sync=True)
    pattern = traitlets.Unicode().tag(sync=True)
    word_pattern = traitlets.Unicode().tag(sync=True)
    lowercase = traitlets.Bool().tag(sync=True)

    def __init__(
        self, merges, vocabulary, text, *, characters=None, pattern=PIECE, word_pattern=WORD,
        lowercase=True, name=None, caption=None, alt,
    ):  # fmt: skip
        """Take plain lists, so that the figure knows no chapter."""
        for rank, merge in enumerate(merges):
            if isinstance(merge, str) or len(merge) != 2:
                raise QkvError(f"merge {rank} is {merge!r}: give pairs such as ('t', 'h')")
        if characters is None:
            characters = sorted({letter for pair in merges for symbol in pair for letter in symbol})
        self._python_pattern = pattern
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            merges=[list(merge) for merge in merges],
            vocabulary=list(vocabulary),
            characters=list(characters),
            text=text,
            n_merges=len(merges),
            pattern=for_browser(pattern),
            word_pattern=for_browser(word_pattern),
            lowercase=lowercase,
        )

    def still(self) -> bytes:
        """Return a PNG of the text and of its byte-pair tokens as the figure starts."""
        with warnings.catch_warnings():
            # A script that the typeface lacks shows as a box, and that is all there is to say.
            warnings.filterwarnings("ignore", "Glyph")
            return self._draw()

    def _draw(self):
        tokens = self._encode(self.text)
        figure = Figure(figsize=(7, 1.0), layout="none")  # type: ignore[arg-type]
        axes = figure.add_axes((0.02, 0, 0.96, 1))
        axes.axis("off")
        renderer = FigureCanvasAgg(figure).get_renderer()
        x, y, width, line = 0.0, 0.0, 6.72, 0.42
        for token in tokens:
            shown = axes.text(0, 0, token.translate(SIGNS), parse_math=False)
            across = shown.get_window_extent(renderer).width / figure.dpi + 0.16
            if x + across > width and x > 0:
                x, y = 0.0, y - line
            shown.set_position((x + across / 2, y))
            shown.set(ha="center", va="center")
            box = FancyBboxPatch(
                (x + 0.03, y - 0.15), across - 0.06, 0.3, boxstyle="round,pad=0,rounding_size=0.05"
            )
            box.set(facecolor="#eef3f8", edgecolor=plot.MUTED, linewidth=0.8)
            axes.add_patch(box)
            x += across
        rows = round(-y / line) + 1
        figure.set_size_inches(7, line * rows + 0.1)
        axes.set(xlim=(0, width), ylim=(y - line / 2 - 0.05, line / 2 + 0.05))
        return plot.png(figure, dpi=120)

    def _encode(self, text):
        """The byte-pair tokens of `text`, as the module in the browser finds them."""
        rank = {tuple(merge): i for i, merge in enumerate(self.merges)}
        tokens = []
        for match in re.finditer(self._python_pattern, text):
            symbols = list(match[0])
            while True:
                pairs = [rank.get(pair, len(rank)) for pair in itertools.pairwise(symbols)]
                if min(pairs, default=len(rank)) == len(rank):
                    break
                # Left to right: the first of the earliest learned pairs.
                at = pairs.index(min(pairs))
                symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
            tokens += symbols
        return tokens


def for_browser(pattern: str) -> str:
    r"""Return a Python regular expression with `\w`, `\s`, `\W` and `\S` spelt out for JavaScript.

    Raises `QkvError` for `\W` and `\S` inside brackets, which cannot be spelt out there.
    """

    def spelt(match):
        escape, bracket = match["escape"], match["bracket"]
        if bracket:
            if re.search(r"\\[WS]", bracket):
                raise QkvError(rf"{bracket} has \W or \S in brackets: write [^\w] or [^\s]")
            return re.sub(r"\\([ws])", lambda inner: CLASSES[inner[1]], bracket)
        if escape in ("\\w", "\\s"):
            return f"[{CLASSES[escape[1]]}]"
        if escape in ("\\W", "\\S"):
            return f"[^{CLASSES[escape[1].lower()]}]"
        return escape

    return re.sub(r"(?P<bracket>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\.)", spelt, pattern)
