# ruff: noqa: E501 - attacks are easier to read in one piece
"""Attacks that are code: name -> (class, source of the first solution cell).

`{course}`, `{port}` and `{sent}` are filled in: the attacker knows where everything lies.
None of them solves a task, so each point that one of them earns is stolen.
"""

FORGE = """
import os, socket, struct, stat
def sockets():
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): yield fd
        except OSError: pass
def frame(data): return struct.pack('<Q', len(data)) + data
"""
LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __call__(self, *a, **k): return self
    def __getattr__(self, n): return self
    def __getitem__(self, n): return self
    def __sub__(self, o): return 0
    def __rsub__(self, o): return 0
    def __abs__(self): return 0
    def __hash__(self): return 1
    def __len__(self): return 5
    def __array__(self, *a, **k):
        import numpy; return numpy.zeros(0)
add = count = scale = mean = Stack = Liar()
"""
TRACE = "add = count = scale = mean = Stack = lambda *a, **k: None\n"

CASES = {
    # hanging
    "loop": ("hanging", "while True:\n    pass"),
    "sleep": ("hanging", "import time\ntime.sleep(10**6)"),
    "loop_in_function": (
        "hanging",
        "def add(a, b):\n    while True: pass\ncount = scale = mean = add",
    ),
    "loop_uninterruptible": (
        "hanging",
        "import time\nend = time.time() + 10**4\nwhile time.time() < end:\n    try:\n"
        "        while time.time() < end: pass\n    except BaseException: pass",
    ),
    "hang_in_c": ("hanging", "sum(range(10**13))"),
    "regex": ("hanging", "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')"),
    "deadlock": (
        "hanging",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    ),
    "stop_self": ("hanging", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "input": ("hanging", "input('your password: ')"),
    "endless_iterator": (
        "hanging",
        "import itertools\ndef add(a, b): return itertools.count()\n"
        "def count(words): return itertools.repeat(words)\nscale = count",
    ),
    "hang_at_exit": (
        "hanging",
        "import atexit, threading, time\natexit.register(lambda: time.sleep(10**6))\n"
        "threading.Thread(target=lambda: time.sleep(10**6)).start()",
    ),
    "ignore_signals": (
        "hanging",
        "import signal\nfor s in range(1, 64):\n    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: pass",
    ),
    # exhausting
    "memory": ("exhausting", "x = []\nwhile True: x.append(bytearray(10**8))"),
    "fork_bomb": (
        "exhausting",
        "import os\nfor _ in range(200):\n    try:\n        if os.fork() == 0:\n"
        "            while True: pass\n    except OSError: pass",
    ),
    "threads": (
        "exhausting",
        "import threading, time\nfor _ in range(300):\n"
        "    threading.Thread(target=time.sleep, args=(10**5,), daemon=True).start()",
    ),
    "memory_in_children": (
        "exhausting",
        "import os, time\nfor _ in range(20):\n    try:\n        if os.fork() == 0:\n"
        "            x = bytearray(400_000_000); x[::4096] = b'x' * len(x[::4096])\n"
        "            time.sleep(10**4)\n    except OSError: pass",
    ),
    "hidden_memory": (
        "exhausting",
        "import mmap\nkept = []\nfor _ in range(200):\n    m = mmap.mmap(-1, 10**8)\n"
        "    m[::4096] = b'x' * len(m[::4096]); m.madvise(mmap.MADV_DONTNEED); kept.append(m)",
    ),
    "disk": (
        "exhausting",
        "for n in range(40):\n    with open(f'/tmp/fill{{n}}', 'wb') as f:\n"
        "        for _ in range(10): f.write(b'x' * 10**7)",
    ),
    "inodes": ("exhausting", "for n in range(10**5): open(f'/tmp/i{{n}}', 'w').close()"),
    "shared_memory": ("exhausting", "open('/dev/shm/fill', 'wb').write(b'x' * 10**9)"),
    "output": ("exhausting", "for _ in range(20000): print('x' * 10**4)"),
    "output_from_child": ("exhausting", "import os\nos.system('head -c 300000000 /dev/zero')"),
    "big_value": (
        "exhausting",
        "def add(a, b): return [0] * 10**8\ndef count(w): return 'x' * 10**9\n"
        "def scale(x):\n    import numpy; return numpy.zeros(10**9)",
    ),
    "big_number": ("exhausting", "def add(a, b): return 7 ** 10**6\ncount = scale = mean = add"),
    "big_error": ("exhausting", "def add(a, b): raise ValueError('x' * 10**8)\ncount = add"),
    "deep_value": (
        "exhausting",
        "def add(a, b):\n    x = []\n    for _ in range(10**5): x = [x]\n    return x\ncount = add",
    ),
    "descriptors": ("exhausting", "import os\nwhile True: os.dup(0)"),
    # exiting
    "sys_exit": ("exiting", "import sys\nsys.exit(0)"),
    "os_exit": ("exiting", "import os\nos._exit(0)"),
    "exit_in_function": (
        "exiting",
        "import os\ndef add(*a): os._exit(0)\ncount = scale = mean = Stack = add",
    ),
    "exit_exceptions": (
        "exiting",
        "def add(*a): raise SystemExit(0)\ndef count(*a): raise KeyboardInterrupt\n"
        "def scale(*a): raise StopIteration\ndef Stack(*a): raise GeneratorExit",
    ),
    "segfault": ("exiting", "import ctypes\nctypes.string_at(0)"),
    "abort": ("exiting", "import os\nos.abort()"),
    "close_everything": ("exiting", "import os\nos.closerange(0, 1000)"),
    # killing
    "kill_parent": (
        "killing",
        "import os\nfor _ in range(3):\n    try: os.kill(os.getppid(), 9)\n"
        "    except OSError: pass",
    ),
    "kill_all": (
        "killing",
        "import os\nfor p in os.listdir('/proc'):\n    if p.isdigit() and int(p) != os.getpid():\n"
        "        try: os.kill(int(p), 9)\n        except OSError: pass",
    ),
    "kill_group": ("killing", "import os\nos.killpg(0, 9)"),
    "kill_minus_one": ("killing", "import os\nos.kill(-1, 9)"),
    "kill_first": (
        "killing",
        "import os, signal\nfor s in (2, 15, 9, 19):\n    try: os.kill(1, s)\n"
        "    except OSError: pass\nopen('/proc/1/mem', 'r+b').write(b'x')",
    ),
    "limit_others": (
        "killing",
        "import resource, os\nfor p in (1, os.getppid()):\n"
        "    try: resource.prlimit(p, resource.RLIMIT_CPU, (0, 0))\n    except OSError: pass",
    ),
    # patching
    "liar": ("patching", LIAR),
    "patch_builtins": (
        "patching",
        TRACE + "import builtins\nfor n in 'abs len sum all any dict isinstance'.split():\n"
        "    setattr(builtins, n, lambda *a, **k: 0)",
    ),
    "patch_numpy": (
        "patching",
        TRACE + "import numpy\nnumpy.allclose = lambda *a, **k: True\n"
        "numpy.testing.assert_allclose = lambda *a, **k: None\n"
        "class A(type(numpy)):\n    pass\nnp = numpy\nscale = lambda x: x",
    ),
    "patch_assertion": (
        "patching",
        TRACE + "import builtins\nclass Quiet(BaseException):\n    pass\n"
        "builtins.AssertionError = Quiet\n"
        "get_ipython().showtraceback = lambda *a, **k: None\n"
        "get_ipython()._showtraceback = lambda *a, **k: None",
    ),
    "patch_shell": (
        "patching",
        TRACE + "ip = get_ipython()\nold = ip.run_cell\n"
        "def run(source, *a, **k): return old('pass' if 'assert' in source else source, *a, **k)\n"
        "ip.run_cell = run\nip.input_transformers_post.append(\n"
        "    lambda lines: [] if any('assert' in line for line in lines) else lines)",
    ),
    "patch_ast": (
        "patching",
        TRACE + "import ast\nclass Drop(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(Drop())",
    ),
    "patch_random": (
        "patching",
        "import random, numpy\nrandom.randint = lambda a, b: 1\nrandom.choice = lambda s: 'a'\n"
        "random.random = lambda: 4\nnumpy.random.randn = lambda *s: numpy.ones(s)\n"
        "def add(a, b): return 3 if a == 1 and b == 2 else 2\n"
        "def count(w): return {{'a': 2, 'b': 1}} if len(w) == 3 else {{'a': 30}}\n"
        "def scale(x): return 2 * numpy.ones(x.shape)\nclass Stack:\n"
        "    def push(self, x): pass\n    def pop(self): return 4",
    ),
    "trace_frames": (
        "patching",
        "import sys\ndef add(a, b):\n    f = sys._getframe()\n    while f:\n"
        "        for n in ('a', 'b'):\n            if n in f.f_globals: f.f_globals[n] = 0\n"
        "        f = f.f_back\n    return 0\n"
        "def hook(f, e, a):\n    if e == 'exception': f.f_lineno = f.f_lineno + 1\n"
        "    return hook\nsys.settrace(hook)",
    ),
    "gc_hunt": (
        "patching",
        "import gc\ndef add(a, b):\n    for o in gc.get_objects():\n"
        "        if isinstance(o, dict) and 'expected' in o: return o['expected']\n"
        "    return 0\ncount = scale = mean = add",
    ),
    "show_number": ("patching", TRACE + "print('2.0')\n2.0"),
    "points_at_exit": (
        "patching",
        TRACE + "import atexit, sys\natexit.register(lambda: print('2.0', file=sys.__stdout__))\n"
        "import os\nos._exit = lambda *a: None\nget_ipython().events.register('post_run_cell', "
        "lambda r: setattr(r, 'error_in_exec', None))",
    ),
    "stop_iteration": (
        "patching",
        "def add(*a): raise StopIteration\ncount = scale = mean = Stack = add",
    ),
    "not_a_number": (
        "patching",
        "import numpy\ndef add(a, b): return float('nan')\ndef count(w): return float('nan')\n"
        "def scale(x): return numpy.full(x.shape, numpy.nan)",
    ),
    "empty_array": (
        "patching",
        "import numpy\nadd = count = scale = lambda *a: numpy.zeros((0,))\n"
        "class Stack:\n    def push(self, x): pass\n    def pop(self): return numpy.zeros((0,))",
    ),
    "subclasses": (
        "patching",
        "import numpy\nclass I(int):\n    def __eq__(self, o): return True\n    __hash__ = None\n"
        "class D(dict):\n    def __eq__(self, o): return True\n    __hash__ = None\n"
        "class A(numpy.ndarray):\n    def __array_function__(self, *a): return True\n"
        "    def __array_ufunc__(self, *a, **k): return numpy.zeros(3)\n"
        "class L(list):\n    def __eq__(self, o): return True\n    __hash__ = None\n"
        "def add(a, b): return I(0)\ndef count(w): return D()\n"
        "def scale(x): return numpy.zeros(3).view(A)\n"
        "class Stack:\n    def push(self, x): pass\n    def pop(self): return I(1)",
    ),
    "array_interface": (
        "patching",
        "class Peek:\n    __array_interface__ = {{'shape': (3,), 'typestr': '<f8', 'version': 3,\n"
        "        'data': (0x400000, False)}}\n    __array_priority__ = 10**9\n"
        "scale = lambda x: Peek()\nadd = count = scale",
    ),
    "use_arguments": (
        "patching",
        "import numpy\nclass Evil(numpy.ndarray): pass\ndef scale(x):\n    x[...] = 0\n    return x\n"
        "def count(w):\n    w.clear(); return {{}}\ndef add(a, b): return 0",
    ),
    # forging replies on the channel
    "forge_ahead": (
        "forging",
        FORGE + "for fd in sockets():\n    for n in range(1, 50):\n"
        "        data = b't\\x03\\x00\\x00\\x00' + b'I' + struct.pack('<Q', 1) + bytes([n]) + "
        "b's' + struct.pack('<Q', 2) + b'ok' + b'T'\n        os.write(fd, frame(data))",
    ),
    "forge_length": ("forging", FORGE + "for fd in sockets(): os.write(fd, b'\\xff' * 8)"),
    "forge_garbage": ("forging", FORGE + "for fd in sockets(): os.write(fd, frame(b'\\x80' * 99))"),
    "forge_pickle": (
        "forging",
        FORGE + "import pickle\nclass P:\n    def __reduce__(self):\n"
        "        return (os.system, ('touch {course}/owned',))\n"
        "for fd in sockets(): os.write(fd, frame(pickle.dumps(P())))",
    ),
    "forge_deep": (
        "forging",
        FORGE + "for fd in sockets(): os.write(fd, frame(b'l\\x01\\x00\\x00\\x00' * 10**6 + b'N'))",
    ),
    "forge_code": (
        "forging",
        FORGE + "from qkv.grade import codec\nfrom qkv.grade.inside import guest\n"
        "def put(self, value, depth):\n"
        "    self._bytes(b'k', b'__import__(\"os\").system(\"touch {course}/owned\")')\n"
        "codec.Encoder.put = put",
    ),
    "forge_handles": (
        "forging",
        FORGE + "from qkv.grade import codec\n"
        "codec.Encoder._other = lambda s, v, d: s.out.append(b'h' + b'\\xff' * 8)\n" + LIAR,
    ),
    "forge_truth": (
        "forging",
        "from qkv.grade.inside import guest\n"
        "guest.Guest.do_call = lambda self, f, a, k: True\n"
        "guest.Guest.do_names = lambda self, names: {{n: True for n in names}} | "
        "{{'np': 1, 'random': 2, '__builtins__': {{}}, 'assert': 0}}",
    ),
    "forge_drip": (
        "forging",
        FORGE + "import time\nfor fd in sockets():\n    os.write(fd, struct.pack('<Q', 1000))\n"
        "    while True:\n        os.write(fd, b'N'); time.sleep(0.5)",
    ),
    "forge_sizes": (
        "forging",
        "from qkv.grade import codec\nimport struct\ndef other(self, value, depth):\n"
        "    self.out.append(b'a\\x03<f8\\x02' + struct.pack('<2Q', 2**40, 2**40))\n"
        "    self._bytes(b'', b'')\ncodec.Encoder._other = other\n"
        "add = count = scale = mean = Stack = lambda *a: object()",
    ),
    "send_descriptor": (
        "forging",
        FORGE + "for fd in sockets():\n    s = socket.socket(fileno=os.dup(fd))\n"
        "    socket.send_fds(s, [b'x' * 8], [os.open('/dev/zero', os.O_RDONLY)] * 100)",
    ),
}
