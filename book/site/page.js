// A wide equation scrolls inside its box. Who reads with the keyboard must be able to scroll it,
// so such a box can take the focus; a box that fits stays out of the way.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const mark = () => {
    for (const box of document.querySelectorAll("div.math > mjx-container")) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.setAttribute("aria-label", "Equation, scrolls sideways");
        box.setAttribute("role", "group");
      } else if (box.getAttribute("role") === "group") {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  };
  mark();
  // Not the window alone: typefaces come late, and a sidebar that opens makes the text narrower.
  const seen = new ResizeObserver(mark);
  for (const box of document.querySelectorAll("div.math > mjx-container")) {
    seen.observe(box);
    if (box.firstElementChild) seen.observe(box.firstElementChild);
  }
});
