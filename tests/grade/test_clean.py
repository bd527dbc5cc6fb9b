import base64

import pytest
from nbconvert.filters import markdown2html
from tests.grade.attacks.arena import live

from qkv.grade import clean

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n rest").decode()


def test_text_loses_what_acts_on_a_terminal_or_hides():
    dirty = "a\x1b[31mred\x1b[0m\x1b]0;title\x07b\u202ec\u200bd\x00\ud800e"
    assert clean.text(dirty) == "aredb\ufffdc\ufffdd\ufffd\ufffde"


def test_text_is_cut_and_says_so():
    assert clean.text("x" * 50, 10).startswith("x" * 10 + "\n… (more")


@pytest.mark.parametrize(
    "answer",
    [
        "<script>alert(1)</script>",
        "</pre><script>alert(1)</script>",
        "[x](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example>",
        r"$\href{javascript:alert(1)}{x}$ and $$\href{javascript:alert(1)}{x}$$ \(\href{a}{b}\)",
        "text\n\n\n    <script>\n\n```\n</pre><img src=x onerror=alert(1)>\n```",
        "&lt;script&gt; &#60;script&#62;",
        "[a]: javascript:alert(1)\n\n[a]",
        "# head\n\n<!--\n\n-->\n\n| a | b |\n|---|---|\n| <b onclick=x> | 2 |",
    ],
)
def test_markdown_shows_as_written_and_does_nothing(answer):
    page = markdown2html(clean.markdown(answer))
    assert live(page) == []
    assert "<h1" not in page
    assert page.count("<pre") == 1


def test_markdown_keeps_its_letters():
    import html

    answer = "Größe & *weight* <b>\n\n$x_1$"
    page = markdown2html(clean.markdown(answer))
    inside = page.split(">", 1)[1].rsplit("</pre>", 1)[0]
    assert html.unescape(inside).replace("\n \n", "\n\n") == answer


def test_outputs_are_text_and_raster_images_only():
    events = [
        {"kind": "stream", "name": "stdout", "text": "hi"},
        {"kind": "display", "data": {"text/html": "<script>", "text/plain": "plain"}},
        {"kind": "result", "data": {"image/png": PNG, "image/svg+xml": "<svg>"}},
        {"kind": "display", "data": {"image/png": '"><script>'}},
        {"kind": "display", "data": {"image/png": base64.b64encode(b"<svg>").decode()}},
        {"kind": "points", "value": 100},
        "rubbish",
        {"kind": "error", "name": 3, "value": None, "text": ["x"]},
    ]
    made = clean.outputs(events)
    kinds = [(o.output_type, sorted(o.get("data", {}))) for o in made]
    assert kinds == [
        ("stream", []),
        ("display_data", ["text/plain"]),
        ("display_data", ["image/png", "text/plain"]),
        ("display_data", ["text/plain"]),
        ("display_data", ["text/plain"]),
        ("error", []),
    ]


@pytest.mark.parametrize("value", ["=1+1", "+1-x", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1"])
def test_a_table_holds_no_formula(value):
    assert clean.cell(value).startswith("'")


@pytest.mark.parametrize("value", ["ada", "-1.5", "3", ""])
def test_a_table_keeps_what_is_no_formula(value):
    assert clean.cell(value) == value
