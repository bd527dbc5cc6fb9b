"""A small network that learns points in the page: too few bends, enough, and too many."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

COUNTS = [1, 2, 4, 8, 16, 32, 64]
REACH = 2  # of the points, on both axes


class Bends(LiveFigure):
    """A network of `units` ReLUs from one number to one, which learns `points` when it is asked to.

    points, held_out: lists of (x, y), each between −2 and 2. The reader drags those to learn from,
    adds some and takes some away; the others stay. units: one of `COUNTS`.

    Raises `QkvError` for fewer than two points, for one outside of the plane, and for other units.
    """

    module = "bends"

    points = traitlets.List().tag(sync=True)
    held_out = traitlets.List().tag(sync=True)
    counts = traitlets.List(COUNTS).tag(sync=True)
    units = traitlets.Int().tag(sync=True)

    def __init__(self, points, held_out, *, units=1, name=None, caption=None, alt):
        """Check the points, and keep them to two decimals."""
        if units not in COUNTS:
            raise QkvError(f"units={units}: choose one of {COUNTS}")
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            points=_inside("points", points),
            held_out=_inside("held_out", held_out),
            units=units,
        )

    def still(self) -> bytes:
        """Return a PNG of the points, those to learn from and those held out."""
        fig, ax = plt.subplots(figsize=(4.4, 3.2))
        ax.plot(*zip(*self.points, strict=True), "o", color=plot.ORANGE, label="to learn from")
        ax.plot(
            *zip(*self.held_out, strict=True),
            "D",
            color=plot.BLUE,
            mfc="none",
            ms=4,
            label="held out",
        )
        ax.set(xlabel="x", ylabel="y", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
        fig.legend(loc="outside upper center", ncols=2)
        picture = plot.png(fig)
        plt.close(fig)
        return picture


def _inside(what, points):
    """Return the points as plain numbers; raise `QkvError` when the figure cannot show them."""
    points = np.asarray(points, float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise QkvError(f"{what} has the shape {points.shape}: give two or more points (x, y)")
    if not (np.abs(points) <= REACH).all():
        raise QkvError(f"a point of {what} lies outside of −{REACH} to {REACH}: move or drop it")
    return np.round(points, 2).tolist()
