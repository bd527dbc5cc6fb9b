"""A matplotlib figure over a grid of controls, drawn ahead of time so that it needs no kernel."""

import base64
import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from qkv import plot
from qkv.errors import QkvError
from qkv.figure import require_alt
from qkv.live.base import LiveFigure

DPI = 150
COLOURS = 64


class Sweep(LiveFigure):
    """A figure drawn once for every setting of one to three controls.

    `draw(**values)` returns a matplotlib figure (or draws on the current one) and
    `describe(**values)` returns the sentence that says what that figure shows: it is announced
    when the reader moves a control, and stands in for the picture.

    `controls` maps each argument's name to a list of values (numbers make a slider, strings radio
    buttons) or to `{"values": [...], "label": ..., "unit": ...}`; `start` to the value that the
    figure starts at (default: the first).

    `values` is what the reader has set. With a kernel any number between the listed ones can be
    set as well, by the reader or by assigning to `values`; the figure is then drawn anew.

    Raises `QkvError` for controls that cannot be shown, for frames larger than 300 kB, and
    for text that would be too small on a phone.
    """

    module = "sweep"
    smaller = "list fewer values per control, or draw fewer points and lines"

    controls = traitlets.List().tag(sync=True)
    frames = traitlets.List().tag(sync=True)
    texts = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    drawn = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)

    def __init__(self, draw, controls, *, describe, start=None, name=None, caption=None, alt):
        """Draw every frame and store what changes between them."""
        require_alt(name, alt)
        first = dict.fromkeys(controls) | (start or {})
        controls = [_control(key, value, first.pop(key)) for key, value in controls.items()]
        if first:
            raise QkvError(f"start names {sorted(first)}, which are no controls of this sweep")
        if not 1 <= len(controls) <= 3:
            raise QkvError(
                f"a sweep has one to three controls, not {len(controls)}: "
                "fix the others inside draw()"
            )
        self._draw, self._describe = draw, describe
        names = [control["name"] for control in controls]
        settings = [
            dict(zip(names, values, strict=True))
            for values in itertools.product(*(control["values"] for control in controls))
        ]
        start = {control["name"]: control.pop("start") for control in controls}
        images = []
        for setting in settings:
            fig = self._figure(setting)
            plot.check_text(name, fig)
            images.append(plot.picture(fig, DPI))
            plt.close(fig)
        fig = self._figure(start)
        self._still = plot.png(fig)
        plt.close(fig)
        if len({image.size for image in images}) > 1:
            sizes = sorted({image.size for image in images})
            raise QkvError(f"frames of different sizes, {sizes}: give each figure one figsize")
        self.smaller = f"it has {len(images)} frames; {type(self).smaller}"
        super().__init__(
            name=name,
            caption=caption,
            alt=alt,
            controls=controls,
            frames=encode_frames(images),
            texts=[describe(**setting) for setting in settings],
            size=list(images[0].size),
            values=start,
        )
        self.observe(self._redraw, "values")

    def _figure(self, setting):
        fig = self._draw(**setting)
        fig = plt.gcf() if fig is None else fig
        if not isinstance(fig, Figure):
            raise QkvError(f"draw() returned {type(fig).__name__}: return a matplotlib figure")
        return fig

    def _redraw(self, change):
        """Draw a setting that is not among the frames; say what is wrong when that fails."""
        setting = change["new"]
        if all(setting[control["name"]] in control["values"] for control in self.controls):
            self.drawn = None  # type: ignore[assignment]
            return
        try:
            fig = self._figure(setting)
            frame, text = _webp(plot.picture(fig, DPI)), self._describe(**setting)
            plt.close(fig)
        except Exception as error:  # the reader's number may be one that draw() cannot take
            frame, text = None, f"No figure for this setting: {error}"
        self.drawn = {"values": setting, "frame": frame, "text": text}

    def still(self) -> bytes:
        """Return a PNG of the frame that the controls start at."""
        return self._still


def _control(name, given, start):
    """Return the control as plain values; raise `QkvError` when it cannot be shown."""
    given = dict(given) if isinstance(given, dict) else {"values": given}
    values = [value.item() if isinstance(value, np.generic) else value for value in given["values"]]
    if len(values) < 2 or len(set(values)) < len(values):
        raise QkvError(f"the control {name!r} has {values}: give two or more values, each once")
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
    if not all(numbers) and not all(isinstance(value, str) for value in values):
        raise QkvError(f"the control {name!r} has {values}: give all numbers or all strings")
    start = values[0] if start is None else start
    if start not in values:
        raise QkvError(f"the control {name!r} starts at {start!r}, which is not one of {values}")
    return {
        "name": name,
        "label": given.get("label", name.replace("_", " ")),
        "unit": given.get("unit", ""),
        "values": sorted(values) if all(numbers) else values,
        "start": start,
    }


def encode_frames(images) -> list[str]:
    """Return base64 WebP pictures of equal size: what all share first, then what each changes.

    The pictures after the first are transparent where they equal it, so axes and labels are
    stored once; a frame is drawn by laying its picture over the first.
    """
    strip = np.concatenate([np.asarray(image) for image in images])
    palette = Image.fromarray(strip).quantize(
        COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    frames = np.asarray(palette).reshape(len(images), images[0].height, images[0].width)
    colours = np.array(palette.getpalette(), np.uint8).reshape(-1, 3)
    shared = np.sort(frames, axis=0)[len(frames) // 2]
    encoded = [_webp(Image.fromarray(colours[shared]))]
    for frame in frames:
        opaque = np.where(frame == shared, 0, 255).astype(np.uint8)
        pixels = np.dstack([colours[frame], opaque])
        pixels[frame == shared] = 0
        patch, whole = _webp(Image.fromarray(pixels)), _webp(Image.fromarray(colours[frame]))
        encoded.append(min(patch, whole, key=len))
    return encoded


def _webp(image):
    buffer = io.BytesIO()
    image.save(buffer, format="webp", lossless=True, method=4)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
