// A GPT in the page: one character in, the scores of the next one out, with a key–value cache.
import {
  add,
  attention,
  embedding,
  HALF,
  layerNorm,
  linear,
  readTensors,
  relu,
  rotate,
} from "../../live/js/tensors.js";

// The model of a figure's state. `read(id, cache)` takes one token more and returns what each part
// made of it; `empty()` is the cache before the first token.
export function gpt({ shapes, weights, n_heads: nHeads, context }) {
  const w = readTensors(weights, shapes, HALF);
  const [, [, d]] = shapes.find(([name]) => name === "embed.tokens.weight");
  const table = w["embed.tokens.weight"];
  const names = new Set(shapes.map(([name]) => name.match(/^blocks\.\d+/)?.[0]).filter(Boolean));
  const blocks = [...names].map((name) => {
    const part = (rest) => [w[`${name}.${rest}.weight`], w[`${name}.${rest}.bias`]];
    return {
      query: part("attention.to_query"),
      key: part("attention.to_key"),
      value: part("attention.to_value"),
      output: part("attention.to_output"),
      up: part("feed_forward.up"),
      down: part("feed_forward.down"),
      norms: [part("connections.0.norm"), part("connections.1.norm")],
    };
  });
  const empty = () => ({
    time: 0,
    kept: blocks.map(() => [new Float32Array(context * d), new Float32Array(context * d)]),
  });

  // x (d), one block and what it has kept -> x after it, and what went on inside
  const through = (x, block, [keys, values], time) => {
    const y = layerNorm(x, ...block.norms[0]);
    const [query, key] = [linear(y, ...block.query, d), linear(y, ...block.key, d)];
    const turned = rotate(query, d, { nHeads, start: time });
    keys.set(rotate(key, d, { nHeads, start: time }), time * d);
    values.set(linear(y, ...block.value, d), time * d);
    const upTo = (time + 1) * d;
    const looked = attention(turned, keys.subarray(0, upTo), values.subarray(0, upTo), d, {
      nHeads,
    });
    const seen = add(x, linear(looked.output, ...block.output, d));
    const hidden = relu(linear(layerNorm(seen, ...block.norms[1]), ...block.up, d));
    const out = add(seen, linear(hidden, ...block.down, hidden.length));
    return { out, query, turned, weights: looked.weights, hidden };
  };

  const read = (id, cache) => {
    const embedded = embedding([id], table, d).map((value) => value * Math.sqrt(d));
    let x = embedded;
    const inside = blocks.map((block, i) => {
      const found = through(x, block, cache.kept[i], cache.time);
      x = found.out;
      return found;
    });
    cache.time += 1;
    const last = layerNorm(x, w["norm.weight"], w["norm.bias"]);
    return { id, embedded, blocks: inside, last, scores: linear(last, table, null, d) };
  };
  return { d, nHeads, nBlocks: blocks.length, context, read, empty };
}

// Where the window begins that a text of n tokens is read through: it holds all of them up to the
// context; a longer text is read from a half context further on, again and again.
export const begins = (n, context) => {
  const half = context / 2;
  return n <= context ? 0 : half * Math.ceil((n - context) / half);
};

// A text that grows: `set(ids)`, `push(id)`, `pop()`; `ids`, `begin`, and `steps`, what the model
// made of each token in the window.
export function reading(machine) {
  const self = { ids: [], begin: 0, steps: [] };
  let cache = machine.empty();
  const set = (ids) => {
    self.ids = [...ids];
    self.begin = begins(ids.length, machine.context);
    cache = machine.empty();
    self.steps = self.ids.slice(self.begin).map((id) => machine.read(id, cache));
  };
  const push = (id) => {
    if (begins(self.ids.length + 1, machine.context) !== self.begin) set([...self.ids, id]);
    else {
      self.ids.push(id);
      self.steps.push(machine.read(id, cache));
    }
  };
  const pop = () => {
    const ids = self.ids.slice(0, -1);
    if (begins(ids.length, machine.context) !== self.begin) set(ids);
    else {
      self.ids = ids;
      self.steps.pop();
      cache.time -= 1; // what is kept beyond is written over
    }
  };
  return Object.assign(self, { set, push, pop });
}
