"""The book's Sphinx extension: figures, quizzes, live pages, the status table, own assets."""

import base64
import hashlib
import html
import json
import posixpath
import re
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from qkv.figure import FIGURE_MIME, png_size
from qkv.notebook.files import read_notebook
from qkv.notebook.stale import is_fresh
from qkv.publish.assets import write_assets
from qkv.publish.contents import ChaptersDirective
from qkv.publish.deeper import deeper, depart_deeper, fold_deeper, visit_deeper
from qkv.publish.excerpts import FILE as EXCERPTS
from qkv.publish.excerpts import keep_excerpts, store_excerpts
from qkv.publish.numbers import number_chapters
from qkv.publish.plain import to_myst
from qkv.publish.reading import section_minutes
from qkv.publish.times import duration, runs
from qkv.quiz import progress_state

LARGE = 20_000  # characters: a larger state is a file, so that the page itself stays light
PACKAGES = ["torch", "numpy", "matplotlib", "anywidget", "jupyterlab", "jupyter-book"]


class still(nodes.image):  # noqa: N801 (docutils names its nodes in lower case)
    """The still picture of a figure: an image that knows its size in CSS pixels."""


class state_file(nodes.Element):  # noqa: N801
    """The state of a live figure as a file of its own, `_static/figures/NAME.js`."""


