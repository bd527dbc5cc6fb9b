import json
import os
import stat
import zipfile
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from tests.helpers.handed_in import as_folder, as_zip, course_at, kept

from qkv.grade import which
from qkv.grade.cli import group
from qkv.grade.collect import collect, student_id
from qkv.grade.course import Course
from qkv.grade.people import People

NAME = "01_attention"


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course" / "solutions" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text("{}")
    return Course.at(tmp_path / "course")


def submitted(course):
    return {
        path.parent.parent.name: path.read_text()
        for path in course.submitted.glob(f"*/{NAME}/{NAME}.ipynb")
    }


def put(path, text="{}", when=1_700_000_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (when, when))


def test_a_folder_per_student_is_collected_and_again_changes_nothing(course, tmp_path):
    put(tmp_path / "in" / "ada" / f"{NAME}.ipynb", "one")
    put(tmp_path / "in" / "bo" / NAME / f"{NAME}.ipynb", "two")
    first = collect(course, NAME, tmp_path / "in")
    assert (first.new, first.same) == (["ada", "bo"], [])
    assert submitted(course) == {"ada": "one", "bo": "two"}
    second = collect(course, NAME, tmp_path / "in")
    assert (second.new, second.same) == ([], ["ada", "bo"])


def test_moodle_canvas_and_flat_names_give_the_student(course, tmp_path):
    put(tmp_path / "in" / "Zoë Ng_4711_assignsubmission_file" / "essay.ipynb", "moodle")
    put(tmp_path / "in" / f"lovelaceada_123_456_{NAME}.ipynb", "canvas")
    put(tmp_path / "in" / "bo.ipynb", "flat")
    collect(course, NAME, tmp_path / "in")
    assert submitted(course) == {
        student_id("Zoë Ng"): "moodle",
        "lovelaceada": "canvas",
        "bo": "flat",
    }


def test_of_several_submissions_in_the_exchange_the_newest_counts(course, tmp_path):
    for when, text in [("2026-01-02", "new"), ("2026-01-01", "old")]:
        put(tmp_path / "in" / f"ada+{NAME}+{when} 10:00:00.1 UTC+x" / f"{NAME}.ipynb", text)
    put(tmp_path / "in" / "ada+02_other+2026-01-03 10:00:00 UTC" / f"{NAME}.ipynb", "other")
    collect(course, NAME, tmp_path / "in")
    collect(course, NAME, tmp_path / "in")
    assert submitted(course) == {"ada": "new"}
    stamp = course.submitted / "ada" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-01-02 10:00:00 UTC"


