"""Values as bytes, for the channel between the tests and the student's code.

Only plain values cross: numbers, strings, bytes, containers, NumPy arrays, PyTorch tensors and a
few constants. Everything else stays where it is and crosses as a numbered handle. Nothing in a
message names code to run or a class to build, which is why this is not pickle.

Both ends use this module. The end with the tests trusts no byte of what it decodes: each length is
checked against what is there, each type against a list, and depth and number of values are bounded.
"""

import math
import re
import struct
import sys

import numpy as np

from qkv.grade.keys import MAX_WORK, work
from qkv.grade.kinds import Code, Name, are_fields, record

MAX_DEPTH = 40
MAX_NODES = 1_000_000
MAX_INT_BYTES = 4096

TENSOR_TYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8"]
TENSOR_TYPES += ["uint8", "bool", "complex64", "complex128"]
ARRAY_TYPE = re.compile(r"<[iu][248]|<f[248]|<c(8|16)|\|[iu]1|\|b1")
NAMES = re.compile(r"(torch|numpy|math|builtins|operator)(\.[A-Za-z]\w*)*:[A-Za-z]\w*")


class BadMessageError(ValueError):
    """Bytes that no honest encoder writes."""


class UnsendableError(TypeError):
    """A value that does not cross the channel."""


def _torch():
    """Return torch if this process has imported it: a value of its types cannot exist otherwise."""
    return sys.modules.get("torch")


