// A small GPT that trains in the page, in a worker: its loss, one head's attention and what it writes.
import { sign } from "../../live/js/sentence.js";
import { button, choice, figure, fixed, h, number, onResize, svg } from "../../live/js/shared.js";
import { tensorGrid } from "../../live/js/tensor_grid.js";
import { worker } from "./learn_worker.js";

const TIME = 16;
const RATES = [0.0003, 0.003, 0.01, 0.1, 1];
const HEADS = [1, 2, 4, 8];
const [LEAST, MOST] = [500, 100_000]; // characters of a text of one's own
const [WIDE, HIGH] = [520, 220];
const [LEFT, TOP] = [44, 26];

// What is wrong with a text, or "".
function complaint(letters) {
  if (letters.length < LEAST)
    return `The text has ${letters.length} characters: give at least ${LEAST}, or it learns them by heart.`;
  if (letters.length > MOST)
    return `The text has ${letters.length} characters, and the figure takes ${MOST}: give a part of it.`;
  const different = new Set(letters).size;
  if (different < 5) return `The text has only ${different} different characters: give at least 5.`;
  return "";
}

// A text as ids: the first nine tenths to learn from, the rest held out; and what guessing and
// counting single characters cost, in bits.
export function prepared(text) {
  const letters = Array.from(text);
  const tokens = [...new Set(letters)].sort();
  const ids = new Map(tokens.map((letter, id) => [letter, id]));
  const all = Int32Array.from(letters, (letter) => ids.get(letter));
  const cut = Math.floor(0.9 * all.length);
  const counts = new Array(tokens.length).fill(1);
  for (const id of all.subarray(0, cut)) counts[id] += 1;
  const sum = cut + tokens.length;
  const held = all.subarray(cut);
  const counting = held.reduce((bits, id) => bits - Math.log2(counts[id] / sum), 0) / held.length;
  return {
    tokens,
    train: all.subarray(0, cut),
    heldOut: held,
    fixed: all.slice(cut, cut + TIME),
    guessing: Math.log2(tokens.length),
    counting,
  };
}

export default figure(({ model, el, say, cleanup }) => {
  let [text, data] = [model.get("text"), prepared(model.get("text"))];
  let [rate, heads, shown] = [0.01, 4, 0];
  let [running, machine, points, held, last, told] = [false, null, [], [], null, 0];
  el.classList.add("qkv-learn", "qkv-told");

  const run = button("Start", () => (running ? pause() : start()));
  const tools = h(
    "div",
    { class: "qkv-tools" },
    run,
    button("One step", () => {
      pause();
      send({ kind: "step" });
      told = 0;
    }),
    button("Reset", () => {
      reset();
      say("A new model: it has learned nothing yet.");
    }),
  );
  const controls = h(
    "div",
    { class: "qkv-controls" },
    choice({
      label: "Learning rate",
      values: RATES,
      index: RATES.indexOf(rate),
      format: (value) => String(value),
      onchange: (value) => {
        rate = value;
        reset();
        say(`Learning rate ${value}: a new model.`);
      },
    }).el,
    choice({
      label: "Heads",
      values: HEADS,
      index: HEADS.indexOf(heads),
      onchange: (value) => {
        heads = value;
        shown = 0;
        reset();
        say(`${value} heads: a new model.`);
      },
    }).el,
  );
  const counter = h("p", { class: "qkv-counter" });
  const chart = h("div", { class: "qkv-chart" });
  const sample = h("p", { class: "qkv-page", lang: "en", tabindex: 0 });
  const map = h("div", { class: "qkv-scroll" });
  const readout = h("p", { class: "qkv-readout" });
  const which = h("div");
  const own = h("textarea", {
    class: "qkv-field",
    rows: 4,
    "aria-label": "A text of your own",
    spellcheck: "false",
  });
  const note = h("p", { class: "qkv-note" });
  const yours = h(
    "details",
    { class: "qkv-known" },
    h("summary", {}, "A text of your own"),
    own,
    h(
      "div",
      { class: "qkv-tools" },
      button("Learn from this", () => take(own.value)),
      button("Back to the manual", () => take(model.get("text"))),
    ),
    note,
  );
  el.append(
    tools,
    controls,
    counter,
    chart,
    h("p", { class: "qkv-name" }, "What it writes now"),
    sample,
    h("p", { class: "qkv-name" }, "Where a head of the last block looks"),
    which,
    map,
    readout,
    yours,
  );

  function take(words) {
    const problem = complaint(Array.from(words));
    note.textContent = problem;
    if (problem) return say(problem);
    text = words;
    data = prepared(text);
    reset();
    say(
      `It will learn from ${data.train.length} characters, ${data.tokens.length} different ones.`,
    );
  }

  function send(message) {
    if (!machine) fresh();
    machine?.postMessage(message);
  }
  // The worker begins when it is first asked for something.
  function fresh() {
    machine = worker();
    if (!machine) {
      counter.textContent =
        "This browser lets the page have no worker, so nothing can be trained here.";
      say(counter.textContent);
      return;
    }
    machine.onmessage = ({ data: report }) => receive(report);
    machine.onerror = () => {
      pause();
      say("The worker stopped with an error: reset, and start again.");
    };
    machine.postMessage({
      kind: "new",
      settings: { vocab: data.tokens.length, d: 32, dFf: 128, layers: 2, heads, seed: 0 },
      train: data.train,
      heldOut: data.heldOut,
      fixed: data.fixed,
      rate,
    });
  }
  function start() {
    running = true;
    run.textContent = "Pause";
    told = Date.now();
    send({ kind: "run" });
    say("It learns.");
  }
  function pause() {
    if (!running) return;
    running = false;
    run.textContent = "Start";
    machine?.postMessage({ kind: "pause" });
    if (last) say(`Paused. ${summary()}`);
  }
  function reset() {
    running = false;
    run.textContent = "Start";
    machine?.terminate();
    machine = null;
    [points, held, last] = [[], [], null];
    draw();
  }
  cleanup(() => machine?.terminate());

  const bits = (nats) => nats / Math.LN2;
  const summary = () =>
    `After ${last.steps} steps, ${fixed(bits(last.heldOut))} bits per character of held-out text.`;

  function receive(report) {
    last = report;
    report.losses.forEach((loss, i) =>
      points.push([report.steps - report.losses.length + i + 1, bits(loss)]),
    );
    held.push([report.steps, bits(report.heldOut)]);
    if (report.losses.length && !Number.isFinite(report.losses.at(-1))) {
      pause();
      say(
        "The loss is no number any more: the steps were too large. Reset, with a smaller learning rate.",
      );
    } else if (!running || Date.now() - told > 5000) {
      told = Date.now();
      say(summary());
    }
    draw();
  }

  function draw() {
    counter.textContent = last
      ? `${summary()}${last.seconds ? ` ${number(last.losses.length / last.seconds, 2)} steps a second.` : ""}`
      : `Nothing learned yet: ${data.train.length} characters to learn from, ${data.tokens.length} different ones. The learning rate will be ${rate}.`;
    chart.replaceChildren(curves(points, held, data));
    sample.textContent = last ? last.sample.map((id) => data.tokens[id]).join("") : "";
    attention();
  }

  function attention() {
    which.replaceChildren(
      choice({
        label: "Head",
        values: Array.from({ length: heads }, (_, i) => i),
        index: shown,
        most: 8,
        onchange: (value) => {
          shown = value;
          attention();
          say(`Head ${value}.`);
        },
      }).el,
    );
    const names = Array.from(data.fixed, (id) => sign(data.tokens[id]));
    const weights = last?.weights.at(-1);
    const share = (r, c) => {
      if (c > r) return null;
      return weights ? weights[(shown * TIME + r) * TIME + c] : 0;
    };
    const made = tensorGrid({
      title: `Head ${shown}: who looks where`,
      rows: names,
      columns: names,
      value: share,
      written: fixed,
      peak: 1,
      newest: TIME - 1,
      read: (r, c) => {
        readout.textContent =
          c > r
            ? "Later characters are hidden."
            : `“${names[r]}” looks at “${names[c]}” with ${fixed(share(r, c))} of its weight.`;
      },
    });
    map.replaceChildren(made.table);
    lay = made.lay;
    if (map.clientWidth) lay(map.clientWidth);
  }
  let lay = () => {};
  draw();
  cleanup(onResize(map, (width) => lay(width)));
});

