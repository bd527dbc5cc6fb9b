// The cover: one query, six keys, six values, and the weighted sum. Everything is computed here:
// weights = softmax(sharpness · q·k / √2), because the vectors have two components.
import { button, figure, h, number, reducedMotion, slider, svg } from "../../live/js/shared.js";

// Placed by hand, so that lengths and gaps between neighbours differ.
const KEYS = [
  { name: "A", k: [0.98, 0.42], value: 8, shape: "circle", colour: "#0072B2" },
  { name: "B", k: [0.22, 0.86], value: 3, shape: "square", colour: "#E69F00" },
  { name: "C", k: [-0.74, 0.78], value: 6, shape: "triangle", colour: "#009E73" },
  { name: "D", k: [-0.72, -0.24], value: 1, shape: "diamond", colour: "#CC79A7" },
  { name: "E", k: [-0.3, -0.98], value: 9, shape: "cross", colour: "#D55E00" },
  { name: "F", k: [0.66, -0.64], value: 4, shape: "star", colour: "#56B4E9" },
];
const SHARPNESS = [0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10];
const SIZE = 380; // the drawing's own units; x and y run from −1.25 to 1.25
const REACH = 1.25;
const LONGEST = 1.15; // of the query

const place = ([x, y]) => [
  SIZE / 2 + (x / REACH) * (SIZE / 2),
  SIZE / 2 - (y / REACH) * (SIZE / 2),
];
// A softmax is never quite zero, so a small weight is not written as one.
const percent = (weight) => (weight < 0.005 ? "<1%" : `${Math.round(100 * weight)}%`);

export function attend(query, sharpness) {
  const scores = KEYS.map(
    ({ k }) => (sharpness * (query[0] * k[0] + query[1] * k[1])) / Math.SQRT2,
  );
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  const weights = powers.map((power) => power / sum);
  const output = weights.reduce((total, weight, i) => total + weight * KEYS[i].value, 0);
  return { scores, weights, output };
}

// Light adds up linearly, so colours are mixed as light and not as screen numbers.
function mix(weights) {
  const channel = (at) => {
    const light = weights.reduce((total, weight, i) => {
      const screen = parseInt(KEYS[i].colour.slice(at, at + 2), 16) / 255;
      return total + weight * screen ** 2.2;
    }, 0);
    return Math.round(255 * light ** (1 / 2.2));
  };
  return `rgb(${channel(1)} ${channel(3)} ${channel(5)})`;
}

function polygon(corners, inner, turn) {
  const points = Array.from({ length: inner ? 2 * corners : corners }, (_, i) => {
    const radius = inner && i % 2 ? inner : 1;
    const angle = turn + (i * 2 * Math.PI) / (inner ? 2 * corners : corners);
    return `${(radius * Math.sin(angle)).toFixed(3)},${(-radius * Math.cos(angle)).toFixed(3)}`;
  });
  return svg("polygon", { points: points.join(" ") });
}

function outline(shape) {
  if (shape === "circle") return svg("circle", { r: 0.92 });
  if (shape === "square") return polygon(4, null, Math.PI / 4);
  if (shape === "triangle") return polygon(3, null, 0);
  if (shape === "diamond") return polygon(4, 0.62, 0);
  if (shape === "star") return polygon(5, 0.45, 0);
  return svg("path", { d: "M-.35-1h.7v.65h.65v.7h-.65v.65h-.7v-.65h-.65v-.7h.65z" });
}

function mark(key, radius) {
  const shape = outline(key.shape);
  shape.setAttribute("transform", `scale(${radius})`);
  shape.setAttribute("fill", key.colour);
  shape.setAttribute("vector-effect", "non-scaling-stroke");
  shape.setAttribute("class", "cover-mark");
  return shape;
}

// How a person would say it: the key with most weight, the next one, and what comes out.
function sentence({ weights, output }) {
  const order = KEYS.map((_, i) => i).sort((a, b) => weights[b] - weights[a]);
  const [first, second] = order;
  if (weights[first] - weights[order.at(-1)] < 0.005) {
    return `The query attends equally to all six keys; the answer is ${output.toFixed(1)}.`;
  }
  return (
    `The query attends ${percent(weights[first])} to ${KEYS[first].name} and ` +
    `${percent(weights[second])} to ${KEYS[second].name}; the answer is ${output.toFixed(1)}.`
  );
}

