"""What the figures have in common in which a trained model reads the reader's sentence."""

import base64

import traitlets

from qkv.data.phrases import tokenize
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

BOS, EOS, UNKNOWN = "<bos>", "<eos>", "<unk>"
MAX_TOKENS = 40  # of a sentence: the longest that the models are trained on
MAX_STEPS = 60  # the most tokens that are written, as in the book's greedy search


class SentenceFigure(LiveFigure):
    """A model's weights as 32-bit numbers, what tokens it knows, and examples to choose from."""

    max_state = 2_000_000  # bytes: the weights, four thirds as long in base64
    smaller = "choose a smaller model"

    shapes = traitlets.List().tag(sync=True)
    weights = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    limits = traitlets.List().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, tensors, sentences, *, cut=tokenize, limits, **state):
        """Pack the arrays and check the examples.

        tensors: arrays by name. cut: a function that cuts a text into tokens. limits: the most
        tokens that the model reads, and where it writes, the most that it writes.
        """
        sentences = [sentences] if isinstance(sentences, str) else list(sentences)
        _check_examples(sentences, cut)
        data = b"".join(tensor.astype("<f4").tobytes() for tensor in tensors.values())
        super().__init__(
            shapes=[[name, list(tensor.shape)] for name, tensor in tensors.items()],
            weights=base64.b64encode(data).decode("ascii"),
            examples=sentences,
            limits=limits,
            text=sentences[0],
            **state,
        )


def check_pair(sizes, tokens):
    """Raise `QkvError` where a translator's vocabularies do not fit.

    sizes: how many source and target tokens the model knows; tokens: the vocabularies' own.
    """
    special = ((EOS, UNKNOWN), (BOS, EOS))
    for which, known, size in zip(("source", "target"), tokens, sizes, strict=True):
        if len(known) != size:
            raise QkvError(
                f"the {which} vocabulary has {len(known)} tokens but the model "
                f"{size}: give the vocabularies that it was trained with"
            )
    for which, known, needed in zip(("source", "target"), tokens, special, strict=True):
        for token in needed:
            if token not in known:
                raise QkvError(f"the {which} vocabulary lacks {token!r}: make it with that")


def _check_examples(sentences, cut):
    """Raise `QkvError` for examples that a figure cannot show."""
    if not sentences:
        raise QkvError("sentences is empty: give at least one English sentence as an example")
    for sentence in sentences:
        if not isinstance(sentence, str):
            raise QkvError(f"the example {sentence!r} is no text: join its tokens with spaces")
        n_tokens = len(cut(sentence))
        if not 1 <= n_tokens <= MAX_TOKENS:
            raise QkvError(
                f"the example {sentence!r} has {n_tokens} words: give one of 1 to {MAX_TOKENS}"
            )
