"""Measure nbgrader as shipped with the same attacks: python -m tests.grade.attacks.shipped.

nbgrader runs a submission as the instructor, so the whole instructor's machine is a throwaway one
here: a bubblewrap box with its own processes and network and a copy of the course, run by a user
without rights. As root only; writes `shipped.json` beside this file after each attack.
"""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import zip_longest
from pathlib import Path

from tests.grade.attacks import arena
from tests.grade.attacks.target import ASSIGNMENT, FULL, SECRET

from qkv.grade.course import Course
from qkv.grade.engine.sandbox import ENVIRONMENT, bwrap_command, find_bwrap
from qkv.grade.report import scores

USER = 1_900_099_999
SECONDS = 120
RESULT = Path(__file__).with_name("shipped.json")
INSIDE = """
import json, os, sys, threading
sys.path[:0] = ["/opt/qkv", "/opt/suite"]
from qkv.grade.course import Course, nbgrader_says
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from tests.grade.attacks import arena
course = Course.at(sys.argv[1])
listener = arena.Listener(int(sys.argv[2]))
config = course.config()
config.CourseDirectory.assignment_id = arena.ASSIGNMENT
said = []
for converter in (Autograde, GenerateFeedback):
    with nbgrader_says() as lines:
        try:
            converter(coursedir=CourseDirectory(config=config), config=config).start()
        except Exception as error:
            said.append(str(error))
found = []
if arena.processes():
    found.append("left processes")
if listener.heard:
    found.append("reached the network")
if arena.stray_files():
    found.append("left files")
(course.root / "inside.json").write_text(json.dumps(found))
os._exit(0)
"""


def measure(name: str) -> list[str]:
    """Return what one attack achieves against nbgrader as shipped."""
    with tempfile.TemporaryDirectory(prefix="shipped-", dir="/tmp") as folder:
        course = Course.at(shutil.copytree(_template(), Path(folder) / "course"))
        arena.hand_in(course, [name], 31999)
        # Students are graded in the order of their names; the neighbour comes last.
        subprocess.run(["rm", "-rf", str(course.submitted / "honest-a")], check=True)
        before = arena.fingerprint(course)
        os.chmod(folder, 0o755)
        subprocess.run(["chown", "-Rh", f"{USER}:{USER}", str(course.root)], check=True)
        late = not _run(course.root)
        found = ["held up the class"] if late else []
        inside = course.root / "inside.json"
        if inside.is_file():
            found += json.loads(inside.read_text())
            inside.unlink()
        try:
            return found + _judge(course, name, before)
        except Exception as error:
            return [*found, f"the gradebook is damaged: {type(error).__name__}"]


@functools.cache
def _template():
    """Return a released course to copy: releasing takes as long as an attack."""
    folder = Path(tempfile.mkdtemp(prefix="shipped-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return arena.build(folder / "course").root


def _run(root):
    command = bwrap_command(find_bwrap(), [])
    command.insert(1, "--die-with-parent")
    at = command.index("--remount-ro")
    binds = ["--perms", "0755", "--dir", str(root.parent), "--bind", str(root), str(root)]
    binds += ["--perms", "0755", "--dir", "/opt/suite", "--perms", "0755", "--dir", "/run"]
    tests = Path(__file__).resolve().parents[2]
    binds += ["--ro-bind", str(tests), "/opt/suite/tests"]
    inside = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    inside += ["prlimit", "--nproc=150", "--as=5000000000", "--fsize=300000000", "--cpu=200"]
    inside += [sys.executable, "-W", "ignore", "-c", INSIDE, str(root), "31999"]
    environment = {**ENVIRONMENT, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    try:
        subprocess.run(
            [*command[:at], *binds, *command[at:], *inside],
            env=environment, timeout=SECONDS, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return True


def _judge(course, name, before):
    found = [] if arena.fingerprint(course) == before else ["changed the course"]
    for student in (name, "zz-honest"):
        arena.write(course.state / "graded" / ASSIGNMENT / f"{student}.json", '{"notebooks": {}}')
    rows = {row["student"]: row for row in scores(course, ASSIGNMENT)[0]}
    neighbour = rows.get("zz-honest", {}).get("score")
    if neighbour != FULL:
        found.append(f"zz-honest has {neighbour} of {FULL}")
    # nbgrader's pages have scripts of their own, and show hidden tests: no attack's doing.
    usual = Counter(f for page in arena.shown(course, "zz-honest") if page.suffix == ".html"
                     for f in arena.live(page.read_text()))  # fmt: skip
    return found + list(
        (Counter(arena.achieved(course, name, rows.get(name), [SECRET])) - usual).elements()
    )


def main(names):
    """Measure the named attacks, by default those that have not been measured."""
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    missing = [name for name in arena.NAMES if name not in known]
    classes = [
        [n for n in missing if arena.kind(n) == k] for k in dict.fromkeys(map(arena.kind, missing))
    ]
    # One of each class in turn, so that a measurement that is cut short has some of each.
    in_turn = [n for row in zip_longest(*classes) for n in row if n]
    for name in names or in_turn:
        known[name] = measure(name)
        print(name, known[name] or "contained", flush=True)
        RESULT.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
