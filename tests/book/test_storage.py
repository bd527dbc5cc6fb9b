"""A page that may keep nothing (a school's browser, a sandboxed frame) works all the same."""

from urllib.parse import quote

from qkv.publish.sphinx import MEMORY


def test_where_storage_is_refused_a_page_gets_a_memory_of_its_own(page):
    """A page of data may keep nothing: there, even to ask is an error."""
    plain = "data:text/html," + quote("<p>x")
    page.goto(plain)
    asked = "(() => { try { return localStorage.getItem('a'); } catch (e) { return e.name; } })()"
    assert page.evaluate(asked) == "SecurityError"
    page.goto("data:text/html," + quote(f"<script>{MEMORY}</script><p>x"))
    assert page.evaluate(asked) is None
    page.evaluate("localStorage.setItem('mode', 'dark'); sessionStorage.setItem('a', 1)")
    assert page.evaluate("[localStorage.getItem('mode'), sessionStorage.getItem('a')]") == [
        "dark",
        "1",
    ]
    assert page.evaluate("localStorage.length") == 1
    assert page.evaluate("localStorage.forgetful")
    page.evaluate("localStorage.removeItem('mode')")
    assert page.evaluate("localStorage.getItem('mode')") is None


def test_where_storage_is_allowed_it_is_used(page, tmp_path):
    (tmp_path / "page.html").write_text(f"<script>{MEMORY}</script><p>x")
    page.goto(f"file://{tmp_path}/page.html")
    assert page.evaluate("localStorage instanceof Storage")
