// One head of self-attention in numbers: a token's query, its scores with every key, the softmax,
// the values, and the one vector they add up to. Every number says how it came about.

import { choice, figure, fixed, h, tellApart, tick, walk } from "../../live/js/shared.js";
import { linear, softmax, weightedSum } from "../../live/js/tensors.js";

// x, wQuery, wKey, wValue as rows of numbers -> what token i sees: query (dHead), keys, values
// (time, d), dots, scores, weights (time), and the output (dValue).
export function follow({ x, wQuery, wKey, wValue, causal }, i) {
  const [d, dHead] = [x[0].length, wQuery.length];
  const flat = (rows) => Float32Array.from(rows.flat());
  const query = linear(flat([x[i]]), flat(wQuery), null, d);
  const keys = linear(flat(x), flat(wKey), null, d);
  const values = linear(flat(x), flat(wValue), null, d);
  const dots = linear(query, keys, null, dHead);
  const scores = dots.map((dot, t) => (causal && t > i ? -Infinity : dot / Math.sqrt(dHead)));
  const weights = softmax(scores);
  return { query, keys, values, dots, scores, weights, output: weightedSum(weights, values) };
}

const sumOf = (a, b) => a.map((value, i) => `${fixed(value)} × ${fixed(b[i])}`).join(" + ");
const list = (array, row, d) => Array.from(array.subarray(row * d, (row + 1) * d));

