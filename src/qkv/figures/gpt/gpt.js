// A GPT that writes in the page: a prompt, rules with which the next character is chosen, bars of what may
// come next, and the seven steps of the model, open.

import { bar, sign } from "../../live/js/sentence.js";
import { button, figure, fixed, h, onResize, slider, uid } from "../../live/js/shared.js";
import { argmax, largest, softmax } from "../../live/js/tensors.js";
import { gpt, reading } from "./gpt_model.js";
import { drawn, lot, ruled } from "./gpt_rules.js";
import { spoken, stepPanel } from "./gpt_steps.js";
import { treePanel } from "./gpt_tree.js";

const N_BARS = 12;
const MOST = 400; // characters that are written in all
const PACE = 60; // milliseconds a character

const TEMPERATURES = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.5, 2];
const SHARES = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1];
const LEAST = [0, 0.02, 0.05, 0.1, 0.2, 0.5];

// The characters of a text that the model lacks, in a sentence; "" when there are none.
function complaint(text, tokens, limit) {
  if (!text) return "There is no character yet: write a beginning, or choose an example.";
  if (text.length > limit)
    return `The beginning has ${text.length} characters and the figure takes ${limit}: leave some out.`;
  const strange = [...new Set(text)].filter((letter) => !tokens.includes(letter)).slice(0, 5);
  if (!strange.length) return "";
  return (
    `${strange.map((letter) => `“${letter}”`).join(", ")} ${strange.length > 1 ? "are" : "is"} not ` +
    `among the ${tokens.length} characters that the model knows: write it in another way.`
  );
}

