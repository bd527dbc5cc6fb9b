"""Run one submission: its cells in the sandbox, its tests outside. One engine is one worker."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from qkv.grade.engine.channel import Channel, ChannelClosedError
from qkv.grade.engine.sandbox import START_SECONDS, Limits, Sandbox, SandboxError

# Beyond a submission's own time: to start it, to end it, and for a test that has to be killed.
GRACE = 10


class Engine:
    """A sandbox and a process for tests, both started once and used for many submissions."""

    def __init__(self, sandbox: Sandbox, limits: Limits | None = None):
        """Use `sandbox`; processes start with the first submission."""
        self.sandbox = sandbox
        self.limits = limits or Limits()
        self.judging: subprocess.Popen | None = None

    def run(self, cells: list[dict], files: dict[str, str], survey: bool = False) -> dict:
        """Run the cells; return {"cells": {number: what it shows}, "stopped": reason or None}.

        cells: in order, each with `kind` (teacher, student or test) and `source`; a student's cell
            with `binds` and `imports` (what the solution binds there), a test with `points`
        files: name -> base64 of the files handed out with the notebook: the student's code and
            the tests find them in the folder where they run
        survey: let each test go on behind a line that fails; `found` then names all of them
        Raises `SandboxError` if no result says anything about the submission.
        """
        with tempfile.TemporaryDirectory(prefix="qkv-tests-") as folder:
            job: dict = {"cells": cells, "limits": self.limits.as_dict(), "folder": folder}
            job |= {"forks": self.sandbox.forks, "survey": survey}
            return self._run({**job, "files": files})

    def _run(self, job):
        self._start_judging()
        # A copy of the program for each cell, beside what the student's code may start.
        limits = replace(self.limits, processes=self.limits.processes + len(job["cells"]))
        main, control = self.sandbox.open(limits)
        ours, theirs = socket.socketpair()
        with main, control, theirs:
            fds = [main.fileno(), control.fileno(), theirs.fileno()]
            self._order(b"begin", fds)
        with ours:
            shown, in_time = self._collect(Channel(ours, 2**30), job)
        self._order(b"end")
        stopped = self.sandbox.close()
        if not in_time and not stopped:
            stopped = "time"
        return {"cells": shown, "stopped": stopped}

    def _collect(self, channel, job):
        """Return what each cell shows, and whether the judge came to its end in time."""
        end = time.monotonic() + self.limits.total_seconds + GRACE
        shown, done, late = {}, False, True
        with contextlib.suppress(ChannelClosedError):
            channel.send(json.dumps(job).encode(), end)
            while not done:
                message = json.loads(channel.receive(end))
                done = message.pop("done", False)
                late = message.get("late", True)
                if not done:
                    shown[message.pop("cell")] = message
        return shown, not late

    def _start_judging(self):
        if self.judging is not None and self.judging.poll() is None:
            return
        self.orders, theirs = socket.socketpair()
        package = str(Path(__file__).resolve().parents[3])
        start = f"from qkv.grade.engine.judging import main; main({theirs.fileno()})"
        path = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)
        with theirs:
            self.judging = subprocess.Popen(
                [sys.executable, "-c", start],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                cwd="/",
            )
        self._expect(START_SECONDS)

    def _order(self, word, fds=()):
        socket.send_fds(self.orders, [word], list(fds))
        self._expect(30)

    def _expect(self, seconds):
        ready, _, _ = select.select([self.orders], [], [], seconds)
        if not ready or not self.orders.recv(16):
            self.stop()
            raise SandboxError(
                f"the process that runs the tests does not answer in {seconds} seconds"
            )

    def stop(self):
        """End both processes; the next submission starts them again."""
        if self.judging is not None:
            self.orders.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.judging.wait(2)
            self.judging.kill()
            self.judging.wait()
            self.judging = None
        self.sandbox.stop()
