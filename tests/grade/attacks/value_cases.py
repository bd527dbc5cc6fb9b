# ruff: noqa: E501 - attacks are easier to read in one piece
"""Attacks by what is returned, answered and used up; the same form as in `code_cases`."""

from tests.grade.attacks.code_cases import FORGE, TRACE

# Every function returns an object that says what its judge would like to hear.
YES = """
class Yes:
    seen = []
    def __eq__(self, other): Yes.seen.append(other); return True
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    def __ne__(self, other): return False
    def __sub__(self, other): Yes.seen.append(other); return 0.0
    __rsub__ = __add__ = __mul__ = __mod__ = __truediv__ = __pow__ = __sub__
    def __abs__(self): return 0.0
    __neg__ = __float__ = __abs__
    def __int__(self): return 0
    __index__ = __int__
    def __len__(self): return 5
    def __iter__(self): return iter(Yes.seen[-1:])
    def __hash__(self): return 0
    def __bool__(self): return True
    def __getitem__(self, key): return Yes.seen[-1] if Yes.seen else 0
    def pop(self): return Yes()
    def push(self, x): pass
add = count = scale = mean = Stack = lambda *a: Yes()
"""
GUEST = "from qkv.grade.inside import guest\n"
IMAGES = (
    "import base64, struct\npng = b'\\x89PNG\\r\\n\\x1a\\n' + struct.pack('>I4sIIBBBBB', 13, b'IHDR', "
    "{side}, {side}, 8, 2, 0, 0, 0) + b'x' * {size}\n"
    "from IPython.display import publish_display_data as p\n"
)