export default figure(({ model, el, say, cleanup }) => {
  const [tokens, limit, context] = ["tokens", "limit", "context"].map((key) => model.get(key));
  const machine = gpt({
    shapes: model.get("shapes"),
    weights: model.get("weights"),
    n_heads: model.get("n_heads"),
    context,
  });
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const text = reading(machine);
  let written = []; // { id, probability } of each character that was chosen
  let seed = model.get("seed");
  let timer = null;
  const rule = { temperature: 1, k: tokens.length, p: 1, least: 0 };
  el.classList.add("qkv-gpt", "qkv-told");

  // The prompt.
  const id = uid("gpt");
  const field = h("textarea", {
    id,
    class: "qkv-field qkv-prompt",
    rows: 2,
    maxlength: 2000,
    spellcheck: "false",
    autocapitalize: "none",
    autocomplete: "off",
    "aria-describedby": `${id}-note`,
  });
  const examples = model.get("examples");
  const short = (prompt) => Array.from(prompt, sign).slice(0, 40).join("");
  const menu = h(
    "select",
    { id: `${id}-menu`, class: "qkv-menu" },
    h("option", { value: "" }, "your own beginning"),
    examples.map((prompt, i) => h("option", { value: i }, short(prompt))),
  );
  const note = h("p", { class: "qkv-note", id: `${id}-note` });
  const form = h(
    "form",
    { class: "qkv-ask", novalidate: true },
    h("label", { for: id }, "Prompt"),
    field,
    h("button", { type: "submit", class: "qkv-button" }, "Read it"),
    h("label", { for: menu.id }, "Examples"),
    menu,
  );

  // What is written, and the buttons that write.
  const page = h("p", { class: "qkv-page", lang: "en", tabindex: 0 });
  const window_ = h("p", { class: "qkv-stopped" });
  const run = button("Let it write", () => (timer ? stop() : start()));
  const tools = h(
    "div",
    { class: "qkv-tools" },
    button("One step", () => {
      stop();
      if (step()) tell();
    }),
    run,
    button("Back one", () => {
      stop();
      back();
    }),
    button("Start anew", () => {
      stop();
      begin("Back at the prompt.");
    }),
    button("Draw again", () => {
      stop();
      again();
    }),
  );

  // The rules.
  const follow = (key, name) => (value) => {
    rule[key] = value;
    bars();
    const { kept } = chances();
    say(`${name} ${value}: ${kept} of ${tokens.length} characters may be drawn.`);
  };
  const ks = [1, 2, 3, 5, 10, 20, 50, tokens.length];
  const controls = h(
    "div",
    { class: "qkv-controls" },
    slider({
      label: "Temperature",
      values: TEMPERATURES,
      index: TEMPERATURES.indexOf(1),
      onchange: follow("temperature", "Temperature"),
    }).el,
    slider({
      label: "Top-k",
      values: ks,
      index: ks.length - 1,
      format: (k) => (k === tokens.length ? "all" : String(k)),
      onchange: follow("k", "Top-k"),
    }).el,
    slider({
      label: "Nucleus",
      values: SHARES,
      index: SHARES.length - 1,
      onchange: follow("p", "Nucleus"),
    }).el,
    slider({ label: "Min-p", values: LEAST, onchange: follow("least", "Min-p") }).el,
  );

  // The bars: what may come next, each a button that chooses it.
  const list = h("ul", { class: "qkv-next", "aria-label": "What may come next; choose one" });
  const cutNote = h("p", { class: "qkv-readout" });
  const panel = stepPanel(machine, tokens, say);
  const tree = treePanel(machine, tokens, text, { rule: () => rule, seed: () => seed, say });
  el.append(
    form,
    note,
    h("p", { class: "qkv-name" }, "What is written"),
    page,
    window_,
    tools,
    controls,
    h(
      "p",
      { class: "qkv-name" },
      "The next character: its probability, and what the rules leave of it",
    ),
    list,
    cutNote,
    panel.el,
    tree.el,
  );

  // Probabilities as the model has them, and as the rules leave them.
  function chances() {
    const { scores } = text.steps.at(-1);
    const [plain, left] = [softmax(scores), softmax(ruled(scores, rule))];
    return { plain, left, kept: left.filter((share) => share > 0).length };
  }

  function bars() {
    const { plain, left, kept } = chances();
    const cut = plain.reduce((sum, share, i) => sum + (left[i] > 0 ? 0 : share), 0);
    list.replaceChildren(
      ...largest(plain, N_BARS).map((i) => {
        const gone = left[i] === 0;
        const name = `${spoken(tokens[i])}: probability ${fixed(plain[i])}, ${
          gone ? "cut off" : `with the rules ${fixed(left[i])}`
        }`;
        const choose = h(
          "button",
          {
            type: "button",
            class: `qkv-bar-button${gone ? " qkv-gone" : ""}`,
            "aria-label": `Choose ${name}`,
            onclick: () => {
              stop();
              put(i, { plain });
              draw();
              tell();
              list.querySelector("button")?.focus();
            },
          },
          h("b", {}, sign(tokens[i])),
          h(
            "span",
            { class: "qkv-track" },
            bar(plain[i]),
            h("span", { class: "qkv-left" }, bar(left[i])),
          ),
          h("span", { class: "qkv-share" }, gone ? "cut off" : fixed(left[i])),
        );
        return h("li", {}, choose);
      }),
    );
    cutNote.textContent =
      `Temperature ${rule.temperature}, top-k ${rule.k}, nucleus ${rule.p}, min-p ${rule.least}: ` +
      `${kept} of ${tokens.length} characters may be drawn; those cut off had ${fixed(cut)} ` +
      "of the probability together.";
  }

  function draw() {
    const n = text.ids.length - written.length;
    const letters = text.ids.map((i) => tokens[i]).join("");
    page.replaceChildren(
      h("span", { class: "qkv-given" }, letters.slice(0, n)),
      h("span", { class: "qkv-new" }, letters.slice(n, -1)),
      h("mark", {}, letters.slice(Math.max(n, letters.length - 1))),
    );
    page.scrollTop = page.scrollHeight;
    window_.textContent = text.begin
      ? `It reads ${text.steps.length} of the ${text.ids.length} characters: a context of ${context} is full, and begins anew with its last half.`
      : "";
    bars();
    panel.show(text, written);
    if (!timer) tree.stale();
  }

  // Puts a character to the text, without drawing the figure anew; `plain` is what may come next.
  function put(next, { plain }) {
    written.push({ id: next, probability: plain[next] });
    text.push(next);
  }
  function putDrawn() {
    const now = chances();
    put(drawn(now.left, lot(seed, text.ids.length)), now);
  }

  // Draws one character more; false when the text is full.
  function step() {
    if (text.ids.length >= MOST) {
      stop();
      say(`The text has ${MOST} characters, the most that is written here: start anew.`);
      return false;
    }
    putDrawn();
    draw();
    return true;
  }

  function tell() {
    const { id: last, probability } = written.at(-1);
    say(`Wrote “${spoken(tokens[last])}”, probability ${fixed(probability)}. ${likeliest()}`);
  }
  function likeliest() {
    const { plain } = chances();
    const best = argmax(plain);
    return `Most probable next: “${spoken(tokens[best])}”, ${fixed(plain[best])}.`;
  }

  function start() {
    run.textContent = "Stop";
    timer = setInterval(step, PACE);
    say("It writes.");
  }
  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    run.textContent = "Let it write";
    tree.stale();
    say(`It has written: ${written.map(({ id: i }) => tokens[i]).join("")}`);
  }
  cleanup(() => clearInterval(timer));

  function back() {
    if (!written.length) return say("Nothing is written yet: there is nothing to take back.");
    const { id: last } = written.pop();
    text.pop();
    draw();
    say(`Took back “${spoken(tokens[last])}”.`);
  }

  // The same number of characters, drawn anew with the next seed.
  function again() {
    const n = Math.max(written.length, 1);
    seed += 1;
    model.set("seed", seed);
    model.save_changes();
    begin(null);
    for (let i = 0; i < n && text.ids.length < MOST; i += 1) putDrawn();
    draw();
    say(`Draw ${seed + 1}: ${written.map(({ id: i }) => tokens[i]).join("")}`);
  }

  function begin(why) {
    written = [];
    text.set(Array.from(model.get("text"), (letter) => ids.get(letter)));
    draw();
    if (why) say(why);
  }

  function ask(prompt) {
    stop();
    field.value = prompt;
    const problem = complaint(prompt, tokens, limit);
    note.textContent = problem;
    field.setAttribute("aria-invalid", problem ? "true" : "false");
    if (problem) return say(problem);
    model.set("text", prompt);
    model.save_changes();
    menu.selectedIndex = examples.indexOf(prompt) + 1;
    begin(null);
    say(`Read ${prompt.length} characters. ${likeliest()}`);
  }
  field.addEventListener("input", () => {
    note.textContent =
      complaint(field.value, tokens, limit) || `${field.value.length} characters, not read yet.`;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(field.value);
  });
  menu.addEventListener("change", () => {
    if (menu.value !== "") ask(examples[Number(menu.value)]);
    else field.focus();
  });
  const change = () => {
    if (model.get("text") !== field.value) ask(model.get("text"));
  };
  model.on("change:text", change);
  cleanup(() => model.off("change:text", change));
  ask(model.get("text"));
  cleanup(onResize(panel.body, panel.lay));
});
