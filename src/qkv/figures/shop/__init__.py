"""A shop in the page: the reader clicks, a model recommends, and each click can be taken back."""

import matplotlib.pyplot as plt
import traitlets

from qkv import plot
from qkv.errors import QkvError
from qkv.live.weights import HALF, WeightsFigure, arrays_of

MOST = 12  # clicks that the page keeps
N_SHOWN = 10  # products that it recommends


class Shop(WeightsFigure):
    """Shelves to click in; ten products that the model recommends next, and which clicks made them.

    `model` is a GPT with rotary positions over products and one token more, which stands before the
    first click. `products` are their names, `departments` the names of the shelves, and `shelf_of`
    says for each product on which shelf it stands. `examples` are lists of clicks to begin with, by
    name. The weights are kept as 16-bit numbers. `clicks` are the reader's.

    Raises `QkvError` for another model, names that do not fit it, and clicks that no shelf holds.
    """

    module = "shop"
    products = traitlets.List().tag(sync=True)
    departments = traitlets.List().tag(sync=True)
    shelf_of = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    n_heads = traitlets.Int().tag(sync=True)
    most = traitlets.Int(MOST).tag(sync=True)
    clicks = traitlets.List().tag(sync=True)

    def __init__(
        self, model, products, departments, shelf_of, examples, *, name=None, caption=None, alt
    ):
        """Take a copy of the model's weights; the first example is clicked at the start."""
        products, shelf_of = list(products), [int(shelf) for shelf in shelf_of]
        _check(model, products, departments, shelf_of)
        examples = [[name, [int(i) for i in clicks]] for name, clicks in examples.items()]
        if not examples:
            raise QkvError("examples is empty: give at least one list of clicks, by its name")
        for title, clicks in examples:
            wrong = [i for i in clicks if not 0 <= i < len(products)]
            if wrong or len(clicks) > MOST:
                raise QkvError(
                    f"the example {title!r} holds {wrong or len(clicks)}: give at most {MOST} "
                    f"products from 0 to {len(products) - 1}"
                )
        super().__init__(
            arrays_of(model),
            HALF,
            name=name,
            caption=caption,
            alt=alt,
            products=products,
            departments=list(departments),
            shelf_of=shelf_of,
            examples=examples,
            n_heads=model.blocks[0].attention.n_heads,
            clicks=examples[0][1],
        )
        self._chances = _chances(model, len(products), examples[0][1])

    def still(self) -> bytes:
        """Return a PNG of what is recommended after the first example."""
        best = self._chances.topk(N_SHOWN)
        fig, ax = plt.subplots(figsize=(5.2, 3.6))
        ax.barh(range(N_SHOWN), best.values.tolist(), color=plot.BLUE)
        ax.set_yticks(range(N_SHOWN), [self.products[i] for i in best.indices.tolist()])
        ax.invert_yaxis()
        ax.set(xlabel="probability that it is clicked next")
        ax.set_title(f"after {self.examples[0][0]}", fontsize=11)
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture


def _check(model, products, departments, shelf_of):
    kinds = {type(block.attention).__name__ for block in getattr(model, "blocks", ())}
    if kinds != {"RotaryMultiHeadAttention"}:
        raise QkvError(
            f"this {type(model).__name__} is no GPT with rotary positions: give the figure one"
        )
    size = len(model.embed.tokens.weight)
    if size != len(products) + 1:
        raise QkvError(
            f"{len(products)} products for a model of {size} tokens: give {size - 1} names, one "
            "fewer than tokens"
        )
    if len(shelf_of) != len(products) or not set(shelf_of) <= set(range(len(departments))):
        raise QkvError(
            f"shelf_of has {len(shelf_of)} places for {len(products)} products on "
            f"{len(departments)} shelves: give each product the number of its shelf"
        )


def _chances(model, start, clicks):
    """Return the probability of each next product."""
    import torch  # not above: the site is built with this package, and faster without torch

    ids = torch.tensor([[start, *clicks]], device=model.embed.tokens.weight.device)
    with torch.no_grad():
        return model(ids)[0, -1, :start].softmax(-1).cpu()
