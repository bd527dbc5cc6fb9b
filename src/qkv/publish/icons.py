"""Leave the theme's icon typefaces out of a site that brings drawings of its own."""

import re
import shutil
from pathlib import Path

SCRIPT = re.compile(r'[ \t]*<script[^>]*\bsrc="[^"]*/fontawesome\.js[^"]*"[^>]*></script>\n?')
PRELOAD = re.compile(r'[ \t]*<link[^>]*\bhref="[^"]*/fontawesome/[^"]*"[^>]*>\n?')
FACE = re.compile(r"@font-face\s*\{[^}]*Font Awesome[^}]*\}")
LETTER = re.compile(r'(?:\.fa-[\w-]+:before,?)+\{content:"[^"]*"\}')


def drop_icon_fonts(site: Path) -> None:
    """Take Font Awesome out of the built `site`, if the book draws the icons: `icons.css`.

    Its script is 800 kB of each page's load, for some seventeen shapes. Where there are no
    drawings, the theme's icons stay as they are.
    """
    static = site / "_static"
    if not (static / "icons.css").is_file():
        return
    for page in site.rglob("*.html"):
        rewrite(page, SCRIPT, PRELOAD)
    for sheet in (static / "styles").glob("*.css"):
        rewrite(sheet, FACE, LETTER)
    for path in (static / "scripts").glob("fontawesome.js*"):
        path.unlink()
    shutil.rmtree(static / "vendor/fontawesome", ignore_errors=True)


def rewrite(path: Path, *unwanted: re.Pattern[str]) -> None:
    """Take everything that matches out of a file."""
    text = path.read_text("utf-8")
    kept = text
    for pattern in unwanted:
        kept = pattern.sub("", kept)
    if kept != text:
        path.write_text(kept, "utf-8")
