"""The student's objects as the tests see them: values, or handles that can be called.

A handle stands for something that stays in the sandbox: a function, a class, a module. It can be
called, and its methods and attributes asked for by name; whatever comes back is again a value or a
handle. Nothing else is sent there: it has no truth, no length and no items, compares with nothing
and computes nothing, and it is asked nothing that a tensor, an array or a string would be asked. So
no test passes because of what a student's object says about itself, and none hands it the result
that it expects. A test that means such an object asks by name: `qkv.grade.inside.probe.call`.
"""

import builtins
import contextlib
import functools
import inspect
import math
import operator
import struct
import time
import types

import numpy as np

from qkv.grade.codec import BadMessageError, Code, Decoder, Encoder, Name, UnsendableError
from qkv.grade.engine.channel import Channel, ChannelClosedError
from qkv.grade.engine.crossing import Settings, function_code

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
        return tensor

    def _ended(self, grad):
        raise self._refuse("no gradient flows back into your code", "probe.gradient(f, x)")

    def _refuse(self, what, instead):
        text = (
            f"the test cannot be graded as it is written, since {what}: it has to say `{instead}`"
        )
        return self.point.judge.trouble(NotAValue(text))

    def _fields(self, depth):
        """Return a namedtuple; a tuple if its fields would make it look like a tensor."""
        value = super()._fields(depth)
        looks = any(_of_values().get(name) is False for name in value._fields)
        return tuple(value) if looks else value

    METHODS = {**Decoder.METHODS, b"x": _tensor, b"m": _fields}  # noqa: RUF012 - a table, never changed


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


# Names that tensors and strings have and that classes of students often have as well: to ask them
# hands over no expected result, and what comes back is compared here.
_SHARED = [
    "data", "grad", "backward", "device", "name", "names", "title", "add", "append", "insert",
    "extend", "remove", "pop", "push", "update", "get", "clear", "copy", "encode", "decode",
    "split", "find", "index", "count", "relu", "tanh", "sigmoid", "softmax", "exp", "log",
]  # fmt: skip


@functools.cache
def _of_values() -> dict[str, bool]:
    """Return the names that only values answer -> whether it is a method of one of them."""
    import torch

    kinds = (torch.Tensor, np.ndarray, str, list, dict, set, float, complex)
    found: dict[str, bool] = {}
    for kind in kinds:
        for name in dir(kind):
            if not name.startswith("_"):
                method = callable(getattr(kind, name, None))
                found[name] = found.get(name, True) and method
    shared = {*_SHARED, *dir(torch.nn.Module), *dir(torch.optim.Optimizer)}
    return {name: method for name, method in found.items() if name not in shared}


class Handle:
    """Stands for an object of the student's program that is no plain value."""

    __slots__ = ("_qkv",)
    __array_ufunc__ = None  # `array - handle` is then asked of the handle, which refuses

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
        student as an address in this process. Nor is what one asks of values, such as `shape` or
        `allclose`: the object would be the judge of itself. A field that is only named like a
        method (`config.dim`) is given if it is a value.
        """
        if name == "__signature__":
            return _signature(self._probe("parameters", (), {}))
        if name.startswith("__") and name not in ("__name__", "__qualname__", "__annotations__"):
            raise AttributeError(f"{name} of a student's object is not available to tests")
        method = _of_values().get(name)
        if method is False:
            raise self._refuse(f"its {name}", f"attribute(obj, {name!r})")
        value = self._ask("getattr", self, name)
        if method and isinstance(value, Handle):
            raise self._refuse(f"its {name}", f"call(obj, {name!r}, …)")
        return value

    def __setattr__(self, name, value):
        """Set an attribute on the student's side."""
        self._ask("setattr", self, name, value)

    def __hash__(self):
        """Refuse to be a key: whether two are the same would be the object's word."""
        text = "an object of the submission cannot be a key or in a set: use a list of pairs"
        raise object.__getattribute__(self, "_qkv")[0].judge.trouble(NotAValue(text))

    def __instancecheck__(self, other):
        """Whether an object of the student's is of this class of the student's."""
        if not isinstance(other, Handle):
            return False  # a plain value: what the student made of it stayed there
        return self._probe("of_class", (other,), {}) is True

    def __repr__(self):
        """Say what this is, in words that no student chose."""
        return "<an object of the submission>"

    def _refuse(self, what, instead):
        point = object.__getattribute__(self, "_qkv")[0]
        return point.judge.trouble(
            NotAValue(
                f"the test asked for {what}, but your code gave an object, not a plain value such "
                "as a number, a list or a tensor: is it the right kind of thing? (A test that "
                f"means the object itself says probe.{instead}.)"
            )
        )


def _signature(parameters):
    """Return a signature from `(name, kind, whether it has a default, default)` of each part."""
    made = [
        inspect.Parameter(name, inspect._ParameterKind(kind), default=default)
        if given
        else inspect.Parameter(name, inspect._ParameterKind(kind))
        for name, kind, given, default in parameters
    ]
    return inspect.Signature(made)


def _refusing(name):
    def method(self, *args):
        raise self._refuse(f"its {name}", INSTEAD.get(name, f"call(obj, '__{name}__', …)"))

    return method


# What to write instead, where it is not a plain call of the method.
INSTEAD = {
    "iter": "call(obj, '__iter__'), whose values can be looped over",
    "len": "call(obj, '__len__')",
    "getitem": "call(obj, '__getitem__', key)",
    "contains": "contains(obj, item)",
    "enter": "run(function, obj) with the `with` inside that function",
    "exit": "run(function, obj) with the `with` inside that function",
}
_ARITHMETIC = [
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "and", "or",
    "xor", "lshift", "rshift",
]  # fmt: skip
_REFUSED = [
    "bool", "len", "iter", "getitem", "setitem", "delitem", "contains", "neg", "pos", "abs",
    "invert", "round", "enter", "exit", "eq", "ne", "lt", "le", "gt", "ge", "int", "float",
    "complex", "index",
]  # fmt: skip
# What a student wrote about the object; the class's own would be that of `Handle`.
Handle.__doc__ = property(lambda self: self._ask("getattr", self, "__doc__"))  # type: ignore[assignment]
for _name in [*_REFUSED, *_ARITHMETIC, *(f"r{name}" for name in _ARITHMETIC)]:
    setattr(Handle, f"__{_name}__", _refusing(_name))


class Flow(Handle):
    """Stands for a generator or another iterator: its values are fetched one by one, once.

    It is no more than the values it gives: as with any iterator it has no length, and what is
    fetched is compared here.
    """

    __slots__ = ()

    def __len__(self):
        """Fail as every iterator does; `list` asks this first."""
        raise TypeError("an iterator has no length")

    def __iter__(self):
        """Return itself, as iterators do."""
        return self

    def __next__(self):
        """Fetch the next value."""
        answer = self._ask("next", self)
        if type(answer) is not tuple or len(answer) not in (0, 1):
            raise self._refuse("its next value", "call(obj, '__next__')")
        if not answer:
            raise StopIteration
        return answer[0]
