"""Marks and feedback in the form in which a learning platform takes them back."""

import io
import re
import zipfile
from pathlib import Path

from qkv.errors import QkvError
from qkv.grade import clean
from qkv.grade.course import Course
from qkv.grade.feedback import graded, pages
from qkv.grade.people import People, Person
from qkv.grade.report import scores
from qkv.grade.roster import Sheet, add_roster, read_sheet
from qkv.notebook.files import write

FORMATS = ["canvas", "moodle", "csv"]
CANVAS_HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
MOODLE_HEAD = [
    "Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Last modified (grade)",
]  # fmt: skip
# The heads of Moodle's columns, as far as they are not English there.
GRADE = ["grade", "bewertung", "note", "calificación", "beoordeling", "cijfer", "nota", "voto"]
MOST = [
    "maximum grade", "bestwertung", "note maximale", "calificación máxima", "maximum cijfer",
    "nota máxima", "voto massimo",
]  # fmt: skip


def write_marks(
    course: Course,
    assignment: str,
    kind: str,
    students: Path | None = None,
    column: str | None = None,
) -> tuple[Path, list[str]]:
    """Write `reports/ASSIGNMENT/marks-KIND.csv`; return it and what the teacher must know of it.

    kind: canvas, moodle or csv
    students: the platform's own export, which is filled in: Canvas's gradebook, Moodle's worksheet
    column: the head of the assignment's column in Canvas
    Raises `QkvError` if nobody is graded, or if the export is another platform's.
    """
    with course.lock():
        rows, _ = scores(course, assignment)
        if not rows:
            raise QkvError(f"no submission to {assignment} is graded: qkv grade grade {assignment}")
        people, sheet = People(course), None
        if students is not None:
            sheet = read_sheet(students, assignment)
            if kind in ("canvas", "moodle") and sheet.platform != kind:
                raise QkvError(
                    f"{students} is not {_export(kind)}: it has the columns "
                    f"{', '.join(sheet.head)[:200]}"
                )
            add_roster(people, sheet)
        marks = {row["student"]: row for row in rows}
        if kind == "csv":
            text, notes = _csv(people, marks), []
        elif sheet is None:
            make = _canvas if kind == "canvas" else _moodle
            text, notes = make(people, marks, assignment, column)
        else:
            text, notes = _filled(sheet, people, marks, assignment, column)
        path = course.root / "reports" / assignment / f"marks-{kind}.csv"
        write(path, text)
    if waiting := sum(bool(row["waiting"]) for row in rows):
        notes.append(
            f"{waiting} of {len(rows)} still have tasks to be graded by hand; the file has their "
            "points so far."
        )
    return path, notes


def _export(kind: str) -> str:
    return "Canvas's gradebook" if kind == "canvas" else "Moodle's grading worksheet"


def _number(value: float) -> str:
    return f"{round(float(value), 2):g}"


def _csv(people: People, marks: dict[str, dict]) -> str:
    head = ["student", "name", "number", "email", "score", "of", "by_hand_missing"]
    rows = []
    for student, row in marks.items():
        person = people.all.get(student) or Person(student, student)
        number = next((s["number"] for s in person.seen.values() if s["number"]), "")
        points = [_number(row["score"]), _number(row["of"]), row["waiting"]]
        rows.append([student, person.name, number, person.email, *points])
    return clean.table(head, rows)


def _seen(people: People, student: str, platform: str, assignment: str) -> str:
    """Return the number by which a platform knows a student; "" if it never told."""
    person = people.all.get(student)
    numbers = sorted(person.numbers(platform, assignment)) if person else []
    return numbers[0] if numbers else ""


def _canvas(
    people: People, marks: dict[str, dict], assignment: str, column: str | None
) -> tuple[str, list[str]]:
    """Return Canvas's import made of what is known of those who handed in."""
    rows, without = [], []
    for student, row in marks.items():
        number = _seen(people, student, "canvas", assignment)
        if number:
            name = people.all[student].name
            rows.append([name, number, "", "", "", _number(row["score"])])
        else:
            without.append(student)
    notes = [f"Canvas's number is not known of: {', '.join(without)}."] if without else []
    if not rows:
        raise QkvError(
            "nobody's number in Canvas is known: give Canvas's gradebook with --students"
        )
    if not column:
        notes.append(
            f"Canvas makes a new column {assignment}: for one that is there, give its head with "
            "--column, or Canvas's gradebook with --students."
        )
    return clean.table([*CANVAS_HEAD, column or assignment], rows), notes


