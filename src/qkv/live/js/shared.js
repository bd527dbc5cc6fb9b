// Helpers for the modules that draw live figures. A module reads:
//
//   import { figure, h, slider } from "./shared.js";
//   export default figure(({ model, el, say, cleanup }) => { … });
//
// model  get(key), set(key, value), save_changes(), on("change:key", f), send(message): the state
// el     the element to fill; its class is qkv-figure, so live.css applies
// say    say(text) writes the state in words under the figure, where screen readers announce it;
//        calls that follow fast are joined. Every figure says its state when a control changes it;
//        what it says while it is first drawn is shown and not announced.
// cleanup  cleanup(f) runs f when the figure goes away
//
// h, svg            make elements          slider, choice, tick, button   labelled, keyboard, touch
// colours(el)       ink, muted, line, paper, accent, accent2, good, bad, focus, for canvas
// onTheme, onResize redraw when the page turns dark or changes width (return a function to stop)
// canvas2d, rgb     a sharp canvas, a colour as numbers   reducedMotion, hasKernel, uid, number, fixed
// Colours in CSS and SVG: var(--ink), var(--muted), var(--line), var(--paper), var(--accent), …

import { sideways } from "./sideways.js";

const FALLBACK = {
  ink: "#1b2733",
  muted: "#5a6775",
  line: "#d5dbe1",
  paper: "#ffffff",
  accent: "#2a5d8f",
  "accent-2": "#b5541c",
  good: "#1d7a55",
  bad: "#b3372f",
  focus: "#b5541c",
};

let count = 0;
export const uid = (prefix = "qkv") =>
  `${prefix}-${(count += 1)}-${Math.random().toString(36).slice(2, 7)}`;
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const hasKernel = (model) => model.kernel !== false;

function build(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// h("button", { class: "x", onclick: f, disabled: true }, "text", child): an HTML element.
export function h(tag, attributes, ...children) {
  return build(document.createElement(tag), attributes, children);
}

// The same for SVG.
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

// A number for people: at most `digits` significant digits, a true minus sign, no trailing zeros.
export function number(value, digits = 3) {
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const whole = Number.isInteger(value) && size < 1e6;
  const text = whole
    ? String(value)
    : size !== 0 && (size < 1e-3 || size >= 1e6)
      ? String(Number(value.toPrecision(digits)).toExponential())
      : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

// A number with a fixed count of decimals and a true minus sign; never "−0.00".
export const fixed = (value, digits = 2) =>
  value
    .toFixed(digits)
    .replace(/^-(?=0\.?0*$)/, "")
    .replace("-", "−");

// Tokens by names that differ: the, cat, the -> the₁, cat, the₂.
export const tellApart = (tokens) =>
  tokens.map((token, i) => {
    if (tokens.indexOf(token) === tokens.lastIndexOf(token)) return token;
    const count = tokens.slice(0, i + 1).filter((other) => other === token).length;
    return token + String(count).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
  });

// Wrap a render function: the class, the status line, the caption that Jupyter does not draw.
export function figure(render) {
  return {
    async render({ model, el }) {
      const undo = [];
      const body = h("div", { class: "qkv-body" });
      const status = h("p", { class: "qkv-status", role: "status", "aria-live": "polite" });
      el.classList.add("qkv-figure");
      // Else JupyterLab takes the arrow keys: it looks for this mark on the focused element itself.
      el.addEventListener("focusin", ({ target }) => {
        target.dataset.lmSuppressShortcuts = "true";
      });
      el.append(body, status);
      const caption = model.get("caption");
      if (caption) el.append(h("p", { class: "qkv-caption" }, caption));
      const alt = model.get("alt");
      if (alt) {
        el.setAttribute("role", "group");
        el.setAttribute("aria-label", alt);
      }
      let waiting;
      let drawn = false;
      const say = (text) => {
        if (!drawn) status.textContent = text;
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          if (status.textContent !== text) status.textContent = text;
        }, 150);
      };
      await render({ model, el: body, say, cleanup: (f) => undo.push(f) });
      drawn = true;
      undo.push(sideways(body));
      return () => undo.forEach((f) => f());
    },
  };
}

// A labelled slider over `values` (numbers or strings). `onchange(value, index)` follows the thumb.
// Returns { el, input, output, set(index) }; `format(value)` is what is shown and read out.
export function slider({ label, values, index = 0, unit = "", format = number, onchange }) {
  const id = uid("slider");
  const text = (i) => `${format(values[i])}${unit ? ` ${unit}` : ""}`;
  const output = h("output", { for: id, class: "qkv-value" }, text(index));
  const input = h("input", {
    type: "range",
    id,
    min: 0,
    max: values.length - 1,
    step: 1,
    value: index,
    "aria-valuetext": text(index),
  });
  const show = (i) => {
    output.textContent = text(i);
    input.setAttribute("aria-valuetext", text(i));
    input.style.setProperty("--filled", `${(100 * i) / Math.max(1, values.length - 1)}%`);
  };
  input.addEventListener("input", () => {
    show(Number(input.value));
    onchange?.(values[Number(input.value)], Number(input.value));
  });
  show(index);
  const set = (i) => {
    input.value = i;
    show(i);
  };
  const el = h("div", { class: "qkv-control" }, h("label", { for: id }, label), input, output);
  return { el, input, output, set };
}

