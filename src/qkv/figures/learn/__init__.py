"""A small GPT that trains in the page, when the reader asks for it."""

import math

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

LEAST, MOST = 500, 100_000  # characters of the text
STEPS, BATCH, TIME = 300, 32, 16  # of the training that the still picture shows


class Learn(LiveFigure):
    """A model of two blocks and vectors of 32 numbers that learns a text, in a worker of the page.

    `text` is what it learns from; the last tenth is held out. `make` returns a model for a
    vocabulary size: the still picture shows its training in PyTorch, with the same batches' size.

    Raises `QkvError` for a text that is too short or too long.
    """

    module = "learn"

    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, text, make, *, name=None, caption=None, alt):
        """Keep the text; nothing is trained before the picture is asked for."""
        if not LEAST <= len(text) <= MOST:
            raise QkvError(
                f"the text has {len(text):,} characters: give {LEAST:,} to {MOST:,} of them"
            )
        super().__init__(text=text, name=name, caption=caption, alt=alt)
        self._make = make

    def still(self) -> bytes:
        """Return a PNG of the loss of such a training."""
        losses, held_out, counting = trained(self.text, self._make)
        fig, ax = plt.subplots(figsize=(5.2, 3.2))
        ax.plot(losses, color=plot.ORANGE, lw=0.8, ls="-", label="each step")
        ax.plot(*zip(*held_out, strict=True), color=plot.BLUE, marker="o", label="held-out text")
        ax.axhline(counting, color=plot.MUTED, ls=":")
        ax.text(STEPS, counting + 0.05, "counting single characters", ha="right", color=plot.MUTED)
        ax.set(xlabel="step", ylabel="bits per character", ylim=(0, None))
        ax.legend()
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def trained(text, make, steps=STEPS, lr=0.01):
    """Train as the page does; return bits at each step, of held-out text, and of counting."""
    import torch  # not above: the site is built with this package, and faster without torch
    import torch.nn.functional as F

    tokens = sorted(set(text))
    ids = torch.tensor([tokens.index(letter) for letter in text])
    train, rest = ids.split([int(0.9 * len(ids)), len(ids) - int(0.9 * len(ids))])
    counts = torch.bincount(train, minlength=len(tokens)) + 1.0
    counting = -(counts / counts.sum()).log2()[rest].mean().item()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make(len(tokens))
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr)

        def loss_of(source, n):
            start = torch.randint(len(source) - TIME, (n, 1))
            rows = source[start + torch.arange(TIME + 1)]
            return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

        losses, held_out = [], []
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = lr * min(1, (step + 1) / 20)
            loss = loss_of(train, BATCH)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item() / math.log(2))
            if step % 50 == 0 or step == steps - 1:
                with torch.no_grad():
                    held_out.append((step, loss_of(rest, 64).item() / math.log(2)))
    return losses, held_out, counting
