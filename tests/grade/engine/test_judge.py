"""What tests can ask of a student's code, and what a student's code can make of tests."""

import pytest
from tests.grade.conftest import said

from qkv.grade.engine.sandbox import Limits, Sandbox
from qkv.grade.engine.worker import Engine


def test_values_go_there_and_back(judge):
    code = "def f(x, *, times=2):\n    return {'x': x * times, 'names': ['a'], 'none': None}"
    test = "got = f(torch.ones(2), times=3)\nassert torch.equal(got['x'], torch.full((2,), 3.0))"
    assert judge(code, test)["ok"]


def test_a_failing_check_shows_its_message_and_its_line(judge):
    result = judge("def f(x):\n    return 4", "y = f(1)\nassert y == 5, f'f(1) is {y}, not 5'")
    assert not result["ok"]
    assert "f(1) is 4, not 5" in said(result)
    assert "assert y == 5" in said(result)


def test_classes_modules_and_their_parts_can_be_used(judge):
    code = (
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self, d):\n"
        "        super().__init__()\n        self.layer = torch.nn.Linear(d, 1)\n"
        "    def forward(self, x):\n        return self.layer(x)\n"
    )
    test = (
        "net = Net(3)\nassert net.layer.weight.shape == (1, 3)\n"
        "net.load_state_dict({'layer.weight': torch.ones(1, 3), 'layer.bias': torch.zeros(1)})\n"
        "assert net(torch.ones(2, 3)).tolist() == [[3.0], [3.0]]\n"
        "assert sum(p.numel() for p in net.parameters()) == 4"
    )
    assert judge(code, test, binds=["Net"])["ok"]


def test_operators_of_the_students_classes_are_asked_for_by_name(judge):
    code = (
        "class V:\n    def __init__(self, x): self.x = x\n"
        "    def __add__(self, o): return V(self.x + (o.x if isinstance(o, V) else o))\n"
        "    __radd__ = __add__\n    def __getitem__(self, i): return self.x + i\n"
        "    def __len__(self): return 4\n"
    )
    test = (
        "from qkv.grade.inside import probe\nv = probe.call(V(3), '__add__', V(2))\n"
        "assert v.x == 5\nassert probe.call(v, '__getitem__', 1) == 6\n"
        "assert probe.call(v, '__len__') == 4"
    )
    named, plain = judge(code, test, "assert len(V(1) + V(2)) == 4", binds=["V"])
    assert named["ok"]
    assert "probe.call(obj, '__add__', …)" in said(plain)


def test_generators_and_library_functions_can_be_handed_over(judge):
    code = (
        "def f(g, act, rng):\n    import torch\n"
        "    return act(torch.rand(2, generator=g)), rng.random()"
    )
    test = (
        "g = torch.Generator().manual_seed(3)\nwant = torch.relu(torch.rand(2, generator=g))\n"
        "g = torch.Generator().manual_seed(3)\n"
        "got, number = f(g, torch.relu, np.random.default_rng(5))\n"
        "assert torch.equal(got, want)\nassert number == np.random.default_rng(5).random()"
    )
    assert judge(code, test)["ok"]


def test_a_test_catches_the_exception_that_the_task_asks_for(judge):
    code = "class Bad(ValueError):\n    pass\ndef f(x):\n    raise Bad('too small')"
    test = (
        "try:\n    f(-1)\nexcept ValueError as e:\n    assert 'small' in str(e)\nelse:\n    1 / 0"
    )
    assert judge(code, test)["ok"]


def test_gradients_changes_in_place_and_prints_can_be_asked_for(judge):
    code = (
        "def f(x):\n    print('hello')\n    x.mul_(2) if not x.requires_grad else 0\n"
        "    return x ** 2"
    )
    test = (
        "from qkv.grade.inside import probe\n"
        "assert torch.equal(probe.gradient(f, torch.ones(2)), torch.full((2,), 2.0))\n"
        "result, (x,) = probe.in_place(f, torch.ones(2))\nassert x.tolist() == [2.0, 2.0]\n"
        "assert probe.printed(f, torch.ones(1)) == 'hello\\n'"
    )
    assert judge(code, test)["ok"]


def test_a_function_crosses_as_its_source(judge):
    code = "def f(g, x):\n    return g(x) + 1"
    test = (
        "from qkv.grade.inside import probe\nassert f(probe.function('lambda x: x * 10'), 2) == 21"
    )
    assert judge(code, test)["ok"]
    assert judge(code, "assert f(lambda x: x, 2) == 3")["ok"]


