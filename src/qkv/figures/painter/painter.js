// Draw, and let it finish: the reader paints the first rows of a digit, the model guesses which it is
// and paints the rest. The picture is a grid in the grid pattern; every painted pixel can be asked.

import { seeded } from "../../live/js/causal.js";
import {
  button,
  choice,
  figure,
  fixed,
  h,
  reducedMotion,
  slider,
  walk,
} from "../../live/js/shared.js";
import { argmax, largest } from "../../live/js/tensors.js";
import { pixelModel } from "./pixels.js";

const INKS = [0, 4, 8, 12, 16];
const TEMPERATURES = [0.3, 0.5, 0.7, 1, 1.3, 1.6];
const MILLISECONDS = 60; // between two pixels

export default figure(({ model, el, say, cleanup }) => {
  const names = ["shapes", "weights", "n_heads", "n_greys"];
  const machine = pixelModel(Object.fromEntries(names.map((key) => [key, model.get(key)])));
  const examples = model.get("examples");
  const side = Math.sqrt(machine.nPixels);
  const most = model.get("n_greys") - 1;
  let records = []; // of each pixel that the model painted: what it thought
  let wanted = -1; // the digit to paint; −1: what the model believes
  let [ink, temperature, seed] = [INKS.at(-1), 1, 1];
  let [chosen, brush, timer, go] = [0, null, null, null];
  let beliefs = null;

  const pixels = () => model.get("pixels");
  const given = () => model.get("given");
  const place = (at) => `row ${Math.floor(at / side) + 1}, column ${(at % side) + 1}`;

  const cells = Array.from({ length: side }, (_, r) =>
    Array.from({ length: side }, (__, c) =>
      h("td", { role: "gridcell", tabindex: r + c ? -1 : 0, "data-at": r * side + c }),
    ),
  );
  const flat = cells.flat();
  const table = h(
    "table",
    { class: "qkv-easel", role: "grid", "aria-label": "The picture, pixel by pixel" },
    h(
      "tbody",
      {},
      cells.map((row) => h("tr", { role: "row" }, row)),
    ),
  );
  const beliefBars = barList("What the model takes it for", machine.nLabels);
  const greyBars = barList("Chances of each grey, of this pixel or of the next one", most + 1);
  const swatch = h("i", { class: "qkv-swatch", "aria-hidden": "true" });

  const ends = () => {
    clearTimeout(timer);
    timer = null;
    finish.textContent = "Let it finish";
  };
  function keep(next, upTo) {
    model.set("pixels", next);
    model.set("given", upTo);
    model.save_changes();
  }
  // What the reader changes ends what the model has painted after it.
  function forget() {
    ends();
    records = [];
    const kept = given();
    keep(
      pixels().map((grey, at) => (at < kept ? grey : 0)),
      kept,
    );
    believe();
    paintAll();
  }
  function believe() {
    beliefs = given() ? machine.beliefs(pixels().slice(0, given())) : null;
    const equal = new Float32Array(machine.nLabels).fill(1 / machine.nLabels);
    beliefBars.show(beliefs ?? equal, label());
    go = machine.go(label(), pixels().slice(0, given()));
  }
  const label = () => (wanted >= 0 ? wanted : beliefs ? argmax(beliefs) : 0);

  function paint(at, grey) {
    if (records.length) forget();
    const next = pixels().slice();
    next[at] = grey;
    // whole rows are given: a row is looked at once something stands in it
    keep(next, Math.max(given(), (Math.floor(at / side) + 1) * side));
    ends();
    believe();
    paintAll();
  }

  function paintAll() {
    const at = chosen;
    const looked = records[at - given()]?.looks;
    const strongest = looked ? Math.max(...looked.subarray(1), 1e-9) : 1;
    flat.forEach((cell, i) => {
      const grey = pixels()[i];
      const unpainted = i >= given() + records.length;
      cell.style.setProperty("--grey", `${(100 * grey) / most}%`);
      cell.classList.toggle("qkv-unpainted", unpainted);
      cell.classList.toggle("qkv-edge", i >= given() - side && i < given());
      cell.classList.toggle("qkv-here", i === at);
      const weight = looked && i < at ? looked[i + 1] / strongest : 0;
      cell.style.setProperty("--look", weight > 0.25 ? weight.toFixed(2) : "0");
      const whose = unpainted ? "not painted" : i < given() ? "yours" : "the model's";
      cell.setAttribute("aria-label", `${place(i)}: grey ${grey}, ${whose}`);
    });
    // of a pixel that it painted: what it thought then; else of the next one
    const record = records[at - given()] ?? go.ahead(temperature);
    greyBars.show(record?.probabilities ?? null, record?.grey ?? -1);
    swatch.style.setProperty("--grey", `${(100 * ink) / most}%`);
  }

  function inWords(at) {
    const record = records[at - given()];
    const head = `${place(at)[0].toUpperCase()}${place(at).slice(1)}`;
    if (!record) {
      const whose = at < given() ? "it is yours" : "the model has not painted it yet";
      return `${head}: grey ${pixels()[at]}, ${whose}.`;
    }
    const share = record.probabilities[record.grey];
    const looks = largest(record.looks, 3).map(
      (i) => `${i ? place(i - 1) : "the class"} (${fixed(record.looks[i])})`,
    );
    return (
      `${head}: grey ${record.grey} was drawn, with probability ${fixed(share)}. ` +
      `It looked most at ${looks.join("; ")}.`
    );
  }
  const summary = () => {
    const believed = beliefs
      ? `From ${given() / side} ${given() === side ? "row" : "rows"} the model takes it for a ` +
        `${argmax(beliefs)} (${fixed(beliefs[argmax(beliefs)])}). `
      : "Nothing is painted yet. ";
    const left = machine.nPixels - given() - records.length;
    return `${believed}${left ? `${left} pixels are left to paint.` : `It painted a ${label()}.`}`;
  };

  function one() {
    const drawn = go.next(temperature, random());
    if (!drawn) return false;
    records.push(drawn);
    const next = pixels().slice();
    next[drawn.at] = drawn.grey;
    keep(next, given());
    choose(drawn.at, false);
    return given() + records.length < machine.nPixels;
  }
  let random = seeded(seed);
  const run = () => {
    if (one()) timer = setTimeout(run, MILLISECONDS);
    else {
      ends();
      say(summary());
    }
  };
  const finish = button("Let it finish", () => {
    if (timer !== null) {
      ends();
      say(summary());
      return;
    }
    if (given() + records.length >= machine.nPixels) again();
    finish.textContent = "Stop";
    if (reducedMotion()) {
      while (one());
      ends();
      say(summary());
    } else run();
  });
  function again() {
    seed += 1;
    random = seeded(seed);
    forget();
  }
  const single = button("One pixel", () => {
    ends();
    one();
    say(inWords(chosen));
  });
  const clear = button("Clear", () => {
    keep(new Array(machine.nPixels).fill(0), 0);
    forget();
    say(summary());
  });
  const start = choice({
    label: "Begin with",
    values: ["nothing", ...examples.map((_, i) => `example ${i + 1}`)],
    index: 1,
    onchange: (_, i) => {
      const half = i ? machine.nPixels / 2 : 0;
      const from = i ? examples[i - 1] : [];
      keep(
        Array.from({ length: machine.nPixels }, (__, at) => (at < half ? from[at] : 0)),
        half,
      );
      forget();
      say(summary());
    },
  });
  const inks = choice({
    label: "Ink",
    values: INKS,
    index: INKS.length - 1,
    format: (grey) => (grey === 0 ? "none" : grey === most ? "black" : `${grey}`),
    onchange: (grey) => {
      ink = grey;
      paintAll();
      say(`You paint with ${grey ? `grey ${grey}` : "no ink: that takes away"}.`);
    },
  });
  const digits = choice({
    label: "Paint a",
    values: ["what it believes", ...Array.from({ length: machine.nLabels }, (_, i) => `${i}`)],
    index: 0,
    onchange: (_, i) => {
      wanted = i - 1;
      forget();
      say(summary());
    },
  });
  const heat = slider({
    label: "Temperature",
    values: TEMPERATURES,
    index: TEMPERATURES.indexOf(1),
    onchange: (value) => {
      temperature = value;
      chosen = Math.min(given() + records.length, machine.nPixels - 1);
      paintAll();
      say(`Temperature ${value}: ${value < 1 ? "safer" : value > 1 ? "bolder" : "as learned"}.`);
    },
  });

  function choose(at, aloud = true) {
    flat[chosen].tabIndex = -1;
    chosen = at;
    flat[at].tabIndex = 0;
    paintAll();
    if (aloud) say(`${inWords(at)} Space paints.`);
  }
  const under = (node) => {
    const cell = node?.closest?.("td[data-at]");
    return cell && table.contains(cell) ? Number(cell.dataset.at) : null;
  };
  table.addEventListener("focusin", ({ target }) => {
    if (brush === null && under(target) !== null) choose(under(target));
  });
  // Not pointerover: that also comes when the page scrolls under a mouse at rest.
  table.addEventListener("pointermove", ({ target }) => {
    const at = under(target);
    if (brush === null && timer === null && at !== null && at !== chosen) choose(at);
  });
  table.addEventListener("pointerdown", (event) => {
    const at = under(event.target);
    if (at === null || event.button) return;
    event.preventDefault();
    if (at >= given() && at < given() + records.length) {
      flat[at].focus(); // the model's own: asked, not painted over
      choose(at);
      return;
    }
    brush = ink;
    choose(at, false);
    paint(at, brush);
  });
  const stroke = ({ clientX, clientY }) => {
    if (brush === null) return;
    const at = under(document.elementFromPoint(clientX, clientY));
    if (at === null || at === chosen) return;
    choose(at, false);
    paint(at, brush);
  };
  const lift = () => {
    if (brush === null) return;
    brush = null;
    say(summary());
  };
  const listening = [
    ["pointermove", stroke],
    ["pointerup", lift],
    ["pointercancel", lift],
  ];
  for (const [name, does] of listening) document.addEventListener(name, does);
  cleanup(() => {
    ends();
    for (const [name, does] of listening) document.removeEventListener(name, does);
  });
  table.addEventListener("keydown", (event) => {
    const at = under(event.target);
    if (at === null || walk(event, cells, Math.floor(at / side), at % side)) return;
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    paint(at, pixels()[at] === ink ? 0 : ink);
    say(`${inWords(at)} ${summary()}`);
  });

  el.append(
    h("div", { class: "qkv-controls qkv-first" }, start.el, inks.el, digits.el, heat.el),
    h(
      "div",
      { class: "qkv-atelier" },
      table,
      h("div", {}, beliefBars.el, greyBars.el, h("p", { class: "qkv-note" }, "Your ink: ", swatch)),
    ),
    h("div", { class: "qkv-deeds" }, finish, single, clear),
  );
  believe();
  paintAll();
  say(`${summary()} Paint with the pointer, or with the arrow keys and Space.`);
});

// Bars with a name each, from 0 to their number − 1; `show(shares, mark)` marks one of them.
function barList(title, n) {
  const bars = Array.from({ length: n }, (_, i) => h("li", {}, h("i", {}), h("span", {}, `${i}`)));
  const el = h(
    "div",
    { class: "qkv-bars-of" },
    h("p", { class: "qkv-note" }, title),
    h("ol", { class: "qkv-upright-bars", "aria-label": title }, bars),
  );
  const show = (shares, mark) =>
    bars.forEach((bar, i) => {
      const share = shares ? shares[i] : 0;
      bar.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
      bar.classList.toggle("qkv-marked", i === mark);
      bar.setAttribute("aria-label", `${i}: ${fixed(share)}`);
    });
  return { el, show };
}
