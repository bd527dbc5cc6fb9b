"""Say it, see it: a caption becomes codes, and the codes a picture, in the page."""

import re

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.weights import WeightsFigure, arrays_of


class Sayer(WeightsFigure):
    """A sentence to choose or to write, and its picture, code by code.

    `model` is a trained `TextToImage`, `vq` the `VQAutoencoder` whose codes it writes; `captions`
    are sentences to choose from. `text` is the sentence that was drawn last.

    Raises `QkvError` for models that do not belong together, and for captions outside the grammar.
    """

    module = "sayer"

    n_heads = traitlets.Int().tag(sync=True)
    n_words = traitlets.Int().tag(sync=True)
    words = traitlets.List().tag(sync=True)
    pattern = traitlets.Unicode().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, model, vq, captions, *, name=None, caption=None, alt):
        """Pack the transformer, the codes and the decoder; the encoder stays at home."""
        from torch import nn  # not above: the site is built with this package, and faster without

        from qkv.data import scenes

        n_codes = len(vq.codebook.codes)
        if model.to_scores.out_features != n_codes:
            raise QkvError(
                f"the transformer writes {model.to_scores.out_features} codes and the autoencoder "
                f"has {n_codes}: give the one whose codes it was trained on"
            )
        if not captions:
            raise QkvError("captions is empty: give at least one to begin with")
        for said in captions:
            if len(scenes.parse(said).things) != 2:
                raise QkvError(f"{said!r} has more things than two: give captions of two")
        book = nn.ParameterDict({"codes": vq.codebook.codes})
        super().__init__(
            arrays_of(model) | arrays_of(book, "vq.") | arrays_of(vq.decoder, "vq."),
            name=name,
            caption=caption,
            alt=alt,
            n_heads=model.blocks[0].attention.n_heads,
            n_words=len(model.word_places),
            words=list(scenes.WORDS),
            pattern=pattern(),
            examples=list(captions),
            text=captions[0],
        )
        picture = vq.decode(_drawn(model, captions[0]))[0]
        self._first = picture.permute(1, 2, 0).numpy(), captions[0]

    def still(self) -> bytes:
        """Return a PNG of the first caption's picture."""
        picture, said = self._first
        fig, ax = plt.subplots(figsize=(4.2, 4.2))
        ax.imshow(picture)
        ax.set_title(re.sub(r" (left of|above|in the|by the) ", r"\n\1 ", said), fontsize=11)
        ax.axis("off")
        still = plot.png(fig, dpi=150)
        plt.close(fig)
        return still


def pattern() -> str:
    """Return the captions' grammar as a regular expression, the same in Python and JavaScript."""
    from qkv.data import scenes

    def one(words):
        return f"(?:{'|'.join(words)})"

    thing = f"a {one(scenes.SIZES)} {one(scenes.COLOURS)} {one(scenes.SHAPES)}"
    when = f"{one(scenes.SEASONS)} {one(scenes.DAYTIMES)}"
    return f"^{thing} {one(scenes.RELATIONS)} {thing} (?:in the meadow|by the sea) on a {when}$"


def _drawn(model, said):
    """Return the codes (1, side²) of a caption, the most probable one each time."""
    import torch

    from qkv.data import scenes

    ids = [scenes.WORDS.index(word) + 1 for word in said.split()]
    words = torch.tensor([ids + [0] * (len(model.word_places) - len(ids))])
    codes = torch.zeros(1, 0, dtype=torch.long)
    with torch.no_grad():
        for _ in range(len(model.places())):
            best = model(words, codes)[:, -1].argmax(1, keepdim=True)
            codes = torch.cat([codes, best], dim=1)
    return codes
