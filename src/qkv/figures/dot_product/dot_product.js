// A query and keys as arrows in the plane: their dot products, softmax, and the weighted sum.

import { button, figure, fixed, h, number, slider, svg, tick, uid } from "../../live/js/shared.js";
import { argmax, largest, linear, softmax, weightedSum } from "../../live/js/tensors.js";

const SIDE = 380; // of the plane, in the units of its drawing
const STEP = 0.1; // of an arrow key

// points [[x, y], …], query [x, y] -> scores and weights (keys), and the sum [x, y]. Two
// coordinates stand for d of them: dot products of d random ones spread √(d/2) times as far.
export function attend({ points, query, d, temperature, divide }) {
  const keys = Float32Array.from(points.flat());
  const factor = Math.sqrt(d / 2) / (divide ? Math.sqrt(d) : 1);
  const scores = linear(Float32Array.from(query), keys, null, 2).map((dot) => dot * factor);
  const weights = softmax(scores.map((score) => score / temperature));
  return { scores, weights, sum: weightedSum(weights, keys) };
}

// What the weights mean for the sum and for learning, in a sentence or two.
function meaning({ labels, d, temperature, divide }, { scores, weights }) {
  const [best, next] = largest(weights, 2);
  const [most, least] = [weights[best], Math.min(...weights)];
  const name = `“${labels[best]}”`;
  if (most >= 0.95) {
    const help =
      d > 2 && !divide
        ? ` Divide by √${d} to bring the scores closer together.`
        : temperature < 1
          ? " A higher temperature brings the weights closer together."
          : "";
    const slope = Math.max(...weights.map((w) => w * (1 - w)));
    return (
      `${name} takes ${most > 0.995 ? "more than 0.99" : fixed(most)} of the weight: the sum is all ` +
      `but its value. The slope w(1 − w) is ${slope < 0.005 ? "below 0.01" : `at most ${fixed(slope)}`}, ` +
      `so hardly any gradient gets through.${help}`
    );
  }
  if (most - least < 0.1) {
    return (
      `The weights are nearly equal, ${fixed(least)} to ${fixed(most)}: ` +
      "the sum is close to the mean of all values."
    );
  }
  const gap = scores[best] - scores[next];
  if (most - weights[next] < 0.005) {
    return (
      `${name} and “${labels[next]}” have the same score, ${fixed(scores[best])}, ` +
      `and the same weight, ${fixed(most)}: the sum lies as near to the one as to the other.`
    );
  }
  return (
    `${name} has the most weight, ${fixed(most)}, then “${labels[next]}” with ` +
    `${fixed(weights[next])}: a score higher by ${fixed(gap)} makes its weight ` +
    `${number(Math.exp(gap / temperature), 2)} times as large.`
  );
}

