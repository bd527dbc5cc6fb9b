"""What a chapter asks of a reader's connection, as its page loads: under a megabyte."""

import gzip
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from qkv.paths import root
from qkv.publish.build import build_site

TOC = yaml.safe_load((root() / "_toc.yml").read_text())
FILES = [chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]]
CHAPTERS = [f"{file}.html" for file in FILES if file.startswith("chapters/")]
BUDGET = 1_000_000
TEXT = {".html", ".js", ".css", ".svg", ".json"}


@pytest.fixture(scope="module")
def site():
    """The folder of the built site."""
    build_site()
    return root() / "_build/html"


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
