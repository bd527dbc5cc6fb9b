"""Check the structure of every chapter: what a reader, and the next author, can rely on."""

import ast
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from qkv.errors import QkvError
from qkv.figure import FIGURE_MIME
from qkv.notebook.files import read_notebook, read_yaml
from qkv.paths import notebooks, root
from qkv.publish.plain import facts_of, fill, to_myst
from qkv.publish.prose import formulas, headings, symbols, without_code

MIN_CLAIMS = 10
MIN_QUIZZES = 4
OBJECTIVES = range(3, 6)

CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
BIB_KEY = re.compile(r"^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)\s*,", re.M | re.I)
IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
IMAGE_TAG = re.compile(r"<img\b[^>]*>", re.I)
IMAGE_BLOCK = re.compile(r"^(`{3,}|:{3,})\{(?:figure|image)\}[^\n]*\n(.*?)^\1", re.M | re.S)
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
    def name(self):
        """The name without folder and suffix, as `01_encodings`."""
        return Path(self.file).stem

    def figures(self):
        """Yield (cell, figure bundle) for every figure and quiz in the outputs."""
        for cell in self.cells:
            for output in cell.outputs:
                if FIGURE_MIME in output.get("data", {}):
                    yield cell, output["data"][FIGURE_MIME]

    def headings(self):
        """Return (cell number, level, text) of every heading."""
        return [
            (cell.number, level, text)
            for cell in self.cells
            if cell.kind == "markdown"
            for level, text in headings(cell.source)
        ]

    def section(self, title):
        """Return (cell number, text) of the section whose heading starts so, or None."""
        found, level, text = None, 0, []
        for cell in self.cells:
            if cell.kind != "markdown":
                continue
            for line in without_code(cell.source).split("\n"):
                heading = headings(line)
                if found and heading and heading[0][0] <= level:
                    return found, "\n".join(text)
                if found:
                    text.append(line)
                elif heading and heading[0][1].lower().startswith(title.lower()):
                    found, level = cell.number, heading[0][0]
        return (found, "\n".join(text)) if found else None


def check_book():
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
    listed = toc_files(read_yaml(book / "_toc.yml"))
    for path in paths:
        if f"chapters/{path.stem}" not in listed:
            problems.append(f"_toc.yml does not list chapters/{path.stem}: add it to a part.")
    return problems


def read_chapter(path, book):
    """Read a notebook; raise `QkvError` when it is no notebook."""
    cells = [
        Cell(
            number=number,
            kind=cell["cell_type"],
            source=to_myst(cell["source"]) if cell["cell_type"] == "markdown" else cell["source"],
            tags=cell["metadata"].get("tags", []),
            outputs=cell.get("outputs", []),
            was_run=cell.get("execution_count") is not None,
        )
        for number, cell in enumerate(read_notebook(path)["cells"], 1)
    ]
    return Chapter(path.relative_to(book).as_posix(), cells)


def toc_files(toc):
    """Return every file that a table of contents names."""
    files = {toc.get("root"), toc.get("file")} - {None}
    for key in ("parts", "chapters", "sections"):
        for entry in toc.get(key, []):
            files |= toc_files(entry)
    return files


def notation_symbols(text):
    """Return the symbols in the first column of the tables of the notation page."""
    known = set()
    for line in text.split("\n"):
        if line.strip().startswith("|"):
            first = re.split(r"(?<!\\)\|", line.strip())[1]
            for tex in formulas(first):
                known |= symbols(tex)
    return known


def check_chapter(chapter, keys, known):
    """Return what is wrong in one chapter; `keys` can be cited, `known` symbols may be used."""
    problems = [
        *check_headings([(f"cell {n}", level, text) for n, level, text in chapter.headings()]),
        *check_opening(chapter),
        *check_ending(chapter),
        *check_claims(chapter),
        *check_figures(chapter),
        *check_outputs(chapter),
    ]
    unknown = {}
    for cell in chapter.cells:
        if cell.kind == "markdown":
            place = f"cell {cell.number}"
            problems += check_images(cell.source, place)
            problems += check_citations(cell.source, place, keys)
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


def check_page(file, text, keys):
    """Return what is wrong in a page that is no notebook."""
    problems = check_headings([("the page", level, title) for level, title in headings(text)])
    problems += check_images(text, "the page") + check_citations(text, "the page", keys)
    return [f"{file}, {problem}" for problem in problems]


def check_headings(found):
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


def check_opening(chapter):
    """Objectives, times and what to know."""
    problems = []
    section = chapter.section("You will be able to")
    if section is None:
        problems.append("the start: there is no section `## You will be able to`.")
    else:
        count = len(re.findall(r"^(?:[-*+]|\d+\.) \S", section[1], re.M))
        if count not in OBJECTIVES:
            problems.append(
                f"cell {section[0]}: {count} objectives under “You will be able to”: "
                f"list {OBJECTIVES.start} to {OBJECTIVES.stop - 1}, each one checkable."
            )
    text = "\n".join(cell.source for cell in chapter.cells if cell.kind == "markdown")
    for what, pattern in FACTS.items():
        if not re.search(pattern, text, re.I):
            problems.append(f"the start: it does not state {what}: {PLACE}.")
    return problems


def check_ending(chapter):
    """The summary, the exercises and what to read next."""
    problems = []
    if chapter.section("What we have now") is None:
        problems.append("the end: there is no section `## What we have now`.")
    exercises = chapter.section("Exercises")
    if exercises is None:
        problems.append("the end: there is no section `## Exercises`.")
    elif f"exercises/{chapter.name}" not in exercises[1]:
        problems.append(
            f"cell {exercises[0]}: the exercises do not link to their set: "
            f"exercises/{chapter.name}/{chapter.name}.ipynb."
        )
    reading = chapter.section("Further reading")
    if reading is None:
        problems.append("the end: there is no section `## Further reading`.")
    elif not CITATION.search(reading[1]):
        problems.append(f"cell {reading[0]}: the further reading cites nothing.")
    return problems


def check_claims(chapter):
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


def check_figures(chapter):
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


def check_outputs(chapter):
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


def check_images(text, place):
    """Every picture in the text says what it shows."""
    text_only = without_code(text)
    silent = [match for match in IMAGE.finditer(text_only) if not match[1].strip()]
    silent += [
        tag for tag in IMAGE_TAG.findall(text_only) if not re.search(r"\balt=[\"']?[^\"'\s>]", tag)
    ]
    silent += [
        match for match in IMAGE_BLOCK.finditer(text) if not re.search(r":alt:\s*\S", match[2])
    ]
    return [f"{place}: a picture has no alternative text." for _ in silent]


def check_citations(text, place, keys):
    """Every source that the text cites is in the list of references."""
    cited = [key.strip() for group in CITATION.findall(text) for key in group.split(",")]
    return [
        f"{place}: {key!r} is not in book/references.bib."
        for key in dict.fromkeys(cited)
        if key not in keys
    ]
