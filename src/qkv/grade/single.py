"""The student's end where a whole sandbox holds one submission: a container, or nothing at all."""

import contextlib
import os


class Pipes:
    """Standard input and output, used like a socket."""

    def __init__(self, reading, writing):
        """Read from one file descriptor and write to the other."""
        self.reading, self.writing = reading, writing

    def recv(self, count):
        """Return up to `count` bytes."""
        return os.read(self.reading, count)

    def sendall(self, data):
        """Write all bytes."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.writing, view) :]


def main():
    """Import what submissions need, say that this is done, and serve."""
    pipes = Pipes(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    import torch

    torch.set_num_threads(1)
    from qkv.grade.guest import Guest, make_shell

    guest = Guest(pipes, make_shell())
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipes.sendall(b"R")
    guest.serve()
