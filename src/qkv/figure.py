"""The output record of a figure: caption, alternative text, state and still picture in one.

A figure leaves its cell as one bundle (`FIGURE_MIME`). JupyterLab with a kernel shows the widget,
a code host shows the still picture, and the site turns the bundle into a numbered figure that the
scripts of `qkv.live.bundle.site_scripts` bring to life from the state stored in it.
"""

import base64
import struct

from qkv.errors import QkvError

FIGURE_MIME = "application/vnd.qkv.figure+json"


def figure_bundle(
    *,
    name: str | None,
    caption: str | None,
    alt: str,
    module: str | None = None,
    state: dict | None = None,
    still: bytes | None = None,
) -> dict:
    """Return the output bundle of a figure: its record, its still picture and its alternative text.

    `name` is the label that `{numref}` uses (or None), `caption` MyST text (or None), `alt` what
    the figure shows in words, `module` the ES module that draws `state` (both None for a still
    figure) and `still` the bytes of a PNG (or None).

    Raises `QkvError` when `alt` is empty.
    """
    require_alt(name, alt)
    picture = None if still is None else base64.b64encode(still).decode("ascii")
    record = {
        "name": name,
        "caption": caption,
        "alt": alt,
        "module": module,
        "state": state,
        "still": picture,
    }
    output = {FIGURE_MIME: record, "text/plain": alt}
    if picture is not None:
        output["image/png"] = picture
    return output


def require_alt(name: str | None, alt: str) -> None:
    """Raise `QkvError` unless `alt` says something."""
    if not isinstance(alt, str) or not alt.strip():
        raise QkvError(
            f"the figure {name!r} has alt={alt!r}: say in a sentence what it shows, "
            "for readers who cannot see it"
        )


def shown_size(still: bytes | None) -> dict:
    """Return the output metadata that shows a still picture as large as it was drawn.

    Without it, JupyterLab takes the dots of a fine picture for pixels of the screen. The height
    follows from the width, also where the page is narrower than the picture.
    """
    return {} if still is None else {"image/png": {"width": png_size(still)[0]}}


def png_size(png: bytes) -> tuple[int, int]:
    """Return the (width, height) of a PNG in CSS pixels, from its pixels and its dots per inch.

    Raises `QkvError` when the bytes are no PNG.
    """
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise QkvError("the still picture of a figure is not a PNG file")
    width, height = struct.unpack(">II", png[16:24])
    start = png.find(b"pHYs", 0, 4096)
    if start == -1:
        return width, height
    per_metre = struct.unpack(">I", png[start + 4 : start + 8])[0]
    scale = 96 / (per_metre * 0.0254)
    return round(width * scale), round(height * scale)
