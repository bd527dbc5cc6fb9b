"""How long grading takes: python benchmarks/grading.py [50 200 800].

For each size a class is graded on one core: this process, the sandbox and the process for the tests
are all bound to it. Each submission has five quick tasks whose tests import torch (the example
assignment). Measured: seconds a submission after the first, with gradebook, of all and of each half
(a class grows linearly if they agree); the processor's seconds, which a busy machine changes less;
the memory of this process at the end; and the same with only the sandbox and the tests. Results go
to benchmarks/grading.json, with the machine's load beside them.
"""

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import nbformat

from qkv.grade import example
from qkv.grade.course import Course
from qkv.grade.engine.pool import LocalPool
from qkv.grade.engine.sandbox import Limits
from qkv.grade.release import release
from qkv.grade.run import grade_class, take_in
from qkv.notebook.files import write

NAME = example.ASSIGNMENT
PATH = Path(__file__).with_suffix(".json")


def measure(size: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        course = Course.at(example.make_course(Path(folder) / "course"))
        release(course, NAME, None)
        path = course.released / NAME / f"{NAME}.ipynb"
        released = nbformat.read(path, as_version=4)
        wrong = list(example.WRONG.items())
        for number in range(size):
            name, code = wrong[number % len(wrong)]
            answers = example.right_answers() | ({name: code} if number % 2 else {})
            target = course.submitted / f"s{number:04}" / NAME / f"{NAME}.ipynb"
            write(target, example.answer(released, answers))
        pool = LocalPool(1, Limits(), "bubblewrap", [course.root])
        times, began = [], processor()
        try:
            outcome = grade_class(
                course, NAME, pool, progress=lambda *_: times.append(time.monotonic())
            )
            each = [b - a for a, b in pairwise(times)]
            run = sandbox_only(course, pool)
        finally:
            pool.close()
        assert outcome.graded == size, outcome.problems
        half = len(each) // 2
        return {
            "seconds each": round(statistics.mean(each), 3),
            "first half": round(statistics.mean(each[:half]), 3),
            "second half": round(statistics.mean(each[half:]), 3),
            "processor seconds each": round((processor() - began) / size, 3),
            "sandbox and tests alone": round(run, 3),
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "load": round(os.getloadavg()[0], 1),
        }


def processor() -> float:
    """Return the processor seconds of this process and of all that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def sandbox_only(course, pool) -> float:
    from qkv.grade.course import plans
    from qkv.grade.engine.pool import run_jobs

    task = take_in(course, NAME, "s0000", plans(course, NAME), {}, pool.kind)
    times = []
    for _ in range(10):
        began = time.monotonic()
        run_jobs(pool.all[0], task.jobs)
        times.append(time.monotonic() - began)
    return statistics.median(times)


if __name__ == "__main__":
    results = json.loads(PATH.read_text()) if PATH.exists() else {}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for size in [int(word) for word in sys.argv[1:]] or [50, 200, 800]:
        results[str(size)] = measure(size)
        print(size, results[str(size)], flush=True)
        PATH.write_text(json.dumps(results, indent=1) + "\n")
