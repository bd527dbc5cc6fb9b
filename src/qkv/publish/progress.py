"""Show how far the notebooks are: lines that update in place, or a few plain ones in a log."""

import asyncio
import os
import shutil
import sys
from time import monotonic

from qkv.publish.times import duration

REDRAW_SECONDS = 0.2
LOG_SECONDS = 30  # how often a notebook says where it is when the output is no terminal


class Progress:
    """A line on stderr for each notebook that is running."""

    def __init__(self, names: list[str]):
        """`names` are those of all notebooks that will run."""
        self.width = max(map(len, names))
        self.in_place = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.running: dict[str, tuple[int, int, float]] = {}  # name → cell, cells, start
        self.said: dict[str, float] = {}  # name → when its last line was logged
        self.drawn = 0

    def start(self, name: str, cells: int) -> None:
        """Begin the line of a notebook with this many code cells."""
        self.running[name] = (0, cells, monotonic())
        self.said[name] = monotonic()
        if not self.in_place:
            self.say(f"{name:{self.width}}  {'':12}  running {cells} code cells")

    def step(self, name: str, cell: int) -> None:
        """Say that code cell number `cell` has begun."""
        _, cells, started = self.running[name]
        self.running[name] = (cell, cells, started)

    def finish(self, name: str, verdict: str) -> None:
        """End a notebook's line with `verdict` and the time since its start."""
        seconds = monotonic() - self.running.pop(name)[2]
        self.say(f"{name:{self.width}}  {duration(seconds):>12}  {verdict}")

    def say(self, text: str) -> None:
        """Write lines that stay, above those that change."""
        self._draw(f"{text}\n")

    def clear(self) -> None:
        """Take the changing lines off the terminal."""
        self.running.clear()
        self._draw()

    async def keep_drawing(self) -> None:
        """Redraw until cancelled."""
        while True:
            await asyncio.sleep(REDRAW_SECONDS)
            if self.in_place:
                self._draw()
                continue
            for name, when in self.said.items():
                if name in self.running and monotonic() - when >= LOG_SECONDS:
                    self.said[name] = monotonic()
                    self.say(self._line(name))

    def _draw(self, above: str = "") -> None:
        """Replace the changing lines by `above` and by what they are now, in one write."""
        text = f"\x1b[{self.drawn}F\x1b[J{above}" if self.drawn else above
        if self.in_place:
            columns = shutil.get_terminal_size().columns
            text += "".join(f"{self._line(name)[: columns - 1]}\n" for name in self.running)
            self.drawn = len(self.running)
        print(text, end="", file=sys.stderr, flush=True)

    def _line(self, name: str) -> str:
        cell, cells, started = self.running[name]
        at = f"cell {cell} of {cells}" if cell else "starting"
        return f"{name:{self.width}}  {duration(monotonic() - started):>12}  {at}"
