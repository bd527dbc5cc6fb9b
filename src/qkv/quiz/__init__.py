r"""Quick checks: a plain-text bank per chapter, questions on the page, progress in the browser.

A bank is `chapters/quiz/NN_name.txt`. Write it in any text editor, as UTF-8. A complete one:

    # Encodings and embeddings
    % A line that starts with % is a note to yourself. Nobody else sees it.

    ## one-hot-distance
    Two different words are written as *one-hot* vectors.
    How far apart are they?

    ( ) $1$
    > That would be so if they differed in one place; they differ in two.
    (x) $\sqrt{2}$
    > Yes: two places differ by one each, and $\sqrt{1^2 + 1^2} = \sqrt{2}$.

    ## dense-or-not
    Which of these vectors are learned?

    [x] the rows of `SkipGram`
    > Yes, by gradient descent.
    [x] the rows of `GloVe`
    > Yes, from the counts of neighbours.
    [ ] one-hot vectors
    > No: their place in the vocabulary says everything.

    ## one-hot-memory
    How many megabytes (one million bytes) hold 1,000 one-hot vectors of 50,000 `float32` numbers?

    = 200 ± 1 MB
    > Yes: 1,000 × 50,000 numbers of 4 bytes.
    ! 50
    > That counts numbers. Each takes 4 bytes.
    ! otherwise
    > Multiply vectors, numbers in each, and 4 bytes; then divide by a million.

    ## embedded-shape
    A batch of sentences goes through the embedding. Which shape comes out?

    = (batch, time, d_embed)
    > Yes: every token id has become a row of `d_embed` numbers.
    ! (batch, time, vocab_size)
    > That is the shape of one-hot vectors.
    ! otherwise
    > The first two axes stay what they were; the embedding adds one at the end.

The marks decide the kind of question:

- `(x)` the right one and `( )` the wrong ones: one answer;
- `[x]` right and `[ ]` wrong: several answers, none missing and none too many;
- `= 200 ± 1 MB` a number, how far off it may be (also `+-`; without it: exact), and a unit;
- `= (batch, time)` a shape; the reader picks each axis from those that the answers name;
- `! …` a wrong number or shape worth its own explanation, and `! otherwise` for all others.

Every answer is followed by its explanation, on lines that start with `>`. A long option goes on in
lines that are indented. In all texts: `code`, *emphasis*, **strong**, $math$, paragraphs, and in
questions also code between lines of three backticks; write `\$` for a dollar. The first line,
`# Title`, names the chapter; `## some-id` starts a question and is the name that the chapter asks
for: `ask("01_encodings", "one-hot-distance")`.
"""

import difflib
import re
import textwrap
import warnings
from pathlib import Path

import traitlets
from matplotlib.figure import Figure

from qkv import plot
from qkv.bank import Answer, BankError, Question, read_bank
from qkv.errors import QkvError
from qkv.live.base import LiveFigure
from qkv.markup import pieces, plain
from qkv.notebook.files import read_notebook
from qkv.paths import notebooks, root

__all__ = [
    "Answer",
    "BankError",
    "Question",
    "Quiz",
    "ask",
    "check_banks",
    "in_words",
    "load_bank",
    "progress_state",
]

ASK = re.compile(r"""^[^#\n]*\bask\(\s*["']([^"']+)["']\s*,\s*["']([^"']+)["']""", re.MULTILINE)


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

    Raises `BankError` for a mistake in the bank, and `QkvError` without one or when
    it holds no such question.
    """
    path = bank_path(chapter)
    if not path.is_file():
        raise QkvError(f"the chapter {chapter!r} has no question bank {_short(path)}")
    bank = load_bank(path)
    if question_id not in bank:
        raise QkvError(f"{_short(path)} has no question {question_id!r}{_guess(question_id, bank)}")
    return Quiz(chapter, bank[question_id])


def bank_path(chapter: str) -> Path:
    """Return where the bank of `chapter` (such as "01_encodings") is."""
    return root() / "chapters" / "quiz" / f"{chapter}.txt"


def load_bank(path: Path | str) -> dict[str, Question]:
    """Return the questions of a bank by id, in the order of the file.

    Raises `BankError` with file and line at the first mistake, `QkvError` without a file.
    """
    return read_bank(Path(path), _short(Path(path)))[1]


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
    figure = Figure(figsize=(7, 0.25 * len(lines) + 0.6), layout="none")
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


def check_banks() -> list[str]:
    """Return every problem of the book's question banks, each with its file and line.

    A problem is a mistake in a bank, a chapter that asks for a question no bank holds, or a
    question that its chapter never asks.
    """
    problems, banks, asked = [], {}, {}
    folder = root() / "chapters"
    for path in sorted((folder / "quiz").glob("*.txt")):
        try:
            banks[path.stem] = load_bank(path)
        except BankError as error:
            problems.append(str(error))
            banks[path.stem] = None
    for path in notebooks(root()):
        for number, cell in enumerate(read_notebook(path)["cells"], 1):
            if cell["cell_type"] != "code":
                continue
            for chapter, question_id in ASK.findall("".join(cell["source"])):
                asked.setdefault(chapter, set()).add(question_id)
                bank = banks.get(chapter, {})
                if bank is not None and question_id not in bank:
                    problems.append(
                        f"{_short(path)}: cell {number}: asks {question_id!r}, which "
                        f"{_short(bank_path(chapter))} does not hold{_guess(question_id, bank)}"
                    )
    for chapter, bank in banks.items():
        for question in (bank or {}).values():
            if question.id not in asked.get(chapter, ()):
                problems.append(
                    f"{_short(bank_path(chapter))}:{question.line}: no chapter asks "
                    f"{question.id!r}: ask it in a cell or take it out"
                )
    return problems


def progress_state() -> dict:
    """Return the chapters with their questions, for the page that shows a reader's progress."""
    chapters = []
    for path in sorted((root() / "chapters" / "quiz").glob("*.txt")):
        title, bank = read_bank(path, _short(path))
        questions = [{"id": q.id, "text": _first_words(q.text)} for q in bank.values()]
        if questions:
            page = f"../chapters/{path.stem}.html"  # seen from book/progress.html
            chapters.append(
                {"name": path.stem, "title": title, "page": page, "questions": questions}
            )
    return {"chapters": chapters}


def _first_words(text: str) -> str:
    words = " ".join(plain(text).split())
    return words if len(words) <= 90 else words[:90].rsplit(" ", 1)[0] + " …"


def _axes(question: Question) -> list[str]:
    """The axis names a reader picks from: all that the answers name; numbers in order of size."""
    if question.kind != "shape":
        return []
    names = {axis for answer in question.answers for axis in answer.value or ()}
    return sorted(names, key=lambda axis: (not axis.isdigit(), len(axis) * axis.isdigit(), axis))


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(root()))
    except ValueError:
        return str(path)


def _guess(question_id: str, bank: dict) -> str:
    near = difflib.get_close_matches(question_id, bank, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; it holds {', '.join(bank) or 'none'}"
