"""A review in the page: what it says of each aspect, where answers look, which words they need."""

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.weights import HALF, WeightsFigure, arrays_of

MAX_WORDS = 80


class ReviewJudge(WeightsFigure):
    """A judge of reviews that reads what the reader writes.

    `model` is a trained `Judge` whose reader is a transformer's encoder with rotary positions and
    whose pooling is attention; `vocabulary` holds its words; `questions` and `answers` name what it
    is asked and may say; `examples` are reviews to choose from. The weights are kept as 16-bit
    numbers.

    `text` is the review, `question` the one whose words are shown.

    Raises `QkvError` for another model, and where names or words do not fit it.
    """

    module = "review"
    tokens = traitlets.List().tag(sync=True)
    questions = traitlets.List().tag(sync=True)
    answers = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    limits = traitlets.List().tag(sync=True)
    n_heads = traitlets.Int().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        model,
        vocabulary,
        questions,
        answers,
        examples,
        *,
        question=None,
        name=None,
        caption=None,
        alt,
    ):
        """Take a copy of the model's weights as they are now."""
        questions, answers = list(questions), list(answers)
        examples = [examples] if isinstance(examples, str) else list(examples)
        question = questions[0] if question is None else question
        _check(model, vocabulary, questions, answers)
        if not examples:
            raise QkvError("examples is empty: give at least one review")
        if question not in questions:
            raise QkvError(f"{question!r} is no question: choose one of {', '.join(questions)}")
        super().__init__(
            arrays_of(model),
            HALF,
            tokens=list(vocabulary.tokens),
            questions=questions,
            answers=answers,
            examples=examples,
            limits=[MAX_WORDS],
            n_heads=model.reader.blocks[0].attention.n_heads,
            text=examples[0],
            question=question,
            name=name,
            caption=caption,
            alt=alt,
        )
        self._chances = _chances(model, vocabulary, examples[0])

    def still(self) -> bytes:
        """Return a PNG of the answers to the first example."""
        fig, ax = plt.subplots(figsize=(5.2, 3.2))
        left = [0.0] * len(self.questions)
        looks = zip(self.answers, (plot.ORANGE, plot.LINE, plot.BLUE), strict=True)
        for k, (answer, colour) in enumerate(looks):
            shares = [row[k] for row in self._chances]
            ax.barh(self.questions, shares, left=left, color=colour, label=answer)
            left = [a + b for a, b in zip(left, shares, strict=True)]
        ax.invert_yaxis()
        ax.set(xlabel="probability", xlim=(0, 1))
        fig.legend(loc="outside upper right", ncols=3)
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def _check(model, vocabulary, questions, answers):
    blocks = getattr(getattr(model, "reader", None), "blocks", ())
    kinds = {type(block.attention).__name__ for block in blocks}
    if kinds != {"RotaryMultiHeadAttention"} or not hasattr(model.pooling, "query"):
        raise QkvError(
            f"this {type(model).__name__} is no judge with a rotary encoder and attention pooling: "
            "give the figure one"
        )
    size = len(model.reader.embed.tokens.weight)
    if len(vocabulary) != size:
        raise QkvError(
            f"the vocabulary has {len(vocabulary)} words but the model {size}: give the one that "
            "it was trained with"
        )
    if model.bias.shape != (len(questions), len(answers)):
        raise QkvError(
            f"{len(questions)} questions and {len(answers)} answers do not fit a model of "
            f"{tuple(model.bias.shape)}: name those that it was trained with"
        )


def _chances(model, vocabulary, text):
    """Return the probabilities of each answer to each question, as lists."""
    import torch  # not above: the site is built with this package, and faster without torch

    ids = torch.tensor([vocabulary.encode(text.split())])
    with torch.no_grad():
        scores = model(ids, torch.ones_like(ids, dtype=torch.bool))
    return scores[0].softmax(-1).tolist()
