"""Run the chapters' notebooks and store what they print."""

import asyncio
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from qkv.errors import QkvError
from qkv.notebook.files import read_notebook, write
from qkv.notebook.normalise import normalise
from qkv.notebook.stale import is_fresh, key, outputs_key
from qkv.paths import notebooks, require_writable, root
from qkv.publish.export import rendered, write_modules
from qkv.publish.lock import only_one
from qkv.publish.plain import facts_of, fill
from qkv.publish.progress import Progress
from qkv.publish.times import duration, runs

START_SECONDS = 120  # a kernel takes one or two to start, and more where every core is busy
SHOWN_LINES = 3  # source lines shown on each side of the one that failed
SHOWN_MESSAGE = 1000  # characters of an error's message

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"^\s*(?:File (.+?):(\d+)|Cell In ?\[(\d+)\], line (\d+))(?:, in (\w+))?", re.M)


class NotebookError(Exception):
    """A notebook did not run to its end; the message says where and why."""


def run_notebooks(
    chapters: Iterable[str] = (),
    *,
    force: bool = False,
    jobs: int | None = None,
    text: bool = False,
) -> int:
    """Run the notebooks of `chapters` whose outputs are stale; return how many failed.

    `chapters` holds numbers (`01`), names (`01_encodings`) or paths; none means every chapter.
    `force` runs fresh ones too. `jobs` notebooks run at a time, each in a process of its own and on
    one thread (default: one per core). A file changes only when all cells of its notebook have run.

    Afterwards the text of every chosen chapter says what its outputs say; with `text` nothing else
    is done. Another run of the same book is waited for.

    Raises `QkvError` for an unknown chapter, one that cannot be read and a book in which nothing
    can be stored, and `SystemExit(130)` after Ctrl-C.
    """
    book = root()
    chosen = _chosen(book, chapters)
    for folder in ("chapters", "book", "_build"):  # before minutes of work, not after
        require_writable(book / folder)
    with only_one(book / "_build/.run.lock", "another `qkv run` of this book"):
        runs(book)  # before minutes of work, too, if it cannot be read
        stale = [] if text else _stale(book, chosen, force)
        failed = _run(book, stale, jobs) if stale else 0
        for path in chosen:
            if path not in stale:
                _fill_stored(path, book)
        if not text and not stale:
            print(f"nothing to run: the outputs of {_notebooks(len(chosen))} are fresh")
        return failed


def _stale(book: Path, chosen: list[Path], force: bool) -> list[Path]:
    """Return those of `chosen` that have to be run, once the modules behind them are written."""
    for line in write_modules(book, rendered(book)):
        print(line, file=sys.stderr)
    return [path for path in chosen if force or not is_fresh(read_notebook(path), path, book)]


def _fill_stored(path: Path, book: Path) -> None:
    """Bring the text of a notebook in line with the outputs stored in it."""
    notebook = read_notebook(path)
    try:
        cells = fill(notebook, facts_of(notebook, path, book))
    except QkvError as error:
        raise QkvError(f"chapters/{path.name}, {error}") from error
    if cells:
        write(path.resolve(), _as_text(notebook))
        print(f"the text of {path.stem} says what its outputs say: {_cells(cells)} changed")


def _run(book: Path, stale: list[Path], jobs: int | None) -> int:
    """Run the `stale` notebooks, say how it went, and return how many failed."""
    progress = Progress([path.stem for path in stale])
    failed: dict[Path, bool] = {}
    started = monotonic()
    try:
        asyncio.run(_run_all(stale, book, jobs or _cores(), progress, failed))
    except KeyboardInterrupt:
        progress.clear()
        done = sum(not bad for bad in failed.values())
        print(
            f"stopped: {done} of {_notebooks(len(stale))} stored, every other file is as it was",
            file=sys.stderr,
        )
        raise SystemExit(130) from None
    names = [path.stem for path in stale if failed[path]]
    took = duration(monotonic() - started)
    if names:
        print(
            f"{len(names)} of {_notebooks(len(stale))} failed after {took}; "
            f"nothing was stored for {', '.join(names)}"
        )
    else:
        print(f"{_notebooks(len(stale))} run and stored in {took}")
    return len(names)


