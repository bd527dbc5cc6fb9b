// Turns the pieces that Python cut a text into (qkv.markup) to elements. Text goes in as text, so
// nothing that a bank holds can become markup. A formula starts out readable and is typeset where
// the page has MathJax; JupyterLab offers none to figures, and there it stays readable.

import { h } from "../live/js/shared.js";

const TAGS = { code: "code", strong: "strong", em: "em" };

// `inline` makes every block out of spans, for places such as a legend or a label.
export function prose(pieces, { inline = false } = {}) {
  const paragraph = inline ? "span" : "p";
  return pieces.map(([kind, content, readable]) => {
    if (kind === "pre") return h("code", { class: "qkv-pre" }, content);
    if (kind === "math")
      return h(paragraph, { class: "qkv-para" }, formula(content, readable, true));
    return h(paragraph, { class: "qkv-para" }, content.map(span));
  });
}

function span([kind, text, readable]) {
  if (kind === "math") return formula(text, readable, false);
  return TAGS[kind] ? h(TAGS[kind], {}, text) : document.createTextNode(text);
}

function formula(tex, readable, display) {
  const node = h("span", { class: "qkv-math tex2jax_process" }, readable);
  typeset(node, display ? `\\[${tex}\\]` : `\\(${tex}\\)`, readable);
  return node;
}

async function typeset(node, source, readable) {
  if (document.readyState !== "complete") {
    await new Promise((go) => addEventListener("load", go, { once: true }));
  }
  const mathjax = window.MathJax;
  if (!mathjax?.startup?.promise) return;
  // MathJax wants one job at a time, so each waits for the one before.
  mathjax.startup.promise = mathjax.startup.promise.then(async () => {
    node.textContent = source;
    try {
      await mathjax.typesetPromise([node]);
    } catch {
      node.textContent = readable;
    }
  });
}
