// The reader's progress over all quick checks, read from this browser, with a button that saves it for
// the class and one that clears it.
// The state holds the chapters: [{name, title, page, questions: [{id, text}]}].

import { h } from "../live/js/shared.js";
import { save, shared } from "./share.js";
import { answers, canKeep, forget } from "./store.js";

const SIGNS = { right: "✓", tried: "✗", open: "○" };
const WORDS = { right: "right", tried: "tried, not right yet", open: "not answered" };

// How a chapter's questions stand: {right, tried, open} counts and the standing of each.
export function standing({ name, questions }, kept) {
  const each = questions.map(({ id }) => {
    const entry = kept[`${name}/${id}`];
    return entry ? (entry.right ? "right" : "tried") : "open";
  });
  const count = (word) => each.filter((found) => found === word).length;
  return { each, right: count("right"), tried: count("tried"), open: count("open") };
}

export default {
  render({ model, el }) {
    const chapters = model.get("chapters");
    const total = chapters.reduce((sum, { questions }) => sum + questions.length, 0);
    const summary = h("p", { class: "qkv-progress-summary" });
    const list = h("div", {});
    const status = h("p", { class: "qkv-quiz-result", role: "status" });
    const share = h("button", { type: "button", class: "qkv-button" }, "Save a file for my class");
    const clear = h("button", { type: "button", class: "qkv-button" }, "Clear my answers");
    const keep = h("button", { type: "button", class: "qkv-button" }, "Keep them");
    const yes = h("button", { type: "button", class: "qkv-button" }, "Clear them");
    const question = h("p", { id: "qkv-clear-question" });
    const sure = h(
      "div",
      {
        class: "qkv-progress-sure",
        role: "group",
        "aria-labelledby": "qkv-clear-question",
        hidden: true,
      },
      question,
      h("div", { class: "qkv-quiz-buttons" }, keep, yes),
    );
    el.classList.add("qkv-figure", "qkv-progress");
    el.append(summary, list, share, " ", clear, sure, status);

    const show = () => {
      const kept = answers();
      const stands = chapters.map((chapter) => standing(chapter, kept));
      const sum = (word) => stands.reduce((n, stand) => n + stand[word], 0);
      summary.textContent = canKeep()
        ? `${sum("right")} of ${total} questions answered right` +
          (sum("tried") ? `, ${sum("tried")} more tried.` : ".")
        : "This browser keeps nothing for this page, so there is no progress to show.";
      clear.hidden = Object.keys(kept).length === 0 || !sure.hidden;
      share.hidden = sum("right") + sum("tried") === 0;
      const unfolded = [...list.children].map((section) => section.open);
      list.replaceChildren(
        ...chapters.map((chapter, i) => section(chapter, stands[i], unfolded[i])),
      );
    };

    share.addEventListener("click", () => {
      const content = shared(chapters, answers());
      save(content, "qkv-progress.json");
      const n = Object.keys(content.answers).length;
      status.textContent = `Saved qkv-progress.json with ${n === 1 ? "one question" : `${n} questions`}: right or not, and how many tries. It holds no name and no time.`;
    });
    const ask = (asking) => {
      sure.hidden = !asking;
      clear.hidden = asking;
      status.textContent = "";
    };
    clear.addEventListener("click", () => {
      const n = Object.keys(answers()).length;
      question.textContent = `Forget ${n === 1 ? "the one answer" : `all ${n} answers`} kept in this browser? This cannot be undone.`;
      ask(true);
      keep.focus();
    });
    const stay = () => {
      ask(false);
      clear.focus();
      status.textContent = "Nothing was cleared.";
    };
    keep.addEventListener("click", stay);
    sure.addEventListener("keydown", (event) => {
      if (event.key === "Escape") stay();
    });
    yes.addEventListener("click", () => {
      forget("");
      ask(false);
      show();
      summary.tabIndex = -1;
      summary.focus();
      status.textContent = "All answers are cleared.";
    });

    show();
    // Another tab may answer, and the back button may bring this page from the cache.
    const refresh = () => show();
    addEventListener("storage", refresh);
    addEventListener("pageshow", refresh);
    return () => {
      removeEventListener("storage", refresh);
      removeEventListener("pageshow", refresh);
    };
  },
};

function section({ name, title, page, questions }, { each, right, tried }, open) {
  const count = `${right} of ${questions.length} right${tried ? `, ${tried} tried` : ""}`;
  const share = (part) => `${(100 * part) / questions.length}%`;
  return h(
    "details",
    { open: Boolean(open) },
    h(
      "summary",
      {},
      h(
        "span",
        { class: "qkv-progress-title" },
        `${/^\d*/.exec(name)[0].replace(/^0(?=\d)/, "")} ${title}`.trim(),
      ),
      h("span", { class: "qkv-progress-count" }, count),
      h(
        "span",
        { class: "qkv-progress-bar", "aria-hidden": "true" },
        h("span", { style: `width:${share(right)}`, class: "qkv-bar-right" }),
        h("span", { style: `width:${share(tried)}`, class: "qkv-bar-tried" }),
      ),
    ),
    h(
      "ul",
      {},
      questions.map(({ id, text }, i) =>
        h(
          "li",
          { "data-stand": each[i] },
          h("span", { class: "qkv-progress-sign", "aria-hidden": "true" }, SIGNS[each[i]]),
          h("span", {}, h("a", { href: `${page}#quiz-${id}` }, text), ` (${WORDS[each[i]]})`),
        ),
      ),
    ),
  );
}
