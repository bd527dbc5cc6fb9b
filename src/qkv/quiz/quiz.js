// A quick check: one question, a button, and an explanation for every answer. Nothing is sent
// anywhere; what the reader got right is kept in this browser (store.js).

import { h, uid } from "../live/js/shared.js";
import { prose } from "./prose.js";
import { shuffled } from "./shuffle.js";
import { answers as kept, record } from "./store.js";

// What a reader types as a number: 1,000 and 1 000, 0,5 and 0.5, 1/3, 3e-4, a true minus sign.
// Returns null for anything else.
export function readNumber(text) {
  let digits = text.replace(/[\s_'’]/g, "").replace(/−/g, "-");
  const fraction = digits.split("/");
  if (fraction.length === 2) {
    const [above, below] = fraction.map(readNumber);
    return above === null || !below ? null : above / below;
  }
  if (/^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(digits)) digits = digits.replace(/,/g, "");
  else if (/^[-+]?\d*,\d+$/.test(digits)) digits = digits.replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(digits) ? Number(digits) : null;
}

// Judge what was given: indices of the chosen options, a number, or a list of axis names.
// Returns { right, matched }: the indices of the answers that the reader gave.
export function judge({ kind, answers }, given) {
  if (kind === "single" || kind === "multiple") {
    const right = answers.every((answer, i) => answer.right === given.includes(i));
    return { right, matched: given };
  }
  const solution = answers[0];
  const same = ({ value, tolerance }) => {
    if (value === null) return true; // "otherwise", the last one
    if (kind === "shape") return value.every((axis, i) => axis === given[i]);
    // The extra is for numbers such as 0.1 + 0.2, not for the reader.
    return Math.abs(given - value) <= (tolerance || solution.tolerance) + 1e-9 * Math.abs(value);
  };
  const matched = answers.findIndex(same);
  return { right: matched === 0, matched: [matched] };
}

export default {
  render({ model, el }) {
    const question = model.get("question");
    const key = `${question.chapter}/${question.id}`;
    const id = uid("quiz");
    const order = shuffled(question.answers.length, key);
    const field = FIELDS[question.kind](question, id, order);

    const badge = h("span", { class: "qkv-quiz-badge" });
    const status = h("p", { class: "qkv-quiz-result", role: "status" });
    const list = h("ul", { class: "qkv-quiz-why" });
    const check = h("button", { type: "submit", class: "qkv-button" }, "Check");
    const reveal = h(
      "button",
      { type: "button", class: "qkv-button qkv-quiet", hidden: true },
      "Show the answer",
    );
    const form = h(
      "form",
      {
        class: "qkv-quiz",
        id: `quiz-${question.id}`,
        novalidate: true,
        "data-lm-suppress-shortcuts": "true",
      },
      h("p", { class: "qkv-quiz-head" }, h("span", {}, "Quick check"), badge),
      h("fieldset", {}, h("legend", {}, prose(question.text, { inline: true })), field.el),
      h("div", { class: "qkv-quiz-buttons" }, check, reveal),
      status,
      list,
    );
    el.classList.add("qkv-figure");
    el.append(form);

    const showBadge = (entry) => {
      if (!entry) return;
      const tries = `${entry.tries} ${entry.tries === 1 ? "try" : "tries"}`;
      badge.textContent = entry.right ? `✓ answered, ${tries}` : `tried, not right yet, ${tries}`;
      badge.dataset.right = entry.right;
    };
    showBadge(kept()[key]);

    const typed = question.kind === "number" || question.kind === "shape";
    let checked = false;
    const tell = (text, right) => {
      status.dataset.right = right;
      status.textContent = text;
    };
    const answer = () => {
      const { given, problem } = field.read();
      if (problem) return tell(problem, "");
      const { right, matched } = judge(question, given);
      showBadge(record(key, right));
      checked = true;
      field.disable(true);
      check.textContent = right ? "Answer again" : "Try again";
      // The right answer stays back until it is found or asked for.
      reveal.hidden = right;
      explain(matched, right);
      tell(right ? "✓ Right." : `✗ ${shortfall(question, matched)} ${INVITATION}`, right);
      check.focus(); // the field is off now, and a field that is off loses the reader's place
    };
    const again = () => {
      checked = false;
      field.disable(false);
      check.textContent = "Check";
      reveal.hidden = true;
      list.replaceChildren();
      tell("", "");
      field.focus();
    };
    // What the reader gave comes first; `all` tells the rest of the answers too.
    const explain = (matched, all) => {
      const shown = typed ? [...question.answers.keys()] : order;
      const mineFirst = [
        ...shown.filter((i) => matched.includes(i)),
        ...shown.filter((i) => all && !matched.includes(i)),
      ];
      list.replaceChildren(
        ...mineFirst.map((i) => {
          const { right, text, value, why } = question.answers[i];
          const mine = matched.includes(i);
          const other = value === null && typed;
          const mark = h(
            "span",
            { class: "qkv-quiz-mark" },
            (right ? "✓ Right" : "✗ Wrong") +
              (mine ? ", your answer" : right && question.kind === "multiple" ? ", left out" : ""),
          );
          const name = other
            ? mine
              ? field.words()
              : "any other answer"
            : prose(text, { inline: true });
          return h(
            "li",
            { "data-right": String(right), "data-mine": String(mine) },
            h("div", { class: "qkv-quiz-option" }, mark, h("span", {}, name)),
            prose(why),
          );
        }),
      );
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!checked) answer();
    });
    check.addEventListener("click", (event) => {
      if (!checked) return;
      event.preventDefault();
      if (event.detail < 2) again(); // the second half of a double click is not a wish to start over
    });
    reveal.addEventListener("click", () => {
      const { matched } = judge(question, field.read().given);
      explain(matched, true);
      reveal.hidden = true;
      check.textContent = "Answer again";
      check.focus();
      tell("The answer and the explanations are shown below.", "");
    });
    if (location.hash === `#${form.id}`) form.scrollIntoView();
  },
};

