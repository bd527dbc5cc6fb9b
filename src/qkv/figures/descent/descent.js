// The valley that the loss of a line makes over its two knobs, and a ball that steps down it.
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
import {
  batchOf,
  contour,
  floorOf,
  fresh,
  lossAt,
  METHODS,
  STEPS,
  share,
  stepped,
} from "./descent_rules.js";

const SIDE = 380; // of the valley, in the units of its drawing
const [WIDE, HIGH, LEFT, BOTTOM] = [380, 190, 44, 34]; // of the two charts beside it
const PAUSE = 60; // milliseconds between the steps of a run
const FAR = 1e6; // times the loss at the start: the ball is lost
const ROUNDS = ["constant", "warm-up, then falling"];

export default figure(({ model, el, say, cleanup }) => {
  const [x, y, names] = ["x", "y", "names"].map((key) => model.get(key));
  const [w0, w1, b0, b1] = model.get("extent");
  const [rates, advanced] = [model.get("rates"), model.get("advanced")];
  const began = { ball: model.get("ball"), rate: model.get("rate"), method: model.get("method") };
  const floor = floorOf(x, y);
  let [memory, steps, trail, losses, timer] = [fresh(), 0, [], [], null];
  let [size, schedule] = [x.length, ROUNDS[0]];
  const px = ([w, b]) => [((w - w0) / (w1 - w0)) * SIDE, ((b1 - b) / (b1 - b0)) * SIDE];
  const inside = ([w, b]) => w >= w0 && w <= w1 && b >= b0 && b <= b1;
  const seen = () => (size < x.length ? batchOf(steps, x.length, size) : [...x.keys()]);
  const rateNow = () =>
    model.get("rate") * (schedule === ROUNDS[0] ? 1 : steps < STEPS ? share(steps) : 0);
  const next = () => {
    const { slopes } = lossAt(model.get("ball"), x, y, seen());
    return stepped(model.get("method"), model.get("ball"), slopes, rateNow(), memory);
  };

  // The valley.
  const help = h(
    "p",
    { class: "qkv-hidden", id: uid("help") },
    "Arrow keys move the ball by a hundredth of the picture, with Shift by a tenth.",
  );
  const path = svg("path", { class: "qkv-trail" });
  const dots = svg("g");
  const arrow = svg("g", { class: "qkv-arrow qkv-asks" }, svg("line"), svg("path"));
  const ball = svg(
    "g",
    {
      tabindex: 0,
      role: "slider",
      "aria-label": "Ball",
      "aria-describedby": help.id,
      "aria-valuemin": w0,
      "aria-valuemax": w1,
    },
    svg("circle", { r: 24 }),
    svg("circle", { r: 9, class: "qkv-ball" }),
    svg("circle", { r: 9, class: "qkv-ring" }),
  );
  const [fx, fy] = px(floor.at);
  const plane = svg(
    "svg",
    {
      class: "qkv-plane",
      viewBox: `0 0 ${SIDE} ${SIDE}`,
      role: "group",
      "aria-label": "Valley of the loss",
    },
    svg(
      "g",
      { "aria-hidden": "true" },
      model
        .get("levels")
        .map((above) =>
          svg("path", { class: "qkv-level", d: `M${contour(floor, above).map(px).join("L")}Z` }),
        ),
      ticks(w0, w1).map((at) => {
        const left = px([at, 0])[0];
        return svg("text", { class: "qkv-small", x: left, y: SIDE - 24 }, number(at));
      }),
      ticks(b0, b1).map((at) => {
        const top = px([0, at])[1];
        return top > 40 && top < SIDE - 50
          ? svg("text", { class: "qkv-small", x: 14, y: top + 4 }, number(at))
          : null;
      }),
      svg("text", { x: SIDE / 2, y: SIDE - 8 }, "weight w"),
      svg("text", { x: 32, y: 18 }, "bias b"),
      svg("path", { class: "qkv-floor", d: `M${fx - 6} ${fy}h12M${fx} ${fy - 6}v12` }),
      path,
      dots,
      arrow,
    ),
    ball,
  );

  // Beside it, what the knobs mean, and the loss of each step.
  const line = svg("svg", { class: "qkv-plot", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  const curve = svg("svg", { class: "qkv-plot", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  const counter = h("p", { class: "qkv-counter" });

  // The controls.
  const speed = slider({
    label: "Learning rate",
    values: rates,
    index: rates.indexOf(began.rate),
    onchange: (rate) => {
      keep("rate", rate);
      draw();
      say(`Learning rate ${number(rate)}. ${lookingAhead()}`);
    },
  });
  const method = choice({
    label: "Method",
    values: METHODS,
    index: METHODS.indexOf(began.method),
    onchange: (value) => {
      keep("method", value);
      restart(`${value[0].toUpperCase()}${value.slice(1)}.`);
    },
  });
  const look = choice({
    label: "A step looks at",
    values: [x.length, model.get("batch")],
    format: (n) => (n === x.length ? `all ${n} points` : `${n} points`),
    onchange: (n) => {
      size = n;
      restart(`Each step looks at ${n === x.length ? "all" : n} points.`);
    },
  });
  const plan = choice({
    label: "Rate",
    values: ROUNDS,
    onchange: (value) => {
      schedule = value;
      restart(`The learning rate: ${value}.`);
    },
  });
  const one = button("Step", () => {
    pause();
    advance();
    draw();
    say(where());
  });
  const run = button("Run", () => (timer === null ? start() : pause(true)));
  const again = button("Start again", () => {
    keep("rate", began.rate);
    keep("method", began.method);
    keep("ball", began.ball);
    speed.set(rates.indexOf(began.rate));
    method.set(METHODS.indexOf(began.method));
    look.set(0);
    plan.set(0);
    [size, schedule] = [x.length, ROUNDS[0]];
    restart("The ball is back at its start.");
  });
  el.append(
    h(
      "div",
      { class: "qkv-pull qkv-descent" },
      h("div", {}, plane, counter),
      h("div", {}, line, curve),
    ),
    help,
    h(
      "div",
      { class: "qkv-controls" },
      speed.el,
      advanced ? [method.el, look.el, plan.el] : [],
      h("div", { class: "qkv-presses" }, one, run, again),
    ),
  );

  function keep(key, value) {
    model.set(key, value);
    model.save_changes();
  }
  // The ball goes on from where it is; what the method remembered and what was counted is forgotten.
  function restart(news) {
    pause();
    [memory, steps, trail, losses] = [fresh(), 0, [], []];
    draw();
    say(`${news} ${where()}`);
  }
  function start() {
    if (isOver()) return say(where());
    run.textContent = "Pause";
    const until = steps + STEPS - (steps % STEPS);
    const tick = () => {
      advance();
      if (steps < until && !isOver()) {
        draw();
        timer = setTimeout(tick, PAUSE);
      } else pause(true);
    };
    if (!reducedMotion()) {
      timer = setTimeout(tick, 0);
      return;
    }
    while (steps < until && !isOver()) advance();
    pause(true);
  }
  function pause(tell = false) {
    clearTimeout(timer);
    timer = null;
    run.textContent = "Run";
    if (!tell) return;
    draw();
    say(where());
  }
  cleanup(() => clearTimeout(timer));

  const lossNow = () => lossAt(model.get("ball"), x, y).loss;
  const isLost = () => losses.length > 0 && !(lossNow() < FAR * (losses[0] + 1));
  const isOver = () => isLost() || (schedule !== ROUNDS[0] && steps >= STEPS);

  function advance() {
    if (isOver()) return;
    if (!losses.length) losses.push(lossNow());
    const step = next();
    trail.push(model.get("ball"));
    memory = step.memory;
    steps += 1;
    keep("ball", step.knobs);
    losses.push(lossNow());
  }

  // Where the ball stands, in a sentence or two.
  function where() {
    const [w, b] = model.get("ball");
    if (isLost())
      return `Step ${steps}: the loss has grown past all bounds. The steps were too long: start again, with a smaller learning rate.`;
    const loss = lossNow();
    const place = `w = ${fixed(w)}, b = ${fixed(b)}, loss ${number(loss)}`;
    const far = inside([w, b]) ? "" : " The ball has left the picture.";
    if (!steps) return `${place}. ${lookingAhead()}`;
    if (schedule !== ROUNDS[0] && steps >= STEPS)
      return `Step ${steps}: ${place}; the least is ${number(floor.loss)}. The learning rate has fallen to zero: start again.`;
    return `Step ${steps}: ${place}; the least is ${number(floor.loss)}.${far}`;
  }
  function lookingAhead() {
    const { loss } = lossAt(next().knobs, x, y);
    const now = lossNow();
    if (Math.abs(loss - now) < 0.005) return "The next step would hardly change the loss.";
    return `The next step would ${loss < now ? "lower" : "raise"} the loss to ${number(loss)}.`;
  }

  function draw() {
    const now = model.get("ball");
    const [left, top] = px(now).map((at) => Math.max(0, Math.min(SIDE, at)));
    set(ball, {
      transform: `translate(${left} ${top})`,
      "aria-valuenow": fixed(now[0]).replace("−", "-"),
      "aria-valuetext": `weight ${fixed(now[0])}, bias ${fixed(now[1])}, loss ${number(lossNow())}`,
    });
    const been = [...trail, now].slice(-400).map((at) => px(at).map((v) => clip(v)));
    path.setAttribute("d", been.length > 1 ? `M${been.join("L")}` : "");
    dots.replaceChildren(
      ...been.slice(0, -1).map(([cx, cy]) => svg("circle", { cx, cy, r: 2.5, class: "qkv-been" })),
    );
    const tip = px(next().knobs).map((v) => clip(v));
    point(arrow, [left, top], isOver() ? [left, top] : tip);
    drawLine(now);
    drawCurve();
    counter.textContent = steps
      ? `Step ${steps}, loss ${number(lossNow())}`
      : `Not a step yet, loss ${number(lossNow())}`;
  }

  function drawLine([w, b]) {
    const [xMost, yMost] = [1.05 * Math.max(...x), 1.25 * Math.max(...y)];
    const sx = (v) => LEFT + (v / xMost) * (WIDE - LEFT - 8);
    const sy = (v) => HIGH - BOTTOM - (v / yMost) * (HIGH - BOTTOM - 12);
    const looked = new Set(seen());
    const cut = (v) => Math.max(-HIGH, Math.min(2 * HIGH, v));
    line.replaceChildren(
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
  }

  function drawCurve() {
    const shown = losses.length ? losses : [lossNow()];
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
    curve.replaceChildren(
      svg("title", {}, `The loss at each of ${shown.length - 1} steps`),
      frame(),
      svg(
        "text",
        { x: 4, y: 12 },
        `loss, ${model.get("method")}${schedule === ROUNDS[0] ? "" : ", falling rate"}`,
      ),
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
  }

  function place(knobs) {
    const [w, b] = [Math.max(w0, Math.min(w1, knobs[0])), Math.max(b0, Math.min(b1, knobs[1]))];
    keep("ball", [Math.round(1000 * w) / 1000, Math.round(1000 * b) / 1000]);
    restart("");
  }
  let from = null;
  const at = ({ clientX, clientY }) => {
    const { left, top, width, height } = plane.getBoundingClientRect();
    return [
      w0 + ((clientX - left) / width) * (w1 - w0),
      b1 - ((clientY - top) / height) * (b1 - b0),
    ];
  };
  ball.addEventListener("pointerdown", (event) => {
    ball.setPointerCapture(event.pointerId);
    ball.focus();
    event.preventDefault();
    pause();
    const here = at(event);
    const now = model.get("ball");
    from = inside(now) ? now.map((part, i) => part - here[i]) : [0, 0];
  });
  ball.addEventListener("pointermove", (event) => {
    if (from) place(at(event).map((part, i) => part + from[i]));
  });
  for (const end of ["pointerup", "pointercancel"])
    ball.addEventListener(end, () => {
      from = null;
    });
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  ball.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const far = event.shiftKey ? 0.1 : 0.01;
    const now = model.get("ball");
    place([now[0] + way[0] * far * (w1 - w0), now[1] + way[1] * far * (b1 - b0)]);
  });
  draw();
  say(where());
});

const clip = (v) => Math.max(-SIDE, Math.min(2 * SIDE, Number.isFinite(v) ? v : 2 * SIDE));
const set = (node, attributes) =>
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));

// Round numbers between two edges, four or five of them.
function ticks(low, high) {
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
function point(arrow, [x1, y1], [x2, y2]) {
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
