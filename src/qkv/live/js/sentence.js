// What the figures have in common that read the reader's sentence: cutting and joining words, the form with which the
// reader asks, what is said of unknown words, and bars.
import { h, uid } from "./shared.js";

export const BOS = "<bos>";
export const EOS = "<eos>";
export const UNKNOWN = "<unk>";

// A sentence to tokens, as `tokenize` in qkv.data.phrases: Python's \w spelt out for JavaScript. An
// apostrophe ends l', d', qu' …; any other stands inside its word. doesn't becomes does not where both
// are known.
const LETTER = String.raw`[\p{L}\p{N}_-]`;
const START = String.raw`(?<![\p{L}\p{N}_])`;
export const WORD = `${START}(?:[cdjlmnst]|(?:jus|lors|puis)?qu)'|${LETTER}+(?:'${LETTER}+)*`;
export function tokenise(text, knows = () => false, word = `${WORD}|\\?`) {
  const plain = text
    .normalize("NFC")
    .toLowerCase()
    .replace(/[’‘ʼ＇]/g, "'");
  return (plain.match(new RegExp(word, "gu")) ?? []).flatMap((token) => {
    const short = [token.slice(0, -3), "not"];
    return token.endsWith("n't") && !knows(token) && short.every(knows) ? short : [token];
  });
}

// What stands between a token and the next: nothing after l'.
export const space = (token) => (token.endsWith("'") ? "" : " ");
export const detokenise = (tokens) =>
  tokens.map((token, i) => token + (i + 1 < tokens.length ? space(token) : "")).join("");

// A token as it is shown: what is too long for a line is cut short.
const LONGEST = 24; // letters
export function shown(token) {
  const letters = Array.from(token);
  if (letters.length > LONGEST) return `${letters.slice(0, LONGEST - 2).join("")}…`;
  return token;
}
// A character as it is shown: blanks and the ends of lines as signs.
const SIGNS = { " ": "␣", "\n": "⏎", "\t": "⇥" };
export const sign = (letter) => SIGNS[letter] ?? letter;
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
const MOST = 2000; // characters
export function complaint(text, tokens, limit) {
  if (text.length > MOST) {
    return `The text has ${text.length} characters and the field takes at most ${MOST}: leave some out.`;
  }
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

// Hebrew, Arabic and their like, which need to be kept apart from the sentence around them.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// The words it does not know, by name; "" when there are none.
export function strangers(tokens, { knows, words }) {
  const unknown = [...new Set(tokens.filter((token) => !knows(token)))].map((token) => {
    const name = shown(token);
    return RIGHT_TO_LEFT.test(name) ? `“\u2068${name}\u2069”` : `“${name}”`;
  });
  if (!unknown.length) return "";
  const one = unknown.length === 1;
  const names = one ? unknown[0] : `${unknown.slice(0, -1).join(", ")} and ${unknown.at(-1)}`;
  return (
    `${names} ${one ? "is" : "are"} not in my vocabulary of ${words.length} words; ` +
    `I read ${one ? "it" : "them"} as unknown.`
  );
}

// The form with which the reader asks; `answer(tokens, gently)` follows a sentence that can be
// read, `before()` each one that is asked; `parts()` are the elements that hold the answer, and are
// hidden while there is none. `name` stands before the field, `verb` on the button; `cut` makes tokens of a text.
// Returns { form, reads, note, known, ask }.
export function asking({
  model,
  machine,
  say,
  cleanup,
  before,
  answer,
  parts,
  name = "English",
  verb = "Translate",
  cut = (text) => tokenise(text, machine.knows),
}) {
  const examples = model.get("examples");
  const [limit] = model.get("limits");
  const id = uid("translator");
  const field = h("input", {
    type: "text",
    id,
    class: "qkv-field",
    lang: "en",
    dir: "auto",
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
    h("label", { for: id }, name),
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
    const tokens = cut(field.value.slice(0, MOST));
    const more = tokens.length - 2 * limit;
    reads.replaceChildren(
      ...tokens
        .slice(0, 2 * limit)
        .map((token) =>
          machine.knows(token)
            ? h("li", {}, token)
            : h("li", { class: "qkv-unknown", dir: "auto" }, shown(token), " ", unknown()),
        ),
      ...(more > 0 ? [h("li", {}, `and ${more} more`)] : []),
    );
    return tokens;
  };
  const unknown = () => h("small", { dir: "ltr" }, "unknown");
  const ask = (text, gently) => {
    before();
    field.value = text;
    const tokens = read();
    const problem = complaint(text, tokens, limit);
    note.textContent = problem ?? strangers(tokens, machine);
    field.setAttribute("aria-invalid", problem ? "true" : "false");
    for (const part of parts()) part.hidden = Boolean(problem);
    if (problem) return say(problem);
    model.set("text", text);
    model.save_changes();
    menu.selectedIndex = examples.indexOf(text) + 1;
    answer(tokens, gently);
  };
  // What is pasted may have lines; here they are one sentence.
  field.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain");
    if (!pasted || !/[\r\n]/.test(pasted)) return;
    event.preventDefault();
    const line = pasted.replace(/\s+/g, " ");
    field.setRangeText(line, field.selectionStart, field.selectionEnd, "end");
    read();
  });

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

// What is said where the model was stopped before it came to an end; "" where it came to one.
export const stopped = ({ target, ended }) =>
  ended ? "" : `It stopped after ${target.length} words, the most that it writes here.`;

// The whole sentence in words, for the live region.
export function spoken(result) {
  const words = result.target.filter((token) => token !== EOS);
  return `French: ${detokenise(words) || "no word at all"}. ${stopped(result)}`.trim();
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
