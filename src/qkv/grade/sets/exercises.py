"""Make the students' exercises from the instructor's solutions.

A set is a folder `solutions/NN_name/` with two files: `NN_name.ipynb`, a notebook in nbgrader's
format with the answers in it, and `misconceptions.py`, wrong answers that `qkv.grade.sets.prove`
tries. `write_exercises` makes the students' version, `exercises/NN_name/NN_name.ipynb`.
"""

import ast
import contextlib
import re
from pathlib import Path

import nbformat
from jsonschema import ValidationError as SchemaError
from nbgrader.nbgraderformat import (
    MetadataValidator,
    SchemaTooNewError,
    SchemaTooOldError,
    ValidationError,
)
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from qkv.errors import QkvError
from qkv.paths import root

STUB_SAYS = "nothing here yet: replace this line with your code"
STUB = f'# YOUR CODE HERE\nraise NotImplementedError("{STUB_SAYS}")'

# The order of `nbgrader generate_assignment`, less what needs its database or starts a kernel.
PREPROCESSORS = [
    LockCells(),
    ClearSolutions(code_stub={"python": STUB}),
    ClearOutput(),
    ClearHiddenTests(),
    ClearMarkScheme(),
]
SEAL = [ComputeChecksums(), CheckCellMetadata()]

# What nbgrader removes, in which cells it may stand, and what such a cell is called there.
REGIONS = {
    "SOLUTION": (is_solution, "a solution cell"),
    "HIDDEN TESTS": (is_grade, "an autograded test cell"),
    "MARK SCHEME": (is_task, "a manually graded task cell"),
}
# A comment that means a marker but that nbgrader does not know: it would reach the students.
ALMOST = re.compile(
    r"\s*(#|<!--|=).*\b(begin|end)[\s_-]*(solution|hidden[\s_-]*test|mark[\s_-]*scheme)", re.I
)


