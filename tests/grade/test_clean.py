import base64
import struct

import pytest
from nbconvert.filters import markdown2html
from tests.grade.attacks.arena import live

from qkv.grade import clean


def picture(width, height):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return base64.b64encode(head + b" rest").decode()


PNG = picture(3, 2)


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


@pytest.mark.parametrize(
    "value",
    [
        "=1+1",
        "+1-x",
        "-cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        " =1",
        "\n=1",
        "\r=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
    ],
)
def test_a_table_holds_no_formula(value):
    assert clean.cell(value).startswith("'")


@pytest.mark.parametrize("value", ["ada", "-1.5", "3", ""])
def test_a_table_keeps_what_is_no_formula(value):
    assert clean.cell(value) == value


@pytest.mark.parametrize("data", [picture(60_000, 60_000), picture(0, 5), PNG[:12]])
def test_a_picture_that_claims_too_many_pixels_or_none_is_dropped(data):
    (made,) = clean.outputs([{"kind": "display", "data": {"image/png": data}}])
    assert "image/png" not in made.data


@pytest.mark.parametrize(("side", "kept"), [(200, True), (65_000, False)])
def test_the_size_of_a_photograph_is_read_from_its_frame(side, kept):
    raw = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", side, side)
    data = {"image/jpeg": base64.b64encode(raw + b"x" * 9).decode()}
    (made,) = clean.outputs([{"kind": "display", "data": data}])
    assert ("image/jpeg" in made.data) is kept


def test_a_cell_that_is_no_formula_stays_as_it_is():
    for value in ("-", "-3.5", "12", "Jane Doe", "a-b", "why = because", "x@uni.example"):
        assert clean.cell(value) == clean.no_formula(value) == value


def test_a_formula_after_a_sign_that_cuts_cells_is_inert():
    assert clean.cell("x;=1") == "x;'=1"
    assert clean.cell("x\t＝1") == "x\t'＝1"
    assert clean.no_formula("x\n＠1") == "x\n'＠1"
