"""What every live figure has in common: one widget, one ES module, one still picture."""

import json

import anywidget
import traitlets

from qkv.errors import QkvError
from qkv.figure import figure_bundle, require_alt, shown_size
from qkv.live.bundle import bundle, style_of

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
MAX_STATE = 300_000  # bytes of JSON; a page with ten figures stays under 3 MB


class LiveFigure(anywidget.AnyWidget):
    """A figure that the reader plays with: a widget in Jupyter, the same module on the site.

    A subclass names its ES module in `module`, declares what the module reads as traits tagged
    `sync=True` (values that JSON can hold), and returns a picture of its first state from
    `still()`. What the reader sets comes back in the traits when there is a kernel.
    """

    module: str = ""  # each figure names its own
    max_state = MAX_STATE
    smaller = "show fewer points or round the numbers"

    caption = traitlets.Unicode("", allow_none=True).tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)

    @property
    def _esm(self):
        """The source of the module, put together when a figure is made and not before."""
        return bundle(self.module)

    @property
    def _css(self):
        return style_of(self.module)

    def __init__(self, *, name=None, caption=None, alt, **state):
        """Store the state; raise `QkvError` when `alt` is empty or the state is too large."""
        require_alt(name, alt)
        super().__init__(caption=caption, alt=alt, **state)
        self.figure_name = name
        size = len(json.dumps(self.figure_state()))
        if size > self.max_state:
            raise QkvError(
                f"the figure {name!r} carries {size / 1000:.0f} kB, more than the "
                f"{self.max_state / 1000:.0f} kB that a page can bear: {self.smaller}"
            )

    def figure_state(self) -> dict:
        """Return what the module needs to draw the figure, as plain values for JSON."""
        common = set(anywidget.AnyWidget.class_trait_names(sync=True))
        common |= {"caption", "alt", "_esm", "_css", "_anywidget_id"}
        state = self.get_state(key=set(self.trait_names(sync=True)) - common)
        return {key: state[key] for key in sorted(state)}

    def still(self) -> bytes | None:
        """Return a PNG of the figure as it starts, or None when a picture would say nothing."""
        return None

    def _repr_mimebundle_(self, **kwargs):
        still = self.still()
        output = figure_bundle(
            name=self.figure_name,
            caption=self.caption,
            alt=self.alt,
            module=self.module,
            state=self.figure_state(),
            still=still,
        )
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        if WIDGET_MIME in data:
            output[WIDGET_MIME] = data[WIDGET_MIME]
        return output, {**metadata, **shown_size(still)}
