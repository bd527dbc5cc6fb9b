"""Run attacks against a class with honest neighbours, and measure what came of each.

The measure is the same for every attack: no point earned, nothing read or changed that is not the
author's, neighbours graded right, the class on time, no process or file left, nothing live on a
page.
"""

import csv
import hashlib
import html.parser
import os
import re
import socket
import threading
import time
from itertools import pairwise
from pathlib import Path

import nbformat
from tests.grade.attacks import code_cases, file_cases, reach_cases, value_cases
from tests.grade.attacks.target import (
    ASSIGNMENT,
    CANARY,
    FULL,
    RIGHT,
    SECRET,
    SENT,
    answered,
    master,
)

from qkv.grade.course import Course
from qkv.grade.engine.pool import LocalPool
from qkv.grade.engine.sandbox import Limits
from qkv.grade.feedback import write_feedback
from qkv.grade.release import release
from qkv.grade.report import scores, write_report
from qkv.grade.run import grade_class
from qkv.notebook.files import write

CODE = code_cases.CASES | value_cases.CASES | reach_cases.CASES
FILES = file_cases.CASES
NAMES = [*CODE, *FILES]
NEIGHBOURS = ["honest-a", "zz-honest"]
LIMITS = Limits(cell_seconds=4, total_seconds=12, memory=2**30)
SECONDS_EACH = 60  # the most that one submission may hold up the class


def kind(name: str) -> str:
    """Return the class of an attack."""
    return (CODE.get(name) or FILES[name])[0]


class Listener:
    """A server on this machine that no submission may reach; `heard` counts what does."""

    def __init__(self, port=0):
        self.heard = []
        self.server = socket.create_server(("127.0.0.1", port))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.heard.append(connection.recv(100))
                except OSError:
                    self.heard.append(b"")

    def close(self):
        self.server.close()


