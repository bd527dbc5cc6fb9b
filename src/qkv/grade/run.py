"""Grade a class: take each submission in, run it, put the result into the gradebook, remember it.

The parts that may hang or break run elsewhere (`qkv.grade.engine`); this process only reads data
and writes results, one student after the other, so that a kill at any moment leaves each student
either graded or not yet graded.
"""

import copy
import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.utils import parse_utc

from qkv.errors import QkvError
from qkv.grade import clean
from qkv.grade.course import Course, files_of, nbgrader_says, plans, why
from qkv.grade.intake import Submission, UnreadableError, check_student, read_file, rebuild
from qkv.grade.nbgrader import WHY, configure_for_rebuilt, share_engines
from qkv.notebook.files import write

VERSION = 3  # raise it when grading changes: then everything is graded again
TIMESTAMP = re.compile(
    r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?( [A-Za-z]{3,4}| ?[+-]\d{4})?"
)


@dataclass
class Outcome:
    """What a run over a class did: how many were graded now, were fresh, and what went wrong."""

    graded: int = 0
    fresh: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Task:
    """One student's submission to an assignment: a job for each of its notebooks."""

    student: str
    key: str
    trusted: bool
    submissions: dict[str, Submission]
    positions: dict[str, list[int]]
    jobs: dict[str, dict]


def students(course: Course, assignment: str) -> tuple[list[str], list[str]]:
    """Return the students who handed something in, and sentences about folders that are none."""
    found, problems = [], []
    if not course.submitted.is_dir():
        raise QkvError(f"{course.submitted} does not exist: qkv grade collect comes first")
    for entry in sorted(os.scandir(course.submitted), key=lambda e: e.name):
        if entry.name.startswith("."):
            continue
        try:
            check_student(entry.name)
        except ValueError as error:
            problems.append(f"submitted/: {error}")
            continue
        if entry.is_symlink() or not entry.is_dir():
            problems.append(f"submitted/{entry.name} is no folder, so nobody's work")
        elif os.path.lexists(Path(entry.path) / assignment):
            found.append(entry.name)
    return found, problems


def take_in(course, assignment, student, plan_list, files, kind) -> Task:
    """Read a student's submission and prepare what has to be run."""
    digest = hashlib.sha256(f"{VERSION} {kind}".encode())
    digest.update(json.dumps(files, sort_keys=True).encode())
    task = Task(student, "", kind == "none", {}, {}, {})
    for plan in plan_list:
        digest.update(plan.fingerprint().encode())
        name = f"{plan.name}.ipynb"
        try:
            data = read_file(course.submitted, student, assignment, name)
            digest.update(data)
            submission = rebuild(plan.base, data, plan.given)
        except UnreadableError as error:
            digest.update(str(error).encode())
            said = f"{str(error)[0].upper()}{str(error)[1:]}."
            submission = Submission(copy.deepcopy(plan.base), [said], readable=False)
        task.submissions[plan.name] = submission
        if submission.readable:
            cells = plan.cells(submission.notebook)
            task.positions[plan.name] = list(cells)
            task.jobs[plan.name] = {"cells": list(cells.values()), "files": files}
    task.key = digest.hexdigest()
    return task


def record_path(course: Course, assignment: str, student: str) -> Path:
    """Return where it is remembered that a submission was graded."""
    return course.state / "graded" / assignment / f"{student}.json"


def read_record(course: Course, assignment: str, student: str) -> dict | None:
    """Return what is remembered of a graded submission, or None."""
    try:
        return json.loads(record_path(course, assignment, student).read_text())
    except (FileNotFoundError, ValueError):
        return None


