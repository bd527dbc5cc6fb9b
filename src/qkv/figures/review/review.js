// A review of the reader's own: what it says of each aspect, which words the answer looks at, and which
// words it needs.

import { asking, bar, bars, shown } from "../../live/js/sentence.js";
import { choice, figure, fixed, h } from "../../live/js/shared.js";
import { argmax } from "../../live/js/tensors.js";
import { cut, judge, worth } from "./review_model.js";

const FULL = 4; // a removal that costs as much as this fills its bar: e⁴ is about 55

export default figure(({ model, el, say, cleanup }) => {
  const [questions, answers] = ["questions", "answers"].map((key) => model.get(key));
  const machine = judge({
    shapes: model.get("shapes"),
    weights: model.get("weights"),
    n_heads: model.get("n_heads"),
    tokens: model.get("tokens"),
    questions,
    answers,
  });
  let question = questions.indexOf(model.get("question"));
  let tokens = [];
  let found = [];
  el.classList.add("qkv-review", "qkv-told");

  const table = h("div", { class: "qkv-said" });
  const ways = choice({
    label: "Question",
    values: questions,
    index: question,
    most: questions.length,
    onchange: (_, i) => {
      question = i;
      model.set("question", questions[i]);
      model.save_changes();
      draw();
    },
  });
  const words = h("ol", { class: "qkv-worth" });
  const legend = h(
    "p",
    { class: "qkv-note qkv-legend" },
    h("span", { class: "qkv-bar" }),
    "where the answer looks ",
    h("span", { class: "qkv-bar qkv-cost" }),
    "what taking the word out costs it",
  );
  const told = h("p", { class: "qkv-readout" });
  const parts = [table, ways.el, words, legend, told];
  const asked = asking({
    model,
    machine,
    say,
    cleanup,
    before: () => {},
    answer: (all) => {
      tokens = all;
      found = machine.read(ids());
      asked.reads.hidden = true; // the words stand below, with their bars
      draw();
    },
    parts: () => parts,
    verb: "Read it",
    name: "Review",
    cut,
  });
  // While a review is written, its words are shown as the model knows them.
  asked.form.addEventListener("input", ({ target }) => {
    if (target.type === "text") asked.reads.hidden = false;
  });
  el.append(asked.form, asked.reads, asked.note, ...parts, asked.known);

  const ids = () => tokens.map(machine.idOf);
  const best = ({ probabilities }) => argmax(probabilities);

  function draw() {
    const lines = questions.map((name, i) => {
      const k = best(found[i]);
      const chance = found[i].probabilities[k];
      return h(
        "tr",
        { class: i === question ? "qkv-line" : null },
        h("th", { scope: "row" }, name),
        h("td", { class: `qkv-${k === 0 ? "bad" : k === 2 ? "good" : "none"}` }, answers[k]),
        h("td", {}, fixed(chance)),
        h("td", { class: "qkv-track" }, bar(chance)),
      );
    });
    table.replaceChildren(bars("What it reads", ["question", "answer", "probability"], lines));
    const looks = found[question].weights;
    const costs = tokens.length > 1 ? worth(machine, ids(), question) : [0];
    words.setAttribute("aria-label", `The words, for the question ${questions[question]}`);
    words.replaceChildren(
      ...tokens.map((token, i) =>
        h(
          "li",
          { title: `looks ${fixed(looks[i])}, costs ${fixed(costs[i])}` },
          h("span", { class: machine.knows(token) ? null : "qkv-unknown" }, shown(token)),
          h("span", { class: "qkv-track" }, bar(looks[i])),
          h(
            "span",
            { class: "qkv-track qkv-cost" },
            bar(Math.min(1, Math.max(0, costs[i] / FULL))),
          ),
        ),
      ),
    );
    const text = sentence(looks, costs);
    told.textContent = text;
    say(text);
  }

  function sentence(looks, costs) {
    const { probabilities } = found[question];
    const [k, look, cost] = [best(found[question]), argmax(looks), argmax(costs)];
    return (
      `${questions[question]}: ${answers[k]}, with probability ${fixed(probabilities[k])}. It looks most at ` +
      `“${shown(tokens[look])}” (${fixed(looks[look])}). Taking out “${shown(tokens[cost])}” costs the ` +
      `answer most: its log-probability falls by ${fixed(costs[cost])}.`
    );
  }
  asked.ask(model.get("text"), false);
});
