"""Feedback and reports of submissions that are made to be slow or large to show."""

import time

import nbformat
import pytest

from qkv.grade import example, feedback
from qkv.grade.bounded import Bounded, TooMuchError
from qkv.grade.example import ASSIGNMENT as NAME
from qkv.grade.feedback import write_feedback
from qkv.grade.report import write_report
from qkv.grade.run import grade_class
from qkv.notebook.files import write


class NothingRuns:
    """A pool that runs no code: every test comes back as not reached."""

    kind = "bubblewrap"

    def run(self, tasks):
        for task in tasks:
            yield task, {name: {"cells": {}, "stopped": None} for name in task.jobs}, None


def hand_in(course, student, answer=None, extra=()):
    """Hand in the released notebook with an answer to `mask` and cells added at the end."""
    released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    answers = example.right_answers() | ({"mask": answer} if answer else {})
    notebook = nbformat.reads(example.answer(released, answers), as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in extra]
    write(course.submitted / student / NAME / f"{NAME}.ipynb", nbformat.writes(notebook))


def page(course, student):
    return (course.root / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")


BLANKS = "x = 1\n" + "\n" * 90_000  # a highlighter looks from each line to the end
HEAVY = {
    "ten megabytes in a hundred added cells": (None, ["y = 1  # " + "a" * 100_000] * 100),
    "a cell of blanks": (BLANKS, []),
    "twenty cells of blanks": (None, [BLANKS] * 20),
    "a cell of quotes": ("'" * 50_000 + '"' * 50_000, []),
    "a thousand added cells": (None, ["z = 1"] * 1000),
}


@pytest.mark.parametrize("name", HEAVY)
def test_one_submission_does_not_hold_up_the_others(course, monkeypatch, name):
    answer, extra = HEAVY[name]
    monkeypatch.setattr(feedback, "SECONDS", 20)
    hand_in(course, "bea", answer, extra)
    hand_in(course, "zoe")
    assert grade_class(course, NAME, NothingRuns()).graded == 2
    started = time.monotonic()
    done, problems = write_feedback(course, NAME)
    write_report(course, NAME)
    assert time.monotonic() - started < 150  # a bound, not a speed: it took hours or for ever
    assert done == 2
    assert all(problem.startswith("bea's feedback is in plain text") for problem in problems)
    assert "jp-Notebook" in page(course, "zoe") or "nbgrader" in page(course, "zoe")
    assert "What you wrote" in page(course, "bea") or "mask" in page(course, "bea")


def test_a_page_in_plain_text_says_why_and_shows_points_and_answers_but_no_test(
    course, monkeypatch
):
    hand_in(course, "bea", "def mask(scores, keep):\n    return '<b>mine</b>'", ["q = 1"] * 99)
    monkeypatch.setattr(feedback, "MAX_CELLS", 90)
    grade_class(course, NAME, NothingRuns())
    done, problems = write_feedback(course, NAME)
    assert done == 1
    assert "cells; a page shows 90" in problems[0]
    shown = page(course, "bea")
    assert "in plain text: it has" in shown
    assert "test_mask: 0 of 2" in shown
    assert "&lt;b&gt;mine&lt;/b&gt;" in shown
    assert "assert" not in shown
    assert "Content-Security-Policy" in shown


def test_work_beyond_its_time_or_memory_is_ended_and_the_next_goes_on():
    with Bounded(seconds=2, memory=2**29) as apart:
        with pytest.raises(TooMuchError, match="longer than 2 seconds"):
            apart.run(time.sleep, 60)
        with pytest.raises(TooMuchError, match=r"more than 0\.5 GB"):
            apart.run(bytearray, 2**30)
        with pytest.raises(ValueError, match="invalid literal"):
            apart.run(int, "three")
        assert apart.run(len, "abc") == 3
