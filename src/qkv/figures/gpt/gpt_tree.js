// What might have been: continuations of the text as a tree, by beam search or by drawing often.

import { bar, sign } from "../../live/js/sentence.js";
import { button, choice, fixed, h } from "../../live/js/shared.js";
import { largest, softmax } from "../../live/js/tensors.js";
import { drawn, lot, ruled } from "./gpt_rules.js";
import { spoken } from "./gpt_steps.js";

const WIDTHS = [1, 2, 4, 8];
const DEPTHS = [4, 8, 16, 24];
const SAMPLES = 12;

const logSoftmax = (scores) => {
  const most = Math.max(...scores);
  const sum = scores.reduce((total, score) => total + Math.exp(score - most), 0);
  return scores.map((score) => score - most - Math.log(sum));
};
const copy = ({ time, kept }) => ({ time, kept: kept.map((pair) => pair.map((x) => x.slice())) });

// Reads the end of a text, short enough that `depth` more fit into the context.
function prompted(machine, ids, depth) {
  const cache = machine.empty();
  const some = ids.slice(-(machine.context - depth));
  return { cache, scores: some.map((id) => machine.read(id, cache).scores).at(-1) };
}

// The `width` likeliest continuations at each length: { beams, all }, the last ones and all that were
// ever kept, each { ids, logs (of each token) }, the likeliest first.
export function beams(machine, ids, width, depth) {
  const first = prompted(machine, ids, depth);
  let now = [{ ids: [], logs: [], total: 0, ...first }];
  const all = [];
  for (let step = 0; step < depth; step += 1) {
    const options = now.flatMap((one) => {
      const logs = logSoftmax(one.scores);
      return largest(logs, width).map((id) => ({ one, id, log: logs[id] }));
    });
    options.sort((a, b) => b.one.total + b.log - a.one.total - a.log);
    now = options.slice(0, width).map(({ one, id, log }) => {
      const cache = copy(one.cache);
      const last = step === depth - 1;
      return {
        ids: [...one.ids, id],
        logs: [...one.logs, log],
        total: one.total + log,
        cache,
        scores: last ? null : machine.read(id, cache).scores,
      };
    });
    all.push(...now);
  }
  return { beams: now, all };
}

// Continuations drawn by a rule, as `beams` returns them.
export function samples(machine, ids, rule, seed, depth) {
  const first = prompted(machine, ids, depth);
  const all = Array.from({ length: SAMPLES }, (_, k) => {
    const [cache, one] = [copy(first.cache), { ids: [], logs: [] }];
    let { scores } = first;
    while (one.ids.length < depth) {
      const u = lot(seed + 1000 * (k + 1), one.ids.length);
      const id = drawn(softmax(ruled(scores, rule)), u);
      one.logs.push(logSoftmax(scores)[id]);
      one.ids.push(id);
      if (one.ids.length < depth) scores = machine.read(id, cache).scores;
    }
    return one;
  });
  return { beams: all, all };
}

// Continuations with a common beginning share its node. A node is { ids, log, count, children }: a
// run of tokens without a branch, their log probability, and how many of the last ones go through it.
export function grown({ beams: last, all }) {
  const root = { children: new Map(), count: last.length };
  const put = ({ ids, logs }, counted) => {
    let node = root;
    ids.forEach((id, i) => {
      if (!node.children.has(id))
        node.children.set(id, { ids: [id], log: logs[i], count: 0, children: new Map() });
      node = node.children.get(id);
      node.count += counted;
    });
  };
  for (const one of last) put(one, 1);
  for (const one of all) put(one, 0);
  const joined = (node) => {
    let here = node;
    const [ids, logs] = [[...(node.ids ?? [])], [node.log ?? 0]];
    while (here !== root && here.children.size === 1) {
      const [only] = here.children.values();
      if (only.count !== here.count) break;
      ids.push(...only.ids);
      logs.push(only.log);
      here = only;
    }
    return {
      ids,
      log: logs.reduce((sum, log) => sum + log, 0),
      count: node.count,
      children: [...here.children.values()]
        .map(joined)
        .sort((a, b) => b.count - a.count || b.log - a.log),
    };
  };
  return joined(root);
}

