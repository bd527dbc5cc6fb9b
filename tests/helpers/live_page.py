"""A page that holds live figures and nothing else: what the site makes, without the site."""

import base64
import html
import json

import numpy as np

from qkv.figure import FIGURE_MIME
from qkv.live.bundle import site_scripts, site_style

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

# A figure waits until it is near: the first that is not ready is brought there.
ALIVE = """() => {
  const late = [...document.querySelectorAll(".qkv-live")].filter(
    (e) => !e.matches(".qkv-ready") && !e.querySelector(".qkv-failed"));
  late[0]?.scrollIntoView();
  return !late.length;
}"""

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
    scripts = "\n".join(site_scripts().values()).replace("</", "<\\/")
    return PAGE.format(theme=theme, style=site_style(), figures="\n".join(parts), script=scripts)


def open_live(page, folder, *figures, theme="light", width=900, motion="reduce"):
    """Open a page with the figures, from a file in `folder`; return it once they are alive."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(reduced_motion=motion)
    path = folder / "page.html"
    path.write_text(live_page(*figures, theme=theme), "utf-8")
    page.goto(path.as_uri())
    page.wait_for_function(ALIVE)
    page.evaluate("scrollTo(0, 0)")
    assert page.locator(".qkv-ready").count() == len(figures)
    return page


def stored(state) -> dict:
    """Return the tensors in a figure's state by name, as arrays."""
    numbers = np.frombuffer(base64.b64decode(state["weights"]), "<f4").copy()
    shapes = dict(state["shapes"])
    parts = np.split(numbers, np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1])
    return {
        name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def errors_of(page) -> list[str]:
    """Return the list in which the page's errors are noted as they happen."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    return errors
