"""Dot products and softmax in the plane: arrows that the reader pulls."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

TEMPERATURES = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10]
DIMENSIONS = [2, 4, 8, 16, 32, 64, 128, 256, 512]
MAX_KEYS = 8


class DotProduct(LiveFigure):
    """A query and some keys as arrows in the plane, and what softmax makes of their dot products.

    `keys` maps each key's label to its (x, y); `query` is an (x, y). Each key is its own value, so
    the weighted sum is an arrow too. All arrows but the sum can be dragged.

    The score of a key is `query · key · √(d / 2)`: dot products of vectors with `d` random
    coordinates spread as √d, so two coordinates stand for `d` of them. With `divide` the score is
    divided by √d (Vaswani et al. 2017, section 3.2.1). Its weight is
    `softmax(scores / temperature)`.

    `d`, `temperature` and `divide` are what the figure starts with; `points` and `query` follow
    what the reader pulls.

    Raises `QkvError` for fewer than two keys or more than eight, for an arrow that is not two
    finite numbers, and for a `d` or `temperature` that the sliders do not have.
    """

    module = "dot_product"

    labels = traitlets.List().tag(sync=True)
    points = traitlets.List().tag(sync=True)
    query = traitlets.List().tag(sync=True)
    reach = traitlets.Float().tag(sync=True)
    dimensions = traitlets.List(DIMENSIONS).tag(sync=True)
    temperatures = traitlets.List(TEMPERATURES).tag(sync=True)
    d = traitlets.Int().tag(sync=True)
    temperature = traitlets.Float().tag(sync=True)
    divide = traitlets.Bool().tag(sync=True)

    def __init__(
        self, keys, query, *, d=2, temperature=1, divide=False, name=None, caption=None, alt
    ):
        """Store the arrows, and the side of the plane that leaves room to pull them."""
        keys = dict(keys)
        if not 2 <= len(keys) <= MAX_KEYS:
            raise QkvError(f"there are {len(keys)} keys: give two to {MAX_KEYS}")
        points = [_arrow(f"the key {label!r}", point) for label, point in keys.items()]
        query = _arrow("the query", query)
        for what, value, known in (
            ("d", d, DIMENSIONS),
            ("temperature", temperature, TEMPERATURES),
        ):
            if value not in known:
                raise QkvError(f"{what}={value}: choose one of {known}")
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            labels=[str(label) for label in keys],
            points=points,
            query=query,
            reach=max(1.0, float(np.ceil(2.4 * np.abs([*points, query]).max()) / 2)),
            d=d,
            temperature=temperature,
            divide=divide,
        )

    def weights(self) -> np.ndarray:
        """Return the scores and the weights of the keys as they are now, (2, keys)."""
        scores = np.array(self.points) @ self.query * (self.d / 2) ** 0.5
        if self.divide:
            scores = scores / self.d**0.5
        raised = np.exp((scores - scores.max()) / self.temperature)
        return np.stack([scores, raised / raised.sum()])

    def still(self) -> bytes:
        """Return a PNG of the arrows and the weights."""
        _, weights = self.weights()
        points = np.array(self.points)
        fig, (plane, bars) = plt.subplots(
            1, 2, figsize=(5.2, 3.1), gridspec_kw={"width_ratios": [3, 2]}
        )
        style = {"angles": "xy", "scale_units": "xy", "scale": 1, "zorder": 2}
        zeros = np.zeros(len(points))
        plane.quiver(zeros, zeros, *points.T, color=plot.BLUE, width=0.011, **style)
        plane.quiver(0, 0, *self.query, color=plot.ORANGE, width=0.018, **style)
        plane.quiver(0, 0, *(weights @ points), color=plot.GREEN, width=0.018, **style)
        for label, (x, y) in zip(self.labels, points, strict=True):
            across, up = np.sign([x, y])
            plane.annotate(
                label,
                (x, y),
                xytext=(3 * across, 3 * up),
                textcoords="offset points",
                ha="right" if x < 0 else "left",
                va="top" if y < 0 else "bottom",
                fontsize=11,
            )
        for place, label, colour in (("left", "query", plot.ORANGE), ("right", "sum", plot.GREEN)):
            plane.set_title(label, loc=place, color=colour)
        side = self.reach
        plane.set(xlim=(-side, side), ylim=(-side, side), aspect="equal")
        places = range(len(weights))
        bars.barh(places, weights, color=plot.BLUE)
        bars.set_yticks(places, self.labels)
        bars.invert_yaxis()
        bars.set(xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="weight")
        bars.grid(axis="y", visible=False)
        picture = plot.png(fig)
        plt.close(fig)
        return picture


def _arrow(what, point):
    """Return (x, y) as two plain numbers; raise `QkvError` when it is something else."""
    point = np.asarray(point, float)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise QkvError(f"{what} is {point.tolist()}: give two finite numbers, (x, y)")
    return point.tolist()
