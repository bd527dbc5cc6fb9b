"""A thousand labelled points that one can search, zoom and walk through."""

import base64

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

SHAPES = 6
NO_GROUP = 255


class Scatter(LiveFigure):
    """Points in the plane with a label each, most important first: those are named first.

    `points` has shape (n, 2). `groups` names the group of each point (up to six groups, told apart
    by shape as well as colour); a point whose group is None stays small and grey. `neighbours`
    lists for each point the indices of the points that are nearest in the space the picture was
    made from, which the two dimensions may not show.

    `selected` is the index of the point that the reader is on, or -1.

    Raises `QkvError` when the arguments do not fit together.
    """

    module = "scatter"

    labels = traitlets.List().tag(sync=True)
    places = traitlets.Unicode().tag(sync=True)
    extent = traitlets.List().tag(sync=True)
    titles = traitlets.List().tag(sync=True)
    groups = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    group_names = traitlets.List().tag(sync=True)
    neighbours = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    selected = traitlets.Int(-1).tag(sync=True)

    def __init__(
        self,
        points,
        labels,
        *,
        groups=None,
        neighbours=None,
        x_title="x",
        y_title="y",
        name=None,
        caption=None,
        alt,
    ):
        """Store each place in two times 16 bits: finer than any screen."""
        points = np.asarray(points, float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise QkvError(f"points has the shape {points.shape}: give (n, 2)")
        if not np.isfinite(points).all():
            raise QkvError("some points are not finite numbers: leave them out")
        if len(points) >= 2**16:
            raise QkvError(f"{len(points)} points are too many for a page: show 65535 or fewer")
        self._check_length("labels", labels, points)
        low, high = points.min(0), points.max(0)
        span = np.where(high > low, high - low, 1.0)
        groups, group_names = self._groups(groups, points)
        if neighbours is not None:
            self._check_length("neighbours", neighbours, points)
            neighbours = np.asarray(neighbours)
            if neighbours.ndim != 2 or neighbours.min() < 0 or neighbours.max() >= len(points):
                raise QkvError("neighbours must list the same number of indices for each point")
        self._points, self._group_of = points, groups
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            labels=[str(label) for label in labels],
            places=_base64(np.rint((points - low) / span * 65535), "<u2"),
            extent=[*low.tolist(), *(low + span).tolist()],
            titles=[x_title, y_title],
            groups=None if groups is None else _base64(groups, "u1"),
            group_names=group_names,
            neighbours=None if neighbours is None else _base64(neighbours, "<u2"),
        )

    @staticmethod
    def _check_length(name, values, points):
        if len(values) != len(points):
            raise QkvError(f"{len(points)} points but {len(values)} {name}: give one for each")

    def _groups(self, groups, points):
        """Return the index of each point's group, and the groups' names in order of appearance."""
        if groups is None:
            return None, []
        self._check_length("groups", groups, points)
        names = list(dict.fromkeys(str(group) for group in groups if group is not None))
        if len(names) > SHAPES:
            raise QkvError(
                f"{len(names)} groups cannot be told apart: join some until {SHAPES} are left"
            )
        index = {None: NO_GROUP} | {name: i for i, name in enumerate(names)}
        return np.array([index[group if group is None else str(group)] for group in groups]), names

    def still(self) -> bytes:
        """Return a PNG of all points, the first of them named."""
        fig, ax = plt.subplots(figsize=(5.2, 4.2))
        of = np.zeros(len(self._points), int) if self._group_of is None else self._group_of
        ax.plot(*self._points[of == NO_GROUP].T, ".", ms=3, color=plot.MUTED, alpha=0.5)
        for group in sorted(set(of.tolist()) - {NO_GROUP}):
            ax.scatter(  # type: ignore[misc]
                *self._points[of == group].T,
                s=14,
                alpha=0.7,
                marker=plot.MARKERS[group],
                color=plot.COLOURS[group],
                label=self.group_names[group] if self.group_names else None,
            )
        for place, label in zip(self._points[:12], self.labels, strict=False):
            ax.annotate(label, place, xytext=(4, 3), textcoords="offset points", fontsize="small")
        ax.set(xlabel=self.titles[0], ylabel=self.titles[1])
        ax.set_aspect("equal", adjustable="datalim")
        if self.group_names:
            fig.legend(loc="outside lower center", ncols=3, handlelength=1)
        picture = plot.png(fig)
        plt.close(fig)
        return picture


def _base64(values, kind):
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode("ascii")
