// A causal stack of pre-norm blocks, run one token at a time beside a cache of keys and values: what
// `EncoderBlock` computes in PyTorch under a causal mask.
import { add, attention, concat, layerNorm, linear, relu } from "./tensors.js";

// The blocks in a model's tensors `w` (see readTensors), of vectors of `d` numbers. Returns
// { step(x, cache) }: x (d) -> { hidden (d), normalised at the end, cache, weights }, where weights
// hold (nHeads, time) for each block. An empty list is the cache of the first token.
export function causalStack(w, { d, nHeads }) {
  const names = [];
  while (w[`blocks.${names.length}.feed_forward.up.bias`]) names.push(`blocks.${names.length}`);
  const project = (name, x) => linear(x, w[`${name}.weight`], w[`${name}.bias`], x.length);
  const normalise = (name, x) => layerNorm(x, w[`${name}.weight`], w[`${name}.bias`]);

  const block = (name, x, before) => {
    const look = normalise(`${name}.connections.0.norm`, x);
    const [query, key, value] = ["query", "key", "value"].map((part) =>
      project(`${name}.attention.to_${part}`, look),
    );
    const kept = before
      ? { key: concat(before.key, key), value: concat(before.value, value) }
      : { key, value };
    const found = attention(query, kept.key, kept.value, d, { nHeads });
    const looked = add(x, project(`${name}.attention.to_output`, found.output));
    const think = normalise(`${name}.connections.1.norm`, looked);
    const inner = relu(project(`${name}.feed_forward.up`, think));
    const output = add(looked, project(`${name}.feed_forward.down`, inner));
    return { output, kept, weights: found.weights };
  };

  const step = (x, cache) => {
    let at = x;
    const done = names.map((name, i) => {
      const one = block(name, at, cache[i]);
      at = one.output;
      return one;
    });
    return {
      hidden: normalise("norm", at),
      cache: done.map(({ kept }) => kept),
      weights: done.map(({ weights }) => weights),
    };
  };
  return { step };
}

// The vector of each place of a square grid, row by row: its row's plus its column's, as in `Grid`.
export function gridPlaces(rows, columns, d) {
  const side = rows.length / d;
  return Array.from({ length: side * side }, (_, at) =>
    add(
      rows.subarray(Math.floor(at / side) * d, (Math.floor(at / side) + 1) * d),
      columns.subarray((at % side) * d, ((at % side) + 1) * d),
    ),
  );
}

// Weights (nHeads, time) -> their mean over the heads, (time).
export function meanOfHeads(weights, nHeads) {
  const time = weights.length / nHeads;
  return Float32Array.from({ length: time }, (_, at) => {
    let sum = 0;
    for (let head = 0; head < nHeads; head += 1) sum += weights[head * time + at];
    return sum / nHeads;
  });
}

// Numbers from 0 to 1 that a seed determines (mulberry32).
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

// Probabilities and a number from 0 to 1 -> the place that it falls on.
export function draw(probabilities, chance) {
  let left = chance;
  for (let i = 0; i < probabilities.length; i += 1) {
    left -= probabilities[i];
    if (left < 0) return i;
  }
  return probabilities.length - 1;
}
