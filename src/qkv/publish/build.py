"""Build the site strictly, and show it."""

import contextlib
import errno
import functools
import hashlib
import http.server
import io
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import click

from qkv import __version__, quiz
from qkv.errors import QkvError
from qkv.notebook.files import read_notebook, read_yaml
from qkv.paths import notebooks, require_writable, root
from qkv.publish.first_cell import add_first_cells
from qkv.publish.icons import drop_icon_fonts
from qkv.publish.lock import only_one
from qkv.publish.pages import write_pages
from qkv.publish.slim import slim_pages

# Everything that the site is made of. A build with the same inputs is not repeated.
INPUTS = ["_config.yml", "_toc.yml", "constraints.txt", "pyproject.toml", "book", "chapters"]
TOOLS = ["jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "pydata-sphinx-theme"]

# In the site's folder: says that a whole build made it, and from which inputs.
MARK = ".qkv-site"
LAST_PORT = 65535

CELL_LINE = re.compile(r"\.ipynb:(\d{5,}):")

# Carried along by the theme and its extensions, and used by no page.
UNUSED = [
    ".buildinfo",
    "**/*.map",
    "_static/vendor/fontawesome/**/*.ttf",
    "_static/*webpack-macros.html",
    "_static/**/*.po",
    "_static/locales",
]


def build_site(clean: bool = False, out: str | Path | None = None) -> None:
    """Build the site into `out` (default `_build/html`); nothing is written when nothing changed.

    Any warning of the build is an error, also one about a reference that leads nowhere. The site
    is built beside `out` and takes its place only when it is whole, so a failed or interrupted
    build leaves the last good site. `clean` forgets what earlier builds have read.

    A book that can only be read (a shared folder) is built too, from nothing, when `out` lies
    elsewhere.

    Raises `QkvError` that lists every problem, with file and line, when `out` holds something that
    is no built site, and when nothing can be stored there.
    """
    book = root()
    site = (book / "_build/html" if out is None else Path(out)).resolve()
    require_site_or_nothing(site)
    require_writable(site.parent)
    for name in ("_config.yml", "_toc.yml"):
        read_yaml(book / name)
    for path in notebooks(book):
        read_notebook(path)
    stop_at("the question banks have mistakes", quiz.check_banks())
    with only_build(book) as work:
        mark = fingerprint(book)
        if clean or read_mark(site) != mark:
            start = time.monotonic()
            click.echo("building the site …")
            replace_site(book, work, site, mark, clean)
            click.echo(f"built in {time.monotonic() - start:.0f} s: {ending(site, book)}")
        else:
            click.echo(f"nothing changed: {ending(site, book)}")


@contextlib.contextmanager
def only_build(book: Path) -> Iterator[Path]:
    """Wait until no other build of this book is running; give the folder to work in.

    It is kept from build to build; that of a book which can only be read is gone afterwards.
    """
    work = book / "_build"
    try:
        require_writable(work)
    except QkvError:
        with tempfile.TemporaryDirectory(prefix="qkv-build-") as folder:
            yield Path(folder)
        return
    with only_one(work / ".lock", "another build"):
        yield work / "sphinx"


def replace_site(book: Path, work: Path, out: Path, mark: str, clean: bool) -> None:
    """Build the site in the folder `work` and put it into `out` when it is whole."""
    if clean:
        shutil.rmtree(work, ignore_errors=True)
    # What a failed build has read is not read again, so its warnings would be lost: start over.
    if not (work / MARK).is_file():
        shutil.rmtree(work / ".doctrees", ignore_errors=True)
        shutil.rmtree(work / "jupyter_execute", ignore_errors=True)
    (work / MARK).unlink(missing_ok=True)
    # What was read is kept, but every page is written, since pages name each other.
    shutil.rmtree(work / "html", ignore_errors=True)
    stop_at("the site was not built", run_sphinx(book, work / "html"))
    finish(work / "html", mark)
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work / "html", out)
    (work / MARK).touch()


def stop_at(what: str, problems: list[str]) -> None:
    """Raise `QkvError` with all problems, one per line, if there are any."""
    if problems:
        raise QkvError("\n".join([f"{what}:", *problems]))


def ending(out: Path, book: Path) -> str:
    """Return the last words of a build: where the site is, and how to look at it."""
    if out == (book / "_build/html").resolve():
        return "_build/html/index.html · look at it with `make serve`"
    return f"{out}/index.html"


