// All heads of a causal language model on the reader's own sentence: each as a small map in a table
// of buttons, one of them large as a real table in the grid pattern, and the next tokens, which
// change when heads are taken out.

import {
  asking,
  bar,
  bars,
  share,
  shown,
  tokenise,
  vocabulary,
  WORD,
} from "../../live/js/sentence.js";
import { button, figure, h, onResize, reducedMotion, svg, walk } from "../../live/js/shared.js";
import { argmax, largest } from "../../live/js/tensors.js";
import { stack } from "./stack.js";

const N_BEST = 5;
const SEEN = 0.004; // a square of a smaller weight is no pixel wide in a small map

const quoted = (token) => (token === "." ? "the full stop" : `“${shown(token)}”`);
const listed = (names) =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
const same =
  ([a, b]) =>
  ([c, d]) =>
    a === c && b === d;

// The weights (time, time) as one path: squares whose area is the weight.
function squares(weights, time) {
  const parts = [];
  weights.forEach((weight, i) => {
    if (weight < SEEN) return;
    const side = 0.96 * Math.sqrt(weight);
    const [x, y] = [(i % time) + (1 - side) / 2, Math.floor(i / time) + (1 - side) / 2];
    parts.push(
      `M${x.toFixed(2)} ${y.toFixed(2)}h${side.toFixed(2)}v${side.toFixed(2)}h-${side.toFixed(2)}z`,
    );
  });
  return parts.join("");
}

// Where a query may look: the stairs below the diagonal.
const stairs = (time) => `M0 0${"h1v1".repeat(time)}H0z`;

