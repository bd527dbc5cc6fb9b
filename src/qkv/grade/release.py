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
from qkv.notebook.files import write


def release(course: Course, assignment: str, engine: Engine | None) -> list[Path]:
    """Release an assignment; return the files written (none if all were as they should be).

    engine: runs the solution first; None skips that
    Raises `QkvError` naming the cell if the solution does not pass its own tests.
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
    result = engine.run(list(cells.values()), files_of(course, assignment))
    for order, (number, cell) in enumerate(cells.items()):
        shown = result["cells"].get(order, {})
        if cell["kind"] == "test" and not shown.get("ok"):
            name = solved.cells[number].metadata.nbgrader.grade_id
            said = shown.get("detail") or result["stopped"] or "it was not reached"
            at = _line(cell["source"], shown)
            raise QkvError(
                f"{assignment}/{path.name}: the solution does not pass {name}{at}: "
                f"{said[:400]}{_instead(cell['source'])}"
            )


def _line(source, shown):
    """Return `, line 3 (…)`: where a test failed; "" if that is not known."""
    text = next((o["text"] for o in shown.get("outputs", []) if o.get("text")), "")
    if not text or text not in source:
        return ""
    before = source.partition(text)[0]
    return f", line {before.count(chr(10)) + 1} ({text.splitlines()[0].strip()[:100]})"


# Forms that meet a copy, or nothing, and so fail without a refusal -> what to write.
_ELSEWHERE = {
    "redirect_stdout": "what is printed is seen by `probe.printed(f)`",
    "warn": "warnings are seen inside `probe.run(function, f)`",
    "patch": "a mock works inside `probe.run(function, f)`",
    "type(": "a class's name is `probe.attribute(obj, '__class__').__name__`",
}


def _instead(source):
    """Return a remark on forms in a test that cannot see what happens in the sandbox."""
    found = [said for form, said in _ELSEWHERE.items() if form in source]
    return "".join(f" ({said})" for said in found if "probe." not in source)
