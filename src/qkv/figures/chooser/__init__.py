"""Which model for which job: what goes in, what comes out, who sees whom."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from qkv import plot
from qkv.live.base import LiveFigure

TEXT, PICTURE, CLICKS = "text", "a picture", "clicks"
LABEL, MARKS, NEXT = "a label", "a label a token", "the next click"
INS, OUTS = (TEXT, PICTURE, CLICKS), (TEXT, LABEL, MARKS, PICTURE, NEXT)
BEFORE, ALL, BOTH = "before", "all", "both"  # who sees whom
MODELS = (  # name, what goes in, what comes out, who sees whom, are the weights given out
    ("GPT-3", TEXT, (TEXT,), BEFORE, False),
    ("LLaMA", TEXT, (TEXT,), BEFORE, True),
    ("BERT", TEXT, (LABEL, MARKS), ALL, True),
    ("BART", TEXT, (TEXT,), BOTH, True),
    ("T5", TEXT, (TEXT,), BOTH, True),
    ("ViT", PICTURE, (LABEL,), ALL, True),
    ("DALL·E", TEXT, (PICTURE,), BEFORE, False),
    ("SASRec", CLICKS, (NEXT,), BEFORE, True),
)
JOBS = (  # in words, what goes in, what comes out, is the input whole, on one's own machines
    ("1. go on with a mail", TEXT, TEXT, False, False),
    ("2. sort tickets", TEXT, LABEL, True, False),
    ("3. mark names of medicines", TEXT, MARKS, True, False),
    ("4. a report in new words", TEXT, TEXT, True, False),
    ("5. translate manuals", TEXT, TEXT, True, False),
    ("6. a picture of a fox", TEXT, PICTURE, False, False),
    ("7. name a leaf's disease", PICTURE, LABEL, True, False),
    ("8. an assistant of one's own", TEXT, TEXT, False, True),
)
N_CELLS = 6  # of a drawn mask, each way


def mask_of(sees: str) -> np.ndarray:
    """Return who sees whom among six tokens: (6, 6), true where the row sees the column.

    With an encoder, the first three tokens are its own, and the others the decoder's.
    """
    before = np.tri(N_CELLS, dtype=bool)
    if sees == BEFORE:
        return before
    whole = np.ones_like(before)
    if sees == BOTH:
        half = N_CELLS // 2
        whole[:half, half:] = False
        whole[half:, half:] = before[half:, half:]
    return whole


class Chooser(LiveFigure):
    """Eight jobs, or one of the reader's own, and which models can do it, and why not.

    `job` is the number of the job that is shown at the start.
    """

    module = "chooser"
    models = traitlets.List().tag(sync=True)
    jobs = traitlets.List().tag(sync=True)
    ins = traitlets.List(list(INS)).tag(sync=True)
    outs = traitlets.List(list(OUTS)).tag(sync=True)
    masks = traitlets.Dict().tag(sync=True)
    job = traitlets.Int(0).tag(sync=True)

    def __init__(self, *, name=None, caption=None, alt):
        """Take the models and jobs of this module."""
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            models=[[one, goes_in, list(out), *rest] for one, goes_in, out, *rest in MODELS],
            jobs=[list(job) for job in JOBS],
            masks={sees: mask_of(sees).astype(int).tolist() for sees in (BEFORE, ALL, BOTH)},
        )

    def still(self) -> bytes:
        """Return a PNG of the three masks."""
        titles = {BEFORE: "GPT, LLaMA", ALL: "BERT, ViT", BOTH: "BART, T5"}
        fig, axes = plt.subplots(1, 3, figsize=(5.2, 2.1))
        for ax, (sees, title) in zip(axes, titles.items(), strict=True):
            ax.imshow(mask_of(sees), cmap="qkv", vmin=0, vmax=1.5)
            ax.set(xticks=[], yticks=[], title=title)
            ax.grid(False)
        axes[0].set_ylabel("this one …")
        axes[0].set_xlabel("… sees these")
        picture = plot.png(fig, dpi=150)
        plt.close(fig)
        return picture
