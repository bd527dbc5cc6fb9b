"""Bytes from the channel as values again; whoever wrote them is not trusted (see `codec`)."""

import math
import struct

import numpy as np

from qkv.grade.codec import (
    ARRAY_TYPE,
    MAX_DEPTH,
    MAX_INT_BYTES,
    MAX_NODES,
    MAX_RECORDS,
    NAMES,
    TENSOR_TYPES,
    BadMessageError,
)
from qkv.grade.keys import FEW, MAX_WORK, may_collide, work
from qkv.grade.kinds import Code, Name, are_fields, record


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
        self.records = set()
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
        items, sizes = [], []
        for _ in range(self._count()):
            start = self.at
            items.append(self.get(depth + 1))
            sizes.append((start, self.at))
        if len(items) > FEW:  # a test may put them into a set
            one_of_each = {
                bytes(self.data[start:end]): item
                for item, (start, end) in zip(items, sizes, strict=True)
                if may_collide(item)
            }
            self._add_work(list(one_of_each.values()), list(map(len, one_of_each)))
        return items

    def _add_work(self, keys, sizes):
        self.work += work(keys, sizes)
        if self.work > MAX_WORK:
            raise BadMessageError("too many keys of the same hash")

    def _dict(self, depth, each=2):
        keys, sizes, items = [], [], []
        for _ in range(self._count(each)):
            start = self.at
            keys.append(self.get(depth + 1))
            sizes.append(self.at - start)
            items.append(self.get(depth + 1) if each == 2 else None)
        self._add_work(keys, sizes)
        return dict(zip(keys, items, strict=True))

    def _fields(self, depth):
        about, items = self.get(depth + 1), self.get(depth + 1)
        if type(about) is not tuple or len(about) != 2 or type(items) is not tuple:
            raise BadMessageError("no namedtuple")
        name, fields = about
        if not are_fields((name,)) or not are_fields(fields) or not len(items) == len(fields) < 99:
            raise BadMessageError("no namedtuple")
        self.records.add(about)
        if len(self.records) > MAX_RECORDS:
            raise BadMessageError("too many kinds of namedtuples")
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
