"""The student's objects as the tests see them: values, or handles that can be called.

A handle stands for something that stays in the sandbox: a function, a class, a module. It can be
called, and its attributes, items and operators used; whatever comes back is again a value or a
handle. It has no truth and compares with nothing, and what its operators give is a handle again: no
test passes because of what a student's object says about itself.
"""

import builtins
import contextlib
import math
import operator
import struct
import time

import numpy as np

from qkv.grade.codec import BadMessageError, Code, Decoder, Encoder, Name, UnsendableError
from qkv.grade.engine.channel import Channel, ChannelClosedError

# Exceptions that mean something else to Python than "it failed": they end loops silently.
_NEVER_RAISED = (StopIteration, StopAsyncIteration)


class Stopped(BaseException):
    """The student's program ended, hung or broke the rules; no `except Exception` hides it."""


class NotAValue(BaseException):
    """A test asked a handle for its truth or compared it; no `except Exception` hides it."""


class Point:
    """The student's program as it was at one point of the notebook: a process in the sandbox."""

    def __init__(self, sock, judge):
        """Talk over `sock`; `judge` keeps the time and is told of trouble."""
        self.channel = Channel(sock)
        self.judge = judge
        self.count = 0
        self.broken = None

    def ask(self, op, *args, until=None):
        """Ask for something; return the decoded answer.

        Raises what the student's code raised, as a built-in exception, or `Stopped`.
        """
        if self.broken:
            raise self.judge.trouble(Stopped(self.broken))
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
        answer = Decoder(frame, handle=lambda n: Handle(self, n)).decode()
        if type(answer) is not tuple or len(answer) < 3 or type(answer[0]) is not int:
            raise BadMessageError("no answer")
        if answer[0] != number:
            raise BadMessageError("an answer to another question")
        if answer[1] == "ok" and len(answer) == 3:
            return answer[2]
        if answer[1] == "error" and len(answer) == 5:
            raise _exception(*answer[2:])
        raise BadMessageError("no answer")

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
        copy.pid = pid if type(pid) is int and 1 < pid < 2**31 else 0
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
            found = RuntimeError if issubclass(kind, _NEVER_RAISED) else kind
            break
    try:
        error = found(message)
    except TypeError:
        error = RuntimeError(message)
    error.from_student = trace
    return error


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
        else:
            try:
                super()._other(value, depth)
            except UnsendableError:
                if callable(value):
                    raise UnsendableError(
                        "a function of the test cannot be sent to the student's code; "
                        "use qkv.grade.inside.probe.function('lambda x: …')"
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


class Handle:
    """Stands for an object of the student's program that is no plain value."""

    __slots__ = ("_qkv",)
    __hash__ = None

    def __init__(self, point, number):
        """Stand for object `number` at `point`."""
        object.__setattr__(self, "_qkv", (point, number))

    def _ask(self, op, *args):
        return object.__getattribute__(self, "_qkv")[0].ask(op, *args)

    def _probe(self, name, args, kwargs):
        return self._ask("probe", name, self, args, kwargs)

    def __call__(self, *args, **kwargs):
        """Call the object with values."""
        return self._ask("call", self, args, kwargs)

    def __getattr__(self, name):
        """Return an attribute.

        Python's own protocols are not passed on: NumPy would take `__array_interface__` from the
        student as an address in this process.
        """
        if name.startswith("__") and name != "__name__":
            raise AttributeError(f"{name} of a student's object is not available to tests")
        return self._ask("getattr", self, name)

    def __setattr__(self, name, value):
        """Set an attribute on the student's side."""
        self._ask("setattr", self, name, value)

    def __getitem__(self, key):
        """Return an item."""
        return self._ask("item", self, key)

    def __setitem__(self, key, value):
        """Set an item on the student's side."""
        self._ask("setitem", self, key, value)

    def __iter__(self):
        """Iterate over the items, which are fetched at once."""
        items = self._ask("iter", self)
        if type(items) is not list:
            raise self._refuse("was no list of items")
        return iter(items)

    def __len__(self):
        """Return the length."""
        length = self._ask("operator", "length_hint", self)
        if type(length) is not int or not 0 <= length <= 2**31:
            raise self._refuse("has no length")
        return length

    def __contains__(self, item):
        """Refuse: the answer would be the student's. See `qkv.grade.inside.probe.contains`."""
        raise self._refuse("is an object, and only it could say what it contains")

    def __repr__(self):
        """Say what this is, in words that no student chose."""
        return "<an object of the submission>"

    def _refuse(self, what):
        point = object.__getattribute__(self, "_qkv")[0]
        return point.judge.trouble(NotAValue(f"the result {what}: is it the right kind of thing?"))

    def __bool__(self):
        """Refuse: an object of the student's is neither true nor false."""
        raise self._refuse("is an object, not a value that can be true or false")

    def _compare(self, other):
        raise self._refuse("is an object, not a value that can be compared")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compare


def _operate(handle, name, *values):
    """Apply an operator on the student's side.

    The result must be a handle: a number in `abs(got - want) < 1e-6` would be the student's word.
    """
    result = handle._ask("operator", name, *values)
    if type(result) is not Handle:
        raise handle._refuse("is an object that computes its own answer")
    return result


def _forward(name):
    def method(self, other):
        return _operate(self, name, self, other)

    def reflected(self, other):
        return _operate(self, name, other, self)

    return method, reflected


_ARITHMETIC = ["add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"]
for _name in [*_ARITHMETIC, "and", "or", "xor", "lshift", "rshift"]:
    _method, _reflected = _forward(f"{_name}_" if _name in ("and", "or") else _name)
    setattr(Handle, f"__{_name}__", _method)
    setattr(Handle, f"__r{_name}__", _reflected)
for _name in ("neg", "pos", "abs", "invert"):
    setattr(Handle, f"__{_name}__", lambda self, _op=_name: _operate(self, _op, self))
