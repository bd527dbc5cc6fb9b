"""One head of self-attention, number by number, from a token to its output vector."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.base import LiveFigure

MAX_TOKENS = 10
MAX_D = 8


class Trace(LiveFigure):
    """A sentence of which the reader chooses one token and follows it through self-attention.

    `tokens` are `time` strings, `x` their vectors (time, d_model); `w_query`, `w_key` and
    `w_value` are (d_head, d_model) as in the weight of `nn.Linear`. The page computes, and shows,
    the token's query, its score with every key, the score divided by √d_head, the softmax, the
    values times their weights, and their sum: the output (Vaswani et al. 2017, equation 1). With
    `causal` a token looks at itself and backwards only; the reader can switch this.

    Tensors may be given as they are. `chosen` is the place of the token that is followed; it
    starts at `token`.

    Raises `QkvError` when the shapes do not fit each other, and for more than ten tokens or
    vectors of more than eight numbers, which cannot be read on a page.
    """

    module = "trace"

    tokens = traitlets.List().tag(sync=True)
    x = traitlets.List().tag(sync=True)
    w_query = traitlets.List().tag(sync=True)
    w_key = traitlets.List().tag(sync=True)
    w_value = traitlets.List().tag(sync=True)
    causal = traitlets.Bool().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        tokens,
        x,
        w_query,
        w_key,
        w_value,
        *,
        causal=False,
        token=0,
        name=None,
        caption=None,
        alt,
    ):
        """Store the numbers in single precision, as the model has them."""
        tokens = [str(token) for token in tokens]
        x = _matrix("x", x)
        matrices = {
            "w_query": _matrix("w_query", w_query),
            "w_key": _matrix("w_key", w_key),
            "w_value": _matrix("w_value", w_value),
        }
        _check(tokens, x, matrices, token)
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            tokens=tokens,
            x=x.tolist(),
            **{key: matrix.tolist() for key, matrix in matrices.items()},
            causal=causal,
            chosen=token,
        )

    def still(self) -> bytes:
        """Return a PNG of the chosen token's scores and weights, the values and the output."""
        x, *matrices = (np.array(part) for part in (self.x, self.w_query, self.w_key, self.w_value))
        query, key, value = (x @ matrix.T for matrix in matrices)
        query = query[self.chosen]
        scores = key @ query / len(query) ** 0.5
        if self.causal:
            scores[self.chosen + 1 :] = -np.inf
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        left = np.column_stack([key, scores, weights])
        fig, axes = plt.subplots(2, 1, figsize=(5.2, 1.4 + 0.6 * (len(x) + 1)))
        _numbers(
            axes[0],
            np.vstack([[*query, np.nan, np.nan], left]),
            [f"query of {self.tokens[self.chosen]}", *(f"key of {t}" for t in self.tokens)],
            [*[""] * len(query), "score", "weight"],
        )
        _numbers(
            axes[1],
            np.vstack([value * weights[:, None], weights @ value]),
            [
                *(f"{w:.2f} × value of {t}" for w, t in zip(weights, self.tokens, strict=True)),
                "output",
            ],
            [""] * value.shape[1],
        )
        picture = plot.png(fig)
        plt.close(fig)
        return picture


def _numbers(ax, table, rows, columns):
    """Draw a table of numbers, blue for positive and orange for negative."""
    ax.set(xlim=(-0.5, table.shape[1] - 0.5), ylim=(len(table) - 0.5, -0.5))
    peak = np.nanmax(np.abs(np.where(np.isinf(table), 0, table))) or 1
    for (r, c), number in np.ndenumerate(table):
        if np.isnan(number):
            continue
        if np.isfinite(number):
            colour = plot.BLUE if number >= 0 else plot.ORANGE
            alpha = 0.45 * min(1, abs(number) / peak)
            ax.add_patch(plt.Rectangle((c - 0.5, r - 0.5), 1, 1, color=colour, alpha=alpha, lw=0))
        text = f"{round(number, 2) + 0:.2f}".replace("-", "−") if np.isfinite(number) else "masked"
        ax.text(c, r, text, ha="center", va="center", fontsize=10.5)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.spines[:].set_visible(False)


def _matrix(what, given):
    """Return a matrix of float32; raise `QkvError` when it is none or not finite."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    matrix = np.asarray(given, np.float32)
    if matrix.ndim != 2 or not matrix.size:
        raise QkvError(f"{what} has the shape {matrix.shape}: give a matrix")
    if not np.isfinite(matrix).all():
        raise QkvError(f"{what} holds numbers that are not finite")
    return matrix


def _check(tokens: list[str], x: np.ndarray, matrices: dict[str, np.ndarray], token: int) -> None:
    """Raise `QkvError` for shapes that do not fit, or that nobody could read."""
    if len(x) != len(tokens):
        raise QkvError(f"there are {len(tokens)} tokens but x has {len(x)} rows: one for each")
    if not 1 <= len(tokens) <= MAX_TOKENS:
        raise QkvError(f"there are {len(tokens)} tokens: show one to {MAX_TOKENS}")
    for key, matrix in matrices.items():
        if matrix.shape[1] != x.shape[1]:
            raise QkvError(
                f"{key} has the shape {matrix.shape} but x {x.shape}: give (d_head, d_model), "
                "as nn.Linear's weight"
            )
        if max(matrix.shape) > MAX_D:
            raise QkvError(
                f"{key} has the shape {matrix.shape}: vectors of more than {MAX_D} numbers "
                "cannot be read, choose a smaller example"
            )
    if len(matrices["w_query"]) != len(matrices["w_key"]):
        raise QkvError(
            f"queries have {len(matrices['w_query'])} numbers and keys "
            f"{len(matrices['w_key'])}: a dot product needs as many of each"
        )
    if not 0 <= token < len(tokens):
        raise QkvError(f"token={token} is no place among {len(tokens)} tokens")