class Encoder:
    """Turns values into bytes; `handle(obj)` returns the number under which `obj` stays behind."""

    def __init__(self, handle=None):
        """Use `handle` for what is no plain value; without it such a value is an error."""
        self.handle = handle
        self.out = []
        self.nodes = 0

    def encode(self, value) -> bytes:
        """Return the bytes of a value; `UnsendableError` if something in it cannot cross."""
        self.put(value, 0)
        return b"".join(self.out)

    def put(self, value, depth):
        """Append one value."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise UnsendableError("a value nested too deeply or with too many parts")
        kind = type(value)
        if value is None:
            self.out.append(b"N")
        elif kind is bool:
            self.out.append(b"T" if value else b"F")
        elif kind is int:
            self._int(value)
        elif kind is float:
            self.out.append(b"d" + struct.pack("<d", value))
        elif kind is complex:
            self.out.append(b"c" + struct.pack("<dd", value.real, value.imag))
        elif kind is str:
            self._bytes(b"s", value.encode("utf-8", "replace"))
        elif kind in (bytes, bytearray):
            self._bytes(b"b", bytes(value))
        elif kind in (list, tuple, set, frozenset):
            tag = {"list": b"l", "tuple": b"t", "set": b"e", "frozenset": b"z"}[kind.__name__]
            self.out.append(tag + struct.pack("<I", len(value)))
            for item in value:
                self.put(item, depth + 1)
        elif kind is dict or kind.__name__ in ("OrderedDict", "Counter", "defaultdict"):
            self._dict(value, depth)
        elif kind is range:
            self.out.append(b"r")
            for part in (value.start, value.stop, value.step):
                self._int(part)
        elif kind is slice:
            self.out.append(b"i")
            for part in (value.start, value.stop, value.step):
                self.put(part, depth + 1)
        elif value is Ellipsis:
            self.out.append(b".")
        elif isinstance(value, Code):
            self._bytes(b"k", value.source.encode())
        elif isinstance(value, Name):
            self._bytes(b"n", value.path.encode())
        else:
            self._other(value, depth)

    def _int(self, value):
        raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        if len(raw) > MAX_INT_BYTES:
            raise UnsendableError("a whole number with more than 9,000 digits")
        self._bytes(b"I", raw)

    def _bytes(self, tag, raw):
        self.out.append(tag + struct.pack("<Q", len(raw)))
        self.out.append(raw)

    def _dict(self, value, depth):
        self.out.append(b"D" + struct.pack("<I", len(value)))
        for key, item in dict.items(value):
            self.put(key, depth + 1)
            self.put(item, depth + 1)

    def _other(self, value, depth):
        torch = _torch()
        if isinstance(value, np.ndarray) and self._array(value):
            return
        number = isinstance(value, np.generic) and value.dtype.kind not in "US"
        if number and self._array(np.asarray(value), b"g"):
            return
        if torch is not None:
            if isinstance(value, torch.Tensor) and self._tensor(value, depth):
                return
            if isinstance(value, torch.Size):
                return self.put(tuple(value), depth)
            if isinstance(value, torch.dtype):
                return self._bytes(b"y", str(value).removeprefix("torch.").encode())
        fields = getattr(kind := type(value), "_fields", ())
        if isinstance(value, tuple) and are_fields(fields) and are_fields((kind.__name__,)):
            self.out.append(b"m")
            self.put((kind.__name__, fields), depth + 1)
            return self.put(tuple(value), depth + 1)
        # Subclasses of plain values (an enum of ints) cross as what they extend.
        for plain in (int, float, str, bytes, list, tuple, dict, set, frozenset):
            if isinstance(value, plain) and type(value) is not plain:
                return self.put(plain(value), depth + 1)  # type: ignore[arg-type]
        if self.handle is None:
            raise UnsendableError(f"a value of type {type(value).__name__} cannot be sent")
        tag = b"j" if hasattr(type(value), "__next__") else b"h"
        self.out.append(tag + struct.pack("<Q", self.handle(value)))

    def _array(self, array, tag=b"a"):
        """Append an array; return False for a type that does not cross (objects, records)."""
        if array.dtype.kind in "US":
            self.out.append(b"u" + self._shape(array.shape))
            for item in array.ravel().tolist():
                self.put(item, 1)
            return True
        little = array.dtype.newbyteorder("<")
        if not ARRAY_TYPE.fullmatch(little.str):
            return False
        raw = np.ascontiguousarray(array).astype(little, copy=False).tobytes()
        name = little.str.encode()
        self.out.append(tag + bytes([len(name)]) + name + self._shape(array.shape))
        self._bytes(b"", raw)
        return True

    def _tensor(self, tensor, depth):
        torch = _torch()
        name = str(tensor.dtype).removeprefix("torch.")
        if tensor.layout is not torch.strided or tensor.is_quantized or name not in TENSOR_TYPES:
            return False
        if tensor.device.type != "cpu":
            return False
        flags = 2 if isinstance(tensor, torch.nn.Parameter) else 0
        flags |= tensor.requires_grad + 4 * (tensor.requires_grad and not tensor.is_leaf)
        grad = tensor.grad if tensor.is_leaf and tensor.requires_grad else None
        data = tensor.detach().resolve_conj().resolve_neg().contiguous()
        raw = data.reshape(-1).view(torch.uint8).numpy().tobytes() if data.numel() else b""
        code = TENSOR_TYPES.index(name)
        self.out.append(b"x" + bytes([code, flags]) + self._shape(tuple(tensor.shape)))
        self._bytes(b"", raw)
        self.put(None if grad is None else grad.detach(), depth + 1)
        return True

    def _shape(self, shape):
        return bytes([len(shape)]) + struct.pack(f"<{len(shape)}Q", *shape)


class Decoder:
    """Turns bytes into values.

    handle: number -> what stands for an object of the other side; None: a handle is an error
    resolve: `Name` or `Code` -> object. Only the student's end has one; without it they are errors.
    """

    def __init__(self, data, handle=None, resolve=None):
        """Read from `data`, a bytes-like object."""
        self.data = memoryview(data)
        self.at = 0
        self.nodes = self.work = 0
        self.handle = handle
        self.resolve = resolve

    def decode(self):
        """Return the one value that the bytes hold; `BadMessageError` if that is not so."""
        try:
            value = self.get(0)
        except BadMessageError:
            raise
        except (struct.error, ValueError, TypeError, ArithmeticError, RuntimeError) as error:
            raise BadMessageError(f"malformed: {error}") from error
        if self.at != len(self.data):
            raise BadMessageError("bytes left over")
        return value

    def take(self, count):
        """Return the next `count` bytes."""
        if count > len(self.data) - self.at:
            raise BadMessageError("shorter than it says")
        self.at += count
        return self.data[self.at - count : self.at]

    def unpack(self, form):
        """Return the next numbers of the given struct format."""
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def get(self, depth):
        """Return the next value."""
        self.nodes += 1
        if depth > MAX_DEPTH + 2 or self.nodes > MAX_NODES:
            raise BadMessageError("nested too deeply or too many parts")
        tag = bytes(self.take(1))
        if (method := self.METHODS.get(tag)) is None:
            raise BadMessageError(f"unknown tag {tag!r}")
        return method(self, depth)

    def _raw(self):
        return self.take(*self.unpack("<Q"))

    def _int(self, depth=0):
        raw = self._raw()
        if len(raw) > MAX_INT_BYTES:
            raise BadMessageError("a number with too many digits")
        return int.from_bytes(raw, "little", signed=True)

    def _text(self, depth=0):
        return bytes(self._raw()).decode("utf-8", "strict")

    def _count(self, each=1):
        (count,) = self.unpack("<I")
        if each * count > len(self.data) - self.at:
            raise BadMessageError("shorter than it says")
        return count

    def _items(self, depth):
        return [self.get(depth + 1) for _ in range(self._count())]

    def _dict(self, depth, each=2):
        keys, sizes, items = [], [], []
        for _ in range(self._count(each)):
            start = self.at
            keys.append(self.get(depth + 1))
            sizes.append(self.at - start)
            items.append(self.get(depth + 1) if each == 2 else None)
        self.work += work(keys, sizes)
        if self.work > MAX_WORK:
            raise BadMessageError("too many keys of the same hash")
        return dict(zip(keys, items, strict=True))

    def _fields(self, depth):
        about, items = self.get(depth + 1), self.get(depth + 1)
        if type(about) is not tuple or len(about) != 2 or type(items) is not tuple:
            raise BadMessageError("no namedtuple")
        name, fields = about
        if not are_fields((name,)) or not are_fields(fields) or not len(items) == len(fields) < 99:
            raise BadMessageError("no namedtuple")
        return record(name, fields)(*items)

    def _range(self, depth):
        parts = []
        for _ in range(3):
            if bytes(self.take(1)) != b"I":
                raise BadMessageError("a range of other things than whole numbers")
            parts.append(self._int())
        return range(*parts)

    def _shape(self):
        (rank,) = self.unpack("<B")
        if rank > 32:
            raise BadMessageError("too many dimensions")
        return self.unpack(f"<{rank}Q")

    def _array(self, depth, scalar=False):
        (length,) = self.unpack("<B")
        name = bytes(self.take(length)).decode("ascii")
        if not ARRAY_TYPE.fullmatch(name):
            raise BadMessageError(f"an array of type {name!r}")
        shape = self._shape()
        raw = self._raw()
        dtype = np.dtype(name)
        if math.prod(shape) * dtype.itemsize != len(raw) or max(shape, default=0) > 2**40:
            raise BadMessageError("an array whose shape and bytes differ")
        if scalar and shape:
            raise BadMessageError("a number with a shape")
        if dtype.kind == "b":
            # A byte other than 0 and 1 is a Boolean that equals neither True nor False.
            array = np.frombuffer(raw, dtype=np.uint8) != 0
        else:
            array = np.frombuffer(bytearray(raw), dtype=dtype)
        array = array.astype(dtype.newbyteorder("="), copy=False).reshape(shape)
        return array[()] if scalar else array

    def _strings(self, depth):
        shape = self._shape()
        count = math.prod(shape)
        if count > len(self.data) - self.at:
            raise BadMessageError("shorter than it says")
        items = [self.get(1) for _ in range(count)]
        if not all(type(item) in (str, bytes) for item in items):
            raise BadMessageError("an array of strings that holds something else")
        longest = max((len(item) for item in items), default=0)
        if longest * count > 16_000_000:
            raise BadMessageError("an array of strings that is too large")
        return np.array(items, dtype=None if items else "U1").reshape(shape)

    def _tensor(self, depth):
        import torch

        code, flags = self.unpack("<BB")
        if code >= len(TENSOR_TYPES) or flags > 7:
            raise BadMessageError("a tensor of unknown type")
        shape = self._shape()
        raw = self._raw()
        grad = self.get(depth + 1)
        name = TENSOR_TYPES[code]
        dtype = getattr(torch, name)
        if math.prod(shape) * dtype.itemsize != len(raw) or max(shape, default=0) > 2**40:
            raise BadMessageError("a tensor whose shape and bytes differ")
        if name == "bool":
            tensor = torch.from_numpy(np.frombuffer(raw, dtype=np.uint8) != 0).reshape(shape)
        elif raw:
            flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
            tensor = flat.view(dtype).reshape(shape)
        else:
            tensor = torch.empty(shape, dtype=dtype)
        if flags and not (tensor.is_floating_point() or tensor.is_complex()):
            raise BadMessageError("a gradient of whole numbers")
        # There it may be the end of a computation; here it has no past.
        tensor.computed = flags == 5  # type: ignore[attr-defined]
        if flags & 2:
            tensor = torch.nn.Parameter(tensor, requires_grad=bool(flags & 1))
        elif flags & 1:
            tensor.requires_grad_()
        if grad is not None:
            if type(grad) is not torch.Tensor or not flags & 1 or grad.shape != tensor.shape:
                raise BadMessageError("a gradient that does not fit its tensor")
            if grad.dtype != tensor.dtype or grad.requires_grad:
                raise BadMessageError("a gradient of another type than its tensor")
            tensor.grad = grad
        return tensor

    def _dtype(self, depth):
        import torch

        name = self._text()
        if name not in TENSOR_TYPES:
            raise BadMessageError(f"an unknown type {name[:20]!r}")
        return getattr(torch, name)

    def _handle(self, depth, flows=False):
        if self.handle is None:
            raise BadMessageError("a handle where none may be")
        return self.handle(*self.unpack("<Q"), flows)

    def _resolve(self, kind):
        text = self._text()
        if self.resolve is None or (kind is Name and not NAMES.fullmatch(text)):
            raise BadMessageError("code where only values may be")
        return self.resolve(kind(text))

    METHODS = {  # noqa: RUF012 - a table, never changed
        b"N": lambda self, depth: None,
        b"T": lambda self, depth: True,
        b"F": lambda self, depth: False,
        b".": lambda self, depth: Ellipsis,
        b"I": _int,
        b"d": lambda self, depth: self.unpack("<d")[0],
        b"c": lambda self, depth: complex(*self.unpack("<dd")),
        b"s": _text,
        b"b": lambda self, depth: bytes(self._raw()),
        b"l": _items,
        b"t": lambda self, depth: tuple(self._items(depth)),
        b"e": lambda self, depth: set(self._dict(depth, 1)),
        b"z": lambda self, depth: frozenset(self._dict(depth, 1)),
        b"D": _dict,
        b"r": _range,
        b"m": _fields,
        b"i": lambda self, depth: slice(*(self.get(depth + 1) for _ in range(3))),
        b"a": _array,
        b"g": lambda self, depth: self._array(depth, scalar=True),
        b"u": _strings,
        b"x": _tensor,
        b"y": _dtype,
        b"h": _handle,
        b"j": lambda self, depth: self._handle(depth, flows=True),
        b"k": lambda self, depth: self._resolve(Code),
        b"n": lambda self, depth: self._resolve(Name),
    }
