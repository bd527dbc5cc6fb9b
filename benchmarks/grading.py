"""How long grading takes: python benchmarks/grading.py [50 200 800] [--cores 2] [--dask].

For each size a class is graded on so many cores (one, if nothing is said): this process, the
sandboxes and the processes for the tests are all bound to them. With --dask, the sandboxes run on
two workers of a Dask cluster, one of which is killed half-way. Each submission has five quick tasks
whose tests import torch (the example assignment). Measured: seconds a submission after the first,
with gradebook, of all and of each half (a class grows linearly if they agree); the processor's
seconds, which a busy machine changes less; the memory of this process at the end; and how many were
lost or graded twice. Results go to benchmarks/grading.json, with the machine's load beside them.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import nbformat

from qkv.grade import example, run
from qkv.grade.course import Course
from qkv.grade.engine.pool import DaskPool, LocalPool
from qkv.grade.engine.sandbox import Limits
from qkv.grade.release import release
from qkv.notebook.files import write

NAME = example.ASSIGNMENT
PATH = Path(__file__).with_suffix(".json")


def make_class(folder: Path, size: int) -> Course:
    """Return a course in which so many students have handed in, every second one with a mistake."""
    course = Course.at(example.make_course(folder / "course"))
    release(course, NAME, None)
    released = nbformat.read(course.released / NAME / f"{NAME}.ipynb", as_version=4)
    wrong = list(example.WRONG.items())
    for number in range(size):
        name, code = wrong[number % len(wrong)]
        answers = example.right_answers() | ({name: code} if number % 2 else {})
        target = course.submitted / f"s{number:04}" / NAME / f"{NAME}.ipynb"
        write(target, example.answer(released, answers))
    return course


@contextmanager
def local(course: Course, cores: int):
    """A pool with a sandbox a core, and no disturbance."""
    pool = LocalPool(cores, Limits(), "bubblewrap", [course.root])
    try:
        yield pool, lambda done: None
    finally:
        pool.close()


@contextmanager
def dask(course: Course, cores: int):
    """A pool on two workers, and what kills one of them when half of the class is done."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = list(client.run(os.getpid).values())

        def disturb(done: float) -> None:
            if done >= 0.5 and len(victims) == 2:
                os.kill(victims.pop(), signal.SIGKILL)

        pool = DaskPool(client, Limits(), "bubblewrap", [course.root])
        try:
            yield pool, disturb
        finally:
            pool.close()


def measure(size: int, cores: int, make_pool) -> dict:
    """Grade a class of `size`; return the times, the memory, and what was lost or done twice."""
    stored, store = Counter(), run.store

    def counted(course, assignment, task, results):
        stored[task.student] += 1
        store(course, assignment, task, results)

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        course = make_class(Path(folder), size)
        times, began = [], processor()
        run.store = counted
        try:
            with make_pool(course, cores) as (pool, disturb):

                def progress(student: str, what: str) -> None:
                    times.append(time.monotonic())
                    disturb(len(times) / size)

                outcome = run.grade_class(course, NAME, pool, progress=progress)
        finally:
            run.store = store
        each = [b - a for a, b in pairwise(times)]
        half = len(each) // 2
        return {
            "seconds each": round(statistics.mean(each), 3),
            "first half": round(statistics.mean(each[:half]), 3),
            "second half": round(statistics.mean(each[half:]), 3),
            "processor seconds each": round((processor() - began) / size, 3),
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "lost": size - outcome.graded,
            "twice": sum(count > 1 for count in stored.values()),
            "load": round(os.getloadavg()[0], 1),
        }


def processor() -> float:
    """Return the processor seconds of this process and of all that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=[50, 200, 800])
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--dask", action="store_true")
    chosen = parser.parse_args()
    results = json.loads(PATH.read_text()) if PATH.exists() else {}
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-chosen.cores :]))
    for size in chosen.sizes:
        how = f"{size}, " + ("Dask, a worker killed" if chosen.dask else f"cores: {chosen.cores}")
        results[how] = measure(size, chosen.cores, dask if chosen.dask else local)
        print(how, results[how], flush=True)
        write(PATH, json.dumps(results, indent=1) + "\n")
