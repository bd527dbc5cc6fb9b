"""Live figures: one Python class and one ES module each, alive in Jupyter and on the page."""

from qkv.live.dot_product import DotProduct
from qkv.live.heads import Heads
from qkv.live.heatmap import Heatmap
from qkv.live.mask_painter import MaskPainter
from qkv.live.scatter import Scatter
from qkv.live.sweep import Sweep
from qkv.live.tokens import Tokens
from qkv.live.trace import Trace
from qkv.live.transformer_flow import TransformerFlow
from qkv.live.translator import Translator
from qkv.live.waves import Waves

__all__ = [
    "DotProduct",
    "Heads",
    "Heatmap",
    "MaskPainter",
    "Scatter",
    "Sweep",
    "Tokens",
    "Trace",
    "TransformerFlow",
    "Translator",
    "Waves",
]
