"""What figures have in common that carry a trained model: its weights, packed."""

import base64

import traitlets

from qkv.errors import QkvError
from qkv.live.base import LiveFigure


class ModelFigure(LiveFigure):
    """A figure whose module runs a model: `shapes` and `weights` are what `readTensors` reads.

    Raises `QkvError` for weights that are not finite, and for more than 2 MB of them.
    """

    max_state = 2_000_000  # bytes: the weights, four thirds as long in base64
    smaller = "choose a smaller model"

    shapes = traitlets.List().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)

    def __init__(self, model, **state):
        """Take a copy of the model's weights as they are now, as 32-bit numbers.

        model: an `nn.Module`, or a list of (prefix, module), whose tensors' names begin so.
        """
        models = model if isinstance(model, list) else [("", model)]
        tensors = {
            prefix + name: tensor.detach().cpu()
            for prefix, part in models
            for name, tensor in part.state_dict().items()
        }
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise QkvError(f"{name} holds numbers that are not finite: train the model anew")
        data = b"".join(tensor.numpy().astype("<f4").tobytes() for tensor in tensors.values())
        super().__init__(
            shapes=[[name, list(tensor.shape)] for name, tensor in tensors.items()],
            weights=base64.b64encode(data).decode("ascii"),
            **state,
        )
