"""Experiments over many seeds or settings: run once, stored as small data, checked for staleness.

A study is a script `studies/NAME.py` with two functions. `settings()` returns a list of dicts, one
for each run, with a seed and whatever varies; `run(**setting)` does one run and returns a dict of
plain numbers (or lists of them). `qkv study NAME` runs them and stores `studies/results/NAME.json`,
together with a fingerprint of the script, the `qkv` modules behind it and the packages' versions.
"""

import contextlib
import importlib.util
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from qkv.errors import QkvError
from qkv.notebook.files import write
from qkv.notebook.stale import fingerprint
from qkv.paths import root

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
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
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
        elif json.loads(path.read_text(encoding="utf-8"))["fingerprint"] != _fingerprint(name):
            problems.append(f"study {name}: its code or versions changed: run  qkv study {name}")
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
    if name not in names():
        known = ", ".join(names()) or "none yet"
        raise QkvError(f"there is no study {name!r} in studies/: there are {known}")
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
        message = f"study {name} failed at {setting}: {type(error).__name__}: {error}"
        raise StudyError(message) from error
    write(final, _text(name, print_, [runs[_key(setting)] for setting in wanted]))
    part.unlink(missing_ok=True)
    return True


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
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    return sys.modules[module_name]


def _fingerprint(name: str) -> str:
    return fingerprint([(_folder() / f"{name}.py").read_text(encoding="utf-8")], root())


def _runs(path: Path, print_: str) -> dict[str, dict]:
    """Return the runs stored at `path` by setting, none if another code made them."""
    if not path.is_file():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return (
        {_key(r["setting"]): r for r in stored["runs"]} if stored["fingerprint"] == print_ else {}
    )


def _text(name, print_, runs):
    """Return the file's text: one line a run, so that a change reads well."""
    lines = ",\n".join(f"  {json.dumps(run, ensure_ascii=False)}" for run in runs)
    return f'{{\n "study": "{name}",\n "fingerprint": "{print_}",\n "runs": [\n{lines}\n ]\n}}\n'


def _key(setting: dict) -> str:
    return json.dumps(setting, sort_keys=True)


def _folder() -> Path:
    return root() / "studies"


def _results_file(name: str) -> Path:
    return _folder() / "results" / f"{name}.json"
