// The trained translator: an English sentence in, the French word by word, and at each step where
// the model looks. The alignment is a real table in the grid pattern.

import {
  asking,
  BOS,
  bar,
  bars,
  EOS,
  mostProbable,
  share,
  shown,
  space,
  spoken,
  stopped,
  vocabulary,
} from "../../live/js/sentence.js";
import { figure, h, number, onResize, reducedMotion, svg, walk } from "../../live/js/shared.js";
import {
  additiveScores,
  argmax,
  concat,
  embedding,
  largest,
  linear,
  lstm,
  lstmLayer,
  lstmStep,
  readTensors,
  softmax,
  tanh,
  weightedSum,
} from "../../live/js/tensors.js";

const N_BEST = 5;

// The model of a figure's state, ready to run: `knows(token)`, `words`, and `translate(tokens)`.
export function translator({ shapes, weights, tokens: [sourceTokens, targetTokens], limits }) {
  const w = readTensors(weights, shapes);
  const [[, [, dSource]], [, [, dTarget]]] = ["encoder.embed.weight", "embed.weight"].map((part) =>
    shapes.find(([name]) => name === part),
  );
  const forward = lstmLayer(w, "encoder.lstm");
  const backward = lstmLayer(w, "encoder.lstm", "l0_reverse");
  const decoder = lstmLayer(w, "lstm");
  const dHidden = decoder.bias.length / 4;
  const words = vocabulary(sourceTokens);

  // Source ids -> annotations (time, dKey), keys (time, dAttention) and the decoder's first state.
  const encode = (source) => {
    const x = embedding(source, w["encoder.embed.weight"], dSource); // (time, dSource)
    const [there, back] = [lstm(x, forward, dSource), lstm(x, backward, dSource, true)];
    const annotations = concat(...there.flatMap((state, t) => [state, back[t]]));
    const last = concat(there.at(-1), back[0]); // (dKey)
    const start = linear(last, w["to_state.weight"], w["to_state.bias"], last.length);
    return {
      annotations,
      keys: linear(annotations, w["score.from_key.weight"], null, last.length),
      state: { hidden: tanh(start.subarray(0, dHidden)), cell: start.slice(dHidden) },
    };
  };

  // One step: read the token before, look, and say how probable each next token is.
  const step = ({ annotations, keys }, before, token) => {
    const state = lstmStep(embedding([token], w["embed.weight"], dTarget), before, decoder);
    const query = linear(state.hidden, w["score.from_query.weight"], null, dHidden); // (dAttention)
    const scores = additiveScores(query, keys, w["score.to_score.weight"]); // (time)
    const attention = softmax(scores);
    const context = weightedSum(attention, annotations); // (dKey)
    const seen = concat(state.hidden, context);
    const mixed = tanh(linear(seen, w["mix.weight"], w["mix.bias"], seen.length)); // (dHidden)
    const next = linear(mixed, w["to_scores.weight"], w["to_scores.bias"], dHidden);
    return { state, scores, weights: attention, context, next };
  };

  // Tokens without the end marker -> { source, target, steps, ended }: greedy search, and of each
  // step the scores and weights (time), the context (dKey) and the best next tokens.
  const translate = (tokens) => {
    const source = [...tokens, EOS];
    const memory = encode(source.map(words.idOf));
    const steps = [];
    let state = memory.state;
    let id = targetTokens.indexOf(BOS);
    const end = targetTokens.indexOf(EOS);
    while (steps.length < limits[1] && id !== end) {
      const now = step(memory, state, id);
      state = now.state;
      id = argmax(now.next);
      const probabilities = softmax(now.next);
      const best = largest(probabilities, N_BEST).map((i) => ({
        token: targetTokens[i],
        probability: probabilities[i],
      }));
      steps.push({
        token: targetTokens[id],
        scores: now.scores,
        weights: now.weights,
        context: now.context,
        best,
      });
    }
    const target = steps.map(({ token }) => token);
    return { source, target, steps, ended: id === end };
  };
  return { ...words, translate };
}

