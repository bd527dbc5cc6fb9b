"""What a course's folder holds of students stays out of git."""

import subprocess

from tests.helpers.handed_in import NAME, as_zip, course_at

from qkv.grade.collect import collect
from qkv.grade.example import make_class, make_course
from qkv.grade.people import keep_private


def offered(root):
    """Return what git would commit of a folder."""
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    listed = ["git", "status", "--porcelain", "-uall"]
    lines = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout
    return {line[3:] for line in lines.splitlines()}


def test_git_is_offered_nothing_about_students_who_handed_in(tmp_path):
    course = course_at(tmp_path / "course")
    source = as_zip(tmp_path, {f"Jane Doe_31_assignsubmission_file/{NAME}.ipynb": "a"})
    collect(course, NAME, source)
    assert (course.root / "people.json").is_file()
    files = offered(course.root)
    assert files
    assert {path.split("/")[0] for path in files} <= {".gitignore", "solutions", "exercises"}


def test_git_is_offered_nothing_of_the_class_that_comes_with_the_example(tmp_path, released):
    folder = make_course(tmp_path / "course")
    (folder / "exercises").symlink_to(released / "exercises")
    make_class(folder, folder / "inbox")
    assert not [path for path in offered(folder) if "inbox" in path]


def test_lines_that_somebody_wrote_stay_and_nothing_is_added_twice(tmp_path):
    path = tmp_path / ".gitignore"
    path.write_text("*.pyc\npeople.json\nfeedback/")
    keep_private(tmp_path)
    once = path.read_text()
    assert once.splitlines()[:3] == ["*.pyc", "people.json", "feedback/"]
    assert once.count("people.json") == 1
    assert "/submitted/" in once.splitlines()
    keep_private(tmp_path)
    assert path.read_text() == once
