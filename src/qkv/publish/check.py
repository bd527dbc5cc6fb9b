"""Check the structure of every chapter: what a reader, and the next author, can rely on."""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from markdown_it.token import Token

from qkv.errors import QkvError
from qkv.figure import FIGURE_MIME
from qkv.notebook.files import read_notebook
from qkv.notebook.toc import chapters
from qkv.paths import notebooks, root
from qkv.publish.plain import facts_of, fill, to_myst
from qkv.publish.prose import directive, formula, formulas, headings, role, symbols, tokens

MIN_CLAIMS = 10
MIN_QUIZZES = 4
OBJECTIVES = range(3, 6)

BIB_KEY = re.compile(r"^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)\s*,", re.M | re.I)
PLACE = (
    "put it before the first section, as `**Reading time:** 40 minutes` and "
    "`**Running time:** [](../book/status.md)`, which `qkv run` fills"
)
FACTS = {
    "a reading time": r"reading time",
    "a running time": r"running time\W*\[[^\]]+\]\(\.\./book/status\.md\)",
    "what to know before (prerequisites)": r"prerequisites|what to know|you need",
}


@dataclass
class Cell:
    """One cell: its number as a reader counts (from 1), and what the notebook says of it."""

    number: int
    kind: str
    source: str
    tags: list[str]
    outputs: list[dict]
    was_run: bool


@dataclass
class Chapter:
    """One notebook; `file` is its path in the book."""

    file: str
    cells: list[Cell]

    @property
    def name(self) -> str:
        """The name without folder and suffix, as `01_encodings`."""
        return Path(self.file).stem

    def texts(self) -> list[Cell]:
        """Return the cells that hold text."""
        return [cell for cell in self.cells if cell.kind == "markdown"]

    def figures(self) -> Iterator[tuple[Cell, dict]]:
        """Yield (cell, figure bundle) for every figure and quiz in the outputs."""
        for cell in self.cells:
            for output in cell.outputs:
                if FIGURE_MIME in output.get("data", {}):
                    yield cell, output["data"][FIGURE_MIME]

    def headings(self) -> list[tuple[int, int, str]]:
        """Return (cell number, level, text) of every heading."""
        return [
            (cell.number, level, text)
            for cell in self.texts()
            for level, text in headings(cell.source)
        ]

    def section(self, title: str) -> tuple[int, list[Token]] | None:
        """Return (cell number, tokens) of the section whose heading starts so, or None."""
        number, level = 0, 0
        found: list[Token] = []
        for cell in self.texts():
            inside = tokens(cell.source)
            for token, after in zip(inside, (*inside[1:], *inside[-1:]), strict=True):
                here = int(token.tag[1:]) if token.type == "heading_open" else 0
                if number and here and here <= level:
                    return number, found
                if number:
                    found.append(token)
                elif here and after.content.lower().startswith(title.lower()):
                    number, level = cell.number, here
        return (number, found) if number else None


def check_book() -> list[str]:
    """Return what is wrong in the chapters and pages: a sentence each, [] when all is well.

    Reads `chapters/*.ipynb`, `book/*.md`, `book/notation.md`, `book/references.bib`, `_toc.yml`.
    """
    book = root()
    problems = []
    references = book / "book/references.bib"
    keys = set(BIB_KEY.findall(references.read_text("utf-8"))) if references.is_file() else set()
    notation = book / "book/notation.md"
    known = notation_symbols(notation.read_text("utf-8")) if notation.is_file() else set()
    paths = notebooks(book)
    for path in paths:
        problems += check_chapter(read_chapter(path, book), keys, known)
        problems += check_text(path, book)
    for path in sorted((book / "book").glob("*.md")):
        problems += check_page(f"book/{path.name}", path.read_text("utf-8"), keys)
    named = chapters(book)
    for path in paths:
        if path.stem not in named:
            problems.append(f"_toc.yml does not list chapters/{path.stem}: add it to a part.")
    return problems


def read_chapter(path: Path, book: Path) -> Chapter:
    """Read a notebook; raise `QkvError` when it is no notebook."""
    cells = [
        Cell(
            number=number,
            kind=cell["cell_type"],
            source=to_myst(cell["source"]) if cell["cell_type"] == "markdown" else cell["source"],
            tags=cell.get("metadata", {}).get("tags", []),
            outputs=cell.get("outputs", []),
            was_run=cell.get("execution_count") is not None,
        )
        for number, cell in enumerate(read_notebook(path)["cells"], 1)
    ]
    return Chapter(path.relative_to(book).as_posix(), cells)


def notation_symbols(text: str) -> set[str]:
    """Return the symbols in the first column of the tables of the notation page."""
    known, column = set(), 0
    for token in tokens(text):
        if token.type == "tr_open":
            column = 0
        column += token.type in ("td_open", "th_open")
        if column == 1 and (tex := formula(token)) is not None:
            known |= symbols(tex)
    return known


