"""Reports on a graded class: tables for spreadsheets, and one page with distributions."""

import io
import math
import tokenize
from collections import Counter, defaultdict
from keyword import iskeyword
from pathlib import Path

from qkv.errors import QkvError
from qkv.grade import clean
from qkv.grade.course import Course
from qkv.grade.feedback import graded
from qkv.grade.intake import UnreadableError, parse, read_file
from qkv.grade.people import People
from qkv.grade.run import read_record
from qkv.notebook.files import write

LONGEST = 8_000  # characters of an answer that are compared: reading more may take minutes
SHORTEST = 12  # words of code below which two answers may be alike by chance


def write_report(course: Course, assignment: str) -> list[Path]:
    """Write `reports/ASSIGNMENT/` (scores.csv, misconceptions.csv, report.html); return the files.

    Raises `QkvError` if nobody's submission has been graded.
    """
    with course.lock():
        rows, tasks = scores(course, assignment)
        if not rows:
            raise QkvError(f"no submission to {assignment} is graded: qkv grade grade {assignment}")
        people, wrong = People(course), misconceptions(course, assignment)
        alike = similar(course, assignment)
        folder = course.root / "reports" / assignment
        files = {
            "scores.csv": clean.table(
                ["student", "name", "score", "of", "by_hand_missing", *tasks, "findings"],
                [
                    [r["student"], people.shown(r["student"]), r["score"], r["of"], r["waiting"]]
                    + ["" if r["tasks"].get(t) is None else r["tasks"][t] for t in tasks]
                    + [" ".join(r["findings"])]
                    for r in rows
                ],
            ),
            "misconceptions.csv": clean.table(
                ["task", "what the test said", "students"],
                [[t, said, n] for (t, said), n in wrong.most_common()],
            ),
            "report.html": _page(assignment, rows, tasks, wrong, alike, people),
        }
        for name, text in files.items():
            write(folder / name, text)
        return [folder / name for name in files]


def scores(course: Course, assignment: str) -> tuple[list[dict], list[str]]:
    """Return a row for each graded student, and the names of the graded cells in order."""
    from nbgrader.api import Gradebook

    done, rows, tasks = set(graded(course, assignment)), [], {}
    with Gradebook(course.database) as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            if submission.student_id not in done:
                continue
            record = read_record(course, assignment, submission.student_id) or {}
            parts = {}
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    tasks[grade.name] = grade.max_score
                    parts[grade.name] = None if grade.needs_manual_grade else grade.score
            findings = [f for n in record.get("notebooks", {}).values() for f in n["findings"]]
            if record.get("trusted"):
                findings.append("Ran without a sandbox (--trust-submissions).")
            row = {"student": submission.student_id, "score": submission.score}
            row |= {"of": submission.max_score, "tasks": parts, "findings": findings}
            rows.append(row | {"waiting": int(bool(submission.needs_manual_grade))})
    return sorted(rows, key=lambda row: row["student"]), list(tasks)


def misconceptions(course: Course, assignment: str) -> Counter:
    """Count what the tests said: (test, the first line of its message) -> students."""
    found = Counter()
    for student in graded(course, assignment):
        record = read_record(course, assignment, student) or {"notebooks": {}}
        for notebook in record["notebooks"].values():
            if notebook["stopped"] == "unread":
                continue
            for name, test in notebook["tests"].items():
                if not test["ok"]:
                    kind, _, said = test["detail"].split("\n")[0].partition(": ")
                    found[name, said[:120] or kind or "the test was not reached"] += 1
    return found


def similar(course: Course, assignment: str) -> list[tuple[str, list[str]]]:
    """Return the tasks that students answered with the same code but for names and layout.

    Each is (task, students). This only tells where to look: short answers are alike by nature, and
    those shorter than a few words are left out.
    """
    groups = defaultdict(set)
    for student in graded(course, assignment):
        for path in sorted((course.solutions / assignment).glob("*.ipynb")):
            try:
                cells = parse(read_file(course.submitted, student, assignment, path.name))
            except (UnreadableError, FileNotFoundError):
                continue
            for cell in cells:
                try:
                    name = cell["metadata"]["nbgrader"]["grade_id"]
                    source = "".join(cell["source"])
                except (KeyError, TypeError):
                    continue
                if isinstance(name, str) and (shape := _shape(source)):
                    groups[name, shape].add(student)
    masters = _master_shapes(course, assignment)
    return sorted(
        (clean.text(name, 60), sorted(who))
        for (name, shape), who in groups.items()
        if len(who) > 1 and (name, shape) not in masters and name in {m[0] for m in masters}
    )


