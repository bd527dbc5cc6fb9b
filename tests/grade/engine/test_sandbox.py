import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.grade.attacks.value_cases import CASES
from tests.grade.conftest import said

from qkv.grade.engine import containers
from qkv.grade.engine.sandbox import Limits, Sandbox, bwrap_command, find_bwrap
from qkv.grade.engine.worker import Engine

CELLS = [
    {"kind": "student", "source": "def f(x): return x + 1", "binds": ["f"], "imports": ""},
    {"kind": "test", "source": "assert f(1) == 2, 'one more'", "points": 1.0},
]
LOOK = """
import os
from pathlib import Path
print(dict(
    uid=os.getuid(), pids=[p for p in os.listdir('/proc') if p.isdigit()],
    home=os.listdir('/home'), root=os.path.exists('/etc/shadow'),
    status=[l for l in open('/proc/self/status')
            if l.startswith(('CapEff', 'NoNewPrivs', 'Seccomp:'))],
    net=os.listdir('/sys/class/net') if os.path.exists('/sys/class/net') else [],
))
"""


def output(engine, source, **more):
    cells = [{"kind": "student", "source": source, "binds": [], "imports": ""}]
    shown = engine.run(cells, {}, **more)["cells"].get(0, {"outputs": []})
    return " ".join(str(o.get(k, "")) for o in shown["outputs"] for k in ("text", "value"))


def test_the_students_process_is_nobody_and_sees_nobody(engine):
    seen = output(engine, LOOK)
    assert "'uid': 1000" in seen
    assert "'pids': ['1', '2', " in seen
    assert len(eval(seen.strip())["pids"]) <= 3
    assert "'root': False" in seen
    assert "CapEff:\\t0000000000000000" in seen
    assert "NoNewPrivs:\\t1" in seen
    assert "Seccomp:\\t2" in seen


@pytest.mark.parametrize(
    "call",
    ["libc.unshare(0x10000000)", "libc.ptrace(16, 1, 0, 0)", "libc.mount(0, b'/tmp', 0, 32, 0)",
     "libc.syscall(56, 0x10000011, 0, 0, 0, 0)", "libc.socket(2, 1, 0)",
     "libc.memfd_create(b'x', 0)", "libc.syscall(425, 8, 0)",
     "libc.setsockopt(__import__('socket').socketpair()[0].detach(), 1, 7, b'x' * 4, 4)"],
)  # fmt: skip
def test_system_calls_that_could_lead_out_are_refused(engine, call):
    source = f"import ctypes\nlibc = ctypes.CDLL(None)\nprint('answer', {call})"
    assert output(engine, source).strip() == "answer -1"


@pytest.mark.parametrize("name", ["full_sockets", "named_in_letters"])
def test_memory_that_hides_is_counted(name):
    """In the buffers of sockets, or behind a name that is not ASCII."""
    engine = Engine(Sandbox(), Limits(cell_seconds=10, total_seconds=20, memory=2**30))
    cell = {"kind": "student", "source": CASES[name][1].format(), "binds": [], "imports": ""}
    try:
        assert engine.run([cell], {})["stopped"] == "memory"
        assert output(engine, "print(1)") == "1\n "
    finally:
        engine.stop()


def test_all_cells_and_tests_together_have_one_bound_and_it_is_said():
    engine = Engine(Sandbox(), Limits(cell_seconds=3, total_seconds=6))
    slow = {"kind": "student", "source": "import time; time.sleep(2)", "binds": [], "imports": ""}
    try:
        assert engine.run(CELLS, {})["stopped"] is None
        began = time.monotonic()
        assert engine.run([slow] * 6 + CELLS, {})["stopped"] == "time"
        assert time.monotonic() - began < 10
    finally:
        engine.stop()


def test_nothing_of_one_submission_is_there_for_the_next(engine):
    leave = (
        "open('/tmp/left', 'w').write('x'); open('left', 'w').write('x'); import math\nmath.x = 1"
    )
    look = "import os, math\nprint(os.listdir('/tmp'), os.listdir('.'), hasattr(math, 'x'))"
    output(engine, leave)
    assert output(engine, look).strip() == "[] [] False"


def test_the_folder_has_the_files_that_were_handed_out(engine):
    cells = [{"kind": "student", "source": "print(open('data/a.txt').read())", "binds": [],
              "imports": ""},
             {"kind": "test", "source": "assert open('data/a.txt').read() == 'hello'",
              "points": 1.0}]  # fmt: skip
    shown = engine.run(cells, {"data/a.txt": "aGVsbG8="})["cells"]
    assert shown[0]["outputs"][0]["text"] == "hello\n"
    assert shown[1]["ok"]


def test_the_disk_is_small(engine):
    source = "open('x', 'wb').write(b'x' * 10**8)"
    assert "OSError" in output(engine, source) or "File too large" in output(engine, source)


def test_a_folder_to_hide_is_hidden_inside_a_library_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("qkv.grade.engine.sandbox.PRIVATE", ())
    (tmp_path / "lib").mkdir()
    command = bwrap_command(find_bwrap(), [tmp_path / "lib"])
    assert command[command.index(str(tmp_path / "lib")) - 1] == "--tmpfs"