export default figure(({ model, el, say, cleanup }) => {
  const state = new Proxy({}, { get: (_, key) => model.get(key) });
  const machine = translator(state);
  let result = null;
  let [row, column] = [0, 0];
  let timer = null;

  const french = h("p", { class: "qkv-french", lang: "fr" });
  const scroll = h("div", { class: "qkv-scroll qkv-alignment" });
  const cut = h("p", { class: "qkv-stopped" });
  const panel = h("div", { class: "qkv-step" });
  const answer = h(
    "div",
    { class: "qkv-answer" },
    h("p", { class: "qkv-name" }, "French"),
    french,
    cut,
    scroll,
    panel,
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
      if (gently) reveal();
      else finish();
    },
  });
  el.classList.add("qkv-translator", "qkv-told");
  el.append(asked.form, asked.reads, asked.note, answer, asked.known);

  // The table, and the French above it, one word for each row.
  let [cells, words, rows] = [[], [], []];
  function build() {
    const { source, target, steps } = result;
    words = target
      .filter((token) => token !== EOS)
      .map((token, r) => h("span", { "data-r": r }, token));
    french.replaceChildren(...words.flatMap((word, r) => [word, space(target[r])]));
    cut.textContent = stopped(result);
    cells = steps.map(({ weights }, r) =>
      source.map((_, c) =>
        h(
          "td",
          {
            role: "gridcell",
            tabindex: -1,
            "data-r": r,
            "data-c": c,
            style: `--side: ${(100 * Math.sqrt(weights[c])).toFixed(1)}%`,
          },
          h("span", {}, share(weights[c])),
        ),
      ),
    );
    rows = steps.map(({ token }, r) =>
      h(
        "tr",
        { role: "row" },
        h(
          "th",
          { scope: "row", role: "rowheader", lang: token === EOS ? null : "fr" },
          shown(token),
        ),
        cells[r],
      ),
    );
    const heads = source.map((token) =>
      h("th", { scope: "col", role: "columnheader" }, h("span", {}, shown(token))),
    );
    scroll.replaceChildren(
      h(
        "table",
        {
          class: "qkv-heat qkv-align",
          role: "grid",
          "aria-label": "Attention weights: French words by English words",
        },
        h(
          "thead",
          {},
          h(
            "tr",
            { role: "row" },
            h(
              "th",
              { class: "qkv-axis qkv-axis-row", scope: "col" },
              h("span", {}, "French ↓"),
              " ",
              h("span", {}, "English →"),
            ),
            heads,
          ),
        ),
        h("tbody", {}, rows),
      ),
    );
    lay(scroll.clientWidth);
    [row, column] = [0, argmax(steps[0].weights)];
    mark();
  }

  function reveal() {
    if (reducedMotion()) return finish();
    const all = [...words.keys(), words.length];
    const wait = (r, waiting) =>
      [rows[r], words[r]].forEach((node) => node?.classList.toggle("qkv-wait", waiting));
    all.forEach((r) => wait(r, true));
    let next = 0;
    timer = setInterval(
      () => {
        wait(next, false);
        next += 1;
        if (next >= all.length) finish();
      },
      Math.min(160, 3000 / all.length),
    );
  }

  // All words stand there: say the sentence, once.
  function finish() {
    clearInterval(timer);
    timer = null;
    if (!result) return;
    el.querySelectorAll(".qkv-wait").forEach((node) => node.classList.remove("qkv-wait"));
    say(`${asked.note.textContent} ${spoken(result)}`.trim());
  }

  function mark() {
    const { source, target, steps } = result;
    el.querySelectorAll(".qkv-line, .qkv-here").forEach((node) =>
      node.classList.remove("qkv-line", "qkv-here"),
    );
    cells.flat().forEach((cell) => {
      cell.tabIndex = -1;
    });
    const cell = cells[row][column];
    cell.tabIndex = 0;
    [rows[row], words[row], scroll.querySelectorAll("thead th")[column + 1]].forEach((node) =>
      node?.classList.add("qkv-line"),
    );
    cell.classList.add("qkv-here");
    panel.replaceChildren(...describe(source, steps[row], row, target.length, column));
    const looks = panel.querySelector(".qkv-looks");
    looks.scrollTop = looks.querySelector(".qkv-line").offsetTop - looks.clientHeight / 2;
  }

  function go(r, c) {
    if (r === row && c === column) return;
    if (timer) finish();
    [row, column] = [r, c];
    mark();
    const { scores, weights, best } = result.steps[r];
    const most = argmax(weights);
    const [top, second] = best;
    say(
      `Step ${r + 1}, “${shown(result.target[r])}”, looking at “${shown(result.source[c])}”: ` +
        `score ${number(scores[c])}, weight ${share(weights[c])}. ` +
        (most === c
          ? ""
          : `The most weight, ${share(weights[most])}, is on “${shown(result.source[most])}”. `) +
        `Most probable: “${shown(top.token)}” ${share(top.probability)}, ` +
        `then “${shown(second.token)}” ${share(second.probability)}.`,
    );
  }

  const pointed = (event) => {
    const place = event.target.closest?.("[data-r]");
    if (!place || timer) return;
    const r = Number(place.dataset.r);
    go(r, Number(place.dataset.c ?? argmax(result.steps[r].weights)));
  };
  for (const area of [scroll, french]) {
    area.addEventListener("pointerover", pointed);
    area.addEventListener("pointerdown", pointed);
  }
  scroll.addEventListener("focusin", pointed);
  scroll.addEventListener("keydown", (event) => {
    walk(event, cells, row, column);
  });
  cleanup(() => clearInterval(timer));

  function lay(width) {
    const table = scroll.firstChild;
    if (!table || !width) return;
    const longest = Math.max(...result.source.map((token) => shown(token).length));
    const side = table.querySelector("tbody th").offsetWidth + 10;
    const cell = Math.max(24, Math.min(36, Math.floor((width - side) / result.source.length)));
    table.style.setProperty("--cell", `${cell}px`);
    table.classList.toggle("qkv-upright", longest * 8 + 4 > cell);
    // Else the names of rows and columns, which stay where they are, would hide the cell one is on.
    scroll.style.scrollPadding = `${table.tHead.offsetHeight + 4}px 4px 4px ${side}px`;
  }
  asked.ask(model.get("text"), false);
  cleanup(onResize(scroll, lay));
});