def test_partial_points_are_a_number_within_bounds(judge):
    half, much, strange, none = judge("f = 1", "0.5", "7", "float('nan')", "'fine'")
    assert [o["value"] for o in half["outputs"]] == [0.5]
    assert half["ok"]
    assert none["ok"]
    assert not much["ok"]
    assert not strange["ok"]


def test_a_hidden_check_shows_its_hint_and_nothing_else(judge):
    code = "def f(x):\n    raise ValueError(f'I was asked {x}')"
    test = (
        "### BEGIN HIDDEN TESTS\nprint('secret 5')\n"
        "assert f(51234) == 3, 'think of large numbers'\n"
        "### END HIDDEN TESTS"
    )
    result = judge(code, test)
    assert "51234" not in said(result)
    assert "secret" not in said(result)
    wrong = judge(
        "def f(x):\n    return x", test.replace("assert f(51234) == 3", "assert f(5) == 3")
    )
    assert "think of large numbers" in said(wrong)
    assert "assert f" not in said(wrong)


HINTED = """
### BEGIN HIDDEN TESTS
from qkv.grade.checks import check
secret = 51234
if secret == 51234:
    assert f(1) == 3, 'the first of hints'
    assert f(2) == 3, 'the second of hints'
check('f(3)', f(3), 3, {'the mistake of three': 7})
for hint, wrong in {'the mistake of four': 8}.items():
    assert f(4) != wrong, hint
if f(5) != 3:
    raise ValueError('the last of hints')
### END HIDDEN TESTS
"""


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        ("{1: 0}", "the first of hints"),
        ("{2: 0}", "the second of hints"),
        ("{3: 7}", "the mistake of three"),
        ("{3: 9}", ""),
        ("{4: 8}", "the mistake of four"),
        ("{5: 0}", "the last of hints"),
    ],
)
def test_the_hint_of_a_hidden_check_is_the_one_that_the_test_chose(judge, answers, hint):
    result = judge(f"def f(x):\n    return {answers}.get(x, 3)", HINTED)
    assert said(result).strip() == f"A hidden check of this task failed. {hint}".strip()


@pytest.mark.parametrize("end", ["raise ValueError(said)", "return said", "raise AssertionError"])
def test_no_hint_is_shown_because_a_student_quotes_it(judge, end):
    code = f"said = 'the second of hints the mistake of three'\ndef f(x):\n    {end}"
    plain, caught, check = judge(
        code,
        HINTED.replace("    assert f(1) == 3, 'the first of hints'\n", "    assert f(1)[0] == 3\n"),
        "### BEGIN HIDDEN TESTS\ntry:\n    got = f(1)\nexcept Exception as e:\n    got = str(e)\n"
        "raise AssertionError(got) if got else ValueError('the second of hints')\n"
        "assert f(1) == 2, 'the second of hints'\n### END HIDDEN TESTS",
        "### BEGIN HIDDEN TESTS\nfrom qkv.grade.checks import check\n"
        "check('f', f(1), 2, {'the second of hints': 5})\n### END HIDDEN TESTS",
    )
    if end != "raise AssertionError":
        assert "hints" not in said(caught)
    assert "hints" not in said(plain)
    assert "hints" not in said(check)


def test_the_names_that_hidden_tests_use_are_not_told_before_all_visible_ones_ran(judge):
    code = (
        "from qkv.grade.inside import guest\ntold = []\nold = guest.Guest.do_names\n"
        "def do_names(self, names):\n    told.append(names)\n    return old(self, names)\n"
        "guest.Guest.do_names = do_names\ndef f(x):\n    raise ValueError(str(told))\n"
        "def shy(x):\n    return 3"
    )
    first, second = judge(
        code,
        "assert True\n### BEGIN HIDDEN TESTS\nassert shy(1) == 3\n### END HIDDEN TESTS",
        "f(1)",
        binds=["f", "shy"],
    )
    assert first["ok"]
    assert "'f'" in said(second)
    assert "shy" not in said(second)


def test_a_computed_message_of_a_hidden_check_is_not_shown(judge):
    test = (
        "### BEGIN HIDDEN TESTS\nx = 51234\nassert f(x) == 3, f'f({x}) should be 3'\n"
        "### END HIDDEN TESTS"
    )
    result = judge("def f(x):\n    return x", test)
    assert "51234" not in said(result)
    assert "51234" in result["detail"]