def test_a_zip_is_read_member_by_member_and_nothing_else_is_written(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(f"ada/{NAME}.ipynb", "one")
        archive.writestr(f"../../evil/{NAME}.ipynb", "slip")
        archive.writestr(f"/tmp/evil/{NAME}.ipynb", "slip")
        archive.writestr("ada/notes.txt", "not wanted")
        link = zipfile.ZipInfo(f"mal/{NAME}.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    result = collect(course, NAME, tmp_path / "in.zip")
    assert submitted(course) == {"ada": "one"}
    assert any("link" in problem for problem in result.problems)
    written = [p.name for p in course.submitted.rglob("*") if p.is_file()]
    assert sorted(written) == [f"{NAME}.ipynb", "timestamp.txt"]


def test_a_zip_bomb_is_a_problem_of_its_author_only(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"ada/{NAME}.ipynb", "one")
        archive.writestr(f"mal/{NAME}.ipynb", b"0" * 100_000_000)
    result = collect(course, NAME, tmp_path / "in.zip")
    assert submitted(course) == {"ada": "one"}
    assert "mal: the notebook in the zip file is larger than 20 MB" in result.problems


def test_links_and_pipes_in_a_folder_are_problems_of_their_author(course, tmp_path):
    put(tmp_path / "in" / "ada" / f"{NAME}.ipynb", "one")
    for name in ("link", "pipe", "folder"):
        (tmp_path / "in" / name).mkdir()
    (tmp_path / "in" / "link" / f"{NAME}.ipynb").symlink_to(tmp_path / "in/ada" / f"{NAME}.ipynb")
    os.mkfifo(tmp_path / "in" / "pipe" / f"{NAME}.ipynb")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "in" / "ada")
    result = collect(course, NAME, tmp_path / "in")
    assert submitted(course) == {"ada": "one"}
    assert len(result.problems) == 3


def test_nothing_is_written_through_a_link_in_submitted(course, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    course.submitted.mkdir()
    (course.submitted / "ada").symlink_to(tmp_path / "elsewhere")
    put(tmp_path / "in" / "ada" / f"{NAME}.ipynb", "one")
    result = collect(course, NAME, tmp_path / "in")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "is a link" in result.problems[0]


def test_two_names_with_one_plain_form_stay_two_students():
    assert student_id("José") != student_id("Jose ")
    assert student_id("José") == student_id("José")
    assert student_id("jose") == "jose"


def test_what_is_neither_folder_nor_zip_is_refused(course, tmp_path):
    put(tmp_path / "in.txt", "no")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        collect(course, NAME, tmp_path / "in.txt")
    with pytest.raises(ValueError, match="does not exist"):
        collect(course, NAME, tmp_path / "none")


def notebook(answer="", ids=("a", "b"), note=""):
    """A submitted notebook: one cell for each id, the first of which is the student's to fill."""
    cells = [
        {"cell_type": "code", "source": answer if n == 0 else "test",
         "metadata": {"nbgrader": {"grade_id": name}}} for n, name in enumerate(ids)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {"note": note}})


def two_part_course(folder):
    course = course_at(folder, ("part1", "part2"))
    for n in (1, 2):
        path = course.solutions / NAME / f"part{n}.ipynb"
        path.write_text(notebook(ids=(f"a{n}", f"b{n}")))
    return course


@pytest.mark.parametrize("ending", ["IPYNB", "ipynb.txt", "ipynb.json", "Ipynb.TXT"])
def test_other_endings_of_a_notebook_are_taken(course, tmp_path, ending):
    collect(course, NAME, as_zip(tmp_path, {f"jane/{NAME}.{ending}": "x", f"bo/{NAME}.ipynb": ""}))
    assert submitted(course) == {"jane": "x", "bo": ""}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("work.zip", "an archive inside the archive"),
        ("essay.pdf", "no notebook"),
        (".ipynb", "no notebook"),
        ("._01_attention.ipynb", "a Mac's side file"),
    ],
)
def test_what_is_no_notebook_is_named_with_the_reason(course, tmp_path, name, why):
    result = collect(course, NAME, as_zip(tmp_path, {f"jane/{name}": "x", f"bo/{NAME}.ipynb": ""}))
    assert [(path, who) for path, who, _ in result.left] == [(f"jane/{name}", "jane")]
    assert why in result.left[0][2]
    assert result.problems[0].startswith("jane: nothing was taken")


def test_a_stray_file_beside_a_notebook_is_named_and_no_problem(course, tmp_path):
    members = {f"jane/{NAME}.ipynb": "x", "jane/notes.pdf": "x", f"bo/{NAME}.ipynb": "y"}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert (result.problems, [path for path, *_ in result.left]) == ([], ["jane/notes.pdf"])


@pytest.mark.parametrize("members", [{}, {"readme.txt": "x"}, {"jane/": ""}])
def test_nothing_to_collect_is_an_error(course, tmp_path, members):
    source = as_zip(tmp_path, members)
    said = CliRunner().invoke(group, ["collect", str(source), NAME, "--course", str(course.root)])
    assert said.exit_code == 1
    assert "There is nothing to collect" in said.output


def test_a_table_at_the_end_counts_students_taken_replaced_and_left_out(course, tmp_path):
    old = {f"{who}/{NAME}.ipynb": who for who in ("ada", "bo")}
    collect(course, NAME, as_zip(tmp_path / "1", old))
    new = {"ada/notes.txt": "", f"ada/{NAME}.ipynb": "new", f"bo/{NAME}.ipynb": "bo"}
    source = as_zip(tmp_path / "2", new)
    said = CliRunner().invoke(group, ["collect", str(source), NAME, "--course", str(course.root)])
    assert said.output.splitlines()[-2:] == [
        "students  taken  replaced  left out",
        "       2      2         1         1",
    ]
    assert "left out: ada/notes.txt (ada): no notebook" in said.output