def test_a_python_in_tmp_is_not_covered_by_the_private_tmp(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    command = bwrap_command(find_bwrap(), [])
    seen = command[command.index(str(tmp_path)) + 1]
    assert seen.endswith(str(tmp_path))
    assert not Path(seen).is_relative_to("/tmp")


def test_a_course_below_usr_is_hidden_and_python_inside_it_is_not(monkeypatch):
    course = Path("/usr/course")
    monkeypatch.setattr("sys.prefix", "/usr/course/.venv")
    monkeypatch.setattr(Path, "is_dir", lambda self: True)
    command = bwrap_command("bwrap", [course])
    hidden = command.index("/usr/course")
    assert command[hidden - 1] == "--tmpfs"
    again = len(command) - 1 - command[::-1].index("/usr/course/.venv")
    assert again > hidden
    assert command[again - 2] == "--ro-bind"


def test_where_processes_cannot_be_nested_each_submission_gets_a_sandbox_of_its_own():
    engine = Engine(containers.make_sandbox("bubblewrap", [], 3), Limits())
    engine.sandbox.start()
    first = engine.sandbox.process.pid
    engine.sandbox.nested = False
    try:
        assert engine.run(CELLS, {})["cells"][1]["ok"]
        assert engine.sandbox.process is None or engine.sandbox.process.pid != first
        assert engine.run(CELLS, {})["cells"][1]["ok"]
    finally:
        engine.stop()


def test_without_a_sandbox_grading_is_refused_unless_submissions_are_trusted(monkeypatch):
    monkeypatch.setattr(containers, "find_bwrap", lambda: None)
    with pytest.raises(ValueError, match="apt install bubblewrap"):
        containers.choose()
    assert containers.choose(trust=True) == "none"


def test_bubblewrap_is_used_where_it_is_even_if_submissions_are_trusted():
    assert containers.choose(trust=True) == "bubblewrap"


def test_trusted_submissions_run_and_hanging_ones_end():
    engine = Engine(
        containers.make_sandbox("none", [], 0), Limits(cell_seconds=3, total_seconds=20)
    )
    try:
        shown = engine.run(CELLS, {})["cells"]
        assert shown[1]["ok"]
        hanging = [{**CELLS[0], "source": "while True: pass"}, CELLS[1]]
        shown = engine.run(hanging, {})["cells"]
        assert not shown[1]["ok"]
        assert "too long" in said(shown[0])
    finally:
        engine.stop()


def test_a_container_gets_no_network_no_rights_and_no_writable_system(tmp_path, monkeypatch):
    """With a stand-in for the engine, which notes how it is called and runs the command plainly."""
    fake = tmp_path / "podman"
    path = str(Path(containers.__file__).resolve().parents[3])
    fake.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {tmp_path}/calls\n'
        'if [ "$1" = info ] || [ "$1" = kill ]; then exit 0; fi\n'
        f'for last; do :; done\nPYTHONPATH={path} exec {sys.executable} -B -c "$last"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(containers, "find_bwrap", lambda: None)
    kind = containers.choose(image="book:1")
    assert kind == f"container {fake} book:1"
    engine = Engine(containers.make_sandbox(kind, [], 0), Limits(cell_seconds=20))
    try:
        assert engine.run(CELLS, {})["cells"][1]["ok"]
    finally:
        engine.stop()
    calls = (tmp_path / "calls").read_text()
    for wanted in ("--network none", "--cap-drop ALL", "--read-only", "no-new-privileges",
                   "--user 65534", "--pids-limit", "--memory-swap", "book:1 python"):  # fmt: skip
        assert wanted in calls
    assert "\nkill qkv-" in calls


def test_the_sandbox_does_not_run_as_root(engine):
    output(engine, "1")
    pids = [p for p in os.listdir("/proc") if p.isdigit()]
    owners = {
        Path(f"/proc/{p}").stat().st_uid
        for p in pids
        if "qkv.grade.inside.zygote" in _line(p) and "bwrap" not in _line(p)
    }
    assert owners
    assert all(owner >= 1_900_000_000 if os.geteuid() == 0 else owner != 0 for owner in owners)


def _line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_the_sandbox_works_for_an_ordinary_user():
    """Run as root this needs a Python that others may read, so it runs in a view that has one."""
    script = "from tests.grade.engine.test_sandbox import CELLS, ordinary; ordinary()"
    here = Path(__file__).resolve().parents[3]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{here}/src:{here}"}
    if os.geteuid() == 0 and shutil.which("setpriv"):
        base = Path(sys.base_prefix).resolve()
        show = f"mount --make-rprivate / && mkdir -p /mnt/qkv && mount --rbind {base} /mnt/qkv"
        for place in {base, Path(sys.prefix).resolve(), here}:
            top = Path("/", *place.parts[1:2])
            if top.stat().st_mode & 0o005 != 0o005:
                show += f" && mount -t tmpfs -o mode=755 none {top} && mkdir -p {base}"
                show += f" && mount --rbind /mnt/qkv {base}"
        inside = f"{show} && exec setpriv --reuid 54321 --regid 54321 --clear-groups "
        command = ["unshare", "-m", "sh", "-c", f'{inside} "$@"', "sh"]
    else:
        command = []
    done = subprocess.run(
        [*command, sys.executable, "-B", "-W", "ignore", "-c", script],
        env=environment, cwd="/", capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "fine" in done.stdout, done.stderr[-2000:]


def ordinary():
    """Run one submission as whoever this is."""
    assert os.geteuid() != 0
    engine = Engine(containers.make_sandbox("bubblewrap", [], 0), Limits())
    shown = engine.run(CELLS, {})
    assert engine.sandbox.nested
    assert shown["cells"][1]["ok"]
    engine.stop()
    print("fine")
