"""The icons of the site's buttons: drawn in `icons.css`, every one that a page shows."""

import re

import pytest

# How an icon is set, not which one it is.
MANNERS = {"fa-solid", "fa-brands", "fa-regular", "fa-lg", "fa-fw", "fa-sm", "fa-xs"}
ICON = re.compile(r'<(?:i|span)\b[^>]*\bclass="([^"]*\bfa-[^"]*)"')


@pytest.fixture(scope="module")
def pages(site):
    """The text of every page, by its name."""
    return {str(path.relative_to(site)): path.read_text("utf-8") for path in site.rglob("*.html")}


def test_no_page_asks_for_the_themes_icon_typefaces(site, pages):
    assert [name for name, text in pages.items() if "fontawesome" in text] == []
    assert [path for path in site.rglob("*") if "fontawesome" in path.name] == []
    for sheet in (site / "_static").rglob("*.css"):
        assert not re.search(r"url\([^)]*fontawesome", sheet.read_text("utf-8")), sheet


def test_every_icon_of_every_page_is_drawn(site, pages):
    drawn = set(
        re.findall(r"\.(fa-[\w-]+)[^{}]*\{\s*--icon:", (site / "_static/icons.css").read_text())
    )
    shown = {
        name
        for text in pages.values()
        for classes in ICON.findall(text)
        for name in classes.split()
        if name.startswith("fa-")
    }
    assert {"fa-sun", "fa-magnifying-glass"} <= shown
    assert shown - MANNERS - drawn == set()


def test_the_icons_of_a_chapters_buttons_can_be_seen(page, site):
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto((site / "chapters/04_attention.html").as_uri(), wait_until="load")
    icons = page.locator(".bd-header-article-sticky, .bd-header-article").first.locator(
        ".btn > i:visible, .btn > .btn__icon-container > i:visible, .btn i.theme-switch:visible"
    )
    looks = icons.evaluate_all(
        """icons => icons.map(icon => {
            const style = getComputedStyle(icon), box = icon.getBoundingClientRect();
            return [style.maskImage.startsWith("url("), box.width, box.height];
        })"""
    )
    assert len(looks) >= 5
    for masked, width, height in looks:
        assert masked
        assert min(width, height) >= 14


def test_the_icon_of_the_search_does_not_cover_its_words(page, site):
    page.goto((site / "chapters/04_attention.html").as_uri(), wait_until="load")
    page.locator(".search-button-field:visible, .search-button:visible").first.click()
    icon = page.locator("#pst-search-dialog i.fa-magnifying-glass").bounding_box()
    words = page.locator("#pst-search-dialog input").bounding_box()
    assert icon["width"] >= 20
    assert icon["x"] + icon["width"] <= words["x"] + 1
