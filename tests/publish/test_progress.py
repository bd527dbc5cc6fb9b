import asyncio
import io
import re
import sys
from types import SimpleNamespace

import pytest

from qkv.publish import progress


class Terminal(io.StringIO):
    """A terminal that knows the codes that the progress lines use."""

    def isatty(self):
        return True

    def screen(self):
        """Return the lines that are seen in the end."""
        lines, row = [""], 0
        for token in re.findall(r"\x1b\[\d*[FJ]|\n|[^\x1b\n]+", self.getvalue()):
            if token.endswith("F") and token.startswith("\x1b"):
                row -= int(token[2:-1])
            elif token == "\x1b[J":
                lines[row:] = [""]
            elif token == "\n":
                row += 1
                lines += [""] * (row == len(lines))
            else:
                lines[row] += token
        return [" ".join(line.split()) for line in lines if line]


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand; the progress lines go by it."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress, "monotonic", lambda: now.seconds)
    return now


def draw(lines):
    """Let the progress lines be redrawn once or more."""

    async def a_moment():
        drawing = asyncio.create_task(lines.keep_drawing())
        await asyncio.sleep(0.02)
        drawing.cancel()

    asyncio.run(a_moment())


def test_on_a_terminal_the_lines_are_updated_in_place(monkeypatch, clock):
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    lines = progress.Progress(["01_first", "02_second"])
    lines.start("01_first", 3)
    lines.start("02_second", 5)
    lines.step("02_second", 4)
    clock.seconds = 65
    draw(lines)
    assert terminal.screen() == [
        "01_first 1 min 05 s starting",
        "02_second 1 min 05 s cell 4 of 5",
    ]
    lines.finish("02_second", "done")
    clock.seconds = 66.5
    draw(lines)
    assert terminal.screen() == ["02_second 1 min 05 s done", "01_first 1 min 06 s starting"]


def test_in_a_log_a_notebook_says_now_and_then_where_it_is(monkeypatch, clock, capsys):
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0)
    lines = progress.Progress(["01_first"])
    lines.start("01_first", 3)
    lines.step("01_first", 2)
    clock.seconds = 29
    draw(lines)
    clock.seconds = 31
    draw(lines)
    said = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert said == ["01_first running 3 code cells", "01_first 31.0 s cell 2 of 3"]
