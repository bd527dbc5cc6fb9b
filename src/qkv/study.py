"""Experiments over many seeds or settings: run once, stored as small data, checked for staleness.

A study is a script `studies/NAME.py` with two functions. `settings()` returns a list of dicts, one
for each run, with a seed and whatever varies; `run(**setting)` does one run and returns a dict of
plain numbers (or lists of them). `qkv study NAME` runs them and stores `studies/results/NAME.json`,
together with a fingerprint of the script, the `qkv` modules behind it and the packages' versions.

Code may change and the numbers stay: a check is added, an argument gets a name. `qkv study NAME
--recheck` runs one setting again, and if it comes out the same keeps the others. The file then says
under which fingerprint its runs were measured, and which of them was run again under which.
"""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from qkv.errors import QkvError
from qkv.notebook.files import read_json, write
from qkv.notebook.stale import fingerprint
from qkv.paths import root

TOLERANCE = 1e-6  # how far apart two numbers may be that count as the same, relative to the larger
BESIDE = {"seconds", "training"}  # times that a run notes beside what it is about
TIMED = {"milliseconds", "megabytes", "memory"}  # what a run measures of the machine
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class StudyError(QkvError):
    """A run of a study failed; the message names the study, the setting and the error."""


def names() -> list[str]:
    """Return the names of the book's studies."""
    return sorted(p.stem for p in _folder().glob("*.py") if not p.name.startswith("_"))


def results(name: str) -> list[dict]:
    """Return a study's stored runs: one dict each, with its setting, its numbers and its seconds.

    Raises `QkvError` when the study was never run to its end.
    """
    path = _results_file(name)
    if not path.is_file():
        raise QkvError(f"studies/results/{name}.json is missing: run  qkv study {name}")
    runs = read_json(path)["runs"]
    return [{**run["setting"], **run["result"], "seconds": run["seconds"]} for run in runs]


def stale() -> list[str]:
    """Return one sentence for each study whose results are missing or not those of its code.

    Each names the study and the command that mends it. Results without a script count too.
    """
    problems = []
    for name in names():
        path = _results_file(name)
        if not path.is_file():
            problems.append(f"study {name} has no results: run  qkv study {name}")
        elif read_json(path)["fingerprint"] != _fingerprint(name):
            problems.append(
                f"study {name}: its code or versions changed: run  qkv study {name}  "
                f"(add  --recheck  if no number should have changed)"
            )
    for path in sorted((_folder() / "results").glob("[!.]*.json")):
        if path.stem not in names():
            problems.append(f"studies/results/{path.name} belongs to no study: delete it")
    return problems


def run_study(name: str, *, jobs: int = 1, force: bool = False) -> bool:
    """Run what is missing of a study and store its results; return whether anything was.

    Each run has one thread. After each, what is there is stored beside the results, so that an
    interrupted study goes on where it stopped; the results themselves change only when all runs
    are done. `jobs` runs go on at a time. `force` runs a fresh study again.

    Raises `QkvError` for an unknown study or one without settings, and `StudyError` when a run
    fails (the others are kept).
    """
    _known(name)
    print_ = _fingerprint(name)
    final, part = _results_file(name), _results_file(f".{name}.part")
    if not force and _runs(final, print_):
        return False
    wanted = _load(name).settings()
    if not wanted:
        raise QkvError(f"studies/{name}.py: settings() returns nothing to run")
    runs = {} if force else _runs(part, print_)
    todo = [setting for setting in wanted if _key(setting) not in runs]
    failed = None
    with (
        tqdm(total=len(wanted), initial=len(wanted) - len(todo), desc=name, unit="run") as bar,
        _pool(jobs) as pool,
    ):
        waiting = {pool.submit(_run, name, str(root()), setting): setting for setting in todo}
        try:
            for future in as_completed(waiting):
                setting = waiting[future]
                error = future.exception()
                if error is not None:
                    failed = failed or (setting, error)
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
                runs[_key(setting)] = future.result()
                write(part, _text(name, print_, [runs[k] for k in map(_key, wanted) if k in runs]))
                bar.update()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failed:
        setting, error = failed
        raise _failure(name, setting, error) from error
    write(final, _text(name, print_, [runs[_key(setting)] for setting in wanted]))
    part.unlink(missing_ok=True)
    return True


def recheck(name: str, against: str | None = None) -> str | None:
    """Run one setting of a stale study again; keep the others if it comes out as it was.

    That is the quickest one. Times are not compared. Returns a sentence that says what was found,
    None for a fresh study.

    against: a revision of the book. Its code runs the setting, too, here and now, and the two are
        compared: trainings differ a little from processor to processor, and what is stored may come
        from another one. The revision must hold the same results.

    Raises `QkvError`, and changes nothing, when the numbers differ, and when one run can't speak
    for the others: when the study has other settings than before, or measures time or memory.
    """
    _known(name)
    path, print_ = _results_file(name), _fingerprint(name)
    if not path.is_file():
        raise QkvError(f"study {name} has no results to recheck: run  qkv study {name}")
    stored = read_json(path)
    if stored["fingerprint"] == print_:
        return None
    if list(map(_key, _load(name).settings())) != [_key(run["setting"]) for run in stored["runs"]]:
        raise QkvError(f"study {name} has other settings than its results: run  qkv study {name}")
    quickest = min(stored["runs"], key=lambda run: run["seconds"])
    if TIMED & set(quickest["result"]):
        whole = sum(run["seconds"] for run in stored["runs"])
        raise QkvError(
            f"study {name} measures the machine, which a recheck can't compare: "
            f"run  qkv study {name}  ({whole:.0f} s)"
        )
    setting = quickest["setting"]
    again = _once(name, setting)
    before = quickest["result"] if against is None else _result_at(against, name, setting, stored)
    place, difference = _farthest(before, again)
    if difference > TOLERANCE:
        raise QkvError(
            f"study {name} has changed: at {setting}, {place} differs by {difference:.2g} of its "
            f"size; nothing was stored: run  qkv study {name}"
        )
    stored.setdefault("measured", stored["fingerprint"])
    stored["fingerprint"] = print_
    found = {"setting": setting, "fingerprint": print_, "difference": difference}
    if against is not None:
        found["against"] = against
    stored.setdefault("rechecked", []).append(found)
    write(path, _text(**stored))
    return (
        f"{setting} came out as it was (largest difference {difference:.1g}); the others are kept"
    )