def check_chapter(chapter: Chapter, keys: set[str], known: set[str]) -> list[str]:
    """Return what is wrong in one chapter; `keys` can be cited, `known` symbols may be used."""
    problems = [
        *check_headings([(f"cell {n}", level, text) for n, level, text in chapter.headings()]),
        *check_opening(chapter),
        *check_ending(chapter),
        *check_claims(chapter),
        *check_figures(chapter),
        *check_outputs(chapter),
    ]
    unknown: dict[str, str] = {}
    for cell in chapter.texts():
        place = f"cell {cell.number}"
        problems += check_images(cell.source, place)
        problems += check_citations(cell.source, place, keys)
        problems += check_lines(cell.source, place)
        for tex in formulas(cell.source):
            for symbol in symbols(tex) - known:
                unknown.setdefault(symbol, place)
    problems += [
        f"{place}: the symbol ${symbol}$ is not on the notation page: "
        "add it to the first column of a table in book/notation.md."
        for symbol, place in sorted(unknown.items())
    ]
    return [f"{chapter.file}, {problem}" for problem in problems]


def check_text(path: Path, book: Path) -> list[str]:
    """Every number and reference is what the stored outputs say; what is folded is marked."""
    notebook = read_notebook(path)
    try:
        cells = fill(notebook, facts_of(notebook, path, book))
    except QkvError as error:
        return [f"chapters/{path.name}, {error}."]
    return [
        f"chapters/{path.name}, cell {number}: its text or its folding is not what the "
        f"outputs say: run `qkv run --text {path.stem}`."
        for number in cells
    ]


def check_page(file: str, text: str, keys: set[str]) -> list[str]:
    """Return what is wrong in a page that is no notebook."""
    problems = check_headings([("the page", level, title) for level, title in headings(text)])
    problems += check_images(text, "the page") + check_citations(text, "the page", keys)
    problems += check_lines(text, "the page")
    return [f"{file}, {problem}" for problem in problems]


def check_headings(found: list[tuple[str, int, str]]) -> list[str]:
    """One title, first; then no heading more than one level below the one before it."""
    titles = [place for place, level, _ in found if level == 1]
    if len(titles) != 1 or found[0][1] != 1:
        place = titles[1] if len(titles) > 1 else "the start"
        return [f"{place}: there must be one title (`# …`), before all other headings."]
    problems = []
    for (_, before, _), (place, level, text) in itertools.pairwise(found):
        if level > before + 1:
            problems.append(
                f"{place}: the heading {text!r} jumps from level {before} to {level}: "
                f"write it with {'#' * (before + 1)}."
            )
    return problems


def check_opening(chapter: Chapter) -> list[str]:
    """Objectives, times and what to know."""
    problems = []
    section = chapter.section("You will be able to")
    if section is None:
        problems.append("the start: there is no section `## You will be able to`.")
    else:
        # Level 0 is the list, 1 its items; what a list inside an item holds is no objective.
        count = sum(token.type == "list_item_open" and token.level == 1 for token in section[1])
        if count not in OBJECTIVES:
            problems.append(
                f"cell {section[0]}: {count} objectives under “You will be able to”: "
                f"list {OBJECTIVES.start} to {OBJECTIVES.stop - 1}, each one checkable."
            )
    text = "\n".join(cell.source for cell in chapter.texts())
    for what, pattern in FACTS.items():
        if not re.search(pattern, text, re.I):
            problems.append(f"the start: it does not state {what}: {PLACE}.")
    return problems


def check_ending(chapter: Chapter) -> list[str]:
    """The summary, the exercises and what to read next."""
    problems = []
    if chapter.section("What we have now") is None:
        problems.append("the end: there is no section `## What we have now`.")
    exercises = chapter.section("Exercises")
    if exercises is None:
        problems.append("the end: there is no section `## Exercises`.")
    elif not any(f"exercises/{chapter.name}" in target(token) for token in exercises[1]):
        problems.append(
            f"cell {exercises[0]}: the exercises do not link to their set: "
            f"exercises/{chapter.name}/{chapter.name}.ipynb."
        )
    reading = chapter.section("Further reading")
    if reading is None:
        problems.append("the end: there is no section `## Further reading`.")
    elif not any(cited(token) for token in reading[1]):
        problems.append(f"cell {reading[0]}: the further reading cites nothing.")
    return problems


