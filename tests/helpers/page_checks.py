"""What is checked on every page: other hosts, barriers, width, controls, quick checks."""

import json
import re

from axe_playwright_python.sync_playwright import Axe


def cut_off(page, *allowed: str) -> list[str]:
    """Stop requests to other addresses than the allowed ones; return the list they are noted in."""
    strangers = []

    def guard(route):
        if route.request.url.startswith((*allowed, "blob:", "data:", "file:")):
            return route.continue_()
        strangers.append(route.request.url)
        return route.abort()

    page.route("**/*", guard)
    return strangers


def barriers(page) -> list[str]:
    """Return the serious and critical violations that axe finds, each with the places."""
    # Without preload axe fetches no style sheets by itself, and so none from a wrong address. What
    # passes is of no interest: its report would be as long as the page.
    options = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{v['id']}: {[node['html'][:200] for node in v['nodes'][:3]]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def width_needed(page) -> int:
    """Return how wide the page would have to be to show all, in pixels."""
    return page.evaluate("document.documentElement.scrollWidth")


SNAPSHOT = """(stage) => {
  const copy = stage.cloneNode(true);
  copy.querySelectorAll(".qkv-controls, [role=status], input, select, textarea, datalist")
    .forEach((e) => e.remove());
  // What only says where the focus is, is not drawn.
  const unseen = ["tabindex", "data-lm-suppress-shortcuts", "data-check"];
  copy.querySelectorAll("*").forEach((e) => unseen.forEach((name) => e.removeAttribute(name)));
  const canvases = [...stage.querySelectorAll("canvas")].map((c) => c.toDataURL());
  return copy.innerHTML + canvases.join();
}"""


def small_targets(page, targets="button, input, select, summary") -> list[str]:
    """Return the controls that a finger could miss: under 44 pixels wide or high."""
    return page.evaluate(
        """(targets) => [...document.querySelectorAll(targets)].filter((e) => {
          const box = e.getBoundingClientRect();
          return box.height < 44 || box.width < 44;
        }).map((e) => e.outerHTML)""",
        targets,
    )


def says(page, text) -> None:
    """Wait until the live region says `text`."""
    page.get_by_role("status").filter(has_text=text).wait_for(timeout=5000)


def drawn(figure) -> str:
    """Return what the figure shows, without its controls and its words about them."""
    return figure.locator(".qkv-stage").evaluate(SNAPSHOT)


def whole(figure) -> str:
    """Return all that the figure shows: what a button may change."""
    return figure.locator(".qkv-stage").inner_html() + drawn(figure)


def operate_all(figure, how: str) -> list[str]:
    """Work each visible control by "mouse" or "keyboard"; return a sentence for each idle one."""
    idle = []
    selector = (
        "input[type=range], input[type=radio]:not(:checked), input[type=checkbox], select, "
        "input[type=text], textarea, [role=slider], [role=gridcell][tabindex='0'], "
        "[role=application], button"
    )
    # Each control gets a number first: working one may change which others the selector finds.
    number = "(all) => all.forEach((e, i) => { e.dataset.check = i; })"
    controls = figure.locator(f".qkv-stage :is({selector})")
    controls.evaluate_all(number)
    count = controls.count()
    module = figure.get_attribute("data-module")
    if not count:
        idle.append(f"{module}: there is no control")
    for i in range(count):
        control = figure.locator(f"[data-check='{i}']")
        if not control.is_visible() or not control.is_enabled():
            continue
        kind = control.evaluate(
            "e => e.getAttribute('role') || (e.tagName === 'INPUT' ? e.type : e.localName)"
        )
        look = whole if kind == "button" else drawn
        control.scroll_into_view_if_needed()
        before = look(figure)
        WORK[how][kind](control)
        if not changed(figure, look, before):
            name = control.evaluate("e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText")
            name = name.strip()
            idle.append(f"{module}: the {kind} {name!r} changes nothing by {how}")
    return idle


def changed(figure, look, before) -> bool:
    """Tell whether the figure comes to look different within two seconds."""
    for _ in range(40):
        if look(figure) != before:
            return True
        figure.page.wait_for_timeout(50)
    return False


def drag(control):
    """Drag the thumb of a slider from where it is to the farther end."""
    box = control.bounding_box()
    share = control.evaluate("e => (e.value - e.min) / (e.max - e.min)")
    y = box["y"] + box["height"] / 2
    mouse = control.page.mouse
    mouse.move(box["x"] + 8 + share * (box["width"] - 16), y)
    mouse.down()
    mouse.move(box["x"] + (4 if share > 0.5 else box["width"] - 4), y, steps=6)
    mouse.up()


FIRST_POINT = """(e) => {
  const box = e.getBoundingClientRect();
  for (const across of [0.5, 0.3, 0.7, 0.1, 0.9]) {
    for (const down of [0.5, 0.3, 0.7]) {
      const [x, y] = [box.x + across * box.width, box.y + down * box.height];
      if (e.contains(document.elementFromPoint(x, y))) return [x, y];
    }
  }
}"""


def turn(control):
    """Drag a handle inside a drawing some way off, from a point that belongs to it."""
    x, y = control.evaluate(FIRST_POINT)
    control.page.mouse.move(x, y)
    control.page.mouse.down()
    control.page.mouse.move(x - 60, y + 50, steps=6)
    control.page.mouse.up()


def to_the_end(control):
    """Move a slider to its farther end, by arrow and by Home or End."""
    control.focus()
    near_start = control.evaluate("e => e.value - e.min <= e.max - e.value")
    control.press("ArrowRight" if near_start else "ArrowLeft")
    control.press("End" if near_start else "Home")


def step(control):
    """Turn a handle by one step."""
    control.focus()
    control.press("ArrowRight")


def point(control):
    """Choose a spot of a map by dragging it a little."""
    turn(control)


def cell_by_mouse(control):
    """Point at the last cell of the grid."""
    control.locator("xpath=ancestor::table[1]").get_by_role("gridcell").last.hover()


def cell_by_keyboard(control):
    """Walk to the neighbouring cell."""
    control.focus()
    control.press("ArrowDown")
    control.page.keyboard.press("ArrowRight")


def press_enter(control):
    """Press a button by its key."""
    control.focus()
    control.press("Enter")


def choose_by_keyboard(control):
    """Go to the group's chosen radio button and press the arrow towards this one."""
    control.focus()
    control.press("Space")


def known_word(control):
    """Return a word that the figure knows: the one that its field proposes, if it does."""
    return control.get_attribute("placeholder") or "list"


def type_text(control):
    """Replace the text of a field by a word that the figure knows."""
    control.fill(known_word(control))


def select_other(control):
    """Choose another option of a select."""
    control.select_option(index=control.evaluate("e => (e.selectedIndex + 1) % e.options.length"))


def click(control):
    """Click, on the label where the control itself is drawn by style."""
    control.click(force=True)


WORK = {
    "mouse": {
        "range": drag,
        "radio": click,
        "checkbox": click,
        "select": select_other,
        "text": type_text,
        "textarea": type_text,
        "slider": turn,
        "gridcell": cell_by_mouse,
        "application": point,
        "button": click,
    },
    "keyboard": {
        "range": to_the_end,
        "radio": choose_by_keyboard,
        "checkbox": choose_by_keyboard,
        "select": lambda control: (control.focus(), control.press("ArrowDown")),
        "text": lambda control: (control.focus(), control.press_sequentially(known_word(control))),
        "textarea": lambda control: (control.focus(), control.press("x")),
        "slider": step,
        "gridcell": cell_by_keyboard,
        "application": lambda control: (control.focus(), control.press("+")),
        "button": press_enter,
    },
}


def wrong_and_right(quiz) -> list[str]:
    """Answer a quick check wrongly, then rightly, by keyboard; return what went amiss."""
    state = json.loads(quiz.locator('script[type="application/json"]').text_content())["question"]
    problems = []
    for right in (False, True):
        give(quiz, state, right)
        check = quiz.get_by_role("button", name="Check")
        check.focus()
        check.press("Enter")
        said = quiz.get_by_role("status").inner_text()
        if said.startswith("✓") != right:
            problems.append(f"{state['id']}: a {right} answer is told {said!r}")
        if not quiz.locator(".qkv-quiz-why li").count():
            problems.append(f"{state['id']}: nothing is explained")
        if not right:
            quiz.get_by_role("button", name=re.compile("again")).press("Enter")
    return problems


def give(quiz, state, right: bool):
    """Fill in the right answer, or a wrong one."""
    answers = state["answers"]
    if state["kind"] == "single":
        index = next(i for i, answer in enumerate(answers) if answer["right"] == right)
        quiz.locator(f"input[type=radio][value='{index}']").check()
    elif state["kind"] == "multiple":
        for i, answer in enumerate(answers):
            quiz.locator(f"input[type=checkbox][value='{i}']").set_checked(answer["right"] == right)
    elif state["kind"] == "number":
        value = answers[0]["value"] + (0 if right else 1 + 10 * answers[0]["tolerance"])
        quiz.get_by_role("textbox").fill(repr(value))
    else:
        axes = answers[0]["value"] if right else answers[0]["value"][::-1]
        for i, axis in enumerate(axes):
            quiz.get_by_role("combobox").nth(i).select_option(axis)
