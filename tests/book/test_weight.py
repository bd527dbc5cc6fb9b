"""What a page asks of a reader: under a megabyte as it loads, and no text that moves away."""

import gzip
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from qkv.paths import root

TOC = yaml.safe_load((root() / "_toc.yml").read_text())
FILES = [chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]]
CHAPTERS = [f"{file}.html" for file in FILES if file.startswith("chapters/")]
BUDGET = 1_000_000
STILL = 0.05  # of the browser's measure of what moves, from which it calls a page unsteady at 0.1
TEXT = {".html", ".js", ".css", ".svg", ".json"}


def packed(path: Path) -> int:
    """Return the size of a file as a web host sends it: text compressed."""
    content = path.read_bytes()
    return len(gzip.compress(content, 6) if path.suffix in TEXT else content)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_loads_with_less_than_a_megabyte(page, site, name):
    asked = set()
    page.on("request", lambda request: asked.add(unquote(urlsplit(request.url).path)))
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto((site / name).as_uri(), wait_until="networkidle")
    sizes = {path: packed(Path(path)) for path in asked if Path(path).is_file()}
    # A model's weights come when its figure is near.
    assert not [path for path in sizes if sizes[path] > BUDGET / 2 and "/figures/" in path]
    assert packed(site / name) < 100_000
    assert sum(sizes.values()) < BUDGET, sorted(sizes.items(), key=lambda item: -item[1])[:8]


SHIFTS = """
window.moved = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (entry.hadRecentInput) return;
  const nodes = (entry.sources ?? []).map(({ node }) => node?.id || node?.className);
  window.moved.push([entry.value, nodes]);
})).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("name", ["book/index.html", *CHAPTERS])
def test_nothing_moves_under_the_readers_eyes(page, address, name, width):
    page.add_init_script(SHIFTS)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/{name}", wait_until="networkidle")
    for _ in range(6):
        page.evaluate("scrollBy(0, innerHeight / 2)")
        page.wait_for_timeout(100)
    moved = page.evaluate("moved")
    assert sum(value for value, _ in moved) < STILL, sorted(moved, key=str, reverse=True)[:3]


def test_every_typeface_that_is_seen_first_is_a_file_of_the_site(page, site, address):
    asked = []
    page.on("request", lambda request: asked.append((request.resource_type, request.url)))
    page.goto(f"{address}/{CHAPTERS[0]}", wait_until="networkidle")
    fonts = [url for kind, url in asked if kind == "font" and "/fonts/Source" in url]
    first = page.evaluate(
        "[...document.querySelectorAll('link[rel=preload][as=font]')].map(l => l.href)"
    )
    assert len(first) == 4
    assert set(first) <= set(fonts)
    assert all((site / urlsplit(url).path[1:]).is_file() for url in first)
    assert len(fonts) == len(set(fonts))  # none twice


def test_from_a_file_the_text_waits_for_its_typefaces(page, site):
    page.goto((site / CHAPTERS[0]).as_uri(), wait_until="networkidle")
    shown = page.evaluate("[...document.fonts].map((face) => [face.family, face.display])")
    assert {display for family, display in shown if "Source" in family} == {"block"}
