"""What figures have in common that carry a trained model: its weights, packed."""

import base64

import numpy as np
import traitlets

from qkv.errors import QkvError
from qkv.live.base import LiveFigure

SINGLE, HALF = "<f4", "<f2"


def arrays_of(model, prefix="") -> dict[str, np.ndarray]:
    """Return the weights of an `nn.Module` by name; `prefix` stands before each name."""
    return {
        prefix + name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()
    }


class WeightsFigure(LiveFigure):
    """A figure whose module runs a model: `shapes` and `weights` are what `readTensors` reads.

    Raises `QkvError` for weights that are not finite, and for more than 2 MB of them.
    """

    max_state = 2_000_000  # bytes: the weights, four thirds as long in base64
    smaller = "choose a smaller model"

    shapes = traitlets.List().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)

    def __init__(self, arrays, kind=SINGLE, **state):
        """Pack arrays by name. kind: `SINGLE` keeps 32 bits of each number, `HALF` 16."""
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise QkvError(f"{name} holds numbers that are not finite: train the model anew")
        data = b"".join(array.astype(kind).tobytes() for array in arrays.values())
        super().__init__(
            shapes=[[name, list(array.shape)] for name, array in arrays.items()],
            weights=base64.b64encode(data).decode("ascii"),
            **state,
        )
