"""One at a time: what writes the same files waits for its turn."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

AT_ONCE = 0.2  # seconds


@contextlib.contextmanager
def only_one(file: Path, other: str) -> Iterator[None]:
    """Hold the lock `file`; while `other` (as in "another build") holds it, say so and wait.

    The system frees the lock when its process ends, in whatever way.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(timeout=AT_ONCE)
    except Timeout:
        print(f"waiting for {other} to end …", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
