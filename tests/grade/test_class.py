"""A whole class, from release to report, by the commands a teacher uses."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook
from tests.grade.attacks.arena import live

from qkv.cli import main
from qkv.grade import example
from qkv.grade.cli import group
from qkv.grade.course import Course
from qkv.grade.engine.worker import Engine
from qkv.grade.release import release
from qkv.grade.report import scores
from qkv.grade.run import read_record
from qkv.grade.sets.exercises import STUB_SAYS
from qkv.notebook.files import write
from qkv.paths import root

NAME = example.ASSIGNMENT
POINTS = {
    "ada": 10, "bo": 10, "cem-softmax": 8, "cem-scores": 6, "cem-mask": 8, "cem-attention": 8,
    "cem-heads": 8, "dora": 0, "emil": 0, "fay": 8, "gus": 8, "hana": 10, "ines": 10,
}  # fmt: skip


def qkv(*arguments):
    """Run `qkv grade …`; return what it says."""
    result = CliRunner().invoke(group, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def points(course):
    with Gradebook(course.database) as gradebook:
        found = gradebook.assignment_submissions(NAME)
        return {s.student_id: s.score for s in found}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The example class, made, collected, graded, with feedback and report."""
    folder = tmp_path_factory.mktemp("class") / "course"
    said = qkv("example", folder)
    for command in said.splitlines()[1:]:
        words = command.split()[2:]
        if words[0] == "grade":
            words += ["--cell-seconds", "4", "--workers", "1"]
        said += qkv(*words)
    return Course.at(folder), said


def test_every_student_of_the_example_gets_the_points_they_earned(graded):
    course, said = graded
    assert points(course) == POINTS
    assert "13 graded, 0 graded before" in said


def test_an_honest_submission_has_no_findings(graded):
    rows, _ = scores(graded[0], NAME)
    findings = {row["student"]: row["findings"] for row in rows}
    assert findings["ada"] == findings["dora"] == findings["cem-mask"] == []
    assert len(findings["emil"]) == len(findings["ines"]) == 1


def test_grading_twice_grades_nobody_twice(graded):
    course, _ = graded
    stamp = (course.state / "graded" / NAME / "ada.json").stat().st_mtime_ns
    assert "0 graded, 13 graded before" in qkv("grade", NAME, "--course", course.root)
    assert (course.state / "graded" / NAME / "ada.json").stat().st_mtime_ns == stamp
    assert points(course) == POINTS


def test_a_changed_submission_alone_is_graded_again(graded, tmp_path):
    import shutil

    shutil.copytree(graded[0].root, tmp_path / "course")
    course = Course.at(tmp_path / "course")
    released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    path = course.submitted / "dora" / NAME / f"{NAME}.ipynb"
    path.write_text(example.answer(released, example.right_answers()))
    assert "1 graded, 12 graded before" in qkv("grade", NAME, "--course", course.root)
    assert points(course) == POINTS | {"dora": 10}


def test_points_given_by_hand_survive_grading_again(graded, tmp_path):
    import shutil

    shutil.copytree(graded[0].root, tmp_path / "course")
    course = Course.at(tmp_path / "course")
    with Gradebook(course.database) as gradebook:
        gradebook.find_grade("why", NAME, NAME, "ada").manual_score = 3
        gradebook.db.commit()
    qkv("grade", NAME, "--course", course.root, "--force", "--student", "ada")
    assert points(course)["ada"] == 13


def test_feedback_shows_hints_and_no_hidden_test(graded):
    course, _ = graded
    page = (course.root / "feedback" / "cem-scores" / NAME / f"{NAME}.html").read_text()
    assert "did you divide by the square root of d?" in page
    for path in (course.root / "feedback").rglob("*.html"):
        text = path.read_text()
        assert "HIDDEN TESTS" not in text
        assert "randn" not in text
        assert "Content-Security-Policy" in text
        assert live(text) == []


def test_feedback_says_why_something_could_not_be_graded(graded):
    course, _ = graded
    page = (course.root / "feedback" / "emil" / NAME / f"{NAME}.html").read_text()
    assert "not a notebook" in page
    page = (course.root / "feedback" / "ines" / NAME / f"{NAME}.html").read_text()
    assert "is there twice" in page


def test_the_report_counts_tasks_and_misconceptions(graded):
    course, _ = graded
    folder = course.root / "reports" / NAME
    rows = {r["student"]: r for r in csv.DictReader((folder / "scores.csv").open())}
    assert rows["cem-mask"]["test_mask"] == "0.0"
    assert rows["ada"]["by_hand_missing"] == "1"
    assert rows["ada"]["why"] == ""
    wrong = list(csv.DictReader((folder / "misconceptions.csv").open()))
    assert {"did you divide by the square root of d?"} <= {r["what the test said"] for r in wrong}
    empty = {(r["task"], r["what the test said"]) for r in wrong}
    assert ("test_mask", STUB_SAYS) in empty
    page = (folder / "report.html").read_text()
    assert live(page.replace("<svg", "<p")) == []
    assert "13 students" in page