CASES = {
    "yes": ("patching", YES),
    "yes_to_arithmetic": (
        "patching",
        YES + "import functools\nYes.__sub__ = Yes.__rsub__ = lambda self, other: -1e-30\n",
    ),
    "judge_of_itself": (
        "patching",
        "class Zero:\n    def max(self, *a): return 0.0\n    def __abs__(self): return self\n"
        "class Liar:\n    def __sub__(self, other): return Zero()\n    __rsub__ = __sub__\n"
        "    def __abs__(self): return Zero()\nadd = count = scale = mean = lambda *a: Liar()",
    ),
    "own_module": (
        "patching",
        "import numpy\nclass np:\n    ones = zeros = lambda *shape: numpy.zeros(shape)\n"
        "    class random:\n        randn = lambda *shape: numpy.zeros(shape)\nscale = lambda x: x\n"
        "add = count = mean = Stack = lambda *a: None",
    ),
    "hard_coded": (
        "patching",
        "import numpy\nadd = lambda a, b: 3\ncount = lambda w: {{'a': 2, 'b': 1}}\n"
        "scale = lambda x: 2 * numpy.ones(3)\nmean = lambda x: 2\n"
        "class Stack:\n    push = lambda self, x: None\n    pop = lambda self: 4",
    ),
    "by_call_order": (
        "patching",
        "calls = [0]\ndef turn(good):\n    def f(*a):\n        calls[0] += 1\n"
        "        return good if calls[0] % 2 else 0\n    return f\nimport numpy\n"
        "add, count, mean = turn(3), turn({{'a': 2, 'b': 1}}), turn(2)\nscale = turn(2 * numpy.ones(3))",
    ),
    "strange_tensors": (
        "patching",
        "import torch\nkinds = [torch.empty(10**12, device='meta'), torch.eye(3).to_sparse(),\n"
        "    torch.zeros(1).expand(10**11), torch.tensor([1 + 2j]).conj(), torch.ones(3, requires_grad=True),\n"
        "    torch.quantize_per_tensor(torch.ones(3), 1.0, 0, torch.quint8), torch.zeros(0, 5)]\n"
        "def scale(x): return kinds.pop()\nadd = count = mean = scale",
    ),
    "array_protocols": (
        "patching",
        "import numpy\nclass A:\n    __array_priority__ = 10**9\n"
        "    def __array__(self, *a, **k): return numpy.zeros(0)\n"
        "    def __array_ufunc__(self, *a, **k): return True\n"
        "    def __array_function__(self, *a): return True\n"
        "    __torch_function__ = classmethod(lambda *a, **k: True)\n"
        "    def __reduce__(self): return eval, ('True',)\n    shape, ndim, dtype = (3,), 1, 'float64'\n"
        "scale = lambda x: A()\nadd = count = mean = scale",
    ),
    "lying_containers": (
        "patching",
        "class L(list):\n    def __len__(self): return 10**9\n    def __iter__(self):\n"
        "        while True: yield 0\nclass D(dict):\n    def items(self):\n        while True: yield 0, 0\n"
        "    __len__ = lambda self: 2**31\n    keys = items\n    __iter__ = items\n"
        "class S(str):\n    __len__ = lambda self: 0\n    encode = lambda *a: b'x' * 10**9\n"
        "class T(int):\n    __int__ = lambda self: 0\n    bit_length = lambda self: 10**12\n"
        "def add(a, b): return T(1)\ndef count(w): return D()\ndef scale(x): return L([1])\nmean = lambda x: S()",
    ),
    "cyclic": (
        "exhausting",
        "x = []; x.append(x)\nd = {{}}; d[1] = d\nadd = lambda a, b: x\ncount = lambda w: d\n"
        "scale = mean = lambda v: [x] * 1000",
    ),
    "generators": (
        "patching",
        "async def add(a, b): return 3\ndef count(w): yield w\nclass Stack:\n"
        "    async def push(self, x): pass\n    def pop(self): yield 4\nscale = mean = count",
    ),
    "names_of_others": (
        "patching",
        TRACE + "class Fake:\n    def __getattr__(self, n): return lambda *a, **k: True\n"
        "np = random = collections = Fake()\nabs = sum = dict = len = lambda *a: 0\n"
        "__builtins__.abs = abs\nglobals().update(__builtins__={{}}, __name__='x', words=[], a=1, b=2)",
    ),
    "strange_exceptions": (
        "hanging",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\n    __repr__ = __str__\n"
        "class M(type):\n    def mro(cls): return type.mro(cls)\n    __name__ = property(lambda s: 1 / 0)\n"
        "def add(a, b): raise E\ndef count(w):\n    e = ValueError('x')\n    for _ in range(10**5):\n"
        "        n = ValueError('y'); n.__cause__ = e; e = n\n    raise e\n"
        "def scale(x): raise KeyError(x, scale, globals())",
    ),
    "slow_each_call": (
        "hanging",
        "import time\ndef add(*a): time.sleep(3.5); return 0\ncount = scale = mean = add\n"
        "class Stack:\n    push = pop = add",
    ),
    "stop_everything": (
        "hanging",
        "import os, signal\ntry: os.kill(-1, signal.SIGSTOP)\nfinally: os.kill(os.getpid(), signal.SIGSTOP)",
    ),
    "fork_chain": (
        "exhausting",
        "import os, time\nend = time.time() + 3\nif os.fork() == 0:\n    while time.time() < end:\n"
        "        if os.fork(): os._exit(0)\n    os.execvp('sleep', ['sleep', '31337'])",
    ),
    "shared_mapping": (
        "exhausting",
        "import mmap, os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        m = mmap.mmap(-1, 600_000_000)\n"
        "        for at in range(0, len(m), 4096): m[at] = 1\n        time.sleep(31337)",
    ),
    "unseen_memory": (
        "exhausting",
        "import ctypes, os\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\nfor _ in range(8):\n"
        "    if os.fork() == 0:\n        x = []\n        while True: x.append(bytearray(b'x' * 10**7))",
    ),
    "full_pipes": (
        "exhausting",
        "import os, fcntl\nwhile True:\n    r, w = os.pipe(); os.set_blocking(w, False)\n"
        "    try: fcntl.fcntl(w, 1031, 2**20)\n    except OSError: pass\n"
        "    try:\n        while True: os.write(w, b'x' * 2**16)\n    except BlockingIOError: pass",
    ),
    "full_sockets": (
        "exhausting",
        "import os, socket, time\nfor _ in range(60):\n    if os.fork() == 0: break\nkeep = []\n"
        "try:\n    while True:\n        pair = socket.socketpair(); keep.append(pair)\n        for s in pair:\n"
        "            s.setblocking(False)\n            for option in (7, 8, 32, 33):\n"
        "                try: s.setsockopt(1, option, 2**22)\n                except OSError: pass\n"
        "            try:\n                while True: s.send(b'x' * 2**16)\n            except BlockingIOError: pass\n"
        "except OSError: pass\ntime.sleep(31337)",
    ),
    "named_in_letters": (
        "exhausting",
        "import ctypes\nctypes.CDLL(None).prctl(15, 'αβγ'.encode(), 0, 0, 0)\nimport time; time.sleep(1)\n"
        "x = []\nwhile True: x.append(bytearray(10**7))",
    ),
    "sparse_file": (
        "exhausting",
        "import os, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nf = os.open('/tmp/s', os.O_RDWR | os.O_CREAT)\n"
        "for size in (2**50, 2**40, 2**33):\n    try: os.truncate('/tmp/s', size)\n    except OSError: pass\n"
        "import glob\nfor n in range(99): os.makedirs('/tmp/' + '/'.join(['d'] * n), exist_ok=True)",
    ),
    "image_flood": (
        "exhausting",
        IMAGES.format(side=100, size=1_400_000)
        + "data = {{'image/png': base64.b64encode(png).decode()}}\nfor _ in range(100): p(data)",
    ),
    "image_bomb": (
        "exhausting",
        IMAGES.format(side=60_000, size=100)
        + "p({{'image/png': base64.b64encode(png).decode()}})\n"
        "p({{'image/jpeg': base64.b64encode(b'\\xff\\xd8\\xff\\xc0\\x00\\x11\\x08\\xff\\xff\\xff\\xff' + b'x' * 99).decode()}})",
    ),
    "forge_points": (
        "forging",
        GUEST + "guest.Guest.do_run = lambda self, source: ([{{'kind': 'points', 'value': 2.0}}, "
        "{{'kind': 'points', 'value': '2.0'}}, {{'kind': 'result', 'data': {{'text/plain': '2.0'}}}}, "
        "{{'kind': 'error', 'name': '<script>', 'value': {{}}, 'text': []}}], True)\n" + TRACE,
    ),
    "forge_flood": (
        "forging",
        GUEST + "guest.Guest.do_run = lambda self, source: ([{{'kind': 'display', 'data': "
        "{{'image/png': 'iVBORw0KGgo' + 'A' * 1_900_000}}}}] * 30, True)\n"
        "guest.Guest._describe = lambda self, e: (['ValueError'] * 10**5, 'x' * 10**7, 'y' * 10**7)\n"
        "def add(*a): raise ValueError\ncount = scale = mean = Stack = add",
    ),
    "forge_collisions": (
        "forging",
        GUEST + "bad = {{n * (2**61 - 1): n for n in range(1, 20_000)}} if False else None\n"
        "from qkv.grade import codec\nimport struct\ndef put(self, value, depth):\n"
        "    self.out.append(b'D' + struct.pack('<I', 60_000))\n    for n in range(60_000):\n"
        "        self._int(n * (2**61 - 1)); self.out.append(b'N')\n"
        "codec.Encoder._other = put\nadd = count = scale = mean = Stack = lambda *a: object()",
    ),
    "forge_pid": (
        "forging",
        GUEST + "old = guest.Guest.do_standby\ndef lie(self): old(self); return 1\n"
        "guest.Guest.do_standby = lie\ndef add(*a):\n    while True: pass\ncount = scale = mean = add",
    ),
    "forge_forks": (
        "forging",
        GUEST + "guest.Guest.do_standby = lambda self: 4242\n" + TRACE,
    ),
    "two_answers": (
        "forging",
        "import os\nfor _ in range(3): os.fork()\n" + TRACE,
    ),
    "writing_thread": (
        "forging",
        FORGE
        + "import threading, time\ndef write():\n    while True:\n        for fd in sockets():\n"
        "            try: os.write(fd, frame(b'T'))\n            except OSError: pass\n        time.sleep(0.01)\n"
        "threading.Thread(target=write, daemon=True).start()\n" + TRACE,
    ),
    "other_end": (
        "forging",
        "import os\nfor fd in range(3, 64):\n    try: os.fstat(fd); os.dup2(0, fd)\n    except OSError: pass\n",
    ),
    "reading_thread": (
        "forging",
        FORGE + "import threading\ndef read():\n    for fd in sockets():\n        while True:\n"
        "            try: os.read(fd, 1)\n            except OSError: break\n"
        "threading.Thread(target=read, daemon=True).start()\n" + TRACE,
    ),
    "record_of_methods": (
        "patching",
        "from collections import namedtuple\nR = namedtuple('R', 'max min sum abs items keys pop allclose equals push')\n"
        "add = count = scale = mean = Stack = lambda *a: R(*[lambda *b, **c: 0.0] * 10)",
    ),
    "empty_answers": (
        "patching",
        "import numpy\nscale = lambda x: numpy.zeros((0, *x.shape))\ncount = lambda w: {{}}\n"
        "add = mean = lambda *a: numpy.zeros(0)\nclass Stack:\n    push = lambda self, x: None\n"
        "    pop = lambda self: numpy.zeros((0, 1))",
    ),
    "colliding_list": (
        "exhausting",
        "add = count = scale = mean = Stack = lambda *a: [n * (2**61 - 1) for n in range(1, 60_000)]",
    ),
    "many_records": (
        "exhausting",
        "from collections import namedtuple\nmany = [namedtuple(f'K{{n}}', 'a b')(1, 2) for n in range(3000)]\n"
        "add = count = scale = mean = Stack = lambda *a: many",
    ),
    "one_long_step": (
        "hanging",
        "import numpy\nclass Stack:\n    push = lambda self, x: None\n    pop = lambda self: range(10**15)\n"
        "add = mean = lambda *a: 2**32000 + 1\ncount = lambda w: dict.fromkeys(range(300_000))\n"
        "scale = lambda x: numpy.ones((2000, 1, *x.shape))",
    ),
    "forge_flow": (
        "forging",
        "from qkv.grade import codec\nimport struct\ndef put(self, value, depth):\n"
        "    self.out.append(b'j' + struct.pack('<Q', 0))\ncodec.Encoder._other = put\n"
        "class Never:\n    def __next__(self): return self\n    __iter__ = lambda self: self\n"
        "add = count = scale = mean = Stack = lambda *a: Never()",
    ),
    "forge_records": (
        "forging",
        "from qkv.grade import codec\nold = codec.Encoder._other\nnames = ('shape', 'dtype', 'size', 'T', 'ndim')\n"
        "def put(self, value, depth):\n    self.out.append(b'm')\n    self.put(('ndarray', names), depth)\n"
        "    self.put(((5,), 'd', 5, 0, 1), depth)\ncodec.Encoder._other = put\n"
        "add = count = scale = mean = Stack = lambda *a: object()",
    ),
    "stale_standby": (
        "forging",
        "from qkv.grade.inside import guest\nimport socket, os\nkept = []\ndef keep(self):\n"
        "    _, (fd,), _, _ = socket.recv_fds(self.sock, 1, 1)\n    kept.append(fd)\n    return os.getpid()\n"
        "guest.Guest.do_standby = keep\n" + TRACE,
    ),
    "crossed_function": (
        "reading",
        "from qkv.grade.inside import probe\nseen = []\nfor name in ('rebuild', 'run_there', 'settle', 'of_class', 'call'):\n"
        "    setattr(probe, name, lambda *a, **k: seen.append(a) or True)\n"
        "def add(a, b):\n    if a > 2: seen.append((1, (a, b)))\n    return a + b if a < 2 else 0\n"
        "def count(words): raise ValueError(f'SEEN-HIDDEN {{[(1, 2), *seen]}}' if seen else '')\nscale = mean = count",
    ),
    "own_checks": (
        "patching",
        "import os\nos.makedirs('qkv/grade', exist_ok=True)\nfor name in ('qkv/__init__.py', 'qkv/grade/__init__.py'): open(name, 'w')\n"
        "open('qkv/grade/checks.py', 'w').write('check = lambda *a, **k: None')\n"
        "for name in ('random.py', 'collections.py', 'numpy.py'): open(name, 'w').write('randint = Counter = ones = lambda *a: 0')",
    ),
    "hidden_inputs_by_file": (
        "reading",
        "def add(a, b):\n    if a > 1: open('/tmp/seen', 'a').write(f'SEEN-HIDDEN {{[(1, 2), (a, b)]}}')\n"
        "    return a + b if a < 2 else 0\ndef count(words):\n    raise ValueError(open('/tmp/seen').read())\n"
        "scale = mean = count",
    ),
    "hidden_inputs_by_process": (
        "reading",
        "import os, socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0seen'); s.setblocking(False)\n"
        "def add(a, b):\n    if a > 1: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(f'SEEN-HIDDEN {{[(1, 2), (a, b)]}}'.encode(), '\\0seen')\n"
        "    return 3 if a < 2 else 0\ndef count(words):\n    got = b''\n    try:\n        while True: got += s.recv(999)\n"
        "    except OSError: pass\n    print(got); raise ValueError(got.decode())\nscale = mean = count",
    ),
}
