"""Draw, and let it finish: a model of pixels in the page goes on with what the reader paints."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.weights import WeightsFigure, arrays_of


class Painter(WeightsFigure):
    """A grid to paint on; the model guesses the class and paints the rest, pixel by pixel.

    `model` is a trained `PixelTransformer`; `examples` are digits of 64 greys each to begin with.
    `pixels` are the greys as they stand, and the first `given` of them are the reader's.

    Raises `QkvError` for another model, without examples, and for pixels that are no greys.
    """

    module = "painter"

    n_heads = traitlets.Int().tag(sync=True)
    n_greys = traitlets.Int().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    pixels = traitlets.List().tag(sync=True)
    given = traitlets.Int().tag(sync=True)

    def __init__(self, model, examples, *, name=None, caption=None, alt):
        """Pack the model; the first half of the first example is given at the start."""
        parts = dict(model.state_dict())
        if "places.rows" not in parts or "blocks.0.attention.to_query.weight" not in parts:
            raise QkvError(f"{type(model).__name__} is no PixelTransformer: give the figure one")
        side = len(parts["places.rows"])
        n_greys = len(parts["to_scores.weight"])
        examples = [[int(grey) for grey in example] for example in examples]
        if not examples:
            raise QkvError("examples is empty: give at least one picture to begin with")
        for example in examples:
            if len(example) != side**2 or not all(0 <= grey < n_greys for grey in example):
                raise QkvError(
                    f"an example has {len(example)} pixels from {min(example)} to {max(example)}: "
                    f"give {side**2} greys from 0 to {n_greys - 1}"
                )
        given = side**2 // 2
        super().__init__(
            arrays_of(model),
            name=name,
            caption=caption,
            alt=alt,
            n_heads=model.blocks[0].attention.n_heads,
            n_greys=n_greys,
            examples=examples,
            pixels=examples[0][:given] + [0] * (side**2 - given),
            given=given,
        )

    def still(self) -> bytes:
        """Return a PNG of the grid as it starts: what is given, and a line below it."""
        side = round(len(self.pixels) ** 0.5)
        fig, ax = plt.subplots(figsize=(3.6, 3.6))
        ax.imshow(np.reshape(self.pixels, (side, side)), cmap="gray_r", vmin=0, vmax=self.n_greys)
        ax.axhline(self.given / side - 0.5, color=plot.ORANGE, lw=3)
        ax.text(side / 2 - 0.5, side * 0.75, "the model paints here", ha="center", color=plot.MUTED)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture
