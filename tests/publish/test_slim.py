"""A page loads the scripts that it uses, and none holds up its text."""

import re

import pytest

from qkv.publish.slim import slim_pages, slimmed

PAGE = """<head>
    <link rel="stylesheet" href="../_static/qkv.css" />
    <script src="../_static/documentation_options.js?v=9"></script>
    <script src="../_static/doctools.js?v=9"></script>
    <script>let toggleHintShow = 'Click to show';</script>
    <script defer="defer" src="../_static/page.js"></script>
    <script data-sd-tabs-storage-prefix="x" src="../_static/design-tabs.js"></script>
    <script>window.MathJax = {"options": {"enableMenu": false}}</script>
    <script defer="defer" src="../_static/mathjax/tex-chtml.js?v=2"></script>
    <script async="async" src="../_static/qkv-live.js"></script>
    <script src="../_static/searchtools.js"></script>
    <script src="../_static/language_data.js"></script>
    <script src="../searchindex.js"></script>
</head>
<body>BODY</body>"""


def sources(html):
    return re.findall(r'src="([^"?]*)', html)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p>No formula.</p>", False),
        ('<span class="math notranslate nohighlight">\\(x\\)</span>', True),
        ('<script type="application/json">[["math","t","t"]]</script>', True),
        ("<p>A mathematical word: math.</p>", False),
    ],
)
def test_mathjax_comes_only_where_there_is_a_formula(body, kept):
    html = slimmed(PAGE.replace("BODY", body), search=False)
    assert ("../_static/mathjax/tex-chtml.js" in sources(html)) == kept
    assert ("window.MathJax" in html) == kept
    assert "toggleHintShow" in html


def test_only_the_search_page_loads_the_index(tmp_path):
    (tmp_path / "chapters").mkdir()
    for name in ("search.html", "chapters/one.html"):
        (tmp_path / name).write_text(PAGE)
    slim_pages(tmp_path)
    assert "../searchindex.js" in sources((tmp_path / "search.html").read_text())
    left = sources((tmp_path / "chapters/one.html").read_text())
    assert not [name for name in left if "search" in name or "language" in name]


def test_no_script_holds_up_the_text_but_the_one_that_inline_scripts_use():
    html = slimmed(PAGE, search=False)
    tags = [tag for tag in re.findall("<script[^>]*>", html) if "src=" in tag]
    plain = [tag for tag in tags if not re.search("async|defer", tag)]
    assert plain == ['<script src="../_static/documentation_options.js?v=9">']
    assert '<script defer src="../_static/doctools.js?v=9">' in tags