def _chosen(book: Path, chapters: Iterable[str]) -> list[Path]:
    """Return the notebooks that `chapters` names, each once, in the order of the book."""
    every = notebooks(book)
    if not (wanted := list(map(str, chapters))):
        return every
    chosen = set()
    for chapter in wanted:
        number = chapter.zfill(2) if chapter.isdigit() else None
        found = [
            path
            for path in every
            if chapter in (path.stem, path.name)
            or number == path.stem.partition("_")[0]
            or Path(chapter).resolve() == path.resolve()
            or (book / chapter).resolve() == path.resolve()
        ]
        if not found:
            there = ", ".join(path.stem for path in every) or "none yet"
            raise QkvError(f"there is no chapter {chapter!r}: chapters/ holds {there}")
        chosen.update(found)
    return sorted(chosen)


async def _run_all(
    stale: list[Path], book: Path, jobs: int, progress: Progress, failed: dict[Path, bool]
) -> None:
    """Run `stale` notebooks, `jobs` at a time; note for each that ended whether it failed."""
    places = asyncio.Semaphore(jobs)

    async def one(path: Path) -> None:
        async with places:
            try:
                await _run_and_store(path, book, Path(folder), progress)
            except NotebookError as error:
                progress.finish(path.stem, f"{error}\n")
                failed[path] = True
            else:
                failed[path] = False

    drawing = asyncio.create_task(progress.keep_drawing())
    with tempfile.TemporaryDirectory(prefix="qkv-run-") as folder:
        async with asyncio.TaskGroup() as group:
            for path in stale:
                group.create_task(one(path))
    drawing.cancel()


async def _run_and_store(path: Path, book: Path, folder: Path, progress: Progress) -> None:
    """Run one notebook and put it, normalised, in the place of its file."""
    import nbformat

    before = path.read_bytes()
    notebook = nbformat.from_dict(read_notebook(path))
    fingerprint = key(notebook, path, book)
    cells = sum(_has_code(cell) for cell in notebook["cells"])
    progress.start(path.stem, cells)
    seconds = await _execute(notebook, path, book, folder, progress)
    if path.read_bytes() != before:
        raise NotebookError("was edited while it ran, so its outputs were not stored: run it again")
    normalise(notebook, book)
    try:
        fill(notebook, facts_of(notebook, path, book, seconds))
    except QkvError as error:
        raise NotebookError(f"ran, but its text does not fit: {error}") from error
    marks = notebook["metadata"].setdefault("qkv", {})
    marks["key"], marks["outputs"] = fingerprint, outputs_key(notebook)
    try:
        write(path.resolve(), _as_text(notebook))  # a link stays a link
    except (QkvError, UnicodeEncodeError) as error:
        raise NotebookError(f"ran, but its file could not be stored: {error}") from error
    took = f"{duration(seconds)} of one processor"
    progress.finish(path.stem, f"{cells} code cells run and stored, {took}")
    _note_run(book, path.stem, seconds, cells)