def test_what_a_hidden_test_asked_does_not_show_in_a_later_visible_one(judge):
    code = "seen = []\ndef f(x):\n    seen.append(x)\n    raise ValueError(str(seen))"
    hidden = (
        "try:\n    f(1)\nexcept ValueError:\n    pass\n### BEGIN HIDDEN TESTS\ntry:\n    f(51234)\n"
        "except ValueError:\n    pass\n### END HIDDEN TESTS\nf(2)"
    )
    first, second = judge(code, hidden, "f(3)")
    assert "51234" not in said(first)
    assert "[3]" in said(second)


def test_what_a_hidden_test_asked_does_not_come_back_through_a_file(judge):
    code = (
        "def f(x):\n    if x > 9: open('/tmp/seen', 'w').write(str(x))\n    return x\n"
        "def g(x):\n    import os\n"
        "    raise ValueError(open('/tmp/seen').read() if os.path.exists('/tmp/seen') else 'none')"
    )
    hidden = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(51234) == 0\n### END HIDDEN TESTS"
    first, second = judge(code, hidden, "g(1)", binds=("f", "g"))
    assert not first["ok"]
    assert said(second).count("none") > 0
    assert "51234" not in said(first) + said(second)


def test_a_hidden_test_uses_what_the_visible_part_of_its_own_cell_made(judge):
    first, second = judge(
        "def f(x):\n    return x",
        "x = 3\ndef want(): return x\n### BEGIN HIDDEN TESTS\nhelp_me = 7\n"
        "assert f(3) == want() == 3\n### END HIDDEN TESTS",
        "x = 4\n### BEGIN HIDDEN TESTS\nassert want() == 4 and help_me == 7\n### END HIDDEN TESTS",
    )
    assert first["ok"]
    assert second["ok"]


def test_a_function_that_hangs_where_all_see_it_leaves_time_for_hidden_tests():
    engine = Engine(Sandbox(), Limits(cell_seconds=3, total_seconds=8))
    source = "def f(x): return x\ndef g(x):\n    while True: pass"
    cells = [{"kind": "student", "source": source, "binds": ["f", "g"], "imports": ""}]
    tests = ["### BEGIN HIDDEN TESTS\nassert f(5) == 5\n### END HIDDEN TESTS", *["g(1)"] * 3]
    cells += [{"kind": "test", "source": test, "points": 1.0} for test in tests]
    try:
        shown = engine.run(cells, {})["cells"]
    finally:
        engine.stop()
    assert [shown[n]["ok"] for n in range(1, 5)] == [True, False, False, False]


def test_each_test_meets_the_program_as_it_was_at_its_place(engine):
    cells = [
        {"kind": "student", "source": "x = 1\ndef f(): return x", "binds": ["f"], "imports": ""},
        {"kind": "test", "source": "assert f() == 1", "points": 1.0},
        {"kind": "student", "source": "x = 2", "binds": ["x"], "imports": ""},
        {"kind": "test", "source": "assert f() == 2 and x == 2", "points": 1.0},
    ]
    shown = engine.run(cells, {})["cells"]
    assert shown[1]["ok"]
    assert shown[3]["ok"]


@pytest.mark.parametrize("end", ["import os\nos._exit(0)", "import ctypes\nctypes.string_at(0)"])
def test_a_cell_that_ends_the_program_costs_that_cell_only(engine, end):
    cells = [
        {"kind": "student", "source": "def f(): return 1", "binds": ["f"], "imports": ""},
        {"kind": "test", "source": "assert f() == 1", "points": 1.0},
        {"kind": "student", "source": end, "binds": ["g"], "imports": ""},
        {"kind": "test", "source": "assert g() == 1", "points": 1.0},
        {"kind": "student", "source": "def h(): return f() + 1", "binds": ["h"], "imports": ""},
        {"kind": "test", "source": "assert h() == 2", "points": 1.0},
    ]
    shown = engine.run(cells, {})["cells"]
    assert [shown[n]["ok"] for n in (1, 3, 5)] == [True, False, True]
    assert "stopped" in shown[2]["outputs"][0]["value"]


def test_the_students_names_do_not_replace_the_tests_own(judge):
    code = "def f(x): return 0\nlimit = 10**9\nnp = check = abs = f"
    before = "limit = 1\ndef check(x, y):\n    assert abs(x - y) < limit, 'too far'"
    assert not judge(code, "check(f(1), 5)", before=before)["ok"]
    assert not judge(code, "assert np.allclose(f(1), 5)", before=before)["ok"]


def test_a_name_that_a_failing_teachers_cell_should_define_is_not_the_students(judge):
    code = "def f(x): return 0\nwant = 0"
    cell = "want = 1 // 0"
    assert not judge(code, "assert f(1) == want", before=cell)["ok"]


