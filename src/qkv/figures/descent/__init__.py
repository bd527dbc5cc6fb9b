"""The loss of a line as a valley of its two knobs, and a ball that steps down it."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.25, 0.28, 0.5, 1]
METHODS = ["gradient descent", "momentum", "AdamW"]
LEVELS = [0.3, 1, 3, 10, 30, 100, 300]
STILL_STEPS = 12


class Descent(LiveFigure):
    """Points, a line `w x + b` through them, and the valley that its mean squared error makes.

    x, y: the points, as many numbers each. names: what the two axes of the points say.
    start: the knobs (w, b) at which the ball begins. extent: the part of the valley that is drawn,
    (least w, largest w, least b, largest b). rate: one of `RATES`. method: one of `METHODS`.
    batch: how many points the reader may have a step look at, in place of all; with it, and with
    the choice of a method and of a falling rate, where `advanced`.

    Raises `QkvError` for points that fix no line, and for a start, a rate or a method that the
    figure doesn't have.
    """

    module = "descent"

    x = traitlets.List().tag(sync=True)
    y = traitlets.List().tag(sync=True)
    names = traitlets.List().tag(sync=True)
    extent = traitlets.List().tag(sync=True)
    levels = traitlets.List(LEVELS).tag(sync=True)
    rates = traitlets.List(RATES).tag(sync=True)
    ball = traitlets.List().tag(sync=True)
    rate = traitlets.Float().tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    batch = traitlets.Int().tag(sync=True)
    advanced = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        x,
        y,
        *,
        names,
        extent,
        start=(0, 0),
        rate=0.1,
        method=METHODS[0],
        batch=4,
        advanced=False,
        name=None,
        caption=None,
        alt,
    ):
        """Check the points and the settings, and keep them as plain numbers."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        if x.shape != y.shape or x.ndim != 1 or len(set(x.tolist())) < 2:
            raise QkvError(f"x has the shape {x.shape}, y {y.shape}: give two or more points")
        if not np.isfinite([*x, *y]).all():
            raise QkvError("a point is not finite: leave it out")
        for what, value, known in (("rate", rate, RATES), ("method", method, METHODS)):
            if value not in known:
                raise QkvError(f"{what}={value!r}: choose one of {known}")
        w0, w1, b0, b1 = extent
        if not (w0 <= start[0] <= w1 and b0 <= start[1] <= b1):
            raise QkvError(f"start={tuple(start)} lies outside extent={tuple(extent)}")
        if not 1 <= batch <= len(x):
            raise QkvError(f"batch={batch} of {len(x)} points: choose 1 to {len(x)}")
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            x=np.round(x, 3).tolist(),
            y=np.round(y, 3).tolist(),
            names=list(names),
            extent=[float(edge) for edge in extent],
            ball=[float(knob) for knob in start],
            rate=rate,
            method=method,
            batch=batch,
            advanced=advanced,
        )

    def descend(self, steps: int) -> np.ndarray:
        """Return the knobs at the start and after each step of gradient descent, (steps + 1, 2)."""
        x, y = np.array(self.x), np.array(self.y)
        path = [np.array(self.ball)]
        for _ in range(steps):
            w, b = path[-1]
            error = w * x + b - y
            slopes = 2 * np.array([(error * x).mean(), error.mean()])
            path.append(path[-1] - self.rate * slopes)
        return np.array(path)

    def still(self) -> bytes:
        """Return a PNG of the valley with the first steps of gradient descent, and of the line."""
        x, y, path = np.array(self.x), np.array(self.y), self.descend(STILL_STEPS)
        w0, w1, b0, b1 = self.extent
        w, b = np.meshgrid(np.linspace(w0, w1, 121), np.linspace(b0, b1, 121))
        loss = ((w[..., None] * x + b[..., None] - y) ** 2).mean(-1)
        fig, (valley, points) = plt.subplots(1, 2, figsize=(5.2, 2.9))
        valley.contour(w, b, loss - loss.min(), self.levels, colors=plot.LINE, linewidths=1)
        valley.plot(*path.T, "o-", color=plot.ORANGE, ms=4, lw=1.2)
        valley.set(xlabel="weight w", ylabel="bias b", xlim=(w0, w1), ylim=(b0, b1))
        points.plot(x, y, "o", color=plot.BLUE, ms=4)
        ends = np.array([0, x.max()])
        points.plot(ends, path[-1][0] * ends + path[-1][1], "-", color=plot.ORANGE)
        points.set(xlabel=self.names[0], ylabel=self.names[1])
        picture = plot.png(fig)
        plt.close(fig)
        return picture
