"""The student's end of the channel: runs cells, keeps their names, answers the tests' calls.

This runs inside the sandbox, in the process of the student's own code. That code can change
everything here, so nothing here is relied upon: whoever asks treats each answer as hostile.
"""

import base64
import contextlib
import importlib
import io
import os
import socket
import struct
import subprocess
import sys
import traceback

from qkv.grade.codec import Encoder
from qkv.grade.decoder import Decoder
from qkv.grade.inside.threads import NOTE, left_running
from qkv.grade.kinds import Code, Name

PIECE = 3_000_000  # characters of output kept per cell; the trusted side has its own limit


class Guest:
    """One process with the student's names, answering requests on a socket."""

    def __init__(self, sock, shell):
        """Serve on `sock`; `shell` is an IPython shell whose namespace is the student's."""
        self.sock = sock
        self.shell = shell
        self.objects = []
        self.events = []
        self.size = 0
        self.told = False
        shell.display_pub.publish = self._publish
        shell.displayhook = shell.display_trap.hook = _hook(shell, self._show_result)
        shell.enable_gui = lambda gui=None: None
        shell.system = self._system
        shell._showtraceback = self._show_error

    def serve(self):
        """Answer until the other side is gone."""
        while True:
            request = self._read()
            if request is None:
                os._exit(0)
            number, op, *args = Decoder(request, self._lookup, self._resolve).decode()
            try:
                with self._quiet() if op != "run" else contextlib.nullcontext():
                    answer = (number, "ok", getattr(self, f"do_{op}")(*args))
                    data = Encoder(self._keep).encode(answer)
            except BaseException as error:
                data = Encoder().encode((number, "error", *self._describe(error)))
            with contextlib.suppress(BrokenPipeError):
                self.sock.sendall(struct.pack("<Q", len(data)) + data)

    def _read(self):
        head = self._exactly(8)
        return None if head is None else self._exactly(struct.unpack("<Q", head)[0])

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.sock.recv(min(count - len(data), 2**20))
            if not part:
                return None
            data += part
        return data

    @contextlib.contextmanager
    def _quiet(self):
        """Drop what is printed while a test calls: it would show what the tests ask."""
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield

    def _describe(self, error):
        names = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
        try:
            message = str(error)
        except Exception:
            message = ""
        lines = traceback.format_tb(error.__traceback__)[-3:]
        return names, message[:2000], "".join(lines)[:4000]

    def _keep(self, obj):
        for number, kept in enumerate(self.objects):
            if kept is obj:
                return number
        self.objects.append(obj)
        return len(self.objects) - 1

    def _lookup(self, number, flows=False):
        return self.objects[number]

    def _resolve(self, what):
        if isinstance(what, Code):
            return eval(what.source, self.shell.user_ns)
        assert isinstance(what, Name)
        module, _, path = what.path.partition(":")
        __import__(module)
        return getattr(sys.modules[module], path)

    # What is shown while a cell runs

    def _add(self, event, size):
        if self.size < PIECE:
            self.events.append(event)
        self.size += size

    def write(self, stream, text):
        """Keep what a cell prints, up to a limit."""
        text = str(text)[: max(0, PIECE - self.size)]
        last = self.events[-1] if self.events else None
        if last and last.get("kind") == "stream" and last["name"] == stream:
            last["text"].append(text)
        else:
            self.events.append({"kind": "stream", "name": stream, "text": [text]})
        self.size += len(text) + 1

    def _publish(self, data, metadata=None, **more):
        self._add_data("display", data)

    def _add_data(self, kind, data):
        kept = {
            mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for mime, value in data.items()
            if isinstance(value, (str, bytes))
        }
        self._add({"kind": kind, "data": kept}, sum(map(len, kept.values())))

    def _system(self, command):
        """Run a line that begins with `!`; IPython's own way needs a terminal."""
        done = subprocess.run(
            command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        self.write("stdout", done.stdout[:PIECE].decode(errors="replace"))
        self.shell.user_ns["_exit_code"] = done.returncode

    def _show_result(self, result=None):
        if result is None:
            return
        self.shell.user_ns["_"] = result
        data, _ = self.shell.display_formatter.format(result)
        self._add_data("result", data)

    def _show_error(self, kind, value, lines):
        text = "\n".join(lines)[:PIECE]
        event = {"kind": "error", "name": kind.__name__, "value": str(value)[:2000], "text": text}
        self.events.append(event)

    # What can be asked

    def do_run(self, source):
        """Run a cell; return what it shows and whether it ran to its end."""
        self.events, self.size = [], 0
        out, err = Stream(self, "stdout"), Stream(self, "stderr")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            result = self.shell.run_cell(source, store_history=False)
            with contextlib.suppress(Exception):
                self._show_figures()
            if left_running() and not self.told:
                self.told = True
                err.write(NOTE)
        for event in self.events:
            if event["kind"] == "stream":
                event["text"] = "".join(event["text"])
        return self.events, bool(result.success)

    def _show_figures(self):
        if "matplotlib.pyplot" in sys.modules:
            from matplotlib_inline.backend_inline import flush_figures

            flush_figures()

    def do_standby(self):
        """Fork: the copy answers on a socket of its own from now on, as if nothing followed."""
        _, (fd,), _, _ = socket.recv_fds(self.sock, 1, 1)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            self.sock.close()
            self.sock = socket.socket(fileno=fd)
            self.serve()
        os.close(fd)
        return pid

    def do_files(self, files):
        """Write the files that were handed out with the notebook."""
        for name, data in files.items():
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "wb") as file:
                file.write(data)
        importlib.invalidate_caches()

    def do_names(self, names):
        """Return those of the names that exist, with their values."""
        space = self.shell.user_ns
        return {name: space[name] for name in names if name in space}

    def do_call(self, function, args, kwargs):
        """Call a function with values."""
        return function(*args, **kwargs)

    def do_getattr(self, obj, name):
        """Return an attribute."""
        return getattr(obj, name)

    def do_setattr(self, obj, name, value):
        """Set an attribute."""
        setattr(obj, name, value)

    def do_next(self, flow):
        """Return the next value of an iterator in a tuple, an empty one at its end."""
        try:
            return (next(flow),)
        except StopIteration:
            return ()

    def do_settings(self, news):
        """Take over what the test has set for everything that it calls: seeds, no gradients."""
        from qkv.grade.inside import probe

        probe.settle(news)

    def do_probe(self, name, function, args, kwargs):
        """Do what a test can only do beside the function: see `qkv.grade.inside.probe`."""
        from qkv.grade.inside import probe

        return getattr(probe, name)(function, *args, **kwargs)


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a cell."""

    def __init__(self, guest, name):
        """Write into the outputs of `guest`."""
        self.guest = guest
        self.stream = name

    def write(self, text):
        """Keep the text."""
        self.guest.write(self.stream, text)
        return len(text)


def _hook(shell, show):
    """Return what IPython calls with the value of a cell's last line."""
    from IPython.core.displayhook import DisplayHook

    class ShowResult(DisplayHook):
        """Passes each value on instead of printing it."""

        def __call__(self, result=None):
            """Show a value."""
            show(result)

    return ShowResult(shell=shell)


def make_shell():
    """Return an IPython shell that keeps no history and shows nothing on a terminal."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.pylabtools import select_figure_formats
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Context"
    shell = InteractiveShell.instance(config=config)
    with contextlib.suppress(Exception):
        select_figure_formats(shell, {"png"})
    return shell


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
    """Serve on standard input and output, where a whole sandbox holds one submission."""
    pipes = Pipes(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    import torch

    from qkv.grade.inside.threads import prepare

    prepare(torch)
    sys.path.insert(0, "")
    guest = Guest(pipes, make_shell())
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipes.sendall(b"R")
    guest.serve()
