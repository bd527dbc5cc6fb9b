"""Hand an assignment out: prove its solution, tell the gradebook, write the notebook."""

import shutil
import tempfile
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from qkv.errors import QkvError
from qkv.grade.course import Course, Plan, files_of, nbgrader_says, why
from qkv.grade.engine.worker import Engine
from qkv.grade.forms import instead
from qkv.notebook.files import write

MOST = 30  # lines that a release names


def release(course: Course, assignment: str, engine: Engine | None) -> list[Path]:
    """Release an assignment; return the files written (none if all were as they should be).

    engine: runs the solution first; None skips that
    Raises `QkvError` naming each line where the solution does not pass its own tests.
    """
    with course.lock(), tempfile.TemporaryDirectory(dir=course.root, prefix=".release-") as draft:
        if engine is not None:
            for path in sorted((course.solutions / assignment).glob("*.ipynb")):
                _prove(course, assignment, path, engine)
        config = course.config()
        config.CourseDirectory.release_directory = Path(draft).name
        config.CourseDirectory.assignment_id = assignment
        with nbgrader_says() as lines:
            try:
                GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
            except NbGraderException as error:
                said = why(lines, error)
                raise QkvError(f"nbgrader does not accept {assignment}: {said}") from error
        return _place(Path(draft) / assignment, course.released / assignment)


def _place(made, target):
    """Copy what changed from `made` to `target`, each file at once or not at all."""
    written = []
    for path in sorted(p for p in made.rglob("*") if p.is_file()):
        goal = target / path.relative_to(made)
        if goal.is_file() and _same(path, goal):
            continue
        write(goal, path.read_bytes())
        written.append(goal)
    shutil.rmtree(made)
    return written


def _same(one, other):
    """Whether two files hold the same; a notebook is its cells and what nbgrader knows of them."""
    if one.suffix != ".ipynb":
        return one.read_bytes() == other.read_bytes()
    return _essence(one) == _essence(other)


def _essence(path):
    cells = nbformat.read(path, as_version=4).cells
    keys = ("grade_id", "points", "solution", "grade", "locked", "task")
    return [
        (c.cell_type, c.source.rstrip(), [c.metadata.get("nbgrader", {}).get(k) for k in keys])
        for c in cells
    ]


def _prove(course, assignment, path, engine):
    solved = nbformat.read(path, as_version=4)
    cells = Plan(path.stem, solved, {}, solved).cells(solved)
    result = engine.run(list(cells.values()), files_of(course, assignment), survey=True)
    theirs = {name for cell in cells.values() for name in cell.get("binds", ())}
    said = []
    for order, (number, cell) in enumerate(cells.items()):
        shown = result["cells"].get(order, {})
        if cell["kind"] == "test":
            name = solved.cells[number].metadata.nbgrader.grade_id
            said += [f"{name}{line}" for line in _lines(cell, shown, result, theirs)]
    if said:
        more = [f"and {len(said) - MOST} lines more"] if len(said) > MOST else []
        listed = "\n".join(f"- {line}" for line in said[:MOST] + more)
        raise QkvError(
            f"{assignment}/{path.name}: the solution does not pass its own tests, so nothing was "
            f"handed out:\n{listed}"
        )


def _lines(cell, shown, result, theirs):
    """Return a sentence for each line of a test that failed and each that may be why."""
    source, found = cell["source"], shown.get("found", [])
    if shown.get("ok"):
        given = [e["value"] for e in shown["outputs"] if e.get("kind") == "points"]
        if not given or given[-1] == cell["points"]:
            return []
        last = f"{_at(source, len(source.rstrip().splitlines()))}: the number that it gives counts"
        return [f"{last} as points, and gives the solution {given[-1]:g} of {cell['points']:g}"]
    if not found:
        first = next((o.get("value") for o in shown.get("outputs", []) if o.get("value")), "")
        why = first or result["stopped"] or "it was not reached"
        return [f": {why[:400]}"]
    told = [f"{_at(source, one['line'])}: {one['said'][:400]}" for one in found]
    if all(one["said"].startswith(("NotAValue", "UnsendableError")) for one in found):
        return told  # each says itself what to write
    return told + [f"{_at(source, line)}: {said}" for line, said in instead(source, theirs)]


def _at(source, line):
    return f", line {line} ({source.splitlines()[line - 1].strip()[:100]})"
