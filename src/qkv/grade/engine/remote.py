"""The student's program at one point of the notebook: what is asked of it, what comes back.

What comes back is plain values, made safe to judge by, and handles (see `handles`).
"""

import builtins
import contextlib
import math
import operator
import struct
import time
import types

import numpy as np

from qkv.grade.codec import BadMessageError, Encoder, UnsendableError
from qkv.grade.decoder import Decoder
from qkv.grade.engine.channel import Channel, ChannelClosedError
from qkv.grade.engine.crossing import Settings, function_code
from qkv.grade.engine.empty import never_close
from qkv.grade.engine.handles import Flow, Handle, NotAValue, value_names
from qkv.grade.kinds import Code, Name

# Exceptions that mean something else to Python than "it failed": they end loops silently.
_NEVER_RAISED = (StopIteration, StopAsyncIteration)


class Stopped(BaseException):
    """The student's program ended, hung or broke the rules; no `except Exception` hides it."""


class Point:
    """The student's program as it was at one point of the notebook: a process in the sandbox."""

    def __init__(self, sock, judge):
        """Talk over `sock`; `judge` keeps the time and is told of trouble."""
        self.channel = Channel(sock)
        self.judge = judge
        self.count = 0
        self.broken = None
        self.settings = Settings()

    def ask(self, op, *args, until=None):
        """Ask for something; return the decoded answer.

        Raises what the student's code raised, as a built-in exception, or `Stopped`.
        """
        if self.broken:
            raise self.judge.trouble(Stopped(self.broken))
        news = self.settings.news() if op in ("call", "probe", "next") else None
        if news:
            self.ask("settings", news)
        encoder = ToStudent(self)
        number = self.count = self.count + 1
        data = encoder.encode((number, op, *args))
        try:
            deadline = self.judge.deadline if until is None else until
            self.channel.send(data, deadline)
            return self._read(number, deadline)
        except (ChannelClosedError, BadMessageError) as error:
            self.broken = str(error)
            if isinstance(error, BadMessageError):
                self.broken = "it answered with something that is not a value"
            self.channel.close()
            raise self.judge.trouble(Stopped(self.broken)) from None

    def _read(self, number, deadline):
        frame = self.channel.receive(deadline)
        answer = FromStudent(frame, self).decode()
        if type(answer) is not tuple or len(answer) < 3 or type(answer[0]) is not int:
            raise BadMessageError("no answer")
        if answer[0] != number:
            raise BadMessageError("an answer to another question")
        if answer[1] == "ok" and len(answer) == 3:
            return answer[2]
        if answer[1] == "error" and len(answer) == 5:
            raise _exception(*answer[2:])
        raise BadMessageError("no answer")

    def _handle(self, number, flows):
        return (Flow if flows else Handle)(self, number)

    def fork(self):
        """Return a copy of this point that goes its own way."""
        import socket

        if self.broken:
            raise Stopped(self.broken)
        ours, theirs = socket.socketpair()
        with theirs:
            number = self.count = self.count + 1
            until = min(self.judge.end, time.monotonic() + 10)
            try:
                self.channel.send(Encoder().encode((number, "standby")), until)
                self.channel.sock.settimeout(5)
                socket.send_fds(self.channel.sock, [b"f"], [theirs.fileno()])
                pid = self._read(number, until)
            except (ChannelClosedError, BadMessageError, OSError, Exception) as error:
                ours.close()
                self.broken = str(error) or "it ended"
                raise Stopped(self.broken) from None
        copy = Point(ours, self.judge)
        copy.pid = pid if type(pid) is int and 1 < pid < 2**31 else 0  # type: ignore[attr-defined]
        return copy

    def end(self):
        """Let the process go, and have it killed if it hangs."""
        self.channel.close()
        pid = getattr(self, "pid", 2)
        if self.broken and pid:
            with contextlib.suppress(OSError):
                self.judge.control.sendall(struct.pack("<I", pid))


