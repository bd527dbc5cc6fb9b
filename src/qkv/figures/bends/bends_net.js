// A network of one layer of ReLUs from one number to one, that learns points: its sums, slopes, steps.

// Numbers between 0 and 1 that come again with the same seed.
export function generator(seed) {
  let state = seed + 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// The knobs as they begin, in one array: n slopes, n places, n weights out, and a bias. Unit i is
// max(0, slope x + place); it bends somewhere between `low` and `high`.
export function begin(n, seed, low, high) {
  const draw = generator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const knobs = new Float64Array(3 * n + 1);
  for (let i = 0; i < n; i += 1) {
    knobs[i] = normal();
    knobs[n + i] = -knobs[i] * (low + (high - low) * draw());
    knobs[2 * n + i] = normal() / Math.sqrt(n);
  }
  return knobs;
}

// What the network says of a number.
export function predict(knobs, x) {
  const n = (knobs.length - 1) / 3;
  let sum = knobs[3 * n];
  for (let i = 0; i < n; i += 1) sum += knobs[2 * n + i] * Math.max(0, knobs[i] * x + knobs[n + i]);
  return sum;
}

// The mean squared error on points [[x, y], …].
export const lossOf = (knobs, points) =>
  points.reduce((sum, [x, y]) => sum + (predict(knobs, x) - y) ** 2, 0) / points.length;

// Its slopes by all knobs.
export function slopesOf(knobs, points) {
  const n = (knobs.length - 1) / 3;
  const slopes = new Float64Array(knobs.length);
  for (const [x, y] of points) {
    const push = (2 * (predict(knobs, x) - y)) / points.length;
    slopes[3 * n] += push;
    for (let i = 0; i < n; i += 1) {
      const inside = knobs[i] * x + knobs[n + i];
      if (!(inside > 0)) continue;
      slopes[2 * n + i] += push * inside;
      slopes[i] += push * knobs[2 * n + i] * x;
      slopes[n + i] += push * knobs[2 * n + i];
    }
  }
  return slopes;
}

// A training by AdamW without weight decay: `step(points)` changes the knobs.
export function learner(knobs, rate) {
  const [mean, square] = [new Float64Array(knobs.length), new Float64Array(knobs.length)];
  let steps = 0;
  return (points) => {
    steps += 1;
    const slopes = slopesOf(knobs, points);
    for (let i = 0; i < knobs.length; i += 1) {
      mean[i] = 0.9 * mean[i] + 0.1 * slopes[i];
      square[i] = 0.999 * square[i] + 0.001 * slopes[i] ** 2;
      const size = Math.sqrt(square[i] / (1 - 0.999 ** steps)) + 1e-8;
      knobs[i] -= (rate * (mean[i] / (1 - 0.9 ** steps))) / size;
    }
  };
}
