"""What live figures share, and those that any chapter may use: alive in Jupyter and on the page.

A figure of one chapter has a folder of its own in `qkv.figures`.
"""

from qkv.live.heatmap import Heatmap
from qkv.live.scatter import Scatter
from qkv.live.sweep import Sweep

__all__ = ["Heatmap", "Scatter", "Sweep"]
