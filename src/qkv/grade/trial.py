"""One notebook through exactly what will grade it, before it is handed in."""

from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from qkv.errors import QkvError
from qkv.grade import clean
from qkv.grade.course import Course, Plan, files_of, packed, plans
from qkv.grade.engine.worker import Engine
from qkv.grade.intake import MAX_FILE, UnreadableError, parse, rebuild
from qkv.grade.nbgrader import WHY


@dataclass
class Trial:
    """What grading makes of a notebook.

    tests: the name of each test, its points, of how many, and what it said
    notes: what grading found, and what is no wrong answer but keeps work from being graded
    """

    tests: list[tuple[str, float, float, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def try_notebook(path: Path, engine: Engine, course: Course | None = None) -> Trial:
    """Run a notebook's cells in the sandbox and its tests outside, as grading does.

    course: where the assignment is; its tests are used then, hidden ones too. Without one, the
        tests are those that stand in the notebook, and the files those beside it.
    Raises `QkvError` when the notebook cannot be read or holds no tests.
    """
    data = _read(path)
    plan, files = _from_course(course, path.stem) if course else _from_itself(path, data)
    submission = rebuild(plan.base, data, plan.given)
    trial = Trial(notes=list(submission.findings))
    if not submission.readable:
        return trial
    cells = plan.cells(submission.notebook)
    result = engine.run(list(cells.values()), files)
    for order, (number, cell) in enumerate(cells.items()):
        shown = result["cells"].get(order, {})
        if cell["kind"] == "test":
            trial.tests.append(_outcome(submission.notebook.cells[number], cell, shown))
        elif cell["kind"] == "student":
            trial.notes += _failure(cell, shown)
        trial.notes += _notes(shown)
    if result["stopped"] in WHY:
        trial.notes.append(f"{WHY[result['stopped']]}.")
    trial.notes = list(dict.fromkeys(trial.notes))
    return trial


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise QkvError(f"there is no notebook {path}: name the file that you would hand in")
    if path.stat().st_size > MAX_FILE:
        raise QkvError(f"{path.name} is larger than {MAX_FILE // 2**20} MB: clear its outputs")
    return path.read_bytes()


def _from_course(course: Course, name: str) -> tuple[Plan, dict[str, str]]:
    for assignment in course.assignments():
        for plan in plans(course, assignment):
            if plan.name == name:
                return plan, files_of(course, assignment)
    raise QkvError(f"no assignment of {course.root} has a notebook {name}: keep its name")


def _from_itself(path: Path, data: bytes) -> tuple[Plan, dict[str, str]]:
    """Return what a notebook says of itself: its tests, and the files that lie beside it."""
    try:
        parse(data)
        notebook = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
    except (UnreadableError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise QkvError(f"{path.name}: {error}") from error
    marked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id")]
    if not any(cell.metadata.nbgrader.get("grade") for cell in marked):
        raise QkvError(f"{path.name} has no tests: it is no notebook of an assignment")
    given = {cell.metadata.nbgrader.grade_id: cell.source for cell in marked}
    folder = path.resolve().parent
    files = packed(folder, [p for p in folder.iterdir() if not p.name.startswith(".")])
    return Plan(path.stem, notebook, given, notebook), files


def _outcome(cell, test: dict, shown: dict) -> tuple[str, float, float, str]:
    """Return a test's name, its points, of how many, and the first line of what it said."""
    points = [e["value"] for e in shown.get("outputs", []) if e.get("kind") == "points"]
    got = points[-1] if points else test["points"] * bool(shown.get("ok"))
    errors = [e for e in shown.get("outputs", []) if e.get("kind") == "error"]
    said = f"{errors[-1]['name']}: {errors[-1]['value']}" if errors else ""
    if not shown:
        said = "it was not reached"
    return cell.metadata.nbgrader.grade_id, float(got), test["points"], clean.text(said, 300)


def _failure(cell: dict, shown: dict) -> list[str]:
    """Return a sentence about a cell of the student's that did not run to its end."""
    errors = [e for e in shown.get("outputs", []) if e.get("kind") == "error"]
    if not errors:
        return []
    first = next((line for line in cell["source"].splitlines() if line.strip()), "")
    said = clean.text(f"{errors[-1]['name']}: {errors[-1]['value']}", 300)
    return [f"The cell that begins with `{clean.text(first.strip(), 60)}` did not end: {said}"]


def _notes(shown: dict) -> list[str]:
    """Return the notes that grading itself puts into what a cell shows."""
    texts = [str(e.get("text", "")) for e in shown.get("outputs", []) if e.get("name") == "stderr"]
    return [line for text in texts for line in text.splitlines() if line.startswith("Note: ")]
