"""A heat map over tokens: which row attends to which column, one cell at a time."""

import base64

import matplotlib.pyplot as plt
import numpy as np
import traitlets
from matplotlib.colors import LinearSegmentedColormap

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

MAX_SIDE = 64  # more cells than this cannot be told apart on a page, nor walked with arrow keys
MASKED = 65535
SIGNED = LinearSegmentedColormap.from_list(
    "qkv_signed", ["#7a3410", "#d98a5b", "#f7fafc", "#8db4d3", "#1d4468"]
)


class Heatmap(LiveFigure):
    """A grid of numbers with a token at each row and column.

    `weights` has shape (rows, columns), or more axes in front; `stack` names those and labels what
    lies along them, for example `{"layer": ["1", "2"], "head": ["1", "2", "3"]}`: each becomes a
    control. `nan` is a masked cell. `row_title` and `column_title` say what rows and columns are
    (query and key), `value_title` what a number is. Negative numbers are hatched as well as
    coloured, and numbers are printed in the cells where they fit, with `digits` decimals.

    `cell` is the [row, column] that the reader is on (or []), `chosen` the label set in each
    control.

    Raises `QkvError` when the labels do not fit the shape, or a side is longer than 64.
    """

    module = "heatmap"
    smaller = "show fewer tokens or a part of the stack"

    rows = traitlets.List().tag(sync=True)
    columns = traitlets.List().tag(sync=True)
    stack = traitlets.List().tag(sync=True)
    titles = traitlets.List().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)
    extent = traitlets.List().tag(sync=True)
    digits = traitlets.Int(2).tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)
    cell = traitlets.List().tag(sync=True)

    def __init__(
        self,
        weights,
        rows,
        columns,
        *,
        stack=None,
        row_title="row",
        column_title="column",
        value_title="weight",
        digits=2,
        name=None,
        caption=None,
        alt,
    ):
        """Store the weights in 16 bits each."""
        weights = np.asarray(weights, float)
        stack = {key: list(labels) for key, labels in (stack or {}).items()}
        _check(weights, [len(labels) for labels in stack.values()], len(rows), len(columns))
        self._first = weights[(0,) * len(stack)]
        codes, extent = _codes(weights)
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            rows=[str(row) for row in rows],
            columns=[str(column) for column in columns],
            stack=[{"name": key, "labels": labels} for key, labels in stack.items()],
            titles=[row_title, column_title, value_title],
            weights=base64.b64encode(codes).decode("ascii"),
            extent=extent,
            digits=digits,
            chosen={key: labels[0] for key, labels in stack.items()},
            cell=[],
        )

    def still(self) -> bytes:
        """Return a PNG of the first slice of the stack."""
        low, high = self.extent
        n_rows, n_columns = self._first.shape
        side = min(0.42, 4.2 / n_columns)
        fig, ax = plt.subplots(figsize=(5.2, max(1.6, 1.1 + side * n_rows)))
        image = ax.imshow(
            self._first, vmin=low, vmax=high, cmap="qkv" if low == 0 else SIGNED, aspect="equal"
        )
        ax.set_xticks(range(n_columns), self.columns, rotation=90 if n_columns > 6 else 0)
        ax.set_yticks(range(n_rows), self.rows)
        ax.set(xlabel=self.titles[1], ylabel=self.titles[0])
        ax.grid(False)
        ax.spines[:].set_visible(False)
        fig.colorbar(image, ax=ax, shrink=0.8, label=self.titles[2]).outline.set_visible(False)
        picture = plot.png(fig)
        plt.close(fig)
        return picture


def _check(weights: np.ndarray, stack: list[int], n_rows: int, n_columns: int) -> None:
    """Raise `QkvError` for weights that do not fit their labels or cannot be read."""
    expected = (*stack, n_rows, n_columns)
    if weights.shape != expected:
        raise QkvError(
            f"weights has the shape {weights.shape} but stack, rows and columns name "
            f"{expected}: give one label for each position"
        )
    if max(n_rows, n_columns) > MAX_SIDE:
        raise QkvError(
            f"a heat map of {n_rows} rows and {n_columns} columns cannot be read: "
            f"show at most {MAX_SIDE} of each"
        )
    if not np.isfinite(weights).any():
        raise QkvError("every weight is masked: give at least one finite number")


def _codes(weights: np.ndarray) -> tuple[bytes, list[float]]:
    """Return each weight as two bytes, and what the least and the largest of them mean."""
    shown = np.isfinite(weights)
    low, high = float(weights[shown].min()), float(weights[shown].max())
    if low >= 0:
        low, high = 0.0, max(high, 1e-9)
    else:
        low, high = -max(-low, high), max(-low, high)
    scaled = np.where(shown, (weights - low) / (high - low) * (MASKED - 1), MASKED)
    return np.rint(scaled).astype("<u2").tobytes(), [low, high]
