// The whole transformer: the reader's sentence is translated in the page; a diagram of buttons opens
// each block, and its tensors are shown as they stand at the chosen step.

import {
  asking,
  BOS,
  EOS,
  mostProbable,
  share,
  shown,
  space,
  spoken,
  stopped,
} from "../../live/js/sentence.js";
import {
  button,
  choice,
  figure,
  h,
  number,
  onResize,
  reducedMotion,
  slider,
  svg,
} from "../../live/js/shared.js";
import { tensorGrid } from "../../live/js/tensor_grid.js";
import { wire } from "../../live/js/wires.js";
import { architecture, inWords, remark } from "./blocks.js";
import { transformer } from "./transformer.js";

const NARROW = 560; // pixels: with less, the decoder stands under the encoder
const OVER_WORDS = new Set(["to_scores", "probabilities"]);
const italics = (text) => text.split("_").map((part, i) => (i % 2 ? h("i", {}, part) : part));
const written = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

export default figure(({ model, el, say, cleanup }) => {
  // All of the state, whatever the model reads of it: a list of names would forget one some day.
  const state = new Proxy({}, { get: (_, key) => model.get(key) });
  const machine = transformer(state);
  const sides = architecture(machine.sizes);
  const nodes = new Map(
    sides.flatMap(({ title, rows }) =>
      rows.flatMap(({ block, nodes: line }) =>
        line.map((node) => [
          node.id,
          { ...node, where: block === undefined ? title : `${title}, block ${block}` },
        ]),
      ),
    ),
  );
  const order = [...nodes.keys()];
  let result = null;
  let [step, timer, steps] = [0, null, null];
  let open = nodes.has(model.get("block")) ? model.get("block") : order[0];
  const partOf = new Map(); // block -> the tensor that was looked at last
  let numbers = false;

  // The diagram.
  const buttons = new Map();
  const shapes = new Map();
  const make = ({ id, label }) => {
    const shape = h("span", { class: "qkv-shape" });
    const node = h(
      "button",
      {
        type: "button",
        class: "qkv-block",
        "data-id": id,
        tabindex: -1,
        "aria-label": `${nodes.get(id).where}: ${nodes.get(id).title}`,
        onclick: () => show(id, true),
      },
      h("span", { class: "qkv-label" }, label),
      " ",
      shape,
    );
    buttons.set(id, node);
    shapes.set(id, shape);
    return node;
  };
  const lines = svg("svg", { class: "qkv-lines", "aria-hidden": "true" });
  const crossed = (row) => row?.nodes[1]?.id.endsWith("cross_attention");
  const line = (row, before) =>
    h(
      "div",
      {
        class: [
          "qkv-row",
          row.nodes.length === 1 && "qkv-alone",
          row.last && "qkv-last",
          crossed(before) && "qkv-after-memory",
        ]
          .filter(Boolean)
          .join(" "),
      },
      row.block !== undefined && before.block !== row.block
        ? h("span", { class: "qkv-layer" }, `Block ${row.block}`)
        : null,
      row.nodes.map(make),
    );
  const diagram = h(
    "div",
    { class: "qkv-diagram", role: "toolbar", "aria-label": "The blocks of the transformer" },
    lines,
    sides.map(({ side, title, does, rows }) =>
      h(
        "div",
        { class: `qkv-side qkv-${side}` },
        h("p", { class: "qkv-side-head" }, h("b", {}, title), ` ${does}`),
        rows.map((row, i) => line(row, rows[i - 1])),
      ),
    ),
  );

  // What is said, chosen and opened.
  const french = h("p", { class: "qkv-french", lang: "fr" });
  const cut = h("p", { class: "qkv-stopped" });
  const control = h("div", { class: "qkv-steps" });
  const telling = h("p", { class: "qkv-step-head" });
  const title = h("p", { class: "qkv-panel-title" });
  const before = button("The block before", () => walk(-1), "‹");
  const after = button("The next block", () => walk(1), "›");
  const about = h("p", { class: "qkv-about" });
  const formula = h("p", { class: "qkv-formula" });
  const parts = h("div", { class: "qkv-parts" });
  const view = h("div", { class: "qkv-view" });
  const readout = h("p", { class: "qkv-readout" });
  const tick = h("input", {
    type: "checkbox",
    onchange: () => {
      numbers = tick.checked;
      look();
    },
  });
  const panel = h(
    "div",
    { class: "qkv-panel", role: "group", "aria-label": "The open block" },
    h("div", { class: "qkv-panel-head" }, title, before, after),
    about,
    formula,
    parts,
    view,
    h(
      "div",
      { class: "qkv-under" },
      readout,
      h("label", { class: "qkv-tick" }, tick, h("span", {}, "Show the numbers")),
    ),
  );
  const asked = asking({
    model,
    machine,
    say,
    cleanup,
    before: () => finish(),
    parts: () => [answer],
    answer: (tokens, gently) => {
      result = machine.translate(tokens);
      build();
      if (gently && !reducedMotion()) reveal();
      else finish();
    },
  });
  const answer = h(
    "div",
    { class: "qkv-answer" },
    h("p", { class: "qkv-name" }, "French"),
    french,
    cut,
    control,
    telling,
    diagram,
    panel,
  );
  el.classList.add("qkv-flow", "qkv-told");
  el.append(asked.form, asked.reads, asked.note, answer, asked.known);

  // The French and its steps.
  function build() {
    french.replaceChildren(
      ...result.target.flatMap((token, r) =>
        token === EOS ? [] : [h("span", { "data-r": r }, token), space(token)],
      ),
    );
    cut.textContent = stopped(result);
    steps = slider({
      label: "Step",
      values: result.target,
      index: result.target.length - 1,
      format: (token) => shown(token),
      onchange: (_, r) => {
        finish();
        go(r);
      },
    });
    control.replaceChildren(steps.el);
    step = result.target.length - 1;
  }
  function mark() {
    steps.set(step);
    for (const word of french.children) {
      const r = Number(word.dataset.r);
      word.classList.toggle("qkv-line", r === step);
      word.classList.toggle("qkv-later", r > step);
    }
    const { token, probability } = result.best[step][0];
    const read = labels("target");
    telling.replaceChildren(
      `Step ${step + 1} of ${result.target.length} reads `,
      h("span", { lang: "fr" }, read.length > 6 ? `… ${read.slice(-5).join(" ")}` : read.join(" ")),
      " and writes ",
      h("b", { lang: token === EOS ? null : "fr" }, shown(token)),
      ` (probability ${share(probability)}).`,
    );
    for (const [id, shape] of shapes)
      shape.textContent = written(result.tensor(id, "output", step).shape);
  }
  function go(r) {
    if (r === step) return;
    step = r;
    model.set("step", step);
    model.save_changes();
    mark();
    look();
    say(telling.textContent);
  }
  function reveal() {
    const last = result.target.length - 1;
    french.classList.add("qkv-coming");
    step = 0;
    mark();
    look();
    timer = setInterval(
      () => {
        if (step >= last) return finish();
        step += 1;
        mark();
      },
      Math.min(220, 4000 / (last + 1)),
    );
  }
  function finish() {
    clearInterval(timer);
    french.classList.remove("qkv-coming");
    if (!result) return;
    if (timer) step = result.target.length - 1;
    timer = null;
    show(open, false);
    say(`${asked.note.textContent} ${spoken(result)}`.trim());
  }

  // One block.
  function show(id, chosen) {
    open = id;
    const node = nodes.get(id);
    for (const [other, each] of buttons) {
      each.tabIndex = other === id ? 0 : -1;
      each.setAttribute("aria-current", other === id ? "true" : "false");
    }
    title.replaceChildren(h("span", {}, node.where), h("b", {}, node.title));
    about.textContent = node.about;
    formula.replaceChildren(...italics(node.formula));
    before.disabled = id === order[0];
    after.disabled = id === order.at(-1);
    const labels = node.parts.map(([, label]) => label);
    const at = Math.max(
      0,
      node.parts.findIndex(([key]) => key === (partOf.get(id) ?? node.first)),
    );
    partOf.set(id, node.parts[at][0]);
    const onchange = (_, i) => {
      partOf.set(id, node.parts[i][0]);
      look();
      tell();
    };
    parts.replaceChildren(
      ...(labels.length === 1
        ? []
        : [choice({ label: "Tensor", values: labels, index: at, onchange }).el]),
    );
    place();
    mark();
    look();
    if (!chosen) return;
    model.set("block", id);
    model.save_changes();
    tell();
  }
  const current = () => result.tensor(open, partOf.get(open), step);
  function tell() {
    const node = nodes.get(open);
    const [, label] = node.parts.find(([key]) => key === partOf.get(open));
    const { shape } = current();
    say(
      `${node.where}, ${node.title}: ${label}, ${inWords(shape, partOf.get(open), open)}. ${node.about}`,
    );
  }
  function walk(by) {
    show(order[order.indexOf(open) + by], true);
    const button = by < 0 ? before : after;
    (button.disabled ? buttons.get(open) : button).focus();
    if (narrow()) panel.scrollIntoView({ block: "nearest" });
  }

  // The tensor that is looked at.
  const labels = (which) =>
    (which === "source" ? result.source : [BOS, ...result.target.slice(0, step)]).map(shown);
  const tongue = (which) => (which === "source" ? "en" : "fr");
  const decimals = (v) =>
    (Number.isInteger(v) && Math.abs(v) < 1000 ? String(v) : v.toFixed(2)).replace("-", "−");
  const read = (text) => {
    readout.textContent = text;
    say(text);
  };
  let grids = [];
  const gridOf = (options) => {
    grids.push(tensorGrid(options));
    return h("div", { class: "qkv-scroll" }, grids.at(-1).table);
  };
  const idList = ({ data }, names) =>
    h(
      "ol",
      { class: "qkv-reads qkv-ids" },
      names.map((name, i) => h("li", {}, name, " ", h("b", {}, String(data[i])))),
    );

  // A map for each head: who looks at whom.
  const headMaps = ({ shape: [nHeads, nRows, nColumns], data, rows, columns }, names, newest) => {
    const scores = result.tensor(open, "scores", step).data;
    const over = labels(columns);
    const map = (head) => {
      const at = (r, c) => (head * nRows + r) * nColumns + c;
      const unseen = (r, c) => scores[at(r, c)] === -Infinity;
      return gridOf({
        title: `Head ${head}: weights`,
        rows: names,
        columns: over,
        newest,
        peak: 1,
        lang: [tongue(rows), tongue(columns)],
        written: share,
        value: (r, c) => (unseen(r, c) ? null : data[at(r, c)]),
        read: (r, c) =>
          read(
            `Head ${head}: ` +
              (unseen(r, c)
                ? `when “${names[r]}” was read, “${over[c]}” was not there yet.`
                : `“${names[r]}” looks at “${over[c]}” with weight ${share(data[at(r, c)])}; ` +
                  `score ${number(scores[at(r, c)])}.`),
          ),
      });
    };
    return h(
      "div",
      { class: `qkv-maps${nColumns > 16 ? " qkv-large" : ""}` },
      Array.from({ length: nHeads }, (_, head) =>
        h("div", {}, h("p", { class: "qkv-name" }, `Head ${head}`), map(head)),
      ),
    );
  };

  // Rows of numbers: the heads beside each other, or a number for each French token.
  const rowsOf = ({ shape, data, rows }, names, newest, title) => {
    const width = data.length / names.length;
    const each = shape.at(-1);
    const inHeads = shape.length === 3;
    const overWords = OVER_WORDS.has(open);
    const groups = inHeads
      ? Array.from({ length: shape[0] }, (_, head) => [`head ${head}`, each])
      : [[`${width} ${overWords ? "French tokens" : "numbers"} →`, width]];
    const spot = (c) =>
      overWords
        ? `“${shown(state.tokens[1][c])}”`
        : `${inHeads ? `head ${Math.floor(c / each)}, ` : ""}number ${(c % each) + 1} of ${each}`;
    return gridOf({
      title,
      rows: names,
      groups,
      newest,
      written: decimals,
      lang: [tongue(rows), "fr"],
      columns: overWords && numbers ? state.tokens[1].map(shown) : null,
      peak: data.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
      value: (r, c) => data[r * width + c],
      read: (r, c) => read(`“${names[r]}”, ${spot(c)}: ${number(data[r * width + c])}`),
    });
  };

  function look() {
    const [part, tensor] = [partOf.get(open), current()];
    // As in the other figures of alignments: a row is the word that is written, not the one read.
    const aligned = part === "weights" && open.endsWith("cross_attention");
    const names = aligned ? result.target.slice(0, step + 1).map(shown) : labels(tensor.rows);
    const newest = tensor.rows === "target" ? names.length - 1 : -1;
    const size = written(tensor.shape);
    const words = inWords(tensor.shape, part, open);
    const flat = tensor.shape.length === 1;
    grids = [];
    const body = flat
      ? idList(tensor, names)
      : part === "weights"
        ? headMaps(tensor, names, newest)
        : rowsOf(tensor, names, newest, `${size}: ${words}`);
    const remarked = remark(open, (key) => result.tensor(open, key, step));
    view.replaceChildren(
      h("p", { class: "qkv-tensor-shape" }, h("b", {}, size), ` ${words}`),
      body,
      ...(remarked ? [h("p", { class: "qkv-remark" }, remarked)] : []),
      ...(OVER_WORDS.has(open) ? [mostProbable(result.best[step])] : []),
    );
    view.classList.toggle("qkv-with-numbers", numbers);
    const most = tensor.data.reduce((peak, v) => Math.max(peak, Math.abs(v)), 0);
    const key =
      part === "weights"
        ? `${aligned ? "A row is the word that is written then. " : ""}The stronger the colour, the more weight.`
        : `Blue is above 0, orange below; the strongest is ±${number(most, 2)}.`;
    readout.textContent = flat
      ? ""
      : `${key} Point at a cell, or walk with the arrow keys, to read it.`;
    lay();
  }
  const lay = () => grids.forEach((grid) => grid.lay(grid.table.parentNode.clientWidth));

  // The panel stands under the diagram; on a phone under the row that was opened.
  const narrow = () => el.clientWidth < NARROW;
  function place() {
    const row = buttons.get(open).parentNode;
    const [spot, where] = narrow() ? [row, row.nextSibling] : [diagram, diagram.nextSibling];
    if (where !== panel) spot.after(panel);
    diagram.classList.toggle("qkv-stacked", narrow());
    wire(lines, diagram, sides, buttons, narrow());
  }

  diagram.addEventListener("keydown", (event) => {
    const id = event.target.dataset?.id;
    if (!id) return;
    const rows = sides.flatMap((side) => side.rows.map((row) => row.nodes.map((node) => node.id)));
    const r = rows.findIndex((row) => row.includes(id));
    const across = rows[r].length === 1 ? 2 : rows[r].indexOf(id);
    const i = order.indexOf(id);
    const beside = (row) => row?.[Math.min(across, row.length - 1)];
    const keys = {
      ArrowRight: order[i + 1],
      ArrowLeft: order[i - 1],
      ArrowDown: beside(rows[r + 1]),
      ArrowUp: beside(rows[r - 1]),
      Home: order[0],
      End: order.at(-1),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    const to = keys[event.key];
    if (!to) return;
    buttons.get(id).tabIndex = -1;
    buttons.get(to).tabIndex = 0;
    buttons.get(to).focus();
  });
  french.addEventListener("pointerdown", (event) => {
    const word = event.target.closest("[data-r]");
    if (!word) return;
    if (timer) finish();
    go(Number(word.dataset.r));
  });
  cleanup(() => clearInterval(timer));
  asked.ask(model.get("text"), false);
  cleanup(
    onResize(el, () => {
      place();
      lay();
    }),
  );
});