export default figure(({ model, el, say, cleanup }) => {
  const tokens = model.get("tokens");
  const names = tellApart(tokens);
  const [x, wQuery, wKey, wValue] = ["x", "w_query", "w_key", "w_value"].map((key) =>
    model.get(key),
  );
  const [dHead, dValue] = [wQuery.length, wValue.length];
  const keep = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };

  const back = tick({ label: "causal: look back only", onchange: (on) => keep("causal", on) });
  const who = choice({
    label: "Follow",
    values: [...names.keys()],
    index: model.get("chosen"),
    format: (i) => names[i],
    most: 10,
    onchange: (i) => keep("chosen", i),
  });
  const steps = h("div", { class: "qkv-trace" });
  el.append(
    h("div", { class: "qkv-controls qkv-first" }, who.el, back.el),
    steps,
    h(
      "details",
      { class: "qkv-known" },
      h("summary", {}, "The vectors and matrices it starts from"),
      h(
        "div",
        { class: "qkv-trace", tabindex: 0, role: "region", "aria-label": "Vectors and matrices" },
        plain("x: one row a token", names, x),
        ...[
          ["queries", wQuery],
          ["keys", wKey],
          ["values", wValue],
        ].map(([name, rows]) =>
          plain(
            `matrix of the ${name}`,
            x[0].map((_, r) => String(r + 1)),
            x[0].map((_, r) => rows.map((row) => row[r])),
          ),
        ),
      ),
    ),
  ); // drawn so that x stands to its left

  let cells = new Map(); // "name row column" -> { td, say, from }
  let here = null;

  // A number in a grid. `from` names the cells it is made of, `how` says it in words.
  const cell = (id, value, { how, from = [], bar = false, peak = 1 }) => {
    const masked = value === -Infinity;
    const td = h(
      "td",
      {
        role: "gridcell",
        tabindex: -1,
        "data-id": id,
        class: `qkv-number${masked ? " qkv-off" : value < 0 ? " qkv-negative" : ""}`,
        style: `--size: ${masked ? 0 : (38 * Math.min(1, Math.abs(value) / peak)).toFixed(1)}%`,
      },
      masked ? h("span", {}, "masked") : fixed(value),
      bar ? h("span", { class: "qkv-bar", style: `width: ${(100 * value).toFixed(1)}%` }) : null,
    );
    cells.set(id, { td, how, from });
    return td;
  };

  function draw() {
    const i = model.get("chosen");
    const causal = model.get("causal");
    const parts = { x, wQuery, wKey, wValue, causal };
    const seen = follow(parts, i);
    const { query, keys, values, dots, scores, weights, output } = seen;
    const me = names[i];
    cells = new Map();
    const all = (name, r, n) => Array.from({ length: n }, (_, c) => `${name} ${r} ${c}`);
    const time = [...names.keys()];
    const peakOf = (...arrays) =>
      Math.max(1e-9, ...arrays.flatMap((array) => [...array].map(Math.abs)));

    const asks = [
      [
        `x of ${me}`,
        x[i].map((value, c) =>
          cell(`x ${i} ${c}`, value, {
            peak: peakOf(x.flat()),
            how: `Number ${c + 1} of the vector of “${me}”: ${fixed(value)}.`,
          }),
        ),
      ],
      [
        "query",
        [...query].map((value, c) =>
          cell(`q 0 ${c}`, value, {
            peak: peakOf(query, keys),
            from: all("x", i, x[i].length),
            how:
              `Query, number ${c + 1}: x times column ${c + 1} of the queries’ matrix, ` +
              `${sumOf(x[i], wQuery[c])} = ${fixed(value)}.`,
          }),
        ),
      ],
    ];
    const meets = time.map((t) => [
      names[t],
      [
        ...list(keys, t, dHead).map((value, c) =>
          cell(`k ${t} ${c}`, value, {
            peak: peakOf(query, keys),
            how:
              `Key of “${names[t]}”, number ${c + 1}: its x times column ${c + 1} of the keys’ matrix, ` +
              `${sumOf(x[t], wKey[c])} = ${fixed(value)}.`,
          }),
        ),
        cell(`dot ${t} 0`, dots[t], {
          peak: peakOf(dots),
          from: [...all("q", 0, dHead), ...all("k", t, dHead)],
          how:
            `Query of “${me}” times key of “${names[t]}”: ` +
            `${sumOf([...query], list(keys, t, dHead))} = ${fixed(dots[t])}.`,
        }),
        cell(`score ${t} 0`, scores[t], {
          peak: peakOf(dots),
          from: [`dot ${t} 0`],
          how:
            scores[t] === -Infinity
              ? `“${names[t]}” comes after “${me}”: the score is masked, −∞.`
              : `${fixed(dots[t])} / √${dHead} = ${fixed(scores[t])}.`,
        }),
        cell(`w ${t} 0`, weights[t], {
          bar: true,
          from: time.map((other) => `score ${other} 0`),
          how:
            scores[t] === -Infinity
              ? `Masked: e to the power of −∞ is 0, so “${names[t]}” has no weight.`
              : `Softmax: e to the power of ${fixed(scores[t])}, divided by the sum of all such powers, ` +
                `gives “${names[t]}” the weight ${fixed(weights[t])}.`,
        }),
      ],
    ]);
    const offers = time.map((t) => [
      names[t],
      list(values, t, dValue).map((value, c) =>
        cell(`v ${t} ${c}`, value, {
          peak: peakOf(values),
          how:
            `Value of “${names[t]}”, number ${c + 1}: its x times column ${c + 1} of the values’ matrix, ` +
            `${sumOf(x[t], wValue[c])} = ${fixed(value)}.`,
        }),
      ),
    ]);
    const shares = time.map((t) => [
      `${fixed(weights[t])} × ${names[t]}`,
      list(values, t, dValue).map((value, c) =>
        cell(`part ${t} ${c}`, weights[t] * value, {
          peak: peakOf(values),
          from: [`w ${t} 0`, `v ${t} ${c}`],
          how: `Weight ${fixed(weights[t])} times ${fixed(value)} = ${fixed(weights[t] * value)}.`,
        }),
      ),
    ]);
    const sums = [
      "output",
      [...output].map((value, c) =>
        cell(`out 0 ${c}`, value, {
          peak: peakOf(values),
          from: time.map((t) => `part ${t} ${c}`),
          how:
            `Output, number ${c + 1}: ${time.map((t) => fixed(weights[t] * values[t * dValue + c])).join(" + ")}` +
            ` = ${fixed(value)}.`,
        }),
      ),
    ];

    const span = (name, n) =>
      h("th", { scope: "colgroup", role: "columnheader", colspan: n }, name);
    const one = (name) => h("th", { scope: "col", role: "columnheader" }, name);
    steps.replaceChildren(
      grid("1", "its vector times the queries’ matrix", null, asks),
      grid(
        "2",
        causal ? "its query meets the keys up to its own" : "its query meets every key",
        [span("key", dHead), one("q · k"), one(`/ √${dHead}`), one("weight")],
        meets,
      ),
      grid("3", "every token offers a value", [span("value", dValue)], offers),
      grid("4", "weighted, and added", [span("weight × value", dValue)], [...shares, sums], true),
    );
    steps.querySelectorAll("table").forEach((table) => {
      table.querySelector("td[data-id]").tabIndex = 0;
    });
    steps.children[1].querySelectorAll("tbody tr")[i].classList.add("qkv-self");
    who.set(i);
    back.set(causal);
    here = null;
    say(summary(parts, seen, i));
  }

  function summary(parts, { scores, weights, output }, i) {
    const open = scores.filter((score) => score !== -Infinity).length;
    const most = Math.max(...weights);
    const tops = [...names.keys()].filter((t) => most - weights[t] < 0.005);
    const called = tops.map((t) => (t === i ? "itself" : `“${names[t]}”`));
    const among =
      called.length === 1 ? called[0] : `${called.slice(0, -1).join(", ")} and ${called.at(-1)}`;
    const [score, share] = [fixed(scores[tops[0]]), fixed(most)];
    const looks =
      open === 1
        ? `“${names[i]}” sees only itself: its weight is 1, and the output is its own value.`
        : tops.length === open
          ? `“${names[i]}” has the same score, ${score}, with all ${open} keys: each gets ` +
            `${share} of the weight, and the output is the plain mean of the values.`
          : `“${names[i]}” looks most at ${among}: a score of ${score} gives ${share} of the weight` +
            `${tops.length > 1 ? " each" : ""}, and ${fixed(Math.max(0, 1 - most * tops.length))} is left for the ` +
            "others. The output is all values in these shares.";
    // Equal vectors have equal outputs, unless something tells their places apart.
    const twin = x.findIndex((row, t) => t !== i && row.every((value, c) => value === x[i][c]));
    if (twin < 0) return looks;
    const gap = Math.max(
      ...follow(parts, twin).output.map((value, c) => Math.abs(value - output[c])),
    );
    return (
      `${looks} “${names[twin]}” starts from the same vector and gets ` +
      (gap < 1e-4
        ? "the same output: nothing says where a token stands."
        : `another output: it looks back at ${twin > i ? "more" : "fewer"} tokens.`)
    );
  }

  function go(id) {
    if (id === here || !cells.has(id)) return;
    here = id;
    steps
      .querySelectorAll(".qkv-here, .qkv-made")
      .forEach((td) => td.classList.remove("qkv-here", "qkv-made"));
    const { td, how, from } = cells.get(id);
    td.closest("table")
      .querySelectorAll("td[tabindex='0']")
      .forEach((other) => {
        other.tabIndex = -1;
      });
    td.tabIndex = 0;
    td.classList.add("qkv-here");
    from.forEach((other) => cells.get(other).td.classList.add("qkv-made"));
    say(how);
  }
  const pointed = (event) => go(event.target.closest?.("td[data-id]")?.dataset.id);
  // Not pointerover: that also comes when the page scrolls under a mouse at rest.
  for (const kind of ["pointermove", "pointerdown", "focusin"])
    steps.addEventListener(kind, pointed);
  steps.addEventListener("keydown", (event) => {
    const td = event.target.closest("td[data-id]");
    if (!td) return;
    const lines = [...td.closest("tbody").rows].map((row) => [
      ...row.querySelectorAll("td[data-id]"),
    ]);
    const r = lines.findIndex((line) => line.includes(td));
    walk(event, lines, r, lines[r].indexOf(td));
  });

  for (const key of ["chosen", "causal"]) {
    model.on(`change:${key}`, draw);
    cleanup(() => model.off(`change:${key}`, draw));
  }
  draw();
});

// One step: its title, and rows of [name, cells] as a table in the grid pattern.
function grid(count, title, heads, rows, total = false) {
  const lines = rows.map(([name, line]) =>
    h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, name), line),
  );
  if (total) lines.at(-1).classList.add("qkv-total");
  return h(
    "div",
    { class: "qkv-scroll" },
    h("p", { class: "qkv-name" }, h("b", {}, count), ` ${title}`),
    h(
      "table",
      { class: "qkv-digits", role: "grid", "aria-label": `${count}: ${title}` },
      heads ? h("thead", {}, h("tr", { role: "row" }, h("td", {}), heads)) : null,
      h("tbody", {}, lines),
    ),
  );
}

function plain(title, names, rows) {
  return h(
    "table",
    { class: "qkv-digits" },
    h("caption", {}, title),
    h(
      "tbody",
      {},
      rows.map((row, r) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, names[r]),
          row.map((value) => h("td", {}, fixed(value))),
        ),
      ),
    ),
  );
}
