// Text in, tokens out: characters, words, or byte-pair encoding with as many merges as one likes.

import { choice, figure, h, slider } from "../../live/js/shared.js";

const UNKNOWN = "<unk>";
const JOIN = "\u0000"; // between the halves of a pair; no text box lets one type it

// The first n merges as a map from pair to rank, for bpeEncode.
export function ranksOf(merges, n = merges.length) {
  return new Map(merges.slice(0, n).map(([left, right], rank) => [left + JOIN + right, rank]));
}

// One word to its symbols: from single characters, the earliest learned merge first.
export function bpeEncode(word, ranks) {
  let symbols = Array.from(word);
  for (;;) {
    let best = Infinity;
    for (let i = 0; i + 1 < symbols.length; i += 1) {
      best = Math.min(best, ranks.get(symbols[i] + JOIN + symbols[i + 1]) ?? Infinity);
    }
    if (best === Infinity) return symbols;
    const merged = [];
    for (let i = 0; i < symbols.length; i += 1) {
      const rank =
        i + 1 < symbols.length ? ranks.get(symbols[i] + JOIN + symbols[i + 1]) : undefined;
      if (rank === best) merged.push(symbols[i] + symbols[(i += 1)]);
      else merged.push(symbols[i]);
    }
    symbols = merged;
  }
}

// What a regular expression finds in a text, as strings.
export const found = (text, pattern) => text.match(new RegExp(pattern, "gu")) ?? [];

// A text to tokens: [{text, id, known}]. What the tokeniser does not know has the id of <unk>, or
// null where there is no <unk>.
export function tokenise(text, how, tokeniser) {
  const { ids, words, pattern, wordPattern, ranks, lowercase } = tokeniser;
  const named = (tokens, known) =>
    tokens.map((token) => ({
      text: token,
      id: known.get(token) ?? known.get(UNKNOWN) ?? null,
      known: known.has(token),
    }));
  if (how === "characters") return named(Array.from(text), ids);
  if (how === "words")
    return named(found(lowercase ? text.toLowerCase() : text, wordPattern), words);
  return named(
    found(text, pattern).flatMap((piece) => bpeEncode(piece, ranks)),
    ids,
  );
}

// The tokeniser of a figure's state. Ids of symbols count the characters, then one for each merge
// (a symbol that two merges make has the later one), then <unk>.
export function tokeniserOf(get) {
  const numbered = (tokens) => new Map(tokens.map((token, id) => [token, id]));
  const made = get("merges").map(([left, right]) => left + right);
  return {
    ids: numbered([...get("characters"), ...made, UNKNOWN]),
    words: numbered(get("vocabulary")),
    pattern: get("pattern"),
    wordPattern: get("word_pattern"),
    lowercase: get("lowercase"),
    ranks: ranksOf(get("merges"), get("n_merges")),
  };
}

const SIGNS = { " ": "␣", "\n": "↵", "\t": "⇥" };
const MOST = 2000; // characters of a text
const NAMES = { characters: "characters", words: "words", pairs: "byte pairs" };

export default figure(({ model, el, say, cleanup }) => {
  const merges = model.get("merges");
  const tokeniser = tokeniserOf((key) => model.get(key));
  const keep = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };

  const box = h("textarea", {
    rows: 3,
    maxlength: MOST,
    dir: "auto",
    spellcheck: "false",
    autocomplete: "off",
    "data-lm-suppress-shortcuts": "true",
  });
  box.value = model.get("text");
  const chips = h("ol", { class: "qkv-pieces", "aria-label": "Tokens" });
  const kinds = Object.keys(NAMES);
  const ways = choice({
    label: "Cut into",
    values: kinds,
    index: kinds.indexOf(model.get("tokeniser")),
    format: (kind) => NAMES[kind],
    onchange: (kind) => keep("tokeniser", kind),
  });
  const counts = Array.from({ length: merges.length + 1 }, (_, n) => n);
  const depth = slider({
    label: "Merges",
    values: counts,
    index: model.get("n_merges"),
    format: String,
    onchange: (n) => keep("n_merges", n),
  });
  el.append(
    h("label", { class: "qkv-text" }, h("span", {}, "Text"), box),
    h("div", { class: "qkv-controls" }, ways.el, depth.el),
    chips,
  );
  let typing;
  box.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => keep("text", box.value), 400);
    draw(700); // a reader who is typing is told the count when the typing rests
  });

  let resting;
  function draw(pause) {
    const how = model.get("tokeniser");
    tokeniser.ranks = ranksOf(merges, model.get("n_merges"));
    depth.el.hidden = how !== "pairs";
    const tokens = tokenise(box.value, how, tokeniser);
    chips.replaceChildren(...tokens.map(chip));
    clearTimeout(resting);
    resting = setTimeout(() => say(sentence(how, tokens, Array.from(box.value).length)), pause);
  }

  function sentence(how, tokens, length) {
    if (!length) return "No text, no tokens.";
    const unknown = tokens.filter(({ known }) => !known).length;
    const share = (tokens.length / length).toFixed(2);
    return (
      `${plural(tokens.length, "token")} for ${plural(length, "character")}: ` +
      `${share} tokens per character${how === "pairs" ? `, with ${plural(model.get("n_merges"), "merge")}` : ""}.` +
      (unknown ? ` ${unknown} unknown.` : "") +
      (box.value.length < MOST ? "" : ` The box is full: it takes ${MOST} characters.`)
    );
  }
  const follow = () => {
    if (box.value !== model.get("text") && document.activeElement !== box)
      box.value = model.get("text");
    ways.set(kinds.indexOf(model.get("tokeniser")));
    depth.set(model.get("n_merges"));
    draw(150);
  };
  for (const key of ["text", "tokeniser", "n_merges"]) {
    model.on(`change:${key}`, follow);
    cleanup(() => model.off(`change:${key}`, follow));
  }
  draw(0);
});

const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

// One token with its id. White space is drawn, so that " the" and "the" look different.
function chip({ text, id, known }) {
  const letters = Array.from(text, (letter) =>
    letter in SIGNS ? h("span", { class: "qkv-space" }, SIGNS[letter]) : letter,
  );
  const name = known ? String(id) : `unknown${id === null ? "" : `, ${id}`}`;
  return h(
    "li",
    { class: known ? null : "qkv-unknown" },
    h("span", { class: "qkv-token" }, letters),
    h("span", { class: "qkv-id" }, name),
  );
}
