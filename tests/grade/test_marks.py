"""Marks and feedback go back to the platform that the work came from."""

import csv
import io
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from click.testing import CliRunner
from tests.helpers.handed_in import as_zip

from qkv.errors import QkvError
from qkv.grade import example
from qkv.grade.cli import group
from qkv.grade.collect import collect
from qkv.grade.course import Course, plans
from qkv.grade.feedback import write_feedback
from qkv.grade.marks import write_feedback_zip, write_marks
from qkv.grade.report import write_report
from qkv.grade.run import store, take_in

NAME = example.ASSIGNMENT
MOODLE = {
    "Jane Doe_31_assignsubmission_file_": 10,
    "Jane Doe_32_assignsubmission_file_": 4,
    "=1+1_33_assignsubmission_file_": 0,
}
CANVAS = {"doejane_1111_901_": 10, "doejane_LATE_2222_902_": 4}


def grade(course, marks):
    """Put results into the gradebook as if they had been run: student -> points."""
    plan_list = plans(course, NAME)
    for student, points in marks.items():
        task = take_in(course, NAME, student, plan_list, {}, "test")
        left, cells = points, {}
        for n, cell in enumerate(task.jobs[NAME]["cells"]):
            if cell["kind"] == "test":
                cells[n] = {"ok": left > 0, "outputs": []}
                if left <= 0:
                    said = {"kind": "error", "name": "AssertionError", "value": "no"}
                    cells[n]["outputs"] = [said]
                left -= 2
        store(course, NAME, task, {NAME: {"cells": cells, "stopped": None}})


@pytest.fixture(scope="module")
def moodle(tmp_path_factory, released):
    folder = tmp_path_factory.mktemp("moodle")
    shutil.copytree(released, folder / "course")
    course = Course.at(folder / "course")
    hand_in(course, folder, MOODLE, "/")
    write_feedback(course, NAME)
    return course


@pytest.fixture(scope="module")
def canvas(tmp_path_factory, released):
    folder = tmp_path_factory.mktemp("canvas")
    shutil.copytree(released, folder / "course")
    course = Course.at(folder / "course")
    hand_in(course, folder, CANVAS, "")
    write_feedback(course, NAME)
    return course


def hand_in(course, folder, names, between):
    """Collect a right answer of each of these, and give them their points."""
    notebook = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    text = example.answer(notebook, {**example.right_answers(), "why": "It grows."})
    members = {f"{name}{between}{NAME}.ipynb": text for name in names}
    result = collect(course, NAME, as_zip(folder, members))
    by_number = {shown.rsplit("(", 1)[1][:-1]: who for who, shown in result.names.items()}
    marks = {}
    for name, points in names.items():
        number = next(part for part in name.split("_") if part.isdigit())
        marks[by_number[number]] = points
    grade(course, marks)


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_moodles_own_worksheet_is_filled_in_and_else_as_it_was(moodle, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "\ufeffID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,"
        "Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
        'Teilnehmer 31,Jane Doe,a@u.example,Abgegeben,"",14.00,-,"<p>one\n=two</p>"\n'
        "Teilnehmer 32,Jane Doe,b@u.example,Abgegeben,,14.00,-,\n"
        "Teilnehmer 99,Max Late,c@u.example,Keine Abgabe,,14.00,-,\n"
    )
    path, notes = write_marks(moodle, NAME, "moodle", sheet)
    rows = table(path)
    assert [row["Bewertung"] for row in rows] == ["10", "4", ""]
    assert [row["ID"] for row in rows] == ["Teilnehmer 31", "Teilnehmer 32", "Teilnehmer 99"]
    assert rows[0]["Zuletzt geändert (Bewertung)"] == "-"
    assert rows[0]["Feedback als Kommentar"] == "<p>one\n'=two</p>"
    assert any("Not in the list" in note for note in notes)
    assert any("by hand" in note for note in notes)


def test_moodles_worksheet_is_made_of_what_the_download_said(moodle):
    path, notes = write_marks(moodle, NAME, "moodle")
    rows = {row["Identifier"]: row for row in table(path)}
    assert {who: row["Grade"] for who, row in rows.items()} == {
        "Participant 31": "10", "Participant 32": "4", "Participant 33": "0",
    }  # fmt: skip
    assert rows["Participant 33"]["Full name"] == "'=1+1"
    assert any("language" in note for note in notes)


def test_another_maximum_in_moodle_is_said(moodle, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "Identifier,Full name,Email address,Grade,Maximum grade\nParticipant 31,Jane Doe,,,100\n"
    )
    _, notes = write_marks(moodle, NAME, "moodle", sheet)
    assert any("maximum is 100, that of the points is 14" in note for note in notes)


