// A mask to paint: each row of scores goes through softmax with only those keys that the query may
// look at.

import { choice, figure, fixed, h, onResize, tellApart, walk } from "../../live/js/shared.js";
import { argmax, softmax } from "../../live/js/tensors.js";

const PAD = "<pad>";

// scores and mask (time, time) as rows -> weights, rows of Float32Array. A row without any key is
// nan, as in PyTorch: there is nothing to divide by.
export const masked = (scores, mask) =>
  scores.map((row, r) =>
    softmax(Float32Array.from(row, (score, c) => (mask[r][c] ? score : -Infinity))),
  );

// What the mask lets through that it perhaps should not, in words.
export function leaks(tokens, names, mask, weights) {
  const places = mask.flatMap((row, r) =>
    row.flatMap((open, c) => (open && c > r ? [[r, c]] : [])),
  );
  const words = [];
  if (!places.length) words.push("No token sees a later one: the future does not leak.");
  else {
    const real = places.filter((place) => place.every((i) => tokens[i] !== PAD));
    const [r, c] = (real.length ? real : places).reduce((most, place) =>
      weights[place[0]][place[1]] > weights[most[0]][most[1]] ? place : most,
    );
    const rest = places.length - 1;
    words.push(
      `The future leaks: “${names[r]}” gives ${fixed(weights[r][c])} of its weight to ` +
        `“${names[c]}”, which comes later` +
        `${rest ? `; ${rest} other ${rest === 1 ? "cell looks" : "cells look"} ahead too` : ""}. ` +
        "An encoder may do that; a model that is to predict the next token would copy it.",
    );
  }
  const real = [...names.keys()].filter((r) => tokens[r] !== PAD);
  if (real.length < tokens.length) {
    const lost = real.map((r) =>
      weights[r].reduce((sum, w, c) => sum + (tokens[c] === PAD ? w : 0), 0),
    );
    const worst = argmax(lost.map((share) => share || 0));
    words.push(
      lost[worst] > 0
        ? `Padding, which says nothing, takes ${fixed(lost[worst])} of the weight of “${names[real[worst]]}”.`
        : "Padding takes no weight from any word.",
    );
  }
  const blind = names.filter((_, r) => !mask[r].some(Boolean));
  if (blind.length) {
    words.push(
      `“${blind[0]}” may look at nothing: softmax divides 0 by 0, and its weights are nan.`,
    );
  }
  return words.join(" ");
}

