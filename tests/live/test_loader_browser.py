"""The site's loader: what it asks for, when, and what a reader sees when something is missing."""

import json
import re

import pytest

from qkv.live.bundle import site_scripts, site_style

PAGE = """<!doctype html><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="../_static/live.css">
<script async src="../_static/qkv-live.js?v=1"></script>
<body>{figures}"""

FIGURE = """<div class="qkv-live" id="{id}" data-module="{module}" {more}>
<p class="qkv-still" style="height: 100px">Still.</p>{state}</div>
<div style="height: {gap}px"></div>"""

SHOW = (
    "export default { render({ model, el }) "
    '{ el.classList.add("qkv-figure"); el.textContent = greet(model.get("text")); } };\n'
)


def host(id, module="main", state=None, file="", gap=0):
    """Return a live figure, its state in the page or in a file."""
    inline = (
        "" if state is None else f'<script type="application/json">{json.dumps(state)}</script>'
    )
    more = f'data-state="{file}"' if file else ""
    return FIGURE.format(id=id, module=module, more=more, state=inline, gap=gap)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Write a site with the modules `main` and `other`, which share a file; return its folder."""
    from qkv.live import bundle

    source = tmp_path / "source"
    source.mkdir()
    (source / "shared.js").write_text(
        "document.body.dataset.ran = (document.body.dataset.ran ?? '') + 'x';\n"
        "export const greet = (text) => `Hello, ${text}!`;\n"
    )
    for name in ("main", "other"):
        (source / f"{name}.js").write_text('import { greet } from "./shared.js";\n' + SHOW)
    (source / "broken.js").write_text('import { x } from "./gone.js";\nexport default {};\n')
    monkeypatch.setattr(bundle, "folders", lambda: [source])
    monkeypatch.setattr(bundle, "scripts", bundle.scripts.__wrapped__)
    for name in ("_static/qkv", "_static/figures", "chapters"):
        (tmp_path / name).mkdir(parents=True)
    for name, text in site_scripts().items():
        (tmp_path / "_static" / name).write_text(text, "utf-8")
    (tmp_path / "_static/live.css").write_text(site_style(), "utf-8")
    return tmp_path


@pytest.fixture
def visit(browser, site):
    """Open a page with these figures from a file; return it and the list of files it asked for."""
    context = browser.new_context(viewport={"width": 800, "height": 600})

    def open_page(*figures):
        (site / "chapters/one.html").write_text(PAGE.format(figures="".join(figures)), "utf-8")
        page, asked = context.new_page(), []
        page.on(
            "request", lambda request: asked.append(re.sub(r".*_static/|\?.*", "", request.url))
        )
        page.goto((site / "chapters/one.html").as_uri())
        return page, asked

    yield open_page
    context.close()


def text(page, id):
    return page.locator(f"#{id} .qkv-figure").inner_text()


def said(page, id):
    failed = page.locator(f"#{id} .qkv-failed")
    failed.wait_for()
    return failed.inner_text()


def test_what_figures_share_is_asked_for_and_run_once(visit):
    page, asked = visit(
        host("a", state={"text": "a"}),
        host("b", state={"text": "b"}),
        host("c", "other", state={"text": "c"}),
    )
    assert [text(page, id) for id in "abc"] == ["Hello, a!", "Hello, b!", "Hello, c!"]
    assert sorted(name for name in asked if name.startswith("qkv/")) == [
        "qkv/main.js",
        "qkv/other.js",
        "qkv/shared.js",
    ]
    assert page.evaluate("document.body.dataset.ran") == "x"


def test_a_figure_starts_when_the_reader_comes_near(visit, site):
    (site / "_static/figures/far-1.js").write_text('qkv.state("far-1", {"text": "far"});\n')
    page, asked = visit(
        host("a", state={"text": "a"}, gap=3000), host("far", "other", file="far-1", gap=3000)
    )
    page.locator("#a.qkv-ready").wait_for()
    page.wait_for_timeout(200)
    assert page.locator(".qkv-ready").count() == 1
    assert not {"qkv/other.js", "figures/far-1.js"} & set(asked)
    page.evaluate("scrollTo(0, 1800)")
    page.locator("#far.qkv-ready").wait_for()
    assert text(page, "far") == "Hello, far!"
    assert {"qkv/other.js", "figures/far-1.js"} <= set(asked)


def test_two_figures_with_one_file_do_not_share_their_state(visit, site):
    (site / "_static/figures/one-1.js").write_text('qkv.state("one-1", {"text": "one"});\n')
    page, asked = visit(host("a", file="one-1"), host("b", file="one-1"))
    assert [text(page, id) for id in "ab"] == ["Hello, one!"] * 2
    assert asked.count("figures/one-1.js") == 1


def test_the_still_keeps_the_place_until_the_figure_is_drawn(visit, site):
    (site / "_static/qkv/other.js").write_text(
        'qkv.define("other", () => ({ default: { render: ({ el }) => { '
        "el.classList.add('qkv-figure'); el.style.height = '900px'; "
        "return new Promise(() => {}); } } }));"
    )
    page, _ = visit(host("a", "other", state={}), '<p id="below">Below.</p>')
    page.locator("#a .qkv-figure").wait_for(state="attached")
    assert page.locator("#a .qkv-still").is_visible()
    assert not page.locator("#a .qkv-figure").is_visible()
    assert page.locator("#below").bounding_box()["y"] < 200


@pytest.mark.parametrize(
    ("module", "file", "reason"),
    [
        ("gone", "", "there is no live module gone"),
        ("broken", "", "broken.js imports ./gone.js, and there is no such file"),
        ("other", "lost-1", "figures/lost-1.js could not be loaded"),
        ("deleted", "", "qkv/deleted.js"),
        ("garbled", "", "the script garbled.js is broken"),
    ],
)
def test_what_is_missing_breaks_that_figure_alone_and_is_named(visit, site, module, file, reason):
    loader = site / "_static/qkv-live.js"
    loader.write_text(
        loader.read_text("utf-8").replace('"main":', '"deleted": [], "garbled": [], "main":')
    )
    (site / "_static/qkv/garbled.js").write_text('qkv.define("garbled", () => {')
    page, _ = visit(
        host("a", module, None if file else {"text": "a"}, file), host("b", state={"text": "b"})
    )
    assert said(page, "a").startswith("This live figure could not start (")
    assert reason in said(page, "a")
    assert said(page, "a").endswith("The picture shows how it begins.")
    assert page.locator("#a .qkv-still").is_visible()
    assert text(page, "b") == "Hello, b!"


TYPESETTER = """<script>
const order = [];
window.MathJax = { options: { enableMenu: false } };
window.typeset = (slow) => {
  // What MathJax does with its settings, once its script is there.
  const { pageReady } = window.MathJax.startup ?? {};
  const defaultPageReady = () => order.push(document.querySelectorAll(".qkv-ready").length);
  window.MathJax = { version: "3", startup: { defaultPageReady } };
  return (pageReady ?? defaultPageReady)();
};
</script>"""


def test_formulas_are_set_after_the_figures_that_the_reader_looks_at(visit, site):
    (site / "_static/qkv/main.js").write_text(
        'qkv.define("main", () => ({ default: { render: () => new Promise((done) => {'
        " window.go = done; }) } }));\n"
    )
    far = host("far", state={"text": "you"}, gap=4000)
    page, _ = visit(TYPESETTER, host("near", state={"text": "you"}, gap=4000), far)
    page.wait_for_function("window.MathJax.startup && typeof go === 'function'")
    page.evaluate("void (done = typeset().then(() => order[0]))")
    assert page.evaluate("order") == []
    page.evaluate("go()")
    assert page.evaluate("done") == 1
    assert page.locator("#far.qkv-ready").count() == 0


def test_formulas_do_not_wait_for_a_figure_for_longer_than_a_moment(visit, site):
    (site / "_static/qkv/main.js").write_text(
        'qkv.define("main", () => ({ default: { render: () => new Promise(() => {}) } }));\n'
    )
    page, _ = visit(TYPESETTER, host("never", state={"text": "you"}, gap=0))
    page.wait_for_function("window.MathJax.startup")
    page.evaluate("begin = performance.now()")
    page.evaluate("void (done = typeset().then(() => performance.now()))")
    assert page.evaluate("order") == []
    assert 2_900 < page.evaluate("done.then((end) => end - begin)") < 10_000
