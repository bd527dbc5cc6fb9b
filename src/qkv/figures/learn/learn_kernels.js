// The parts of a small GPT with their gradients, in plain loops over typed arrays: linear layers,
// normalisation, rotary positions, attention under a causal mask.
//
// `kernels()` holds all that it uses, so that its source can run in a worker. A batch has
// n = batch · time rows; arrays hold their rows one after the other.
export function kernels() {
  // x (n, k), w (m, k), bias (m) or null -> y (n, m): x wᵀ + bias, four outputs at once
  function linear(x, w, bias, n, k, m) {
    const y = new Float32Array(n * m);
    for (let r = 0; r < n; r += 1) {
      const at = r * k;
      let o = 0;
      for (; o + 3 < m; o += 4) {
        let a = bias ? bias[o] : 0;
        let b = bias ? bias[o + 1] : 0;
        let c = bias ? bias[o + 2] : 0;
        let d = bias ? bias[o + 3] : 0;
        const p = o * k;
        const q = p + k;
        const s = q + k;
        const t = s + k;
        for (let i = 0; i < k; i += 1) {
          const v = x[at + i];
          a += v * w[p + i];
          b += v * w[q + i];
          c += v * w[s + i];
          d += v * w[t + i];
        }
        const to = r * m + o;
        y[to] = a;
        y[to + 1] = b;
        y[to + 2] = c;
        y[to + 3] = d;
      }
      for (; o < m; o += 1) {
        let a = bias ? bias[o] : 0;
        for (let i = 0; i < k; i += 1) a += x[at + i] * w[o * k + i];
        y[r * m + o] = a;
      }
    }
    return y;
  }

  // Of the same, given dy (n, m): adds to dw (m, k) and dbias (m); returns dx (n, k).
  function linearBack(dy, x, w, dw, dbias, n, k, m) {
    const dx = new Float32Array(n * k);
    for (let r = 0; r < n; r += 1) {
      const at = r * k;
      let o = 0;
      for (; o + 3 < m; o += 4) {
        const from = r * m + o;
        const a = dy[from];
        const b = dy[from + 1];
        const c = dy[from + 2];
        const d = dy[from + 3];
        const p = o * k;
        const q = p + k;
        const s = q + k;
        const t = s + k;
        for (let i = 0; i < k; i += 1) {
          dx[at + i] += a * w[p + i] + b * w[q + i] + c * w[s + i] + d * w[t + i];
        }
      }
      for (; o < m; o += 1) {
        const a = dy[r * m + o];
        for (let i = 0; i < k; i += 1) dx[at + i] += a * w[o * k + i];
      }
    }
    for (let o = 0; o < m; o += 1) {
      let r = 0;
      for (; r + 3 < n; r += 4) {
        const from = r * m + o;
        const a = dy[from];
        const b = dy[from + m];
        const c = dy[from + 2 * m];
        const d = dy[from + 3 * m];
        const p = r * k;
        const q = p + k;
        const s = q + k;
        const t = s + k;
        const to = o * k;
        for (let i = 0; i < k; i += 1) {
          dw[to + i] += a * x[p + i] + b * x[q + i] + c * x[s + i] + d * x[t + i];
        }
        if (dbias) dbias[o] += a + b + c + d;
      }
      for (; r < n; r += 1) {
        const a = dy[r * m + o];
        for (let i = 0; i < k; i += 1) dw[o * k + i] += a * x[r * k + i];
        if (dbias) dbias[o] += a;
      }
    }
    return dx;
  }

  // x (n, d) -> y: each row to mean 0 and variance 1, scaled and moved; and what going back needs
  function norm(x, gain, bias, n, d) {
    const [y, hat, scale] = [new Float32Array(n * d), new Float32Array(n * d), new Float32Array(n)];
    for (let r = 0; r < n; r += 1) {
      let [mean, variance] = [0, 0];
      for (let i = 0; i < d; i += 1) mean += x[r * d + i] / d;
      for (let i = 0; i < d; i += 1) variance += (x[r * d + i] - mean) ** 2 / d;
      scale[r] = 1 / Math.sqrt(variance + 1e-5);
      for (let i = 0; i < d; i += 1) {
        hat[r * d + i] = (x[r * d + i] - mean) * scale[r];
        y[r * d + i] = hat[r * d + i] * gain[i] + bias[i];
      }
    }
    return { y, hat, scale };
  }

  function normBack(dy, { hat, scale }, gain, dgain, dbias, n, d) {
    const dx = new Float32Array(n * d);
    for (let r = 0; r < n; r += 1) {
      let [mean, along] = [0, 0]; // of the gradient of hat, and of its product with hat
      for (let i = 0; i < d; i += 1) {
        const g = dy[r * d + i];
        const h = hat[r * d + i];
        dgain[i] += g * h;
        dbias[i] += g;
        mean += (g * gain[i]) / d;
        along += (g * gain[i] * h) / d;
      }
      for (let i = 0; i < d; i += 1) {
        const at = r * d + i;
        dx[at] = scale[r] * (dy[at] * gain[i] - mean - hat[at] * along);
      }
    }
    return dx;
  }

  // Turns every pair of numbers by its place, in place; `way` −1 turns back.
  function turn(x, batch, time, d, dHead, way) {
    for (let t = 0; t < time; t += 1) {
      for (let i = 0; i < d; i += 2) {
        const angle = t / 10000 ** ((i % dHead) / dHead);
        const [cos, sin] = [Math.cos(angle), way * Math.sin(angle)];
        for (let b = 0; b < batch; b += 1) {
          const at = (b * time + t) * d + i;
          const one = x[at];
          const two = x[at + 1];
          x[at] = one * cos - two * sin;
          x[at + 1] = one * sin + two * cos;
        }
      }
    }
    return x;
  }

  // query, key, value (n, d) -> found (n, d), weights (batch, heads, time, time), 0 above the diagonal
  function attend(query, key, value, { batch, time, d, heads }) {
    const dHead = d / heads;
    const found = new Float32Array(query.length);
    const weights = new Float32Array(batch * heads * time * time);
    for (let g = 0; g < batch * heads; g += 1) {
      const [row, from] = [Math.floor(g / heads) * time, (g % heads) * dHead];
      for (let q = 0; q < time; q += 1) {
        const at = (row + q) * d + from;
        const to = (g * time + q) * time;
        let most = -Infinity;
        let sum = 0;
        for (let j = 0; j <= q; j += 1) {
          let score = 0;
          for (let i = 0; i < dHead; i += 1) score += query[at + i] * key[(row + j) * d + from + i];
          weights[to + j] = score / Math.sqrt(dHead);
          most = Math.max(most, weights[to + j]);
        }
        for (let j = 0; j <= q; j += 1) sum += weights[to + j] = Math.exp(weights[to + j] - most);
        for (let j = 0; j <= q; j += 1) {
          const share = (weights[to + j] /= sum);
          for (let i = 0; i < dHead; i += 1)
            found[at + i] += share * value[(row + j) * d + from + i];
        }
      }
    }
    return { found, weights };
  }

  function attendBack(dfound, query, key, value, weights, { batch, time, d, heads }) {
    const dHead = d / heads;
    const [dq, dk, dv] = [query, key, value].map((x) => new Float32Array(x.length));
    const dw = new Float32Array(time);
    for (let g = 0; g < batch * heads; g += 1) {
      const [row, from] = [Math.floor(g / heads) * time, (g % heads) * dHead];
      for (let q = 0; q < time; q += 1) {
        const at = (row + q) * d + from;
        const to = (g * time + q) * time;
        let mean = 0;
        for (let j = 0; j <= q; j += 1) {
          const other = (row + j) * d + from;
          dw[j] = 0;
          for (let i = 0; i < dHead; i += 1) {
            dw[j] += dfound[at + i] * value[other + i];
            dv[other + i] += weights[to + j] * dfound[at + i];
          }
          mean += weights[to + j] * dw[j];
        }
        for (let j = 0; j <= q; j += 1) {
          const other = (row + j) * d + from;
          const slope = (weights[to + j] * (dw[j] - mean)) / Math.sqrt(dHead);
          for (let i = 0; i < dHead; i += 1) {
            dq[at + i] += slope * key[other + i];
            dk[other + i] += slope * query[at + i];
          }
        }
      }
    }
    return [dq, dk, dv];
  }
  return { linear, linearBack, norm, normBack, turn, attend, attendBack };
}
