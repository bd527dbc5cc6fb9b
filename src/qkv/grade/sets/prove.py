"""Prove that an exercise set teaches: every typical wrong answer meets its own hint.

The wrong answers are plain text beside the solutions, in `solutions/NN_name/misconceptions.py`.
"""

import contextlib
import io
import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat
import torch

from qkv.errors import QkvError
from qkv.grade.sets.exercises import STUB_SAYS, kind_of, read_master, release, tasks_of

TRIES = 10  # seeds for the hidden tests, which draw at random: what they say must be the same


@dataclass(frozen=True)
class Misconception:
    """A wrong answer to a task, and a piece of the message that it must meet."""

    task: str
    name: str
    hint: str
    hidden: bool  # passes the visible checks; only the hidden tests catch it
    code: str
    line: int


def load_misconceptions(path: Path) -> list[Misconception]:
    """Read a set's wrong answers from a Python file in cells.

    A cell starts with `# %% task | what is wrong | hint: piece of the message`, followed by the
    code that takes the place of the task's solution cell. `hidden:` in place of `hint:` marks an
    answer that the visible checks let pass and the hidden tests must not.
    Raises `QkvError` with file and line for a heading of another form, a cell without code, and
    a hint that two cells share; `QkvError` if there is no such file.
    """
    name = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    if not path.is_file():
        raise QkvError(f"{name} does not exist: an exercise set needs its wrong answers")
    found = []
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("# %%")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        where = f"{name}, line {start + 1}"
        parts = [part.strip() for part in lines[start].removeprefix("# %%").split("|")]
        ending = re.fullmatch(r"(hint|hidden):\s*(.+)", parts[-1])
        if len(parts) != 3 or not all(parts) or not ending:
            raise QkvError(f"{where}: write `# %% task | what is wrong | hint: what it must say`")
        code = "\n".join(lines[start + 1 : end]).strip()
        if not code:
            raise QkvError(f"{where}: no code follows {parts[1]!r}")
        hidden, hint = ending[1] == "hidden", ending[2]
        if not hidden and any(hint == other.hint for other in found):
            raise QkvError(f"{where}: another misconception has the hint {hint!r} already")
        found.append(Misconception(parts[0], parts[1], hint, hidden, code, start + 1))
    return found


def prove(folder: Path) -> list[str]:
    """Return what is wrong with a set, in sentences; nothing if every task teaches.

    Proved for each task: the stub fails and says what to do; the solution passes; at least three
    misconceptions fail the visible checks, each with its own hint and no other's; and the answers
    marked `hidden:` (at least one) pass the visible checks and fail the hidden tests, every time.
    """
    master, released = read_master(folder), release(folder)
    tasks = tasks_of(master)
    wrong = load_misconceptions(folder / "misconceptions.py")
    every_test = [test for tests in tasks.values() for test in tests]
    problems = _of_the_solution(master, every_test) + _of_the_stub(released, every_test)
    count = Counter((w.task, w.hidden) for w in wrong)
    for task in tasks:
        if count[task, False] < 3:
            problems.append(f"{task}: {count[task, False]} misconceptions with a hint, not three")
        if not count[task, True]:
            problems.append(f"{task}: no answer marked `hidden:` shows what the hidden tests catch")
    visible = {cell.metadata.nbgrader.grade_id: cell.source for cell in _tests_in(released)}
    for w in wrong:
        who = f"{w.task}, {w.name} (misconceptions.py, line {w.line})"
        if w.task not in tasks:
            found = [f"no such task; the tasks are {', '.join(tasks)}"]
        else:
            found = _of_an_answer(master, tasks[w.task], visible, w, wrong)
        problems += [f"{who}: {problem}" for problem in found]
    return problems


def _of_the_solution(master, tests) -> list[str]:
    """Return which tests the solution fails, with any of several draws."""
    failed = {}
    for seed in range(TRIES):
        failed |= _run(master, tests, seed=seed)
    return [f"{cell}: the solution fails: {_quote(error)}" for cell, error in failed.items()]


def _of_the_stub(released, tests) -> list[str]:
    """Return which tests pass although nothing is answered, or do not say that it is so."""
    problems, stub = [], _run(released, tests)
    for test in tests:
        if test not in stub:
            problems.append(f"{test}: passes although nothing has been answered")
        elif STUB_SAYS not in str(stub[test]):
            problems.append(f"{test}: does not say that the task is empty: {_quote(stub[test])}")
    return problems


def _of_an_answer(master, tests, visible, w, wrong) -> list[str]:
    """Return what is wrong with how a wrong answer is met: by its own hint, and by no other's."""
    errors = _run(master, tests, {**visible, w.task: w.code})
    if w.hidden:
        if errors:
            return [f"fails before the hidden tests: {_quote(next(iter(errors.values())))}"]
        tries = [_run(master, tests, {w.task: w.code}, seed) for seed in range(TRIES)]
        errors = min(tries, key=len)
        if not errors and any(tries):
            return [f"passes the hidden tests by luck, {tries.count({})} of {TRIES} times"]
    problems = [] if errors else ["passes"]
    for error in errors.values():
        others = other_hints(str(error), w, wrong)
        if not isinstance(error, AssertionError) or w.hint not in str(error):
            problems.append(f"meets {_quote(error)}, expected {w.hint!r}")
        elif others:
            problems.append(f"meets another's hint too, {others[0]!r}")
    return problems


def other_hints(said: str, one: Misconception, wrong: list[Misconception]) -> list[str]:
    """Return the hints in what was said that belong to other wrong answers alone.

    A hint that is contained in this one's cannot be told from it.
    """
    return [other.hint for other in wrong if other.hint in said and other.hint not in one.hint]


def _tests_in(notebook):
    return [cell for cell in notebook.cells if kind_of(cell) == "test"]


def _run(notebook: nbformat.NotebookNode, tests, replace=None, seed=0) -> dict[str, Exception]:
    """Run the code in order in one namespace; return what each failing cell raises.

    tests: the test cells to run; all other code runs in any case
    replace: grade id -> source that stands in for the cell's own
    seed: of all that draws at random, so that a proof comes out the same each time
    """
    random.seed(seed)
    torch.manual_seed(seed)
    raised = {}
    namespace = {"__name__": "__main__"}
    for number, cell in enumerate(notebook.cells, 1):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell {number}")
        if cell.cell_type != "code" or (kind_of(cell) == "test" and grade_id not in tests):
            continue
        source = (replace or {}).get(grade_id, cell.source)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, f"<{grade_id}>", "exec"), namespace)
        except Exception as error:  # whatever a cell raises is the finding; the others still run
            raised[grade_id] = error
    return raised


def _quote(error):
    return f"{type(error).__name__}: {error}"