def _exception(names, message, trace):
    """Return a built-in exception for what the student's code raised."""
    if type(names) is not list or type(message) is not str or type(trace) is not str:
        raise BadMessageError("no exception")
    found = RuntimeError
    for name in names:
        kind = getattr(builtins, name, None) if type(name) is str else None
        if isinstance(kind, type) and issubclass(kind, Exception):
            found = RuntimeError if issubclass(kind, _NEVER_RAISED) else kind  # type: ignore[assignment]
            break
    try:
        error = found(message)
    except TypeError:
        error = RuntimeError(message)
    error.from_student = trace  # type: ignore[attr-defined]
    return error


class FromStudent(Decoder):
    """Decodes what the student's code gives; a copy that would deceive a test says so."""

    def __init__(self, frame, point):
        """Decode a frame that came from one point."""
        super().__init__(frame, handle=point._handle)
        self.point = point

    def _tensor(self, depth):
        import torch

        tensor = super()._tensor(depth)
        if isinstance(tensor, torch.nn.Parameter):
            tensor.stepped = lambda: self._refuse(  # type: ignore[attr-defined]
                "an optimiser of the test would change copies of the parameters",
                "def step(model, x): …` and `probe.run(step, model, x)",
            )
        elif getattr(tensor, "computed", False):
            tensor.register_hook(self._ended)
        return never_close(tensor)

    def _ended(self, grad):
        raise self._refuse("no gradient flows back into your code", "probe.gradient(f, x)")

    def _refuse(self, what, instead):
        text = (
            f"the test cannot be graded as it is written, since {what}: it has to say `{instead}`"
        )
        return self.point.judge.trouble(NotAValue(text))

    def _fields(self, depth):
        """Return a namedtuple; a tuple if its fields would make it look like a tensor.

        A field that is called like a method of values and can be called would be the judge:
        `got.allclose(want)`.
        """
        value = super()._fields(depth)
        looks = any(
            value_names().get(name) is False or (name in value_names() and isinstance(part, Handle))
            for name, part in zip(value._fields, value, strict=True)
        )
        return tuple(value) if looks else value

    def _array(self, depth, scalar=False):
        return never_close(super()._array(depth, scalar))

    METHODS = {**Decoder.METHODS, b"x": _tensor, b"m": _fields, b"a": _array}  # noqa: RUF012 - a table, never changed


class ToStudent(Encoder):
    """Encodes what a test hands to the student's code."""

    def __init__(self, point):
        """Encode for one point; handles of another one cannot be sent there."""
        super().__init__()
        self.point = point

    def _other(self, value, depth):
        if isinstance(value, Handle):
            point, number = object.__getattribute__(value, "_qkv")
            if point is not self.point:
                raise UnsendableError("an object from another place of the notebook cannot be sent")
            self.out.append(b"h" + struct.pack("<Q", number))
        elif isinstance(value, np.random.Generator):
            self.put(_call("numpy_generator", value.bit_generator.state), depth)
        elif type(value).__name__ == "Generator" and type(value).__module__.startswith("torch"):
            self.put(_call("torch_generator", value.get_state().numpy().tobytes()), depth)
        elif path := _library_name(value):
            self.put(Name(path), depth)
        elif isinstance(value, types.FunctionType):
            self.put(function_code(value, Handle), depth)
        else:
            try:
                super()._other(value, depth)
            except UnsendableError:
                if callable(value):
                    raise UnsendableError(
                        f"a {type(value).__name__} of the test cannot be sent to the "
                        "student's code; use a def, a lambda or "
                        "qkv.grade.inside.probe.function('lambda x: …')"
                    ) from None
                raise


def _call(function, state):
    return Code(f"__import__('qkv.grade.inside.probe', fromlist=['x']).{function}({state!r})")


def _library_name(value):
    """Return `module:name` for a function or class of a library, else None."""
    import torch

    name = getattr(value, "__name__", None)
    if not callable(value) or not isinstance(name, str):
        return None
    for module in (builtins, torch, torch.nn, torch.nn.functional, np, math, operator, torch.optim):
        if getattr(module, name, None) is value:
            return f"{module.__name__}:{name}"
    return None