// One of a few options: radio buttons side by side; more than `most`, a menu.
// Returns { el, set(index) }; index −1 chooses none of the buttons. `onchange(value, index)`.
export function choice({
  label,
  values,
  index = 0,
  unit = "",
  format = number,
  most = 6,
  onchange,
}) {
  const text = (value) => `${format(value)}${unit ? ` ${unit}` : ""}`;
  if (values.length > most) {
    const id = uid("menu");
    const menu = h(
      "select",
      { id, class: "qkv-menu" },
      values.map((value, i) => h("option", { value: i, selected: i === index }, text(value))),
    );
    menu.addEventListener("change", () =>
      onchange?.(values[menu.selectedIndex], menu.selectedIndex),
    );
    const el = h("div", { class: "qkv-control" }, h("label", { for: id }, label), menu);
    return {
      el,
      set: (i) => {
        menu.selectedIndex = i;
      },
    };
  }
  const group = uid("choice");
  const inputs = values.map((_value, i) =>
    h("input", {
      type: "radio",
      name: group,
      value: i,
      checked: i === index,
      onchange: () => onchange?.(values[i], i),
    }),
  );
  const el = h(
    "fieldset",
    { class: "qkv-control qkv-choice" },
    h("legend", {}, label),
    h(
      "div",
      { class: "qkv-options" },
      values.map((value, i) => h("label", {}, inputs[i], h("span", {}, text(value)))),
    ),
  );
  return {
    el,
    set: (i) =>
      inputs.forEach((input, k) => {
        input.checked = k === i;
      }),
  };
}

// A box to tick. Returns { el, input, set(checked) }; `onchange(checked)`.
export function tick({ label, checked = false, onchange }) {
  const input = h("input", {
    type: "checkbox",
    checked,
    onchange: () => onchange?.(input.checked),
  });
  const el = h("label", { class: "qkv-tick" }, input, h("span", {}, label));
  return {
    el,
    input,
    set: (on) => {
      input.checked = on;
    },
  };
}

// A button with a name; `icon` replaces the name on screen, not for screen readers.
export function button(name, onclick, icon = null) {
  return h(
    "button",
    {
      type: "button",
      class: icon ? "qkv-button qkv-icon" : "qkv-button",
      "aria-label": icon ? name : null,
      title: icon ? name : null,
      onclick,
    },
    icon ?? name,
  );
}

// Moves the focus in a grid of cells, a list of rows, from row r and column c, as the grid pattern
// says: arrows, Home and End, with Ctrl to the grid's own ends. Whether the key was one of these.
export function walk(event, cells, r, c) {
  const far = event.ctrlKey || event.metaKey;
  const to = {
    ArrowUp: [r - 1, c],
    ArrowDown: [r + 1, c],
    ArrowLeft: [r, c - 1],
    ArrowRight: [r, c + 1],
    Home: [far ? 0 : r, 0],
    End: [far ? cells.length - 1 : r, cells[r].length - 1],
  }[event.key];
  if (!to) return false;
  event.preventDefault();
  cells[to[0]]?.[to[1]]?.focus();
  return true;
}

// The figure's colours as they are now, for drawing on a canvas.
export function colours(el) {
  const style = getComputedStyle(el.closest(".qkv-figure") ?? el);
  const found = {};
  for (const [key, fallback] of Object.entries(FALLBACK)) {
    found[key.replace("-", "")] = style.getPropertyValue(`--${key}`).trim() || fallback;
  }
  return found;
}

// Any CSS colour as [red, green, blue], 0 to 255.
export function rgb(colour) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

// Call `redraw` when the page (or JupyterLab) changes between light and dark.
export function onTheme(redraw) {
  const watch = new MutationObserver(() => redraw());
  watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  watch.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-theme"] });
  return () => watch.disconnect();
}

// Call `redraw(width)` when the element's width changes, and once at the start.
export function onResize(el, redraw) {
  let last = -1;
  const watch = new ResizeObserver(() => {
    const width = Math.round(el.clientWidth);
    if (width > 0 && width !== last) redraw((last = width));
  });
  watch.observe(el);
  return () => watch.disconnect();
}

// Size a canvas in CSS pixels and return its context, sharp on every screen.
export function canvas2d(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
