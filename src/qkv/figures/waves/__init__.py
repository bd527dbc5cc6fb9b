"""Sinusoidal positions as waves, one for every pair of numbers."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

MAX_D = 64
MAX_POSITIONS = 256


def sinusoids(n_positions, d_model) -> np.ndarray:
    """Return the vectors of the positions, (n_positions, d_model): sine in even places, cosine in
    odd ones, at the angle position / 10000^(2 i / d_model) (Vaswani et al. 2017, section 3.5).
    """
    angles = np.arange(n_positions)[:, None] / 10000 ** (np.arange(0, d_model, 2) / d_model)
    return np.stack([np.sin(angles), np.cos(angles)], 2).reshape(n_positions, d_model)


class Waves(LiveFigure):
    """Sinusoidal positions of `d_model` numbers: one wave a pair, for `n_positions` positions.

    One slider chooses a position, the other a distance: the waves show the numbers at both places,
    and a curve the dot product of the position's vector with every other. The second place is
    `distance` further on, or back where the positions end.

    `position` and `distance` are what the figure starts with, and then what the reader has chosen.

    Raises `QkvError` when `d_model` is odd or above 64, when there are fewer than 2 or more than
    256 positions, for a position that does not exist, and for a distance of more than half of them.
    """

    module = "waves"

    d_model = traitlets.Int().tag(sync=True)
    n_positions = traitlets.Int().tag(sync=True)
    position = traitlets.Int().tag(sync=True)
    distance = traitlets.Int().tag(sync=True)

    def __init__(
        self, d_model, n_positions, *, position=0, distance=1, name=None, caption=None, alt
    ):
        """Store the sizes alone: the page computes the rest."""
        if d_model % 2 or not 2 <= d_model <= MAX_D:
            raise QkvError(f"d_model={d_model}: give an even number from 2 to {MAX_D}")
        if not 2 <= n_positions <= MAX_POSITIONS:
            raise QkvError(f"n_positions={n_positions}: give 2 to {MAX_POSITIONS}")
        if not 0 <= position < n_positions:
            raise QkvError(f"position={position}: positions go from 0 to {n_positions - 1}")
        if not 0 <= distance <= (n_positions - 1) // 2:
            raise QkvError(f"distance={distance}: give 0 to {(n_positions - 1) // 2}")
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            d_model=d_model,
            n_positions=n_positions,
            position=position,
            distance=distance,
        )

    def still(self) -> bytes:
        """Return a PNG of up to six waves and the dot product with every position."""
        x = sinusoids(self.n_positions, self.d_model)
        n_pairs = self.d_model // 2
        shown = np.unique(np.linspace(0, n_pairs - 1, min(6, n_pairs)).round().astype(int))
        fig, axes = plt.subplots(
            len(shown) + 1,
            1,
            sharex=True,
            figsize=(5.2, 1.9 + 0.55 * len(shown)),
            gridspec_kw={"height_ratios": [1] * len(shown) + [2.4]},
        )
        # A curve between the positions: the fastest wave has hardly six of them to a turn.
        fine = np.linspace(0, self.n_positions - 1, 12 * self.n_positions)
        for ax, pair in zip(axes, shown, strict=False):
            angle = fine / 10000 ** (2 * pair / self.d_model)
            ax.plot(fine, np.sin(angle), lw=1.3)
            ax.plot(fine, np.cos(angle), lw=1.3)
            ax.set(ylim=(-1.25, 1.25), yticks=[])
            ax.set_ylabel(f"{2 * pair}, {2 * pair + 1}", rotation=0, ha="right", va="center")
        axes[-1].plot(x @ x[self.position], color=plot.INK)
        axes[-1].set(xlabel="position", ylabel="dot product")
        for ax in axes:
            ax.axvline(self.position, color=plot.ORANGE, lw=1.5)
        picture = plot.png(fig)
        plt.close(fig)
        return picture
