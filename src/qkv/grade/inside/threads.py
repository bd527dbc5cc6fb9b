"""What does not survive a fork: threads. Each test meets a copy of the program, made by a fork.

Threads of the libraries are kept to one. Pools start their threads anew in the copy. Any other
thread that still runs is named to the student, since what waits for it there waits for ever.
"""

import os
import queue
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any

NOTE = (
    "Note: a thread that this program started is still running. Grading tries each task on a copy "
    "of the program, and threads do not live on in a copy. End it (join) before the cell ends.\n"
)
_pools: "weakref.WeakSet[ThreadPoolExecutor]" = weakref.WeakSet()


def prepare(torch: Any) -> None:
    """Keep torch to one thread, and let pools of threads go on after a fork."""
    torch.set_num_threads(1)
    torch.set_num_threads = lambda count: None  # its workers would be missing in each copy
    start = ThreadPoolExecutor.__init__

    @wraps(start)
    def noted(self: ThreadPoolExecutor, *args: Any, **kwargs: Any) -> None:
        start(self, *args, **kwargs)
        _pools.add(self)

    ThreadPoolExecutor.__init__ = noted  # type: ignore[method-assign]
    os.register_at_fork(after_in_child=_renew)


def _renew() -> None:
    """Give each pool of threads a queue and a count of its own: its threads are not here."""
    for pool in list(_pools):
        pool._threads = set()  # type: ignore[assignment]
        pool._work_queue = queue.SimpleQueue()
        pool._idle_semaphore = threading.Semaphore(0)
        pool._shutdown_lock = threading.Lock()


def left_running() -> bool:
    """Whether a thread runs beside this one that a copy of the program will not have."""
    ours = {thread for pool in list(_pools) for thread in pool._threads}
    others = {t for t in threading.enumerate() if t is not threading.current_thread()}
    return any(t.is_alive() for t in others - ours)