def _master_shapes(course, assignment):
    """Return the shapes of the given cells and of the solutions, which are nobody's copy."""
    found = set()
    for folder in (course.solutions, course.released):
        for path in (folder / assignment).glob("*.ipynb"):
            for cell in parse(path.read_bytes()):
                info = cell["metadata"].get("nbgrader") or {}
                if info.get("solution"):
                    found.add((info["grade_id"], _shape("".join(cell["source"]))))
    return found


def _shape(source):
    """Return the words of a source with all names made alike; "" for what is too short."""
    words, names = [], {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source[:LONGEST]).readline):
            if token.type == tokenize.NAME and not iskeyword(token.string):
                words.append(names.setdefault(token.string, f"n{len(names)}"))
            elif token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE):
                words.append(token.string.strip())
    except (tokenize.TokenError, SyntaxError, ValueError):
        return ""
    return " ".join(words) if len(words) >= SHORTEST else ""


STYLE = """body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}td,th{padding:.2rem .6rem;border-bottom:1px solid #999;
text-align:left;vertical-align:top}svg{display:block}rect{fill:#0072b2}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}rect{fill:#56b4e9}
svg text{fill:#eee}}"""


def _page(assignment, rows, tasks, wrong, alike, people):
    def said(student: str) -> str:
        name = people.shown(student)
        return student if name == student else f"{name}, {student}"

    totals = [row["score"] for row in rows]
    most = max((row["of"] for row in rows), default=0)
    unsafe = any("without a sandbox" in f for row in rows for f in row["findings"])
    parts = [f"<h1>{clean.escape(assignment)}</h1>"]
    if unsafe:
        parts.append("<p><strong>Some submissions ran without a sandbox.</strong></p>")
    mean = sum(totals) / len(totals)
    parts.append(f"<p>{len(rows)} students, {mean:.1f} of {most:g} points on average.</p>")
    parts.append("<h2>Points</h2>" + _bars(totals, most))
    parts.append("<h2>Tasks</h2>" + _html_table(["task", "mean", "full marks"], [
        [task, *_of_task(rows, task)] for task in tasks
    ]))  # fmt: skip
    parts.append("<h2>What the tests said</h2>" + _html_table(
        ["task", "what the test said", "students"],
        [[t, said, n] for (t, said), n in wrong.most_common(40)],
    ))  # fmt: skip
    parts.append("<h2>Findings</h2>" + _html_table(
        ["student", "finding"], [[said(r["student"]), f] for r in rows for f in r["findings"]]
    ))  # fmt: skip
    parts.append(
        "<h2>Answers that are alike</h2><p>The same code but for names and layout. This proves "
        "nothing; it says where to look.</p>"
        + _html_table(["task", "students"], [[t, ", ".join(map(said, who))] for t, who in alike])
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{clean.escape(assignment)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _of_task(rows, task):
    points = [r["tasks"][task] for r in rows if r["tasks"].get(task) is not None]
    if not points:
        return ["not graded yet", ""]
    full = sum(p == max(points) for p in points) if max(points) else 0
    return [f"{sum(points) / len(points):.2f}", f"{full} of {len(points)}"]


def _html_table(head, rows):
    if not rows:
        return "<p>None.</p>"
    lines = ["".join(f"<th>{clean.escape(h)}</th>" for h in head)]
    lines += ["".join(f"<td>{clean.escape(v)}</td>" for v in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _bars(totals, most):
    """Return a histogram of the points as a picture that says its numbers in words too."""
    step = max(1, math.ceil(most / 10))  # whole points, at most ten bars
    bins = max(1, math.ceil(most / step))
    counts = [0] * bins
    for total in totals:
        counts[min(bins - 1, max(0, int(total / step)))] += 1
    high = max(counts)
    said = ", ".join(
        f"{step * n} to {min(most, step * (n + 1)):g} points: {count}"
        for n, count in enumerate(counts)
    )
    bars = "".join(
        f'<rect x="{n * 50 + 5}" y="{120 - 100 * c / high:.0f}" width="40" '
        f'height="{100 * c / high:.0f}"/><text x="{n * 50 + 25}" y="{115 - 100 * c / high:.0f}" '
        f'text-anchor="middle">{c or ""}</text>'
        f'<text x="{n * 50 + 5}" y="138" font-size="12">{step * n}</text>'
        for n, c in enumerate(counts)
    )
    size = f'viewBox="0 0 {bins * 50} 145" width="{bins * 50}"'
    return f'<svg role="img" aria-label="{clean.escape(said)}" {size}>{bars}</svg>'
