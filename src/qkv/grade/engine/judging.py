"""The process in which tests run: outside the sandbox, apart from the gradebook, killable.

It imports torch once and forks for each submission, so that a test starts with clean libraries and
fresh random numbers, and so that a test which a strange value sends astray can be ended.
"""

import base64
import contextlib
import gc
import json
import os
import random
import resource
import signal
import socket
import struct
import sys
from pathlib import Path

from qkv.grade.engine.empty import compare_strictly
from qkv.grade.engine.judge import Judge

MEMORY = 4 * 2**30


def main(fd: int):
    """Serve orders on the socket `fd`: begin (with three sockets), end."""
    import numpy
    import torch

    torch.set_num_threads(1)
    torch.ones(2, requires_grad=True).sum().backward()
    with contextlib.suppress(ImportError):
        import pytest

        del pytest
    del numpy
    sock = socket.socket(fileno=fd)
    gc.collect()
    gc.freeze()  # forks then share these objects instead of copying them when they are counted
    sock.sendall(b"ready")
    child = None
    while True:
        order, fds, _, _ = socket.recv_fds(sock, 16, 3)
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = None
        if not order:
            os._exit(0)
        if order == b"begin":
            child = os.fork()
            if child == 0:
                sock.close()
                _judge(*fds)
            for number in fds:
                os.close(number)
        try:
            sock.sendall(b"ok")
        except BrokenPipeError:  # the worker has given this process up, on a busy machine
            os._exit(0)


def _judge(main_fd, control_fd, result_fd):
    """Judge one submission, whose cells come over the socket that takes the results."""
    try:
        result = socket.socket(fileno=result_fd)
        (length,) = struct.unpack("<Q", _exactly(result, 8))
        job = json.loads(_exactly(result, length))
        _prepare(job)

        def report(number, shown):
            _send(result, {"cell": number, **shown})

        files = _write(job)
        sockets = socket.socket(fileno=main_fd), socket.socket(fileno=control_fd)
        judge = Judge(job["cells"], job["limits"], *sockets, report, job["forks"], job["survey"])
        judge.run(files)
        _send(result, {"done": True, "late": judge.is_late()})
    finally:
        os._exit(0)


def _prepare(job):
    import warnings

    import numpy
    import torch

    compare_strictly(numpy, torch)
    seed = int.from_bytes(os.urandom(4), "little")
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm", encoding="ascii") as sizes:
        size = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    os.chdir(job["folder"])
    sys.path.insert(0, job["folder"])


def _write(job):
    """Write the files that belong to the notebook into the tests' folder; return their bytes."""
    files = {name: base64.b64decode(data) for name, data in job["files"].items()}
    for name, data in files.items():
        path = Path(job["folder"], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return files


def _exactly(sock, count):
    data = bytearray()
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _send(sock, message):
    data = json.dumps(message).encode()
    sock.sendall(struct.pack("<Q", len(data)) + data)