def figure_body(module, state, alt, image, name):
    """Return the nodes inside a figure: the still, and for a live one its module and state.

    `image` is a `still` node or None; `module` names the ES module that draws the live figure. A
    large state is a file called after `name`, which is loaded when the reader comes near.
    """
    if module is None:
        return [image]
    # Every < is escaped: no state can close the script element, and JSON reads \u003c as <.
    text = json.dumps(state, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    fallback = [image] if image else [raw(f"<noscript><p>{html.escape(alt)}</p></noscript>")]
    live = f'<div class="qkv-live" data-module="{html.escape(module)}"'
    if len(text) <= LARGE:
        inline = raw(f'<script type="application/json">{text}</script></div>')
        return [raw(f"{live}>"), *fallback, inline]
    # With its digest in the name, a browser may keep the file for as long as it likes.
    digest = hashlib.sha256(text.encode()).hexdigest()
    name = re.sub(r"[^A-Za-z0-9_]+", "-", f"{name}-{digest[:8]}")
    file = state_file(file=name, text=f'qkv.state("{name}", {text});\n')
    return [raw(f'{live} data-state="{name}">'), *fallback, file, raw("</div>")]


def raw(text):
    """Return a node that is this HTML and nothing else."""
    return nodes.raw("", text, format="html")


class FigureRenderer:
    """The myst-nb plugin that turns a stored figure bundle into a numbered figure."""

    mime_priority_overrides = (("*", FIGURE_MIME, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the docutils nodes of a figure bundle, or None for any other output."""
        if inline or data.mime_type != FIGURE_MIME:
            return None
        bundle = data.content
        if isinstance(bundle, str):
            bundle = json.loads(bundle)
        image = None
        if bundle.get("still"):
            png = base64.b64decode(bundle["still"])
            name = hashlib.sha256(png).hexdigest() + ".png"
            uri = renderer.write_file([name], png, exists_ok=True)
            image = still(uri=uri, alt=bundle["alt"], size=png_size(png))
            image["classes"] = ["qkv-still", "qkv-invert"]
        parser = renderer.renderer
        module = bundle.get("module")
        name = f"{Path(parser.document['source']).stem}-{bundle.get('name') or module}"
        body = figure_body(module, bundle.get("state"), bundle["alt"], image, name)
        if not bundle.get("caption"):
            return [nodes.container("", *body, classes=["qkv-plain"])]
        caption = nodes.caption()
        with parser.current_node_context(caption):
            parser.nested_render_text(bundle["caption"], data.line or 0, inline=True)
        figure = nodes.figure("", *body, caption, classes=["qkv-figure"])
        figure.source, figure.line = parser.document["source"], data.line
        if bundle.get("name"):
            register(parser.document, figure, bundle["name"])
        return [figure]


def register(document, figure, name):
    """Give the figure a label, so that text anywhere in the book can refer to its number."""
    figure["names"].append(nodes.fully_normalize_name(name))
    document.note_explicit_target(figure, figure)


class LiveDirective(SphinxDirective):
    """A live figure that needs no Python: `{qkv-live} module`, with its caption as the body.

    Options: `alt` (required), `name` (a label), `still` (a picture, a path as for an image).
    """

    required_arguments = 1
    has_content = True
    option_spec = {  # noqa: RUF012 (docutils reads it from the class)
        "alt": directives.unchanged_required,
        "name": directives.unchanged,
        "still": directives.path,
    }

    def run(self):
        """Return the figure, numbered when it has a caption."""
        module = self.arguments[0]
        if not self.options.get("alt"):
            raise self.error(f"the live figure {module!r} needs an :alt: text")
        state = {}
        if module == "progress":
            self.env.metadata[self.env.docname]["qkv_changes"] = True
            state = progress_state()
        image = None
        if "still" in self.options:
            image = still(uri=self.options["still"], alt=self.options["alt"])
            image["classes"] = ["qkv-still"]
            png = Path(self.env.relfn2path(self.options["still"])[1])
            if png.is_file():  # one that is missing is named by Sphinx
                image["size"] = png_size(png.read_bytes())
        name = f"{self.env.docname}-{self.options.get('name', module)}"
        body = figure_body(module, state, self.options["alt"], image, name)
        if not self.content:
            return [nodes.container("", *body, classes=["qkv-plain"])]
        children, messages = self.state.inline_text("\n".join(self.content), self.lineno)
        caption = nodes.caption("", "", *children)
        figure = nodes.figure("", *body, caption, classes=["qkv-figure"])
        self.set_source_info(figure)
        if "name" in self.options:
            register(self.state.document, figure, self.options["name"])
        return [figure, *messages]


class StatusDirective(SphinxDirective):
    """The chapters with their times and the day they were last run, and the versions they used."""

    def run(self):
        """Return the two tables, from `book/runs.json` and `constraints.txt`."""
        self.env.metadata[self.env.docname]["qkv_changes"] = True
        root = Path(self.env.srcdir)
        chapters = [
            chapter_row(name, run, root)
            for name, run in sorted(runs(root).items())
            if f"chapters/{name}" in self.env.found_docs
        ]
        pins = (root / "constraints.txt").read_text("utf-8").split()
        versions = dict(pin.split("==") for pin in pins if "==" in pin)
        return [
            table(("Chapter", "Time", "Code cells", "Claims", "Last run", "Outputs"), chapters),
            table(("Package", "Version"), [(name, versions[name]) for name in PACKAGES]),
        ]


def chapter_row(name, run, root):
    """Return the cells of a chapter's row; `run` is what the runner noted."""
    path = root / f"chapters/{name}.ipynb"
    notebook = read_notebook(path)
    claims = sum("claim" in cell["metadata"].get("tags", []) for cell in notebook["cells"])
    link = pending_xref(
        "",
        nodes.inline(text=name),
        refdomain="std",
        reftype="doc",
        reftarget=f"/chapters/{name}",
        refexplicit=False,
        refwarn=True,
    )
    fresh = "up to date" if is_fresh(notebook, path, root) else "stale"
    return link, duration(run["seconds"]), run["cells"], claims, run["date"], fresh


def read_roles(app: Sphinx, docname: str, source: list[str]) -> None:
    """Read a notebook's text with MyST's roles, which it holds as links."""
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = to_myst("".join(cell["source"]))
    source[0] = json.dumps(notebook)


def say_minutes(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Say under each heading of a chapter's second level how long its section takes to read."""
    if app.builder.format != "html" or not docname.startswith("chapters/"):
        return
    page = doctree.next_node(nodes.section)
    sections = [child for child in page.children if isinstance(child, nodes.section)]
    minutes = section_minutes(read_notebook(Path(app.env.doc2path(docname))))
    if len(minutes) != len(sections):
        return  # a heading that is none for Sphinx: nothing is said rather than something wrong
    for section, n in zip(sections, minutes, strict=True):
        if n:
            said = f'<p class="qkv-minutes">about {n} minutes</p>'
            section.insert(1, nodes.raw("", said, format="html"))


def changing_pages(app, env, added, changed, removed):
    """Read the pages again that show what other files say, though their own text is the same."""
    return [name for name in env.found_docs if "qkv_changes" in env.metadata.get(name, {})]


def table(head, rows):
    """Return a table node with a row of headings; a cell is a node, or a value to be shown."""

    def entry(cell):
        inside = cell if isinstance(cell, nodes.Node) else nodes.Text(str(cell))
        return nodes.entry("", nodes.paragraph("", "", inside))

    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    lines = [nodes.row("", *map(entry, cells)) for cells in [head, *rows]]
    group += nodes.thead("", lines[0])
    group += nodes.tbody("", *lines[1:])
    return nodes.table("", group, classes=["qkv-status"])


def visit_still(translator, node):
    """Write the still picture: its size is given, so that nothing moves while it loads."""
    builder = translator.builder
    source = posixpath.join(builder.imgpath, quote(builder.images[node["uri"]]))
    size = ' width="{}" height="{}"'.format(*node["size"]) if "size" in node else ""
    translator.body.append(
        f'<img class="{" ".join(node["classes"])}" src="{source}"{size} '
        f'alt="{html.escape(node["alt"])}" loading="lazy" decoding="async">'
    )
    raise nodes.SkipNode


def write_state(translator, node):
    """Write the state of a live figure among the static files of the site."""
    path = Path(translator.builder.outdir) / "_static/figures" / f"{node['file']}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(node["text"], "utf-8")
    raise nodes.SkipNode


def use_assets(app, config):
    """Put the book's fonts, mathematics, live figures and design among the static files."""
    root = Path(app.srcdir)
    folder = Path(app.outdir).parent / "assets"
    write_assets(folder)
    config.html_static_path += [str(folder)]
    if (root / "book/site").is_dir():
        config.html_static_path += [str(root / "book/site")]
    for name in ("fonts.css", "qkv.css", "live.css"):
        if (folder / name).is_file() or (root / "book/site" / name).is_file():
            app.add_css_file(name)
    if (root / "book/site/page.js").is_file():
        app.add_js_file("page.js", loading_method="defer")
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.ogp_site_url = config.html_baseurl
    # The theme's scripts listen to the first menu button of the page; a header that nobody sees
    # would have it, and the button that people press would do nothing.
    config.html_theme_options["navbar_persistent"] = []


# Where a browser refuses a page to keep anything, even to ask is an error, and the theme asks
# before it binds its buttons. Such a page gets a memory that lasts as long as the page.
MEMORY = """for (const name of ["localStorage", "sessionStorage"]) {
  try { window[name].getItem("qkv"); } catch {
    const kept = new Map();
    const memory = {
      forgetful: true, // the reader is told that nothing is kept
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, value) => void kept.set(String(key), String(value)),
      removeItem: (key) => void kept.delete(String(key)),
      clear: () => kept.clear(),
      key: (place) => [...kept.keys()][place] ?? null,
      get length() { return kept.size; },
    };
    Object.defineProperty(window, name, { value: memory, configurable: true });
  }
}"""


# What is seen first is set in these. They come with the page, or it is set without them: text that
# is set anew moves under the reader's eyes. A page from a file may fetch nothing beforehand, so
# there the text waits for them: they lie on the same disk.
FIRST_SEEN = [
    "SourceSerifPro-Regular.woff",
    "SourceSerifPro-Semibold.woff",
    "SourceSansPro-Regular.woff",
    "SourceSansPro-Semibold.woff",
]
PRELOAD = """if (location.protocol !== "file:") {
  for (const file of FILES) {
    const link = document.createElement("link");
    Object.assign(link, { rel: "preload", as: "font", type: "font/woff", crossOrigin: "" });
    link.href = `${document.documentElement.dataset.content_root}_static/fonts/${file}`;
    document.head.append(link);
  }
}""".replace("FILES", json.dumps(FIRST_SEEN))


FROM_FILE = """if (location.protocol === "file:") {
  for (const face of document.fonts) face.display = "block";
}"""


def finish_page(app, pagename, templatename, context, doctree):
    """Load each script on the pages that use it, and no other."""
    context["metatags"] = f"<script>{MEMORY}\n{PRELOAD}</script>\n" + context.get("metatags", "")
    app.add_js_file(None, body=FROM_FILE)  # after the styles
    if doctree:
        keep_excerpts(app, pagename, doctree)
    if pagename == "search" and (Path(app.srcdir) / "book/site/search.js").is_file():
        # Deferred: Sphinx's own search is there by then, and has not begun.
        app.add_js_file(EXCERPTS, loading_method="defer")
        app.add_js_file("search.js", loading_method="defer")
    if "citation-list" in context.get("body", ""):
        # docutils marks it as a list, but no entry in it as a list item: a broken promise to
        # screen readers, who hear plain paragraphs without it.
        context["body"] = context["body"].replace(
            ' role="list" class="citation-list"', ' class="citation-list"'
        )
    if doctree and any('class="qkv-live"' in node.astext() for node in doctree.findall(nodes.raw)):
        # It waits for no other script: a figure in view starts while the rest is on its way.
        app.add_js_file("qkv-live.js", loading_method="async", fetchpriority="high")


def setup(app):
    """Register all of it with Sphinx."""
    app.add_node(still, html=(visit_still, None))
    app.add_node(state_file, html=(write_state, None))
    app.add_node(deeper, html=(visit_deeper, depart_deeper))
    app.add_directive("qkv-live", LiveDirective)
    app.add_directive("qkv-status", StatusDirective)
    app.add_directive("qkv-chapters", ChaptersDirective)
    app.connect("config-inited", use_assets)
    app.connect("source-read", read_roles)
    app.connect("env-get-outdated", changing_pages)
    # Last of all that count: after Sphinx, and after those who count otherwise than Sphinx.
    app.connect("env-get-updated", number_chapters, priority=900)
    app.connect("doctree-resolved", say_minutes)
    app.connect("doctree-resolved", fold_deeper)
    app.connect("html-page-context", finish_page)
    app.connect("html-collect-pages", store_excerpts)
    # A new number for new nodes: what an earlier build has read is then read again.
    # Pages are written in one process, which keeps what the search may find on each.
    return {"env_version": 3, "parallel_read_safe": True, "parallel_write_safe": False}
