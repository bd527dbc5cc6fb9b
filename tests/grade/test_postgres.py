"""The gradebook on a database server: PostgreSQL, started for the test in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nbformat
import pytest

from qkv.grade.course import Course
from qkv.grade.engine.pool import LocalPool
from qkv.grade.engine.sandbox import Limits
from qkv.grade.example import ASSIGNMENT, answer, make_course, right_answers
from qkv.grade.release import release
from qkv.grade.report import scores
from qkv.grade.run import grade_class
from qkv.notebook.files import write


def _program(name):
    """Return the path of one of PostgreSQL's programs; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, f"no {name} here: `make grader` installs PostgreSQL or says how"
    return path


@pytest.fixture
def server():
    """The address of a server that only this test sees: a socket in a folder, no port."""
    # Not in pytest's own folder: another user could not reach it there.
    folder = Path(tempfile.mkdtemp(prefix="qkv-server-"))
    user = {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"

    def run(program, *arguments):
        command = [_program(program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)

    run("initdb", "--auth=trust", "--username=teacher", "--no-sync")
    run("pg_ctl", "start", "--wait", "-o", f"-c listen_addresses='' -k {folder} -F",
        "-l", str(folder / "log"))  # fmt: skip
    yield f"postgresql://teacher@/postgres?host={folder}"
    run("pg_ctl", "stop", "--mode", "immediate")
    shutil.rmtree(folder)


def test_a_class_is_graded_into_postgresql_and_nobody_twice(server, tmp_path):
    course = Course.at(make_course(tmp_path / "course"), server)
    release(course, ASSIGNMENT, None)
    path = course.released / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    released = nbformat.read(path, as_version=4)
    for student, answers in (("ada", right_answers()), ("bo", {})):
        target = course.submitted / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        write(target, answer(released, answers))
    pool = LocalPool(1, Limits(), "bubblewrap", [course.root])
    try:
        first = grade_class(course, ASSIGNMENT, pool)
        second = grade_class(course, ASSIGNMENT, pool)
        forced = grade_class(course, ASSIGNMENT, pool, force=True, only={"ada"})
    finally:
        pool.close()
    assert first.problems == second.problems == forced.problems == []
    assert (first.graded, second.graded, second.fresh, forced.graded) == (2, 0, 2, 1)
    rows, _ = scores(course, ASSIGNMENT)
    assert {row["student"]: row["score"] for row in rows} == {"ada": 10.0, "bo": 0.0}
    assert not (course.root / "gradebook.db").exists()


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path):
    url = f"postgresql://teacher@/postgres?host={tmp_path}"
    with pytest.raises(ValueError, match="the gradebook cannot be opened"):
        Course.at(make_course(tmp_path / "course"), url)
