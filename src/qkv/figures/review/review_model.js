// The judge of reviews in the page: an encoder, then one learned query for each question.

import { vocabulary } from "../../live/js/sentence.js";
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
  softmax,
} from "../../live/js/tensors.js";

// Words as `words` of chapter 1 cuts them.
export const cut = (text) =>
  text
    .normalize("NFC")
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .match(/[a-z_]+(?:'[a-z]+)?|[0-9]+|[^\sa-z0-9_]/gu) ?? [];

// The model of a figure's state. `read(ids)` returns for each question the probabilities of its
// answers and the weights with which it looks at the words.
export function judge({ shapes, weights, n_heads: nHeads, tokens, questions, answers }) {
  const w = readTensors(weights, shapes, HALF);
  const part = (name) => [w[`${name}.weight`], w[`${name}.bias`]];
  const d = w["pooling.to_key.bias"].length;
  const nBlocks = new Set(shapes.map(([name]) => name.match(/blocks\.\d+/)?.[0]).filter(Boolean))
    .size;

  // x (time, d) -> x after block i
  const through = (x, i) => {
    const at = `reader.blocks.${i}`;
    const y = layerNorm(x, ...part(`${at}.connections.0.norm`));
    const [query, key, value] = ["query", "key", "value"].map((name) =>
      linear(y, ...part(`${at}.attention.to_${name}`), d),
    );
    const turned = [query, key].map((z) => rotate(z, d, { nHeads }));
    const { output } = attention(...turned, value, d, { nHeads });
    const seen = add(x, linear(output, ...part(`${at}.attention.to_output`), d));
    const z = layerNorm(seen, ...part(`${at}.connections.1.norm`));
    const hidden = relu(linear(z, ...part(`${at}.feed_forward.up`), d));
    const dff = w[`${at}.feed_forward.up.bias`].length;
    return add(seen, linear(hidden, ...part(`${at}.feed_forward.down`), dff));
  };

  const read = (ids) => {
    let x = embedding(ids, w["reader.embed.tokens.weight"], d).map((v) => v * Math.sqrt(d));
    for (let i = 0; i < nBlocks; i += 1) x = through(x, i);
    x = layerNorm(x, ...part("reader.norm"));
    const [key, value] = [
      linear(x, ...part("pooling.to_key"), d),
      linear(x, ...part("pooling.to_value"), d),
    ];
    const looked = attention(w["pooling.query"], key, value, d);
    return questions.map((_, q) => {
      const rows = answers.length;
      const found = looked.output.subarray(q * d, (q + 1) * d);
      const table = w.weight.subarray(q * rows * d, (q + 1) * rows * d);
      const scores = linear(found, table, w.bias.subarray(q * rows, (q + 1) * rows), d);
      const weights = looked.weights.subarray(q * ids.length, (q + 1) * ids.length);
      return { probabilities: softmax(scores), weights };
    });
  };
  return { ...vocabulary(tokens), read };
}

// What each word is worth to the answer: its log-probability, minus that without the word.
export function worth(machine, ids, question) {
  const whole = machine.read(ids)[question].probabilities;
  const answer = whole.indexOf(Math.max(...whole));
  return ids.map((_, i) => {
    const left = machine.read(ids.filter((__, k) => k !== i))[question].probabilities;
    return Math.log(whole[answer]) - Math.log(left[answer]);
  });
}