def grade_class(course, assignment, pool, force=False, only=None, progress=None) -> Outcome:
    """Grade all submissions to an assignment that are not graded yet.

    pool: runs jobs; see `qkv.grade.engine.pool`
    force: grade those again that are graded already
    only: the students to grade; all by default
    progress: called with a student's name and what became of them
    """
    outcome, progress = Outcome(), progress or (lambda student, what: None)
    with course.lock():
        plan_list, files = plans(course, assignment), files_of(course, assignment)
        names, outcome.problems = students(course, assignment)
        for student in sorted(set(only or ()) - set(names)):
            outcome.problems.append(f"{student} handed in nothing for {assignment}")

        def fresh_tasks():
            for student in names:
                if only and student not in only:
                    continue
                try:
                    task = take_in(course, assignment, student, plan_list, files, pool.kind)
                except Exception as problem:  # one submission never ends the class
                    outcome.problems.append(f"{student} was not graded: {problem}")
                    progress(student, "failed")
                    continue
                if not force and is_fresh(course, assignment, task):
                    outcome.fresh += 1
                    progress(student, "fresh")
                else:
                    yield task

        for task, results, error in pool.run(fresh_tasks()):
            try:
                if error is not None:
                    raise QkvError(error)
                store(course, assignment, task, results)
                outcome.graded += 1
                progress(task.student, "graded")
            except Exception as problem:  # one submission never ends the class
                outcome.problems.append(f"{task.student} was not graded: {problem}")
                progress(task.student, "failed")
    return outcome


def is_fresh(course: Course, assignment: str, task: Task) -> bool:
    """Whether this very submission has been graded already, to the end."""
    record = read_record(course, assignment, task.student)
    graded = course.root / "autograded" / task.student / assignment
    return record is not None and record["key"] == task.key and graded.is_dir()


def store(course: Course, assignment: str, task: Task, results: dict[str, dict]):
    """Put a student's results into nbgrader's gradebook and folders, then remember that.

    results: notebook -> what `Engine.run` returned
    Doing it twice changes nothing: nbgrader updates what is there.
    """
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    staged = course.state / "staged"
    folder = staged / task.student / assignment
    shutil.rmtree(folder, ignore_errors=True)
    record: dict = {"key": task.key, "trusted": task.trusted, "notebooks": {}}
    known: dict[str, dict] = {}
    for name, submission in task.submissions.items():
        write(folder / f"{name}.ipynb", nbformat.writes(submission.notebook))
        result = _placed(task, name, results.get(name))
        result["findings"] = submission.findings + _finding(result["stopped"])
        known[name] = result
        record["notebooks"][name] = _remember(submission, result)
    if when := timestamp(course, task.student, assignment):
        write(folder / "timestamp.txt", when)
    config = course.config()
    configure_for_rebuilt(config, known)
    share_engines()
    config.CourseDirectory.submitted_directory = str(staged.relative_to(course.root))
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.student_id = task.student
    with nbgrader_says() as lines:
        try:
            Autograde(coursedir=CourseDirectory(config=config), config=config, force=True).start()
        except Exception as error:
            raise QkvError(f"nbgrader: {why(lines, error)}") from error
    shutil.rmtree(folder, ignore_errors=True)  # before it counts as done: a kill leaves nothing
    write(record_path(course, assignment, task.student), json.dumps(record))


def _placed(task, name, result):
    """Return a result with the cells' positions in the notebook for keys."""
    if result is None:
        return {"cells": {}, "stopped": "unread"}
    places = task.positions[name]
    return {**result, "cells": {places[int(n)]: shown for n, shown in result["cells"].items()}}


def _finding(stopped):
    return [f"{WHY[stopped]}."] if stopped in WHY and stopped != "unread" else []


def _remember(submission, result):
    """Return what the report needs: findings, and for each test what it said to the teacher."""
    tests = {}
    for number, cell in enumerate(submission.notebook.cells):
        info = cell.metadata.get("nbgrader", {})
        if info.get("grade") and not info.get("solution") and cell.cell_type == "code":
            shown = result["cells"].get(number, {})
            detail = clean.text(shown.get("detail", ""), 500)
            tests[info["grade_id"]] = {"ok": bool(shown.get("ok")), "detail": detail}
    return {"findings": result["findings"], "tests": tests, "stopped": result["stopped"]}


def timestamp(course: Course, student: str, assignment: str) -> str | None:
    """Return when a submission was handed in, if its folder says so in a form that is a time."""
    try:
        data = read_file(course.submitted, student, assignment, "timestamp.txt")
    except UnreadableError:
        return None
    text = data[:64].decode("ascii", "replace").strip()
    try:
        return text if TIMESTAMP.fullmatch(text) and parse_utc(text) else None
    except (ValueError, OverflowError):
        return None
