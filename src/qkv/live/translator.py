"""A trained translator in the page: the reader writes, the browser runs the model."""

import base64

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.data.phrases import tokenize
from qkv.live.figure import LiveFigure

BOS, EOS, UNKNOWN = "<bos>", "<eos>", "<unk>"
MAX_TOKENS = 40  # of a sentence: the longest that the models are trained on
MAX_STEPS = 60  # the most tokens that are written, as in the book's greedy search

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


class Translator(LiveFigure):
    """A text field, the French word by word, and where the model looks at each step.

    `model` is a trained `AttentionTranslator` with an `AdditiveScore` and one layer;
    `vocabularies` are those of its source and target; `sentences` are examples to choose from, as
    text. The browser computes what greedy search in PyTorch does, and needs no kernel.

    `text` is the sentence that was translated last.

    Raises `ValueError` for another model, for vocabularies of another size, without examples and
    for an example of no words or of more than 40.
    """

    module = "translator"
    max_state = 2_000_000  # bytes: the weights, four thirds as long in base64
    smaller = "choose a smaller model"

    shapes = traitlets.List().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    limits = traitlets.List().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, model, vocabularies, sentences, *, name=None, caption=None, alt):
        """Take a copy of the model's weights as they are now, as 32-bit numbers."""
        sentences = [sentences] if isinstance(sentences, str) else list(sentences)
        tensors = _tensors(model)
        tokens = [list(vocabulary.tokens) for vocabulary in vocabularies]
        _check(tensors, tokens, sentences)
        data = b"".join(tensor.astype("<f4").tobytes() for tensor in tensors.values())
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            shapes=[[part, list(tensor.shape)] for part, tensor in tensors.items()],
            weights=base64.b64encode(data).decode("ascii"),
            tokens=tokens,
            examples=sentences,
            limits=[MAX_TOKENS, MAX_STEPS],
            text=sentences[0],
        )
        self._first = _greedy(model, tokens, tokenize(sentences[0]))

    def still(self) -> bytes:
        """Return a PNG of the first example's alignment."""
        source, target, weights = self._first
        n_rows, n_columns = weights.shape
        side = min(0.36, 5.6 / n_columns)
        fig, ax = plt.subplots(figsize=(min(7, 1.6 + side * n_columns), 1.2 + side * n_rows))
        rows, columns = np.indices(weights.shape)
        for r, c, weight in zip(rows.flat, columns.flat, weights.flat, strict=True):
            size = 0.92 * weight**0.5  # the area is the weight
            corner = (c - size / 2, r - size / 2)
            ax.add_patch(plt.Rectangle(corner, size, size, color=plot.BLUE, linewidth=0))
        ax.set_xticks(range(n_columns), _named(source), rotation=90)
        ax.set_yticks(range(n_rows), _named(target))
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


def _tensors(model):
    """The model's weights as arrays by name, in the order of `PARTS`."""
    state = model.state_dict()
    if set(state) != set(PARTS):
        raise ValueError(
            f"this {type(model).__name__} has other parts than an AttentionTranslator with an "
            "AdditiveScore and one layer: give the figure one of those"
        )
    return {part: state[part].detach().cpu().numpy() for part in PARTS}


def _check(tensors, tokens, sentences):
    """Raise `ValueError` where vocabularies or examples do not fit."""
    for which, known, part in zip(
        ("source", "target"), tokens, ("encoder.embed.weight", "embed.weight"), strict=True
    ):
        if len(known) != len(tensors[part]):
            raise ValueError(
                f"the {which} vocabulary has {len(known)} tokens but the model "
                f"{len(tensors[part])}: give the vocabularies that it was trained with"
            )
    for which, known, needed in zip(
        ("source", "target"), tokens, ((EOS, UNKNOWN), (BOS, EOS)), strict=True
    ):
        for special in needed:
            if special not in known:
                raise ValueError(f"the {which} vocabulary lacks {special!r}: make it with that")
    if not sentences:
        raise ValueError("sentences is empty: give at least one English sentence as an example")
    for sentence in sentences:
        if not isinstance(sentence, str):
            raise ValueError(f"the example {sentence!r} is no text: join its tokens with spaces")
        n_tokens = len(tokenize(sentence))
        if not 1 <= n_tokens <= MAX_TOKENS:
            raise ValueError(
                f"the example {sentence!r} has {n_tokens} words: give one of 1 to {MAX_TOKENS}"
            )


def _greedy(model, tokens, words):
    """Source and target tokens with their end markers, and weights (target, source)."""
    import torch  # not above: the site is built with this package, and faster without torch

    source_tokens, target_tokens = tokens
    ids = {token: i for i, token in enumerate(source_tokens)}
    source = torch.tensor([[ids.get(word, ids[UNKNOWN]) for word in [*words, EOS]]])
    with torch.no_grad():
        memory, state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
    token = torch.tensor([[target_tokens.index(BOS)]])
    target, weights = [], []
    while len(target) < MAX_STEPS and EOS not in target:
        with torch.no_grad():
            scores, state, row = model.steps(memory, state, token)
        token = scores.argmax(2)
        target.append(target_tokens[token.item()])
        weights.append(row[0, 0].numpy())
    return [*words, EOS], target, np.stack(weights)


def _named(tokens):
    return ["end" if token == EOS else token for token in tokens]
