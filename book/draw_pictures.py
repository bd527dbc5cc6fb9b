"""Draw the two pictures of the site that no chapter makes: the cover's still and the card.

    python book/draw_pictures.py        after `qkv build`

Both are committed. Draw them again when the cover or the colours change.
"""

import io
from pathlib import Path

import font_source_sans_pro
import font_source_serif_pro
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

BOOK = Path(__file__).parent
SITE = BOOK / "site"
PAGE = BOOK.parent / "_build/html/book/index.html"
CHROMIUM = "/usr/bin/chromium"
PAPER, INK, MUTED, ACCENT, WARM = "#fcfbf8", "#1f252b", "#59636e", "#245786", "#c4500f"


def small(image, colours=64):
    """Return `image` as PNG bytes with few colours: flat drawings need no more."""
    stream = io.BytesIO()
    image.quantize(colours, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def draw_still():
    """Photograph the cover as it starts, without its controls."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": 1280, "height": 900},
            device_scale_factor=2,
            color_scheme="light",
            reduced_motion="reduce",
        )
        page.goto(PAGE.as_uri())
        stage = page.locator(".cover-stage")
        stage.wait_for()
        page.evaluate("document.fonts.ready")
        page.add_style_tag(content="html[data-theme] body * { --qkv-paper: #fff !important }")
        box = stage.bounding_box()
        shot = page.screenshot(
            full_page=True,
            clip={
                "x": box["x"] - 8,
                "y": box["y"] - 8,
                "width": box["width"] + 16,
                "height": box["height"] + 16,
            },
        )
        picture = Image.open(io.BytesIO(shot)).convert("RGB")
        browser.close()
    (SITE / "cover.png").write_bytes(small(picture, 128))


def draw_card():
    """Draw the card that other sites show for a link: the mark, the title, what it is."""
    scale = 2  # drawn large and made small, for smooth edges
    card = Image.new("RGB", (1200 * scale, 630 * scale), PAPER)
    pen = ImageDraw.Draw(card)

    def at(x, y):
        return (96 + 10.5 * x) * scale, (130 + 10.5 * y) * scale

    def disc(x, y, radius, colour):
        (cx, cy), r = at(x, y), radius * 10.5 * scale
        pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=colour)

    for end, width in (((24, 5), 1.6), ((25, 16), 5), ((24, 27), 2.8)):
        pen.line((at(6, 16), at(*end)), fill=ACCENT, width=round(width * 10.5 * scale))
    disc(6, 16, 4.2, ACCENT)
    disc(25, 4.6, 2.4, ACCENT)
    disc(26, 16, 4.8, WARM)
    disc(25, 27.2, 3.3, ACCENT)

    def write(x, y, text, size, package, name, colour):
        font = ImageFont.truetype(Path(package.font_directory) / name, size * scale)
        pen.text((x * scale, y * scale), text, font=font, fill=colour)

    serif, sans = font_source_serif_pro, font_source_sans_pro
    write(470, 150, "Query,\nKey, Value", 108, serif, "SourceSerifPro-Semibold.otf", INK)
    about = "Attention and transformers from first principles:\na book that runs."
    write(474, 440, about, 32, sans, "SourceSansPro-Regular.otf", MUTED)
    card = card.resize((1200, 630), Image.Resampling.LANCZOS)
    (SITE / "card.png").write_bytes(small(card))


if __name__ == "__main__":
    draw_card()
    draw_still()
