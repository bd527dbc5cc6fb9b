"""Work on what students wrote, in a process of its own with bounds of time and memory.

What a student wrote may be made to be slow to show: a cell of blanks on which a highlighter is
quadratic, ten megabytes of code. Such work holds up nobody else.
"""

import contextlib
import multiprocessing
from collections.abc import Callable
from typing import Any, Self

SECONDS = 20.0
MEMORY = 3 * 2**30  # bytes of address space; pages of honest work need a tenth


class TooMuchError(Exception):
    """The work took more time or memory than it may."""


class Bounded:
    """A process that does one thing after the other; it starts when there is something to do.

    seconds: what one piece of work may take
    memory: bytes that the process may take, where the system has such a limit
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY):
        """Start nothing yet."""
        self.seconds, self.memory = seconds, memory
        self._pool: Any = None

    def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return `work(*arguments)`, done over there; raise `TooMuchError` beyond the bounds.

        work: a function at the top of a module; any other error of its own comes back as it is
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = context.Pool(1, _limit, [self.memory])
            self._pool.apply(_nothing)  # to start is not part of anybody's time
        try:
            return self._pool.apply_async(work, arguments).get(self.seconds)
        except multiprocessing.TimeoutError:
            self.stop()
            raise TooMuchError(f"it took longer than {self.seconds:g} seconds") from None
        except MemoryError:
            self.stop()
            raise TooMuchError(f"it took more than {self.memory / 2**30:g} GB of memory") from None

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


def _nothing() -> None:
    """Do nothing: the process has started when this is done."""
