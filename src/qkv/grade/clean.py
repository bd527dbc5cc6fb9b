"""Make what a student's code or notebook shows inert: text and raster images, nothing that acts."""

import base64
import binascii
import csv
import html
import io
import re
import struct

import nbformat

MAX_IMAGE = 2_000_000  # bytes of base64
MAX_IMAGES = 20
MAX_PIXELS = 16_000_000
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x1b\\|\x07|$)|\x1b[ -~]?", re.DOTALL
)
# Controls, surrogates, and the marks that turn the direction of text or show nothing at all.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_RASTER = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def text(value, limit: int = 20_000) -> str:
    """Return a string without escape sequences or unseen characters, cut at `limit` characters."""
    if not isinstance(value, str):
        return ""
    value = value[: limit + 1000].replace("\r\n", "\n").replace("\r", "\n")
    value = _UNSEEN.sub("\ufffd", _ESCAPES.sub("", value))
    if len(value) > limit:
        value = value[:limit] + "\n… (more was printed; it is not kept)"
    return value


def seen(value: str) -> str:
    """Return a program with every character that hides or reorders others made visible."""
    return _UNSEEN.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n"))


def source(value, limit: int) -> str:
    """Return a cell's source as it can be stored: valid text without null characters."""
    value = value[:limit].encode("utf-8", "replace").decode()
    return value.replace("\x00", "\ufffd")


def markdown(value: str) -> str:
    """Return Markdown that shows `value` letter by letter: no markup, no links, no formulas.

    Every sign that could mean something to Markdown, HTML or MathJax is written as a number.
    """
    value = text(value, 100_000)
    coded = re.sub(r"[^\w\s]|_", lambda sign: f"&#{ord(sign.group())};", value)
    lines = coded.split("\n")
    # An empty line would end the block in some Markdown dialects.
    coded = "\n".join(line if line.strip() else "&#32;" for line in lines)
    return f'<pre class="tex2jax_ignore mathjax_ignore" style="white-space:pre-wrap">{coded}</pre>'


def sentence(value: str) -> str:
    """Return a sentence of ours, which may quote a student, as safe inline HTML."""
    return re.sub(r"[^\w\s.,;:()/-]|_", lambda sign: f"&#{ord(sign.group())};", text(value, 500))


def outputs(events, limit: int = 20_000) -> list[nbformat.NotebookNode]:
    """Return notebook outputs for what a cell showed, whatever the sandbox says that it showed."""
    made, images, left = [], 0, limit
    for event in events[:500] if isinstance(events, list) else []:
        if not isinstance(event, dict) or left <= 0:
            continue
        kind = event.get("kind")
        if kind == "stream":
            shown = text(event.get("text"), left)
            name = "stderr" if event.get("name") == "stderr" else "stdout"
            made.append(nbformat.v4.new_output("stream", name=name, text=shown))
        elif kind in ("display", "result"):
            given = event.get("data")
            data = given if isinstance(given, dict) else {}
            kept = {"text/plain": text(data.get("text/plain", ""), left)}
            for mime in _RASTER:
                if images < MAX_IMAGES and (image := _image(mime, data.get(mime))):
                    kept[mime] = image
                    images += 1
            shown = kept["text/plain"]
            made.append(nbformat.v4.new_output("display_data", data=kept))
        elif kind == "error":
            made.append(_error(event, left))
            shown = made[-1].evalue + "".join(made[-1].traceback)
        else:
            continue
        left -= len(shown)
    return made


def _error(event, limit):
    name = text(event.get("name"), 80) or "Error"
    value = text(event.get("value"), min(limit, 4000))
    lines = []
    if source := text(event.get("text"), limit):
        lines += source.split("\n") + ([""] if event.get("trace") else [])
    if trace := text(event.get("trace"), min(limit, 4000)):
        lines += ["Where your code raised it:", *trace.rstrip().split("\n")]
    lines.append(f"{name}: {value}")
    return nbformat.v4.new_output("error", ename=name, evalue=value, traceback=lines)


def _image(mime, data):
    """Return base64 of an image that begins as its type must, else None."""
    if isinstance(data, bytes):
        data = base64.b64encode(data[:MAX_IMAGE]).decode()
    if not isinstance(data, str) or len(data) > MAX_IMAGE:
        return None
    try:
        raw = base64.b64decode(data.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(_RASTER[mime]) or not 0 < _pixels(mime, raw) <= MAX_PIXELS:
        return None
    return base64.b64encode(raw).decode()


def _pixels(mime, raw):
    """Return how many pixels an image says that it has; 0 if it does not say.

    A few bytes can claim an image that takes a browser gigabytes to show.
    """
    if mime == "image/png":
        width, height = struct.unpack(">II", raw[16:24].ljust(8, b"\0"))
        return width * height
    at = 2
    while raw[at : at + 1] == b"\xff" and len(raw) >= at + 9:
        kind, length = raw[at + 1], int.from_bytes(raw[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9])
            return width * height
        at += 2 + length
    return 0


_FORMULA = "=+-@|%\t\r\uff1d\uff0b\uff0d\uff20"  # the wide forms as well: ＝＋－＠


def cell(value) -> str:
    """Return a value for a CSV table that a spreadsheet takes as text, never as a formula."""
    return no_formula(text(str(value), 2000).replace("\n", " "))


def no_formula(value: str) -> str:
    """Return a text before which a quote stands if a spreadsheet would calculate it."""
    # A spreadsheet that cuts at semicolons sees a cell begin after each of them.
    value = re.sub(rf"([;\t\r\n]\s*)(?=[{re.escape(_FORMULA)}])", r"\1'", value)
    harmless = _is_number(value) or value == "-"  # a lone dash is how platforms write "nothing"
    begins = {value[:1], value.lstrip()[:1]}
    return f"'{value}" if begins & set(_FORMULA) and not harmless else value


def table(head: list[str], rows: list[list]) -> str:
    """Return a CSV table in which no cell is a formula, a line for each row."""
    return raw_table([cell(h) for h in head], [[cell(value) for value in row] for row in rows])


def raw_table(head: list[str], rows: list[list[str]], delimiter: str = ",") -> str:
    """Return the same of a table of somebody else, whose cells keep their length and lines."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n", delimiter=delimiter)
    writer.writerows([[no_formula(value) for value in row] for row in [head, *rows]])
    return made.getvalue()


def _is_number(value):
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


def escape(value) -> str:
    """Return a value as text for an HTML page."""
    return html.escape(text(str(value), 2000), quote=True)
