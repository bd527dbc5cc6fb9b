// A line through points, its loss, the slopes of the loss, and the ways of stepping down them.

export const METHODS = ["gradient descent", "momentum", "AdamW"];
export const STEPS = 100; // of one run, and of a schedule
const WARMUP = 5;

// The mean squared error of w x + b over the points, or over those in `which`, and its slopes.
export function lossAt([w, b], x, y, which = x.keys()) {
  let [loss, slopeW, slopeB, n] = [0, 0, 0, 0];
  for (const i of which) {
    const error = w * x[i] + b - y[i];
    loss += error * error;
    slopeW += 2 * error * x[i];
    slopeB += 2 * error;
    n += 1;
  }
  return { loss: loss / n, slopes: [slopeW / n, slopeB / n] };
}

// Where the loss is least, how deep it is there, and its second derivatives [ww, wb, bb].
export function floorOf(x, y) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my, mxx, mxy] = [
    mean(x),
    mean(y),
    mean(x.map((v) => v * v)),
    mean(x.map((v, i) => v * y[i])),
  ];
  const w = (mxy - mx * my) / (mxx - mx * mx);
  const at = [w, my - w * mx];
  return { at, loss: lossAt(at, x, y).loss, bends: [2 * mxx, 2 * mx, 2] };
}

// The closed curve on which the loss is `above` more than at its floor: points [w, b]. The bends are
// written as Rᵀ R, and the curve is where R times the way from the floor is a circle.
export function contour({ at, bends: [ww, wb, bb] }, above, n = 96) {
  const [size, first] = [Math.sqrt(2 * above), Math.sqrt(ww)];
  const [aside, second] = [wb / first, Math.sqrt(bb - (wb * wb) / ww)];
  return Array.from({ length: n }, (_, i) => {
    const up = (size * Math.sin((2 * Math.PI * i) / n)) / second;
    const along = (size * Math.cos((2 * Math.PI * i) / n) - aside * up) / first;
    return [at[0] + along, at[1] + up];
  });
}

// The share of the learning rate at a step (from 0): up over the warm-up, then half a cosine down.
export function share(step) {
  if (step < WARMUP) return (step + 1) / WARMUP;
  return 0.5 * (1 + Math.cos((Math.PI * (step - WARMUP)) / (STEPS - WARMUP)));
}

// What a method remembers at the start. It is changed by no function: `stepped` returns a new one.
export const fresh = () => ({ steps: 0, velocity: [0, 0], mean: [0, 0], square: [0, 0] });

// One step down: returns { knobs, memory }. As torch.optim's SGD, SGD with momentum 0.9, and AdamW.
export function stepped(method, knobs, slopes, rate, memory) {
  const steps = memory.steps + 1;
  if (method === "AdamW") {
    const mean = memory.mean.map((old, i) => 0.9 * old + 0.1 * slopes[i]);
    const square = memory.square.map((old, i) => 0.999 * old + 0.001 * slopes[i] ** 2);
    const next = knobs.map((knob, i) => {
      const size = Math.sqrt(square[i] / (1 - 0.999 ** steps)) + 1e-8;
      return knob * (1 - 0.01 * rate) - (rate * (mean[i] / (1 - 0.9 ** steps))) / size;
    });
    return { knobs: next, memory: { ...memory, steps, mean, square } };
  }
  const keep = method === "momentum" ? 0.9 : 0;
  const velocity = memory.velocity.map((old, i) => keep * old + slopes[i]);
  return {
    knobs: knobs.map((knob, i) => knob - rate * velocity[i]),
    memory: { ...memory, steps, velocity },
  };
}

// Which points step number `step` (from 0) looks at: `size` of n at a time, shuffled each epoch.
export function batchOf(step, n, size) {
  const each = Math.ceil(n / size);
  const order = Array.from({ length: n }, (_, i) => i);
  let seed = 1 + Math.floor(step / each);
  for (let i = n - 1; i > 0; i -= 1) {
    seed = (Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const j = Math.floor((seed / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  const from = (step % each) * size;
  return order.slice(from, from + size);
}
