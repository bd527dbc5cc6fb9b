"""How long `make test` takes, by its parts, and what a model of it says for twenty chapters.

    .venv/bin/python benchmarks/proof_time.py          run `make test`
    .venv/bin/python benchmarks/proof_time.py --all    run `make test-all`

Run it on an idle machine. The figures go to benchmarks/proof_time.json.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

BOOK = Path(__file__).resolve().parents[1]
WORKERS, CHAPTERS = 2, 20
CHANGED = 2  # notebooks that a `make test` proves: one that changed, one in its turn
# The first that fits a test's class or file; whether it grows with the number of chapters.
PARTS = {
    "notebooks": (r"^chapters\.|\.ipynb", True),
    "pages": (r"test_pages", True),
    "figures in the browser": (r"_browser", True),
    "exercises": (r"grade\.sets", True),
    "grading": (r"tests\.grade", False),
    "everything else": (r"", False),
}


def parts_of(report: Path) -> tuple[dict[str, float], int, float]:
    """Return from pytest's XML the seconds of each part, how many notebooks ran, and of the run."""
    root = ElementTree.parse(report).getroot()
    seconds = dict.fromkeys(PARTS, 0.0)
    notebooks = set()
    for case in root.iter("testcase"):
        where = f"{case.get('classname') or ''} {case.get('file') or ''}"
        part = next(name for name, (pattern, _) in PARTS.items() if re.search(pattern, where))
        seconds[part] += float(case.get("time"))
        if part == "notebooks":
            notebooks.add(where)
    return seconds, len(notebooks), float(next(root.iter("testsuite")).get("time"))


def model(seconds: dict[str, float], notebooks: int, serial: float, chapters: int) -> float:
    """Return the seconds of `make test` at `CHAPTERS` chapters, from those at `chapters`.

    seconds: of each part, added up over the workers, which share them evenly. serial: of the steps
    before the tests, of which the build of the site, the longest, grows with the chapters.
    """
    growth = CHAPTERS / chapters
    work = sum(s * (growth if PARTS[p][1] else 1) for p, s in seconds.items() if p != "notebooks")
    proofs = CHANGED * seconds["notebooks"] / max(notebooks, 1)
    return serial * growth + (work + proofs) / WORKERS


def measure(every: bool) -> dict:
    """Run the checks and return their figures."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = ["make", "test-all" if every else "test", f"PYTEST=--junitxml={report}"]
        before, started = os.times(), time.monotonic()
        subprocess.run(command, cwd=BOOK, check=True)
        wall, after = time.monotonic() - started, os.times()
        seconds, notebooks, tests = parts_of(report)
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    chapters = len(list((BOOK / "chapters").glob("*.ipynb")))
    return {
        "chapters": chapters,
        "notebooks proved": notebooks,
        "wall seconds": round(wall),
        "processor seconds": round(spent),
        "seconds before the tests": round(wall - tests),
        "seconds of the tests": round(tests),
        "share of two workers that was used": round(sum(seconds.values()) / tests / WORKERS, 2),
        "test seconds by part": {part: round(s) for part, s in seconds.items()},
        f"model, minutes at {CHAPTERS} chapters": round(
            model(seconds, notebooks, wall - tests, chapters) / 60, 1
        ),
    }


def main() -> None:
    """Measure, print, and store."""
    every = "--all" in sys.argv[1:]
    path = Path(__file__).with_name("proof_time.json")
    results = json.loads(path.read_text()) if path.exists() else {}
    results["make test-all" if every else "make test"] = found = measure(every)
    print(json.dumps(found, indent=1))
    path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
