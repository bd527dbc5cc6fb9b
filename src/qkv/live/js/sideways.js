// What is wider than its box scrolls in it. The box then shows that there is more (the style fades its
// edge), takes the focus, so that arrow keys scroll it, and has a name.

export function sideways(el) {
  const look = () => {
    for (const box of el.querySelectorAll(".qkv-scroll")) {
      const hidden = box.scrollWidth - box.clientWidth;
      const wide = box.clientWidth > 0 && hidden > 1;
      box.classList.toggle("qkv-more-right", wide && box.scrollLeft < hidden - 1);
      box.classList.toggle("qkv-more-left", wide && box.scrollLeft > 1);
      if (wide === box.hasAttribute("data-wide")) continue;
      box.toggleAttribute("data-wide", wide);
      if (wide) {
        const name = box.querySelector("[aria-label]")?.getAttribute("aria-label") ?? "Table";
        const label = `${name}, scrolls sideways`;
        for (const [key, value] of Object.entries({
          tabindex: 0,
          role: "region",
          "aria-label": label,
        }))
          box.setAttribute(key, value);
      } else for (const key of ["tabindex", "role", "aria-label"]) box.removeAttribute(key);
    }
  };
  const sizes = new ResizeObserver(look);
  const watch = () => {
    sizes.disconnect();
    sizes.observe(el);
    for (const table of el.querySelectorAll(".qkv-scroll > *")) sizes.observe(table);
  };
  const changes = new MutationObserver(watch);
  changes.observe(el, { childList: true, subtree: true });
  el.addEventListener("scroll", look, true); // it does not bubble
  watch();
  return () => {
    sizes.disconnect();
    changes.disconnect();
  };
}
