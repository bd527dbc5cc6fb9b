"""Every link of the built site leads somewhere, and every link out of it is well-formed."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from tiny_book import REPOSITORY

from qkv.publish.build import build_site

LINKS = {"a": "href", "link": "href", "script": "src", "img": "src", "source": "src"}


class Page(HTMLParser):
    """Collects what a page links to and the places in it that can be linked to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places |= {attributes.get("id"), attributes.get("name")}
        if tag in LINKS and attributes.get(LINKS[tag]) is not None:
            self.links.append(attributes[LINKS[tag]])
        refresh = re.search("url=(.*)", attributes.get("content") or "")
        if attributes.get("http-equiv") == "refresh" and refresh:
            self.links.append(refresh[1])


def dead_links(site, base="/"):
    """Return "page: link" for every link that leads nowhere; `base` is the published path."""
    paths = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    pages = {path.resolve(): Page(path.read_text("utf-8")) for path in paths}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme in ("mailto", "data"):
                continue
            if parts.scheme or parts.netloc:
                alive = parts.scheme == "https" and re.fullmatch(r"[\w.-]+\.\w+", parts.netloc)
            else:
                target = path
                if parts.path.startswith(base):
                    target = (site / unquote(parts.path[len(base) :])).resolve()
                elif parts.path:
                    target = (path.parent / unquote(parts.path)).resolve()
                place = unquote(parts.fragment)
                alive = target.is_file() and (
                    target not in pages or place in pages[target].places or not place
                )
            if not alive:
                dead.append(f"{path.relative_to(site.resolve())}: {link}")
    return dead


@pytest.fixture(scope="module")
def site():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        build_site()
    return REPOSITORY / "_build/html"


def test_no_link_of_the_book_is_dead(site):
    config = yaml.safe_load((REPOSITORY / "_config.yml").read_text("utf-8"))
    assert dead_links(site, urlsplit(config["html"]["baseurl"]).path) == []


def test_every_page_of_the_book_is_in_the_sitemap(site):
    urls = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text("utf-8"))
    base = yaml.safe_load((REPOSITORY / "_config.yml").read_text("utf-8"))["html"]["baseurl"]
    pages = {f"{base}{path.relative_to(site)}" for path in site.glob("*/*.html")}
    assert set(urls) == {page for page in pages if "/_static/" not in page}


@pytest.mark.parametrize(
    "link",
    ["gone.html", "other.html#gone", "#gone", "../index.html", "http://x.org", "https:///x", "/x"],
)
def test_a_dead_link_is_found(tmp_path, link):
    (tmp_path / "other.html").write_text('<h1 id="here">Other</h1>')
    (tmp_path / "index.html").write_text(
        '<p id="p"><a href="other.html#here">a</a> <a href="#p">b</a> <a href="https://x.org">c</a>'
        f'<a href="/base/other.html">d</a> <a href="mailto:a@b.c">e</a><a href="{link}">f</a>'
    )
    assert dead_links(tmp_path, "/base/") == [f"index.html: {link}"]