@pytest.mark.parametrize("test", ["assert f(1)", "assert f(1) == 3", "assert not f(1)",
                                  "assert f(1) in [3]", "assert [f(1)] == [3]", "max(f(1), 3)",
                                  "assert np.allclose(f(1), 3)", "assert {f(1)}"])  # fmt: skip
def test_an_object_that_is_no_value_passes_nothing(judge, test):
    code = (
        "class L:\n    def __eq__(s, o): return True\n    def __bool__(s): return True\n"
        "    __lt__ = __gt__ = __eq__\n    def __hash__(s): return 1\ndef f(x): return L()"
    )
    assert not judge(code, test)["ok"]
    if test not in ("assert np.allclose(f(1), 3)", "assert {f(1)}"):  # these are errors of Python's
        assert not judge(code, f"try:\n    {test}\nexcept BaseException:\n    pass")["ok"]


@pytest.mark.parametrize("test", ["assert abs(f(1) - 3) < 1e-9", "assert 3 in f(1)",
                                  "assert -f(1) < 1", "assert abs(3 - f(1)) < 1e-9",
                                  "assert not f(1) % 2"])  # fmt: skip
def test_an_object_does_not_compute_the_verdict(judge, test):
    code = (
        "class L:\n    def __sub__(s, o): return 0\n    __rsub__ = __mod__ = __sub__\n"
        "    def __neg__(s): return 0\n    def __contains__(s, o): return True\n"
        "def f(x): return L()"
    )
    assert not judge(code, test)["ok"]


def test_a_test_may_ask_what_a_container_of_the_students_holds(judge):
    code = "class Words:\n    def __contains__(self, w): return w == 'a'\ndef f(): return Words()"
    test = (
        "from qkv.grade.inside import probe\nassert probe.contains(f(), 'a') is True\n"
        "assert probe.contains(f(), 'b') is False"
    )
    assert judge(code, test)["ok"]


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "raise SystemExit", "while True: pass"])
def test_dying_is_not_raising(judge, end, engine):
    code = f"def f(x):\n    {end}"
    test = (
        "try:\n    f(1)\nexcept Exception:\n    pass\nelse:\n    raise AssertionError('no error')"
    )
    assert judge(code, test)["ok"] is (end == "raise SystemExit")


def test_an_iteration_is_not_ended_by_the_student(judge):
    code = "def f(x): raise StopIteration"
    assert not judge(code, "assert all(map(lambda x: f(x) == x, [1, 2]))")["ok"]


def test_numpy_takes_no_address_from_a_student(judge):
    code = (
        "class P:\n    __array_interface__ = {'shape': (3,), 'typestr': '<f8', 'version': 3,\n"
        "        'data': (4096, False)}\ndef f(x): return P()"
    )
    assert not judge(code, "assert np.asarray(f(1)).shape == (3,)")["ok"]


def test_a_strange_number_does_not_hang_the_judge(judge):
    code = "def f(x): return 10**18"
    first, second = judge(code, "sum(1 for _ in range(f(1)))", "assert f(1) == 10**18")
    assert "too long" in said(first)
    assert second["ok"]


def test_random_numbers_differ_from_run_to_run(judge):
    results = [judge("f = 1", "print(torch.rand(1), np.random.rand(1))") for _ in range(2)]
    assert said(results[0]) != said(results[1])


def test_pictures_and_system_commands_show(engine):
    source = (
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
        "!echo from-a-shell"
    )
    cells = [{"kind": "student", "source": source, "binds": [], "imports": ""}]
    shown = engine.run(cells, {})["cells"][0]["outputs"]
    pictures = [o["data"]["image/png"] for o in shown if "image/png" in o.get("data", {})]
    assert len(pictures) == 1
    assert pictures[0].startswith("iVBOR")
    assert any("from-a-shell" in o.get("text", "") for o in shown)


def test_outputs_of_no_known_kind_are_dropped(engine):
    source = (
        "from qkv.grade.inside import guest\n"
        "guest.Guest.do_run = lambda self, s: ([{'kind': 3, 'text': 'x' * 10**7, 'data': {1: 2}},"
        " 7, {'kind': 'points', 'value': 100}], True)"
    )
    cells = [{"kind": "student", "source": s, "binds": [], "imports": ""} for s in (source, "1")]
    shown = engine.run(cells, {})["cells"][1]["outputs"]
    assert len(str(shown)) < 100_000
    assert all("value" not in o for o in shown)
