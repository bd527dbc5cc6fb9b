// What the worker does: it trains, and tells now and then how far it is. `learner(…)` runs the same on
// messages, here or in a worker.
import { kernels } from "./learn_kernels.js";
import { training } from "./learn_training.js";

// Answers messages { kind: "new" | "run" | "pause" | "step" | "quit" } by calling tell(report).
export function learner({ create, generator }, tell, wait) {
  const [BATCH, TIME, WARMUP, EVERY, SAMPLE] = [32, 16, 20, 250, 120];
  let [model, data, timer, steps, random] = [null, null, null, 0, null];

  // Stretches of the text from anywhere: what is read, and what comes next.
  const batch = (ids, n, draw) => {
    const [x, y] = [new Int32Array(n * TIME), new Int32Array(n * TIME)];
    for (let b = 0; b < n; b += 1) {
      const at = Math.floor(draw() * (ids.length - TIME));
      x.set(ids.subarray(at, at + TIME), b * TIME);
      y.set(ids.subarray(at + 1, at + TIME + 1), b * TIME);
    }
    return [x, y];
  };
  const step = () => {
    const rate = data.rate * Math.min(1, (steps + 1) / WARMUP);
    steps += 1;
    return model.learn(...batch(data.train, BATCH, random), BATCH, TIME, rate);
  };
  // 120 characters, drawn as they come, each after the 16 before it
  const sample = () => {
    const draw = generator(7);
    const ids = [...data.fixed];
    while (ids.length < TIME + SAMPLE) {
      const read = Int32Array.from(ids.slice(-TIME));
      const { scores } = model.forward(read, 1, TIME);
      const last = scores.subarray((TIME - 1) * data.vocab);
      const most = Math.max(...last);
      const shares = Array.from(last, (score) => Math.exp(score - most));
      let left = draw() * shares.reduce((sum, share) => sum + share, 0);
      let next = shares.findIndex((share) => (left -= share) < 0);
      if (next < 0) next = shares.length - 1;
      ids.push(next);
    }
    return ids.slice(TIME);
  };
  const report = (losses, seconds) => {
    const { kept } = model.forward(data.fixed, 1, TIME);
    tell({
      steps,
      losses,
      seconds,
      heldOut: model.lossOf(...data.check, 64, TIME),
      weights: kept.map(({ weights }) => [...weights]),
      sample: sample(),
    });
  };
  const round = () => {
    const [losses, start] = [[], Date.now()];
    do losses.push(step());
    while (Date.now() - start < EVERY && Number.isFinite(losses.at(-1)));
    report(losses, (Date.now() - start) / 1000);
    timer = Number.isFinite(losses.at(-1)) ? wait(round) : null;
  };
  return (message) => {
    const { kind } = message;
    if (timer !== null && kind !== "run") {
      clearTimeout(timer);
      timer = null;
    }
    if (kind === "new") {
      const { settings, train, heldOut, fixed, rate } = message;
      model = create(settings);
      steps = 0;
      random = generator(settings.seed + 1);
      data = { train, rate, fixed, vocab: settings.vocab, check: batch(heldOut, 64, generator(3)) };
      report([], 0);
    } else if (kind === "step") report([step()], 0);
    else if (kind === "run" && timer === null) timer = wait(round);
  };
}

// A worker that learns, from the source of the functions above; null where the page may have none.
export function worker() {
  const source =
    `const tell = (report) => postMessage(report);` +
    `const wait = (go) => setTimeout(go, 0);` +
    `onmessage = ({ data }) => answer(data);` +
    `const answer = (${learner})((${training})((${kernels})()), tell, wait);`;
  try {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const made = new Worker(address);
    URL.revokeObjectURL(address);
    return made;
  } catch {
    return null;
  }
}