export default figure(({ model, el, say, cleanup }) => {
  const [tokens, scores, presets] = ["tokens", "scores", "presets"].map((key) => model.get(key));
  const names = tellApart(tokens);
  let [row, column] = [-1, -1];
  let brush = null; // while the pointer is down: whether it opens or closes

  const start = choice({
    label: "Mask",
    values: presets.map(([name]) => name),
    index: -1,
    onchange: (_, i) => keep(presets[i][1]),
  });
  const cells = names.map((_, r) =>
    names.map((__, c) =>
      h(
        "td",
        {
          role: "gridcell",
          tabindex: -1,
          "data-r": r,
          "data-c": c,
          class: c > r ? "qkv-later" : null,
        },
        h("span", {}),
      ),
    ),
  );
  cells[0][0].tabIndex = 0;
  const heads = names.map((name) =>
    h("th", { scope: "col", role: "columnheader" }, h("span", {}, name)),
  );
  const sides = names.map((name) => h("th", { scope: "row", role: "rowheader" }, name));
  const table = h(
    "table",
    {
      class: "qkv-heat qkv-paint",
      role: "grid",
      "aria-multiselectable": "true",
      "aria-label": "Who may look at whom: a chosen cell lets its row's token look at its column's",
    },
    h(
      "thead",
      {},
      h(
        "tr",
        { role: "row" },
        h("td", { class: "qkv-corner" }),
        h(
          "th",
          { class: "qkv-axis", colspan: names.length, scope: "colgroup" },
          "looks at (key) →",
        ),
      ),
      h(
        "tr",
        { role: "row" },
        h("th", { class: "qkv-axis qkv-axis-row", scope: "col" }, "query ↓"),
        heads,
      ),
    ),
    h(
      "tbody",
      {},
      names.map((_, r) => h("tr", { role: "row" }, sides[r], cells[r])),
    ),
  );
  const scroll = h("div", { class: "qkv-scroll" }, table);
  const legend = h(
    "p",
    { class: "qkv-legend qkv-signs" },
    h("i", { class: "qkv-open" }),
    "weight",
    h("i", { class: "qkv-shut" }),
    "may not look",
    h("i", { class: "qkv-leak" }),
    "sees the future",
  );
  el.append(h("div", { class: "qkv-controls qkv-first" }, start.el), scroll, legend);

  function keep(mask) {
    model.set("mask", mask);
    model.save_changes();
  }
  const paint = (r, c, open) => {
    const mask = model.get("mask");
    if (mask[r][c] === open) return;
    keep(mask.map((line, k) => (k === r ? line.map((old, j) => (j === c ? open : old)) : line)));
  };

  const cellInWords = () => {
    const mask = model.get("mask");
    const [from, to] = [`“${names[row]}”`, row === column ? "itself" : `“${names[column]}”`];
    const weight = masked(scores, mask)[row][column];
    const when = column > row ? ", which comes later" : "";
    return mask[row][column]
      ? `${from} may look at ${to}${when}: weight ${fixed(weight)}.`
      : `${from} may not look at ${to}${when}.`;
  };

  let before = null;
  function draw() {
    const mask = model.get("mask");
    const weights = masked(scores, mask);
    cells.forEach((line, r) =>
      line.forEach((td, c) => {
        const open = mask[r][c];
        const weight = weights[r][c];
        td.classList.toggle("qkv-shut", !open);
        td.classList.toggle("qkv-nan", Number.isNaN(weight));
        td.setAttribute("aria-selected", String(open));
        td.style.setProperty("--size", `${open ? (42 * weight).toFixed(1) : 0}%`);
        td.firstChild.textContent = Number.isNaN(weight) ? "nan" : open ? fixed(weight) : "masked";
      }),
    );
    const same = (other) => JSON.stringify(other) === JSON.stringify(mask);
    start.set(presets.findIndex(([, preset]) => same(preset)));
    // After one stroke the cell is what matters, after a preset the whole.
    const one = before && before.flat().filter((open, i) => open !== mask.flat()[i]).length === 1;
    say(`${one && row >= 0 ? `${cellInWords()} ` : ""}${leaks(tokens, names, mask, weights)}`);
    before = mask;
  }

  function go(r, c) {
    if (r === row && c === column) return;
    table
      .querySelectorAll(".qkv-here, .qkv-line")
      .forEach((node) => node.classList.remove("qkv-here", "qkv-line"));
    table.querySelector("td[tabindex='0']").tabIndex = -1;
    [row, column] = [r, c];
    cells[r][c].tabIndex = 0;
    cells[r][c].classList.add("qkv-here");
    [sides[r], heads[c]].forEach((node) => node.classList.add("qkv-line"));
    if (brush === null) say(`${cellInWords()} Space or a click changes that.`);
  }
  const at = (node) => {
    const td = node?.closest?.("td[data-r]");
    return td && table.contains(td) ? [Number(td.dataset.r), Number(td.dataset.c)] : null;
  };
  // Not pointerover: that also comes when the page scrolls under a mouse at rest.
  table.addEventListener("pointermove", ({ target }) => {
    if (brush === null && at(target)) go(...at(target));
  });
  table.addEventListener("focusin", ({ target }) => {
    if (at(target)) go(...at(target));
  });
  table.addEventListener("pointerdown", (event) => {
    const place = at(event.target);
    if (!place || event.button) return;
    const [r, c] = place;
    brush = !model.get("mask")[r][c];
    cells[r][c].focus();
    go(r, c);
    paint(r, c, brush);
    event.preventDefault();
  });
  // A finger keeps its first cell as the target, so the cell under it is looked up.
  const stroke = ({ clientX, clientY }) => {
    if (brush === null) return;
    const place = at(document.elementFromPoint(clientX, clientY));
    if (!place) return;
    go(...place);
    paint(...place, brush);
  };
  const lift = () => {
    brush = null;
  };
  document.addEventListener("pointermove", stroke);
  document.addEventListener("pointerup", lift);
  document.addEventListener("pointercancel", lift);
  cleanup(() => {
    document.removeEventListener("pointermove", stroke);
    document.removeEventListener("pointerup", lift);
    document.removeEventListener("pointercancel", lift);
  });
  table.addEventListener("keydown", (event) => {
    if (!at(event.target)) return;
    const [r, c] = at(event.target);
    if (walk(event, cells, r, c) || ![" ", "Enter"].includes(event.key)) return;
    event.preventDefault();
    paint(r, c, !model.get("mask")[r][c]);
  });

  model.on("change:mask", draw);
  cleanup(() => model.off("change:mask", draw));
  cleanup(
    onResize(scroll, (width) => {
      const side = sides[0].offsetWidth + 10;
      const cell = Math.max(24, Math.min(52, Math.floor((width - side) / names.length)));
      table.style.setProperty("--cell", `${cell}px`);
      table.classList.toggle(
        "qkv-upright",
        Math.max(...names.map((name) => name.length)) * 8 + 4 > cell,
      );
      table.classList.toggle("qkv-numbers", cell >= 34);
    }),
  );
  draw();
});
