"""What a class found hard: a folder of the files that the page of progress saves.

The files come from students, so nothing in them is trusted: they are small, they are JSON, and only
what they say of the book's own questions is counted. No word of theirs reaches a table.
"""

import json
import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from qkv.bank import read_bank
from qkv.errors import QkvError
from qkv.markup import plain
from qkv.paths import root

MOST_BYTES = 200_000  # a file about every question of a long book has a tenth of that
MOST_FILES = 5_000
MOST_TRIES = 999
SHOWN = 70  # letters of a question


@dataclass
class Hardness:
    """One question of the book and how it went: of `tried` readers, `right` got it in the end."""

    key: str
    words: str
    right: int = 0
    tries: list[int] = field(default_factory=list)
    at_once: int = 0

    @property
    def tried(self) -> int:
        """How many readers answered it at all."""
        return len(self.tries)

    @property
    def median(self) -> float:
        """The median number of tries of those who answered it."""
        return statistics.median(self.tries) if self.tries else 0.0

    @property
    def hard(self) -> tuple[float, float]:
        """What the table is ordered by: who is not right yet, then who was not right at once."""
        return (self.tried - self.right) / self.tried, 1 - self.at_once / self.tried


@dataclass
class ClassProgress:
    """The questions of the book that anybody answered, hardest first, and what was left out."""

    questions: list[Hardness]
    files: int
    left: list[tuple[Path, str]]
    unknown: int


def class_progress(folder: Path) -> ClassProgress:
    """Read every .json file below `folder`; the same file twice counts once.

    Raises `QkvError` when there is no such folder, when it holds no such file, or too many.
    """
    book = _questions()
    read: dict[str, Path] = {}
    left, unknown = [], 0
    for path in _files(folder):
        try:
            number, found, others = _answers(_content(path), book)
            if number in read:
                first = read[number].relative_to(folder)
                raise _NoProgressError(f"the same file as {first}")
        except _NoProgressError as problem:
            left.append((path, str(problem)))
            continue
        read[number] = path
        unknown += others
        for key, (right, tries) in found.items():
            question = book[key]
            question.tries.append(tries)
            question.right += right
            question.at_once += right and tries == 1
    answered = [question for question in book.values() if question.tries]
    answered.sort(key=lambda question: question.hard, reverse=True)
    return ClassProgress(answered, len(read), left, unknown)


def table(progress: ClassProgress, most: int) -> str:
    """Return the hardest questions as lines of text, at most `most` of them."""
    lines = ["tried  right  at once  tries  question"]
    for one in progress.questions[:most]:
        share = f"{one.right / one.tried:5.0%}  {one.at_once / one.tried:7.0%}"
        lines.append(f"{one.tried:5}  {share}  {one.median:5g}  {one.key}: {one.words}")
    return "\n".join(lines)


class _NoProgressError(Exception):
    """Why a file is left out."""


def _questions() -> dict[str, Hardness]:
    found = {}
    for path in sorted((root() / "chapters" / "quiz").glob("*.txt")):
        for question in read_bank(path, path.name)[1].values():
            key = f"{path.stem}/{question.id}"
            words = " ".join(plain(question.text).split())
            if len(words) > SHOWN:
                words = words[:SHOWN].rsplit(" ", 1)[0] + " …"
            found[key] = Hardness(key, words)
    return found


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise QkvError(f"{folder} is no folder: name the one with the students' files")
    paths = sorted(folder.rglob("*.json"))
    if not paths:
        raise QkvError(
            f"{folder} holds no .json file: students save one on the book's page of progress"
        )
    if len(paths) > MOST_FILES:
        raise QkvError(
            f"{folder} holds {len(paths)} .json files: read at most {MOST_FILES} at once"
        )
    return paths


def _content(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise _NoProgressError("it is no plain file")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _NoProgressError(f"it cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise _NoProgressError(f"it is larger than {MOST_BYTES // 1000} kB")
    return content


def _answers(content: bytes, book: dict) -> tuple[str, dict[str, tuple[bool, int]], int]:
    """Return a file's number, what it says of the book's questions, how many others it names."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        raise _NoProgressError("it is no JSON") from None
    if not isinstance(said, dict) or said.get("format") != "qkv-progress":
        raise _NoProgressError("it was not saved by the page of progress")
    answers = said.get("answers")
    if said.get("version") != 1 or not isinstance(answers, dict):
        raise _NoProgressError("it is of another version of the page of progress")
    number = said.get("file")
    if not isinstance(number, str) or not re.fullmatch("[0-9a-f]{16}", number):
        raise _NoProgressError("the number of the file makes no sense")
    found = {}
    for key, entry in answers.items():
        if key not in book:
            continue
        entry = entry if isinstance(entry, dict) else {}
        right, tries = entry.get("right"), entry.get("tries")
        # A bool is an int for Python, and no number of tries.
        if not isinstance(right, bool) or type(tries) is not int or not 1 <= tries <= MOST_TRIES:
            raise _NoProgressError(f"what it says of {key} makes no sense")
        found[key] = right, tries
    return number, found, len(answers) - len(found)
