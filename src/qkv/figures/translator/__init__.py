"""A trained translator in the page: the reader writes, the browser runs the model."""

import matplotlib.pyplot as plt
import numpy as np

from qkv import plot
from qkv.data.phrases import tokenize
from qkv.errors import QkvError
from qkv.live.sentences import BOS, EOS, MAX_STEPS, MAX_TOKENS, UNKNOWN, SentenceFigure, check_pair

LSTM = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
PARTS = [
    "encoder.embed.weight",
    *(f"encoder.lstm.{part}{way}" for way in ("", "_reverse") for part in LSTM),
    *("to_state.weight", "to_state.bias"),
    *("score.from_query.weight", "score.from_key.weight", "score.to_score.weight"),
    "embed.weight",
    *(f"lstm.{part}" for part in LSTM),
    *("mix.weight", "mix.bias", "to_scores.weight", "to_scores.bias"),
]


class Translator(SentenceFigure):
    """A text field, the French word by word, and where the model looks at each step.

    `model` is a trained `AttentionTranslator` with an `AdditiveScore` and one layer;
    `vocabularies` are those of its source and target; `sentences` are examples to choose from, as
    text. The browser computes what greedy search in PyTorch does, and needs no kernel.

    `text` is the sentence that was translated last.

    Raises `QkvError` for another model, for vocabularies of another size, without examples and
    for an example of no words or of more than 40.
    """

    module = "translator"

    def __init__(self, model, vocabularies, sentences, *, name=None, caption=None, alt):
        """Take a copy of the model's weights as they are now, as 32-bit numbers."""
        tensors = _tensors(model)
        tokens = [list(vocabulary.tokens) for vocabulary in vocabularies]
        known = [len(tensors[part]) for part in ("encoder.embed.weight", "embed.weight")]
        check_pair(known, tokens)
        super().__init__(
            tensors,
            sentences,
            name=name,
            caption=caption,
            alt=alt,
            tokens=tokens,
            cut=lambda text: tokenize(text, tokens[0]),
            limits=[MAX_TOKENS, MAX_STEPS],
        )
        self._first = translated(model, tokens, tokenize(self.text, tokens[0]))

    def still(self) -> bytes:
        """Return a PNG of the first example's alignment."""
        source, target, weights = self._first
        n_rows, n_columns = weights.shape
        side = min(0.36, 5.6 / n_columns)
        fig, ax = plt.subplots(figsize=(min(5.4, 1.6 + side * n_columns), 1.2 + side * n_rows))
        rows, columns = np.indices(weights.shape)
        for r, c, weight in zip(rows.flat, columns.flat, weights.flat, strict=True):
            size = 0.92 * weight**0.5  # the area is the weight
            corner = (c - size / 2, r - size / 2)
            ax.add_patch(plt.Rectangle(corner, size, size, color=plot.BLUE, linewidth=0))
        ax.set_xticks(range(n_columns), source, rotation=90)
        ax.set_yticks(range(n_rows), target)
        ax.set_xticks(np.arange(n_columns + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(n_rows + 1) - 0.5, minor=True)
        ax.grid(False)
        ax.grid(which="minor")
        ax.tick_params(which="both", length=0)
        ax.xaxis.tick_top()
        ax.spines[:].set_visible(False)
        ax.set(xlim=(-0.5, n_columns - 0.5), ylim=(n_rows - 0.5, -0.5), aspect="equal")
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def translated(model, tokens, words):
    """Source and target tokens with their end markers, and weights (target, source).

    model: a translator with the three methods of chapter 3's; tokens: what it knows, source and
    target. The target is what chapter 3's greedy search writes.
    """
    import torch  # not above: the site is built with this package, and faster without torch

    from qkv.chapters.seq2seq import greedy

    source_tokens, target_tokens = tokens
    ids = {token: i for i, token in enumerate(source_tokens)}
    source = torch.tensor([[ids.get(word, ids[UNKNOWN]) for word in [*words, EOS]]])
    mask = torch.ones_like(source, dtype=torch.bool)
    bos, eos = target_tokens.index(BOS), target_tokens.index(EOS)
    with torch.no_grad():
        (row,) = greedy(model, source, mask, MAX_STEPS)
        row = [*row, eos][:MAX_STEPS]
        read = torch.tensor([[bos, *row[:-1]]])
        weights = model.steps(*model.encode(source, mask), read)[2][0]
    return [*words, EOS], [target_tokens[i] for i in row], weights.numpy()


def _tensors(model):
    """The model's weights as arrays by name, in the order of `PARTS`."""
    state = model.state_dict()
    if set(state) != set(PARTS):
        raise QkvError(
            f"this {type(model).__name__} has other parts than an AttentionTranslator with an "
            "AdditiveScore and one layer: give the figure one of those"
        )
    return {part: state[part].detach().cpu().numpy() for part in PARTS}
