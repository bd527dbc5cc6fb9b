// The transformer, run as it translates: the encoder once, the decoder one token at a time beside a
// cache of keys and values. All that is computed on the way is kept, under the names that the blocks
// have in PyTorch.

import { BOS, EOS, vocabulary } from "../../live/js/sentence.js";
import {
  add,
  argmax,
  attention,
  concat,
  embedding,
  largest,
  layerNorm,
  linear,
  readTensors,
  relu,
  rotate,
  softmax,
} from "../../live/js/tensors.js";

const N_BEST = 5;

// The model of a figure's state, ready to run: `knows(token)`, `words`, `sizes` and `translate(tokens)`.
export function transformer({ shapes, weights, tokens, limits, rotary, n_heads: nHeads }) {
  const [sourceTokens, targetTokens] = tokens;
  const w = readTensors(weights, shapes);
  const shapeOf = Object.fromEntries(shapes);
  const d = shapeOf["encoder.norm.weight"][0];
  const nLayers = shapes.filter(([name]) => /^encoder\..*\.up\.bias$/.test(name)).length;
  const dFeed = shapeOf["encoder.blocks.0.feed_forward.up.bias"][0];
  const words = vocabulary(sourceTokens);

  const project = (name, x) =>
    linear(x, w[`${name}.weight`], w[`${name}.bias`], shapeOf[`${name}.weight`][1]);
  const normalise = (name, x) => layerNorm(x, w[`${name}.weight`], w[`${name}.bias`]);

  // Ids, of which the first stands at `start` -> (time, d).
  const place = (side, ids, start, note) => {
    const found = embedding(ids, w[`${side}.embed.tokens.weight`], d);
    const scaled = found.map((value) => value * Math.sqrt(d));
    const positions = w.positions.slice(start * d, (start + ids.length) * d);
    note(`${side}.words`, { output: Float32Array.from(ids) });
    note(`${side}.embed.tokens`, { output: found, scaled });
    const output = add(scaled, positions);
    note(`${side}.embed`, { input: scaled, added: positions, output });
    return output;
  };

  // x + sublayer(norm(x))
  const connect = (name, x, note, sublayer) => {
    const normed = normalise(`${name}.norm`, x);
    note(`${name}.norm`, { input: x, output: normed });
    const added = sublayer(normed);
    const output = add(x, added);
    note(name, { input: x, added, output });
    return output;
  };

  // Queries and keys, of which the first stands at `start`.
  const turn = (x, start) => (rotary ? rotate(x, d, { nHeads, start }) : x);
  const remember = (name, x, start) => ({
    key: turn(project(`${name}.to_key`, x), start),
    value: project(`${name}.to_value`, x),
  });
  // x looks at what is remembered, and none of it is masked: the encoder may look everywhere, and
  // the decoder's cache holds no later token.
  const look = (name, x, start, { key, value }, note) => {
    const query = turn(project(`${name}.to_query`, x), start);
    const { output: found, weights: part, scores } = attention(query, key, value, d, { nHeads });
    const output = project(`${name}.to_output`, found);
    note(name, { query, key, value, scores, weights: part, found, output });
    return output;
  };
  const feedForward = (name, x, note) => {
    const hidden = relu(project(`${name}.up`, x)); // (time, dFeed)
    const output = project(`${name}.down`, hidden);
    note(name, { hidden, output });
    return output;
  };
  const layers = (side) => Array.from({ length: nLayers }, (_, i) => `${side}.blocks.${i}`);

  // Source ids -> memory (time, d).
  const encode = (ids, note) => {
    let x = place("encoder", ids, 0, note);
    for (const block of layers("encoder")) {
      x = connect(`${block}.connections.0`, x, note, (y) =>
        look(`${block}.attention`, y, 0, remember(`${block}.attention`, y, 0), note),
      );
      x = connect(`${block}.connections.1`, x, note, (y) =>
        feedForward(`${block}.feed_forward`, y, note),
      );
    }
    const memory = normalise("encoder.norm", x);
    note("encoder.norm", { input: x, output: memory });
    return memory;
  };

  // One target token, the cache of those before it and the memory's keys and values
  // -> scores (n_target) and the longer cache.
  const step = (id, at, cache, seen, note) => {
    let x = place("decoder", [id], at, note); // (1, d)
    const longer = layers("decoder").map((block, i) => {
      let kept;
      x = connect(`${block}.connections.0`, x, note, (y) => {
        const { key, value } = remember(`${block}.attention`, y, at);
        kept = cache.length
          ? { key: concat(cache[i].key, key), value: concat(cache[i].value, value) }
          : { key, value };
        return look(`${block}.attention`, y, at, kept, note);
      });
      x = connect(`${block}.connections.1`, x, note, (y) =>
        look(`${block}.cross_attention`, y, at, seen[i], note),
      );
      x = connect(`${block}.connections.2`, x, note, (y) =>
        feedForward(`${block}.feed_forward`, y, note),
      );
      return kept;
    });
    const last = normalise("decoder.norm", x);
    note("decoder.norm", { input: x, output: last });
    const scores = project("to_scores", last);
    note("to_scores", { output: scores });
    note("probabilities", { output: softmax(scores) });
    return { scores, cache: longer };
  };

  // Tokens without the end marker -> { source, target, best, ended, tensor }: greedy search, the best
  // next tokens of each step, and `tensor(name, part, step)` with what was computed.
  const translate = (tokens) => {
    const notes = new Map(); // name -> one record for each run of the block
    const note = (name, parts) => notes.set(name, [...(notes.get(name) ?? []), parts]);
    const source = [...tokens, EOS];
    const memory = encode(source.map(words.idOf), note);
    const seen = layers("decoder").map((block) => remember(`${block}.cross_attention`, memory, 0));
    const [target, best] = [[], []];
    const end = targetTokens.indexOf(EOS);
    let [id, cache] = [targetTokens.indexOf(BOS), []];
    while (target.length < limits[1] && id !== end) {
      const now = step(id, target.length, cache, seen, note);
      cache = now.cache;
      id = argmax(now.scores);
      target.push(targetTokens[id]);
      const probabilities = softmax(now.scores);
      best.push(
        largest(probabilities, N_BEST).map((i) => ({
          token: targetTokens[i],
          probability: probabilities[i],
        })),
      );
    }
    return {
      source,
      target,
      best,
      ended: id === end,
      tensor: (name, part, at) => gather(notes.get(name), name, part, at),
    };
  };

  // One tensor as it stands at a step: { shape, data, rows, columns }, where `rows` (and of weights
  // `columns`) say which tokens they stand for. The decoder's rows come from the steps up to here.
  const gather = (records, name, part, at) => {
    const decoding = records.length > 1 || !name.startsWith("encoder");
    const upTo = decoding ? records.slice(0, at + 1) : records;
    const latest = upTo.at(-1);
    const cross = name.endsWith("cross_attention");
    const whole = part === "key" || part === "value"; // cached: complete in every record
    const rows = !decoding || (cross && whole) ? "source" : "target";
    if (part === "weights" || part === "scores") {
      return {
        ...maps(upTo, latest, part),
        rows,
        columns: decoding && !cross ? "target" : "source",
      };
    }
    const data = whole ? latest[part] : concat(...upTo.map((record) => record[part]));
    if (name.endsWith(".words")) return { shape: [data.length], data, rows };
    const overWords = name === "to_scores" || name === "probabilities";
    const width = part === "hidden" ? dFeed : overWords ? targetTokens.length : d;
    const time = data.length / width;
    const heads = whole || part === "query";
    return { shape: heads ? [nHeads, time, d / nHeads] : [time, width], data, rows };
  };

  // (nHeads, queries, keys), the keys that a query could not yet see with a weight of 0 and a score
  // of −∞.
  const maps = (records, latest, part) => {
    const nKeys = latest[part].length / nHeads / (latest.query.length / d);
    const empty = part === "scores" ? -Infinity : 0;
    const lines = records.flatMap((record) => {
      const nQueries = record.query.length / d;
      const width = record[part].length / nHeads / nQueries;
      return Array.from(
        { length: nQueries },
        (_, q) => (head) =>
          concat(
            record[part].subarray((head * nQueries + q) * width, (head * nQueries + q + 1) * width),
            new Float32Array(nKeys - width).fill(empty),
          ),
      );
    });
    const data = concat(
      ...Array.from({ length: nHeads }, (_, head) => lines.map((line) => line(head))).flat(),
    );
    return { shape: [nHeads, lines.length, nKeys], data };
  };
  return {
    ...words,
    translate,
    sizes: {
      d,
      nHeads,
      nLayers,
      dFeed,
      rotary,
      nSource: sourceTokens.length,
      nTarget: targetTokens.length,
    },
  };
}
