// What stands beside the valley: the line that the knobs make, and the loss of each step.
import { fixed, number, svg } from "../../live/js/shared.js";
import { STEPS } from "./descent_rules.js";

const [WIDE, HIGH, LEFT, BOTTOM] = [380, 190, 44, 34];

const chart = () => svg("svg", { class: "qkv-plot", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });

// The points, and the line [w, b] among them; filled are those in `looked`, a set of numbers.
export function lineChart(x, y, names) {
  const el = chart();
  const draw = ([w, b], looked) => {
    const [xMost, yMost] = [1.05 * Math.max(...x), 1.25 * Math.max(...y)];
    const sx = (v) => LEFT + (v / xMost) * (WIDE - LEFT - 8);
    const sy = (v) => HIGH - BOTTOM - (v / yMost) * (HIGH - BOTTOM - 12);
    const cut = (v) => Math.max(-HIGH, Math.min(2 * HIGH, v));
    el.replaceChildren(
      svg("title", {}, `The points, and the line ${fixed(w)} x + ${fixed(b)}`),
      frame(),
      svg("text", { x: WIDE - 8, y: HIGH - 6, "text-anchor": "end" }, names[0]),
      svg("text", { x: 4, y: 12 }, names[1]),
      ...ticks(0, xMost).map((v) =>
        svg("text", { x: sx(v), y: HIGH - BOTTOM + 14, "text-anchor": "middle" }, number(v)),
      ),
      ...ticks(0, yMost).map((v) =>
        svg("text", { x: LEFT - 6, y: sy(v) + 4, "text-anchor": "end" }, number(v)),
      ),
      svg(
        "svg",
        { x: 0, y: 0, width: WIDE, height: HIGH - BOTTOM, viewBox: `0 0 ${WIDE} ${HIGH - BOTTOM}` },
        ...x.map((v, i) =>
          svg("line", {
            class: "qkv-foot",
            x1: sx(v),
            x2: sx(v),
            y1: sy(y[i]),
            y2: cut(sy(w * v + b)),
          }),
        ),
        svg("line", {
          class: "qkv-fit",
          x1: sx(0),
          y1: cut(sy(b)),
          x2: sx(xMost),
          y2: cut(sy(w * xMost + b)),
        }),
      ),
      ...x.map((v, i) =>
        svg("circle", {
          cx: sx(v),
          cy: sy(y[i]),
          r: 4,
          class: looked.has(i) ? "qkv-looked" : "qkv-passed",
        }),
      ),
    );
  };
  return { el, draw };
}

// The losses so far, on a scale of powers of ten, over the least that there is.
export function lossChart(floor) {
  const el = chart();
  const draw = (shown, title) => {
    const taken = shown.length - 1;
    const most = [10, 20, 50].find((n) => taken <= n) ?? STEPS * Math.ceil(taken / STEPS);
    const powers = shown.filter(Number.isFinite).map((v) => Math.log10(Math.max(v, 1e-3)));
    const high = Math.min(6, Math.max(2, Math.ceil(Math.max(...powers))));
    const low = Math.min(0, Math.floor(Math.log10(Math.max(floor.loss, 1e-3))));
    const sx = (step) => LEFT + (step / most) * (WIDE - LEFT - 8);
    const sy = (v) => {
      const power = Number.isFinite(v) ? Math.log10(Math.max(v, 1e-3)) : high;
      return HIGH - BOTTOM - ((Math.min(power, high) - low) / (high - low)) * (HIGH - BOTTOM - 22);
    };
    const marks = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    el.replaceChildren(
      svg("title", {}, `The loss at each of ${shown.length - 1} steps`),
      frame(),
      svg("text", { x: 4, y: 12 }, title),
      svg("text", { x: WIDE - 8, y: HIGH - 6, "text-anchor": "end" }, "step"),
      svg("text", { x: LEFT, y: HIGH - BOTTOM + 14, "text-anchor": "middle" }, "0"),
      svg("text", { x: WIDE - 8, y: HIGH - BOTTOM + 14, "text-anchor": "end" }, String(most)),
      ...marks.flatMap((power) => [
        svg("line", {
          class: "qkv-rule",
          x1: LEFT,
          x2: WIDE - 8,
          y1: sy(10 ** power),
          y2: sy(10 ** power),
        }),
        svg(
          "text",
          { x: LEFT - 6, y: sy(10 ** power) + 4, "text-anchor": "end" },
          number(10 ** power),
        ),
      ]),
      svg("line", {
        class: "qkv-floor-line",
        x1: LEFT,
        x2: WIDE - 8,
        y1: sy(floor.loss),
        y2: sy(floor.loss),
      }),
      svg("path", {
        class: "qkv-losses",
        d: `M${shown.map((v, i) => `${sx(i)} ${sy(v)}`).join("L")}`,
      }),
      ...(shown.length < 60
        ? shown.map((v, i) => svg("circle", { cx: sx(i), cy: sy(v), r: 2.5, class: "qkv-been" }))
        : []),
    );
  };
  return { el, draw };
}

export const set = (node, attributes) =>
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));

// Round numbers between two edges, four or five of them.
export function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const every = power * [1, 2, 5, 10].find((m) => m * power >= rough);
  const found = [];
  for (let at = Math.ceil(low / every) * every; at <= high; at += every) found.push(at);
  return found;
}

const frame = () =>
  svg("path", { class: "qkv-rule", d: `M${LEFT} 8V${HIGH - BOTTOM}H${WIDE - 8}` });

// An arrow from one place to another; none where they are the same.
export function pointTo(arrow, [x1, y1], [x2, y2]) {
  const [line, head] = arrow.children;
  const length = Math.hypot(x2 - x1, y2 - y1);
  arrow.toggleAttribute("hidden", length < 1);
  if (length < 1) return;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const long = Math.min(length, 11);
  const [bx, by] = [x2 - ux * long, y2 - uy * long];
  set(line, { x1, y1, x2: bx, y2: by, "stroke-width": 3 });
  const half = long * 0.45;
  head.setAttribute(
    "d",
    `M${x2} ${y2}L${bx - uy * half} ${by + ux * half}L${bx + uy * half} ${by - ux * half}Z`,
  );
}
