// A small network that learns points in the page: drag them, choose its bends, watch both losses.
import {
  button,
  choice,
  figure,
  fixed,
  h,
  number,
  reducedMotion,
  slider,
  svg,
  uid,
} from "../../live/js/shared.js";
import { begin, learner, lossOf, predict } from "./bends_net.js";

const SIDE = 380; // of the plane, in the units of its drawing
const [WIDE, HIGH, LEFT, BOTTOM] = [380, 250, 44, 34]; // of the chart of the losses
const REACH = 2.2; // of both axes
const EPOCHS = 1000; // of one run
const EACH = 10; // epochs between two drawings
const RATES = [0.0005, 0.005, 0.02, 0.1, 1];
const [LEAST, MOST] = [2, 30]; // points to learn from

export default figure(({ model, el, say, cleanup }) => {
  const heldOut = model.get("held_out");
  const [counts, began] = [model.get("counts"), model.get("points")];
  let [units, rate, seed] = [model.get("units"), 0.02, 0];
  let [knobs, step, epochs, losses, timer] = [null, null, 0, [], null];
  const px = ([x, y]) => [((x + REACH) / (2 * REACH)) * SIDE, ((REACH - y) / (2 * REACH)) * SIDE];
  const points = () => model.get("points");

  const help = h(
    "p",
    { class: "qkv-hidden", id: uid("help") },
    "Arrow keys move the point by 0.1, with Shift by 0.5. Delete takes it away.",
  );
  const curve = svg("path", { class: "qkv-fitted" });
  const handles = svg("g");
  const plane = svg(
    "svg",
    { class: "qkv-plane", viewBox: `0 0 ${SIDE} ${SIDE}`, role: "group", "aria-label": "Points" },
    svg(
      "g",
      { "aria-hidden": "true" },
      svg("path", { class: "qkv-grid", d: grid() }),
      [-2, -1, 0, 1, 2].flatMap((at) => [
        svg("text", { class: "qkv-small", x: px([at, 0])[0], y: SIDE - 6 }, number(at)),
        at > -2
          ? svg("text", { class: "qkv-small", x: 10, y: px([0, at])[1] + 4 }, number(at))
          : null,
      ]),
      heldOut.map((point) => {
        const [x, y] = px(point);
        return svg("path", { class: "qkv-held-point", d: `M${x - 4} ${y}l4-4 4 4-4 4Z` });
      }),
      curve,
    ),
    handles,
  );
  const chart = svg("svg", { class: "qkv-plot", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  const key = h(
    "p",
    { class: "qkv-signs-of" },
    h("span", {}, h("i", { class: "qkv-own" }), "to learn from"),
    h("span", {}, h("i", { class: "qkv-held-mark" }), "held out"),
  );

  const bends = slider({
    label: "Bends",
    values: counts,
    index: counts.indexOf(units),
    onchange: (n) => {
      units = n;
      model.set("units", n);
      model.save_changes();
      reset(`A new network with ${n} ${n === 1 ? "bend" : "bends"}, ${3 * n + 1} knobs.`);
    },
  });
  const speed = choice({
    label: "Learning rate",
    values: RATES,
    index: RATES.indexOf(rate),
    format: String,
    onchange: (value) => {
      rate = value;
      reset(`Learning rate ${value}: a new network.`);
    },
  });
  const run = button("Run", () => (timer === null ? start() : pause(true)));
  el.append(
    h("div", { class: "qkv-pull qkv-bends" }, h("div", {}, plane, key), chart),
    help,
    h(
      "div",
      { class: "qkv-controls" },
      bends.el,
      speed.el,
      h(
        "div",
        { class: "qkv-presses" },
        button("One epoch", () => {
          pause();
          learn(1);
          draw();
          say(summary());
        }),
        run,
        button("New network", () => {
          seed += 1;
          reset("A new network, with other random numbers to begin with.");
        }),
        button("Add a point", add),
        button("First points", () => {
          keep(began);
          place();
          reset("The points are those of the beginning.");
        }),
      ),
    ),
  );

  function keep(next) {
    model.set("points", next);
    model.save_changes();
  }
  function reset(news) {
    pause();
    knobs = begin(units, 1000 * units + seed, -2, 2);
    step = learner(knobs, rate);
    [epochs, losses] = [0, []];
    note();
    draw();
    if (news) say(news);
  }
  const note = () => losses.push([epochs, lossOf(knobs, points()), lossOf(knobs, heldOut)]);
  const isLost = () => !losses.at(-1).every((value) => value < 1e6);

  function learn(n) {
    for (let i = 0; i < n && !isLost(); i += 1) {
      step(points());
      epochs += 1;
      if (epochs < 20 || epochs % EACH === 0 || n === 1) note();
    }
  }
  function start() {
    run.textContent = "Pause";
    const until = EPOCHS * (Math.floor(epochs / EPOCHS) + 1);
    if (reducedMotion()) {
      learn(until - epochs);
      pause(true);
      return;
    }
    const tick = () => {
      learn(Math.min(EACH, until - epochs));
      draw();
      if (epochs < until && !isLost()) timer = setTimeout(tick, 16);
      else pause(true);
    };
    timer = setTimeout(tick, 0);
  }
  function pause(tell = false) {
    clearTimeout(timer);
    timer = null;
    run.textContent = "Run";
    if (!tell) return;
    draw();
    say(summary());
  }
  cleanup(() => clearTimeout(timer));

  function summary() {
    const [, own, held] = losses.at(-1);
    if (isLost()) return "The loss has grown past all bounds: take a smaller learning rate.";
    const [when, , least] = losses.reduce((best, at) => (at[2] < best[2] ? at : best));
    const risen =
      held > 1.1 * least && epochs > when
        ? ` It was as low as ${fixed(least)} after ${when} epochs, and has risen since: overfitting.`
        : "";
    return `After ${epochs} epochs: loss ${fixed(own)} on the points to learn from, ${fixed(held)} on those held out.${risen}`;
  }

  function draw() {
    const line = [];
    for (let i = 0; i <= 200; i += 1) {
      const x = -REACH + (2 * REACH * i) / 200;
      const y = Math.max(-3 * REACH, Math.min(3 * REACH, predict(knobs, x)));
      line.push(px([x, y]).map((at) => at.toFixed(1)));
    }
    curve.setAttribute("d", `M${line.join("L")}`);
    drawLosses();
  }

  function drawLosses() {
    const most = EPOCHS * Math.max(1, Math.ceil(epochs / EPOCHS));
    const top = 1.2;
    const sx = (at) => LEFT + (at / most) * (WIDE - LEFT - 8);
    const sy = (value) => HIGH - BOTTOM - (Math.min(value, top) / top) * (HIGH - BOTTOM - 22);
    const path = (which) =>
      `M${losses.map((at) => `${sx(at[0]).toFixed(1)} ${sy(at[which]).toFixed(1)}`).join("L")}`;
    const [, own, held] = losses.at(-1);
    chart.replaceChildren(
      svg("title", {}, `Losses over ${epochs} epochs`),
      ...[0, 0.4, 0.8, 1.2].flatMap((value) => [
        svg("line", { class: "qkv-rule", x1: LEFT, x2: WIDE - 8, y1: sy(value), y2: sy(value) }),
        svg("text", { x: LEFT - 6, y: sy(value) + 4, "text-anchor": "end" }, number(value)),
      ]),
      svg("text", { x: 4, y: 12 }, `loss, learning rate ${rate}`),
      svg("text", { x: LEFT, y: HIGH - BOTTOM + 16 }, "0"),
      svg("text", { x: WIDE - 8, y: HIGH - BOTTOM + 16, "text-anchor": "end" }, `${most} epochs`),
      svg("path", { class: "qkv-losses", d: path(1) }),
      svg("path", { class: "qkv-held-loss", d: path(2) }),
      svg(
        "text",
        { class: "qkv-own-name", x: WIDE - 8, y: HIGH - 4, "text-anchor": "end" },
        `to learn from ${fixed(own)}`,
      ),
      svg("text", { class: "qkv-held-name", x: LEFT, y: HIGH - 4 }, `held out ${fixed(held)}`),
    );
  }

  // The points, each a handle.
  function place() {
    handles.replaceChildren(...points().map((_, i) => handle(i)));
    points().forEach((_, i) => show(i));
  }
  function show(i) {
    const [x, y] = px(points()[i]);
    const node = handles.children[i];
    const [at, high] = points()[i];
    node.setAttribute("transform", `translate(${x} ${y})`);
    node.setAttribute("aria-valuenow", fixed(at).replace("−", "-"));
    node.setAttribute("aria-valuetext", `x ${fixed(at)}, y ${fixed(high)}`);
  }
  function move(i, to) {
    const next = to.map((at) => Math.round(100 * Math.max(-2, Math.min(2, at))) / 100);
    keep(points().map((old, k) => (k === i ? next : old)));
    show(i);
    changed();
  }
  // What was learned stays; the losses are those of the points as they are now.
  function changed() {
    losses.pop();
    note();
    draw();
  }
  function add() {
    if (points().length >= MOST) return say(`There are ${MOST} points: take one away first.`);
    keep([...points(), [0, 1]]);
    place();
    changed();
    handles.lastChild.focus();
    say(`A new point at x 0, y 1: ${points().length} points. Drag it, or use the arrow keys.`);
  }
  function remove(i) {
    if (points().length <= LEAST) return say(`${LEAST} points must stay.`);
    keep(points().filter((_, k) => k !== i));
    place();
    changed();
    handles.children[Math.min(i, points().length - 1)].focus();
    say(`One point less: ${points().length} points.`);
  }
  function handle(i) {
    const node = svg(
      "g",
      {
        tabindex: 0,
        role: "slider",
        "aria-label": `Point ${i + 1}`,
        "aria-describedby": help.id,
        "aria-valuemin": -2,
        "aria-valuemax": 2,
      },
      svg("circle", { r: 14 }),
      svg("circle", { r: 6, class: "qkv-own" }),
      svg("circle", { r: 8, class: "qkv-ring" }),
    );
    let from = null;
    const at = ({ clientX, clientY }) => {
      const { left, top, width } = plane.getBoundingClientRect();
      const unit = (2 * REACH) / width;
      return [(clientX - left) * unit - REACH, REACH - (clientY - top) * unit];
    };
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      node.focus();
      event.preventDefault();
      const here = at(event);
      from = points()[i].map((part, k) => part - here[k]);
    });
    node.addEventListener("pointermove", (event) => {
      if (from)
        move(
          i,
          at(event).map((part, k) => part + from[k]),
        );
    });
    for (const end of ["pointerup", "pointercancel"])
      node.addEventListener(end, () => {
        if (from) say(summary());
        from = null;
      });
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    node.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        remove(i);
        return;
      }
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      const far = event.shiftKey ? 0.5 : 0.1;
      move(
        i,
        points()[i].map((part, k) => part + way[k] * far),
      );
      say(summary());
    });
    return node;
  }
  function grid() {
    return [-2, -1, 0, 1, 2]
      .map((at) => px([at, at]))
      .map(([x, y]) => `M${x} 0V${SIDE}M0 ${y}H${SIDE}`)
      .join("");
  }
  place();
  reset();
  say("A network that has learned nothing yet. Run, or drag a point.");
});