const INVITATION = "Try again, or show the answer.";

function shortfall({ kind, answers }, matched) {
  if (kind !== "multiple") return "Not right yet.";
  const good = matched.filter((i) => answers[i].right).length;
  const missing = answers.filter(({ right }) => right).length - good;
  const wrong = matched.length - good;
  const faults = [
    wrong && `${wrong} of your choices ${wrong === 1 ? "is" : "are"} wrong`,
    missing && `${missing} right ${missing === 1 ? "one is" : "ones are"} missing`,
  ].filter(Boolean);
  return `Not right yet: ${faults.join(", and ")}.`;
}

// Each kind of field: its element; read() what the reader gave, or the problem with it; words() the
// same in words; disable and focus.
const FIELDS = { single: options, multiple: options, number: numberField, shape: shapeField };

function options({ kind, answers }, id, order) {
  const type = kind === "single" ? "radio" : "checkbox";
  const inputs = order.map((i) => h("input", { type, name: id, value: i }));
  const hint =
    kind === "multiple" ? h("p", { class: "qkv-quiz-hint" }, "Choose all that are right.") : null;
  return {
    el: h(
      "div",
      {},
      hint,
      h(
        "div",
        { class: "qkv-quiz-options" },
        inputs.map((input) =>
          h("label", {}, input, h("span", {}, prose(answers[input.value].text, { inline: true }))),
        ),
      ),
    ),
    read() {
      const given = inputs.filter((input) => input.checked).map((input) => Number(input.value));
      return given.length ? { given } : { problem: "Choose an answer first." };
    },
    disable: (off) =>
      inputs.forEach((input) => {
        input.disabled = off;
      }),
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
  };
}

function numberField({ unit }, id) {
  const input = h("input", {
    id,
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-describedby": unit ? `${id}-unit` : null,
  });
  return {
    el: h(
      "div",
      { class: "qkv-quiz-number" },
      h("label", { for: id }, "Your answer"),
      input,
      unit ? h("span", { id: `${id}-unit` }, unit) : null,
    ),
    read() {
      const given = readNumber(input.value);
      if (input.value.trim() === "") return { problem: "Write a number first." };
      return given === null
        ? { problem: `“${input.value.trim()}” is no number: write digits, such as 0.25 or 3e-4.` }
        : { given };
    },
    words: () => `${input.value.trim()} ${unit}`,
    disable: (off) => {
      input.disabled = off;
    },
    focus: () => {
      input.focus();
      input.select();
    },
  };
}

function shapeField({ axes, answers }, id) {
  const blanks = answers[0].value.map((_, i) =>
    h(
      "select",
      { id: `${id}-${i}` },
      h("option", { value: "" }, "…"),
      axes.map((axis) => h("option", { value: axis }, axis)),
    ),
  );
  const given = () => blanks.map((blank) => blank.value);
  return {
    el: h(
      "div",
      { class: "qkv-quiz-shape" },
      blanks.map((blank, i) =>
        h(
          "span",
          { class: "qkv-quiz-axis" },
          h("label", { for: blank.id }, `axis ${i}`),
          h("span", {}, i === 0 ? "(" : "", blank, i === blanks.length - 1 ? ")" : ","),
        ),
      ),
    ),
    read: () =>
      given().includes("") ? { problem: "Fill in every axis first." } : { given: given() },
    words: () => `(${given().join(", ")})`,
    disable: (off) =>
      blanks.forEach((blank) => {
        blank.disabled = off;
      }),
    focus: () => blanks[0].focus(),
  };
}