async def _execute(
    notebook: Any, path: Path, book: Path, folder: Path, progress: Progress
) -> float:
    """Run the cells of `notebook` in a fresh kernel, which is gone afterwards.

    Returns the processor seconds of its process and of those that this one waited for: what else
    the machine does hardly changes them.
    """
    import psutil
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    # With no folders to search, the kernel is this very Python, whatever else is installed.
    manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    quiet = logging.getLogger("qkv.run")
    quiet.setLevel(logging.CRITICAL + 1)
    client = NotebookClient(
        notebook, km=manager, startup_timeout=START_SECONDS, store_widget_state=False, log=quiet
    )
    number, cell = 0, dict[str, Any]()
    words = folder / f"{path.stem}.log"  # what the kernel itself says when it cannot go on
    try:
        with words.open("wb") as log:
            await client.async_start_new_kernel(
                cwd=str(path.parent), env=_environment(book, folder), stdout=log, stderr=log
            )
        await client.async_start_new_kernel_client()
        for index, cell in enumerate(notebook["cells"]):
            if _has_code(cell):
                number += 1
                progress.step(path.stem, number)
                await client.async_execute_cell(cell, index, execution_count=number)
        kernel: Any = manager.provisioner  # one that was started has the id of its process
        times = psutil.Process(kernel.pid).cpu_times()
        return times.user + times.system + times.children_user + times.children_system
    except CellExecutionError as error:
        where = _failure(notebook, number, cell, error, book)
        raise NotebookError(where) from error
    except (DeadKernelError, RuntimeError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # Ctrl-C looks to nbclient like a dead kernel
            raise asyncio.CancelledError from None
        raise NotebookError(_death(notebook, number, cell, error, words)) from error
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if await manager.is_alive():
            await manager.shutdown_kernel(now=True)


def _environment(book: Path, folder: Path) -> dict[str, str]:
    """Return the kernel's environment: one thread, no randomness, nobody's own settings."""
    own = str(book / "src")
    return {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(filter(None, [own, os.environ.get("PYTHONPATH")])),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "IPYTHONDIR": str(folder),
    }


def _failure(notebook: dict, number: int, cell: dict, error, book: Path) -> str:
    """Say which cell failed, show the lines around the place, and give the error."""
    frames = [match.groups() for match in _FRAME.finditer(_COLOUR.sub("", error.traceback))]
    line = next((int(line) for _, _, _, line, _ in frames if line), None)
    message = _COLOUR.sub("", error.evalue)
    if len(message) > SHOWN_MESSAGE:
        message = message[:SHOWN_MESSAGE] + " …"
    where = ""
    if frames and frames[-1][0]:
        file, at, _, _, function = frames[-1]
        file = _short(file, book)
        where = f"\n  raised in {file}, line {at}" + (f", in {function}" if function else "")
    elif frames and int(frames[-1][2]) != number:
        where = f"\n  raised in code cell {frames[-1][2]}, line {frames[-1][3]}"
    return (
        f"{_place(notebook, number)}{f', line {line}' if line else ''}:\n\n"
        f"{_source(cell, line)}\n\n  {error.ename}: {message}{where}"
    )


def _death(notebook: dict, number: int, cell: dict, error, words: Path) -> str:
    """Say during which cell the kernel died, and what it said last."""
    lines = words.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    lines = [line for line in lines if "IPKernelApp" not in line]
    said = "".join(f"\n    {line}" for line in lines[-5:])
    if not number:
        return f"did not start: {error}{said}"
    return (
        f"{_place(notebook, number)}:\n\n{_source(cell, None)}\n\n"
        f"  its process died; too little memory is the usual cause{said}"
    )


def _short(file: str, book: Path) -> str:
    """Return a file of the book by its path in the book, another by its whole path."""
    path = Path(file).expanduser()
    return path.relative_to(book).as_posix() if path.is_relative_to(book) else str(path)


def _place(notebook: dict, number: int) -> str:
    cells = sum(_has_code(cell) for cell in notebook["cells"])
    return f"failed in code cell {number} of {cells}"


def _source(cell: dict, line: int | None) -> str:
    """Return the numbered lines of a cell around `line`, which is marked, or its first ones."""
    lines = cell["source"].strip("\n").splitlines()
    middle = line or SHOWN_LINES + 1
    first, last = max(1, middle - SHOWN_LINES), min(len(lines), middle + SHOWN_LINES)
    shown = [
        f"  {'>' if number == line else ' '} {number:3}  {lines[number - 1]}".rstrip()
        for number in range(first, last + 1)
    ]
    if last < len(lines):
        shown.append(f"         … {len(lines) - last} more lines")
    return "\n".join(shown)


def _note_run(book: Path, name: str, seconds: float, cells: int) -> None:
    """Note in `book/runs.json` that a notebook was proved today, and how long it took.

    `seconds` are those of the processor.
    """
    entry = {"seconds": round(seconds, 1), "date": date.today().isoformat(), "cells": cells}
    noted = {**runs(book), name: entry}
    there = [run for run in sorted(noted) if (book / "chapters" / f"{run}.ipynb").exists()]
    lines = [f' "{run}": {json.dumps(noted[run])}' for run in there]
    write(book / "book" / "runs.json", "{\n" + ",\n".join(lines) + "\n}\n")


def _as_text(notebook: dict) -> str:
    """Return the file's text in Jupyter's own form, so that saving there changes little."""
    import nbformat

    return nbformat.v4.writes(nbformat.from_dict(notebook)) + "\n"


def _has_code(cell: dict) -> bool:
    return cell["cell_type"] == "code" and bool(cell["source"].strip())


def _cells(numbers: list[int]) -> str:
    return f"cell{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _notebooks(count: int) -> str:
    return "1 notebook" if count == 1 else f"{count} notebooks"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
