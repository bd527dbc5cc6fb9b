"""A page that holds live figures and nothing else: what the site makes, without the site."""

import html
import json

from qkv.live.figure import FIGURE_MIME, site_script, site_style

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Live figures</title><link rel="icon" href="data:,">
<style>{style}
body {{ margin: 1rem auto; padding: 0 16px; max-width: 46rem; font: 18px/1.6 serif;
  color: #1b2733; background: #fff; }}
html[data-theme="dark"] body {{ color: #e3e8ee; background: #14191f; }}
figure {{ margin: 2rem 0; }}</style></head>
<body><main><h1>Live figures</h1>{figures}</main><script>{script}</script></body></html>
"""

FIGURE = """<figure id="{name}">
<div class="qkv-live" data-module="{module}">{still}
<script type="application/json">{state}</script></div>
<figcaption>{caption}</figcaption></figure>"""


def live_page(*figures, theme="light") -> str:
    """Return a page with the given live figures, as their cells' outputs would put them there."""
    parts = []
    for figure in figures:
        record = figure._repr_mimebundle_()[0][FIGURE_MIME]
        still = record["still"] and (
            f'<img class="qkv-still qkv-invert" alt="{html.escape(record["alt"])}" '
            f'src="data:image/png;base64,{record["still"]}">'
        )
        parts.append(
            FIGURE.format(
                name=record["name"] or record["module"],
                module=record["module"],
                still=still or "",
                state=json.dumps(record["state"]).replace("</", "<\\/"),
                caption=html.escape(record["caption"] or ""),
            )
        )
    return PAGE.format(
        theme=theme, style=site_style(), figures="\n".join(parts), script=site_script()
    )
