import contextlib
import itertools
import math
import random
import struct
import time
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch

from qkv.grade.codec import MAX_DEPTH, BadMessageError, Encoder, UnsendableError
from qkv.grade.decoder import Decoder
from qkv.grade.kinds import Code, Name


def across(value):
    return Decoder(Encoder().encode(value)).decode()


def some_value(rng, depth=0):
    """Return a random plain value."""
    kinds = 7 if depth > 3 else 10
    kind = rng.randrange(kinds)
    if kind < 7:
        number = rng.randint(-(10 ** rng.randint(0, 40)), 10 ** rng.randint(0, 40))
        text = "".join(chr(rng.randrange(0x20, 0xD7FF)) for _ in range(rng.randrange(5)))
        return [None, True, number, rng.gauss(0, 1e9), text, rng.randbytes(4), complex(1, 2)][kind]
    items = [some_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return [items, tuple(items), {f"k{n}": item for n, item in enumerate(items)}][kind - 7]


@pytest.mark.parametrize("seed", range(100))
def test_plain_values_cross_unchanged(seed):
    value = some_value(random.Random(seed))
    assert across(value) == value
    assert type(across(value)) is type(value)


@pytest.mark.parametrize("value", [{1, 2}, frozenset("ab"), range(3, -9, -2), slice(1, None), ...])
def test_other_containers_and_constants_cross(value):
    assert across(value) == value
    assert type(across(value)) is type(value)


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "int8", "uint16", "int64", "bool", "complex64"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 3)])
def test_arrays_keep_type_shape_and_values(dtype, shape):
    array = (np.arange(math.prod(shape)) % 2).reshape(shape).astype(dtype)
    there = across(array)
    assert (there.dtype, there.shape) == (array.dtype, array.shape)
    assert np.array_equal(there, array)


def test_turned_and_sliced_arrays_cross_by_value():
    array = np.arange(12).reshape(3, 4).T[::2]
    assert np.array_equal(across(array), array)
    assert np.array_equal(across(array.astype(">i4")), array)


def test_arrays_of_strings_and_single_numbers_cross():
    assert np.array_equal(across(np.array([["a", "bc"]])), np.array([["a", "bc"]]))
    assert across(np.float32(1.5)) == 1.5
    assert type(across(np.float32(1.5))) is np.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_keep_type_shape_and_values(dtype):
    tensor = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype).T
    there = across(tensor)
    assert there.dtype == dtype
    assert torch.equal(there, tensor)


def test_gradients_cross_with_their_tensor():
    weight = torch.nn.Parameter(torch.ones(2))
    (3 * weight).sum().backward()
    there = across(weight)
    assert isinstance(there, torch.nn.Parameter)
    assert torch.equal(there.grad, torch.tensor([3.0, 3.0]))
    assert across(2 * weight).grad is None
    assert across(2 * weight).requires_grad


def test_subclasses_arrive_as_what_they_extend():
    class Loud(int):
        def __eq__(self, other):
            return True

        __hash__ = None

    assert type(across(Loud(3))) is int
    assert across(Loud(3)) != 4
    assert type(across(OrderedDict(a=1))) is dict


def test_a_namedtuple_keeps_its_fields():
    point = across(namedtuple("point", "x y")(1, [2]))
    assert (point.x, point.y, point == (1, [2])) == (1, [2], True)


@pytest.mark.parametrize("fields", [("__eq__",), ("x", "x"), ("class",), ("x", "y"), "x", (1,)])
def test_fields_that_no_namedtuple_has_are_refused(fields):
    data = b"m" + Encoder().encode(("point", fields)) + Encoder().encode((1,))
    with pytest.raises(BadMessageError):
        Decoder(data).decode()


def test_what_is_no_value_needs_a_handle():
    with pytest.raises(UnsendableError, match="type object"):
        Encoder().encode([object()])
    data = Encoder(lambda obj: 7).encode([object()])
    assert Decoder(data, handle=lambda *n: n).decode() == [(7, False)]
    data = Encoder(lambda obj: 7).encode(iter([1]))
    assert Decoder(data, handle=lambda *n: n).decode() == (7, True)
    with pytest.raises(BadMessageError, match="handle"):
        Decoder(data).decode()


@pytest.mark.parametrize("tensor", [torch.eye(2).to_sparse(), torch.ones(2, device="meta")])
def test_tensors_without_plain_numbers_stay_where_they_are(tensor):
    with pytest.raises(UnsendableError):
        Encoder().encode(tensor)


def test_names_and_code_go_to_the_student_only():
    for value in (Code("1 + 1"), Name("torch:relu")):
        data = Encoder().encode(value)
        with pytest.raises(BadMessageError, match="code"):
            Decoder(data).decode()
        assert Decoder(data, resolve=lambda what: type(what)).decode() is type(value)