@pytest.mark.parametrize(
    "names",
    [
        ("part1-1.ipynb", "part2-1.ipynb"),
        ("part1 (1).ipynb", "part2.ipynb"),
        ("my first.ipynb", "my second.ipynb"),
        ("part2.ipynb", "part1.ipynb"),
    ],
)
def test_the_cells_say_which_notebook_a_file_is(tmp_path, names):
    course = two_part_course(tmp_path / "course")
    one, two = notebook("x", ("a1", "b1")), notebook("y", ("a2", "b2"))
    members = {f"doejane/{names[0]}": one, f"doejane/{names[1]}": two, "bo/part1.ipynb": one}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert kept(course, "part1")["doejane"] == one
    assert kept(course, "part2")["doejane"] == two
    assert result.problems == []
    assert result.notes == ["bo handed in no part2.ipynb."]


def test_a_file_that_could_be_either_notebook_is_not_guessed(tmp_path):
    course = two_part_course(tmp_path / "course")
    result = collect(
        course, NAME, as_zip(tmp_path, {"jane/work.ipynb": "x", "bo/part1.ipynb": "y"})
    )
    assert kept(course, "part1") == {"bo": "y"}
    assert "cannot be told whether it is part1.ipynb or part2.ipynb" in result.left[0][2]
    assert any("jane" in problem for problem in result.problems)


def test_the_one_file_that_is_left_is_the_one_notebook_that_is_missing(tmp_path):
    course = two_part_course(tmp_path / "course")
    members = {"jane/part1.ipynb": "1", "jane/last.ipynb": "2", "bo/part1.ipynb": "y"}
    collect(course, NAME, as_zip(tmp_path, members))
    assert (kept(course, "part1")["jane"], kept(course, "part2")) == ("1", {"jane": "2"})


def one_part_course(folder):
    course = course_at(folder)
    (course.solutions / NAME / f"{NAME}.ipynb").write_text(notebook())
    return course


@pytest.mark.parametrize(
    ("first", "second", "wins", "why"),
    [
        (notebook("old"), notebook("new"), "new", "older than"),
        (notebook("work"), notebook("other", ids=("x",)), "work", "no cell of the assignment"),
        (notebook("work"), notebook("", note="empty"), "work", "nothing is answered in it"),
        (notebook("work"), notebook("work"), "work", "the same as"),
        (notebook("work"), "no json", "work", "no cell of the assignment"),
    ],
)
def test_content_and_then_time_decide_which_file_counts(tmp_path, first, second, wins, why):
    course = one_part_course(tmp_path / "course")
    members = {f"jane/{NAME}.ipynb": first, f"jane/{NAME} (1).ipynb": second, "bo/a.ipynb": first}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert json.loads(kept(course)["jane"])["cells"][0]["source"] == wins
    assert [why in reason for _, who, reason in result.left if who == "jane"] == [True]


def test_a_newer_checkpoint_does_not_count_and_that_is_said(tmp_path):
    course = one_part_course(tmp_path / "course")
    checkpoint = f"jane/.ipynb_checkpoints/{NAME}-checkpoint.ipynb"
    members = {f"jane/{NAME}.ipynb": notebook("mine"), checkpoint: notebook("saved later")}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert kept(course)["jane"] == notebook("mine")
    said = f"a checkpoint that Jupyter saved later; jane/{NAME}.ipynb counts"
    assert result.left == [(checkpoint, "jane", said)]


def test_a_checkpoint_alone_is_better_than_nothing(course, tmp_path):
    name = f"jane/.ipynb_checkpoints/{NAME}-checkpoint.ipynb"
    collect(course, NAME, as_zip(tmp_path, {name: "x", f"bo/{NAME}.ipynb": "y"}))
    assert submitted(course) == {"jane": "x", "bo": "y"}


def test_canvas_counts_what_was_uploaded_last_whatever_its_clock_says(course, tmp_path):
    members = {f"doejane_1_20_{NAME}-1.ipynb": "later", f"doejane_1_9_{NAME}.ipynb": "first"}
    collect(course, NAME, as_zip(tmp_path, members))
    assert submitted(course) == {"doejane": "later"}


def test_an_older_archive_does_not_replace_newer_work(course, tmp_path):
    put(tmp_path / "new" / "ada" / f"{NAME}.ipynb", "new", 1_700_000_100)
    put(tmp_path / "old" / "ada" / f"{NAME}.ipynb", "old", 1_700_000_000)
    collect(course, NAME, tmp_path / "new")
    result = collect(course, NAME, tmp_path / "old")
    assert submitted(course) == {"ada": "new"}
    assert "older than what was collected before" in result.notes[0]


