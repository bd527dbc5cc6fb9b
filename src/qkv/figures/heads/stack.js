// A causal language model of nothing but attention (AttentionStack of chapter 06), ready to run.
import {
  add,
  attention,
  causalMask,
  embedding,
  linear,
  readTensors,
  sinusoids,
  softmax,
} from "../../live/js/tensors.js";

// x (time, nKv · dHead) -> (time, nHeads · dHead): each head of keys or values, once for every query
// head that it serves.
function repeatHeads(x, dHead, nKv, nHeads) {
  if (nKv === nHeads) return x;
  const time = x.length / (nKv * dHead);
  const out = new Float32Array(time * nHeads * dHead);
  for (let t = 0; t < time; t += 1) {
    for (let head = 0; head < nHeads; head += 1) {
      const from = (t * nKv + Math.floor((head * nKv) / nHeads)) * dHead;
      out.set(x.subarray(from, from + dHead), (t * nHeads + head) * dHead);
    }
  }
  return out;
}

// `sizes` holds [nHeads, nKvHeads] of each layer.
export function stack({ shapes, weights, sizes }) {
  const w = readTensors(weights, shapes);
  const [vocabSize, d] = shapes.find(([name]) => name === "embed.weight")[1];
  const project = (x, name) => linear(x, w[`${name}.weight`], w[`${name}.bias`], d);

  // x (time, d) -> what the layer adds to it, and its weights (nHeads, time, time). `without` lists
  // heads whose part of what was found is left out.
  const layer = (x, i, without) => {
    const [[nHeads, nKv], dHead] = [sizes[i], d / sizes[i][0]];
    const query = project(x, `layers.${i}.to_query`);
    const [key, value] = ["to_key", "to_value"].map((part) =>
      repeatHeads(project(x, `layers.${i}.${part}`), dHead, nKv, nHeads),
    );
    const found = attention(query, key, value, d, { nHeads, mask: causalMask(x.length / d) });
    const kept = found.output.map((number, at) =>
      without.includes(Math.floor((at % d) / dHead)) ? 0 : number,
    );
    return { more: project(kept, `layers.${i}.to_output`), weights: found.weights };
  };

  // ids (time), removed a list of [layer, head] -> maps, of each layer the weights of each head
  // (time, time), and of each position how probable each next token is (vocabSize).
  const run = (ids, removed = []) => {
    const time = ids.length;
    let x = add(embedding(ids, w["embed.weight"], d), sinusoids(time, d)); // (time, d)
    const maps = sizes.map(([nHeads], i) => {
      const { more, weights: all } = layer(
        x,
        i,
        removed.filter(([at]) => at === i).map(([, head]) => head),
      );
      x = add(x, more);
      return Array.from({ length: nHeads }, (_, head) =>
        all.subarray(head * time * time, (head + 1) * time * time),
      );
    });
    const all = softmax(project(x, "to_scores"), vocabSize); // (time, vocabSize)
    const next = ids.map((_, t) => all.subarray(t * vocabSize, (t + 1) * vocabSize));
    return { maps, next };
  };
  return { run };
}