export default figure(({ model, el, say, cleanup }) => {
  const keys = ["labels", "points", "query", "d", "temperature", "divide"];
  const state = () => Object.fromEntries(keys.map((key) => [key, model.get(key)]));
  const start = state();
  const labels = start.labels;
  const reach = model.get("reach");
  const scale = SIDE / 2 / reach;
  const px = ([x, y]) => [SIDE / 2 + x * scale, SIDE / 2 - y * scale];
  const keep = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };

  // The plane. `which` is the place of a key, or -1 for the query.
  const help = h(
    "p",
    { class: "qkv-hidden", id: uid("help") },
    "Arrow keys move the tip by 0.1, with Shift by 0.5.",
  );
  const handle = (which) => {
    const name = which < 0 ? "Query" : `Key ${labels[which]}`;
    const node = svg(
      "g",
      {
        tabindex: 0,
        role: "slider",
        "aria-label": name,
        "aria-describedby": help.id,
        "aria-valuemin": -reach,
        "aria-valuemax": reach,
      },
      svg("circle", { r: 24 }),
      svg("circle", { r: 9, class: "qkv-ring" }),
    );
    drag(node, which);
    return node;
  };
  const arrow = (kind, name) => {
    const parts = { line: svg("line"), head: svg("path"), text: svg("text", {}, name) };
    return {
      ...parts,
      name,
      el: svg("g", { class: `qkv-arrow ${kind}`, "aria-hidden": "true" }, parts.line, parts.head),
    };
  };
  const arrows = labels.map((label) => arrow("qkv-plain", label));
  const asks = arrow("qkv-asks", "query");
  const sum = arrow("qkv-sum", "sum");
  const ray = svg("line", { class: "qkv-foot" }); // the query's line, on which the keys fall
  const feet = labels.map(() => svg("line", { class: "qkv-foot" }));
  const handles = [-1, ...labels.keys()].map(handle);
  const texts = svg("g", { "aria-hidden": "true" });
  const plane = svg(
    "svg",
    {
      class: "qkv-plane",
      viewBox: `0 0 ${SIDE} ${SIDE}`,
      role: "group",
      "aria-label": "Plane with arrows",
    },
    grid(),
    ray,
    feet,
    arrows.map((each) => each.el),
    asks.el,
    sum.el,
    texts,
    handles.slice(1),
    handles[0],
  );

  // The table.
  const rows = labels.map((label) => {
    const [score, weight, slope] = [0, 1, 2].map(() => h("td", {}));
    const bar = h("span", { class: "qkv-bar" });
    const row = h(
      "tr",
      {},
      h("th", { scope: "row" }, label),
      score,
      weight,
      h("td", { class: "qkv-track" }, bar),
      slope,
    );
    return { row, score, weight, slope, bar };
  });
  const table = h(
    "table",
    { class: "qkv-bars qkv-weights" },
    h("caption", {}, "What the query makes of each key"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "key"),
        h("th", { scope: "col" }, "score"),
        h("th", { scope: "col" }, "weight"),
        h("td", {}),
        h("th", { scope: "col" }, "w(1 − w)"),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map(({ row }) => row),
    ),
  );

  // The controls.
  const [dimensions, temperatures] = [model.get("dimensions"), model.get("temperatures")];
  const depth = slider({
    label: "Dimensions d",
    values: dimensions,
    onchange: (d) => keep("d", d),
  });
  const heat = slider({
    label: "Temperature",
    values: temperatures,
    onchange: (value) => keep("temperature", value),
  });
  const box = tick({ label: "divide by √d", onchange: (on) => keep("divide", on) });
  const again = button("Start again", () => {
    keys.forEach((key) => model.set(key, start[key]));
    model.save_changes();
  });
  el.append(
    h("div", { class: "qkv-pull" }, plane, table),
    help,
    h(
      "div",
      { class: "qkv-controls" },
      depth.el,
      heat.el,
      h("div", { class: "qkv-row" }, box.el, again),
    ),
  );

  function grid() {
    const step = reach <= 8 ? 1 : Math.ceil(reach / 8);
    const [lines, marks] = [[], []];
    for (let at = -Math.floor(reach / step) * step; at <= reach; at += step) {
      if (at === 0) continue;
      const [x, y] = px([at, at]);
      lines.push(`M${x} 0V${SIDE}M0 ${y}H${SIDE}`);
      if (Math.abs(at) > 0.95 * reach) continue;
      marks.push(
        svg("text", { class: "qkv-small", x, y: SIDE / 2 + 14 }, number(at)),
        svg("text", { class: "qkv-small", x: SIDE / 2 - 11, y: y + 4 }, number(at)),
      );
    }
    const half = SIDE / 2;
    return svg(
      "g",
      { "aria-hidden": "true" },
      svg("path", { class: "qkv-grid", d: lines.join("") }),
      svg("path", { class: "qkv-zero", d: `M${half} 0V${SIDE}M0 ${half}H${SIDE}` }),
      marks,
    );
  }

  function draw() {
    const now = state();
    const result = attend(now);
    const { scores, weights } = result;
    arrows.forEach((each, i) => point(each, now.points[i], 1.5 + 6 * weights[i]));
    point(asks, now.query, 4);
    point(sum, result.sum, 4);
    const length = now.query[0] ** 2 + now.query[1] ** 2;
    const [rx, ry] = now.query.map((part) => (length ? (part / Math.sqrt(length)) * SIDE : 0));
    set(ray, { x1: SIDE / 2 - rx, y1: SIDE / 2 + ry, x2: SIDE / 2 + rx, y2: SIDE / 2 - ry });
    now.points.forEach(([x, y], i) => {
      // Where the key's tip falls on the query's line: the dot product is |q| times that length.
      const share = length ? (x * now.query[0] + y * now.query[1]) / length : 0;
      const [[x1, y1], [x2, y2]] = [px([x, y]), px(now.query.map((part) => part * share))];
      set(feet[i], { x1, y1, x2, y2 });
    });
    [now.query, ...now.points].forEach((tip, i) => {
      const [x, y] = px(tip);
      set(handles[i], {
        transform: `translate(${x} ${y})`,
        "aria-valuenow": fixed(tip[0]).replace("−", "-"),
        "aria-valuetext": `x ${fixed(tip[0])}, y ${fixed(tip[1])}`,
      });
    });
    name([[asks, now.query], ...arrows.map((each, i) => [each, now.points[i]]), [sum, result.sum]]);
    const best = argmax(weights);
    rows.forEach(({ row, score, weight, slope, bar }, i) => {
      row.classList.toggle("qkv-line", i === best);
      score.textContent = fixed(scores[i]);
      weight.textContent = fixed(weights[i]);
      slope.textContent = fixed(weights[i] * (1 - weights[i]));
      bar.style.width = `${(100 * weights[i]).toFixed(1)}%`;
    });
    depth.set(dimensions.indexOf(now.d));
    heat.set(temperatures.indexOf(now.temperature));
    box.set(now.divide);
    say(meaning(now, result));
  }

  // An arrow from the middle to a tip: a line, and a head that ends at the tip.
  function point({ line, head }, tip, width) {
    const [[x1, y1], [x, y]] = [px([0, 0]), px(tip)];
    const length = Math.hypot(x - x1, y - y1);
    const [ux, uy] = length ? [(x - x1) / length, (y - y1) / length] : [0, 0];
    const long = Math.min(length, 8 + 1.6 * width);
    const [bx, by, wide] = [x - ux * long, y - uy * long, long * 0.42];
    set(line, { x1, y1, x2: bx, y2: by, "stroke-width": width });
    set(head, {
      d: `M${x} ${y}L${bx - uy * wide} ${by + ux * wide}L${bx + uy * wide} ${by - ux * wide}Z`,
    });
  }

  // A name beyond each tip, turned aside where it would cover another name.
  function name(all) {
    const taken = all.map(([, tip]) => [...px(tip), 5]);
    texts.replaceChildren(
      ...all.map(([each, tip]) => {
        const [x, y] = px(tip);
        const towards = Math.atan2(-tip[1], tip[0]);
        const half = 4.2 * each.name.length; // of the name's width
        const boxes = [0, 0.6, -0.6, 1.2, -1.2, 1.8, -1.8, 2.5, -2.5].map((aside) => {
          const angle = towards + aside;
          const at = [x + Math.cos(angle) * (half + 8), y + Math.sin(angle) * 19 + 4];
          return [
            Math.max(half + 5, Math.min(SIDE - half - 5, at[0])),
            Math.max(15, Math.min(SIDE - 7, at[1])),
            half,
          ];
        });
        const free =
          boxes.find(([cx, cy, w]) =>
            taken.every(
              ([ox, oy, other]) => Math.abs(cx - ox) > w + other + 4 || Math.abs(cy - 4 - oy) > 13,
            ),
          ) ?? boxes[0];
        taken.push([free[0], free[1] - 4, half]);
        set(each.text, { x: free[0], y: free[1] });
        return svg("g", { class: each.el.getAttribute("class") }, each.text);
      }),
    );
  }

  function move(which, tip) {
    const next = tip.map((part) => Math.round(100 * Math.max(-reach, Math.min(reach, part))) / 100);
    if (which < 0) keep("query", next);
    else
      keep(
        "points",
        model.get("points").map((old, i) => (i === which ? next : old)),
      );
  }

  function drag(node, which) {
    const tip = () => (which < 0 ? model.get("query") : model.get("points")[which]);
    let from = null;
    const at = ({ clientX, clientY }) => {
      const { left, top, width } = plane.getBoundingClientRect();
      const unit = (2 * reach) / width;
      return [(clientX - left) * unit - reach, reach - (clientY - top) * unit];
    };
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      node.classList.add("qkv-pulled");
      node.focus();
      event.preventDefault();
      const here = at(event);
      from = tip().map((part, i) => part - here[i]);
    });
    node.addEventListener("pointermove", (event) => {
      if (from)
        move(
          which,
          at(event).map((part, i) => part + from[i]),
        );
    });
    for (const end of ["pointerup", "pointercancel"]) {
      node.addEventListener(end, () => {
        from = null;
        node.classList.remove("qkv-pulled");
      });
    }
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    node.addEventListener("keydown", (event) => {
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      move(
        which,
        tip().map((part, i) => part + way[i] * STEP * (event.shiftKey ? 5 : 1)),
      );
    });
  }

  for (const key of keys.slice(1)) {
    model.on(`change:${key}`, draw);
    cleanup(() => model.off(`change:${key}`, draw));
  }
  draw();
});

const set = (node, attributes) =>
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
