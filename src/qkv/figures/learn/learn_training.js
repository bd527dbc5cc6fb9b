// A small GPT that learns: forward, backward and AdamW, named and shaped as in the chapter.
//
// `training(kernels())` returns { create, generator }: `create(settings)` makes a model with its
// optimiser. It holds all else that it uses, so that its source can run in a worker.
export function training(parts) {
  const { linear, linearBack, norm, normBack, turn, attend, attendBack } = parts;

  // A generator of numbers from 0 to 1 (mulberry32).
  function generator(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), a | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  // The shapes of all parameters, named as in the chapter's GPT.
  function shapesOf({ vocab, d, dFf, layers }) {
    const shapes = [["embed.tokens.weight", [vocab, d]]];
    for (let i = 0; i < layers; i += 1) {
      const add = (name, rows, columns) =>
        shapes.push(
          [`blocks.${i}.${name}.weight`, columns ? [rows, columns] : [rows]],
          [`blocks.${i}.${name}.bias`, [rows]],
        );
      for (const part of ["query", "key", "value", "output"]) add(`attention.to_${part}`, d, d);
      add("feed_forward.up", dFf, d);
      add("feed_forward.down", d, dFf);
      add("connections.0.norm", d);
      add("connections.1.norm", d);
    }
    shapes.push(["norm.weight", [d]], ["norm.bias", [d]]);
    return shapes;
  }

  // First values as PyTorch has them: uniform within 1/√columns, norms 1 and 0, embeddings 1/√d.
  function initial(shapes, d, random) {
    const p = {};
    const widths = {};
    for (const [name, shape] of shapes) {
      const size = shape.reduce((product, n) => product * n, 1);
      const normal = () =>
        Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) * d ** -0.5;
      if (name.startsWith("embed")) p[name] = Float32Array.from({ length: size }, normal);
      else if (name.includes("norm"))
        p[name] = new Float32Array(size).fill(name.endsWith("weight") ? 1 : 0);
      else {
        const layer = name.replace(/\.\w+$/, "");
        widths[layer] ??= shape[1];
        const bound = widths[layer] ** -0.5;
        p[name] = Float32Array.from({ length: size }, () => bound * (2 * random() - 1));
      }
    }
    return p;
  }

  // A model with its optimiser. settings: vocab, d, dFf, layers, heads, seed.
  function create(settings) {
    const { vocab, d, dFf, layers, heads, seed } = settings;
    const shapes = shapesOf(settings);
    const p = initial(shapes, d, generator(seed));
    const zeros = () => Object.fromEntries(shapes.map(([n]) => [n, new Float32Array(p[n].length)]));
    const [g, mean, square] = [zeros(), zeros(), zeros()];
    const names = Array.from({ length: layers }, (_, i) => (part) => `blocks.${i}.${part}`);
    const pair = (from, name) => [from[`${name}.weight`], from[`${name}.bias`]];
    let steps = 0;

    // ids (batch · time) -> the scores (n, vocab), and all that going back needs
    function forward(ids, batch, time) {
      const n = batch * time;
      const sizes = { batch, time, d, heads };
      let x = new Float32Array(n * d);
      const table = p["embed.tokens.weight"];
      for (let r = 0; r < n; r += 1)
        for (let i = 0; i < d; i += 1) x[r * d + i] = table[ids[r] * d + i] * Math.sqrt(d);
      const kept = names.map((name) => {
        const first = norm(x, ...pair(p, name("connections.0.norm")), n, d);
        const [query, key, value] = ["query", "key", "value"].map((part) =>
          linear(first.y, ...pair(p, name(`attention.to_${part}`)), n, d, d),
        );
        turn(query, batch, time, d, d / heads, 1);
        turn(key, batch, time, d, d / heads, 1);
        const { found, weights } = attend(query, key, value, sizes);
        const out = linear(found, ...pair(p, name("attention.to_output")), n, d, d);
        const middle = x.map((v, i) => v + out[i]);
        const second = norm(middle, ...pair(p, name("connections.1.norm")), n, d);
        const hidden = linear(second.y, ...pair(p, name("feed_forward.up")), n, d, dFf);
        for (let i = 0; i < hidden.length; i += 1) if (hidden[i] < 0) hidden[i] = 0;
        const more = linear(hidden, ...pair(p, name("feed_forward.down")), n, dFf, d);
        x = middle.map((v, i) => v + more[i]);
        return { first, query, key, value, found, weights, second, hidden };
      });
      const last = norm(x, ...pair(p, "norm"), n, d);
      return { scores: linear(last.y, table, null, n, d, vocab), last, kept, sizes };
    }

    // Mean cross-entropy in nats; `slope` is its gradient by the scores.
    function crossEntropy(scores, targets) {
      const n = targets.length;
      const slope = new Float32Array(scores.length);
      let loss = 0;
      for (let r = 0; r < n; r += 1) {
        let [most, sum] = [-Infinity, 0];
        for (let i = 0; i < vocab; i += 1) most = Math.max(most, scores[r * vocab + i]);
        for (let i = 0; i < vocab; i += 1) sum += Math.exp(scores[r * vocab + i] - most);
        for (let i = 0; i < vocab; i += 1)
          slope[r * vocab + i] = Math.exp(scores[r * vocab + i] - most) / sum / n;
        slope[r * vocab + targets[r]] -= 1 / n;
        loss += (most + Math.log(sum) - scores[r * vocab + targets[r]]) / n;
      }
      return { loss, slope };
    }

    function backward(ids, { last, kept, sizes }, slope) {
      const n = sizes.batch * sizes.time;
      for (const name of Object.keys(g)) g[name].fill(0);
      const [table, dtable] = [p["embed.tokens.weight"], g["embed.tokens.weight"]];
      let dx = linearBack(slope, last.y, table, dtable, null, n, d, vocab);
      dx = normBack(dx, last, p["norm.weight"], ...pair(g, "norm"), n, d);
      for (let l = layers - 1; l >= 0; l -= 1) {
        const [name, k] = [names[l], kept[l]];
        const weight = (part) => p[`${name(part)}.weight`];
        const grads = (part) => pair(g, name(part));
        const up = linearBack(
          dx,
          k.hidden,
          weight("feed_forward.down"),
          ...grads("feed_forward.down"),
          n,
          dFf,
          d,
        );
        for (let i = 0; i < up.length; i += 1) if (!k.hidden[i]) up[i] = 0;
        let dy = linearBack(
          up,
          k.second.y,
          weight("feed_forward.up"),
          ...grads("feed_forward.up"),
          n,
          d,
          dFf,
        );
        dy = normBack(
          dy,
          k.second,
          weight("connections.1.norm"),
          ...grads("connections.1.norm"),
          n,
          d,
        );
        dx = dx.map((v, i) => v + dy[i]);
        const df = linearBack(
          dx,
          k.found,
          weight("attention.to_output"),
          ...grads("attention.to_output"),
          n,
          d,
          d,
        );
        const [dq, dk, dv] = attendBack(df, k.query, k.key, k.value, k.weights, sizes);
        turn(dq, sizes.batch, sizes.time, d, d / heads, -1);
        turn(dk, sizes.batch, sizes.time, d, d / heads, -1);
        const sum = new Float32Array(n * d);
        for (const [part, grad] of [
          ["query", dq],
          ["key", dk],
          ["value", dv],
        ]) {
          const at = `attention.to_${part}`;
          const back = linearBack(grad, k.first.y, weight(at), ...grads(at), n, d, d);
          for (let i = 0; i < sum.length; i += 1) sum[i] += back[i];
        }
        dy = normBack(
          sum,
          k.first,
          weight("connections.0.norm"),
          ...grads("connections.0.norm"),
          n,
          d,
        );
        dx = dx.map((v, i) => v + dy[i]);
      }
      for (let r = 0; r < n; r += 1)
        for (let i = 0; i < d; i += 1) dtable[ids[r] * d + i] += dx[r * d + i] * Math.sqrt(d);
    }

    // AdamW as PyTorch has it (betas 0.9 and 0.999, decay 0.01).
    function update(lr) {
      steps += 1;
      const [one, two] = [1 - 0.9 ** steps, 1 - 0.999 ** steps];
      for (const [name] of shapes) {
        const [w, grad, m, s] = [p[name], g[name], mean[name], square[name]];
        for (let i = 0; i < w.length; i += 1) {
          m[i] += 0.1 * (grad[i] - m[i]);
          s[i] = 0.999 * s[i] + 0.001 * grad[i] * grad[i];
          w[i] = w[i] * (1 - lr * 0.01) - (lr * (m[i] / one)) / (Math.sqrt(s[i] / two) + 1e-8);
        }
      }
    }

    // One step on ids and targets (batch · time); returns the loss before it.
    function learn(ids, targets, batch, time, lr) {
      const all = forward(ids, batch, time);
      const { loss, slope } = crossEntropy(all.scores, targets);
      backward(ids, all, slope);
      update(lr);
      return loss;
    }
    const lossOf = (ids, targets, batch, time) =>
      crossEntropy(forward(ids, batch, time).scores, targets).loss;
    const gradients = (ids, targets, batch, time) => {
      const all = forward(ids, batch, time);
      const { loss, slope } = crossEntropy(all.scores, targets);
      backward(ids, all, slope);
      return { loss, gradients: g };
    };
    return { shapes, parameters: p, forward, learn, lossOf, gradients };
  }
  return { create, generator };
}
