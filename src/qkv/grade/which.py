"""Which of a student's files is graded: told by what is in it, then by when it was handed in."""

from dataclasses import dataclass, field
from typing import Any

from qkv.grade.archives import Found
from qkv.grade.course import Course
from qkv.grade.intake import UnreadableError, parse
from qkv.grade.platforms import CHECKPOINTS, Origin, copy_number, copyless, stem

MAX_NOTEBOOKS = 60  # of one student in one collection


@dataclass(frozen=True)
class Wanted:
    """A notebook of the assignment: its name, and grade id -> source of its cells as handed out."""

    name: str
    given: dict[str, str]


@dataclass
class File:
    """A notebook that was found: whose, where, its bytes, and what its content says.

    ours: wanted notebook -> how many of its cells are in the file
    worked: how many solution cells are not as they were handed out
    """

    found: Found
    origin: Origin
    when: float | None
    data: bytes
    ours: dict[str, int] = field(default_factory=dict)
    worked: int = 0

    @property
    def checkpoint(self) -> bool:
        """Whether Jupyter, not the student, saved the file."""
        return CHECKPOINTS in self.found.parts

    @property
    def name(self) -> str:
        """The name that the student gave, without its ending."""
        return stem(self.origin.file or self.found.parts[-1])


def wanted(course: Course, assignment: str) -> list[Wanted]:
    """Return the notebooks that an assignment consists of."""
    made = []
    for path in sorted((course.solutions / assignment).glob("*.ipynb")):
        released = course.released / assignment / path.name
        made.append(
            Wanted(path.stem, _cells((released if released.is_file() else path).read_bytes()))
        )
    return made


def _cells(data: bytes) -> dict[str, str]:
    """Return grade id -> source of the cells that nbgrader knows; none for no notebook."""
    try:
        cells = parse(data)
    except UnreadableError:
        return {}
    found: dict[str, str] = {}
    for cell in cells:
        info = _info(cell)
        source = cell.get("source") if isinstance(cell, dict) else None
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if name := info.get("grade_id"):
            found.setdefault(str(name), " ".join(source.split()))
    return found


def _info(cell: Any) -> dict[str, Any]:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    info = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return info if isinstance(info, dict) and isinstance(info.get("grade_id"), str) else {}


def look(file: File, books: list[Wanted]) -> File:
    """Fill in what a file's content says of it."""
    cells = _cells(file.data)
    file.ours = {b.name: n for b in books if (n := len(cells.keys() & b.given.keys()))}
    best = max(books, key=lambda b: file.ours.get(b.name, 0), default=None)
    if best and file.ours:
        file.worked = sum(
            cells[name] != best.given[name] for name in cells.keys() & best.given.keys()
        )
    return file


def sort_out(
    files: list[File], books: list[Wanted]
) -> tuple[dict[str, File], list[tuple[File, str]]]:
    """Return which file counts for each notebook, and why each of the others does not."""
    groups: dict[str, list[File]] = {book.name: [] for book in books}
    unclear: list[File] = []
    for file in files:
        name = _which(file, books)
        groups[name].append(file) if name else unclear.append(file)
    open_books = [name for name, group in groups.items() if not group]
    left: list[tuple[File, str]] = []
    if unclear and len(open_books) == 1:
        groups[open_books[0]], unclear = unclear, []
    names = " or ".join(f"{book.name}.ipynb" for book in books)
    left += [(file, f"it cannot be told whether it is {names}") for file in unclear]
    chosen: dict[str, File] = {}
    for name, group in groups.items():
        if group:
            group.sort(key=_rank, reverse=True)
            chosen[name] = group[0]
            left += [(file, _why(file, group[0])) for file in group[1:]]
    return chosen, left


def _which(file: File, books: list[Wanted]) -> str | None:
    """Return the notebook that a file is: by its cells, by its name, or the only one there is."""
    if file.ours:
        most = max(file.ours.values())
        best = [name for name, count in file.ours.items() if count == most]
        if len(best) == 1:
            return best[0]
    names = sorted((book.name for book in books), key=len, reverse=True)
    given, plain = file.name.casefold(), copyless(file.name).casefold()
    for fits in (
        lambda name: given == name or plain == name,
        lambda name: plain.endswith((f"_{name}", f"-{name}", f" {name}")),
        lambda name: plain.startswith((f"{name}_", f"{name}-", f"{name} ")),
    ):
        found = [name for name in names if fits(name.casefold())]
        if len(found) == 1:
            return found[0]
    return names[0] if len(names) == 1 else None


def _rank(file: File) -> tuple[bool, bool, bool, int, float, int, str]:
    """Order files of one notebook: the last is what counts."""
    number = copy_number(file.name)
    moment = file.when if file.when is not None else 0.0
    ours, worked = bool(file.ours), file.worked > 0
    return (not file.checkpoint, ours, worked, file.origin.order, moment, number, file.found.path)


def _why(file: File, chosen: File) -> str:
    """Say why a file does not count, beside the one that does."""
    other = chosen.found.path
    if file.data == chosen.data:
        return f"the same as {other}"
    if file.checkpoint:
        newer = file.when is not None and chosen.when is not None and file.when > chosen.when
        return f"a checkpoint that Jupyter saved{' later' if newer else ''}; {other} counts"
    if chosen.ours and not file.ours:
        return f"it has no cell of the assignment; {other} counts"
    if chosen.worked and not file.worked and file.ours:
        return f"nothing is answered in it; {other} counts"
    if file.origin.order == chosen.origin.order and file.when == chosen.when:
        return f"as new as {other}, which counts"
    return f"older than {other}, which counts"
