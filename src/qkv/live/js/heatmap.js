// A heat map over tokens. It is a real table in the grid pattern: screen readers read it as such,
// arrow keys walk it, and each cell says its number.
import {
  choice,
  colours,
  figure,
  h,
  number,
  onResize,
  onTheme,
  rgb,
  slider,
  walk,
} from "./shared.js";

const MASKED = 65535;

// From paper over the accent to the deepest (in the dark: brightest) shade of it.
function ramp(theme, signed) {
  const [paper, ink, plus, minus] = [theme.paper, theme.ink, theme.accent, theme.accent2].map(rgb);
  const mix = (a, b, t) => a.map((x, i) => x + (b[i] - x) * t);
  return (t) => {
    const hue = signed && t < 0 ? minus : plus;
    const size = Math.min(1, Math.abs(t));
    const low = mix(paper, hue, 0.04);
    return size < 0.65
      ? mix(low, hue, size / 0.65)
      : mix(hue, mix(hue, ink, 0.55), (size - 0.65) / 0.35);
  };
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
const css = (colour) => `rgb(${colour.map(Math.round).join(" ")})`;

// Black or white, whichever can be read on the colour.
function onTop(colour) {
  const [r, g, b] = colour.map((c) =>
    (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

export default figure(({ model, el, say, cleanup }) => {
  const [rows, columns, stack] = ["rows", "columns", "stack"].map((key) => model.get(key));
  const [rowTitle, columnTitle, valueTitle] = model.get("titles");
  const [low, high] = model.get("extent");
  const signed = low < 0;
  const bytes = Uint8Array.from(atob(model.get("weights")), (c) => c.charCodeAt(0));
  const codes = new DataView(bytes.buffer);
  const size = rows.length * columns.length;

  const slice = () =>
    stack.reduce(
      (at, axis) =>
        at * axis.labels.length + Math.max(0, axis.labels.indexOf(model.get("chosen")[axis.name])),
      0,
    );
  const value = (r, c) => {
    const code = codes.getUint16(2 * (slice() * size + r * columns.length + c), true);
    return code === MASKED ? null : low + (code / (MASKED - 1)) * (high - low);
  };
  const written = (v) => (v === null ? "masked" : v.toFixed(model.get("digits")).replace("-", "−"));

  const panel = h("div", { class: "qkv-controls" });
  const cells = rows.map((_row, r) =>
    columns.map((_column, c) =>
      h("td", { role: "gridcell", tabindex: -1, "data-r": r, "data-c": c }, h("span", {})),
    ),
  );
  const heads = columns.map((column) =>
    h("th", { scope: "col", role: "columnheader" }, h("span", {}, column)),
  );
  const sides = rows.map((row) => h("th", { scope: "row", role: "rowheader" }, row));
  const table = h(
    "table",
    { class: "qkv-heat", role: "grid", "aria-label": `${rowTitle} by ${columnTitle}` },
    h(
      "thead",
      {},
      h(
        "tr",
        { role: "row" },
        h("td", { class: "qkv-corner" }),
        h(
          "th",
          { class: "qkv-axis", colspan: columns.length, scope: "colgroup" },
          `${columnTitle} →`,
        ),
      ),
      h(
        "tr",
        { role: "row" },
        h("th", { class: "qkv-axis qkv-axis-row", scope: "col" }, `${rowTitle} ↓`),
        heads,
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((_, r) => h("tr", { role: "row" }, sides[r], cells[r])),
    ),
  );
  const bar = h("span", { class: "qkv-ramp", "aria-hidden": "true" });
  const legend = h(
    "p",
    { class: "qkv-legend" },
    `${valueTitle} `,
    h("b", {}, number(low, 2)),
    bar,
    h("b", {}, number(high, 2)),
  );
  const scroll = h("div", { class: "qkv-scroll" }, table);
  el.append(scroll, legend, panel);

  const paint = () => {
    const colour = ramp(colours(el), signed);
    const peak = Math.max(Math.abs(low), Math.abs(high));
    cells.forEach((line, r) =>
      line.forEach((cell, c) => {
        const v = value(r, c);
        cell.firstChild.textContent = written(v);
        cell.classList.toggle("qkv-masked", v === null);
        cell.classList.toggle("qkv-minus", v !== null && v < 0);
        const back = v === null ? null : colour(v / peak);
        cell.style.backgroundColor = back ? css(back) : "";
        cell.style.color = back ? onTop(back) : "";
      }),
    );
    const stops = Array.from({ length: 9 }, (_, i) => css(colour(signed ? i / 4 - 1 : i / 8)));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  };

  const where = () =>
    stack.map((axis) => `${axis.name} ${model.get("chosen")[axis.name]}`).join(", ");
  const tell = () => {
    const place = stack.length ? `${where()}: ` : "";
    const [r, c] = model.get("cell");
    if (r === undefined) {
      say(sentence(`${place}point at a cell, or walk with the arrow keys, to read it.`));
      return;
    }
    const line = columns.map((_, k) => value(r, k));
    const best = line.reduce((at, v, k) => (v !== null && (at < 0 || v > line[at]) ? k : at), -1);
    const most =
      best < 0
        ? ""
        : best === c
          ? " This is the row’s highest."
          : ` The row’s highest is “${columns[best]}”, ${written(line[best])}.`;
    const here = `${rowTitle} “${rows[r]}”, ${columnTitle} “${columns[c]}”: ${written(value(r, c))}.`;
    say(sentence(`${place}${here}${most}`));
  };

  let marked = [];
  const mark = () => {
    marked.forEach((node) => node.classList.remove("qkv-here", "qkv-line"));
    const [r, c] = model.get("cell");
    cells.flat().forEach((cell) => {
      cell.tabIndex = -1;
    });
    cells[r ?? 0][c ?? 0].tabIndex = 0;
    marked = r === undefined ? [] : [...cells[r], sides[r], heads[c]];
    marked.forEach((node) => node.classList.add("qkv-line"));
    if (r !== undefined) cells[r][c].classList.add("qkv-here");
    tell();
  };
  const go = (r, c) => {
    const [was, is] = model.get("cell");
    if (was === r && is === c) return;
    model.set("cell", [r, c]);
    model.save_changes();
  };

  const pointed = (event) => {
    const cell = event.target.closest?.("td[data-r]");
    if (cell) go(Number(cell.dataset.r), Number(cell.dataset.c));
  };
  table.addEventListener("pointerover", pointed);
  table.addEventListener("pointerdown", pointed);
  table.addEventListener("focusin", pointed);
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td[data-r]");
    if (cell) walk(event, cells, Number(cell.dataset.r), Number(cell.dataset.c));
  });

  const parts = stack.map(({ name, labels }) => {
    const make = typeof labels[0] === "number" ? slider : choice;
    const part = make({
      label: name,
      values: labels,
      onchange: (label) => {
        model.set("chosen", { ...model.get("chosen"), [name]: label });
        model.save_changes();
      },
    });
    panel.append(part.el);
    return part;
  });

  const turn = () => {
    stack.forEach((axis, i) =>
      parts[i].set(Math.max(0, axis.labels.indexOf(model.get("chosen")[axis.name]))),
    );
    paint();
    tell();
  };
  model.on("change:cell", mark);
  model.on("change:chosen", turn);
  cleanup(() => {
    model.off("change:cell", mark);
    model.off("change:chosen", turn);
  });
  cleanup(onTheme(paint));
  const longest = (labels) => Math.max(...labels.map((label) => label.length));
  cleanup(
    onResize(scroll, (width) => {
      const side = sides[0].offsetWidth + 10;
      const cell = Math.max(18, Math.min(54, Math.floor((width - side) / columns.length)));
      table.style.setProperty("--cell", `${cell}px`);
      table.classList.toggle("qkv-upright", longest(columns) * 8 + 4 > cell);
      table.classList.toggle("qkv-numbers", cell >= 9 * (model.get("digits") + (signed ? 2.6 : 2)));
    }),
  );
  paint();
  mark();
});