// The panel: `text` is the reading, `rule()` and `seed()` what is chosen now. `stale()` empties it.
export function treePanel(machine, tokens, text, { rule, seed, say }) {
  const depths = DEPTHS.filter((n) => n <= machine.context / 2); // the prompt needs room, too
  let [kind, width, depth, draws] = ["beam search", 4, depths.findLast((n) => n <= 16), 0];
  const list = h("div", { class: "qkv-tree" });
  const remark = h("p", { class: "qkv-remark" });
  const pick = (set) => (value) => {
    set(value);
    grow();
  };
  const widths = choice({
    label: "Beams",
    values: WIDTHS,
    index: WIDTHS.indexOf(width),
    onchange: pick((value) => {
      width = value;
    }),
  });
  const more = button("Draw others", () => {
    draws += 1;
    grow();
  });
  const el = h(
    "details",
    { class: "qkv-known qkv-might", ontoggle: () => el.open && !list.firstChild && grow() },
    h("summary", {}, "What might have been: a tree"),
    h(
      "div",
      { class: "qkv-controls" },
      choice({
        label: "By",
        values: ["beam search", `${SAMPLES} draws`],
        format: String,
        onchange: pick((value) => {
          kind = value;
        }),
      }).el,
      widths.el,
      choice({
        label: "Characters",
        values: depths,
        index: depths.indexOf(depth),
        onchange: pick((value) => {
          depth = value;
        }),
      }).el,
      more,
    ),
    list,
    remark,
  );

  function grow() {
    const searched = kind === "beam search";
    widths.el.hidden = !searched;
    more.hidden = searched;
    const found = searched
      ? beams(machine, text.ids, width, depth)
      : samples(machine, text.ids, rule(), seed() + 100 * draws, depth);
    const tree = grown(found);
    const items = [];
    const best = searched ? found.beams[0] : null;
    list.replaceChildren(branch(tree, 0, best?.ids ?? null, items));
    items[0].tabIndex = 0;
    remark.textContent = searched
      ? `The best has probability ${Math.exp(best.total).toPrecision(2)} in all. Pale branches were given up.`
      : `${SAMPLES} draws by the rules above; numbers say how many went each way.`;
    const words = (ids) => ids.map((id) => tokens[id]).join("");
    say(
      searched
        ? `The likeliest of ${found.beams.length}: ${words(best.ids)}`
        : `${tree.children.length} different first characters in ${SAMPLES} draws.`,
    );
  }

  // Nested lists in the tree pattern: up and down through all, left to the parent, right to a child.
  // `best` is what is left of the best beam here, or null off its way.
  function branch(node, level, best, items, searched = best !== null) {
    return h(
      "ul",
      { role: level ? "group" : "tree", "aria-label": level ? null : "Continuations" },
      node.children.map((child) => {
        const onWay = best && child.ids.every((id, k) => id === best[k]);
        const share = Math.exp(child.log);
        const text_ = child.ids.map((id) => sign(tokens[id])).join("");
        const many = searched ? "" : `, ${child.count} of ${SAMPLES}`;
        const item = h(
          "li",
          {
            role: "treeitem",
            tabindex: -1,
            "aria-level": level + 1,
            "aria-expanded": child.children.length ? "true" : null,
            "aria-label": `${child.ids.map((id) => spoken(tokens[id])).join("")}, probability ${fixed(share)}${many}`,
            class: onWay ? "qkv-best" : child.count ? null : "qkv-given-up",
          },
          h(
            "span",
            { class: "qkv-twig" },
            h("b", {}, text_),
            h("span", { class: "qkv-track" }, bar(share)),
            h("span", {}, searched ? fixed(share) : `${child.count} ×`),
          ),
        );
        items.push(item);
        if (child.children.length)
          item.append(
            branch(child, level + 1, onWay ? best.slice(child.ids.length) : null, items, searched),
          );
        return item;
      }),
    );
  }
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll("[role=treeitem]")];
    const here = event.target.closest("[role=treeitem]");
    const at = items.indexOf(here);
    const to = {
      ArrowDown: items[at + 1],
      ArrowUp: items[at - 1],
      ArrowLeft: here?.parentElement.closest("[role=treeitem]"),
      ArrowRight: here?.querySelector("[role=treeitem]"),
      Home: items[0],
      End: items.at(-1),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    here.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
  const stale = () => {
    list.replaceChildren();
    if (el.open) grow();
  };
  return { el, stale };
}
