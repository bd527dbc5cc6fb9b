"""nbgrader's own screens, in a browser: what a teacher clicks is graded in the sandbox."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from qkv.grade import example
from qkv.grade.example import ASSIGNMENT as NAME
from qkv.notebook.files import write

CONFIG = """
from qkv.grade.nbgrader import configure

c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
configure(c)
"""


@pytest.fixture
def server(course):
    """A Jupyter server in the course's folder, as a teacher starts it; its address."""
    write(course.root / "nbgrader_config.py", CONFIG.format(root=str(course.root)))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--IdentityProvider.token=x"]
    words += ["--allow-root", "--no-browser", "--ServerApp.port_retries=0"]
    with open(course.root / "server.log", "wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *words],
            cwd=course.root,
            env={**os.environ, "HOME": str(course.root)},
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api?token=x", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        running.terminate()
        running.wait(20)


def hand_in(course, student, **changes):
    released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    answers = {**example.right_answers(), **changes}
    target = course.submitted / student / NAME / f"{NAME}.ipynb"
    write(target, example.answer(released, answers))


def test_a_click_on_autograde_grades_in_the_sandbox(server, course, browser):
    """The answer tells where it ran: in the sandbox there is no folder of the course."""
    look = f"import os\nseen = os.path.exists({str(course.root)!r})\n"
    right = example.right_answers()
    hand_in(course, "ada", mask=f"{look}assert not seen\n{right['mask']}")
    hand_in(course, "bo", mask="def causal_mask(time):\n    return 0")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server}/login?token=x")
    page.goto(f"{server}/formgrader/manage_submissions/{NAME}")
    for student in ("ada", "bo"):
        page.reload()
        row = page.locator("tr", has=page.get_by_text(student, exact=True))
        row.locator(".autograde a").click()
        page.locator(".modal:visible").wait_for(timeout=90_000)
        assert "Successfully autograded" in page.locator(".modal:visible").inner_text()
    rows = json.loads(
        page.evaluate(f"fetch('/formgrader/api/submissions/{NAME}').then((r) => r.text())")
    )
    assert {row["student"]: row["score"] for row in rows} == {"ada": 10, "bo": 8}
    context.close()
