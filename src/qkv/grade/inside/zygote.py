"""Inside the sandbox: a process that has imported torch once and forks for each submission.

The fork gets namespaces of its own (users, processes, mounts, shared memory), a small private disk,
limits, no capabilities and a system call filter before a line of student code runs. This process
itself never runs student code: it waits for orders, watches memory, and ends everything afterwards.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

HOME = "/home/student"
_NEWNS, _NEWIPC, _NEWUSER, _NEWPID = 0x00020000, 0x08000000, 0x10000000, 0x20000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_SET_DUMPABLE, _SET_DEATHSIG, _DROP_BOUND, _NO_NEW_PRIVS, _AMBIENT = 4, 1, 24, 38, 47
WATCH = 0.05  # seconds between two looks at the memory
BUFFER = 2**18  # bytes that the kernel may keep for a socket: the filter lets nobody ask for more
_libc = ctypes.CDLL(None, use_errno=True)


def _must(result, what):
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source, target, kind, flags, options=None):
    arguments = [None if a is None else a.encode() for a in (source, target, kind)]
    _must(
        _libc.mount(*arguments, ctypes.c_ulong(flags), options and options.encode()),
        f"mount {target}",
    )


def main(fd: int, uid: int | None):
    """Serve orders on the socket `fd`, as the unprivileged user `uid` if one is given."""
    if uid is not None:
        _uncover_proc()
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)  # nobody of the same user looks into this process
    os.chdir("/tmp")
    shell = _preload()
    sock = socket.socket(fileno=fd)
    nested = _probe()
    gc.collect()
    gc.freeze()  # forks then share these objects instead of copying them when they are counted
    sock.sendall(json.dumps({"nested": nested}).encode())
    Zygote(sock, shell, nested).serve()


def _uncover_proc():
    """Undo what bubblewrap lays over parts of /proc when root starts it.

    A process list of its own can be mounted for a session only where none is partly covered; and
    an ordinary user, which this process is about to become, may not write to those parts anyway.
    """
    for line in Path("/proc/mounts").read_text().splitlines():
        target = line.split()[1]
        if target.startswith("/proc/"):
            _libc.umount2(target.encode(), 2)


def _preload():
    """Import what submissions will need, so that each fork has it at once."""
    # What a student's code compiles would need a compiler, and a disk: it runs as it is written.
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    import matplotlib.pyplot
    import numpy
    import torch

    from qkv.grade.inside.threads import prepare

    prepare(torch)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    torch.ones(2, requires_grad=True).sum().backward()
    import qkv.grade.inside.probe
    from qkv.grade.inside.guest import make_shell

    del matplotlib, numpy, qkv
    return make_shell()


def _probe():
    """Whether a fork can have namespaces of its own here."""
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(OSError):
            _own_namespaces()
            child = os.fork()
            if child == 0:
                with contextlib.suppress(OSError):
                    _private_disk(2**20)
                    os._exit(0)
                os._exit(1)
            status = os.waitpid(child, 0)[1] and 1
        os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def _own_namespaces():
    uid, gid = os.getuid(), os.getgid()
    _libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)  # or the files below belong to root
    _must(_libc.unshare(_NEWUSER | _NEWNS | _NEWPID | _NEWIPC), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")


def _private_disk(size):
    """Mount one small disk in memory and use it for everything that can be written."""
    _mount(None, "/", None, _REC | _PRIVATE)
    options = f"size={size},nr_inodes=4096,mode=0755"
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, options)
    for name in ("tmp", "home", "shm"):
        os.mkdir(f"/tmp/{name}", 0o700)
    _mount("/tmp/home", HOME, None, _BIND)
    _mount("/tmp/shm", "/dev/shm", None, _BIND)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    # Terminals are counted for the whole machine: without any, nobody can use them all up.
    _mount("tmpfs", "/dev/pts", "tmpfs", _NOSUID | _NODEV, "size=4k,nr_inodes=1,mode=0555")
    _mount("/tmp/tmp", "/tmp", None, _BIND)


def _drop_capabilities():
    _libc.prctl(_AMBIENT, 4, 0, 0, 0)
    for capability in range(64):
        _libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    header = struct.pack("<Ii", 0x20080522, 0)
    _must(_libc.capset(header, struct.pack("<6I", *[0] * 6)), "capset")


def _limit(limits, memory_now):
    def both(name, value):
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))

    both(resource.RLIMIT_AS, memory_now + limits["memory"])
    both(resource.RLIMIT_NPROC, limits["processes"])
    both(resource.RLIMIT_FSIZE, limits["disk"])
    both(resource.RLIMIT_CPU, int(limits["total_seconds"]) + 5)
    both(resource.RLIMIT_NOFILE, 128)
    both(resource.RLIMIT_STACK, 8 * 2**20)
    for name in ("CORE", "MSGQUEUE", "MEMLOCK", "RTPRIO", "NICE"):
        both(getattr(resource, f"RLIMIT_{name}"), 0)


def _close_all_but(*keep):
    kept = sorted({0, 1, 2, *keep})
    for low, high in zip(kept, [*kept[1:], 65536], strict=True):
        os.closerange(low + 1, high)


class Zygote:
    """Starts one session at a time and ends it."""

    def __init__(self, sock, shell, nested):
        """Take orders from `sock`; `nested`: sessions get namespaces of their own."""
        self.sock = sock
        self.shell = shell
        self.nested = nested
        self.limits: dict = {}  # of the session; empty between two
        self.stopped = None
        self.base = 0

    def serve(self):
        """Obey until the other side is gone."""
        while True:
            wait = WATCH if self.limits and not self.stopped else None
            ready, _, _ = select.select([self.sock], [], [], wait)
            if not ready:
                self._watch()
                continue
            data, fds, _, _ = socket.recv_fds(self.sock, 65536, 2)
            if not data:
                self._end()
                os._exit(0)
            order = json.loads(data)
            answer = self._start(order, fds) if order["do"] == "start" else self._end()
            self.sock.sendall(json.dumps(answer).encode())

    def _start(self, order, fds):
        self.limits, self.stopped = order["limits"], None
        self.base = _status(os.getpid()).get("VmSize", 0)
        pid = os.fork()
        if pid == 0:
            try:
                self._session(order, *fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        if self.nested:
            os.waitpid(pid, 0)
        return {"ok": True}

    def _session(self, order, channel, control):
        """Become the first process of the session; fork the one that runs the student's code."""
        if not self.nested:
            return self._student(order, channel)
        _own_namespaces()
        if os.fork():
            os._exit(0)
        # From here on this is process 1 of the session: when it ends, all of it ends.
        _private_disk(order["limits"]["disk"])
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if os.fork() == 0:
            return self._student(order, channel)
        _libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
        _drop_capabilities()
        _close_all_but(control)
        _reap(control)

    def _student(self, order, channel):
        _libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)
        os.setpgid(0, 0)
        os.nice(5)
        if order["core"] is not None:
            # However many processes it starts, they share one core; others are not slowed down.
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {cores[order["core"] % len(cores)]})
        os.environ["HOME"] = HOME if self.nested else "/tmp"
        os.chdir(os.environ["HOME"])
        sys.path.insert(0, "")  # modules that were handed out, or that a cell writes
        _limit(order["limits"], self.base)
        _must(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        _drop_capabilities()
        _close_all_but(channel)
        from qkv.grade.inside.guest import Guest
        from qkv.grade.inside.seccomp import apply_filter

        apply_filter()
        Guest(socket.socket(fileno=channel), self.shell).serve()

    def _others(self):
        """Return the processes here that are neither this one nor the sandbox's first."""
        mine = {1, os.getpid(), os.getppid()}
        return [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) not in mine]

    def _watch(self):
        """End the session when its processes together use more memory than allowed."""
        buffers = _sockets() * BUFFER
        used, reserved, others = buffers, 0, self._others()
        for pid in others:
            status = _status(pid)
            used += status.get("RssAnon", 0) + status.get("RssShmem", 0)
            reserved += max(0, status.get("VmSize", 0) - self.base)
        allowed = self.limits["memory"]  # type: ignore[index]
        if used > allowed:
            used = buffers + sum(map(_own_memory, others))
        if used > allowed or reserved > 4 * allowed:
            self._kill("memory")

    def _kill(self, reason=None):
        self.stopped = self.stopped or reason
        for pid in self._others():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _end(self):
        """Kill what is left of the session; say whether everything is gone."""
        until = time.monotonic() + 5
        while self._others() and time.monotonic() < until:
            self._kill()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.001)
        stopped, self.limits, self.stopped = self.stopped, {}, None
        return {"clean": not self._others(), "stopped": stopped}


def _reap(control):
    """Bury the dead and kill the processes whose numbers are sent, as process 1 should."""
    while True:
        ready, _, _ = select.select([control], [], [], 0.2)
        if ready:
            data = os.read(control, 4)
            if len(data) < 4:
                os._exit(0)
            (pid,) = struct.unpack("<I", data)
            if 1 < pid < 2**31:
                for kill in (os.killpg, os.kill):
                    with contextlib.suppress(OSError):
                        kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _sockets():
    """Return how many sockets there are in the sandbox, those under way in others included."""
    try:
        with open("/proc/net/unix", "rb") as lines:
            return sum(1 for _ in lines) - 1
    except OSError:
        return 0


def _status(pid):
    """Return the sizes that the kernel tells of a process, in bytes."""
    sizes = {}
    # Bytes: the first line holds a name that the process chose.
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as lines:
        for line in lines:
            if line.startswith((b"VmSize:", b"RssAnon:", b"RssShmem:")):
                name, value = line.split(b":")
                sizes[name.decode()] = int(value.split()[0]) * 1024
    return sizes


def _own_memory(pid):
    """Return a process's share of memory, shared pages divided among those who share them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return _status(pid).get("RssAnon", 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
