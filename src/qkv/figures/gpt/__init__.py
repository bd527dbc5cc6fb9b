"""A whole GPT in the page: the reader writes a prompt, opens each step, chooses what follows."""

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.weights import HALF, WeightsFigure, arrays_of

MAX_PROMPT = 200  # characters
SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥"}
N_BARS = 12


class GPTFlow(WeightsFigure):
    """A GPT that writes on, character by character, with every step of it open.

    `model` is a trained `GPT` with rotary positions; `vocabulary` holds its characters; `prompts`
    are beginnings to choose from; `context` is how many characters it was trained to read. The
    weights are kept as 16-bit numbers.

    `text` is the prompt, `seed` decides the draws.

    Raises `QkvError` for another model, a vocabulary of another size or of longer tokens than one
    character, and for prompts that are empty, too long or have other characters.
    """

    module = "gpt"
    tokens = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    n_heads = traitlets.Int().tag(sync=True)
    context = traitlets.Int().tag(sync=True)
    limit = traitlets.Int(MAX_PROMPT).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)

    def __init__(self, model, vocabulary, prompts, *, context=64, name=None, caption=None, alt):
        """Take a copy of the model's weights as they are now."""
        tokens = list(vocabulary.tokens)
        _check(model, tokens, context)
        prompts = [prompts] if isinstance(prompts, str) else list(prompts)
        _check_prompts(prompts, tokens)
        super().__init__(
            arrays_of(model),
            HALF,
            tokens=tokens,
            examples=prompts,
            n_heads=model.blocks[0].attention.n_heads,
            context=context,
            text=prompts[0],
            name=name,
            caption=caption,
            alt=alt,
        )
        self._chances = _chances(model, vocabulary, prompts[0][-context:])

    def still(self) -> bytes:
        """Return a PNG of the first prompt and the most probable next characters."""
        best = self._chances.topk(N_BARS)
        fig, ax = plt.subplots(figsize=(5.2, 3.2))
        names = [shown(self.tokens[i]) for i in best.indices.tolist()]
        ax.barh(range(N_BARS), best.values.tolist(), color=plot.BLUE)
        ax.set_yticks(range(N_BARS), names)
        ax.invert_yaxis()
        prompt = "".join(map(shown, self.text[-32:]))
        ax.set(xlabel="probability of the next character", title=f"…{prompt}")
        ax.title.set_fontsize(11)
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def shown(token: str) -> str:
    """Return a character as it is drawn: blanks and line ends as signs."""
    return SIGNS.get(token, token)


def _check(model, tokens, context):
    attention = {type(block.attention).__name__ for block in getattr(model, "blocks", ())}
    if attention != {"RotaryMultiHeadAttention"}:
        raise QkvError(
            f"this {type(model).__name__} is no GPT with rotary positions: give the figure one"
        )
    size = len(model.embed.tokens.weight)
    if len(tokens) != size:
        raise QkvError(
            f"the vocabulary has {len(tokens)} tokens but the model {size}: give the one that it "
            "was trained with"
        )
    longer = [token for token in tokens if len(token) != 1]
    if longer:
        raise QkvError(f"the token {longer[0]!r} is no single character: the figure writes letters")
    if context < 2 or context % 2:
        raise QkvError(f"context={context}: choose an even number of characters, at least 2")


def _check_prompts(prompts, tokens):
    if not prompts:
        raise QkvError("prompts is empty: give at least one beginning")
    for prompt in prompts:
        if not 1 <= len(prompt) <= MAX_PROMPT:
            raise QkvError(
                f"the prompt {prompt[:40]!r} has {len(prompt)} characters: give 1 to {MAX_PROMPT}"
            )
        strange = sorted(set(prompt) - set(tokens))
        if strange:
            raise QkvError(f"the prompt {prompt[:40]!r} has {strange[0]!r}, which the model lacks")


def _chances(model, vocabulary, text):
    """Return the probability of each next character."""
    import torch  # not above: the site is built with this package, and faster without torch

    device = model.embed.tokens.weight.device
    ids = torch.tensor([vocabulary.encode(text)], device=device)
    with torch.no_grad():
        return model(ids)[0, -1].softmax(-1).cpu()
