"""Feedback pages: nbgrader's own, with hidden tests taken out and nothing in them that acts."""

import os
import re
import tempfile
from pathlib import Path

import nbformat
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, GetGrades

from qkv.errors import QkvError
from qkv.grade import clean
from qkv.grade.bounded import Bounded, TooMuchError
from qkv.grade.course import Course, nbgrader_says, why
from qkv.grade.run import read_record
from qkv.notebook.files import write

# No script runs on the page and nothing is fetched, whatever it may hold.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
    "base-uri 'none'\">"
)
SECONDS = 20.0  # of processor time, for the pages of one student
MAX_CELLS = 300
MAX_CHARACTERS = 1_000_000
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)


def graded(course: Course, assignment: str) -> list[str]:
    """Return the students whose submission to an assignment was graded to the end."""
    folder = course.state / "graded" / assignment
    return sorted(path.stem for path in folder.glob("*.json"))


def write_feedback(course: Course, assignment: str, progress=None) -> tuple[int, list[str]]:
    """Write `feedback/STUDENT/ASSIGNMENT/*.html`; return how many students and what went wrong.

    A page is made again each time, since a teacher may have graded by hand meanwhile; each appears
    at once or not at all. Pages are made apart, within bounds; a submission that is too much for
    nbgrader's page gets one in plain text.
    """
    done, problems = 0, []
    progress = progress or (lambda student, what: None)
    with course.lock(), Bounded(SECONDS) as apart:
        for student in graded(course, assignment):
            try:
                if said := _write_one(course, assignment, student, apart):
                    problems.append(f"{student}'s feedback is in plain text: {said}")
                done += 1
                progress(student, "written")
            except (ValueError, OSError) as error:
                problems.append(f"{student} has no feedback: {error}")
                progress(student, "failed")
    return done, problems


def _write_one(course: Course, assignment: str, student: str, apart: Bounded) -> str:
    """Write a student's pages; return why they are in plain text, or nothing."""
    target, said = course.root / "feedback" / student / assignment, ""
    record = read_record(course, assignment, student) or {}
    try:
        if why_not := _too_large(course, assignment, student):
            raise TooMuchError(why_not)
        made = apart.run(_rendered, course.root, course.database, assignment, student)
    except TooMuchError as error:
        said = str(error)
        made = plain_pages(course, assignment, student, said)
    for name, page in made.items():
        write(target / name, inert(page, record.get("trusted", False)))
    return said


def _too_large(course: Course, assignment: str, student: str) -> str:
    """Return why a submission is not worth trying to render, or nothing."""
    cells = size = 0
    for _, notebook in _autograded(course, assignment, student):
        cells += len(notebook.cells)
        size += sum(len(cell.source) for cell in notebook.cells)
    if cells > MAX_CELLS:
        return f"it has {cells} cells; a page shows {MAX_CELLS}"
    if size > MAX_CHARACTERS:
        return f"its cells hold {size:,} characters; a page shows {MAX_CHARACTERS:,}"
    return ""


def _autograded(course: Course, assignment: str, student: str):
    """Return the graded notebooks of a submission: (name, notebook)."""
    folder = course.root / "autograded" / student / assignment
    return [(p.stem, nbformat.read(p, as_version=4)) for p in sorted(folder.glob("*.ipynb"))]


def _rendered(root: Path, database: str, assignment: str, student: str) -> dict[str, str]:
    """Return nbgrader's pages of a submission: file name -> HTML. Runs apart, within bounds."""
    course = Course(root, database)
    with tempfile.TemporaryDirectory(prefix="feedback-", dir=course.state) as draft:
        config = course.config()
        config.CourseDirectory.feedback_directory = os.path.relpath(draft, course.root)
        config.CourseDirectory.assignment_id = assignment
        config.CourseDirectory.student_id = student
        config.GenerateFeedback.preprocessors = [
            GetGrades,
            ClearHiddenTests,
            ClearMarkScheme,
            CSSHTMLHeaderPreprocessor,
        ]
        # The teacher's regions may stand in cells that nbgrader does not expect them in.
        config.ClearHiddenTests.enforce_metadata = False
        config.ClearMarkScheme.enforce_metadata = False
        with nbgrader_says() as lines:
            try:
                coursedir = CourseDirectory(config=config)
                GenerateFeedback(coursedir=coursedir, config=config, force=True).start()
            except MemoryError:
                raise
            except Exception as error:
                raise QkvError(f"nbgrader: {why(lines, error)}") from error
        made = sorted((Path(draft) / student / assignment).glob("*.html"))
        return {page.name: page.read_text(encoding="utf-8") for page in made}


def plain_pages(course: Course, assignment: str, student: str, why_plain: str) -> dict[str, str]:
    """Return pages without any markup of the student's: their answers as text, and the points.

    Test cells are left out: what is hidden in them stays so.
    """
    points = _points(course, assignment, student)
    pages = {}
    for name, notebook in _autograded(course, assignment, student):
        parts = [f"<h1>{clean.escape(name)}</h1>"]
        parts.append(f"<p>This page is in plain text: {clean.escape(why_plain)}.</p>")
        parts.append("<h2>Points</h2><ul>")
        parts += [
            f"<li>{clean.escape(task)}: {got:g} of {most:g}</li>" for task, got, most in points
        ]
        parts.append("</ul><h2>What you wrote</h2>")
        left = MAX_CHARACTERS // 4
        for cell in notebook.cells[:MAX_CELLS]:
            if cell.metadata.get("nbgrader", {}).get("solution") and left > 0:
                shown = clean.text(cell.source, min(left, 20_000))
                left -= len(shown)
                parts.append(f"<pre>{clean.escape(shown)}</pre>")
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        pages[f"{name}.html"] = (
            f'<!doctype html><html lang="en"><head>{head}<title>{clean.escape(name)}</title></head>'
            f"<body>{''.join(parts)}</body></html>"
        )
    return pages


def _points(course: Course, assignment: str, student: str) -> list[tuple[str, float, float]]:
    """Return what the gradebook says of a submission: task, points, of how many."""
    from nbgrader.api import Gradebook

    with Gradebook(course.database) as gradebook:
        submission = gradebook.find_submission(assignment, student)
        return [(g.name, g.score, g.max_score) for n in submission.notebooks for g in n.grades]


def inert(page: str, trusted: bool = False) -> str:
    """Return an HTML page without scripts, which also forbids the browser to run or fetch any.

    trusted: the submission ran without a sandbox; the page says so
    """
    page = _SCRIPT.sub("", page)
    note = "<p>This submission ran without a sandbox (--trust-submissions).</p>" if trusted else ""
    page = re.sub(r"(<head[^>]*>)", lambda m: m.group() + POLICY, page, count=1)
    return re.sub(r"(<body[^>]*>)", lambda m: m.group() + note, page, count=1)


def pages(course: Course, assignment: str) -> list[Path]:
    """Return the feedback pages of an assignment."""
    return sorted((course.root / "feedback").glob(f"*/{assignment}/*.html"))
