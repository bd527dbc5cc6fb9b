"""Make the students' notebooks of the labs from their masters, and prove that each lab teaches.

A lab is a folder `labs/NN_name/`: `master.ipynb` with the answers in it, `misconceptions.py` with
wrong ones, and `plan.md` for the teacher. A cell of the master tagged `gap` holds an answer between
`### BEGIN SOLUTION` and `### END SOLUTION`; the cell after it, tagged `check`, says what is wrong.
The student's notebook, `NN_name_lab.ipynb` beside it, is written from the master. A cell that draws
is tagged `figure`. Nothing is graded.
"""

import contextlib
import io
import re
from pathlib import Path

import nbformat

from qkv.errors import QkvError
from qkv.grade.sets.exercises import STUB, STUB_SAYS
from qkv.grade.sets.prove import Misconception, load_misconceptions, other_hints
from qkv.notebook.files import write
from qkv.paths import root

REGION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.M | re.S)
MINUTES = re.compile(r"^\| *(\d+) *\|", re.M)
LESSON = 90  # minutes


def lab_folders() -> list[Path]:
    """Return the folders of the labs, in order."""
    return sorted(path.parent for path in root().glob("labs/*/master.ipynb"))


def write_labs(check: bool = False) -> int:
    """Write the students' notebook of every lab; with `check`, return how many differ instead."""
    differ = 0
    for folder in lab_folders():
        path = folder / f"{folder.name}_lab.ipynb"
        text = nbformat.writes(student_version(folder)) + "\n"
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        differ += 1
        name = path.relative_to(root())
        if check:
            print(f"{name} differs from its master: run `qkv labs`")
        else:
            write(path, text)
            print(f"wrote {name}")
    return differ if check else 0


def student_version(folder: Path) -> nbformat.NotebookNode:
    """Return a lab without answers and outputs. Raises `QkvError` for a gap without an answer."""
    notebook = _master(folder)
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if _is(cell, "gap"):
            if not REGION.search(cell.source):
                raise QkvError(
                    f"labs/{folder.name}/master.ipynb, cell {number}: a gap without an answer "
                    "between ### BEGIN SOLUTION and ### END SOLUTION"
                )
            cell.source = REGION.sub(_stub, cell.source)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    return notebook


def prove_lab(folder: Path) -> list[str]:
    """Return what is wrong with a lab, in sentences; nothing if it teaches.

    Proved: the answers pass every check; an empty gap fails its own and says so; each wrong answer
    meets its own hint and no other's, and every gap has at least two; the plan's minutes are a
    lesson's.
    """
    master = _master(folder)
    gaps = [name for cell in master.cells if (name := _name(cell))]
    problems = [f"the answers fail: {error}" for error in _run(master).values()]
    empty = _run(student_version(folder))
    for gap in gaps:
        if STUB_SAYS not in str(empty.get(gap, "")):
            problems.append(f"{gap}: passes although nothing has been answered")
    wrong = load_misconceptions(folder / "misconceptions.py")
    for gap in gaps:
        count = sum(one.task == gap for one in wrong)
        if count < 2:
            problems.append(f"{gap}: {count} wrong answers, not two")
    for one in wrong:
        problems += _of_an_answer(master, gaps, one, wrong)
    minutes = sum(map(int, MINUTES.findall((folder / "plan.md").read_text("utf-8"))))
    if minutes != LESSON:
        problems.append(f"plan.md: its parts take {minutes} minutes, a lesson {LESSON}")
    return problems


def _of_an_answer(master, gaps, one: Misconception, wrong) -> list[str]:
    who = f"misconceptions.py, line {one.line} ({one.name})"
    if one.task not in gaps:
        return [f"{who}: no such gap; there are {', '.join(gaps)}"]
    said = str(_run(master, {one.task: one.code}, only=one.task).get(one.task, ""))
    if one.hint not in said:
        return [f"{who}: meets {said!r}, expected {one.hint!r}"]
    others = other_hints(said, one, wrong)
    return [f"{who}: meets another's hint too, {others[0]!r}"] if others else []


def _run(notebook, replace=None, only="") -> dict[str, Exception]:
    """Run the code in order; return the first error of each gap: its own, or that of its check.

    With `only`, what comes after that gap is not run, and nothing is drawn.
    """
    raised: dict[str, Exception] = {}
    namespace = {"__name__": "__main__"}
    gap = "before the first gap"
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if only and gap == only and (_name(cell) or _is(cell, "figure")):
            break
        if only and _is(cell, "figure"):
            continue
        gap = _name(cell) or gap
        source = (replace or {}).get(_name(cell), cell.source)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, f"<{gap}>", "exec"), namespace)
        except Exception as error:  # whatever a cell raises is the finding; the others still run
            raised.setdefault(gap, error)
    return raised


def _stub(region: re.Match[str]) -> str:
    return "\n".join(region[1] + line for line in STUB.splitlines())


def _is(cell, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def _name(cell) -> str:
    """Return the name of a gap, which its second tag gives; "" for any other cell."""
    tags = cell.metadata.get("tags", [])
    return tags[1] if tags[:1] == ["gap"] else ""


def _master(folder: Path) -> nbformat.NotebookNode:
    return nbformat.read(folder / "master.ipynb", as_version=4)
