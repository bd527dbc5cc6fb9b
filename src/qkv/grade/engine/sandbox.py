"""Start and end the sandbox in which student code runs: bubblewrap, seen from outside."""

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

START_SECONDS = 120
# Numbers that no account has: a sandbox started by root gives up being root for one of these.
FIRST_UID = 1_900_000_000
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "fonts")
PASSWD = "student:x:1000:1000::/home/student:/bin/sh\nroot:x:0:0::/:/bin/sh\n"


@dataclass(frozen=True)
class Limits:
    """The most that one submission may use; sizes in bytes.

    cell_seconds: wall time of one cell or one call from a test
    total_seconds: wall time of the whole notebook, its cells and all tests together
    memory: of all its processes together, beyond what the libraries take
    processes: and threads, together
    output: characters kept of what one cell prints
    disk: everything it writes
    """

    cell_seconds: float = 30
    total_seconds: float = 120
    memory: int = 2 * 2**30
    processes: int = 64
    output: int = 20_000
    disk: int = 64 * 2**20

    def as_dict(self) -> dict:
        """Return the limits as plain values."""
        return asdict(self)


class SandboxError(RuntimeError):
    """The sandbox itself failed; this says nothing about the submission."""


def find_bwrap() -> str | None:
    """Return bubblewrap's path, or None where it is missing or cannot make a sandbox."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    trial = [path, "--unshare-all", "--ro-bind", "/", "/", "true"]
    works = subprocess.run(trial, capture_output=True, timeout=30).returncode == 0
    return path if works else None


def _library_folders(inside=None):
    """Return the folders that Python needs, without those inside others and inside /usr.

    inside: return those inside this folder instead
    """
    wanted = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    wanted |= {Path(p) for p in (sys.prefix, sys.base_prefix)}
    wanted |= {Path(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))}
    # Path.home() fails for a user without an entry among the accounts.
    too_much = (Path("/"), Path("/usr"), Path(os.path.expanduser("~")))
    wanted = {p for p in wanted if p.is_dir() and p not in too_much}
    kept = []
    for path in sorted(wanted, key=lambda p: len(p.parts)):
        covered = any(path.is_relative_to(other) for other in kept)
        if not covered and (
            path.is_relative_to(inside) if inside else not path.is_relative_to("/usr")
        ):
            kept.append(path)
    return kept


def bwrap_command(bwrap: str, hide: list[Path]) -> list[str]:
    """Return the command line that shows Python and its libraries, and nothing else, read-only.

    hide: folders that must not be seen even if a library folder contains them
    """
    package = Path(__file__).resolve().parents[2]
    command = [bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--new-session", "--hostname", "sandbox"]
    if os.geteuid() != 0:
        command += ["--unshare-user"]
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    command += _parents([Path("/etc/x"), Path("/home/student/x"), Path("/opt/qkv/qkv/x")])
    command += _parents([Path("/sys/devices/system/cpu")])
    for name in _ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    libraries = _library_folders()
    for path in libraries:
        command += [*_parents([_seen(path)]), "--ro-bind", str(path), str(_seen(path))]
    for secret in [path.resolve() for path in hide]:
        if any(secret.is_relative_to(path) for path in (Path("/usr"), *libraries)):
            command += ["--perms", "0755", "--tmpfs", str(_seen(secret))]
            for path in _library_folders(secret):
                command += ["--ro-bind", str(path), str(_seen(path))]
    command += ["--ro-bind", str(package), "/opt/qkv/qkv"]
    command += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    command += ["--proc", "/proc", "--dev", "/dev"]
    # Each session gets a disk of its own over these, where the kernel lets it.
    for place in PRIVATE:
        command += ["--perms", "1777", "--size", str(Limits.disk), "--tmpfs", place]
    command += ["--remount-ro", "/", "--chdir", "/tmp"]
    return command


def _seen(path):
    """Return where the sandbox sees a folder: a Python that lies in /tmp moves out of the way."""
    for place in PRIVATE:
        if path.is_relative_to(place):
            return Path("/opt/moved") / path.relative_to("/")
    return path


def _parents(paths):
    """Return options that make the folders above readable: bubblewrap itself makes them 0700."""
    found = sorted({p for path in paths for p in path.parents if p != Path("/")})
    found = [p for p in found if not p.is_relative_to("/usr")]
    return [word for p in found for word in ("--perms", "0755", "--dir", str(p))]


def _guest_python(fd, uid):
    start = (
        "import sys; sys.path.insert(0, '/opt/qkv'); from qkv.grade.inside.zygote import main;"
        f" main({fd}, {uid})"
    )
    return [str(_seen(Path(sys.executable))), "-I", "-B", "-c", start]


PRIVATE = ("/dev/shm", "/tmp")  # in the sandbox, these are its own

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",
    "USER": "student",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp",
    "IPYTHONDIR": "/tmp",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "CUDA_VISIBLE_DEVICES": "",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp",
}


class Sandbox:
    """A bubblewrap sandbox that holds a Python with torch, waiting to fork for submissions."""

    forks = True

    def __init__(self, hide=(), slot=0, core=None):
        """Start nothing yet.

        hide: folders that no student's code may see, wherever they lie
        slot: which of several sandboxes this is; each has its own user when root starts them
        core: the number of the core that its submissions run on; None: all of them
        """
        self.core = core
        self.hide = list(hide)
        self.slot = slot
        self.process = None

    def start(self):
        """Start it and wait until the libraries are imported; `SandboxError` if it does not."""
        bwrap = find_bwrap()
        if bwrap is None:
            raise SandboxError("bubblewrap is missing or may not make sandboxes here")
        command = bwrap_command(bwrap, self.hide)
        uid = FIRST_UID + self.slot if os.geteuid() == 0 else None
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as errors, theirs:
            self.process = subprocess.Popen(
                [*command, *_guest_python(theirs.fileno(), uid)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=ENVIRONMENT,
            )
            theirs.close()
            self.sock = ours
            try:
                self.nested = self._answer(START_SECONDS)["nested"]
            except SandboxError:
                errors.seek(0)
                lines = errors.read()[-2000:].decode(errors="replace").strip().splitlines()
                self.stop()
                raise SandboxError(
                    f"the sandbox did not start: {lines[-1] if lines else 'no message'}"
                ) from None
        self.fresh = True

    def _answer(self, seconds):
        """Return the answer of the process inside."""
        ready, _, _ = select.select([self.sock], [], [], seconds)
        data = self.sock.recv(65536) if ready else b""
        if not data:
            raise SandboxError("the sandbox does not answer")
        return json.loads(data)

    def open(self, limits: Limits):
        """Start a session; return two sockets: to the student's process and to its keeper."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        if not self.nested and not self.fresh:
            self.stop()
            self.start()
        self.fresh = False
        ours, theirs = socket.socketpair()
        control, keeper = socket.socketpair()
        order = {"do": "start", "limits": limits.as_dict(), "core": self.core}
        with theirs, keeper:
            fds = [theirs.fileno(), keeper.fileno()]
            try:
                socket.send_fds(self.sock, [json.dumps(order).encode()], fds)
                self._answer(30)
            except (OSError, SandboxError):
                ours.close()
                control.close()
                self.stop()
                raise SandboxError("the sandbox did not start a session") from None
        return ours, control

    def close(self) -> str | None:
        """End the session with all its processes; return why it was stopped, if it was."""
        try:
            self.sock.sendall(json.dumps({"do": "end"}).encode())
            answer = self._answer(15)
        except (OSError, SandboxError):
            self.stop()
            return "it broke off"
        if not answer["clean"] or not self.nested:
            self.stop()
        return answer["stopped"]

    def stop(self):
        """End the sandbox; the next session starts a new one."""
        if self.process is not None:
            self.sock.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process = None
