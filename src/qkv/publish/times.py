"""How long the chapters run: processor seconds on an idle core, in one form wherever they stand."""

from pathlib import Path

from qkv.notebook.files import read_json

SLACK = 1.25  # machines differ: words that fit a time this much longer or shorter are kept


def runs(book: Path) -> dict[str, dict]:
    """Return what is noted of each notebook's last run: its processor seconds, date and cells."""
    path = book / "book" / "runs.json"
    return read_json(path) if path.exists() else {}


def duration(seconds: float) -> str:
    """Return a time as a table gives it: `8.3 s`, `2 min 05 s`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"


def roughly(seconds: float, said: str = "") -> str:
    """Return a time as a sentence gives it: `about 2 minutes`.

    What was `said` of an earlier run is kept while it is near enough, so that a page does not
    change with each run.
    """
    near = [seconds, seconds / SLACK, seconds * SLACK]
    words = [_roughly(time) for time in near]
    return said if said in words else words[0]


def _roughly(seconds: float) -> str:
    if seconds < 45:
        return f"about {max(1, round(seconds / 10)) * 10} seconds"
    minutes = round(seconds / 60)
    return "about a minute" if minutes == 1 else f"about {minutes} minutes"
