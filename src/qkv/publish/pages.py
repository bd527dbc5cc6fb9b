"""The two pages of the site that are no pages of the book: the way in, and "not found"."""

import html
import json

# A host shows this page at any address, so it must need no other file: styles are in it, and its
# links start with the path of the published site. Elsewhere (a local server, a file) they are
# pointed at the site's root there.
NOT_FOUND = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>This page is not here · {title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1f252b; --paper: #fcfbf8; --link: #245786; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e2e0da; --paper: #16191d; --link: #8dbfe8; }}
}}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 1.125rem/1.6 "Source Serif", Georgia, "Times New Roman", serif; }}
main {{ max-width: 34rem; margin: 18vh auto; padding: 0 1.5rem; }}
h1 {{ font-size: 2.25rem; line-height: 1.2; }}
a {{ color: var(--link); }}
</style>
</head>
<body>
<main>
<p>{title}</p>
<h1>This page is not here</h1>
<p>The address may have a typing error, or the page may have moved.</p>
<ul>
<li><a href="{base}{start}">The start of the book</a> lists all chapters.</li>
<li><a href="{base}search.html">The search</a> finds words on every page.</li>
</ul>
</main>
<script>
if (!location.pathname.startsWith({base_json})) {{
  const root = location.protocol === "file:" ? "" : "/";
  for (const link of document.links) {{
    link.href = root + link.getAttribute("href").slice({base_json}.length);
  }}
}}
</script>
</body>
</html>
"""

WAY_IN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={start}">
<title>{title}</title>
</head>
<body><main><h1>{title}</h1><p><a href="{start}">Open the book</a></p></main></body>
</html>
"""


def write_pages(site, title, start, base):
    """Write `index.html` and `404.html` into `site`.

    `start` is the book's first page, as `book/index.html`, and `base` the path at which the site
    is published, as `/qkv/`.
    """
    words = {"title": html.escape(title), "start": start, "base": base}
    words["base_json"] = json.dumps(base)
    (site / "index.html").write_text(WAY_IN.format(**words), "utf-8")
    (site / "404.html").write_text(NOT_FOUND.format(**words), "utf-8")
