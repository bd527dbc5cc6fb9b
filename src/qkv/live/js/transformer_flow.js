// The whole transformer: the reader's sentence is translated in the page; a diagram of buttons opens
// each block, and its tensors are shown as they stand at the chosen step.
import { architecture, inWords, remark } from "./blocks.js";
import { asking, BOS, EOS, mostProbable, share, shown, space, spoken } from "./sentence.js";
import { button, choice, figure, h, number, onResize, reducedMotion, slider, svg } from "./shared.js";
import { tensorGrid } from "./tensor_grid.js";
import { transformer } from "./transformer.js";

const NARROW = 560;
const STATE = ["shapes", "weights", "tokens", "limits", "n_heads"];
const italics = (text) => text.split("_").map((part, i) => (i % 2 ? h("i", {}, part) : part));
const written = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

export default figure(({ model, el, say, cleanup }) => {
  const state = Object.fromEntries(STATE.map((key) => [key, model.get(key)]));
  const machine = transformer(state);
  const sides = architecture(machine.sizes);
  const nodes = new Map(sides.flatMap(({ side, title, rows }) => rows.flatMap((row) =>
    row.nodes.map((node) => [node.id, { ...node, side, where: row.block ? `${title}, block ${row.block}` : title }]))));
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
    const node = h("button", { type: "button", class: "qkv-block", "data-id": id, tabindex: -1,
      "aria-label": `${nodes.get(id).where}: ${nodes.get(id).title}`, onclick: () => show(id, true) },
    h("span", { class: "qkv-label" }, label), " ", shape);
    buttons.set(id, node);
    shapes.set(id, shape);
    return node;
  };
  const lines = svg("svg", { class: "qkv-lines", "aria-hidden": "true" });
  const diagram = h("div", { class: "qkv-diagram", role: "toolbar", "aria-label": "The blocks of the transformer" }, lines,
    sides.map(({ side, title, does, rows }) => h("div", { class: `qkv-side qkv-${side}` },
      h("p", { class: "qkv-side-head" }, h("b", {}, title), ` ${does}`),
      rows.map(({ block, nodes: line }, i) => h("div", { class: ["qkv-row", line.length === 1 && "qkv-alone",
        i === rows.length - 1 && "qkv-last", rows[i - 1]?.nodes[1].id.endsWith("cross_attention") && "qkv-after-memory"].filter(Boolean).join(" ") },
        block && rows[i - 1].block !== block ? h("span", { class: "qkv-layer" }, `Block ${block}`) : null, line.map(make))))));

  // What is said, chosen and opened.
  const french = h("p", { class: "qkv-french", lang: "fr" });
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
  const tick = h("input", { type: "checkbox", onchange: () => { numbers = tick.checked; look(); } });
  const panel = h("div", { class: "qkv-panel", role: "group", "aria-label": "The open block" },
    h("div", { class: "qkv-panel-head" }, title, before, after), about, formula, parts, view,
    h("div", { class: "qkv-under" }, readout, h("label", { class: "qkv-tick" }, tick, h("span", {}, "Show the numbers"))));
  const asked = asking({ model, machine, say, cleanup, before: () => finish(), answer: (tokens, gently) => {
    result = machine.translate(tokens);
    build();
    if (gently && !reducedMotion()) reveal();
    else finish();
  } });
  el.classList.add("qkv-flow");
  el.append(asked.form, asked.reads, asked.note, h("div", { class: "qkv-answer" },
    h("p", { class: "qkv-name" }, "French"), french, control, telling, diagram, panel), asked.known);

  // The French and its steps.
  function build() {
    french.replaceChildren(...result.target.flatMap((token, r) =>
      (token === EOS ? [] : [h("span", { "data-r": r }, token), space(token)])));
    steps = slider({ label: "Step", values: result.target, index: result.target.length - 1,
      format: (token) => shown(token), onchange: (_, r) => { finish(); go(r); } });
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
    const read = [BOS, ...result.target.slice(0, step)].map(shown);
    telling.replaceChildren(`Step ${step + 1} of ${result.target.length} reads `,
      h("span", { lang: "fr" }, read.length > 6 ? `… ${read.slice(-5).join(" ")}` : read.join(" ")), " and writes ",
      h("b", { lang: token === EOS ? null : "fr" }, shown(token)), ` (probability ${share(probability)}).`);
    for (const [id, shape] of shapes) shape.textContent = written(result.tensor(id, "output", step).shape);
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
    timer = setInterval(() => {
      if (step >= last) return finish();
      step += 1;
      mark();
    }, Math.min(220, 4000 / (last + 1)));
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
    const at = Math.max(0, node.parts.findIndex(([key]) => key === (partOf.get(id) ?? node.first)));
    partOf.set(id, node.parts[at][0]);
    // The six tensors of attention would be a menu; as buttons side by side they are seen at once.
    parts.replaceChildren(...(labels.length === 1 ? [] : [choice({ label: "Tensor", values: labels, index: at,
      onchange: (_, i) => { partOf.set(id, node.parts[i][0]); look(); tell(); } }).el]));
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
    say(`${node.where}, ${node.title}: ${label}, ${inWords(shape, partOf.get(open), open)}. ${node.about}`);
  }
  function walk(by) {
    show(order[order.indexOf(open) + by], true);
    const button = by < 0 ? before : after;
    (button.disabled ? buttons.get(open) : button).focus();
    if (narrow()) panel.scrollIntoView({ block: "nearest" });
  }

  // The tensor that is looked at.
  const labels = (which) => (which === "source" ? result.source : [BOS, ...result.target.slice(0, step)]).map(shown);
  const tongue = (which) => (which === "source" ? "en" : "fr");
  let grids = [];
  function look() {
    const [part, { shape, data, rows, columns }] = [partOf.get(open), current()];
    const names = labels(rows);
    const decimals = (v) => (Number.isInteger(v) && Math.abs(v) < 1000 ? String(v) : v.toFixed(2)).replace("-", "−");
    const newest = rows === "target" ? names.length - 1 : -1;
    const tell = (text) => { readout.textContent = text; say(text); };
    const about = `${written(shape)}: ${inWords(shape, part, open)}`;
    grids = [];
    let body;
    if (shape.length === 1) {
      body = h("ol", { class: "qkv-reads qkv-ids" }, names.map((name, i) => h("li", {}, name, " ", h("b", {}, String(data[i])))));
    } else if (part === "weights") {
      const [heads, nRows, nColumns] = shape;
      const scores = result.tensor(open, "scores", step).data;
      const over = labels(columns);
      body = h("div", { class: `qkv-maps${nColumns > 16 ? " qkv-large" : ""}` }, Array.from({ length: heads }, (_, head) => {
        const at = (r, c) => (head * nRows + r) * nColumns + c;
        const grid = tensorGrid({ title: `Head ${head + 1}: weights`, rows: names, columns: over, newest, peak: 1,
          lang: [tongue(rows), tongue(columns)], written: share,
          value: (r, c) => (scores[at(r, c)] === -Infinity ? null : data[at(r, c)]),
          read: (r, c) => tell(scores[at(r, c)] === -Infinity
            ? `Head ${head + 1}: when “${names[r]}” was read, “${over[c]}” was not there yet.`
            : `Head ${head + 1}: “${names[r]}” looks at “${over[c]}” with weight ${share(data[at(r, c)])}; ` +
              `score ${number(scores[at(r, c)])}.`) });
        grids.push(grid);
        return h("div", { class: "qkv-map-of" }, h("p", { class: "qkv-name" }, `Head ${head + 1}`), h("div", { class: "qkv-scroll" }, grid.table));
      }));
    } else {
      const words = ["to_scores", "probabilities"].includes(open);
      const width = data.length / names.length;
      const each = shape.length === 3 ? shape[2] : width;
      const groups = shape.length === 3 ? Array.from({ length: shape[0] }, (_, head) => [`head ${head + 1}`, each])
        : [[words ? `${width} French tokens →` : `${width} numbers →`, width]];
      const peak = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const place = (c) => (words ? `“${shown(state.tokens[1][c])}”`
        : shape.length === 3 ? `head ${Math.floor(c / each) + 1}, number ${(c % each) + 1}` : `number ${c + 1}`);
      const columns = words && numbers ? state.tokens[1].map(shown) : null;
      const grid = tensorGrid({ title: about, rows: names, groups, columns, newest, peak, written: decimals, lang: [tongue(rows), tongue(rows)],
        value: (r, c) => data[r * width + c],
        read: (r, c) => tell(`“${names[r]}”, ${place(c)} of ${each}: ${number(data[r * width + c])}`.replace(words ? ` of ${each}` : "", "")) });
      grids.push(grid);
      body = h("div", { class: "qkv-scroll" }, grid.table);
    }
    const extra = ["to_scores", "probabilities"].includes(open) ? mostProbable(result.best[step]) : null;
    const remarked = remark(open, (key) => result.tensor(open, key, step));
    view.replaceChildren(h("p", { class: "qkv-tensor-shape" }, h("b", {}, written(shape)), ` ${inWords(shape, part, open)}`), body,
      ...[remarked && h("p", { class: "qkv-remark" }, remarked), extra].filter(Boolean));
    view.classList.toggle("qkv-with-numbers", numbers);
    readout.textContent = shape.length === 1 ? "" : "Point at a cell, or walk with the arrow keys, to read it.";
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
    wire();
  }

  // Where numbers flow: along each row, down the stream on the right, and from the memory.
  function wire() {
    const box = diagram.getBoundingClientRect();
    const at = (node) => {
      const r = node.getBoundingClientRect();
      return { left: r.left - box.left, right: r.right - box.left, top: r.top - box.top, bottom: r.bottom - box.top,
        x: (r.left + r.right) / 2 - box.left, y: (r.top + r.bottom) / 2 - box.top };
    };
    const [streams, branches, memories] = [[], [], []];
    for (const { rows } of sides) {
      const places = rows.map(({ nodes: line }) => line.map(({ id }) => at(buttons.get(id))));
      const last = places.at(-1);
      const x = places[0].at(-1).x;
      places.forEach((line, i) => {
        line.slice(1).forEach((to, k) => branches.push(`M${line[k].right} ${to.y}H${to.left - 1}`));
        if (!i) return;
        const above = places[i - 1].at(-1).bottom;
        const branch = line[0].top - 9;
        branches.push(line === last && line.length === 1 ? "" : `M${x} ${branch}H${line[0].x}V${line[0].top - 1}`);
        const end = line === last ? (line.length === 1 ? line[0].top - 1 : branch) : line.at(-1).top - 1;
        streams.push(`M${x} ${above}V${end}`);
      });
    }
    const memory = at(buttons.get("encoder.norm"));
    if (!narrow()) {
      const gutter = memory.right + (at(buttons.get("decoder.words")).left - memory.right) / 2;
      for (const [id, node] of buttons) {
        if (!id.endsWith("cross_attention")) continue;
        const to = at(node);
        const under = to.bottom + 7;
        memories.push(`M${memory.right} ${memory.y}H${gutter}V${under}H${to.x}V${to.bottom + 1}`);
      }
    }
    lines.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    lines.replaceChildren(svg("defs", {}, ["stream", "branch", "memory"].map((kind) => svg("marker", { id: `qkv-tip-${kind}`, class: `qkv-tip-${kind}`,
      viewBox: "0 0 6 6", refX: 5, refY: 3, markerWidth: 6, markerHeight: 6, markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 0L6 3L0 6Z" })))),
    ...[["stream", streams], ["branch", branches], ["memory", memories]].flatMap(([kind, paths]) =>
      paths.filter(Boolean).map((d) => svg("path", { d, class: `qkv-${kind}`, "marker-end": `url(#qkv-tip-${kind})` }))));
  }

  diagram.addEventListener("keydown", (event) => {
    const id = event.target.dataset?.id;
    if (!id) return;
    const rows = sides.flatMap((side) => side.rows.map((row) => row.nodes.map((node) => node.id)));
    const r = rows.findIndex((row) => row.includes(id));
    const across = rows[r].length === 1 ? 2 : rows[r].indexOf(id);
    const i = order.indexOf(id);
    const beside = (row) => row && row[Math.min(across, row.length - 1)];
    const to = { ArrowRight: order[i + 1], ArrowLeft: order[i - 1], ArrowDown: beside(rows[r + 1]), ArrowUp: beside(rows[r - 1]),
      Home: order[0], End: order.at(-1) }[event.key];
    if (!(event.key in { ArrowRight: 1, ArrowLeft: 1, ArrowDown: 1, ArrowUp: 1, Home: 1, End: 1 })) return;
    event.preventDefault();
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
  cleanup(onResize(el, () => { place(); lay(); }));
});
