"""Take out of a notebook what changes from run to run and tells the reader nothing."""

import copy
import hashlib
import re
from itertools import groupby
from pathlib import Path

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}

# What tqdm draws: "loss 0.3:  45%|████▌     | 45/100 [00:01<00:01, 31it/s]" and "45it [00:01, …]".
_BAR = re.compile(r"(\d+%\|.*\| ?\S+/\S+ \[\d+:\d\d|\d\S* \[\d+:\d\d(:\d\d)?, ).*\]\s*$")
# Nine digits and more: shorter ones may be numbers that the text is about, such as 0x1f600.
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{9,16}\b")
_PATH = r"(?:~|[A-Za-z]:)?[/\\][^\s'\"(\x1b]*"
_CELL_FILE = re.compile(_PATH + r"ipykernel_\d+[/\\]\d+\.py")
_SITE_PACKAGES = re.compile(_PATH + r"[/\\]site-packages[/\\]")
_ERASE_LINE = re.compile(r"\x1b\[[012]?K")
_CURSOR_UP = re.compile(r"\x1b\[\d*A")


def normalise(notebook: dict, book: Path) -> None:
    """Bring a notebook that has just run into the form in which it is stored, in place.

    `notebook` is as nbformat reads it, every text one string; `book` is the folder whose own path
    is taken out of the texts. Normalising twice is the same as normalising once.
    """
    notebook["metadata"].pop("widgets", None)
    notebook["metadata"]["kernelspec"] = copy.deepcopy(KERNELSPEC)
    notebook["metadata"]["language_info"] = copy.deepcopy(LANGUAGE_INFO)
    add_cell_ids(notebook["cells"])
    count = 0
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)
        if cell["cell_type"] != "code":
            continue
        cell["execution_count"] = None
        if cell["source"].strip():
            count += 1
            cell["execution_count"] = count
        cell["outputs"] = _outputs(cell["outputs"], book)
        for output in cell["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = cell["execution_count"]


def add_cell_ids(cells: list[dict]) -> None:
    """Give each cell without an id, or with another cell's, one that its source determines."""
    taken = set()
    for cell in cells:
        name = cell.get("id")
        source = "".join(cell["source"])
        while not name or name in taken:
            name = hashlib.sha256(f"{name or ''}{source}".encode()).hexdigest()[:8]
        cell["id"] = name
        taken.add(name)


def on_a_terminal(text: str) -> str:
    """Return the lines that a terminal shows in the end, once carriage returns have done theirs."""
    lines = []
    for line in _CURSOR_UP.sub("", text).split("\n"):
        shown = ""
        for part in line.split("\r"):
            kept = "" if _ERASE_LINE.search(part) else shown[len(part) :]
            shown = _ERASE_LINE.sub("", part) + kept
        lines.append(shown)
    return "\n".join(lines)


def _outputs(outputs: list[dict], book: Path) -> list[dict]:
    kept = []
    shown = [output for output in outputs if not _only_a_widget(output)]
    for is_stream, group in groupby(shown, lambda output: output["output_type"] == "stream"):
        block = list(group)
        kept += _streams(block, book) if is_stream else [_clean(output, book) for output in block]
    return kept


def _only_a_widget(output: dict) -> bool:
    """Whether nothing is left to show without a kernel: a bare widget, or a bar drawn as one."""
    data = output.get("data", {})
    rest = data.keys() - {WIDGET_VIEW}
    text = data.get("text/plain", "")
    return WIDGET_VIEW in data and (not rest or (rest == {"text/plain"} and _is_bar(text)))


def _streams(outputs: list[dict], book: Path) -> list[dict]:
    """Merge neighbouring pieces: they, and the order of the two streams, depend on the clock."""
    merged = []
    for name in ("stdout", "stderr"):
        text = "".join(output["text"] for output in outputs if output["name"] == name)
        text = _stable(on_a_terminal(text), book)
        if name == "stderr" and any(map(_is_bar, text.split("\n"))):
            lines = [line for line in text.split("\n") if line.strip() and not _is_bar(line)]
            text = "".join(f"{line}\n" for line in lines)
        if text:
            merged.append({"output_type": "stream", "name": name, "text": text})
    return merged


def _is_bar(line: str) -> bool:
    return bool(_BAR.search(line))


def _clean(output: dict, book: Path) -> dict:
    output.pop("transient", None)
    if output["output_type"] == "error":
        output["evalue"] = _stable(output["evalue"], book)
        output["traceback"] = [_stable(line, book) for line in output["traceback"]]
        return output
    output["data"].pop(WIDGET_VIEW, None)
    output["metadata"].pop(WIDGET_VIEW, None)
    for mime, value in output["data"].items():
        if isinstance(value, str) and "text/" in mime:
            output["data"][mime] = _stable(value, book)
    return output


def _stable(text: str, book: Path) -> str:
    """Take memory addresses and the folders of this machine out of `text`."""
    text = _CELL_FILE.sub("cell", text)
    text = _SITE_PACKAGES.sub("site-packages/", text)
    for folder in {book.as_posix(), str(book), _from_home(book)}:
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    return _ADDRESS.sub("0x…", text)


def _from_home(folder: Path) -> str:
    """Return `folder` the way IPython's tracebacks write it."""
    if not folder.is_relative_to(Path.home()):
        return str(folder)
    return f"~/{folder.relative_to(Path.home()).as_posix()}"
