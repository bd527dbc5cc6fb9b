// What the figures have in common that read the reader's sentence: cutting and joining words, the form with which the
// reader asks, what is said of unknown words, and bars.
import { h, uid } from "./shared.js";

export const BOS = "<bos>";
export const EOS = "<eos>";
export const UNKNOWN = "<unk>";

// A sentence to tokens, as `tokenize` in qkv.data.phrases: Python's \w spelt out for JavaScript.
export const tokenise = (text) =>
  text
    .toLowerCase()
    .replaceAll("’", "'")
    .match(/[\p{L}\p{N}_-]+'?|\?/gu) ?? [];

// What stands between a token and the next: nothing after l'.
export const space = (token) => (token.endsWith("'") ? "" : " ");
export const detokenise = (tokens) =>
  tokens.map((token, i) => token + (i + 1 < tokens.length ? space(token) : "")).join("");

export const shown = (token) => ({ [EOS]: "end", [BOS]: "start" })[token] ?? token;
export const share = (weight) => weight.toFixed(2);

// What a model knows of its source: `idOf(token)`, `knows(token)` and `words` in order.
export function vocabulary(tokens) {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const special = /^<.*>$/;
  return {
    idOf: (token) => ids.get(token) ?? ids.get(UNKNOWN),
    knows: (token) => ids.has(token) && !special.test(token),
    words: tokens.filter((token) => !special.test(token)).sort(),
  };
}

// What is wrong with the sentence, or null.
export function complaint(tokens, limit) {
  if (!tokens.length)
    return "There is no word yet: write an English sentence, or choose an example.";
  if (tokens.length > limit) {
    return (
      `The sentence has ${tokens.length} words and the model reads at most ${limit}: ` +
      "leave some out."
    );
  }
  return null;
}

// The words it does not know, by name; "" when there are none.
export function strangers(tokens, { knows, words }) {
  const unknown = [...new Set(tokens.filter((token) => !knows(token)))].map(
    (token) => `“${token}”`,
  );
  if (!unknown.length) return "";
  const one = unknown.length === 1;
  const names = one ? unknown[0] : `${unknown.slice(0, -1).join(", ")} and ${unknown.at(-1)}`;
  return (
    `${names} ${one ? "is" : "are"} not in my vocabulary of ${words.length} words; ` +
    `I read ${one ? "it" : "them"} as unknown.`
  );
}

// The form with which the reader asks; `answer(tokens, gently)` follows a sentence that can be
// read, `before()` each one that is asked. `verb` stands on the button, `cut` makes tokens of a text.
// Returns { form, reads, note, known, ask }.
export function asking({
  model,
  machine,
  say,
  cleanup,
  before,
  answer,
  verb = "Translate",
  cut = tokenise,
}) {
  const examples = model.get("examples");
  const [limit] = model.get("limits");
  const id = uid("translator");
  const field = h("input", {
    type: "text",
    id,
    class: "qkv-field",
    lang: "en",
    maxlength: 1000,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": `${id}-note`,
  });
  const menu = h(
    "select",
    { id: `${id}-menu`, class: "qkv-menu" },
    h("option", { value: "" }, "your own sentence"),
    examples.map((text, i) => h("option", { value: i }, text)),
  );
  const form = h(
    "form",
    { class: "qkv-ask", novalidate: true },
    h("label", { for: id }, "English"),
    field,
    h("button", { type: "submit", class: "qkv-button" }, verb),
    h("label", { for: menu.id }, "Examples"),
    menu,
  );
  const reads = h("ol", { class: "qkv-reads", "aria-label": "What the model reads" });
  const note = h("p", { class: "qkv-note", id: `${id}-note` });
  const known = h(
    "details",
    { class: "qkv-known" },
    h("summary", {}, `The ${machine.words.length} words it knows`),
    h("p", { lang: "en" }, machine.words.join(" · ")),
  );

  const read = () => {
    const tokens = cut(field.value);
    reads.replaceChildren(
      ...tokens.map((token) =>
        machine.knows(token)
          ? h("li", {}, token)
          : h("li", { class: "qkv-unknown" }, token, " ", h("small", {}, "unknown")),
      ),
    );
    return tokens;
  };
  const ask = (text, gently) => {
    before();
    field.value = text;
    const tokens = read();
    const problem = complaint(tokens, limit);
    note.textContent = problem ?? strangers(tokens, machine);
    field.setAttribute("aria-invalid", problem ? "true" : "false");
    if (problem) return say(problem);
    model.set("text", text);
    model.save_changes();
    menu.selectedIndex = examples.indexOf(text) + 1;
    answer(tokens, gently);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(field.value.trim(), true);
  });
  field.addEventListener("input", read);
  menu.addEventListener("change", () => {
    if (menu.value !== "") ask(examples[Number(menu.value)], true);
    else field.focus();
  });
  const follow = () => {
    if (model.get("text") !== field.value) ask(model.get("text"), false);
  };
  model.on("change:text", follow);
  cleanup(() => model.off("change:text", follow));
  return { form, reads, note, known, ask };
}

// The whole sentence in words, for the live region.
export function spoken({ target, ended }) {
  const words = target.filter((token) => token !== EOS);
  const stop = ended ? "" : ` It stopped after ${words.length} words.`;
  return `French: ${detokenise(words) || "no word at all"}.${stop}`;
}

// A table of words with numbers and bars.
export const bar = (part) =>
  h("span", { class: "qkv-bar", style: `width: ${(100 * part).toFixed(1)}%` });
export const bars = (title, heads, lines) =>
  h(
    "table",
    { class: "qkv-bars" },
    h("caption", {}, title),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        heads.map((head) => h("th", { scope: "col" }, head)),
        h("td", {}),
      ),
    ),
    h("tbody", {}, lines),
  );
export const mostProbable = (best) =>
  bars(
    "Most probable next",
    ["French", "probability"],
    best.map(({ token, probability }, k) =>
      h(
        "tr",
        { class: k ? null : "qkv-line" },
        h("th", { scope: "row", lang: token === EOS ? null : "fr" }, shown(token)),
        h("td", {}, share(probability)),
        h("td", { class: "qkv-track" }, bar(probability)),
      ),
    ),
  );
