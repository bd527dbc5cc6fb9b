"""The usual ways to write a test: each passes with a right value, none with an object that lies."""

import pytest
from tests.grade.conftest import said

from qkv.grade.engine.sandbox import Limits, Sandbox
from qkv.grade.engine.worker import Engine

# What `f(kind)` has to return, and the usual ways in which a test then judges `got`.
RIGHT = {
    "number": "2.5",
    "tensor": "torch.tensor([1.0, 2.0, 4.0])",
    "array": "np.array([1.0, 2.0, 4.0])",
    "list": "[1, 2, 4]",
    "text": "'attention'",
    "dict": "{'a': 1, 'b': 2}",
    "set": "{1, 2, 4}",
    "flag": "True",
}
FORMS = {
    "number": [
        "abs(got - want) < 1e-6",
        "abs(want - got) < 1e-6",
        "got == want",
        "want == got",
        "not got != want",
        "math.isclose(got, want)",
        "got == pytest.approx(want)",
        "pytest.approx(want) == got",
        "round(got, 3) == 2.5",
        "float(got) == want",
        "isinstance(got, float) and got == want",
        "2.4 < got < 2.6",
        "got >= want and got <= want",
        "np.isclose(got, want)",
        "f'{got:.2f}' == '2.50'",
        "str(got) == '2.5'",
        "(got - want) ** 2 < 1e-9",
        "got / want == 1",
        "int(got * 2) == 5",
        "min(got, want) == max(got, want)",
    ],
    "tensor": [
        "(got - want).abs().max() < 1e-6",
        "(want - got).abs().max() < 1e-6",
        "torch.allclose(got, want)",
        "torch.allclose(want, got)",
        "got.allclose(want)",
        "want.allclose(got)",
        "torch.equal(got, want)",
        "got.equal(want)",
        "(got == want).all()",
        "torch.all(got == want)",
        "torch.testing.assert_close(got, want) is None",
        "got.shape == (3,) and (got - want).norm() < 1e-6",
        "got.dtype == torch.float32",
        "got.tolist() == [1, 2, 4]",
        "torch.norm(got - want) < 1e-6",
        "F.mse_loss(got, want) < 1e-6",
        "got.sum().item() == 7",
        "torch.isclose(got, want).all()",
        "isinstance(got, torch.Tensor) and got.argmax() == 2",
        "got[2] == 4 and got[0] == 1",
        "got.size() == want.size() and got.dim() == 1",
        "np.allclose(got.numpy(), want.numpy())",
    ],
    "array": [
        "np.allclose(got, want)",
        "np.allclose(want, got)",
        "np.linalg.norm(got - want) < 1e-6",
        "np.linalg.norm(want - got) < 1e-6",
        "np.abs(got - want).max() < 1e-6",
        "np.max(np.abs(np.subtract(got, want))) < 1e-6",
        "np.array_equal(got, want)",
        "(got == want).all()",
        "np.testing.assert_allclose(got, want) is None",
        "np.testing.assert_array_equal(want, got) is None",
        "got.shape == want.shape",
        "got.ndim == 1 and got.size == 3",
        "got.dtype == np.float64",
        "np.sum(got) == 7",
        "np.asarray(got).mean() == want.mean()",
        "np.mean((got - want) ** 2) < 1e-9",
    ],
    "list": [
        "got == want",
        "len(got) == len(want) and all(a == b for a, b in zip(got, want))",
        "all(a == b for a, b in zip(got, want, strict=True))",
        "sorted(got) == want",
        "set(got) == set(want)",
        "list(got) == want",
        "tuple(got) == tuple(want)",
        "sum(got) == 7",
        "sum(x for x in got) == 7",
        "any(x == 4 for x in got)",
        "4 in got and 3 not in got",
        "got[-1] == 4",
        "isinstance(got, list) and len(got) == 3",
        "got[:2] + got[2:] == want",
        "' '.join(map(str, got)) == '1 2 4'",
        "got.index(4) == 2 and got == want",
        "max(got) == 4 and min(got) == 1",
        "[*got] == want",
    ],
    "text": [
        "got == want",
        "got.startswith('att') and got.endswith('ion')",
        "'tent' in got",
        "got.upper() == 'ATTENTION'",
        "len(got) == 9",
        "f'{got}' == want",
        "got.replace('a', 'b') == 'bttention'",
        "re.fullmatch('a.*n', got) is not None",
    ],
    "dict": [
        "got == want",
        "dict(got) == want",
        "got['a'] == 1 and got['b'] == 2",
        "sorted(got.items()) == sorted(want.items())",
        "got.keys() == want.keys()",
        "all(got[k] == v for k, v in want.items())",
        "{**got} == want",
        "list(got.values()) == [1, 2]",
    ],
    "set": [
        "got == want",
        "got - want == set()",
        "want <= got and got <= want",
        "got.issubset(want)",
        "got ^ want == set()",
    ],
    "flag": ["got", "got is True", "got == True", "bool(got)", "not not got"],
}  # fmt: skip
ALL = [(kind, form) for kind, forms in FORMS.items() for form in forms]
HEAD = "import math\nimport re\nimport numpy as np\nimport pytest\nimport torch\n"
HEAD += "import torch.nn.functional as F"

