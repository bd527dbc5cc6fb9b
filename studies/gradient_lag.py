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


def settings():
    """Eight seeds."""
    return [{"seed": seed} for seed in range(8)]


def run(seed):
    """Return the RNN factor a step by radius, and each reach with the keeping gates open or not."""
    return {
        "slopes": {
            str(radius): round(slope_of_gradient(radius, seed), 4)
            for radius in (0.5, 0.7, 0.9, 1.1, 1.3)
        },
        "reach": {name: reach(lag_curve(cell, 1.0, seed)) for name, cell in CELLS.items()},
        "reach_shut": {
            name: reach(lag_curve(cell, 1.0, seed, keep=0.0)) for name, cell in CELLS.items()
        },
    }