def test_a_release_needs_a_solution_that_passes(tmp_path, engine: Engine):
    folder = example.make_course(tmp_path / "course")
    path = folder / "solutions" / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("** 0.5", "** 0.4"))
    with pytest.raises(ValueError, match=r"own tests.*\n- test_scores, line \d"):
        release(Course.at(folder), NAME, engine)
    assert not (folder / "exercises").exists()


def test_a_second_release_changes_nothing(course):
    before = (course.released / NAME / f"{NAME}.ipynb").read_bytes()
    assert release(course, NAME, None) == []
    assert (course.released / NAME / f"{NAME}.ipynb").read_bytes() == before


def test_an_assignment_that_is_not_released_is_named(tmp_path):
    folder = example.make_course(tmp_path / "course")
    (folder / "submitted").mkdir()
    with pytest.raises(ValueError, match="not released yet"):
        qkv("grade", NAME, "--course", folder)


def test_two_gradings_at_once_are_refused(course):
    with course.lock(), pytest.raises(ValueError, match="another qkv grade command"):
        qkv("report", NAME, "--course", course.root)


def test_a_kill_half_way_loses_nothing_and_leaves_nothing(course):
    example.make_class(course.root, course.submitted)
    for folder in list(course.submitted.iterdir()):
        (folder / NAME).mkdir()
        os.replace(folder / f"{NAME}.ipynb", folder / NAME / f"{NAME}.ipynb")
    arguments = ["grade", NAME, "--course", str(course.root), "--workers", "1"]
    arguments += ["--cell-seconds", "4"]
    start = f"from qkv.grade.cli import group; group({arguments})"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", start], start_new_session=True
    )
    records = course.state / "graded" / NAME
    until = time.monotonic() + 120
    while len(list(records.glob("*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert 3 <= len(done) < 13
    assert "graded before" in qkv(*arguments)
    assert points(course) == POINTS
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert not list((course.state / "staged").glob("*/*"))
    assert read_record(course, NAME, "ada")["trusted"] is False


def test_releasing_a_set_of_this_book_leaves_its_exercises_as_they_are(tmp_path):
    for name in ("solutions", "exercises"):
        shutil.copytree(root() / name, tmp_path / name)
    course = Course.at(tmp_path)
    for assignment in course.assignments():
        assert release(course, assignment, None) == []


def foreign(folder):
    """A course with nbgrader's own folders and a configuration of its own."""
    write(folder / "source" / NAME / f"{NAME}.ipynb", nbformat.writes(example.solution()))
    text = "c = get_config()\nc.ClearSolutions.code_stub = {'python': '# yours'}\n"
    text += "c.CourseDirectory.course_id = 'phys101'\nc.CourseDirectory.root = '/elsewhere'\n"
    (folder / "nbgrader_config.py").write_text(text)
    return folder


def test_a_course_with_nbgraders_folders_and_configuration_is_graded(tmp_path):
    course = Course.at(foreign(tmp_path / "course"))
    release(course, NAME, None)
    path = course.root / "release" / NAME / f"{NAME}.ipynb"
    released = nbformat.read(path, as_version=4)
    assert "# yours" in released.cells[3].source
    target = course.submitted / "ada" / NAME / f"{NAME}.ipynb"
    write(target, example.answer(released, example.right_answers()))
    qkv("grade", NAME, "--course", course.root, "--workers", "1")
    assert points(course) == {"ada": 10}


def test_other_marks_for_hidden_tests_are_refused(tmp_path):
    folder = foreign(tmp_path / "course")
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write("c.ClearHiddenTests.begin_test_delimeter = 'SECRET'\n")
    with pytest.raises(ValueError, match="marks of its own"):
        Course.at(folder)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["collect", "inbox", NAME, "--pattern", "("], "no regular expression"),
        (["collect", "inbox", NAME, "--pattern", "a.*"], "no group for the student"),
        (["collect", "nowhere", NAME], "does not exist"),
        (["grade", "99"], "no assignment '99'"),
        (["grade", NAME, "--student", "nobody"], "nobody handed in nothing"),
        (["grade", NAME, "--seconds", "-1"], "Invalid value for '--seconds'"),
        (["grade", NAME, "--gradebook", "foo://x"], "cannot be opened"),
        (["report", NAME], "no submission to 01_attention is graded"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(course, wrong, said):
    (course.root / "inbox").mkdir()
    course.submitted.mkdir()
    wrong = [str(course.root / w) if w in ("inbox", "nowhere") else w for w in wrong]
    result = CliRunner().invoke(main, ["grade", *wrong, "--course", str(course.root)])
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit)
    assert said in result.output
