"""A codebook as a palette: the reader paints with codes, and the decoder makes the picture."""

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.weights import WeightsFigure, arrays_of

N_TILES = 32


class Palette(WeightsFigure):
    """Pictures as grids of codes, any of which can be painted over with another code.

    `vq` is a trained `VQAutoencoder`. `pictures` (n, 3, side, side), 0 to 1, decide which codes are
    offered, the 32 that they use most; the first four of them are there to begin with. `codes` is
    what the reader has made of one.

    Raises `QkvError` without pictures.
    """

    module = "palette"

    tiles = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    codes = traitlets.List().tag(sync=True)

    def __init__(self, vq, pictures, *, name=None, caption=None, alt):
        """Pack the codes and the decoder; the encoder stays at home."""
        from torch import nn  # not above: the site is built with this package, and faster without

        if not len(pictures):
            raise QkvError("pictures is empty: give some whose codes are to be offered")
        ids = vq.encode(pictures)
        often = ids.flatten().bincount(minlength=len(vq.codebook.codes))
        tiles = [i for i in often.argsort(descending=True).tolist() if often[i]][:N_TILES]
        book = nn.ParameterDict({"codes": vq.codebook.codes})
        super().__init__(
            arrays_of(book, "vq.") | arrays_of(vq.decoder, "vq."),
            name=name,
            caption=caption,
            alt=alt,
            tiles=tiles,
            examples=ids[:4].tolist(),
            codes=ids[0].tolist(),
        )
        self._first = vq.decode(ids[:1])[0].permute(1, 2, 0).numpy()

    def still(self) -> bytes:
        """Return a PNG of the first picture and the numbers of its codes."""
        side = int(len(self.codes) ** 0.5)
        fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.8))
        left.imshow(self._first)
        right.set(xlim=(0, side), ylim=(side, 0), aspect="equal")
        for at, code in enumerate(self.codes):
            right.text(at % side + 0.5, at // side + 0.5, str(code), ha="center", va="center")
        for ax in (left, right):
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
        still = plot.png(fig, dpi=150)
        plt.close(fig)
        return still