def build(folder: Path) -> Course:
    """Make the course that is attacked, with a secret in its solution and in two more files."""
    write(folder / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", nbformat.writes(master()))
    write(folder / "secret.txt", SECRET)
    course = Course.at(folder)
    release(course, ASSIGNMENT, None)
    return course


def hand_in(course: Course, names: list[str], port: int):
    """Put the attacks' and the neighbours' submissions where submissions belong."""
    path = course.released / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    released = nbformat.read(path, as_version=4)
    for name in names:
        folder = course.submitted / name / ASSIGNMENT
        folder.mkdir(parents=True)
        if name in FILES:
            FILES[name][1](folder, released, course.root)
        else:
            source = CODE[name][1].format(course=course.root, port=port, sent=SENT)
            source = source.replace("qkv_owned", f"qkv_owned_{course.root.name}")
            notebook = answered(released, {"add": source})
            (folder / f"{ASSIGNMENT}.ipynb").write_text(nbformat.writes(notebook))
    for name in NEIGHBOURS:
        notebook = answered(released, RIGHT)
        write(
            course.submitted / name / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", nbformat.writes(notebook)
        )


def attack(folder: Path, names: list[str], workers: int = 1) -> dict[str, list[str]]:
    """Grade a class of attackers and neighbours; return for each attack what it achieved."""
    course, listener = build(folder), Listener()
    hand_in(course, names, listener.port)
    before, files, running = fingerprint(course), stray_files(), processes()
    pool, times = LocalPool(workers, LIMITS, "bubblewrap", [course.root]), [time.monotonic()]
    try:
        outcome = grade_class(
            course, ASSIGNMENT, pool, progress=lambda *_: times.append(time.monotonic())
        )
    finally:
        pool.close()
        listener.close()
    write_feedback(course, ASSIGNMENT)
    write_report(course, ASSIGNMENT)
    rows = {row["student"]: row for row in scores(course, ASSIGNMENT)[0]}
    everybody = []
    if outcome.problems:
        everybody.append(f"not graded: {outcome.problems}")
    if fingerprint(course) != before:
        everybody.append("changed the course")
    if left := sorted(stray_files() - files):
        everybody.append(f"left files: {left[:3]}")
    if left := processes().keys() - running.keys():
        everybody.append(f"left processes: {[processes().get(pid) for pid in left]}")
    if listener.heard:
        everybody.append("reached the network")
    if max(b - a for a, b in pairwise(times)) > SECONDS_EACH * (1 + workers):
        everybody.append("held up the class")
    everybody += oversized(course) + formulas(course)
    for name in NEIGHBOURS:
        if rows.get(name, {}).get("score") != FULL:
            everybody.append(f"{name} has {rows.get(name, {}).get('score')} of {FULL}")
    return {name: everybody + achieved(course, name, rows.get(name)) for name in names}


def achieved(course: Course, name: str, row: dict | None, secrets=(CANARY, SECRET)) -> list[str]:
    """Return what one attack achieved on its own page and for its own score.

    secrets: texts that may not appear there; CANARY stands in a hidden test
    """
    found = []
    secrets = [*secrets, f"LEFT {SENT}"]
    if row is None:
        return ["has no result"]
    allowed = FULL if kind(name) == "accident" else 0
    if row["score"] > allowed or any((p or 0) > 2 for p in row["tasks"].values()):
        found.append(f"earned {row['score']}")
    if kind(name) == "accident" and row["score"] != allowed:
        found.append(f"earned {row['score']} of {allowed}")
    for page in shown(course, name):
        text = page.read_text(errors="replace")
        if CANARY in secrets and page.suffix == ".html" and "### BEGIN HIDDEN" in text:
            found.append("its feedback shows a hidden test")
        if page.suffix == ".html" and any(secret in text for secret in secrets[:-1]):
            found.append("its feedback shows what it must not")
        if page.suffix == ".html" and re.search(r"SEEN-HIDDEN \[\(\d+, \d+\), ", text):
            found.append("its feedback shows a hidden test's input")
        if page.suffix == ".html":
            found += live(text)
        elif any(secret in outputs_of(page) for secret in secrets):
            found.append("its outputs show what it must not")
        elif page.suffix == ".ipynb":
            found += live(written_by_student(page))
    return found


def oversized(course) -> list[str]:
    """Return the pages that are too large to open."""
    pages = [p for name in NAMES for p in shown(course, name)]
    return [f"{p.name} of {p.parts[-3]} is huge" for p in pages if p.stat().st_size > 30_000_000]


def formulas(course) -> list[str]:
    """Return the cells of the report's tables that a spreadsheet would run."""
    found = []
    for path in (course.root / "reports").rglob("*.csv"):
        for cut in ",;":
            with open(path, newline="") as lines:
                cells = [cell.strip() for row in csv.reader(lines, delimiter=cut) for cell in row]
            found += [c[:40] for c in cells if re.match(r"[=+@|%-](?!\d*(\.\d+)?$)", c)]
    return [f"a formula in a table: {cell!r}" for cell in found]


def shown(course, name):
    pages = [*(course.root / "feedback" / name).rglob("*.html")]
    return [*pages, *(course.root / "autograded" / name).rglob("*.ipynb")]


def outputs_of(page):
    notebook = nbformat.read(page, as_version=4)
    return "".join(str(cell.get("outputs", "")) for cell in notebook.cells)


def written_by_student(page):
    """Return, as the screens would show it, the Markdown of an autograded notebook."""
    from nbconvert.filters import markdown2html

    notebook = nbformat.read(page, as_version=4)
    return "".join(markdown2html(c.source) for c in notebook.cells if c.cell_type == "markdown")


class Live(html.parser.HTMLParser):
    """Collects what could act on a page: scripts, handlers, frames, foreign addresses."""

    TAGS = ("script", "iframe", "object", "embed", "form", "svg", "base", "audio", "video")

    def __init__(self):
        super().__init__()
        self.found = []
        self.verbatim = 0  # MathJax leaves what is inside these tags alone

    def handle_endtag(self, tag):
        self.verbatim -= tag in ("pre", "code")

    def handle_data(self, data):
        if not self.verbatim and re.search(r"\$[^$]*\\href|\\\(.*\\href", data):
            self.found.append("live: a formula with a link")

    def handle_starttag(self, tag, attributes):
        self.verbatim += tag in ("pre", "code")
        if tag in self.TAGS:
            self.found.append(f"live: <{tag}>")
        for name, value in attributes:
            value = (value or "").strip().lower()
            if name.startswith("on") or name == "srcdoc":
                self.found.append(f"live: {tag} {name}")
            if name in ("href", "src", "action", "formaction", "xlink:href", "data"):
                allowed = value.startswith("#") or value.startswith("data:image/")
                if not allowed:
                    self.found.append(f"live: {tag} {name}={value[:40]}")


def live(text: str) -> list[str]:
    """Return what could act on an HTML page."""
    parser = Live()
    parser.feed(text)
    return parser.found


def fingerprint(course: Course) -> dict:
    """Return a digest of every file of the course that grading itself does not write."""
    skip = (".qkv", "autograded", "feedback", "reports", "submitted", "gradebook.db")
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in course.root.rglob("*")
        if path.is_file() and path.relative_to(course.root).parts[0] not in skip
    }


def stray_files() -> set[str]:
    """Return the files in shared places whose names only attacks use."""
    places = ("/tmp", "/dev/shm", "/var/tmp", str(Path.home()), "/usr")
    there = [p for p in places if os.path.isdir(p)]
    return {os.path.join(p, n) for p in there for n in os.listdir(p) if n.startswith("qkv_owned")}


def processes() -> dict[str, str]:
    """Return the running processes that only attacks start: number -> command line."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "sleep 31337" in line or "head -c 300000000" in line:
            found[path.parent.name] = line
    return found
