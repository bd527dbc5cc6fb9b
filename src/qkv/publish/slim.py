"""Let a page load what it uses, and what is read and seen first before all else."""

import re
from pathlib import Path

# Sphinx's search, 55 kB, which the theme puts before the text of every page.
SEARCH = re.compile(
    r'[ \t]*<script[^>]*\bsrc="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*">'
    r"</script>\n?"
)
MATHJAX = re.compile(
    r"[ \t]*<script>window\.MathJax = .*?</script>\n|"
    r'[ \t]*<script[^>]*\bsrc="[^"]*/mathjax/[^"]*"></script>\n?'
)
# A script that holds up the text, though it only adds to it. Inline scripts use the options.
HOLDS_UP = re.compile(r"<script(?=[^>]*\bsrc=)(?![^>]*\b(?:async|defer|documentation_options)\b)")
FORMULA = re.compile(r'class="[^"]*\bmath\b|"math"')


def slim_pages(site: Path) -> None:
    """Take out of each page of the built `site` what it does not use; let no script hold it up."""
    for path in site.rglob("*.html"):
        if "_static" in path.relative_to(site).parts:
            continue
        text = path.read_text("utf-8")
        path.write_text(slimmed(text, search=path.name == "search.html"), "utf-8")


def slimmed(html: str, *, search: bool) -> str:
    """Return a page without the scripts that it does not use; `search`: it is the search page."""
    if not FORMULA.search(html):
        html = MATHJAX.sub("", html)
    if search:
        return html  # its own scripts count on the order in which they stand
    return HOLDS_UP.sub("<script defer", SEARCH.sub("", html))
