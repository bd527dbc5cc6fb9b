"""All heads of a causal language model in the page, on the reader's own sentence."""

import re

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.data.phrases import WORD, tokenize
from qkv.errors import QkvError
from qkv.live.sentences import MAX_TOKENS, UNKNOWN, SentenceFigure

PARTS = [f"to_{part}.{kind}" for part in ("query", "key", "value", "output")
         for kind in ("weight", "bias")]  # fmt: skip


class Heads(SentenceFigure):
    """A sentence, what every head of every layer looks at, and what is lost without a head.

    `model` is a trained `AttentionStack`, `vocabulary` the one that it was trained with, and
    `sentences` are English examples to choose from, as text; signs such as a full stop count as
    words where the vocabulary has them. `start` is the token that the model reads before each
    sentence, such as "." (None for none). `labels` names what heads do:
    `{(layer, head): "previous token"}`. Layers and heads are counted from 0, as in the code: head
    1.2 is head 2 of `model.layers[1]`. `chosen` is the (layer, head) that is shown large at first.
    The browser computes what PyTorch does, and needs no kernel.

    `text` is the sentence that was read last, `chosen` the [layer, head] shown large, `removed`
    a list of the [layer, head] that are taken out.

    Raises `QkvError` for another model, a vocabulary of another size or without `<unk>`, a head
    that is not there, without examples, and for an example of no words or of more than 40.
    """

    module = "heads"

    sizes = traitlets.List().tag(sync=True)
    start = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    chosen = traitlets.List().tag(sync=True)
    removed = traitlets.List().tag(sync=True)

    def __init__(
        self,
        model,
        vocabulary,
        sentences,
        *,
        labels=None,
        chosen=(0, 0),
        start=None,
        name=None,
        caption=None,
        alt,
    ):
        """Take a copy of the model's weights as they are now, as 32-bit numbers."""
        labels = dict(labels or {})
        tensors = _tensors(model)
        tokens = list(vocabulary.tokens)
        sizes = [[layer.n_heads, layer.n_kv_heads] for layer in model.layers]
        _check_tokens(tokens, len(tensors["embed.weight"]), start)
        _check_heads([*labels, chosen], sizes)
        super().__init__(
            tensors,
            sentences,
            cut=lambda text: cut(text, tokens),
            name=name,
            caption=caption,
            alt=alt,
            sizes=sizes,
            tokens=tokens,
            start=start,
            labels=[[*head, str(label)] for head, label in labels.items()],
            limits=[MAX_TOKENS],
            chosen=[*chosen],
            removed=[],
        )
        words = cut(self.text, tokens)
        if start is not None and words[0] != start:
            words = [start, *words]
        self._first = words, _maps(model, tokens, words)

    def still(self) -> bytes:
        """Return a PNG of the first example: every head small, the chosen one large."""
        words, maps = self._first
        labels = {tuple(head): label for *head, label in self.labels}
        n_columns = max(n_heads for n_heads, _ in self.sizes)
        small = min(1.15, 4.7 / n_columns)
        large = 1.0 + min(0.3 * len(words), 4.0)
        heights = [(small + (0.55 if labels else 0.35)) * len(maps), large]
        fig = plt.figure(figsize=(5.2, sum(heights) + 0.2))
        top, bottom = fig.subfigures(2, height_ratios=heights)  # type: ignore[misc]
        axes = top.subplots(len(maps), n_columns, squeeze=False)
        for layer, line in enumerate(axes):
            for head, ax in enumerate(line):
                if head >= self.sizes[layer][0]:
                    ax.axis("off")
                    continue
                _squares(ax, maps[layer][head])
                ax.set_title(f"{layer}.{head}", loc="center", fontsize=11, pad=3)
                ax.set(xticks=[], yticks=[])
                if (layer, head) in labels:
                    name = labels[layer, head].replace(" ", "\n", 1)
                    ax.set_xlabel(name, fontsize=10.5, color=plot.MUTED)
        layer, head = self.chosen
        ax = bottom.subplots()
        _squares(ax, maps[layer][head])
        ax.set_xticks(range(len(words)), words, rotation=90)
        ax.set_yticks(range(len(words)), words)
        ax.set_title(_head_name(self.chosen, labels), loc="center", pad=8)
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def _tensors(model):
    """The model's weights as arrays by name, in one fixed order."""
    state = model.state_dict()
    n_layers = len(getattr(model, "layers", ()))
    parts = ["embed.weight", *(f"layers.{i}.{part}" for i in range(n_layers) for part in PARTS),
             "to_scores.weight", "to_scores.bias"]  # fmt: skip
    if set(state) != set(parts) or not n_layers:
        raise QkvError(
            f"this {type(model).__name__} has other parts than an AttentionStack: "
            "give the figure one of those"
        )
    return {part: state[part].detach().cpu().numpy() for part in parts}


def _check_tokens(tokens, size, start):
    """Raise `QkvError` where the vocabulary does not fit."""
    if len(tokens) != size:
        raise QkvError(
            f"the vocabulary has {len(tokens)} tokens but the model {size}: "
            "give the vocabulary that it was trained with"
        )
    if UNKNOWN not in tokens:
        raise QkvError(f"the vocabulary lacks {UNKNOWN!r}: make it with that")
    if start is not None and start not in tokens:
        raise QkvError(
            f"start={start!r} is not in the vocabulary: give the token that stood before "
            "each sentence in training, or None"
        )


def _check_heads(heads, sizes):
    """Raise `QkvError` for a (layer, head) that the model does not have."""
    for place in heads:
        layer, head = place
        if not (0 <= layer < len(sizes) and 0 <= head < sizes[layer][0]):
            raise QkvError(
                f"there is no head {place!r}: the model has the layers 0 to {len(sizes) - 1} "
                f"with heads 0 to {sizes[0][0] - 1}, and a head is written (layer, head)"
            )


def cut(text, tokens):
    """Return the words of a text, and those of its signs that are among `tokens`."""
    found = tokenize(text, tokens, rf"{WORD}|\S")
    return [token for token in found if re.match(r"[\w-]", token) or token in tokens]


def _maps(model, tokens, words):
    """The weights of every layer, each (n_heads, time, time)."""
    import torch  # not above: the site is built with this package, and faster without torch

    maps = []
    hooks = [
        layer.register_forward_pre_hook(lambda layer, given: maps.append(layer.weights(*given)[0]))
        for layer in model.layers
    ]
    ids = [tokens.index(word if word in tokens else UNKNOWN) for word in words]
    try:
        with torch.no_grad():
            model(torch.tensor([ids]))
    finally:
        for hook in hooks:
            hook.remove()
    return [weights.cpu().numpy() for weights in maps]


def _squares(ax, weights):
    """Draw the weights (time, time) as squares whose area is the weight."""
    time = len(weights)
    for row in range(time):
        ax.add_patch(plt.Rectangle((-0.5, row - 0.5), row + 1, 1, color="#eaf0f6", linewidth=0))
        for column in range(row + 1):
            size = 0.96 * weights[row, column] ** 0.5
            corner = (column - size / 2, row - size / 2)
            ax.add_patch(plt.Rectangle(corner, size, size, color=plot.BLUE, linewidth=0))
    ax.grid(False)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.spines[:].set_visible(False)
    ax.set(xlim=(-0.5, time - 0.5), ylim=(time - 0.5, -0.5), aspect="equal")


def _head_name(place, labels):
    layer, head = place
    label = labels.get((layer, head))
    return f"head {layer}.{head}" + (f": {label}" if label else "")
