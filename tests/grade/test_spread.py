"""A large class on several machines; here, on a cluster of processes on this one."""

import os
import signal

import distributed
import nbformat
from nbgrader.api import Gradebook

from qkv.grade import example, run
from qkv.grade.engine.pool import DaskPool
from qkv.grade.engine.sandbox import Limits
from qkv.grade.run import grade_class

NAME = example.ASSIGNMENT


def test_every_submission_is_graded_once_though_a_worker_is_killed(course, monkeypatch):
    released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    for number in range(10):
        text = example.answer(released, example.right_answers())
        run.write(course.submitted / f"s{number}" / NAME / f"{NAME}.ipynb", text)
    stored, store = [], run.store
    monkeypatch.setattr(run, "store", lambda c, a, task, r: stored.append(task.student)
                        or store(c, a, task, r))  # fmt: skip
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        victims = list(client.run(os.getpid).values())

        def kill_one(student, what):
            if victims and len(stored) == 2:
                os.kill(victims.pop(), signal.SIGKILL)

        pool = DaskPool(client, Limits(), "bubblewrap", [course.root])
        outcome = grade_class(course, NAME, pool, progress=kill_one)
        client.run(_end)
    assert outcome.problems == []
    assert sorted(stored) == sorted(f"s{n}" for n in range(10))
    with Gradebook(course.database) as gradebook:
        scores = [s.score for s in gradebook.assignment_submissions(NAME)]
    assert scores == [10.0] * 10
    assert len(victims) == 1


def _end():
    from qkv.grade.engine import pool

    for engine in pool.engines_here():
        engine.stop()