// The loss of every step, pale, and of held-out text; dotted, what guessing and counting cost.
function curves(points, held, { guessing, counting }) {
  const steps = Math.max(100, held.at(-1)?.[0] ?? 0);
  const seen = points.map(([, y]) => y).filter(Number.isFinite);
  const top = Math.min(
    12,
    Math.max(guessing + 0.6, ...seen.slice(0, 50), ...held.map(([, y]) => y)),
  );
  const x = (step) => LEFT + ((WIDE - LEFT - 8) * step) / steps;
  const y = (value) => TOP + (HIGH - TOP - 28) * (1 - Math.min(value, top) / top);
  const every = Math.ceil(points.length / 600);
  const line = (list) =>
    list
      .filter(([, value]) => Number.isFinite(value))
      .map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`)
      .join("");
  const level = (value, name) => [
    svg("line", { x1: LEFT, x2: WIDE - 8, y1: y(value), y2: y(value), class: "qkv-level" }),
    svg("text", { x: WIDE - 10, y: y(value) - 4, "text-anchor": "end" }, name),
  ];
  const ticks = [0, 2, 4, 6, 8, 10].filter((value) => value <= top);
  return svg(
    "svg",
    {
      viewBox: `0 0 ${WIDE} ${HIGH}`,
      role: "img",
      "aria-label": `Loss in bits per character over ${steps} steps. Guessing costs ${fixed(guessing)}, counting single characters ${fixed(counting)}.`,
    },
    ticks.map((value) =>
      svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)),
    ),
    svg("line", { x1: LEFT, x2: LEFT, y1: TOP, y2: HIGH - 28, class: "qkv-rule" }),
    svg("line", { x1: LEFT, x2: WIDE - 8, y1: HIGH - 28, y2: HIGH - 28, class: "qkv-rule" }),
    level(guessing, "guessing"),
    level(counting, "counting single characters"),
    svg("path", { d: line(points.filter((_, i) => i % every === 0)), class: "qkv-each" }),
    svg("path", { d: line(held), class: "qkv-held" }),
    svg("text", { x: LEFT, y: HIGH - 8 }, "0"),
    svg("text", { x: WIDE - 8, y: HIGH - 8, "text-anchor": "end" }, `${steps} steps`),
    svg("text", { x: 4, y: 14 }, "bits per character"),
  );
}
