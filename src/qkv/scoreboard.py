"""The book's scoreboard: its translators on the same data, split, budget and metric.

Each row comes from a study over several seeds. A chapter shows the rows that it has by then.
"""

from collections.abc import Callable
from html import escape
from statistics import mean
from typing import NamedTuple

from qkv import study
from qkv.errors import QkvError
from qkv.metrics import LENGTH_BANDS

SHORT, LONG = 12, 25
COLUMNS = (
    "CPU seconds",
    "Exact match, short",
    "Exact match, long",
    "BLEU, short",
    "BLEU, long",
)
CAPTION = (
    f"The scoreboard, on the 2,000 test sentences: the mean over the seeds, and their range below. "
    f"Short sources have at most {SHORT} tokens, long ones at least {LONG}. Seconds are those of "
    f"one processor core, for training."
)


class Value(NamedTuple):
    """A number measured with several seeds: its mean, the smallest and the largest."""

    mean: float
    low: float
    high: float


class Model(NamedTuple):
    """A model on the board: its name, how to get the runs of its study, and which of them it has.

    Each asks for its own study's results, by name: so a chapter hangs on those that it shows.
    """

    name: str
    runs: Callable[[], list[dict]]
    setting: dict


# In the order of the book.
FIXED = Model("LSTM encoder–decoder, fixed context", lambda: study.results("bottleneck"), {})
ATTENTION = Model("LSTM with attention", lambda: study.results("attention"), {})
ATTENTION_AGAIN = Model(
    "LSTM with attention, trained as the transformer", lambda: study.results("attention_again"), {}
)
TRANSFORMER = Model("Transformer", lambda: study.results("transformer"), {"model": "sinusoidal"})
ROTARY = Model(
    "Transformer, rotary positions", lambda: study.results("transformer"), {"model": "rotary"}
)


class Row(NamedTuple):
    """One model's row. Exact match runs from 0 to 1, BLEU from 0 to 100; `seconds` are the
    CPU time of training.

    `short` and `long` are means over the length bands below and above, which are equally large.
    """

    model: str
    seeds: int
    parameters: int
    seconds: Value
    exact_short: Value
    exact_long: Value
    bleu_short: Value
    bleu_long: Value


class Scoreboard:
    """A table of models that a notebook shows as HTML and a terminal as text.

    rows: a list of `Row`.
    """

    def __init__(self, rows: list[Row]):
        """Keep the rows."""
        self.rows = rows

    def __repr__(self) -> str:
        """Return the table as text: a line a model."""
        lines = [CAPTION]
        for row in self.rows:
            cells = ", ".join(
                f"{name} {middle} ({span})"
                for name, (middle, span) in zip(COLUMNS, _cells(row), strict=True)
            )
            lines.append(f"{row.model}: {row.parameters:,} parameters, {cells}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the table as HTML, with heads that a screen reader can name."""
        heads = "".join(
            f'<th scope="col">{head}</th>' for head in ("Model", "Parameters", *COLUMNS)
        )
        body = "".join(
            f'<tr><th scope="row">{escape(row.model)}</th><td>{row.parameters:,}</td>'
            + "".join(f"<td>{middle}<br><small>{span}</small></td>" for middle, span in _cells(row))
            + "</tr>"
            for row in self.rows
        )
        # A narrow screen scrolls the table, by keyboard too, and not the page.
        return (
            '<div class="qkv-scoreboard" role="region" aria-label="Scoreboard" tabindex="0" '
            'style="overflow-x: auto"><table class="table">'
            f"<caption>{CAPTION}</caption><thead><tr>{heads}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )


def scoreboard(*models: Model) -> Scoreboard:
    """Return the scoreboard of these models, from their studies' stored results.

    models: such as `FIXED` and `ATTENTION`. Anything else raises `QkvError`, a study that was not
    run `FileNotFoundError`.
    """
    for model in models:
        if not isinstance(model, Model):
            raise QkvError(
                f"the scoreboard has no model {model!r}: import one from qkv.scoreboard, "
                f"such as FIXED or ATTENTION"
            )
    if not models:
        raise QkvError("the scoreboard has no rows: name its models, as in scoreboard(FIXED)")
    return Scoreboard([_row(model) for model in models])


def _row(model):
    runs = [run for run in model.runs() if model.setting.items() <= run.items()]
    return Row(
        model.name,
        len(runs),
        runs[0]["parameters"],
        _value(run["training"] for run in runs),
        *(
            _value(mean(run[f"{metric}_by_length"][band] for band in bands) for run in runs)
            for metric in ("exact", "bleu")
            for bands in (_bands(0, SHORT), _bands(LONG, LENGTH_BANDS[-1][1]))
        ),
    )


def _bands(low, high):
    return [i for i, band in enumerate(LENGTH_BANDS) if low <= band[0] and band[1] <= high]


def _value(numbers):
    numbers = list(numbers)
    return Value(mean(numbers), min(numbers), max(numbers))


def _cells(row):
    """Return each measured value of a row as two texts: the mean, and the range."""
    values = row.seconds, row.exact_short, row.exact_long, row.bleu_short, row.bleu_long
    forms = ".0f", ".2f", ".2f", ".0f", ".0f"
    return [
        (f"{value.mean:{form}}", f"{value.low:{form}} to {value.high:{form}}")
        for value, form in zip(values, forms, strict=True)
    ]
