"""A question on the page: its state for the browser, its words, its still picture."""

import textwrap
import warnings

import traitlets
from matplotlib.figure import Figure

from qkv import plot
from qkv.bank import Question, read_bank
from qkv.errors import QkvError
from qkv.live.base import LiveFigure
from qkv.markup import pieces, plain
from qkv.quiz.banks import bank_path, guess, short


class Quiz(LiveFigure):
    """One question of a bank, alive: the reader answers, and every option explains itself."""

    module = "quiz"
    smaller = "write shorter explanations"

    question = traitlets.Dict().tag(sync=True)

    def __init__(self, chapter: str, question: Question):
        """Take the id of the chapter (the reader's progress is kept under it) and a question."""
        self.words = in_words(question)
        super().__init__(alt=f"Quick check. {self.words}", question=quiz_state(chapter, question))

    def still(self) -> bytes:
        """Return a PNG of the question and its options, without the solution."""
        return text_picture(self.words)


def ask(chapter: str, question_id: str) -> Quiz:
    """Return a question of a chapter's bank, to be the last expression of a cell.

    Raises `QkvError` without a bank or when it holds no such question, and `BankError` for a
    mistake in it.
    """
    path = bank_path(chapter)
    if not path.is_file():
        raise QkvError(f"the chapter {chapter!r} has no question bank: write {short(path)}")
    _, bank = read_bank(path, short(path))
    if question_id not in bank:
        raise QkvError(f"{short(path)} has no question {question_id!r}{guess(question_id, bank)}")
    return Quiz(chapter, bank[question_id])


def quiz_state(chapter: str, question: Question) -> dict:
    """Return what the page needs to ask `question` and to explain every answer."""
    options = question.kind in ("single", "multiple")
    return {
        "chapter": chapter,
        "id": question.id,
        "kind": question.kind,
        "unit": question.unit,
        "text": pieces(question.text),
        "axes": _axes(question),
        "answers": [
            {
                "text": pieces(answer.text) if options else [["p", [["code", answer.text]]]],
                "right": answer.right,
                "why": pieces(answer.why),
                "value": answer.value,
                "tolerance": answer.tolerance,
            }
            for answer in question.answers
        ],
    }


def in_words(question: Question) -> str:
    """Return the question and what can be answered as plain text, without the solution."""
    words = plain(question.text)
    if question.kind == "number":
        words += f"\n\nAnswer: a number{' in ' + question.unit if question.unit else ''}."
    elif question.kind == "shape":
        blanks = ", ".join("…" for _ in question.answers[0].value)
        words += f"\n\nAnswer: a shape ({blanks}) out of {', '.join(_axes(question))}."
    else:
        box = "○" if question.kind == "single" else "☐"
        words += "\n" + "".join(f"\n{box} {plain(answer.text)}" for answer in question.answers)
    return words


def text_picture(words: str) -> bytes:
    """Return a PNG of plain text, small enough to travel with every question."""
    lines = []
    for line in words.split("\n"):
        indent = "     " if line[:1] in ("○", "☐") else ""
        lines += textwrap.wrap(line, 84, subsequent_indent=indent) or [""]
    figure = Figure(figsize=(7, 0.25 * len(lines) + 0.6))
    figure.set_layout_engine("none")
    heads = [("Quick check", plot.MUTED, "bold"), *((line, plot.INK, "normal") for line in lines)]
    for row, (line, colour, weight) in enumerate(heads):
        height = 1 - (0.16 + 0.25 * row) / figure.get_figheight()
        # A dollar sign is a dollar sign here: the words have no mathematics left.
        figure.text(
            0.03, height, line, color=colour, weight=weight, va="top", size=12, parse_math=False
        )
    with warnings.catch_warnings():
        # A letter that the typeface lacks shows as a box, and that is all there is to say.
        warnings.filterwarnings("ignore", "Glyph")
        return plot.png(figure, dpi=120)


def _axes(question: Question) -> list[str]:
    """The axis names a reader picks from: all that the answers name; numbers in order of size."""
    if question.kind != "shape":
        return []
    names = {axis for answer in question.answers for axis in answer.value or ()}
    return sorted(names, key=lambda axis: (not axis.isdigit(), len(axis) * axis.isdigit(), axis))