export default figure(({ model, el, say, cleanup }) => {
  const [tokens, sizes, start] = ["tokens", "sizes", "start"].map((key) => model.get(key));
  const machine = stack({ shapes: model.get("shapes"), weights: model.get("weights"), sizes });
  const words = vocabulary(tokens);
  const labels = new Map(
    model.get("labels").map(([layer, head, label]) => [`${layer}.${head}`, label]),
  );
  const named = ([layer, head]) => {
    const label = labels.get(`${layer}.${head}`);
    return `head ${layer}.${head}${label ? `, ${label}` : ""}`;
  };
  let [read, full, now] = [[], null, null]; // tokens; the model's answers with and without heads
  let [row, column] = [0, 0];

  // Signs count as words where the model knows them.
  const cut = (text) =>
    tokenise(text, words.knows, `${WORD}|\\S`).filter(
      (token) => /[\p{L}\p{N}_-]/u.test(token) || words.knows(token),
    );
  const asked = asking({
    model,
    machine: words,
    say,
    cleanup,
    verb: "Read",
    cut,
    before: () => {},
    parts: () => [answer],
    answer: (found) => {
      read = start === null || found[0] === start ? found : [start, ...found];
      full = machine.run(read.map(words.idOf));
      build();
      renew();
      say(`${asked.note.textContent} Read ${read.length} tokens. ${change.textContent}`.trim());
    },
  });

  // All heads, small.
  const small = sizes.map(([nHeads], layer) =>
    Array.from({ length: nHeads }, (_, head) => {
      const place = [layer, head];
      const label = labels.get(`${layer}.${head}`);
      const past = svg("path", { class: "qkv-past" });
      const line = svg("rect", { class: "qkv-band", x: 0, height: 1 });
      const ink = svg("path", { class: "qkv-ink" });
      const map = svg("svg", { class: "qkv-map-small", "aria-hidden": "true" }, past, line, ink);
      const open = h(
        "button",
        {
          type: "button",
          class: "qkv-head",
          "aria-pressed": "false",
          onclick: () => choose(place),
        },
        map,
        h("span", {}, h("span", { class: "qkv-hidden" }, "head "), `${layer}.${head}`),
        label ? h("small", {}, label) : null,
      );
      const tick = h("input", {
        type: "checkbox",
        "aria-label": `head ${layer}.${head} off`,
        onchange: () => remove(place, tick.checked),
      });
      return {
        past,
        line,
        ink,
        map,
        open,
        tick,
        cell: h(
          "td",
          {},
          h("div", {}, open, h("label", { class: "qkv-remove" }, tick, h("span", {}, "off"))),
        ),
      };
    }),
  );
  const widest = Math.max(...sizes.map(([nHeads]) => nHeads));
  const all = h(
    "div",
    { class: "qkv-scroll" },
    h(
      "table",
      { class: "qkv-all-heads", style: `--heads: ${widest}` },
      h("caption", { class: "qkv-hidden" }, "Every head of every layer"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("td"),
          Array.from({ length: widest }, (_, head) => h("th", { scope: "col" }, `head ${head}`)),
        ),
      ),
      h(
        "tbody",
        {},
        small.map((line, layer) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, h("span", {}, `layer ${layer}`)),
            line.map(({ cell }) => cell),
          ),
        ),
      ),
    ),
  );
  const change = h("p", { class: "qkv-change" });
  const back = button("All heads", () => put("removed", []));
  back.disabled = true;

  // One head, large, and what comes next.
  const title = h("p", { class: "qkv-opened" });
  const scroll = h("div", { class: "qkv-scroll qkv-alignment" });
  const reading = h("p", { class: "qkv-reading" });
  const panel = h("div", { class: "qkv-nexts" });
  el.classList.add("qkv-heads", "qkv-told");
  const answer = h(
    "div",
    {},
    all,
    h("div", { class: "qkv-without" }, change, back),
    h("div", { class: "qkv-large" }, h("div", {}, title, scroll, reading), panel),
  );
  el.append(asked.form, asked.reads, asked.note, answer, asked.known);

  const put = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };
  const choose = (place) => {
    put("chosen", place);
    say(`${title.textContent}. ${reading.textContent} This is its highest.`);
  };
  const remove = (place, out) =>
    put(
      "removed",
      [
        ...model.get("removed").filter((other) => !same(place)(other)),
        ...(out ? [place] : []),
      ].sort(),
    );

  // Where the chosen head looks most from the chosen row.
  const lookedAt = ({ maps }) => {
    const [layer, head] = model.get("chosen");
    return argmax(maps[layer][head].subarray(row * read.length, (row + 1) * read.length));
  };

  // The large table, one row for each query. Its numbers come with `paint`.
  let cells = [];
  function build() {
    const time = read.length;
    cells = read.map((_, r) =>
      read.map((_, c) =>
        h(
          "td",
          {
            role: "gridcell",
            tabindex: -1,
            "data-r": r,
            "data-c": c,
            class: c > r ? "qkv-later" : null,
          },
          h("span", {}, c > r ? "masked" : ""),
        ),
      ),
    );
    scroll.replaceChildren(
      h(
        "table",
        { class: "qkv-heat qkv-align", role: "grid" },
        h(
          "thead",
          {},
          h(
            "tr",
            { role: "row" },
            h(
              "th",
              { class: "qkv-axis qkv-axis-row", scope: "col" },
              h("span", {}, "query ↓"),
              " ",
              h("span", {}, "key →"),
            ),
            read.map((token) =>
              h("th", { scope: "col", role: "columnheader" }, h("span", {}, shown(token))),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          read.map((token, r) =>
            h(
              "tr",
              { role: "row" },
              h("th", { scope: "row", role: "rowheader" }, shown(token)),
              cells[r],
            ),
          ),
        ),
      ),
    );
    small.flat().forEach(({ map, past, line }) => {
      map.setAttribute("viewBox", `0 0 ${time} ${time}`);
      past.setAttribute("d", stairs(time));
      line.setAttribute("width", time);
    });
    row = time - 1;
    column = lookedAt(full);
    lay(scroll.clientWidth);
  }

  // Run the model again without the heads that are out, and draw what it says.
  function renew() {
    const removed = model.get("removed");
    now = removed.length ? machine.run(read.map(words.idOf), removed) : full;
    back.disabled = !removed.length;
    small.forEach((line, layer) =>
      line.forEach((part, head) => {
        part.ink.setAttribute("d", squares(now.maps[layer][head], read.length));
        part.tick.checked = removed.some(same([layer, head]));
        part.cell.classList.toggle("qkv-out", part.tick.checked);
      }),
    );
    paint();
  }

  function paint() {
    const [layer, head] = model.get("chosen");
    const weights = now.maps[layer][head];
    small.forEach((line, i) =>
      line.forEach(({ open }, k) =>
        open.setAttribute("aria-pressed", String(i === layer && k === head)),
      ),
    );
    const out = model.get("removed").some(same([layer, head]));
    title.replaceChildren(h("b", {}, named([layer, head]).replace("h", "H")), out ? " (off)" : "");
    scroll.firstChild.setAttribute(
      "aria-label",
      `${named([layer, head])}: weights, queries by keys`,
    );
    cells.forEach((line, r) =>
      line.slice(0, r + 1).forEach((cell, c) => {
        const weight = weights[r * read.length + c];
        cell.style.setProperty("--side", `${(100 * Math.sqrt(weight)).toFixed(1)}%`);
        cell.firstChild.textContent = share(weight);
      }),
    );
    mark();
  }

  function mark() {
    scroll.querySelectorAll(".qkv-line, .qkv-here, [tabindex='0']").forEach((node) => {
      node.classList.remove("qkv-line", "qkv-here");
      if (node.tabIndex === 0) node.tabIndex = -1;
    });
    const cell = cells[row][column];
    cell.tabIndex = 0;
    cell.classList.add("qkv-here");
    cell.parentElement.classList.add("qkv-line");
    scroll.querySelectorAll("thead th")[column + 1].classList.add("qkv-line");
    small.flat().forEach(({ line }) => line.setAttribute("y", row));
    tell(row, column);
    foretell();
  }

  // One weight in words, under the table.
  function tell(r, c) {
    const [layer, head] = model.get("chosen");
    const weight = now.maps[layer][head][r * read.length + c];
    reading.textContent =
      `Token ${r + 1}, ${quoted(read[r])}, ` +
      (c > r
        ? `may not look at token ${c + 1}, ${quoted(read[c])}, which stands later.`
        : `looks at token ${c + 1}, ${quoted(read[c])}: weight ${share(weight)}.`);
  }

  // The next tokens at the chosen position, with all heads and now, and the difference in words.
  function foretell() {
    const removed = model.get("removed");
    const [before, after] = [full.next[row], now.next[row]];
    const top = argmax(before);
    const next = row + 1 < read.length ? words.idOf(read[row + 1]) : null;
    change.textContent = inWords(removed, before, after, top);
    const rows = [
      ...new Set([...largest(before, N_BEST), argmax(after), ...(next === null ? [] : [next])]),
    ];
    const olds = new Map(
      [...panel.querySelectorAll("[data-token]")].map((node) => [
        Number(node.dataset.token),
        node.style.width,
      ]),
    );
    const lines = rows.map((token) => {
      const width = `${(100 * after[token]).toFixed(1)}%`;
      const is = bar(after[token]);
      is.dataset.token = token;
      const old = olds.get(token);
      if (old && old !== width && !reducedMotion())
        is.animate([{ width: old }, { width }], { duration: 350, easing: "ease-out" });
      const ghost = h("span", {
        class: "qkv-before",
        style: `width: ${(100 * before[token]).toFixed(1)}%`,
      });
      return h(
        "tr",
        { class: token === argmax(after) ? "qkv-line" : null },
        h(
          "th",
          { scope: "row" },
          h("span", {}, shown(tokens[token])),
          token === next ? h("small", {}, "comes next") : null,
        ),
        removed.length ? h("td", {}, share(before[token])) : null,
        h("td", {}, share(after[token])),
        h("td", { class: "qkv-track" }, removed.length ? ghost : null, is),
      );
    });
    const heads = removed.length
      ? ["next token", "all heads", "without"]
      : ["next token", "probability"];
    const caption = [
      h("span", {}, "After "),
      h("b", {}, shown(read[row])),
      `, token ${row + 1} of ${read.length}`,
    ];
    panel.replaceChildren(bars(caption, heads, lines), ...surprise(removed));
  }

  function inWords(removed, before, after, top) {
    const [was, is] = [share(before[top]), share(after[top])];
    const what = `the probability of ${quoted(tokens[top])} after ${quoted(read[row])}`;
    if (!removed.length) {
      return `With all heads ${what} is ${was}. Tick “off” to see what a head is good for.`;
    }
    const names = removed.map(([layer, head]) => `${layer}.${head}`);
    const best = argmax(after);
    const verb =
      was === is
        ? `stays at ${was}`
        : `${after[top] < before[top] ? "falls" : "rises"} from ${was} to ${is}`;
    return (
      `Without head${names.length > 1 ? "s" : ""} ${listed(names)} ${what} ${verb}.` +
      (best === top ? "" : ` Most probable is now ${quoted(tokens[best])}, ${share(after[best])}.`)
    );
  }

  // The cross-entropy of the sentence itself: its tokens after the first, in nats.
  function surprise(removed) {
    if (read.length < 2) return [];
    const all = read.map(words.idOf);
    const [was, is] = [full, now].map(({ next }) =>
      share(
        all.slice(1).reduce((sum, token, t) => sum - Math.log(next[t][token]), 0) /
          (all.length - 1),
      ),
    );
    return [
      h(
        "p",
        { class: "qkv-loss" },
        "Cross-entropy over the sentence: ",
        h("b", {}, was),
        removed.length
          ? [" nats a token with all heads, ", h("b", {}, is), " without."]
          : [" nats a token."],
      ),
    ];
  }

  function go(r, c) {
    if (r === row && c === column) return;
    [row, column] = [r, c];
    mark();
    const [layer, head] = model.get("chosen");
    const most = lookedAt(now);
    const weight = now.maps[layer][head][r * read.length + most];
    const [first, second] = largest(now.next[r], 2);
    say(
      `${reading.textContent} ` +
        (most === c
          ? "This is its highest. "
          : `Its highest is ${share(weight)}, on token ${most + 1}, ${quoted(read[most])}. `) +
        `Next: ${quoted(tokens[first])} ${share(now.next[r][first])}, then ${quoted(tokens[second])} ${share(now.next[r][second])}.`,
    );
  }

  const at = (event) => {
    const cell = event.target.closest?.("[data-r]");
    return cell && [Number(cell.dataset.r), Number(cell.dataset.c)];
  };
  const pointed = (event) => {
    if (at(event)) go(...at(event));
  };
  // Pointing reads a weight and no more: the way to the tick boxes leads over other positions.
  scroll.addEventListener("pointerover", (event) => {
    if (at(event)) tell(...at(event));
  });
  scroll.addEventListener("pointerleave", () => tell(row, column));
  scroll.addEventListener("pointerdown", pointed);
  scroll.addEventListener("focusin", pointed);
  scroll.addEventListener("keydown", (event) => {
    walk(event, cells, row, column);
  });
  const turn = () => {
    column = lookedAt(now);
    paint();
  };
  const without = () => {
    renew();
    say(change.textContent);
  };
  model.on("change:chosen", turn);
  model.on("change:removed", without);
  cleanup(() => {
    model.off("change:chosen", turn);
    model.off("change:removed", without);
  });

  function lay(width) {
    const table = scroll.firstChild;
    if (!table || !width) return;
    const longest = Math.max(...read.map((token) => shown(token).length));
    const side = table.querySelector("tbody th").offsetWidth + 10;
    const cell = Math.max(24, Math.min(40, Math.floor((width - side) / read.length)));
    table.style.setProperty("--cell", `${cell}px`);
    table.classList.toggle("qkv-upright", longest * 8 + 4 > cell);
    // Else the names of rows and columns, which stay where they are, would hide the cell one is on.
    scroll.style.scrollPadding = `${table.tHead.offsetHeight + 4}px 4px 4px ${side}px`;
    const here = cells[row][column];
    scroll.scrollTop = here.offsetTop - scroll.clientHeight / 2;
    scroll.scrollLeft = here.offsetLeft - scroll.clientWidth / 2;
  }
  asked.ask(model.get("text"), false);
  cleanup(onResize(scroll, lay));
});
