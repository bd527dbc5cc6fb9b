"""The search: sections and terms with the words around what was found, also from a file."""

from urllib.parse import quote

import pytest
from page_checks import barriers, cut_off, width_needed

REFUSE = """for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, {
    configurable: true, get() { throw new DOMException("refused", "SecurityError"); } });
}"""


@pytest.fixture
def search(page, site):
    """Search the site as it lies on a disk; every request to a host fails the test."""
    strangers = cut_off(page)

    def ask(query, start=None):
        page.goto(f"{start or site.as_uri()}/search.html?q={quote(query)}")
        page.wait_for_function("document.querySelector('.search-summary')?.textContent")
        return page

    yield ask
    assert strangers == []


def found(page):
    """Return the links that a search shows, as the reader sees them."""
    return page.locator("#search-results li a").all_inner_texts()


def test_a_term_comes_first_with_what_the_glossary_says(search):
    page = search("teacher forcing")
    assert found(page)[0] == "Glossary › teacher forcing"
    first = page.locator("#search-results li").first
    assert "Training a decoder on the reference’s own tokens" in first.inner_text()
    assert first.locator("a").get_attribute("href") == "book/glossary.html#term-teacher-forcing"


def test_a_section_is_named_with_its_page_and_its_words_are_marked(search):
    page = search("teacher forcing")
    chapter = "3 Sequence to sequence, and the bottleneck"
    assert found(page)[1] == f"{chapter} › Teacher forcing"
    quoted = page.locator("#search-results li").nth(1).locator("p.context")
    assert quoted.locator("mark").all_inner_texts() == ["teacher", "forcing"]
    assert 100 < len(quoted.inner_text()) < 300


def test_a_result_leads_to_the_section_itself(search):
    page = search("teacher forcing")
    page.get_by_role("link", name="3 Sequence to sequence, and the bottleneck › Teacher").click()
    page.wait_for_url("**/chapters/03_seq2seq.html#teacher-forcing")
    page.wait_for_function("""() => {
      const top = document.getElementById("teacher-forcing").getBoundingClientRect().top;
      return top > -5 && top < innerHeight / 2;
    }""")


def test_no_result_shows_navigation_tex_or_code(search):
    for query in ("softmax", "attention", "gradient"):
        page = search(query)
        while (more := page.get_by_role("button", name="Show more")).count():
            more.click()
        quoted = page.locator("#search-results p.context").all_inner_texts()
        assert len(quoted) > 5
        for text in quoted:
            assert not any(sign in text for sign in ("\\", "$", "Contents", "Print to PDF")), text


def test_formulas_are_quoted_as_they_are_said(search):
    page = search("semicolon joins")
    assert "softmax(sₜ W_o + b_o)" in page.locator("#search-results").inner_text()


def test_the_number_of_places_is_told_to_all_who_listen(search):
    page = search("teacher forcing")
    status = page.get_by_role("status").filter(has_text="places on")
    places = page.locator("#search-results li")
    pages = {link.partition(" › ")[0] for link in found(page)}
    assert status.inner_text() == f"{places.count()} places on {len(pages)} pages"
    assert status.get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("query", ["perplexiglass", "zebra crossing", "+ ?"])
def test_a_search_without_a_hit_says_so_in_one_sentence_with_a_way_on(search, query):
    page = search(query)
    said = page.locator(".search-summary")
    way_on = "try another word for it, or look through the glossary."
    assert said.inner_text() == f"The book says nothing of “{query}”: {way_on}"
    assert said.get_by_role("link").get_attribute("href") == "book/glossary.html"
    assert found(page) == []


def test_what_is_typed_is_never_read_as_html(search):
    page = search("<img src=x onerror=alert(1)> zzz")
    assert "<img src=x onerror=alert(1)> zzz" in page.locator(".search-summary").inner_text()
    assert page.locator("#search-results img").count() == 0


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Teacher FORCING", "Glossary › teacher forcing"),
        ("the beam searches", "Glossary › beam search"),  # other forms, and a word that says little
        ("bahdan", "4 Attention"),  # a word begun
        ("Váswani", "4 Attention"),  # an accent too many
        ("beam beams search", "Glossary › beam search"),
    ],
)
def test_words_are_found_in_other_forms_and_when_only_begun(search, query, first):
    page = search(query)
    assert any(link.startswith(first) for link in found(page)[:3]), found(page)[:5]


def test_what_stands_only_in_code_is_found_by_page_and_said_to_be_code(search):
    page = search("nn.GRU")
    assert "4 Attention" in found(page)
    result = page.locator("#search-results li").filter(has_text="4 Attention")
    assert "Found in the code or the outputs of this page." in result.inner_text()


def test_words_of_different_sections_are_said_to_stand_apart(search):
    page = search("hiker fog semicolon")
    assert found(page) == ["3 Sequence to sequence, and the bottleneck"]
    assert "stand in different sections" in page.locator("#search-results").inner_text()


def test_many_results_come_in_portions_by_keyboard(search):
    page = search("attention")
    assert len(found(page)) == 20
    more = page.get_by_role("button", name="Show more")
    left = int(more.inner_text().partition("(")[2].rstrip(")"))
    more.focus()
    page.keyboard.press("Enter")
    assert len(found(page)) == 20 + min(left, 20)
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == page.locator("#search-results li a").nth(20).text_content()


def test_the_search_works_where_nothing_may_be_kept(page, search):
    page.add_init_script(REFUSE)
    assert found(search("teacher forcing"))[0] == "Glossary › teacher forcing"


def test_the_search_box_leads_to_it_by_keyboard(page, site):
    page.goto((site / "chapters/03_seq2seq.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("teacher forcing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=teacher+forcing")
    page.locator("#search-results li a").first.wait_for()
    assert found(page)[0] == "Glossary › teacher forcing"


@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 1200), ("dark", 360)])
def test_results_are_accessible_and_fit(page, search, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    for query in ("teacher forcing", "attention", "x" * 300):
        search(query)
        assert barriers(page) == []
        assert width_needed(page) <= width


def test_a_served_site_fetches_no_page_to_quote_from(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/search.html?q=teacher+forcing", wait_until="networkidle")
    assert found(page)[0] == "Glossary › teacher forcing"
    assert [url for url in asked if ".html" in url] == [f"{address}/search.html?q=teacher+forcing"]


def test_only_the_search_page_loads_what_the_search_needs(site):
    loading = [
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if "excerpts.js" in path.read_text("utf-8")
    ]
    assert loading == ["search.html"]
