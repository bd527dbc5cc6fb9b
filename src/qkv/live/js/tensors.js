// Models in the browser: plain functions on Float32Arrays, as small as the mathematics.
//
// An array of shape (time, d) holds its rows one after the other. Functions that work on rows are
// told how wide a row is; one vector is one row. Sums are taken in double precision and stored in
// single, so results differ from PyTorch's by rounding alone. Weights have PyTorch's layout.
// Nothing is changed in place.

// How a number lies in the state: its bytes, and how it is read from a view at a place.
const SINGLE = { bytes: 4, get: (view, at) => view.getFloat32(at, true) };
export const HALF = { bytes: 2, get: (view, at) => half(view.getUint16(at, true)) };

// A 16-bit float (its bits) as a number.
function half(bits) {
  const [sign, exponent, part] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return part ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + part / 1024) : 2 ** -24 * part);
}

// The tensors of a model by name: base64 of little-endian floats, in the order of `shapes`, a list
// of [name, [rows, columns, …]].
export function readTensors(base64, shapes, { bytes: size, get } = SINGLE) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const tensors = {};
  let at = 0;
  for (const [name, shape] of shapes) {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
    for (let i = 0; i < data.length; i += 1, at += size) data[i] = get(view, at);
    tensors[name] = data;
  }
  if (at !== bytes.length)
    throw new Error(`the weights hold ${bytes.length} bytes, the shapes ${at}`);
  return tensors;
}

// ids (time), table (vocab_size, d) -> (time, d)
export function embedding(ids, table, d) {
  const out = new Float32Array(ids.length * d);
  ids.forEach((id, row) => out.set(table.subarray(id * d, (id + 1) * d), row * d));
  return out;
}

// -> (time, d): position t has the sine of t / 10000^(2 i / d) in place 2 i, its cosine in 2 i + 1.
export function sinusoids(time, d) {
  const angle = (t, i) => t / 10000 ** ((i - (i % 2)) / d);
  return Float32Array.from({ length: time * d }, (_, at) => {
    const [t, i] = [Math.floor(at / d), at % d];
    return i % 2 ? Math.cos(angle(t, i)) : Math.sin(angle(t, i));
  });
}

// x (time, d), the first row at place `start` -> (time, d), in each head every pair of numbers turned
// by an angle that grows with the place: rotary positions.
export function rotate(x, d, { nHeads = 1, start = 0 } = {}) {
  const dHead = d / nHeads;
  const waves = sinusoids(start + x.length / d, dHead);
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += 2) {
    const wave = (start + Math.floor(at / d)) * dHead + (at % dHead);
    const [sin, cos] = [waves[wave], waves[wave + 1]];
    out[at] = x[at] * cos - x[at + 1] * sin;
    out[at + 1] = x[at] * sin + x[at + 1] * cos;
  }
  return out;
}

// x (time, dIn), weight (dOut, dIn), bias (dOut) or null -> x Wᵀ + b, (time, dOut)
export function linear(x, weight, bias, dIn) {
  const [time, dOut] = [x.length / dIn, weight.length / dIn];
  const out = new Float32Array(time * dOut);
  const even = dIn - (dIn % 2);
  for (let row = 0; row < time; row += 1) {
    for (let o = 0; o < dOut; o += 1) {
      // Two sums side by side: neither has to wait for the other's last addition.
      let [one, two] = [bias === null ? 0 : bias[o], 0];
      const [a, b] = [row * dIn, o * dIn];
      for (let i = 0; i < even; i += 2) {
        one += x[a + i] * weight[b + i];
        two += x[a + i + 1] * weight[b + i + 1];
      }
      if (even < dIn) one += x[a + even] * weight[b + even];
      out[row * dOut + o] = one + two;
    }
  }
  return out;
}

// Arrays one after the other.
export function concat(...parts) {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const tanh = (x) => x.map(Math.tanh);
export const relu = (x) => x.map((value) => Math.max(0, value));
export const add = (x, y) => x.map((value, i) => value + y[i]);

// x (time, d), weight and bias (d) -> each row to mean 0 and variance 1, then scaled and moved
export function layerNorm(x, weight, bias, eps = 1e-5) {
  const d = weight.length;
  const out = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += d) {
    let [mean, variance] = [0, 0];
    for (let i = 0; i < d; i += 1) mean += x[start + i] / d;
    for (let i = 0; i < d; i += 1) variance += (x[start + i] - mean) ** 2 / d;
    const scale = 1 / Math.sqrt(variance + eps);
    for (let i = 0; i < d; i += 1)
      out[start + i] = (x[start + i] - mean) * scale * weight[i] + bias[i];
  }
  return out;
}

// x (time, d) -> each row to weights that are positive and sum to 1; the largest is taken off
// first, so that nothing overflows.
export function softmax(x, d = x.length) {
  const out = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += d) {
    let [most, sum] = [-Infinity, 0];
    for (let i = start; i < start + d; i += 1) most = Math.max(most, x[i]);
    for (let i = start; i < start + d; i += 1) sum += Math.exp(x[i] - most);
    for (let i = start; i < start + d; i += 1) out[i] = Math.exp(x[i] - most) / sum;
  }
  return out;
}

// The place of the largest number; the first one of equals, as in PyTorch.
export function argmax(x) {
  let best = 0;
  for (let i = 1; i < x.length; i += 1) if (x[i] > x[best]) best = i;
  return best;
}

// The places of the k largest numbers, the largest first.
export function largest(x, k) {
  const left = Float32Array.from(x);
  return Array.from({ length: Math.min(k, x.length) }, () => {
    const best = argmax(left);
    left[best] = -Infinity;
    return best;
  });
}

