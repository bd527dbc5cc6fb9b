"""Take a submission in: data that may be anything, made into the released notebook with answers.

What is graded is the *released* notebook with nothing of the student's but the sources of the
solution cells and of cells the student added. So whatever a submitted file holds besides (changed
tests, metadata, outputs, ids) has no way in.
"""

import copy
import json
import os
import re
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from qkv.errors import QkvError
from qkv.grade import clean

MAX_FILE = 20 * 2**20
MAX_CELLS = 500
MAX_EXTRA = 100
MAX_SOURCE = 100_000
MAX_PARTS = 400_000  # lists and objects; brackets in what a cell printed are text
# A text, closed or not, read once and never again: a file may be nothing but quotes.
_TEXTS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_PARTS = re.compile(rb"[\[{]")
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class UnreadableError(QkvError):
    """Why a submission cannot be read, in a sentence for its author."""


@dataclass
class Submission:
    """A notebook ready to be graded, and what was found on the way."""

    notebook: nbformat.NotebookNode
    findings: list[str] = field(default_factory=list)
    readable: bool = True


def check_student(name: str) -> str:
    """Return a student id that is fit to be a folder's name; `QkvError` for any other."""
    if not STUDENT.fullmatch(name) or ".." in name or name.endswith("."):
        shown = clean.text(name, 40)
        raise QkvError(
            f"{shown!r} cannot be a student id: use letters, digits, dot, dash, underscore and @"
        )
    return name


def read_file(folder: Path, *names: str) -> bytes:
    """Return the bytes of the file `names[-1]` below `folder`, following no link on the way.

    Raises `UnreadableError` for what is not there, no regular file, linked elsewhere or too large.
    """
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        return _read_by_path(Path(folder), names)
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names[:-1]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                below = os.open(name, flags, dir_fd=at)
            except FileNotFoundError:
                raise UnreadableError("nothing was handed in") from None
            except OSError:
                raise UnreadableError("a folder of the submission is no folder or a link") from None
            os.close(at)
            at = below
        return _read_regular(names[-1], at)
    finally:
        os.close(at)


def _read_by_path(folder: Path, names: tuple[str, ...]) -> bytes:
    """The same where a folder cannot be held open (Windows): each step is looked at by its path."""
    at = folder
    for name in names[:-1]:
        at = at / name
        if not os.path.lexists(at):
            raise UnreadableError("nothing was handed in")
        junction = getattr(os.path, "isjunction", lambda path: False)
        if at.is_symlink() or junction(at) or not at.is_dir():
            raise UnreadableError("a folder of the submission is no folder or a link")
    return _read_regular(at / names[-1], None)


def _read_regular(name: str | Path, folder: int | None) -> bytes:
    # Not blocking: opening a pipe would otherwise wait for somebody to write into it.
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
    flags = os.O_RDONLY
    for flag in wanted:
        flags |= getattr(os, flag, 0)
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe"}
            kind = kinds.get(stat.S_IFMT(info.st_mode), "no regular file")
            raise UnreadableError(f"the notebook that was handed in is {kind}")
        fd = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        raise UnreadableError("nothing was handed in under the name of the notebook") from None
    except OSError:
        raise UnreadableError("the file that was handed in cannot be opened") from None
    with os.fdopen(fd, "rb") as file:
        opened = os.fstat(fd)
        if not stat.S_ISREG(opened.st_mode) or not os.path.samestat(info, opened):
            raise UnreadableError("what was handed in is no regular file")
        if opened.st_nlink > 1:
            raise UnreadableError("the file that was handed in is a second name of another file")
        if opened.st_size > MAX_FILE:
            raise UnreadableError(f"the notebook is larger than {MAX_FILE // 2**20} MB")
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise UnreadableError(f"the notebook is larger than {MAX_FILE // 2**20} MB")
    return data


def parse(data: bytes) -> list[dict]:
    """Return the cells of a notebook file; `UnreadableError` says why there are none."""
    if not data.strip():
        raise UnreadableError("the file that was handed in is empty")
    if sum(1 for _ in _PARTS.finditer(_TEXTS.sub(b"", data))) > MAX_PARTS:
        raise UnreadableError("the file that was handed in has too many parts")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise UnreadableError(
            "the file that was handed in is not a notebook (no valid JSON)"
        ) from None
    cells = _cells(notebook) if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise UnreadableError("the file that was handed in is JSON, but no notebook")
    if len(cells) > MAX_CELLS:
        raise UnreadableError(f"the notebook has {len(cells)} cells; {MAX_CELLS} are accepted")
    return cells


def _cells(notebook: dict) -> list | None:
    """Return the cells, of notebooks as they were before 2015 too (version 3)."""
    sheets = notebook.get("worksheets")
    if "cells" in notebook or not isinstance(sheets, list):
        return notebook.get("cells")
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    found = [cell for cells in lists if isinstance(cells, list) for cell in cells]
    return [_newer(cell) if isinstance(cell, dict) else cell for cell in found]


def _newer(cell: dict) -> dict:
    """Return a cell of version 3 with the keys of version 4."""
    made = {**cell, "source": cell.get("input", cell.get("source"))}
    if cell.get("cell_type") == "heading":
        said = cell.get("level")
        level = said if isinstance(said, int) and 1 <= said <= 6 else 1
        text = made["source"]
        text = "".join(map(str, text)) if isinstance(text, list) else text
        made |= {"cell_type": "markdown", "source": f"{'#' * level} {text}"}
    return made


