"""Feedback pages: nbgrader's own, with hidden tests taken out and nothing in them that acts."""

import os
import re
import shutil
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, GetGrades

from qkv.grade.course import Course, nbgrader_says, why
from qkv.grade.run import read_record
from qkv.notebook.files import write

# No script runs on the page and nothing is fetched, whatever it may hold.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
    "base-uri 'none'\">"
)
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)


def graded(course: Course, assignment: str) -> list[str]:
    """Return the students whose submission to an assignment was graded to the end."""
    folder = course.state / "graded" / assignment
    return sorted(path.stem for path in folder.glob("*.json"))


def write_feedback(course: Course, assignment: str, progress=None) -> tuple[int, list[str]]:
    """Write `feedback/STUDENT/ASSIGNMENT/*.html`; return how many students and what went wrong.

    A page is made again each time, since a teacher may have graded by hand meanwhile; each appears
    at once or not at all.
    """
    from nbgrader.api import Gradebook

    done, problems = 0, []
    progress = progress or (lambda student, what: None)
    with course.lock(), Gradebook(course.database) as gradebook:
        for student in graded(course, assignment):
            try:
                _write_one(course, assignment, student, gradebook)
                done += 1
                progress(student, "written")
            except (ValueError, OSError) as error:
                problems.append(f"{student} has no feedback: {error}")
                progress(student, "failed")
    return done, problems


def _write_one(course, assignment, student, gradebook):
    draft = course.state / "feedback"
    shutil.rmtree(draft, ignore_errors=True)
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
        except Exception as error:
            raise ValueError(f"nbgrader: {why(lines, error)}") from error
    target = course.root / "feedback" / student / assignment
    made = draft / student / assignment
    record = read_record(course, assignment, student) or {}
    for page in sorted(made.glob("*.html")):
        write(target / page.name, inert(page.read_text(encoding="utf-8"), record.get("trusted")))
    shutil.rmtree(draft, ignore_errors=True)
    del gradebook


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