def test_times_are_the_same_from_a_folder_and_from_a_zip(tmp_path):
    stamps = []
    for make in (as_zip, as_folder):
        course = course_at(tmp_path / make.__name__)
        source = make(tmp_path, {f"ada/{NAME}.ipynb": "x", f"bo/{NAME}.ipynb": "y"})
        collect(course, NAME, source, zone=ZoneInfo("UTC"))
        stamps.append((course.submitted / "bo" / NAME / "timestamp.txt").read_text())
    assert stamps == ["2026-01-02 03:00:02 UTC"] * 2


def test_the_class_has_its_own_time_zone(course, tmp_path):
    source = as_zip(tmp_path, {f"ada/{NAME}.ipynb": "x"})
    arguments = ["collect", str(source), NAME, "--course", str(course.root)]
    CliRunner().invoke(group, [*arguments, "--zone", "America/New_York"])
    stamp = course.submitted / "ada" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-01-02 08:00:00 UTC"
    said = CliRunner().invoke(group, [*arguments, "--zone", "Mars/Olympus"])
    assert "no time zone" in str(said.exception)


def test_an_archive_without_times_says_so_and_leaves_no_time_behind(course, tmp_path):
    collect(course, NAME, as_zip(tmp_path, {f"ada/{NAME}.ipynb": "one"}))
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"ada/{NAME}.ipynb"), "two")
    result = collect(course, NAME, tmp_path / "in.zip")
    assert "1 of 1 notebooks carry no time" in result.notes[0]
    assert not (course.submitted / "ada" / NAME / "timestamp.txt").exists()
    assert submitted(course) == {"ada": "two"}


def test_canvas_tells_who_is_late_but_no_time(course, tmp_path):
    members = {f"doejane_LATE_1_2_{NAME}.ipynb": "x", f"libo_3_4_{NAME}.ipynb": "y"}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert "late: doejane (1)" in result.notes[0]
    assert not list(course.submitted.glob("*/*/timestamp.txt"))


def test_too_many_files_of_one_student_end_only_that_students_collection(course, tmp_path):
    members = {f"mal/{n}.ipynb": str(n) for n in range(which.MAX_NOTEBOOKS + 1)}
    result = collect(course, NAME, as_zip(tmp_path, members | {f"ada/{NAME}.ipynb": "one"}))
    assert submitted(course) == {"ada": "one"}
    assert f"mal handed in {which.MAX_NOTEBOOKS + 1} notebooks" in result.problems[0]


def test_fifty_thousand_files_of_one_student_end_only_that_students_collection(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for n in range(50_001):
            archive.writestr(f"mal/{n}.txt", "")
        archive.writestr(f"ada/{NAME}.ipynb", "one")
    result = collect(course, NAME, tmp_path / "in.zip")
    assert submitted(course) == {"ada": "one"}
    assert "mal handed in 50001 files" in result.problems[0]


def test_whose_an_id_is_is_written_down(course, tmp_path):
    collect(course, NAME, as_zip(tmp_path, {"王小明_7_assignsubmission_file/a.ipynb": "x"}))
    assert People(course).shown(student_id("王小明")) == "王小明 (7)"
    assert "王小明" in (course.root / "people.json").read_text("utf-8")


def test_a_damaged_record_of_people_is_an_error_and_not_a_new_class(course, tmp_path):
    (course.root / "people.json").write_text("[{")
    with pytest.raises(ValueError, match="no record of students"):
        collect(course, NAME, as_zip(tmp_path, {f"ada/{NAME}.ipynb": "x"}))


@pytest.mark.parametrize("name", ["Bo+01_attention+2026", "a\u202eb", "x" * 300, "CON", "a;=1+1"])
def test_a_strange_name_gives_an_id_that_is_fit(course, tmp_path, name):
    result = collect(course, NAME, as_zip(tmp_path, {f"{name}/a.ipynb": "x", "bo/a.ipynb": "y"}))
    assert sorted(submitted(course).values()) == ["x", "y"]
    assert len(result.new) == 2


def test_a_folder_around_everything_is_said(course, tmp_path):
    members = {f"HW1/{who}/{NAME}.ipynb": who for who in ("ada", "bo")}
    result = collect(course, NAME, as_zip(tmp_path, members))
    assert result.notes == ["The folder HW1/ lies around everything; it is no student."]
