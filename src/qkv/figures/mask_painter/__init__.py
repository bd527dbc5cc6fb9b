"""A mask to paint: who may look at whom, and what softmax makes of it."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

MAX_TOKENS = 16
PAD = "<pad>"
PRESETS = ["none", "causal", "padding", "window"]


def preset_mask(preset, tokens, window) -> np.ndarray:
    """Return the mask (time, time) of a preset, true where a query may look.

    "none" hides nothing, "causal" what comes later, "padding" every `<pad>` as a key, "window"
    what is more than `window` places away.
    """
    query, key = np.indices((len(tokens), len(tokens)))
    return {
        "none": query >= 0,
        "causal": key <= query,
        "padding": np.array([token != PAD for token in tokens])[key],
        "window": np.abs(query - key) <= window,
    }[preset]


class MaskPainter(LiveFigure):
    """A grid of attention weights in which the reader paints who may look at whom.

    `scores` are (time, time), before softmax and already divided by √d: queries in rows, keys in
    columns, both named by `tokens`. `preset` ("none", "causal", "padding" or "window") is the mask
    it starts with; the reader can take any of them and paint on. "padding" hides the tokens
    `<pad>`, and is offered where there is one; "window" hides what is more than `window` places
    away.

    `mask` is (time, time), true where the query may look.

    Raises `QkvError` for scores that are not finite or do not fit the tokens, for more than 16
    tokens and for an unknown preset.
    """

    module = "mask_painter"

    tokens = traitlets.List().tag(sync=True)
    scores = traitlets.List().tag(sync=True)
    presets = traitlets.List().tag(sync=True)
    mask = traitlets.List().tag(sync=True)

    def __init__(self, tokens, scores, *, preset="none", window=1, name=None, caption=None, alt):
        """Store the scores in single precision, and each preset's mask by name."""
        tokens = [str(token) for token in tokens]
        if hasattr(scores, "detach"):
            scores = scores.detach().cpu()
        scores = np.asarray(scores, np.float32)
        time = len(tokens)
        if not 2 <= time <= MAX_TOKENS:
            raise QkvError(f"there are {time} tokens: paint with two to {MAX_TOKENS}")
        if scores.shape != (time, time):
            raise QkvError(
                f"scores has the shape {scores.shape} but there are {time} tokens: "
                f"give ({time}, {time})"
            )
        if not np.isfinite(scores).all():
            raise QkvError("scores holds numbers that are not finite: give them without a mask")
        if not 0 <= window < time:
            raise QkvError(f"window={window}: give a number of places from 0 to {time - 1}")
        offered = [each for each in PRESETS if each != "padding" or PAD in tokens]
        if preset not in offered:
            raise QkvError(f"preset={preset!r}: choose one of {', '.join(offered)}")
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            tokens=tokens,
            scores=scores.tolist(),
            presets=[[each, preset_mask(each, tokens, window).tolist()] for each in offered],
            mask=preset_mask(preset, tokens, window).tolist(),
        )

    def still(self) -> bytes:
        """Return a PNG of the weights under the mask as it is now."""
        mask = np.array(self.mask)
        scores = np.where(mask, self.scores, -np.inf)
        with np.errstate(invalid="ignore"):
            weights = np.exp(scores - scores.max(1, keepdims=True))
            weights /= weights.sum(1, keepdims=True)
        time = len(weights)
        side = min(0.5, 3.4 / time)
        fig, ax = plt.subplots(figsize=(5.2, 1.3 + side * time))
        image = ax.imshow(np.where(mask, weights, np.nan), vmin=0, vmax=1, cmap="qkv")
        for r, c in np.argwhere(~mask):
            corner = (c - 0.5, r - 0.5)
            ax.add_patch(
                plt.Rectangle(corner, 1, 1, fill=False, hatch="////", edgecolor=plot.LINE, lw=0)
            )
        ax.set_xticks(range(time), self.tokens, rotation=90 if time > 6 else 0)
        ax.set_yticks(range(time), self.tokens)
        ax.set(xlabel="key", ylabel="query")
        ax.grid(False)
        fig.colorbar(image, ax=ax, shrink=0.8, label="weight").outline.set_visible(False)
        picture = plot.png(fig)
        plt.close(fig)
        return picture