def _moodle(
    people: People, marks: dict[str, dict], assignment: str, column: str | None
) -> tuple[str, list[str]]:
    """Return Moodle's worksheet made of what is known of those who handed in."""
    rows, without = [], []
    for student, row in marks.items():
        number = _seen(people, student, "moodle", assignment)
        if number:
            person = people.all[student]
            points = [_number(row["score"]), _number(row["of"])]
            rows.append([f"Participant {number}", person.name, person.email, *points, "-"])
        else:
            without.append(student)
    if not rows:
        raise QkvError(
            "nobody's number in Moodle is known: give Moodle's grading worksheet with --students"
        )
    notes = [f"Moodle's number is not known of: {', '.join(without)}."] if without else []
    notes.append(
        "Its heads are English: on a site in another language, give the grading worksheet that "
        "Moodle exports with --students."
    )
    return clean.table(MOODLE_HEAD, rows), notes


def _filled(
    sheet: Sheet, people: People, marks: dict[str, dict], assignment: str, column: str | None
) -> tuple[str, list[str]]:
    """Return a platform's own export with the points filled in; the rest stays as it was."""
    notes, used = [], set()
    head, at = _place(sheet, assignment, column)
    rows = []
    for row, entry in zip(sheet.rows, sheet.entries, strict=True):
        filled = [*row, *[""] * (len(head) - len(row))]
        person = _of_entry(people, entry) if entry else None
        if person and person.id in marks:
            used.add(person.id)
            filled[at] = _number(marks[person.id]["score"])
        rows.append(filled)
    if sheet.platform == "canvas":
        keep = [n for n, h in enumerate(head) if h.strip() in CANVAS_HEAD or n == at]
        head, rows = [head[n] for n in keep], [[row[n] for n in keep] for row in rows]
    if missing := sorted(set(marks) - used):
        notes.append(f"Not in the list, so without marks there: {', '.join(missing)}.")
    most, ours = sheet.column(MOST), next(iter(marks.values()))["of"]
    there = {row[most] for row in sheet.rows if most is not None and most < len(row)} - {""}
    if there and not any(_same(value, ours) for value in there):
        notes.append(f"Moodle's maximum is {min(there)}, that of the points is {_number(ours)}.")
    return clean.raw_table(head, rows, sheet.delimiter), notes


def _place(sheet: Sheet, assignment: str, column: str | None) -> tuple[list[str], int]:
    """Return the head of the table and the number of the column that the points go into."""
    if sheet.platform == "moodle":
        at = sheet.column(GRADE)
        if at is None:
            raise QkvError(f"no column of {', '.join(sheet.head)[:200]} is the grade")
        return sheet.head, at
    if column and column not in sheet.head:
        raise QkvError(f"no column is called {column!r}: it has {', '.join(sheet.head[5:])[:200]}")
    titles = [re.sub(r" \(\d+\)$", "", head).strip().casefold() for head in sheet.head]
    if column or assignment.casefold() in titles:
        return sheet.head, sheet.head.index(column) if column else titles.index(
            assignment.casefold()
        )
    return [*sheet.head, assignment], len(sheet.head)


def _of_entry(people: People, entry: Person) -> Person | None:
    """Return the person of the record whom a row of the list is about."""
    if entry.id in people.all:
        return people.all[entry.id]
    keys = set(entry.keys)
    return next((p for p in people.all.values() if keys & set(p.keys)), None)


def _same(value: str, number: float) -> bool:
    try:
        return abs(float(value.replace(",", ".")) - float(number)) < 1e-6
    except ValueError:
        return True


def write_feedback_zip(course: Course, assignment: str) -> tuple[Path, int]:
    """Write `reports/ASSIGNMENT/feedback.zip`: all pages, under the names of the download.

    Moodle and Canvas find by these names whose each page is. Returns the file and how many pages.
    """
    people, made, done = People(course), io.BytesIO(), set(graded(course, assignment))
    names: set[str] = set()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in pages(course, assignment):
            student = page.parent.parent.name
            if student not in done:
                continue
            seen = people.all[student].seen.get(assignment, {}) if student in people.all else {}
            name = f"{_label(seen, student, page.stem)}{page.name}"
            if name in names:
                name = f"{student}/{page.name}"
            names.add(name)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, page.read_bytes())
    if not names:
        raise QkvError(f"there is no feedback to {assignment}: qkv grade feedback {assignment}")
    path = course.root / "reports" / assignment / "feedback.zip"
    write(path, made.getvalue())
    return path, len(names)


def _label(seen: dict, student: str, notebook: str) -> str:
    """Return what a page's name begins with: the folder or prefix of the download."""
    if seen.get("platform") not in ("moodle", "canvas", "brightspace"):
        return f"{student}/"
    return seen.get("labels", {}).get(notebook) or seen["label"]