def fingerprint(book: Path) -> str:
    """Return a digest of everything that the site is made of, the code that makes it included."""
    digest = hashlib.sha256()
    for tool in TOOLS:
        digest.update(f"{tool}=={version(tool)}\n".encode())
    files = [path for name in INPUTS for path in (book / name, *sorted((book / name).rglob("*")))]
    package = Path(__file__).resolve().parents[1]
    files += sorted(path for path in package.rglob("*") if path.suffix in {".py", ".js", ".css"})
    for path in files:
        if path.is_file() and ".ipynb_checkpoints" not in path.parts:
            digest.update(f"{path.name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_mark(out: Path) -> str | None:
    """Return the fingerprint that the site in `out` was built from, or None."""
    path = out / MARK
    return path.read_text() if path.is_file() else None


def require_site_or_nothing(out: Path) -> None:
    """Raise `QkvError` if building into `out` would delete something that is no site."""
    is_file = out.exists() and not out.is_dir()
    if is_file or (out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file()):
        raise QkvError(f"{out} holds something else than a built site: choose another --out")


def run_sphinx(book: Path, target: Path) -> list[str]:
    """Build the book into `target` and return its warnings and errors, one per line."""
    from jupyter_book.sphinx import build_sphinx

    log, warnings = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(warnings):
        result = build_sphinx(
            book,
            target,
            noconfig=True,
            path_config=book / "_config.yml",
            confoverrides={
                "external_toc_path": "_toc.yml",
                "latex_individualpages": False,
                "nitpicky": True,
            },
            warningiserror=True,
            keep_going=True,
        )
    lines = re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue()).splitlines()
    lines = [CELL_LINE.sub(as_cell, line.replace(f"{book}/", "")) for line in lines if line.strip()]
    if result and not lines:
        lines = [f"{type(result).__name__}: {result}", *log.getvalue().splitlines()[-5:]]
    return lines


def finish(site: Path, mark: str) -> None:
    """Add the start page, drop what no page uses, and mark the site as whole."""
    for pattern in UNUSED:
        for path in list(site.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    drop_icon_fonts(site)
    slim_pages(site)
    config, toc = read_yaml(root() / "_config.yml"), read_yaml(root() / "_toc.yml")
    add_first_cells(site, config, __version__)
    base = urlsplit(config["html"]["baseurl"]).path or "/"
    write_pages(site, config["title"], f"{toc['root']}.html", base)
    (site / ".nojekyll").touch()  # some hosts leave out folders that begin with _
    (site / MARK).write_text(mark)


def as_cell(match: re.Match[str]) -> str:
    """Turn myst-nb's line number of a notebook (cell × 10,000 + line) into words."""
    cell, line = divmod(int(match[1]), 10_000)
    where = f", line {line - 1}" if line > 1 else ""  # it counts one too many
    return f".ipynb, cell {cell}{where}:"


class SiteHandler(http.server.SimpleHTTPRequestHandler):
    """Serves the site as a web host would: under its published path too, with its 404 page."""

    prefix = "/"

    def translate_path(self, path: str) -> str:
        """Find the file for an address, with or without the published site's path before it."""
        if path.startswith(self.prefix):
            path = "/" + path[len(self.prefix) :]
        return super().translate_path(path)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer an unknown address with the book's own page."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing for each file: a reader's terminal is no log."""


def site_server(port: int) -> http.server.ThreadingHTTPServer:
    """Return a server for the built site, bound to `port` of this machine only.

    Raises `QkvError` when there is no site yet and when the port cannot be had.
    """
    book = root()
    site = book / "_build/html"
    if read_mark(site) is None:
        raise QkvError("there is no site in _build/html yet: build it with `make book`")
    config = read_yaml(book / "_config.yml")
    SiteHandler.prefix = urlsplit(config["html"]["baseurl"]).path or "/"
    handler = functools.partial(SiteHandler, directory=site)
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        other = port + 1 if port < LAST_PORT else 8000
        what = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used"
        raise QkvError(
            f"port {port} {what}: try `qkv serve --port {other}` ({error.strerror})"
        ) from error


def serve_site(port: int = 8000) -> None:
    """Serve the built site on this machine until Ctrl-C; port 0 is any that is free."""
    with site_server(port) as server:
        click.echo(f"the book is at http://localhost:{server.server_port} · Ctrl-C stops it")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