def _once(name: str, setting: dict) -> dict:
    """Return what one run gives with the code as it is."""
    with _pool(1) as pool:
        run = pool.submit(_run, name, str(root()), setting)
        if run.exception() is not None:
            raise _failure(name, setting, run.exception()) from run.exception()
    return json.loads(json.dumps(run.result()["result"]))


def _result_at(revision: str, name: str, setting: dict, stored: dict) -> dict:
    """Return what a run gives here with the code of a revision that holds the stored results."""
    with tempfile.TemporaryDirectory(prefix="qkv-recheck-") as folder:
        _git("worktree", "add", "--quiet", "--detach", folder, revision)
        try:
            book = Path(folder)
            if read_json(book / "studies" / "results" / f"{name}.json")["runs"] != stored["runs"]:
                raise QkvError(f"{revision} holds other results of the study {name}: name another")
            script = book / "studies" / f"{name}.py"
            words = [sys.executable, "-c", _ALONE, str(script), json.dumps(setting)]
            paths = {"PYTHONPATH": str(book / "src"), **dict.fromkeys(THREADS, "1")}
            ran = subprocess.run(
                words, cwd=book, env={**os.environ, **paths}, capture_output=True, text=True
            )
            if ran.returncode:
                last = ran.stderr.strip().splitlines()[-1:]
                raise StudyError(f"study {name} failed at {revision}, {setting}: {' '.join(last)}")
            return json.loads(ran.stdout.splitlines()[-1])
        finally:
            _git("worktree", "remove", "--force", folder)


# One run of a study's script, for a revision whose own `qkv.study` may be another.
_ALONE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("study", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print("\\n" + json.dumps(module.run(**json.loads(sys.argv[2]))))
"""


def _git(*words: str) -> None:
    done = subprocess.run(["git", *words], cwd=root(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise QkvError(f"git {words[0]} failed: {done.stderr.strip().splitlines()[-1:]}")


def _farthest(old, new, place: str = "the result") -> tuple[str, float]:
    """Return where two results differ most, and by how much, relative to the larger number."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        pairs = [(f"{key!r}", old[key], new[key]) for key in old if key not in BESIDE]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(f"{place}[{i}]", *both) for i, both in enumerate(zip(old, new, strict=True))]
    elif isinstance(old, int | float) and isinstance(new, int | float):
        return place, abs(old - new) / (max(abs(old), abs(new)) or 1)
    else:
        return place, 0.0 if old == new else float("inf")
    found = [_farthest(before, after, where) for where, before, after in pairs]
    return max(found, key=lambda one: one[1], default=(place, 0.0))


def _failure(name: str, setting: dict, error: BaseException) -> StudyError:
    return StudyError(f"study {name} failed at {setting}: {type(error).__name__}: {error}")


def _pool(jobs):
    for variable in THREADS:  # read by the libraries when a worker starts
        os.environ[variable] = "1"
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


def _run(name: str, book: str, setting: dict) -> dict:
    """Do one run in a worker process, silently."""
    os.chdir(book)
    started = time.process_time()
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        result = _load(name).run(**setting)
    json.dumps(result, allow_nan=False)  # say here, not at the end, that it cannot be stored
    seconds = round(time.process_time() - started, 1)
    return {"setting": setting, "result": result, "seconds": seconds}


def _load(name: str) -> ModuleType:
    """Import `studies/NAME.py`, once a process, so that it may keep its data between runs."""
    module_name = f"qkv_study_{name}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, _folder() / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    return sys.modules[module_name]


def _known(name: str) -> None:
    """Raise `QkvError` for a study that there is not."""
    if name not in names():
        known = ", ".join(names()) or "none yet"
        raise QkvError(f"there is no study {name!r} in studies/: there are {known}")


def _fingerprint(name: str) -> str:
    return fingerprint([(_folder() / f"{name}.py").read_text(encoding="utf-8")], root())


def _runs(path: Path, print_: str) -> dict[str, dict]:
    """Return the runs stored at `path` by setting, none if another code made them."""
    if not path.is_file():
        return {}
    stored = read_json(path)
    return (
        {_key(r["setting"]): r for r in stored["runs"]} if stored["fingerprint"] == print_ else {}
    )


def _text(study: str, fingerprint: str, runs: list[dict], **more: object) -> str:
    """Return the file's text: one line a run, so that a change reads well."""
    head = {"study": study, "fingerprint": fingerprint, **more}
    lines = [f' "{key}": {json.dumps(value, ensure_ascii=False)},\n' for key, value in head.items()]
    body = ",\n".join(f"  {json.dumps(run, ensure_ascii=False)}" for run in runs)
    return f'{{\n{"".join(lines)} "runs": [\n{body}\n ]\n}}\n'


def _key(setting: dict) -> str:
    return json.dumps(setting, sort_keys=True)


def _folder() -> Path:
    return root() / "studies"


def _results_file(name: str) -> Path:
    return _folder() / "results" / f"{name}.json"
