"""Live figures: one Python class and one ES module each, alive in Jupyter and on the page."""

from qkv.live.heads import Heads
from qkv.live.heatmap import Heatmap
from qkv.live.scatter import Scatter
from qkv.live.sweep import Sweep
from qkv.live.tokens import Tokens
from qkv.live.transformer_flow import TransformerFlow
from qkv.live.translator import Translator

__all__ = [
    "Heads",
    "Heatmap",
    "Scatter",
    "Sweep",
    "Tokens",
    "TransformerFlow",
    "Translator",
]
