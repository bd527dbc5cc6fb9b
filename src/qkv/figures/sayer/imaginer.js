// Text to image as in chapter 10: a caption's words and a picture's codes in one causal transformer,
// and the decoder of the VQ autoencoder that makes pixels of the codes.
import { causalStack, draw, gridPlaces, meanOfHeads } from "../../live/js/causal.js";
import { add, linear, readTensors, relu, softmax } from "../../live/js/tensors.js";

// x (side², dIn), weight (dOut, dIn, 3, 3) of a convolution with padding 1 -> (side², dOut)
export function convolve(x, weight, bias, side) {
  const dOut = bias.length;
  const dIn = weight.length / dOut / 9;
  const out = new Float32Array(side * side * dOut);
  for (let at = 0; at < side * side; at += 1) {
    const [r, c] = [Math.floor(at / side), at % side];
    for (let o = 0; o < dOut; o += 1) {
      let sum = bias[o];
      for (let k = 0; k < 9; k += 1) {
        const [y, z] = [r + Math.floor(k / 3) - 1, c + (k % 3) - 1];
        if (y < 0 || y >= side || z < 0 || z >= side) continue;
        const from = (y * side + z) * dIn;
        for (let i = 0; i < dIn; i += 1) sum += x[from + i] * weight[(o * dIn + i) * 9 + k];
      }
      out[at * dOut + o] = sum;
    }
  }
  return out;
}

// x (side², dIn), weight (dIn, 3, patch, patch) of a transposed convolution whose stride is the patch
// -> pixels (side · patch, side · patch, 3), 0 to 1
export function unpatch(x, weight, bias, side, patch) {
  const [dIn, width] = [x.length / side ** 2, side * patch];
  const out = new Float32Array(width * width * 3);
  for (let at = 0; at < side * side; at += 1) {
    for (let k = 0; k < 3 * patch * patch; k += 1) {
      let sum = bias[Math.floor(k / patch ** 2)];
      for (let i = 0; i < dIn; i += 1) sum += x[at * dIn + i] * weight[i * 3 * patch ** 2 + k];
      const row = Math.floor(at / side) * patch + Math.floor((k % patch ** 2) / patch);
      const column = (at % side) * patch + (k % patch);
      const value = Math.min(1, Math.max(0, sum));
      out[(row * width + column) * 3 + Math.floor(k / patch ** 2)] = value;
    }
  }
  return out;
}

// The decoder of the VQ autoencoder in the tensors `w`: codes (up to side²) -> pixels (24, 24, 3). What has
// no code yet counts as a code of zeros.
export function decoder(w, shapes, side) {
  const sizes = Object.fromEntries(shapes);
  const [dCode, patch] = [sizes["vq.codes"][1], sizes["vq.2.weight"][3]];
  const flat = (name, x, dIn) => linear(x, w[`${name}.weight`], w[`${name}.bias`], dIn);
  return (codes) => {
    const z = new Float32Array(side * side * dCode);
    codes.forEach((code, at) => {
      z.set(w["vq.codes"].subarray(code * dCode, (code + 1) * dCode), at * dCode);
    });
    const x = flat("vq.0", z, dCode); // a convolution of one pixel is a linear layer
    const looked = convolve(relu(x), w["vq.1.look.weight"], w["vq.1.look.bias"], side);
    const mixed = add(x, flat("vq.1.mix", relu(looked), w["vq.1.look.bias"].length));
    return unpatch(mixed, w["vq.2.weight"], w["vq.2.bias"], side, patch);
  };
}

// The models of a figure's state: `idsOf(words)`, `knows(word)`, `go(ids, guidance)` and
// `picture(codes)`.
export function imaginer({ shapes, weights, n_heads: nHeads, words, n_words: nWords }) {
  const w = readTensors(weights, shapes);
  const d = Object.fromEntries(shapes)["norm.weight"][0];
  const places = gridPlaces(w["places.rows"], w["places.columns"], d);
  const side = Math.sqrt(places.length);
  const stack = causalStack(w, { d, nHeads });
  const ids = new Map(words.map((word, i) => [word, i + 1]));
  const begin = w["tokens.weight"].length / d - 1;
  const vector = (id) => w["tokens.weight"].subarray(id * d, (id + 1) * d);

  const idsOf = (said) =>
    [...said.map((word) => ids.get(word)), ...Array(nWords).fill(0)].slice(0, nWords);

  // The caption read, and the token that begins a picture: what the first code follows.
  const start = (caption) => {
    let cache = [];
    caption.forEach((id, at) => {
      const place = w.word_places.subarray(at * d, (at + 1) * d);
      cache = stack.step(add(vector(id), place), cache).cache;
    });
    return stack.step(add(vector(begin), places[0]), cache);
  };
  const scoresOf = ({ hidden }) => linear(hidden, w["to_scores.weight"], w["to_scores.bias"], d);

  // Draws codes one by one: `next(temperature, chance)` says { code, probabilities, looks }, with the
  // weights of the last block to the caption's words, or null after the last.
  const go = (caption, guidance) => {
    let left = places.length;
    let both = [start(caption), ...(guidance === 1 ? [] : [start(caption.map(() => 0))])];
    return (temperature, chance) => {
      if (!left) return null;
      const [given, without] = both.map(scoresOf);
      const scores = without
        ? given.map((score, i) => without[i] + guidance * (score - without[i]))
        : given;
      const probabilities = softmax(scores.map((score) => score / temperature));
      const code = draw(probabilities, chance);
      const looks = meanOfHeads(both[0].weights.at(-1), nHeads).subarray(0, nWords);
      left -= 1;
      const at = places.length - left;
      if (left) {
        const x = add(vector(words.length + 1 + code), places[at]);
        both = both.map(({ cache }) => stack.step(x, cache));
      }
      return { code, probabilities, scores, looks };
    };
  };

  const picture = decoder(w, shapes, side);
  return { idsOf, knows: (word) => ids.has(word), go, picture, side, words };
}
