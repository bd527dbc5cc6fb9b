"""What every figure of the book has in common: one output, one module, one still picture.

A figure leaves its cell as one bundle (`FIGURE_MIME`). JupyterLab with a kernel shows the widget,
a code host shows the still picture, and the site turns the bundle into a numbered figure that the
script of `site_script` brings to life from the state stored in it.
"""

import base64
import json
import re
from pathlib import Path

import anywidget
import traitlets

FIGURE_MIME = "application/vnd.qkv.figure+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
HERE = Path(__file__).parent
MAX_STATE = 300_000  # bytes of JSON; a page with ten figures stays under 3 MB

IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([\w-]+)\.js";?[ \t]*$', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|let|class)\s+(\w+))", re.M)


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


def bundle(module: str) -> str:
    """Return the source of `js/<module>.js` with its imports from `./….js` written into it.

    Each imported file becomes a function that runs once and returns its exports, so two files may
    use the same name. An import of any other form raises `ValueError`: a figure asks no other
    file, and no other host, for anything.
    """
    path = HERE / "js" / f"{module}.js"
    if not path.is_file():
        known = ", ".join(site_modules())
        raise FileNotFoundError(f"there is no live module {module!r}: choose one of {known}")
    parts, done = [], set()
    _inline(path, parts, done)
    return "\n".join([*parts, _with_constants(path)])


def _inline(path, parts, done):
    """Append the files that `path` imports to `parts`, each after what it needs itself."""
    for match in IMPORT.finditer(path.read_text("utf-8")):
        other = path.with_name(f"{match[2]}.js")
        if other in done:
            continue
        done.add(other)
        _inline(other, parts, done)
        source = _with_constants(other)
        names = ", ".join(EXPORT.findall(source))
        body = EXPORT.sub("", source)
        parts.append(
            f"const {_variable(other.stem)} = (() => {{\n{body}\nreturn {{{names}}};\n}})();"
        )


def _with_constants(path):
    """Return the source of `path` with each import turned into a constant."""

    def constant(match):
        names = re.sub(r"\s+as\s+", ": ", match[1].strip().rstrip(","))
        return f"const {{{names}}} = {_variable(match[2])};"

    source = IMPORT.sub(constant, path.read_text("utf-8"))
    foreign = re.search(r"^import\b.*|\bimport\(.*", source, re.M)
    if foreign:
        raise ValueError(
            f'{path.name} has `{foreign[0].strip()}`: write import {{name}} from "./file.js"'
        )
    return source


def _variable(stem):
    return "__" + stem.replace("-", "_")


def site_modules() -> list[str]:
    """Return the names of the modules that draw a figure: those with a default export."""
    return [
        path.stem
        for path in sorted((HERE / "js").glob("*.js"))
        if re.search(r"^export default\b", path.read_text("utf-8"), re.M)
    ]


def site_script() -> str:
    """Return the text of the site's one script: the loader and the source of every module."""
    sources = json.dumps({module: bundle(module) for module in site_modules()}, ensure_ascii=True)
    loader = (HERE / "js" / "loader.js").read_text("utf-8")
    return loader.replace("/* SOURCES */ {}", sources.replace("</", "<\\/"))


def site_style() -> str:
    """Return the style of live figures, on the site and in Jupyter: every `live/*.css`."""
    return "\n".join(path.read_text("utf-8") for path in sorted(HERE.glob("*.css")))


class LiveFigure(anywidget.AnyWidget):
    """A figure that the reader plays with: a widget in Jupyter, the same module on the site.

    A subclass names its ES module in `module`, declares what the module reads as traits tagged
    `sync=True` (values that JSON can hold), and returns a picture of its first state from
    `still()`. What the reader sets comes back in the traits when there is a kernel.
    """

    module = None
    max_state = MAX_STATE
    smaller = "show fewer points or round the numbers"

    caption = traitlets.Unicode("", allow_none=True).tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        """Give the subclass its module's source and the common style."""
        if "module" in cls.__dict__:  # traitlets derives a class of its own for each instance
            cls._esm = bundle(cls.module)
            cls._css = site_style()
        super().__init_subclass__(**kwargs)

    def __init__(self, *, name=None, caption=None, alt, **state):
        """Store the state; raise `ValueError` when `alt` is empty or the state is too large."""
        require_alt(name, alt)
        super().__init__(caption=caption, alt=alt, **state)
        self.figure_name = name
        size = len(json.dumps(self.figure_state()))
        if size > self.max_state:
            raise ValueError(
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
        output = figure_bundle(
            name=self.figure_name,
            caption=self.caption,
            alt=self.alt,
            module=self.module,
            state=self.figure_state(),
            still=self.still(),
        )
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        if WIDGET_MIME in data:
            output[WIDGET_MIME] = data[WIDGET_MIME]
        return output, metadata