// (nQueries, nKeys), 1 where a query may look: at itself and at what stands before. The queries are
// the last of the keys, so one query beside a cache of keys sees all of them.
export function causalMask(nQueries, nKeys = nQueries) {
  const out = new Uint8Array(nQueries * nKeys);
  for (let q = 0; q < nQueries; q += 1)
    out.fill(1, q * nKeys, q * nKeys + nKeys - nQueries + q + 1);
  return out;
}

// query (nQueries, d), key (nKeys, d), value (nKeys, dValue), each row holding its heads one after
// the other; mask (nQueries, nKeys), true where a query may look, or null
// -> output (nQueries, dValue), weights and scores (nHeads, nQueries, nKeys). A query that may look
// nowhere gets no numbers (NaN), as in a softmax over nothing.
export function attention(query, key, value, d, { nHeads = 1, mask = null } = {}) {
  const [nQueries, nKeys] = [query.length / d, key.length / d];
  const [dHead, dValue] = [d / nHeads, value.length / nKeys];
  const dOut = dValue / nHeads;
  const scores = new Float32Array(nHeads * nQueries * nKeys).fill(-Infinity);
  const output = new Float32Array(nQueries * dValue);
  const each = (visit) => {
    for (let head = 0; head < nHeads; head += 1) {
      for (let q = 0; q < nQueries; q += 1) {
        for (let k = 0; k < nKeys; k += 1) {
          if (!mask || mask[q * nKeys + k]) visit(head, q, k, (head * nQueries + q) * nKeys + k);
        }
      }
    }
  };
  each((head, q, k, at) => {
    let sum = 0;
    for (let i = head * dHead; i < (head + 1) * dHead; i += 1) {
      sum += query[q * d + i] * key[k * d + i];
    }
    scores[at] = sum / Math.sqrt(dHead);
  });
  const weights = softmax(scores, nKeys);
  each((head, q, k, at) => {
    for (let i = head * dOut; i < (head + 1) * dOut; i += 1) {
      output[q * dValue + i] += weights[at] * value[k * dValue + i];
    }
  });
  return { output, weights, scores };
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// The weights of one nn.LSTM layer: lstmLayer(tensors, "encoder.lstm", "l0_reverse").
export function lstmLayer(tensors, name, suffix = "l0") {
  const [weightIh, weightHh, biasIh, biasHh] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(
    (part) => tensors[`${name}.${part}_${suffix}`],
  );
  // PyTorch adds two biases; their sum does the same.
  return { weightIh, weightHh, bias: biasIh.map((b, i) => b + biasHh[i]) };
}

// x (dIn), state {hidden, cell} of (d) each -> the next state. The four gates lie in PyTorch's
// order: input, forget, candidate, output.
export function lstmStep(x, { hidden, cell }, { weightIh, weightHh, bias }) {
  const d = hidden.length;
  const fromInput = linear(x, weightIh, bias, x.length); // (4 d)
  const fromHidden = linear(hidden, weightHh, null, d); // (4 d)
  const gate = (k, i) => fromInput[k * d + i] + fromHidden[k * d + i];
  const next = { hidden: new Float32Array(d), cell: new Float32Array(d) };
  for (let i = 0; i < d; i += 1) {
    next.cell[i] = sigmoid(gate(1, i)) * cell[i] + sigmoid(gate(0, i)) * Math.tanh(gate(2, i));
    next.hidden[i] = sigmoid(gate(3, i)) * Math.tanh(next.cell[i]);
  }
  return next;
}

// x (dIn), hidden (d), weights and biases as in nn.GRUCell -> the next hidden state. The three gates
// lie in PyTorch's order: reset, update, candidate. The reset acts on W h + b, so the biases of input
// and hidden state stay apart.
export function gruStep(x, hidden, { weightIh, weightHh, biasIh, biasHh }) {
  const d = hidden.length;
  const fromInput = linear(x, weightIh, biasIh, x.length); // (3 d)
  const fromHidden = linear(hidden, weightHh, biasHh, d); // (3 d)
  const gate = (k, i) => sigmoid(fromInput[k * d + i] + fromHidden[k * d + i]);
  return hidden.map((before, i) => {
    const candidate = Math.tanh(fromInput[2 * d + i] + gate(0, i) * fromHidden[2 * d + i]);
    return candidate + gate(1, i) * (before - candidate);
  });
}

// x (time, dIn) -> the hidden states from a start of zeros, one row a step; with `reverse` it reads
// from the end, and row t is still the state at x's row t.
export function lstm(x, layer, dIn, reverse = false) {
  const [time, d] = [x.length / dIn, layer.bias.length / 4];
  const out = []; // time times (d)
  let state = { hidden: new Float32Array(d), cell: new Float32Array(d) };
  for (let step = 0; step < time; step += 1) {
    const t = reverse ? time - 1 - step : step;
    state = lstmStep(x.subarray(t * dIn, (t + 1) * dIn), state, layer);
    out[t] = state.hidden;
  }
  return out;
}

// query (d) and keys (time, d), both already projected; toScore (d) -> v · tanh(q + k), (time)
export function additiveScores(query, keys, toScore) {
  const d = query.length;
  const out = new Float32Array(keys.length / d);
  for (let t = 0; t < out.length; t += 1) {
    let sum = 0;
    for (let i = 0; i < d; i += 1) sum += toScore[i] * Math.tanh(query[i] + keys[t * d + i]);
    out[t] = sum;
  }
  return out;
}

// weights (time), values (time, d) -> Σ weight · value, (d)
export function weightedSum(weights, values) {
  const d = values.length / weights.length;
  const sums = new Float64Array(d);
  weights.forEach((weight, t) => {
    for (let i = 0; i < d; i += 1) sums[i] += weight * values[t * d + i];
  });
  return Float32Array.from(sums);
}
