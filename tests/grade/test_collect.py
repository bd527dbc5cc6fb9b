import os
import stat
import zipfile

import pytest

from qkv.grade.collect import collect, student_id
from qkv.grade.course import Course

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
    with pytest.raises(FileNotFoundError):
        collect(course, NAME, tmp_path / "none")