export default figure(({ el, say, cleanup }) => {
  let query = [0.82, 0.62];
  let sharpness = 4;

  const axis = svg("line", { class: "cover-axis" });
  const links = KEYS.map(({ colour }) => svg("line", { class: "cover-link", stroke: colour }));
  const marks = KEYS.map((key) => {
    const [x, y] = place(key.k);
    const outward = Math.hypot(...key.k);
    const [tx, ty] = [(26 * key.k[0]) / outward, (-26 * key.k[1]) / outward];
    return svg(
      "g",
      { transform: `translate(${x} ${y})` },
      mark(key, 11),
      svg("text", { x: tx, y: ty, class: "cover-name" }, key.name),
    );
  });
  const shaft = svg("line", { class: "cover-shaft" });
  const head = svg("polygon", { points: "0,0 -15,-6.5 -15,6.5", class: "cover-head" });
  const letter = svg("text", { class: "cover-q" }, "q");
  const grip = svg("circle", { r: 24, class: "cover-grip" });
  const handle = svg(
    "g",
    {
      class: "cover-handle",
      tabindex: 0,
      role: "slider",
      "aria-label": "Query",
      "aria-roledescription": "movable arrow",
      "aria-valuemin": 0,
      "aria-valuemax": 359,
    },
    grip,
    head,
    letter,
  );
  const centre = SIZE / 2;
  const plane = svg(
    "svg",
    { viewBox: `0 0 ${SIZE} ${SIZE}`, class: "cover-plane" },
    svg("path", { class: "cover-grid", d: `M0 ${centre}H${SIZE}M${centre} 0V${SIZE}` }),
    axis,
    links,
    shaft,
    marks,
    svg("circle", { cx: centre, cy: centre, r: 3.5, class: "cover-origin" }),
    handle,
  );

  const rows = KEYS.map((key) => {
    const bar = h("div", { class: "cover-bar" });
    bar.style.background = key.colour;
    const share = h("td", { class: "cover-share" });
    const icon = svg(
      "svg",
      { viewBox: "-14 -14 28 28", class: "cover-icon", "aria-hidden": "true" },
      mark(key, 11),
    );
    const row = h(
      "tr",
      {},
      h("th", { scope: "row" }, icon, key.name),
      h("td", { class: "cover-track", "aria-hidden": "true" }, bar),
      share,
      h("td", { class: "cover-value" }, String(key.value)),
    );
    return { row, bar, share };
  });
  const swatch = h("span", { class: "cover-swatch", "aria-hidden": "true" });
  const sum = h("span", {});
  const total = h("td", { class: "cover-total", colspan: 2 }, swatch, sum);
  const table = h(
    "table",
    { class: "cover-table" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "key"),
        h("th", { scope: "col", colspan: 2 }, "weight"),
        h("th", { scope: "col" }, "value"),
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
      h("tr", {}, h("th", { scope: "row", colspan: 2 }, "sum of weight × value"), total),
    ),
  );

  function draw() {
    const { weights, output } = attend(query, sharpness);
    const [x, y] = place(query);
    const degrees = Math.round((Math.atan2(query[1], query[0]) * 180) / Math.PI + 360) % 360;
    const length = Math.hypot(...query);
    const [ux, uy] = [query[0] / length, query[1] / length];
    const ends = [place([-3 * ux, -3 * uy]), place([3 * ux, 3 * uy])];
    const line = (node, [x1, y1], [x2, y2]) => {
      node.setAttribute("x1", x1.toFixed(1));
      node.setAttribute("y1", y1.toFixed(1));
      node.setAttribute("x2", x2.toFixed(1));
      node.setAttribute("y2", y2.toFixed(1));
    };
    line(axis, ...ends);
    line(shaft, [centre, centre], [x - 10 * ux, y + 10 * uy]);
    head.setAttribute(
      "transform",
      `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${-degrees})`,
    );
    grip.setAttribute("cx", (x - 8 * ux).toFixed(1));
    grip.setAttribute("cy", (y + 8 * uy).toFixed(1));
    letter.setAttribute("x", ((x + centre) / 2 - 15 * uy).toFixed(1));
    letter.setAttribute("y", ((y + centre) / 2 - 15 * ux).toFixed(1));
    KEYS.forEach((key, i) => {
      line(links[i], [x, y], place(key.k));
      links[i].setAttribute("stroke-width", (0.6 + 15 * weights[i]).toFixed(2));
      rows[i].bar.style.width = `${(100 * weights[i]).toFixed(1)}%`;
      rows[i].share.textContent = percent(weights[i]);
    });
    sum.textContent = output.toFixed(2);
    swatch.style.background = mix(weights);
    handle.setAttribute("aria-valuenow", degrees);
    handle.setAttribute("aria-valuetext", `${degrees} degrees, length ${number(length, 2)}`);
  }

  function move(x, y) {
    const length = Math.hypot(x, y);
    if (length < 0.05) return; // an arrow without length has no direction to show
    const scale = Math.min(1, LONGEST / length);
    query = [x * scale, y * scale];
    draw();
  }

  // Until somebody takes the arrow, it wanders slowly, so that one sees what can be moved.
  let wandering = !reducedMotion();
  let visible = false;
  let frame = 0;
  let phase = Math.atan2(query[1], query[0]);
  let before = 0;
  const pause = button("Pause", () => (wandering ? rest() : wander()));
  pause.classList.add("cover-pause");

  function step(now) {
    const passed = Math.min(50, now - (before || now));
    before = now;
    phase += passed * 0.00022;
    const length = 0.98 + 0.14 * Math.sin(1.7 * phase);
    query = [length * Math.cos(phase), length * Math.sin(phase)];
    draw();
    frame = wandering && visible ? requestAnimationFrame(step) : 0;
  }

  function wander() {
    wandering = true;
    phase = Math.atan2(query[1], query[0]);
    before = 0;
    pause.textContent = "Pause";
    if (visible && !frame) frame = requestAnimationFrame(step);
  }

  function rest() {
    wandering = false;
    cancelAnimationFrame(frame);
    frame = 0;
    pause.textContent = "Let it wander";
    say(sentence(attend(query, sharpness)));
  }

  const watch = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    if (visible && wandering && !frame) {
      before = 0;
      frame = requestAnimationFrame(step);
    }
  });
  watch.observe(plane);
  cleanup(() => {
    watch.disconnect();
    cancelAnimationFrame(frame);
  });

  const follow = (event) => {
    const box = plane.getBoundingClientRect();
    move(
      ((event.clientX - box.left) / box.width - 0.5) * 2 * REACH,
      (0.5 - (event.clientY - box.top) / box.height) * 2 * REACH,
    );
    rest();
  };
  // A tap anywhere sends the arrow there; only the arrow itself keeps a finger from scrolling.
  plane.addEventListener("click", follow);
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    rest();
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) follow(event);
  });
  handle.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 0.2 : 0.06;
    const moves = {
      ArrowLeft: [-by, 0],
      ArrowRight: [by, 0],
      ArrowUp: [0, by],
      ArrowDown: [0, -by],
    };
    const change = moves[event.key];
    if (!change) return;
    event.preventDefault();
    event.stopPropagation(); // the page turns over with the same keys
    move(query[0] + change[0], query[1] + change[1]);
    rest();
  });

  const sharp = slider({
    label: "Sharpness",
    values: SHARPNESS,
    index: SHARPNESS.indexOf(sharpness),
    onchange: (value) => {
      sharpness = value;
      draw();
      say(sentence(attend(query, sharpness)));
    },
  });

  el.append(
    h("div", { class: "cover-stage" }, plane, table),
    h("div", { class: "qkv-controls cover-controls" }, sharp.el, pause),
  );
  draw();
  if (!wandering) rest();
});
