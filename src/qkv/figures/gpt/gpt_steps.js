// The seven steps from a text to its next character: what each shows of the model's work.

import { sign } from "../../live/js/sentence.js";
import { choice, fixed, h } from "../../live/js/shared.js";
import { tensorGrid } from "../../live/js/tensor_grid.js";
import { largest } from "../../live/js/tensors.js";

const NAMES = { " ": "space", "\n": "new line", "\t": "tab" };
export const spoken = (token) => NAMES[token] ?? token;

export const STEPS = ["Tokenise", "Embed", "Place", "Attend", "Process", "Predict", "Repeat"];

const ROWS = 16; // of the newest characters, in a grid
const MAP = 24; // characters on each side of an attention map
const UNITS = 32; // of the feed-forward network, the most active ones
const BEST = 8;

const ABOUT = {
  Tokenise: "The text is cut into characters; each has a number, its id. The model sees the ids.",
  Embed:
    "Each id takes its row of the table, times √d. The same character has the same vector wherever it stands.",
  Place:
    "Queries and keys are turned, pair of numbers by pair, by an angle that grows with the place. " +
    "Two rows of one character differ after the turning.",
  Attend: "Each character, in its row, looks at itself and back. Each row adds up to 1.",
  Process:
    "The feed-forward network reads one vector at a time. Shown are the units that are most active " +
    "for the newest character; most of all are 0.",
  Predict:
    "The newest vector, times the table, becomes a score for each character; the softmax makes " +
    "probabilities of them. The rules above then decide what may be drawn.",
  Repeat:
    "The character that was chosen joins the text, and all begins again. These were chosen so far, each " +
    "with the probability that the model gave it.",
};

// One grid of numbers, of the newest rows of the window.
function grid(title, rows, values, width, { columns, written = fixed, readout }) {
  const peak = Math.max(...values.flatMap((row) => row.map(Math.abs)));
  return tensorGrid({
    title,
    rows,
    columns,
    groups: columns ? undefined : [[`${width} numbers`, width]],
    value: (r, c) => values[r][c] ?? null,
    written,
    peak,
    newest: rows.length - 1,
    read: (r, c) => {
      const value = values[r][c];
      readout.textContent =
        value === undefined
          ? "Later characters are hidden."
          : `Row ${rows[r]}, ${columns ? `column ${columns[c]}` : `number ${c}`}: ${written(value)}`;
    },
  });
}

// The panel of the steps. `show(reading, written)` draws the chosen step anew; `lay(width)`.
export function stepPanel(machine, tokens, say) {
  let [step, block, head] = [0, 0, 0];
  let [now, grids] = [null, []];
  const body = h("div", { class: "qkv-view" });
  const readout = h("p", { class: "qkv-readout" });
  const about = h("p", { class: "qkv-about" });
  const numbers = (n) => Array.from({ length: n }, (_, i) => i);
  const again = () => now && draw();
  const steps = choice({
    label: "Step",
    values: STEPS,
    most: STEPS.length,
    format: (name) => `${STEPS.indexOf(name) + 1} ${name}`,
    onchange: (name, i) => {
      step = i;
      again();
      say(`Step ${i + 1}, ${name}. ${ABOUT[name]}`);
    },
  });
  const blocks = choice({
    label: "Block",
    values: numbers(machine.nBlocks),
    onchange: (_, i) => {
      block = i;
      again();
      say(`Block ${i}.`);
    },
  });
  const heads = choice({
    label: "Head",
    values: numbers(machine.nHeads),
    onchange: (_, i) => {
      head = i;
      again();
      say(`Head ${block}.${i}.`);
    },
  });
  const where = h("div", { class: "qkv-controls" }, blocks.el, heads.el);
  const el = h("div", { class: "qkv-panel" }, steps.el, about, where, body, readout);

  const rowsOf = (n) => now.steps.slice(-n);
  const names = (n) => rowsOf(n).map(({ id }) => sign(tokens[id]));
  const dHead = machine.d / machine.nHeads;
  const ofHead = (vector) => [...vector.subarray(head * dHead, (head + 1) * dHead)];
  const drawing = {
    Tokenise: () => [
      h(
        "ol",
        { class: "qkv-ids", "aria-label": "Characters and their ids" },
        now.steps.map(({ id }) =>
          h("li", {}, h("b", {}, sign(tokens[id])), " ", h("span", {}, id)),
        ),
      ),
    ],
    Embed: () => [
      keep(
        grid(
          "Embeddings of the newest characters",
          names(ROWS),
          rowsOf(ROWS).map(({ embedded }) => [...embedded]),
          machine.d,
          { readout },
        ),
      ),
    ],
    Place: () => {
      const some = rowsOf(ROWS / 2);
      return ["query", "turned"].flatMap((part) => [
        h("p", { class: "qkv-name" }, part === "query" ? "Queries" : "Queries, turned"),
        keep(
          grid(
            part,
            names(ROWS / 2),
            some.map(({ blocks: inside }) => ofHead(inside[block][part])),
            dHead,
            { readout },
          ),
        ),
      ]);
    },
    Attend: () => {
      const n = Math.min(MAP, now.steps.length);
      const first = now.steps.length - n;
      const values = rowsOf(n).map(({ blocks: inside }) => {
        const { weights } = inside[block];
        const seen = weights.length / machine.nHeads;
        return [...weights.subarray(head * seen, (head + 1) * seen)].slice(first);
      });
      return [
        keep(
          grid(`Head ${block}.${head}: who looks where`, names(n), values, n, {
            columns: names(n),
            readout,
          }),
        ),
      ];
    },
    Process: () => {
      const some = rowsOf(ROWS);
      const units = largest(some.at(-1).blocks[block].hidden, UNITS);
      return [
        keep(
          grid(
            "Activity of the feed-forward network",
            names(ROWS),
            some.map(({ blocks: inside }) => units.map((u) => inside[block].hidden[u])),
            UNITS,
            { columns: units.map(String), readout },
          ),
        ),
      ];
    },
    Predict: () => [
      keep(
        grid("The newest vector", names(1), [[...now.steps.at(-1).last]], machine.d, { readout }),
      ),
      h(
        "p",
        {},
        "Best scores: ",
        largest(now.steps.at(-1).scores, BEST)
          .map((i) => `${sign(tokens[i])} ${fixed(now.steps.at(-1).scores[i], 1)}`)
          .join(", "),
        ".",
      ),
    ],
    Repeat: () => [
      now.written.length
        ? h(
            "ol",
            { class: "qkv-ids", "aria-label": "What was chosen, with its probability" },
            now.written.map(({ id, probability }) =>
              h("li", {}, h("b", {}, sign(tokens[id])), " ", h("span", {}, fixed(probability))),
            ),
          )
        : h("p", {}, "Nothing was written yet: take one step, or let it write."),
    ],
  };
  function keep(made) {
    grids.push(made);
    return h("div", { class: "qkv-scroll" }, made.table);
  }
  function draw() {
    const name = STEPS[step];
    grids = [];
    readout.textContent = "";
    about.textContent = ABOUT[name];
    where.hidden = !["Place", "Attend", "Process"].includes(name);
    heads.el.hidden = name === "Process";
    body.replaceChildren(...drawing[name]());
    lay(body.clientWidth);
  }
  const lay = (width) => width && grids.forEach((made) => made.lay(width));
  const show = (reading, written) => {
    now = { steps: reading.steps, written };
    draw();
  };
  return { el, body, show, lay };
}