def same_text(one: str, other: str) -> bool:
    """Whether two sources differ in nothing that a person types.

    Programs that save notebooks change line ends, blanks at the ends of lines, and how accents are
    stored.
    """
    return _typed(one) == _typed(other)


def _typed(source: str) -> str:
    lines = unicodedata.normalize("NFC", source.lstrip("\ufeff")).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def _source(cell):
    """Return a cell's source as stored text, or None if it has none that can be."""
    value = cell.get("source")
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    if not isinstance(value, str) or len(value) > MAX_SOURCE:
        return None
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return clean.source(value, MAX_SOURCE)


def _grade_id(cell):
    """Return the id that nbgrader knows a cell by; "" if it has none, None if malformed."""
    metadata = cell.get("metadata")
    info = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if info is None:
        return ""
    name = info.get("grade_id") if isinstance(info, dict) else None
    return name if isinstance(name, str) else None


def rebuild(base: nbformat.NotebookNode, data: bytes, given: dict[str, str]) -> Submission:
    """Return the released notebook `base` with the answers of the submitted file put in.

    given: grade id -> source of the cells as the students got them
    """
    notebook = copy.deepcopy(base)
    result = Submission(notebook)
    try:
        cells = parse(data)
    except UnreadableError as error:
        return Submission(notebook, [f"{str(error)[0].upper()}{str(error)[1:]}."], readable=False)
    position = {c.metadata.nbgrader.grade_id: n for n, c in enumerate(base.cells) if _known(c)}
    plain_ids = {c.get("id"): n for n, c in enumerate(base.cells) if not _known(c)}
    plain_texts = {_typed(c.source): n for n, c in enumerate(base.cells) if not _known(c)}
    known_ids = _known_ids(base, cells)
    answered, extra, at = set(), {}, -1
    for cell in cells:
        source = _source(cell) if isinstance(cell, dict) else None
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        if source is None or kind not in ("code", "markdown", "raw"):
            result.findings.append("A cell that is malformed or too long was left out.")
            continue
        name = _grade_id(cell)
        if name == "" and isinstance(cell.get("id"), str):
            name = known_ids.get(cell["id"], "")
        if name is None or (name and name not in position):
            shown = clean.text(name or "", 40)
            result.findings.append(f"A cell with an unknown id ({shown!r}) was left out.")
        elif name:
            at = max(at, position[name])
            _answer(result, base.cells[position[name]], position[name], source, given, answered)
        elif _typed(source) in plain_texts:
            at = max(at, plain_texts[_typed(source)])
        else:
            same = plain_ids.get(cell.get("id") if isinstance(cell.get("id"), str) else None)
            if same is not None:
                at = max(at, same)
            if kind != "raw" and source.strip() and (same is None or kind == "code"):
                if same is not None:
                    result.findings.append("A given cell was changed; both versions were run.")
                extra.setdefault(at, []).append((kind, source))
    missing = [name for name, n in position.items() if n not in answered and _solution(base, n)]
    for name in missing:
        result.findings.append(f"The cell {name} is missing; the empty one was put back.")
    _insert(result, extra)
    result.findings = list(dict.fromkeys(result.findings))[:30]
    return result


def _known_ids(base, cells) -> dict[str, str]:
    """Return cell id -> grade id of cells whose nbgrader metadata the submission has lost."""
    there = {_grade_id(cell) for cell in cells if isinstance(cell, dict)}
    return {
        c.id: c.metadata.nbgrader.grade_id
        for c in base.cells
        if _known(c) and c.get("id") and c.metadata.nbgrader.grade_id not in there
    }


def _known(cell):
    return bool(cell.metadata.get("nbgrader", {}).get("grade_id"))


def _solution(notebook, number):
    return notebook.cells[number].metadata.nbgrader.get("solution", False)


def _answer(result, base, number, source, given, answered):
    """Put a student's source into the released cell that it belongs to, if it may go there."""
    name, cell = base.metadata.nbgrader.grade_id, result.notebook.cells[number]
    if not base.metadata.nbgrader.get("solution"):
        if not same_text(source, given[name]):
            result.findings.append(f"The locked cell {name} was changed; it was restored.")
        return
    if number not in answered or same_text(cell.source, base.source):
        cell.source = source
        if number in answered:
            result.findings.append(f"The cell {name} is there twice; the one with work counts.")
    elif not same_text(source, base.source):
        result.findings.append(f"The cell {name} is there twice; only the first one counts.")
    answered.add(number)


def _insert(result, extra):
    """Insert the cells that the student added, each after the released cell it followed."""
    count, cells = 0, []
    for number in range(-1, len(result.notebook.cells)):
        if number >= 0:
            cells.append(result.notebook.cells[number])
        for kind, source in extra.get(number, []):
            count += 1
            if count > MAX_EXTRA:
                continue
            make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
            cells.append(make(source, id=f"added-{count}", metadata={"qkv": "added"}))
    if count > MAX_EXTRA:
        result.findings.append(f"Only the first {MAX_EXTRA} added cells were kept.")
    result.notebook.cells = cells
