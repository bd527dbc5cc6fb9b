// Sinusoidal positions: each pair of numbers is a hand that turns, the next pair's more slowly.

import { figure, fixed, h, number, slider, svg } from "../../live/js/shared.js";
import { linear, sinusoids } from "../../live/js/tensors.js";

const HEIGHT = 100; // of a wave or curve, in the units of its drawing
const up = (value, low, high) => HEIGHT * (0.94 - (0.88 * (value - low)) / (high - low));

export default figure(({ model, el, say, cleanup }) => {
  const [dModel, time] = [model.get("d_model"), model.get("n_positions")];
  const nPairs = dModel / 2;
  const vectors = sinusoids(time, dModel);
  const vector = (position) => vectors.subarray(position * dModel, (position + 1) * dModel);
  const keep = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };
  const count = (n) => Array.from({ length: n }, (_, i) => i);
  const place = slider({
    label: "Position",
    values: count(time),
    onchange: (value) => keep("position", value),
  });
  const far = slider({
    label: "Distance",
    values: count(Math.floor((time - 1) / 2) + 1),
    onchange: (value) => keep("distance", value),
  });

  // A drawing over all positions: curves, and a marker for each of the two.
  const drawing = (curves, name) => {
    const markers = ["qkv-second", "qkv-first"].map((kind) =>
      h(
        "span",
        { class: `qkv-marker ${kind}` },
        curves.map(() => h("i", {})),
      ),
    );
    const lines = curves.map((points, k) =>
      svg("path", {
        class: k ? "qkv-cosine" : null,
        d: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join(""),
      }),
    );
    return {
      markers,
      el: h(
        "div",
        { class: `qkv-wave ${name}` },
        svg(
          "svg",
          {
            viewBox: `0 0 ${time - 1} ${HEIGHT}`,
            preserveAspectRatio: "none",
            "aria-hidden": "true",
          },
          lines,
        ),
        markers,
      ),
    };
  };
  const mark = ({ markers }, positions, heights) =>
    markers.forEach((node, m) => {
      node.style.left = `${(100 * positions[m]) / (time - 1)}%`;
      [...node.children].forEach((dot, k) => {
        dot.style.top = `${heights(positions[m], k)}%`;
      });
    });

  // Between the positions the waves are drawn too: the fastest hardly has six of them to a turn.
  const fine = count(Math.min(1600, 10 * (time - 1)) + 1);
  const rows = count(nPairs).map((pair) => {
    const turn = 2 * Math.PI * 10000 ** ((2 * pair) / dModel); // positions
    const curve = (f) =>
      fine.map((i) => {
        const position = (i * (time - 1)) / (fine.length - 1);
        return [position, up(f((2 * Math.PI * position) / turn), -1, 1)];
      });
    const wave = drawing([curve(Math.sin), curve(Math.cos)], "");
    const hands = ["qkv-second", "qkv-first"].map((kind) =>
      svg("line", { class: kind, x1: 20, y1: 20 }),
    );
    const dial = svg(
      "svg",
      { class: "qkv-dial", viewBox: "0 0 40 40", "aria-hidden": "true" },
      svg("circle", { cx: 20, cy: 20, r: 18 }),
      hands,
    );
    const [sine, cosine, part] = [0, 1, 2].map(() => h("td", {}));
    const row = h(
      "tr",
      {},
      h("th", { scope: "row" }, `${2 * pair}, ${2 * pair + 1}`),
      h("td", { class: "qkv-turn" }, number(turn < 100 ? turn : Math.round(turn))),
      h("td", {}, dial),
      h("td", { class: "qkv-track" }, wave.el),
      sine,
      cosine,
      part,
    );
    return { pair, turn, wave, hands, sine, cosine, part, row };
  });
  const total = h("td", {});
  const product = h("span", {});
  const head = (text, kind) => h("th", { scope: "col", class: kind }, text);
  const table = h(
    "table",
    { class: `qkv-bars qkv-waves${nPairs > 8 ? " qkv-dense" : ""}` },
    h(
      "caption",
      {},
      "Each pair of numbers is a hand that turns",
      h("span", { class: "qkv-key" }, "sine"),
      h("span", { class: "qkv-key qkv-dashed" }, "cosine"),
    ),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head("numbers"),
        head("a turn takes", "qkv-turn"),
        h("td", {}),
        h("td", { class: "qkv-track" }),
        head("sin"),
        head("cos"),
        head("product"),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map(({ row }) => row),
    ),
    h(
      "tfoot",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "row", colspan: 5 }, product),
        h("td", { class: "qkv-turn" }),
        total,
      ),
    ),
  );

  const curveBox = h("div", { class: "qkv-products" });
  const [highLabel, lowLabel] = [h("span", {}), h("span", {})];
  el.append(
    table,
    h("p", { class: "qkv-name" }, "Dot product with every position"),
    h(
      "div",
      { class: "qkv-curve" },
      h("div", { class: "qkv-scale", "aria-hidden": "true" }, highLabel, lowLabel),
      curveBox,
      h(
        "div",
        { class: "qkv-ends", "aria-hidden": "true" },
        h("span", {}, "0"),
        h("span", {}, "position"),
        h("span", {}, String(time - 1)),
      ),
    ),
    h("div", { class: "qkv-controls" }, place.el, far.el),
  );

  function draw() {
    const [position, distance] = [model.get("position"), model.get("distance")];
    const other = position + distance < time ? position + distance : position - distance;
    const both = [other, position];
    const [a, b] = [vector(position), vector(other)];
    rows.forEach(({ pair, wave, hands, sine, cosine, part }) => {
      mark(wave, both, (at, k) => up(vector(at)[2 * pair + k], -1, 1));
      // A hand points right for a cosine of 1, up for a sine of 1.
      hands.forEach((hand, m) => {
        const v = vector(both[m]);
        hand.setAttribute("x2", (20 + 17 * v[2 * pair + 1]).toFixed(2));
        hand.setAttribute("y2", (20 - 17 * v[2 * pair]).toFixed(2));
      });
      sine.textContent = fixed(a[2 * pair]);
      cosine.textContent = fixed(a[2 * pair + 1]);
      part.textContent = fixed(a[2 * pair] * b[2 * pair] + a[2 * pair + 1] * b[2 * pair + 1]);
    });
    const products = linear(a, vectors, null, dModel);
    const [low, high] = [Math.min(0, ...products), nPairs];
    const curve = drawing(
      [Array.from(products, (value, at) => [at, up(value, low, high)])],
      "qkv-tall",
    );
    mark(curve, both, (at) => up(products[at], low, high));
    curveBox.replaceChildren(curve.el);
    highLabel.textContent = number(high);
    lowLabel.textContent = number(low, 2);
    product.textContent = `dot product of positions ${position} and ${other}`;
    total.textContent = fixed(products[other]);
    place.set(position);
    far.set(distance);
    const turns = rows.map(({ turn }) => distance / turn);
    say(
      distance === 0
        ? `Position ${position} with itself: every pair adds sin² + cos² = 1, so the dot product ` +
            `is ${nPairs}, the largest there is.`
        : `Positions ${position} and ${other} are ${distance} apart: dot product ${fixed(products[other])} of at most ` +
            `${nPairs}. Over that distance the fastest hand turns ${number(turns[0], 2)} times` +
            `${nPairs > 1 ? `, the slowest ${turns.at(-1) < 0.001 ? "less than 0.001" : number(turns.at(-1), 2)}` : ""}. ` +
            "Move the position: the dot product stays, it depends on the distance alone.",
    );
  }
  for (const key of ["position", "distance"]) {
    model.on(`change:${key}`, draw);
    cleanup(() => model.off(`change:${key}`, draw));
  }
  draw();
});
