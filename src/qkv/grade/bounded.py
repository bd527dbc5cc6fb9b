"""Work on what students wrote, in a process of its own with bounds of time and memory.

What a student wrote may be made to be slow to show: a cell of blanks on which a highlighter is
quadratic, ten megabytes of code. Such work holds up nobody else.
"""

import contextlib
import math
import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any, Self

import psutil

SECONDS = 20.0  # of processor time: a busy machine makes nobody's work too much
PATIENCE = 10  # times that may pass by the clock, for work that only waits
MEMORY = 3 * 2**30  # bytes of address space; pages of honest work need a tenth


class TooMuchError(Exception):
    """The work took more time or memory than it may."""


class Bounded:
    """A process that does one thing after the other; it starts when there is something to do.

    seconds: processor seconds that one piece of work may take
    memory: bytes that the process may take, where the system has such a limit
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY):
        """Start nothing yet."""
        self.seconds, self.memory = seconds, memory
        self._pool: Any = None
        self._process: Any = None

    def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return `work(*arguments)`, done over there; raise `TooMuchError` beyond the bounds.

        work: a function at the top of a module; any other error of its own comes back as it is
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = context.Pool(1, _limit, [self.memory])
            # To start is not part of anybody's time: it has started when it answers.
            self._process = psutil.Process(self._pool.apply(os.getpid))
        try:
            return self._wait(self._pool.apply_async(work, arguments))
        except multiprocessing.TimeoutError:
            self.stop()
            raise TooMuchError(f"it took more than {self.seconds:g} s") from None
        except MemoryError:
            self.stop()
            raise TooMuchError(f"it took more than {self.memory / 2**30:g} GB of memory") from None

    def _wait(self, result: Any) -> Any:
        """Return what comes back; raise `multiprocessing.TimeoutError` when the time is up."""
        before, end = self._used(), time.monotonic() + PATIENCE * self.seconds
        while True:
            try:
                return result.get(0.2)
            except multiprocessing.TimeoutError:
                if self._used() - before > self.seconds or time.monotonic() > end:
                    raise

    def _used(self) -> float:
        """Return the processor seconds that the process has used; infinity once it has ended."""
        try:
            times = self._process.cpu_times()
        except psutil.NoSuchProcess:
            return math.inf
        return times.user + times.system

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the process."""
        self.stop()


def _limit(memory: int) -> None:
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
