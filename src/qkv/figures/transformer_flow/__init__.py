"""The whole transformer in the page: the reader translates, and opens any block of it."""

import re

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.data.phrases import detokenize, tokenize
from qkv.errors import QkvError
from qkv.figures.translator import translated
from qkv.live.sentences import EOS, MAX_STEPS, MAX_TOKENS, SentenceFigure, check_pair

ATTENTION = [f"{part}.{kind}" for part in ("to_query", "to_key", "to_value", "to_output")
             for kind in ("weight", "bias")]  # fmt: skip
PARTS = {
    "attention": ATTENTION,
    "cross_attention": ATTENTION,
    "feed_forward": ["up.weight", "up.bias", "down.weight", "down.bias"],
}
SUBLAYERS = {
    "encoder": ["attention", "feed_forward"],
    "decoder": ["attention", "cross_attention", "feed_forward"],
}
ROTARY = "RotaryMultiHeadAttention"


class TransformerFlow(SentenceFigure):
    """A transformer that translates the reader's sentence and shows every tensor on the way.

    `model` is a trained `Transformer` whose blocks are joined by `PreNorm`, with rotary positions
    or without; `vocabularies` are those of its source and target; `sentences` are examples to
    choose from, as text. The browser computes what greedy search in PyTorch does, and needs no
    kernel.

    `text` is the sentence that was translated last, `block` the name of the open block, as in
    `model.named_modules()`, and `step` the number of the target token, from 0; −1 is the last.

    Raises `QkvError` for another model, for vocabularies of another size, without examples and
    for an example of no words or of more than 40.
    """

    module = "transformer_flow"

    n_heads = traitlets.Int().tag(sync=True)
    rotary = traitlets.Bool().tag(sync=True)
    block = traitlets.Unicode("decoder.blocks.0.cross_attention").tag(sync=True)
    step = traitlets.Int(-1).tag(sync=True)

    def __init__(self, model, vocabularies, sentences, *, name=None, caption=None, alt):
        """Take a copy of the model's weights as they are now, as 32-bit numbers."""
        tensors = _tensors(model)
        tokens = [list(vocabulary.tokens) for vocabulary in vocabularies]
        embeddings = [tensors[f"{side}.embed.tokens.weight"] for side in SUBLAYERS]
        check_pair([len(table) for table in embeddings], tokens)
        super().__init__(
            tensors,
            sentences,
            name=name,
            caption=caption,
            alt=alt,
            tokens=tokens,
            cut=lambda text: tokenize(text, tokens[0]),
            limits=[MAX_TOKENS, MAX_STEPS],
            n_heads=model.encoder.blocks[0].attention.n_heads,
            rotary=_names(model, "attention") == {ROTARY},
        )
        words = tokenize(self.text, tokens[0])
        self._first = [*translated(model, tokens, words)[:2], embeddings[1].shape]

    def still(self) -> bytes:
        """Return a PNG of the blocks and their shapes at the last step of the first example."""
        source, target, (n_target, d_model) = self._first
        n_layers = max(int(n) for n in re.findall(r"blocks\.(\d+)", str(self.shapes))) + 1
        fig, ax = plt.subplots(figsize=(5.2, 1.6 + 1.15 * n_layers + 0.9))
        read, written = (len(source), d_model), (len(target), d_model)
        columns = [
            [("embedding + positions", read), *_blocks("encoder", n_layers, read),
             ("norm: the memory", read)],
            [("embedding + positions", written), *_blocks("decoder", n_layers, written),
             ("norm, scores", (len(target), n_target)),
             ("probabilities", (len(target), n_target))],
        ]  # fmt: skip
        for x, column in enumerate(columns):
            for y, (name, shape) in enumerate(column):
                cross = name.endswith("cross-attention")
                edge = plot.ORANGE if cross else plot.LINE
                ax.add_patch(plt.Rectangle((x * 1.14, y), 1, 0.74, facecolor="#eef3f8",
                                           linewidth=1.2, edgecolor=edge))  # fmt: skip
                ax.text(x * 1.14 + 0.03, y + 0.37, name, va="center", fontsize=10.3)
                ax.text(x * 1.14 + 0.97, y + 0.37, shape, va="center", ha="right", fontsize=10.3)
                if cross:
                    ax.annotate("", (1.14, y + 0.37), (1, len(columns[0]) - 0.63), arrowprops={
                        "arrowstyle": "->", "color": plot.ORANGE, "linewidth": 1.4})  # fmt: skip
                if y:
                    ax.annotate("", (x * 1.14 + 0.5, y), (x * 1.14 + 0.5, y - 0.26),
                                arrowprops={"arrowstyle": "->", "color": plot.MUTED, "shrinkA": 0,
                                            "shrinkB": 0})  # fmt: skip
        french = [token for token in target if token != EOS]
        for x, words in enumerate((source[:-1], french)):
            sentence = detokenize(words, french=bool(x)) if words else "…"
            sentence = sentence if len(sentence) <= 27 else f"{sentence[:25]}…"
            ax.text(x * 1.14, -0.35, sentence, fontsize=11, fontstyle="italic")
        ax.set(xlim=(-0.02, 2.16), ylim=(len(columns[1]), -0.8))
        ax.axis("off")
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def _blocks(side, n_layers, shape):
    """Rows of the still picture: the sublayers of one side, each with the shape that leaves it."""
    names = {"attention": "self-attention"}
    return [
        (f"{i}  {names.get(sublayer, sublayer.replace('_', '-'))}", shape)
        for i in range(n_layers)
        for sublayer in SUBLAYERS[side]
    ]


def _tensors(model):
    """The model's weights as arrays by name, and the positions of all tokens as one more."""
    state = model.state_dict()
    n_layers = len({name.split(".")[2] for name in state if name.startswith("encoder.blocks.")})
    norm = ("weight", "bias")
    parts = [f"to_scores.{kind}" for kind in norm]
    for side, sublayers in SUBLAYERS.items():
        parts += [f"{side}.embed.tokens.weight", *(f"{side}.norm.{kind}" for kind in norm)]
        for block in (f"{side}.blocks.{i}" for i in range(n_layers)):
            parts += [f"{block}.{sublayer}.{part}" for sublayer in sublayers
                      for part in PARTS[sublayer]]  # fmt: skip
            parts += [f"{block}.connections.{i}.norm.{kind}" for i in range(len(sublayers))
                      for kind in norm]  # fmt: skip
    if not n_layers or set(state) != set(parts) or not _is_known(model):
        raise QkvError(
            f"this {type(model).__name__} is built in another way than a Transformer with PreNorm "
            "and positions that are not learned: give the figure one of those"
        )
    tensors = {part: state[part].detach().cpu().numpy() for part in parts}
    d_model = len(tensors["encoder.norm.weight"])
    positions = model.encoder.embed.positions(MAX_STEPS + 1, d_model)
    return {**tensors, "positions": positions.detach().cpu().numpy()}


def _is_known(model):
    kinds = {"MultiHeadAttention"}, {ROTARY}
    return _names(model, "attention") in kinds and _names(model, r"connections\.\d+") == {"PreNorm"}


def _names(model, part):
    """The names of the classes of which the model's parts of this kind are made."""
    return {
        type(module).__name__
        for name, module in model.named_modules()
        if re.search(rf"{part}$", name)
    }
