"""How the gradient changes with the lag: by spectral radius, and in RNN, LSTM and GRU.

For chapter 2. Untrained networks; the reach is the first lag at which the gradient has changed by
a factor of ten.
"""

from qkv.chapters.recurrent import (
    GRUCell,
    LSTMCell,
    RNNCell,
    lag_curve,
    reach,
    slope_of_gradient,
)

CELLS = {"RNN": RNNCell, "LSTM": LSTMCell, "GRU": GRUCell}
RADII = (0.5, 0.7, 0.9, 1.0, 1.1, 1.3, 1.6, 2.0)


def settings():
    """Eight seeds."""
    return [{"seed": seed} for seed in range(8)]


def run(seed):
    """Return the RNN's factor a step by radius, each cell's reach by radius, and with gates shut.

    `through_top` says by radius whether the RNN's gradient had grown where it left the band.
    """
    curves = {
        name: {str(radius): lag_curve(cell, radius, seed) for radius in RADII}
        for name, cell in CELLS.items()
    }
    return {
        "slopes": {
            str(radius): round(slope_of_gradient(radius, seed), 4)
            for radius in (0.5, 0.7, 0.9, 1.1, 1.3)
        },
        "reach": {
            name: {radius: reach(curve) for radius, curve in by_radius.items()}
            for name, by_radius in curves.items()
        },
        "through_top": {
            radius: bool(curve[: reach(curve) + 1].max() > 10)
            for radius, curve in curves["RNN"].items()
        },
        "reach_shut": {
            name: reach(lag_curve(cell, 1.0, seed, keep=0.0)) for name, cell in CELLS.items()
        },
    }