def check_claims(chapter: Chapter) -> list[str]:
    """Every claim can fail and says by how much; there are enough of them."""
    problems, count = [], 0
    for cell in chapter.cells:
        if "claim" not in cell.tags:
            continue
        count += 1
        source = re.sub(r"(?m)^\s*[%!].*$", "pass", cell.source)
        try:
            asserts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
        except SyntaxError:
            problems.append(f"cell {cell.number}: the claim is not Python.")
            continue
        if not any(not isinstance(node.test, ast.Constant) for node in asserts):
            problems.append(
                f'cell {cell.number}: the claim asserts nothing: write `assert …, f"…"`.'
            )
        elif not all(node.msg for node in asserts):
            problems.append(
                f"cell {cell.number}: the claim fails without a word: "
                'say what was measured, as `assert x < 1, f"x is {x:.2f}"`.'
            )
    if count < MIN_CLAIMS:
        problems.append(f"as a whole: {count} of {MIN_CLAIMS} claims (cells tagged `claim`).")
    return problems


def check_figures(chapter: Chapter) -> list[str]:
    """Captions and alternative texts; a live figure; enough quick checks."""
    problems, live = [], 0
    quizzes = set()
    for cell, figure in chapter.figures():
        is_quiz = figure.get("module") == "quiz"
        quizzes |= {cell.number} if is_quiz and "quiz" in cell.tags else set()
        live += bool(figure.get("module")) and not is_quiz
        if is_quiz and "quiz" not in cell.tags:
            problems.append(f"cell {cell.number}: the quick check lacks the tag `quiz`.")
        if not (figure.get("alt") or "").strip():
            problems.append(f"cell {cell.number}: the figure has no alternative text (alt=).")
        if not is_quiz and not (figure.get("caption") or "").strip():
            problems.append(f"cell {cell.number}: the figure has no caption (caption=).")
    if not live:
        problems.append("as a whole: there is no live figure.")
    fixed = ("you will be able to", "what we have now", "exercises", "further reading")
    sections = [
        text
        for _, level, text in chapter.headings()
        if level == 2 and not text.lower().startswith(fixed)
    ]
    needed = min(MIN_QUIZZES, max(len(sections), 1))
    if len(quizzes) < needed:
        problems.append(
            f"as a whole: {len(quizzes)} of {needed} quick checks (cells tagged `quiz`), "
            "one for each main section or four."
        )
    return problems


def check_outputs(chapter: Chapter) -> list[str]:
    """Every cell was run, none failed, and no picture goes without words."""
    problems = []
    code = [cell for cell in chapter.cells if cell.kind == "code" and cell.source.strip()]
    not_run = [cell.number for cell in code if not cell.was_run]
    if not_run:
        more = f" and {len(not_run) - 1} more" if len(not_run) > 1 else ""
        problems.append(f"cell {not_run[0]}{more}: not run yet: use `qkv run`.")
    for cell in chapter.cells:
        for output in cell.outputs:
            if output.get("output_type") == "error":
                problems.append(f"cell {cell.number}: the stored output is an error.")
            data = output.get("data", {})
            if FIGURE_MIME not in data and any(mime.startswith("image/") for mime in data):
                problems.append(
                    f"cell {cell.number}: a picture without words: show it with "
                    "plot.show(fig, name=, caption=, alt=)."
                )
    return problems


class _SilentImages(HTMLParser):
    """Counts the `<img>` of a piece of HTML that have no alternative text."""

    count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        self.count += tag == "img" and not (dict(attrs).get("alt") or "").strip()


def check_images(text: str, place: str) -> list[str]:
    """Every picture in the text says what it shows."""
    html, silent = _SilentImages(), 0
    for token in tokens(text):
        if token.type == "image":
            silent += not token.content.strip()
        elif token.type in ("html_inline", "html_block"):
            html.feed(token.content)
        elif (block := directive(token)) and block.name in ("figure", "image"):
            silent += not block.options.get("alt")
    return [f"{place}: a picture has no alternative text."] * (silent + html.count)


def check_citations(text: str, place: str, keys: set[str]) -> list[str]:
    """Every source that the text cites is in the list of references."""
    found = dict.fromkeys(key for token in tokens(text) for key in cited(token))
    return [f"{place}: {key!r} is not in book/references.bib." for key in found if key not in keys]


def check_lines(text: str, place: str) -> list[str]:
    """No list and no table has run into a paragraph: its marks would be read as words."""
    run_in = re.compile(r"\|\s*:?---|[.!?)] - $")
    found = [token for token in tokens(text) if token.type == "text"]
    return [
        f"{place}: a list or a table has run into a paragraph, near "
        f"{token.content.strip()[-40:]!r}: begin it on a line of its own."
        for token in found
        if run_in.search(token.content)
    ]


def cited(token: Token) -> list[str]:
    """Return the keys that a token cites."""
    if role(token).split(":")[0] != "cite":
        return []
    return [key.strip() for key in token.content.split(",")]


def target(token: Token) -> str:
    """Return where a token links to, or ""."""
    return token.content if role(token) else str(token.attrs.get("href", ""))
