"""Which sandbox a machine offers, and what takes bubblewrap's place where it is missing."""

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import uuid
from pathlib import Path

from qkv.grade.engine.sandbox import (
    ENVIRONMENT,
    START_SECONDS,
    Limits,
    Sandbox,
    SandboxError,
    find_bwrap,
)

ENGINES = ("podman", "docker")
_START = "import sys; sys.path.insert(0, {path!r}); from qkv.grade.inside.guest import main; main()"


def choose(image: str | None = None, trust: bool = False) -> str:
    """Return the kind of sandbox: bubblewrap, a container, or none if submissions are trusted.

    Raises `ValueError` saying what to do if there is none.
    """
    if find_bwrap():
        return "bubblewrap"
    for engine in ENGINES:
        if image and (path := shutil.which(engine)) and _answers(path):
            return f"container {path} {image}"
    if trust:
        return "none"
    raise ValueError(
        "no sandbox here: install bubblewrap (apt install bubblewrap), or name a container --image "
        "with qkv in it for podman or docker, or, for work you have read, say --trust-submissions"
    )


def _answers(engine):
    with contextlib.suppress(subprocess.SubprocessError, OSError):
        return subprocess.run([engine, "info"], capture_output=True, timeout=20).returncode == 0
    return False


def make_sandbox(kind: str, hide: list[Path], slot: int, core: int | None = None):
    """Return a sandbox of a kind that `choose` returns. hide, slot, core: as for `Sandbox`."""
    if kind == "bubblewrap":
        return Sandbox(hide=hide, slot=slot, core=core)
    return OneByOne(kind)


class OneByOne:
    """Starts a container (or, for trusted work, a plain process) anew for each submission.

    Slower than `Sandbox` by the seconds that importing torch takes, and without its copies of the
    program at each place of the notebook: tests meet the program as it is at the end.
    """

    forks = False

    def __init__(self, kind):
        """Start nothing yet."""
        self.kind = kind
        self.process = None
        self.name = ""

    def _command(self, limits) -> list[str]:
        if self.kind == "none":
            path = str(Path(__file__).resolve().parents[3])
            return [sys.executable, "-I", "-B", "-c", _START.format(path=path)]
        _, engine, image = self.kind.split(" ", 2)
        settings = [word for k, v in ENVIRONMENT.items() for word in ("--env", f"{k}={v}")]
        memory = limits.memory + 2**30  # the libraries take up to a gigabyte of it
        return [
            engine, "run", "--rm", "--interactive", "--name", self.name, "--network", "none",
            "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--user", "65534:65534", "--pids-limit", str(limits.processes), "--cpus", "1",
            "--memory", str(memory), "--memory-swap", str(memory), "--ipc", "private",
            "--tmpfs", f"/tmp:rw,size={limits.disk},mode=1777", "--workdir", "/tmp", *settings,
            image, "python", "-I", "-B", "-c", _START.format(path="/"),
        ]  # fmt: skip

    def open(self, limits: Limits):
        """Start a session; return two sockets: to the student's process and to its keeper."""
        self.name = f"qkv-{uuid.uuid4().hex}"
        ours, theirs = socket.socketpair()
        control, _ = socket.socketpair()
        environment = ENVIRONMENT if self.kind == "none" else None
        with theirs:
            self.process = subprocess.Popen(  # type: ignore[call-overload]  # it takes a socket
                self._command(limits),
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.DEVNULL,
                env=environment and {**environment, "PATH": os.environ.get("PATH", "")},
                start_new_session=True,
            )
        ready, _, _ = select.select([ours], [], [], START_SECONDS)
        if not ready or ours.recv(1) != b"R":
            ours.close()
            control.close()
            self.stop()
            raise SandboxError("the sandbox did not start: does the image hold qkv?")
        return ours, control

    def close(self) -> str | None:
        """End the session with all its processes; nobody tells here why one ended."""
        self.stop()
        return None

    def stop(self) -> None:
        """End what runs."""
        if self.process is None:
            return
        if self.kind != "none":
            engine = self.kind.split(" ")[1]
            with contextlib.suppress(subprocess.SubprocessError, OSError):
                subprocess.run([engine, "kill", self.name], capture_output=True, timeout=30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self.process = None
