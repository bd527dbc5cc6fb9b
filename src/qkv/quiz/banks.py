"""The question banks of the book: where they are, what is wrong with them, what they hold."""

import ast
import difflib
import re
from pathlib import Path

from qkv.bank import BankError, Question, read_bank
from qkv.markup import plain
from qkv.notebook.files import read_notebook
from qkv.notebook.reach import parsed
from qkv.notebook.toc import chapters
from qkv.paths import root

# Options are shuffled, so a text that speaks of their places says something else to each reader.
PLACE = re.compile(
    r"\b(?:first|second|third|fourth|fifth|last|next|previous|former|latter)\s+(?:two\s+|three\s+)?"
    r"(?:options?|answers?|choices?)\b"
    r"|\b(?:options?|answers?|choices?)\s+(?:above|below|[A-E]\b|[1-9]\b)"
    r"|\b(?:all|none|both|neither|either|any|one)\s+of\s+the\s+(?:above|below)\b",
    re.I,
)


def bank_path(chapter: str) -> Path:
    """Return where the bank of `chapter` (such as "01_encodings") is."""
    return root() / "chapters" / "quiz" / f"{chapter}.txt"


def load_bank(path: Path | str) -> dict[str, Question]:
    """Return the questions of a bank by id, in the order of the file.

    Raises `BankError` with file and line at the first mistake, `FileNotFoundError` without a file.
    """
    return read_bank(Path(path), short(Path(path)))[1]


def check_banks() -> list[str]:
    """Return every problem of the book's question banks, each with its file and line.

    A problem is a mistake in a bank, a text that speaks of the places of options, a chapter that
    asks for a question no bank holds, a question that its chapter never asks, or a bank without a
    chapter in `_toc.yml`.
    """
    names = chapters(root())
    problems: list[str] = []
    banks: dict[str, dict[str, Question] | None] = {}
    for path in _banks(names):
        try:
            banks[path.stem] = load_bank(path)
        except BankError as error:
            problems.append(str(error))
            banks[path.stem] = None
        else:
            if path.stem not in names:
                problems.append(
                    f"{short(path)}:1: _toc.yml lists no chapter of this name: add it or take "
                    "the bank out"
                )
    asked: set[tuple[str, str]] = set()
    for name in names:
        problems += _check_calls(name, banks, asked)
    for chapter, bank in banks.items():
        shown = short(bank_path(chapter))
        for question in (bank or {}).values():
            problems += [f"{shown}:{line}: {what}" for line, what in places(question)]
            if (chapter, question.id) not in asked and chapter in names:
                problems.append(
                    f"{shown}:{question.line}: no chapter asks {question.id!r}: "
                    "ask it in a cell or take it out"
                )
    return problems


def places(question: Question) -> list[tuple[int, str]]:
    """Return (line, problem) where a question speaks of the places of its options."""
    if question.kind not in ("single", "multiple"):
        return []
    texts = [(question.line, question.text)]
    texts += [(answer.line, f"{answer.text}\n{answer.why}") for answer in question.answers]
    return [
        (line, f"{found[0]!r}: options are shuffled for the reader, so name the thing itself")
        for line, text in texts
        if (found := PLACE.search(" ".join(plain(text).split())))
    ]


def progress_state() -> dict:
    """Return the chapters of `_toc.yml` with their questions, for the page of progress."""
    found = []
    for name in chapters(root()):
        path = bank_path(name)
        title, bank = read_bank(path, short(path)) if path.is_file() else ("", {})
        questions = [{"id": q.id, "text": _first_words(q.text)} for q in bank.values()]
        if questions:
            page = f"../chapters/{name}.html"  # seen from book/progress.html
            found.append({"name": name, "title": title, "page": page, "questions": questions})
    return {"chapters": found}


def _banks(names: list[str]) -> list[Path]:
    """Return the files of the banks in the order of the book, and then those that it lacks."""
    written = sorted((root() / "chapters" / "quiz").glob("*.txt"))
    place = {name: number for number, name in enumerate(names)}
    return sorted(written, key=lambda path: place.get(path.stem, len(names)))


def _check_calls(name: str, banks: dict, asked: set[tuple[str, str]]) -> list[str]:
    """Note in `asked` what a chapter asks, and return what no bank holds."""
    path = root() / "chapters" / f"{name}.ipynb"
    problems = []
    cells = read_notebook(path)["cells"] if path.is_file() else []
    for number, cell in enumerate(cells, 1):
        for chapter, question_id in _calls(cell["source"]) if cell["cell_type"] == "code" else []:
            asked.add((chapter, question_id))
            bank = banks.get(chapter, {})
            if bank is not None and question_id not in bank:
                problems.append(
                    f"{short(path)}: cell {number}: asks {question_id!r}, which "
                    f"{short(bank_path(chapter))} does not hold{guess(question_id, bank)}"
                )
    return problems


def _calls(source: str) -> list[tuple[str, str]]:
    """Return the (chapter, question) of every `ask("…", "…")` in a cell."""
    calls = []
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "ask":
            given = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(given) == 2:
                calls.append((str(given[0]), str(given[1])))
    return calls


def _first_words(text: str) -> str:
    words = " ".join(plain(text).split())
    return words if len(words) <= 90 else words[:90].rsplit(" ", 1)[0] + " …"


def short(path: Path) -> str:
    """Return the path of a bank as messages show it."""
    try:
        return str(path.resolve().relative_to(root()))
    except (ValueError, FileNotFoundError):
        return str(path)


def guess(question_id: str, bank: dict) -> str:
    """Return the end of a message that says which question may have been meant."""
    near = difflib.get_close_matches(question_id, bank, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; it holds {', '.join(bank) or 'none'}"
