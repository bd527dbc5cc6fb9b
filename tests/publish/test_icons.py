"""The theme's icon typefaces leave a site that draws its icons, and no other."""

import pytest

from qkv.publish.icons import drop_icon_fonts

SCRIPT = '<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>'
PRELOAD = '<link rel="preload" as="font" href="../_static/vendor/fontawesome/a.woff2" />'
PAGE = f'<p>before</p>\n{SCRIPT}\n{PRELOAD}\n<script src="other.js"></script>\n'
FACE = "@font-face{font-family:Font Awesome\\ 6 Free;src:url(../vendor/fontawesome/a.woff2)}"
STYLE = (
    f'a{{b:c}}{FACE}.fa-sun:before,.fa-x:before{{content:"\\f185"}}@font-face{{font-family:Own}}'
)


@pytest.fixture
def site(tmp_path):
    """A site as the theme leaves it."""
    files = {
        "chapters/one.html": PAGE,
        "_static/styles/theme.css": STYLE,
        "_static/scripts/fontawesome.js": "large",
        "_static/scripts/theme.js": "kept",
        "_static/vendor/fontawesome/a.woff2": "large",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_a_site_that_draws_its_icons_loads_no_typeface_for_them(site):
    (site / "_static/icons.css").write_text("")
    drop_icon_fonts(site)
    assert (site / "chapters/one.html").read_text() == (
        '<p>before</p>\n<script src="other.js"></script>\n'
    )
    assert (site / "_static/styles/theme.css").read_text() == ("a{b:c}@font-face{font-family:Own}")
    assert [path.name for path in (site / "_static/scripts").iterdir()] == ["theme.js"]
    assert not (site / "_static/vendor/fontawesome").exists()


def test_a_site_without_drawings_keeps_the_themes_icons(site):
    drop_icon_fonts(site)
    assert (site / "chapters/one.html").read_text() == PAGE
    assert (site / "_static/scripts/fontawesome.js").is_file()
