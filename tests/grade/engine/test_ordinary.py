"""Usual tests of usual exercises: each passes with a right answer, or says what to write instead.

All cases run in one notebook, each in an own pair of cells, as `CASES` gives them: the student's
code, the test, and None if it passes as it is written or else words of the refusal.
"""

import pytest
from tests.grade.conftest import said

NET = (
    "class Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.fc = torch.nn.Linear(3, 1)\n        self.drop = torch.nn.Dropout(0.5)\n"
    "    def forward(self, x):\n        return self.fc(self.drop(x))\n"
)
SET = (
    "class Data(torch.utils.data.Dataset):\n    def __len__(self): return 4\n"
    "    def __getitem__(self, i): return i * 2\n"
)
STEP = (
    "from qkv.grade.inside import probe\ndef step(model, x):\n"
    "    opt = torch.optim.SGD(model.parameters(), lr=0.1)\n    before = model(x).sum()\n"
    "    before.backward()\n    opt.step()\n    return before.item(), model(x).sum().item()\n"
    "model = Net()\nmodel.eval()\nbefore, after = probe.run(step, model, torch.ones(2, 3))\n"
    "assert after < before"
)
WARN = "import warnings\ndef f():\n    warnings.warn('old')\n    return 1"
CASES = {
    "a seed of torch": (
        "def f(): return torch.rand(3)",
        "torch.manual_seed(3)\nwant = torch.rand(3)\ntorch.manual_seed(3)\n"
        "assert torch.equal(f(), want)\nassert not torch.equal(f(), want)",
        None,
    ),
    "a seed of numpy": (
        "def f(): return np.random.rand(3)",
        "np.random.seed(3)\nwant = np.random.rand(3)\nnp.random.seed(3)\n"
        "assert (f() == want).all()",
        None,
    ),
    "a seed of random": (
        "import random\ndef f(): return random.random()",
        "import random\nrandom.seed(3)\nwant = random.random()\nrandom.seed(3)\nassert f() == want",
        None,
    ),
    "the same seed twice": (
        "def f(): return torch.rand(3)",
        "torch.manual_seed(3)\na = f()\ntorch.manual_seed(3)\nassert torch.equal(a, f())",
        None,
    ),
    "no gradients": (
        NET,
        "with torch.no_grad():\n    assert not Net()(torch.ones(3)).requires_grad\n"
        "assert Net()(torch.ones(3)).requires_grad",
        None,
    ),
    "an optimiser's step by name": (NET, STEP, None),
    "a gradient by name": (
        "def f(x): return x ** 2",
        "from qkv.grade.inside import probe\n"
        "assert torch.equal(probe.gradient(f, torch.ones(2)), torch.full((2,), 2.0))",
        None,
    ),
    "next on a generator": (
        "def f():\n    yield 1\n    yield 2",
        "g = f()\nassert next(g) == 1 and next(g) == 2\nassert next(g, None) is None",
        None,
    ),
    "endless batches": (
        "def f():\n    while True: yield [1]",
        "import itertools\nassert list(itertools.islice(f(), 3)) == [[1], [1], [1]]",
        None,
    ),
    "pytest.raises": (
        "def f(x): raise ValueError('too small')",
        "import pytest\nwith pytest.raises(ValueError, match='small'):\n    f(1)",
        None,
    ),
    "an exception's message": (
        "def f(x): raise KeyError('word')",
        "try:\n    f(1)\n    assert False\nexcept KeyError as e:\n    assert 'word' in str(e)",
        None,
    ),
    "fields of a namedtuple": (
        "from collections import namedtuple\nPair = namedtuple('Pair', 'left right')\n"
        "def f(): return Pair(1, [2])",
        "got = f()\nassert got.left == 1 and got.right == [2] and got == (1, [2])\na, b = got",
        None,
    ),
    "fields of a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    dim: int = 3\n"
        "def f(): return C()",
        "assert f().dim == 3",
        None,
    ),
    "a signature": (
        "def f(x, *, times=2): return x",
        "import inspect\np = inspect.signature(f).parameters\nassert list(p) == ['x', 'times']\n"
        "assert p['times'].default == 2",
        None,
    ),
    "a docstring": ("def f():\n    'Say it.'", "assert f.__doc__ == 'Say it.'", None),
    "a missing docstring": ("def f(): return 1", "assert f.__doc__ is None", None),
    "a name": ("def f(): return 1", "assert f.__name__ == 'f'", None),
    "parameters of a model": (
        NET,
        "m = Net()\nassert sum(p.numel() for p in m.parameters()) == 4\n"
        "assert {n: tuple(p.shape) for n, p in m.named_parameters()} == "
        "{'fc.weight': (1, 3), 'fc.bias': (1,)}\nassert m.fc.weight.shape == (1, 3)",
        None,
    ),
    "a state and its mode": (
        NET,
        "m, n = Net(), Net()\nn.load_state_dict(m.state_dict())\nm.eval()\nn.eval()\n"
        "x = torch.ones(2, 3)\nassert torch.equal(m(x), n(x))\nassert m.training is False",
        None,
    ),
    "a hook": (
        NET,
        "from qkv.grade.inside import probe\ndef seen(m, x):\n    shapes = []\n"
        "    m.fc.register_forward_hook(lambda mod, i, o: shapes.append(tuple(o.shape)))\n"
        "    m(x)\n    return shapes\nassert probe.run(seen, Net(), torch.ones(2, 3)) == [(2, 1)]",
        None,
    ),
    "a lambda": ("def f(g, x): return g(x) + 1", "assert f(lambda x: x * 10, 2) == 21", None),
    "a function of the test": (
        "def f(g, x): return g(x) + 1",
        "times = 10\ndef half(x): return x / 2\ndef g(x): return half(np.sum(x)) * times\n"
        "assert f(g, [1, 3]) == 21",
        None,
    ),
    "a function that names an attribute as the test names something else": (
        "class M: fc = 3\ndef f(g): return g(M)",
        "fc = object()\nassert f(lambda m: m.fc) == 3",
        None,
    ),
    "a function that uses what is installed": (
        "def f(g): return g(['a', 'b', 'a'])",
        "from collections import Counter\nfrom statistics import mode\n"
        "assert f(lambda x: Counter(x)['a']) == 2 and f(mode) == 'a'",
        None,
    ),
    "a closure with a default": (
        "def f(g): return g(1)",
        "def make(n):\n    def g(x, more=4): return x + n + more\n    return g\n"
        "assert f(make(2)) == 7",
        None,
    ),
    "a function of the test that calls itself": (
        "def f(g): return g(4)",
        "def fact(n): return 1 if n < 2 else n * fact(n - 1)\nassert f(fact) == 24",
        None,
    ),
    "a function that uses a student's": (
        "def double(x): return 2 * x\ndef f(g): return g(4)",
        "assert f(lambda x: double(x) + 1) == 9",
        None,
    ),
    "default and keyword arguments": (
        "def f(a, b=2, *c, d=4, **e): return [a, b, c, d, e]",
        "assert f(1) == [1, 2, (), 4, {}] and f(1, 3, 5, d=6, z=7) == [1, 3, (5,), 6, {'z': 7}]",
        None,
    ),
    "sets, complex, None, large numbers, bytes": (
        "def f(): return [{1}, frozenset({2}), 1 + 2j, None, 10**40, b'ab']",
        "assert f() == [{1}, frozenset({2}), 1 + 2j, None, 10**40, b'ab']",
        None,
    ),
    "the order of a dictionary": (
        "def f(): return {'b': 1, 'a': 2}", "assert list(f()) == ['b', 'a']", None
    ),
    "recursion": (
        "def f(n): return 1 if n < 2 else n * f(n - 1)", "assert f(20) == 2432902008176640000", None
    ),
    "inheritance and isinstance": (
        "class A:\n    def who(self): return 'a'\nclass B(A):\n    pass\nclass C: pass",
        "b = B()\nassert isinstance(b, A) and isinstance(b, B) and not isinstance(b, C)\n"
        "assert b.who() == 'a' and not isinstance(3, A)",
        None,
    ),
    "a function that returns a function": (
        "def f(n): return lambda x: x + n", "assert f(2)(3) == 5", None
    ),
    "a key to sort by": (
        "def f(w): return len(w)", "assert sorted(['ccc', 'a', 'bb'], key=f) == ['a', 'bb', 'ccc']",
        None,
    ),
    "map over a student's function": ("def f(x): return -x", "assert [*map(f, [1, 2])] == [-1, -2]",
                                      None),
    "a change in place by name": (
        "def f(x): x.append(3)",
        "from qkv.grade.inside import probe\n_, (x,) = probe.in_place(f, [1])\nassert x == [1, 3]",
        None,
    ),
    "what is printed by name": (
        "def f(): print('hi')",
        "from qkv.grade.inside import probe\nassert probe.printed(f) == 'hi\\n'",
        None,
    ),
    "warnings by name": (
        WARN,
        "from qkv.grade.inside import probe\nimport warnings\ndef caught(f):\n"
        "    with warnings.catch_warnings(record=True) as all:\n"
        "        warnings.simplefilter('always')\n        f()\n"
        "    return [str(w.message) for w in all]\nassert probe.run(caught, f) == ['old']",
        None,
    ),
    "a mock by name": (
        "def helper(): return 1\ndef f(): return helper() + 1",
        "from qkv.grade.inside import probe\nfrom unittest import mock\ndef mocked(f):\n"
        "    with mock.patch.dict(f.__globals__, helper=lambda: 5):\n        return f()\n"
        "assert probe.run(mocked, f) == 6",
        None,
    ),
    "a length, an item, a loop and a class's name by name": (
        SET,
        "from qkv.grade.inside import probe\nds = Data()\nassert probe.call(ds, '__len__') == 4\n"
        "assert probe.call(ds, '__getitem__', 1) == 2\n"
        "assert probe.attribute(ds, '__class__').__name__ == 'Data'",
        None,
    ),
    "a loader by name": (
        SET + "def f(): return torch.utils.data.DataLoader(Data(), batch_size=2)",
        "from qkv.grade.inside import probe\n"
        "assert [b.tolist() for b in probe.call(f(), '__iter__')] == [[0, 2], [4, 6]]",
        None,
    ),
    "a context manager by name": (
        "import contextlib\n@contextlib.contextmanager\ndef f():\n    yield 3",
        "from qkv.grade.inside import probe\ndef inside(f):\n    with f() as x:\n        return x\n"
        "assert probe.run(inside, f) == 3",
        None,
    ),
    "a copy by name": (
        NET,
        "from qkv.grade.inside import probe\nimport copy\nm = Net().eval()\n"
        "n = probe.run(copy.deepcopy, m)\nx = torch.ones(2, 3)\nassert torch.equal(m(x), n(x))",
        None,
    ),
    "shared weights by name": (
        "class Tied(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = torch.nn.Linear(2, 2)\n        self.b = torch.nn.Linear(2, 2)\n"
        "        self.b.weight = self.a.weight",
        "from qkv.grade.inside import probe\n"
        "assert probe.run(lambda m: m.a.weight is m.b.weight, Tied())",
        None,
    ),
    "a library's class by name": (
        NET,
        "from qkv.grade.inside import probe\n"
        "assert probe.run(lambda m: isinstance(m, torch.nn.Module), Net())",
        None,
    ),
    "a set of what comes back": (
        "def f(): return [10**30 + n % 7 for n in range(5000)]", "assert len(set(f())) == 7", None
    ),
    "a copy": (NET, "import copy\ncopy.deepcopy(Net())", "probe.run(copy.deepcopy, obj)"),
    "a length": (SET, "assert len(Data()) == 4", "probe.call(obj, '__len__')"),
    "an item": (SET, "assert Data()[1] == 2", "probe.call(obj, '__getitem__', key)"),
    "a loop": (SET, "for x in Data(): pass", "probe.call(obj, '__iter__')"),
    "an object as a key": (SET, "{Data(): 1}", "cannot be a key"),
    "a with": ("import contextlib\n@contextlib.contextmanager\ndef f():\n    yield 3",
               "with f():\n    pass", "probe.run(function, obj)"),
    "an optimiser's step": (NET, "torch.optim.SGD(Net().parameters(), lr=0.1)", "probe.run(step"),
    "a gradient through a call": (
        "def f(x): return x ** 2",
        "x = torch.ones(2, requires_grad=True)\nf(x).sum().backward()",
        "probe.gradient(f, x)",
    ),
    "a function with what cannot cross": (
        "def f(g): return g(1)", "thing = object()\nf(lambda x: thing)", "uses thing, which is no"
    ),
    "a mock handed over": (
        "def f(g): return g(1)", "from unittest import mock\nf(mock.Mock())", "use a def, a lambda"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_usual_test_passes_or_says_what_to_write(judge, case):
    code, test, refusal = CASES[case]
    names = [line.split("(")[0].split(":")[0].split()[-1] for line in code.splitlines()
             if line.startswith(("def ", "class "))]  # fmt: skip
    result = judge("import numpy as np\nimport torch\n" + code, test, binds=names)
    if refusal is None:
        assert (result["ok"], said(result)) == (True, "")
    else:
        assert not result["ok"]
        assert refusal in said(result)


def test_a_student_does_not_choose_the_random_numbers_of_a_test(judge):
    code = "import torch\ndef f():\n    torch.manual_seed(1)\n    return torch.rand(1)"
    test = "torch.manual_seed(3)\nf()\na = torch.rand(1)\ntorch.manual_seed(3)\n"
    assert judge(code, test + "assert torch.equal(a, torch.rand(1))")["ok"]


def test_the_numbers_of_a_test_without_a_seed_stay_unknown(judge):
    code = "import torch\ndef f(): return torch.rand(3)"
    assert judge(code, "state = torch.get_rng_state()\ngot = f()\nassert not torch.equal(got, "
                 "torch.rand(3))")["ok"]  # fmt: skip
