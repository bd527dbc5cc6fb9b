"""nbgrader's own engine, less the part that runs student code: ours takes the place of `Execute`.

For a course that is graded with nbgrader's commands or screens, two lines in `nbgrader_config.py`:

    from qkv.grade.nbgrader import configure
    configure(c)
"""

import atexit
import functools

import nbformat
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader import api
from nbgrader.preprocessors import (
    AssignLatePenalties,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade, is_solution
from traitlets import Dict

from qkv.grade import clean


class SandboxedExecute(NbGraderPreprocessor):
    """Puts what a submission showed, and what its tests said, into the notebook's outputs.

    What is known of a notebook travels with it, in `resources`, and ends with the conversion,
    however that ends: nobody is graded by what was left of another.
    """

    known = Dict(help="notebook -> result, where it has been run already").tag(config=True)

    def preprocess(self, nb, resources):
        """Fill in the outputs of every cell from the result of the sandbox."""
        result = self.known.get(resources["nbgrader"]["notebook"]) or _run_now(nb, resources)
        fill(nb, result)
        resources["qkv"] = {"findings": result.get("findings", [])}
        return nb, resources


class MakeInert(NbGraderPreprocessor):
    """Rewrites the student's Markdown so that it shows as written and does nothing."""

    def preprocess(self, nb, resources):
        """Make every cell that a student can have written inert; say at the top what was found."""
        for cell in nb.cells:
            written = is_solution(cell) or cell.metadata.get("qkv") == "added"
            if cell.cell_type == "markdown" and written:
                cell.source = clean.markdown(cell.source)
            if cell.cell_type == "code" and written:
                cell.source = clean.seen(cell.source)
            if written:
                cell.pop("attachments", None)
            cell.metadata.pop("qkv", None)
        if findings := resources.get("qkv", {}).get("findings"):
            lines = "".join(f"\n- {clean.sentence(finding)}" for finding in findings)
            note = nbformat.v4.new_markdown_cell(f"**About this submission**\n{lines}")
            nb.cells.insert(0, note)
        return nb, resources


def fill(nb, result):
    """Set the outputs of all code cells from a result of `Engine.run`."""
    stopped = result.get("stopped")
    for number, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        shown = result["cells"].get(number)
        graded = is_grade(cell) and not is_solution(cell)
        if shown is not None:
            cell.outputs = clean.outputs(shown["outputs"])
            if graded:
                cell.outputs += _points(shown)
                if not shown.get("ok") and not any(o.output_type == "error" for o in cell.outputs):
                    cell.outputs += [_not_reached(stopped)]
        else:
            cell.outputs = [_not_reached(stopped)] if graded else []


def _points(shown):
    """Return the points that a test gives by its last value, as the output nbgrader looks for."""
    return [
        nbformat.v4.new_output("execute_result", data={"text/plain": repr(event["value"])})
        for event in shown["outputs"]
        if event.get("kind") == "points"
    ]


WHY = {
    "memory": "The submission used more memory than it may",
    "time": "The submission took longer than it may",
    "unread": "There was no notebook to run",
}


def _not_reached(stopped):
    why = WHY.get(stopped, "The submission ended early")
    event = {"kind": "error", "name": "NotReached", "value": f"{why}, so this was not tested."}
    return clean.outputs([event])[0]


AUTOGRADE = [
    SandboxedExecute,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    MakeInert,
]


def configure(config):
    """Make nbgrader's `autograde` use the sandbox: call this in `nbgrader_config.py`."""
    config.Autograde.autograde_preprocessors = AUTOGRADE


def configure_for_rebuilt(config, known):
    """The same for notebooks that intake has rebuilt: what they may hold need not be checked.

    known: notebook -> what `Engine.run` returned, with `findings`; the others are run when met
    """
    configure(config)
    config.SandboxedExecute.known = known
    config.Autograde.sanitize_preprocessors = [OverwriteKernelspec, OverwriteCells]


def share_engines():
    """Let all of nbgrader's preprocessors use one database engine each address.

    A new engine for each of them compiles every statement anew: a third of the time of storing.
    """
    if not hasattr(api.create_engine, "cache_info"):
        api.create_engine = functools.cache(api.create_engine)


_engine = None


def _run_now(nb, resources):
    """Run a notebook that nbgrader itself has read, for its own command and screens."""
    global _engine
    from qkv.grade.course import Course, files_of, plans
    from qkv.grade.engine.sandbox import Sandbox
    from qkv.grade.engine.worker import Engine
    from qkv.grade.intake import rebuild

    info = resources["nbgrader"]
    url = info["db_url"]
    course = Course.at(".", url)
    plan = {p.name: p for p in plans(course, info["assignment"])}[info["notebook"]]
    submission = rebuild(plan.base, nbformat.writes(nb).encode(), plan.given)
    nb.cells = submission.notebook.cells
    if _engine is None:
        _engine = Engine(Sandbox(hide=[course.root]))
        atexit.register(_engine.stop)
    cells = plan.cells(submission.notebook)
    result = _engine.run(list(cells.values()), files_of(course, info["assignment"]))
    shown = dict(zip(cells, [result["cells"].get(n) for n in range(len(cells))], strict=True))
    return {**result, "cells": shown, "findings": submission.findings}
