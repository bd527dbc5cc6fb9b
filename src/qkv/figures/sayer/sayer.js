// Say it, see it: the reader's caption, the picture code by code, and the words that each code looked
// at. The picture is a grid of codes in the grid pattern, laid over a canvas.

import { seeded } from "../../live/js/causal.js";
import {
  button,
  choice,
  figure,
  fixed,
  h,
  reducedMotion,
  slider,
  uid,
} from "../../live/js/shared.js";
import { largest } from "../../live/js/tensors.js";
import { codeGrid, placeOf } from "./code_grid.js";
import { imaginer } from "./imaginer.js";

const GUIDANCE = [1, 1.25, 1.5, 2, 4];
const TEMPERATURES = [0.3, 0.5, 0.7, 1, 1.3];
const MILLISECONDS = 90; // between two codes

// What is wrong with a caption, or null.
export function complaint(text, machine, pattern) {
  const said = wordsOf(text);
  if (!said.length) return "There is no word yet: write a caption, or choose one.";
  const strange = [...new Set(said.filter((word) => !machine.knows(word)))];
  if (strange.length) {
    const names = strange.map((word) => `“${word}”`).join(", ");
    return `I do not know ${names}. My ${machine.words.length} words are: ${machine.words.join(", ")}.`;
  }
  if (!new RegExp(pattern).test(said.join(" "))) {
    return (
      "I know these words, but not in this order. A caption is built like this: a small green star " +
      "left of a big red circle in the meadow on a winter night."
    );
  }
  return null;
}
export const wordsOf = (text) => text.toLowerCase().match(/\p{L}+/gu) ?? [];

export default figure(({ model, el, say, cleanup }) => {
  const names = ["shapes", "weights", "n_heads", "words", "n_words"];
  const machine = imaginer(Object.fromEntries(names.map((key) => [key, model.get(key)])));
  const examples = model.get("examples");
  const { side } = machine;
  const id = uid("caption");
  let [guidance, temperature, seed] = [1.25, 0.5, 1];
  let [drawn, said, next, timer, chosen] = [[], [], null, null, 0];

  const field = h("textarea", {
    id,
    rows: 3,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": `${id}-note`,
  });
  const menu = choice({
    label: "Captions",
    values: examples,
    most: 0,
    onchange: (text) => {
      field.value = text;
      drawAll();
    },
  });
  const note = h("p", { class: "qkv-note", id: `${id}-note` });
  const words = h("ol", {
    class: "qkv-said",
    "aria-label": "The words, and how much they are looked at",
  });
  const grid = codeGrid(side, "The picture, code by code");
  const flat = grid.cells;

  function show() {
    grid.draw(machine.picture(drawn.map(({ code }) => code)), drawn.length);
    flat.forEach((cell, at) => {
      cell.classList.toggle("qkv-here", at === chosen);
      const name = at < drawn.length ? `code ${drawn[at].code}` : "not drawn yet";
      cell.setAttribute("aria-label", `${place(at)}: ${name}`);
    });
    const looks = drawn[chosen]?.looks;
    const strongest = looks ? Math.max(...looks, 1e-9) : 1;
    [...words.children].forEach((item, i) => {
      item.style.setProperty("--look", `${looks ? (70 * looks[i]) / strongest : 0}%`);
      item.setAttribute("aria-label", looks ? `${said[i]}: ${fixed(looks[i])}` : said[i]);
    });
  }
  const place = (at) => placeOf(at, side);
  const inWords = (at) => {
    if (at >= drawn.length) return `Nothing is drawn in ${place(at)} yet.`;
    const { code, probabilities, looks } = drawn[at];
    const most = largest(looks.subarray(0, said.length), 3).map(
      (i) => `“${said[i]}” (${fixed(looks[i])})`,
    );
    return (
      `In ${place(at)} stands code ${code}, with probability ${fixed(probabilities[code])}. ` +
      `Of the words it looked most at ${most.join(", ")}.`
    );
  };

  const stop = () => {
    clearTimeout(timer);
    timer = null;
    go.textContent = "Draw it";
  };
  // Makes ready for the caption in the field; whether it can be drawn.
  function begin() {
    stop();
    const wrong = complaint(field.value, machine, model.get("pattern"));
    note.textContent = wrong ?? "";
    field.setAttribute("aria-invalid", String(wrong !== null));
    [drawn, next, chosen] = [[], null, 0];
    said = wrong ? [] : wordsOf(field.value);
    words.replaceChildren(...said.map((word) => h("li", {}, word)));
    show();
    if (wrong) {
      say(wrong);
      return false;
    }
    model.set("text", said.join(" "));
    model.save_changes();
    const random = seeded(seed);
    const make = machine.go(machine.idsOf(said), guidance);
    next = () => make(temperature, random());
    return true;
  }
  function one() {
    const made = next?.();
    if (!made) return false;
    drawn.push(made);
    choose(drawn.length - 1, false);
    return drawn.length < flat.length;
  }
  const ended = () => {
    stop();
    say(`The picture of “${said.join(" ")}” is drawn: ${drawn.length} codes. ${inWords(chosen)}`);
  };
  // The same chances again, so that what changes is owed to what was set.
  const drawAll = () => {
    if (!begin()) return;
    while (one());
    ended();
  };
  const run = () => {
    if (one()) timer = setTimeout(run, MILLISECONDS);
    else ended();
  };
  const go = button("Draw it", () => {
    if (timer !== null) {
      stop();
      say(`Stopped after ${drawn.length} codes.`);
      return;
    }
    seed += 1;
    if (!begin()) return;
    go.textContent = "Stop";
    if (reducedMotion()) {
      while (one());
      ended();
    } else run();
  });
  const single = button("One code", () => {
    stop();
    if ((!next || drawn.length === flat.length) && !begin()) return;
    one();
    say(inWords(chosen));
  });
  const push = choice({
    label: "Guidance",
    values: GUIDANCE,
    index: GUIDANCE.indexOf(guidance),
    onchange: (value) => {
      guidance = value;
      drawAll();
    },
  });
  const heat = slider({
    label: "Temperature",
    values: TEMPERATURES,
    index: TEMPERATURES.indexOf(temperature),
    onchange: (value) => {
      temperature = value;
      drawAll();
    },
  });

  function choose(at, aloud = true) {
    flat[chosen].tabIndex = -1;
    chosen = at;
    flat[at].tabIndex = 0;
    show();
    if (aloud) say(inWords(at));
  }
  const { table, under } = grid;
  table.addEventListener("focusin", (event) => under(event) !== null && choose(under(event)));
  // Not pointerover: that also comes when the page scrolls under a mouse at rest.
  table.addEventListener("pointermove", (event) => {
    const at = under(event);
    if (timer === null && at !== null && at !== chosen) choose(at);
  });
  table.addEventListener("click", (event) => under(event) !== null && flat[under(event)].focus());
  field.addEventListener("input", () => {
    menu.set(-1);
    const wrong = complaint(field.value, machine, model.get("pattern"));
    note.textContent = wrong ?? "";
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    go.click();
  });
  cleanup(stop);

  field.value = model.get("text");
  el.append(
    h("div", { class: "qkv-controls qkv-first" }, menu.el, push.el, heat.el),
    h("label", { class: "qkv-text", for: id }, h("span", {}, "Caption"), field),
    note,
    h("div", { class: "qkv-deeds" }, go, single),
    h("div", { class: "qkv-saying" }, grid.el, words),
  );
  begin();
  while (one());
  say(
    `“${said.join(" ")}”, drawn from ${drawn.length} codes. Choose a part of the picture, or write a caption.`,
  );
});
