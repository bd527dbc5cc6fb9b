"""The output record of a figure: caption, alternative text, state and still picture in one.

A figure leaves its cell as one bundle (`FIGURE_MIME`). JupyterLab with a kernel shows the widget,
a code host shows the still picture, and the site turns the bundle into a numbered figure that the
script of `qkv.live.bundle.site_script` brings to life from the state stored in it.
"""

import base64

FIGURE_MIME = "application/vnd.qkv.figure+json"


def figure_bundle(*, name, caption, alt, module=None, state=None, still=None) -> dict:
    """Return the output bundle of a figure: its record, its still picture and its alternative text.

    `name` is the label that `{numref}` uses (or None), `caption` MyST text (or None), `alt` what
    the figure shows in words, `module` the ES module that draws `state` (both None for a still
    figure) and `still` the bytes of a PNG (or None).

    Raises `ValueError` when `alt` is empty.
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


def require_alt(name, alt):
    """Raise `ValueError` unless `alt` says something."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            f"the figure {name!r} has alt={alt!r}: say in a sentence what it shows, "
            "for readers who cannot see it"
        )
