"""The question banks for learning platforms: Moodle XML, GIFT, QTI 1.2 (Canvas) and QTI 2.1."""

from collections.abc import Callable, Iterable
from pathlib import Path

from qkv.bank import read_bank
from qkv.errors import QkvError
from qkv.notebook.files import write
from qkv.paths import require_writable, root
from qkv.publish.quizzes import canvas, gift, moodle, qti21
from qkv.publish.quizzes.asked import Asked, asked
from qkv.quiz.banks import bank_path, short

# What `--format` takes: the end of the file's name, and who writes it.
FORMATS: dict[str, tuple[str, Callable[[str, str, list[Asked]], str | bytes]]] = {
    "moodle": (".moodle.xml", moodle.written),
    "gift": (".gift.txt", gift.written),
    "canvas": (".qti12.zip", canvas.written),
    "qti21": (".qti21.zip", qti21.written),
}


def export_quizzes(
    chapters: Iterable[str], formats: Iterable[str], out: Path | None
) -> list[tuple[Path, int]]:
    """Write the banks of `chapters` (all, if none is named); return each file with its questions.

    A chapter is named by its number or its name. Raises `QkvError` for a chapter without a bank and
    for a question that a platform cannot hold, before anything is written.
    """
    folder = out or root() / "_build" / "quiz"
    require_writable(folder)
    made = []
    for chapter in _chosen(list(chapters)):
        path = bank_path(chapter)
        title, bank = read_bank(path, short(path))
        questions = [asked(chapter, question) for question in bank.values()]
        for name in formats or FORMATS:
            end, written = FORMATS[name]
            content = written(chapter, f"{_number(chapter)}{title}", questions)
            made.append((folder / f"{chapter}{end}", content, len(questions)))
    folder.mkdir(parents=True, exist_ok=True)
    for path, content, _ in made:
        write(path, content)
    return [(path, count) for path, _, count in made]


def _chosen(wanted: list[str]) -> list[str]:
    every = sorted(path.stem for path in bank_path("x").parent.glob("*.txt"))
    chosen = set()
    for name in wanted:
        number = f"{name.zfill(2)}_" if name.isdigit() else None
        found = [bank for bank in every if bank == name or (number and bank.startswith(number))]
        if not found:
            raise QkvError(
                f"no question bank is called {name!r}: there are {', '.join(every) or 'none'}"
            )
        chosen.update(found)
    return sorted(chosen) if wanted else every


def _number(chapter: str) -> str:
    number = chapter.partition("_")[0]
    return f"{number} " if number.isdigit() else ""


__all__ = ["FORMATS", "Asked", "export_quizzes"]
