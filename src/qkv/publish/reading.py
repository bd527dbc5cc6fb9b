"""How long a chapter takes to read, worked out from what is in it."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from qkv.figure import FIGURE_MIME
from qkv.markup import plain
from qkv.markup.formula import readable
from qkv.notebook.files import read_notebook
from qkv.notebook.toc import chapters
from qkv.publish.deeper import MARK
from qkv.publish.prose import directive, formula, role, tokens
from qkv.quiz.banks import bank_path, load_bank

WORDS_A_MINUTE = 200
LINES_A_MINUTE = 15
MINUTES_A_FIGURE = 2
MINUTES_A_CHECK = 1.5

SCREEN = 35  # lines of code that are seen without scrolling
HOUR = 60
# A stated time is rounded, and readers differ: what is more than this too little is no estimate.
TOO_LITTLE = 1.3
GUESSED = 0.4  # of the questions, at most, have a right option that is the longest
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "quiz", "going-deeper"}
HEADING = re.compile(r"^(?=(#{2,4}) )", re.M)
STATED = re.compile(r"reading time:?\s*(?:about\s*)?(\d+)\s*min", re.I)


@dataclass
class Reading:
    """What a reader meets on a chapter's main path: without the sections that go deeper.

    words: of the text, a formula as it is said. lines: of code in cells that stand open. figures,
    checks: how many. longest: lines of the longest open cell. stated: the minutes that the chapter
    promises, or None.
    """

    words: int = 0
    lines: int = 0
    figures: int = 0
    checks: int = 0
    longest: int = 0
    stated: int | None = None

    @property
    def minutes(self) -> float:
        """The time that all of it takes."""
        return (
            self.words / WORDS_A_MINUTE
            + self.lines / LINES_A_MINUTE
            + self.figures * MINUTES_A_FIGURE
            + self.checks * MINUTES_A_CHECK
        )


def reading_minutes(notebook: dict) -> float:
    """Return the minutes that reading a notebook takes: its text, open code, figures and checks."""
    return reading(notebook).minutes


def reading(notebook: dict) -> Reading:
    """Return what a reader meets in a notebook (as `read_notebook` gives it)."""
    found, deep = Reading(), 0  # the level of the heading under which it goes deeper
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for part in _sections(cell["source"]):
                if heading := HEADING.match(part):
                    level = len(heading[1])
                    if not deep or level <= deep:
                        deep = level if part[level:].lstrip().startswith(MARK) else 0
                if not deep:
                    _add_text(found, words_of(part))
        elif cell["cell_type"] == "code" and not deep:
            _add_code(found, cell)
    return found


def _sections(text: str) -> list[str]:
    """Cut a text before each of its headings."""
    cuts = [0, *(found.start() for found in HEADING.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(cuts) if a < b]


def _add_text(found: Reading, said: str) -> None:
    found.words += len(said.split())
    if found.stated is None and (stated := STATED.search(said)):
        found.stated = int(stated[1])


def words_of(text: str) -> str:
    """Return what a reader of a MyST text reads: words, code and formulas, without the markup."""
    said = []
    for token in tokens(text):
        block = directive(token)
        tex = formula(token)
        if tex is not None:
            said.append(readable(tex))
        elif token.type in ("text", "code_inline") or role(token):
            said.append(token.content)
        elif token.type in ("softbreak", "inline"):
            said.append(" ")
        elif token.type in ("fence", "code_block") and not block:
            said.append(token.content)
        elif block and block.name.startswith("code"):
            said.append(block.body)
    return "".join(said)


def _add_code(found: Reading, cell: dict) -> None:
    metadata = cell.get("metadata", {})
    tags = set(metadata.get("tags", []))
    shows = any(FIGURE_MIME in output.get("data", {}) for output in cell.get("outputs", []))
    found.checks += "quiz" in tags
    found.figures += shows and "quiz" not in tags
    if not tags & FOLDED and not metadata.get("jupyter", {}).get("source_hidden"):
        lines = sum(bool(line.strip()) for line in cell["source"].split("\n"))
        found.lines += lines
        found.longest = max(found.longest, lines)


def reading_table(book: Path) -> str:
    """Return a table of the chapters' times, and below it what of them asks too much."""
    rows = {
        name: reading(read_notebook(path))
        for name in chapters(book)
        if (path := book / "chapters" / f"{name}.ipynb").is_file()
    }
    width = max((len(name) for name in rows), default=7)
    head = f"{'chapter':{width}}  words  lines  figures  checks  minutes  stated"
    lines = [
        f"{name:{width}}  {row.words:5}  {row.lines:5}  {row.figures:7}  {row.checks:6}  "
        f"{row.minutes:7.0f}  {row.stated or '–':>6}"
        for name, row in rows.items()
    ]
    notes = [f"{name}: {note}" for name, row in rows.items() for note in reading_notes(row)]
    return "\n".join([head, *lines, "", *notes, *guessable(list(rows))]).rstrip()


def reading_notes(row: Reading) -> list[str]:
    """Return what asks too much of a reader; these are wishes, and no chapter fails for them."""
    notes = []
    if row.minutes > HOUR:
        notes.append(
            f"it takes {row.minutes:.0f} minutes: fold away what nothing later needs, so that the "
            f"main path stays within {HOUR}"
        )
    if row.stated is None:
        notes.append("it states no reading time: write `**Reading time:** about … minutes`")
    elif row.minutes > TOO_LITTLE * row.stated:
        notes.append(f"it states {row.stated} minutes and takes {row.minutes:.0f}")
    if row.longest > SCREEN:
        notes.append(
            f"an open cell has {row.longest} lines: fold it, or cut it ({SCREEN} fit a screen)"
        )
    return notes


def guessable(names: list[str]) -> list[str]:
    """Return a note when too many right options are the longest, which readers soon notice."""
    asked = longest = 0
    for name in names:
        bank = load_bank(bank_path(name)) if bank_path(name).is_file() else {}
        for question in bank.values():
            if question.kind == "single" and len(question.answers) > 2:
                sizes = {len(plain(answer.text)): answer.right for answer in question.answers}
                asked += 1
                longest += sizes[max(sizes)]
    if longest <= GUESSED * asked:
        return []
    return [
        f"quick checks: the right option is the longest in {longest} of {asked} questions: "
        "shorten it, or say more in the others"
    ]


def section_minutes(notebook: dict) -> list[int]:
    """Return the minutes of each section of a notebook's second level, in order.

    0 for those that go deeper, and for those that take less than a minute and a half.
    """
    sections: list[list[dict]] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            if sections:
                sections[-1].append(cell)
            continue
        for part in _sections(cell["source"]):
            if part.startswith("## "):
                sections.append([])
            if sections:
                sections[-1].append({**cell, "source": part})
    minutes = [round(reading({"cells": cells}).minutes) for cells in sections]
    return [n if n > 1 else 0 for n in minutes]