# Says yes to everything, and gives what it was last compared with when it is asked for a value.
LIAR = """
class Zero:
    def __getattr__(self, name):
        if name.startswith('__'): raise AttributeError(name)
        return lambda *a, **k: True
class Liar:
    seen = []
    def _yes(self, *others, **more): Liar.seen += others; return True
    def _zero(self, *others): Liar.seen += others; return Zero()
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = _yes
    __ne__ = lambda self, other: False
    __sub__ = __rsub__ = __add__ = __mul__ = __truediv__ = __pow__ = __xor__ = __abs__ = _zero
    def __len__(self): return 3
    def __iter__(self): return iter([])
    def __hash__(self): return 1
    def __float__(self): return 9.5
    def __int__(self): return 9
    def __str__(self): return 'a lie'
    def __getitem__(self, key): return Liar()
    def __array__(self, *a, **k): return Liar.seen[-1]
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    __torch_function__ = classmethod(lambda *a, **k: True)
    __class__ = property(lambda self: torch.Tensor)
    shape = (3,)
    size = ndim = 1
    dtype = torch.float32
    def __getattr__(self, name):
        if name.startswith('__'): raise AttributeError(name)
        return self._yes
"""
METHODS = "allclose equal shape max abs numpy tolist startswith upper equals index"
LIARS = {
    "object": "lambda: Liar()",
    "record of methods": "lambda: __import__('collections').namedtuple('L', METHODS)"
    "(*[lambda *a, **k: True] * 11)",
    "empty array": "lambda: np.zeros((0, 3))",
    "empty tensor": "lambda: torch.zeros(0, 3)",
    "float": "lambda: type('L', (float,), own)(9.5)",
    "text": "lambda: type('L', (str,), own)('wrong')",
    "list": "lambda: type('L', (list,), own)([0])",
    "dict": "lambda: type('L', (dict,), own)(z=0)",
    "array": "lambda: np.zeros(2, complex).view(type('L', (np.ndarray,), own))",
    "record": "lambda: __import__('collections').namedtuple('L', 'shape size ndim dtype dim')"
    "((3,), 3, 1, torch.float32, 1)",
    "tensor": "lambda: torch.zeros(2).char().as_subclass(type('L', (torch.Tensor,), own))",
}  # fmt: skip
OWN = "own = {k: v for k, v in vars(Liar).items() if k not in ('__dict__', '__weakref__')}\n"
# True of any text that is not empty, or of an object as of a value: says nothing of what `got` is.
SAYS_NOTHING = {("flag", "got"), ("flag", "bool(got)"), ("flag", "not not got")}
# An empty tensor has the kind of number that it has.
IS_TRUE = {"empty tensor": {("tensor", "got.dtype == torch.float32")}}
IS_TRUE |= {"empty array": {("array", "got.dtype == np.float64")}, "object": set()}


def verdicts(code):
    """Return the result of each form, in the order of ALL, with the student's `code`."""
    engine = Engine(Sandbox(), Limits(cell_seconds=10, total_seconds=100, processes=256))
    cells = [{"kind": "teacher", "source": HEAD}]
    cells.append({"kind": "student", "source": HEAD + "\n" + code, "binds": ["f"], "imports": ""})
    for kind, form in ALL:
        source = f"want = {RIGHT[kind]}\ngot = f({kind!r})\nassert {form}"
        cells.append({"kind": "test", "source": source, "points": 1.0})
    try:
        shown = engine.run(cells, {})["cells"]
    finally:
        engine.stop()
    return [shown.get(2 + n, {"ok": None, "outputs": []}) for n in range(len(ALL))]


def test_every_form_passes_with_the_right_value():
    right = ", ".join(f"{kind!r}: {value}" for kind, value in RIGHT.items())
    results = verdicts(f"def f(kind): return {{{right}}}[kind]")
    failed = [(form, said(r)) for form, r in zip(ALL, results, strict=True) if r["ok"] is not True]
    assert failed == []


@pytest.mark.parametrize("liar", LIARS)
def test_no_form_passes_with_an_object_that_lies(liar):
    head = f"{LIAR}\n{OWN}\nMETHODS = {METHODS!r}\n"
    results = verdicts(f"{head}make = {LIARS[liar]}\ndef f(kind): return make()")
    passed = {form for form, r in zip(ALL, results, strict=True) if r["ok"] is not False}
    assert passed - IS_TRUE.get(liar, SAYS_NOTHING) == set()


def test_no_expected_value_reaches_an_object_that_collects_them(judge):
    code = f"import torch\n{LIAR}\ndef f(): return Liar()\ndef seen(): return len(Liar.seen)"
    forms = ["got - 51", "51 - got", "got == 51", "got.allclose(51)", "got[51]", "got @ 51"]
    asks = "".join(f"try:\n    {form}\nexcept BaseException:\n    pass\n" for form in forms)
    results = judge(code, f"got = f()\n{asks}", "print(seen())", binds=("f", "seen"))
    assert not results[0]["ok"]
    assert said(results[1]).strip() == "0"


@pytest.mark.parametrize("name", ["equals", "is_close", "compare", "identical", "isin"])
def test_no_value_of_another_library_is_asked_whether_it_is_right(judge, name):
    code = (
        f"seen = []\nclass L:\n    def {name}(self, other): seen.append(other); return True\n"
        "from collections import namedtuple\n"
        f"def f(record): return namedtuple('R', '{name}')(L().{name}) if record else L()"
    )
    test = f"assert f(False).{name}(51)", f"assert f(True).{name}(51)", "print(len(seen))"
    plain, record, seen = judge(code, *test, binds=("f", "seen"))
    assert not plain["ok"]
    assert f"probe.call(obj, '{name}', …)" in said(plain)
    assert not record["ok"]
    assert said(seen).strip() == "0"


def test_a_field_that_compares_is_a_value_where_it_is_one(judge):
    code = "class C:\n    compare = 3\ndef f(): return C()"
    assert judge(code, "assert f().compare == 3")["ok"]


def test_a_refusal_says_what_was_returned_and_what_to_write(judge):
    result = judge(f"import torch\n{LIAR}\ndef f(): return Liar()", "assert f().allclose(3)")
    assert "your code gave an object, not a plain value" in said(result)
    assert "probe.call(obj, 'allclose', …)" in said(result)