def test_canvas_gradebook_is_filled_in(canvas, tmp_path):
    sheet = tmp_path / "book.csv"
    sheet.write_text(
        f"Student,ID,SIS User ID,SIS Login ID,Section,Essay (5),{NAME} (77),Final Score\n"
        "    Points Possible,,,,,3,14,(read only)\n"
        '"Doe, Jane",1111,m1,jd,A,1,,9\n"Doe, Jane",2222,m2,jd2,A,1,,9\n"Li, Bo",3,m3,bl,A,,,\n'
    )
    path, _ = write_marks(canvas, NAME, "canvas", sheet)
    rows = table(path)
    assert list(rows[0]) == [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{NAME} (77)",
    ]  # fmt: skip
    assert [row[f"{NAME} (77)"] for row in rows] == ["14", "10", "4", ""]
    path, _ = write_marks(canvas, NAME, "canvas", sheet, "Essay (5)")
    assert [row["Essay (5)"] for row in table(path)] == ["3", "10", "4", ""]


def test_canvas_import_is_made_of_what_the_download_said(canvas):
    path, notes = write_marks(canvas, NAME, "canvas", column=f"{NAME} (77)")
    marks = {row["ID"]: row[f"{NAME} (77)"] for row in table(path)}
    assert marks == {"1111": "10", "2222": "4"}
    assert len(notes) == 1


def test_a_plain_table_names_everybody(moodle):
    path, _ = write_marks(moodle, NAME, "csv")
    rows = {row["number"]: row for row in table(path)}
    assert rows["31"]["name"] == "Jane Doe"
    assert (rows["31"]["score"], rows["31"]["of"], rows["31"]["by_hand_missing"]) == (
        "10", "14", "1",
    )  # fmt: skip


def test_the_report_shows_whose_an_id_is(moodle):
    paths = {path.name: path for path in write_report(moodle, NAME)}
    names = {row["student"]: row["name"] for row in table(paths["scores.csv"])}
    assert names["jane-doe-31"] == "Jane Doe (31)"
    assert "'=1+1" in names[next(n for n in names if not n.startswith("jane"))]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("canvas", "id,name\n1,Jane Doe\n", "is not Canvas's gradebook"),
        ("moodle", "id,name\n1,Jane Doe\n", "is not Moodle's grading worksheet"),
        ("canvas", None, "nobody's number in Canvas is known"),
    ],
)
def test_another_platforms_list_is_refused(moodle, tmp_path, kind, text, said):
    sheet = None
    if text:
        sheet = tmp_path / "sheet.csv"
        sheet.write_text(text)
    with pytest.raises(QkvError, match=said):
        write_marks(moodle, NAME, kind, sheet)


def test_moodles_feedback_lies_in_the_folders_of_the_download(moodle):
    path, count = write_feedback_zip(moodle, NAME)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == sorted(f"{name}/{NAME}.html" for name in MOODLE)
    assert count == 3


def test_canvas_feedback_has_the_beginnings_of_the_download(canvas):
    path, _ = write_feedback_zip(canvas, NAME)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == sorted(f"{name}{NAME}.html" for name in CANVAS)


def test_the_commands_write_what_the_platform_takes(moodle):
    root = str(moodle.root)
    said = CliRunner().invoke(group, ["report", NAME, "--format", "csv", "--course", root])
    assert (said.exit_code, "marks-csv.csv" in said.output) == (0, True)
    said = CliRunner().invoke(group, ["feedback", NAME, "--zip", "--course", root])
    assert "feedback.zip with 3 pages" in said.output
    said = CliRunner().invoke(group, ["report", NAME, "--column", "x", "--course", root])
    assert "need a --format" in str(said.exception)


LIKE_WINDOWS = """
import os, sys
sys.modules["fcntl"] = None
flags = ["O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"]
for flag in [*flags, "fork", "geteuid"]:
    if hasattr(os, flag):
        delattr(os, flag)
os.supports_dir_fd = set()
from click.testing import CliRunner
from qkv.grade.cli import group
for command in (
    ["collect", source, name], ["feedback", name, "--zip"], ["report", name],
    ["report", name, "--format", "csv"], ["grade", name], ["release", name],
):
    said = CliRunner().invoke(group, [*command, "--course", root])
    print(command[0], said.exit_code, said.exception, said.output.replace(chr(10), " "))
"""


def test_without_the_calls_of_unix_all_works_but_running_code(moodle):
    """Stands in for Windows: no fcntl, no fork, no opening of a file below an open folder."""
    source = str(moodle.root.parent / "in.zip")
    start = f"root, name, source = {str(moodle.root)!r}, {NAME!r}, {source!r}\n"
    (moodle.state / "lock").unlink(missing_ok=True)  # one that a lock of Unix left behind
    command = [sys.executable, "-W", "ignore", "-c", start + LIKE_WINDOWS]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    said = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert "collect 0 None" in said["collect"], run.stderr
    assert "0 new or changed, 3 as before" in said["collect"]
    assert "feedback 0 None 3 pages" in said["feedback"]
    assert "report 0 None" in said["report"]
    for name in ("grade", "release"):
        assert "needs Linux or macOS: on Windows use WSL 2" in said[name]