// The step in words, numbers and bars.
function describe(source, { token, scores, weights, context, best }, r, count, column) {
  const looks = source.map((word, c) =>
    h(
      "tr",
      { class: c === column ? "qkv-line" : null },
      h("th", { scope: "row" }, shown(word)),
      h("td", {}, scores[c].toFixed(2).replace("-", "−")),
      h("td", {}, share(weights[c])),
      h("td", { class: "qkv-track" }, bar(weights[c])),
    ),
  );
  const lookTable = h(
    "div",
    { class: "qkv-looks", tabindex: 0, role: "region", "aria-label": "Scores and weights" },
    bars("Where it looks", ["English", "score", "weight"], looks),
  );
  return [
    h(
      "p",
      { class: "qkv-step-head" },
      `Step ${r + 1} of ${count} writes `,
      h("b", { lang: token === EOS ? null : "fr" }, shown(token)),
      ", looking most at ",
      h("b", {}, shown(source[argmax(weights)])),
      ".",
    ),
    h(
      "div",
      { class: "qkv-step-parts" },
      lookTable,
      h("div", {}, mostProbable(best), strip(context)),
    ),
  ];
}

// The context vector as a strip of bars, up for positive and down for negative numbers.
function strip(context) {
  const sizes = context.map(Math.abs);
  const peak = Math.max(...sizes) || 1;
  const lines = Array.from(context, (value, i) =>
    svg("rect", {
      x: i + 0.1,
      width: 0.8,
      y: value < 0 ? 20 : 20 - (20 * value) / peak,
      height: (20 * Math.abs(value)) / peak,
      class: value < 0 ? "qkv-minus" : null,
    }),
  );
  const most = largest(sizes, 3).map(
    (i) => `context[${i}] = ${context[i].toFixed(2).replace("-", "−")}`,
  );
  return h(
    "div",
    { class: "qkv-context" },
    h("p", { class: "qkv-name" }, `Context: ${context.length} numbers`),
    svg(
      "svg",
      { viewBox: `0 0 ${context.length} 40`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("line", { x1: 0, x2: context.length, y1: 20, y2: 20 }),
      lines,
    ),
    h("p", {}, `Largest: ${most.join(", ")}.`),
  );
}