def test_a_value_nested_too_deeply_is_not_sent_and_not_read():
    deep = []
    for _ in range(MAX_DEPTH + 5):
        deep = [deep]
    with pytest.raises(UnsendableError):
        Encoder().encode(deep)
    with pytest.raises(BadMessageError):
        Decoder(b"l\x01\x00\x00\x00" * 100 + b"N").decode()


def test_a_boolean_is_true_or_false_whatever_byte_it_was():
    data = bytearray(Encoder().encode(np.array([True, False])))
    data[-2] = 2
    there = Decoder(data).decode()
    assert there.tolist() == [True, False]
    assert there.view(np.uint8).tolist() == [1, 0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"N" + b"N",
        b"\x80",
        b"l\xff\xff\xff\xff",
        b"s" + struct.pack("<Q", 2**63),
        b"s" + struct.pack("<Q", 1) + b"\xff",
        b"I" + struct.pack("<Q", 5000) + b"\x01" * 5000,
        b"D\x01\x00\x00\x00" + b"l\x00\x00\x00\x00" + b"N",
        b"a\x03<f8\x01" + struct.pack("<QQ", 2, 8) + b"x" * 8,
        b"a\x03<f8\x02" + struct.pack("<QQQ", 2**40, 2**40, 0),
        b"a\x03<f8\x02" + struct.pack("<QQQ", 2**62, 0, 0),
        b"a\x03|O8\x00" + struct.pack("<Q", 8) + b"x" * 8,
        b"a\xff",
        b"x\xff\x00\x00",
        b"x\x04\x01\x00" + struct.pack("<Q", 8) + b"x" * 8 + b"N",
        b"y" + struct.pack("<Q", 6) + b"Tensor",
        b"r" + b"N" * 3,
        b"u\x01" + struct.pack("<Q", 1) + b"N",
    ],
)
def test_malformed_bytes_are_refused(data):
    with pytest.raises(BadMessageError):
        Decoder(data).decode()


def test_any_bytes_give_a_value_or_are_refused():
    rng = random.Random(0)
    tags = b"NTFIdcsblteDzri.agxyuhjkn"
    for _ in range(3000):
        data = bytearray(Encoder().encode(some_value(rng)))
        for _ in range(rng.randrange(1, 4)):
            data.insert(rng.randrange(len(data) + 1), rng.choice([*tags, 0, 1, 255]))
        with contextlib.suppress(BadMessageError):
            Decoder(data, handle=lambda *n: n[0]).decode()


PRIME = 2**61 - 1  # Python's hash of a whole number is its remainder


@pytest.mark.parametrize(
    "keys",
    [
        [n * PRIME for n in range(60_000)],
        [(n * PRIME, "x") for n in range(40_000)],
        [(bytes(20_000), n * PRIME) for n in range(1_000)],
        [float(n) * 2.0**61 for n in range(60_000)],
    ],
    ids=["numbers", "tuples", "long tuples", "floats"],
)
@pytest.mark.parametrize("kind", ["set", "dict"])
def test_keys_that_collide_take_no_time(keys, kind):
    encoder = Encoder()
    encoder.out.append((b"e" if kind == "set" else b"D") + struct.pack("<I", len(keys)))
    for key in keys:
        encoder.put(key, 1)
        if kind == "dict":
            encoder.put(None, 1)
    began = time.monotonic()
    with contextlib.suppress(BadMessageError):
        Decoder(b"".join(encoder.out)).decode()
    assert time.monotonic() - began < 8


def test_honest_keys_that_happen_to_collide_cross():
    value = {pair: None for pair in itertools.product([-1, -2], repeat=9)}
    assert across(value) == value
    assert across({-1, -2, 0.0, PRIME, float("inf")}) == {-1, -2, 0.0, PRIME, float("inf")}


@pytest.mark.parametrize(
    "items",
    [
        [n * PRIME for n in range(1, 60_000)],
        [(n * PRIME, "x") for n in range(1, 60_000)],
        [complex(n * 2.0**64, 0) if n % 2 else n * PRIME for n in range(1, 100_000)],
    ],
    ids=["numbers", "tuples", "some numbers"],
)
@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_that_would_hold_up_a_set_does_not_cross(items, kind):
    with pytest.raises(BadMessageError, match="same hash"):
        across(kind(items))


@pytest.mark.parametrize(
    "items",
    [
        [-1, -2] * 20_000,
        [2**70] * 50_000,
        [(1, 2)] * 50_000,
        list(range(10**6, 10**6 + 50_000)),
        [(n, n + 1) for n in range(50_000)],
        [10**40 + n for n in range(50_000)],
    ],
    ids=["twins", "one long number", "one tuple", "numbers", "tuples", "long numbers"],
)
def test_a_long_honest_list_crosses(items):
    assert across(items) == items


def test_many_kinds_of_namedtuples_do_not_cross():
    def kinds(count):
        return [namedtuple(f"K{n}", "x")(n) for n in range(count)]

    assert [item.x for item in across(kinds(50))] == list(range(50))
    with pytest.raises(BadMessageError, match="kinds of namedtuples"):
        across(kinds(51))
