"""The site: what it is made of, when it is not built, how it is served."""

import contextlib
import json
import re
import shutil
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
import yaml
from tiny_book import code, png, write_book

from qkv.errors import QkvError
from qkv.notebook.files import read_notebook
from qkv.publish.build import build_site, only_build, site_server
from qkv.publish.sphinx import png_size


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tiny book that has been built; no test changes it."""
    book = write_book(tmp_path_factory.mktemp("built") / "book")
    with contextlib.chdir(book):
        build_site()
    return book


@pytest.fixture
def book(built, tmp_path, monkeypatch):
    """A copy of the built book, in a folder of its own, for a test to change."""
    shutil.copytree(built, tmp_path / "book")
    monkeypatch.chdir(tmp_path / "book")
    return tmp_path / "book"


@pytest.fixture(scope="module")
def html(built):
    return (built / "_build/html/chapters/01_sample.html").read_text("utf-8")


def figure(html, name):
    return re.search(rf'<figure [^>]*id="{name}">.*?</figure>', html, re.S)[0]


def pages(site):
    return [path for path in site.rglob("*.html") if "_static" not in path.parts]


def append(path, text):
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_a_figure_is_numbered_and_its_caption_is_read_as_myst(html):
    caption = figure(html, "fig-line")
    assert '<span class="caption-number">Fig. 1.1 </span>' in caption
    assert "<em>line</em>" in caption
    assert r"\(y = x\)" in caption
    assert "Bahdanau" in caption
    assert 'href="../book/index.html#term-query"' in caption
    assert re.search(r'href="#fig-sweep">.*Fig. 1.2', caption)


def test_other_pages_refer_to_a_figure_by_its_name(built):
    index = (built / "_build/html/book/index.html").read_text("utf-8")
    assert re.search(r'href="../chapters/01_sample.html#fig-line">.*Fig. 1.1', index)


def test_a_still_says_what_it_shows_and_how_large_it_is(html):
    picture = re.search(r"<img [^>]*>", figure(html, "fig-line"))[0]
    assert 'alt="A line that rises from 0 to 1, &quot;steeply&quot; &amp; &lt;fast&gt;."' in picture
    assert 'width="96" height="48"' in picture
    assert 'class="qkv-still qkv-invert"' in picture


def test_a_still_is_a_file_of_the_site(built, html):
    source = re.search(r'src="([^"]*)"', figure(html, "fig-line"))[1]
    assert (built / "_build/html/chapters" / source).resolve().read_bytes() == png()


def test_the_picture_for_code_hosts_is_not_shown_a_second_time(html):
    assert html.count("<img class") == 3


def test_a_live_figure_carries_its_state(html):
    live = figure(html, "fig-sweep")
    assert '<div class="qkv-live" data-module="sweep"><img class="qkv-still' in live
    state = re.search(r'<script type="application/json">(.*?)</script></div>', live, re.S)[1]
    assert "<" not in state
    assert json.loads(state) == {"text": "</script><!-- <b>", "frames": [1, 2]}


def test_a_large_state_is_a_file_that_the_page_names(built, html):
    live = figure(html, "fig-heavy")
    name = re.search(r'data-module="sweep" data-state="(01_sample-fig-heavy-\w{8})">', live)[1]
    assert "<script" not in live
    text = (built / f"_build/html/_static/figures/{name}.js").read_text("utf-8")
    called, state = re.fullmatch(r'qkv\.state\("(.*?)", (.*)\);\n', text).groups()
    assert called == name
    assert json.loads(state) == {"text": "x" * 30_000}


def test_a_quiz_has_neither_number_nor_caption(html):
    quiz = re.search(r'<div class="qkv-plain.*?data-module="quiz">.*?</div></div>', html, re.S)[0]
    assert "<noscript><p>A question about one-hot vectors.</p></noscript>" in quiz
    assert "caption" not in quiz


def test_a_claim_can_be_seen_to_be_one(html):
    assert 'class="cell tag_claim' in html


def test_a_figure_without_python_stands_in_a_page(built):
    index = (built / "_build/html/book/index.html").read_text("utf-8")
    cover = figure(index, "fig-cover")
    assert 'data-module="cover"' in cover
    assert "Six keys around a query." in cover
    assert "The cover moves." in cover


def test_only_pages_with_a_live_figure_load_the_script(built):
    site = built / "_build/html"
    assert "_static/qkv-live.js" in (site / "chapters/01_sample.html").read_text("utf-8")
    assert "_static/qkv-live.js" not in (site / "search.html").read_text("utf-8")
    for name in ("shared", "sweep", "quiz"):
        assert (site / f"_static/qkv/{name}.js").is_file()


def test_no_page_asks_another_host_for_anything(built):
    site = built / "_build/html"
    for page in pages(site):
        text = page.read_text("utf-8")
        for tag in re.findall(r"<(?:script|img|iframe|source|video|audio)\b[^>]*>", text):
            assert "//" not in "".join(re.findall(r'src(?:set)?="([^"]*)"', tag)), (page, tag)
        for tag in re.findall(r"<link\b[^>]*>", text):
            assert 'rel="canonical"' in tag or "//" not in tag, (page, tag)
        assert "unpkg" not in text
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text("utf-8"))


def test_the_typefaces_are_served_from_the_site(built):
    static = built / "_build/html/_static"
    files = re.findall(r'url\("([^"]+)"\)', (static / "fonts.css").read_text("utf-8"))
    assert len(files) == 7
    assert all((static / file).read_bytes()[:4] == b"wOFF" for file in files)


def test_mathematics_is_served_from_the_site(built, html):
    static = built / "_build/html/_static"
    assert '"../_static/mathjax/tex-chtml.js' in html
    assert list((static / "mathjax/output/chtml/fonts/woff-v2").glob("*.woff"))
    assert (static / "mathjax/input/tex/extensions/boldsymbol.js").is_file()


def test_the_empty_site_is_small(built):
    files = [path for path in (built / "_build/html").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    assert not [path for path in files if path.suffix == ".map"]


def test_a_chapter_can_be_downloaded_and_launched(built, html):
    source = re.search(r'href="([^"]*01_sample\.ipynb)"[^>]*\bdownload', html) or re.search(
        r'href="(\.\./_sources/chapters/01_sample\.ipynb)"', html
    )
    downloaded = (built / "_build/html/chapters" / source[1]).resolve()
    first, *rest = read_notebook(downloaded)["cells"]
    assert first["id"] == "qkv-install"
    assert rest == read_notebook(built / "chapters/01_sample.ipynb")["cells"]
    repository = yaml.safe_load((built / "_config.yml").read_text())["repository"]["url"]
    path = repository.removeprefix("https://github.com/")
    assert f"https://mybinder.org/v2/gh/{path}/main?urlpath=lab/tree/chapters/01_sample" in html
    published = f"{path}/blob/gh-pages/_sources/chapters/01_sample.ipynb"
    assert f"https://colab.research.google.com/github/{published}" in html
    assert "hub/user-redirect" not in html


def test_the_first_page_is_reached_from_the_root(built):
    assert "url=book/index.html" in (built / "_build/html/index.html").read_text()


def test_two_builds_give_the_same_bytes(book, built):
    shutil.rmtree(book / "_build")
    build_site()
    for path in (built / "_build/html").rglob("*"):
        if path.is_file():
            again = book / "_build/html" / path.relative_to(built / "_build/html")
            assert again.read_bytes() == path.read_bytes(), path.name


def test_nothing_is_built_when_nothing_changed(book, capsys):
    before = (book / "_build/html/book/index.html").stat().st_mtime_ns
    build_site()
    assert (book / "_build/html/book/index.html").stat().st_mtime_ns == before
    assert capsys.readouterr().out.startswith("nothing changed: _build/html/index.html")


def test_a_change_is_built_and_a_class_has_its_own_hub(book, capsys):
    append(book / "book/index.md", "\nA new sentence.\n")
    (book / "chapters/.text").mkdir()
    (book / "chapters/.text/01_sample.md").write_text("# The same chapter as text\n")
    config = book / "_config.yml"
    config.write_text(config.read_text().replace('url: ""', 'url: "https://hub.example.org"'))
    build_site()
    site = book / "_build/html"
    assert "A new sentence." in (site / "book/index.html").read_text("utf-8")
    hub = (site / "chapters/01_sample.html").read_text("utf-8")
    assert "https://hub.example.org/hub/user-redirect/git-pull" in hub
    assert capsys.readouterr().out.endswith("look at it with `make serve`\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```{nonsense}\n```", "Unknown directive type: 'nonsense'"),  # seen while reading
        ("See {py:class}`Nowhere`.", "reference target not found: Nowhere"),  # while writing
    ],
)
def test_a_warning_fails_the_build_and_the_next_one_too(book, text, message):
    append(book / "book/index.md", f"\n{text}\n")
    good = (book / "_build/html/book/index.html").read_bytes()
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"\nbook/index.md:\d+: WARNING: .*{message}"):
            build_site()
    assert (book / "_build/html/book/index.html").read_bytes() == good


def test_two_figures_of_one_name_fail_the_build_and_cells_are_named(book):
    path = book / "chapters/01_sample.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source += "\n\nSee {ref}`nowhere`."
    notebook.cells.append(code("show()", 9, notebook.cells[1].outputs))
    nbformat.write(notebook, path)
    with pytest.raises(ValueError, match="the site was not built") as caught:
        build_site()
    lines = str(caught.value).splitlines()
    said = "chapters/01_sample.ipynb, cell 7, line 1: WARNING: Duplicate explicit target name"
    assert any(line.startswith(said) for line in lines)
    said = "chapters/01_sample.ipynb, cell 1, line 7: WARNING: undefined label: 'nowhere'"
    assert any(line.startswith(said) for line in lines)


def test_a_mistake_in_a_question_bank_stops_the_build(book):
    (book / "chapters/quiz/01_sample.txt").write_text("# Sample\n\n## one\nWhich?\n\n( ) this\n")
    with pytest.raises(ValueError, match=r"chapters/quiz/01_sample.txt:\d+: "):
        build_site()


def test_a_second_build_waits_for_the_first(book, capsys):
    append(book / "book/index.md", "\nA new sentence.\n")
    with only_build(book):
        second = threading.Thread(target=build_site)
        second.start()
        while "waiting for another build" not in capsys.readouterr().err:
            assert second.is_alive()
            second.join(0.1)
        assert "A new sentence." not in (book / "_build/html/book/index.html").read_text("utf-8")
    second.join()
    assert "A new sentence." in (book / "_build/html/book/index.html").read_text("utf-8")


def test_the_site_can_be_built_elsewhere(book, tmp_path):
    build_site(out=tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere/index.html").is_file()


def test_a_folder_that_is_no_site_is_never_replaced(book, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    with pytest.raises(QkvError, match="choose another --out"):
        build_site(out=tmp_path)
    assert precious.read_text() == "mine"


def test_the_status_page_says_when_each_chapter_was_run(book):
    append(book / "book/index.md", "\n```{qkv-status}\n```\n")
    page = book / "_build/html/book/index.html"
    build_site()
    assert "<p>torch</p>" in page.read_text("utf-8")
    # The page is built anew for a new run, though its own text is the same.
    (book / "book/runs.json").write_text(
        '{"01_sample": {"seconds": 4.2, "date": "2026-01-31", "cells": 4}}'
    )
    build_site()
    table = re.search(r'<table class="qkv-status.*?</table>', page.read_text("utf-8"), re.S)[0]
    row = [re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<td>.*?</td>", table, re.S)]
    assert row == ["Sample", "4.2 s", "4", "1", "2026-01-31", "stale"]
    # And no other page gets lost on the way.
    sitemap = (book / "_build/html/sitemap.xml").read_text("utf-8")
    locations = [url.rsplit("/qkv/")[1] for url in re.findall("<loc>(.*?)</loc>", sitemap)]
    assert sorted(locations) == ["book/index.html", "chapters/01_sample.html"]


@pytest.fixture
def server(book):
    with site_server(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetch(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()


def test_the_server_shows_the_book_also_under_its_published_path(server, html):
    assert fetch(f"{server}/chapters/01_sample.html") == html
    assert fetch(f"{server}/qkv/chapters/01_sample.html") == html


def test_an_unknown_address_gets_the_books_own_page(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(f"{server}/chapters/99_nothing.html")
    assert caught.value.code == 404
    page = caught.value.read().decode()
    assert "This page is not here" in page
    assert 'href="/qkv/book/index.html"' in page
    # It is shown at any address, so no relative link in it would lead anywhere.
    links = re.findall(r"""(?:src|href)="(.*?)"|url\((.*?)\)""", page)
    assert all(link.startswith(("/qkv/", "data:")) for link, _ in links)


def test_a_taken_port_is_named(book):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} is taken: try `qkv serve --port"):
            site_server(port)


def test_there_is_nothing_to_serve_before_the_first_build(tmp_path, monkeypatch):
    monkeypatch.chdir(write_book(tmp_path))
    with pytest.raises(QkvError, match="make book"):
        site_server(0)


def test_the_size_of_a_picture_is_read_from_its_resolution():
    assert png_size(png(300, 150, dpi=300)) == (96, 48)
    with pytest.raises(ValueError, match="not a PNG"):
        png_size(Path(__file__).read_bytes())
