"""Where submissions run: in sandboxes on this machine, or on the workers of a Dask cluster."""

import atexit
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from queue import SimpleQueue

from qkv.grade.engine.containers import make_sandbox
from qkv.grade.engine.sandbox import Limits, SandboxError
from qkv.grade.engine.worker import Engine

AHEAD = 2  # submissions under way per worker: enough that none waits, few enough to fit in memory


class LocalPool:
    """Sandboxes on this machine, one per worker."""

    def __init__(self, workers: int, limits: Limits, kind: str = "bubblewrap", hide=()):
        """Start nothing yet. kind, hide: as for `make_sandbox`."""
        self.kind = kind
        self.engines = SimpleQueue()
        self.all = [
            Engine(make_sandbox(kind, hide, slot, core=slot), limits) for slot in range(workers)
        ]
        for engine in self.all:
            self.engines.put(engine)

    def run(self, tasks: Iterable) -> Iterator[tuple]:
        """Yield (task, notebook -> result, None), or (task, None, why not), as they finish."""
        with ThreadPoolExecutor(len(self.all)) as threads:
            under_way, tasks = {}, iter(tasks)
            while True:
                while len(under_way) < AHEAD * len(self.all):
                    task = next(tasks, None)
                    if task is None:
                        break
                    under_way[threads.submit(self._run, task)] = task
                if not under_way:
                    return
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield under_way.pop(future), *future.result()

    def _run(self, task):
        engine = self.engines.get()
        try:
            return run_jobs(engine, task.jobs), None
        except Exception as error:  # one submission never ends the class
            engine.stop()
            return None, f"{type(error).__name__}: {error}"
        finally:
            self.engines.put(engine)

    def close(self):
        """End all sandboxes."""
        for engine in self.all:
            engine.stop()


def run_jobs(engine: Engine, jobs: dict) -> dict:
    """Run the notebooks of one submission; a sandbox that fails is started once more."""
    results = {}
    for name, job in jobs.items():
        try:
            results[name] = engine.run(**job)
        except (SandboxError, OSError):
            engine.stop()
            results[name] = engine.run(**job)
    return results


class DaskPool:
    """The workers of a Dask cluster. Only results come back: grades are written here alone.

    So when a worker dies, Dask gives its submissions to another, and each is still graded once.
    """

    def __init__(self, client, limits: Limits, kind: str = "bubblewrap", hide=()):
        """Use a `dask.distributed.Client`. kind, hide: as for `make_sandbox`."""
        self.client = client
        self.limits = limits
        self.kind = kind
        self.hide = list(hide)

    def run(self, tasks: Iterable) -> Iterator[tuple]:
        """Yield (task, notebook -> result, None), or (task, None, why not), as they finish."""
        from distributed import as_completed

        under_way, tasks = {}, iter(tasks)
        finished = as_completed()
        while True:
            workers = max(1, len(self.client.scheduler_info()["workers"]))
            while len(under_way) < AHEAD * workers:
                task = next(tasks, None)
                if task is None:
                    break
                future = self.client.submit(
                    run_on_worker,
                    task.jobs,
                    self.limits,
                    self.kind,
                    self.hide,
                    pure=False,
                    retries=3,
                )
                under_way[future.key] = task
                finished.add(future)
            if not under_way:
                return
            future = next(finished)
            task = under_way.pop(future.key)
            try:
                # A result lost with its worker is computed again meanwhile: this waits for it.
                result, error = future.result()
            except Exception as problem:  # whatever the cluster or the worker made of it
                result, error = None, f"the cluster gave it up: {problem}"
            yield task, result, error
            future.release()

    def close(self):
        """Let the cluster go."""
        self.client.close()


_engines = {}  # thread -> engine, on a worker


def engines_here() -> list[Engine]:
    """Return the engines that this process keeps for its threads."""
    return list(_engines.values())


def run_on_worker(jobs, limits, kind, hide):
    """Run one submission in this thread's own engine, which stays for the next one."""
    here = threading.get_ident()
    engine = _engines.get(here)
    if engine is None or engine.limits != limits:
        if engine is not None:
            engine.stop()
        slot = threading.get_native_id() % 100_000
        engine = _engines[here] = Engine(make_sandbox(kind, hide, slot), limits)
        atexit.register(engine.stop)
    try:
        return run_jobs(engine, jobs), None
    except (SandboxError, OSError) as error:
        engine.stop()
        return None, str(error)