def write_exercises(check: bool = False) -> int:
    """Write the students' version of every set; return how many files still differ afterwards.

    check: write nothing; print what is missing, left over or different, and how to mend it.
    Raises `QkvError` naming file and cell for a master that is not fit to hand out; then nothing
    is written at all.
    """
    base = root()
    wanted = {}
    for folder in exercise_sets():
        notebook = release(folder)
        path = base / "exercises" / folder.name / f"{folder.name}.ipynb"
        wanted[path] = nbformat.writes(notebook) + "\n"
    # Only names that this function gives: a student's own notebook beside them is left alone.
    leftover = {
        path
        for path in base.glob("exercises/*/*.ipynb")
        if path.stem == path.parent.name and path not in wanted
    }
    changes = {path: "has no solution any more" for path in leftover}
    for path, text in wanted.items():
        if not path.exists():
            changes[path] = "is missing"
        elif path.read_text(encoding="utf-8") != text:
            changes[path] = "differs from its solution"

    for path, change in sorted(changes.items()):
        name = path.relative_to(base)
        if check:
            print(f"{name} {change}")
        elif path in leftover:
            path.unlink()
            with contextlib.suppress(OSError):  # other files in the folder keep it
                path.parent.rmdir()
            print(f"removed {name}: it {change}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".tmp")
            draft.write_text(wanted[path], encoding="utf-8")
            draft.replace(path)
            print(f"wrote {name}")
    if not changes:
        print(f"exercises/ agrees with solutions/ (sets: {len(wanted)})")
    elif check:
        print("run `qkv exercises` and commit what it writes")
        return len(changes)
    return 0


def exercise_sets() -> list[Path]:
    """Return the folders of the sets in `solutions/`, in order."""
    return sorted(
        folder
        for folder in (root() / "solutions").glob("*")
        if folder.is_dir() and not folder.name.startswith((".", "_"))
    )


def _master_name(folder):
    return f"{folder.parent.name}/{folder.name}/{folder.name}.ipynb"


def read_master(folder: Path) -> nbformat.NotebookNode:
    """Read a set's solution notebook; `QkvError` names file and cell if it is not fit to use."""
    path, name = folder / f"{folder.name}.ipynb", _master_name(folder)
    if not path.is_file():
        raise QkvError(f"{name} does not exist: an exercise set needs its solution notebook")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises many kinds; all mean the same here
        message = str(error).splitlines()[0]
        raise QkvError(f"{name} is not a notebook that Jupyter reads: {message}") from error

    seen = {}
    for number, cell in enumerate(notebook.cells, 1):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        where = f"{name}, cell {number}" + (f" ({grade_id})" if grade_id else "")
        _check_cell(cell, where)
        if grade_id in seen:
            raise QkvError(f"{where}: cell {seen[grade_id]} has the grade id {grade_id!r} too")
        if grade_id:
            seen[grade_id] = number
    _check_tasks(notebook, name)
    return notebook


def _check_cell(cell, where):
    """Raise `QkvError` for wrong metadata or markers, before nbgrader stumbles over them."""
    validator = MetadataValidator()
    try:
        validator.validate_cell(cell)
    except SchemaError as error:
        raise QkvError(f"{where}: nbgrader's metadata are wrong: {error.message}") from error
    except (ValidationError, SchemaTooOldError, SchemaTooNewError) as error:
        message = str(error).splitlines()[0]
        raise QkvError(f"{where}: nbgrader's metadata are wrong: {message}") from error
    if (is_grade(cell) or is_task(cell)) and cell.metadata.nbgrader.get("points", 0) <= 0:
        raise QkvError(f"{where}: a graded cell without points; give it at least 1")

    open_region = None
    for line in cell.source.splitlines():
        marker = re.search(r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", line)
        if not marker:
            if ALMOST.match(line):
                names = ", ".join(f"BEGIN/END {region}" for region in REGIONS)
                raise QkvError(f"{where}: {line.strip()!r} is no marker; nbgrader knows {names}")
            continue
        side, region = marker.groups()
        fits, kind = REGIONS[region]
        if not fits(cell):
            raise QkvError(f"{where}: {side} {region} belongs in {kind}, and this is none")
        if side == "BEGIN" and open_region:
            raise QkvError(f"{where}: BEGIN {region} before END {open_region}")
        if side == "END" and open_region != region:
            raise QkvError(f"{where}: END {region} without BEGIN {region}")
        open_region = region if side == "BEGIN" else None
    if open_region:
        raise QkvError(f"{where}: BEGIN {open_region} without END {open_region}")


def _check_tasks(notebook, name):
    """Raise `QkvError` unless every solution is tested and one task is graded by hand."""
    tasks = tasks_of(notebook)
    tested = {test for tests in tasks.values() for test in tests}
    for cell in notebook.cells:
        if kind_of(cell) == "test" and cell.metadata.nbgrader.grade_id not in tested:
            grade_id = cell.metadata.nbgrader.grade_id
            raise QkvError(f"{name}: the test cell {grade_id} follows no solution cell")
    for task, tests in tasks.items():
        if not tests:
            raise QkvError(f"{name}: no autograded test cell follows the solution cell {task}")
    if not tasks:
        raise QkvError(f"{name} has no task that is graded by tests: add a solution and its test")
    if not any(kind_of(cell) == "manual" for cell in notebook.cells):
        raise QkvError(f"{name} has no task that is graded by hand: add a manual cell")


def kind_of(cell: nbformat.NotebookNode) -> str:
    """Return what nbgrader makes of a cell: solution, test, manual, locked or plain."""
    if is_task(cell) or (is_grade(cell) and is_solution(cell)):
        return "manual"
    if is_grade(cell):
        return "test"
    if is_solution(cell):
        return "solution"
    return "locked" if is_locked(cell) else "plain"


def tasks_of(notebook: nbformat.NotebookNode) -> dict[str, list[str]]:
    """Return the tasks that tests grade: the solution cell's grade id -> those of its test cells.

    The test cells of a task stand after its solution cell and before the next task.
    """
    tasks, tests = {}, None
    for cell in notebook.cells:
        if kind_of(cell) == "solution":
            tests = tasks.setdefault(cell.metadata.nbgrader.grade_id, [])
        elif kind_of(cell) == "manual":
            tests = None
        elif kind_of(cell) == "test" and tests is not None:
            tests.append(cell.metadata.nbgrader.grade_id)
    return tasks


def release(folder: Path) -> nbformat.NotebookNode:
    """Return a set's version for students: no answers, hidden tests, marking schemes or outputs.

    Raises `QkvError` naming file and cell for a master that is not fit to hand out.
    """
    notebook, resources = read_master(folder), {}
    for preprocessor in PREPROCESSORS:
        notebook, resources = preprocessor.preprocess(notebook, resources)
    for number, cell in enumerate(notebook.cells, 1):
        cell.source = cell.source.rstrip()  # a region taken from the end leaves its blank line
        cell.metadata.pop("execution", None)
        if is_solution(cell):
            cell.pop("attachments", None)  # a picture in the answer is part of the answer
        if kind_of(cell) in ("solution", "test"):
            try:
                ast.parse(cell.source)
            except SyntaxError as error:
                raise QkvError(
                    f"{_master_name(folder)}, cell {number} ({cell.metadata.nbgrader.grade_id}) "
                    f"is not Python once its regions are taken out: {error.msg}"
                ) from error
    for preprocessor in SEAL:
        notebook, resources = preprocessor.preprocess(notebook, resources)
    # The version of Python that ran the master says nothing to a student and changes often.
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    return notebook
